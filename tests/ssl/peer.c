/*
 * A server or a client on the SSL_* functions, for tests against OpenSSL's
 * tools: peer serve|connect OPTION... It prints what happens, one line each.
 */
#include <sys/socket.h>

#include <netinet/in.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

static const char *dir, *session_in, *session_out;
static int port, connections = 1, request, post, stateful, deferred;
static int version = TLS1_3_VERSION;
static long tickets = -1;
static int n_new;

static void
die(const char *what)
{
	printf("failed: %s\n", what);
	ERR_print_errors_fp(stdout);
	exit(1);
}

#define MUST(e) do { if (!(e)) die(#e); } while (0)

static void
load(SSL_CTX *ctx, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s.pem", dir, name);
	MUST(SSL_CTX_use_certificate_chain_file(ctx, path) == 1);
	snprintf(path, sizeof(path), "%s/%s.key", dir, name);
	MUST(SSL_CTX_use_PrivateKey_file(ctx, path, SSL_FILETYPE_PEM) == 1);
	snprintf(path, sizeof(path), "%s/ca.pem", dir);
	MUST(SSL_CTX_load_verify_locations(ctx, path, NULL) == 1);
}

static void
tell_peer(SSL *ssl)
{
	X509 *peer = SSL_get1_peer_certificate(ssl);
	char name[256] = "none";

	if (peer != NULL)
		X509_NAME_oneline(X509_get_subject_name(peer), name,
		    sizeof(name));
	printf("peer %s result %ld\n", name, SSL_get_verify_result(ssl));
	X509_free(peer);
}

/* Reads until the peer is done; a server answers "bye" at the end of a line. */
static void
converse(SSL *ssl, int server)
{
	char buf[256];
	int n, known = 0;

	while ((n = SSL_read(ssl, buf, sizeof(buf))) > 0) {
		if (request && !known) {
			tell_peer(ssl);
			known = 1;
		}
		if (server)
			MUST(SSL_write(ssl, "bye\n", 4) == 4);
		if (server && memchr(buf, 'q', n) != NULL)
			break;
		if (!server && memchr(buf, '\n', n) != NULL)
			break;
	}
	if (n <= 0 && SSL_get_error(ssl, n) != SSL_ERROR_ZERO_RETURN)
		die("SSL_read");
	SSL_shutdown(ssl);
}

static void
serve(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	struct sockaddr_in addr = { .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(addr);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	MUST(ctx != NULL);
	load(ctx, "server");
	SSL_CTX_set_max_proto_version(ctx, version);
	SSL_CTX_set_session_id_context(ctx, (const void *)"peer", 4);
	if (tickets >= 0)
		SSL_CTX_set_num_tickets(ctx, tickets);
	if (stateful)
		SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
	MUST(bind(listener, (void *)&addr, sizeof(addr)) == 0 &&
	    listen(listener, 8) == 0 &&
	    getsockname(listener, (void *)&addr, &len) == 0);
	printf("port %d\n", ntohs(addr.sin_port));
	for (int i = 0; i < connections; i++) {
		int fd = accept(listener, NULL, NULL);
		SSL *ssl = SSL_new(ctx);

		MUST(fd != -1 && ssl != NULL && SSL_set_fd(ssl, fd) == 1);
		if (SSL_accept(ssl) != 1)
			die("SSL_accept");
		printf("accepted %s reused %d\n", SSL_get_version(ssl),
		    SSL_session_reused(ssl));
		for (int j = 0; j < deferred; j++)
			MUST(SSL_new_session_ticket(ssl) == 1);
		if (request) {
			SSL_set_verify(ssl, SSL_VERIFY_PEER |
			    SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
			MUST(SSL_verify_client_post_handshake(ssl) == 1);
			MUST(SSL_do_handshake(ssl) == 1);
		}
		converse(ssl, 1);
		SSL_free(ssl);
		close(fd);
	}
	SSL_CTX_free(ctx);
	close(listener);
}

static int
count_session(SSL *ssl, SSL_SESSION *session)
{
	(void)ssl;
	(void)session;
	n_new++;
	return 0;
}

static void
connect_once(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	struct sockaddr_in addr = { .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	SSL_SESSION *session;
	FILE *fp;
	SSL *ssl;

	MUST(ctx != NULL);
	load(ctx, "client");
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_post_handshake_auth(ctx, post);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT);
	SSL_CTX_sess_set_new_cb(ctx, count_session);
	MUST((ssl = SSL_new(ctx)) != NULL);
	MUST(SSL_set_tlsext_host_name(ssl, "server.test") == 1);
	MUST(SSL_set1_host(ssl, "server.test") == 1);
	if (session_in != NULL) {
		MUST((fp = fopen(session_in, "r")) != NULL);
		session = PEM_read_SSL_SESSION(fp, NULL, NULL, NULL);
		fclose(fp);
		MUST(session != NULL && SSL_set_session(ssl, session) == 1);
		SSL_SESSION_free(session);
	}
	MUST(connect(fd, (void *)&addr, sizeof(addr)) == 0);
	MUST(SSL_set_fd(ssl, fd) == 1);
	if (SSL_connect(ssl) != 1)
		die("SSL_connect");
	printf("connected %s reused %d\n", SSL_get_version(ssl),
	    SSL_session_reused(ssl));
	MUST(SSL_write(ssl, "hello\n", 6) == 6);
	converse(ssl, 0);
	printf("sessions %d\n", n_new);
	if (session_out != NULL) {
		MUST((fp = fopen(session_out, "w")) != NULL);
		session = SSL_get1_session(ssl);
		MUST(PEM_write_SSL_SESSION(fp, session) == 1);
		fclose(fp);
		SSL_SESSION_free(session);
	}
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	close(fd);
}

int
main(int argc, char **argv)
{
	int c;

	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	alarm(60);
	if (argc < 2)
		return 2;
	optind = 2;
	while ((c = getopt(argc, argv, "d:i:k:n:o:p:t:2aqs")) != -1)
		switch (c) {
		case 'd': dir = optarg; break;
		case 'i': session_in = optarg; break;
		case 'k': connections = atoi(optarg); break;
		case 'n': tickets = atol(optarg); break;
		case 'o': session_out = optarg; break;
		case 'p': port = atoi(optarg); break;
		case 't': deferred = atoi(optarg); break;
		case '2': version = TLS1_2_VERSION; break;
		case 'a': post = 1; break;
		case 'q': request = 1; break;
		case 's': stateful = 1; break;
		default: return 2;
		}
	if (strcmp(argv[1], "serve") == 0)
		serve();
	else
		connect_once();
	return 0;
}
