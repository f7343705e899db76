/* Names in certificates: tls_peer_cert_contains_name(3) and the check of a client. */
#include "harness.h"

/* A client that took this certificate without looking. */
static struct pair *
shown(const char *keypair)
{
	struct tls_config *cc = client_config(), *sc = server_config(keypair);
	struct pair *p;

	tls_config_insecure_noverifycert(cc);
	tls_config_insecure_noverifyname(cc);
	p = pair_sockets(cc, sc, NULL);
	pair_established(p);
	tls_config_free(cc);
	tls_config_free(sc);
	return p;
}

struct question {
	const char *name;
	int answer;
};

static void
ask(const char *keypair, const struct question *q)
{
	struct pair *p = shown(keypair);

	for (; q->name != NULL; q++)
		if (!CHECK_INT(tls_peer_cert_contains_name(p->client, q->name), q->answer))
			check_note("%s: %s", keypair, q->name);
	pair_free(p);
}

#define ASK(keypair, ...) ask(keypair, (const struct question[]){ __VA_ARGS__, { NULL, 0 } })

TEST(wildcards)
{
	ASK("name-wild",
	    { "a.w.test", 1 }, { "A.W.TEST", 1 }, { "w.test", 0 }, { "a.b.w.test", 0 }, { ".w.test", 0 }, { "*.w.test", 1 },
	    { "x.tld", 0 }, { "foo.p.test", 0 }, { "yx.p.test", 0 }, { "a.b.q.test", 0 }, { "anything", 0 }, { "*", 1 },
	    { "a.r.test.", 1 }, { "a.r.test", 0 }, { "upper.TEST", 1 }, { "127.9.9.9", 0 }, { "127.9.9.8", 0 },
	    { "dot.test", 0 }, { "dot.test.", 1 }, { "a.b.s.test", 0 }, { "*.b.s.test", 0 }, { "a..t.test", 0 },
	    { "foo.co.uk", 1 }, { "w", 0 }, { ".", 0 }, { "a.", 0 }, { "", 0 }, { "zz", 0 });
	ASK("name-fqdn", { "x.fqdn", 0 });
	if (!LACKS(FQDN_WILDCARD))
		ASK("name-fqdn", { "x.fqdn.", 0 });
}

TEST(common_name_fallback)
{
	ASK("sni-cn", { "cn.test", 1 }, { "CN.test", 1 }, { "server.test", 0 });
	ASK("name-cn-wild", { "a.w.test", 1 }, { "w.test", 0 }, { "a.b.w.test", 0 });
	ASK("name-cn-ip", { "10.1.2.3", 1 }, { "10.1.2.4", 0 });
	ASK("name-cn-email", { "a.test", 1 });
	ASK("name-cn-and-ip", { "a.test", 0 }, { "10.0.0.1", 1 }, { "10.0.0.2", 0 });
	ASK("server", { "server.test", 1 }, { "localhost", 1 }, { "server", 0 }, { "127.0.0.1", 1 }, { "::1", 1 },
	    { "0:0:0:0:0:0:0:1", 1 }, { "[::1]", 0 }, { "127.0.0.2", 0 });
	ASK("name-empty", { "a.test", 0 });
}

TEST(names_with_nul)
{
	struct pair *p = shown("name-nul");

	CHECK_INT(tls_peer_cert_contains_name(p->client, "ok.test"), 1);
	CHECK_INT(tls_peer_cert_contains_name(p->client, "b.test"), 0);
	CHECK_STR(tls_error(p->client),
	    "error verifying name 'b.test': NUL byte in subjectAltName, probably a malicious certificate");
	pair_free(p);
}

TEST(name_of_a_space)
{
	struct pair *p = shown("name-space");

	CHECK_INT(tls_peer_cert_contains_name(p->client, "a.test"), 0);
	CHECK_STR(tls_error(p->client), "error verifying name 'a.test': a dNSName of \" \" must not be used");
	pair_free(p);
}

TEST(contains_null_name)
{
	struct pair *p = shown("server");

	NEEDS(NULL_ARGUMENTS);
	CHECK_INT(tls_peer_cert_contains_name(p->client, NULL), 0);
	pair_free(p);
}

/* A client that checks the name a.test only (the chain would do). */
static void
client_says(const char *keypair, const char *name, const char *text)
{
	struct tls_config *cc = client_config(), *sc = server_config(keypair);
	struct pair *p;

	tls_config_insecure_noverifycert(cc);
	p = pair_sockets(cc, sc, name);
	CHECK_INT(pair_handshake(p), -1);
	if (!CHECK_STR(tls_error(p->client), text))
		check_note("%s", keypair);
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

TEST(malicious_names_fail_the_handshake)
{
	client_says("name-nul", "b.test",
	    "error verifying name 'b.test': NUL byte in subjectAltName, probably a malicious certificate");
	client_says("name-space", "b.test", "error verifying name 'b.test': a dNSName of \" \" must not be used");
	client_says("name-cn-wild", "w.test", "name `w.test' not present in server certificate");
	client_says("name-empty", "a.test", "name `a.test' not present in server certificate");
	NEEDS(COMMON_NAME_RULES);
	client_says("name-cn-nul", "a.test",
	    "a.test error getting common name: NUL byte in Common Name field, probably a malicious certificate");
	client_says("name-cn-twice", "a.test", "a.test error getting common name: Certificate subject contains multiple "
	    "Common Name fields, probably a malicious or malformed certificate");
	client_says("name-cn-long", "a.test", "a.test error getting common name: Common Name field has invalid length, "
	    "probably a malicious certificate");
}

TEST(common_name_in_utf16)
{
	NEEDS(COMMON_NAME_RULES);
	ASK("name-cn-bmp", { "bmp.test", 1 });
}
