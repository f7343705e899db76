/* What bench/hostile asks its victims. */
#include <sys/resource.h>

#include <stdio.h>

/* Puts the processor time that was used until now, in us, into a line, and returns its length. */
static int
usage(char *line, size_t size)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return snprintf(line, size, "%ld\n",
	    (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 +
	    u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}
