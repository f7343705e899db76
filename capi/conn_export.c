/* tls_conn_export(3): keys that both ends derive from a connection. */
#include <limits.h>
#include <string.h>

#include "front.h"
#include "_cgo_export.h"

static int
refuse(struct tls *ctx, const char *why)
{
	return error_set(&ctx->err, TLS_ERROR_INVALID_ARGUMENT, "%s", why);
}

/* Go's handshake is complete before its last message is written. */
static bool
derivable(struct tls *ctx)
{
	if (!context_valid(ctx))
		return false;
	if (ctx->c.phase != ESTABLISHED)
		error_set(&ctx->err, TLS_ERROR_UNKNOWN,
		    "handshake not completed");
	return ctx->c.phase == ESTABLISHED;
}

int
tls_conn_export(struct tls *ctx, const char *label, const uint8_t *context,
    size_t context_len, uint8_t *out, size_t outlen)
{
	struct visit v;

	if (!derivable(ctx))
		return -1;
	if (label == NULL)
		return refuse(ctx, "no label");
	if (context == NULL && context_len > 0)
		return refuse(ctx, "no context");
	if (out == NULL)
		return refuse(ctx, "no buffer");
	if (outlen > INT_MAX)
		return refuse(ctx, "outlen too long");
	if (!context_enter(ctx, &v))
		return -1;
	return context_leave(ctx, &v, goConnExport(ctx->go, &v.fail, label,
	    context, context_len, out, outlen));
}

ssize_t
tls_conn_channel_binding(struct tls *ctx, const char *type, uint8_t *out,
    size_t outlen)
{
	uint8_t binding[BINDING_SIZE];
	struct visit v;
	int n;

	if (!derivable(ctx))
		return -1;
	if (type == NULL)
		return refuse(ctx, "no channel binding type");
	if (out == NULL)
		return refuse(ctx, "no buffer");
	if (!context_enter(ctx, &v))
		return -1;
	n = context_leave(ctx, &v, goConnChannelBinding(ctx->go, &v.fail, type,
	    binding));
	if (n == -1)
		return -1;
	if ((size_t)n > outlen)
		n = refuse(ctx, "outlen too short");
	else
		memcpy(out, binding, n);
	explicit_bzero(binding, sizeof(binding));
	return n;
}
