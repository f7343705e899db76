/*
 * The loop that drives a connection, for both APIs: steps in Go, records in
 * between, and questions to the program.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "front.h"

/* How much output reading lets queue up behind an unfinished write. */
enum { BACKLOG = 4 * OUTPUT_SIZE };

/* Whether output may wait, as a write that is to be repeated goes on with it. */
bool
line_may_wait(const struct line *l)
{
	return l->sealed > 0 && l->out.len - l->out.off < BACKLOG;
}

/* Has Go do one step, and takes its output. */
static int
step(struct line *l, int op, struct step *s)
{
	int rv;

	/* Reading seldom has any. */
	if (op != OP_READ)
		output_offer(&l->out, s);
	s->state = l->object.bytes;
	rv = l->api->step(l->owner, op, s);
	object_keep(&l->object, s->state);
	l->records_in = s->records_in;
	l->records_out = s->records_out;
	return output_queue(&l->out, s) ? rv : STEP_NO_MEMORY;
}

/* Reads the file that a step wants, for the next one. */
static int
look_up(struct line *l, char *path, struct file *f)
{
	int rv = 0;

	l->unread = !file_find(f, path);
	if (l->unread)
		rv = l->api->interrupted(l->owner, f, path);
	free(path);
	return rv;
}

/*
 * Carries an operation on until it is done and returns 0, or returns another
 * result of an API's hook. An operation that reads is given the input, which
 * must hold no plaintext, and begins with a record if fetch says so. An
 * operation that writes is given no input. The last step's output stays pending.
 */
int
drive(struct line *l, int op, struct input *in, bool fetch, void *buf,
    size_t len, struct step *s)
{
	struct file file, *found = NULL;
	int how, rv;

	if (l->unread)
		fetch = l->unread = false;
	for (;;) {
		memset(s, 0, sizeof(*s));
		s->buf = buf;
		s->buf_len = len;
		s->eof = in != NULL && in->eof;
		if (fetch && (rv = l->api->fetch(l->owner, op, s)) != 0)
			return rv;
		s->file = found;
		how = step(l, op, s);
		if (found != NULL)
			file_drop(found);
		found = NULL;
		if (s->record != NULL)
			input_keep(in, s);
		switch (how) {
		case STEP_DONE:
			return 0;
		case STEP_NEED_INPUT:
		case STEP_NO_DATA:
			if (in == NULL)
				return l->api->stop(l->owner, op, STEP_PANICKED, s);
			rv = l->api->pause(l->owner, op, how, s);
			fetch = true;
			break;
		case STEP_FAILED:
		case STEP_PANICKED:
		case STEP_NO_MEMORY:
			rv = l->api->stop(l->owner, op, how, s);
			/* The alert, if it can be sent at once. */
			if (how == STEP_FAILED)
				output_flush(&l->out);
			return rv;
		case STEP_AGAIN:
			rv = 0;
			if (s->wanted != NULL) {
				rv = look_up(l, s->wanted, &file);
				found = &file;
			}
			fetch = false;
			break;
		default:
			rv = l->api->ask(l->owner, how, s);
			fetch = false;
		}
		if (rv != 0)
			return rv;
	}
}

/* Whether a thread that this process doesn't have is inside of a call. */
bool
line_abandoned(const struct line *l)
{
	return l->busy != 0 && (!running() || l->busy != generation());
}

/* Begins a call that may run callbacks. Cancellation waits until line_end(). */
void
line_begin(struct line *l, const struct api *api, void *owner, int *cancel)
{
	l->api = api;
	l->owner = owner;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, cancel);
	l->caller = &errno; /* a thread's own, in a child of it too */
	l->busy = generation();
}

void
line_end(struct line *l, int cancel)
{
	int num = errno;

	l->busy = 0;
	pthread_setcancelstate(cancel, NULL);
	errno = num;
}

/* Whether such a call is under way that this process can still finish. */
bool
line_in_use(const struct line *l)
{
	return l->busy != 0 && (!line_abandoned(l) || l->caller == &errno);
}

/* Forgets the connection, and gives its buffers back if they are ours. */
void
line_clear(struct line *l)
{
	if (!line_abandoned(l)) {
		input_release(&l->in);
		output_discard(&l->out);
	}
	memset(&l->in, 0, sizeof(l->in));
	memset(&l->out, 0, sizeof(l->out));
	l->sealed = 0;
	l->unread = false;
	l->busy = 0;
}
