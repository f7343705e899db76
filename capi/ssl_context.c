//go:build !nossl

/* SSL_CTX objects. */
#include <stdlib.h>
#include <string.h>

#include "ssl_front.h"
#include "_cgo_export.h"

/* Calls CALL with a handle and a failure, and gives its result or 0. */
#define IN_GO(ctx, rv, call, ...) do {					\
	struct ssl_visit visit;						\
	(rv) = 0;							\
	if (context_visit((SSL_CTX *)(ctx), &visit)) {			\
		(rv) = call((ctx)->object.go, &visit.fail,		\
		    ##__VA_ARGS__);					\
		ssl_leave(&visit);					\
	}								\
} while (0)

/* The same for what changes the settings. */
#define CHANGE_IN_GO(ctx, rv, call, ...) do {				\
	struct ssl_visit visit;						\
	(rv) = 0;							\
	if (context_visit(ctx, &visit)) {				\
		(rv) = call((ctx)->object.go, &visit.fail,		\
		    ##__VA_ARGS__);					\
		context_changed(ctx, &visit);				\
	}								\
} while (0)

/* Sets a value and gives the one before. */
static long
exchange(SSL_CTX *ctx, int what, long value)
{
	long old = setting_get(of_context(ctx), what);

	setting_must_set(of_context(ctx), what, value);
	return old;
}

SSL_CTX *
SSL_CTX_new(const SSL_METHOD *meth)
{
	struct ssl_visit v;
	SSL_CTX *ctx;

	if (meth == NULL) {
		ssl_error(SSL_R_NULL_SSL_METHOD_PASSED);
		return NULL;
	}
	if ((ctx = calloc(1, sizeof(*ctx))) == NULL)
		return NULL;
	ctx->refs = 1;
	ctx->method = meth;
	ctx->mode = SSL_MODE_AUTO_RETRY;
	ctx->param.ctx = ctx;
	if (ssl_enter(&v)) {
		if (object_born(&ctx->object,
		    goSSLContextNew(&v.fail, &ctx->memory)))
			context_changed(ctx, &v);
		else
			ssl_leave(&v);
	}
	if (ctx->object.go == 0) {
		free(ctx);
		return NULL;
	}
	return ctx;
}

int
SSL_CTX_up_ref(SSL_CTX *ctx)
{
	atomic_fetch_add(&ctx->refs, 1);
	return 1;
}

void
SSL_CTX_free(SSL_CTX *ctx)
{
	struct ssl_visit v;
	int rv;

	if (ctx == NULL || atomic_fetch_sub(&ctx->refs, 1) > 1)
		return;
	/* Even a broken one can be freed. */
	ctx->broken = false;
	/* A child has nothing in Go of what it hasn't used. */
	if (object_alive(&ctx->object) || ctx->remove_session != NULL) {
		IN_GO(ctx, rv, goSSLContextForget);
		(void)rv;
		context_removed(ctx);
	}
	if (object_alive(&ctx->object) && context_visit(ctx, &v)) {
		goSSLContextFree(ctx->object.go);
		ssl_leave(&v);
	}
	ssl_unstore_all(&ctx->memory);
	object_keep(&ctx->object, NULL);
	free(ctx->ex.slots);
	free(ctx);
}

/* Tells the program of sessions that have left the store. */
void
context_removed(SSL_CTX *ctx)
{
	SSL_SESSION *s;
	uint64_t go;

	while (ctx->remove_session != NULL) {
		IN_GO(ctx, go, goSSLContextRemoved);
		if ((s = session_wrap(go)) == NULL)
			return;
		ctx->remove_session(ctx, s);
		SSL_SESSION_free(s);
	}
}

/* Files are read here and not in Go, so that signals can interrupt reading. */
static int
use_certificate(SSL_CTX *ctx, const char *file, int type, bool chain)
{
	struct file f;
	int rv;

	file_read(&f, file);
	CHANGE_IN_GO(ctx, rv, goSSLContextCertificate, &f, type, chain);
	file_drop(&f);
	return rv;
}

int
SSL_CTX_use_certificate_file(SSL_CTX *ctx, const char *file, int type)
{
	return use_certificate(ctx, file, type, false);
}

/* OpenSSL's clears the error queue here, but not in use_certificate_file. */
int
SSL_CTX_use_certificate_chain_file(SSL_CTX *ctx, const char *file)
{
	ERR_clear_error();
	return use_certificate(ctx, file, SSL_FILETYPE_PEM, true);
}

int
SSL_CTX_use_PrivateKey_file(SSL_CTX *ctx, const char *file, int type)
{
	struct file f;
	int rv;

	file_read(&f, file);
	CHANGE_IN_GO(ctx, rv, goSSLContextKey, &f, type);
	file_drop(&f);
	return rv;
}

int
SSL_CTX_check_private_key(const SSL_CTX *ctx)
{
	int rv;

	IN_GO(ctx, rv, goSSLContextCheckKey);
	return rv;
}

int
SSL_CTX_load_verify_locations(SSL_CTX *ctx, const char *CAfile,
    const char *CApath)
{
	struct file f = { 0 };
	int rv;

	if (CAfile != NULL)
		file_read(&f, CAfile);
	CHANGE_IN_GO(ctx, rv, goSSLContextTrust, &f,
	    CApath == NULL ? "" : CApath);
	file_drop(&f);
	return rv;
}

int
SSL_CTX_set_default_verify_paths(SSL_CTX *ctx)
{
	struct system system;
	int rv;

	ERR_clear_error();
	if (!system_read(&system)) {
		errno = EINTR;
		return 0;
	}
	CHANGE_IN_GO(ctx, rv, goSSLContextTrustSystem, &system);
	blob_drop(system.bundle.bytes);
	return rv;
}

void
SSL_CTX_set_verify(SSL_CTX *ctx, int mode, SSL_verify_cb callback)
{
	setting_must_set(of_context(ctx), SET_VERIFY_MODE, mode);
	ctx->verify = callback;
}

void
SSL_CTX_set_verify_depth(SSL_CTX *ctx, int depth)
{
	setting_must_set(of_context(ctx), SET_VERIFY_DEPTH, depth);
}

int
SSL_CTX_get_verify_mode(const SSL_CTX *ctx)
{
	return setting_get(of_context(ctx), SET_VERIFY_MODE);
}

uint64_t
SSL_CTX_set_options(SSL_CTX *ctx, uint64_t op)
{
	return options_change(of_context(ctx), op, 0);
}

uint64_t
SSL_CTX_clear_options(SSL_CTX *ctx, uint64_t op)
{
	return options_change(of_context(ctx), 0, op);
}

uint64_t
SSL_CTX_get_options(const SSL_CTX *ctx)
{
	return setting_get(of_context(ctx), SET_OPTIONS);
}

/* Without memory for the keys it tells their size. */
static long
ticket_keys(SSL_CTX *ctx, void *keys, long len, bool store)
{
	enum { NAME = 16, HMAC_KEY = 32, AES_KEY = 32 };
	int rv;

	if (keys == NULL)
		return NAME + HMAC_KEY + AES_KEY;
	if (len < 0)
		len = 0;
	CHANGE_IN_GO(ctx, rv, goSSLContextTicketKeys, keys, len, store);
	return rv;
}

/* Most of these are macros in ssl.h. Other numbers are refused with 0. */
long
SSL_CTX_ctrl(SSL_CTX *ctx, int cmd, long larg, void *parg)
{
	int64_t v;

	switch (cmd) {
	case SSL_CTRL_SET_SESS_CACHE_SIZE:
		return larg < 0 ? 0 : exchange(ctx, SET_CACHE_SIZE, larg);
	case SSL_CTRL_GET_SESS_CACHE_SIZE:
		return setting_get(of_context(ctx), SET_CACHE_SIZE);
	case SSL_CTRL_SET_SESS_CACHE_MODE:
		return exchange(ctx, SET_CACHE_MODE, larg);
	case SSL_CTRL_GET_SESS_CACHE_MODE:
		return setting_get(of_context(ctx), SET_CACHE_MODE);
	case SSL_CTRL_SET_TLSEXT_SERVERNAME_ARG:
		ctx->servername_arg = parg;
		return 1;
	case SSL_CTRL_GET_TLSEXT_TICKET_KEYS:
		return ticket_keys(ctx, parg, larg, false);
	case SSL_CTRL_SET_TLSEXT_TICKET_KEYS:
		return ticket_keys(ctx, parg, larg, true);
	}
	if (cmd >= SSL_CTRL_SESS_NUMBER && cmd <= SSL_CTRL_SESS_CACHE_FULL) {
		IN_GO(ctx, v, goSSLContextStat, cmd);
		return v;
	}
	return settings_ctrl(of_context(ctx), &ctx->mode, cmd, larg,
	    parg);
}

long
SSL_CTX_callback_ctrl(SSL_CTX *ctx, int cmd, void (*cb)(void))
{
	if (cmd != SSL_CTRL_SET_TLSEXT_SERVERNAME_CB)
		return 0;
	ctx->servername = (servername_cb)cb;
	return 1;
}

int
SSL_CTX_set_cipher_list(SSL_CTX *ctx, const char *str)
{
	return setting_change(of_context(ctx), TEXT_CIPHER_LIST, str, strlen(str));
}

int
SSL_CTX_set_ciphersuites(SSL_CTX *ctx, const char *str)
{
	return setting_change(of_context(ctx), TEXT_CIPHERSUITES, str, strlen(str));
}

/* 0 for success, unlike the others. */
int
SSL_CTX_set_alpn_protos(SSL_CTX *ctx, const unsigned char *protos,
    unsigned int protos_len)
{
	return !setting_change(of_context(ctx), BYTES_ALPN, protos, protos_len);
}

void
SSL_CTX_set_alpn_select_cb(SSL_CTX *ctx, SSL_CTX_alpn_select_cb_func cb,
    void *arg)
{
	ctx->alpn_select = cb;
	ctx->alpn_arg = arg;
}

int
SSL_CTX_set_ex_data(SSL_CTX *ctx, int idx, void *data)
{
	return ex_set(&ctx->ex, idx, data);
}

void *
SSL_CTX_get_ex_data(const SSL_CTX *ctx, int idx)
{
	return ex_get(&ctx->ex, idx);
}

X509_VERIFY_PARAM *
SSL_CTX_get0_param(SSL_CTX *ctx)
{
	return &ctx->param;
}

int
SSL_CTX_set_num_tickets(SSL_CTX *ctx, size_t num_tickets)
{
	return setting_set(of_context(ctx), SET_NUM_TICKETS, num_tickets);
}

size_t
SSL_CTX_get_num_tickets(const SSL_CTX *ctx)
{
	return setting_get(of_context(ctx), SET_NUM_TICKETS);
}

int
SSL_CTX_set_session_id_context(SSL_CTX *ctx, const unsigned char *sid_ctx,
    unsigned int sid_ctx_len)
{
	return setting_change(of_context(ctx), BYTES_CONTEXT, sid_ctx, sid_ctx_len);
}

long
SSL_CTX_set_timeout(SSL_CTX *ctx, long t)
{
	return exchange(ctx, SET_TIMEOUT, t);
}

long
SSL_CTX_get_timeout(const SSL_CTX *ctx)
{
	return setting_get(of_context(ctx), SET_TIMEOUT);
}

void
SSL_CTX_sess_set_new_cb(SSL_CTX *ctx, new_session_cb cb)
{
	ctx->new_session = cb;
}

int (*SSL_CTX_sess_get_new_cb(SSL_CTX *ctx))(struct ssl_st *, SSL_SESSION *)
{
	return ctx->new_session;
}

/* Go collects removed sessions only for contexts that report them. */
void
SSL_CTX_sess_set_remove_cb(SSL_CTX *ctx, remove_session_cb cb)
{
	int rv;

	ctx->remove_session = cb;
	CHANGE_IN_GO(ctx, rv, goSSLContextReport, cb != NULL);
	(void)rv;
}

static int
change_store(SSL_CTX *ctx, SSL_SESSION *session, bool add)
{
	struct ssl_visit v;
	int rv = 0;

	if (!context_visit(ctx, &v))
		return 0;
	if (session_rebuilt(session, &v))
		rv = goSSLContextSession(ctx->object.go, &v.fail,
		    session->object.go, add);
	ssl_leave(&v);
	context_removed(ctx);
	return rv;
}

int
SSL_CTX_add_session(SSL_CTX *ctx, SSL_SESSION *session)
{
	return change_store(ctx, session, true);
}

int
SSL_CTX_remove_session(SSL_CTX *ctx, SSL_SESSION *session)
{
	return session != NULL && change_store(ctx, session, false);
}

void
SSL_CTX_flush_sessions(SSL_CTX *ctx, long tm)
{
	int rv;

	IN_GO(ctx, rv, goSSLContextFlush, tm);
	(void)rv;
	context_removed(ctx);
}

void
SSL_CTX_set_post_handshake_auth(SSL_CTX *ctx, int val)
{
	setting_must_set(of_context(ctx), SET_POST_HANDSHAKE_AUTH, val != 0);
}
