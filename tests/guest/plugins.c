/*
 * A program that knows nothing of TLS, with two plugins that link libtls. Both are loaded, and make
 * their first calls, at the same time; one is unloaded and loaded again while the other goes on.
 *
 *	plugins pki plugin plugin
 */
#define _GNU_SOURCE
#include <sys/socket.h>

#include <dlfcn.h>
#include <err.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "plugin.h"

static const char *pki;
static int fd[2][2];
static pthread_barrier_t barrier;

static void *
load(const char *path)
{
	void *plugin = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	if (plugin == NULL)
		errx(1, "%s", dlerror());
	return plugin;
}

static void *
find(void *plugin, const char *name)
{
	void *function = dlsym(plugin, name);

	if (function == NULL)
		errx(1, "%s", dlerror());
	return function;
}

static void
must(const char *why)
{
	if (why != NULL)
		errx(1, "%s", why);
}

static void
meeting(void *plugin, int serving, int which)
{
	must(((__typeof__(&meet))find(plugin, "meet"))(fd[which][serving], serving, pki));
}

static void
alone(void *plugin)
{
	must(((__typeof__(&stay_alone))find(plugin, "stay_alone"))(pki));
}

static void *
come_and_go(void *path)
{
	void *plugin;
	int i;

	pthread_barrier_wait(&barrier);
	plugin = load(path);
	meeting(plugin, 0, 0);
	pthread_barrier_wait(&barrier);
	for (i = 0; i < 20; i++) {
		dlclose(plugin);
		plugin = load(path);
		alone(plugin);
	}
	pthread_barrier_wait(&barrier);
	meeting(plugin, 0, 1);
	dlclose(plugin);
	return NULL;
}

static void *
stay(void *path)
{
	void *plugin;
	int i;

	pthread_barrier_wait(&barrier);
	plugin = load(path);
	meeting(plugin, 1, 0);
	pthread_barrier_wait(&barrier);
	for (i = 0; i < 20; i++)
		alone(plugin);
	pthread_barrier_wait(&barrier);
	meeting(plugin, 1, 1);
	dlclose(plugin);
	return NULL;
}

int
main(int argc, char *argv[])
{
	pthread_t threads[2];
	int i;

	alarm(60);
	if (argc != 4 || dlsym(RTLD_DEFAULT, "tls_config_new") != NULL)
		errx(1, "usage");
	pki = argv[1];
	for (i = 0; i < 2; i++)
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd[i]) == -1)
			err(1, "socketpair");
	pthread_barrier_init(&barrier, NULL, 2);
	pthread_create(&threads[0], NULL, come_and_go, argv[2]);
	pthread_create(&threads[1], NULL, stay, argv[3]);
	for (i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	alone(load(argv[2]));
	return 0;
}
