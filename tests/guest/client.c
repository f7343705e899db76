/*
 * Makes connections, one after the other, that resume each other's sessions, and prints the answers.
 *
 *	client ca port session count
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <tls.h>

int
main(int argc, char *argv[])
{
	struct tls_config *config = tls_config_new();
	char line[64];
	ssize_t n;
	int fd, i;

	if (argc != 5 || config == NULL)
		errx(1, "usage");
	if ((fd = open(argv[3], O_RDWR | O_CREAT, 0600)) == -1)
		err(1, "%s", argv[3]);
	if (tls_config_set_ca_file(config, argv[1]) == -1 || tls_config_set_session_fd(config, fd) == -1)
		errx(1, "%s", tls_config_error(config));
	for (i = 0; i < atoi(argv[4]); i++) {
		struct tls *ctx = tls_client();
		int len = 0;

		if (tls_configure(ctx, config) == -1 ||
		    tls_connect_servername(ctx, "127.0.0.1", argv[2], "server.test") == -1 ||
		    tls_write(ctx, "hello", 5) != 5)
			errx(1, "connection %d: %s", i, tls_error(ctx));
		while (len == 0 || line[len - 1] != '\n') {
			n = tls_read(ctx, line + len, sizeof(line) - len);
			if (n == TLS_WANT_POLLIN || n == TLS_WANT_POLLOUT)
				continue;
			if (n <= 0)
				errx(1, "connection %d: %s", i, n == 0 ? "closed" : tls_error(ctx));
			len += n;
		}
		fwrite(line, 1, len, stdout);
		tls_close(ctx);
		tls_free(ctx);
	}
	return 0;
}
