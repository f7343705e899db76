/* tls_config_set_protocols(3): protocols, ALPN, cipher suites, groups. */
#include "harness.h"

static int
names_old(const char *list)
{
	return list != NULL && (strstr(list, "tlsv1.0") != NULL || strstr(list, "tlsv1.1") != NULL);
}

TEST(parse_protocols)
{
	/* LibreTLS 3.8 takes TLS 1.0 and 1.1 for TLS 1.2. */
	const int no_bits = TLS_PROTOCOL_TLSv1_0 == TLS_PROTOCOL_TLSv1_2;
	static const struct {
		const char *text;
		int64_t value, with_bits;	/* where TLS 1.0 and 1.1 have bits that count */
	} cases[] = {
		{ NULL, 0x18, 0x18 },
		{ "", -1, -1 },
		{ "all", 0x18, 0x1e },
		{ "ALL", 0x18, 0x1e },
		{ "default", 0x18, 0x18 },
		{ "secure", 0x18, 0x18 },
		{ "legacy", 0x18, 0x1e },
		{ "tlsv1", 0x18, 0x1e },
		{ "TLSv1.2", 0x08, 0x08 },
		{ " tlsv1.2", 0x08, 0x08 },
		{ "\ttlsv1.3", 0x10, 0x10 },
		{ "tlsv1.2 ", -1, -1 },
		{ "tlsv1.2 ,tlsv1.3", -1, -1 },
		{ "tlsv1.2,, tlsv1.3", -1, -1 },
		{ "tlsv1.2,", -1, -1 },
		{ "tlsv1.2, tlsv1.3", 0x18, 0x18 },
		{ "tlsv1.2:tlsv1.3", 0x18, 0x18 },
		{ "!tlsv1.2", 0x10, 0x16 },
		{ "! tlsv1.2", -1, -1 },
		{ "all:!tlsv1.3", 0x08, 0x0e },
		{ "!all", 0x00, 0x00 },
		{ "!all,tlsv1.2", 0x08, 0x08 },
		{ "!tlsv1.2,!tlsv1.3,!tlsv1.0,!tlsv1.1,!tlsv1.0", 0x18, 0x1c },
		{ "tlsv1.2,!tlsv1.2", 0x00, 0x00 },
		{ "tlsv1.2,!tlsv1.2,!tlsv1.3", 0x08, 0x0e },
		{ "tlsv1.0", 0x02, 0x02 },
		{ "tlsv1.1", 0x04, 0x04 },
		{ "sslv3", -1, -1 },
		{ "!!tlsv1.2", -1, -1 },
		{ "tlsv1.2;tlsv1.3", -1, -1 },
		{ "tlsv1.2 tlsv1.3", -1, -1 },
		{ "!sslv3", -1, -1 },
	};
	int64_t want;
	uint32_t got;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		want = LACKS(NO_PROTOCOL) && !no_bits ? cases[i].with_bits : cases[i].value;
		if (no_bits && names_old(cases[i].text))
			continue;
		got = 0xdead;
		if (!CHECK_INT(tls_config_parse_protocols(&got, cases[i].text), want == -1 ? -1 : 0) ||
		    !CHECK_INT(got, want == -1 ? 0xdead : want))
			check_note("\"%s\"", cases[i].text ? cases[i].text : "(null)");
	}
}

TEST(set_protocols_takes_anything)
{
	struct tls_config *config = tls_config_new();

	CHECK_INT(tls_config_set_protocols(config, 0), 0);
	CHECK_INT(tls_config_set_protocols(config, 0xffffffff), 0);
	CHECK_STR(tls_config_error(config), NULL);
	tls_config_free(config);
}

TEST(no_protocol_enabled)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct pair *p;

	CONFIG_OK(cc, tls_config_set_protocols(cc, 0));
	p = pair_wires(cc, sc, "server.test");
	CHECK_INT(tls_handshake(p->client), -1);
	CHECK_LIKE(tls_error(p->client), "handshake failed: *no protocols available*");
	/* Not a hello; an alert may be. */
	CHECK(p->up.len <= 7);
	pair_free(p);
	/* A server that has none needn't wait for a hello. */
	CONFIG_OK(sc, tls_config_set_protocols(sc, 0));
	p = pair_wires(cc, sc, "server.test");
	CHECK_INT(tls_handshake(p->server), -1);
	CHECK_LIKE(tls_error(p->server), "handshake failed: *no protocols available*");
	CHECK(p->down.len <= 7);
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

TEST(set_alpn_errors)
{
	static char longest[66000], element[300];
	struct tls_config *config = tls_config_new();
	size_t i;

	memset(longest, 'a', sizeof(longest) - 1);
	for (i = 200; i < sizeof(longest) - 1; i += 200)
		longest[i] = ',';
	CHECK_INT(tls_config_set_alpn(config, longest), -1);
	CHECK_STR(tls_config_error(config), "alpn too large");
	CHECK_INT(tls_config_set_alpn(config, ""), -1);
	CHECK_STR(tls_config_error(config), "alpn protocol with zero length");
	CHECK_INT(tls_config_set_alpn(config, ",h2"), -1);
	CHECK_INT(tls_config_set_alpn(config, "h2,"), -1);
	CHECK_INT(tls_config_set_alpn(config, "h2,,http/1.1"), -1);
	CHECK_STR(tls_config_error(config), "alpn protocol with zero length");
	memset(element, 'b', 256);
	CHECK_INT(tls_config_set_alpn(config, element), -1);
	CHECK_STR(tls_config_error(config), "alpn protocol too long");
	element[255] = '\0';
	CHECK_INT(tls_config_set_alpn(config, element), 0);
	CHECK_INT(tls_config_set_alpn(config, "h2,http/1.1"), 0);
	tls_config_free(config);
}

/* What a client and a server with these lists agree on; "-" sets no list. */
static void
alpn(const char *client, const char *server, const char *selected)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct pair *p;

	if (strcmp(client, "-") != 0)
		CONFIG_OK(cc, tls_config_set_alpn(cc, client));
	if (strcmp(server, "-") != 0)
		CONFIG_OK(sc, tls_config_set_alpn(sc, server));
	p = pair_sockets(cc, sc, "server.test");
	CHECK_STR(tls_conn_alpn_selected(p->client), NULL);
	pair_established(p);
	CHECK_STR(tls_conn_alpn_selected(p->client), selected);
	CHECK_STR(tls_conn_alpn_selected(p->server), selected);
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

TEST(alpn_selection)
{
	alpn("http/2,http/1.1", "http/1.1", "http/1.1");
	alpn("http/1.1,http/2", "http/2,http/1.1", "http/2");
	alpn(" h2", " h2", " h2");
	alpn("h2", "-", NULL);
	alpn("-", "h2", NULL);
	alpn("-", "-", NULL);
}

TEST(alpn_failed_setter_switches_off)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct pair *p;

	CONFIG_OK(cc, tls_config_set_alpn(cc, "h2"));
	CHECK_INT(tls_config_set_alpn(cc, ""), -1);
	CONFIG_OK(sc, tls_config_set_alpn(sc, "h2"));
	p = pair_sockets(cc, sc, "server.test");
	pair_established(p);
	CHECK_STR(tls_conn_alpn_selected(p->server), NULL);
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

TEST(alpn_without_overlap)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct pair *p;

	NEEDS(ALPN_MISMATCH);
	CONFIG_OK(cc, tls_config_set_alpn(cc, "h2"));
	CONFIG_OK(sc, tls_config_set_alpn(sc, "http/1.1"));
	p = pair_sockets(cc, sc, "server.test");
	CHECK_INT(pair_handshake(p), -1);
	CHECK_LIKE(tls_error(p->client), "handshake failed: *tlsv1 alert no application protocol*");
	CHECK_LIKE(tls_error(p->server), "handshake failed: *no application protocol*");
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

TEST(set_ciphers_keywords)
{
	static const char *const words[] = { NULL, "default", "DEFAULT", "secure", "compat", "legacy", "all", "insecure",
	    "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256,bogus", "HIGH:!aNULL" };
	struct tls_config *config = tls_config_new();
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!CHECK_INT(tls_config_set_ciphers(config, words[i]), 0))
			check_note("\"%s\": %s", words[i] ? words[i] : "(null)", tls_config_error(config));
	CHECK_INT(tls_config_set_ciphers(config, ""), -1);
	CHECK_STR(tls_config_error(config), "no ciphers for ''");
	CHECK_INT(tls_config_set_ciphers(config, "bogus"), -1);
	CHECK_STR(tls_config_error(config), "no ciphers for 'bogus'");
	tls_config_free(config);
}

/* The suite that a server which prefers its own order, or the client's, chooses. */
static void
choose(const char *client, const char *server, int clients_order, const char *suite, int strength)
{
	struct tls_config *cc = client_config();
	struct tls_config *sc = server_config(strstr(suite, "-RSA-") != NULL ? "rsa" : "server");
	struct pair *p;

	CONFIG_OK(cc, tls_config_set_ciphers(cc, client));
	CONFIG_OK(sc, tls_config_set_ciphers(sc, server));
	if (clients_order)
		tls_config_prefer_ciphers_client(sc);
	else
		tls_config_prefer_ciphers_server(sc);
	p = pair_sockets(cc, sc, "server.test");
	pair_established(p);
	CHECK_STR(tls_conn_cipher(p->client), suite);
	CHECK_STR(tls_conn_cipher(p->server), suite);
	CHECK_INT(tls_conn_cipher_strength(p->client), strength);
	CHECK_INT(tls_conn_cipher_strength(p->server), strength);
	transfer(p->client, p->server, 40000, 9000);
	transfer(p->server, p->client, 40000, 9000);
	pair_close(p);
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

TEST(suites)
{
	char one[128], other[128];

	NEEDS(TLS13_CIPHERS);
	choose(aes128(), "default", 0, aes128(), 128);
	choose(aes256(), "default", 0, aes256(), 256);
	choose(chacha20(), "default", 0, chacha20(), 256);
	choose("default", aes128(), 0, aes128(), 128);
	snprintf(one, sizeof(one), "%s+CHACHA20", version());
	choose(one, version(), 0, chacha20(), 256);
	snprintf(one, sizeof(one), "%s:%s", aes128(), chacha20());
	snprintf(other, sizeof(other), "%s:%s", chacha20(), aes128());
	choose(one, other, 0, chacha20(), 256);
	choose(one, other, 1, aes128(), 128);
}

TEST12(suites_of_tls12)
{
	static const struct { const char *name; int strength; } suites[] = {
		{ "ECDHE-RSA-AES128-GCM-SHA256", 128 }, { "ECDHE-RSA-AES256-GCM-SHA384", 256 },
		{ "ECDHE-RSA-CHACHA20-POLY1305", 256 },
		{ "ECDHE-ECDSA-AES128-SHA", 128 }, { "ECDHE-ECDSA-AES256-SHA", 256 },
		{ "ECDHE-ECDSA-AES128-SHA256", 128 }, { "ECDHE-ECDSA-AES256-SHA384", 256 },
		{ "ECDHE-RSA-AES128-SHA", 128 }, { "ECDHE-RSA-AES256-SHA", 256 },
		{ "ECDHE-RSA-AES128-SHA256", 128 }, { "ECDHE-RSA-AES256-SHA384", 256 },
	};
	size_t i;

	for (i = 0; i < sizeof(suites) / sizeof(suites[0]); i++)
		choose(suites[i].name, "compat", 0, suites[i].name, suites[i].strength);
	/* Each kind of certificate has its own. */
	choose("default", "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384", 0, "ECDHE-RSA-AES256-GCM-SHA384", 256);
	choose("default", "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256", 0, "ECDHE-ECDSA-AES128-GCM-SHA256", 128);
}

/* The client and the server have no suite in common. */
static void
disagree(const char *client, const char *server)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct pair *p;

	CONFIG_OK(cc, tls_config_set_ciphers(cc, client));
	CONFIG_OK(sc, tls_config_set_ciphers(sc, server));
	p = pair_sockets(cc, sc, "server.test");
	CHECK_INT(pair_handshake(p), -1);
	CHECK_LIKE(tls_error(p->server), "handshake failed: *no shared cipher*");
	CHECK_LIKE(tls_error(p->client), "handshake failed: *ssl* alert handshake failure*");
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

TEST(no_shared_cipher)
{
	NEEDS(TLS13_CIPHERS);
	disagree(aes128(), aes256());
	if (tls12())	/* that of another kind of certificate */
		disagree("ECDHE-RSA-AES128-GCM-SHA256", "default");
}

TEST12(suites_that_have_to_be_asked_for)
{
	NEEDS(CIPHER_KEYWORDS);
	disagree("ECDHE-ECDSA-AES128-SHA", "default");
	disagree("default", "ECDHE-ECDSA-AES128-SHA");
}

TEST13(tls12_names_leave_tls13_alone)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct pair *p;

	CONFIG_OK(cc, tls_config_set_ciphers(cc, "ECDHE-ECDSA-AES128-GCM-SHA256"));
	p = pair_sockets(cc, sc, "server.test");
	pair_established(p);
	CHECK_STR(tls_conn_version(p->client), "TLSv1.3");
	CHECK_LIKE(tls_conn_cipher(p->client), "TLS_*");
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

/* But who names what only TLS 1.3 has leaves nothing for TLS 1.2, and says nothing. */
TEST12(tls13_names_alone)
{
	struct tls_config *cc, *sc;
	struct pair *p;
	int i;

	NEEDS(TLS13_NAMES);
	for (i = 0; i < 2; i++) {
		cc = client_config();
		sc = server_config("server");
		if (i == 0)
			CONFIG_OK(cc, tls_config_set_ciphers(cc, "TLS_AES_128_GCM_SHA256"));
		else
			CONFIG_OK(cc, tls_config_set_ecdhecurves(cc, "X25519MLKEM768"));
		p = pair_wires(cc, sc, "server.test");
		CHECK_INT(tls_handshake(p->client), -1);
		CHECK_STR(tls_error(p->client), "handshake failed: no protocols available");
		CHECK_INT(p->up.len, 0);
		pair_free(p);
		tls_config_free(cc);
		tls_config_free(sc);
	}
}

TEST(set_dheparams)
{
	struct tls_config *config = tls_config_new();

	CHECK_INT(tls_config_set_dheparams(config, NULL), 0);
	CHECK_INT(tls_config_set_dheparams(config, "none"), 0);
	CHECK_INT(tls_config_set_dheparams(config, "AUTO"), 0);
	CHECK_INT(tls_config_set_dheparams(config, "legacy"), 0);
	CHECK_INT(tls_config_set_dheparams(config, "2048"), -1);
	CHECK_STR(tls_config_error(config), "invalid dhe param '2048'");
	tls_config_free(config);
}

TEST(set_ecdhecurves_words)
{
	static const char *const good[] = { NULL, "default", "DEFAULT", "X25519", "P-256", "P-384", "P-521", "prime256v1",
	    "secp384r1", "secp521r1", "X25519,P-256:P-384", " X25519,\tP-256", "P-256,P-256" };
	static const struct { const char *list, *text; } bad[] = {
		{ "secp256r1", "invalid ecdhe curve 'secp256r1'" },
		{ "p-256", "invalid ecdhe curve 'p-256'" },
		{ "x25519", "invalid ecdhe curve 'x25519'" },
		{ "auto", "invalid ecdhe curve 'auto'" },
		{ "none", "invalid ecdhe curve 'none'" },
		{ "", "invalid ecdhe curve ''" },
		{ "X25519,", "invalid ecdhe curve ''" },
		{ "X25519, P-256 ", "invalid ecdhe curve 'P-256 '" },
	};
	struct tls_config *config = tls_config_new();
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (!CHECK_INT(tls_config_set_ecdhecurves(config, good[i]), 0))
			check_note("\"%s\": %s", good[i] ? good[i] : "(null)", tls_config_error(config));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (!CHECK_INT(tls_config_set_ecdhecurves(config, bad[i].list), -1))
			check_note("\"%s\"", bad[i].list);
		CHECK_STR(tls_config_error(config), bad[i].text);
	}
	if (!LACKS(HYBRID_GROUP))
		CHECK_INT(tls_config_set_ecdhecurves(config, "X25519MLKEM768"), 0);
	tls_config_free(config);
}

TEST(set_ecdhecurve_words)
{
	struct tls_config *config = tls_config_new();

	CHECK_INT(tls_config_set_ecdhecurve(config, NULL), 0);
	CHECK_INT(tls_config_set_ecdhecurve(config, "none"), 0);
	CHECK_INT(tls_config_set_ecdhecurve(config, "Auto"), 0);
	CHECK_INT(tls_config_set_ecdhecurve(config, "default"), 0);
	CHECK_INT(tls_config_set_ecdhecurve(config, "P-384"), 0);
	CHECK_INT(tls_config_set_ecdhecurve(config, "P-384,P-256"), -1);
	CHECK_STR(tls_config_error(config), "invalid ecdhe curve 'P-384,P-256'");
	CHECK_INT(tls_config_set_ecdhecurve(config, "bogus"), -1);
	CHECK_STR(tls_config_error(config), "invalid ecdhe curve 'bogus'");
	tls_config_free(config);
}

/* The group that a ServerHello in w selected (RFC 8446, 4.2.8), or a ServerKeyExchange (RFC 8422, 5.4), or 0. */
static int
selected_group(const struct wire *w, int *retry)
{
	enum { SERVER_HELLO = 2, SERVER_KEY_EXCHANGE = 12, NAMED_CURVE = 3 };
	static const uint8_t hello_retry[] = { 0xcf, 0x21, 0xad, 0x74 };
	const uint8_t *p, *end;
	unsigned type, len;

	if (tls12()) {
		*retry = 0;
		p = wire_message(w, SERVER_KEY_EXCHANGE);
		REQUIRE(p != NULL && p[0] == NAMED_CURVE);
		return p[1] << 8 | p[2];
	}
	p = wire_message(w, SERVER_HELLO);
	REQUIRE(p != NULL);
	*retry = memcmp(p + 2, hello_retry, sizeof(hello_retry)) == 0;
	p += 2 + 32;
	p += 1 + p[0];
	p += 3;
	end = p + 2 + (p[0] << 8 | p[1]);
	for (p += 2; p + 4 <= end; p += 4 + len) {
		type = p[0] << 8 | p[1];
		len = p[2] << 8 | p[3];
		if (type == 51)
			return p[4] << 8 | p[5];
	}
	return 0;
}

/* In TLS 1.2 there are no shares, and nothing is retried; an RSA certificate needs no group of its own. */
static void
group(const char *client, const char *server, int want, int want_retry)
{
	struct tls_config *cc = client_config(), *sc = server_config("rsa");
	struct pair *p;
	int retry;

	CONFIG_OK(cc, tls_config_set_ecdhecurves(cc, client));
	CONFIG_OK(sc, tls_config_set_ecdhecurves(sc, server));
	p = pair_wires(cc, sc, "server.test");
	pair_established(p);
	if (!CHECK_INT(selected_group(&p->down, &retry), want) || !CHECK_INT(retry, tls12() ? 0 : want_retry))
		check_note("%s with %s", client, server);
	say(p->client, p->server, "agreed");
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

TEST(groups)
{
	enum { P256 = 23, P384 = 24, P521 = 25, X25519 = 29, HYBRID = 0x11ec };

	group("X25519", "X25519", X25519, 0);
	group("P-256", "default", P256, 0);
	group("P-384", "default", P384, 0);
	group("P-521", "P-521", P521, 0);
	/* The server doesn't take the client's first choice, which is all it sent a share for. */
	group("X25519,P-256", "P-256", P256, 1);
	group("P-256,P-384", "P-384", P384, 1);
	group("P-256,P-521", "P-521,P-384", P521, 1);
	/* The hybrid is TLS 1.3's. */
	group("default", "default", tls12() || LACKS(HYBRID_GROUP) ? X25519 : HYBRID, 0);
	if (!LACKS(HYBRID_GROUP)) {
		group("X25519MLKEM768,X25519", "X25519", X25519, 0);
		group("X25519,X25519MLKEM768", "default", tls12() ? X25519 : HYBRID, 1);
	}
	if (!LACKS(HYBRID_GROUP) && !tls12()) {
		group("X25519MLKEM768", "default", HYBRID, 0);
		group("X25519,X25519MLKEM768", "X25519MLKEM768", HYBRID, 1);
	}
}

TEST(no_shared_group)
{
	struct tls_config *cc = client_config(), *sc = server_config("rsa");
	struct pair *p;

	CONFIG_OK(cc, tls_config_set_ecdhecurves(cc, "P-384"));
	CONFIG_OK(sc, tls_config_set_ecdhecurves(sc, "P-256"));
	/* TLS 1.2 has suites that need no group. */
	CONFIG_OK(sc, tls_config_set_ciphers(sc, "ECDHE-RSA-AES128-GCM-SHA256"));
	p = pair_sockets(cc, sc, "server.test");
	CHECK_INT(pair_handshake(p), -1);
	CHECK_LIKE(tls_error(p->server), "handshake failed: *");
	CHECK_LIKE(tls_error(p->client), "handshake failed: *ssl* alert handshake failure*");
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

/* In TLS 1.2 the groups are also those of the certificates that may be shown (RFC 8422, 5.1). */
TEST(group_of_a_certificate)
{
	struct tls_config *cc = client_config(), *sc = server_config("p521");
	struct pair *p = pair_sockets(cc, sc, "server.test");

	CHECK_INT(pair_handshake(p), tls12() ? -1 : 0);
	if (tls12())	/* It isn't even shown. */
		CHECK_LIKE(tls_error(p->client), "handshake failed: *ssl* alert handshake failure*");
	pair_free(p);
	CONFIG_OK(cc, tls_config_set_ecdhecurves(cc, "X25519,P-521"));
	p = pair_sockets(cc, sc, "server.test");
	pair_established(p);
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

TEST(ciphers_failed_setter_keeps_the_old)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct pair *p;

	NEEDS(TLS13_CIPHERS);
	CONFIG_OK(cc, tls_config_set_ciphers(cc, aes128()));
	CHECK_INT(tls_config_set_ciphers(cc, "bogus"), -1);
	p = pair_sockets(cc, sc, "server.test");
	pair_established(p);
	CHECK_STR(tls_conn_cipher(p->client), aes128());
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}
