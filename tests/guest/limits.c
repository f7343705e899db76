/* Where there is no room for the library a call says so, with errno; the process goes on. */
#include "../harness.h"

#include <sys/resource.h>

#include <grp.h>
#include <pthread.h>

struct limit {
	int which;
	rlim_t value;
	int *refused, *served;
};

static void
connection(struct tls_config *cc, struct tls_config *sc)
{
	struct pair *p = pair_sockets(cc, sc, "server.test");

	pair_established(p);
	transfer(p->client, p->server, 50000, 5000);
	pair_close(p);
	pair_free(p);
}

static int report[2];

static void
under(void *arg)
{
	struct limit *l = arg;
	struct rlimit r = { l->value, l->value };
	struct tls_config *config;

	if (l->which == RLIMIT_NPROC && geteuid() == 0)
		REQUIRE(setgroups(0, NULL) == 0 && setgid(65533) == 0 && setuid(65533) == 0);
	REQUIRE(setrlimit(l->which, &r) == 0);
	errno = 0;
	if ((config = tls_config_new()) == NULL) {
		CHECK(errno == ENOMEM || errno == EAGAIN);
		CHECK_INT(tls_init(), -1);
		REQUIRE(write(report[1], "-", 1) == 1);
		return;
	}
	tls_config_free(config);
	connection(client_config(), server_config("server"));
	REQUIRE(write(report[1], "+", 1) == 1);
}

/* Returns how many limits were too low; all the others are enough. */
static int
refused_below(int which, rlim_t step, int steps)
{
	struct limit l = { .which = which };
	int i, refused = 0;
	char answer;

	REQUIRE(pipe(report) == 0);
	for (i = 1; i <= steps; i++) {
		l.value = i * step;
		reap(spawn(under, &l));
		REQUIRE(read(report[0], &answer, 1) == 1);
		if (answer == '-') {
			CHECK_INT(refused, i - 1);
			refused = i;
		}
	}
	return refused;
}

TEST(address_space)
{
	/* In steps of 50 MB. LibreTLS starts in the first of them; where pointers have 32 bits Go asks for little. */
	int refused = refused_below(RLIMIT_AS, 50 << 20, 44);

	CHECK(refused < 44);
	if (!LACKS(LEAST_RESOURCES) && sizeof(void *) == 8)
		CHECK(refused > 10);
}

TEST(data)
{
	int refused = refused_below(RLIMIT_DATA, 10 << 20, 20);

	CHECK(refused < 20);
}

TEST(processes)
{
	int refused = refused_below(RLIMIT_NPROC, 1, 16);

	CHECK(refused < 16);
	if (!LACKS(LEAST_RESOURCES))
		CHECK(refused > 0);
}

/* A setting that got lost in a child, by a function that can't say so, must not be missed later. */
static void
lose_a_setting(void *arg)
{
	struct tls_config *config = arg;
	struct rlimit r = { 100 << 20, RLIM_INFINITY };
	struct tls *server;

	REQUIRE(setrlimit(RLIMIT_AS, &r) == 0);
	tls_config_verify_client(config);
	CHECK_LIKE(tls_config_error(config), "not enough resources *");
	r.rlim_cur = RLIM_INFINITY;
	REQUIRE(setrlimit(RLIMIT_AS, &r) == 0);
	REQUIRE((server = tls_server()) != NULL);
	CHECK_INT(tls_configure(server, config), -1);
}

TEST(lost_setting)
{
	NEEDS(LEAST_RESOURCES);
	reap(spawn(lose_a_setting, server_config("server")));
}

/*
 * A daemon that reads its keys, becomes another user and may make no thread any more: what the
 * library needs it has.
 */
enum { WORKERS = 8 };
static pthread_barrier_t closed;
static struct tls_config *cc, *sc;

static void *
work(void *arg)
{
	pthread_barrier_wait(&closed);
	for (int i = 0; i < 12; i++)
		connection(cc, sc);
	return arg;
}

TEST(no_threads_later)
{
	struct rlimit none = { 0, 0 };
	pthread_t workers[WORKERS], extra;

	cc = client_config();
	sc = server_config("server");
	REQUIRE(pthread_barrier_init(&closed, NULL, WORKERS + 1) == 0);
	for (int i = 0; i < WORKERS; i++)
		REQUIRE(pthread_create(&workers[i], NULL, work, NULL) == 0);
	if (geteuid() == 0)
		REQUIRE(setgroups(0, NULL) == 0 && setgid(65533) == 0 && setuid(65533) == 0);
	REQUIRE(setrlimit(RLIMIT_NPROC, &none) == 0);
	CHECK_INT(pthread_create(&extra, NULL, work, NULL), EAGAIN);
	pthread_barrier_wait(&closed);
	for (int i = 0; i < WORKERS; i++)
		CHECK_INT(pthread_join(workers[i], NULL), 0);
}

/* Nor does a child want one after its first call. */
static void
accept_and_close_down(void *arg)
{
	struct rlimit none = { 0, 0 };
	struct pair *p = arg;

	tls_free(p->server);
	REQUIRE_OK(p->listener, tls_accept_cbs(p->listener, &p->server, end_read, end_write, &p->server_end));
	if (geteuid() == 0)
		REQUIRE(setgroups(0, NULL) == 0 && setgid(65533) == 0 && setuid(65533) == 0);
	REQUIRE(setrlimit(RLIMIT_NPROC, &none) == 0);
	pair_established(p);
	pair_close(p);
}

TEST(no_threads_later_in_a_child)
{
	reap(spawn(accept_and_close_down, pair_wires(client_config(), server_config("server"), "server.test")));
}

/* Once there is room the library starts. */
TEST(raised_again)
{
	struct rlimit r = { 100 << 20, RLIM_INFINITY };

	NEEDS(LEAST_RESOURCES);
	REQUIRE(setrlimit(RLIMIT_AS, &r) == 0);
	CHECK_INT(tls_init(), -1);
	CHECK_INT(errno, ENOMEM);
	CHECK(tls_client() == NULL);
	r.rlim_cur = RLIM_INFINITY;
	REQUIRE(setrlimit(RLIMIT_AS, &r) == 0);
	connection(client_config(), server_config("server"));
}
