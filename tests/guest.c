/* The library is a guest in somebody's process. */
#include "harness.h"

#include <sys/wait.h>

#include <dirent.h>
#include <fcntl.h>

static void
work(void)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct pair *p = pair_sockets(cc, sc, "server.test");

	pair_established(p);
	transfer(p->client, p->server, 50000, 5000);
	pair_close(p);
	pair_free(p);
	p = pair_sockets(cc, sc, "wrong.test");
	CHECK_INT(pair_handshake(p), -1);
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

TEST(signal_dispositions_stay)
{
	struct sigaction before[65], after;
	sigset_t mask_before, mask_after;
	int i;

	for (i = 1; i < 65; i++)
		if (sigaction(i, NULL, &before[i]) != 0)
			before[i].sa_handler = SIG_DFL;
	sigprocmask(SIG_SETMASK, NULL, &mask_before);
	work();
	for (i = 1; i < 65; i++) {
		if (sigaction(i, NULL, &after) != 0)
			continue;
		if (!CHECK(after.sa_handler == before[i].sa_handler))
			check_note("signal %d", i);
	}
	sigprocmask(SIG_SETMASK, NULL, &mask_after);
	for (i = 1; i < 65; i++)
		CHECK_INT(sigismember(&mask_after, i), sigismember(&mask_before, i));
}

static int
entries(const char *directory)
{
	DIR *d = opendir(directory);
	int n = 0;

	REQUIRE(d != NULL);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n - 2;
}

TEST(one_thread_before_the_first_call)
{
	CHECK_INT(entries("/proc/self/task"), 1);
	work();
}

TEST(descriptors_are_given_back)
{
	int before;

	work();
	before = entries("/proc/self/fd");
	work();
	CHECK_INT(entries("/proc/self/fd"), before);
}

TEST(nothing_is_printed)
{
	int output[2], saved[2];
	char buf[256];
	ssize_t n;

	fflush(stdout);
	REQUIRE(pipe(output) == 0);
	no_blocking(output[0]);
	saved[0] = dup(1);
	saved[1] = dup(2);
	dup2(output[1], 1);
	dup2(output[1], 2);
	work();
	fflush(stdout);
	n = read(output[0], buf, sizeof(buf) - 1);
	dup2(saved[0], 1);
	dup2(saved[1], 2);
	if (!CHECK_INT(n, -1)) {
		buf[n > 0 ? n : 0] = '\0';
		check_note("%s", buf);
	}
}

/* The host's children are its own, also when it waits for any. */
TEST(no_children)
{
	work();
	CHECK_INT(waitpid(-1, NULL, WNOHANG), -1);
	CHECK_INT(errno, ECHILD);
}

/* Variables for some other program of the language we are written in. */
TEST(environment_is_not_read)
{
	setenv("GODEBUG", "x509sha1=1,inittrace=1,gctrace=1", 1);
	setenv("GOGC", "off", 1);
	setenv("GOMAXPROCS", "nonsense", 1);
	setenv("GOTRACEBACK", "crash", 1);
	setenv("SSLKEYLOGFILE", scratch("keys"), 1);
	work();
	CHECK_INT(access(scratch("keys"), F_OK), -1);
	CHECK_STR(getenv("GOGC"), "off");
}

static void
child_work(void *arg)
{
	(void)arg;
	work();
}

TEST(fork_before_the_first_call)
{
	pid_t pid = spawn(child_work, NULL);

	work();
	reap(pid);
}

/* Parent and child go on, each with objects of its own. */
TEST(fork_after_use)
{
	pid_t pids[3];
	int i;

	work();
	for (i = 0; i < 3; i++)
		pids[i] = spawn(child_work, NULL);
	work();
	for (i = 0; i < 3; i++)
		reap(pids[i]);
	work();
}

static long
resident_pages(void)
{
	long size, resident = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	REQUIRE(f != NULL);
	REQUIRE(fscanf(f, "%ld %ld", &size, &resident) == 2);
	fclose(f);
	return resident;
}

static void
connections(int n, struct tls_config *cc, struct tls_config *sc)
{
	struct pair *p;

	while (n-- > 0) {
		p = pair_wires(cc, sc, n % 4 == 0 ? "wrong.test" : "server.test");
		CHECK_INT(pair_handshake(p), n % 4 == 0 ? -1 : 0);
		if (n % 4 != 0)
			transfer(p->client, p->server, 2000, 2000);
		pair_free(p);
	}
}

/* What is freed is gone: ten times the connections need no more memory. */
TEST(memory_does_not_grow)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	long before, after;

	connections(150, cc, sc);
	before = resident_pages();
	connections(1500, cc, sc);
	after = resident_pages();
	/* A connection that stayed would be worth 10 KiB and more. */
	if (!CHECK((after - before) * sysconf(_SC_PAGESIZE) < 6 << 20))
		check_note("%ld pages, then %ld", before, after);
	tls_config_free(cc);
	tls_config_free(sc);
}
