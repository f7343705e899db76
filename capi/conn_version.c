/* tls_conn_version(3): questions about a connection. */
#include <stdlib.h>
#include <string.h>

#include "front.h"
#include "_cgo_export.h"

/*
 * In Go a handshake is complete before its last message is written; for the
 * program it is complete afterwards, and only then these functions answer.
 */

static bool
complete(const struct tls *ctx)
{
	return context_valid(ctx) && ctx->c.phase == ESTABLISHED;
}

static const char *
string(struct tls *ctx, enum string which)
{
	return complete(ctx) ? context_string(ctx, which) : NULL;
}

static int
number(struct tls *ctx, enum number which)
{
	return complete(ctx) ? context_number(ctx, which, 0) : 0;
}

const char *
tls_conn_version(struct tls *ctx)
{
	return string(ctx, CONN_VERSION);
}

const char *
tls_conn_cipher(struct tls *ctx)
{
	return string(ctx, CONN_CIPHER);
}

int
tls_conn_cipher_strength(struct tls *ctx)
{
	return number(ctx, CONN_CIPHER_STRENGTH);
}

const char *
tls_conn_group(struct tls *ctx)
{
	return string(ctx, CONN_GROUP);
}

const char *
tls_conn_alpn_selected(struct tls *ctx)
{
	return string(ctx, CONN_ALPN_SELECTED);
}

const char *
tls_conn_servername(struct tls *ctx)
{
	return string(ctx, CONN_SERVERNAME);
}

int
tls_conn_session_resumed(struct tls *ctx)
{
	return number(ctx, CONN_SESSION_RESUMED);
}

int
tls_peer_cert_provided(struct tls *ctx)
{
	return number(ctx, PEER_CERT_PROVIDED);
}

int
tls_peer_cert_contains_name(struct tls *ctx, const char *name)
{
	struct visit v;

	if (name == NULL || !complete(ctx) || !context_enter(ctx, &v))
		return 0;
	return context_leave(ctx, &v,
	    goPeerCertContainsName(ctx->go, &v.fail, name));
}

const char *
tls_peer_cert_common_name(struct tls *ctx)
{
	return string(ctx, PEER_CERT_COMMON_NAME);
}

const char *
tls_peer_cert_hash(struct tls *ctx)
{
	return string(ctx, PEER_CERT_HASH);
}

const char *
tls_peer_cert_issuer(struct tls *ctx)
{
	return string(ctx, PEER_CERT_ISSUER);
}

const char *
tls_peer_cert_subject(struct tls *ctx)
{
	return string(ctx, PEER_CERT_SUBJECT);
}

time_t
tls_peer_cert_notbefore(struct tls *ctx)
{
	return complete(ctx) ? context_time(ctx, PEER_CERT_NOTBEFORE) : -1;
}

time_t
tls_peer_cert_notafter(struct tls *ctx)
{
	return complete(ctx) ? context_time(ctx, PEER_CERT_NOTAFTER) : -1;
}

const uint8_t *
tls_peer_cert_chain_pem(struct tls *ctx, size_t *len)
{
	const char *pem;

	pem = string(ctx, PEER_CERT_CHAIN_PEM);
	if (pem != NULL && len != NULL)
		*len = strlen(pem);
	return (const uint8_t *)pem;
}
