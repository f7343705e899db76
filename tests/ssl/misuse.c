/* Callbacks that call what they must not on their own connection: each is refused, and the connection goes on. */
#include <sys/socket.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#define MUST(e) do {							\
	if (!(e)) {							\
		printf("%s, line %d: %s\n", test, __LINE__, #e);	\
		ERR_print_errors_fp(stdout);				\
		exit(1);						\
	}								\
} while (0)

static const char *pki, *test;
static bool frees;	/* the callbacks free their connection */
static int calls;	/* of callbacks */
static SSL *verifying;

static const char *
file(const char *name)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s/%s", pki, name);
	return path;
}

/* The text of the latest error printed. */
static int
keep(const char *str, size_t len, void *text)
{
	snprintf(text, 256, "%.*s", (int)len, str);
	return 1;
}

/* Whether a call failed as it must. */
static bool
refused(SSL *s, int rv)
{
	int err = SSL_get_error(s, rv);
	char text[256] = "";

	ERR_print_errors_cb(keep, text);
	return rv <= 0 && err == SSL_ERROR_SSL &&
	    strstr(text, "connection is in use by another call") != NULL;
}

static void
misuse(SSL *s)
{
	char buf[64];
	size_t n;

	calls++;
	ERR_clear_error();
	MUST(refused(s, SSL_read(s, buf, sizeof(buf))));
	MUST(refused(s, SSL_peek(s, buf, sizeof(buf))));
	MUST(refused(s, SSL_write(s, "data", 4)));
	MUST(refused(s, SSL_read_ex(s, buf, sizeof(buf), &n)));
	MUST(refused(s, SSL_peek_ex(s, buf, sizeof(buf), &n)));
	MUST(refused(s, SSL_write_ex(s, "data", 4, &n)));
	MUST(refused(s, SSL_do_handshake(s)));
	MUST(refused(s, SSL_shutdown(s)));
	MUST(refused(s, SSL_clear(s)));
	SSL_set_connect_state(s);
	ERR_clear_error();
	SSL_set_accept_state(s);
	ERR_clear_error();
	if (frees)
		SSL_free(s);
}

static int
server_name(SSL *s, int *alert, void *arg)
{
	(void)alert;
	(void)arg;
	misuse(s);
	return SSL_TLSEXT_ERR_OK;
}

static int
alpn(SSL *s, const unsigned char **out, unsigned char *len, const unsigned char *in, unsigned int inlen, void *arg)
{
	(void)arg;
	(void)inlen;
	if (!frees)
		misuse(s);
	*out = in + 1;
	*len = in[0];
	return SSL_TLSEXT_ERR_OK;
}

static int
verify(int ok, X509_STORE_CTX *store)
{
	(void)store;
	if (!frees)
		misuse(verifying);
	return ok;
}

static int
new_session(SSL *s, SSL_SESSION *session)
{
	(void)session;
	misuse(s);
	return 0;
}

static SSL_CTX *
context(const SSL_METHOD *method, const char *name, int version)
{
	SSL_CTX *ctx = SSL_CTX_new(method);
	char key[64];

	MUST(ctx != NULL);
	snprintf(key, sizeof(key), "%s.pem", name);
	MUST(SSL_CTX_use_certificate_chain_file(ctx, file(key)) == 1);
	snprintf(key, sizeof(key), "%s.key", name);
	MUST(SSL_CTX_use_PrivateKey_file(ctx, file(key), SSL_FILETYPE_PEM) == 1);
	MUST(SSL_CTX_load_verify_locations(ctx, file("ca.pem"), NULL) == 1);
	MUST(SSL_CTX_set_min_proto_version(ctx, version) == 1);
	MUST(SSL_CTX_set_max_proto_version(ctx, version) == 1);
	return ctx;
}

static void
pair(int version)
{
	SSL_CTX *client_ctx = context(TLS_client_method(), "client", version);
	SSL_CTX *server_ctx = context(TLS_server_method(), "server", version);
	SSL *client, *server;
	bool client_freed = false, server_freed = false;
	int c = 0, s = 0, fds[2];
	char buf[16];

	calls = 0;
	SSL_CTX_set_tlsext_servername_callback(server_ctx, server_name);
	SSL_CTX_set_alpn_select_cb(server_ctx, alpn, NULL);
	SSL_CTX_set_session_cache_mode(client_ctx, SSL_SESS_CACHE_CLIENT);
	SSL_CTX_sess_set_new_cb(client_ctx, new_session);
	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
	MUST((client = SSL_new(client_ctx)) != NULL);
	MUST((server = SSL_new(server_ctx)) != NULL);
	SSL_CTX_free(client_ctx);
	SSL_CTX_free(server_ctx);
	SSL_set_fd(client, fds[0]);
	SSL_set_fd(server, fds[1]);
	verifying = client;
	SSL_set_verify(client, SSL_VERIFY_PEER, verify);
	MUST(SSL_set_tlsext_host_name(client, "server.test") == 1);
	MUST(SSL_set_alpn_protos(client, (const unsigned char *)"\2h2", 3) == 0);
	SSL_set_connect_state(client);
	SSL_set_accept_state(server);
	for (int i = 0; i < 20 && !client_freed && !server_freed; i++) {
		int before = calls;

		if (c != 1)
			c = SSL_do_handshake(client);
		else
			SSL_read(client, buf, sizeof(buf));
		client_freed = frees && calls != before;
		before = calls;
		if (!server_freed && s != 1)
			s = SSL_do_handshake(server);
		server_freed = frees && calls != before;
	}
	if (frees) {
		MUST(client_freed || server_freed);
	} else {
		MUST(c == 1 && s == 1 && !SSL_is_server(client) && SSL_is_server(server));
		MUST(calls >= 4);
		MUST(SSL_write(client, "data", 4) == 4);
		MUST(SSL_read(server, buf, sizeof(buf)) == 4);
	}
	if (!client_freed)
		SSL_free(client);
	if (!server_freed)
		SSL_free(server);
	close(fds[0]);
	close(fds[1]);
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int version;
		bool frees;
	} tests[] = {
		{ "calls, TLS 1.2", TLS1_2_VERSION, false },
		{ "calls, TLS 1.3", TLS1_3_VERSION, false },
		{ "frees, TLS 1.2", TLS1_2_VERSION, true },
		{ "frees, TLS 1.3", TLS1_3_VERSION, true },
	};

	MUST(argc == 2);
	pki = argv[1];
	alarm(60);
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		test = tests[i].name;
		frees = tests[i].frees;
		pair(tests[i].version);
	}
	return 0;
}
