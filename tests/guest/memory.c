/* What a fork costs in memory. */
#include "../harness.h"

#include <fcntl.h>

/* Descriptors of the runtime that died are closed. */
static int
descriptors(void)
{
	int fd, n = 0;

	for (fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return n;
}

static long first;
static int first_descriptors;

static void
grow(void *arg)
{
	int *depth = arg;

	fresh_connection();
	/* What threads of libc's and of the runtime's come to differ by is not what a fork would add. */
	if (!CHECK(process_size("VmSize:") < first + 300 * 1024))
		check_note("%ld kB after %d forks, %ld kB before", process_size("VmSize:"), *depth, first);
	CHECK(descriptors() <= first_descriptors);
	if (++*depth < 8)
		reap(spawn(grow, depth));
}

TEST(generations_do_not_add_up)
{
	int depth = 1;

	fresh_connection();
	first = process_size("VmSize:");
	first_descriptors = descriptors();
	reap(spawn(grow, &depth));
}
