/* The time is libc's, which a program, or a library that is preloaded, may have replaced as here. */
#include "../harness.h"

#include <sys/syscall.h>
#include <sys/time.h>

#include <time.h>

static time_t ahead;

static long
number_of_call(void)
{
#ifdef SYS_clock_gettime64
	if (sizeof(time_t) > sizeof(long))
		return SYS_clock_gettime64;
#endif
	return SYS_clock_gettime;
}

int
clock_gettime(clockid_t clock, struct timespec *ts)
{
	int rv = syscall(number_of_call(), clock, ts);

	ts->tv_sec += clock == CLOCK_REALTIME ? ahead : 0;
	return rv;
}

time_t
time(time_t *now)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	if (now != NULL)
		*now = ts.tv_sec;
	return ts.tv_sec;
}

TEST(certificates_expire)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct pair *p;

	whole_connection(cc, sc);
	ahead = (time_t)200 * 365 * 86400;
	p = pair_sockets(cc, sc, "server.test");
	CHECK_INT(pair_handshake(p), -1);
	CHECK_LIKE(tls_error(p->client), "*certificate has expired*");
	pair_free(p);
}
