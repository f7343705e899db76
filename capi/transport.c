/*
 * Records between a connection and its descriptors or callbacks. System calls
 * and callbacks run here, on the caller's own stack.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "front.h"

enum {
	/*
	 * A read(2) of a body at least this long also asks for the next
	 * header. The last record, a close_notify, is shorter, so that what
	 * follows it on the descriptor is left there.
	 */
	READ_AHEAD = 256,
};

void
transport_open(struct tls *ctx, int fd_read, int fd_write, tls_read_cb read_cb,
    tls_write_cb write_cb, void *cb_arg)
{
	ctx->c.fd_read = fd_read;
	ctx->c.fd_write = fd_write;
	ctx->c.read_cb = read_cb;
	ctx->c.write_cb = write_cb;
	ctx->c.cb_arg = cb_arg;
	ctx->c.ask = true;
	ctx->c.connected = true;
}

/*
 * Forgets the connection. Other implementations leave a socket of their own
 * open, which nobody can reach any more.
 */
void
transport_drop(struct tls *ctx)
{
	if (ctx->c.socket != -1)
		close(ctx->c.socket);
	if (!context_abandoned(ctx)) {
		transport_release(ctx);
		transport_discard(ctx);
	}
	ctx->busy = 0;
	memset(&ctx->c, 0, sizeof(ctx->c));
	ctx->c.socket = -1;
}

/* Sorts out a count: that, a WANT, or -1 with *num telling why. */
static ssize_t
moved(ssize_t n, size_t len, bool callback, int *num)
{
	if (n >= 0 && (size_t)n <= len)
		return n;
	if (callback && (n == TLS_WANT_POLLIN || n == TLS_WANT_POLLOUT))
		return n;
	*num = n > 0 ? EOVERFLOW : errno != 0 ? errno : NO_ERRNO;
	return -1;
}

static bool
try_again(int num)
{
	switch (num) {
	case EAGAIN:
#if EWOULDBLOCK != EAGAIN
	case EWOULDBLOCK:
#endif
	case EINTR:
	case EINPROGRESS:
	case EALREADY:
	case ENOTCONN:
		return true;
	}
	return false;
}

static ssize_t
get(struct tls *ctx, void *buf, size_t len)
{
	ssize_t n;

	if (ctx->c.read_errno != 0)
		return -1;
	errno = 0;
	if (ctx->c.read_cb != NULL) {
		n = ctx->c.read_cb(ctx, buf, len, ctx->c.cb_arg);
	} else {
		n = read(ctx->c.fd_read, buf, len);
		if (n == -1 && try_again(errno))
			return TLS_WANT_POLLIN;
	}
	return moved(n, len, ctx->c.read_cb != NULL, &ctx->c.read_errno);
}

static ssize_t
put(struct tls *ctx, const void *buf, size_t len)
{
	ssize_t n;

	errno = 0;
	if (ctx->c.write_cb != NULL) {
		n = ctx->c.write_cb(ctx, buf, len, ctx->c.cb_arg);
	} else {
		n = write(ctx->c.fd_write, buf, len);
		if (n == -1 && try_again(errno))
			return TLS_WANT_POLLOUT;
	}
	if (n == 0)
		n = -1;
	return moved(n, len, ctx->c.write_cb != NULL, &ctx->c.write_errno);
}

/* The engine's rule for headers: a bad one is handed over alone. */
static size_t
body_size(const uint8_t *header)
{
	size_t n = (size_t)header[3] << 8 | header[4];

	if (header[0] < 20 || header[0] > 23 || header[1] != 3 ||
	    n > RECORD_SIZE - HEADER_SIZE)
		return 0;
	return n;
}

/* Reads until there is a whole record in c.in, or c.eof is set. */
int
transport_fill(struct tls *ctx)
{
	size_t ahead;
	ssize_t n;

	if (ctx->c.eof)
		return 1;
	while (ctx->c.header_len < HEADER_SIZE) {
		n = get(ctx, ctx->c.header + ctx->c.header_len,
		    HEADER_SIZE - ctx->c.header_len);
		if (n < 0)
			return n;
		if (n == 0)
			goto eof;
		ctx->c.header_len += n;
	}
	if (ctx->c.in == NULL) {
		if ((ctx->c.in = pool_get(RECORDS)) == NULL) {
			ctx->c.read_errno = ENOMEM;
			return -1;
		}
		memcpy(ctx->c.in, ctx->c.header, HEADER_SIZE);
		ctx->c.in_len = HEADER_SIZE;
		ctx->c.in_want = HEADER_SIZE + body_size(ctx->c.header);
	}
	ahead = 0;
	if (ctx->c.read_cb == NULL && ctx->c.in_want >= READ_AHEAD)
		ahead = HEADER_SIZE;
	while (ctx->c.in_len < ctx->c.in_want) {
		n = get(ctx, ctx->c.in + ctx->c.in_len,
		    ctx->c.in_want - ctx->c.in_len + ahead);
		if (n < 0)
			return n;
		if (n == 0)
			goto eof;
		ctx->c.in_len += n;
	}
	ctx->c.header_len = ctx->c.in_len - ctx->c.in_want;
	memcpy(ctx->c.header, ctx->c.in + ctx->c.in_want, ctx->c.header_len);
	return 1;
eof:
	transport_release(ctx);
	ctx->c.eof = true;
	return 1;
}

/* Gives the record's buffer back; plaintext that was left in it is wiped. */
void
transport_release(struct tls *ctx)
{
	if (ctx->c.in == NULL)
		return;
	if (ctx->c.data_off > 0)
		explicit_bzero(ctx->c.in, ctx->c.in_want);
	pool_put(RECORDS, ctx->c.in);
	ctx->c.in = NULL;
	ctx->c.data_off = ctx->c.data_len = 0;
}

/* Whether a descriptor has input now; of callbacks that can't be known. */
bool
transport_ready(struct tls *ctx)
{
	struct pollfd pfd = { .fd = ctx->c.fd_read, .events = POLLIN };

	return ctx->c.read_cb == NULL && poll(&pfd, 1, 0) == 1;
}

/* Lends a step room for output. */
void
transport_offer(struct tls *ctx, struct step *s)
{
	if (ctx->c.out == NULL) {
		if ((ctx->c.out = pool_get(OUTPUTS)) == NULL)
			return;
		ctx->c.out_cap = OUTPUT_SIZE;
	}
	s->out = ctx->c.out + ctx->c.out_len;
	s->out_cap = ctx->c.out_cap - ctx->c.out_len;
}

/*
 * Takes over a step's output, which lies where it was offered or in memory of
 * its own. False means that there is no memory.
 */
bool
transport_queue(struct tls *ctx, struct step *s)
{
	uint8_t *out;

	if (s->out_cap == 0 && s->out_len > 0) {
		out = realloc(ctx->c.out, ctx->c.out_len + s->out_len);
		if (out != NULL) {
			memcpy(out + ctx->c.out_len, s->out, s->out_len);
			ctx->c.out = out;
			ctx->c.out_cap = ctx->c.out_len + s->out_len;
		}
		free(s->out);
		if (out == NULL)
			return false;
	}
	ctx->c.out_len += s->out_len;
	if (!transport_pending(ctx))
		transport_discard(ctx);
	return true;
}

bool
transport_pending(const struct tls *ctx)
{
	return ctx->c.out_off < ctx->c.out_len;
}

/* Writes what is pending. A failure is final, and there is no more pending. */
int
transport_flush(struct tls *ctx)
{
	ssize_t n;

	while (transport_pending(ctx) && ctx->c.write_errno == 0) {
		n = put(ctx, ctx->c.out + ctx->c.out_off,
		    ctx->c.out_len - ctx->c.out_off);
		if (n < -1)
			return n;
		if (n > 0)
			ctx->c.out_off += n;
	}
	transport_discard(ctx);
	return ctx->c.write_errno == 0 ? 1 : -1;
}

/* Gives the output's buffer back, whatever is in it. */
void
transport_discard(struct tls *ctx)
{
	if (ctx->c.out_cap == OUTPUT_SIZE)
		pool_put(OUTPUTS, ctx->c.out);
	else
		free(ctx->c.out);
	ctx->c.out = NULL;
	ctx->c.out_cap = ctx->c.out_off = ctx->c.out_len = 0;
}
