/* tls_read(3): handshake, data, close, errors. */
#include <sys/socket.h>

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "front.h"
#include "_cgo_export.h"

/* How much output tls_read lets queue up behind an unfinished tls_write. */
enum { BACKLOG = 4 * OUTPUT_SIZE };

static int
transport_failure(struct tls *ctx, int op, int num)
{
	static const char *const prefixes[] = {
		[OP_HANDSHAKE] = "handshake",
		[OP_READ] = "read",
		[OP_WRITE] = "write",
		[OP_CLOSE] = "shutdown",
	};

	return error_set(&ctx->err, TLS_ERROR_UNKNOWN, "%s failed: %s",
	    prefixes[op], num == NO_ERRNO ? "unknown error" : strerror(num));
}

/* Writes what is pending: 0 once it is gone, -1 or TLS_WANT_*. */
static int
flush(struct tls *ctx, int op)
{
	int rv;

	if ((rv = transport_flush(&ctx->c.t)) == -1)
		return transport_failure(ctx, op, ctx->c.t.write_errno);
	return rv < 0 ? rv : 0;
}

/*
 * The same for reading, which doesn't mind that writing fails, nor that there
 * is a tls_write to be repeated: the peer may be waiting for us to read.
 */
static int
flush_reading(struct tls *ctx)
{
	int rv;

	if (ctx->c.sealed > 0 && ctx->c.t.out_len - ctx->c.t.out_off < BACKLOG)
		return 0;
	rv = transport_flush(&ctx->c.t);
	return rv < -1 ? rv : 0;
}

/* Has Go do one step, and takes care of the record and the output. */
static int
step(struct tls *ctx, int op, struct step *s)
{
	struct visit v;
	int rv;

	/* Reading seldom has any. */
	if (op != OP_READ)
		transport_offer(&ctx->c.t, s);
	if (!context_enter(ctx, &v))
		return STEP_PANICKED;
	s->state = ctx->object.bytes;
	rv = goStep(ctx->go, &v.fail, op, s);
	context_leave(ctx, &v, rv);
	object_keep(&ctx->object, s->state);
	ctx->records_in = s->records_in;
	ctx->records_out = s->records_out;
	if (!transport_queue(&ctx->c.t, s)) {
		error_set(&ctx->err, TLS_ERROR_OUT_OF_MEMORY, "out of memory");
		rv = STEP_PANICKED;
	}
	ctx->c.t.data_off = s->data_off;
	ctx->c.t.data_len = s->data_len;
	if (s->data_len == 0)
		transport_release(&ctx->c.t);
	return rv;
}

/*
 * Does an operation until it is finished, which gives 0 and the count in *n,
 * or until the transport would block or something fails. The last step's
 * output is left pending.
 */
static int
drive(struct tls *ctx, int op, void *buf, size_t len, size_t *n)
{
	bool reads = op == OP_HANDSHAKE || op == OP_READ;
	bool ask = reads ? ctx->c.ask : true;
	struct signature signature = { .given = false };
	struct step s;
	int rv;

	for (;; ask = ctx->c.ask = false) {
		memset(&s, 0, sizeof(s));
		s.signature = signature;
		if (!ask && !signature.given) {
			rv = transport_fill(&ctx->c.t);
			if (rv == -1)
				return transport_failure(ctx, op,
				    ctx->c.t.read_errno);
			if (rv < 0)
				return rv;
			s.record = ctx->c.t.in;
			s.record_len = ctx->c.t.in == NULL ? 0 : ctx->c.t.in_want;
		}
		s.eof = ctx->c.t.eof;
		s.buf = buf;
		s.buf_len = len;
		rv = step(ctx, op, &s);
		signature_free(&signature);
		switch (rv) {
		case STEP_DONE:
			if (op == OP_READ && s.n == 0)
				ctx->c.truncated = s.eof && !s.peer_closed;
			if (reads)
				ctx->c.ask = op == OP_READ && s.n == 0;
			*n = s.n;
			return 0;
		case STEP_NEED_INPUT:
			rv = op == OP_READ ? flush_reading(ctx) :
			    flush(ctx, op);
			if (rv != 0) {
				ctx->c.ask = false;
				return rv;
			}
			break;
		case STEP_NO_DATA:
			ctx->c.ask = false;
			if ((rv = flush_reading(ctx)) != 0)
				return rv;
			if (!transport_ready(&ctx->c.t))
				return TLS_WANT_POLLIN;
			break;
		case STEP_NEED_SIGNATURE:
			rv = signature_get(&s.request, &signature);
			if (rv != 0) {
				ctx->c.ask = true;
				return rv;
			}
			break;
		case STEP_PANICKED:
			ctx->c.broken = true;
			return -1;
		default:
			if (op == OP_HANDSHAKE)
				ctx->c.established = ctx->c.done =
				    s.handshake_done;
			ctx->c.ask = true;
			ctx->c.sealed = 0;
			/* The alert, if it can be sent at once. */
			transport_flush(&ctx->c.t);
			return -1;
		}
	}
}

static int
handshake(struct tls *ctx)
{
	size_t n;
	int rv;

	ctx->c.started = true;
	if ((rv = flush(ctx, OP_HANDSHAKE)) != 0)
		return rv;
	if (!ctx->c.done) {
		if ((rv = drive(ctx, OP_HANDSHAKE, NULL, 0, &n)) != 0)
			return rv;
		ctx->c.done = true;
		if ((rv = flush(ctx, OP_HANDSHAKE)) != 0)
			return rv;
	}
	ctx->c.established = true;
	return 0;
}

/* What tls_read and tls_write begin with. */
static int
prepare(struct tls *ctx, size_t buflen)
{
	int rv;

	if (!ctx->c.established && (rv = handshake(ctx)) != 0)
		return rv;
	if (buflen > INT_MAX)
		return error_set(&ctx->err, TLS_ERROR_INVALID_ARGUMENT,
		    "buflen too long");
	return 0;
}

/* Plaintext that an earlier, smaller buffer had no room for. */
static ssize_t
read_rest(struct tls *ctx, void *buf, size_t buflen)
{
	size_t n = buflen < ctx->c.t.data_len ? buflen : ctx->c.t.data_len;

	memcpy(buf, ctx->c.t.in + ctx->c.t.data_off, n);
	ctx->c.t.data_off += n;
	ctx->c.t.data_len -= n;
	if (ctx->c.t.data_len == 0)
		transport_release(&ctx->c.t);
	return n;
}

static ssize_t
read_data(struct tls *ctx, void *buf, size_t buflen)
{
	size_t n;
	int rv;

	if ((rv = prepare(ctx, buflen)) != 0)
		return rv;
	if (buflen == 0)
		return 0;
	if (ctx->c.t.data_len > 0)
		return read_rest(ctx, buf, buflen);
	if ((rv = flush_reading(ctx)) != 0)
		return rv;
	if ((rv = drive(ctx, OP_READ, buf, buflen, &n)) != 0)
		return rv;
	flush_reading(ctx);
	return n;
}

static ssize_t
write_data(struct tls *ctx, const void *buf, size_t buflen)
{
	size_t n;
	int rv;

	if ((rv = prepare(ctx, buflen)) != 0)
		return rv;
	if (buflen < ctx->c.sealed)
		return error_set(&ctx->err, TLS_ERROR_UNKNOWN,
		    "write failed: bad write retry");
	if (buflen == 0)
		return 0;
	if (ctx->c.sealed == 0) {
		if ((rv = flush(ctx, OP_WRITE)) != 0)
			return rv;
		if ((rv = drive(ctx, OP_WRITE, (void *)buf, buflen, &n)) != 0)
			return rv;
		ctx->c.sealed = n;
	}
	if ((rv = flush(ctx, OP_WRITE)) != 0)
		return rv;
	n = ctx->c.sealed;
	ctx->c.sealed = 0;
	return n;
}

/*
 * Sends close_notify. If the handshake was never finished there is none, and
 * its output isn't sent either.
 */
static int
close_stream(struct tls *ctx)
{
	size_t n, pending = ctx->c.t.out_len;
	int rv;

	if (!ctx->c.closing) {
		if ((rv = drive(ctx, OP_CLOSE, NULL, 0, &n)) != 0)
			return rv;
		ctx->c.closing = true;
		if (!ctx->c.done && ctx->c.t.out_len == pending) {
			transport_discard(&ctx->c.t);
			return 0;
		}
	}
	return flush(ctx, OP_CLOSE);
}

static int
close_socket(struct tls *ctx)
{
	int rv = 0;

	if (shutdown(ctx->c.socket, SHUT_RDWR) == -1 &&
	    errno != ENOTCONN && errno != ECONNRESET)
		rv = error_errno(&ctx->err, errno, "shutdown");
	if (close(ctx->c.socket) == -1)
		rv = error_errno(&ctx->err, errno, "close");
	ctx->c.socket = ctx->c.t.fd_read = ctx->c.t.fd_write = -1;
	return rv;
}

static int
close_connection(struct tls *ctx)
{
	int rv = 0;

	if (ctx->c.started && !ctx->c.closed) {
		if ((rv = close_stream(ctx)) < -1)
			return rv;
		ctx->c.closed = true;
	}
	if (ctx->c.socket != -1 && close_socket(ctx) == -1)
		rv = -1;
	if (ctx->c.truncated)
		rv = error_set(&ctx->err, TLS_ERROR_UNKNOWN,
		    "EOF without close notify");
	return rv;
}

/*
 * The four functions run between these: a thread is cancelled behind them and
 * not within, and errno is 0 afterwards.
 */
static bool
begin(struct tls *ctx, int *cancel)
{
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, cancel);
	if (!context_valid(ctx))
		return false;
	error_clear(&ctx->err);
	if (ctx->kind == SERVER)
		error_set(&ctx->err, TLS_ERROR_INVALID_CONTEXT,
		    "invalid operation for context");
	else if (!ready())
		error_errno(&ctx->err, errno, NO_RUNTIME);
	else if (ctx->c.broken)
		error_set(&ctx->err, TLS_ERROR_UNKNOWN, BROKEN);
	else if (context_abandoned(ctx))
		error_set(&ctx->err, TLS_ERROR_UNKNOWN, ABANDONED);
	else
		return true;
	return false;
}

static ssize_t
end(int cancel, ssize_t rv)
{
	pthread_setcancelstate(cancel, NULL);
	errno = 0;
	return rv;
}

static bool
begin_connected(struct tls *ctx, int *cancel)
{
	if (!begin(ctx, cancel))
		return false;
	if (!ctx->c.connected)
		error_set(&ctx->err, TLS_ERROR_UNKNOWN,
		    "context not connected");
	else
		ctx->busy = generation();
	return ctx->c.connected;
}

int
tls_handshake(struct tls *ctx)
{
	int cancel, rv = -1;

	if (begin_connected(ctx, &cancel)) {
		if (ctx->c.established)
			error_set(&ctx->err, TLS_ERROR_UNKNOWN,
			    "handshake already completed");
		else
			rv = handshake(ctx);
		ctx->busy = 0;
	}
	return end(cancel, rv);
}

ssize_t
tls_read(struct tls *ctx, void *buf, size_t buflen)
{
	ssize_t rv = -1;
	int cancel;

	if (begin_connected(ctx, &cancel)) {
		rv = read_data(ctx, buf, buflen);
		ctx->busy = 0;
	}
	return end(cancel, rv);
}

ssize_t
tls_write(struct tls *ctx, const void *buf, size_t buflen)
{
	ssize_t rv = -1;
	int cancel;

	if (begin_connected(ctx, &cancel)) {
		rv = write_data(ctx, buf, buflen);
		ctx->busy = 0;
	}
	return end(cancel, rv);
}

int
tls_close(struct tls *ctx)
{
	int cancel, rv = -1;

	if (begin(ctx, &cancel)) {
		ctx->busy = generation();
		rv = close_connection(ctx);
		ctx->busy = 0;
	}
	return end(cancel, rv);
}

const char *
tls_error(struct tls *ctx)
{
	return context_valid(ctx) ? atomic_load(&ctx->err.text) : NULL;
}

int
tls_error_code(struct tls *ctx)
{
	return context_valid(ctx) ? atomic_load(&ctx->err.code) :
	    TLS_ERROR_INVALID_CONTEXT;
}
