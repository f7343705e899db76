/*
 * Whether the process has room for Go's runtime, which ends it where it lacks
 * something. It looks for the amounts that the runtime takes when it starts
 * and in ordinary use.
 */
#include <sys/mman.h>

#include <stdint.h>

#include "fork.h"

/*
 * Reserved of the address space, by the runtime and by glibc's malloc for each
 * thread, and of it what can be written, in MB.
 */
#if UINTPTR_MAX > UINT32_MAX
enum { RUNTIME_SPACE = 1344, ARENA = 64 };
#else
enum { RUNTIME_SPACE = 256, ARENA = 1 };
#endif
#ifdef __GLIBC__
enum { THREAD_SPACE = ARENA };
#else
enum { THREAD_SPACE = 0 };
#endif
enum { WRITABLE = 72 };

static bool
can_map(size_t mb, int prot)
{
	size_t size = mb << 20;
	void *p = mmap(NULL, size, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p != MAP_FAILED && munmap(p, size) == 0;
}

bool
limits_allow(void)
{
	size_t space = RUNTIME_SPACE + (threads_wanted() + 1) * THREAD_SPACE;

	return can_map(space, PROT_NONE) &&
	    can_map(WRITABLE, PROT_READ | PROT_WRITE);
}
