/* tls_conn_peer_closed(3) */
#include "front.h"
#include "_cgo_export.h"

int
tls_conn_peer_closed(struct tls *ctx)
{
	if (!context_valid(ctx) || ctx->c.phase != ESTABLISHED)
		return 0;
	return context_number(ctx, goConnPeerClosed, 0);
}
