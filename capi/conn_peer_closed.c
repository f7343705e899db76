/* tls_conn_peer_closed(3) */
#include "front.h"

int
tls_conn_peer_closed(struct tls *ctx)
{
	if (!context_valid(ctx) || ctx->c.phase != ESTABLISHED)
		return 0;
	return context_number(ctx, CONN_PEER_CLOSED, 0);
}
