/*
 * A program that uses libtls and OpenSSL's libssl, and has them talk to each other. With OPENED it
 * finds libssl by dlopen(3); tests/ssl/both.c is about SSL_* functions of both libraries.
 *
 *	beside pki
 */
#define _GNU_SOURCE
#include <sys/socket.h>

#include <dlfcn.h>
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/ssl.h>
#include <tls.h>

#define FUNCTIONS(X)							\
	X(SSL_CTX_new) X(SSL_CTX_free) X(SSL_new) X(SSL_free) X(SSL_set_fd) X(TLS_method)	\
	X(SSL_CTX_use_certificate_file) X(SSL_CTX_use_PrivateKey_file)	\
	X(SSL_CTX_load_verify_locations) X(SSL_CTX_set_verify)		\
	X(SSL_set_accept_state) X(SSL_set_connect_state) X(SSL_set1_host)	\
	X(SSL_get_error) X(SSL_read) X(SSL_write) X(SSL_shutdown) X(SSL_get_version)

#define X(f) static __typeof__(&f) p_##f;
FUNCTIONS(X)
#undef X

static void
find_libssl(void)
{
	Dl_info info;
#ifdef OPENED
	void *lib = dlopen("libssl.so.3", RTLD_NOW | RTLD_LOCAL);

	if (lib == NULL)
		errx(1, "%s", dlerror());
#define X(f) if ((p_##f = (__typeof__(&f))dlsym(lib, #f)) == NULL) errx(1, "%s", dlerror());
#else
#define X(f) p_##f = f;
#endif
	FUNCTIONS(X)
#undef X
	if (dladdr((void *)p_SSL_new, &info) == 0 || strstr(info.dli_fname, "libssl") == NULL)
		errx(1, "SSL_new isn't libssl's");
	if (dladdr((void *)tls_client, &info) == 0 || strstr(info.dli_fname, "libtls") == NULL)
		errx(1, "tls_client isn't libtls's");
}

static char ca[256], cert[256], key[256];

/* Both take turns until each has heard the other's word. */
static void
converse(SSL *theirs, struct tls *ours)
{
	int greeted = 0, answered = 0, heard = 0, tries = 0, n;
	char a[5] = "", b[5] = "";

	while (!answered || !heard) {
		if (tries++ == 1000)
			errx(1, "no progress");
		if (!greeted && (n = p_SSL_write(theirs, "ping", 4)) == 4)
			greeted = 1;
		else if (!greeted && p_SSL_get_error(theirs, n) != SSL_ERROR_WANT_READ)
			errx(1, "SSL_write: %d", p_SSL_get_error(theirs, n));
		if (!heard && (n = tls_read(ours, a, 4)) == -1)
			errx(1, "tls_read: %s", tls_error(ours));
		else if (!heard && n > 0)
			heard = n == 4 && strcmp(a, "ping") == 0 && tls_write(ours, "pong", 4) == 4;
		if (p_SSL_read(theirs, b, 4) == 4)
			answered = strcmp(b, "pong") == 0;
	}
	if (strcmp(tls_conn_version(ours), p_SSL_get_version(theirs)) != 0)
		errx(1, "versions differ");
}

static void
connection(int we_serve, uint32_t version)
{
	struct tls_config *config = tls_config_new();
	struct tls *ctx = we_serve ? tls_server() : tls_client(), *ours;
	SSL_CTX *ssl_ctx = p_SSL_CTX_new(p_TLS_method());
	SSL *theirs;
	int fd[2];

	if (config == NULL || ctx == NULL || ssl_ctx == NULL ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd) == -1)
		err(1, "no memory");
	if (tls_config_set_protocols(config, version) == -1 ||
	    tls_config_set_ca_file(config, ca) == -1 ||
	    (we_serve && tls_config_set_keypair_file(config, cert, key) == -1))
		errx(1, "%s", tls_config_error(config));
	if (tls_configure(ctx, config) == -1)
		errx(1, "%s", tls_error(ctx));
	if (we_serve) {
		p_SSL_CTX_set_verify(ssl_ctx, SSL_VERIFY_PEER, NULL);
		if (p_SSL_CTX_load_verify_locations(ssl_ctx, ca, NULL) != 1)
			errx(1, "SSL_CTX_load_verify_locations");
	} else if (p_SSL_CTX_use_certificate_file(ssl_ctx, cert, SSL_FILETYPE_PEM) != 1 ||
	    p_SSL_CTX_use_PrivateKey_file(ssl_ctx, key, SSL_FILETYPE_PEM) != 1) {
		errx(1, "SSL_CTX_use_certificate_file");
	}
	if ((theirs = p_SSL_new(ssl_ctx)) == NULL || p_SSL_set_fd(theirs, fd[0]) != 1)
		errx(1, "SSL_new");
	if (we_serve) {
		p_SSL_set_connect_state(theirs);
		if (p_SSL_set1_host(theirs, "server.test") != 1 || tls_accept_socket(ctx, &ours, fd[1]) == -1)
			errx(1, "accept: %s", tls_error(ctx));
	} else {
		p_SSL_set_accept_state(theirs);
		ours = ctx;
		if (tls_connect_socket(ours, fd[1], "server.test") == -1)
			errx(1, "connect: %s", tls_error(ours));
	}
	converse(theirs, ours);
	p_SSL_shutdown(theirs);
	tls_close(ours);
	if (we_serve)
		tls_free(ours);
	tls_free(ctx);
	tls_config_free(config);
	p_SSL_free(theirs);
	p_SSL_CTX_free(ssl_ctx);
	close(fd[0]);
	close(fd[1]);
}

int
main(int argc, char *argv[])
{
	int i;

	alarm(60);
	if (argc != 2)
		errx(1, "usage");
	snprintf(ca, sizeof(ca), "%s/ca.pem", argv[1]);
	snprintf(cert, sizeof(cert), "%s/server.pem", argv[1]);
	snprintf(key, sizeof(key), "%s/server.key", argv[1]);
	find_libssl();
	for (i = 0; i < 20; i++)
		connection(i % 2, i % 4 < 2 ? TLS_PROTOCOL_TLSv1_2 : TLS_PROTOCOL_TLSv1_3);
	return 0;
}
