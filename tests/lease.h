/*
 * A file that hangs, as on a network's file system, and alarms that interrupt who waits for it. Its includer defines
 * REQUIRE(e), which ends the test unless e is true, and TEST_SECONDS, the longest that a test may take.
 */
#ifndef LEASE_H
#define LEASE_H

#include <sys/time.h>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

/* Holds up whoever opens the file until it is given up, or for /proc/sys/fs/lease-break-time. */
static int lease;
static volatile sig_atomic_t alarms, last_alarm;

static void
on_alarm(int sig)
{
	(void)sig;
	if (++alarms == last_alarm)
		fcntl(lease, F_SETLEASE, F_UNLCK);
}

/* From now on there are alarms, which by the flags do or don't restart what they interrupt. The last one gives it up. */
static void
take_lease(const char *path, int flags, int last)
{
	struct itimerval timer = { .it_value = { .tv_usec = 20000 }, .it_interval = { .tv_usec = 20000 } };
	struct sigaction sa = { .sa_handler = on_alarm, .sa_flags = flags };

	alarms = 0;
	last_alarm = last;
	REQUIRE(signal(SIGIO, SIG_IGN) != SIG_ERR);
	REQUIRE((lease = open(path, O_RDWR)) != -1);
	REQUIRE(fcntl(lease, F_SETLEASE, F_WRLCK) == 0);
	REQUIRE(sigaction(SIGALRM, &sa, NULL) == 0);
	REQUIRE(setitimer(ITIMER_REAL, &timer, NULL) == 0);
}

static void
stop_alarms(void)
{
	struct itimerval off = { 0 };

	REQUIRE(setitimer(ITIMER_REAL, &off, NULL) == 0);
	REQUIRE(signal(SIGALRM, SIG_DFL) != SIG_ERR);
	alarm(TEST_SECONDS);
	close(lease);
}

#endif
