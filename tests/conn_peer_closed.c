/* tls_conn_peer_closed(3): whether the end of the data is the peer's word. */
#include "harness.h"

#ifdef TLS_HAVE_CONN_PEER_CLOSED

static struct pair *
connected(void)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct pair *p = pair_sockets(cc, sc, "server.test");

	CHECK_INT(tls_conn_peer_closed(p->client), 0);
	pair_established(p);
	CHECK_INT(tls_conn_peer_closed(p->client), 0);
	tls_config_free(cc);
	tls_config_free(sc);
	return p;
}

static void
ask_in_a_child(void *arg)
{
	struct pair *p = arg;

	CHECK_INT(tls_conn_peer_closed(p->client), 1);
	CHECK_INT(tls_conn_peer_closed(p->server), 0);
}

TEST(peer_closed)
{
	struct pair *p = connected();
	char buf[64];

	CHECK_INT(tls_conn_peer_closed(NULL), 0);
	CHECK_INT(tls_conn_peer_closed(p->listener), 0);
	CHECK_INT(tls_write(p->server, "the last", 8), 8);
	CHECK_INT(tls_close(p->server), 0);
	CHECK_INT(tls_conn_peer_closed(p->server), 0);
	/* It is known once the end is read, and not before. */
	CHECK_INT(read_some(p->client, buf, 3), 3);
	CHECK_INT(tls_conn_peer_closed(p->client), 0);
	CHECK_INT(read_some(p->client, buf, sizeof(buf)), 5);
	CHECK_INT(tls_conn_peer_closed(p->client), 0);
	CHECK_INT(read_some(p->client, buf, sizeof(buf)), 0);
	CHECK_INT(tls_conn_peer_closed(p->client), 1);
	reap(spawn(ask_in_a_child, p));
	CHECK_INT(tls_close(p->client), 0);
	CHECK_INT(tls_conn_peer_closed(p->client), 1);
	tls_reset(p->client);
	CHECK_INT(tls_conn_peer_closed(p->client), 0);
	pair_free(p);
}

TEST(peer_is_cut_off)
{
	struct pair *p = connected();
	char buf[64];

	say(p->client, p->server, "there will be more");
	pair_hangup(p, p->client);
	CHECK_INT(read_some(p->server, buf, sizeof(buf)), 0);
	CHECK_INT(tls_conn_peer_closed(p->server), 0);
	pair_free(p);
}

#endif
