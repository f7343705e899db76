/* tls_accept_socket(3) */
#include <errno.h>

#include "front.h"
#include "_cgo_export.h"

/*
 * Has the server take the keypairs that its settings were reloaded with, if it
 * can: the program may have set something since that doesn't go with them.
 */
static bool
renew(struct tls *ctx, unsigned reloads)
{
	struct blob *renewed = NULL, *was = NULL;
	struct visit v;
	bool panicked;

	if (!context_enter(ctx, &v))
		return false;
	restore_lock();
	/* Unless it isn't configured, or another thread has seen to it. */
	if (ctx->snapshot != NULL && atomic_load(&ctx->reloads) != reloads)
		renewed = goContextRenew(ctx->go, &v.fail, ctx->snapshot);
	if (renewed != NULL) {
		was = ctx->snapshot;
		*(struct blob *volatile *)&ctx->snapshot = renewed;
	}
	panicked = v.fail.panicked;
	if (!panicked)
		atomic_store(&ctx->reloads, reloads);
	restore_unlock();
	context_leave(ctx, &v, 0);
	blob_drop(was);
	return !panicked;
}

/*
 * A context for a connection that came in at the server ctx. Go's side of it is
 * made when something is first asked of it; but the runtime has its threads from
 * now on, as a child may forbid itself to make any once it has accepted.
 */
static struct tls *
accept_common(struct tls *ctx)
{
	struct tls *conn;
	unsigned reloads;

	if (ctx->kind != SERVER) {
		error_set(&ctx->err, TLS_ERROR_INVALID_CONTEXT,
		    "not a server context");
		return NULL;
	}
	reloads = settings_reloads(ctx->settings);
	if (reloads != atomic_load(&ctx->reloads) && !renew(ctx, reloads))
		return NULL;
	if (!ready()) {
		error_errno(&ctx->err, errno, NO_RUNTIME);
		return NULL;
	}
	if ((conn = context_new(SERVER_CONN)) == NULL) {
		error_set(&ctx->err, TLS_ERROR_OUT_OF_MEMORY,
		    "connection context failure");
		return NULL;
	}
	if (!context_inherit(conn, ctx)) {
		error_set(&ctx->err, TLS_ERROR_UNKNOWN, "ssl failure");
		tls_free(conn);
		return NULL;
	}
	return conn;
}

/* Clears the place of the result, whatever else is wrong. */
static bool
acceptable(struct tls *ctx, struct tls **cctx)
{
	if (cctx != NULL)
		*cctx = NULL;
	if (!context_valid(ctx))
		return false;
	if (cctx == NULL)
		error_set(&ctx->err, TLS_ERROR_INVALID_ARGUMENT,
		    "no pointer for the connection context");
	return cctx != NULL;
}

static int
accept_on(struct tls *ctx, struct tls **cctx, int fd_read, int fd_write,
    tls_read_cb read_cb, tls_write_cb write_cb, void *cb_arg)
{
	struct tls *conn;

	if ((conn = accept_common(ctx)) == NULL)
		return -1;
	context_open(conn, fd_read, fd_write, read_cb, write_cb, cb_arg);
	*cctx = conn;
	return 0;
}

int
tls_accept_fds(struct tls *ctx, struct tls **cctx, int fd_read, int fd_write)
{
	if (!acceptable(ctx, cctx))
		return -1;
	return accept_on(ctx, cctx, fd_read, fd_write, NULL, NULL, NULL);
}

int
tls_accept_socket(struct tls *ctx, struct tls **cctx, int s)
{
	return tls_accept_fds(ctx, cctx, s, s);
}

int
tls_accept_cbs(struct tls *ctx, struct tls **cctx, tls_read_cb read_cb,
    tls_write_cb write_cb, void *cb_arg)
{
	if (!acceptable(ctx, cctx))
		return -1;
	if (ctx->kind == SERVER && (read_cb == NULL || write_cb == NULL))
		return error_set(&ctx->err, TLS_ERROR_UNKNOWN,
		    "no callbacks provided");
	return accept_on(ctx, cctx, -1, -1, read_cb, write_cb, cb_arg);
}
