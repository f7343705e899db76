/*
 * Sandboxes. The first two tests have filters of system calls as libtls-guest(7) lists what the library makes: whatever
 * isn't on the list kills the process. They add what they call themselves. The others are what systemd and
 * Landlock offer, each around programs of all kinds.
 */
#include "../harness.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
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
install(struct sock_filter *filter, size_t n)
{
	struct sock_fprog program = { n, filter };

	REQUIRE(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	REQUIRE(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0);
}

static void
allow_only(const int *calls, size_t n)
{
	struct sock_filter filter[2 * 512 + 2], *f = filter;

	REQUIRE(n <= 512);
	*f++ = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < n; i++) {
		*f++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i], 0, 1);
		*f++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	}
	*f++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	install(filter, f - filter);
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

/* What certificates and keys a program had read before. */
static struct {
	char data[16384];
	size_t len;
} ca, cert, key;

static void
read_first(void)
{
	ca.len = read_file(pki("ca.pem"), ca.data, sizeof(ca.data));
	cert.len = read_file(pki("server.pem"), cert.data, sizeof(cert.data));
	key.len = read_file(pki("server.key"), key.data, sizeof(key.data));
}

static void *
some_connections(void *arg)
{
	for (int i = 0; i < 10; i++)
		whole_connection(cc, sc);
	return arg;
}

/* The library starts here, in a program with threads and with children. */
static void
programs_of_all_kinds(void)
{
	pthread_t threads[THREADS];

	cc = plain_config();
	CONFIG_OK(cc, tls_config_set_ca_mem(cc, (uint8_t *)ca.data, ca.len));
	sc = plain_config();
	CONFIG_OK(sc, tls_config_set_keypair_mem(sc, (uint8_t *)cert.data, cert.len, (uint8_t *)key.data, key.len));
	for (int i = 0; i < THREADS; i++)
		REQUIRE(pthread_create(&threads[i], NULL, some_connections, NULL) == 0);
	for (int i = 0; i < THREADS; i++)
		CHECK_INT(pthread_join(threads[i], NULL), 0);
	for (int i = 0; i < 3; i++)
		reap(spawn(child, NULL));
}

/* SystemCallFilter=@system-service, which kills a process for anything else. */
TEST(system_service)
{
	static const int calls[] = {
#include "system-service.h"
	};

	allow_only(calls, sizeof(calls) / sizeof(calls[0]));
	read_first();
	programs_of_all_kinds();
	fresh_connection();
}

/* MemoryDenyWriteExecute=yes, but with the process killed where that answers EPERM. */
TEST(no_memory_written_and_executed)
{
	enum { LOW = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 0 : 4, PROT = offsetof(struct seccomp_data, args[2]) + LOW };
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, PROT),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, PROT_WRITE | PROT_EXEC),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PROT_WRITE | PROT_EXEC, 4, 3),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mprotect, 0, 2),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, PROT),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};

	read_first();
	install(filter, sizeof(filter) / sizeof(filter[0]));
	programs_of_all_kinds();
}

/* Landlock without a rule: no file can be opened, and nothing executed. */
TEST(no_file_opened)
{
	struct landlock_ruleset_attr all = { .handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1 };
	int rules = syscall(SYS_landlock_create_ruleset, &all, sizeof(all.handled_access_fs), 0);

	if (rules == -1 && (errno == ENOSYS || errno == EOPNOTSUPP)) {
		puts("skipped no_file_opened: the kernel has no Landlock");
		return;
	}
	REQUIRE(rules != -1);
	read_first();
	REQUIRE(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	REQUIRE(syscall(SYS_landlock_restrict_self, rules, 0) == 0);
	close(rules);
	CHECK_INT(open("/", O_RDONLY), -1);
	programs_of_all_kinds();
}

/* A root directory with nothing in it: no /proc, no /dev, no /etc. */
TEST(empty_root)
{
	const char *root = scratch("empty");

	if (geteuid() != 0 && unshare(CLONE_NEWUSER) == -1) {
		puts("skipped empty_root: neither root nor user namespaces");
		return;
	}
	read_first();
	REQUIRE(mkdir(root, 0755) == 0 && chroot(root) == 0 && chdir("/") == 0);
	programs_of_all_kinds();
}
