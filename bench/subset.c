/*
 * A client of the SSL_* subset that main.go of bench/hostile tries to cost time:
 *
 *	subset PORT
 *
 * It keeps the latest session, as programs do, and is otherwise like the client of victim.c.
 */
#define _GNU_SOURCE

#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include "usage.h"

static char buf[1 << 16];
static SSL_SESSION *latest;

static int
new_session(SSL *s, SSL_SESSION *session)
{
	(void)s;
	SSL_SESSION_free(latest);
	latest = session;
	return 1;
}

static void
serve(SSL *s)
{
	int n;

	while ((n = SSL_read(s, buf, sizeof(buf))) > 0) {
		if (buf[n - 1] != 'q')
			continue;
		n = usage(buf, sizeof(buf));
		if (SSL_write(s, buf, n) != n)
			break;
	}
}

int
main(int argc, char *argv[])
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	int fd, on = 1;
	SSL *s;

	if (argc != 2)
		errx(1, "usage: subset PORT");
	if (ctx == NULL)
		errx(1, "context");
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT);
	SSL_CTX_sess_set_new_cb(ctx, new_session);
	signal(SIGPIPE, SIG_IGN);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sin.sin_port = htons(atoi(argv[1]));
	while ((fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) != -1 &&
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0 &&
	    connect(fd, (struct sockaddr *)&sin, sizeof(sin)) == 0) {
		if ((s = SSL_new(ctx)) == NULL || SSL_set_fd(s, fd) != 1)
			errx(1, "connection");
		SSL_set_connect_state(s);
		serve(s);
		SSL_free(s);
		close(fd);
	}
	return 0;
}
