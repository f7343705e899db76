/* Threads of the host, of any kind. */
#include "../harness.h"

#include <sys/socket.h>

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>

static struct tls_config *cc, *sc;

static void
configure(void)
{
	cc = client_config();
	sc = server_config("server");
}

static void *
connection(void *arg)
{
	struct pair *p = pair_sockets(cc, sc, "server.test");

	pair_established(p);
	transfer(p->client, p->server, 20000, 5000);
	pair_close(p);
	pair_free(p);
	return arg;
}

TEST(small_stacks)
{
	pthread_t threads[8];
	pthread_attr_t attr;
	size_t i;

	configure();
	REQUIRE(pthread_attr_init(&attr) == 0);
	REQUIRE(pthread_attr_setstacksize(&attr, 16384 < PTHREAD_STACK_MIN ? PTHREAD_STACK_MIN : 16384) == 0);
	for (i = 0; i < 8; i++)
		REQUIRE(pthread_create(&threads[i], &attr, connection, NULL) == 0);
	for (i = 0; i < 8; i++)
		CHECK_INT(pthread_join(threads[i], NULL), 0);
}

/* Far more threads than processors take turns, while some are forked away and memory is collected. */
static volatile int busy;

static void
child(void *arg)
{
	connection(arg);
}

static void *
connect_and_fork(void *arg)
{
	for (int i = 0; i < 8; i++) {
		connection(arg);
		if (i == 4 && __sync_fetch_and_add(&busy, 1) % 8 == 0 && !LACKS(FORK_WITH_THREADS))
			reap(spawn(child, NULL));
	}
	return arg;
}

TEST(more_threads_than_processors)
{
	pthread_t threads[48];
	size_t i;

	configure();
	for (i = 0; i < 48; i++)
		REQUIRE(pthread_create(&threads[i], NULL, connect_and_fork, NULL) == 0);
	for (i = 0; i < 48; i++)
		CHECK_INT(pthread_join(threads[i], NULL), 0);
}

/* The first call of all may come from a thread with a small stack, and from many at once. */
static void *
make_config(void *arg)
{
	struct tls_config *config = tls_config_new();

	CHECK(config != NULL);
	tls_config_free(config);
	return arg;
}

TEST(many_first_calls)
{
	pthread_t threads[32];
	int i;

	for (i = 0; i < 32; i++)
		REQUIRE(pthread_create(&threads[i], NULL, make_config, NULL) == 0);
	for (i = 0; i < 32; i++)
		CHECK_INT(pthread_join(threads[i], NULL), 0);
}

TEST(thousands_of_short_threads)
{
	long before = 0, after = 0;
	pthread_t thread;
	int i;

	for (i = 0; i < 4000; i++) {
		REQUIRE(pthread_create(&thread, NULL, make_config, NULL) == 0);
		REQUIRE(pthread_join(thread, NULL) == 0);
		if (i != 1000 && i != 3999)
			continue;
		after = process_size("VmRSS:");
		before = i == 1000 ? after : before;
	}
	if (!CHECK(after < before + 8 * 1024))
		check_note("%ld kB, then %ld kB", before, after);
}

/* The staple of a configuration in use changes. */
static volatile int done;

static void *
set_staples(void *arg)
{
	while (!done)
		CONFIG_OK(cc, tls_config_set_ocsp_staple_mem(cc, NULL, 0));
	return arg;
}

TEST(settings_change_while_in_use)
{
	struct tls *client = tls_client();
	pthread_t thread;
	int i;

	configure();
	tls_config_insecure_noverifycert(cc);
	REQUIRE_OK(client, tls_configure(client, cc));
	REQUIRE(pthread_create(&thread, NULL, set_staples, NULL) == 0);
	for (i = 0; i < 20000; i++)
		REQUIRE_OK(client, tls_connect_fds(client, 0, 1, "server.test"));
	done = 1;
	CHECK_INT(pthread_join(thread, NULL), 0);
	tls_free(client);
}

/* What a thread began another one carries on when that has ended. */
static void *
begin(void *arg)
{
	struct pair **p = arg;

	*p = pair_sockets(cc, sc, "server.test");
	pair_established(*p);
	return NULL;
}

TEST(connections_outlive_their_thread)
{
	struct pair *p;
	pthread_t thread;
	int i;

	configure();
	for (i = 0; i < 20; i++) {
		REQUIRE(pthread_create(&thread, NULL, begin, &p) == 0);
		REQUIRE(pthread_join(thread, NULL) == 0);
		transfer(p->client, p->server, 10000, 1000);
		pair_close(p);
		pair_free(p);
	}
}

/* A cancelled thread ends behind the call and not within. */
static struct pair *shared;
static volatile int returned;

static void *
read_one(void *arg)
{
	char byte;

	(void)arg;
	if (read_some(shared->client, &byte, 1) == 1)
		returned = 1;
	while (returned)
		pthread_testcancel();
	return NULL;
}

TEST(cancelled_after_the_call)
{
	pthread_t thread;
	void *end;

	NEEDS(CANCELLED_WITHIN);
	configure();
	shared = pair_sockets(cc, sc, "server.test");
	pair_established(shared);
	drain(shared->client);
	REQUIRE(fcntl(shared->client_fd, F_SETFL, fcntl(shared->client_fd, F_GETFL) & ~O_NONBLOCK) == 0);
	REQUIRE(pthread_create(&thread, NULL, read_one, NULL) == 0);
	usleep(20000);
	REQUIRE(pthread_cancel(thread) == 0);
	usleep(20000);
	CHECK_INT(tls_write(shared->server, "x", 1), 1);
	REQUIRE(pthread_join(thread, &end) == 0);
	CHECK(end == PTHREAD_CANCELED);
	CHECK_INT(returned, 1);
	say(shared->server, shared->client, "more");
}

/* Likewise if it makes the first call of all. */
static void *
call_first(void *arg)
{
	REQUIRE(pthread_cancel(pthread_self()) == 0);
	make_config(arg);
	pthread_testcancel();
	return NULL;
}

TEST(cancelled_after_the_first_call)
{
	pthread_t thread;
	void *end;

	alarm(20);
	REQUIRE(pthread_create(&thread, NULL, call_first, NULL) == 0);
	REQUIRE(pthread_join(thread, &end) == 0);
	CHECK(end == PTHREAD_CANCELED);
	make_config(NULL);
}

/* The thread that forked ends in the child by itself, having called in before the fork and after. */
static pthread_key_t key;
static sem_t ended;

static void
tell_end(void *arg)
{
	sem_post(arg);
}

static void *
wait_for_forker(void *arg)
{
	REQUIRE(sem_wait(&ended) == 0);
	/* With musl 1.2.3 there are no new threads in a child after that. */
#ifdef __GLIBC__
	connection(arg);
#else
	(void)arg;
#endif
	exit(0);
}

static void
exit_thread(void *again)
{
	pthread_t thread;

	if (again != NULL)
		connection(NULL);
	REQUIRE(sem_init(&ended, 0, 0) == 0);
	REQUIRE(pthread_key_create(&key, tell_end) == 0 && pthread_setspecific(key, &ended) == 0);
	REQUIRE(pthread_create(&thread, NULL, wait_for_forker, NULL) == 0);
	pthread_exit(NULL);
}

TEST(the_forking_thread_ends)
{
	configure();
	connection(NULL);
	reap(spawn(exit_thread, NULL));
	reap(spawn(exit_thread, cc));
}
