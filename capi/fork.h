/* Declarations that runtime.c, fork.c, threads.c and limits.c share. */
#ifndef FORK_H
#define FORK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Marks the front's variables. All others in the objects that make up the
 * library are Go's, and become as new when its runtime is started again.
 */
#define SURVIVES __attribute__((section("survivors")))

/* The stack of a thread of the runtime's. */
#ifndef STACK_SIZE
#define STACK_SIZE (256 * 1024)
#endif

/*
 * The signals of libc's own use, up to musl's third. Threads must not block
 * them, and their handlers need a signal stack.
 */
enum { FIRST_OF_LIBC = 32, LAST_OF_LIBC = 34 };

/* Of Go's: how many threads may be in Go code at a time. */
enum { PROCESSORS = 16 };

/* fork.c */

/*
 * Makes the image of Go's runtime what it was when the library was loaded.
 * False with errno if there is no memory.
 */
bool	image_renew(void);
/* The runtime's descriptors. False with errno if there are none for it. */
bool	image_open(void);
void	image_close(void);
void	image_start(int, char **, char **);

/*
 * The same descriptor out of the way of a host that expects the lowest free
 * number, and in any case of the standard ones. -1 for -1, or with errno.
 */
int	move_up(int);

/* limits.c: errno tells what is lacking. */
bool	limits_allow(void);

/* threads.c */

/* How many of Go's processors there are: as many as the machine's, within bounds. */
unsigned processors(void);
/* How many threads are made for the runtime. */
unsigned threads_wanted(void);
/*
 * False with errno, and none, if there can't be so many. If libc knows that
 * those of a dead runtime are gone, their stacks are used again.
 */
bool	threads_make(bool);

/* Blocks all signals but those of libc's own use. */
void	signals_of_libc(void);
void	futex_wait(atomic_uint *, unsigned);
void	futex_wake(atomic_uint *, int);

#endif
