/*
 * Answers each request over TLS with a page about the connection. Clients can resume their sessions
 * for an hour.
 *
 *	server [-a clients-ca.pem] [-p port] [-t ticket.keys] cert.pem key.pem [cert.pem key.pem ...]
 *
 * With several key pairs, clients get the one for the name that they ask for, or the first. With -a
 * they need a certificate of that authority. With -t servers that have the same file resume each
 * other's sessions, and so does one after a restart. Port 0, the default, takes any that is free. One
 * client is served at a time; a real server would set its sockets non-blocking and poll(2) them when
 * a call returns TLS_WANT_POLLIN or TLS_WANT_POLLOUT.
 */
#define _POSIX_C_SOURCE 200809L

#include <sys/socket.h>
#include <sys/time.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tls.h>

static const int session_lifetime = 3600;	/* seconds */
static const int patience = 10;			/* seconds without a byte from a client */

static void
die(const char *what, const char *why)
{
	fprintf(stderr, "server: %s: %s\n", what, why ? why : "unknown error");
	exit(1);
}

static int
listen_on(int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
	socklen_t len = sizeof(address);
	int s, on = 1;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if ((s = socket(AF_INET, SOCK_STREAM, 0)) == -1)
		die("socket", strerror(errno));
	setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(s, (struct sockaddr *)&address, sizeof(address)) == -1 || listen(s, 16) == -1 ||
	    getsockname(s, (struct sockaddr *)&address, &len) == -1)
		die("listen", strerror(errno));
	printf("listening on port %d\n", ntohs(address.sin_port));
	fflush(stdout);
	return s;
}

/*
 * Reads up to the empty line that ends a request. The socket has a timeout, which shows as
 * TLS_WANT_POLLIN; so does a record that carries no data, such as a key update. Either may happen
 * a few times, no more.
 */
static int
read_request(struct tls *conn, char *request, size_t size)
{
	size_t len = 0;
	int waits = 0;
	ssize_t n;

	while (len < size - 1 && waits < 3) {
		n = tls_read(conn, request + len, size - 1 - len);
		if (n == TLS_WANT_POLLIN || n == TLS_WANT_POLLOUT) {
			waits++;
			continue;
		}
		if (n <= 0)
			break;
		len += n;
		request[len] = '\0';
		if (strstr(request, "\r\n\r\n") != NULL || strstr(request, "\n\n") != NULL)
			return 1;
	}
	return 0;
}

static int
write_all(struct tls *conn, const char *data, size_t len)
{
	int waits = 0;
	ssize_t n;

	while (len > 0 && waits < 3) {
		n = tls_write(conn, data, len);
		if (n == TLS_WANT_POLLIN || n == TLS_WANT_POLLOUT) {
			waits++;
			continue;
		}
		if (n == -1)
			return 0;
		data += n;
		len -= n;
	}
	return len == 0;
}

static void
serve(struct tls *conn)
{
	char request[4096], page[8192];
	const char *name, *peer;
	int len;

	if (!read_request(conn, request, sizeof(request))) {
		printf("no request: %s\n", tls_error(conn) ? tls_error(conn) : "the client has gone");
		return;
	}
	name = tls_conn_servername(conn);
	printf("%s %s, session resumed: %s\n", tls_conn_version(conn), tls_conn_cipher(conn),
	    tls_conn_session_resumed(conn) ? "yes" : "no");
	peer = tls_peer_cert_subject(conn);
	len = snprintf(page, sizeof(page),
	    "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n"
	    "You are %s.\nYou asked %s over %s (%s) for:\n%s", peer ? peer : "somebody without a certificate",
	    name ? name : "nobody by name", tls_conn_version(conn), tls_conn_cipher(conn), request);
	if (!write_all(conn, page, len) || tls_close(conn) == -1)
		printf("answer: %s\n", tls_error(conn) ? tls_error(conn) : "the client doesn't read");
}

static void
usage(void)
{
	fprintf(stderr, "usage: server [-a clients-ca.pem] [-p port] [-t ticket.keys] "
	    "cert.pem key.pem [cert.pem key.pem ...]\n");
	exit(1);
}

int
main(int argc, char *argv[])
{
	const struct timeval timeout = { .tv_sec = patience };
	struct tls *listener, *conn;
	const char *clients_ca = NULL, *ticket_keys = NULL;
	struct tls_config *config;
	int ch, i, s, fd, port = 0;

	while ((ch = getopt(argc, argv, "a:p:t:")) != -1) {
		switch (ch) {
		case 'a':
			clients_ca = optarg;
			break;
		case 'p':
			port = atoi(optarg);
			break;
		case 't':
			ticket_keys = optarg;
			break;
		default:
			usage();
		}
	}
	if (argc - optind < 2 || (argc - optind) % 2 != 0)
		usage();

	/* A client that goes away is no reason to die. */
	signal(SIGPIPE, SIG_IGN);

	if ((config = tls_config_new()) == NULL)
		die("tls_config_new", NULL);
	if (tls_config_set_keypair_file(config, argv[optind], argv[optind + 1]) == -1 ||
	    tls_config_set_session_lifetime(config, session_lifetime) == -1)
		die("configuration", tls_config_error(config));
	for (i = optind + 2; i < argc; i += 2) {
		if (tls_config_add_keypair_file(config, argv[i], argv[i + 1]) == -1)
			die(argv[i], tls_config_error(config));
	}
	if (ticket_keys != NULL && tls_config_set_ticket_key_file(config, ticket_keys) == -1)
		die(ticket_keys, tls_config_error(config));
	if (clients_ca != NULL) {
		if (tls_config_set_ca_file(config, clients_ca) == -1)
			die("CA", tls_config_error(config));
		tls_config_verify_client(config);
	}
	if ((listener = tls_server()) == NULL)
		die("tls_server", NULL);
	if (tls_configure(listener, config) == -1)
		die("configure", tls_error(listener));
	tls_config_free(config);

	s = listen_on(port);
	for (;;) {
		if ((fd = accept(s, NULL, NULL)) == -1)
			die("accept", strerror(errno));
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
		if (tls_accept_socket(listener, &conn, fd) == -1) {
			printf("accept: %s\n", tls_error(listener));
		} else {
			serve(conn);
			tls_free(conn);
		}
		fflush(stdout);
		close(fd);
	}
}
