/*
 * A program that knows OpenSSL's names without our headers. What they make is
 * what those headers' names read (read.c).
 */
#include <stddef.h>

typedef struct ctx CTX;

const void *TLS_method(void);
CTX *SSL_CTX_new(const void *);
int SSL_CTX_set_num_tickets(CTX *, size_t);
size_t tickets_of(const void *);

int
main(void)
{
	CTX *ctx = SSL_CTX_new(TLS_method());

	return ctx == NULL || SSL_CTX_set_num_tickets(ctx, 7) != 1 ||
	    tickets_of(ctx) != 7;
}
