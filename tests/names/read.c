/* What our headers make of a context; see plain.c. */
#include <openssl/ssl.h>

size_t tickets_of(const void *);

size_t
tickets_of(const void *ctx)
{
	return SSL_CTX_get_num_tickets(ctx);
}
