/* tls_conn_version(3): what is known about a connection. */
#include "harness.h"

#include <time.h>

static struct pair *
connected(const char *keypair)
{
	struct tls_config *cc = client_config(), *sc = server_config(keypair);
	struct pair *p;

	p = pair_sockets(cc, sc, "server.test");
	pair_established(p);
	tls_config_free(cc);
	tls_config_free(sc);
	return p;
}

TEST(connection_information)
{
	struct pair *p = connected("server");
	struct tls *ends[] = { p->client, p->server };
	size_t i;

	CHECK_STR(tls_conn_cipher(p->client), tls_conn_cipher(p->server));
	CHECK_INT(tls_conn_cipher_strength(p->client), tls_conn_cipher_strength(p->server));
	for (i = 0; i < 2; i++) {
		CHECK_STR(tls_conn_version(ends[i]), version());
		CHECK_LIKE(tls_conn_cipher(ends[i]), aes256(), aes128(), chacha20());
		CHECK(tls_conn_cipher_strength(ends[i]) == 256 || tls_conn_cipher_strength(ends[i]) == 128);
		CHECK_STR(tls_conn_servername(ends[i]), "server.test");
		CHECK_STR(tls_conn_alpn_selected(ends[i]), NULL);
		CHECK_INT(tls_conn_session_resumed(ends[i]), 0);
		if (!LACKS(CLEAN_SUCCESS))
			CHECK_STR(tls_error(ends[i]), NULL);
	}
	/* Closing changes nothing about it. */
	pair_close(p);
	for (i = 0; i < 2; i++) {
		CHECK_STR(tls_conn_version(ends[i]), version());
		CHECK_STR(tls_conn_servername(ends[i]), "server.test");
	}
	CHECK_INT(tls_peer_cert_provided(p->client), 1);
	pair_free(p);
}

/* Nothing is known before all of the handshake is written. */
TEST(information_waits_for_the_last_write)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct pair *p = pair_wires(cc, sc, "server.test");
	struct tls *first = tls12() ? p->server : p->client;
	struct end *end = tls12() ? &p->server_end : &p->client_end;

	CHECK_INT(tls_handshake(p->client), TLS_WANT_POLLIN);
	CHECK_INT(tls_handshake(p->server), TLS_WANT_POLLIN);
	if (tls12())
		CHECK_INT(tls_handshake(p->client), TLS_WANT_POLLIN);
	end->blocked = 1;
	CHECK_INT(tls_handshake(first), TLS_WANT_POLLOUT);
	CHECK_STR(tls_conn_version(first), NULL);
	CHECK_STR(tls_conn_cipher(first), NULL);
	CHECK_STR(tls_conn_servername(first), NULL);
	CHECK_INT(tls_peer_cert_provided(first), 0);
	end->blocked = 0;
	CHECK_INT(tls_handshake(first), 0);
	CHECK_STR(tls_conn_version(first), version());
	CHECK_STR(tls_conn_servername(first), "server.test");
	CHECK_INT(tls_peer_cert_provided(first), first == p->client);
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

TEST(handshake_again)
{
	struct pair *p = connected("server");

	CHECK_INT(tls_handshake(p->client), -1);
	CHECK_STR(tls_error(p->client), "handshake already completed");
	CHECK_INT(tls_handshake(p->server), -1);
	CHECK_STR(tls_error(p->server), "handshake already completed");
	say(p->client, p->server, "unharmed");
	say(p->server, p->client, "both ways");
	pair_close(p);
	pair_free(p);
}

TEST(peer_certificate)
{
	struct pair *p = connected("server");
	time_t now = time(NULL);
	char hash[128], command[700];
	FILE *f;
	size_t i;

	CHECK_INT(tls_peer_cert_provided(p->client), 1);
	CHECK_INT(tls_peer_cert_provided(p->server), 0);
	CHECK_STR(tls_peer_cert_subject(p->client), "/CN=server");
	CHECK_STR(tls_peer_cert_issuer(p->client), "/CN=Test ca");
	CHECK(tls_peer_cert_notbefore(p->client) < now && tls_peer_cert_notbefore(p->client) > now - 4 * 86400);
	CHECK(tls_peer_cert_notafter(p->client) > now && tls_peer_cert_notafter(p->client) < now + 400 * 86400);

	snprintf(command, sizeof(command),
	    "openssl x509 -in %s -outform DER | sha256sum | cut -c1-64 | tr -d '\\n'", pki("server.pem"));
	REQUIRE((f = popen(command, "r")) != NULL);
	i = fread(hash + 7, 1, 64, f);
	CHECK_INT(i, 64);
	pclose(f);
	memcpy(hash, "SHA256:", 7);
	hash[71] = '\0';
	CHECK_STR(tls_peer_cert_hash(p->client), hash);
	pair_free(p);
}

TEST(peer_certificate_times)
{
	struct pair *p = connected("ancient");

	CHECK_INT(tls_peer_cert_notbefore(p->client), -315521755);
	CHECK_INT(tls_peer_cert_notafter(p->client), 253402300799);
	pair_free(p);
}

TEST(peer_chain_as_sent)
{
	static const char *const keypairs[] = { "server", "chain-2", "chain-shuffled", "chain-long" };
	static char content[131072];
	struct pair *p;
	const uint8_t *pem;
	size_t i, len, want;

	for (i = 0; i < sizeof(keypairs) / sizeof(keypairs[0]); i++) {
		char name[32];

		p = connected(keypairs[i]);
		snprintf(name, sizeof(name), "%s.pem", keypairs[i]);
		want = read_file(pki(name), content, sizeof(content));
		len = 0;
		pem = tls_peer_cert_chain_pem(p->client, &len);
		REQUIRE(pem != NULL);
		CHECK_INT(len, want);
		CHECK(len == want && memcmp(pem, content, len) == 0);
		pair_free(p);
	}
}

TEST(subject_on_one_line)
{
	struct pair *p = connected("subject");

	CHECK_STR(tls_peer_cert_subject(p->client),
	    "/C=XX/ST=State/O=Acme, Inc/OU=\\xC3\\xBC/1.2.3.4=odd/CN=server.test");
	pair_free(p);
}

/* Younger than LibreTLS. */
const char *tls_peer_cert_common_name(struct tls *) __attribute__((weak));

TEST(peer_common_name)
{
	struct pair *p;

	NEEDS(COMMON_NAME_FUNCTION);
	p = connected("subject");
	CHECK_STR(tls_peer_cert_common_name(p->client), "server.test");
	CHECK_STR(tls_peer_cert_common_name(p->server), NULL);
	pair_free(p);
}

TEST(pointers_stay)
{
	struct pair *p = connected("server");
	const char *pointers[] = { tls_conn_version(p->client), tls_conn_cipher(p->client),
	    tls_peer_cert_subject(p->client), tls_peer_cert_hash(p->client) };
	char *copies[4];
	size_t i;

	for (i = 0; i < 4; i++)
		copies[i] = strdup(pointers[i]);
	transfer(p->server, p->client, 100000, 16384);
	pair_close(p);
	for (i = 0; i < 4; i++) {
		CHECK_STR(pointers[i], copies[i]);
		free(copies[i]);
	}
	pair_free(p);
}
