/* fork() at any time: a child goes on with what it inherits. */
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#define MUST(e) do {							\
	if (!(e)) {							\
		printf("%s, line %d: %s\n", test, __LINE__, #e);	\
		ERR_print_errors_fp(stdout);				\
		_exit(1);						\
	}								\
} while (0)

static const char *pki, *test;
static int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };
static int version;

static const char *
file(const char *name)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s/%s", pki, name);
	return path;
}

static SSL_CTX *
context(const SSL_METHOD *method, const char *name)
{
	SSL_CTX *ctx = SSL_CTX_new(method);
	char key[64];

	MUST(ctx != NULL);
	snprintf(key, sizeof(key), "%s.pem", name);
	MUST(SSL_CTX_use_certificate_chain_file(ctx, file(key)) == 1);
	snprintf(key, sizeof(key), "%s.key", name);
	MUST(SSL_CTX_use_PrivateKey_file(ctx, file(key), SSL_FILETYPE_PEM) == 1);
	MUST(SSL_CTX_load_verify_locations(ctx, file("ca.pem"), NULL) == 1);
	MUST(SSL_CTX_set_session_id_context(ctx, (unsigned char *)"fork", 4) == 1);
	MUST(SSL_CTX_set_min_proto_version(ctx, version) == 1);
	MUST(SSL_CTX_set_max_proto_version(ctx, version) == 1);
	SSL_CTX_set_mode(ctx, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	return ctx;
}

/* The sessions that clients were told of, the latest. */
static SSL_SESSION *latest;

static int
new_session(SSL *s, SSL_SESSION *session)
{
	(void)s;
	SSL_SESSION_free(latest);
	latest = session;
	return 1;
}

struct pair {
	SSL_CTX *client_ctx, *server_ctx;
	SSL *client, *server;
};

static void
connect_pair(struct pair *p)
{
	int fds[2];

	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
	MUST((p->client = SSL_new(p->client_ctx)) != NULL);
	MUST((p->server = SSL_new(p->server_ctx)) != NULL);
	SSL_set_fd(p->client, fds[0]);
	SSL_set_fd(p->server, fds[1]);
	MUST(SSL_set1_host(p->client, "server.test") == 1);
	MUST(SSL_set_tlsext_host_name(p->client, "server.test") == 1);
	SSL_set_verify(p->client, SSL_VERIFY_PEER, NULL);
	SSL_set_connect_state(p->client);
	SSL_set_accept_state(p->server);
}

static struct pair
new_pair(void)
{
	struct pair p = { NULL, NULL, NULL, NULL };

	p.client_ctx = context(TLS_client_method(), "client");
	p.server_ctx = context(TLS_server_method(), "server");
	SSL_CTX_set_session_cache_mode(p.client_ctx, SSL_SESS_CACHE_CLIENT |
	    SSL_SESS_CACHE_NO_INTERNAL_STORE);
	SSL_CTX_sess_set_new_cb(p.client_ctx, new_session);
	SSL_CTX_set_post_handshake_auth(p.client_ctx, 1);
	connect_pair(&p);
	return p;
}

static void
drop_connection(struct pair *p)
{
	close(SSL_get_fd(p->client));
	close(SSL_get_fd(p->server));
	SSL_free(p->client);
	SSL_free(p->server);
}

static void
free_pair(struct pair *p)
{
	drop_connection(p);
	SSL_CTX_free(p->client_ctx);
	SSL_CTX_free(p->server_ctx);
	SSL_SESSION_free(latest);
	latest = NULL;
}

static bool
blocked(SSL *s, int rv)
{
	int e = SSL_get_error(s, rv);

	return e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE;
}

/* At most so many turns of each end; true once both are through. */
static bool
handshake(struct pair *p, int turns)
{
	int c = 0, s = 0;

	for (int i = 0; i < turns && (c != 1 || s != 1); i++) {
		c = SSL_do_handshake(p->client);
		MUST(c == 1 || blocked(p->client, c));
		s = SSL_do_handshake(p->server);
		MUST(s == 1 || blocked(p->server, s));
	}
	return c == 1 && s == 1;
}

static void
say(SSL *from, SSL *to, const char *text)
{
	char buf[64] = "";
	size_t n = 0;
	int rv;

	MUST(SSL_write(from, text, strlen(text)) == (int)strlen(text));
	while (n < strlen(text)) {
		rv = SSL_read(to, buf + n, sizeof(buf) - 1 - n);
		MUST(rv > 0 || blocked(to, rv));
		n += rv > 0 ? rv : 0;
	}
	MUST(strcmp(buf, text) == 0);
}

static void
talk(struct pair *p)
{
	for (int i = 0; i < 3; i++) {
		say(p->client, p->server, "from the client");
		say(p->server, p->client, "from the server");
	}
	MUST(SSL_get_verify_result(p->client) == X509_V_OK);
	MUST(SSL_version(p->client) == version);
}

static void
close_pair(struct pair *p)
{
	char byte;

	MUST(SSL_shutdown(p->client) == 0);
	MUST(SSL_read(p->server, &byte, 1) == 0);
	MUST(SSL_get_error(p->server, 0) == SSL_ERROR_ZERO_RETURN);
	MUST(SSL_shutdown(p->server) == 1);
	MUST(SSL_shutdown(p->client) == 1);
}

static void
reap(pid_t pid)
{
	int status;

	MUST(pid != -1 && waitpid(pid, &status, 0) == pid);
	MUST(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* Runs what follows as a block in a child, and waits for its end. */
#define CHILD(block) do {						\
	pid_t pid = fork();						\
									\
	if (pid == 0) {							\
		alarm(60);						\
		block							\
		_exit(0);						\
	}								\
	reap(pid);							\
} while (0)

/* Settings are inherited and can be changed; what is its own is a child's own. */
static void
settings(void)
{
	struct pair p = new_pair();
	SSL_CTX *own;
	SSL *ssl;

	SSL_CTX_set_num_tickets(p.server_ctx, 7);
	SSL_set_num_tickets(p.server, 8);
	SSL_CTX_set_timeout(p.server_ctx, 1234);
	CHILD({
		MUST((own = SSL_CTX_new(TLS_method())) != NULL);
		MUST((ssl = SSL_new(own)) != NULL);
		MUST(SSL_set_num_tickets(ssl, 5) == 1);
		MUST(SSL_CTX_get_num_tickets(p.server_ctx) == 7);
		MUST(SSL_get_num_tickets(p.server) == 8);
		MUST(SSL_CTX_get_timeout(p.server_ctx) == 1234);
		MUST(SSL_CTX_set_num_tickets(p.server_ctx, 2) == 1);
		MUST(SSL_set_num_tickets(p.server, 3) == 1);
		CHILD({
			MUST(SSL_CTX_get_num_tickets(p.server_ctx) == 2);
			MUST(SSL_get_num_tickets(p.server) == 3);
			MUST(SSL_get_num_tickets(ssl) == 5);
		});
		MUST(SSL_get_num_tickets(ssl) == 5);
		SSL_free(ssl);
		SSL_CTX_free(own);
		free_pair(&p);
	});
	/* Freeing may be all that a child does. */
	CHILD({ free_pair(&p); });
	MUST(SSL_CTX_get_num_tickets(p.server_ctx) == 7);
	MUST(SSL_get_num_tickets(p.server) == 8);
	free_pair(&p);
}

/* After each turn of a handshake, several deep. */
static void
mid_handshake(void)
{
	for (int turns = 0; turns < 5; turns++) {
		struct pair p = new_pair();

		SSL_set_verify(p.server, SSL_VERIFY_PEER |
		    SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
		handshake(&p, turns);
		CHILD({
			handshake(&p, 1);
			CHILD({
				MUST(handshake(&p, 10));
				talk(&p);
				MUST(SSL_get0_peer_certificate(p.server) != NULL);
				CHILD({
					talk(&p);
					close_pair(&p);
				});
			});
		});
		free_pair(&p);
	}
}

/* The parent keeps one end and the child the other. */
static void
one_end_each(void)
{
	struct pair p = new_pair();
	char buf[64];
	pid_t pid;
	int rv;

	MUST(handshake(&p, 10));
	talk(&p);
	if ((pid = fork()) == 0) {
		alarm(60);
		fcntl(SSL_get_fd(p.server), F_SETFL, 0);
		while ((rv = SSL_read(p.server, buf, sizeof(buf))) > 0)
			MUST(SSL_write(p.server, buf, rv) == rv);
		MUST(SSL_get_error(p.server, rv) == SSL_ERROR_ZERO_RETURN);
		_exit(0);
	}
	fcntl(SSL_get_fd(p.client), F_SETFL, 0);
	for (int i = 0; i < 100; i++) {
		MUST(SSL_write(p.client, "echo", 4) == 4);
		if (version == TLS1_3_VERSION && i % 10 == 0)
			MUST(SSL_key_update(p.client, SSL_KEY_UPDATE_REQUESTED) == 1);
		MUST(SSL_read(p.client, buf, sizeof(buf)) == 4);
	}
	SSL_shutdown(p.client);
	reap(pid);
	free_pair(&p);
}

/* A write that the parent couldn't finish, and a record half read. */
static void
half_done(void)
{
	struct pair p = new_pair();
	static char data[1 << 20], got[1 << 20];
	size_t n = 0;
	int rv;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = i * 31 >> 3;
	MUST(handshake(&p, 10));
	rv = SSL_write(p.client, data, sizeof(data));
	MUST(rv == -1 && blocked(p.client, rv));
	MUST((rv = SSL_read(p.server, got, 10)) == 10);
	n = rv;
	CHILD({
		bool written = false;

		while (n < sizeof(data)) {
			if (!written)
				written = SSL_write(p.client, data, sizeof(data)) ==
				    (int)sizeof(data);
			rv = SSL_read(p.server, got + n, sizeof(got) - n);
			MUST(rv > 0 || blocked(p.server, rv));
			n += rv > 0 ? rv : 0;
		}
		MUST(written && memcmp(data, got, sizeof(data)) == 0);
		close_pair(&p);
	});
	free_pair(&p);
}

/* A client's session tells of its server. */
static void
tells_peer(SSL_SESSION *s)
{
	X509 *peer = SSL_SESSION_get0_peer(s);
	char *subject;

	MUST(peer != NULL && SSL_SESSION_get0_peer(s) == peer);
	subject = X509_NAME_oneline(X509_get_subject_name(peer), NULL, 0);
	MUST(strstr(subject, "server") != NULL);
	OPENSSL_free(subject);
}

/* Tickets, stored sessions, and what the parent's objects tell of them. */
static void
sessions(bool stored)
{
	struct pair p = new_pair();
	SSL_SESSION *old, *copy;
	long hits;

	if (stored)
		SSL_CTX_set_options(p.server_ctx, SSL_OP_NO_TICKET);
	drop_connection(&p);
	connect_pair(&p);
	MUST(handshake(&p, 10));
	talk(&p);
	close_pair(&p);
	MUST((old = latest) != NULL && SSL_SESSION_up_ref(old) == 1);
	SSL_SESSION_set_timeout(old, 4321);
	drop_connection(&p);
	hits = SSL_CTX_sess_hits(p.server_ctx);
	MUST(SSL_CTX_sess_number(p.server_ctx) >= stored);
	connect_pair(&p);
	MUST(SSL_set_session(p.client, old) == 1);
	CHILD({
		MUST(handshake(&p, 10));
		talk(&p);
		MUST(SSL_session_reused(p.client) && SSL_session_reused(p.server));
		MUST(SSL_CTX_sess_hits(p.server_ctx) == hits + 1);
		MUST(SSL_SESSION_get_timeout(old) == 4321);
		MUST((copy = SSL_SESSION_dup(old)) != NULL);
		MUST(SSL_SESSION_get_timeout(copy) == 4321);
		tells_peer(old);
		tells_peer(copy);
		tells_peer(latest);
		SSL_SESSION_free(copy);
		close_pair(&p);
		drop_connection(&p);
		SSL_CTX_flush_sessions(p.server_ctx, 0);
		MUST(SSL_CTX_sess_number(p.server_ctx) == 0);
		SSL_SESSION_free(old);
		free_pair(&(struct pair){ p.client_ctx, p.server_ctx,
		    SSL_new(p.client_ctx), SSL_new(p.server_ctx) });
	});
	MUST(SSL_CTX_sess_number(p.server_ctx) >= stored);
	tells_peer(old);
	SSL_SESSION_free(old);
	free_pair(&p);
}

#ifndef __SANITIZE_ADDRESS__ /* has too much memory to search */
/* How often bytes are in this process's memory. */
static int
in_memory(const unsigned char *bytes, size_t len)
{
	static unsigned char window[1 << 16];
	FILE *maps = fopen("/proc/self/maps", "r");
	int mem = open("/proc/self/mem", O_RDONLY), found = 0;
	const unsigned char *at, *here;
	char line[512], mode;
	unsigned long from, to;
	ssize_t n;

	MUST(maps != NULL && mem != -1);
	while (fgets(line, sizeof(line), maps) != NULL) {
		if (sscanf(line, "%lx-%lx %c", &from, &to, &mode) != 3 ||
		    mode != 'r')
			continue;
		for (; from < to; from += n) {
			n = pread(mem, window, sizeof(window), from);
			if (n <= 0)
				break;
			at = window;
			while ((at = memmem(at, n - (at - window), bytes,
			    len)) != NULL) {
				here = (unsigned char *)from + (at++ - window);
				found += here != bytes && (here < window ||
				    here >= window + sizeof(window));
			}
			/* What begins in this window may end in the next. */
			if (n == sizeof(window))
				n -= len;
		}
	}
	fclose(maps);
	close(mem);
	return found;
}

/* Nothing is left of sessions that a child frees. */
static void
freed_sessions(void)
{
	static unsigned char secret[32];
	struct pair p = new_pair();

	SSL_CTX_set_options(p.server_ctx, SSL_OP_NO_TICKET);
	drop_connection(&p);
	connect_pair(&p);
	MUST(handshake(&p, 10));
	talk(&p);
	close_pair(&p);
	SSL_SESSION_get_master_key(latest, secret, sizeof(secret));
	MUST(in_memory(secret, sizeof(secret)) > 0);
	for (int used = 0; used < 2; used++) {
		CHILD({
			MUST(SSL_CTX_sess_number(p.server_ctx) > 0 || !used);
			MUST(SSL_SESSION_is_resumable(latest) || !used);
			free_pair(&p);
			/* A runtime of its own, without the parent's memory. */
			SSL_CTX_free(SSL_CTX_new(TLS_method()));
			MUST(in_memory(secret, sizeof(secret)) == 0);
		});
	}
	free_pair(&p);
}
#endif

static int
fork_in_servername(SSL *s, int *alert, void *arg)
{
	pid_t *child = arg;

	(void)alert;
	MUST(strcmp(SSL_get_servername(s, TLSEXT_NAMETYPE_host_name),
	    "server.test") == 0);
	if ((*child = fork()) == 0) {
		alarm(60);
		return SSL_TLSEXT_ERR_OK;
	}
	reap(*child);
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* The child goes on where the callback was called; the parent gives up. */
static void
in_callback(void)
{
	struct pair p = new_pair();
	pid_t pid = -1;
	int rv;

	SSL_CTX_set_tlsext_servername_callback(p.server_ctx, fork_in_servername);
	SSL_CTX_set_tlsext_servername_arg(p.server_ctx, &pid);
	SSL_do_handshake(p.client);
	rv = SSL_do_handshake(p.server);
	if (pid == 0) {
		MUST(handshake(&p, 10));
		talk(&p);
		close_pair(&p);
		_exit(0);
	}
	MUST(SSL_get_error(p.server, rv) == SSL_ERROR_SSL);
	ERR_clear_error();
	free_pair(&p);
}

static void
post_handshake(void)
{
	struct pair p = new_pair();
	char byte;

	MUST(handshake(&p, 10));
	talk(&p);
	SSL_set_verify(p.server, SSL_VERIFY_PEER, NULL);
	MUST(SSL_verify_client_post_handshake(p.server) == 1);
	CHILD({
		MUST(SSL_do_handshake(p.server) == 1);
		CHILD({
			SSL_read(p.client, &byte, 1);
			SSL_read(p.server, &byte, 1);
			MUST(SSL_get0_peer_certificate(p.server) != NULL);
			MUST(SSL_get_verify_result(p.server) == X509_V_OK);
			talk(&p);
		});
	});
	free_pair(&p);
}

/* Siblings draw different random numbers: no two hellos, keys or tickets alike. */
static void
randomness(void)
{
	enum { SIBLINGS = 8 };
	struct pair p = new_pair();
	struct {
		unsigned char id[SIBLINGS][32];
		unsigned char secret[SIBLINGS][48];
	} *seen;
	unsigned int len;

	seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	MUST(seen != MAP_FAILED);
	for (int i = 0; i < SIBLINGS; i++) {
		CHILD({
			const unsigned char *id;

			drop_connection(&p);
			connect_pair(&p);
			MUST(handshake(&p, 10));
			talk(&p);
			MUST(latest != NULL);
			id = SSL_SESSION_get_id(SSL_get_session(p.server), &len);
			memcpy(seen->id[i], id, len);
			SSL_SESSION_get_master_key(latest, seen->secret[i], 48);
		});
		for (int j = 0; j < i; j++)
			MUST(memcmp(seen->secret[i], seen->secret[j], 32) != 0 &&
			    (version == TLS1_2_VERSION ||
			    memcmp(seen->id[i], seen->id[j], 32) != 0));
	}
	munmap(seen, sizeof(*seen));
	free_pair(&p);
}

/* New keys begin with record 0, whoever sends it. */
static void
key_update(void)
{
	struct pair p = new_pair();

	MUST(handshake(&p, 10));
	talk(&p);
	MUST(SSL_key_update(p.client, SSL_KEY_UPDATE_REQUESTED) == 1);
	CHILD({ talk(&p); });
	free_pair(&p);
}

static void
without_change(struct pair *p)
{
	MUST(handshake(p, 10));
	talk(p);
}

/* A connection has the certificate that its context had when it was made. */
static void
replaced_certificate(void)
{
	struct pair p = new_pair();

	MUST(SSL_CTX_use_certificate_chain_file(p.server_ctx,
	    file("self-signed.pem")) == 1);
	MUST(SSL_CTX_use_PrivateKey_file(p.server_ctx, file("self-signed.key"),
	    SSL_FILETYPE_PEM) == 1);
	CHILD({ without_change(&p); });
	without_change(&p);
	free_pair(&p);
}

#ifndef OPENSSL
/* One that another thread is inside of is lost until SSL_clear, and says so. */
static void *
read_forever(void *arg)
{
	char byte;

	SSL_read(arg, &byte, 1);
	return NULL;
}

static void
other_thread(void)
{
	struct pair p = new_pair();
	pthread_t thread;
	int fds[2];

	MUST(handshake(&p, 10));
	talk(&p);
	fcntl(SSL_get_fd(p.client), F_SETFL, 0);
	MUST(pthread_create(&thread, NULL, read_forever, p.client) == 0);
	/* The thread is inside once a child says so. */
	for (;;) {
		int status;
		pid_t pid = fork();

		if (pid == 0) {
			alarm(60);
			if (SSL_do_handshake(p.client) == 1)
				_exit(2);
			MUST(SSL_get_error(p.client, -1) == SSL_ERROR_SSL);
			MUST(strstr(ERR_reason_error_string(ERR_peek_error()),
			    "internal error") != NULL);
			ERR_clear_error();
			MUST(SSL_clear(p.client) == 1 && SSL_clear(p.server) == 1);
			MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
			    fds) == 0);
			SSL_set_fd(p.client, fds[0]);
			SSL_set_fd(p.server, fds[1]);
			MUST(handshake(&p, 10));
			talk(&p);
			free_pair(&p);
			_exit(0);
		}
		MUST(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
		MUST(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 2);
		if (status == 0)
			break;
	}
	MUST(SSL_write(p.server, "x", 1) == 1);
	pthread_join(thread, NULL);
	free_pair(&p);
}
#endif

#define RUN(call)	(test = #call, call)

int
main(int argc, char **argv)
{
	MUST(argc == 2);
	pki = argv[1];
	alarm(240);
	setvbuf(stdout, NULL, _IONBF, 0);
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		version = versions[i];
		RUN(settings());
		RUN(mid_handshake());
		RUN(one_end_each());
		RUN(half_done());
		RUN(sessions(false));
		RUN(sessions(true));
#ifndef __SANITIZE_ADDRESS__
		RUN(freed_sessions());
#endif
		RUN(in_callback());
		RUN(randomness());
		RUN(replaced_certificate());
		if (version == TLS1_3_VERSION) {
			RUN(post_handshake());
			RUN(key_update());
		}
#ifndef OPENSSL
		RUN(other_thread());
#endif
	}
	return 0;
}
