/*
 * Fetches a page over TLS and tells how the connection came about. With -s the session is kept in
 * a file, so that the next run resumes it. With -i and -k the client has a certificate.
 *
 *	client [-c ca.pem] [-i cert.pem -k key.pem] [-n servername] [-s session.pem] host port
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tls.h>

static void
die(const char *what, const char *why)
{
	fprintf(stderr, "client: %s: %s\n", what, why ? why : "unknown error");
	exit(1);
}

/* The session file must be ours alone, or the library refuses it. */
static int
open_session_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT, 0600);

	if (fd == -1)
		die(path, strerror(errno));
	return fd;
}

/* Each ticket that can resume the session is a PEM block of its own. */
static int
count_tickets(int fd)
{
	static const char begin[] = "-----BEGIN SSL SESSION PARAMETERS-----";
	int tickets = 0;
	char line[128];
	FILE *f;

	if ((f = fdopen(dup(fd), "r")) == NULL)
		die("session file", strerror(errno));
	rewind(f);
	while (fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, begin, sizeof(begin) - 1) == 0)
			tickets++;
	fclose(f);
	return tickets;
}

/*
 * The four functions that do input and output may ask to be called again. A program that polls does
 * so when the socket is ready; on a blocking socket, as here, there is nothing to wait for.
 */
static int
again(ssize_t rc)
{
	return rc == TLS_WANT_POLLIN || rc == TLS_WANT_POLLOUT;
}

static void
handshake(struct tls *ctx)
{
	int rc;

	while (again(rc = tls_handshake(ctx)))
		continue;
	if (rc == -1)
		die("handshake", tls_error(ctx));
}

/* tls_write may take a part only. */
static void
write_all(struct tls *ctx, const char *data, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = tls_write(ctx, data, len);
		if (again(n))
			continue;
		if (n == -1)
			die("write", tls_error(ctx));
		data += n;
		len -= n;
	}
}

static void
copy_to_stdout(struct tls *ctx)
{
	char buf[16384];
	ssize_t n;

	for (;;) {
		n = tls_read(ctx, buf, sizeof(buf));
		if (again(n))
			continue;
		if (n == -1)
			die("read", tls_error(ctx));
		if (n == 0)
			return;
		fwrite(buf, 1, n, stdout);
	}
}

/* A missing goodbye means that what came may be only a part. */
static void
close_connection(struct tls *ctx)
{
	int rc;

	while (again(rc = tls_close(ctx)))
		continue;
	if (rc == -1)
		die("close", tls_error(ctx));
}

static void
describe(struct tls *ctx)
{
	const char *alpn = tls_conn_alpn_selected(ctx);
	const char *group = tls_conn_group(ctx);	/* an extension of this library */

	printf("version: %s\n", tls_conn_version(ctx));
	printf("cipher: %s\n", tls_conn_cipher(ctx));
	if (group != NULL)
		printf("group: %s\n", group);
	if (alpn != NULL)
		printf("protocol: %s\n", alpn);
	printf("server: %s\n", tls_peer_cert_subject(ctx));
	printf("session resumed: %s\n", tls_conn_session_resumed(ctx) ? "yes" : "no");
}

static void
usage(void)
{
	fprintf(stderr, "usage: client [-c ca.pem] [-i cert.pem -k key.pem] [-n servername] "
	    "[-s session.pem] host port\n");
	exit(1);
}

int
main(int argc, char *argv[])
{
	const char *ca_file = NULL, *cert = NULL, *key = NULL, *session_file = NULL, *name = NULL;
	const char *host, *port;
	struct tls_config *config;
	char request[512];
	struct tls *ctx;
	int ch, session_fd = -1;

	while ((ch = getopt(argc, argv, "c:i:k:n:s:")) != -1) {
		switch (ch) {
		case 'c':
			ca_file = optarg;
			break;
		case 'i':
			cert = optarg;
			break;
		case 'k':
			key = optarg;
			break;
		case 'n':
			name = optarg;
			break;
		case 's':
			session_file = optarg;
			break;
		default:
			usage();
		}
	}
	if (argc - optind != 2 || (cert == NULL) != (key == NULL))
		usage();
	host = argv[optind];
	port = argv[optind + 1];
	if (name == NULL)
		name = host;

	if ((config = tls_config_new()) == NULL)
		die("tls_config_new", NULL);
	if (ca_file != NULL && tls_config_set_ca_file(config, ca_file) == -1)
		die("CA", tls_config_error(config));
	if (cert != NULL && tls_config_set_keypair_file(config, cert, key) == -1)
		die("certificate", tls_config_error(config));
	if (session_file != NULL) {
		session_fd = open_session_file(session_file);
		if (tls_config_set_session_fd(config, session_fd) == -1)
			die(session_file, tls_config_error(config));
	}

	if ((ctx = tls_client()) == NULL)
		die("tls_client", NULL);
	if (tls_configure(ctx, config) == -1)
		die("configure", tls_error(ctx));
	if (tls_connect_servername(ctx, host, port, name) == -1)
		die("connect", tls_error(ctx));
	handshake(ctx);
	describe(ctx);

	/* Tickets for later sessions come with the data. */
	snprintf(request, sizeof(request), "GET / HTTP/1.0\r\nHost: %s\r\n\r\n", name);
	write_all(ctx, request, strlen(request));
	copy_to_stdout(ctx);
	close_connection(ctx);
	if (session_fd != -1)
		printf("tickets saved: %d\n", count_tickets(session_fd));

	tls_free(ctx);
	tls_config_free(config);
	if (session_fd != -1)
		close(session_fd);
	return 0;
}
