/*
 * Whether the process has room for Go's runtime, which ends it where it lacks
 * something. What is looked for is what the runtime takes when it starts and
 * in ordinary use.
 */
#include <sys/mman.h>

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>

#include "fork.h"

/* At a time. A runtime on many processors comes to have more. */
enum { THREADS = 8 };

/*
 * Reserved of the address space, by the runtime and by glibc's malloc for each
 * thread, and of it what can be written, in MB.
 */
#if UINTPTR_MAX > UINT32_MAX
enum { RUNTIME_SPACE = 1344, THREAD_SPACE = 64 };
#else
enum { RUNTIME_SPACE = 256, THREAD_SPACE = 1 };
#endif
#ifdef __GLIBC__
enum { SPACE = RUNTIME_SPACE + (THREADS + 1) * THREAD_SPACE };
#else
enum { SPACE = RUNTIME_SPACE };
#endif
enum { WRITABLE = 72 };

static bool
can_map(size_t mb, int prot)
{
	size_t size = mb << 20;
	void *p = mmap(NULL, size, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p != MAP_FAILED && munmap(p, size) == 0;
}

static void *
stay(void *mutex)
{
	pthread_mutex_lock(mutex);
	pthread_mutex_unlock(mutex);
	return NULL;
}

static bool
can_make_threads(void)
{
	pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	pthread_t threads[THREADS];
	pthread_attr_t attr;
	int n, err = 0;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	pthread_mutex_lock(&mutex);
	for (n = 0; n < THREADS; n++) {
		err = pthread_create(&threads[n], &attr, stay, &mutex);
		if (err != 0)
			break;
	}
	pthread_mutex_unlock(&mutex);
	while (n-- > 0)
		pthread_join(threads[n], NULL);
	pthread_attr_destroy(&attr);
	errno = err;
	return err == 0;
}

bool
limits_allow(void)
{
	return can_map(SPACE, PROT_NONE) &&
	    can_map(WRITABLE, PROT_READ | PROT_WRITE) && can_make_threads();
}
