/*
 * A server by the subset of OpenSSL's API. It knows nobody when a client connects, and asks for a
 * certificate when it has got a request. Only then does it send tickets, which carry the client's
 * identity, so that a client that comes back with one isn't asked again.
 *
 *	post_auth [-p port] cert.pem key.pem clients-ca.pem
 */
#define _POSIX_C_SOURCE 200809L

#include <sys/socket.h>
#include <sys/time.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

enum { PATIENCE = 10, TICKETS = 2, TRIES = 5 };

static _Noreturn void
die(const char *what)
{
	fprintf(stderr, "post_auth: %s\n", what);
	ERR_print_errors_fp(stderr);
	exit(1);
}

static SSL_CTX *
new_context(const char *cert, const char *key, const char *ca)
{
	static const unsigned char service[] = "post_auth";
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	if (ctx == NULL ||
	    SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) != 1 ||
	    SSL_CTX_use_certificate_chain_file(ctx, cert) != 1 ||
	    SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_load_verify_locations(ctx, ca, NULL) != 1 ||
	    SSL_CTX_set_session_id_context(ctx, service, sizeof(service) - 1) != 1 ||
	    SSL_CTX_set_num_tickets(ctx, 0) != 1)	/* none for those who aren't known */
		die("configuration");
	/* SSL_read is to return after the client's certificate, though that is no data. */
	SSL_CTX_clear_mode(ctx, SSL_MODE_AUTO_RETRY);
	return ctx;
}

/*
 * Asks for a certificate, and reads until it has come. Each read ends with a message of TLS or when
 * the socket's timeout has passed, so a few of them must do. The rest of the request, which may come
 * first, isn't needed here; a protocol that needs what the client sends meanwhile must keep it.
 */
static int
authenticate(SSL *ssl)
{
	char more[64];
	int i, n;

	/* Known already, from a resumed session. */
	if (SSL_get0_peer_certificate(ssl) != NULL)
		return SSL_get_verify_result(ssl) == X509_V_OK;
	SSL_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	if (SSL_set_num_tickets(ssl, TICKETS) != 1 ||
	    SSL_verify_client_post_handshake(ssl) != 1 || SSL_do_handshake(ssl) != 1)
		return 0;
	for (i = 0; i < TRIES && SSL_get0_peer_certificate(ssl) == NULL; i++) {
		n = SSL_read(ssl, more, sizeof(more));
		if (n <= 0 && SSL_get_error(ssl, n) != SSL_ERROR_WANT_READ)
			return 0;
	}
	return SSL_get0_peer_certificate(ssl) != NULL && SSL_get_verify_result(ssl) == X509_V_OK;
}

static void
serve(SSL *ssl)
{
	char request[4096], page[1024], name[256];
	X509 *peer;
	int n;

	if (SSL_accept(ssl) != 1 || SSL_read(ssl, request, sizeof(request)) <= 0)
		return;
	if (!authenticate(ssl)) {	/* a late answer would still be accepted, so the connection ends */
		printf("not authenticated\n");
		ERR_print_errors_fp(stdout);
		return;
	}
	peer = SSL_get0_peer_certificate(ssl);
	X509_NAME_oneline(X509_get_subject_name(peer), name, sizeof(name));
	printf("%s, session resumed: %s\n", name, SSL_session_reused(ssl) ? "yes" : "no");
	n = snprintf(page, sizeof(page), "HTTP/1.0 200 OK\r\n\r\nYou are %s\n", name);
	if (SSL_write(ssl, page, n) == n)	/* the tickets go with it */
		SSL_shutdown(ssl);
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
		die("listen");
	printf("listening on port %d\n", ntohs(address.sin_port));
	return s;
}

int
main(int argc, char *argv[])
{
	const struct timeval timeout = { .tv_sec = PATIENCE };
	int ch, s, fd, port = 0;
	SSL_CTX *ctx;
	SSL *ssl;

	while ((ch = getopt(argc, argv, "p:")) != -1)
		port = ch == 'p' ? atoi(optarg) : -1;
	if (argc - optind != 3 || port < 0) {
		fprintf(stderr, "usage: post_auth [-p port] cert.pem key.pem clients-ca.pem\n");
		return 1;
	}
	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	ctx = new_context(argv[optind], argv[optind + 1], argv[optind + 2]);
	s = listen_on(port);
	for (;;) {
		if ((fd = accept(s, NULL, NULL)) == -1)
			continue;
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
		if ((ssl = SSL_new(ctx)) != NULL && SSL_set_fd(ssl, fd) == 1)
			serve(ssl);
		SSL_free(ssl);
		ERR_clear_error();
		close(fd);
	}
}
