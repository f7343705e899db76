/* The numbers of descriptors are the host's: the library takes none that it could expect. */
#include "../harness.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

#include <fcntl.h>
#include <sched.h>

/* With a session file, on which the library waits with a timer. */
static int session;

static void
connection(void)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct pair *p;

	CONFIG_OK(cc, tls_config_set_session_fd(cc, session));
	p = pair_wires(cc, sc, "server.test");
	pair_established(p);
	transfer(p->client, p->server, 50000, 5000);
	pair_close(p);
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

/* What a program asks for next must have the lowest number that the program knows to be free. */
static void
expect_lowest(void *arg)
{
	int fd, lowest = *(int *)arg;

	connection();
	fd = fcntl(lowest - 1, F_DUPFD, 0);
	CHECK_INT(fd, lowest);
	close(fd);
}

TEST(the_lowest_stays_free)
{
	int lowest;

	session = session_file("lowest");
	lowest = dup(0);
	close(lowest);
	expect_lowest(&lowest);
	reap(spawn(expect_lowest, &lowest));
}

/* A daemon without standard descriptors makes those before it or after. */
static void
without_standard_ones(void *arg)
{
	int fd, out = dup(STDOUT_FILENO);

	(void)arg;
	for (fd = 0; fd < 3; fd++)
		close(fd);
	CHECK_INT(tls_init(), 0);
	for (fd = 0; fd < 3; fd++)
		REQUIRE(fcntl(fd, F_GETFD) == -1);
	REQUIRE(open("/dev/null", O_RDWR) == 0 && dup2(out, 1) == 1 && dup2(out, 2) == 2);
	connection();
}

TEST(standard_ones_are_the_hosts)
{
	struct rlimit few = { 16, 16 };

	session = session_file("standard");
	reap(spawn(without_standard_ones, NULL));
	REQUIRE(setrlimit(RLIMIT_NOFILE, &few) == 0);
	reap(spawn(without_standard_ones, NULL));
}

/* None is inherited by a program that the host starts. */
TEST(none_outlives_exec)
{
	int before[2048], fd;

	session = session_file("exec");
	for (fd = 0; fd < 2048; fd++)
		before[fd] = fcntl(fd, F_GETFD);
	connection();
	for (fd = 0; fd < 2048; fd++)
		if (!CHECK(before[fd] != -1 || fcntl(fd, F_GETFD) & FD_CLOEXEC))
			check_note("descriptor %d", fd);
}

/* A child closes all that it doesn't know before its first call, and has others of those numbers by then. */
static void
reuse_numbers(void *arg)
{
	enum { FROM = 3, TO = 600 };
	int fd;

	for (fd = FROM; fd < TO; fd++)
		close(fd);
	while ((fd = arg == NULL ? epoll_create1(0) : eventfd(0, 0)) < TO - 1)
		REQUIRE(fd != -1);
	CHECK_INT(tls_init(), 0);
	for (fd = FROM; fd < TO; fd++)
		if (!CHECK(fcntl(fd, F_GETFD) != -1))
			check_note("descriptor %d", fd);
}

TEST(numbers_used_anew)
{
	int events;

	CHECK_INT(tls_init(), 0);
	reap(spawn(reuse_numbers, NULL));
	reap(spawn(reuse_numbers, &events));
}

TEST(none_to_be_had)
{
	struct rlimit all, none = { 0, 0 };

	NEEDS(LEAST_RESOURCES);
	session = session_file("none");
	REQUIRE(getrlimit(RLIMIT_NOFILE, &all) == 0);
	none.rlim_max = all.rlim_max;
	REQUIRE(setrlimit(RLIMIT_NOFILE, &none) == 0);
	CHECK(tls_config_new() == NULL);
	CHECK_INT(errno, EMFILE);
	CHECK_INT(tls_init(), -1);
	REQUIRE(setrlimit(RLIMIT_NOFILE, &all) == 0);
	/* Nothing of the attempts is left, or two threads would take one for theirs. A thread may still be ending. */
	while (process_size("Threads:") > 1)
		sched_yield();
	connection();
}
