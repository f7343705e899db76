/* tls_ocsp_process_response(3) */
#include <stdlib.h>

#include "front.h"
#include "_cgo_export.h"

int
tls_ocsp_process_response(struct tls *ctx, const unsigned char *response,
    size_t size)
{
	struct file file, *found = NULL;
	struct visit v;
	char *url, *wanted = NULL;
	int rv;

	if (!context_valid(ctx) || context_refuses(ctx) ||
	    !context_enter(ctx, &v))
		return -1;
	while ((rv = goOCSPProcessResponse(ctx->go, &v.fail, response, size,
	    found, &wanted)) == STEP_AGAIN) {
		if (found != NULL)
			file_drop(found);
		if (!context_find(ctx, &v, &file, wanted))
			return -1;
		found = &file;
	}
	if (found != NULL)
		file_drop(found);
	context_save(ctx, &v.fail);
	/* A response that can't be parsed makes Go forget the URL; others leave it. */
	if ((url = goContextString(ctx->go, &v.fail, PEER_OCSP_URL)) == NULL)
		string_drop(ctx, PEER_OCSP_URL);
	free(url);
	context_leave(ctx, &v, rv);
	return rv;
}

int
tls_peer_ocsp_cert_status(struct tls *ctx)
{
	return context_number(ctx, PEER_OCSP_CERT_STATUS, -1);
}

int
tls_peer_ocsp_crl_reason(struct tls *ctx)
{
	return context_number(ctx, PEER_OCSP_CRL_REASON, -1);
}

time_t
tls_peer_ocsp_next_update(struct tls *ctx)
{
	return context_time(ctx, PEER_OCSP_NEXT_UPDATE);
}

int
tls_peer_ocsp_response_status(struct tls *ctx)
{
	return context_number(ctx, PEER_OCSP_RESPONSE_STATUS, -1);
}

/* One of a few strings that last forever. */
const char *
tls_peer_ocsp_result(struct tls *ctx)
{
	struct visit v;
	const char *result;

	if (!context_enter(ctx, &v))
		return NULL;
	result = goPeerOCSPResult(ctx->go, &v.fail);
	context_leave(ctx, &v, 0);
	return result;
}

time_t
tls_peer_ocsp_revocation_time(struct tls *ctx)
{
	return context_time(ctx, PEER_OCSP_REVOCATION_TIME);
}

time_t
tls_peer_ocsp_this_update(struct tls *ctx)
{
	return context_time(ctx, PEER_OCSP_THIS_UPDATE);
}

const char *
tls_peer_ocsp_url(struct tls *ctx)
{
	return context_string(ctx, PEER_OCSP_URL);
}
