/* tls_config_reload(3): certificates that are renewed under a running server. */
#include "harness.h"

#ifdef TLS_HAVE_CONFIG_RELOAD

/* Puts a file of the test's in the place of one that a configuration knows. */
static void
put(const char *place, const char *name)
{
	char buf[20000];
	size_t n;

	n = read_file(pki(name), buf, sizeof(buf));
	write_file(scratch(place), buf, n);
}

static void
put_pair(const char *place, const char *name)
{
	char from[64], to[64];

	snprintf(from, sizeof(from), "%s.pem", name);
	snprintf(to, sizeof(to), "%s.pem", place);
	put(to, from);
	snprintf(from, sizeof(from), "%s.key", name);
	snprintf(to, sizeof(to), "%s.key", place);
	put(to, from);
}

struct site {
	struct tls_config *sc, *cc;
	struct tls *listener;
	int fd;
};

/* A server with the pair that is at "main", and one for a.test at "sni". */
static struct site
site_new(void)
{
	struct site s = { .sc = plain_config(), .cc = client_config(), .listener = tls_server(),
	    .fd = session_file("renewed") };

	put_pair("main", "server");
	put_pair("sni", "sni-a");
	CONFIG_OK(s.sc, tls_config_set_keypair_file(s.sc, scratch("main.pem"), scratch("main.key")));
	CONFIG_OK(s.sc, tls_config_add_keypair_file(s.sc, scratch("sni.pem"), scratch("sni.key")));
	CONFIG_OK(s.sc, tls_config_set_session_lifetime(s.sc, 100));
	REQUIRE_OK(s.listener, tls_configure(s.listener, s.sc));
	return s;
}

static void
site_free(struct site *s)
{
	tls_free(s->listener);
	tls_config_free(s->sc);
	tls_config_free(s->cc);
	close(s->fd);
}

/* The common name of whoever answers for a name. */
static const char *
who(struct site *s, const char *name)
{
	static char subject[64];
	struct pair *p = pair_again(s->listener, s->cc, name);

	pair_established(p);
	snprintf(subject, sizeof(subject), "%s", tls_peer_cert_common_name(p->client));
	pair_keep_listener(p);
	pair_free(p);
	return subject;
}

TEST(reload)
{
	struct site s = site_new();
	struct pair *p;

	CHECK_STR(who(&s, "server.test"), "server");
	CHECK_STR(who(&s, "a.test"), "sni-a");
	p = pair_again(s.listener, s.cc, "server.test");
	pair_established(p);
	put_pair("main", "rsa");
	/* Nothing is read before the program says so. */
	CHECK_STR(who(&s, "server.test"), "server");
	CONFIG_OK(s.sc, tls_config_reload(s.sc));
	CHECK_STR(who(&s, "server.test"), "rsa");
	CHECK_STR(who(&s, "a.test"), "sni-a");
	say(p->client, p->server, "old connections");
	say(p->server, p->client, "live on");
	pair_close(p);
	pair_keep_listener(p);
	pair_free(p);
	put_pair("main", "server");
	put_pair("sni", "sni-b");
	CONFIG_OK(s.sc, tls_config_reload(s.sc));
	CHECK_STR(who(&s, "server.test"), "server");
	CHECK_STR(who(&s, "b.test"), "sni-b");
	site_free(&s);
}

/* One that was accepted before is served as it was accepted. */
TEST(reload_between_accept_and_handshake)
{
	struct site s = site_new();
	struct pair *p = pair_again(s.listener, s.cc, "server.test");

	put_pair("main", "rsa");
	CONFIG_OK(s.sc, tls_config_reload(s.sc));
	pair_established(p);
	CHECK_STR(tls_peer_cert_common_name(p->client), "server");
	pair_keep_listener(p);
	pair_free(p);
	site_free(&s);
}

TEST(reload_keeps_sessions)
{
	struct site s = site_new();
	struct pair *p;
	int i;

	CONFIG_OK(s.cc, tls_config_set_session_fd(s.cc, s.fd));
	for (i = 0; i < 3; i++) {
		p = pair_again(s.listener, s.cc, "server.test");
		pair_established(p);
		CHECK_INT(tls_conn_session_resumed(p->client), i > 0);
		say(p->server, p->client, "a ticket");
		pair_keep_listener(p);
		pair_free(p);
		put_pair("main", i % 2 ? "server" : "p384");
		CONFIG_OK(s.sc, tls_config_reload(s.sc));
	}
	site_free(&s);
}

TEST(reload_of_what_is_bad)
{
	static const struct { const char *pem, *key, *error; } cases[] = {
		{ "server.pem", "rsa.key", "keypair of '*/main.pem': private/public key mismatch" },
		{ "rsa.pem", "sni-a.key", "keypair of '*/main.pem': private/public key mismatch" },
		{ "server.pem", "sni-a.key", "keypair of '*/main.pem': failed to load private key" },
		{ "server.key", "server.key", "keypair of '*/main.pem': failed to load certificate: no start line: "
		    "it has a private key and no certificate" },
		{ "damaged-intermediate.pem", "server.key", "keypair of '*/main.pem': failed to load certificate: block * is damaged" },
		{ "server.pem", "server.pem", "keypair of '*/main.pem': failed to read private key*" },
		{ NULL, "server.key", "failed to open certificate file '*/main.pem': No such file or directory" },
		{ "rsa.pem", NULL, "failed to open key file '*/main.key': No such file or directory" },
	};
	struct site s = site_new();
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unlink(scratch("main.pem"));
		unlink(scratch("main.key"));
		if (cases[i].pem != NULL)
			put("main.pem", cases[i].pem);
		if (cases[i].key != NULL)
			put("main.key", cases[i].key);
		/* The other pair isn't taken either. */
		put_pair("sni", "sni-b");
		CHECK_INT(tls_config_reload(s.sc), -1);
		CHECK_LIKE(tls_config_error(s.sc), cases[i].error);
		CHECK_STR(who(&s, "server.test"), "server");
		CHECK_STR(who(&s, "a.test"), "sni-a");
	}
	put_pair("main", "rsa");
	CONFIG_OK(s.sc, tls_config_reload(s.sc));
	CHECK_STR(who(&s, "server.test"), "rsa");
	CHECK_STR(who(&s, "b.test"), "sni-b");
	CHECK_INT(tls_config_reload(NULL), -1);
	site_free(&s);
}

TEST(reload_of_a_staple)
{
	struct tls_config *sc = plain_config();
	struct site s = { .sc = sc, .cc = client_config(), .listener = tls_server(), .fd = -1 };
	struct pair *p;
	uint8_t *staple;
	size_t len;

	/* Nobody accepts this certificate without its staple. */
	put_pair("main", "must-staple");
	put("staple", "of-must-staple.ocsp");
	CONFIG_OK(sc, tls_config_set_keypair_ocsp_file(sc, scratch("main.pem"), scratch("main.key"),
	    scratch("staple")));
	REQUIRE_OK(s.listener, tls_configure(s.listener, sc));
	CHECK_STR(who(&s, "server.test"), "must-staple");
	p = pair_again(s.listener, s.cc, "server.test");
	put_pair("main", "ocsp");
	put("staple", "good.ocsp");
	CONFIG_OK(sc, tls_config_reload(sc));
	/* Who was accepted before gets the staple that goes with the certificate. */
	pair_established(p);
	CHECK_STR(tls_peer_cert_common_name(p->client), "must-staple");
	pair_keep_listener(p);
	pair_free(p);
	p = pair_again(s.listener, s.cc, "server.test");
	pair_established(p);
	CHECK_STR(tls_peer_cert_common_name(p->client), "ocsp");
	CHECK_INT(tls_peer_ocsp_cert_status(p->client), TLS_OCSP_CERT_GOOD);
	pair_keep_listener(p);
	pair_free(p);
	/* A new staple alone still goes to servers at once. */
	staple = pki_bytes("revoked.ocsp", &len);
	CONFIG_OK(sc, tls_config_set_ocsp_staple_mem(sc, staple, len));
	p = pair_again(s.listener, s.cc, "server.test");
	CHECK_INT(pair_handshake(p), -1);
	CHECK_LIKE(tls_error(p->client), "*revoked*");
	pair_keep_listener(p);
	pair_free(p);
	tls_unload_file(staple, len);
	tls_free(s.listener);
	tls_config_free(s.sc);
	tls_config_free(s.cc);
}

/* What came from memory stays, or is what was set since. */
TEST(reload_of_memory)
{
	struct site s = { .sc = plain_config(), .cc = client_config(), .listener = tls_server(), .fd = -1 };
	uint8_t *cert, *key;
	size_t cert_len, key_len;

	cert = pki_bytes("server.pem", &cert_len);
	key = pki_bytes("server.key", &key_len);
	CONFIG_OK(s.sc, tls_config_set_keypair_mem(s.sc, cert, cert_len, key, key_len));
	tls_unload_file(cert, cert_len);
	tls_unload_file(key, key_len);
	REQUIRE_OK(s.listener, tls_configure(s.listener, s.sc));
	CONFIG_OK(s.sc, tls_config_reload(s.sc));
	CHECK_STR(who(&s, "server.test"), "server");
	cert = pki_bytes("rsa.pem", &cert_len);
	key = pki_bytes("rsa.key", &key_len);
	CONFIG_OK(s.sc, tls_config_set_keypair_mem(s.sc, cert, cert_len, key, key_len));
	tls_unload_file(cert, cert_len);
	tls_unload_file(key, key_len);
	CHECK_STR(who(&s, "server.test"), "server");
	CONFIG_OK(s.sc, tls_config_reload(s.sc));
	/* Servers have their keys then. */
	tls_config_clear_keys(s.sc);
	CHECK_STR(who(&s, "server.test"), "rsa");
	tls_free(s.listener);
	tls_config_free(s.sc);
	tls_config_free(s.cc);
}

/* Only keypairs are renewed, whatever else has been set meanwhile. */
TEST(reload_renews_keypairs_alone)
{
	struct site s = site_new();

	CONFIG_OK(s.sc, tls_config_set_protocols(s.sc, tls12() ? TLS_PROTOCOL_TLSv1_3 : TLS_PROTOCOL_TLSv1_2));
	put_pair("main", "rsa");
	CONFIG_OK(s.sc, tls_config_reload(s.sc));
	CHECK_STR(who(&s, "server.test"), "rsa");
	site_free(&s);
}

struct inherited {
	struct site *s;
	struct pair *p, *after;	/* accepted before the reload, or after that */
};

static void
serve_renewed(void *arg)
{
	struct inherited *in = arg;

	pair_established(in->p);
	CHECK_STR(tls_peer_cert_common_name(in->p->client), "server");
	say(in->p->client, in->p->server, "in the child");
	if (in->after != NULL) {
		pair_established(in->after);
		CHECK_STR(tls_peer_cert_common_name(in->after->client), "rsa");
	}
	CHECK_STR(who(in->s, "server.test"), "rsa");
}

/* A child that was forked before has its own configuration, and reloads that. */
static void
reload_in_the_child(void *arg)
{
	struct inherited *in = arg;

	CHECK_STR(who(in->s, "server.test"), "server");
	put_pair("main", "rsa");
	CONFIG_OK(in->s->sc, tls_config_reload(in->s->sc));
	serve_renewed(arg);
}

TEST(reload_and_children)
{
	struct site s = site_new();
	struct inherited in = { .s = &s, .p = pair_again(s.listener, s.cc, "server.test") };

	reap(spawn(reload_in_the_child, &in));
	CHECK_STR(who(&s, "server.test"), "server");
	CONFIG_OK(s.sc, tls_config_reload(s.sc));
	in.after = pair_again(s.listener, s.cc, "server.test");
	reap(spawn(serve_renewed, &in));
	CHECK_STR(who(&s, "server.test"), "rsa");
	pair_keep_listener(in.p);
	pair_free(in.p);
	pair_keep_listener(in.after);
	pair_free(in.after);
	site_free(&s);
}

/* A client takes them at its next tls_connect. */
TEST(reload_of_a_client)
{
	struct tls_config *sc = server_config("server"), *cc = client_config();
	char hash[2][128];
	struct pair *p;
	int i;

	tls_config_verify_client(sc);
	CONFIG_OK(sc, tls_config_set_ca_file(sc, pki("ca.pem")));
	put_pair("own", "client");
	CONFIG_OK(cc, tls_config_set_keypair_file(cc, scratch("own.pem"), scratch("own.key")));
	for (i = 0; i < 2; i++) {
		p = pair_sockets(cc, sc, "server.test");
		pair_established(p);
		snprintf(hash[i], sizeof(hash[i]), "%s", tls_peer_cert_hash(p->server));
		pair_free(p);
		put_pair("own", "client-rsa");
		CONFIG_OK(cc, tls_config_reload(cc));
	}
	CHECK(strcmp(hash[0], hash[1]) != 0);
	tls_config_free(sc);
	tls_config_free(cc);
}

#endif
