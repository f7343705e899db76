/* Certificates of clients: tls_config_verify_client(3), in tls_load_file(3). */
#include "harness.h"

enum mode { OFF, REQUIRED, OPTIONAL, UNVERIFIED };

static struct pair *
meet(const char *client, enum mode mode)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct pair *p;

	if (client != NULL)
		use_keypair(cc, client);
	if (mode == REQUIRED || mode == UNVERIFIED)
		tls_config_verify_client(sc);
	if (mode == OPTIONAL)
		tls_config_verify_client_optional(sc);
	if (mode == UNVERIFIED)
		tls_config_insecure_noverifycert(sc);
	p = pair_sockets(cc, sc, "server.test");
	tls_config_free(cc);
	tls_config_free(sc);
	return p;
}

static void
welcome(const char *client, enum mode mode, const char *subject)
{
	struct pair *p = meet(client, mode);
	size_t len = 0;

	pair_established(p);
	CHECK_INT(tls_peer_cert_provided(p->server), subject != NULL);
	if (!CHECK_STR(tls_peer_cert_subject(p->server), subject))
		check_note("%s", client ? client : "(none)");
	CHECK((tls_peer_cert_chain_pem(p->server, &len) != NULL) == (subject != NULL));
	say(p->client, p->server, "who am I");
	say(p->server, p->client, "you know");
	pair_close(p);
	pair_free(p);
}

TEST(client_certificate_accepted)
{
	welcome("client", REQUIRED, "/CN=client");
	welcome("client-rsa", REQUIRED, "/CN=client");
	welcome("client-ed25519", REQUIRED, "/CN=client");
	welcome("client", OPTIONAL, "/CN=client");
	welcome("client-untrusted", UNVERIFIED, "/CN=client");
	welcome("client-expired", UNVERIFIED, "/CN=client");
	welcome(NULL, OPTIONAL, NULL);
	welcome(NULL, OFF, NULL);
	/* Not asked for, not sent. */
	welcome("client", OFF, NULL);
}

TEST(no_client_certificate_before_asked)
{
	struct pair *p = meet(NULL, OFF);

	pair_established(p);
	CHECK_STR(tls_peer_cert_hash(p->server), NULL);
	CHECK_STR(tls_peer_cert_issuer(p->server), NULL);
	CHECK_INT(tls_peer_cert_notbefore(p->server), -1);
	CHECK_INT(tls_peer_cert_notafter(p->server), -1);
	CHECK_INT(tls_peer_cert_contains_name(p->server, "client"), 0);
	pair_free(p);
}

/* A client learns that it was not welcome in its handshake, or in TLS 1.3 when it reads. */
static void
turned_away(const char *client, enum mode mode, const char *text, const char *alert)
{
	struct pair *p = meet(client, mode);
	char byte, told[128];

	snprintf(told, sizeof(told), "%s failed: *%s", tls12() ? "handshake" : "read", alert);
	CHECK_INT(pair_handshake(p), -1);
	CHECK_INT(p->client_rc, tls12() ? -1 : 0);
	CHECK_INT(p->server_rc, -1);
	if (LACKS(ERROR_ON_CONNECTION))
		CHECK_LIKE(tls_error(p->server), "handshake failed: *");
	else if (!CHECK_LIKE(tls_error(p->server), text))
		check_note("%s", client ? client : "(none)");
	if (!tls12())
		CHECK_INT(read_some(p->client, &byte, 1), -1);
	if (!CHECK_LIKE(tls_error(p->client), told))
		check_note("%s", client ? client : "(none)");
	if (!LACKS(STICKY_FAILURE)) {
		CHECK_INT(tls_read(p->client, &byte, 1), -1);
		CHECK_INT(tls_read(p->server, &byte, 1), -1);
		CHECK_INT(tls_write(p->server, "x", 1), -1);
	}
	CHECK_INT(tls_peer_cert_provided(p->server), 0);
	pair_free(p);
}

TEST(client_certificate_refused)
{
	static const char failed[] = "certificate verification failed: ";
	char text[128];

	turned_away(NULL, REQUIRED, "handshake failed: *peer did not return a certificate",
	    tls12() ? "ssl* alert handshake failure" : "tlsv13 alert certificate required");
	snprintf(text, sizeof(text), "%scertificate has expired", failed);
	turned_away("client-expired", REQUIRED, text, "ssl* alert certificate expired");
	turned_away("client-expired", OPTIONAL, text, "ssl* alert certificate expired");
	snprintf(text, sizeof(text), "%sunable to get local issuer certificate", failed);
	turned_away("client-untrusted", REQUIRED, text, "tlsv1 alert unknown ca");
	snprintf(text, sizeof(text), "%sunsu* certificate purpose", failed);
	turned_away("server", REQUIRED, text, "ssl* alert unsupported certificate");
	turned_away("server", OPTIONAL, text, "ssl* alert unsupported certificate");
}

TEST(last_verify_client_wins)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct pair *p;

	tls_config_verify_client(sc);
	tls_config_verify_client_optional(sc);
	p = pair_sockets(cc, sc, "server.test");
	pair_established(p);
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

TEST(client_auth_needs_a_ca)
{
	struct tls_config *sc = server_config("server");
	struct tls *ctx = tls_server();

	tls_config_verify_client(sc);
	CONFIG_OK(sc, tls_config_set_ca_mem(sc, (const uint8_t *)"junk", 4));
	CHECK_INT(tls_configure(ctx, sc), -1);
	CHECK_STR(tls_error(ctx), "ssl verify memory setup failure");
	tls_config_insecure_noverifycert(sc);
	CHECK_INT(tls_configure(ctx, sc), 0);
	tls_free(ctx);
	tls_config_free(sc);
}
