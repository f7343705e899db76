/*
 * Filters of system calls as libtls-guest(7) lists what the library makes: whatever isn't on the list kills the
 * process. Each test adds what it calls itself.
 */
#include "../harness.h"

#include <sys/prctl.h>
#include <sys/syscall.h>

#include <linux/filter.h>
#include <linux/seccomp.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <pthread.h>
#include <stddef.h>

/* Once it has started, for whatever connections do. */
#define WORK	SYS_futex, SYS_rt_sigprocmask, SYS_sched_yield, SYS_nanosleep, SYS_epoll_pwait, SYS_madvise, \
		SYS_mmap, SYS_munmap, SYS_mprotect, SYS_brk, SYS_getrandom, SYS_clock_gettime, SYS_read, \
		SYS_write, SYS_poll_or_ppoll, SYS_gettid, SYS_sigaltstack

/* To start, in a process and in each forked child that makes a call. */
#define START	SYS_clone3, SYS_clone, SYS_set_robust_list, SYS_rseq, SYS_prctl, SYS_sched_getaffinity, \
		SYS_rt_sigaction, SYS_prlimit64, SYS_epoll_create1, SYS_epoll_ctl, \
		SYS_eventfd2, SYS_fcntl, SYS_close

/* For the files of a configuration. */
#define FILES	SYS_openat, SYS_fstat_or_newfstatat, SYS_pread64

/* What the tests do. */
#define OWN	SYS_socketpair, SYS_fcntl, SYS_close, SYS_exit, SYS_exit_group, SYS_wait4, SYS_lseek, SYS_kill, \
		SYS_getpid, SYS_rt_sigreturn, OWN_alarm

#ifdef SYS_poll
#define SYS_poll_or_ppoll	SYS_poll
#else
#define SYS_poll_or_ppoll	SYS_ppoll
#endif
#ifdef SYS_alarm
#define OWN_alarm		SYS_alarm
#else
#define OWN_alarm		SYS_setitimer
#endif
#define SYS_fstat_or_newfstatat	SYS_fstat, SYS_newfstatat

/* For all threads that there are. */
static void
allow_only(const int *calls, size_t n)
{
	struct sock_filter filter[2 * 64 + 2], *f = filter;
	struct sock_fprog program = { .filter = filter };

	REQUIRE(n <= 64);
	*f++ = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < n; i++) {
		*f++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i], 0, 1);
		*f++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	}
	*f++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	program.len = f - filter;
	REQUIRE(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	REQUIRE(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0);
}

#define ALLOW_ONLY(...) do {							\
	static const int calls[] = { __VA_ARGS__ };				\
	allow_only(calls, sizeof(calls) / sizeof(calls[0]));			\
} while (0)

enum { THREADS = 4, CONNECTIONS = 100 };

static struct tls_config *cc, *sc;
static pthread_barrier_t closed;

static void *
work(void *arg)
{
	pthread_barrier_wait(&closed);
	pthread_barrier_wait(&closed);
	for (int i = 0; i < CONNECTIONS; i++)
		whole_connection(cc, sc);
	return arg;
}

static void
child(void *arg)
{
	(void)arg;
	whole_connection(cc, sc);
}

TEST(closed_after_the_start)
{
	pthread_t threads[THREADS];

	/* Or malloc(3) opens files of /sys and /proc when it makes an arena for a thread, or trims that. */
#ifdef __GLIBC__
	REQUIRE(mallopt(M_ARENA_MAX, 1) == 1);
#endif
	cc = client_config();
	sc = server_config("server");
	whole_connection(cc, sc);
	REQUIRE(pthread_barrier_init(&closed, NULL, THREADS + 1) == 0);
	for (int i = 0; i < THREADS; i++)
		REQUIRE(pthread_create(&threads[i], NULL, work, NULL) == 0);
	pthread_barrier_wait(&closed);
	ALLOW_ONLY(WORK, OWN);
	pthread_barrier_wait(&closed);
	for (int i = 0; i < THREADS; i++)
		CHECK_INT(pthread_join(threads[i], NULL), 0);
}

TEST(closed_before_the_start)
{
	ALLOW_ONLY(WORK, START, FILES, OWN);
	cc = client_config();
	sc = server_config("server");
	for (int i = 0; i < CONNECTIONS; i++)
		whole_connection(cc, sc);
	for (int i = 0; i < 3; i++)
		reap(spawn(child, NULL));
}
