/* The model's calls of libtls. */
#include "model.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tls.h>

#define MUST(end, e) do {						\
	if (!(e))							\
		flaw((end)->run, "%s: %s", #e, tls_config_error((end)->config)); \
} while (0)

#ifndef TEST_LIBRETLS
static int
sign(void *arg, const char *hash, const uint8_t *input, size_t len, int padding, uint8_t **sig, size_t *sig_len)
{
	struct end *e = arg;

	if (e->stalls >> e->moves++ % 32 & 1) {
		e->signer_waits = true;
		return e->moves % 2 == 0 ? TLS_WANT_POLLIN : TLS_WANT_POLLOUT;
	}
	if (tls_signer_sign(e->signer, hash, input, len, padding, sig, sig_len) != 0)
		flaw(e->run, "tls_signer_sign: %s", tls_signer_error(e->signer));
	return 0;
}
#endif

static void
use_keypair(struct end *e, const char *name, bool signer)
{
	char cert[16], key[16];

	snprintf(cert, sizeof(cert), "%s.pem", name);
	snprintf(key, sizeof(key), "%s.key", name);
#ifndef TEST_LIBRETLS
	if (signer) {
		if ((e->signer = tls_signer_new()) == NULL ||
		    tls_signer_add_keypair_file(e->signer, file(cert), file(key)) != 0)
			flaw(e->run, "no signer");
		tls_config_set_sign_cb(e->config, sign, e);
		MUST(e, tls_config_set_cert_file(e->config, file(cert)) == 0);
		return;
	}
#else
	(void)signer;
#endif
	MUST(e, tls_config_set_keypair_file(e->config, file(cert), file(key)) == 0);
}

static void
configure(struct end *e)
{
	const struct setup *s = &e->run->setup;
	bool server = e->out == &e->run->ways[SERVER];

	e->config = tls_config_new();
	e->session_fd = -1;
	if (e->config == NULL)
		flaw(e->run, "tls_config_new");
	MUST(e, tls_config_set_protocols(e->config, s->tls12 ? TLS_PROTOCOL_TLSv1_2 : TLS_PROTOCOL_TLSv1_3) == 0);
	MUST(e, tls_config_set_ca_file(e->config, file("ca.pem")) == 0);
	if (server)
		use_keypair(e, "server", s->sign[SERVER]);
	else if (s->client_cert)
		use_keypair(e, "client", s->sign[CLIENT]);
	if (server && s->client_cert)
		tls_config_verify_client(e->config);
	if (server && s->tickets) {
		MUST(e, tls_config_set_session_lifetime(e->config, 3600) == 0);
#ifndef TEST_LIBRETLS
		MUST(e, tls_config_set_num_tickets(e->config, s->num_tickets) == 0);
#endif
	}
	if (!server && s->tickets) {
		e->session_fd = memfd_create("session", MFD_CLOEXEC);
		if (e->session_fd == -1 || fchmod(e->session_fd, 0600) != 0)
			flaw(e->run, "memfd_create");
		MUST(e, tls_config_set_session_fd(e->config, e->session_fd) == 0);
	}
	e->listener = server ? tls_server() : tls_client();
	if (e->listener == NULL || tls_configure(e->listener, e->config) != 0)
		flaw(e->run, "tls_configure: %s", tls_error(e->listener));
}

static ssize_t
fail(struct end *e, bool *kind)
{
	e->breaks = false;
	*kind = true;
	errno = ECONNRESET;
	return e->said = -1;
}

static ssize_t
read_cb(struct tls *ctx, void *buf, size_t len, void *arg)
{
	struct end *e = arg;
	struct way *w = e->in;
	size_t n = w->given - w->taken;

	if (ctx != e->conn)
		flaw(e->run, "the read callback got another context");
	if (e->deaf)
		flaw(e->run, "the read callback is called after it has failed");
	if (e->breaks)
		return fail(e, &e->deaf);
	if (e->stalls >> e->moves++ % 32 & 1)
		return e->said = TLS_WANT_POLLIN;
	if (e->rfd != -1)
		return read(e->rfd, buf, e->most != 0 && e->most < len ? e->most : len);
	if (n == 0)
		return e->said = w->cut ? 0 : TLS_WANT_POLLIN;
	n = n < len ? n : len;
	n = e->most != 0 && e->most < n ? e->most : n;
	memcpy(buf, w->data + w->taken, n);
	w->taken += n;
	return e->said = n;
}

static ssize_t
write_cb(struct tls *ctx, const void *buf, size_t len, void *arg)
{
	struct end *e = arg;
	struct way *w = e->out;

	if (ctx != e->conn)
		flaw(e->run, "the write callback got another context");
	if (e->mute)
		flaw(e->run, "the write callback is called after it has failed");
	if (e->breaks)
		return fail(e, &e->mute);
	if (e->wfd == -1 && w->cut) {
		errno = EPIPE;
		return e->said = -1;
	}
	if (e->stalls >> e->moves++ % 32 & 1)
		return e->said = TLS_WANT_POLLOUT;
	len = e->most != 0 && e->most < len ? e->most : len;
	if (e->wfd != -1)
		return write(e->wfd, buf, len);
	way_put(w, buf, len);
	return e->said = len;
}

static void
open_connection(struct end *e)
{
	bool server = e->out == &e->run->ways[SERVER];
	struct tls *ctx = e->listener, *conn = ctx;
	int rv;

	if (server) {
		if (e->callbacks)
			rv = tls_accept_cbs(ctx, &conn, read_cb, write_cb, e);
		else if (e->rfd == e->wfd)
			rv = tls_accept_socket(ctx, &conn, e->rfd);
		else
			rv = tls_accept_fds(ctx, &conn, e->rfd, e->wfd);
	} else if (e->callbacks)
		rv = tls_connect_cbs(ctx, read_cb, write_cb, e, "server.test");
	else if (e->rfd == e->wfd)
		rv = tls_connect_socket(ctx, e->rfd, "server.test");
	else
		rv = tls_connect_fds(ctx, e->rfd, e->wfd, "server.test");
	if (rv != 0)
		flaw(e->run, "no connection: %s", tls_error(ctx));
	e->conn = conn;
}

static void
drop(struct end *e)
{
	if (e->conn != e->listener) {
		tls_free(e->conn);
	} else {
		tls_reset(e->conn);
		if (tls_configure(e->conn, e->config) != 0)
			flaw(e->run, "tls_configure: %s", tls_error(e->conn));
	}
	e->conn = NULL;
}

static void
unconfigure(struct end *e)
{
	tls_free(e->listener);
	tls_config_free(e->config);
#ifndef TEST_LIBRETLS
	tls_signer_free(e->signer);
#endif
	if (e->session_fd != -1)
		close(e->session_fd);
}

/* The four functions set errno to 0, and tell of no error if they want to be called again. */
static ssize_t
checked(struct end *e, const char *call, ssize_t rv)
{
	if (errno != 0)
		flaw(e->run, "%s leaves errno %d", call, errno);
	if (e->api->strict && rv < FAILED && tls_error(e->conn) != NULL)
		flaw(e->run, "%s wants to be called again and tells of an error: %s", call, tls_error(e->conn));
	if (rv < WANT_OUT)
		flaw(e->run, "%s gives %zd", call, rv);
	return rv;
}

#define CALL(e, f, ...) (errno = ENOENT, checked((e), #f, f((e)->conn, ##__VA_ARGS__)))

static int
handshake(struct end *e)
{
	return CALL(e, tls_handshake);
}

static ssize_t
read_data(struct end *e, void *buf, size_t len)
{
	return CALL(e, tls_read, buf, len);
}

static ssize_t
write_data(struct end *e, const void *buf, size_t len)
{
	return CALL(e, tls_write, buf, len);
}

static int
close_notify(struct end *e)
{
	return CALL(e, tls_close);
}

static const char *
error(struct end *e)
{
	return tls_error(e->conn);
}

static bool
resumed(struct end *e)
{
	return tls_conn_session_resumed(e->conn);
}

const struct api libtls = {
	.name = "libtls",
#ifndef TEST_LIBRETLS
	.strict = true,
	.answers_beside_write = true,
	.truncation_at_close = true,
	.sticky = true,
	.resumes = true,
#else
	.idles = true,
#endif
	.configure = configure,
	.open = open_connection,
	.drop = drop,
	.unconfigure = unconfigure,
	.handshake = handshake,
	.read = read_data,
	.write = write_data,
	.close = close_notify,
	.error = error,
	.resumed = resumed,
};
