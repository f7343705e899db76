/* The model's calls of the SSL_* subset. */
#include "model.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#define MUST(end, e) do {						\
	if (!(e))							\
		flaw((end)->run, "%s: %s", #e, reason());		\
} while (0)

static const char *
reason(void)
{
	unsigned long code = ERR_peek_error();
	const char *s = code == 0 ? NULL : ERR_reason_error_string(code);

	return s == NULL ? "no reason" : s;
}

/* Keeps the latest session for the next connection. */
static int
new_session(SSL *s, SSL_SESSION *session)
{
	struct end *e = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(s), 0);

	SSL_SESSION_free(e->session);
	e->session = session;
	return 1;
}

static void
configure(struct end *e)
{
	const struct setup *s = &e->run->setup;
	bool server = e->out == &e->run->ways[SERVER];
	int version = s->tls12 ? TLS1_2_VERSION : TLS1_3_VERSION;
	SSL_CTX *ctx = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());

	if (ctx == NULL)
		flaw(e->run, "SSL_CTX_new");
	e->listener = ctx;
	MUST(e, SSL_CTX_set_min_proto_version(ctx, version) == 1);
	MUST(e, SSL_CTX_set_max_proto_version(ctx, version) == 1);
	MUST(e, SSL_CTX_load_verify_locations(ctx, file("ca.pem"), NULL) == 1);
	if (server || s->client_cert || s->post_auth) {
		MUST(e, SSL_CTX_use_certificate_chain_file(ctx, file(server ? "server.pem" : "client.pem")) == 1);
		MUST(e, SSL_CTX_use_PrivateKey_file(ctx, file(server ? "server.key" : "client.key"),
		    SSL_FILETYPE_PEM) == 1);
	}
	if (!server || s->client_cert)
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	else if (s->post_auth)
		SSL_CTX_set_verify(ctx,
		    SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT | SSL_VERIFY_POST_HANDSHAKE, NULL);
	if (!server)
		SSL_CTX_set_post_handshake_auth(ctx, s->post_auth);
	MUST(e, SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"model", 5) == 1);
	if (!s->tickets)
		SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
	if (server) {
		MUST(e, SSL_CTX_set_num_tickets(ctx, s->tickets ? s->num_tickets : 0) == 1);
	} else {
		SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
		SSL_CTX_set_ex_data(ctx, 0, e);
		SSL_CTX_sess_set_new_cb(ctx, new_session);
	}
	SSL_CTX_set_mode(ctx, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	if (s->partial_writes)
		SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE);
	if (s->no_auto_retry)
		SSL_CTX_clear_mode(ctx, SSL_MODE_AUTO_RETRY);
}

static void
open_connection(struct end *e)
{
	bool server = e->out == &e->run->ways[SERVER];
	SSL *s = SSL_new(e->listener);

	MUST(e, s != NULL);
	e->conn = s;
	if (e->rfd == e->wfd)
		MUST(e, SSL_set_fd(s, e->rfd) == 1);
	else
		MUST(e, SSL_set_rfd(s, e->rfd) == 1 && SSL_set_wfd(s, e->wfd) == 1);
	if (server) {
		SSL_set_accept_state(s);
		return;
	}
	MUST(e, SSL_set1_host(s, "server.test") == 1);
	MUST(e, SSL_set_tlsext_host_name(s, "server.test") == 1);
	if (e->session != NULL) {
		MUST(e, SSL_set_session(s, e->session) == 1);
		/* Tickets of TLS 1.3 are for one connection each. */
		if (!e->run->setup.tls12) {
			SSL_SESSION_free(e->session);
			e->session = NULL;
		}
	}
	SSL_set_connect_state(s);
}

static void
drop(struct end *e)
{
	SSL_free(e->conn);
	e->conn = NULL;
}

static void
unconfigure(struct end *e)
{
	SSL_SESSION_free(e->session);
	SSL_CTX_free(e->listener);
}

static ssize_t
result(struct end *e, int rv)
{
	if (rv > 0)
		return rv;
	switch (SSL_get_error(e->conn, rv)) {
	case SSL_ERROR_WANT_READ:
		return WANT_IN;
	case SSL_ERROR_WANT_WRITE:
		return WANT_OUT;
	case SSL_ERROR_ZERO_RETURN:
		return END;
	default:
		return FAILED;
	}
}

static int
handshake(struct end *e)
{
	ERR_clear_error();
	int rv = result(e, SSL_do_handshake(e->conn));

	/* There is no end but a failed one. */
	return rv > 0 ? OK : rv == END ? FAILED : rv;
}

static ssize_t
read_data(struct end *e, void *buf, size_t len)
{
	ERR_clear_error();
	return result(e, SSL_read(e->conn, buf, len));
}

static ssize_t
peek(struct end *e, void *buf, size_t len)
{
	ERR_clear_error();
	return result(e, SSL_peek(e->conn, buf, len));
}

static ssize_t
write_data(struct end *e, const void *buf, size_t len)
{
	ERR_clear_error();
	ssize_t rv = result(e, SSL_write(e->conn, buf, len));

	return rv == END ? FAILED : rv;
}

static int
close_notify(struct end *e)
{
	ERR_clear_error();
	int rv = SSL_shutdown(e->conn);

	return rv >= 0 ? OK : result(e, rv);
}

static int
key_update(struct end *e, bool answered)
{
	ERR_clear_error();
	return SSL_key_update(e->conn, answered ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED) == 1 ?
	    OK : FAILED;
}

static bool
authenticate(struct end *e)
{
	ERR_clear_error();
	return SSL_verify_client_post_handshake(e->conn) == 1;
}

static bool
authenticated(struct end *e)
{
	X509 *cert = SSL_get1_peer_certificate(e->conn);

	X509_free(cert);
	return cert != NULL;
}

static const char *
error(struct end *e)
{
	(void)e;
	return reason();
}

static bool
resumed(struct end *e)
{
	return SSL_session_reused(e->conn);
}

const struct api openssl = {
	.name = "SSL_*",
#ifdef TEST_LIBRETLS
	.idles = true,
#else
	.answers_beside_write = true,
#endif
	.sticky = true,
	.resumes = true,
	.configure = configure,
	.open = open_connection,
	.drop = drop,
	.unconfigure = unconfigure,
	.handshake = handshake,
	.read = read_data,
	.peek = peek,
	.write = write_data,
	.close = close_notify,
	.key_update = key_update,
	.authenticate = authenticate,
	.authenticated = authenticated,
	.error = error,
	.resumed = resumed,
};
