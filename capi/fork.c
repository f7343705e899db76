/*
 * The image of Go's runtime: the writable memory of its objects. A fork takes
 * it along, but neither what the runtime has mapped nor its threads, so that
 * nothing can go on in a child. There it starts again from the image as it was
 * before the first start.
 */
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

/* AddressSanitizer keeps in mind what a dead runtime told of its memory. */
#ifdef __has_include
#if __has_include(<sanitizer/asan_interface.h>)
#include <sanitizer/asan_interface.h>
#endif
#endif
#ifndef ASAN_UNPOISON_MEMORY_REGION
#define ASAN_UNPOISON_MEMORY_REGION(addr, size) ((void)(addr), (void)(size))
#endif

#include "fork.h"

typedef void (*initialiser)(int, char **, char **);

/* The objects' sections, by runtime.ld. Only Go's own tools link without them. */
#define SECTION(type, name)						\
	extern type name##_begin[]					\
	    __attribute__((weak, visibility("hidden")));		\
	extern type name##_end[]					\
	    __attribute__((weak, visibility("hidden")))

SECTION(initialiser, go_init);
SECTION(uint8_t, go_data);
SECTION(uint8_t, go_bss);

/* An entry of the runtime's table of signals: a flag word and a name. */
struct signal {
	int32_t		 flags;
	const char	*name;
	intptr_t	 name_len;
};
extern struct signal go_signals[] __attribute__((weak));

enum { SIGNALS = 65 };

/* By what the runtime waits for timers, and whether it has that. */
extern int32_t go_epoll __attribute__((weak));
extern uintptr_t go_event __attribute__((weak));
extern uint32_t go_polls __attribute__((weak));

/* Go's initialised data as the loader left them. */
static uint8_t *pristine SURVIVES;
static atomic_bool complete SURVIVES;

static uintptr_t
round_up(uintptr_t n)
{
	uintptr_t page = sysconf(_SC_PAGESIZE);

	return (n + page - 1) & ~(page - 1);
}

/* Marks the library's own descriptors, by a setting that has no other use for them. */
enum { OWN = SIGURG };

int
move_up(int fd)
{
	enum { UNUSUAL = 512 };
	int up;

	if (fd == -1)
		return -1;
	fcntl(fd, F_SETSIG, OWN);
	if ((up = fcntl(fd, F_DUPFD_CLOEXEC, UNUSUAL)) == -1)
		up = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	close(fd);
	return up;
}

/* Unless the host has closed it, and has another one of that number. */
static void
close_own(int fd)
{
	if (fd > 0 && fcntl(fd, F_GETSIG) == OWN)
		close(fd);
}

void
image_close(void)
{
	close_own(go_epoll);
	close_own(go_event);
	go_epoll = 0;
	go_event = 0;
}

/*
 * The runtime would open these by itself at some later time, while other
 * threads may count on the number, and die if it couldn't.
 */
bool
image_open(void)
{
	struct epoll_event wakeup = { .events = EPOLLIN };
	int fd = -1;

	if ((go_epoll = move_up(epoll_create1(EPOLL_CLOEXEC))) != -1)
		fd = move_up(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
#if GO_RELEASE < 27
	/* The runtime knows its own by this, and from Go 1.27 on by nothing. */
	wakeup.data.ptr = &go_event;
#endif
	go_event = fd;
	go_polls = 1;
	if (fd != -1 && epoll_ctl(go_epoll, EPOLL_CTL_ADD, fd, &wakeup) == 0)
		return true;
	image_close();
	return false;
}

/*
 * Stands in for the function by which the runtime maps memory. Keys are in it,
 * which must not be in a core dump; and a child, where the runtime is dead, has
 * no use for any of it.
 */
uintptr_t
__wrap_x_cgo_mmap(void *addr, uintptr_t len, int32_t prot, int32_t flags,
    int32_t fd, uint32_t off)
{
	uint8_t *p = mmap(addr, len, prot, flags, fd, off);

	if (p == MAP_FAILED)
		return errno;
	ASAN_UNPOISON_MEMORY_REGION(p, len);
	madvise(p, len, MADV_DONTDUMP);
	madvise(p, len, MADV_DONTFORK);
	return (uintptr_t)p;
}

static void *
map(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

/*
 * The image is copied and cleared with the red zones that AddressSanitizer puts
 * between variables, and AddressSanitizer must not check these accesses.
 */
#define IMAGE __attribute__((no_sanitize("address")))

/*
 * Pages that are the same already are left to be shared with the parent. Whole
 * cache lines are compared at once, and no store becomes a call of libc's.
 */
static IMAGE void
copy(uint8_t *to, const uint8_t *from, size_t n)
{
	enum { WORDS = 8, PIECE = WORDS * sizeof(uint64_t) };
	const uint64_t *new;
	uint64_t *old, differing;
	size_t i = 0;

	for (; i + PIECE <= n; i += PIECE) {
		old = (uint64_t *)(to + i);
		new = (const uint64_t *)(from + i);
		differing = 0;
		for (int word = 0; word < WORDS; word++)
			differing |= old[word] ^ new[word];
		if (differing == 0)
			continue;
		for (int word = 0; word < WORDS; word++)
			((volatile uint64_t *)old)[word] = new[word];
	}
	for (; i < n; i++)
		((volatile uint8_t *)to)[i] = from[i];
}

static IMAGE void
zero(volatile uint8_t *begin, volatile uint8_t *end)
{
	while (begin < end)
		*begin++ = 0;
}

/* Keeps a copy of the data; what another thread's fork cut short is redone. */
static bool
keep(void)
{
	const size_t size = go_data_end - go_data_begin;

	for (int sig = 0; sig < SIGNALS; sig++) {
		if (sig < FIRST_OF_LIBC || sig > LAST_OF_LIBC)
			go_signals[sig].flags = 0;
	}
	if (pristine == NULL && (pristine = map(size)) == NULL)
		return false;
	copy(pristine, go_data_begin, size);
	atomic_store(&complete, true);
	return true;
}

/* Makes memory zero, and has the kernel take back whole pages. */
static void
clear(uint8_t *begin, uint8_t *end)
{
	uint8_t *first = (uint8_t *)round_up((uintptr_t)begin);
	uint8_t *last = (uint8_t *)round_up((uintptr_t)end + 1) - round_up(1);

	if (first >= last || madvise(first, last - first, MADV_DONTNEED) == -1) {
		zero(begin, end);
		return;
	}
	zero(begin, first);
	zero(last, end);
}

bool
image_renew(void)
{
	if (!atomic_load(&complete))
		return keep();
	image_close();
	copy(go_data_begin, pristine, go_data_end - go_data_begin);
	ASAN_UNPOISON_MEMORY_REGION(go_data_begin,
	    go_data_end - go_data_begin);
	ASAN_UNPOISON_MEMORY_REGION(go_bss_begin,
	    go_bss_end - go_bss_begin);
	clear(go_bss_begin, go_bss_end);
	return true;
}

void
image_start(int argc, char **argv, char **envp)
{
	for (initialiser *init = go_init_begin; init < go_init_end; init++)
		(*init)(argc, argv, envp);
}
