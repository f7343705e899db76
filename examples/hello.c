/*
 * Fetches a page over TLS and prints it. On a blocking socket, without timeouts and signal handlers, only
 * tls_read asks to be called again.
 *
 *	hello host port
 */
#include <stdio.h>

#include <tls.h>

int
main(int argc, char *argv[])
{
	struct tls *ctx = tls_client();
	char buf[16384];
	ssize_t n;

	if (argc != 3 || ctx == NULL)
		return 1;
	if (tls_connect(ctx, argv[1], argv[2]) == -1 || tls_write(ctx, "GET / HTTP/1.0\r\n\r\n", 18) == -1)
		return fprintf(stderr, "%s\n", tls_error(ctx)), 1;
	while ((n = tls_read(ctx, buf, sizeof(buf))) > 0 || n == TLS_WANT_POLLIN || n == TLS_WANT_POLLOUT)
		fwrite(buf, 1, n > 0 ? n : 0, stdout);
	if (n == -1 || tls_close(ctx) == -1)
		return fprintf(stderr, "%s\n", tls_error(ctx)), 1;
	tls_free(ctx);
	return 0;
}
