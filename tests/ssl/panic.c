/*
 * A panic in Go, wherever it might come (see capi/inject.go), fails the call
 * and not the process, and never lets through what must be refused.
 */
#include <sys/socket.h>
#include <sys/wait.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

static const char *pki;
static const char *place;
static long left = -1;
static int how;

int libtls_panics(const char *);

int
libtls_panics(const char *where)
{
	if (left < 0 || left-- > 0)
		return 0;
	place = where == NULL ? "" : strdup(where);
	return how;
}

#define MUST(e) do {							\
	if (!(e)) {							\
		printf("%s: line %d: %s\n", place, __LINE__, #e);	\
		ERR_print_errors_fp(stdout);				\
		_exit(1);						\
	}								\
} while (0)

static const char *
file(const char *name)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s/%s", pki, name);
	return path;
}

static bool
blocked(SSL *s, int rv)
{
	int e = SSL_get_error(s, rv);

	return e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE;
}

struct scene {
	SSL_CTX *client_ctx, *server_ctx;
	SSL *client, *server;
	SSL_SESSION *session;
	int fds[2];
};

static struct scene scene;

static int
new_session(SSL *s, SSL_SESSION *session)
{
	(void)s;
	SSL_SESSION_free(scene.session);
	scene.session = session;
	return 1;
}

static int
server_name(SSL *s, int *alert, void *arg)
{
	(void)alert;
	(void)arg;
	SSL_get_servername(s, TLSEXT_NAMETYPE_host_name);
	return SSL_TLSEXT_ERR_OK;
}

static int
select_protocol(SSL *s, const unsigned char **out, unsigned char *len,
    const unsigned char *in, unsigned int n, void *arg)
{
	(void)s;
	(void)n;
	(void)arg;
	*out = in + 1;
	*len = in[0];
	return SSL_TLSEXT_ERR_OK;
}

static int
verify(int ok, X509_STORE_CTX *store)
{
	(void)store;
	return ok;
}

static SSL_CTX *
context(const SSL_METHOD *method)
{
	SSL_CTX *ctx = SSL_CTX_new(method);

	if (ctx == NULL ||
	    SSL_CTX_use_certificate_chain_file(ctx, file("server.pem")) != 1 ||
	    SSL_CTX_use_PrivateKey_file(ctx, file("server.key"), SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_load_verify_locations(ctx, file("ca.pem"), NULL) != 1 ||
	    SSL_CTX_set_session_id_context(ctx, (unsigned char *)"panic", 5) != 1) {
		SSL_CTX_free(ctx);
		return NULL;
	}
	SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
	return ctx;
}

/* One connection; false if something failed. */
static bool
connection(const char *host)
{
	struct scene *s = &scene;
	int c = 0, d = 0;
	char buf[16] = "";

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s->fds) != 0 ||
	    (s->client = SSL_new(s->client_ctx)) == NULL ||
	    (s->server = SSL_new(s->server_ctx)) == NULL ||
	    SSL_set1_host(s->client, host) != 1 ||
	    SSL_set_tlsext_host_name(s->client, host) != 1 ||
	    SSL_set_alpn_protos(s->client, (unsigned char *)"\2h2", 3) != 0)
		return false;
	SSL_set_verify(s->client, SSL_VERIFY_PEER, verify);
	SSL_set_fd(s->client, s->fds[0]);
	SSL_set_fd(s->server, s->fds[1]);
	SSL_set_connect_state(s->client);
	SSL_set_accept_state(s->server);
	if (s->session != NULL && SSL_set_session(s->client, s->session) != 1)
		return false;
	for (int i = 0; i < 20 && (c != 1 || d != 1); i++) {
		c = SSL_do_handshake(s->client);
		if (c != 1 && !blocked(s->client, c))
			return false;
		d = SSL_do_handshake(s->server);
		if (d != 1 && !blocked(s->server, d))
			return false;
	}
	MUST(c == 1 && strcmp(host, "server.test") == 0);
	SSL_get_session(s->server);
	return SSL_write(s->server, "data", 4) == 4 &&
	    SSL_read(s->client, buf, sizeof(buf)) == 4 &&
	    strcmp(buf, "data") == 0 &&
	    SSL_get0_peer_certificate(s->client) != NULL &&
	    SSL_get_verify_result(s->client) == X509_V_OK &&
	    SSL_shutdown(s->client) == 0 &&
	    SSL_read(s->server, buf, 1) == 0;
}

static void
end_connection(void)
{
	SSL_free(scene.client);
	SSL_free(scene.server);
	close(scene.fds[0]);
	close(scene.fds[1]);
	scene.client = scene.server = NULL;
}

static bool
play(const char *host)
{
	struct scene *s = &scene;
	bool ok = false;

	memset(s, 0, sizeof(*s));
	s->client_ctx = context(TLS_client_method());
	/* The second would clear the queue of errors. */
	if (s->client_ctx != NULL)
		s->server_ctx = context(TLS_server_method());
	if (s->server_ctx != NULL) {
		SSL_CTX_set_session_cache_mode(s->client_ctx, SSL_SESS_CACHE_CLIENT);
		SSL_CTX_set_verify(s->client_ctx, SSL_VERIFY_PEER, NULL);
		SSL_CTX_sess_set_new_cb(s->client_ctx, new_session);
		SSL_CTX_set_tlsext_servername_callback(s->server_ctx, server_name);
		SSL_CTX_set_alpn_select_cb(s->server_ctx, select_protocol, NULL);
		for (int i = 0; i < 2; i++) {
			ERR_clear_error();
			ok = connection(host);
			end_connection();
			if (!ok)
				break;
		}
	}
	SSL_SESSION_free(s->session);
	SSL_CTX_free(s->client_ctx);
	SSL_CTX_free(s->server_ctx);
	return ok;
}

/* A context that may lack a setting isn't for connections any more. */
static void
refused(void)
{
	SSL_CTX *good = context(TLS_method()), *bad = context(TLS_method());
	SSL *ssl = SSL_new(good);

	MUST(ssl != NULL);
	how = 1;
	left = 0;
	SSL_CTX_set_verify(bad, SSL_VERIFY_PEER, NULL);
	MUST(SSL_new(bad) == NULL && ERR_get_error() != 0);
	ERR_clear_error();
	MUST(SSL_set_SSL_CTX(ssl, bad) == NULL && ERR_get_error() != 0);
	MUST(SSL_get_SSL_CTX(ssl) == good);
	SSL_free(ssl);
	SSL_CTX_free(good);
	SSL_CTX_free(bad);
	ERR_clear_error();
	place = NULL;
}

/* Has the n-th place panic; false once there aren't as many. */
static bool
panics_at(long n, const char *host)
{
	pid_t pid = fork();
	int status;
	bool ok;

	if (pid == 0) {
		alarm(60);
		how = 1 + n % 4;
		left = n;
		ok = play(host);
		if (place == NULL)
			_exit(2);
		MUST(ok || ERR_peek_error() != 0);
		ERR_clear_error();
		MUST(play("server.test"));
		_exit(0);
	}
	waitpid(pid, &status, 0);
	if (!WIFEXITED(status) || WEXITSTATUS(status) == 1) {
		printf("%s, place %ld: status %x\n", host, n, status);
		exit(1);
	}
	return WEXITSTATUS(status) == 0;
}

int
main(int argc, char **argv)
{
	static const char *const hosts[] = { "server.test", "wrong.test" };
	long n;

	pki = argv[argc - 1];
	setvbuf(stdout, NULL, _IONBF, 0);
	refused();
	for (int i = 0; i < 2; i++) {
		for (n = 0; panics_at(n, hosts[i]); n++)
			;
		printf("%s: %ld places\n", hosts[i], n);
		if (n < 50)
			return 1;
	}
	return 0;
}
