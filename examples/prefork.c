/*
 * Answers each request with the number of the process that got it. Four processes serve one socket;
 * a session that began in one of them is resumed by all, as they are forked from one configuration.
 *
 *	prefork [-p port] cert.pem key.pem
 */
#define _GNU_SOURCE

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <tls.h>

enum { WORKERS = 4, PATIENCE = 10 };

static _Noreturn void
die(const char *what, const char *why)
{
	fprintf(stderr, "prefork: %s: %s\n", what, why ? why : "failed");
	exit(1);
}

static int
listen_on(int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
	socklen_t len = sizeof(address);
	int s, on = 1;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if ((s = socket(AF_INET, SOCK_STREAM, 0)) == -1 ||
	    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == -1 ||
	    bind(s, (struct sockaddr *)&address, sizeof(address)) == -1 || listen(s, 128) == -1 ||
	    getsockname(s, (struct sockaddr *)&address, &len) == -1)
		die("listen", NULL);
	printf("listening on port %d\n", ntohs(address.sin_port));
	fflush(stdout);
	return s;
}

/* A request that takes longer than PATIENCE, or more than one read, is left without an answer. */
static void
answer(struct tls *conn)
{
	char request[4096], page[256];
	ssize_t n;
	int len;

	if (tls_handshake(conn) != 0)
		return;
	if ((n = tls_read(conn, request, sizeof(request))) == TLS_WANT_POLLIN)
		n = tls_read(conn, request, sizeof(request));
	if (n <= 0)
		return;
	len = snprintf(page, sizeof(page), "HTTP/1.0 200 OK\r\n\r\nprocess %ld, session resumed: %s\n",
	    (long)getpid(), tls_conn_session_resumed(conn) ? "yes" : "no");
	if (tls_write(conn, page, len) == len)
		tls_close(conn);
}

static _Noreturn void
work(struct tls *listener, int s)
{
	const struct timeval timeout = { .tv_sec = PATIENCE };
	struct tls *conn;
	int fd;

	prctl(PR_SET_PDEATHSIG, SIGTERM);	/* end with the parent */
	for (;;) {
		if ((fd = accept(s, NULL, NULL)) == -1)
			continue;
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
		if (tls_accept_socket(listener, &conn, fd) == 0) {
			answer(conn);
			tls_free(conn);
		}
		close(fd);
	}
}

int
main(int argc, char *argv[])
{
	struct tls_config *config;
	struct tls *listener;
	int ch, i, s, port = 0;

	while ((ch = getopt(argc, argv, "p:")) != -1)
		port = ch == 'p' ? atoi(optarg) : -1;
	if (argc - optind != 2 || port < 0) {
		fprintf(stderr, "usage: prefork [-p port] cert.pem key.pem\n");
		return 1;
	}
	signal(SIGPIPE, SIG_IGN);

	/* Everything is configured before the forks. The ticket keys are then common to all processes. */
	if ((config = tls_config_new()) == NULL || (listener = tls_server()) == NULL)
		die("libtls", NULL);
	if (tls_config_set_keypair_file(config, argv[optind], argv[optind + 1]) == -1 ||
	    tls_config_set_session_lifetime(config, 3600) == -1)
		die("configuration", tls_config_error(config));
	if (tls_configure(listener, config) == -1)
		die("configuration", tls_error(listener));
	tls_config_free(config);
	s = listen_on(port);

	for (i = 0; i < WORKERS || wait(NULL) != -1; i++) {	/* a worker that has ended is replaced */
		switch (fork()) {
		case -1:
			die("fork", NULL);
		case 0:
			work(listener, s);
		}
	}
	return 1;
}
