/*
 * Sends back what its clients send: many at a time, in one thread, with poll(2). A client that does
 * nothing for ten seconds is disconnected.
 *
 *	poll [-p port] cert.pem key.pem
 */
#define _GNU_SOURCE

#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <tls.h>

enum { MAX_CLIENTS = 500, PATIENCE = 10 };

/* What a client waits for: its next bytes, that its bytes are sent back, that the end is sent. */
enum state { READING, WRITING, CLOSING };

struct client {
	struct tls *tls;
	enum state state;
	time_t deadline;
	size_t len, sent;	/* of the bytes in buf */
	char buf[16384];	/* a record at most: nothing is left in the library when it was read */
};

/* The first is the listener's; clients[i] has poll_fds[i]. */
static struct pollfd poll_fds[1 + MAX_CLIENTS];
static struct client *clients[1 + MAX_CLIENTS];
static nfds_t n_fds = 1;

static _Noreturn void
die(const char *what, const char *why)
{
	fprintf(stderr, "poll: %s: %s\n", what, why ? why : "failed");
	exit(1);
}

static time_t
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

static void
add(struct tls *listener, int fd)
{
	struct client *c = calloc(1, sizeof(*c));

	if (c == NULL || tls_accept_socket(listener, &c->tls, fd) == -1) {
		fprintf(stderr, "poll: accept: %s\n", c ? tls_error(listener) : "no memory");
		free(c);
		close(fd);
		return;
	}
	c->deadline = now() + PATIENCE;
	clients[n_fds] = c;
	poll_fds[n_fds++] = (struct pollfd){ .fd = fd, .events = POLLIN };
}

static void
drop(nfds_t i)
{
	tls_free(clients[i]->tls);
	close(poll_fds[i].fd);
	free(clients[i]);
	n_fds--;
	clients[i] = clients[n_fds];
	poll_fds[i] = poll_fds[n_fds];
}

/* Makes the call that a client is at. False if the connection is over. */
static int
carry_on(struct client *c, short *events)
{
	ssize_t n;

	switch (c->state) {
	case READING:
		n = tls_read(c->tls, c->buf, sizeof(c->buf));
		if (n == 0)
			c->state = CLOSING;
		if (n > 0) {
			c->state = WRITING;
			c->len = n;
			c->sent = 0;
		}
		break;
	case WRITING:
		n = tls_write(c->tls, c->buf + c->sent, c->len - c->sent);
		if (n > 0 && (c->sent += n) == c->len)
			c->state = READING;
		break;
	default:
		n = tls_close(c->tls);
		if (n == 0)
			return 0;
		break;
	}
	if (n == -1) {
		fprintf(stderr, "poll: %s\n", tls_error(c->tls));
		return 0;
	}
	/* Any of the calls may want to read or to write. */
	if (n == TLS_WANT_POLLIN)
		*events = POLLIN;
	else if (n == TLS_WANT_POLLOUT)
		*events = POLLOUT;
	else
		*events = c->state == READING ? POLLIN : POLLOUT;
	if (n >= 0)
		c->deadline = now() + PATIENCE;
	return 1;
}

static int
listen_on(int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
	socklen_t len = sizeof(address);
	int s, on = 1;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if ((s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)) == -1 ||
	    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == -1 ||
	    bind(s, (struct sockaddr *)&address, sizeof(address)) == -1 || listen(s, 128) == -1 ||
	    getsockname(s, (struct sockaddr *)&address, &len) == -1)
		die("listen", NULL);
	printf("listening on port %d\n", ntohs(address.sin_port));
	fflush(stdout);
	return s;
}

int
main(int argc, char *argv[])
{
	struct tls_config *config;
	struct tls *listener;
	int ch, fd, port = 0;
	nfds_t i;

	while ((ch = getopt(argc, argv, "p:")) != -1)
		port = ch == 'p' ? atoi(optarg) : -1;
	if (argc - optind != 2 || port < 0) {
		fprintf(stderr, "usage: poll [-p port] cert.pem key.pem\n");
		return 1;
	}
	signal(SIGPIPE, SIG_IGN);	/* a client that is gone makes tls_write fail instead */

	if ((config = tls_config_new()) == NULL || (listener = tls_server()) == NULL)
		die("libtls", NULL);
	if (tls_config_set_keypair_file(config, argv[optind], argv[optind + 1]) == -1)
		die("configuration", tls_config_error(config));
	if (tls_configure(listener, config) == -1)
		die("configuration", tls_error(listener));
	tls_config_free(config);

	poll_fds[0].fd = listen_on(port);
	for (;;) {
		poll_fds[0].events = n_fds <= MAX_CLIENTS ? POLLIN : 0;
		poll(poll_fds, n_fds, 1000);
		for (i = n_fds - 1; i > 0; i--) {	/* drop() moves the last one, which has had its turn */
			if (poll_fds[i].revents != 0 && !carry_on(clients[i], &poll_fds[i].events))
				drop(i);
			else if (clients[i]->deadline < now())
				drop(i);
		}
		if (poll_fds[0].revents != 0 &&
		    (fd = accept4(poll_fds[0].fd, NULL, NULL, SOCK_NONBLOCK)) != -1)
			add(listener, fd);
	}
}
