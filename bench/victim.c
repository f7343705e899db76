/*
 * The end that main.go of bench/hostile tries to cost time, through tls.h alone:
 *
 *	victim server CERTIFICATE KEY AUTHORITIES
 *	victim client PORT SESSIONS
 *
 * A server asks for a client's certificate, and its first line of output is its port. A client keeps its
 * sessions in the file SESSIONS. Each serves or makes one connection after the other, until a
 * client finds nobody at PORT. Data that ends in 'q' is answered by a line: the processor time that the
 * process has used so far, in microseconds.
 */
#define _GNU_SOURCE

#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tls.h>

#include "usage.h"

static char buf[1 << 16];

static void
serve(struct tls *tls, int fd)
{
	ssize_t n;

	while ((n = tls_read(tls, buf, sizeof(buf))) > 0) {
		if (buf[n - 1] != 'q')
			continue;
		n = usage(buf, sizeof(buf));
		if (tls_write(tls, buf, n) != n)
			break;
	}
	tls_close(tls);
	tls_free(tls);
	close(fd);
}

static int
stream(int *fd)
{
	int on = 1;

	if ((*fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) == -1)
		err(1, "socket");
	return setsockopt(*fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

static void
server(struct tls_config *config, struct sockaddr_in *sin, char *files[])
{
	struct tls *tls, *listener = tls_server();
	socklen_t len = sizeof(*sin);
	int fd, sock;

	if (listener == NULL ||
	    tls_config_set_keypair_file(config, files[0], files[1]) == -1 ||
	    tls_config_set_ca_file(config, files[2]) == -1)
		errx(1, "%s", tls_config_error(config));
	tls_config_verify_client_optional(config);
	if (tls_configure(listener, config) == -1)
		errx(1, "%s", tls_error(listener));
	if (stream(&sock) == -1 || bind(sock, (struct sockaddr *)sin, len) == -1 ||
	    listen(sock, 8) == -1 ||
	    getsockname(sock, (struct sockaddr *)sin, &len) == -1)
		err(1, "listening socket");
	printf("%d\n", ntohs(sin->sin_port));
	fflush(stdout);
	while ((fd = accept4(sock, NULL, NULL, SOCK_CLOEXEC)) != -1) {
		if (tls_accept_socket(listener, &tls, fd) == -1)
			errx(1, "%s", tls_error(listener));
		serve(tls, fd);
	}
}

static void
client(struct tls_config *config, struct sockaddr_in *sin, char *args[])
{
	struct tls *tls;
	int fd, file;

	sin->sin_port = htons(atoi(args[0]));
	if ((file = open(args[1], O_RDWR | O_CREAT | O_CLOEXEC, 0600)) == -1)
		err(1, "%s", args[1]);
	if (tls_config_set_session_fd(config, file) == -1)
		errx(1, "%s", tls_config_error(config));
	tls_config_insecure_noverifycert(config);
	tls_config_insecure_noverifyname(config);
	while (stream(&fd) == 0 && connect(fd, (struct sockaddr *)sin, sizeof(*sin)) == 0) {
		/* No session is to be resumed. */
		if (ftruncate(file, 0) == -1)
			err(1, "%s", args[1]);
		if ((tls = tls_client()) == NULL ||
		    tls_configure(tls, config) == -1 ||
		    tls_connect_socket(tls, fd, "server.test") == -1)
			errx(1, "client");
		serve(tls, fd);
	}
}

int
main(int argc, char *argv[])
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	struct tls_config *config = tls_config_new();

	if (config == NULL ||
	    tls_config_set_protocols(config,
	    TLS_PROTOCOL_TLSv1_2 | TLS_PROTOCOL_TLSv1_3) == -1 ||
	    tls_config_set_ciphers(config, "compat") == -1)
		errx(1, "configuration");
	signal(SIGPIPE, SIG_IGN);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (argc == 5 && strcmp(argv[1], "server") == 0)
		server(config, &sin, argv + 2);
	else if (argc == 4 && strcmp(argv[1], "client") == 0)
		client(config, &sin, argv + 2);
	else
		errx(1, "usage: victim server CERTIFICATE KEY AUTHORITIES | client PORT SESSIONS");
	return 0;
}
