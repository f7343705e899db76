/* The host's signals are its own: its handlers run on its threads, on their stacks. */
#include "../harness.h"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <dirent.h>
#include <fcntl.h>

static volatile sig_atomic_t count[NSIG], strange;
static pid_t main_thread;
static volatile uintptr_t near_stack;

static void
handler(int sig)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);

	count[sig]++;
	if (syscall(SYS_gettid) != main_thread || here > near_stack + 65536 || here < near_stack - (1 << 20))
		strange++;
}

static void
handle(int sig, int flags)
{
	struct sigaction sa = { .sa_handler = handler, .sa_flags = flags };

	REQUIRE(sigaction(sig, &sa, NULL) == 0);
}

static void
tick(int which, int microseconds)
{
	struct itimerval it = { { 0, microseconds }, { 0, microseconds } };

	REQUIRE(setitimer(which, &it, NULL) == 0);
}

TEST(handlers_run_where_they_should)
{
	static const int signals[] = { SIGCHLD, SIGALRM, SIGPROF, SIGURG, SIGUSR1, SIGIO, SIGWINCH };
	size_t i;
	int n;

	near_stack = (uintptr_t)__builtin_frame_address(0);
	main_thread = syscall(SYS_gettid);
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		handle(signals[i], SA_RESTART);
	tick(ITIMER_REAL, 500);
	tick(ITIMER_PROF, 1000);
	for (n = 0; n < 60; n++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		kill(getpid(), SIGURG);
		kill(getpid(), SIGUSR1);
		fresh_connection();
		while (waitpid(pid, NULL, 0) == -1 && errno == EINTR)
			continue;
	}
	tick(ITIMER_REAL, 0);
	tick(ITIMER_PROF, 0);
	CHECK(count[SIGCHLD] >= 60);
	CHECK(count[SIGURG] >= 60);
	CHECK(count[SIGUSR1] >= 60);
	CHECK(count[SIGALRM] > 10);
	CHECK_INT(strange, 0);
}

/* Nobody else takes them: every thread that the library made has them blocked. */
TEST(other_threads_block_signals)
{
	unsigned long long mask, all = 0x7fffffffULL & ~(1ULL << (SIGKILL - 1)) & ~(1ULL << (SIGSTOP - 1));
	struct dirent *entry;
	char path[300], status[4096], *line;
	DIR *tasks;

	fresh_connection();
	REQUIRE((tasks = opendir("/proc/self/task")) != NULL);
	while ((entry = readdir(tasks)) != NULL) {
		if (entry->d_name[0] == '.' || atoi(entry->d_name) == getpid())
			continue;
		snprintf(path, sizeof(path), "/proc/self/task/%s/status", entry->d_name);
		read_file(path, status, sizeof(status));
		REQUIRE((line = strstr(status, "SigBlk:")) != NULL);
		mask = strtoull(line + 7, NULL, 16);
		if (!CHECK((mask & all) == all))
			check_note("thread %s: %llx", entry->d_name, mask);
	}
	closedir(tasks);
}

TEST(dispositions_and_masks_stay)
{
	struct sigaction before, after;
	sigset_t mask, now;
	stack_t stack = { .ss_sp = malloc(65536), .ss_size = 65536 }, found;

	handle(SIGSEGV, 0);
	handle(SIGBUS, SA_ONSTACK);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGFPE, SIG_DFL);
	REQUIRE(sigaction(SIGSEGV, NULL, &before) == 0);
	REQUIRE(sigaltstack(&stack, NULL) == 0);
	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGRTMIN);
	REQUIRE(sigprocmask(SIG_SETMASK, &mask, NULL) == 0);
	fresh_connection();
	REQUIRE(sigaction(SIGSEGV, NULL, &after) == 0);
	CHECK(after.sa_handler == handler);
	CHECK_INT(after.sa_flags, before.sa_flags);
	REQUIRE(sigaction(SIGPIPE, NULL, &after) == 0);
	CHECK(after.sa_handler == SIG_IGN);
	REQUIRE(sigaction(SIGFPE, NULL, &after) == 0);
	CHECK(after.sa_handler == SIG_DFL);
	REQUIRE(sigprocmask(SIG_SETMASK, NULL, &now) == 0);
	CHECK(sigismember(&now, SIGTERM) && sigismember(&now, SIGRTMIN));
	CHECK(!sigismember(&now, SIGINT) && !sigismember(&now, SIGSEGV));
	REQUIRE(sigaltstack(NULL, &found) == 0);
	CHECK(found.ss_sp == stack.ss_sp && found.ss_size == stack.ss_size);
	raise(SIGSEGV);
	CHECK_INT(count[SIGSEGV], 1);
}

/* A blocking read is a read(2) of the caller's, which a handler and a timeout end. */
TEST(blocking_reads_are_interrupted)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct pair *p = pair_sockets(cc, sc, "server.test");
	struct timeval timeout = { 0, 20000 };
	char byte;

	pair_established(p);
	drain(p->client);
	REQUIRE(fcntl(p->client_fd, F_SETFL, fcntl(p->client_fd, F_GETFL) & ~O_NONBLOCK) == 0);
	handle(SIGALRM, 0);
	tick(ITIMER_REAL, 20000);
	CHECK_INT(tls_read(p->client, &byte, 1), TLS_WANT_POLLIN);
	CHECK(count[SIGALRM] > 0);
	tick(ITIMER_REAL, 0);
	handle(SIGALRM, SA_RESTART);
	REQUIRE(setsockopt(p->client_fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) == 0);
	CHECK_INT(tls_read(p->client, &byte, 1), TLS_WANT_POLLIN);
	say(p->server, p->client, "x");
}
