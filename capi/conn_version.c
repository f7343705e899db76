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
string(struct tls *ctx, enum string which,
    char *(*get)(uint64_t, struct failure *))
{
	return complete(ctx) ? context_string(ctx, which, get) : NULL;
}

static int
number(struct tls *ctx, int64_t (*get)(uint64_t, struct failure *))
{
	return complete(ctx) ? context_number(ctx, get, 0) : 0;
}

const char *
tls_conn_version(struct tls *ctx)
{
	return string(ctx, CONN_VERSION, goConnVersion);
}

const char *
tls_conn_cipher(struct tls *ctx)
{
	return string(ctx, CONN_CIPHER, goConnCipher);
}

int
tls_conn_cipher_strength(struct tls *ctx)
{
	return number(ctx, goConnCipherStrength);
}

const char *
tls_conn_group(struct tls *ctx)
{
	return string(ctx, CONN_GROUP, goConnGroup);
}

const char *
tls_conn_alpn_selected(struct tls *ctx)
{
	return string(ctx, CONN_ALPN_SELECTED, goConnALPNSelected);
}

const char *
tls_conn_servername(struct tls *ctx)
{
	return string(ctx, CONN_SERVERNAME, goConnServername);
}

int
tls_conn_session_resumed(struct tls *ctx)
{
	return number(ctx, goConnSessionResumed);
}

int
tls_peer_cert_provided(struct tls *ctx)
{
	return number(ctx, goPeerCertProvided);
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
	return string(ctx, PEER_CERT_COMMON_NAME, goPeerCertCommonName);
}

const char *
tls_peer_cert_hash(struct tls *ctx)
{
	return string(ctx, PEER_CERT_HASH, goPeerCertHash);
}

const char *
tls_peer_cert_issuer(struct tls *ctx)
{
	return string(ctx, PEER_CERT_ISSUER, goPeerCertIssuer);
}

const char *
tls_peer_cert_subject(struct tls *ctx)
{
	return string(ctx, PEER_CERT_SUBJECT, goPeerCertSubject);
}

time_t
tls_peer_cert_notbefore(struct tls *ctx)
{
	return complete(ctx) ? context_time(ctx, goPeerCertNotBefore) : -1;
}

time_t
tls_peer_cert_notafter(struct tls *ctx)
{
	return complete(ctx) ? context_time(ctx, goPeerCertNotAfter) : -1;
}

const uint8_t *
tls_peer_cert_chain_pem(struct tls *ctx, size_t *len)
{
	const char *pem;

	pem = string(ctx, PEER_CERT_CHAIN_PEM, goPeerCertChainPEM);
	if (pem != NULL && len != NULL)
		*len = strlen(pem);
	return (const uint8_t *)pem;
}
