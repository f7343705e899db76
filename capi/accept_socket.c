/* tls_accept_socket(3) */
#include "front.h"
#include "_cgo_export.h"

/* Threads may share a server, and its snapshot be renewed. */
static bool
configured(struct tls *ctx)
{
	bool rv;

	restore_lock();
	rv = ctx->snapshot != NULL;
	restore_unlock();
	return rv;
}

/* A context for a connection that came in at the server ctx. */
static struct tls *
accept_common(struct tls *ctx)
{
	struct blob *was, *snapshot;
	struct tls *conn;
	struct visit v;

	if (ctx->kind != SERVER) {
		error_set(&ctx->err, TLS_ERROR_INVALID_CONTEXT,
		    "not a server context");
		return NULL;
	}
	if (!configured(ctx)) {
		error_set(&ctx->err, TLS_ERROR_UNKNOWN, "ssl failure");
		return NULL;
	}
	if ((conn = context_new(SERVER_CONN)) == NULL) {
		error_set(&ctx->err, TLS_ERROR_OUT_OF_MEMORY,
		    "connection context failure");
		return NULL;
	}
	if (context_enter(ctx, &v)) {
		restore_lock();
		was = snapshot = ctx->snapshot;
		if (object_born(&conn->line.object, goAccept(ctx->go, &v.fail,
		    &snapshot)))
			context_inherit(conn, ctx, snapshot);
		*(struct blob *volatile *)&ctx->snapshot = snapshot;
		restore_unlock();
		context_leave(ctx, &v, 0);
		if (snapshot != was)
			blob_drop(was);
	}
	if (conn->line.object.go == 0) {
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
