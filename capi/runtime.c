/*
 * Go's runtime as a guest of this process. It starts at the first call and
 * not when the library is loaded: runtime.ld takes its initialiser out of the
 * list that the dynamic loader runs. It gets an environment of our own making,
 * and what it changes for the process or for a thread is put back.
 */
#include <sys/auxv.h>
#include <sys/random.h>
#include <sys/syscall.h>

#include <elf.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "front.h"
#include "_cgo_export.h"

typedef void (*initialiser)(int, char **, char **);

/*
 * The runtime's initialisers. Without runtime.ld both are NULL, and the
 * loader has run them.
 */
extern initialiser go_init_begin[]
    __attribute__((weak, visibility("hidden")));
extern initialiser go_init_end[]
    __attribute__((weak, visibility("hidden")));

enum {
	IDLE,
	STARTING,
	RUNNING,
	FORKED,		/* the runtime was left behind in the parent */
};

static atomic_int state;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Whether Go knows the calling thread. */
static __thread bool known __attribute__((tls_model("initial-exec")));

/*
 * Host's handlers must not run on a goroutine's stack, so every signal is
 * blocked inside of Go; by the system call, because libc's function leaves out
 * its own two.
 */
static void
block_signals(uint64_t *old)
{
	const uint64_t all = ~UINT64_C(0);

	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, old, sizeof(all));
}

static void
restore_signals(const uint64_t *old)
{
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, old, NULL, sizeof(*old));
}

/*
 * A thread's first call has Go allot its side of it, unblock some signals,
 * and put a signal stack in place; the latter two are undone.
 */
static void
introduce(void)
{
	stack_t stack;
	bool saved;

	saved = sigaltstack(NULL, &stack) == 0;
	goEnter();
	block_signals(NULL);
	if (saved && !(stack.ss_flags & SS_ONSTACK))
		sigaltstack(&stack, NULL);
	known = true;
}

/* A fork takes along memory, but none of the runtime's threads. */
static void
in_child(void)
{
	if (atomic_load(&state) != IDLE)
		atomic_store(&state, FORKED);
}

/*
 * What the kernel knows of a signal, to be put back as it was and without being
 * looked into.
 */
struct disposition {
	uint64_t words[8];
};

static struct disposition dispositions[_NSIG];

static long
disposition(int sig, const struct disposition *set, struct disposition *get)
{
	return syscall(SYS_rt_sigaction, sig, set, get, sizeof(uint64_t));
}

/*
 * The first realtime signals are libc's own. They keep the SA_ONSTACK that the
 * runtime adds, as its threads can't block them.
 */
static bool
is_libcs(int sig)
{
	return sig >= 32 && sig < SIGRTMIN;
}

static void
save_dispositions(void)
{
	for (int sig = 1; sig < _NSIG; sig++)
		disposition(sig, NULL, &dispositions[sig]);
}

static void
restore_dispositions(void)
{
	struct disposition now;

	for (int sig = 1; sig < _NSIG; sig++) {
		memset(&now, 0, sizeof(now));
		if (is_libcs(sig) || disposition(sig, NULL, &now) == -1)
			continue;
		if (memcmp(&now, &dispositions[sig], sizeof(now)) != 0)
			disposition(sig, &dispositions[sig], NULL);
	}
}

/*
 * argv, environment and auxiliary vector, as on a process's first stack; Go
 * keeps pointers into it. With these settings the runtime sends no signals to
 * threads, and reads no files to learn of changes in CPU limits. AT_RANDOM is
 * our own because the runtime wipes it.
 */
static char *block[32] = {
	"libtls",
	NULL,
	"GODEBUG=asyncpreemptoff=1,containermaxprocs=0,updatemaxprocs=0",
	"GOTRACEBACK=none",
	NULL,
};
enum { ENVIRONMENT = 2, AUXILIARY = 5 };

static void
fill_block(void)
{
	static const unsigned long types[] = { AT_PAGESZ, AT_SYSINFO_EHDR,
	    AT_HWCAP, AT_HWCAP2, AT_SECURE };
	static uint8_t seed[16];
	unsigned long value;
	size_t at = AUXILIARY;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if ((value = getauxval(types[i])) == 0)
			continue;
		block[at++] = (char *)types[i];
		block[at++] = (char *)value;
	}
	if (getrandom(seed, sizeof(seed), 0) == (ssize_t)sizeof(seed)) {
		block[at++] = (char *)AT_RANDOM;
		block[at++] = (char *)seed;
	}
	block[at++] = (char *)AT_NULL;
	block[at] = NULL;
}

static void
start(void)
{
	uint64_t mask;

	if (atomic_load(&state) == FORKED)
		return;
	atomic_store(&state, STARTING);
	pthread_atfork(NULL, NULL, in_child);
	fill_block();
	block_signals(&mask);
	save_dispositions();
	for (initialiser *init = go_init_begin; init < go_init_end; init++)
		(*init)(1, block, block + ENVIRONMENT);
	introduce();
	restore_dispositions();
	restore_signals(&mask);
	atomic_store(&state, RUNNING);
}

/* Whether Go can be called; starts it if that hasn't happened yet. */
static bool
ensure(void)
{
	if (atomic_load_explicit(&state, memory_order_acquire) != RUNNING)
		pthread_once(&once, start);
	return atomic_load_explicit(&state, memory_order_acquire) == RUNNING;
}

bool
stranded(void)
{
	return atomic_load_explicit(&state, memory_order_relaxed) == FORKED;
}

bool
enter(struct visit *v)
{
	memset(&v->fail, 0, sizeof(v->fail));
	if (!ensure())
		return false;
	block_signals(&v->mask);
	if (!known)
		introduce();
	return true;
}

void
leave(struct visit *v)
{
	restore_signals(&v->mask);
}

bool
config_enter(struct tls_config *config, struct visit *v)
{
	if (!config_valid(config))
		return false;
	if (enter(v))
		return true;
	error_set(&config->err, TLS_ERROR_UNKNOWN, NO_RUNTIME);
	return false;
}

int
config_leave(struct tls_config *config, struct visit *v, int rv)
{
	leave(v);
	error_take(&config->err, &v->fail);
	return rv;
}

bool
context_enter(struct tls *ctx, struct visit *v)
{
	if (!context_valid(ctx))
		return false;
	if (enter(v))
		return true;
	error_set(&ctx->err, TLS_ERROR_UNKNOWN, NO_RUNTIME);
	return false;
}

int
context_leave(struct tls *ctx, struct visit *v, int rv)
{
	leave(v);
	error_take(&ctx->err, &v->fail);
	return rv;
}
