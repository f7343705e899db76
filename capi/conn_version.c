/* tls_conn_version(3): what is known of a connection. */
#include <stdlib.h>
#include <string.h>

#include "front.h"
#include "_cgo_export.h"

void
string_drop(struct tls *ctx, enum string which)
{
	char *s = ctx->strings[which];

	/* First, so that a child doesn't free it once more. */
	*(char *volatile *)&ctx->strings[which] = NULL;
	free(s);
}

void
strings_drop(struct tls *ctx)
{
	for (int i = 0; i < STRINGS; i++)
		string_drop(ctx, i);
}

/* Keeps what Go answers, so that the pointer lasts until the context's reset. */
const char *
context_string(struct tls *ctx, enum string which,
    char *(*get)(uint64_t, struct failure *))
{
	struct visit v;

	if (!context_valid(ctx))
		return NULL;
	if (ctx->strings[which] == NULL && context_enter(ctx, &v)) {
		ctx->strings[which] = get(ctx->go, &v.fail);
		context_leave(ctx, &v, 0);
	}
	return ctx->strings[which];
}

int64_t
context_number(struct tls *ctx, int64_t (*get)(uint64_t, struct failure *),
    int64_t none)
{
	struct visit v;
	int64_t n;

	if (!context_enter(ctx, &v))
		return none;
	n = get(ctx->go, &v.fail);
	if (v.fail.text != NULL)
		n = none;
	context_leave(ctx, &v, 0);
	return n;
}

time_t
context_time(struct tls *ctx, int64_t (*get)(uint64_t, struct failure *))
{
	int64_t t = context_number(ctx, get, -1);

	if (sizeof(time_t) < sizeof(t) && t > INT32_MAX)
		return INT32_MAX;
	return t;
}

/*
 * What is known of a connection: Go's handshake is complete before its last
 * message is written, a program's afterwards.
 */

static bool
complete(const struct tls *ctx)
{
	return context_valid(ctx) && ctx->c.established;
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
