/* tls_client(3): contexts as objects. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "front.h"
#include "_cgo_export.h"

struct tls *
tls_client(void)
{
	return ready() ? context_new(CLIENT) : NULL;
}

struct tls *
tls_server(void)
{
	return ready() ? context_new(SERVER) : NULL;
}

int
tls_configure(struct tls *ctx, struct tls_config *config)
{
	struct settings *s;
	struct blob *snapshot = NULL;
	struct system system = { 0 };
	struct visit v;
	unsigned reloads;
	int rv = -1;

	if (!context_valid(ctx) || context_refuses(ctx))
		return -1;
	if (config != NULL && !config_valid(config))
		return error_set(&ctx->err, TLS_ERROR_INVALID_ARGUMENT,
		    "invalid configuration");
	s = config == NULL ? NULL : config->settings;
	/* It is made with them. */
	if (ctx->kind == CLIENT && !object_alive(&ctx->line.object) &&
	    (s == NULL || !s->broken)) {
		context_take(ctx, s);
		return 0;
	}
	if (ctx->kind == SERVER && !context_system(ctx, &system, s))
		return -1;
	reloads = settings_reloads(s);
	if (!context_enter(ctx, &v))
		goto out;
	if (s != NULL && s->broken)
		error_set(&ctx->err, TLS_ERROR_UNKNOWN, BROKEN);
	else if (settings_restore(s, &v.fail))
		rv = goConfigure(ctx->go, &v.fail,
		    s == NULL ? 0 : s->config.go,
		    secure_getenv("SSL_CERT_FILE"),
		    secure_getenv("SSL_CERT_DIR"), &system);
	if (ctx->kind != SERVER_CONN)
		context_take(ctx, s);
	/* A client has no other errors. */
	if (ctx->kind == CLIENT && rv == -1)
		ctx->c.broken = true;
	if (ctx->kind == SERVER) {
		if (rv == 0 && (snapshot = goContextSnapshot(ctx->go,
		    &v.fail)) == NULL)
			rv = -1;
		context_set_snapshot(ctx, snapshot);
		atomic_store(&ctx->reloads, reloads);
	}
	context_leave(ctx, &v, rv);
out:
	blob_drop(system.bundle.bytes);
	return rv;
}

/* Forgets all but the context's kind. */
static void
forget(struct tls *ctx)
{
	struct visit v;

	context_disconnect(ctx);
	strings_drop(ctx);
	context_forget(ctx);
	error_drop(&ctx->err);
	if (object_alive(&ctx->line.object) && enter(&v)) {
		goContextFree(ctx->line.object.go);
		leave(&v);
	}
	ctx->line.object.go = 0;
}

/*
 * Within a call on it a context can be neither reset nor freed. No callback is
 * called any more, as what they work on may be gone, and the call fails.
 */
static bool
held(struct tls *ctx)
{
	if (!line_in_use(&ctx->line))
		return false;
	ctx->c.released = true;
	ctx->line.in.err = ctx->line.out.err = ECANCELED;
	return true;
}

void
tls_reset(struct tls *ctx)
{
	if (context_valid(ctx) && !held(ctx))
		forget(ctx);
}

void
tls_free(struct tls *ctx)
{
	if (!context_valid(ctx) || held(ctx))
		return;
	forget(ctx);
	explicit_bzero(ctx, sizeof(*ctx));
	free(ctx);
}
