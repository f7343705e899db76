/*
 * Blocking ends, each in a thread of its own. A third thread passes on what they write, in pieces, and always takes
 * it, so that no write waits for the other end to read. One end leads: it writes all that it has to before it reads.
 * So the other may read whenever it likes, as long as there is something left to come.
 */
#include "model.h"

#include <sys/socket.h>

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct thread {
	struct end *e;
	const struct op *ops;
	size_t len;
	unsigned who;
	bool leads;
	bool cut;		/* the transport may end anywhere */
	size_t total[2];	/* what the client and the server write */
	int done;		/* written to at the end */
};

/* Whether the call that gave this is to be made again. */
static bool
again(ssize_t rv)
{
	return rv == WANT_IN || rv == WANT_OUT;
}

static bool
gone(struct thread *t, const char *call)
{
	if (!t->cut)
		flaw(t->e->run, "%s's %s fails: %s", t->e->name, call, t->e->api->error(t->e));
	return false;
}

static bool
write_all(struct thread *t, size_t n)
{
	struct end *e = t->e;
	uint8_t *buf = malloc(n);
	ssize_t rv = 0;

	for (size_t i = 0; i < n; i++)
		buf[i] = byte_at(e->out, e->out->written + i);
	for (size_t at = 0; at < n;) {
		while (again(rv = e->api->write(e, buf + at, n - at)))
			;
		if (rv <= 0 || (size_t)rv > n - at)
			break;
		at += rv;
		e->out->written += rv;
	}
	free(buf);
	if (rv == 0 && e->api->strict)
		flaw(e->run, "%s's write gives 0", e->name);
	return rv > 0 || gone(t, "write");
}

static bool
read_some(struct thread *t, size_t n)
{
	struct end *e = t->e;
	size_t left = t->total[!t->who] - e->in->read;
	uint8_t *buf = malloc(n);
	ssize_t rv;

	while (again(rv = e->api->read(e, buf, n)))
		;
	if (rv > (ssize_t)(n < left ? n : left))
		flaw(e->run, "%s reads %zd bytes of %zu, of which %zu are left", e->name, rv, n, left);
	for (ssize_t i = 0; i < rv; i++)
		if (buf[i] != byte_at(e->in, e->in->read + i))
			flaw(e->run, "%s reads a wrong byte at %zu", e->name, e->in->read + i);
	free(buf);
	if (rv > 0)
		e->in->read += rv;
	if (rv == END && left > 0 && !t->cut)
		flaw(e->run, "%s reads an end before %zu bytes", e->name, left);
	if (rv == END && left > 0)
		e->ending = TRUNCATED;
	return rv > 0 || (rv == FAILED && gone(t, "read"));
}

static bool
converse(struct thread *t)
{
	struct end *e = t->e;
	int rv;

	for (size_t i = 0; i < t->len; i++) {
		const struct op *op = &t->ops[i];

		if (op->who != t->who)
			continue;
		e->most = op->most;
		if (op->kind == WRITE && !write_all(t, op->n))
			return false;
		if (op->kind == READ && !t->leads && e->in->read < t->total[!t->who] && !read_some(t, op->n))
			return false;
		if (op->kind == KEY_UPDATE && e->api->key_update != NULL && !e->run->setup.tls12 && e->out->written > 0)
			e->api->key_update(e, op->n % 2);
	}
	while (e->in->read < t->total[!t->who])
		if (!read_some(t, 1 + e->in->read % 20000))
			return false;
	/* Where nobody writes, somebody has to begin. */
	if (t->total[0] == 0 && t->total[1] == 0) {
		while (again(rv = e->api->handshake(e)))
			;
		if (rv != OK)
			return gone(t, "handshake");
	}
	return true;
}

static void *
run_thread(void *arg)
{
	struct thread *t = arg;
	struct end *e = t->e;
	bool well = converse(t);
	int rv;

	if (well && e->api->key_update != NULL)
		while (again(e->api->handshake(e)))
			;
	if (well) {
		while (again(rv = e->api->close(e)))
			;
		if (rv != OK)
			gone(t, "close");
		while (read_some(t, 1))
			;
	} else if (e->ending == TRUNCATED && e->api->truncation_at_close) {
		while (again(rv = e->api->close(e)))
			;
		if (rv == OK)
			flaw(e->run, "%s's close takes a broken stream for a closed one", e->name);
	}
	shutdown(e->rfd, SHUT_RDWR);
	shutdown(e->wfd, SHUT_RDWR);
	if (write(t->done, "", 1) != 1)
		abort();
	return NULL;
}

/* Passes on what comes from one end. */
static void
pass(struct way *w, const struct pollfd *from, size_t n)
{
	size_t before = w->sent;

	way_collect(w);
	way_give(w, n);
	if (from->revents & (POLLHUP | POLLIN) && w->sent == before && w->given == w->sent)
		way_cut(w);
}

void
run_blocking(struct run *r, const struct op *ops, size_t len)
{
	struct thread threads[2] = { { .who = CLIENT }, { .who = SERVER } };
	size_t cut_at[2] = { SIZE_MAX, SIZE_MAX };
	pthread_t ids[2];
	int done[2], ended = 0;
	char byte;

	for (size_t i = 1; i < len; i++)
		if (ops[i].kind == NEXT)
			len = i;
	for (size_t i = 0; i < len; i++) {
		if (ops[i].kind == WRITE)
			threads[0].total[ops[i].who] += ops[i].n;
		if (ops[i].kind == CUT)
			cut_at[ops[i].who] = ops[i].n * 4;
	}
	if (pipe(done) != 0)
		flaw(r, "pipe");
	for (int i = 0; i < 2; i++) {
		struct thread *t = &threads[i];

		t->e = &r->ends[i];
		t->ops = ops;
		t->len = len;
		t->leads = (r->seed & 1) == (unsigned)i;
		t->cut = cut_at[0] != SIZE_MAX || cut_at[1] != SIZE_MAX;
		memcpy(t->total, threads[0].total, sizeof(t->total));
		t->done = done[1];
		t->e->stalls = 0;
		if (pthread_create(&ids[i], NULL, run_thread, t) != 0)
			flaw(r, "pthread_create");
	}
	for (unsigned turn = 0; ended < 2; turn++) {
		struct pollfd fds[5] = { { .fd = done[0], .events = POLLIN } };

		for (int i = 0; i < 2; i++) {
			struct way *w = &r->ways[i];

			fds[1 + i] = (struct pollfd){ .fd = w->cut ? -1 : w->from, .events = POLLIN };
			fds[3 + i] = (struct pollfd){ .fd = w->given < w->sent && !w->cut ? w->to : -1,
			    .events = POLLOUT };
		}
		if (poll(fds, 5, -1) < 1)
			flaw(r, "poll");
		if (fds[0].revents & POLLIN)
			ended += read(done[0], &byte, 1) == 1;
		for (int i = 0; i < 2; i++) {
			struct way *w = &r->ways[i];
			size_t n = ops[turn % len].kind == DELIVER ? ops[turn % len].n : 1 + turn % 5000;

			pass(w, &fds[1 + i], n < cut_at[i] - w->given ? n : cut_at[i] - w->given);
			if (w->given >= cut_at[i])
				way_cut(w);
		}
	}
	for (int i = 0; i < 2; i++)
		pthread_join(ids[i], NULL);
	close(done[0]);
	close(done[1]);
}
