/* tls_client(3): kinds of contexts, tls_configure, tls_reset. */
#include "harness.h"

TEST(client_before_connect)
{
	struct tls *ctx = tls_client();
	char c = 'x';

	CHECK_INT(tls_handshake(ctx), -1);
	CHECK_STR(tls_error(ctx), "context not connected");
	CHECK_INT(tls_read(ctx, &c, 1), -1);
	CHECK_STR(tls_error(ctx), "context not connected");
	CHECK_INT(tls_write(ctx, &c, 1), -1);
	CHECK_STR(tls_error(ctx), "context not connected");
	CHECK_INT(tls_close(ctx), 0);
	CHECK_STR(tls_error(ctx), NULL);
	tls_free(ctx);
}

TEST(client_is_no_server)
{
	struct tls *ctx = tls_client(), *conn = ctx;

	CHECK_INT(tls_accept_fds(ctx, &conn, 0, 1), -1);
	CHECK(conn == NULL);
	CHECK_STR(tls_error(ctx), "not a server context");
	conn = ctx;
	CHECK_INT(tls_accept_socket(ctx, &conn, 0), -1);
	CHECK(conn == NULL);
	conn = ctx;
	CHECK_INT(tls_accept_cbs(ctx, &conn, end_read, end_write, NULL), -1);
	CHECK(conn == NULL);
	tls_free(ctx);
}

TEST(server_is_no_client)
{
	struct tls *ctx = tls_server();
	char c = 'x';

	CHECK_INT(tls_connect(ctx, "localhost", "1"), -1);
	CHECK_STR(tls_error(ctx), "not a client context");
	CHECK_INT(tls_connect_servername(ctx, "localhost", "1", "x"), -1);
	CHECK_INT(tls_connect_fds(ctx, 0, 1, "x"), -1);
	CHECK_STR(tls_error(ctx), "not a client context");
	CHECK_INT(tls_connect_fds(ctx, -1, 1, "x"), -1);
	CHECK_STR(tls_error(ctx), "invalid file descriptors");
	CHECK_INT(tls_connect_socket(ctx, 0, "x"), -1);
	CHECK_STR(tls_error(ctx), "not a client context");
	CHECK_INT(tls_connect_cbs(ctx, end_read, end_write, NULL, "x"), -1);
	CHECK_INT(tls_handshake(ctx), -1);
	CHECK_STR(tls_error(ctx), "invalid operation for context");
	CHECK_INT(tls_read(ctx, &c, 1), -1);
	CHECK_STR(tls_error(ctx), "invalid operation for context");
	CHECK_INT(tls_write(ctx, &c, 1), -1);
	CHECK_STR(tls_error(ctx), "invalid operation for context");
	CHECK_INT(tls_close(ctx), -1);
	CHECK_STR(tls_error(ctx), "invalid operation for context");
	tls_free(ctx);
}

TEST(connection_is_neither)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct pair *p = pair_sockets(cc, sc, "server.test");
	struct tls *conn = p->client;

	CHECK_INT(tls_connect_fds(p->server, 0, 1, "x"), -1);
	CHECK_STR(tls_error(p->server), "not a client context");
	CHECK_INT(tls_accept_fds(p->server, &conn, 0, 1), -1);
	CHECK_STR(tls_error(p->server), "not a server context");
	CHECK(conn == NULL);
	CHECK_INT(tls_configure(p->server, sc), 0);
	pair_established(p);
	pair_close(p);
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

TEST(unconfigured_server)
{
	struct tls *ctx = tls_server(), *conn = ctx;

	CHECK_INT(tls_accept_fds(ctx, &conn, 0, 1), -1);
	CHECK_STR(tls_error(ctx), "ssl failure");
	CHECK(conn == NULL);
	CHECK_INT(tls_configure(ctx, NULL), -1);
	CHECK_STR(tls_error(ctx), "private/public key mismatch");
	tls_free(ctx);
}

TEST(nothing_known_before_handshake)
{
	struct tls *contexts[] = { tls_client(), tls_server() };
	struct tls *ctx;
	size_t i, len;

	for (i = 0; i < 2; i++) {
		ctx = contexts[i];
		CHECK_STR(tls_conn_version(ctx), NULL);
		CHECK_STR(tls_conn_cipher(ctx), NULL);
		CHECK_INT(tls_conn_cipher_strength(ctx), 0);
		CHECK_STR(tls_conn_alpn_selected(ctx), NULL);
		CHECK_STR(tls_conn_servername(ctx), NULL);
		CHECK_INT(tls_conn_session_resumed(ctx), 0);
		CHECK_INT(tls_peer_cert_provided(ctx), 0);
		CHECK_INT(tls_peer_cert_contains_name(ctx, "server.test"), 0);
		CHECK_STR(tls_peer_cert_hash(ctx), NULL);
		CHECK_STR(tls_peer_cert_issuer(ctx), NULL);
		CHECK_STR(tls_peer_cert_subject(ctx), NULL);
		CHECK_INT(tls_peer_cert_notbefore(ctx), -1);
		CHECK_INT(tls_peer_cert_notafter(ctx), -1);
		len = 77;
		CHECK(tls_peer_cert_chain_pem(ctx, &len) == NULL);
		CHECK_INT(len, 77);
		CHECK_STR(tls_peer_ocsp_url(ctx), NULL);
		CHECK_STR(tls_peer_ocsp_result(ctx), NULL);
		CHECK_INT(tls_peer_ocsp_response_status(ctx), -1);
		CHECK_INT(tls_peer_ocsp_cert_status(ctx), -1);
		CHECK_INT(tls_peer_ocsp_crl_reason(ctx), -1);
		CHECK_INT(tls_peer_ocsp_this_update(ctx), -1);
		CHECK_INT(tls_peer_ocsp_next_update(ctx), -1);
		CHECK_INT(tls_peer_ocsp_revocation_time(ctx), -1);
		CHECK_INT(tls_ocsp_process_response(ctx, (const unsigned char *)"", 0), -1);
		tls_free(ctx);
	}
}

/* A server with this key pair can't be configured. */
static void
refused(const char *cert, const char *key, const char *text)
{
	struct tls_config *config = tls_config_new();
	struct tls *ctx = tls_server(), *conn;

	if (cert != NULL)
		CONFIG_OK(config, tls_config_set_cert_file(config, pki(cert)));
	if (key != NULL)
		CONFIG_OK(config, tls_config_set_key_file(config, pki(key)));
	if (!CHECK_INT(tls_configure(ctx, config), -1) || !CHECK_STR(tls_error(ctx), text))
		check_note("%s with %s", cert, key);
	CHECK_INT(tls_accept_fds(ctx, &conn, 0, 1), -1);
	CHECK_STR(tls_error(ctx), "ssl failure");
	tls_free(ctx);

	/* A client says the same when it connects, unless it has no key pair at all. */
	if (cert != NULL || key != NULL) {
		ctx = tls_client();
		CONFIG_OK(config, tls_config_set_ca_file(config, pki("ca.pem")));
		CHECK_INT(tls_configure(ctx, config), 0);
		CHECK_INT(tls_connect_fds(ctx, 0, 1, "server.test"), -1);
		CHECK_STR(tls_error(ctx), text);
		tls_free(ctx);
	}
	tls_config_free(config);
}

TEST(keypairs_that_do_not_fit)
{
	refused(NULL, NULL, "private/public key mismatch");
	refused("server.pem", NULL, "private/public key mismatch");
	refused(NULL, "server.key", "private/public key mismatch");
	refused("server.pem", "client.key", "failed to load private key");
	refused("server.pem", "p384.key", "failed to load private key");
	refused("server.pem", "rsa.key", "private/public key mismatch");
	refused("rsa.pem", "server.key", "private/public key mismatch");
	refused("rsa.pem", "client-rsa.key", "failed to load private key");
	refused("ed25519.pem", "server.key", "private/public key mismatch");
	refused("server.pem", "junk.pem", "failed to read private key");
	refused("server.pem", "empty.pem", "failed to read private key");
	refused("server.pem", "server-encrypted.key", "failed to read private key");
	refused("server.pem", "damaged.key", LACKS(DAMAGED_BLOCKS) ? "failed to read private key" :
	    "failed to read private key: block 1: damaged private key");
}

TEST(certificates_that_can_never_be_used)
{
	NEEDS(UNUSABLE_CERTIFICATES);
	refused("encipherment.pem", "encipherment.key", "certificate can't be used: its key usage forbids signing");
}

/* Lists of revoked certificates matter to those who look at certificates. */
TEST(damaged_list)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct tls *ctx = tls_server();
	struct pair *p;
	const char *text = LACKS(DAMAGED_BLOCKS) ? "failed to parse crl" : "failed to parse crl: block 2 is damaged";

	CONFIG_OK(sc, tls_config_set_crl_file(sc, pki("damaged.crl")));
	CONFIG_OK(cc, tls_config_set_crl_file(cc, pki("damaged.crl")));
	tls_config_insecure_noverifycert(cc);
	p = pair_sockets(cc, sc, "server.test");
	pair_established(p);
	pair_free(p);

	CONFIG_OK(sc, tls_config_set_ca_file(sc, pki("ca.pem")));
	tls_config_verify_client_optional(sc);
	CHECK_INT(tls_configure(ctx, sc), -1);
	CHECK_LIKE(tls_error(ctx), text);
	tls_free(ctx);

	tls_config_verify(cc);
	ctx = tls_client();
	CHECK_INT(tls_configure(ctx, cc), 0);
	CHECK_INT(tls_connect_fds(ctx, 0, 1, "server.test"), -1);
	CHECK_LIKE(tls_error(ctx), text);
	tls_free(ctx);
	tls_config_free(cc);
	tls_config_free(sc);
}

TEST(additional_keypairs_are_checked)
{
	struct tls_config *config = server_config("server");
	struct tls *ctx = tls_server();

	CONFIG_OK(config, tls_config_add_keypair_file(config, pki("sni-a.pem"), pki("client.key")));
	CHECK_INT(tls_configure(ctx, config), -1);
	CHECK_STR(tls_error(ctx), "failed to load private key");
	tls_config_free(config);

	config = tls_config_new();
	CONFIG_OK(config, tls_config_add_keypair_file(config, pki("sni-a.pem"), pki("sni-a.key")));
	CHECK_INT(tls_configure(ctx, config), -1);
	CHECK_STR(tls_error(ctx), "private/public key mismatch");
	tls_config_free(config);
	tls_free(ctx);
}

TEST(reconfigured_server)
{
	struct tls_config *cc = client_config(), *sc = server_config("server"), *bad = tls_config_new();
	struct tls *listener = tls_server(), *conn;
	struct pair *p;

	CHECK_INT(tls_configure(listener, sc), 0);
	CHECK_INT(tls_configure(listener, bad), -1);
	CHECK_INT(tls_accept_fds(listener, &conn, 0, 1), -1);
	CHECK_STR(tls_error(listener), "ssl failure");
	CHECK_INT(tls_configure(listener, sc), 0);
	p = pair_again(listener, cc, "server.test");
	pair_established(p);
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
	tls_config_free(bad);
}

TEST(client_reads_its_config_at_connect)
{
	struct tls_config *config = client_config();
	struct tls *ctx = tls_client();

	CHECK_INT(tls_configure(ctx, config), 0);
	CHECK_INT(tls_connect_fds(ctx, 0, 1, NULL), -1);
	CHECK_STR(tls_error(ctx), "server name not specified");
	tls_config_insecure_noverifyname(config);
	tls_reset(ctx);
	CHECK_STR(tls_error(ctx), NULL);
	CHECK_INT(tls_configure(ctx, config), 0);
	CHECK_INT(tls_connect_fds(ctx, 0, 1, NULL), 0);
	tls_free(ctx);
	tls_config_free(config);
}

TEST(server_keeps_what_it_was_configured_with)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct pair *p = pair_sockets(cc, sc, "server.test");

	use_keypair(sc, "other-name");
	tls_config_verify_client(sc);
	pair_established(p);
	CHECK_STR(tls_peer_cert_subject(p->client), "/CN=server");
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

TEST(reset_forgets_the_connection)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct pair *p = pair_sockets(cc, sc, "server.test"), *q;
	struct tls *ctx = p->client;
	size_t len = 77;
	int fd[2];

	pair_established(p);
	CHECK(tls_conn_version(ctx) != NULL);
	tls_reset(ctx);
	CHECK_STR(tls_error(ctx), NULL);
	CHECK_STR(tls_conn_version(ctx), NULL);
	CHECK_STR(tls_conn_servername(ctx), NULL);
	CHECK_INT(tls_peer_cert_provided(ctx), 0);
	CHECK(tls_peer_cert_chain_pem(ctx, &len) == NULL);
	CHECK_INT(tls_handshake(ctx), -1);
	CHECK_STR(tls_error(ctx), "context not connected");

	/* And connects again. */
	CHECK_INT(tls_configure(ctx, cc), 0);
	socket_pair(fd);
	no_blocking(fd[0]);
	no_blocking(fd[1]);
	REQUIRE_OK(ctx, tls_connect_socket(ctx, fd[0], "server.test"));
	q = calloc(1, sizeof(*q));
	q->client = ctx;
	q->client_fd = fd[0];
	q->server_fd = fd[1];
	REQUIRE_OK(p->listener, tls_accept_socket(p->listener, &q->server, fd[1]));
	pair_established(q);
	say(q->client, q->server, "again");
	p->client = NULL;
	pair_free(q);
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

TEST(reset_falls_back_to_the_default_config)
{
	struct tls *ctx = tls_client();
	struct tls *conn;

	NEEDS(RESET_CONFIG);
	tls_reset(ctx);
	CHECK_INT(tls_connect_fds(ctx, 0, 1, NULL), -1);
	CHECK_STR(tls_error(ctx), "server name not specified");
	tls_free(ctx);

	ctx = tls_server();
	tls_reset(ctx);
	CHECK_INT(tls_accept_fds(ctx, &conn, 0, 1), -1);
	CHECK_STR(tls_error(ctx), "ssl failure");
	tls_free(ctx);
}

TEST(connect_twice)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct pair *p = pair_sockets(cc, sc, "server.test");
	int rc;

	NEEDS(SECOND_CONNECT);
	pair_established(p);
	/* Either a fresh connection, which is not yet anything, or a clean refusal. */
	rc = tls_connect_socket(p->client, p->client_fd, "server.test");
	if (rc == 0)
		CHECK_STR(tls_conn_version(p->client), NULL);
	else
		CHECK(tls_error(p->client) != NULL);
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

TEST(connections_outlive_the_listener)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct pair *p = pair_sockets(cc, sc, "server.test");

	if (LACKS(LISTENER_FREED))
		pair_established(p);
	tls_free(p->listener);
	pair_keep_listener(p);
	tls_config_free(sc);
	if (!LACKS(LISTENER_FREED))
		pair_established(p);
	transfer(p->client, p->server, 1000, 1000);
	transfer(p->server, p->client, 1000, 1000);
	pair_close(p);
	pair_free(p);
	tls_config_free(cc);
}

TEST(free_in_any_state)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct pair *p;
	int steps, i;

	for (steps = 0; steps < 6; steps++) {
		p = pair_wires(cc, sc, "server.test");
		for (i = 0; i < steps; i++)
			(void)(i % 2 ? tls_handshake(p->server) : tls_handshake(p->client));
		pair_free(p);
	}
	tls_config_free(cc);
	tls_config_free(sc);
}

/* Neither function is in tls.h; programs that separate privileges declare them. */
void tls_config_skip_private_key_check(struct tls_config *);
void tls_config_use_fake_private_key(struct tls_config *);

TEST(undeclared_functions)
{
	struct tls_config *config = tls_config_new();
	struct tls *ctx = tls_server();

	CONFIG_OK(config, tls_config_set_cert_file(config, pki("server.pem")));
	tls_config_skip_private_key_check(config);
	CHECK_INT(tls_configure(ctx, config), 0);
	tls_free(ctx);
	tls_config_free(config);

	config = tls_config_new();
	ctx = tls_server();
	CONFIG_OK(config, tls_config_set_cert_file(config, pki("server.pem")));
	tls_config_use_fake_private_key(config);
	CHECK_INT(tls_configure(ctx, config), 0);
	tls_free(ctx);
	tls_config_free(config);
}
