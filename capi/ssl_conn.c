//go:build !nossl

/* SSL objects, but for their I/O. */
#include <stdlib.h>
#include <string.h>

#include "ssl_front.h"
#include "_cgo_export.h"

/* Calls CALL with a handle and a failure, and gives its result or 0. */
#define IN_GO(s, rv, call, ...) do {					\
	struct ssl_visit visit;						\
	(rv) = 0;							\
	if (conn_visit((SSL *)(s), &visit)) {				\
		(rv) = call((s)->line.object.go, &visit.fail, ##__VA_ARGS__); \
		conn_leave((SSL *)(s), &visit);				\
	}								\
} while (0)

SSL *
SSL_new(SSL_CTX *ctx)
{
	struct ssl_visit v;
	SSL *s;

	if (ctx == NULL) {
		ssl_error(SSL_R_NULL_SSL_CTX);
		return NULL;
	}
	if ((s = calloc(1, sizeof(*s))) == NULL)
		return NULL;
	s->refs = 1;
	s->line.in.fd = s->line.out.fd = -1;
	s->mode = ctx->mode;
	s->verify = ctx->verify;
	s->p.want = SSL_NOTHING;
	s->ctx = s->first = ctx;
	if (context_visit(ctx, &v)) {
		conn_set_snapshot(s);
		if (object_born(&s->line.object,
		    goSSLConnNew(&v.fail, ctx->object.go)))
			conn_leave(s, &v);
		else
			ssl_leave(&v);
	}
	if (s->line.object.go == 0) {
		blob_replace(&s->snapshot, NULL);
		free(s);
		return NULL;
	}
	/* As s->ctx, which may change, and as s->first, which stays. */
	SSL_CTX_up_ref(ctx);
	SSL_CTX_up_ref(ctx);
	if (!ctx->method->server)
		SSL_set_connect_state(s);
	else if (!ctx->method->client)
		SSL_set_accept_state(s);
	return s;
}

int
SSL_up_ref(SSL *s)
{
	atomic_fetch_add(&s->refs, 1);
	return 1;
}

static void
session_drop(SSL *s)
{
	SSL_SESSION_free(s->session);
	s->session = NULL;
}

/* Forgets what was handed out of the present connection. */
static void
forget(SSL *s)
{
	X509_free(s->peer);
	free(s->servername);
	free(s->alpn);
	s->peer = NULL;
	s->servername = s->alpn = NULL;
}

/* Whether the connection ends in a way that spoils its session. */
static bool
ends_badly(const SSL *s)
{
	return s->p.shutdown == 0 && s->p.status.complete &&
	    !s->p.status.in_init;
}

void
conn_free(SSL *ssl)
{
	struct ssl_visit v;

	/* Even a broken one can be freed. In a child Go may know nothing of it. */
	ssl->broken = false;
	if ((object_alive(&ssl->line.object) || ends_badly(ssl)) &&
	    conn_visit(ssl, &v)) {
		goSSLConnFree(ssl->line.object.go, &v.fail, ends_badly(ssl));
		ssl_leave(&v);
	}
	object_keep(&ssl->line.object, NULL);
	blob_replace(&ssl->snapshot, NULL);
	context_removed(ssl->first);
	line_clear(&ssl->line);
	session_drop(ssl);
	forget(ssl);
	free(ssl->ex.slots);
	SSL_CTX_free(ssl->ctx);
	SSL_CTX_free(ssl->first);
	free(ssl);
}

void
SSL_free(SSL *ssl)
{
	if (ssl != NULL && atomic_fetch_sub(&ssl->refs, 1) <= 1 &&
	    !line_in_use(&ssl->line)) /* else that call does it */
		conn_free(ssl);
}

/* Whether a callback of its own is under way, which is an error then. */
bool
conn_in_use(SSL *s)
{
	bool in_use = line_in_use(&s->line);

	if (in_use)
		ssl_internal_error("connection is in use by another call");
	return in_use;
}

/* The next connection has the same settings and descriptors. */
int
SSL_clear(SSL *s)
{
	int rfd = s->line.in.fd, wfd = s->line.out.fd, rv;
	struct ssl_status status = { 0 };

	if (conn_in_use(s))
		return 0;
	IN_GO(s, rv, goSSLConnClear, ends_badly(s), &status);
	context_removed(s->first);
	line_clear(&s->line);
	s->line.in.fd = rfd;
	s->line.out.fd = wfd;
	forget(s);
	memset(&s->p, 0, sizeof(s->p));
	s->p.status = status;
	s->p.want = SSL_NOTHING;
	return rv;
}

int
SSL_set_fd(SSL *s, int fd)
{
	s->line.in.fd = s->line.out.fd = fd;
	return 1;
}

int
SSL_set_rfd(SSL *s, int fd)
{
	s->line.in.fd = fd;
	return 1;
}

int
SSL_set_wfd(SSL *s, int fd)
{
	s->line.out.fd = fd;
	return 1;
}

int
SSL_get_fd(const SSL *s)
{
	return s->line.in.fd;
}

int
SSL_get_rfd(const SSL *s)
{
	return s->line.in.fd;
}

int
SSL_get_wfd(const SSL *s)
{
	return s->line.out.fd;
}

/* A connection that was under way ends, as with SSL_clear. */
static void
set_role(SSL *s, enum role role)
{
	int rv;

	if (s->p.started && SSL_clear(s) != 1)
		return;
	IN_GO(s, rv, goSSLConnRole, role == ROLE_CLIENT);
	if (rv == 1)
		s->role = role;
}

void
SSL_set_accept_state(SSL *s)
{
	set_role(s, ROLE_SERVER);
}

void
SSL_set_connect_state(SSL *s)
{
	set_role(s, ROLE_CLIENT);
}

int
SSL_is_server(const SSL *s)
{
	return s->role == ROLE_SERVER;
}

int
SSL_get_shutdown(const SSL *ssl)
{
	return ssl->p.shutdown;
}

void
SSL_set_shutdown(SSL *ssl, int mode)
{
	ssl->p.shutdown = mode;
}

void
SSL_set_quiet_shutdown(SSL *ssl, int mode)
{
	ssl->quiet = mode != 0;
}

uint64_t
SSL_set_options(SSL *s, uint64_t op)
{
	return options_change(of_conn(s), op, 0);
}

uint64_t
SSL_clear_options(SSL *s, uint64_t op)
{
	return options_change(of_conn(s), 0, op);
}

uint64_t
SSL_get_options(const SSL *s)
{
	return setting_get(of_conn(s), SET_OPTIONS);
}

/* Most of these are macros in ssl.h. Other numbers are refused with 0. */
long
SSL_ctrl(SSL *ssl, int cmd, long larg, void *parg)
{
	if (cmd != SSL_CTRL_SET_TLSEXT_HOSTNAME)
		return settings_ctrl(of_conn(ssl), &ssl->mode, cmd, larg,
		    parg);
	if (larg != TLSEXT_NAMETYPE_host_name)
		return 0;
	return setting_change(of_conn(ssl), TEXT_SERVER_NAME, parg,
	    parg == NULL ? 0 : strlen(parg));
}

void
SSL_set_verify(SSL *s, int mode, SSL_verify_cb callback)
{
	setting_must_set(of_conn(s), SET_VERIFY_MODE, mode);
	if (callback != NULL)
		s->verify = callback;
}

int
SSL_get_verify_mode(const SSL *s)
{
	return setting_get(of_conn(s), SET_VERIFY_MODE);
}

long
SSL_get_verify_result(const SSL *ssl)
{
	return ssl->p.status.result;
}

/* The object is made once for each authentication, as the caller doesn't free it. */
X509 *
SSL_get0_peer_certificate(const SSL *ssl)
{
	SSL *s = (SSL *)ssl;
	uint8_t *der;
	size_t len;

	if (s->peer != NULL && s->peer_at == s->p.status.auths)
		return s->peer;
	X509_free(s->peer);
	s->peer = NULL;
	IN_GO(s, der, goSSLConnPeer, &len);
	if (der != NULL)
		s->peer = x509_new(der, len);
	s->peer_at = s->p.status.auths;
	free(der);
	return s->peer;
}

X509 *
SSL_get1_peer_certificate(const SSL *s)
{
	X509 *peer = SSL_get0_peer_certificate(s);

	if (peer != NULL)
		atomic_fetch_add(&peer->refs, 1);
	return peer;
}

/* For programs without the headers, in which it is a macro. */
#undef SSL_get_peer_certificate
X509 *SSL_get_peer_certificate(const SSL *);

X509 *
SSL_get_peer_certificate(const SSL *s)
{
	return SSL_get1_peer_certificate(s);
}

int
SSL_set1_host(SSL *s, const char *hostname)
{
	return setting_change(of_conn(s), TEXT_HOST, hostname,
	    hostname == NULL ? 0 : strlen(hostname));
}

int
SSL_set_alpn_protos(SSL *ssl, const unsigned char *protos,
    unsigned int protos_len)
{
	return !setting_change(of_conn(ssl), BYTES_ALPN, protos, protos_len);
}

void
SSL_get0_alpn_selected(const SSL *ssl, const unsigned char **data,
    unsigned int *len)
{
	SSL *s = (SSL *)ssl;

	if (s->alpn == NULL)
		IN_GO(s, s->alpn, goSSLConnALPN);
	*data = (const unsigned char *)s->alpn;
	*len = s->alpn == NULL ? 0 : strlen(s->alpn);
}

/* A program may hold on to the string as long as the name is the same. */
const char *
SSL_get_servername(const SSL *ssl, const int type)
{
	SSL *s = (SSL *)ssl;
	char *name;

	if (type != TLSEXT_NAMETYPE_host_name)
		return NULL;
	IN_GO(s, name, goSSLConnServerName);
	if (name != NULL && s->servername != NULL &&
	    strcmp(name, s->servername) == 0) {
		free(name);
		return s->servername;
	}
	free(s->servername);
	return s->servername = name;
}

SSL_CTX *
SSL_get_SSL_CTX(const SSL *ssl)
{
	return ssl->ctx;
}

/* For server-name callbacks. Sessions stay with the context of SSL_new. */
SSL_CTX *
SSL_set_SSL_CTX(SSL *ssl, SSL_CTX *ctx)
{
	struct ssl_visit v;
	SSL_CTX *old = ssl->ctx;
	int rv = 0;

	if (ctx == NULL)
		ctx = ssl->first;
	if (ctx == old)
		return ctx;
	if (ctx->broken) {
		ssl_internal_error(BROKEN);
		return NULL;
	}
	if (!conn_visit(ssl, &v))
		return NULL;
	if (context_rebuilt(ctx, &v))
		rv = goSSLConnContext(ssl->line.object.go, &v.fail, ctx->object.go);
	if (rv == 1) {
		SSL_CTX_up_ref(ctx);
		ssl->ctx = ctx;
		conn_set_snapshot(ssl);
	}
	conn_leave(ssl, &v);
	if (rv != 1)
		return NULL;
	SSL_CTX_free(old);
	return ctx;
}

const char *
SSL_get_version(const SSL *s)
{
	return SSL_version(s) == TLS1_2_VERSION ? "TLSv1.2" : "TLSv1.3";
}

int
SSL_version(const SSL *ssl)
{
	return ssl->p.status.version != 0 ? ssl->p.status.version :
	    TLS1_3_VERSION;
}

int
SSL_in_before(const SSL *s)
{
	return !s->p.started;
}

int
SSL_in_init(const SSL *s)
{
	return !s->p.started || s->p.status.in_init;
}

int
SSL_is_init_finished(const SSL *s)
{
	return !SSL_in_init(s);
}

const char *
SSL_state_string_long(const SSL *s)
{
	if (!s->p.started)
		return "before SSL initialization";
	if (s->p.status.dead)
		return "error";
	return SSL_in_init(s) ? "SSL negotiation in progress" :
	    "SSL negotiation finished successfully";
}

const SSL_CIPHER *
SSL_get_current_cipher(const SSL *s)
{
	return s->p.status.complete ? cipher_by_id(s->p.status.suite) : NULL;
}

int
SSL_set_num_tickets(SSL *s, size_t num_tickets)
{
	return setting_set(of_conn(s), SET_NUM_TICKETS, num_tickets);
}

size_t
SSL_get_num_tickets(const SSL *s)
{
	return setting_get(of_conn(s), SET_NUM_TICKETS);
}

int
SSL_new_session_ticket(SSL *s)
{
	int rv;

	IN_GO(s, rv, goSSLConnNewTicket, &s->p.status);
	return rv;
}

void
SSL_set_post_handshake_auth(SSL *s, int val)
{
	setting_must_set(of_conn(s), SET_POST_HANDSHAKE_AUTH, val != 0);
}

int
SSL_verify_client_post_handshake(SSL *s)
{
	int rv;

	IN_GO(s, rv, goSSLConnRequest, &s->p.status);
	return rv;
}

int
SSL_key_update(SSL *s, int updatetype)
{
	int rv;

	IN_GO(s, rv, goSSLConnKeyUpdate, updatetype, &s->p.status);
	return rv;
}

int
SSL_set_session_id_context(SSL *ssl, const unsigned char *sid_ctx,
    unsigned int sid_ctx_len)
{
	return setting_change(of_conn(ssl), BYTES_CONTEXT, sid_ctx, sid_ctx_len);
}

int
SSL_set_session(SSL *to, SSL_SESSION *session)
{
	struct ssl_visit v;
	int rv = 0;

	if (!conn_visit(to, &v))
		return 0;
	if (session == NULL || session_rebuilt(session, &v))
		rv = goSSLConnSetSession(to->line.object.go, &v.fail,
		    session == NULL ? 0 : session->object.go, &to->p.status);
	conn_leave(to, &v);
	if (rv != 1)
		return 0;
	if (session != NULL)
		SSL_SESSION_up_ref(session);
	session_drop(to);
	to->session = session;
	to->session_at = to->p.status.sessions;
	return 1;
}

/* The object is made anew when the connection has a newer session. */
SSL_SESSION *
SSL_get_session(const SSL *ssl)
{
	SSL *s = (SSL *)ssl;
	uint64_t go;

	if (s->session_at == s->p.status.sessions)
		return s->session;
	session_drop(s);
	IN_GO(s, go, goSSLConnSession);
	s->session = session_wrap(go);
	s->session_at = s->p.status.sessions;
	return s->session;
}

SSL_SESSION *
SSL_get1_session(SSL *ssl)
{
	SSL_SESSION *s = SSL_get_session(ssl);

	if (s != NULL)
		SSL_SESSION_up_ref(s);
	return s;
}

int
SSL_session_reused(const SSL *s)
{
	return s->p.status.reused;
}

int
SSL_set_ex_data(SSL *ssl, int idx, void *data)
{
	return ex_set(&ssl->ex, idx, data);
}

void *
SSL_get_ex_data(const SSL *ssl, int idx)
{
	return ex_get(&ssl->ex, idx);
}
