/* tls_accept_socket(3): servers, and the key pair that a name chooses. */
#include "harness.h"

TEST(accept_errors)
{
	struct tls_config *sc = server_config("server");
	struct tls *listener = tls_server(), *conn;
	char byte;

	CHECK_INT(tls_configure(listener, sc), 0);
	conn = listener;
	CHECK_INT(tls_accept_cbs(listener, &conn, NULL, end_write, NULL), -1);
	CHECK(conn == NULL);
	if (!LACKS(NULL_CALLBACKS_TEXT))
		CHECK_STR(tls_error(listener), "no callbacks provided");
	/* Descriptors are looked at when they are used. */
	REQUIRE_OK(listener, tls_accept_socket(listener, &conn, -1));
	CHECK_INT(tls_handshake(conn), -1);
	CHECK_LIKE(tls_error(conn), "handshake failed: *Bad file descriptor*");
	CHECK_INT(tls_read(conn, &byte, 1), -1);
	tls_free(conn);
	tls_free(listener);
	tls_config_free(sc);
}

/* The certificate a server with several key pairs shows to a client that asks for name. */
static void
shown(struct tls_config *sc, const char *name, const char *subject)
{
	struct tls_config *cc = client_config();
	struct pair *p;

	tls_config_insecure_noverifycert(cc);
	tls_config_insecure_noverifyname(cc);
	p = pair_sockets(cc, sc, name);
	pair_established(p);
	if (!CHECK_STR(tls_peer_cert_subject(p->client), subject))
		check_note("name %s", name ? name : "(null)");
	pair_free(p);
	tls_config_free(cc);
}

TEST(keypair_by_name)
{
	struct tls_config *sc = server_config("server");
	size_t cert_len, key_len;
	uint8_t *cert = pki_bytes("sni-b.pem", &cert_len), *key = pki_bytes("sni-b.key", &key_len);

	CONFIG_OK(sc, tls_config_add_keypair_file(sc, pki("sni-a.pem"), pki("sni-a.key")));
	CONFIG_OK(sc, tls_config_add_keypair_mem(sc, cert, cert_len, key, key_len));
	CONFIG_OK(sc, tls_config_add_keypair_file(sc, pki("sni-cn.pem"), pki("sni-cn.key")));
	tls_unload_file(cert, cert_len);
	tls_unload_file(key, key_len);
	shown(sc, "a.test", "/CN=sni-a");
	shown(sc, "A.TEST", "/CN=sni-a");
	shown(sc, "b.test", "/CN=sni-b");
	shown(sc, "x.b.test", "/CN=sni-b");
	shown(sc, "x.y.b.test", "/CN=server");
	shown(sc, "cn.test", "/CN=cn.test");
	shown(sc, "server.test", "/CN=server");
	shown(sc, "unknown.test", "/CN=server");
	shown(sc, "127.0.0.1", "/CN=server");
	shown(sc, NULL, "/CN=server");
	tls_config_free(sc);
}

TEST(additional_keypair_wins_over_the_primary)
{
	struct tls_config *sc = server_config("sni-b");

	CONFIG_OK(sc, tls_config_add_keypair_file(sc, pki("name-wild.pem"), pki("name-wild.key")));
	CONFIG_OK(sc, tls_config_add_keypair_file(sc, pki("server.pem"), pki("server.key")));
	shown(sc, "b.test", "/CN=sni-b");
	shown(sc, "server.test", "/CN=server");
	shown(sc, "a.w.test", "/CN=zz");
	tls_config_free(sc);
}

TEST(keypair_of_another_algorithm)
{
	struct tls_config *sc = server_config("rsa");

	CONFIG_OK(sc, tls_config_add_keypair_file(sc, pki("sni-a.pem"), pki("sni-a.key")));
	shown(sc, "a.test", "/CN=sni-a");
	shown(sc, "server.test", "/CN=rsa");
	tls_config_free(sc);
}

TEST(failed_add_adds_nothing)
{
	struct tls_config *sc = server_config("server");

	CHECK_INT(tls_config_add_keypair_file(sc, pki("sni-a.pem"), pki("missing")), -1);
	CHECK_LIKE(tls_config_error(sc), "failed to open key file *: No such file or directory");
	shown(sc, "a.test", "/CN=server");
	tls_config_free(sc);
}

TEST(several_connections_of_one_listener)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct pair *p = pair_wires(cc, sc, "server.test"), *q = pair_again(p->listener, cc, "server.test");

	/* Interleaved. */
	CHECK_INT(tls_handshake(p->client), TLS_WANT_POLLIN);
	CHECK_INT(tls_handshake(q->client), TLS_WANT_POLLIN);
	pair_established(q);
	pair_established(p);
	say(p->client, p->server, "first");
	say(q->server, q->client, "second");
	pair_keep_listener(q);
	pair_free(q);
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}
