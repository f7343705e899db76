/* Stapled and fetched OCSP responses: tls_ocsp_process_response(3), tls_config_ocsp_require_stapling(3). */
#include "harness.h"

#define HOUR 3600

static const char first_url[] = "http://ocsp.test/first";
static const char no_staple[] = "no stapled OCSP response provided";
static const char alert_113[] = "handshake failed: *tlsv1 bad certificate status response";

static void
no_result(struct tls *ctx)
{
	CHECK_STR(tls_peer_ocsp_result(ctx), NULL);
	CHECK_INT(tls_peer_ocsp_response_status(ctx), -1);
	CHECK_INT(tls_peer_ocsp_cert_status(ctx), -1);
	CHECK_INT(tls_peer_ocsp_crl_reason(ctx), -1);
	CHECK_INT(tls_peer_ocsp_this_update(ctx), -1);
	CHECK_INT(tls_peer_ocsp_next_update(ctx), -1);
	CHECK_INT(tls_peer_ocsp_revocation_time(ctx), -1);
}

/* The result of a response with the times that most of them have. */
static void
has_result(struct tls *ctx, const char *result, int status, int reason)
{
	time_t at = tls_peer_ocsp_this_update(ctx);

	CHECK_STR(tls_peer_ocsp_result(ctx), result);
	CHECK_INT(tls_peer_ocsp_response_status(ctx), TLS_OCSP_RESPONSE_SUCCESSFUL);
	CHECK_INT(tls_peer_ocsp_cert_status(ctx), status);
	CHECK_INT(tls_peer_ocsp_crl_reason(ctx), reason);
	CHECK(at > 0);
	CHECK_INT(tls_peer_ocsp_next_update(ctx), at + 25 * HOUR);
	CHECK_INT(tls_peer_ocsp_revocation_time(ctx), status == TLS_OCSP_CERT_REVOKED ? at - HOUR : -1);
}

static int
process(struct tls *ctx, const char *name)
{
	size_t len;
	uint8_t *der = pki_bytes(name, &len);
	int rc = tls_ocsp_process_response(ctx, der, len);

	tls_unload_file(der, len);
	return rc;
}

/* A connection to a server that staples nothing. */
static struct pair *
connected(const char *keypair)
{
	struct tls_config *cc = client_config(), *sc = server_config(keypair);
	struct pair *p = pair_wires(cc, sc, "server.test");

	pair_established(p);
	tls_config_free(cc);
	tls_config_free(sc);
	return p;
}

static void
staple(struct tls_config *config, const char *name)
{
	if (name != NULL)
		CONFIG_OK(config, tls_config_set_ocsp_staple_file(config, pki(name)));
}

/* One handshake with a staple, if any. The result that the client has is there even if a revocation failed it. */
static void
stapled(struct tls_config *cc, struct tls_config *sc, const char *text, const char *result, const char *url,
    const char *what)
{
	struct pair *p = pair_wires(cc, sc, "server.test");

	if (text == NULL) {
		pair_established(p);
		say(p->server, p->client, "trusted");
		if (!LACKS(CLEAN_SUCCESS))
			CHECK_STR(tls_error(p->client), NULL);
	} else {
		CHECK_INT(pair_handshake(p), -1);
		CHECK_INT(p->client_rc, -1);
		if (!CHECK_LIKE(tls_error(p->client), text))
			check_note("%s", what);
		CHECK_INT(p->server_rc, -1);
		CHECK_LIKE(tls_error(p->server), alert_113);
		if (!LACKS(STICKY_FAILURE)) {
			CHECK_INT(tls_handshake(p->client), -1);
			CHECK_LIKE(tls_error(p->client), text);
			CHECK_INT(tls_write(p->client, "secret", 6), -1);
			CHECK_LIKE(tls_error(p->client), text);
		}
	}
	if (text != no_staple || !LACKS(OCSP_URL_WITHOUT_STAPLE))
		CHECK_STR(tls_peer_ocsp_url(p->client), url);
	if (!CHECK_STR(tls_peer_ocsp_result(p->client), result))
		check_note("%s", what);
	if (result == NULL)
		no_result(p->client);
	else if (strcmp(result, "good") == 0)
		has_result(p->client, result, TLS_OCSP_CERT_GOOD, 0);
	else if (strcmp(result, "unknown") == 0)
		has_result(p->client, result, TLS_OCSP_CERT_UNKNOWN, 0);
	else
		has_result(p->client, result, TLS_OCSP_CERT_REVOKED, 1);
	CHECK_STR(tls_peer_ocsp_url(p->server), NULL);
	no_result(p->server);
	pair_free(p);
}

static const struct row {
	const char *keypair, *response, *text, *result;
	enum difference unless;		/* LACKS() it; DIFFERENCES_END is nothing */
} rows[] = {
	{ "ocsp", "good.ocsp", NULL, "good", DIFFERENCES_END },
	{ "ocsp", "unknown.ocsp", NULL, "unknown", DIFFERENCES_END },
	{ "ocsp", "delegate.ocsp", NULL, "good", DIFFERENCES_END },
	{ "ocsp", "delegate-second.ocsp", NULL, "good", DIFFERENCES_END },
	{ "ocsp", "needless.ocsp", NULL, "good", DIFFERENCES_END },
	{ "ocsp", "other-issuer-first.ocsp", NULL, "good", OCSP_ISSUER_TEXT },
	{ "ocsp", "without-signer.ocsp", NULL, "good", OCSP_SIGNER_LOOKUP },
	{ "ocsp-chain", "of-chain.ocsp", NULL, "good", DIFFERENCES_END },
	{ "ocsp", "revoked.ocsp", "ocsp verify failed: revoked cert - keyCompromise", "keyCompromise", DIFFERENCES_END },
	{ "ocsp", "delegate-revoked.ocsp", "ocsp verify failed: revoked cert - keyCompromise", "keyCompromise", DIFFERENCES_END },
	{ "ocsp", "expired.ocsp", "ocsp verify failed: ocsp response not current", NULL, DIFFERENCES_END },
	{ "ocsp", "not-yet.ocsp", "ocsp verify failed: ocsp response not current", NULL, DIFFERENCES_END },
	{ "ocsp", "days-15.ocsp", "ocsp verify failed: ocsp response not current", NULL, DIFFERENCES_END },
	{ "ocsp", "days-15-no-next.ocsp", "ocsp verify failed: ocsp response not current", NULL, DIFFERENCES_END },
	{ "ocsp", "revoked-expired.ocsp", "ocsp verify failed: ocsp response not current", NULL, DIFFERENCES_END },
	{ "ocsp", "stranger.ocsp", "ocsp verify failed", NULL, DIFFERENCES_END },
	{ "ocsp", "forged.ocsp", "ocsp verify failed", NULL, DIFFERENCES_END },
	{ "ocsp", "delegate-expired.ocsp", "ocsp verify failed", NULL, DIFFERENCES_END },
	{ "ocsp", "delegate-other.ocsp", "ocsp verify failed", NULL, DIFFERENCES_END },
	{ "ocsp", "delegate-without-usage.ocsp", "ocsp verify failed", NULL, DIFFERENCES_END },
	{ "ocsp", "own-key.ocsp", "ocsp verify failed", NULL, OCSP_SIGNER_AUTHORITY },
	{ "ocsp-chain", "of-chain-by-root.ocsp", "ocsp verify failed", NULL, DIFFERENCES_END },
	{ "ocsp", "of-server.ocsp", "ocsp verify failed: no result for cert", NULL, DIFFERENCES_END },
	{ "ocsp", "other-issuer.ocsp", "ocsp verify failed: no result for cert", NULL, OCSP_ISSUER_TEXT },
	{ "ocsp", "try-later.ocsp", "cannot load ocsp reply", NULL, DIFFERENCES_END },
	{ "ocsp", "junk.pem", "unable to parse OCSP response*", NULL, DIFFERENCES_END },
};

static int
left(const struct row *r)
{
	return r->unless != DIFFERENCES_END && LACKS(r->unless);
}

static const char *
url_after(const struct row *r)
{
	return strcmp(r->response, "junk.pem") == 0 ? NULL : first_url;
}

TEST(staples)
{
	struct tls_config *cc, *sc;
	const struct row *r;

	for (r = rows; r < rows + sizeof(rows) / sizeof(rows[0]); r++) {
		if (left(r))
			continue;
		cc = client_config();
		sc = server_config(r->keypair);
		staple(sc, r->response);
		stapled(cc, sc, r->text, r->result, url_after(r), r->response);
		tls_config_free(cc);
		tls_config_free(sc);
	}
}

TEST(staple_for_certificate_without_url)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");

	staple(sc, "of-server.ocsp");
	stapled(cc, sc, "no OCSP URLs in peer certificate", NULL, NULL, "server");
	tls_config_free(cc);
	tls_config_free(sc);
}

TEST(staple_required)
{
	struct tls_config *cc = client_config(), *sc = server_config("ocsp");

	tls_config_ocsp_require_stapling(cc);
	stapled(cc, sc, no_staple, NULL, first_url, "none");
	staple(sc, "good.ocsp");
	stapled(cc, sc, NULL, "good", first_url, "good");
	staple(sc, "unknown.ocsp");
	stapled(cc, sc, NULL, "unknown", first_url, "unknown");
	staple(sc, "expired.ocsp");
	stapled(cc, sc, "ocsp verify failed: ocsp response not current", NULL, first_url, "expired");
	staple(sc, "empty.ocsp");
	stapled(cc, sc, no_staple, NULL, first_url, "empty");
	/* Its presence is asked for even by those who don't look at it. */
	tls_config_insecure_noverifycert(cc);
	stapled(cc, sc, no_staple, NULL, first_url, "noverifycert, empty");
	staple(sc, "stranger.ocsp");
	stapled(cc, sc, NULL, NULL, first_url, "noverifycert, stranger");
	tls_config_free(cc);
	tls_config_free(sc);
}

TEST(staple_not_required)
{
	struct tls_config *cc = client_config(), *sc = server_config("ocsp");

	stapled(cc, sc, NULL, NULL, first_url, "none");
	staple(sc, "empty.ocsp");
	stapled(cc, sc, NULL, NULL, first_url, "empty");
	tls_config_free(cc);
	tls_config_free(sc);
}

TEST(must_staple)
{
	struct tls_config *cc = client_config(), *sc = server_config("must-staple");

	staple(sc, "of-must-staple.ocsp");
	stapled(cc, sc, NULL, "good", first_url, "present");
	NEEDS(MUST_STAPLE);
	CONFIG_OK(sc, tls_config_set_ocsp_staple_mem(sc, NULL, 0));
	stapled(cc, sc, no_staple, NULL, first_url, "absent");
	tls_config_insecure_noverifytime(cc);
	stapled(cc, sc, no_staple, NULL, first_url, "noverifytime");
	tls_config_insecure_noverifycert(cc);
	stapled(cc, sc, NULL, NULL, first_url, "noverifycert");
	tls_config_verify(cc);
	stapled(cc, sc, no_staple, NULL, first_url, "verified again");
	tls_config_free(cc);
	tls_config_free(sc);
}

TEST(unverified_staples)
{
	static const char *const responses[] = { "good.ocsp", "revoked.ocsp", "stranger.ocsp", "expired.ocsp", "junk.pem" };
	void (*const off[])(struct tls_config *) = { tls_config_insecure_noverifycert, tls_config_insecure_noverifytime };
	struct tls_config *cc, *sc;
	struct pair *p;
	size_t i, j;

	for (i = 0; i < 2; i++) {
		for (j = 0; j < sizeof(responses) / sizeof(responses[0]); j++) {
			cc = client_config();
			sc = server_config("ocsp");
			off[i](cc);
			staple(sc, responses[j]);
			stapled(cc, sc, NULL, NULL, first_url, responses[j]);
			tls_config_free(cc);
			tls_config_free(sc);
		}
		/* A certificate that names no responder doesn't go with a staple even so. */
		cc = client_config();
		sc = server_config("server");
		off[i](cc);
		staple(sc, "of-server.ocsp");
		stapled(cc, sc, "no OCSP URLs in peer certificate", NULL, NULL, "without URL");
		/* What the program brings is looked at. */
		use_keypair(sc, "ocsp");
		CONFIG_OK(sc, tls_config_set_ocsp_staple_mem(sc, NULL, 0));
		p = pair_wires(cc, sc, "server.test");
		pair_established(p);
		CHECK_INT(process(p->client, "stranger.ocsp"), -1);
		CHECK_LIKE(tls_error(p->client), "ocsp verify failed*");
		no_result(p->client);
		pair_free(p);
		tls_config_free(cc);
		tls_config_free(sc);
	}
	cc = client_config();
	sc = server_config("ocsp");
	tls_config_insecure_noverifycert(cc);
	tls_config_insecure_noverifytime(cc);
	tls_config_verify(cc);
	staple(sc, "revoked.ocsp");
	stapled(cc, sc, "ocsp verify failed: revoked cert - keyCompromise", "keyCompromise", first_url, "verified again");
	tls_config_free(cc);
	tls_config_free(sc);
}

/* How a key pair may come by its staple. */

TEST(staple_forms)
{
	struct tls_config *cc = client_config(), *sc;
	size_t cert_len, key_len, len;
	uint8_t *cert = pki_bytes("ocsp.pem", &cert_len), *key = pki_bytes("ocsp.key", &key_len);
	uint8_t *der = pki_bytes("unknown.ocsp", &len);
	int i;

	tls_config_ocsp_require_stapling(cc);
	for (i = 0; i < 4; i++) {
		sc = server_config("server");
		if (i == 0) {
			use_keypair(sc, "ocsp");
			staple(sc, "unknown.ocsp");
		} else if (i == 1) {
			use_keypair(sc, "ocsp");
			CONFIG_OK(sc, tls_config_set_ocsp_staple_mem(sc, der, len));
			memset(der, 0, len);		/* it was copied */
			tls_unload_file(der, len);
			der = pki_bytes("unknown.ocsp", &len);
		} else if (i == 2) {
			CONFIG_OK(sc, tls_config_set_keypair_ocsp_file(sc, pki("ocsp.pem"), pki("ocsp.key"), pki("unknown.ocsp")));
		} else {
			CONFIG_OK(sc, tls_config_set_keypair_ocsp_mem(sc, cert, cert_len, key, key_len, der, len));
		}
		stapled(cc, sc, NULL, "unknown", first_url, "form");
		/* A staple that isn't given leaves the one there is. */
		CONFIG_OK(sc, tls_config_set_keypair_ocsp_file(sc, pki("ocsp.pem"), pki("ocsp.key"), NULL));
		CONFIG_OK(sc, tls_config_set_keypair_ocsp_mem(sc, cert, cert_len, key, key_len, NULL, 0));
		stapled(cc, sc, NULL, "unknown", first_url, "left");
		CONFIG_OK(sc, tls_config_set_ocsp_staple_mem(sc, NULL, 0));
		stapled(cc, sc, no_staple, NULL, first_url, "cleared");
		tls_config_free(sc);
	}
	tls_unload_file(cert, cert_len);
	tls_unload_file(key, key_len);
	tls_unload_file(der, len);
	tls_config_free(cc);
}

/* The staple that comes with each name. */
static void
staple_of_name(struct tls_config *sc, const char *name, const char *result)
{
	struct tls_config *cc = client_config();
	struct pair *p;

	tls_config_insecure_noverifyname(cc);
	p = pair_wires(cc, sc, name);
	pair_established(p);
	CHECK_STR(tls_peer_ocsp_result(p->client), result);
	CHECK_INT(tls_peer_cert_contains_name(p->client, "b.test"), result == NULL || strcmp(result, "unknown") == 0);
	pair_free(p);
	tls_config_free(cc);
}

TEST(staples_of_added_pairs)
{
	size_t cert_len, key_len, len;
	uint8_t *cert = pki_bytes("ocsp-b.pem", &cert_len), *key = pki_bytes("ocsp-b.key", &key_len);
	uint8_t *der = pki_bytes("of-b.ocsp", &len);
	struct tls_config *sc;
	int i;

	for (i = 0; i < 3; i++) {
		sc = server_config("ocsp");
		staple(sc, "good.ocsp");
		if (i == 0)
			CONFIG_OK(sc, tls_config_add_keypair_ocsp_file(sc, pki("ocsp-b.pem"), pki("ocsp-b.key"), pki("of-b.ocsp")));
		else if (i == 1)
			CONFIG_OK(sc, tls_config_add_keypair_ocsp_mem(sc, cert, cert_len, key, key_len, der, len));
		else	/* the primary pair's staple isn't for others */
			CONFIG_OK(sc, tls_config_add_keypair_ocsp_mem(sc, cert, cert_len, key, key_len, NULL, 0));
		staple_of_name(sc, "server.test", "good");
		staple_of_name(sc, "b.test", i < 2 ? "unknown" : NULL);
		staple_of_name(sc, "elsewhere.test", "good");
		tls_config_free(sc);
	}
	tls_unload_file(cert, cert_len);
	tls_unload_file(key, key_len);
	tls_unload_file(der, len);
}

TEST(staple_file_errors)
{
	struct tls_config *cc = client_config(), *sc = server_config("ocsp");
	char text[600];

	snprintf(text, sizeof(text), "failed to open ocsp file '%s': No such file or directory", pki("missing"));
	staple(sc, "unknown.ocsp");
	CHECK_INT(tls_config_set_ocsp_staple_file(sc, pki("missing")), -1);
	CHECK_STR(tls_config_error(sc), text);
	stapled(cc, sc, NULL, NULL, first_url, "the staple before is gone");

	use_keypair(sc, "server");
	staple(sc, "unknown.ocsp");
	CHECK_INT(tls_config_set_keypair_ocsp_file(sc, pki("ocsp.pem"), pki("ocsp.key"), pki("missing")), -1);
	CHECK_STR(tls_config_error(sc), text);
	stapled(cc, sc, NULL, NULL, first_url, "the pair stays, the staple doesn't");

	/* The first part that fails ends it. */
	staple(sc, "unknown.ocsp");
	CHECK_INT(tls_config_set_keypair_ocsp_file(sc, pki("ocsp.pem"), pki("missing"), pki("good.ocsp")), -1);
	CONFIG_OK(sc, tls_config_set_key_file(sc, pki("ocsp.key")));
	stapled(cc, sc, NULL, "unknown", first_url, "the staple wasn't reached");

	CHECK_INT(tls_config_add_keypair_ocsp_file(sc, pki("ocsp-b.pem"), pki("ocsp-b.key"), pki("missing")), -1);
	CHECK_STR(tls_config_error(sc), text);
	tls_config_free(cc);
	cc = client_config();
	CHECK_INT(tls_config_set_ocsp_staple_file(sc, "/"), -1);
	CHECK_STR(tls_config_error(sc), "failed to read ocsp file '/': Is a directory");
	staple(sc, "good.ocsp");
	staple_of_name(sc, "b.test", "good");		/* nothing was added */
	tls_config_free(cc);
	tls_config_free(sc);
}

TEST(staple_changes_under_a_server)
{
	struct tls_config *cc = client_config(), *sc = server_config("ocsp");
	static const char *const responses[] = { "good.ocsp", "unknown.ocsp", NULL, "good.ocsp" };
	static const char *const results[] = { "good", "unknown", NULL, "good" };
	struct tls *listener = tls_server();
	struct pair *p;
	size_t i;

	REQUIRE_OK(listener, tls_configure(listener, sc));
	for (i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
		CONFIG_OK(sc, tls_config_set_ocsp_staple_mem(sc, NULL, 0));
		staple(sc, responses[i]);
		p = pair_again(listener, cc, "server.test");
		pair_established(p);
		CHECK_STR(tls_peer_ocsp_result(p->client), results[i]);
		pair_keep_listener(p);
		pair_free(p);
	}
	tls_free(listener);
	tls_config_free(cc);
	tls_config_free(sc);
}

/* A resumed session has no staple of its own, and the one it began with isn't told of. */
TEST(resumption_after_staple)
{
	struct tls_config *cc = client_config(), *sc = server_config("ocsp");
	struct tls *listener = tls_server();
	int fd = session_file("stapled"), i;
	struct pair *p;

	NEEDS(SERVER_TICKETS);
	CONFIG_OK(cc, tls_config_set_session_fd(cc, fd));
	CONFIG_OK(sc, tls_config_set_session_lifetime(sc, 100));
	tls_config_ocsp_require_stapling(cc);
	staple(sc, "good.ocsp");
	REQUIRE_OK(listener, tls_configure(listener, sc));
	for (i = 0; i < 3; i++) {
		p = pair_again(listener, cc, "server.test");
		pair_established(p);
		CHECK_INT(tls_conn_session_resumed(p->client), i > 0);
		CHECK_STR(tls_peer_ocsp_url(p->client), first_url);
		if (i > 0)
			no_result(p->client);
		CHECK_INT(process(p->client, "unknown.ocsp"), 0);
		has_result(p->client, "unknown", TLS_OCSP_CERT_UNKNOWN, 0);
		say(p->server, p->client, "ticket");
		pair_close(p);
		pair_keep_listener(p);
		pair_free(p);
	}
	close(fd);
	tls_free(listener);
	tls_config_free(cc);
	tls_config_free(sc);
}

/* TLS 1.2 has the staple in the clear. */
TEST12(staple_is_sent_as_it_is)
{
	struct tls_config *cc = client_config(), *sc = server_config("ocsp");
	struct pair *p;
	size_t len;
	uint8_t *der = pki_bytes("good.ocsp", &len);

	staple(sc, "good.ocsp");
	p = pair_wires(cc, sc, "server.test");
	pair_established(p);
	CHECK(memmem(p->down.data, p->down.len, der, len) != NULL);
	CHECK(memmem(p->up.data, p->up.len, der, len) == NULL);
	pair_free(p);
	tls_unload_file(der, len);
	tls_config_free(cc);
	tls_config_free(sc);
}

/* tls_ocsp_process_response(3) */

TEST(process_response)
{
	const struct row *r;
	struct pair *p;

	for (r = rows; r < rows + sizeof(rows) / sizeof(rows[0]); r++) {
		if (left(r))
			continue;
		p = connected(r->keypair);
		CHECK_STR(tls_peer_ocsp_url(p->client), first_url);
		no_result(p->client);
		if (!CHECK_INT(process(p->client, r->response), r->text == NULL ? 0 : -1))
			check_note("%s", r->response);
		if (r->text != NULL && !CHECK_LIKE(tls_error(p->client), r->text))
			check_note("%s", r->response);
		if (!CHECK_STR(tls_peer_ocsp_result(p->client), r->result))
			check_note("%s", r->response);
		if (r->result == NULL)
			no_result(p->client);
		CHECK_STR(tls_peer_ocsp_url(p->client), url_after(r));
		/* The connection goes on, whatever it said. */
		say(p->client, p->server, "still here");
		pair_free(p);
	}
}

TEST(process_response_times)
{
	struct pair *p = connected("ocsp");
	time_t now = tls_peer_cert_notbefore(p->client) + 48 * HOUR;

	CHECK_INT(process(p->client, "revoked.ocsp"), -1);
	CHECK_INT(tls_peer_ocsp_this_update(p->client), now - HOUR);
	CHECK_INT(tls_peer_ocsp_next_update(p->client), now + 24 * HOUR);
	CHECK_INT(tls_peer_ocsp_revocation_time(p->client), now - 2 * HOUR);
	CHECK_INT(process(p->client, "no-next.ocsp"), 0);
	CHECK_INT(tls_peer_ocsp_this_update(p->client), now - HOUR);
	CHECK_INT(tls_peer_ocsp_next_update(p->client), -1);
	CHECK_INT(tls_peer_ocsp_revocation_time(p->client), -1);
	CHECK_INT(process(p->client, "days-13.ocsp"), 0);
	CHECK(tls_peer_ocsp_this_update(p->client) < now - 12 * 24 * HOUR);
	CHECK(tls_peer_ocsp_this_update(p->client) > now - 14 * 24 * HOUR);
	pair_free(p);
}

TEST(revocation_reasons)
{
	static const struct { const char *response, *result; int reason; } cases[] = {
		{ "reason-none.ocsp", "(UNKNOWN)", -1 },
		{ "revoked.ocsp", "keyCompromise", TLS_CRL_REASON_KEY_COMPROMISE },
		{ "reason-2.ocsp", "cACompromise", TLS_CRL_REASON_CA_COMPROMISE },
		{ "reason-3.ocsp", "affiliationChanged", TLS_CRL_REASON_AFFILIATION_CHANGED },
		{ "reason-4.ocsp", "superseded", TLS_CRL_REASON_SUPERSEDED },
		{ "reason-5.ocsp", "cessationOfOperation", TLS_CRL_REASON_CESSATION_OF_OPERATION },
		{ "reason-6.ocsp", "certificateHold", TLS_CRL_REASON_CERTIFICATE_HOLD },
		{ "reason-7.ocsp", "(UNKNOWN)", 7 },
		{ "reason-8.ocsp", "removeFromCRL", TLS_CRL_REASON_REMOVE_FROM_CRL },
	};
	struct pair *p = connected("ocsp");
	char text[128];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CHECK_INT(process(p->client, cases[i].response), -1);
		snprintf(text, sizeof(text), "ocsp verify failed: revoked cert - %s", cases[i].result);
		CHECK_STR(tls_error(p->client), text);
		has_result(p->client, cases[i].result, TLS_OCSP_CERT_REVOKED, cases[i].reason);
	}
	pair_free(p);
}

TEST(results_replace_each_other)
{
	struct pair *p = connected("ocsp");
	const char *result, *url = tls_peer_ocsp_url(p->client);

	CHECK_INT(process(p->client, "good.ocsp"), 0);
	has_result(p->client, "good", TLS_OCSP_CERT_GOOD, 0);
	result = tls_peer_ocsp_result(p->client);
	CHECK_INT(process(p->client, "revoked.ocsp"), -1);
	has_result(p->client, "keyCompromise", TLS_OCSP_CERT_REVOKED, 1);
	CHECK_STR(result, "good");		/* lasts */
	/* A success leaves the error text, a response that isn't believed the result. */
	CHECK_INT(process(p->client, "unknown.ocsp"), 0);
	CHECK_STR(tls_error(p->client), "ocsp verify failed: revoked cert - keyCompromise");
	has_result(p->client, "unknown", TLS_OCSP_CERT_UNKNOWN, 0);
	CHECK_INT(process(p->client, "stranger.ocsp"), -1);
	CHECK_STR(tls_error(p->client), "ocsp verify failed");
	CHECK_INT(process(p->client, "expired.ocsp"), -1);
	CHECK_INT(process(p->client, "try-later.ocsp"), -1);
	CHECK_STR(tls_error(p->client), "cannot load ocsp reply");
	has_result(p->client, "unknown", TLS_OCSP_CERT_UNKNOWN, 0);
	CHECK_STR(url, first_url);		/* lasts as well */
	CHECK(tls_peer_ocsp_url(p->client) == url);
	pair_close(p);
	has_result(p->client, "unknown", TLS_OCSP_CERT_UNKNOWN, 0);
	CHECK_STR(tls_peer_ocsp_url(p->client), first_url);
	tls_reset(p->client);
	CHECK_STR(tls_peer_ocsp_url(p->client), NULL);
	no_result(p->client);
	pair_free(p);
}

TEST(unparsable_response_ends_it)
{
	struct pair *p = connected("ocsp");

	CHECK_INT(process(p->client, "good.ocsp"), 0);
	CHECK_INT(tls_ocsp_process_response(p->client, (const unsigned char *)"", 0), -1);
	CHECK_LIKE(tls_error(p->client), "unable to parse OCSP response*");
	CHECK_STR(tls_peer_ocsp_url(p->client), NULL);
	no_result(p->client);
	if (!LACKS(OCSP_STATE_LOST)) {
		CHECK_INT(process(p->client, "good.ocsp"), 0);
		has_result(p->client, "good", TLS_OCSP_CERT_GOOD, 0);
	}
	pair_free(p);
}

TEST(truncated_responses)
{
	struct pair *p;
	size_t len, n;
	uint8_t *der = pki_bytes("good.ocsp", &len);

	NEEDS(OCSP_STATE_LOST);
	p = connected("ocsp");
	for (n = 0; n < len; n++) {
		if (!CHECK_INT(tls_ocsp_process_response(p->client, der, n), -1))
			check_note("%zu of %zu bytes", n, len);
		CHECK_STR(tls_error(p->client), "unable to parse OCSP response");
		no_result(p->client);
	}
	CHECK_INT(tls_ocsp_process_response(p->client, der, len), 0);
	tls_unload_file(der, len);
	pair_free(p);
}

/* Misuse. */

TEST(process_response_too_early)
{
	struct tls_config *cc = client_config(), *sc = server_config("ocsp");
	struct pair *p = pair_wires(cc, sc, "server.test");
	struct tls *fresh = tls_client();

	CHECK_INT(process(fresh, "good.ocsp"), -1);
	CHECK_STR(tls_error(fresh), NULL);
	CHECK_INT(process(p->client, "good.ocsp"), -1);
	CHECK_STR(tls_error(p->client), NULL);
	CHECK_INT(tls_handshake(p->client), TLS_WANT_POLLIN);
	CHECK_INT(process(p->client, "good.ocsp"), -1);
	CHECK_STR(tls_error(p->client), NULL);
	CHECK_STR(tls_peer_ocsp_url(p->client), NULL);
	no_result(p->client);
	CHECK_INT(process(p->listener, "good.ocsp"), -1);
	CHECK_STR(tls_error(p->listener), NULL);
	CHECK_STR(tls_peer_ocsp_url(p->listener), NULL);
	no_result(p->listener);
	/* None of that did harm. */
	pair_established(p);
	CHECK_INT(process(p->client, "good.ocsp"), 0);
	tls_free(fresh);
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

TEST(process_response_without_url)
{
	struct pair *p;

	NEEDS(OCSP_NO_STATE);
	p = connected("server");
	CHECK_STR(tls_peer_ocsp_url(p->client), NULL);
	CHECK_INT(process(p->client, "of-server.ocsp"), -1);
	CHECK_STR(tls_error(p->client), "no OCSP URLs in peer certificate");
	no_result(p->client);
	say(p->client, p->server, "still here");
	pair_free(p);
}

TEST(process_response_on_server)
{
	struct tls_config *cc = client_config(), *sc = server_config("ocsp");
	struct pair *p;

	tls_config_verify_client(sc);
	use_keypair(cc, "ocsp-client");
	p = pair_wires(cc, sc, "server.test");
	pair_established(p);
	CHECK_INT(tls_peer_cert_provided(p->server), 1);
	CHECK_STR(tls_peer_ocsp_url(p->server), first_url);
	no_result(p->server);
	if (!LACKS(OCSP_NO_STATE)) {
		CHECK_INT(process(p->server, "of-client.ocsp"), -1);
		CHECK_STR(tls_error(p->server), NULL);
		no_result(p->server);
	}
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

TEST(ocsp_null_arguments)
{
	struct tls_config *config = tls_config_new();
	struct pair *p;

	NEEDS(NULL_ARGUMENTS);
	CHECK_INT(tls_config_set_ocsp_staple_file(config, NULL), -1);
	CHECK_INT(tls_config_set_keypair_ocsp_file(config, pki("ocsp.pem"), NULL, pki("good.ocsp")), -1);
	CHECK_INT(tls_config_add_keypair_ocsp_file(config, NULL, pki("ocsp.key"), pki("good.ocsp")), -1);
	tls_config_ocsp_require_stapling(NULL);
	CHECK_INT(tls_ocsp_process_response(NULL, (const unsigned char *)"", 0), -1);
	CHECK_STR(tls_peer_ocsp_url(NULL), NULL);
	no_result(NULL);
	p = connected("ocsp");
	CHECK_INT(tls_ocsp_process_response(p->client, NULL, 0), -1);
	CHECK_STR(tls_error(p->client), "unable to parse OCSP response");
	pair_free(p);
	tls_config_free(config);
}
