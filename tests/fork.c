/* Objects of the library in a process that forks. */
#include "harness.h"

struct inherited {
	struct tls_config *cc;
	struct tls *listener;
	struct pair *p;
};

static void
use_configuration(void *arg)
{
	struct inherited *inherited = arg;
	struct pair *p = pair_again(inherited->listener, inherited->cc, "server.test");

	pair_established(p);
	transfer(p->client, p->server, 20000, 20000);
	transfer(p->server, p->client, 20000, 20000);
	pair_close(p);
	pair_keep_listener(p);
	pair_free(p);
}

/* A server that configures itself first and forks its workers then. */
TEST(fork_with_a_listener)
{
	struct tls_config *sc = server_config("server");
	struct inherited inherited = { .cc = client_config(), .listener = tls_server() };
	pid_t pids[3];
	int i;

	REQUIRE_OK(inherited.listener, tls_configure(inherited.listener, sc));
	tls_config_free(sc);
	for (i = 0; i < 3; i++)
		pids[i] = spawn(use_configuration, &inherited);
	use_configuration(&inherited);
	for (i = 0; i < 3; i++)
		reap(pids[i]);
	tls_free(inherited.listener);
	tls_config_free(inherited.cc);
}

static void
use_connection(void *arg)
{
	struct inherited *inherited = arg;

	say(inherited->p->client, inherited->p->server, "in the child");
	say(inherited->p->server, inherited->p->client, "as well");
	CHECK_STR(tls_conn_version(inherited->p->client), version());
	CHECK_STR(tls_peer_cert_subject(inherited->p->client), "/CN=server");
	pair_close(inherited->p);
}

/* The child takes over a connection, as a server does that forks for each client. */
TEST(fork_with_a_connection)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct inherited inherited = { .p = pair_sockets(cc, sc, "server.test") };

	pair_established(inherited.p);
	say(inherited.p->client, inherited.p->server, "in the parent");
	reap(spawn(use_connection, &inherited));
	pair_free(inherited.p);
	tls_config_free(cc);
	tls_config_free(sc);
}

static void
finish_handshake(void *arg)
{
	struct inherited *inherited = arg;

	pair_established(inherited->p);
	use_connection(inherited);
}

/* A client in the middle of its handshake has read the system's trust store, which the child may not see. */
TEST(fork_in_a_handshake)
{
	struct tls_config *cc = plain_config(), *sc = server_config("server");
	struct inherited inherited = { 0 };
	char content[8192];

	NEEDS(SYSTEM_STORE);
	write_file(scratch("store"), content, read_file(pki("ca.pem"), content, sizeof(content)));
	REQUIRE(setenv("SSL_CERT_FILE", scratch("store"), 1) == 0 && setenv("SSL_CERT_DIR", "/nonexistent", 1) == 0);
	inherited.p = pair_sockets(cc, sc, "server.test");
	CHECK_INT(tls_handshake(inherited.p->client), TLS_WANT_POLLIN);
	REQUIRE(unlink(scratch("store")) == 0);
	reap(spawn(finish_handshake, &inherited));
	pair_free(inherited.p);
	tls_config_free(cc);
	tls_config_free(sc);
}
