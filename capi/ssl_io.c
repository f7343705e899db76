//go:build !nossl

/* SSL_accept(3), SSL_connect(3), SSL_read(3), SSL_write(3), SSL_shutdown(3). */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
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
	switch (output_flush(&s->out)) {
	case 1:
		return DONE;
	case TLS_WANT_POLLOUT:
		s->p.want = SSL_WRITING;
		return FAILED;
	default:
		s->p.lost = true;
		errno = s->out.err;
		return FAILED;
	}
}

/* How much output reading lets queue up behind an unfinished write. */
enum { BACKLOG = 4 * OUTPUT_SIZE };

/* The same for what doesn't have to wait for a write to be repeated. */
static int
flush_beside_write(SSL *s)
{
	if (s->p.sealed > 0 && s->out.len - s->out.off < BACKLOG)
		return DONE;
	return flush(s);
}

/*
 * Reads a record into *st, or finds the end of input. Plaintext that is left
 * of the one before has to be read first.
 */
static int
fill(SSL *s, struct input *in, struct step *st)
{
	switch (in->data_len > 0 ? TLS_WANT_POLLIN : input_get(in, st)) {
	case 1:
		return DONE;
	case TLS_WANT_POLLIN:
		s->p.want = SSL_READING;
		return FAILED;
	default:
		errno = in->err;
		return FAILED;
	}
}

static unsigned
callbacks(const SSL *s)
{
	return (s->ctx->servername != NULL || s->home->servername != NULL ?
	    HAS_SERVER_NAME : 0) |
	    (s->ctx->alpn_select != NULL ? HAS_ALPN : 0) |
	    (s->verify != NULL ? HAS_VERIFY : 0) |
	    (s->home->new_session != NULL ? HAS_NEW_SESSION : 0);
}

/* Has Go do one step, and takes its output. */
static int
step(SSL *s, int op, struct ssl_step *st)
{
	struct ssl_visit v;
	int rv = STEP_PANICKED;

	/* Reading seldom has any. */
	if (op != OP_READ)
		output_offer(&s->out, &st->io);
	st->callbacks = callbacks(s);
	st->lost = s->p.lost;
	st->status = s->p.status;
	if (conn_visit(s, &v)) {
		st->io.state = s->object.bytes;
		rv = goSSLStep(s->object.go, &v.fail, op, st);
		object_keep(&s->object, st->io.state);
		s->records_in = st->io.records_in;
		s->records_out = st->io.records_out;
		ssl_leave(&v);
	}
	s->p.status = st->status;
	s->p.started = true;
	if (!output_queue(&s->out, &st->io)) {
		ssl_error(ERR_R_MALLOC_FAILURE);
		rv = STEP_PANICKED;
	}
	if (rv == STEP_PANICKED)
		s->broken = s->p.status.dead = s->p.status.in_init = true;
	return rv;
}

static void
ask_servername(SSL *s)
{
	SSL_CTX *ctx = s->ctx->servername != NULL ? s->ctx : s->home;
	int alert = SSL_AD_UNRECOGNIZED_NAME, answer;
	struct ssl_visit v;

	s->busy = 0;
	answer = ctx->servername(s, &alert, ctx->servername_arg);
	s->busy = generation();
	if (conn_visit(s, &v)) {
		goSSLAnsweredServerName(s->object.go, &v.fail, answer, alert);
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
		offered = goSSLOfferedALPN(s->object.go, &v.fail, &len);
		conn_leave(s, &v);
	}
	if (offered == NULL)
		return;
	s->busy = 0;
	answer = s->ctx->alpn_select(s, &out, &out_len, offered, len,
	    s->ctx->alpn_arg);
	s->busy = generation();
	if (conn_visit(s, &v)) {
		goSSLAnsweredALPN(s->object.go, &v.fail, answer, out,
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
		ok = goSSLPreverified(s->object.go, &v.fail);
		conn_leave(s, &v);
	}
	s->busy = 0;
	ok = s->verify(ok, &store);
	s->busy = generation();
	if (conn_visit(s, &v)) {
		goSSLAnsweredVerify(s->object.go, &v.fail, ok != 0);
		conn_leave(s, &v);
	}
}

static void
tell_session(SSL *s)
{
	SSL_SESSION *session = SSL_get1_session(s);

	s->busy = 0;
	if (session != NULL && s->home->new_session(s, session) == 0)
		SSL_SESSION_free(session);
	s->busy = generation();
}

/*
 * Carries an operation on until it is done, with the count in *n. One that
 * reads is given the input, of which no plaintext is left, and goes on with a
 * record if fetch says so; one that writes is given none.
 */
static int
drive(SSL *s, int op, struct input *in, bool fetch, void *buf, size_t len,
    size_t *n)
{
	struct ssl_step st;
	int rv;

	for (;;) {
		memset(&st, 0, sizeof(st));
		st.io.buf = buf;
		st.io.buf_len = len;
		if (fetch && fill(s, in, &st.io) != DONE)
			return FAILED;
		fetch = false;
		rv = step(s, op, &st);
		if (st.io.record != NULL)
			input_keep(in, &st.io);
		switch (rv) {
		case STEP_DONE:
			context_removed(s->home);
			*n = st.io.n;
			if (op == OP_READ && st.io.n == 0 &&
			    st.io.data_len == 0) {
				s->p.shutdown |= SSL_RECEIVED_SHUTDOWN;
				return ENDED;
			}
			return DONE;
		case STEP_NEED_INPUT:
		case STEP_NO_DATA:
			if (flush_beside_write(s) != DONE)
				return FAILED;
			if (op == OP_READ && st.io.record != NULL &&
			    !(s->mode & SSL_MODE_AUTO_RETRY)) {
				s->p.want = SSL_READING;
				return FAILED;
			}
			if (in == NULL) {
				ssl_internal_error(BROKEN);
				return FAILED;
			}
			fetch = true;
			break;
		case STEP_FLUSH:
			if (flush(s) != DONE && !s->p.lost)
				return FAILED;
			break;
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
		default:
			context_removed(s->home);
			if (s->p.status.dead)
				s->p.sealed = 0;
			/* The alert, if it can be sent at once. */
			output_flush(&s->out);
			if (s->p.status.alerted)
				s->p.shutdown |= SSL_RECEIVED_SHUTDOWN;
			return op == OP_READ && (st.io.eof ||
			    s->p.status.alerted) ? ENDED : FAILED;
		}
	}
}

/* What is sent before data: the handshake, tickets, a request. */
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
	if (drive(s, OP_HANDSHAKE, &s->in, false, NULL, 0, &n) != DONE)
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
	if (s->in.data_len == 0) {
		if (flush_beside_write(s) != DONE && !s->p.lost)
			return FAILED;
		/* A peek leaves everything in the record. */
		rv = drive(s, OP_READ, &s->in, true, buf, peek ? 0 : num, &got);
		if (rv != DONE)
			return rv;
	}
	if (got == 0)
		got = peek ? input_peek(&s->in, buf, num) :
		    input_take(&s->in, buf, num);
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
	while (done < num || s->p.sealed > 0) {
		if (s->p.sealed == 0) {
			if (flush(s) != DONE)
				goto blocked;
			if (drive(s, OP_WRITE, NULL, false,
			    (void *)(data + done), num - done,
			    &s->p.sealed) != DONE)
				goto blocked;
		}
		if (flush(s) != DONE)
			goto blocked;
		done += s->p.sealed;
		s->p.sealed = 0;
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
	uint8_t byte;
	size_t n;
	int rv;

	if (s->in.data_len > 0)
		return failed(SSL_R_APPLICATION_DATA_AFTER_CLOSE_NOTIFY);
	rv = drive(s, OP_READ, &s->in, true, &byte, sizeof(byte), &n);
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
		if (drive(s, OP_CLOSE, NULL, false, NULL, 0, &n) != DONE ||
		    flush(s) != DONE)
			return FAILED;
	} else if (output_pending(&s->out)) {
		if (flush(s) != DONE)
			return FAILED;
	} else if (!(s->p.shutdown & SSL_RECEIVED_SHUTDOWN)) {
		return await_close(s);
	}
	return s->p.shutdown & SSL_RECEIVED_SHUTDOWN ? DONE : ENDED;
}

/* A thread is cancelled behind these functions and not within. */
static bool
begin(SSL *s, int *cancel)
{
	s->p.want = SSL_NOTHING;
	errno = 0;
	if (conn_abandoned(s)) {
		ssl_internal_error(ABANDONED);
		return false;
	}
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, cancel);
	s->busy = generation();
	return true;
}

static int
end(SSL *s, int cancel, int rv)
{
	int num = errno;

	s->busy = 0;
	pthread_setcancelstate(cancel, NULL);
	errno = num;
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
	return s->in.data_len;
}

int
SSL_has_pending(const SSL *s)
{
	return s->in.record != NULL || s->in.header_len > 0;
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
