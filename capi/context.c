/* Contexts: their validity, their connection, what a child rebuilds them from. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "front.h"
#include "_cgo_export.h"

bool
context_valid(const struct tls *ctx)
{
	return ctx != NULL && ctx->magic == CONTEXT_MAGIC;
}

/* A context without its Go side. */
struct tls *
context_new(enum kind kind)
{
	struct tls *ctx;

	if ((ctx = calloc(1, sizeof(*ctx))) == NULL)
		return NULL;
	ctx->magic = CONTEXT_MAGIC;
	ctx->kind = kind;
	ctx->err.shared = kind == SERVER;
	ctx->c.socket = -1;
	return ctx;
}

void
context_take(struct tls *ctx, struct settings *s)
{
	struct settings *old = ctx->settings;

	ctx->settings = settings_hold(s);
	settings_drop(old);
}

void
context_set_snapshot(struct tls *ctx, struct blob *snapshot)
{
	blob_replace(&ctx->snapshot, snapshot);
}

/*
 * Gives a connection what its listener has; false if that isn't configured.
 * Threads may share a listener, and its snapshot be renewed.
 */
bool
context_inherit(struct tls *ctx, struct tls *listener)
{
	restore_lock();
	context_set_snapshot(ctx, blob_hold(listener->snapshot));
	restore_unlock();
	context_take(ctx, listener->settings);
	return ctx->snapshot != NULL;
}

/* Keeps what a call has changed of the connection. */
void
context_save(struct tls *ctx, struct failure *fail)
{
	struct line *l = &ctx->line;

	object_keep(&l->object, goContextSave(ctx->go, fail, l->object.bytes,
	    &l->records_in, &l->records_out));
}

/*
 * Whether a call has to fail because it comes from a callback of another call on
 * the same context. The other call's error stays in place.
 */
bool
context_refuses(struct tls *ctx)
{
	if (!line_in_use(&ctx->line))
		return false;
	if (atomic_load(&ctx->err.text) == NULL)
		error_set(&ctx->err, TLS_ERROR_INVALID_CONTEXT, IN_USE);
	return true;
}

/* Whether a call for clients may go on with it. */
bool
context_is_client(struct tls *ctx)
{
	if (!context_valid(ctx))
		return false;
	if (ctx->kind != CLIENT)
		error_set(&ctx->err, TLS_ERROR_INVALID_CONTEXT,
		    "not a client context");
	return ctx->kind == CLIENT && !context_refuses(ctx);
}

void
context_name_session(struct tls *ctx, char *name)
{
	char *old = ctx->session_name;

	/* First, so that a child doesn't free it once more. */
	*(char *volatile *)&ctx->session_name = name;
	free(old);
}

void
context_forget(struct tls *ctx)
{
	context_name_session(ctx, NULL);
	bundle_replace(&ctx->bundle, (struct bundle) { 0 });
	object_keep(&ctx->line.object, NULL);
	context_set_snapshot(ctx, NULL);
	atomic_store(&ctx->reloads, 0);
	context_take(ctx, NULL);
}

/* Under the lock: a new one, or in a child. */
static bool
build(void *context, void *fail)
{
	struct tls *ctx = context;
	struct object *listener;
	struct remains r = {
		.kind = ctx->kind,
		.records_in = ctx->line.records_in,
		.records_out = ctx->line.records_out,
		.snapshot = ctx->snapshot,
		.state = ctx->line.object.bytes,
		.bundle = ctx->bundle,
	};

	if (!settings_rebuild(ctx->settings, fail))
		return false;
	if (ctx->settings != NULL)
		r.config = ctx->settings->config.go;
	if (ctx->kind != CLIENT && ctx->snapshot != NULL) {
		listener = blob_rebuilt(ctx->snapshot);
		if (!object_alive(listener) && !object_born(listener,
		    goListenerRestore(fail, r.config, ctx->snapshot)))
			return false;
		r.listener = listener->go;
	}
	return object_born(&ctx->line.object, goContextRestore(fail, &r));
}

bool
context_enter(struct tls *ctx, struct visit *v)
{
	if (!context_valid(ctx))
		return false;
	if (!enter(v)) {
		error_errno(&ctx->err, errno, NO_RUNTIME);
		return false;
	}
	if (!object_make(&ctx->line.object, build, ctx, &v->fail)) {
		context_leave(ctx, v, 0);
		return false;
	}
	if (ctx->go != ctx->line.object.go) /* threads that share it only read */
		ctx->go = ctx->line.object.go;
	return true;
}

int
context_leave(struct tls *ctx, struct visit *v, int rv)
{
	leave(v);
	if (v->fail.panicked)
		ctx->c.broken = true;
	error_take(&ctx->err, &v->fail);
	return rv;
}

/*
 * Reads what a connect, or a tls_configure by these settings, makes use of, if it
 * does. Otherwise nothing is there. False means that the call has failed.
 */
bool
context_system(struct tls *ctx, struct system *s, struct settings *settings)
{
	memset(s, 0, sizeof(*s));
	if (!settings_need_system(settings, ctx->kind) || system_read(s))
		return true;
	error_errno(&ctx->err, s->num, "failed to open CA file '%s'", s->path);
	return false;
}

/*
 * Reads the file that Go wants, if it wants one, in the middle of a visit. False
 * means that this has ended.
 */
bool
context_find(struct tls *ctx, struct visit *v, struct file *f, char *path)
{
	bool found;

	context_leave(ctx, v, 0);
	memset(f, 0, sizeof(*f));
	found = path == NULL || file_find(f, path);
	if (!found)
		file_error(&ctx->err, f, "CA", path);
	free(path);
	if (found && context_enter(ctx, v))
		return true;
	file_drop(f);
	return false;
}

void
context_open(struct tls *ctx, int fd_read, int fd_write, tls_read_cb read_cb,
    tls_write_cb write_cb, void *cb_arg)
{
	struct input *in = &ctx->line.in;
	struct output *out = &ctx->line.out;

	in->fd = fd_read;
	in->cb = read_cb;
	out->fd = fd_write;
	out->cb = write_cb;
	in->cb_ctx = out->cb_ctx = ctx;
	in->cb_arg = out->cb_arg = cb_arg;
	ctx->c.step_first = true;
	ctx->c.phase = CONNECTED;
}

/*
 * Forgets the connection. Other implementations leave a socket of their own
 * open, which nobody can reach any more.
 */
void
context_disconnect(struct tls *ctx)
{
	if (ctx->c.socket != -1)
		close(ctx->c.socket);
	line_clear(&ctx->line);
	memset(&ctx->c, 0, sizeof(ctx->c));
	ctx->c.socket = -1;
}

void
string_drop(struct tls *ctx, enum string which)
{
	char *s = ctx->strings[which];

	/* First, so that a child doesn't free it once more. */
	*(char *volatile *)&ctx->strings[which] = NULL;
	free(s);
}

void
strings_drop(struct tls *ctx)
{
	for (int i = 0; i < STRINGS; i++)
		string_drop(ctx, i);
}

/* Keeps what Go answers, so that the pointer lasts until the context's reset. */
const char *
context_string(struct tls *ctx, enum string which)
{
	struct visit v;

	if (!context_valid(ctx))
		return NULL;
	if (ctx->strings[which] == NULL && context_enter(ctx, &v)) {
		ctx->strings[which] = goContextString(ctx->go, &v.fail, which);
		context_leave(ctx, &v, 0);
	}
	return ctx->strings[which];
}

int64_t
context_number(struct tls *ctx, enum number which, int64_t none)
{
	struct visit v;
	int64_t n;

	if (!context_enter(ctx, &v))
		return none;
	n = goContextNumber(ctx->go, &v.fail, which);
	if (v.fail.text != NULL)
		n = none;
	context_leave(ctx, &v, 0);
	return n;
}

time_t
context_time(struct tls *ctx, enum number which)
{
	int64_t t = context_number(ctx, which, -1);

	if (sizeof(time_t) < sizeof(t) && t > INT32_MAX)
		return INT32_MAX;
	return t;
}
