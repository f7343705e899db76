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

/*
 * Writes what is pending: 0 once it is gone, -1 or TLS_WANT_*. After a failure
 * that is an alert, which only tls_close waits for.
 */
static int
flush(struct tls *ctx, int op)
{
	int rv;

	if (ctx->c.failed && op != OP_CLOSE)
		return 0;
	if ((rv = output_flush(&ctx->c.out)) == -1)
		return transport_failure(ctx, op, ctx->c.out.err);
	return rv < 0 ? rv : 0;
}

/*
 * The same for reading, which raises no SIGPIPE and doesn't mind that writing
 * fails, nor that there is a tls_write to be repeated: the peer may be waiting
 * for us to read.
 */
static int
flush_reading(struct tls *ctx)
{
	int rv;

	if (ctx->c.failed || (ctx->c.sealed > 0 &&
	    ctx->c.out.len - ctx->c.out.off < BACKLOG))
		return 0;
	rv = output_flush_quietly(&ctx->c.out);
	return rv < -1 ? rv : 0;
}

/* Has Go do one step, and takes its output. */
static int
step(struct tls *ctx, int op, struct step *s)
{
	struct visit v;
	int rv;

	/* Reading seldom has any. */
	if (op != OP_READ)
		output_offer(&ctx->c.out, s);
	if (!context_enter(ctx, &v))
		return STEP_PANICKED;
	s->state = ctx->object.bytes;
	rv = goStep(ctx->go, &v.fail, op, s);
	context_leave(ctx, &v, rv);
	object_keep(&ctx->object, s->state);
	ctx->records_in = s->records_in;
	ctx->records_out = s->records_out;
	ctx->c.tickets_due = s->tickets_due;
	if (!output_queue(&ctx->c.out, s)) {
		error_set(&ctx->err, TLS_ERROR_OUT_OF_MEMORY, "out of memory");
		rv = STEP_PANICKED;
	}
	return rv;
}

/* What a step that failed leaves behind. */
static int
stopped(struct tls *ctx, int op, const struct step *s, int rv)
{
	if (rv == STEP_PANICKED) {
		ctx->c.broken = true;
		return -1;
	}
	if (op == OP_HANDSHAKE)
		ctx->c.established = ctx->c.done = s->handshake_done;
	ctx->c.failed = op != OP_HANDSHAKE || !s->handshake_done;
	ctx->c.ask = true;
	ctx->c.sealed = 0;
	/* The alert, if it can be sent at once. */
	output_flush(&ctx->c.out);
	return -1;
}

/* An operation of the write side is one step, which is handed no input. */
static int
drive_output(struct tls *ctx, int op, const void *buf, size_t len, size_t *n)
{
	struct step s = { .buf = (void *)buf, .buf_len = len };
	int rv;

	if ((rv = step(ctx, op, &s)) != STEP_DONE)
		return stopped(ctx, op, &s, rv);
	*n = s.n;
	return 0;
}

/* Has the program sign, which may want to be called again. */
static int
sign(struct tls *ctx, struct sign_request *request)
{
	struct signature signature;
	struct visit v;
	int rv;

	if ((rv = signature_get(request, &signature)) != 0)
		return rv;
	if (context_enter(ctx, &v)) {
		goAnswer(ctx->go, &v.fail, signature.data, signature.len);
		context_save(ctx, &v.fail);
		context_leave(ctx, &v, 0);
	}
	signature_free(&signature);
	return ctx->c.broken ? -1 : 0;
}

/*
 * Gets a step its record. If there is none tickets leave that are due: the
 * client may be waiting for one before it speaks. So they leave while it is
 * there, and one that has gone finds nobody writing to it.
 */
static int
next_input(struct tls *ctx, int op, struct step *s)
{
	struct input *in = &ctx->c.in;
	bool due = op == OP_READ && ctx->c.tickets_due;
	int rv;

	if (due && input_silent(in)) {
		s->idle = true;
		return 1;
	}
	rv = input_get(in, s);
	if (due && rv == TLS_WANT_POLLIN && s->record == NULL) {
		s->idle = true;
		return 1;
	}
	return rv;
}

/*
 * Does an operation that reads until it is finished, which gives 0 and the
 * count in *n, or until the transport would block or something fails. No
 * plaintext is left of an earlier one. The last step's output is left pending.
 */
static int
drive_input(struct tls *ctx, int op, void *buf, size_t len, size_t *n)
{
	struct input *in = &ctx->c.in;
	bool ask = ctx->c.ask;
	struct step s;
	int rv;

	for (;;) {
		memset(&s, 0, sizeof(s));
		s.eof = in->eof;
		s.buf = buf;
		s.buf_len = len;
		if (!ask) {
			if ((rv = next_input(ctx, op, &s)) == -1)
				return transport_failure(ctx, op, in->err);
			if (rv < 0)
				return rv;
		}
		rv = step(ctx, op, &s);
		if (s.record != NULL)
			input_keep(in, &s);
		switch (rv) {
		case STEP_DONE:
			if (op == OP_READ && s.n == 0)
				ctx->c.truncated = s.eof && !s.peer_closed;
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
			if (!input_ready(in))
				return TLS_WANT_POLLIN;
			break;
		case STEP_ASK:
			ctx->c.ask = true;
			if ((rv = sign(ctx, &s.request)) != 0)
				return rv;
			continue;
		default:
			return stopped(ctx, op, &s, rv);
		}
		ask = ctx->c.ask = false;
	}
}

static int
handshake(struct tls *ctx)
{
	size_t n;
	int rv;

	if (ctx->c.closing && !ctx->c.done)
		return error_set(&ctx->err, TLS_ERROR_UNKNOWN,
		    "handshake failed: protocol is shutdown");
	ctx->c.started = true;
	if ((rv = flush(ctx, OP_HANDSHAKE)) != 0)
		return rv;
	if (!ctx->c.done) {
		if ((rv = drive_input(ctx, OP_HANDSHAKE, NULL, 0, &n)) != 0)
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
prepare(struct tls *ctx, const void *buf, size_t buflen)
{
	int rv;

	if (!ctx->c.established && (rv = handshake(ctx)) != 0)
		return rv;
	if (buflen > INT_MAX)
		return error_set(&ctx->err, TLS_ERROR_INVALID_ARGUMENT,
		    "buflen too long");
	if (buf == NULL && buflen > 0)
		return error_set(&ctx->err, TLS_ERROR_INVALID_ARGUMENT,
		    "no buffer");
	return 0;
}

static ssize_t
read_data(struct tls *ctx, void *buf, size_t buflen)
{
	size_t n;
	int rv;

	if ((rv = prepare(ctx, buf, buflen)) != 0)
		return rv;
	if (buflen == 0)
		return 0;
	if (ctx->c.in.data_len > 0)
		return input_take(&ctx->c.in, buf, buflen);
	if ((rv = flush_reading(ctx)) != 0)
		return rv;
	if ((rv = drive_input(ctx, OP_READ, buf, buflen, &n)) != 0)
		return rv;
	flush_reading(ctx);
	return n;
}

static ssize_t
write_data(struct tls *ctx, const void *buf, size_t buflen)
{
	size_t n;
	int rv;

	if ((rv = prepare(ctx, buf, buflen)) != 0)
		return rv;
	if (buflen < ctx->c.sealed)
		return error_set(&ctx->err, TLS_ERROR_UNKNOWN,
		    "write failed: bad write retry");
	if (buflen == 0)
		return 0;
	if (ctx->c.sealed == 0) {
		if ((rv = flush(ctx, OP_WRITE)) != 0)
			return rv;
		if ((rv = drive_output(ctx, OP_WRITE, buf, buflen, &n)) != 0)
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
	size_t n, pending = ctx->c.out.len;
	int rv;

	if (!ctx->c.closing) {
		if ((rv = drive_output(ctx, OP_CLOSE, NULL, 0, &n)) != 0)
			return rv;
		ctx->c.closing = true;
		if (!ctx->c.done && ctx->c.out.len == pending) {
			output_discard(&ctx->c.out);
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
	ctx->c.socket = ctx->c.in.fd = ctx->c.out.fd = -1;
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
	if (!context_valid(ctx) || context_refuses(ctx))
		return false;
	error_clear(&ctx->err);
	if (ctx->kind == SERVER)
		error_set(&ctx->err, TLS_ERROR_INVALID_CONTEXT,
		    "invalid operation for context");
	else if (!ready())
		error_errno(&ctx->err, errno, NO_RUNTIME);
	else if (ctx->c.broken)
		error_set(&ctx->err, TLS_ERROR_UNKNOWN, BROKEN);
	else if (ctx->c.released)
		error_set(&ctx->err, TLS_ERROR_INVALID_CONTEXT, RELEASED);
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
		context_calls(ctx);
	return ctx->c.connected;
}

/* The call is over, for which callbacks may have tried what they must not. */
static ssize_t
called(struct tls *ctx, ssize_t rv)
{
	ctx->busy = 0;
	if (ctx->c.released)
		return error_set(&ctx->err, TLS_ERROR_INVALID_CONTEXT, RELEASED);
	if (rv != -1)
		error_clear(&ctx->err);
	return rv;
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
		rv = called(ctx, rv);
	}
	return end(cancel, rv);
}

ssize_t
tls_read(struct tls *ctx, void *buf, size_t buflen)
{
	ssize_t rv = -1;
	int cancel;

	if (begin_connected(ctx, &cancel)) {
		rv = called(ctx, read_data(ctx, buf, buflen));
	}
	return end(cancel, rv);
}

ssize_t
tls_write(struct tls *ctx, const void *buf, size_t buflen)
{
	ssize_t rv = -1;
	int cancel;

	if (begin_connected(ctx, &cancel)) {
		rv = called(ctx, write_data(ctx, buf, buflen));
	}
	return end(cancel, rv);
}

int
tls_close(struct tls *ctx)
{
	int cancel, rv = -1;

	if (begin(ctx, &cancel)) {
		context_calls(ctx);
		rv = called(ctx, close_connection(ctx));
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
