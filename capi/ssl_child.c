//go:build !nossl

/* The encodings of the SSL_* subset's objects, outside of Go; see blob.c. */
#include <stdlib.h>

#include "ssl_front.h"
#include "_cgo_export.h"

struct ssl_stored *
ssl_store(struct ssl_memory *m, struct blob *session)
{
	struct ssl_stored *s;

	if ((s = malloc(sizeof(*s))) == NULL)
		return NULL;
	s->session = blob_hold(session);
	s->prev = NULL;
	s->next = m->stored;
	if (s->next != NULL)
		s->next->prev = s;
	*(struct ssl_stored *volatile *)&m->stored = s;
	return s;
}

/*
 * At any moment a child finds all sessions by way of next. The links back may
 * be cut short.
 */
static void
link_back(struct ssl_memory *m)
{
	struct ssl_stored *s, *prev = NULL;

	for (s = m->stored; s != NULL; prev = s, s = s->next)
		s->prev = prev;
}

void
ssl_unstore(struct ssl_memory *m, struct ssl_stored *s)
{
	struct ssl_stored **place = s->prev == NULL ? &m->stored :
	    &s->prev->next;

	*(struct ssl_stored *volatile *)place = s->next;
	if (s->next != NULL)
		s->next->prev = s->prev;
	blob_drop(s->session);
	free(s);
}

void
ssl_unstore_all(struct ssl_memory *m)
{
	link_back(m);
	while (m->stored != NULL)
		ssl_unstore(m, m->stored);
}

/* The rebuild functions are called under the lock, in a child. */

static bool
rebuild_session(void *owner, void *fail)
{
	SSL_SESSION *s = owner;

	return object_born(&s->object,
	    goSSLSessionRestore(fail, s->object.bytes));
}

static bool
rebuild_context(void *owner, void *fail)
{
	SSL_CTX *ctx = owner;

	if (object_alive(&ctx->object))
		return true;
	link_back(&ctx->memory);
	return object_born(&ctx->object,
	    goSSLContextRestore(fail, &ctx->memory, ctx->object.bytes));
}

static bool
rebuild_conn(void *owner, void *fail)
{
	SSL *s = owner;
	struct object *credentials = blob_rebuilt(s->snapshot);
	struct ssl_remains r;

	if (!rebuild_context(s->ctx, fail) || !rebuild_context(s->first, fail))
		return false;
	if (!object_alive(credentials) && !object_born(credentials,
	    goSSLCredentialsRestore(fail, s->snapshot)))
		return false;
	r = (struct ssl_remains) {
		.ctx = s->ctx->object.go,
		.first = s->first->object.go,
		.credentials = credentials->go,
		.state = s->line.object.bytes,
		.records_in = s->line.records_in,
		.records_out = s->line.records_out,
	};
	return object_born(&s->line.object, goSSLConnRestore(fail, &r));
}

bool
context_rebuilt(SSL_CTX *ctx, struct ssl_visit *v)
{
	return object_restore(&ctx->object, rebuild_context, ctx, &v->fail);
}

bool
session_rebuilt(SSL_SESSION *s, struct ssl_visit *v)
{
	return object_restore(&s->object, rebuild_session, s, &v->fail);
}

/* Enters Go with an object, unless that is broken. */
static bool
visit(struct ssl_visit *v, bool broken, struct object *o,
    bool (*rebuild)(void *, void *), void *owner)
{
	if (broken) {
		ssl_internal_error(BROKEN);
		return false;
	}
	if (!ssl_enter(v))
		return false;
	if (object_restore(o, rebuild, owner, &v->fail))
		return true;
	ssl_leave(v);
	return false;
}

bool
context_visit(SSL_CTX *ctx, struct ssl_visit *v)
{
	return visit(v, ctx->broken, &ctx->object, rebuild_context, ctx);
}

bool
session_visit(SSL_SESSION *s, struct ssl_visit *v)
{
	return visit(v, false, &s->object, rebuild_session, s);
}

bool
conn_visit(SSL *s, struct ssl_visit *v)
{
	return visit(v, s->broken, &s->line.object, rebuild_conn, s);
}

/* Under the lock, lest what another thread has set since be lost again. */
void
context_changed(SSL_CTX *ctx, struct ssl_visit *v)
{
	struct blob *bytes;

	restore_lock();
	bytes = goSSLContextSave(ctx->object.go, &v->fail);
	if (bytes != NULL)
		object_keep(&ctx->object, bytes);
	restore_unlock();
	if (v->fail.panicked)
		ctx->broken = true;
	ssl_leave(v);
}

void
conn_leave(SSL *s, struct ssl_visit *v)
{
	object_keep(&s->line.object, goSSLConnSave(s->line.object.go, &v->fail,
	    s->line.object.bytes, &s->line.records_in, &s->line.records_out));
	if (v->fail.panicked)
		s->broken = true;
	ssl_leave(v);
}

/* Within a visit. */
void
conn_set_snapshot(SSL *s)
{
	restore_lock();
	blob_replace(&s->snapshot, blob_hold(s->ctx->object.bytes));
	restore_unlock();
}
