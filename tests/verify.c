/* Verification of the server's certificate by the client: tls_config_verify(3), tls_connect(3). */
#include "harness.h"

/* The client's and the server's words for what happens to this key pair. */
static void
verdict(struct tls_config *cc, const char *keypair, const char *text, const char *alert)
{
	struct tls_config *sc = server_config(keypair);
	struct pair *p = pair_sockets(cc, sc, "server.test");
	char byte;

	if (text == NULL) {
		if (!CHECK_INT(pair_handshake(p), 0))
			check_note("%s: %s", keypair, tls_error(p->client));
		else
			say(p->server, p->client, "trusted");
	} else {
		CHECK_INT(pair_handshake(p), -1);
		CHECK_INT(p->client_rc, -1);
		if (!CHECK_LIKE(tls_error(p->client), text))
			check_note("%s", keypair);
		CHECK_STR(tls_conn_version(p->client), NULL);
		CHECK_INT(tls_peer_cert_provided(p->client), 0);
		/* The server's handshake ends after it reads the alert. */
		CHECK_INT(p->server_rc, -1);
		CHECK_LIKE(tls_error(p->server), alert);
		if (!LACKS(STICKY_FAILURE)) {
			CHECK_INT(tls_handshake(p->client), -1);
			CHECK_LIKE(tls_error(p->client), text);
			CHECK_INT(tls_read(p->client, &byte, 1), -1);
			CHECK_LIKE(tls_error(p->client), text);
			CHECK_INT(tls_write(p->client, "x", 1), -1);
			CHECK_LIKE(tls_error(p->client), text);
			CHECK_INT(tls_handshake(p->server), -1);
			CHECK_INT(tls_read(p->server, &byte, 1), -1);
			CHECK_INT(tls_write(p->server, "x", 1), -1);
		}
	}
	pair_free(p);
	tls_config_free(sc);
}

TEST(verification)
{
	static const struct { const char *keypair, *reason, *alert; } cases[] = {
		{ "server", NULL, NULL },
		{ "rsa", NULL, NULL },
		{ "p384", NULL, NULL },
		{ "p521", NULL, NULL },
		{ "ed25519", NULL, NULL },
		{ "chain", NULL, NULL },
		{ "chain-2", NULL, NULL },
		{ "chain-shuffled", NULL, NULL },
		{ "ancient", NULL, NULL },
		{ "chain-missing", "unable to get local issuer certificate", "tlsv1 alert unknown ca" },
		{ "untrusted", "unable to get local issuer certificate", "tlsv1 alert unknown ca" },
		{ "self-signed", "self[- ]signed certificate", "tlsv1 alert unknown ca" },
		{ "chain-root", "self[- ]signed certificate in certificate chain", "tlsv1 alert unknown ca" },
		{ "expired", "certificate has expired", "ssl* alert certificate expired" },
		{ "not-yet", "certificate is not yet valid", "ssl* alert bad certificate" },
		{ "client", "unsu* certificate purpose", "ssl* alert unsupported certificate" },
		{ "any-purpose", "unsu* certificate purpose", "ssl* alert unsupported certificate" },
		{ "issuer-not-a-ca", "invalid CA certificate", "tlsv1 alert unknown ca" },
		{ "path-length", "path length constraint exceeded", "tlsv1 alert unknown ca" },
		{ "bad-signature", "certificate signature failure", "tlsv1 alert decrypt error" },
		{ "constraint", "permitted subtree violation", "ssl* alert certificate unknown" },
		{ "unknown-critical", "unhandled critical extension", "ssl* alert certificate unknown" },
		/* RFC 5280, 4.2.1.10: mailboxes of one host, and directory names, compared as in 7.1. */
		{ "mail-permitted", NULL, NULL },
		{ "mail-below", "permitted subtree violation", "ssl* alert certificate unknown" },
		{ "directory-permitted", NULL, NULL },
		{ "directory-other", "permitted subtree violation", "ssl* alert certificate unknown" },
		{ "maximum-leaf", "name constraints minimum and maximum not supported", "ssl* alert certificate unknown" },
		/* 4.2.1.3: a key usage without any bit allows nothing. */
		{ "below-no-bits", "* certificate", "tlsv1 alert unknown ca" },
		{ "negative-serial", NULL, NULL },
		{ "string-type", NULL, NULL },
	};
	struct tls_config *cc;
	char text[128], alert[128];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cc = client_config();
		/* P-521 isn't among the default groups, which in TLS 1.2 are also those of certificates. */
		CONFIG_OK(cc, tls_config_set_ecdhecurves(cc, "X25519,P-256,P-384,P-521"));
		if (cases[i].reason == NULL) {
			verdict(cc, cases[i].keypair, NULL, NULL);
		} else {
			snprintf(text, sizeof(text), "certificate verification failed: %s", cases[i].reason);
			snprintf(alert, sizeof(alert), "handshake failed: *%s", cases[i].alert);
			verdict(cc, cases[i].keypair, text, alert);
		}
		tls_config_free(cc);
	}
}

TEST(expired_root)
{
	struct tls_config *cc = client_config();

	CONFIG_OK(cc, tls_config_set_ca_file(cc, pki("expired-ca.pem")));
	verdict(cc, "under-expired", "certificate verification failed: certificate has expired",
	    "handshake failed: *ssl* alert certificate expired");
	tls_config_insecure_noverifytime(cc);
	verdict(cc, "under-expired", NULL, NULL);
	tls_config_free(cc);
}

TEST(intermediate_is_no_anchor)
{
	struct tls_config *cc = client_config();

	CONFIG_OK(cc, tls_config_set_ca_file(cc, pki("intermediate.pem")));
	verdict(cc, "chain-missing", "certificate verification failed: *issuer certificate",
	    "handshake failed: *tlsv1 alert unknown ca");
	verdict(cc, "chain", "certificate verification failed: *issuer certificate",
	    "handshake failed: *tlsv1 alert unknown ca");
	tls_config_free(cc);
}

TEST(trust_store_completes_the_chain)
{
	struct tls_config *cc = client_config();
	uint8_t *ca, *intermediate, *both;
	size_t ca_len, len;

	ca = pki_bytes("ca.pem", &ca_len);
	intermediate = pki_bytes("intermediate.pem", &len);
	both = malloc(ca_len + len);
	memcpy(both, ca, ca_len);
	memcpy(both + ca_len, intermediate, len);
	CONFIG_OK(cc, tls_config_set_ca_mem(cc, both, ca_len + len));
	verdict(cc, "chain-missing", NULL, NULL);
	free(both);
	tls_unload_file(ca, ca_len);
	tls_unload_file(intermediate, len);
	tls_config_free(cc);
}

TEST(pinned_self_signed_certificate)
{
	struct tls_config *cc = client_config();

	CONFIG_OK(cc, tls_config_set_ca_file(cc, pki("self-signed.pem")));
	verdict(cc, "self-signed", NULL, NULL);
	tls_config_free(cc);
}

TEST(noverifycert)
{
	static const char *const keypairs[] = { "untrusted", "self-signed", "expired", "chain-missing",
	    "issuer-not-a-ca" };
	struct tls_config *cc = client_config(), *sc;
	struct pair *p;
	size_t i;

	tls_config_insecure_noverifycert(cc);
	for (i = 0; i < sizeof(keypairs) / sizeof(keypairs[0]); i++)
		verdict(cc, keypairs[i], NULL, NULL);
	/* The name still counts. */
	sc = server_config("other-name");
	p = pair_sockets(cc, sc, "server.test");
	CHECK_INT(pair_handshake(p), -1);
	CHECK_STR(tls_error(p->client), "name `server.test' not present in server certificate");
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

/* Certificates that are malformed in something that TLS has no use for. */
TEST(malformed_certificates)
{
	static const struct { const char *keypair, *reason, *subject; } cases[] = {
		{ "underscore", "invalid PrintableString", "/O=a_b/CN=odd" },
		{ "at", "invalid PrintableString", "/O=a@b" },
		{ "long-address", "cannot parse IP address of length 8", "/CN=long-address" },
		{ "missing-null", "RSA key missing NULL parameters", "/CN=rsa" },
	};
	struct tls_config *cc = client_config(), *sc;
	struct pair *p;
	char text[128];
	size_t i, len;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		tls_config_verify(cc);
		snprintf(text, sizeof(text), "certificate verification failed: malformed certificate: *%s*",
		    cases[i].reason);
		if (!LACKS(MALFORMED_CERTIFICATES))
			verdict(cc, cases[i].keypair, text, "handshake failed: *ssl* alert bad certificate");

		/* Whoever doesn't verify it sees what can be read, and the name still counts. */
		tls_config_insecure_noverifycert(cc);
		sc = server_config(cases[i].keypair);
		p = pair_sockets(cc, sc, "server.test");
		pair_established(p);
		say(p->client, p->server, "connected");
		CHECK_STR(tls_peer_cert_subject(p->client), cases[i].subject);
		CHECK_STR(tls_peer_cert_issuer(p->client), "/CN=Test ca");
		CHECK_LIKE(tls_peer_cert_hash(p->client), "SHA256:*");
		CHECK_INT(tls_peer_cert_contains_name(p->client, "server.test"), 1);
		CHECK_INT(tls_peer_cert_contains_name(p->client, "other.test"), 0);
		CHECK_INT(tls_peer_cert_notafter(p->client) - tls_peer_cert_notbefore(p->client) > 366 * 24 * 3600, 1);
		REQUIRE(tls_peer_cert_chain_pem(p->client, &len) != NULL);
		pair_free(p);
		p = pair_sockets(cc, sc, "other.test");
		CHECK_INT(pair_handshake(p), -1);
		CHECK_STR(tls_error(p->client), "name `other.test' not present in server certificate");
		pair_free(p);
		tls_config_free(sc);
	}
	tls_config_free(cc);
}

TEST(verify_switches_everything_back_on)
{
	struct tls_config *cc = client_config();

	tls_config_insecure_noverifycert(cc);
	tls_config_insecure_noverifyname(cc);
	tls_config_insecure_noverifytime(cc);
	verdict(cc, "other-name", NULL, NULL);
	verdict(cc, "untrusted", NULL, NULL);
	tls_config_verify(cc);
	verdict(cc, "untrusted", "certificate verification failed: *", "handshake failed: *");
	verdict(cc, "expired", "certificate verification failed: *", "handshake failed: *");
	tls_config_free(cc);
}

TEST(noverifytime)
{
	struct tls_config *cc = client_config();

	tls_config_insecure_noverifytime(cc);
	verdict(cc, "expired", NULL, NULL);
	verdict(cc, "not-yet", NULL, NULL);
	verdict(cc, "untrusted", "certificate verification failed: *", "handshake failed: *");
	tls_config_free(cc);
}

TEST(noverifycert_needs_no_ca)
{
	struct tls_config *cc = client_config();

	CONFIG_OK(cc, tls_config_set_ca_mem(cc, (const uint8_t *)"junk", 4));
	tls_config_insecure_noverifycert(cc);
	verdict(cc, "server", NULL, NULL);
	tls_config_free(cc);
}

TEST(verify_depth)
{
	static const struct { const char *keypair; int depth, good; } cases[] = {
		{ "server", 0, 1 }, { "chain", 0, 0 }, { "chain", 1, 1 }, { "chain-2", 1, 0 }, { "chain-2", 2, 1 }, { "chain-2", 6, 1 },
	};
	struct tls_config *cc;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cc = client_config();
		CHECK_INT(tls_config_set_verify_depth(cc, cases[i].depth), 0);
		verdict(cc, cases[i].keypair, cases[i].good ? NULL : LACKS(VERIFY_DEPTH_TEXT) ?
		    "certificate verification failed: *" : "certificate verification failed: certificate chain too long",
		    "handshake failed: *tlsv1 alert unknown ca");
		tls_config_free(cc);
	}
}

/* Without a limit of the program's there is ours: 32 certificates. */
TEST(long_chains)
{
	static const struct { int depth; const char *longest, *longer; } cases[] = {
		{ 6, "chain-of-6", "chain-of-7" },
		{ 31, "chain-of-31", "chain-of-32" },
		{ 100, "chain-of-31", "chain-of-99" },
		{ -1, "chain-of-31", "chain-of-32" },
		{ -1, "chain-of-31", "chain-of-99" },
	};
	struct tls_config *cc;
	size_t i;

	NEEDS(VERIFY_DEPTH_TEXT);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cc = client_config();
		CHECK_INT(tls_config_set_verify_depth(cc, cases[i].depth), 0);
		verdict(cc, cases[i].longest, NULL, NULL);
		verdict(cc, cases[i].longer, "certificate verification failed: certificate chain too long",
		    "handshake failed: *tlsv1 alert unknown ca");
		tls_config_free(cc);
	}
}

/* In a file of trusted certificates the good ones are used. */
TEST(damaged_roots)
{
	struct tls_config *cc = client_config();

	CONFIG_OK(cc, tls_config_set_ca_file(cc, pki("damaged-roots-and-ca.pem")));
	NEEDS(DAMAGED_ROOTS);
	verdict(cc, "server", NULL, NULL);
	CONFIG_OK(cc, tls_config_set_ca_file(cc, pki("damaged-roots.pem")));
	verdict(cc, "server", "certificate verification failed: unable to get local issuer certificate: "
	    "blocks of the CA file that can't be read: 1", "handshake failed: *tlsv1 alert unknown ca");
	tls_config_free(cc);
}

TEST(revocation_lists)
{
	static const struct { const char *crl, *keypair, *reason, *alert; } cases[] = {
		{ "good.crl", "server", NULL, NULL },
		{ "revoked.crl", "server", NULL, NULL },
		{ "revoked.crl", "revoked", "certificate revoked", "ssl* alert certificate revoked" },
		{ "stale.crl", "server", "CRL has expired", "ssl* alert certificate expired" },
		{ "good.crl", "chain", "unable to get certificate CRL", "tlsv1 alert unknown ca" },
		{ "junk.pem", "server", "unable to get certificate CRL", "tlsv1 alert unknown ca" },
		{ "v1.crl", "server", NULL, NULL },
		{ "v1-revoked.crl", "server", NULL, NULL },
		{ "v1-revoked.crl", "revoked", "certificate revoked", "ssl* alert certificate revoked" },
		{ "string-type.crl", "server", NULL, NULL },
		{ "string-type.crl", "revoked", "certificate revoked", "ssl* alert certificate revoked" },
	};
	struct tls_config *cc;
	char text[128], alert[128];
	uint8_t *crl;
	size_t i, len;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cc = client_config();
		if (i % 2 == 0) {
			CONFIG_OK(cc, tls_config_set_crl_file(cc, pki(cases[i].crl)));
		} else {
			crl = pki_bytes(cases[i].crl, &len);
			CONFIG_OK(cc, tls_config_set_crl_mem(cc, crl, len));
			tls_unload_file(crl, len);
		}
		if (cases[i].reason == NULL) {
			verdict(cc, cases[i].keypair, NULL, NULL);
		} else {
			snprintf(text, sizeof(text), "certificate verification failed: %s", cases[i].reason);
			snprintf(alert, sizeof(alert), "handshake failed: *%s", cases[i].alert);
			verdict(cc, cases[i].keypair, text, alert);
		}
		tls_config_free(cc);
	}
}

TEST(wrong_name)
{
	struct tls_config *cc = client_config(), *sc = server_config("other-name");
	struct pair *p = pair_sockets(cc, sc, "server.test.");
	char byte;

	/* The handshake is complete before the name is looked at, and no alert is sent. */
	CHECK_INT(pair_handshake(p), -1);
	CHECK_INT(p->client_rc, -1);
	CHECK_INT(p->server_rc, 0);
	CHECK_STR(tls_error(p->client), "name `server.test' not present in server certificate");
	CHECK_STR(tls_conn_version(p->client), NULL);
	CHECK_INT(tls_peer_cert_provided(p->client), 0);
	if (!LACKS(STICKY_FAILURE)) {
		CHECK_INT(tls_read(p->client, &byte, 1), -1);
		CHECK_STR(tls_error(p->client), "name `server.test' not present in server certificate");
		CHECK_INT(tls_write(p->client, "secret", 6), -1);
		CHECK_STR(tls_error(p->client), "name `server.test' not present in server certificate");
	}
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

TEST(names_that_are_addresses)
{
	struct tls_config *cc = client_config(), *sc = server_config("ip-only");
	static const struct { const char *name; int good; } cases[] = {
		{ "127.0.0.1", 1 }, { "::1", 1 }, { "127.0.0.2", 0 }, { "::2", 0 }, { "localhost", 0 }, { "server.test", 0 },
	};
	struct pair *p;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		p = pair_sockets(cc, sc, cases[i].name);
		if (!CHECK_INT(pair_handshake(p), cases[i].good ? 0 : -1))
			check_note("%s", cases[i].name);
		pair_free(p);
	}
	tls_config_free(cc);
	tls_config_free(sc);
}

TEST(noverifyname)
{
	struct tls_config *cc = client_config(), *sc = server_config("other-name");
	struct pair *p;

	tls_config_insecure_noverifyname(cc);
	p = pair_sockets(cc, sc, NULL);
	pair_established(p);
	CHECK_INT(tls_peer_cert_contains_name(p->client, "other.test"), 1);
	CHECK_INT(tls_peer_cert_contains_name(p->client, "server.test"), 0);
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

TEST(huge_chain_is_refused)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct pair *p;

	CONFIG_OK(sc, tls_config_set_cert_file(sc, pki("chain-huge.pem")));
	tls_config_insecure_noverifycert(cc);
	p = pair_wires(cc, sc, "server.test");
	CHECK_INT(pair_handshake(p), -1);
	CHECK_INT(p->client_rc, -1);
	CHECK_LIKE(tls_error(p->client), "handshake failed: *");
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

TEST(require_stapling)
{
	struct tls_config *cc = client_config();

	tls_config_ocsp_require_stapling(cc);
	verdict(cc, "server", "no stapled OCSP response provided",
	    "handshake failed: *tlsv1 bad certificate status response");
	tls_config_free(cc);
}
