/*
 * What lies outside of Go because a fork leaves Go's objects behind: bytes,
 * from which a child rebuilds an object when it first uses it.
 */
#include <sys/mman.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "front.h"
#include "_cgo_export.h"

struct blob {
	atomic_uint	 refs;
	atomic_uint	 owner;		/* start in which Go took one of them */
	struct object	 made;		/* of the bytes, and shared */
	atomic_size_t	 len;		/* of the bytes, which come last */
	size_t		 room;
	size_t		 n_others;
	struct blob	*others[];
};

struct blob *
blob_new(size_t len, size_t n_others)
{
	struct blob *b;

	b = calloc(1, sizeof(*b) + n_others * sizeof(b->others[0]) + len);
	if (b == NULL)
		return NULL;
	atomic_store(&b->refs, 1);
	b->len = b->room = len;
	b->n_others = n_others;
	return b;
}

static uint8_t *
bytes_of(struct blob *b)
{
	return (uint8_t *)&b->others[b->n_others];
}

struct blob *
blob_grow(struct blob *b, cbyte *more, size_t n)
{
	struct blob *grown = b;

	if (b->room - b->len < n || atomic_load(&b->refs) > 1) {
		grown = blob_new(2 * (b->len + n), b->n_others);
		if (grown == NULL)
			return NULL;
		for (size_t i = 0; i < b->n_others; i++)
			blob_refer(grown, i, b->others[i]);
		grown->len = b->len;
		memcpy(bytes_of(grown), bytes_of(b), b->len);
	}
	memcpy(bytes_of(grown) + grown->len, more, n);
	grown->len += n;
	return grown;
}

uint8_t *
blob_bytes(struct blob *b, size_t *len)
{
	if (b == NULL)
		return NULL;
	*len = b->len;
	return bytes_of(b);
}

void
blob_refer(struct blob *b, size_t i, struct blob *other)
{
	b->others[i] = blob_hold(other);
}

struct blob *
blob_referred(struct blob *b, size_t i)
{
	return b == NULL || i >= b->n_others ? NULL : b->others[i];
}

struct blob *
blob_hold(struct blob *b)
{
	if (b != NULL)
		atomic_fetch_add(&b->refs, 1);
	return b;
}

/* Gives back what a runtime held that died in a fork; the caller holds b too. */
static void
inherit(struct blob *b)
{
	unsigned owner = atomic_load(&b->owner);

	if (owner != 0 && !(running() && owner == generation()) &&
	    atomic_compare_exchange_strong(&b->owner, &owner, 0))
		atomic_fetch_sub(&b->refs, 1);
}

void
blob_own(struct blob *b)
{
	inherit(b);
	blob_hold(b);
	atomic_store(&b->owner, generation());
}

void
blob_disown(struct blob *b)
{
	atomic_store(&b->owner, 0);
	blob_drop(b);
}

void
blob_drop(struct blob *b)
{
	struct visit v;

	if (b == NULL)
		return;
	inherit(b);
	if (atomic_fetch_sub(&b->refs, 1) != 1)
		return;
	if (object_alive(&b->made) && enter(&v)) {
		goMadeFree(b->made.go);
		leave(&v);
	}
	for (size_t i = 0; i < b->n_others; i++)
		blob_drop(b->others[i]);
	explicit_bzero(bytes_of(b), b->len);
	free(b);
}

struct object *
blob_made(struct blob *b)
{
	return &b->made;
}

/* A child sees one or the other. */
void
blob_replace(struct blob **place, struct blob *b)
{
	struct blob *old = *place;

	*(struct blob *volatile *)place = b;
	blob_drop(old);
}

void
object_born(struct object *o)
{
	atomic_store(&o->start, generation());
}

bool
object_alive(const struct object *o)
{
	return o->go != 0 && running() &&
	    atomic_load(&o->start) == generation();
}

void
object_keep(struct object *o, struct blob *bytes)
{
	if (bytes != o->bytes)
		blob_replace(&o->bytes, bytes);
}

void
object_drop(struct object *o)
{
	blob_replace(&o->bytes, NULL);
	o->go = 0;
}

/* Objects may be shared by threads. */
bool
object_restore(struct object *o, struct failure *fail,
    int (*restore)(struct failure *, uint64_t *, struct blob *))
{
	bool ok;

	if (o->go == 0 || object_alive(o))
		return true;
	restore_lock();
	ok = object_alive(o) || restore(fail, &o->go, o->bytes) == 0;
	if (ok)
		object_born(o);
	restore_unlock();
	return ok;
}

struct settings *
settings_new(void)
{
	struct settings *s;

	if ((s = calloc(1, sizeof(*s))) != NULL)
		atomic_store(&s->refs, 1);
	return s;
}

static struct settings *
settings_hold(struct settings *s)
{
	if (s != NULL)
		atomic_fetch_add(&s->refs, 1);
	return s;
}

void
settings_drop(struct settings *s)
{
	struct visit v;

	if (s == NULL || atomic_fetch_sub(&s->refs, 1) != 1)
		return;
	if (object_alive(&s->config) && enter(&v)) {
		goConfigFree(s->config.go);
		leave(&v);
	}
	object_drop(&s->config);
	if (s->shared != NULL)
		munmap(s->shared, SHARED_SIZE);
	free(s);
}

/*
 * Has memory for what children share: automatic ticket keys, and sessions by
 * their ids. No core dump holds it.
 */
bool
settings_share(struct settings *s)
{
	void *shared;

	if (s->shared != NULL)
		return true;
	shared = mmap(NULL, SHARED_SIZE, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return false;
	madvise(shared, SHARED_SIZE, MADV_DONTDUMP);
	s->shared = shared;
	return true;
}

/* Under the lock, in a child. */
static bool
settings_rebuild(struct settings *s, struct failure *fail)
{
	if (s == NULL || object_alive(&s->config))
		return true;
	if (goConfigRestore(fail, &s->config.go, s->config.bytes) == -1)
		return false;
	if (s->shared != NULL)
		goConfigShare(s->config.go, fail, s->shared);
	object_born(&s->config);
	return true;
}

bool
settings_restore(struct settings *s, struct failure *fail)
{
	bool ok;

	if (s == NULL || s->config.go == 0 || object_alive(&s->config))
		return true;
	restore_lock();
	ok = settings_rebuild(s, fail);
	restore_unlock();
	return ok;
}

/* Threads may change settings of live servers and use them meanwhile. */
void
settings_save(struct settings *s, struct failure *fail)
{
	struct blob *bytes, *old = NULL;

	restore_lock();
	bytes = s->config.bytes;
	if (s->config.go != 0 &&
	    goConfigSave(s->config.go, fail, &bytes) == 0 &&
	    bytes != s->config.bytes) {
		old = s->config.bytes;
		s->config.bytes = bytes;
	}
	restore_unlock();
	blob_drop(old);
}

static struct blob *
settings_bytes(struct settings *s)
{
	struct blob *b;

	if (s == NULL)
		return NULL;
	restore_lock();
	b = blob_hold(s->config.bytes);
	restore_unlock();
	return b;
}

void
context_take(struct tls *ctx, struct settings *s)
{
	struct settings *old = ctx->settings;

	ctx->settings = settings_hold(s);
	settings_drop(old);
}

void
context_freeze(struct tls *ctx, struct blob *frozen)
{
	blob_replace(&ctx->frozen, frozen);
}

void
context_freeze_settings(struct tls *ctx)
{
	context_freeze(ctx, settings_bytes(ctx->settings));
}

void
context_inherit(struct tls *ctx, struct tls *listener)
{
	context_take(ctx, listener->settings);
	context_freeze(ctx, blob_hold(listener->frozen));
}

/* Keeps what a call has changed of the connection. */
void
context_save(struct tls *ctx, struct failure *fail)
{
	struct blob *state = ctx->object.bytes;

	if (goContextSave(ctx->go, fail, &state, &ctx->records_in,
	    &ctx->records_out) == 0)
		object_keep(&ctx->object, state);
}

/* Whether a thread that this process doesn't have is inside of a call. */
bool
context_abandoned(const struct tls *ctx)
{
	return ctx->busy != 0 && (!running() || ctx->busy != generation());
}

/* A call begins that may call back; it ends with setting busy to 0. */
void
context_calls(struct tls *ctx)
{
	ctx->caller = &errno; /* a thread's own, in a child of it too */
	ctx->busy = generation();
}

/* Whether such a call is under way, as far as this process goes on with it. */
bool
context_in_use(const struct tls *ctx)
{
	return ctx->busy != 0 &&
	    (!context_abandoned(ctx) || ctx->caller == &errno);
}

/* The same for a call that then fails; what the other has to tell stays. */
bool
context_refuses(struct tls *ctx)
{
	if (!context_in_use(ctx))
		return false;
	if (atomic_load(&ctx->err.text) == NULL)
		error_set(&ctx->err, TLS_ERROR_INVALID_CONTEXT, IN_USE);
	return true;
}

void
context_forget(struct tls *ctx)
{
	object_keep(&ctx->object, NULL);
	context_freeze(ctx, NULL);
	context_take(ctx, NULL);
}

/* Under the lock, in a child. */
static bool
context_rebuild(struct tls *ctx, struct failure *fail)
{
	struct remains r = {
		.kind = ctx->kind,
		.records_in = ctx->records_in,
		.records_out = ctx->records_out,
		.frozen = ctx->frozen,
		.state = ctx->object.bytes,
	};
	struct blob *frozen = ctx->frozen;

	if (!settings_rebuild(ctx->settings, fail))
		return false;
	if (ctx->settings != NULL)
		r.config = ctx->settings->config.go;
	if (ctx->kind != CLIENT && frozen != NULL) {
		if (!object_alive(&frozen->made) && goListenerRestore(fail,
		    &frozen->made.go, r.config, frozen) == -1)
			return false;
		object_born(&frozen->made);
		r.listener = frozen->made.go;
	}
	if (goContextRestore(fail, &ctx->object.go, &r) == -1)
		return false;
	object_born(&ctx->object);
	return true;
}

bool
context_restore(struct tls *ctx, struct failure *fail)
{
	bool ok;

	if (ctx->object.go != 0 && !object_alive(&ctx->object)) {
		restore_lock();
		ok = object_alive(&ctx->object) || context_rebuild(ctx, fail);
		restore_unlock();
		if (!ok)
			return false;
	}
	if (ctx->go != ctx->object.go) /* threads that share it only read */
		ctx->go = ctx->object.go;
	return true;
}
