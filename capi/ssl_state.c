//go:build !nossl

/* What lies outside of Go for the SSL_* subset; see state.c. */
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

/* The rebuild functions are called under the lock. */

static bool
rebuild_session(SSL_SESSION *s, struct ssl_visit *v)
{
	if (object_alive(&s->object))
		return true;
	if (goSSLSessionRestore(&s->object.go, &v->fail, s->object.bytes) == 0)
		return false;
	object_born(&s->object);
	return true;
}

static bool
rebuild_context(SSL_CTX *ctx, struct ssl_visit *v)
{
	if (object_alive(&ctx->object))
		return true;
	link_back(&ctx->memory);
	if (goSSLContextRestore(&ctx->object.go, &v->fail, &ctx->memory,
	    ctx->object.bytes) == 0)
		return false;
	object_born(&ctx->object);
	return true;
}

static bool
rebuild_conn(SSL *s, struct ssl_visit *v)
{
	struct object *credentials = blob_made(s->frozen);
	struct ssl_remains r;

	if (object_alive(&s->object))
		return true;
	if (!rebuild_context(s->ctx, v) || !rebuild_context(s->home, v))
		return false;
	if (!object_alive(credentials) && goSSLCredentialsRestore(
	    &credentials->go, &v->fail, s->frozen) == 0)
		return false;
	object_born(credentials);
	r = (struct ssl_remains) {
		.ctx = s->ctx->object.go,
		.home = s->home->object.go,
		.credentials = credentials->go,
		.state = s->object.bytes,
		.records_in = s->records_in,
		.records_out = s->records_out,
	};
	if (goSSLConnRestore(&s->object.go, &v->fail, &r) == 0)
		return false;
	object_born(&s->object);
	return true;
}

#define REBUILT(rebuild, o, v) do {					\
	bool ok = true;							\
	if (!object_alive(&(o)->object)) {				\
		restore_lock();						\
		ok = rebuild(o, v);					\
		restore_unlock();					\
	}								\
	return ok;							\
} while (0)

bool
context_rebuilt(SSL_CTX *ctx, struct ssl_visit *v)
{
	REBUILT(rebuild_context, ctx, v);
}

bool
session_rebuilt(SSL_SESSION *s, struct ssl_visit *v)
{
	REBUILT(rebuild_session, s, v);
}

static bool
conn_rebuilt(SSL *s, struct ssl_visit *v)
{
	REBUILT(rebuild_conn, s, v);
}

#define VISIT(rebuilt, o, v) do {					\
	if ((o)->broken) {						\
		ssl_internal_error(BROKEN);				\
		return false;						\
	}								\
	if (!ssl_enter(v))						\
		return false;						\
	if (rebuilt(o, v))						\
		return true;						\
	ssl_leave(v);							\
	return false;							\
} while (0)

bool
context_visit(SSL_CTX *ctx, struct ssl_visit *v)
{
	VISIT(context_rebuilt, ctx, v);
}

bool
session_visit(SSL_SESSION *s, struct ssl_visit *v)
{
	if (!ssl_enter(v))
		return false;
	if (session_rebuilt(s, v))
		return true;
	ssl_leave(v);
	return false;
}

bool
conn_visit(SSL *s, struct ssl_visit *v)
{
	VISIT(conn_rebuilt, s, v);
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
	object_keep(&s->object, goSSLConnSave(s->object.go, &v->fail,
	    s->object.bytes, &s->records_in, &s->records_out));
	if (v->fail.panicked)
		s->broken = true;
	ssl_leave(v);
}

/* Within a visit. */
void
conn_freeze(SSL *s)
{
	restore_lock();
	blob_replace(&s->frozen, blob_hold(s->ctx->object.bytes));
	restore_unlock();
}

/* Whether a thread that this process doesn't have is inside of a call. */
bool
conn_abandoned(const SSL *s)
{
	return s->busy != 0 && (!running() || s->busy != generation());
}
