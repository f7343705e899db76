/*
 * Go's runtime as a guest of this process. It starts at the first call and
 * not when the library is loaded, in a forked child once more: Makefile
 * takes its initialiser out of the list that the dynamic loader runs. It gets
 * an environment of our own making, and leaves signals alone.
 */
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>

#include <elf.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "fork.h"
#include "front.h"
#include "_cgo_export.h"

enum {
	IDLE,
	STARTING,
	RUNNING,
};

/*
 * Whether the runtime runs in this process. The kernel gives children a page
 * of zeros in place of this one, however they are made.
 */
static struct process {
	atomic_uint	 state;
	bool		 forked;	/* by libc's fork() */
	pthread_mutex_t	 restoring;	/* as initialised if it is all zero */
} *_Atomic process SURVIVES;

/* How many times the runtime was started, here and in the ancestors. */
static atomic_uint starts SURVIVES;

/* Not all of libc's have a header with these. */
enum { FUTEX_WAIT_PRIVATE = 128, FUTEX_WAKE_PRIVATE = 129 };

/* The start at which Go came to know the calling thread. */
static __thread unsigned known __attribute__((tls_model("initial-exec")));

/* Go's own variable of a thread. */
extern __thread void *go_thread
    __attribute__((weak, tls_model("initial-exec")));

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
	go_thread = NULL;
	goEnter();
	block_signals(NULL);
	if (saved && !(stack.ss_flags & SS_ONSTACK))
		sigaltstack(&stack, NULL);
	known = atomic_load(&starts);
}

/*
 * Go's side of an ending thread has to be given back, but not that of a
 * runtime which died in a fork. These stand in for the key and the destructor
 * that Go would use.
 */
extern uintptr_t x_cgo_pthread_key_created __attribute__((weak));
extern void (*x_crosscall2_ptr)(void (*)(void *), void *, int, size_t)
    __attribute__((weak));

static pthread_key_t key SURVIVES;
static bool key_made SURVIVES;

static void
depart(void *g)
{
	uint64_t mask;

	block_signals(&mask);
	if (running() && known == generation()) {
		x_crosscall2_ptr(NULL, g, 0, 0);
		known = 0;
	}
	restore_signals(&mask);
}

static bool
make_key(void)
{
	if (!key_made)
		key_made = (errno = pthread_key_create(&key, depart)) == 0;
	x_cgo_pthread_key_created = key_made;
	return key_made;
}

void
__wrap_x_cgo_bindm(void *g)
{
	pthread_setspecific(key, g);
}

/* Valgrind isn't told of all that the runtime does to free memory. */
#ifdef VALGRIND
#define COLLECTION "off"
#else
#define COLLECTION "100"
#endif

/*
 * argv, environment and auxiliary vector, as on a process's first stack; Go
 * keeps pointers into it. With these settings the runtime sends no signals to
 * threads, overwrites memory that it finds to be free, in which there may be
 * secrets, and reads no files to learn of changes in CPU limits. AT_RANDOM is
 * our own because the runtime wipes it.
 */
static char *block[32] SURVIVES = {
	"libtls",
	NULL,
	"GODEBUG=asyncpreemptoff=1,containermaxprocs=0,updatemaxprocs=0,"
	    "clobberfree=1",
	"GOGC=" COLLECTION,
	"GOTRACEBACK=none",
	NULL,
};
enum { ENVIRONMENT = 2, AUXILIARY = 6 };

static void
fill_block(void)
{
	static const unsigned long types[] = { AT_PAGESZ, AT_SYSINFO_EHDR,
	    AT_HWCAP, AT_HWCAP2, AT_SECURE };
	static uint8_t seed[16] SURVIVES;
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

/* Starts the runtime; false with errno if the process has no room for it. */
static bool
start(void)
{
	if (!image_renew(process->forked) || !limits_allow() || !make_key())
		return false;
	fill_block();
	go_thread = NULL;
	atomic_fetch_add(&starts, 1);
	if (!image_start(1, block, block + ENVIRONMENT))
		return false;
	introduce();
	return true;
}

static void
forget(void)
{
	memset(process, 0, sizeof(*process));
	process->forked = true;
}

/*
 * The kernel wipes the page for every kind of child, except before Linux 4.14
 * and in emulators; libc's handler is for fork() alone.
 */
static bool
make_process(void)
{
	struct process *page, *none = NULL;
	size_t size = sizeof(*page);

	page = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		return false;
	madvise(page, size, MADV_WIPEONFORK);
	if (!atomic_compare_exchange_strong(&process, &none, page))
		munmap(page, size);
	else
		pthread_atfork(NULL, NULL, forget);
	return true;
}

/* Starts the runtime unless another thread does, for which it waits. */
static bool
start_once(atomic_uint *state)
{
	unsigned seen = IDLE;
	bool ready;

	while (!atomic_compare_exchange_strong(state, &seen, STARTING)) {
		if (seen == RUNNING)
			return true;
		syscall(SYS_futex, state, FUTEX_WAIT_PRIVATE, STARTING, NULL);
		seen = IDLE;
	}
	ready = start();
	atomic_store(state, ready ? RUNNING : IDLE);
	syscall(SYS_futex, state, FUTEX_WAKE_PRIVATE, INT32_MAX);
	return ready;
}

/* Neither a handler that forks nor a cancellation may come in between. */
static bool
become_ready(void)
{
	uint64_t mask;
	int cancel;
	bool ready;

	if (atomic_load(&process) == NULL && !make_process())
		return false;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	block_signals(&mask);
	ready = start_once(&atomic_load(&process)->state);
	restore_signals(&mask);
	pthread_setcancelstate(cancel, NULL);
	return ready;
}

bool
running(void)
{
	struct process *p = atomic_load_explicit(&process,
	    memory_order_acquire);

	return p != NULL && atomic_load_explicit(&p->state,
	    memory_order_acquire) == RUNNING;
}

bool
ready(void)
{
	return running() || become_ready();
}

void
restore_lock(void)
{
	pthread_mutex_lock(&process->restoring);
}

void
restore_unlock(void)
{
	pthread_mutex_unlock(&process->restoring);
}

unsigned
generation(void)
{
	return atomic_load_explicit(&starts, memory_order_relaxed);
}

bool
enter(struct visit *v)
{
	memset(&v->fail, 0, sizeof(v->fail));
	/* First, as a handler may fork, and its child has to find out. */
	block_signals(&v->mask);
	if (!ready()) {
		restore_signals(&v->mask);
		return false;
	}
	if (known != generation())
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
	if (!enter(v)) {
		error_errno(&config->err, errno, NO_RUNTIME);
		return false;
	}
	if (settings_restore(config->settings, &v->fail)) {
		config->go = config->settings->config.go;
		return true;
	}
	leave(v);
	error_take(&config->err, &v->fail);
	return false;
}

/* For a function that can't tell that it failed. */
bool
config_must_enter(struct tls_config *config, struct visit *v)
{
	if (config_enter(config, v))
		return true;
	if (config_valid(config))
		config->settings->broken = true;
	return false;
}

/* Whatever it returns, the call may have changed the configuration. */
int
config_leave(struct tls_config *config, struct visit *v, int rv)
{
	settings_save(config->settings, &v->fail);
	if (v->fail.panicked) {
		config->settings->broken = true;
		rv = -1;
	}
	leave(v);
	error_take(&config->err, &v->fail);
	return rv;
}

bool
context_enter(struct tls *ctx, struct visit *v)
{
	if (!context_valid(ctx))
		return false;
	if (!enter(v)) {
		error_errno(&ctx->err, errno, NO_RUNTIME);
		return false;
	}
	if (!context_restore(ctx, &v->fail)) {
		context_leave(ctx, v, 0);
		return false;
	}
	return true;
}

int
context_leave(struct tls *ctx, struct visit *v, int rv)
{
	leave(v);
	if (v->fail.panicked)
		ctx->c.broken = true;
	error_take(&ctx->err, &v->fail);
	return rv;
}
