/* A fork with thousands of connections: each process goes on with some of them. */
#include "../harness.h"

enum { PAIRS = 2000, USED = 20 };

static struct pair *pairs[PAIRS];

static void
use(int first)
{
	int i;

	for (i = 0; i < USED; i++) {
		say(pairs[first + i]->client, pairs[first + i]->server, "question");
		say(pairs[first + i]->server, pairs[first + i]->client, "answer");
	}
}

static void
free_all(void)
{
	int i;

	for (i = 0; i < PAIRS; i++)
		pair_free(pairs[i]);
}

static void
grandchild(void *arg)
{
	(void)arg;
	use(PAIRS / 2);
	free_all();
}

static void
child(void *arg)
{
	pid_t pid;

	use(0);
	pid = spawn(grandchild, arg);
	use(USED);
	reap(pid);
	free_all();
}

TEST(thousands_of_connections)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct tls *listener = tls_server();
	pid_t pid;
	int i;

	/* The fastest. */
	CONFIG_OK(cc, tls_config_set_ecdhecurves(cc, "X25519"));
	REQUIRE_OK(listener, tls_configure(listener, sc));
	for (i = 0; i < PAIRS; i++) {
		pairs[i] = pair_again(listener, cc, "server.test");
		pair_keep_listener(pairs[i]);
		pair_established(pairs[i]);
	}
	pid = spawn(child, NULL);
	for (i = 2 * USED; i + USED <= PAIRS / 2; i += USED)
		use(i);
	reap(pid);
	use(PAIRS - USED);
	free_all();
}
