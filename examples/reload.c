/*
 * Answers each request, and reads its certificate and key again on SIGHUP. If the new ones can't be
 * used, the old ones stay.
 *
 *	reload [-p port] cert.pem key.pem
 */
#define _GNU_SOURCE

#include <sys/socket.h>
#include <sys/time.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <tls.h>

enum { PATIENCE = 10 };

static volatile sig_atomic_t hangup;

static void
on_hangup(int sig)
{
	(void)sig;
	hangup = 1;
}

static _Noreturn void
die(const char *what, const char *why)
{
	fprintf(stderr, "reload: %s: %s\n", what, why ? why : "failed");
	exit(1);
}

/*
 * A server with the files as they are now. The configuration is the same each time: it holds the
 * ticket keys and the label of the sessions, so that clients go on resuming theirs.
 */
static struct tls *
new_server(struct tls_config *config, const char *cert, const char *key)
{
	struct tls *server = tls_server();

	if (server == NULL)
		return NULL;
	if (tls_config_set_keypair_file(config, cert, key) == -1) {
		printf("not reloaded: %s\n", tls_config_error(config));
	} else if (tls_configure(server, config) == -1) {
		printf("not reloaded: %s\n", tls_error(server));
	} else {
		return server;
	}
	tls_free(server);
	return NULL;
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
answer(struct tls *conn)
{
	static const char page[] = "HTTP/1.0 200 OK\r\n\r\nhello\n";
	char request[4096];
	ssize_t n;

	if ((n = tls_read(conn, request, sizeof(request))) == TLS_WANT_POLLIN)
		n = tls_read(conn, request, sizeof(request));
	if (n > 0 && tls_write(conn, page, sizeof(page) - 1) > 0)
		tls_close(conn);
}

int
main(int argc, char *argv[])
{
	const struct timeval timeout = { .tv_sec = PATIENCE };
	struct sigaction action = { .sa_handler = on_hangup };
	struct tls *server, *fresh, *conn;
	struct tls_config *config;
	struct pollfd p = { .events = POLLIN };
	sigset_t waiting, working;
	int ch, fd, port = 0;

	while ((ch = getopt(argc, argv, "p:")) != -1)
		port = ch == 'p' ? atoi(optarg) : -1;
	if (argc - optind != 2 || port < 0) {
		fprintf(stderr, "usage: reload [-p port] cert.pem key.pem\n");
		return 1;
	}
	signal(SIGPIPE, SIG_IGN);

	/* SIGHUP is delivered only while the program waits for a client. */
	sigemptyset(&working);
	sigaddset(&working, SIGHUP);
	sigprocmask(SIG_BLOCK, &working, &waiting);
	sigdelset(&waiting, SIGHUP);
	sigaction(SIGHUP, &action, NULL);

	if ((config = tls_config_new()) == NULL)
		die("libtls", NULL);
	if (tls_config_set_session_lifetime(config, 3600) == -1)
		die("configuration", tls_config_error(config));
	if ((server = new_server(config, argv[optind], argv[optind + 1])) == NULL)
		return 1;

	p.fd = listen_on(port);
	for (;;) {
		if (ppoll(&p, 1, NULL, &waiting) == -1) {
			if (!hangup)
				continue;
			hangup = 0;
			if ((fresh = new_server(config, argv[optind], argv[optind + 1])) != NULL) {
				tls_free(server);	/* its connections go on */
				server = fresh;
				printf("reloaded\n");
			}
			fflush(stdout);
			continue;
		}
		if ((fd = accept(p.fd, NULL, NULL)) == -1)
			continue;
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
		if (tls_accept_socket(server, &conn, fd) == 0) {
			answer(conn);
			tls_free(conn);
		}
		close(fd);
	}
}
