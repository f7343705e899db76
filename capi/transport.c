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
	ctx->c.t.fd_read = fd_read;
	ctx->c.t.fd_write = fd_write;
	ctx->c.t.read_cb = read_cb;
	ctx->c.t.write_cb = write_cb;
	ctx->c.t.cb_ctx = ctx;
	ctx->c.t.cb_arg = cb_arg;
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
		transport_release(&ctx->c.t);
		transport_discard(&ctx->c.t);
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
get(struct transport *t, void *buf, size_t len)
{
	ssize_t n;

	if (t->read_errno != 0)
		return -1;
	errno = 0;
	if (t->read_cb != NULL) {
		n = t->read_cb(t->cb_ctx, buf, len, t->cb_arg);
	} else {
		n = read(t->fd_read, buf, len);
		if (n == -1 && try_again(errno))
			return TLS_WANT_POLLIN;
	}
	return moved(n, len, t->read_cb != NULL, &t->read_errno);
}

static ssize_t
put(struct transport *t, const void *buf, size_t len)
{
	ssize_t n;

	errno = 0;
	if (t->write_cb != NULL) {
		n = t->write_cb(t->cb_ctx, buf, len, t->cb_arg);
	} else {
		n = write(t->fd_write, buf, len);
		if (n == -1 && try_again(errno))
			return TLS_WANT_POLLOUT;
	}
	if (n == 0)
		n = -1;
	return moved(n, len, t->write_cb != NULL, &t->write_errno);
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
transport_fill(struct transport *t)
{
	size_t ahead;
	ssize_t n;

	if (t->eof)
		return 1;
	while (t->header_len < HEADER_SIZE) {
		n = get(t, t->header + t->header_len,
		    HEADER_SIZE - t->header_len);
		if (n < 0)
			return n;
		if (n == 0)
			goto eof;
		t->header_len += n;
	}
	if (t->in == NULL) {
		if ((t->in = pool_get(RECORDS)) == NULL) {
			t->read_errno = ENOMEM;
			return -1;
		}
		memcpy(t->in, t->header, HEADER_SIZE);
		t->in_len = HEADER_SIZE;
		t->in_want = HEADER_SIZE + body_size(t->header);
	}
	ahead = 0;
	if (t->read_cb == NULL && t->in_want >= READ_AHEAD)
		ahead = HEADER_SIZE;
	while (t->in_len < t->in_want) {
		n = get(t, t->in + t->in_len,
		    t->in_want - t->in_len + ahead);
		if (n < 0)
			return n;
		if (n == 0)
			goto eof;
		t->in_len += n;
	}
	t->header_len = t->in_len - t->in_want;
	memcpy(t->header, t->in + t->in_want, t->header_len);
	return 1;
eof:
	transport_release(t);
	t->eof = true;
	return 1;
}

/* What is given back is taken out first, so that a child doesn't have it twice. */
static uint8_t *
take(uint8_t **place)
{
	uint8_t *p = *place;

	*(uint8_t *volatile *)place = NULL;
	return p;
}

/* Gives the record's buffer back; plaintext that was left in it is wiped. */
void
transport_release(struct transport *t)
{
	if (t->in == NULL)
		return;
	if (t->data_off > 0)
		explicit_bzero(t->in, t->in_want);
	pool_put(RECORDS, take(&t->in));
	t->data_off = t->data_len = 0;
}

/* Whether a descriptor has input now; of callbacks that can't be known. */
bool
transport_ready(struct transport *t)
{
	struct pollfd pfd = { .fd = t->fd_read, .events = POLLIN };

	return t->read_cb == NULL && poll(&pfd, 1, 0) == 1;
}

/* Lends a step room for output. */
void
transport_offer(struct transport *t, struct step *s)
{
	if (t->out == NULL) {
		if ((t->out = pool_get(OUTPUTS)) == NULL)
			return;
		t->out_cap = OUTPUT_SIZE;
	}
	s->out = t->out + t->out_len;
	s->out_cap = t->out_cap - t->out_len;
}

/*
 * Takes over a step's output, which lies where it was offered or in memory of
 * its own. False means that there is no memory.
 */
bool
transport_queue(struct transport *t, struct step *s)
{
	uint8_t *out;

	if (s->out_cap == 0 && s->out_len > 0) {
		out = realloc(t->out, t->out_len + s->out_len);
		if (out != NULL) {
			memcpy(out + t->out_len, s->out, s->out_len);
			t->out = out;
			t->out_cap = t->out_len + s->out_len;
		}
		free(s->out);
		if (out == NULL)
			return false;
	}
	t->out_len += s->out_len;
	if (!transport_pending(t))
		transport_discard(t);
	return true;
}

bool
transport_pending(const struct transport *t)
{
	return t->out_off < t->out_len;
}

/* Writes what is pending. A failure is final, and there is no more pending. */
int
transport_flush(struct transport *t)
{
	ssize_t n;

	while (transport_pending(t) && t->write_errno == 0) {
		n = put(t, t->out + t->out_off,
		    t->out_len - t->out_off);
		if (n < -1)
			return n;
		if (n > 0)
			t->out_off += n;
	}
	transport_discard(t);
	return t->write_errno == 0 ? 1 : -1;
}

/* Gives the output's buffer back, whatever is in it. */
void
transport_discard(struct transport *t)
{
	if (t->out_cap == OUTPUT_SIZE)
		pool_put(OUTPUTS, take(&t->out));
	else
		free(take(&t->out));
	t->out_cap = t->out_off = t->out_len = 0;
}
