/* What runtime.c, fork.c and limits.c share. */
#ifndef FORK_H
#define FORK_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Marks the front's variables. All others in the objects that make up the
 * library are Go's, and become as new when its runtime is started again.
 */
#define SURVIVES __attribute__((section("survivors")))

/* The stack of a thread of the runtime's. */
#ifndef STACK_SIZE
#define STACK_SIZE (256 * 1024)
#endif

/* fork.c */

/*
 * Makes the image of Go's runtime what it was when the library was loaded, and
 * gives back what a runtime that died in a fork had mapped, threads' stacks if
 * libc knows that these are gone. False with errno if there is no memory.
 */
bool	image_renew(bool);
/* False with errno if there are no descriptors or no thread for it. */
bool	image_start(int, char **, char **);

/* limits.c: errno tells what is lacking. */
bool	limits_allow(void);

#endif
