/*
 * A program that uses our SSL_* functions, and has OpenSSL's as well (other.c):
 * each part has to reach its own.
 */
#include <string.h>

#include <openssl/ssl.h>

const char *other_version(void);
size_t other_tickets(void);

int
main(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_method());

	if (ctx == NULL || SSL_CTX_set_num_tickets(ctx, 5) != 1 ||
	    other_tickets() != 3 || SSL_CTX_get_num_tickets(ctx) != 5)
		return 1;
	SSL_CTX_free(ctx);
	return strcmp(OpenSSL_version(0), OPENSSL_VERSION_TEXT) != 0 ||
	    strncmp(other_version(), "OpenSSL ", 8) != 0;
}
