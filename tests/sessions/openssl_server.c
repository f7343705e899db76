/*
 * A server on OpenSSL's own library, because s_server can't be given ticket keys. Each connection is
 * a line, like those of the other server.
 *
 *	openssl_server -c cert -k key [-K hex] [-i id] [-T] [-v CA]
 *
 * The key is OpenSSL's 80 bytes, and the id is padded with zeros to 32 bytes, as libtls does it. -T
 * keeps sessions on the server: session ids in TLS 1.2, and tickets that are no more in TLS 1.3.
 */
#define _POSIX_C_SOURCE 200809L

#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

static void
must(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "openssl_server: %s\n", what);
	ERR_print_errors_fp(stderr);
	exit(1);
}

static void
serve(SSL_CTX *ctx, int fd)
{
	SSL *ssl = SSL_new(ctx);
	X509 *peer;
	char subject[256] = "-", buf[512];

	SSL_set_fd(ssl, fd);
	if (SSL_accept(ssl) == 1) {
		if ((peer = SSL_get1_peer_certificate(ssl)) != NULL)
			X509_NAME_oneline(X509_get_subject_name(peer), subject, sizeof(subject));
		X509_free(peer);
		printf("version=%s resumed=%d peer=%s\n", SSL_get_version(ssl), SSL_session_reused(ssl), subject);
		if (SSL_write(ssl, "welcome\n", 8) == 8 && SSL_shutdown(ssl) >= 0)
			while (read(fd, buf, sizeof(buf)) > 0)
				continue;
	} else {
		printf("failed: %s\n", ERR_error_string(ERR_get_error(), NULL));
	}
	fflush(stdout);
	SSL_free(ssl);
	close(fd);
}

int
main(int argc, char *argv[])
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	unsigned char id[32] = { 0 }, key[80];
	unsigned byte;
	size_t i;
	int ch, s, fd;

	signal(SIGPIPE, SIG_IGN);
	while ((ch = getopt(argc, argv, "c:i:K:k:Tv:")) != -1) {
		switch (ch) {
		case 'c':
			must(SSL_CTX_use_certificate_chain_file(ctx, optarg), optarg);
			break;
		case 'i':
			memcpy(id, optarg, strlen(optarg) < sizeof(id) ? strlen(optarg) : sizeof(id));
			break;
		case 'K':
			for (i = 0; i < sizeof(key) && sscanf(optarg + 2 * i, "%2x", &byte) == 1; i++)
				key[i] = byte;
			must(SSL_CTX_set_tlsext_ticket_keys(ctx, key, (long)i) == 1, "ticket key");
			break;
		case 'k':
			must(SSL_CTX_use_PrivateKey_file(ctx, optarg, SSL_FILETYPE_PEM), optarg);
			break;
		case 'T':
			SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
			break;
		case 'v':
			must(SSL_CTX_load_verify_locations(ctx, optarg, NULL), optarg);
			SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
			break;
		default:
			return 1;
		}
	}
	must(SSL_CTX_set_session_id_context(ctx, id, sizeof(id)), "session id");
	s = socket(AF_INET, SOCK_STREAM, 0);
	must(s != -1 && bind(s, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(s, 16) == 0 &&
	    getsockname(s, (struct sockaddr *)&address, &len) == 0, "listen");
	printf("port %d\n", ntohs(address.sin_port));
	fflush(stdout);
	while ((fd = accept(s, NULL, NULL)) != -1)
		serve(ctx, fd);
	return 1;
}
