//go:build !nossl

/* SSL_accept(3), SSL_connect(3), SSL_read(3), SSL_write(3), SSL_shutdown(3). */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "ssl_front.h"
#include "_cgo_export.h"

/*
 * The functions below return 1 once an operation is done. Otherwise
 * SSL_get_error tells why from what they leave behind: an error on the queue,
 * p.want, or neither after a failed system call or the end of input.
 */
enum {
	DONE = 1,
	ENDED = 0,
	FAILED = -1,
};

static int
failed(int reason)
{
	ssl_error(reason);
	return FAILED;
}

/* Writes what is pending. */
static int
flush(SSL *s)
{
	switch (output_flush(&s->line.out)) {
	case 1:
		return DONE;
	case TLS_WANT_POLLOUT:
		s->p.want = SSL_WRITING;
		return FAILED;
	default:
		s->p.lost = true;
		errno = s->line.out.err;
		return FAILED;
	}
}

/*
 * The same for what doesn't have to wait for a write or a shutdown to be
 * repeated, which then sends the rest itself.
 */
static int
flush_beside_write(SSL *s)
{
	return s->p.ending || line_may_wait(&s->line) ? DONE : flush(s);
}

static unsigned
callbacks(const SSL *s)
{
	return (s->ctx->servername != NULL || s->first->servername != NULL ?
	    HAS_SERVER_NAME : 0) |
	    (s->ctx->alpn_select != NULL ? HAS_ALPN : 0) |
	    (s->verify != NULL ? HAS_VERIFY : 0) |
	    (s->first->new_session != NULL ? HAS_NEW_SESSION : 0);
}

/* The hooks of drive(), which goes on after CONTINUE. */

enum { CONTINUE = 0, AT_END = 2 };

static int
step(void *conn, int op, struct step *st)
{
	SSL *s = conn;
	struct ssl_step io = {
		.io = *st,
		.callbacks = callbacks(s),
		.lost = s->p.lost,
		.status = s->p.status,
	};
	struct ssl_visit v;
	int rv = STEP_PANICKED;

	if (conn_visit(s, &v)) {
		rv = goSSLStep(s->line.object.go, &v.fail, op, &io);
		ssl_leave(&v);
	}
	*st = io.io;
	s->p.status = io.status;
	s->p.started = true;
	return rv;
}

/* Plaintext that is left of the record before has to be read first. */
static int
fetch(void *conn, int op, struct step *st)
{
	SSL *s = conn;
	struct input *in = &s->line.in;

	(void)op;
	switch (in->data_len > 0 ? TLS_WANT_POLLIN : input_get(in, st)) {
	case 1:
		s->p.fetched = true;
		return CONTINUE;
	case TLS_WANT_POLLIN:
		s->p.want = SSL_READING;
		return FAILED;
	default:
		errno = in->err;
		return FAILED;
	}
}

static int
pause_input(void *conn, int op, int how, struct step *st)
{
	SSL *s = conn;

	(void)how;
	(void)st;
	if (flush_beside_write(s) != DONE)
		return FAILED;
	/* Not between the messages of an authentication, as in OpenSSL. */
	if (op == OP_READ && s->p.fetched && !SSL_in_init(s) &&
	    !(s->mode & SSL_MODE_AUTO_RETRY)) {
		s->p.want = SSL_READING;
		return FAILED;
	}
	return CONTINUE;
}

static int
stop(void *conn, int op, int how, struct step *st)
{
	SSL *s = conn;

	if (how == STEP_NO_MEMORY)
		ssl_error(ERR_R_MALLOC_FAILURE);
	if (how != STEP_FAILED)
		s->broken = s->p.status.dead = s->p.status.in_init = true;
	context_removed(s->first);
	if (s->p.status.dead)
		s->line.sealed = 0;
	if (s->p.status.alerted)
		s->p.shutdown |= SSL_RECEIVED_SHUTDOWN;
	return op == OP_READ && (st->eof || s->p.status.alerted) ?
	    AT_END : FAILED;
}

static void
ask_servername(SSL *s)
{
	SSL_CTX *ctx = s->ctx->servername != NULL ? s->ctx : s->first;
	int alert = SSL_AD_UNRECOGNIZED_NAME, answer;
	struct ssl_visit v;

	answer = ctx->servername(s, &alert, ctx->servername_arg);
	if (conn_visit(s, &v)) {
		goSSLAnsweredServerName(s->line.object.go, &v.fail, answer, alert);
		conn_leave(s, &v);
	}
}

static void
ask_alpn(SSL *s)
{
	const unsigned char *out = NULL;
	unsigned char out_len = 0;
	struct ssl_visit v;
	uint8_t *offered = NULL;
	size_t len = 0;
	int answer;

	if (conn_visit(s, &v)) {
		offered = goSSLOfferedALPN(s->line.object.go, &v.fail, &len);
		conn_leave(s, &v);
	}
	if (offered == NULL)
		return;
	answer = s->ctx->alpn_select(s, &out, &out_len, offered, len,
	    s->ctx->alpn_arg);
	if (conn_visit(s, &v)) {
		goSSLAnsweredALPN(s->line.object.go, &v.fail, answer, out,
		    out == NULL ? 0 : out_len);
		conn_leave(s, &v);
	}
	free(offered);
}

struct x509_store_ctx_st {
	SSL *ssl;
};

static void
ask_verify(SSL *s)
{
	X509_STORE_CTX store = { .ssl = s };
	struct ssl_visit v;
	int ok = 0;

	if (conn_visit(s, &v)) {
		ok = goSSLPreverified(s->line.object.go, &v.fail);
		conn_leave(s, &v);
	}
	ok = s->verify(ok, &store);
	if (conn_visit(s, &v)) {
		goSSLAnsweredVerify(s->line.object.go, &v.fail, ok != 0);
		conn_leave(s, &v);
	}
}

static void
tell_session(SSL *s)
{
	SSL_SESSION *session = SSL_get1_session(s);

	if (session != NULL && s->first->new_session(s, session) == 0)
		SSL_SESSION_free(session);
}

static int
ask(void *conn, int how, struct step *st)
{
	SSL *s = conn;

	(void)st;
	switch (how) {
	case STEP_FLUSH:
		return flush(s) == DONE || s->p.lost ? CONTINUE : FAILED;
	case SSL_STEP_ASK_SERVER_NAME:
		ask_servername(s);
		break;
	case SSL_STEP_ASK_ALPN:
		ask_alpn(s);
		break;
	case SSL_STEP_ASK_VERIFY:
		ask_verify(s);
		break;
	case SSL_STEP_ASK_NEW_SESSION:
		tell_session(s);
		break;
	}
	return CONTINUE;
}

static int
interrupted(void *conn, const struct file *f, const char *path)
{
	(void)conn;
	(void)path;
	errno = f->num;
	return FAILED;
}

static const struct api hooks = {
	.step = step,
	.fetch = fetch,
	.pause = pause_input,
	.ask = ask,
	.stop = stop,
	.interrupted = interrupted,
};

/* Drives an operation, with the count in *n; see drive(). */
static int
operate(SSL *s, int op, bool fetch_first, void *buf, size_t len, size_t *n)
{
	bool reads = op == OP_HANDSHAKE || op == OP_READ;
	struct step st;
	int rv;

	s->p.fetched = false;
	rv = drive(&s->line, op, reads ? &s->line.in : NULL, fetch_first, buf,
	    len, &st);
	if (rv != 0)
		return rv == AT_END ? ENDED : FAILED;
	context_removed(s->first);
	*n = st.n;
	if (op == OP_READ && st.n == 0 && st.data_len == 0) {
		s->p.shutdown |= SSL_RECEIVED_SHUTDOWN;
		return ENDED;
	}
	return DONE;
}

/* Sends what goes before data: the handshake, tickets, a request. */
static int
handshake(SSL *s)
{
	size_t n;

	if (s->role == NO_ROLE)
		return failed(SSL_R_CONNECTION_TYPE_NOT_SET);
	/* A dead connection has told why, and is silent from then on. */
	if (s->p.status.dead && !s->broken)
		return FAILED;
	if (SSL_in_init(s))
		ERR_clear_error();
	if (flush_beside_write(s) != DONE && !s->p.lost)
		return FAILED;
	if (!SSL_in_init(s))
		return DONE;
	if (operate(s, OP_HANDSHAKE, false, NULL, 0, &n) != DONE)
		return FAILED;
	if (flush_beside_write(s) != DONE && !s->p.lost)
		return FAILED;
	return DONE;
}

static int
read_data(SSL *s, void *buf, size_t num, bool peek, size_t *n)
{
	size_t got = 0;
	int rv;

	if (s->role == NO_ROLE)
		return failed(SSL_R_UNINITIALIZED);
	if (s->p.shutdown & SSL_RECEIVED_SHUTDOWN)
		return ENDED;
	if (SSL_in_init(s) && handshake(s) != DONE)
		return FAILED;
	if (s->line.in.data_len == 0) {
		if (flush_beside_write(s) != DONE && !s->p.lost)
			return FAILED;
		/* A peek leaves everything in the record. */
		rv = operate(s, OP_READ, true, buf, peek ? 0 : num, &got);
		if (rv != DONE)
			return rv;
	}
	if (got == 0)
		got = peek ? input_peek(&s->line.in, buf, num) :
		    input_take(&s->line.in, buf, num);
	if (got == 0) /* no room for any */
		return ENDED;
	*n = got;
	return DONE;
}

static int
write_data(SSL *s, const void *buf, size_t num, size_t *n)
{
	const uint8_t *data = buf;
	size_t done;
	bool retry = s->p.write_blocked;

	if (s->role == NO_ROLE)
		return failed(SSL_R_UNINITIALIZED);
	if (s->p.shutdown & SSL_SENT_SHUTDOWN)
		return failed(SSL_R_PROTOCOL_IS_SHUTDOWN);
	if (retry && (num < s->p.write_len || (buf != s->p.write_buf &&
	    !(s->mode & SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER))))
		return failed(SSL_R_BAD_WRITE_RETRY);
	if ((!retry || s->p.status.dead) && SSL_in_init(s) &&
	    handshake(s) != DONE)
		return FAILED;
	s->p.write_blocked = false;
	s->p.write_buf = buf;
	s->p.write_len = num;
	done = s->p.write_done;
	while (done < num || s->line.sealed > 0) {
		if (s->line.sealed == 0) {
			if (flush(s) != DONE)
				goto blocked;
			if (operate(s, OP_WRITE, false,
			    (void *)(data + done), num - done,
			    &s->line.sealed) != DONE)
				goto blocked;
		}
		if (flush(s) != DONE)
			goto blocked;
		done += s->line.sealed;
		s->line.sealed = 0;
		if (s->mode & SSL_MODE_ENABLE_PARTIAL_WRITE)
			break;
	}
	s->p.write_done = 0;
	*n = done;
	return DONE;
blocked:
	s->p.write_done = done;
	s->p.write_blocked = s->p.want == SSL_WRITING;
	return FAILED;
}

static int
await_close(SSL *s)
{
	size_t n;
	int rv;

	if (s->line.in.data_len > 0)
		return failed(SSL_R_APPLICATION_DATA_AFTER_CLOSE_NOTIFY);
	/* Without room, so that data stays for SSL_read. */
	rv = operate(s, OP_READ, true, NULL, 0, &n);
	if (rv == DONE)
		return failed(SSL_R_APPLICATION_DATA_AFTER_CLOSE_NOTIFY);
	return s->p.shutdown & SSL_RECEIVED_SHUTDOWN ? DONE : FAILED;
}

static int
close_connection(SSL *s)
{
	size_t n;

	if (s->role == NO_ROLE)
		return failed(SSL_R_UNINITIALIZED);
	if (s->quiet) {
		s->p.shutdown = SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN;
		return DONE;
	}
	if (!s->p.status.complete || s->p.status.dead ||
	    (!s->p.ending && SSL_in_init(s)))
		return failed(SSL_R_SHUTDOWN_WHILE_IN_INIT);
	if (!(s->p.shutdown & SSL_SENT_SHUTDOWN) || !s->p.ending) {
		s->p.shutdown |= SSL_SENT_SHUTDOWN;
		s->p.ending = true;
		if (operate(s, OP_CLOSE, false, NULL, 0, &n) != DONE ||
		    flush(s) != DONE)
			return FAILED;
	} else if (output_pending(&s->line.out)) {
		if (flush(s) != DONE)
			return FAILED;
	} else if (!(s->p.shutdown & SSL_RECEIVED_SHUTDOWN)) {
		return await_close(s);
	}
	return s->p.shutdown & SSL_RECEIVED_SHUTDOWN ? DONE : ENDED;
}

static bool
begin(SSL *s, int *cancel)
{
	if (conn_in_use(s))
		return false;
	s->p.want = SSL_NOTHING;
	errno = 0;
	if (line_abandoned(&s->line)) {
		ssl_internal_error(ABANDONED);
		return false;
	}
	line_begin(&s->line, &hooks, s, cancel);
	return true;
}

/* A callback may have freed the connection. */
static int
end(SSL *s, int cancel, int rv)
{
	line_end(&s->line, cancel);
	if (atomic_load(&s->refs) == 0)
		conn_free(s);
	return rv;
}

int
SSL_do_handshake(SSL *s)
{
	int cancel;

	return begin(s, &cancel) ? end(s, cancel, handshake(s)) : FAILED;
}

int
SSL_accept(SSL *ssl)
{
	if (ssl->role == NO_ROLE)
		SSL_set_accept_state(ssl);
	return SSL_do_handshake(ssl);
}

int
SSL_connect(SSL *ssl)
{
	if (ssl->role == NO_ROLE)
		SSL_set_connect_state(ssl);
	return SSL_do_handshake(ssl);
}

/* Turns a result and a count into what functions with an int return. */
static int
counted(int rv, size_t n)
{
	return rv == DONE ? (int)n : rv;
}

static int
read_or_peek(SSL *s, void *buf, int num, bool peek)
{
	int cancel, rv;
	size_t n = 0;

	if (num < 0)
		return failed(SSL_R_BAD_LENGTH);
	if (!begin(s, &cancel))
		return FAILED;
	rv = read_data(s, buf, num, peek, &n);
	return end(s, cancel, counted(rv, n));
}

int
SSL_read(SSL *ssl, void *buf, int num)
{
	return read_or_peek(ssl, buf, num, false);
}

int
SSL_peek(SSL *ssl, void *buf, int num)
{
	return read_or_peek(ssl, buf, num, true);
}

int
SSL_write(SSL *ssl, const void *buf, int num)
{
	int cancel, rv;
	size_t n = 0;

	if (num < 0)
		return failed(SSL_R_BAD_LENGTH);
	if (!begin(ssl, &cancel))
		return FAILED;
	rv = write_data(ssl, buf, num, &n);
	return end(ssl, cancel, counted(rv, n));
}

int
SSL_read_ex(SSL *ssl, void *buf, size_t num, size_t *readbytes)
{
	int cancel;

	return begin(ssl, &cancel) &&
	    end(ssl, cancel, read_data(ssl, buf, num, false, readbytes) == DONE);
}

int
SSL_peek_ex(SSL *ssl, void *buf, size_t num, size_t *readbytes)
{
	int cancel;

	return begin(ssl, &cancel) &&
	    end(ssl, cancel, read_data(ssl, buf, num, true, readbytes) == DONE);
}

int
SSL_write_ex(SSL *s, const void *buf, size_t num, size_t *written)
{
	int cancel;

	return begin(s, &cancel) &&
	    end(s, cancel, write_data(s, buf, num, written) == DONE);
}

int
SSL_pending(const SSL *s)
{
	return s->line.in.data_len;
}

int
SSL_has_pending(const SSL *s)
{
	return s->line.in.record != NULL || s->line.in.header_len > 0;
}

int
SSL_want(const SSL *s)
{
	return s->p.want;
}

int
SSL_shutdown(SSL *s)
{
	int cancel;

	return begin(s, &cancel) ? end(s, cancel, close_connection(s)) : FAILED;
}

int
SSL_get_error(const SSL *s, int ret_code)
{
	unsigned long e;

	if (ret_code > 0)
		return SSL_ERROR_NONE;
	if ((e = ERR_peek_error()) != 0)
		return ERR_GET_LIB(e) == ERR_LIB_SYS ? SSL_ERROR_SYSCALL :
		    SSL_ERROR_SSL;
	switch (s->p.want) {
	case SSL_READING:
		return SSL_ERROR_WANT_READ;
	case SSL_WRITING:
		return SSL_ERROR_WANT_WRITE;
	}
	return s->p.shutdown & SSL_RECEIVED_SHUTDOWN ?
	    SSL_ERROR_ZERO_RETURN : SSL_ERROR_SYSCALL;
}
