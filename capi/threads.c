/*
 * The threads of Go's runtime. They are made before it starts, and handed out
 * when it asks for one: by then the process may not be allowed to make any. The
 * runtime never ends one.
 */
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <unistd.h>

#include "fork.h"

/* Not all of libc's have a header with these. */
enum { FUTEX_WAIT_PRIVATE = 128, FUTEX_WAKE_PRIVATE = 129 };

void
signals_of_libc(void)
{
	uint64_t mask = ~UINT64_C(0);

	for (int sig = FIRST_OF_LIBC; sig <= LAST_OF_LIBC; sig++)
		mask &= ~(UINT64_C(1) << (sig - 1));
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, sizeof(mask));
}

void
futex_wait(atomic_uint *word, unsigned value)
{
	syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL);
}

void
futex_wake(atomic_uint *word, int threads)
{
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, threads);
}

typedef void *(*routine)(void *);

/* Those beyond one a processor: see threads_make. */
enum { SPARE = 8, THREADS = PROCESSORS + SPARE };

enum order {
	STAY,
	RUN,
	END,
};

static struct thread {
	atomic_uint	 order;
	routine		 run;
	void		*arg;
	pthread_t	 id;
} threads[THREADS] SURVIVES;

static unsigned made SURVIVES;
static atomic_uint on_their_way SURVIVES;
static atomic_uint handed_out SURVIVES;

/* Of the threads, in their order, each above a page that nothing may touch. */
static uint8_t *_Atomic stacks SURVIVES;
static unsigned stacks_count SURVIVES;

/* The runtime's first two: on one it starts, and the other one watches. */
enum { WATCHER = 1 };

/*
 * How late the watcher may look, in nanoseconds. It would be every 20
 * microseconds, once a call, to find nothing: a thread that waits to enter Go
 * waits for a seat.
 */
static const unsigned long WATCH = 10000000;

/* The calling thread, if it is one of them. */
static __thread struct thread *own __attribute__((tls_model("initial-exec")));

static void *
stay(void *arg)
{
	struct thread *t = arg;

	own = t;
	signals_of_libc();
	if (atomic_fetch_sub(&on_their_way, 1) == 1)
		futex_wake(&on_their_way, 1);
	while (atomic_load(&t->order) == STAY)
		futex_wait(&t->order, STAY);
	if (atomic_load(&t->order) == END)
		return NULL;
	if (t == &threads[WATCHER])
		prctl(PR_SET_TIMERSLACK, WATCH, 0, 0, 0);
	return t->run(t->arg);
}

static void
order(struct thread *t, enum order o)
{
	atomic_store(&t->order, o);
	futex_wake(&t->order, 1);
}

static size_t
guard(void)
{
	return sysconf(_SC_PAGESIZE);
}

static size_t
stacks_size(unsigned count)
{
	return count * (guard() + STACK_SIZE);
}

static uint8_t *
stack(unsigned i)
{
	return atomic_load(&stacks) + stacks_size(i) + guard();
}

/*
 * Keys may be on stacks, as in the runtime's memory, but a child has to have
 * them: libc looks there for the threads that are gone.
 */
static bool
map_stacks(unsigned count)
{
	uint8_t *base = mmap(NULL, stacks_size(count), PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);

	if (base == MAP_FAILED)
		return false;
	madvise(base, stacks_size(count), MADV_DONTDUMP);
	for (unsigned i = 0; i < count; i++)
		mprotect(base + stacks_size(i), guard(), PROT_NONE);
	stacks_count = count;
	/* Now a child can use them, if another thread forks. */
	atomic_store(&stacks, base);
	return true;
}

static void
unmap_stacks(void)
{
	munmap(atomic_exchange(&stacks, NULL), stacks_size(stacks_count));
}

/* What a dead runtime has left on its stacks is given back. */
static bool
renew_stacks(unsigned count, bool unused)
{
	uint8_t *base = atomic_load(&stacks);

	if (base == NULL || !unused)
		return map_stacks(count);
	if (stacks_count >= count && madvise(base, stacks_size(stacks_count),
	    MADV_DONTNEED) == 0)
		return true;
	unmap_stacks();
	return map_stacks(count);
}

/* libc's. Go's own tools link without wrapping it. */
#ifdef GO_RELEASE
int __real_pthread_create(pthread_t *, const pthread_attr_t *, routine, void *);
#else
#define __real_pthread_create pthread_create
#endif

static bool
make(unsigned i, pthread_attr_t *attr)
{
	struct thread *t = &threads[i];

	atomic_store(&t->order, STAY);
	pthread_attr_setstack(attr, stack(i), STACK_SIZE);
	errno = __real_pthread_create(&t->id, attr, stay, t);
	return errno == 0;
}

/* Ends them, none of which the runtime has got. Leaves errno. */
static void
unmake(void)
{
	struct thread *t;
	int err = errno;

	while (made > 0) {
		t = &threads[--made];
		order(t, END);
		pthread_join(t->id, NULL);
	}
	unmap_stacks();
	errno = err;
}

unsigned
processors(void)
{
	unsigned n = 0;
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		n = CPU_COUNT(&set);
	return n < 2 ? 2 : n > PROCESSORS ? PROCESSORS : n;
}

/*
 * At most one thread for each of Go's processors runs Go code. Beside there are
 * the one that watches, the one that would make threads, and some that are
 * about to sleep when another one is woken.
 */
unsigned
threads_wanted(void)
{
	return processors() + SPARE;
}

/*
 * A new thread makes calls of libc's before any of ours, which a host may forbid
 * as soon as the first call has returned.
 */
static void
await_arrival(void)
{
	unsigned n;

	while ((n = atomic_load(&on_their_way)) > 0)
		futex_wait(&on_their_way, n);
}

bool
threads_make(bool unused)
{
	unsigned wanted = threads_wanted();
	pthread_attr_t attr;
	int err = 0;

	atomic_store(&handed_out, 0);
	atomic_store(&on_their_way, wanted);
	if (!renew_stacks(wanted, unused))
		return false;
	pthread_attr_init(&attr);
	for (made = 0; err == 0 && made < wanted; made += err == 0)
		err = make(made, &attr) ? 0 : errno;
	pthread_attr_destroy(&attr);
	errno = err;
	if (err != 0)
		unmake();
	else
		await_arrival();
	return err == 0;
}

/* Stands in for what the runtime makes threads by. */
int
__wrap_pthread_create(pthread_t *id, const pthread_attr_t *attr, routine run,
    void *arg)
{
	unsigned i = atomic_fetch_add(&handed_out, 1);

	if (i >= made)
		return __real_pthread_create(id, attr, run, arg);
	threads[i].run = run;
	threads[i].arg = arg;
	order(&threads[i], RUN);
	return 0;
}

int
__wrap_pthread_attr_getstacksize(const pthread_attr_t *attr, size_t *size)
{
	(void)attr;
	*size = STACK_SIZE;
	return 0;
}

/*
 * Where the calling thread's stack lies. Of the program's threads Go isn't told,
 * as libc takes system calls to find that out; it asks again at each entry, and
 * takes some room below the caller to be there.
 */
void
__wrap_x_cgo_getstackbound(uintptr_t bounds[2])
{
	bounds[0] = bounds[1] = 0;
	if (own == NULL)
		return;
	bounds[0] = (uintptr_t)stack(own - threads);
	bounds[1] = bounds[0] + STACK_SIZE;
}
