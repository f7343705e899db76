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
#include <stdio.h>
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
 * Where a thread sits while it calls Go: a thread's side of Go's, an m with its
 * goroutine, that isn't of one thread but of whoever sits there. There are as
 * many as Go has processors, and each keeps the one that it had last. So a
 * thread that enters never waits for one that another thread holds in C, for
 * which Go's own way is to have that taken away after a while.
 */
struct seat {
	_Alignas(64) atomic_uint taken;
	void		*g;		/* Go's; NULL until somebody sits there */
};

/*
 * Whether the runtime runs in this process. The kernel gives children a page
 * of zeros in place of this one, however they are made.
 */
static struct process {
	atomic_uint	 state;
	bool		 forked;	/* by libc's fork() */
	pthread_mutex_t	 restoring;	/* as initialised if it is all zero */
	unsigned	 seats;
	atomic_uint	 waiting;	/* threads, for a seat */
	atomic_uint	 left;		/* seats, while threads were waiting */
	struct seat	 seat[PROCESSORS];
} *_Atomic process SURVIVES;

/* How many times the runtime was started, here and in the ancestors. */
static atomic_uint starts SURVIVES;

/* The calling thread's seat, if it is inside of Go, or else its last one. */
static __thread struct {
	unsigned	 visits;	/* one within the other */
	unsigned	 seat;
} here __attribute__((tls_model("initial-exec")));

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
 * A first call has Go allot its side of a thread, unblock some signals, and put
 * a signal stack in place; the latter two are undone.
 */
static void *
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
	return go_thread;
}

static bool
sit(struct process *p, unsigned i)
{
	unsigned none = 0;

	if (!atomic_compare_exchange_strong(&p->seat[i].taken, &none, 1))
		return false;
	here.seat = i;
	return true;
}

/* The last one again if it can be, for what the processor's caches hold. */
static bool
find_seat(struct process *p)
{
	if (here.seat < p->seats && sit(p, here.seat))
		return true;
	for (unsigned i = 0; i < p->seats; i++)
		if (sit(p, i))
			return true;
	return false;
}

static void
take_seat(struct process *p)
{
	unsigned seen;

	while (!find_seat(p)) {
		seen = atomic_load(&p->left);
		atomic_fetch_add(&p->waiting, 1);
		if (find_seat(p)) {
			atomic_fetch_sub(&p->waiting, 1);
			break;
		}
		futex_wait(&p->left, seen);
		atomic_fetch_sub(&p->waiting, 1);
	}
	if (p->seat[here.seat].g == NULL)
		p->seat[here.seat].g = introduce();
	go_thread = p->seat[here.seat].g;
}

static void
leave_seat(struct process *p)
{
	atomic_store(&p->seat[here.seat].taken, 0);
	if (atomic_load(&p->waiting) == 0)
		return;
	atomic_fetch_add(&p->left, 1);
	futex_wake(&p->left, 1);
}

/*
 * With a key Go would have a thread's side of it given back when the thread
 * ends. There is none of ours that ends.
 */
extern uintptr_t x_cgo_pthread_key_created __attribute__((weak));

void
__wrap_x_cgo_bindm(void *g)
{
	(void)g;
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
 * secrets, reads no files to learn of changes in CPU limits, and keeps no
 * profile of its memory, which nobody could ask for. AT_RANDOM is our own
 * because the runtime wipes it.
 */
static char *block[32] SURVIVES = {
	"libtls",
	NULL,
	"GODEBUG=asyncpreemptoff=1,containermaxprocs=0,updatemaxprocs=0,"
	    "clobberfree=1,memprofilerate=0,profstackdepth=0",
	"GOGC=" COLLECTION,
	"GOTRACEBACK=none",
	NULL,	/* GOMAXPROCS */
	NULL,
};
enum { ENVIRONMENT = 2, LAST_VARIABLE = 5, AUXILIARY = 7 };

static void
fill_block(void)
{
	static char limit[sizeof("GOMAXPROCS=") + 10] SURVIVES;
	static const unsigned long types[] = { AT_PAGESZ, AT_SYSINFO_EHDR,
	    AT_HWCAP, AT_HWCAP2, AT_SECURE };
	static uint8_t seed[16] SURVIVES;
	unsigned long value;
	size_t at = AUXILIARY;

	snprintf(limit, sizeof(limit), "GOMAXPROCS=%u", process->seats);
	block[LAST_VARIABLE] = limit;
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
	process->seats = processors();
	/*
	 * The descriptors come before the threads: where threads share a table
	 * of descriptors the kernel takes milliseconds to make it larger.
	 */
	if (!image_renew() || !limits_allow() || !image_open())
		return false;
	if (!threads_make(process->forked)) {
		image_close();
		return false;
	}
	fill_block();
	x_cgo_pthread_key_created = 1;
	atomic_fetch_add(&starts, 1);
	/* In a child it would be the dead runtime's. */
	go_thread = NULL;
	image_start(1, block, block + ENVIRONMENT);
	/* Here, where no thread is cancelled, as the first one waits for Go. */
	process->seat[0].g = introduce();
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
		futex_wait(state, STARTING);
		seen = IDLE;
	}
	ready = start();
	atomic_store(state, ready ? RUNNING : IDLE);
	futex_wake(state, INT32_MAX);
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
	if (here.visits > 0) {
		here.visits++;
		return true;
	}
	/* First, as a handler may fork, and its child has to find out. */
	block_signals(&v->mask);
	if (!ready()) {
		restore_signals(&v->mask);
		return false;
	}
	take_seat(atomic_load_explicit(&process, memory_order_relaxed));
	here.visits = 1;
	return true;
}

void
leave(struct visit *v)
{
	if (--here.visits > 0)
		return;
	leave_seat(atomic_load_explicit(&process, memory_order_relaxed));
	restore_signals(&v->mask);
}
