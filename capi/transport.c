/*
 * Records between a connection and its descriptors or callbacks. System calls
 * and callbacks run here, on the caller's own stack.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
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
get(struct input *in, void *buf, size_t len)
{
	ssize_t n;

	if (in->err != 0)
		return -1;
	errno = 0;
	if (in->cb != NULL) {
		n = in->cb(in->cb_ctx, buf, len, in->cb_arg);
	} else {
		n = read(in->fd, buf, len);
		if (n == -1 && try_again(errno))
			return TLS_WANT_POLLIN;
	}
	return moved(n, len, in->cb != NULL, &in->err);
}

static ssize_t
put(struct output *out, const void *buf, size_t len)
{
	ssize_t n;

	errno = 0;
	if (out->cb != NULL) {
		n = out->cb(out->cb_ctx, buf, len, out->cb_arg);
	} else {
		n = write(out->fd, buf, len);
		if (n == -1 && try_again(errno))
			return TLS_WANT_POLLOUT;
	}
	if (n == 0)
		n = -1;
	return moved(n, len, out->cb != NULL, &out->err);
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

/* Reads until there is a whole record, or the end of input. */
static int
fill(struct input *in)
{
	size_t ahead;
	ssize_t n;

	while (in->header_len < HEADER_SIZE) {
		n = get(in, in->header + in->header_len,
		    HEADER_SIZE - in->header_len);
		if (n < 0)
			return n;
		if (n == 0)
			goto eof;
		in->header_len += n;
	}
	if (in->record == NULL) {
		if ((in->record = pool_get(RECORDS)) == NULL) {
			in->err = ENOMEM;
			return -1;
		}
		memcpy(in->record, in->header, HEADER_SIZE);
		in->len = HEADER_SIZE;
		in->want = HEADER_SIZE + body_size(in->header);
	}
	ahead = 0;
	if (in->cb == NULL && in->want >= READ_AHEAD)
		ahead = HEADER_SIZE;
	while (in->len < in->want) {
		n = get(in, in->record + in->len,
		    in->want - in->len + ahead);
		if (n < 0)
			return n;
		if (n == 0)
			goto eof;
		in->len += n;
	}
	in->header_len = in->len - in->want;
	memcpy(in->header, in->record + in->want, in->header_len);
	return 1;
eof:
	input_release(in);
	in->eof = true;
	return 1;
}

/* Gets a step its record, or tells it that there is no more. */
int
input_get(struct input *in, struct step *s)
{
	int rv = 1;

	if (!in->eof)
		rv = fill(in);
	s->record = in->record;
	s->record_len = in->record == NULL ? 0 : in->want;
	s->eof = in->eof;
	return rv;
}

/* Keeps the plaintext that a step has left in the record which it was given. */
void
input_keep(struct input *in, const struct step *s)
{
	in->data_off = s->data_off;
	in->data_len = s->data_len;
	if (in->data_len == 0)
		input_release(in);
}

/* Hands out plaintext that a smaller buffer had no room for. */
size_t
input_take(struct input *in, void *buf, size_t len)
{
	size_t n = input_peek(in, buf, len);

	in->data_off += n;
	in->data_len -= n;
	if (in->data_len == 0)
		input_release(in);
	return n;
}

size_t
input_peek(const struct input *in, void *buf, size_t len)
{
	size_t n = len < in->data_len ? len : in->data_len;

	memcpy(buf, in->record + in->data_off, n);
	return n;
}

/* Empties the place before the buffer goes back, so that a child has it only once. */
static uint8_t *
take(uint8_t **place)
{
	uint8_t *p = *place;

	*(uint8_t *volatile *)place = NULL;
	return p;
}

/* Gives the record's buffer back; plaintext that was left in it is wiped. */
void
input_release(struct input *in)
{
	if (in->record == NULL)
		return;
	if (in->data_off > 0)
		explicit_bzero(in->record, in->want);
	pool_put(RECORDS, take(&in->record));
	in->data_off = in->data_len = 0;
}

/* Whether a descriptor has input now; of callbacks that can't be known. */
bool
input_ready(struct input *in)
{
	struct pollfd pfd = { .fd = in->fd, .events = POLLIN };

	return in->cb == NULL && poll(&pfd, 1, 0) == 1;
}

/* Whether a read of a descriptor would find nothing, not even its end. */
bool
input_silent(struct input *in)
{
	struct pollfd pfd = { .fd = in->fd, .events = POLLIN };

	return in->cb == NULL && !in->eof && in->err == 0 &&
	    in->record == NULL && in->header_len == 0 && poll(&pfd, 1, 0) == 0;
}

/* Lends a step room for output. */
void
output_offer(struct output *out, struct step *s)
{
	if (out->data == NULL) {
		if ((out->data = pool_get(OUTPUTS)) == NULL)
			return;
		out->cap = OUTPUT_SIZE;
	}
	s->out = out->data + out->len;
	s->out_cap = out->cap - out->len;
}

/*
 * Takes over a step's output, which lies where it was offered or in memory of
 * its own. False means that there is no memory.
 */
bool
output_queue(struct output *out, struct step *s)
{
	uint8_t *data;

	if (s->out_cap == 0 && s->out_len > 0) {
		data = realloc(out->data, out->len + s->out_len);
		if (data != NULL) {
			memcpy(data + out->len, s->out, s->out_len);
			out->data = data;
			out->cap = out->len + s->out_len;
		}
		free(s->out);
		if (data == NULL)
			return false;
	}
	out->len += s->out_len;
	if (!output_pending(out))
		output_discard(out);
	return true;
}

bool
output_pending(const struct output *out)
{
	return out->off < out->len;
}

/* Writes what is pending. A failure is final, and there is no more pending. */
int
output_flush(struct output *out)
{
	ssize_t n;

	while (output_pending(out) && out->err == 0) {
		n = put(out, out->data + out->off,
		    out->len - out->off);
		if (n < -1)
			return n;
		if (n > 0)
			out->off += n;
	}
	output_discard(out);
	return out->err == 0 ? 1 : -1;
}

/* The same without SIGPIPE, for what the program didn't ask to be written now. */
int
output_flush_quietly(struct output *out)
{
	const struct timespec now = { 0 };
	sigset_t sigpipe, before, pending;
	bool raised;
	int rv;

	if (!output_pending(out))
		return output_flush(out);
	sigemptyset(&sigpipe);
	sigaddset(&sigpipe, SIGPIPE);
	sigpending(&pending);
	pthread_sigmask(SIG_BLOCK, &sigpipe, &before);
	rv = output_flush(out);
	raised = rv == -1 && !sigismember(&pending, SIGPIPE);
	while (raised && sigtimedwait(&sigpipe, NULL, &now) == -1 &&
	    errno == EINTR)
		;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rv;
}

/* Gives the output's buffer back, whatever is in it. */
void
output_discard(struct output *out)
{
	if (out->cap == OUTPUT_SIZE)
		pool_put(OUTPUTS, take(&out->data));
	else
		free(take(&out->data));
	out->cap = out->off = out->len = 0;
}
