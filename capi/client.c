/* tls_client(3): contexts as objects. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "front.h"
#include "_cgo_export.h"

static struct tls *
context_make(enum kind kind, uint64_t (*make)(struct failure *))
{
	struct tls *ctx;
	struct visit v;

	if ((ctx = context_new(kind)) == NULL)
		return NULL;
	if (context_enter(ctx, &v)) {
		object_born(&ctx->line.object, make(&v.fail));
		context_leave(ctx, &v, 0);
	}
	if (ctx->line.object.go == 0) {
		tls_free(ctx);
		return NULL;
	}
	return ctx;
}

struct tls *
tls_client(void)
{
	return context_make(CLIENT, goClientNew);
}

struct tls *
tls_server(void)
{
	return context_make(SERVER, goServerNew);
}

int
tls_configure(struct tls *ctx, struct tls_config *config)
{
	struct settings *s;
	struct blob *snapshot = NULL;
	struct system system = { 0 };
	struct visit v;
	int rv = -1;

	if (!context_valid(ctx) || context_refuses(ctx))
		return -1;
	if (config != NULL && !config_valid(config))
		return error_set(&ctx->err, TLS_ERROR_INVALID_ARGUMENT,
		    "invalid configuration");
	s = config == NULL ? NULL : config->settings;
	if (ctx->kind == SERVER && !context_system(ctx, &system, s))
		return -1;
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
	}
	context_leave(ctx, &v, rv);
out:
	blob_drop(system.bundle.bytes);
	return rv;
}

/* Forgets all that the C side knows but for the context's kind. */
static void
forget(struct tls *ctx)
{
	context_disconnect(ctx);
	strings_drop(ctx);
	context_forget(ctx);
	error_drop(&ctx->err);
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
	struct visit v;

	if (!context_valid(ctx) || held(ctx))
		return;
	forget(ctx);
	if (context_enter(ctx, &v))
		context_leave(ctx, &v, goReset(ctx->go, &v.fail));
}

void
tls_free(struct tls *ctx)
{
	struct visit v;

	if (!context_valid(ctx) || held(ctx))
		return;
	forget(ctx);
	if (object_alive(&ctx->line.object) && enter(&v)) {
		goContextFree(ctx->line.object.go);
		leave(&v);
	}
	explicit_bzero(ctx, sizeof(*ctx));
	free(ctx);
}
