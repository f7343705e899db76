/* The rules: what may come of each call, from what the transports have moved so far. */
#include "model.h"

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	BIG = 70000,		/* more than any record, and than what one tls_write takes */
	PATIENCE = 100000,	/* turns that an end takes at most */
};

/* Data: byte n of a direction, made of its salt. */

static uint8_t pattern[65521];

static void
pattern_make(void)
{
	uint32_t x = 1;

	for (size_t i = 0; i < sizeof(pattern); i++) {
		x = x * 1664525 + 1013904223;
		pattern[i] = x >> 24;
	}
}

uint8_t
byte_at(const struct way *w, size_t n)
{
	n += w->salt;
	return pattern[n % sizeof(pattern)] ^ n / sizeof(pattern);
}

/* Transports. */

static void *
must_alloc(void *p, size_t n)
{
	if ((p = realloc(p, n)) == NULL)
		abort();
	return p;
}

void
way_put(struct way *w, const void *buf, size_t len)
{
	if (w->sent + len > w->room) {
		w->room = (w->sent + len) * 2;
		w->data = must_alloc(w->data, w->room);
	}
	memcpy(w->data + w->sent, buf, len);
	w->sent += len;
}

static size_t
unread(int fd)
{
	int n = 0;

	if (ioctl(fd, FIONREAD, &n) == -1)
		abort();
	return n;
}

/* What the sender's library has got rid of. */
static size_t
emitted(const struct way *w)
{
	return w->sent + (w->from == -1 || w->cut ? 0 : unread(w->from));
}

/* The run whose system calls signals interrupt. */
static struct run *running;

static bool
interrupted(int fd, bool writes)
{
	for (int i = 0; running != NULL && i < 2; i++) {
		struct end *e = &running->ends[i];

		if (!e->callbacks && fd == (writes ? e->wfd : e->rfd) && e->stalls >> e->moves++ % 32 & 1) {
			e->said = writes ? WANT_OUT : WANT_IN;
			errno = EINTR;
			return true;
		}
	}
	return false;
}

/* Those of libc, for the library too. */
ssize_t
read(int fd, void *buf, size_t n)
{
	return interrupted(fd, false) ? -1 : syscall(SYS_read, fd, buf, n);
}

ssize_t
write(int fd, const void *buf, size_t n)
{
	return interrupted(fd, true) ? -1 : syscall(SYS_write, fd, buf, n);
}

/* What the receiver's library has taken. */
static size_t
consumed(const struct end *e)
{
	return e->callbacks ? e->in->taken : e->in->given - unread(e->rfd);
}

/* Takes over what the sender has written to its socket. */
void
way_collect(struct way *w)
{
	uint8_t buf[65536];
	ssize_t n;

	while (w->from != -1 && !w->cut && (n = recv(w->from, buf, sizeof(buf), MSG_DONTWAIT)) > 0)
		way_put(w, buf, n);
}

/* Gives the receiver at most so many bytes. */
void
way_give(struct way *w, size_t n)
{
	ssize_t m;

	way_collect(w);
	if (w->cut)
		return;
	n = n < w->sent - w->given ? n : w->sent - w->given;
	if (w->to == -1)
		w->given += n;
	else if (n > 0 && (m = send(w->to, w->data + w->given, n, MSG_DONTWAIT)) > 0)
		w->given += m;
}

void
way_cut(struct way *w)
{
	if (w->cut)
		return;
	if (w->from != -1)
		shutdown(w->from, SHUT_RD);
	if (w->to != -1)
		shutdown(w->to, SHUT_WR);
	w->cut = true;
}

static void
way_spoil(struct way *w, size_t n)
{
	way_collect(w);
	if (w->spoilt || w->sent == w->given)
		return;
	w->spoilt = true;
	w->spoilt_at = w->given + n % (w->sent - w->given);
	w->data[w->spoilt_at] ^= 1 << n % 8;
}

/* What there is to read once the first "at" bytes are taken. */
static size_t
readable(const struct way *w, size_t at)
{
	size_t n = 0;

	if (w->spoilt && w->spoilt_at < at)
		at = w->spoilt_at;
	for (size_t i = 0; i < w->marks_len && w->marks[i].at <= at; i++)
		n = w->marks[i].written;
	if (w->closed_at != 0 && w->closed_at <= at)
		n = w->written;
	return n;
}

static void
mark(struct way *w)
{
	w->marks = must_alloc(w->marks, (w->marks_len + 1) * sizeof(*w->marks));
	w->marks[w->marks_len++] = (struct mark){ emitted(w), w->written };
}

/* Failing. */

void
flaw(struct run *r, const char *format, ...)
{
	va_list ap;

	printf("seed %llu, step %u, connection %d: ", (unsigned long long)r->seed, r->step, r->connections);
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	printf("\n");
	fflush(stdout);
	_exit(1);
}

static const char *
text(struct end *e)
{
	const char *s = e->api->error(e);

	return s == NULL ? "no text" : s;
}

static void
tell(struct end *e, const char *call, size_t n, ssize_t rv)
{
	if (e->run->verbose)
		printf("    %s %s(%zu) -> %zd%s%s; sent %zu, may take %zu, took %zu of %zu, %zu data read of %zu\n",
		    e->name, call, n, rv, rv == FAILED ? ", " : "", rv == FAILED ? text(e) : "", emitted(e->out),
		    e->in->given, consumed(e), e->in->sent, e->in->read, e->in->written);
}

/* Whether a callback has failed. */
static bool
broken(const struct end *e)
{
	return e->deaf || e->mute;
}

/* Whether the transport gave a reason for a failure of the handshake, or of all that follows. */
static bool
disturbed(const struct end *e)
{
	const struct end *peer = &e->run->ends[e == &e->run->ends[CLIENT]];

	return e->in->cut || e->out->cut || e->in->spoilt || e->out->spoilt || peer->failed || broken(e) ||
	    broken(peer);
}

/* What a call begins with. */
static size_t
begin(struct end *e)
{
	e->moves = 0;
	e->said = 1;
	e->signer_waits = false;
	return consumed(e);
}

static void
check_sticky(struct end *e, const char *call)
{
	/* Where it was a system call that failed, the SSL_* functions may try again. */
	if (e->failed && !(e->deaf && strcmp(call, "write") == 0) && (e->api->strict || strcmp(e->text, "no reason") != 0))
		flaw(e->run, "%s's %s goes on after a failure: \"%s\"", e->name, call, e->text);
}

/* A call wants to be called again: is there a reason? */
static void
check_wait(struct end *e, const char *call, ssize_t rv, size_t before)
{
	bool moved = consumed(e) > before, waits;
	struct pollfd pfd = { .fd = e->wfd, .events = POLLOUT };

	if (e->api->strict)
		check_sticky(e, call);
	else if (e->failed || e->unwritable)
		return;
	if (e->signer_waits)
		return;
	if (rv == WANT_OUT) {
		waits = e->said == WANT_OUT || (!e->callbacks && poll(&pfd, 1, 0) == 0);
		if (!waits && !(e->api->idles && e->ending != OPEN))
			flaw(e->run, "%s's %s waits to write, which it could", e->name, call);
		return;
	}
	waits = e->said == WANT_IN || (!e->callbacks && consumed(e) == e->in->given && !e->in->cut);
	/* A record without data may end a call, but of descriptors ours knows better. */
	e->idle = !waits && !moved && e->api->idles ? e->idle + 1 : 0;
	waits |= e->idle == 1 || e->idle == 2;
	if (!waits && !(moved && strcmp(call, "handshake") != 0 && (e->callbacks || !e->api->strict)))
		flaw(e->run, "%s's %s waits to read, which it could", e->name, call);
	if (e->established && e->in->read < readable(e->in, consumed(e)))
		flaw(e->run, "%s's %s waits to read with %zu bytes inside: %zu read", e->name, call,
		    readable(e->in, consumed(e)) - e->in->read, e->in->read);
}

/* A call has failed: may it, and does it say the same as before? */
static void
check_failure(struct end *e, const char *call)
{
	if (broken(e) && !e->in->cut && !e->in->spoilt && !e->run->ends[e == &e->run->ends[CLIENT]].failed &&
	    !e->failed && strstr(text(e), strerror(ECONNRESET)) == NULL)
		flaw(e->run, "%s's %s gives another reason than the callback: %s", e->name, call, text(e));
	if (e->failed && e->deaf && e->mute)
		return;
	if (e->failed) {
		if (e->api->strict && strcmp(e->text, text(e)) != 0)
			flaw(e->run, "%s's %s fails with \"%s\" after \"%s\"", e->name, call, text(e), e->text);
		return;
	}
	if (!disturbed(e))
		flaw(e->run, "%s's %s fails: %s", e->name, call, text(e));
	snprintf(e->text, sizeof(e->text), "%s", text(e));
	e->failed = true;
}

static void
established(struct end *e, const char *call)
{
	struct run *r = e->run;
	struct end *peer = &r->ends[e == &r->ends[CLIENT]];

	check_sticky(e, call);
	if (e->established)
		return;
	e->established = true;
	if (!peer->established)
		return;
	if (e->api->resumed(e) != peer->api->resumed(peer))
		flaw(r, "the ends don't agree on whether the session was resumed");
	if (r->clean && !e->api->resumed(e))
		flaw(r, "the session wasn't resumed");
}

static bool
do_handshake(struct end *e)
{
	size_t before = begin(e);
	int rv = e->api->handshake(e);

	tell(e, "handshake", 0, rv);
	if (rv == FAILED && strcmp(text(e), "handshake already completed") == 0 && e->tried) {
		if (!e->failed)
			established(e, "handshake");
		return true;
	}
	if (rv == OK && e->established && e->api == &libtls)
		flaw(e->run, "%s's handshake is complete twice", e->name);
	e->tried = true;
	if (rv < FAILED)
		check_wait(e, "handshake", rv, before);
	if (rv == FAILED)
		check_failure(e, "handshake");
	if (rv == OK) {
		established(e, "handshake");
		e->updating = false;
	}
	return rv == OK;
}

static void
check_data(struct end *e, const char *call, const uint8_t *buf, size_t n)
{
	struct way *w = e->in;
	size_t i;

	if (w->read + n > w->offered)
		flaw(e->run, "%s's %s gives %zu bytes of %zu", e->name, call, w->read + n, w->offered);
	for (i = 0; i < n; i++)
		if (buf[i] != byte_at(w, w->read + i))
			flaw(e->run, "%s's %s gives a wrong byte at %zu", e->name, call, w->read + i);
}

static void
check_end(struct end *e, bool failure)
{
	struct way *w = e->in;
	bool complete = w->closed_at != 0 && w->given >= w->closed_at;

	if (!w->cut && !w->closing)
		flaw(e->run, "%s reads an end that isn't there", e->name);
	if (w->closing && !w->cut && w->closed_at != 0 && !complete)
		flaw(e->run, "%s reads an end before it was delivered", e->name);
	if (w->read < readable(w, w->given))
		flaw(e->run, "%s reads an end after %zu of %zu bytes", e->name, w->read, readable(w, w->given));
	if (failure && complete && !w->spoilt)
		flaw(e->run, "%s takes a closed stream for a broken one", e->name);
	if (e->ending != OPEN || w->spoilt)
		return;
	/* What was not told by the call, tls_close has to tell. */
	if (complete || !w->cut)
		e->ending = CLEAN;
	else if (!w->closing || w->closed_at != 0 || failure)
		e->ending = TRUNCATED;
}

/* Reads once. False means that there is nothing more for now. */
static bool
do_read(struct end *e, size_t n, bool peek)
{
	const char *call = peek ? "peek" : "read";
	size_t before = begin(e);
	uint8_t *buf = must_alloc(NULL, n);
	ssize_t rv = peek ? e->api->peek(e, buf, n) : e->api->read(e, buf, n);

	tell(e, call, n, rv);
	e->tried = true;
	if (rv > (ssize_t)n)
		flaw(e->run, "%s's %s gives %zd bytes of %zu", e->name, call, rv, n);
	if (rv > 0) {
		established(e, call);
		if (e->ending != OPEN)
			flaw(e->run, "%s's %s gives data behind the end", e->name, call);
		check_data(e, call, buf, rv);
		if (!peek)
			e->in->read += rv;
	} else if (e->failed && !e->api->strict) {
		/* Whatever it says, there is no data. */
	} else if (rv == END) {
		established(e, call);
		check_end(e, false);
	} else if (rv < FAILED) {
		if (e->ending != OPEN && !e->api->idles)
			flaw(e->run, "%s's %s waits behind the end", e->name, call);
		check_wait(e, call, rv, before);
	} else if (e->established && !e->api->truncation_at_close && e->in->cut && consumed(e) == e->in->given &&
	    !e->failed) {
		check_end(e, true);
		snprintf(e->text, sizeof(e->text), "%s", text(e));
		e->failed = true;
	} else {
		/* What is wrong with writing is none of reading's business. */
		if (e->api->strict && e->established && !e->failed && !e->in->spoilt && !e->deaf && !e->run->ends[e == &e->run->ends[CLIENT]].failed)
			flaw(e->run, "%s's %s fails: %s", e->name, call, text(e));
		check_failure(e, call);
	}
	free(buf);
	return rv > 0;
}

/* Writes, or repeats a write with as many bytes at least, in memory of its own. */
static bool
do_write(struct end *e, size_t n)
{
	struct way *w = e->out;
	size_t before = begin(e);
	uint8_t *buf;
	ssize_t rv;

	if (n < e->pending)
		n = e->pending;
	buf = must_alloc(NULL, n);
	for (size_t i = 0; i < n; i++)
		buf[i] = byte_at(w, w->written + i);
	if (w->offered < w->written + n && !w->closing)
		w->offered = w->written + n;
	rv = e->api->write(e, buf, n);
	free(buf);
	tell(e, "write", n, rv);
	e->tried = true;
	/* Others have this for a transport that is gone. */
	if (rv == 0 && !e->api->strict && w->cut)
		rv = FAILED;
	if (rv > (ssize_t)n || rv == 0)
		flaw(e->run, "%s's write gives %zd of %zu", e->name, rv, n);
	if (rv > 0) {
		established(e, "write");
		if (e->unwritable || (e->closed && e->pending == 0))
			flaw(e->run, "%s's write goes on after the end", e->name);
		e->pending = 0;
		e->updating = false;
		w->written += rv;
		w->offered = w->written;
		if (!w->cut) /* else its end may be lost already */
			mark(w);
	} else if (rv < FAILED) {
		if (rv == WANT_IN && e->established && !e->signer_waits && !e->asking)
			flaw(e->run, "%s's write waits to read", e->name);
		check_wait(e, "write", rv, before);
		e->pending = n;
	} else if ((w->cut || e->mute) && (!e->failed || e->deaf) && (e->established || strncmp(text(e), "write", 5) == 0)) {
		e->unwritable = true;
	} else if (!w->closing) {
		check_failure(e, "write");
	}
	return rv > 0;
}

static void
do_close(struct end *e)
{
	struct way *w = e->out;
	bool was_established = e->established;
	size_t before = begin(e), sent = emitted(w);
	int rv = e->api->close(e);
	const char *s = text(e);

	tell(e, "close", 0, rv);
	/* SSL_shutdown sends first and waits for the peer's then. */
	if (rv == WANT_IN && ((e->api == &openssl && w->closing) || (!e->api->strict && e->unwritable)))
		rv = OK;
	if (rv == WANT_IN || rv == WANT_OUT) {
		if (rv == WANT_IN)
			flaw(e->run, "%s's close waits to read", e->name);
		if (!e->failed)
			check_wait(e, "close", rv, before);
		w->closing = true;
		return;
	}
	if (!e->tried && (rv != OK || emitted(w) != sent))
		flaw(e->run, "%s's close without a connection", e->name);
	if (rv == FAILED && e->api->strict && strcmp(s, "EOF without close notify") == 0) {
		if (e->ending == CLEAN || !e->in->cut)
			flaw(e->run, "%s's close takes a closed stream for a broken one", e->name);
	} else {
		if (rv == FAILED && !w->cut && !e->failed && !e->mute)
			flaw(e->run, "%s's close fails: %s", e->name, s);
		if (rv == OK && e->api->truncation_at_close && e->ending == TRUNCATED)
			flaw(e->run, "%s's close takes a broken stream for a closed one", e->name);
	}
	e->closed = true;
	w->closing = true;
	if (was_established && !e->failed && !w->cut && !e->unwritable && !e->mute &&
	    w->closed_at == 0)
		w->closed_at = emitted(w);
}

static void
do_key_update(struct end *e, bool answered)
{
	int rv;

	if (e->api->key_update == NULL || !e->established || e->failed || e->out->closing ||
	    e->pending > 0 || e->unwritable || e->updating)
		return;
	rv = e->api->key_update(e, answered);
	tell(e, "key_update", answered, rv);
	/* In the middle of an answer nothing can be sent. */
	if (rv != OK && !e->run->setup.tls12 && !e->asking)
		flaw(e->run, "%s's key_update: %s", e->name, text(e));
	e->updating = rv == OK;
}

static void
do_authenticate(struct end *e)
{
	struct end *peer = &e->run->ends[e == &e->run->ends[CLIENT]];

	if (!e->run->setup.post_auth || e->out != &e->run->ways[SERVER] || !e->established || e->failed ||
	    e->out->closing || e->pending > 0 || e->unwritable || e->updating || e->asking || peer->out->closing)
		return;
	if (!peer->api->answers_beside_write && peer->pending > 0)
		return;
	if (!e->api->authenticate(e))
		flaw(e->run, "%s's authenticate: %s", e->name, text(e));
	e->asking = e->updating = true;
	do_handshake(e);
}

/* Connections. */

static void
sockets(struct run *r, int *at_end, int *at_model)
{
	int fds[2], size = 1;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | (r->setup.blocking ? 0 : SOCK_NONBLOCK), 0, fds) != 0)
		flaw(r, "socketpair: %s", strerror(errno));
	for (int i = 0; i < 2 && r->setup.small_buffers; i++)
		setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	*at_end = fds[0];
	*at_model = fds[1];
}

static void
run_open(struct run *r)
{
	r->connections++;
	for (int i = 0; i < 2; i++) {
		struct way *w = &r->ways[i];

		free(w->data);
		free(w->marks);
		memset(w, 0, sizeof(*w));
		w->from = w->to = -1;
		w->salt = r->seed * 40503 + r->connections * 1009 + i * 30011;
	}
	for (int i = 0; i < 2; i++) {
		struct end *e = &r->ends[i];

		e->callbacks = r->setup.callbacks[i];
		e->rfd = e->wfd = -1;
		if (!e->callbacks || r->setup.blocking) {
			sockets(r, &e->rfd, &e->in->to);
			e->wfd = e->rfd;
			e->out->from = e->in->to;
			if (r->setup.two_fds)
				sockets(r, &e->wfd, &e->out->from);
		}
		e->tried = e->established = e->failed = e->unwritable = e->closed = e->updating = false;
		e->asking = e->breaks = e->deaf = e->mute = false;
		e->pending = 0;
		e->ending = OPEN;
		e->api->open(e);
	}
}

static void
close_both(int a, int b)
{
	if (a != -1)
		close(a);
	if (b != -1 && b != a)
		close(b);
}

static void
run_drop(struct run *r)
{
	for (int i = 0; i < 2; i++) {
		struct end *e = &r->ends[i];

		e->api->drop(e);
		close_both(e->rfd, e->wfd);
		close_both(e->in->to, e->out->from);
	}
}

/* Moves everything that is under way, until no more moves. */
static void
run_deliver(struct run *r)
{
	way_give(&r->ways[CLIENT], SIZE_MAX);
	way_give(&r->ways[SERVER], SIZE_MAX);
}

static void
undisturbed(struct run *r)
{
	for (int i = 0; i < 2; i++) {
		r->ends[i].stalls = 0;
		r->ends[i].most = 0;
	}
}

static void
run_establish(struct run *r)
{
	undisturbed(r);
	for (int i = 0; i < 50; i++) {
		for (int j = 0; j < 2; j++) {
			struct end *e = &r->ends[j];

			if (!e->established && !e->failed && !e->closed)
				do_handshake(e);
			run_deliver(r);
		}
	}
}

/*
 * Writes more than the transport takes, and lets reading have an answer to give behind that: the peer changes its keys
 * and wants the same of this end, and its certificate.
 */
static void
run_pile(struct end *e, size_t n)
{
	struct end *peer = &e->run->ends[e == &e->run->ends[CLIENT]];

	run_establish(e->run);
	if (!e->established || !peer->established || e->closed || peer->closed)
		return;
	e->stalls = n % 2 == 0 ? ~0u : ~1u;
	for (int i = 0; i < 8 && e->pending == 0 && !e->failed && !e->unwritable; i++)
		do_write(e, BIG);
	for (int i = 0; i < 2 && e->api->answers_beside_write; i++) {
		do_key_update(peer, true);
		do_authenticate(peer);
		if (!peer->failed && !peer->unwritable)
			do_write(peer, n);
		way_give(peer->out, SIZE_MAX);
		e->stalls = 0;
		while (e->ending == OPEN && !e->failed && do_read(e, BIG, false))
			;
	}
}

/* One turn of an end that does what a program should, until it has moved all data and, if asked to, closed. */
static bool
turn(struct end *e, bool closes)
{
	bool going = false, more;
	size_t before;

	if (e->failed || (e->closed && !e->established)) {
		/* Its program would hang up. */
		if (!e->in->cut || !e->out->cut) {
			way_give(e->out, SIZE_MAX);
			if (emitted(e->out) == e->out->given || e->out->cut) {
				way_cut(e->in);
				way_cut(e->out);
			}
			return true;
		}
		return false;
	}
	if (!e->established) {
		do_handshake(e);
		return true;
	}
	if (e->pending > 0 && !e->unwritable && !e->out->closing) {
		do_write(e, e->pending);
		going = true;
	}
	do {
		before = consumed(e);
		more = e->ending == OPEN && !e->failed && do_read(e, BIG, false);
		going |= more;
	} while (more || consumed(e) != before);
	if (e->updating && !e->closed && !e->failed && !e->unwritable)
		do_handshake(e);
	if ((closes || e->out->closing) && !e->closed && !e->failed) {
		do_close(e);
		going = true;
	}
	return going;
}

/* Lets both ends do what is to be done. */
static void
run_settle(struct run *r, bool closes)
{
	int idle = 0;

	undisturbed(r);
	for (int i = 0; idle < 4; i++) {
		size_t before = r->ways[0].given + r->ways[1].given;

		if (i == PATIENCE)
			flaw(r, "it doesn't come to an end");
		run_deliver(r);
		bool going = turn(&r->ends[CLIENT], closes);
		run_deliver(r);
		going |= turn(&r->ends[SERVER], closes);
		run_deliver(r);
		if (r->ways[0].given + r->ways[1].given != before)
			idle = 0;
		else if (!going || i > 1000)
			idle++;
	}
}

/* Everything that was written has arrived, and the ends know what became of them. */
static void
run_check(struct run *r)
{
	for (int i = 0; i < 2; i++) {
		struct end *e = &r->ends[i];

		if (e->failed || disturbed(e))
			continue;
		if (!e->established)
			flaw(r, "%s's handshake never ends", e->name);
		if (e->in->read < e->in->written)
			flaw(r, "%s has read %zu bytes of %zu", e->name, e->in->read, e->in->written);
		if (e->pending > 0 && !e->out->closing)
			flaw(r, "%s's write never ends", e->name);
		if (e->asking && !e->closed && !r->ends[!i].closed && !e->api->authenticated(e))
			flaw(r, "%s never gets the certificate", e->name);
		e->asking = false;
	}
}

static void
run_finish(struct run *r)
{
	run_settle(r, false);
	run_check(r);
	run_settle(r, true);
	for (int i = 0; i < 2; i++) {
		struct end *e = &r->ends[i];

		if (!e->failed && e->ending == OPEN && !disturbed(e))
			flaw(r, "%s never learns of the end", e->name);
	}
	r->clean = r->setup.tickets && r->setup.num_tickets > 0;
	for (int i = 0; i < 2; i++)
		r->clean = r->clean && r->ends[i].established && !r->ends[i].failed && r->ends[i].ending == CLEAN &&
		    r->ends[i].api->resumes;
}

static void
run_next(struct run *r)
{
	r->clean = false;
	run_drop(r);
	run_open(r);
}

/* The child or the parent goes on; the other one waits, and does nothing. */
static void
run_fork(struct run *r, bool child)
{
	int status;
	pid_t pid;

	fflush(stdout);
	if ((pid = fork()) == -1)
		flaw(r, "fork: %s", strerror(errno));
	if (pid == 0) {
		if (child)
			return;
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid)
		flaw(r, "waitpid: %s", strerror(errno));
	if (!child)
		return;
	if (WIFSIGNALED(status))
		flaw(r, "a child ended by signal %d", WTERMSIG(status));
	longjmp(r->gone, 1 + WEXITSTATUS(status));
}

static void
run_op(struct run *r, const struct op *op)
{
	struct end *e = &r->ends[op->who];

	e->stalls = op->stalls;
	e->most = op->most;
	if (e->failed && !e->api->sticky && (op->kind == READ || op->kind == WRITE || op->kind == HANDSHAKE))
		return;
	switch (op->kind) {
	case ESTABLISH:
		run_establish(r);
		break;
	case DELIVER:
		way_give(e->out, op->n);
		break;
	case READ:
	case PEEK:
		if (op->kind == PEEK && e->api->peek == NULL)
			break;
		if (e->closed && !e->established)
			break;
		for (unsigned i = 0; i < op->times; i++)
			if (!do_read(e, op->n, op->kind == PEEK))
				break;
		break;
	case WRITE:
		if (e->closed && !e->established)
			break;
		do_write(e, op->n);
		break;
	case PILE:
		run_pile(e, op->n);
		break;
	case HANDSHAKE:
		if (e->closed || (e->api == &openssl && e->pending > 0))
			break;
		do_handshake(e);
		break;
	case CLOSE:
		if (e->closed || (!e->api->strict && (e->pending > 0 || e->updating || !e->established)))
			break;
		do_close(e);
		break;
	case CUT:
		way_cut(e->out);
		break;
	case SPOIL:
		way_spoil(e->out, op->n);
		break;
	case BREAK:
		e->breaks = e->callbacks && e->api->strict;
		break;
	case AUTHENTICATE:
		do_authenticate(&r->ends[SERVER]);
		break;
	case KEY_UPDATE:
		do_key_update(e, op->n % 2);
		break;
	case FORK:
		run_fork(r, op->n % 2);
		break;
	case SETTLE:
		run_settle(r, false);
		run_check(r);
		break;
	case NEXT:
		if (op->n % 4 != 0) {
			run_finish(r);
			bool clean = r->clean;
			run_next(r);
			r->clean = clean;
		} else {
			run_next(r);
		}
		break;
	case KINDS:
		break;
	}
}

void
run_all(uint64_t seed, const struct setup *s, const struct op *ops, size_t len, bool verbose)
{
	struct run *r = must_alloc(NULL, sizeof(*r));
	int status;

	memset(r, 0, sizeof(*r));
	if (pattern[0] == 0 && pattern[1] == 0)
		pattern_make();
	r->seed = seed;
	r->setup = *s;
	r->verbose = verbose;
	r->process = getpid();
	for (int i = 0; i < 2; i++) {
		struct end *e = &r->ends[i];

		e->run = r;
		e->name = i == CLIENT ? "client" : "server";
		e->api = s->openssl[i] ? &openssl : &libtls;
		e->out = &r->ways[i];
		e->in = &r->ways[!i];
		e->session_fd = -1;
		e->api->configure(e);
	}
	running = r;
	status = setjmp(r->gone);
	if (status == 0 && s->blocking) {
		for (size_t at = 0; at < len; at++)
			if (ops[at].kind == NEXT || at == 0) {
				run_open(r);
				run_blocking(r, ops + at, len - at);
				run_drop(r);
			}
		run_open(r);
	} else if (status == 0) {
		run_open(r);
		for (r->step = 0; r->step < len; r->step++) {
			if (verbose)
				op_print(&ops[r->step]);
			run_op(r, &ops[r->step]);
		}
		if (verbose)
			printf("the end\n");
		run_finish(r);
	}
	if (status > 1 || getpid() != r->process)
		_exit(status > 1);
	run_drop(r);
	running = NULL;
	for (int i = 0; i < 2; i++) {
		r->ends[i].api->unconfigure(&r->ends[i]);
		free(r->ways[i].data);
		free(r->ways[i].marks);
	}
	free(r);
}
