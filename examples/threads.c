/*
 * Answers each request, with a thread for each client. Threads share the listener's configuration;
 * each has a context of its own.
 *
 *	threads [-p port] cert.pem key.pem
 */
#define _GNU_SOURCE

#include <sys/socket.h>
#include <sys/time.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <tls.h>

enum { PATIENCE = 10 };

struct client {
	struct tls *tls;
	int fd;
};

static _Noreturn void
die(const char *what, const char *why)
{
	fprintf(stderr, "threads: %s: %s\n", what, why ? why : "failed");
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

static void
drop(struct client *c)
{
	tls_free(c->tls);
	close(c->fd);
	free(c);
}

/* A client's thread: handshake, request, answer. */
static void *
serve(void *arg)
{
	static const char page[] = "HTTP/1.0 200 OK\r\n\r\nhello\n";
	struct client *c = arg;
	char request[4096];
	ssize_t n;

	if ((n = tls_read(c->tls, request, sizeof(request))) == TLS_WANT_POLLIN)
		n = tls_read(c->tls, request, sizeof(request));
	if (n > 0 && tls_write(c->tls, page, sizeof(page) - 1) > 0)
		tls_close(c->tls);
	else if (n == -1)
		fprintf(stderr, "threads: %s\n", tls_error(c->tls));
	drop(c);
	return NULL;
}

/* Gives a client to a thread of its own. */
static void
start(struct tls *listener, int fd)
{
	struct client *c = calloc(1, sizeof(*c));
	pthread_t thread;

	if (c == NULL)
		die("no memory", NULL);
	c->fd = fd;
	if (tls_accept_socket(listener, &c->tls, fd) == -1 ||
	    pthread_create(&thread, NULL, serve, c) != 0)
		drop(c);
	else
		pthread_detach(thread);
}

int
main(int argc, char *argv[])
{
	const struct timeval timeout = { .tv_sec = PATIENCE };
	struct tls_config *config;
	struct tls *listener;
	int ch, s, fd, port = 0;

	while ((ch = getopt(argc, argv, "p:")) != -1)
		port = ch == 'p' ? atoi(optarg) : -1;
	if (argc - optind != 2 || port < 0) {
		fprintf(stderr, "usage: threads [-p port] cert.pem key.pem\n");
		return 1;
	}
	signal(SIGPIPE, SIG_IGN);

	if ((config = tls_config_new()) == NULL || (listener = tls_server()) == NULL)
		die("libtls", NULL);
	if (tls_config_set_keypair_file(config, argv[optind], argv[optind + 1]) == -1 ||
	    tls_config_set_session_lifetime(config, 3600) == -1)
		die("configuration", tls_config_error(config));
	if (tls_configure(listener, config) == -1)
		die("configuration", tls_error(listener));
	tls_config_free(config);

	s = listen_on(port);
	for (;;) {
		if ((fd = accept(s, NULL, NULL)) == -1)
			continue;
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
		start(listener, fd);
	}
}
