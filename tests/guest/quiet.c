/*
 * A child has AddressSanitizer's locks as the other threads left them, which gcc's doesn't prevent until
 * 14. Linked to a program, this has fork() wait until all of them sleep.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int
sleeps(const char *thread)
{
	char path[300], stat[256] = "", *name_end;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%s/stat", thread);
	if ((f = fopen(path, "r")) == NULL)
		return 1;
	name_end = fgets(stat, sizeof(stat), f) == NULL ? NULL : strrchr(stat, ')');
	fclose(f);
	return name_end == NULL || strchr("RD", name_end[2]) == NULL;
}

static int
others_sleep(void)
{
	DIR *threads = opendir("/proc/self/task");
	struct dirent *thread;
	int quiet = 1;

	if (threads == NULL)
		return 1;
	while (quiet && (thread = readdir(threads)) != NULL)
		quiet = thread->d_name[0] == '.' || atoi(thread->d_name) == gettid() || sleeps(thread->d_name);
	closedir(threads);
	return quiet;
}

static void
wait_for_others(void)
{
	while (!others_sleep())
		sched_yield();
}

__attribute__((constructor)) static void
be_asked(void)
{
	pthread_atfork(wait_for_others, NULL, NULL);
}
