/* A part of a program, or a library, that uses OpenSSL; see both.c. */
#include <openssl/ssl.h>

const char *other_version(void);
size_t other_tickets(void);

const char *
other_version(void)
{
	return OpenSSL_version(OPENSSL_VERSION);
}

size_t
other_tickets(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_method());
	size_t n;

	SSL_CTX_set_num_tickets(ctx, 3);
	n = SSL_CTX_get_num_tickets(ctx);
	SSL_CTX_free(ctx);
	return n;
}
