/* Private keys kept elsewhere: tls_signer_new(3). LibreTLS has nothing of it. */
#include "harness.h"

#ifndef TEST_LIBRETLS

#include <sys/socket.h>

#include <poll.h>

static const char *const kinds[] = { "server", "p384", "rsa", "ed25519" };

static struct tls_signer *
signer_for(const char *name)
{
	struct tls_signer *signer = tls_signer_new();
	char cert[64], key[64];

	REQUIRE(signer != NULL);
	snprintf(cert, sizeof(cert), "%s.pem", name);
	snprintf(key, sizeof(key), "%s.key", name);
	if (!CHECK_INT(tls_signer_add_keypair_file(signer, pki(cert), pki(key)), 0)) {
		check_note("%s", tls_signer_error(signer));
		check_stop();
	}
	return signer;
}

/* What a callback is given, and how it behaves. */
struct service {
	struct tls_signer *signer;
	int want[3];		/* returned before the signature */
	unsigned calls;
	int result;		/* in its place */
	uint8_t input[512];	/* of the first call */
	size_t input_len;
	int padding;
};

static int
serve(void *arg, const char *hash, const uint8_t *input, size_t len, int padding, uint8_t **sig, size_t *sig_len)
{
	struct service *s = arg;
	unsigned call = s->calls++;

	REQUIRE(len <= sizeof(s->input));
	CHECK_LIKE(hash, "SHA256:*");
	CHECK_INT(strlen(hash), 71);
	if (call == 0) {
		memcpy(s->input, input, len);
		s->input_len = len;
		s->padding = padding;
	}
	CHECK(len == s->input_len && memcmp(input, s->input, len) == 0 && padding == s->padding);
	if (call < 3 && s->want[call] != 0)
		return s->want[call];
	if (s->result != 0)
		return s->result;
	if (!CHECK_INT(tls_signer_sign(s->signer, hash, input, len, padding, sig, sig_len), 0))
		check_note("%s", tls_signer_error(s->signer));
	return 0;
}

static struct tls_config *
keyless_config(const char *name, tls_sign_cb cb, void *arg)
{
	struct tls_config *config = tls_config_new();
	char cert[64];

	REQUIRE(config != NULL);
	snprintf(cert, sizeof(cert), "%s.pem", name);
	tls_config_set_sign_cb(config, cb, arg);
	CONFIG_OK(config, tls_config_set_cert_file(config, pki(cert)));
	return config;
}

static void
serve_pair(const char *name, struct service *s)
{
	struct tls_config *cc = client_config(), *sc = keyless_config(name, serve, s);
	struct pair *p;

	s->signer = signer_for(name);
	p = pair_wires(cc, sc, "server.test");
	tls_config_free(cc);
	tls_config_free(sc);
	if (s->result == 0) {
		pair_established(p);
		say(p->client, p->server, "hello");
		pair_close(p);
	} else {
		CHECK_INT(pair_handshake(p), -1);
		CHECK_STR(tls_error(p->server), "handshake failed: private key operation failed");
		CHECK_LIKE(tls_error(p->client), "handshake failed: *tlsv1 alert internal error");
		CHECK_INT(tls_handshake(p->server), -1);
	}
	pair_free(p);
	tls_signer_free(s->signer);
}

TEST(sign_callback)
{
	size_t i;

	for (i = 0; i < 4; i++) {
		struct service s = { .want = { 0 } };

		serve_pair(kinds[i], &s);
		CHECK_INT(s.calls, 1);
		CHECK_INT(s.padding, TLS_PADDING_NONE);
		if (strcmp(kinds[i], "rsa") == 0)
			CHECK_INT(s.input_len, 256);
	}
}

TEST(sign_callback_waits)
{
	struct service s = { .want = { TLS_WANT_POLLIN, TLS_WANT_POLLOUT, TLS_WANT_POLLIN } };

	serve_pair("rsa", &s);
	CHECK_INT(s.calls, 4);
}

TEST(sign_callback_result)
{
	struct service s = { .want = { TLS_WANT_POLLOUT } };
	struct tls_config *cc = client_config(), *sc = keyless_config("server", serve, &s);
	struct pair *p = pair_wires(cc, sc, "server.test");

	/* The want is what the calling function returns, whichever that is. */
	s.signer = signer_for("server");
	CHECK_INT(tls_handshake(p->client), TLS_WANT_POLLIN);
	CHECK_INT(tls_write(p->server, "x", 1), TLS_WANT_POLLOUT);
	CHECK_INT(s.calls, 1);
	CHECK_STR(tls_error(p->server), NULL);
	CHECK_INT(tls_write(p->server, "x", 1), TLS_WANT_POLLIN);
	CHECK_INT(s.calls, 2);
	pair_established(p);
	pair_free(p);
	tls_signer_free(s.signer);
	tls_config_free(cc);
	tls_config_free(sc);
}

TEST(sign_callback_fails)
{
	struct service failing = { .result = -1 }, odd = { .result = 7 };

	serve_pair("server", &failing);
	serve_pair("rsa", &odd);
}

static int
serve_junk(void *arg, const char *hash, const uint8_t *input, size_t len, int padding, uint8_t **sig, size_t *sig_len)
{
	(void)hash;
	(void)input;
	(void)len;
	(void)padding;
	*sig_len = *(size_t *)arg;
	*sig = *sig_len == 0 ? NULL : calloc(1, *sig_len);
	return 0;
}

TEST(sign_callback_lies)
{
	size_t sizes[] = { 0, 1, 64, 256, 70000 };
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct tls_config *cc = client_config(), *sc = keyless_config("rsa", serve_junk, &sizes[i]);
		struct pair *p = pair_wires(cc, sc, "server.test");

		CHECK_INT(pair_handshake(p), -1);
		CHECK_STR(tls_error(p->server), "handshake failed: private key operation failed");
		pair_free(p);
		tls_config_free(cc);
		tls_config_free(sc);
	}
}

/* Over the wire to the keeper of the keys: this, and input_len bytes; back come a size and a signature. */
struct request {
	char hash[80];
	size_t input_len;
	int padding;
};

struct keeper {
	int ours, theirs;
	int asked;
	unsigned waits;
};

/* A process with the keys and nothing else. */
static void
keep(void *arg)
{
	struct keeper *k = arg;
	struct tls_signer *signer = signer_for("rsa");
	struct request r;
	uint8_t input[512], *sig;
	size_t len;

	close(k->ours);
	while (read(k->theirs, &r, sizeof(r)) == sizeof(r)) {
		REQUIRE(r.input_len <= sizeof(input));
		REQUIRE(read(k->theirs, input, r.input_len) == (ssize_t)r.input_len);
		CHECK_INT(tls_signer_sign(signer, r.hash, input, r.input_len, r.padding, &sig, &len), 0);
		REQUIRE(write(k->theirs, &len, sizeof(len)) == sizeof(len));
		REQUIRE(write(k->theirs, sig, len) == (ssize_t)len);
		free(sig);
	}
	tls_signer_free(signer);
}

static int
ask(void *arg, const char *hash, const uint8_t *input, size_t len, int padding, uint8_t **sig, size_t *sig_len)
{
	struct keeper *k = arg;
	struct pollfd pfd = { .fd = k->ours, .events = POLLIN };
	struct request r = { .input_len = len, .padding = padding };

	if (!k->asked) {
		snprintf(r.hash, sizeof(r.hash), "%s", hash);
		REQUIRE(write(k->ours, &r, sizeof(r)) == sizeof(r));
		REQUIRE(write(k->ours, input, len) == (ssize_t)len);
		k->asked = 1;
		k->waits++;
		return TLS_WANT_POLLIN;
	}
	/* The program would do this together with its other descriptors. */
	REQUIRE(poll(&pfd, 1, -1) == 1);
	k->asked = 0;
	REQUIRE(read(k->ours, sig_len, sizeof(*sig_len)) == sizeof(*sig_len));
	REQUIRE((*sig = malloc(*sig_len)) != NULL);
	REQUIRE(read(k->ours, *sig, *sig_len) == (ssize_t)*sig_len);
	return 0;
}

TEST(sign_callback_of_another_process)
{
	struct keeper k = { 0 };
	struct tls_config *cc, *sc;
	struct pair *p;
	pid_t pid;
	int fd[2], i;

	REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == 0);
	k.ours = fd[0];
	k.theirs = fd[1];
	pid = spawn(keep, &k);
	close(k.theirs);
	cc = client_config();
	sc = keyless_config("rsa", ask, &k);
	for (i = 0; i < 3; i++) {
		p = pair_sockets(cc, sc, "server.test");
		pair_established(p);
		transfer(p->server, p->client, 50000, 5000);
		pair_close(p);
		pair_free(p);
	}
	CHECK_INT(k.waits, 3);
	tls_config_free(cc);
	tls_config_free(sc);
	close(k.ours);
	reap(pid);
}

TEST(sign_callback_of_a_client)
{
	struct service s = { .want = { TLS_WANT_POLLIN } };
	struct tls_config *cc = keyless_config("client-rsa", serve, &s), *sc = server_config("server");
	struct pair *p;

	s.signer = signer_for("client-rsa");
	CONFIG_OK(cc, tls_config_set_ca_file(cc, pki("ca.pem")));
	CONFIG_OK(sc, tls_config_set_ca_file(sc, pki("ca.pem")));
	tls_config_verify_client(sc);
	p = pair_wires(cc, sc, "server.test");
	pair_established(p);
	CHECK_STR(tls_peer_cert_subject(p->server), "/CN=client");
	CHECK_INT(s.calls, 2);
	pair_close(p);
	pair_free(p);
	tls_signer_free(s.signer);
	tls_config_free(cc);
	tls_config_free(sc);
}

TEST(fake_private_key)
{
	struct tls_config *cc = client_config(), *sc = tls_config_new();
	struct pair *p;

	tls_config_use_fake_private_key(sc);
	CONFIG_OK(sc, tls_config_set_cert_file(sc, pki("server.pem")));
	p = pair_wires(cc, sc, "server.test");
	CHECK_INT(pair_handshake(p), -1);
	CHECK_LIKE(tls_error(p->client), "handshake failed: *ssl* alert handshake failure");
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

TEST(signer_refuses)
{
	struct tls_signer *signer = tls_signer_new();
	uint8_t digest[32] = { 0 }, *sig = digest;
	size_t len = 5;

	CHECK_STR(tls_signer_error(signer), NULL);
	CHECK_INT(tls_signer_sign(signer, "SHA256:00", digest, sizeof(digest), 0, &sig, &len), -1);
	CHECK_STR(tls_signer_error(signer), "key not found");
	CHECK(sig == NULL && len == 0);
	CHECK_INT(tls_signer_sign(signer, "SHA256:00", digest, SIZE_MAX, 0, &sig, &len), -1);
	CHECK_STR(tls_signer_error(signer), "input too long");
	CHECK_INT(tls_signer_sign(signer, "SHA256:00", digest, sizeof(digest), 0, NULL, &len), -1);
	CHECK_INT(tls_signer_sign(signer, "SHA256:00", digest, sizeof(digest), 0, &sig, NULL), -1);
	CHECK_STR(tls_signer_error(signer), "no pointer for the signature");
	CHECK_INT(tls_signer_add_keypair_mem(signer, digest, SIZE_MAX, NULL, 0), -1);
	CHECK_STR(tls_signer_error(signer), "certificate too long");
	CHECK_INT(tls_signer_add_keypair_file(signer, pki("none.pem"), pki("server.key")), -1);
	CHECK_LIKE(tls_signer_error(signer), "failed to open certificate file '*none.pem': No such file or directory");
	CHECK_INT(tls_signer_add_keypair_file(signer, pki("server.pem"), NULL), -1);
	CHECK_STR(tls_signer_error(signer), "failed to open key file '(null)': Bad address");
	CHECK_INT(tls_signer_add_keypair_file(signer, pki("server.pem"), pki("p384.key")), -1);
	CHECK_STR(tls_signer_error(signer), "failed to load private key");
	CHECK_INT(tls_signer_add_keypair_mem(signer, NULL, 0, NULL, 0), -1);
	CHECK_STR(tls_signer_error(signer), "private/public key mismatch");
	CHECK_INT(tls_signer_add_keypair_file(signer, pki("server.pem"), pki("server.key")), 0);
	tls_signer_free(signer);
	tls_signer_free(NULL);
	CHECK_STR(tls_signer_error(NULL), NULL);
}

#endif
