/* tls_client(3): contexts as objects. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

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
	ctx->c.socket = -1;
	return ctx;
}

static struct tls *
context_make(enum kind kind, int (*make)(struct failure *, uint64_t *))
{
	struct tls *ctx;
	struct visit v;

	if ((ctx = context_new(kind)) == NULL)
		return NULL;
	if (context_enter(ctx, &v))
		context_leave(ctx, &v, make(&v.fail, &ctx->go));
	if (ctx->go == 0) {
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
	struct visit v;

	if (!context_valid(ctx))
		return -1;
	if (config != NULL && !config_valid(config))
		return error_set(&ctx->err, TLS_ERROR_INVALID_ARGUMENT,
		    "invalid configuration");
	if (!context_enter(ctx, &v))
		return -1;
	return context_leave(ctx, &v, goConfigure(ctx->go, &v.fail,
	    config == NULL ? 0 : config->go, secure_getenv("SSL_CERT_FILE"),
	    secure_getenv("SSL_CERT_DIR")));
}

/* Forgets all that the C side knows but for the context's kind. */
static void
forget(struct tls *ctx)
{
	transport_drop(ctx);
	strings_drop(ctx);
	error_clear(&ctx->err);
}

void
tls_reset(struct tls *ctx)
{
	struct visit v;

	if (!context_valid(ctx))
		return;
	forget(ctx);
	if (context_enter(ctx, &v))
		context_leave(ctx, &v, goReset(ctx->go, &v.fail));
}

void
tls_free(struct tls *ctx)
{
	struct visit v;

	if (!context_valid(ctx))
		return;
	forget(ctx);
	if (ctx->go != 0 && enter(&v)) {
		goContextFree(ctx->go);
		leave(&v);
	}
	explicit_bzero(ctx, sizeof(*ctx));
	free(ctx);
}
