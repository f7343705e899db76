/*
 * Files of trusted certificates that hang, as they may on a network's file system: a signal ends the call, and the
 * next one goes on.
 */
#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#define TEST_SECONDS 60

#define REQUIRE(e) do {							\
	if (!(e)) {							\
		printf("%s, line %d: %s\n", test, __LINE__, #e);	\
		ERR_print_errors_fp(stdout);				\
		exit(1);						\
	}								\
} while (0)

static const char *pki, *test;

#include "../lease.h"

static char scratch[] = "/tmp/libtls-files-XXXXXX";

static const char *
path(const char *dir, const char *name)
{
	static char text[4096];

	snprintf(text, sizeof(text), "%s/%s", dir, name);
	return text;
}

/* Copies the authorities to a file of the scratch directory. */
static void
put_ca(const char *name)
{
	char text[16384];
	FILE *f = fopen(path(pki, "ca.pem"), "r");
	size_t n;

	REQUIRE(f != NULL && (n = fread(text, 1, sizeof(text), f)) > 0);
	fclose(f);
	REQUIRE((f = fopen(path(scratch, name), "w")) != NULL);
	REQUIRE(fwrite(text, 1, n, f) == n && fclose(f) == 0);
}

/* Ends of a connection whose client trusts what ctx does. */
struct pair {
	SSL_CTX *server_ctx;
	SSL *client, *server;
};

static struct pair
new_pair(SSL_CTX *ctx)
{
	struct pair p;
	int fds[2];

	REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
	REQUIRE((p.server_ctx = SSL_CTX_new(TLS_server_method())) != NULL);
	REQUIRE(SSL_CTX_use_certificate_chain_file(p.server_ctx, path(pki, "server.pem")) == 1);
	REQUIRE(SSL_CTX_use_PrivateKey_file(p.server_ctx, path(pki, "server.key"), SSL_FILETYPE_PEM) == 1);
	REQUIRE((p.client = SSL_new(ctx)) != NULL);
	REQUIRE((p.server = SSL_new(p.server_ctx)) != NULL);
	SSL_set_verify(p.client, SSL_VERIFY_PEER, NULL);
	REQUIRE(SSL_set_fd(p.client, fds[0]) == 1 && SSL_set_fd(p.server, fds[1]) == 1);
	SSL_set_connect_state(p.client);
	SSL_set_accept_state(p.server);
	return p;
}

static void
free_pair(struct pair *p)
{
	close(SSL_get_fd(p->client));
	close(SSL_get_fd(p->server));
	SSL_free(p->client);
	SSL_free(p->server);
	SSL_CTX_free(p->server_ctx);
}

static bool
blocked(SSL *s, int rv)
{
	return rv == -1 && SSL_get_error(s, rv) == SSL_ERROR_WANT_READ;
}

/* Goes on until the client is through, or fails, and returns what it says. */
static int
handshake(struct pair *p)
{
	int c, s;

	for (;;) {
		errno = 0;
		c = SSL_do_handshake(p->client);
		if (!blocked(p->client, c))
			return c;
		s = SSL_do_handshake(p->server);
		REQUIRE(s == 1 || blocked(p->server, s));
	}
}

static void
established(struct pair *p)
{
	REQUIRE(handshake(p) == 1);
	REQUIRE(SSL_get_verify_result(p->client) == X509_V_OK);
	REQUIRE(SSL_do_handshake(p->server) == 1);
}

static void
connects(SSL_CTX *ctx)
{
	struct pair p = new_pair(ctx);

	established(&p);
	free_pair(&p);
}

/* The name that the authority has in hashed directories. */
static char hashed[32];

static SSL_CTX *
hashed_context(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	REQUIRE(ctx != NULL);
	REQUIRE(SSL_CTX_load_verify_locations(ctx, NULL, scratch) == 1);
	put_ca(hashed);
	return ctx;
}

/* The connection and the queue of errors are as if the call hadn't been made. */
static void
directory_that_hangs(void)
{
	SSL_CTX *ctx = hashed_context();
	struct pair p = new_pair(ctx);

	take_lease(path(scratch, hashed), 0, -1);
	for (int i = 0; i < 2; i++) {
		REQUIRE(handshake(&p) == -1 && errno == EINTR);
		REQUIRE(SSL_get_error(p.client, -1) == SSL_ERROR_SYSCALL);
		REQUIRE(ERR_peek_error() == 0);
	}
	REQUIRE(alarms > 0);
	stop_alarms();
	established(&p);
	free_pair(&p);
	SSL_CTX_free(ctx);
}

static void
directory_that_hangs_for_a_while(void)
{
	SSL_CTX *ctx = hashed_context();
	struct pair p = new_pair(ctx);

	take_lease(path(scratch, hashed), SA_RESTART, 3);
	established(&p);
	REQUIRE(alarms >= 3);
	stop_alarms();
	free_pair(&p);
	SSL_CTX_free(ctx);
}

/* A FIFO to which nobody writes is passed over in a directory, and refused as a file. */
static void
fifo(void)
{
	SSL_CTX *ctx = hashed_context();
	char next[sizeof(hashed)];

	snprintf(next, sizeof(next), "%.*s1", (int)strlen(hashed) - 1, hashed);
	put_ca(next);
	REQUIRE(unlink(path(scratch, hashed)) == 0);
	REQUIRE(mkfifo(path(scratch, hashed), 0600) == 0);
	connects(ctx);
	REQUIRE(SSL_CTX_load_verify_locations(ctx, path(scratch, hashed), NULL) == 0);
	REQUIRE(ERR_peek_error() != 0);
	ERR_clear_error();
	REQUIRE(unlink(path(scratch, hashed)) == 0 && unlink(path(scratch, next)) == 0);
	SSL_CTX_free(ctx);
}

static void
file_that_hangs(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	put_ca("ca.pem");
	take_lease(path(scratch, "ca.pem"), 0, -1);
	REQUIRE(SSL_CTX_load_verify_locations(ctx, path(scratch, "ca.pem"), NULL) == 0);
	REQUIRE(ERR_GET_LIB(ERR_peek_error()) == ERR_LIB_SYS && ERR_GET_REASON(ERR_peek_error()) == EINTR);
	ERR_clear_error();
	stop_alarms();
	take_lease(path(scratch, "ca.pem"), SA_RESTART, 3);
	REQUIRE(SSL_CTX_load_verify_locations(ctx, path(scratch, "ca.pem"), NULL) == 1);
	REQUIRE(alarms >= 3);
	stop_alarms();
	connects(ctx);
	SSL_CTX_free(ctx);
}

/* The file of SSL_CTX_set_default_verify_paths. */
static void
system_store_that_hangs(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	put_ca("system.pem");
	REQUIRE(setenv("SSL_CERT_FILE", path(scratch, "system.pem"), 1) == 0);
	REQUIRE(setenv("SSL_CERT_DIR", "/nonexistent", 1) == 0);
	take_lease(path(scratch, "system.pem"), 0, -1);
	errno = 0;
	REQUIRE(SSL_CTX_set_default_verify_paths(ctx) == 0 && errno == EINTR);
	stop_alarms();
	take_lease(path(scratch, "system.pem"), SA_RESTART, 3);
	REQUIRE(SSL_CTX_set_default_verify_paths(ctx) == 1);
	REQUIRE(alarms >= 3);
	stop_alarms();
	connects(ctx);
	SSL_CTX_free(ctx);
}

static void
remove_scratch(void)
{
	unlink(path(scratch, hashed));
	unlink(path(scratch, "ca.pem"));
	unlink(path(scratch, "system.pem"));
	rmdir(scratch);
}

#define RUN(t) do {							\
	test = #t;							\
	t();								\
} while (0)

int
main(int argc, char *argv[])
{
	if (argc != 3) {
		fprintf(stderr, "usage: files PKI HASH\n");
		return 2;
	}
	pki = argv[1];
	snprintf(hashed, sizeof(hashed), "%s.0", argv[2]);
	test = "main";
	signal(SIGPIPE, SIG_IGN);
	alarm(TEST_SECONDS);
	REQUIRE(mkdtemp(scratch) != NULL);
	atexit(remove_scratch);
	RUN(directory_that_hangs);
	RUN(directory_that_hangs_for_a_while);
	RUN(fifo);
	RUN(file_that_hangs);
	RUN(system_store_that_hangs);
	return 0;
}
