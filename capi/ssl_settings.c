//go:build !nossl

/* What can be set of an SSL_CTX and of an SSL alike. */
#include <string.h>

#include "ssl_front.h"
#include "_cgo_export.h"

static bool
settable_enter(struct settable t, struct ssl_visit *v)
{
	return t.conn != NULL ? conn_visit(t.conn, v) : context_visit(t.ctx, v);
}

static void
settable_leave(struct settable t, struct ssl_visit *v, bool changed)
{
	if (t.conn != NULL)
		conn_leave(t.conn, v);
	else if (changed)
		context_changed(t.ctx, v);
	else
		ssl_leave(v);
}

static uint64_t
handle(struct settable t)
{
	return t.conn != NULL ? t.conn->line.object.go : t.ctx->object.go;
}

int64_t
setting_get(struct settable t, int what)
{
	struct ssl_visit v;
	int64_t value;

	if (!settable_enter(t, &v))
		return 0;
	value = goSSLGet(handle(t), &v.fail, t.conn != NULL, what);
	settable_leave(t, &v, false);
	return value;
}

int
setting_set(struct settable t, int what, int64_t value)
{
	struct ssl_visit v;
	int rv;

	if (!settable_enter(t, &v))
		return 0;
	rv = goSSLSet(handle(t), &v.fail, t.conn != NULL, what, value);
	settable_leave(t, &v, true);
	return rv;
}

void
setting_must_set(struct settable t, int what, int64_t value)
{
	bool *broken = t.conn != NULL ? &t.conn->broken : &t.ctx->broken;

	if (!setting_set(t, what, value))
		*broken = true;
}

int
setting_change(struct settable t, int what, const void *data, size_t len)
{
	struct ssl_visit v;
	int rv;

	if (!settable_enter(t, &v))
		return 0;
	rv = goSSLChange(handle(t), &v.fail, t.conn != NULL, what, data, len);
	settable_leave(t, &v, true);
	return rv;
}

uint64_t
options_change(struct settable t, uint64_t set, uint64_t clear)
{
	uint64_t op = (setting_get(t, SET_OPTIONS) | set) & ~clear;

	setting_must_set(t, SET_OPTIONS, op);
	return op;
}

/* Versions that the library doesn't speak can be bounds; 0 stands for none. */
static int
set_version(struct settable t, int what, long version)
{
	if (version != 0 && (version < SSL3_VERSION ||
	    version > TLS1_3_VERSION))
		return 0;
	return setting_set(t, what, version);
}

long
settings_ctrl(struct settable t, long *mode, int cmd, long larg, void *parg)
{
	switch (cmd) {
	case SSL_CTRL_MODE:
		return *mode |= larg;
	case SSL_CTRL_CLEAR_MODE:
		return *mode &= ~larg;
	case SSL_CTRL_SET_GROUPS_LIST:
		return parg == NULL ? 0 :
		    setting_change(t, TEXT_GROUPS, parg, strlen(parg));
	case SSL_CTRL_SET_MIN_PROTO_VERSION:
		return set_version(t, SET_MIN_VERSION, larg);
	case SSL_CTRL_SET_MAX_PROTO_VERSION:
		return set_version(t, SET_MAX_VERSION, larg);
	case SSL_CTRL_GET_MIN_PROTO_VERSION:
		return setting_get(t, SET_MIN_VERSION);
	case SSL_CTRL_GET_MAX_PROTO_VERSION:
		return setting_get(t, SET_MAX_VERSION);
	}
	return 0;
}
