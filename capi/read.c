/* tls_read(3): handshake, data, close, errors. */
#include <sys/socket.h>

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "front.h"
#include "_cgo_export.h"

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
 * Writes the pending output. Returns 0 when all is written, else -1 or
 * TLS_WANT_*. After a failure only an alert is pending, and only tls_close
 * waits for it.
 */
static int
flush(struct tls *ctx, int op)
{
	int rv;

	if (ctx->c.failed && op != OP_CLOSE)
		return 0;
	if ((rv = output_flush(&ctx->line.out)) == -1)
		return transport_failure(ctx, op, ctx->line.out.err);
	return rv < 0 ? rv : 0;
}

/*
 * Writes the pending output on behalf of tls_read. It raises no SIGPIPE and
 * ignores that writing fails. It writes nothing while a tls_write has to be
 * repeated: the peer may be waiting for us to read.
 */
static int
flush_reading(struct tls *ctx)
{
	int rv;

	if (ctx->c.failed || line_may_wait(&ctx->line))
		return 0;
	rv = output_flush_quietly(&ctx->line.out);
	return rv < -1 ? rv : 0;
}

/* The hooks of drive(). */

static int
step(void *context, int op, struct step *s)
{
	struct tls *ctx = context;
	struct visit v;
	int rv;

	/* It may open or seal tickets. */
	if (ctx->kind == SERVER_CONN &&
	    (op == OP_HANDSHAKE || ctx->c.tickets_due))
		settings_renew_keys(ctx->settings);
	if (!context_enter(ctx, &v))
		return STEP_PANICKED;
	rv = goStep(ctx->go, &v.fail, op, s);
	context_leave(ctx, &v, rv);
	ctx->c.tickets_due = s->tickets_due;
	return rv;
}

/*
 * Reads a record. If there is none and tickets are due, the next step sends
 * them (s->idle): the client may be waiting for one before it speaks. Reading
 * comes first, so that nothing is written to a client that has closed.
 */
static int
fetch(void *context, int op, struct step *s)
{
	struct tls *ctx = context;
	struct input *in = &ctx->line.in;
	bool due = op == OP_READ && ctx->c.tickets_due;
	int rv;

	ctx->c.step_first = false;
	s->idle = due && input_silent(in);
	if (s->idle)
		return 0;
	if ((rv = input_get(in, s)) == 1)
		return 0;
	s->idle = due && rv == TLS_WANT_POLLIN && s->record == NULL;
	if (s->idle)
		return 0;
	return rv == -1 ? transport_failure(ctx, op, in->err) : rv;
}

static int
pause_input(void *context, int op, int how, struct step *s)
{
	struct tls *ctx = context;
	int rv;

	(void)s;
	ctx->c.step_first = false;
	rv = op == OP_READ ? flush_reading(ctx) : flush(ctx, op);
	if (rv == 0 && how == STEP_NO_DATA && !input_ready(&ctx->line.in))
		rv = TLS_WANT_POLLIN;
	return rv;
}

/* Calls the sign callback. Returns TLS_WANT_* if that wants to be called again. */
static int
ask_signature(void *context, int how, struct step *s)
{
	struct tls *ctx = context;
	struct signature signature;
	struct visit v;
	int rv;

	(void)how;
	ctx->c.step_first = true;
	if ((rv = signature_get(&s->request, &signature)) != 0)
		return rv;
	if (context_enter(ctx, &v)) {
		goAnswer(ctx->go, &v.fail, signature.data, signature.len);
		context_save(ctx, &v.fail);
		context_leave(ctx, &v, 0);
	}
	signature_free(&signature);
	return ctx->c.broken ? -1 : 0;
}

static int
stop(void *context, int op, int how, struct step *s)
{
	struct tls *ctx = context;

	if (how == STEP_NO_MEMORY)
		error_set(&ctx->err, TLS_ERROR_OUT_OF_MEMORY, "out of memory");
	if (how != STEP_FAILED) {
		ctx->c.broken = true;
		if (atomic_load(&ctx->err.text) == NULL)
			error_set(&ctx->err, TLS_ERROR_UNKNOWN, BROKEN);
		return -1;
	}
	if (op == OP_HANDSHAKE && s->handshake_done)
		ctx->c.phase = ESTABLISHED;
	ctx->c.failed = op != OP_HANDSHAKE || !s->handshake_done;
	ctx->c.step_first = true;
	ctx->line.sealed = 0;
	return -1;
}

static int
interrupted(void *context, const struct file *f, const char *path)
{
	struct tls *ctx = context;

	return file_error(&ctx->err, f, "CA", path);
}

static const struct api hooks = {
	.step = step,
	.fetch = fetch,
	.pause = pause_input,
	.ask = ask_signature,
	.stop = stop,
	.interrupted = interrupted,
};

/* An operation that reads: 0, with the count in *n, or -1 or TLS_WANT_*. */
static int
drive_input(struct tls *ctx, int op, void *buf, size_t len, size_t *n)
{
	struct step s;
	int rv;

	rv = drive(&ctx->line, op, &ctx->line.in, !ctx->c.step_first, buf, len, &s);
	if (rv != 0)
		return rv;
	ctx->c.step_first = op == OP_READ && s.n == 0;
	if (ctx->c.step_first)
		ctx->c.truncated = s.eof && !s.peer_closed;
	*n = s.n;
	return 0;
}

/* The same for one that writes. */
static int
drive_output(struct tls *ctx, int op, const void *buf, size_t len, size_t *n)
{
	struct step s;
	int rv;

	rv = drive(&ctx->line, op, NULL, false, (void *)buf, len, &s);
	*n = s.n;
	return rv;
}

static int
handshake(struct tls *ctx)
{
	size_t n;
	int rv;

	if (ctx->c.closing && ctx->c.phase < FINISHING)
		return error_set(&ctx->err, TLS_ERROR_UNKNOWN,
		    "handshake failed: protocol is shutdown");
	if (ctx->c.phase == CONNECTED)
		ctx->c.phase = HANDSHAKING;
	if ((rv = flush(ctx, OP_HANDSHAKE)) != 0)
		return rv;
	if (ctx->c.phase == HANDSHAKING) {
		if ((rv = drive_input(ctx, OP_HANDSHAKE, NULL, 0, &n)) != 0)
			return rv;
		ctx->c.phase = FINISHING;
		if ((rv = flush(ctx, OP_HANDSHAKE)) != 0)
			return rv;
	}
	ctx->c.phase = ESTABLISHED;
	return 0;
}

/* The first part of tls_read and tls_write. */
static int
prepare(struct tls *ctx, const void *buf, size_t buflen)
{
	int rv;

	if (ctx->c.phase != ESTABLISHED && (rv = handshake(ctx)) != 0)
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
	if (ctx->line.in.data_len > 0)
		return input_take(&ctx->line.in, buf, buflen);
	/* After the end or a failed read nothing waits for output any more. */
	if (!ctx->c.step_first && ctx->line.in.err == 0 &&
	    (rv = flush_reading(ctx)) != 0)
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
	if (buflen < ctx->line.sealed)
		return error_set(&ctx->err, TLS_ERROR_UNKNOWN,
		    "write failed: bad write retry");
	if (buflen == 0)
		return 0;
	if (ctx->line.sealed == 0) {
		if ((rv = flush(ctx, OP_WRITE)) != 0)
			return rv;
		if ((rv = drive_output(ctx, OP_WRITE, buf, buflen, &n)) != 0)
			return rv;
		ctx->line.sealed = n;
	}
	if ((rv = flush(ctx, OP_WRITE)) != 0)
		return rv;
	n = ctx->line.sealed;
	ctx->line.sealed = 0;
	return n;
}

/*
 * Sends close_notify. If the handshake was never finished there is none, and
 * its output isn't sent either.
 */
static int
close_stream(struct tls *ctx)
{
	size_t n, pending = ctx->line.out.len;
	int rv;

	if (!ctx->c.closing) {
		if ((rv = drive_output(ctx, OP_CLOSE, NULL, 0, &n)) != 0)
			return rv;
		ctx->c.closing = true;
		if (ctx->c.phase < FINISHING && ctx->line.out.len == pending) {
			output_discard(&ctx->line.out);
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
	ctx->c.socket = ctx->line.in.fd = ctx->line.out.fd = -1;
	return rv;
}

static int
close_connection(struct tls *ctx)
{
	int rv = 0;

	if (ctx->c.phase >= HANDSHAKING && !ctx->c.closed) {
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

/* tls_handshake, tls_read, tls_write and tls_close call begin first and end last, which leaves errno 0. */
static bool
begin(struct tls *ctx, bool connected, int *cancel)
{
	bool valid = context_valid(ctx) && !context_refuses(ctx);

	errno = 0;
	if (!valid)
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
	else if (line_abandoned(&ctx->line))
		error_set(&ctx->err, TLS_ERROR_UNKNOWN, ABANDONED);
	else if (connected && ctx->c.phase == UNCONNECTED)
		error_set(&ctx->err, TLS_ERROR_UNKNOWN,
		    "context not connected");
	else {
		line_begin(&ctx->line, &hooks, ctx, cancel);
		return true;
	}
	errno = 0;
	return false;
}

/* The call fails if a callback tried to free or reset the context. */
static ssize_t
end(struct tls *ctx, int cancel, ssize_t rv)
{
	line_end(&ctx->line, cancel);
	if (ctx->c.released)
		rv = error_set(&ctx->err, TLS_ERROR_INVALID_CONTEXT, RELEASED);
	else if (rv != -1)
		error_clear(&ctx->err);
	errno = 0;
	return rv;
}

int
tls_handshake(struct tls *ctx)
{
	int cancel, rv = -1;

	if (!begin(ctx, true, &cancel))
		return -1;
	if (ctx->c.phase == ESTABLISHED)
		error_set(&ctx->err, TLS_ERROR_UNKNOWN,
		    "handshake already completed");
	else
		rv = handshake(ctx);
	return end(ctx, cancel, rv);
}

ssize_t
tls_read(struct tls *ctx, void *buf, size_t buflen)
{
	int cancel;

	return begin(ctx, true, &cancel) ?
	    end(ctx, cancel, read_data(ctx, buf, buflen)) : -1;
}

ssize_t
tls_write(struct tls *ctx, const void *buf, size_t buflen)
{
	int cancel;

	return begin(ctx, true, &cancel) ?
	    end(ctx, cancel, write_data(ctx, buf, buflen)) : -1;
}

int
tls_close(struct tls *ctx)
{
	int cancel;

	return begin(ctx, false, &cancel) ?
	    end(ctx, cancel, close_connection(ctx)) : -1;
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
