/* Calls that no program should make: each fails, and spoils nothing for later. */
#include "harness.h"

#include <limits.h>

/* Lengths. Nothing is read of memory that is too long, so it may be anywhere. */

static const uint8_t some[1];

static int
ca(struct tls_config *config, size_t len)
{
	return tls_config_set_ca_mem(config, some, len);
}

static int
crl(struct tls_config *config, size_t len)
{
	return tls_config_set_crl_mem(config, some, len);
}

static int
certificate(struct tls_config *config, size_t len)
{
	return tls_config_set_cert_mem(config, some, len);
}

static int
key(struct tls_config *config, size_t len)
{
	return tls_config_set_key_mem(config, some, len);
}

static int
staple(struct tls_config *config, size_t len)
{
	return tls_config_set_ocsp_staple_mem(config, some, len);
}

/* Other parts of a key pair that are good, but for the one that is too long. */

static int
pair(struct tls_config *config, size_t len)
{
	size_t cert_len;
	uint8_t *cert = pki_bytes("p384.pem", &cert_len);
	int rv = tls_config_set_keypair_mem(config, cert, cert_len, some, len);

	tls_unload_file(cert, cert_len);
	return rv;
}

static int
pair_with_staple(struct tls_config *config, size_t len)
{
	size_t cert_len, key_len;
	uint8_t *cert = pki_bytes("p384.pem", &cert_len), *k = pki_bytes("p384.key", &key_len);
	int rv = tls_config_set_keypair_ocsp_mem(config, cert, cert_len, k, key_len, some, len);

	tls_unload_file(cert, cert_len);
	tls_unload_file(k, key_len);
	return rv;
}

static int
added(struct tls_config *config, size_t len)
{
	return tls_config_add_keypair_mem(config, some, len, NULL, 0);
}

static int
added_with_staple(struct tls_config *config, size_t len)
{
	size_t cert_len, key_len;
	uint8_t *cert = pki_bytes("p384.pem", &cert_len), *k = pki_bytes("p384.key", &key_len);
	int rv = tls_config_add_keypair_ocsp_mem(config, cert, cert_len, k, key_len, some, len);

	tls_unload_file(cert, cert_len);
	tls_unload_file(k, key_len);
	return rv;
}

static int
session_id(struct tls_config *config, size_t len)
{
	return tls_config_set_session_id(config, some, len);
}

static int
ticket_key(struct tls_config *config, size_t len)
{
	return tls_config_add_ticket_key(config, 1, (unsigned char *)some, len);
}

static const struct {
	int (*set)(struct tls_config *, size_t);
	const char *text;
	enum difference lacking;
} too_long[] = {
	{ ca, "ca too long", LENGTHS },
	{ crl, "crl too long", LENGTHS },
	{ certificate, "certificate too long", LENGTHS },
	{ key, "key too long", LENGTHS },
	{ staple, "ocsp staple too long", LENGTHS },
	{ pair, "key too long", LENGTHS },
	{ pair_with_staple, "ocsp staple too long", LENGTHS },
	{ added, "certificate too long", LENGTHS },
	{ added_with_staple, "ocsp staple too long", LENGTHS },
	{ session_id, "session ID too large", DIFFERENCES_END },
	{ ticket_key, "wrong amount of ticket key data", DIFFERENCES_END },
};

TEST(lengths_that_no_memory_has)
{
	static const size_t lengths[] = {
		(size_t)INT_MAX + 1,
		SIZE_MAX,
#if SIZE_MAX > UINT_MAX
		(size_t)UINT_MAX + 49,
		SIZE_MAX / 2,
#endif
	};
	struct tls_config *cc = client_config(), *sc = server_config("server");
	size_t i, j;

	for (i = 0; i < sizeof(too_long) / sizeof(too_long[0]); i++) {
		if (too_long[i].lacking != DIFFERENCES_END && LACKS(too_long[i].lacking))
			continue;
		for (j = 0; j < sizeof(lengths) / sizeof(lengths[0]); j++) {
			CHECK_INT(too_long[i].set(sc, lengths[j]), -1);
			CHECK_STR(tls_config_error(sc), too_long[i].text);
			CHECK_INT(too_long[i].set(cc, lengths[j]), -1);
			CHECK_STR(tls_config_error(cc), too_long[i].text);
		}
	}
	/* What was set before still is. */
	whole_connection(cc, sc);
	tls_config_free(cc);
	tls_config_free(sc);
}

TEST(ocsp_response_that_no_memory_has)
{
	struct tls_config *cc = client_config(), *sc = server_config("ocsp");
	struct pair *p = pair_sockets(cc, sc, "server.test");

	NEEDS(LENGTHS);
	pair_established(p);
	CHECK_INT(tls_ocsp_process_response(p->client, some, (size_t)INT_MAX + 1), -1);
	CHECK_STR(tls_error(p->client), "OCSP response too long");
	CHECK_INT(tls_ocsp_process_response(p->client, some, SIZE_MAX), -1);
	CHECK_STR(tls_error(p->client), "OCSP response too long");
	CHECK(tls_peer_ocsp_url(p->client) != NULL);
	say(p->client, p->server, "on");
	pair_close(p);
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

/* NULL in the place of a result. */

TEST(no_place_for_a_result)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct tls *listener = tls_server();
	uint32_t protocols = 0;

	NEEDS(NULL_ARGUMENTS);
	REQUIRE_OK(listener, tls_configure(listener, sc));
	CHECK_INT(tls_accept_socket(listener, NULL, 0), -1);
	CHECK_STR(tls_error(listener), "no pointer for the connection context");
	CHECK_INT(tls_accept_fds(listener, NULL, 0, 1), -1);
	CHECK_INT(tls_accept_cbs(listener, NULL, end_read, end_write, NULL), -1);
	CHECK_STR(tls_error(listener), "no pointer for the connection context");
	CHECK_INT(tls_accept_fds(NULL, NULL, 0, 1), -1);
	errno = 0;
	CHECK(tls_load_file(pki("server.pem"), NULL, NULL) == NULL);
	CHECK_INT(errno, EFAULT);
	CHECK_INT(tls_config_parse_protocols(NULL, "all"), -1);
	CHECK_INT(tls_config_parse_protocols(&protocols, "all"), 0);
	whole_connection(cc, sc);
	tls_free(listener);
	tls_config_free(cc);
	tls_config_free(sc);
}

/* Calls on a context from within its own callbacks. */

static const char in_use[] = "context is in use by another call";
static const char released[] = "context was released by its own callback";

/* A callback's context, and what it does to it each time before it does its work. */
struct meddler {
	struct end *end;
	void (*meddle)(struct tls *, struct meddler *);
	unsigned done;
	struct tls *listener;		/* freed by one of them */
	struct tls_config *config;
};

static ssize_t
meddling_read(struct tls *ctx, void *buf, size_t len, void *arg)
{
	struct meddler *m = arg;

	m->done++;
	m->meddle(ctx, m);
	return end_read(ctx, buf, len, m->end);
}

static ssize_t
meddling_write(struct tls *ctx, const void *buf, size_t len, void *arg)
{
	struct meddler *m = arg;

	m->done++;
	m->meddle(ctx, m);
	return end_write(ctx, buf, len, m->end);
}

static void
refused(struct tls *ctx, long long rv, const char *what)
{
	if (!CHECK_INT(rv, -1) || !CHECK_STR(tls_error(ctx), in_use))
		check_note("%s", what);
}

static void
use_it(struct tls *ctx, struct meddler *m)
{
	char buf[64];

	(void)m;
	refused(ctx, tls_handshake(ctx), "tls_handshake");
	refused(ctx, tls_read(ctx, buf, sizeof(buf)), "tls_read");
	refused(ctx, tls_write(ctx, "x", 1), "tls_write");
	refused(ctx, tls_close(ctx), "tls_close");
	refused(ctx, tls_configure(ctx, NULL), "tls_configure");
	refused(ctx, tls_ocsp_process_response(ctx, some, 1), "tls_ocsp_process_response");
}

static void
connect_it(struct tls *ctx, struct meddler *m)
{
	refused(ctx, tls_connect_cbs(ctx, meddling_read, meddling_write, m, "server.test"), "tls_connect_cbs");
	refused(ctx, tls_connect_fds(ctx, 0, 0, "server.test"), "tls_connect_fds");
	refused(ctx, tls_connect_socket(ctx, 0, "server.test"), "tls_connect_socket");
	refused(ctx, tls_connect(ctx, "127.0.0.1", "1"), "tls_connect");
	refused(ctx, tls_connect_servername(ctx, "127.0.0.1", "1", "server.test"), "tls_connect_servername");
}

static void
free_it(struct tls *ctx, struct meddler *m)
{
	(void)m;
	tls_free(ctx);
}

static void
reset_it(struct tls *ctx, struct meddler *m)
{
	(void)m;
	tls_reset(ctx);
}

/* What may be done: to look at it, and to free what it was made from. */
static void
look_at_it(struct tls *ctx, struct meddler *m)
{
	int known = tls_conn_version(ctx) != NULL;
	size_t len;

	CHECK_STR(tls_conn_version(ctx), known ? version() : NULL);
	CHECK_INT(tls_conn_cipher(ctx) != NULL, known);
	CHECK_INT(tls_peer_cert_chain_pem(ctx, &len) != NULL, known && tls_peer_cert_provided(ctx));
	CHECK_INT(tls_conn_session_resumed(ctx), 0);
	CHECK_STR(tls_error(ctx), NULL);
	tls_free(m->listener);
	m->listener = NULL;
	tls_config_free(m->config);
	m->config = NULL;
	fresh_connection();
}

/* A pair one of whose ends meddles. */
static struct pair *
meddled(struct meddler *m, int client, void (*meddle)(struct tls *, struct meddler *))
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct pair *p = pair_wires(cc, sc, "server.test");

	memset(m, 0, sizeof(*m));
	m->meddle = meddle;
	if (client) {
		m->end = &p->client_end;
		REQUIRE_OK(p->client, tls_connect_cbs(p->client, meddling_read, meddling_write, m, "server.test"));
	} else {
		m->end = &p->server_end;
		tls_free(p->server);
		REQUIRE_OK(p->listener, tls_accept_cbs(p->listener, &p->server, meddling_read, meddling_write, m));
	}
	tls_config_free(client ? sc : cc);
	m->config = client ? cc : sc;
	return p;
}

TEST(use_from_within_a_callback)
{
	static const struct {
		void (*meddle)(struct tls *, struct meddler *);
		int client;
	} cases[] = { { use_it, 1 }, { use_it, 0 }, { connect_it, 1 }, { look_at_it, 1 }, { look_at_it, 0 } };
	struct meddler m;
	struct pair *p;
	size_t i;

	NEEDS(CALLS_WITHIN_CALLBACKS);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		p = meddled(&m, cases[i].client, cases[i].meddle);
		if (cases[i].meddle == look_at_it) {
			m.listener = p->listener;
			pair_keep_listener(p);
		}
		pair_established(p);
		CHECK_STR(tls_error(cases[i].client ? p->client : p->server), NULL);
		transfer(p->client, p->server, 50000, 5000);
		transfer(p->server, p->client, 50000, 5000);
		pair_close(p);
		CHECK(m.done > 10);
		tls_config_free(m.config);
		pair_free(p);
	}
}

/* A context doesn't go while a call on it is under way; that call fails, and calls no callback any more. */
TEST(release_from_within_a_callback)
{
	static const struct {
		void (*meddle)(struct tls *, struct meddler *);
		int client;
	} cases[] = { { free_it, 1 }, { free_it, 0 }, { reset_it, 1 }, { reset_it, 0 } };
	struct meddler m;
	struct pair *p;
	struct tls *ctx, *peer;
	char buf[64];
	size_t i, established;

	NEEDS(CALLS_WITHIN_CALLBACKS);
	for (i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		established = i % 2;
		p = meddled(&m, cases[i / 2].client, look_at_it);
		ctx = cases[i / 2].client ? p->client : p->server;
		peer = cases[i / 2].client ? p->server : p->client;
		if (established) {
			pair_established(p);
			REQUIRE(tls_write(peer, "data", 4) == 4);
		} else {
			tls_handshake(peer);
		}
		m.meddle = cases[i / 2].meddle;
		m.done = 0;
		CHECK_INT(established ? tls_read(ctx, buf, sizeof(buf)) : tls_handshake(ctx), -1);
		CHECK_STR(tls_error(ctx), released);
		CHECK_INT(tls_read(ctx, buf, sizeof(buf)), -1);
		CHECK_INT(tls_write(ctx, "x", 1), -1);
		CHECK_INT(tls_close(ctx), -1);
		CHECK_STR(tls_error(ctx), released);
		CHECK_INT(m.done, 1);
		tls_reset(ctx);
		CHECK_STR(tls_error(ctx), NULL);
		tls_config_free(m.config);
		pair_free(p);
	}
	fresh_connection();
}

static void
read_it(struct tls *ctx, struct meddler *m)
{
	char buf[64];

	(void)m;
	CHECK_INT(tls_read(ctx, buf, sizeof(buf)), -1);
}

/* What a call fails of is told, not what its callback did meanwhile. */
TEST(error_outlives_a_callback)
{
	struct meddler m;
	struct pair *p;

	NEEDS(CALLS_WITHIN_CALLBACKS);
	p = meddled(&m, 1, look_at_it);
	REQUIRE_OK(p->client, tls_connect_cbs(p->client, meddling_read, meddling_write, &m, "other.test"));
	m.meddle = read_it;
	while (tls_handshake(p->client) == TLS_WANT_POLLIN)
		tls_handshake(p->server);
	CHECK_STR(tls_error(p->client), "name `other.test' not present in server certificate");
	tls_config_free(m.config);
	pair_free(p);
}

TEST(no_buffer)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct pair *p = pair_sockets(cc, sc, "server.test");

	NEEDS(NULL_ARGUMENTS);
	pair_established(p);
	CHECK_INT(tls_write(p->client, NULL, 5), -1);
	CHECK_STR(tls_error(p->client), "no buffer");
	say(p->client, p->server, "text");
	REQUIRE(tls_write(p->client, "more", 4) == 4);
	CHECK_INT(tls_read(p->server, NULL, 5), -1);
	CHECK_STR(tls_error(p->server), "no buffer");
	transfer(p->server, p->client, 5, 5);
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

/* Texts of a listener, which threads share. */

TEST(error_of_a_listener_stays)
{
	struct tls *listener = tls_server(), *conn;
	const char *first, *second;
	char copy[64];
	int i;

	NEEDS(LISTENER_ERRORS);
	CHECK_INT(tls_accept_socket(listener, &conn, 0), -1);
	REQUIRE((first = tls_error(listener)) != NULL);
	snprintf(copy, sizeof(copy), "%s", first);
	CHECK_INT(tls_handshake(listener), -1);
	REQUIRE((second = tls_error(listener)) != NULL);
	CHECK(strcmp(copy, second) != 0);
	CHECK_STR(first, copy);
	/* Other threads may still look at the first, however often there are errors. */
	for (i = 0; i < 1000; i++) {
		CHECK_INT(tls_accept_socket(listener, &conn, 0), -1);
		CHECK(tls_error(listener) == first);
		CHECK_STR(first, copy);
		CHECK_INT(tls_handshake(listener), -1);
		CHECK(tls_error(listener) == second);
	}
	tls_reset(listener);
	CHECK_STR(tls_error(listener), NULL);
	tls_free(listener);
}

/* The same from a callback that signs. */
#ifndef TEST_LIBRETLS
struct signing {
	struct tls_signer *signer;
	struct tls *ctx;
	struct meddler meddler;
};

static int
meddling_sign(void *arg, const char *hash, const uint8_t *input, size_t input_len, int padding, uint8_t **sig,
    size_t *sig_len)
{
	struct signing *s = arg;

	s->meddler.done++;
	s->meddler.meddle(s->ctx, &s->meddler);
	return tls_signer_sign(s->signer, hash, input, input_len, padding, sig, sig_len);
}

TEST(calls_from_within_a_sign_callback)
{
	static void (*const meddles[])(struct tls *, struct meddler *) = { use_it, look_at_it, free_it, reset_it };
	struct tls_config *cc = client_config();
	struct pair *p;
	size_t i;

	for (i = 0; i < sizeof(meddles) / sizeof(meddles[0]); i++) {
		struct signing s = { .signer = tls_signer_new() };
		struct tls_config *sc = server_config("server");

		REQUIRE(tls_signer_add_keypair_file(s.signer, pki("server.pem"), pki("server.key")) == 0);
		tls_config_set_sign_cb(sc, meddling_sign, &s);
		p = pair_wires(cc, sc, "server.test");
		s.ctx = p->server;
		s.meddler.meddle = meddles[i];
		s.meddler.config = sc;
		if (meddles[i] == look_at_it) {
			s.meddler.listener = p->listener;
			pair_keep_listener(p);
		}
		if (meddles[i] == use_it || meddles[i] == look_at_it) {
			pair_established(p);
			pair_close(p);
		} else {
			CHECK_INT(pair_handshake(p), -1);
			CHECK_INT(p->server_rc, -1);
			CHECK_STR(tls_error(p->server), released);
			CHECK_INT(tls_handshake(p->server), -1);
		}
		CHECK_INT(s.meddler.done, 1);
		pair_free(p);
		tls_config_free(s.meddler.config);
		tls_signer_free(s.signer);
	}
	tls_config_free(cc);
}
#endif
