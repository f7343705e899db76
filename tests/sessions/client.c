/*
 * A client with a session file. Each connection is a line of its own, like those of the server.
 *
 *	client [-C CA] [-c cert] [-e ciphers] [-k key] [-n name] [-N connections] [-p protocols] [-r CRL] [-S]
 *	    [-s session file] port
 *
 * -S demands stapling.
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tls.h>

static _Noreturn void
die(const char *what, const char *why)
{
	printf("error %s: %s\n", what, why ? why : "unknown error");
	exit(1);
}

static void
set(struct tls_config *config, int rc)
{
	if (rc == -1)
		die("configuration", tls_config_error(config));
}

static void
visit(struct tls_config *config, const char *name, const char *port)
{
	struct tls *ctx = tls_client();
	char buf[512];
	size_t len = 0;
	ssize_t n;

	if (tls_configure(ctx, config) == -1)
		die("configure", tls_error(ctx));
	if (tls_connect_servername(ctx, "127.0.0.1", port, name) == -1)
		die("connect", tls_error(ctx));
	if (tls_handshake(ctx) == -1)
		die("handshake", tls_error(ctx));
	do {
		n = tls_read(ctx, buf + len, sizeof(buf) - len);
		len += n > 0 ? n : 0;
	} while (n > 0 || n == TLS_WANT_POLLIN || n == TLS_WANT_POLLOUT);	/* it may have been a ticket */
	if (n == -1)
		die("read", tls_error(ctx));
	if (len != 8 || memcmp(buf, "welcome\n", 8) != 0)
		die("read", "other data");
	printf("version=%s resumed=%d\n", tls_conn_version(ctx), tls_conn_session_resumed(ctx));
	fflush(stdout);
	if (tls_close(ctx) == -1)
		die("close", tls_error(ctx));
	tls_free(ctx);
}

int
main(int argc, char *argv[])
{
	struct tls_config *config = tls_config_new();
	const char *cert = NULL, *name = "server.test";
	uint32_t protocols;
	long connections = 1;
	int ch, fd;

	while ((ch = getopt(argc, argv, "C:c:e:k:n:N:p:r:Ss:")) != -1) {
		switch (ch) {
		case 'C':
			set(config, tls_config_set_ca_file(config, optarg));
			break;
		case 'c':
			cert = optarg;
			break;
		case 'e':
			set(config, tls_config_set_ciphers(config, optarg));
			break;
		case 'k':
			set(config, tls_config_set_keypair_file(config, cert, optarg));
			break;
		case 'n':
			name = optarg;
			break;
		case 'N':
			connections = strtol(optarg, NULL, 10);
			break;
		case 'p':
			if (tls_config_parse_protocols(&protocols, optarg) == -1)
				die("protocols", optarg);
			set(config, tls_config_set_protocols(config, protocols));
			break;
		case 'r':
			set(config, tls_config_set_crl_file(config, optarg));
			break;
		case 'S':
			tls_config_ocsp_require_stapling(config);
			break;
		case 's':
			if ((fd = open(optarg, O_RDWR | O_CREAT, 0600)) == -1)
				die(optarg, strerror(errno));
			set(config, tls_config_set_session_fd(config, fd));
			break;
		default:
			return 1;
		}
	}
	if (optind != argc - 1)
		return 1;
	while (connections-- > 0)
		visit(config, name, argv[optind]);
	tls_config_free(config);
	return 0;
}
