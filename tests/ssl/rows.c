/*
 * Prints what an SSL library does about tickets, sessions and post-handshake
 * authentication, one row for each thing that can be asked of it. run.sh
 * compiles it against OpenSSL and against our headers and compares what the
 * two programs print.
 */
#include <sys/socket.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

static const char *pki_dir;

static const char *
pki(const char *name)
{
	static char paths[4][512];
	static int next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", pki_dir, name);
	return path;
}

static void
die(const char *what)
{
	printf("FAILED %s\n", what);
	ERR_print_errors_fp(stdout);
	exit(1);
}

#define MUST(e) do { if (!(e)) die(#e); } while (0)

/* The reason of the oldest error, which empties the queue. */
static int
reason(void)
{
	unsigned long e = ERR_peek_error();

	ERR_clear_error();
	return ERR_GET_REASON(e);
}

/* Contexts. */

static SSL_CTX *
server_ctx(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	MUST(ctx != NULL);
	MUST(SSL_CTX_use_certificate_chain_file(ctx, pki("server.pem")) == 1);
	MUST(SSL_CTX_use_PrivateKey_file(ctx, pki("server.key"),
	    SSL_FILETYPE_PEM) == 1);
	MUST(SSL_CTX_check_private_key(ctx) == 1);
	MUST(SSL_CTX_load_verify_locations(ctx, pki("ca.pem"), NULL) == 1);
	MUST(SSL_CTX_set_session_id_context(ctx, (const void *)"rows", 4) == 1);
	return ctx;
}

#define MAX_SESSIONS 256

static SSL_SESSION *sessions[MAX_SESSIONS];
static int n_sessions, n_server_sessions;

static int
client_new_session(SSL *ssl, SSL_SESSION *s)
{
	MUST(n_sessions < MAX_SESSIONS);
	MUST(SSL_get_session(ssl) == s);
	sessions[n_sessions++] = s;
	return 1;
}

static int
server_new_session(SSL *ssl, SSL_SESSION *s)
{
	(void)ssl;
	(void)s;
	n_server_sessions++;
	return 0;
}

static void
drop_sessions(void)
{
	while (n_sessions > 0)
		SSL_SESSION_free(sessions[--n_sessions]);
}

static SSL_CTX *
client_ctx(const char *cert)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	char name[64];

	MUST(ctx != NULL);
	MUST(SSL_CTX_load_verify_locations(ctx, pki("ca.pem"), NULL) == 1);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	if (cert != NULL) {
		snprintf(name, sizeof(name), "%s.pem", cert);
		MUST(SSL_CTX_use_certificate_chain_file(ctx, pki(name)) == 1);
		snprintf(name, sizeof(name), "%s.key", cert);
		MUST(SSL_CTX_use_PrivateKey_file(ctx, pki(name),
		    SSL_FILETYPE_PEM) == 1);
	}
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT |
	    SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(ctx, client_new_session);
	return ctx;
}

/* Connections: both ends in one thread, on non-blocking sockets. */

struct pair {
	SSL *client;
	SSL *server;
	int fds[2];
};

static struct pair
pair_new(SSL_CTX *client, SSL_CTX *server)
{
	struct pair p;

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, p.fds) == 0);
	for (int i = 0; i < 2; i++)
		MUST(fcntl(p.fds[i], F_SETFL, O_NONBLOCK) == 0);
	MUST((p.client = SSL_new(client)) != NULL);
	MUST((p.server = SSL_new(server)) != NULL);
	MUST(SSL_set_fd(p.client, p.fds[0]) == 1);
	MUST(SSL_set_fd(p.server, p.fds[1]) == 1);
	return p;
}

/* Whether a call may be repeated. */
static int
wants(SSL *ssl, int rv)
{
	int e = SSL_get_error(ssl, rv);

	return e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE;
}

/* Reads whatever there is; what isn't application data is taken in. */
static int
drain(SSL *ssl)
{
	char buf[64];
	int rv;

	ERR_clear_error();
	while ((rv = SSL_read(ssl, buf, sizeof(buf))) > 0)
		;
	return wants(ssl, rv) ? 0 : -1;
}

/* Does the handshake of both; 1 if both succeed. */
static int
handshake(struct pair *p)
{
	int c = 0, s = 0;

	for (int i = 0; i < 2000 && !(c == 1 && s == 1); i++) {
		ERR_clear_error();
		if (c != 1 && (c = SSL_connect(p->client)) != 1 &&
		    !wants(p->client, c))
			return 0;
		ERR_clear_error();
		if (s != 1 && (s = SSL_accept(p->server)) != 1 &&
		    !wants(p->server, s))
			return 0;
		if (c == 1)
			drain(p->client);
	}
	return c == 1 && s == 1;
}

/* Sends a byte from the server, behind which everything before has come. */
static void
sync_client(struct pair *p)
{
	char c = 'x';
	int rv;

	ERR_clear_error();
	for (int i = 0; i < 2000; i++) {
		if ((rv = SSL_write(p->server, &c, 1)) == 1)
			break;
		MUST(wants(p->server, rv));
		drain(p->client);
	}
	for (int i = 0; i < 2000; i++) {
		if ((rv = SSL_read(p->client, &c, 1)) == 1)
			return;
		MUST(wants(p->client, rv));
	}
	die("sync_client");
}

/* The other way round. */
static void
sync_server(struct pair *p)
{
	char c = 'x';
	int rv;

	ERR_clear_error();
	MUST(SSL_write(p->client, &c, 1) == 1);
	for (int i = 0; i < 2000; i++) {
		if ((rv = SSL_read(p->server, &c, 1)) == 1)
			return;
		if (!wants(p->server, rv)) {
			printf("server: ");
			die("sync_server");
		}
		drain(p->client);
	}
	die("sync_server");
}

static void
pair_free(struct pair *p, int clean)
{
	if (clean) {
		SSL_shutdown(p->client);
		SSL_shutdown(p->server);
		SSL_shutdown(p->client);
	}
	SSL_free(p->client);
	SSL_free(p->server);
	close(p->fds[0]);
	close(p->fds[1]);
	ERR_clear_error();
}

/* How many sessions the client has got since the last time. */
static int seen;

static int
news(void)
{
	int n = n_sessions - seen;

	seen = n_sessions;
	return n;
}

static void
reset_news(void)
{
	drop_sessions();
	seen = 0;
	n_server_sessions = 0;
}

static const char *
subject(X509 *x)
{
	static char name[256];

	if (x == NULL)
		return "none";
	X509_NAME_oneline(X509_get_subject_name(x), name, sizeof(name));
	X509_free(x);
	return name;
}

/* One connection that takes in its tickets; s is offered. */
static struct pair
connected(SSL_CTX *c, SSL_CTX *s, SSL_SESSION *session)
{
	struct pair p = pair_new(c, s);

	if (session != NULL)
		MUST(SSL_set_session(p.client, session) == 1);
	MUST(handshake(&p));
	sync_client(&p);
	return p;
}

/* A session that a new connection has just brought. */
static SSL_SESSION *
fresh_session(SSL_CTX *c, SSL_CTX *s)
{
	struct pair p = connected(c, s, NULL);
	SSL_SESSION *session = SSL_get1_session(p.client);

	pair_free(&p, 1);
	return session;
}

/* 1.1 and 1.2: counts, and the functions. */

static void
row_counts(void)
{
	static const size_t counts[] = { 0, 1, 2, 3, 5, 20, 100 };

	for (size_t i = 0; i < LEN(counts); i++) {
		SSL_CTX *s = server_ctx(), *c = client_ctx(NULL);
		struct pair p;
		SSL_SESSION *session;

		reset_news();
		printf("1.1 n=%zu set %d", counts[i],
		    SSL_CTX_set_num_tickets(s, counts[i]));
		p = connected(c, s, NULL);
		printf(" full %d get %zu ctx %zu", news(),
		    SSL_get_num_tickets(p.server), SSL_CTX_get_num_tickets(s));
		session = SSL_get1_session(p.client);
		printf(" resumable %d", SSL_SESSION_is_resumable(session));
		pair_free(&p, 1);
		p = connected(c, s, session);
		printf(" reused %d %d resumed %d", SSL_session_reused(p.client),
		    SSL_session_reused(p.server), news());
		printf(" get %zu\n", SSL_get_num_tickets(p.server));
		SSL_SESSION_free(session);
		pair_free(&p, 1);
		SSL_CTX_free(s);
		SSL_CTX_free(c);
	}
}

static void
row_functions(void)
{
	SSL_CTX *s = server_ctx(), *c = client_ctx(NULL), *other = server_ctx();
	SSL *ssl;

	printf("1.2 defaults %zu %zu", SSL_CTX_get_num_tickets(s),
	    SSL_CTX_get_num_tickets(c));
	ssl = SSL_new(s);
	printf(" ssl %zu", SSL_get_num_tickets(ssl));
	printf(" ctx set %d", SSL_CTX_set_num_tickets(s, 7));
	printf(" ssl %zu", SSL_get_num_tickets(ssl));
	printf(" ssl set %d", SSL_set_num_tickets(ssl, (size_t)-1));
	printf(" ssl %zu ctx %zu", SSL_get_num_tickets(ssl),
	    SSL_CTX_get_num_tickets(s));
	SSL_CTX_set_num_tickets(other, 9);
	SSL_set_SSL_CTX(ssl, other);
	printf(" after SSL_set_SSL_CTX %zu", SSL_get_num_tickets(ssl));
	SSL_clear(ssl);
	printf(" after SSL_clear %zu", SSL_get_num_tickets(ssl));
	SSL_free(ssl);
	ssl = SSL_new(c);
	printf(" client set %d", SSL_set_num_tickets(ssl, 5));
	printf(" get %zu", SSL_get_num_tickets(ssl));
	printf(" errors %lu\n", ERR_peek_error());
	SSL_free(ssl);
	SSL_CTX_free(s);
	SSL_CTX_free(c);
	SSL_CTX_free(other);
}

/* 1.1 and 1.3: what else brings tickets, and when n is read. */

static int
set_in_callback(SSL *ssl, int *alert, void *arg)
{
	(void)alert;
	SSL_set_num_tickets(ssl, *(size_t *)arg);
	return SSL_TLSEXT_ERR_OK;
}

static void
row_events(void)
{
	SSL_CTX *s = server_ctx(), *c = client_ctx(NULL);
	size_t five = 5;
	struct pair p;
	int rv = 0;

	reset_news();
	p = connected(c, s, NULL);
	printf("1.1 handshake %d", news());
	SSL_set_num_tickets(p.server, 9);
	sync_server(&p);
	sync_client(&p);
	printf(" data and another n %d", news());
	printf(" key update %d",
	    SSL_key_update(p.server, SSL_KEY_UPDATE_REQUESTED));
	sync_client(&p);
	sync_server(&p);
	sync_client(&p);
	printf(" tickets %d", news());
	SSL_set_num_tickets(p.server, 0);
	for (int i = 0; i < 3; i++)
		rv += SSL_new_session_ticket(p.server);
	sync_client(&p);
	printf(" SSL_new_session_ticket %d tickets %d", rv, news());
	printf(" client %d", SSL_new_session_ticket(p.client));
	pair_free(&p, 1);

	p = pair_new(c, s);
	printf(" early %d", SSL_new_session_ticket(p.server));
	SSL_set_session(p.client, sessions[n_sessions - 1]);
	MUST(handshake(&p));
	sync_client(&p);
	printf(" reused %d tickets %d", SSL_session_reused(p.server), news());
	for (int i = 0; i < 3; i++)
		rv += SSL_new_session_ticket(p.server);
	sync_client(&p);
	printf(" SSL_new_session_ticket %d tickets %d\n", rv, news());
	pair_free(&p, 1);

	p = pair_new(c, s);
	SSL_accept(p.server);
	ERR_clear_error();
	SSL_connect(p.client);
	SSL_accept(p.server);
	SSL_set_num_tickets(p.server, 4);
	MUST(handshake(&p));
	sync_client(&p);
	printf("1.3 set before the client's Finished %d", news());
	pair_free(&p, 1);
	SSL_CTX_set_tlsext_servername_callback(s, set_in_callback);
	SSL_CTX_set_tlsext_servername_arg(s, &five);
	p = connected(c, s, NULL);
	printf(" in the server-name callback %d\n", news());
	pair_free(&p, 1);
	SSL_CTX_free(s);
	SSL_CTX_free(c);
}

/* 1.4: where tickets sit, on a transport that takes few of them. */

static void
row_blocked(void)
{
	SSL_CTX *s = server_ctx(), *c = client_ctx(NULL);
	struct pair p;
	int size = 1, rv;

	reset_news();
	SSL_CTX_set_num_tickets(s, 200);
	p = pair_new(c, s);
	MUST(setsockopt(p.fds[1], SOL_SOCKET, SO_SNDBUF, &size,
	    sizeof(size)) == 0);
	for (int i = 0; i < 2000; i++) {
		ERR_clear_error();
		rv = SSL_connect(p.client);
		if (rv == 1)
			break;
		SSL_accept(p.server);
	}
	rv = SSL_accept(p.server);
	printf("1.4 full transport %d error %d finished %d pending %d", rv,
	    SSL_get_error(p.server, rv), SSL_is_init_finished(p.server),
	    SSL_pending(p.client));
	SSL_set_num_tickets(p.server, 1);
	MUST(handshake(&p));
	sync_client(&p);
	printf(" lowered meanwhile %s\n", n_sessions < 200 ? "stops" : "goes on");
	pair_free(&p, 1);

	reset_news();
	SSL_CTX_set_num_tickets(s, 2);
	p = pair_new(c, s);
	for (int i = 0; i < 3; i++) {
		ERR_clear_error();
		if (SSL_connect(p.client) == 1)
			break;
		SSL_accept(p.server);
	}
	close(p.fds[0]);
	p.fds[0] = dup(0);
	ERR_clear_error();
	rv = SSL_accept(p.server);
	printf("1.4 peer gone %d", rv);
	rv = SSL_write(p.server, "x", 1);
	printf(" then %d %d\n", rv, SSL_get_error(p.server, rv));
	pair_free(&p, 0);
	SSL_CTX_free(s);
	SSL_CTX_free(c);
}

/* 1.5: fields of a ticket. */

static void
row_fields(void)
{
	static const long timeouts[] = { 7200, 300, 1000000, 0 };

	for (size_t i = 0; i < LEN(timeouts); i++) {
		SSL_CTX *s = server_ctx(), *c = client_ctx(NULL);
		struct pair p;

		reset_news();
		SSL_CTX_set_timeout(s, timeouts[i]);
		SSL_CTX_set_timeout(c, 77);
		p = connected(c, s, NULL);
		printf("1.5 timeout %ld hint %lu own %ld", timeouts[i],
		    SSL_SESSION_get_ticket_lifetime_hint(sessions[0]),
		    SSL_SESSION_get_timeout(sessions[0]));
		pair_free(&p, 1);
		SSL_CTX_set_timeout(s, 500);
		p = connected(c, s, sessions[0]);
		printf(" resumed %d hint %lu\n", SSL_session_reused(p.client),
		    SSL_SESSION_get_ticket_lifetime_hint(
		    sessions[n_sessions - 1]));
		pair_free(&p, 1);
		SSL_CTX_free(s);
		SSL_CTX_free(c);
	}
}

/* 1.6: the client's view. */

static int
reuse(SSL_CTX *c, SSL_CTX *s, SSL_SESSION *session)
{
	struct pair p = connected(c, s, session);
	int reused = SSL_session_reused(p.client);

	pair_free(&p, 1);
	return reused;
}

static SSL_SESSION *
copy_of(SSL_SESSION *s)
{
	unsigned char *der = NULL, *at;
	const unsigned char *in;
	SSL_SESSION *copy;
	int n = i2d_SSL_SESSION(s, NULL);

	MUST(n > 0 && (der = at = malloc(n)) != NULL);
	MUST(i2d_SSL_SESSION(s, &at) == n && at == der + n);
	in = der;
	MUST((copy = d2i_SSL_SESSION(NULL, &in, n)) != NULL && in == der + n);
	free(der);
	return copy;
}

static void
row_client(void)
{
	SSL_CTX *s = server_ctx(), *c = client_ctx(NULL), *off;
	SSL_SESSION *early, *copy, *dup;
	unsigned int id_len, other_len;
	struct pair p;
	int distinct = 1;
	size_t len;

	reset_news();
	SSL_CTX_set_num_tickets(s, 4);
	p = pair_new(c, s);
	printf("1.6 fresh session %d reused %d", SSL_get1_session(p.client) != NULL,
	    SSL_session_reused(p.client));
	for (int i = 0; SSL_connect(p.client) != 1; i++) {
		MUST(i < 2000);
		SSL_accept(p.server);
	}
	ERR_clear_error();
	early = SSL_get1_session(p.client);
	printf(" before tickets resumable %d has_ticket %d", SSL_SESSION_is_resumable(early),
	    SSL_SESSION_has_ticket(early));
	MUST(handshake(&p));
	sync_client(&p);
	printf(" callbacks %d early resumable %d newest %d", news(),
	    SSL_SESSION_is_resumable(early),
	    SSL_get_session(p.client) == sessions[n_sessions - 1]);
	for (int i = 0; i + 1 < n_sessions; i++)
		if (memcmp(SSL_SESSION_get_id(sessions[i], &id_len),
		    SSL_SESSION_get_id(sessions[i + 1], &other_len), 32) == 0)
			distinct = 0;
	SSL_SESSION_get0_ticket(sessions[0], NULL, &len);
	printf(" ids %u %u distinct %d ticket %d\n", id_len, other_len,
	    distinct, len > 0);
	pair_free(&p, 1);

	printf("1.6 early reused %d", reuse(c, s, early));
	copy = copy_of(sessions[3]);
	printf(" last %d", reuse(c, s, sessions[3]));
	printf(" resumable %d", SSL_SESSION_is_resumable(sessions[3]));
	printf(" again %d", reuse(c, s, sessions[3]));
	dup = SSL_SESSION_dup(sessions[3]);
	printf(" duplicate %d copy %d", SSL_SESSION_is_resumable(dup),
	    SSL_SESSION_is_resumable(copy));
	printf(" %d", reuse(c, s, copy));
	printf(" first %d", reuse(c, s, sessions[0]));
	printf(" second %d\n", reuse(c, s, sessions[1]));
	SSL_SESSION_free(copy);
	SSL_SESSION_free(dup);
	SSL_SESSION_free(early);

	off = client_ctx(NULL);
	SSL_CTX_set_session_cache_mode(off, SSL_SESS_CACHE_OFF);
	printf("1.6 cache off: %d", reuse(off, s, sessions[2]));
	printf(" %d", reuse(off, s, sessions[2]));
	printf(" resumable %d", SSL_SESSION_is_resumable(sessions[2]));
	reset_news();
	p = connected(off, s, NULL);
	early = SSL_get1_session(p.client);
	printf(" callbacks %d resumable %d", news(),
	    SSL_SESSION_is_resumable(early));
	pair_free(&p, 0);
	printf(" after SSL_free without shutdown %d\n",
	    SSL_SESSION_is_resumable(early));
	SSL_SESSION_free(early);

	p = connected(c, s, NULL);
	pair_free(&p, 0);
	printf("1.6 freed without shutdown:");
	for (int i = 0; i < n_sessions; i++)
		printf(" %d", SSL_SESSION_is_resumable(sessions[i]));
	printf("\n");

	p = connected(c, s, NULL);
	for (int i = 0; i < 2; i++) {
		SSL_shutdown(p.client);
		SSL_shutdown(p.server);
	}
	printf("1.6 SSL_clear %d", SSL_clear(p.client));
	SSL_clear(p.server);
	MUST(handshake(&p));
	printf(" reused %d\n", SSL_session_reused(p.client));
	pair_free(&p, 1);

	/* An offer that is refused. */
	reset_news();
	SSL_CTX_free(s);
	s = server_ctx();
	p = connected(c, s, NULL);
	pair_free(&p, 1);
	SSL_CTX_free(s);
	s = server_ctx();
	printf("1.6 other keys reused %d", reuse(c, s, sessions[0]));
	printf(" resumable %d\n", SSL_SESSION_is_resumable(sessions[0]));
	SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_CLIENT);
	reset_news();
	reuse(c, s, NULL);
	printf("1.6 internal store %ld", SSL_CTX_sess_number(c));
	reuse(c, s, sessions[1]);
	printf(" after one was used %ld\n", SSL_CTX_sess_number(c));
	SSL_CTX_free(s);
	SSL_CTX_free(c);
	SSL_CTX_free(off);
}

/* 1.8: post-handshake authentication. */

static int
allow(int ok, X509_STORE_CTX *store)
{
	(void)ok;
	(void)store;
	return 1;
}

/* Has the server ask and the client answer. */
static void
authenticate(struct pair *p)
{
	printf(" request %d", SSL_verify_client_post_handshake(p->server));
	printf(" again %d", SSL_verify_client_post_handshake(p->server));
	printf(" (%d)", reason());
	printf(" handshake %d", SSL_do_handshake(p->server));
	printf(" pending %d", SSL_verify_client_post_handshake(p->server));
	printf(" (%d)", reason());
	drain(p->client);
	sync_server(p);
	sync_client(p);
}

static void
identity(struct pair *p)
{
	printf(" peer %s result %ld\n",
	    subject(SSL_get1_peer_certificate(p->server)),
	    SSL_get_verify_result(p->server));
}

static void
row_post(const char *cert, SSL_verify_cb verify)
{
	SSL_CTX *s = server_ctx(), *c = client_ctx(cert);
	SSL_SESSION *anonymous, *known;
	struct pair p;

	reset_news();
	SSL_CTX_set_post_handshake_auth(c, 1);
	SSL_CTX_set_num_tickets(s, 3);
	p = connected(c, s, NULL);
	anonymous = sessions[0];
	SSL_SESSION_up_ref(anonymous);
	printf("1.8 %s: tickets %d", cert, news());
	identity(&p);
	printf("1.8 without a verify mode %d",
	    SSL_verify_client_post_handshake(p.server));
	printf(" (%d)\n", reason());
	SSL_set_verify(p.server, SSL_VERIFY_PEER, verify);
	printf("1.8");
	authenticate(&p);
	printf(" tickets %d", news());
	identity(&p);
	printf("1.8 once more");
	SSL_set_num_tickets(p.server, 1);
	authenticate(&p);
	printf(" tickets %d", news());
	identity(&p);
	printf("1.8 n set after the request");
	MUST(SSL_verify_client_post_handshake(p.server) == 1);
	MUST(SSL_do_handshake(p.server) == 1);
	SSL_set_num_tickets(p.server, 6);
	SSL_CTX_set_num_tickets(s, 8);
	drain(p.client);
	sync_server(&p);
	sync_client(&p);
	printf(" tickets %d", news());
	identity(&p);
	known = SSL_get1_session(p.client);
	pair_free(&p, 1);

	p = connected(c, s, known);
	printf("1.8 later ticket: reused %d tickets %d",
	    SSL_session_reused(p.server), news());
	identity(&p);
	SSL_set_verify(p.server, SSL_VERIFY_PEER, verify);
	printf("1.8 resumed");
	authenticate(&p);
	printf(" tickets %d", news());
	identity(&p);
	pair_free(&p, 1);
	p = connected(c, s, anonymous);
	printf("1.8 earlier ticket: reused %d", SSL_session_reused(p.server));
	identity(&p);
	pair_free(&p, 1);
	SSL_SESSION_free(known);
	SSL_SESSION_free(anonymous);
	SSL_CTX_free(s);
	SSL_CTX_free(c);
}

static SSL *watched;
static int n_watched, n_unchanged;

/* Allows everything, and looks at what is known meanwhile. */
static int
watch(int ok, X509_STORE_CTX *store)
{
	n_watched++;
	n_unchanged += SSL_get0_peer_certificate(watched) == NULL &&
	    SSL_get_verify_result(watched) == X509_V_OK;
	return allow(ok, store);
}

/* A blocking SSL_read that isn't to go on returns after an authentication, which it must not leave half done. */
static void
row_post_blocking(void)
{
	SSL_CTX *s = server_ctx(), *c = client_ctx("client");
	struct pair p;
	char byte = 'x';
	int rv;

	SSL_CTX_set_post_handshake_auth(c, 1);
	SSL_CTX_clear_mode(s, SSL_MODE_AUTO_RETRY);
	p = connected(c, s, NULL);
	SSL_set_verify(p.server, SSL_VERIFY_PEER, NULL);
	MUST(fcntl(p.fds[1], F_SETFL, 0) == 0);
	MUST(SSL_verify_client_post_handshake(p.server) == 1);
	MUST(SSL_do_handshake(p.server) == 1);
	drain(p.client);
	rv = SSL_read(p.server, &byte, 1);
	printf("1.8 blocking: %d error %d", rv, SSL_get_error(p.server, rv));
	identity(&p);
	MUST(SSL_key_update(p.client, SSL_KEY_UPDATE_NOT_REQUESTED) == 1);
	MUST(SSL_do_handshake(p.client) == 1);
	rv = SSL_read(p.server, &byte, 1);
	printf("1.8 blocking, key update: %d error %d\n", rv, SSL_get_error(p.server, rv));
	MUST(SSL_write(p.client, &byte, 1) == 1);
	rv = SSL_read(p.server, &byte, 1);
	printf("1.8 blocking, data: %d\n", rv);
	pair_free(&p, 1);
	SSL_CTX_free(s);
	SSL_CTX_free(c);
}

/*
 * The client's answer comes in two parts, of which the second ends with
 * Finished. In between OpenSSL shows the new certificate already, with its
 * verdict; what may not be is one without the other.
 */
static void
row_post_halves(void)
{
	SSL_CTX *s = server_ctx(), *c = client_ctx("client-untrusted");
	static unsigned char answer[1 << 15];
	X509 *peer;
	struct pair p, q;
	char buf[8];
	size_t len, last = 0;
	int rv;

	reset_news();
	SSL_CTX_set_post_handshake_auth(c, 1);
	p = connected(c, s, NULL);
	watched = p.server;
	n_watched = n_unchanged = 0;
	SSL_set_verify(p.server, SSL_VERIFY_PEER, watch);
	MUST(SSL_verify_client_post_handshake(p.server) == 1);
	MUST(SSL_do_handshake(p.server) == 1);
	drain(p.client);
	MUST((rv = read(p.fds[1], answer, sizeof(answer))) > 0);
	len = rv;
	for (size_t at = 0; at < len; at += 5 + (answer[at + 3] << 8) +
	    answer[at + 4])
		last = at;
	MUST(last > 0);
	MUST(write(p.fds[0], answer, last) == (ssize_t)last);
	rv = SSL_read(p.server, buf, 1);
	printf("1.8 half of it: %d error %d", rv, SSL_get_error(p.server, rv));
	peer = SSL_get1_peer_certificate(p.server);
	printf(" together %d", (peer != NULL) ==
	    (SSL_get_verify_result(p.server) != X509_V_OK));
	X509_free(peer);
	printf(" in init %d", SSL_in_init(p.server));
	printf(" ticket %d", SSL_new_session_ticket(p.server));
	rv = SSL_verify_client_post_handshake(p.server);
	printf(" request %d (%d)", rv, reason());
	rv = SSL_key_update(p.server, SSL_KEY_UPDATE_NOT_REQUESTED);
	printf(" key update %d (%d)", rv, reason());
	rv = SSL_shutdown(p.server);
	printf(" shutdown %d (%d)", rv, reason());
	rv = SSL_write(p.server, "x", 1);
	printf(" write %d error %d\n", rv, SSL_get_error(p.server, rv));
	MUST(write(p.fds[0], answer + last, len - last) == (ssize_t)(len - last));
	printf("1.8 whole: write %d", SSL_write(p.server, "x", 1));
	printf(" callbacks %d of %d", n_unchanged, n_watched);
	identity(&p);
	printf("1.8 in init %d", SSL_in_init(p.server));
	printf(" ticket %d", SSL_new_session_ticket(p.server));
	sync_client(&p);
	drain(p.client);
	printf(" tickets %d\n", news());
	pair_free(&p, 1);
	for (int i = 0, n = n_sessions; i < n; i++) {
		q = connected(c, s, sessions[i]);
		printf("1.8 ticket %d: reused %d", i,
		    SSL_session_reused(q.server));
		identity(&q);
		pair_free(&q, 1);
	}
	reset_news();
	SSL_CTX_free(s);
	SSL_CTX_free(c);
}

static void
row_post_refusals(void)
{
	SSL_CTX *s = server_ctx(), *c = client_ctx(NULL);
	struct pair p;
	char byte;
	int rv;

	reset_news();
	p = pair_new(c, s);
	SSL_set_verify(p.server, SSL_VERIFY_PEER, NULL);
	SSL_set_accept_state(p.server);
	printf("1.8 before the handshake %d",
	    SSL_verify_client_post_handshake(p.server));
	printf(" (%d)", reason());
	MUST(handshake(&p));
	printf(" client %d", SSL_verify_client_post_handshake(p.client));
	printf(" (%d)", reason());
	printf(" not offered %d", SSL_verify_client_post_handshake(p.server));
	printf(" (%d)", reason());
	sync_client(&p);
	sync_server(&p);
	printf(" unharmed\n");
	pair_free(&p, 1);

	p = pair_new(c, s);
	SSL_set_max_proto_version(p.server, TLS1_2_VERSION);
	SSL_set_verify(p.server, SSL_VERIFY_PEER, NULL);
	MUST(handshake(&p));
	printf("1.8 TLS 1.2 %d", SSL_verify_client_post_handshake(p.server));
	printf(" (%d)\n", reason());
	pair_free(&p, 1);

	/* No certificate: optional, then required. */
	reset_news();
	SSL_CTX_set_post_handshake_auth(c, 1);
	SSL_CTX_set_verify(s, SSL_VERIFY_PEER | SSL_VERIFY_POST_HANDSHAKE, NULL);
	p = connected(c, s, NULL);
	printf("1.8 post-handshake mode: tickets %d", news());
	identity(&p);
	printf("1.8 no certificate");
	authenticate(&p);
	printf(" tickets %d", news());
	identity(&p);
	SSL_set_verify(p.server, SSL_VERIFY_PEER |
	    SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	MUST(SSL_verify_client_post_handshake(p.server) == 1);
	MUST(SSL_do_handshake(p.server) == 1);
	drain(p.client);
	rv = SSL_read(p.server, &byte, 1);
	printf("1.8 required %d error %d", rv, SSL_get_error(p.server, rv));
	printf(" (%d)", reason());
	rv = SSL_read(p.client, &byte, 1);
	printf(" client %d error %d", rv, SSL_get_error(p.client, rv));
	printf(" (%d) tickets %d\n", reason(), news());
	pair_free(&p, 0);

	/* A bad one, refused. */
	SSL_CTX_free(c);
	c = client_ctx("client-untrusted");
	SSL_CTX_set_post_handshake_auth(c, 1);
	p = connected(c, s, NULL);
	reset_news();
	MUST(SSL_verify_client_post_handshake(p.server) == 1);
	MUST(SSL_do_handshake(p.server) == 1);
	drain(p.client);
	rv = SSL_read(p.server, &byte, 1);
	printf("1.8 untrusted %d error %d", rv, SSL_get_error(p.server, rv));
	printf(" (%d)", reason());
	printf(" result %ld", SSL_get_verify_result(p.server));
	rv = SSL_read(p.client, &byte, 1);
	printf(" client %d error %d", rv, SSL_get_error(p.client, rv));
	printf(" (%d) tickets %d\n", reason(), news());
	pair_free(&p, 0);
	SSL_CTX_free(s);
	SSL_CTX_free(c);
}

/* In the handshake: the certificate travels in the ticket. */
static void
row_client_auth(int version, const char *cert, SSL_verify_cb verify)
{
	SSL_CTX *s = server_ctx(), *c = client_ctx(cert);
	SSL_SESSION *session;
	struct pair p;

	reset_news();
	SSL_CTX_set_max_proto_version(s, version);
	SSL_CTX_set_verify(s, SSL_VERIFY_PEER |
	    SSL_VERIFY_FAIL_IF_NO_PEER_CERT, verify);
	p = connected(c, s, NULL);
	printf("1.8 %s in %s: tickets %d", cert, SSL_get_version(p.client),
	    news());
	identity(&p);
	session = SSL_get1_session(p.client);
	pair_free(&p, 1);
	p = connected(c, s, session);
	printf("1.8 reused %d tickets %d", SSL_session_reused(p.server), news());
	identity(&p);
	pair_free(&p, 1);
	SSL_SESSION_free(session);
	SSL_CTX_free(s);
	SSL_CTX_free(c);
}

/* 2.1: TLS 1.2. */

static void
row_tls12(void)
{
	static const size_t counts[] = { 0, 2, 5 };

	for (size_t i = 0; i < 2 * LEN(counts); i++) {
		SSL_CTX *s = server_ctx(), *c = client_ctx(NULL);
		SSL_SESSION *session;
		struct pair p;

		reset_news();
		SSL_CTX_set_max_proto_version(s, TLS1_2_VERSION);
		SSL_CTX_set_num_tickets(s, counts[i / 2]);
		SSL_CTX_set_timeout(s, 1000000);
		SSL_CTX_sess_set_new_cb(s, server_new_session);
		if (i % 2 == 1)
			SSL_CTX_set_options(s, SSL_OP_NO_TICKET);
		p = connected(c, s, NULL);
		session = SSL_get1_session(p.client);
		printf("2.1 n=%zu %s: new %d server %d resumable %d has_ticket %d"
		    " hint %lu stored %ld", counts[i / 2],
		    i % 2 == 1 ? "NO_TICKET" : "tickets", news(),
		    n_server_sessions,
		    SSL_SESSION_is_resumable(session),
		    SSL_SESSION_has_ticket(session),
		    SSL_SESSION_get_ticket_lifetime_hint(session),
		    SSL_CTX_sess_number(s));
		printf(" new ticket %d", SSL_new_session_ticket(p.server));
		pair_free(&p, 1);
		p = connected(c, s, session);
		printf(" reused %d new %d server %d", SSL_session_reused(p.server),
		    news(), n_server_sessions);
		pair_free(&p, 1);
		printf(" again %d\n", reuse(c, s, session));
		SSL_SESSION_free(session);
		SSL_CTX_free(s);
		SSL_CTX_free(c);
	}
}

/* 2.2 and 2.3: stateful tickets and cache modes. */

static void
row_stateful(int version)
{
	static const struct {
		const char *name;
		long mode;
	} modes[] = {
		{ "SERVER", SSL_SESS_CACHE_SERVER },
		{ "BOTH", SSL_SESS_CACHE_BOTH },
		{ "OFF", SSL_SESS_CACHE_OFF },
		{ "CLIENT", SSL_SESS_CACHE_CLIENT },
		{ "NO_INTERNAL", SSL_SESS_CACHE_SERVER | SSL_SESS_CACHE_NO_INTERNAL },
	};

	for (size_t i = 0; i < 2 * LEN(modes); i++) {
		SSL_CTX *s = server_ctx(), *c = client_ctx(NULL);
		SSL_SESSION *session;
		struct pair p;
		size_t len;

		reset_news();
		SSL_CTX_set_max_proto_version(s, version);
		SSL_CTX_set_num_tickets(s, 3);
		SSL_CTX_set_session_cache_mode(s, modes[i / 2].mode);
		SSL_CTX_sess_set_new_cb(s, server_new_session);
		if (i % 2 == 1)
			SSL_CTX_set_options(s, SSL_OP_NO_TICKET);
		p = connected(c, s, NULL);
		session = SSL_get1_session(p.client);
		SSL_SESSION_get0_ticket(session, NULL, &len);
		printf("2.3 %s %s %s: tickets %d server %d stored %ld stateful %d",
		    SSL_get_version(p.client), modes[i / 2].name,
		    i % 2 == 1 ? "NO_TICKET" : "tickets", news(),
		    n_server_sessions, SSL_CTX_sess_number(s), len == 32);
		pair_free(&p, 1);
		p = connected(c, s, session);
		printf(" reused %d tickets %d server %d stored %ld",
		    SSL_session_reused(p.server), news(), n_server_sessions,
		    SSL_CTX_sess_number(s));
		pair_free(&p, 1);
		printf(" hits %ld", SSL_CTX_sess_hits(s));
		/* In TLS 1.2 OpenSSL also misses ids that stand for none. */
		if (version == TLS1_3_VERSION)
			printf(" misses %ld", SSL_CTX_sess_misses(s));
		printf("\n");
		SSL_SESSION_free(session);
		SSL_CTX_free(s);
		SSL_CTX_free(c);
	}
}

static void
row_store(void)
{
	SSL_CTX *s = server_ctx(), *c = client_ctx(NULL);
	SSL_SESSION *copy;
	struct pair p;

	reset_news();
	SSL_CTX_set_options(s, SSL_OP_NO_TICKET);
	p = connected(c, s, NULL);
	copy = copy_of(sessions[0]);
	pair_free(&p, 1);
	printf("2.2 stateful %d", reuse(c, s, sessions[0]));
	printf(" the same ticket again %d", reuse(c, s, copy));
	printf(" stored %ld", SSL_CTX_sess_number(s));
	p = connected(c, s, NULL);
	pair_free(&p, 0);
	printf(" freed badly %ld", SSL_CTX_sess_number(s));
	SSL_CTX_set_timeout(s, 1);
	SSL_CTX_flush_sessions(s, 0);
	printf(" flushed %ld", SSL_CTX_sess_number(s));
	printf(" reused %d\n", reuse(c, s, copy));
	SSL_SESSION_free(copy);
	printf("2.2 size was %ld", SSL_CTX_sess_set_cache_size(s, 3));
	SSL_CTX_set_num_tickets(s, 5);
	p = connected(c, s, NULL);
	printf(" now %ld bounded %d full %d\n", SSL_CTX_sess_get_cache_size(s),
	    SSL_CTX_sess_number(s) <= 3, SSL_CTX_sess_cache_full(s) > 0);
	pair_free(&p, 1);

	/* The option on a client. */
	SSL_CTX_free(s);
	s = server_ctx();
	SSL_CTX_set_options(c, SSL_OP_NO_TICKET);
	reset_news();
	p = connected(c, s, NULL);
	printf("2.2 client's NO_TICKET in 1.3: tickets %d", news());
	pair_free(&p, 1);
	printf(" reused %d", reuse(c, s, sessions[0]));
	SSL_CTX_set_max_proto_version(s, TLS1_2_VERSION);
	reset_news();
	p = connected(c, s, NULL);
	printf(" in 1.2: new %d has_ticket %d", news(),
	    SSL_SESSION_has_ticket(SSL_get_session(p.client)));
	pair_free(&p, 1);
	printf(" reused %d\n", reuse(c, s, sessions[0]));
	SSL_CTX_free(s);
	SSL_CTX_free(c);
}

/* 2.4 and 2.6: keys, context, expiry. */

static void
row_acceptance(void)
{
	SSL_CTX *s = server_ctx(), *other = server_ctx(), *c = client_ctx(NULL);
	unsigned char keys[80], got[80];
	SSL_SESSION *session;
	struct pair p;
	int rv;

	for (size_t i = 0; i < sizeof(keys); i++)
		keys[i] = i;
	printf("2.4 length %ld", SSL_CTX_set_tlsext_ticket_keys(s, NULL, 0));
	printf(" wrong %ld", SSL_CTX_set_tlsext_ticket_keys(s, keys, 48));
	printf(" (%d)", reason());
	printf(" set %ld", SSL_CTX_set_tlsext_ticket_keys(s, keys, 80));
	SSL_CTX_set_tlsext_ticket_keys(other, keys, 80);
	printf(" get %ld", SSL_CTX_get_tlsext_ticket_keys(s, got, 80));
	printf(" same %d", memcmp(keys, got, 80) == 0);
	session = fresh_session(c, s);
	printf(" other server %d\n", reuse(c, other, session));
	SSL_SESSION_free(session);

	session = fresh_session(c, s);
	SSL_CTX_set_session_id_context(other, (const void *)"else", 4);
	printf("2.6 other context %d", reuse(c, other, session));
	SSL_SESSION_free(session);
	SSL_CTX_set_session_id_context(s, (const void *)"", 0);
	session = fresh_session(c, s);
	SSL_CTX_set_verify(s, SSL_VERIFY_PEER, NULL);
	p = pair_new(c, s);
	SSL_set_session(p.client, session);
	rv = handshake(&p);
	printf(" no context %d", rv);
	printf(" (%d)\n", reason());
	pair_free(&p, 0);
	SSL_SESSION_free(session);

	SSL_CTX_set_session_id_context(s, (const void *)"rows", 4);
	SSL_CTX_set_verify(s, SSL_VERIFY_NONE, NULL);
	session = fresh_session(c, s);
	SSL_CTX_set_max_proto_version(s, TLS1_2_VERSION);
	printf("2.6 other version %d", reuse(c, s, session));
	SSL_SESSION_free(session);
	SSL_CTX_set_max_proto_version(s, 0);
	session = fresh_session(c, s);
	SSL_SESSION_set_time(session, SSL_SESSION_get_time(session) - 7100);
	printf(" aged within the hint %d", reuse(c, s, session));
	SSL_SESSION_free(session);
	session = fresh_session(c, s);
	SSL_SESSION_set_time(session, SSL_SESSION_get_time(session) - 7300);
	printf(" beyond it %d", reuse(c, s, session));
	SSL_SESSION_free(session);
	session = fresh_session(c, s);
	SSL_CTX_set_ciphersuites(c, "TLS_AES_128_GCM_SHA256");
	printf(" other hash %d", reuse(c, s, session));
	SSL_SESSION_free(session);
	session = fresh_session(c, s);
	SSL_CTX_set_ciphersuites(c, "TLS_CHACHA20_POLY1305_SHA256");
	printf(" same hash %d\n", reuse(c, s, session));
	SSL_SESSION_free(session);
	SSL_CTX_free(s);
	SSL_CTX_free(other);
	SSL_CTX_free(c);
}

static int
take_name(SSL *ssl, int *alert, void *arg)
{
	(void)ssl;
	(void)alert;
	(void)arg;
	return SSL_TLSEXT_ERR_OK;
}

static int
select_alpn(SSL *ssl, const unsigned char **out, unsigned char *outlen,
    const unsigned char *in, unsigned int inlen, void *arg)
{
	static const unsigned char ours[] = "\2h2\10http/1.1";
	unsigned char *selected;

	(void)ssl;
	(void)arg;
	if (SSL_select_next_proto(&selected, outlen, ours, sizeof(ours) - 1, in,
	    inlen) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = selected;
	return SSL_TLSEXT_ERR_OK;
}

static void
row_names(int version)
{
	SSL_CTX *s = server_ctx(), *c = client_ctx(NULL);
	const unsigned char *alpn;
	unsigned int len;
	SSL_SESSION *session;
	struct pair p;
	int rv;

	reset_news();
	SSL_CTX_set_max_proto_version(s, version);
	SSL_CTX_set_tlsext_servername_callback(s, take_name);
	SSL_CTX_set_alpn_select_cb(s, select_alpn, NULL);
	SSL_CTX_set_alpn_protos(c, (const void *)"\10http/1.1\2h2", 12);
	p = pair_new(c, s);
	SSL_set_tlsext_host_name(p.client, "server.test");
	MUST(SSL_set1_host(p.client, "server.test") == 1);
	MUST(handshake(&p));
	sync_client(&p);
	SSL_get0_alpn_selected(p.client, &alpn, &len);
	printf("2.6 %s name %s %s alpn %.*s", SSL_get_version(p.client),
	    SSL_get_servername(p.client, TLSEXT_NAMETYPE_host_name),
	    SSL_get_servername(p.server, TLSEXT_NAMETYPE_host_name), len, alpn);
	session = SSL_get1_session(p.client);
	pair_free(&p, 1);
	p = pair_new(c, s);
	SSL_set_tlsext_host_name(p.client, "other.test");
	SSL_set_alpn_protos(p.client, (const void *)"\2h2", 3);
	SSL_set_session(p.client, session);
	MUST(handshake(&p));
	SSL_get0_alpn_selected(p.client, &alpn, &len);
	printf(" resumed %d name %s alpn %.*s\n", SSL_session_reused(p.server),
	    SSL_get_servername(p.server, TLSEXT_NAMETYPE_host_name), len, alpn);
	pair_free(&p, 1);
	SSL_SESSION_free(session);

	p = pair_new(c, s);
	MUST(SSL_set1_host(p.client, "other.test") == 1);
	rv = handshake(&p);
	printf("5 wrong name %d (%d)", rv, reason());
	printf(" result %ld\n", SSL_get_verify_result(p.client));
	pair_free(&p, 0);
	p = pair_new(c, s);
	SSL_set_alpn_protos(p.client, (const void *)"\3foo", 4);
	rv = handshake(&p);
	printf("5 no protocol %d (%d)\n", rv, reason());
	pair_free(&p, 0);
	SSL_CTX_free(s);
	SSL_CTX_free(c);
}

/* 5: conventions. */

static void
row_conventions(void)
{
	SSL_CTX *s = server_ctx(), *c = client_ctx(NULL);
	char buf[64] = "";
	struct pair p;
	FILE *fp;
	SSL_SESSION *session;
	SSL *ssl;
	int rv;

	printf("5 options %lx", (unsigned long)SSL_CTX_get_options(s));
	printf(" set %lx", (unsigned long)SSL_CTX_set_options(s, SSL_OP_NO_TICKET));
	printf(" clear %lx", (unsigned long)SSL_CTX_clear_options(s, SSL_OP_NO_TICKET));
	printf(" mode %lx", (long)SSL_CTX_get_mode(s));
	printf(" %lx", (long)SSL_CTX_set_mode(s, SSL_MODE_ENABLE_PARTIAL_WRITE));
	printf(" cleared %lx", (long)SSL_CTX_clear_mode(s, SSL_MODE_ENABLE_PARTIAL_WRITE));
	printf(" cache %ld", (long)SSL_CTX_set_session_cache_mode(s,
	    SSL_SESS_CACHE_BOTH));
	printf(" %ld", (long)SSL_CTX_set_session_cache_mode(s,
	    SSL_SESS_CACHE_SERVER));
	printf(" size %ld", (long)SSL_CTX_sess_set_cache_size(s, 20480));
	printf(" timeout %ld", SSL_CTX_set_timeout(s, 300));
	printf(" %ld\n", SSL_CTX_set_timeout(s, 7200));
	printf("5 alpn %d", SSL_CTX_set_alpn_protos(c, (const void *)"\2h2", 3));
	printf(" %d", SSL_CTX_set_alpn_protos(c, (const void *)"\5h2", 3));
	printf(" %d", SSL_CTX_set_alpn_protos(c, NULL, 0));
	memset(buf, 'x', sizeof(buf));
	rv = SSL_CTX_set_session_id_context(s, (void *)buf, 33);
	printf(" context %d (%d)", rv, reason());
	printf(" versions %ld", (long)SSL_CTX_set_min_proto_version(c, 5));
	printf(" %ld", (long)SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION));
	printf(" %ld", (long)SSL_CTX_get_min_proto_version(c));
	printf(" %ld", (long)SSL_CTX_set_min_proto_version(c, 0));
	printf(" %ld\n", (long)SSL_CTX_get_min_proto_version(c));
	rv = SSL_CTX_use_PrivateKey_file(s, pki("client.key"), SSL_FILETYPE_PEM);
	printf("5 other key %d (%d)", rv, reason());
	rv = SSL_CTX_load_verify_locations(s, NULL, NULL);
	printf(" no locations %d (%d)", rv, reason());
	rv = SSL_CTX_load_verify_locations(s, pki("empty.pem"), NULL);
	printf(" empty %d (%d)", rv, reason());
	rv = SSL_CTX_use_certificate_file(s, pki("missing"), SSL_FILETYPE_PEM);
	printf(" missing %d", rv);
	printf(" %d\n", ERR_GET_LIB(ERR_peek_error()));
	reason();

	ssl = SSL_new(c);
	printf("5 fresh: session %d set %d reused %d result %ld version %s fd %d"
	    " before %d", SSL_get1_session(ssl) != NULL,
	    SSL_set_session(ssl, NULL), SSL_session_reused(ssl),
	    SSL_get_verify_result(ssl), SSL_get_version(ssl), SSL_get_fd(ssl),
	    SSL_in_before(ssl));
	SSL_free(ssl);
	SSL_CTX_free(c);
	c = SSL_CTX_new(TLS_method());
	ssl = SSL_new(c);
	ERR_clear_error();
	rv = SSL_read(ssl, buf, 1);
	printf(" read %d %d", rv, SSL_get_error(ssl, rv));
	printf(" (%d)", reason());
	rv = SSL_write(ssl, buf, 1);
	printf(" write %d (%d)", rv, reason());
	rv = SSL_shutdown(ssl);
	printf(" shutdown %d (%d)", rv, reason());
	rv = SSL_do_handshake(ssl);
	printf(" handshake %d (%d)", rv, reason());
	rv = SSL_set_tlsext_host_name(ssl, "");
	printf(" name %d (%d)\n", rv, reason());
	SSL_free(ssl);
	SSL_CTX_free(c);

	c = client_ctx(NULL);
	reset_news();
	p = connected(c, s, NULL);
	rv = SSL_read(p.client, buf, 0);
	printf("5 read nothing %d", rv > 0);
	ERR_clear_error();
	printf(" shutdown %d", SSL_shutdown(p.server));
	rv = SSL_read(p.client, buf, 1);
	printf(" read %d %d state %d", rv, SSL_get_error(p.client, rv),
	    SSL_get_shutdown(p.client));
	rv = SSL_write(p.client, "abc", 3);
	printf(" half closed write %d", rv);
	rv = SSL_write(p.server, buf, 1);
	printf(" own %d (%d)", rv, reason());
	rv = SSL_shutdown(p.server);
	printf(" data behind %d %d", rv, SSL_get_error(p.server, rv));
	printf(" (%d)", reason());
	ERR_clear_error();
	memset(buf, 0, 3);
	rv = SSL_read(p.server, buf, 3);
	printf(" all or none %d", rv == -1 ||
	    (rv == 3 && memcmp(buf, "abc", 3) == 0));
	printf(" peer's %d\n", SSL_shutdown(p.client));
	pair_free(&p, 0);

	p = connected(c, s, NULL);
	rv = SSL_shutdown(p.client);
	printf("5 shutdown %d", rv);
	rv = SSL_shutdown(p.client);
	printf(" %d %d", rv, SSL_get_error(p.client, rv));
	rv = SSL_shutdown(p.server);
	printf(" peer's %d", rv);
	rv = SSL_shutdown(p.server);
	printf(" %d", rv);
	rv = SSL_shutdown(p.client);
	printf(" then %d states %d %d\n", rv, SSL_get_shutdown(p.client),
	    SSL_get_shutdown(p.server));
	pair_free(&p, 0);

	for (int ignore = 0; ignore < 2; ignore++) {
		p = connected(c, s, NULL);
		if (ignore)
			SSL_set_options(p.client, SSL_OP_IGNORE_UNEXPECTED_EOF);
		shutdown(p.fds[1], SHUT_RDWR);
		rv = SSL_read(p.client, buf, 1);
		printf("5 end of file %d %d", rv, SSL_get_error(p.client, rv));
		printf(" (%d)\n", reason());
		pair_free(&p, 0);
	}

	/* A peek, a rest, a large write. */
	p = connected(c, s, NULL);
	MUST(SSL_write(p.server, "abc", 3) == 3);
	printf("5 pending %d", SSL_pending(p.client));
	rv = SSL_peek(p.client, buf, 2);
	printf(" peek %d %.2s pending %d", rv, buf, SSL_pending(p.client));
	rv = SSL_read(p.client, buf, 1);
	printf(" read %d %.1s pending %d", rv, buf, SSL_pending(p.client));
	rv = SSL_read(p.client, buf, 9);
	printf(" rest %d %.2s\n", rv, buf);
	{
		static char big[1 << 20], in[1 << 20];
		size_t got = 0, blocked = 0;

		for (size_t i = 0; i < sizeof(big); i++)
			big[i] = i * 7;
		do {
			rv = SSL_write(p.server, big, sizeof(big));
			if (rv != sizeof(big)) {
				MUST(wants(p.server, rv));
				blocked++;
			}
			for (int n; (n = SSL_read(p.client, in + got,
			    sizeof(in) - got)) > 0;)
				got += n;
			ERR_clear_error();
		} while (rv != sizeof(big));
		while (got < sizeof(in) && (rv = SSL_read(p.client, in + got,
		    sizeof(in) - got)) > 0)
			got += rv;
		printf("5 big write blocked %d same %d", blocked > 0,
		    memcmp(big, in, sizeof(in)) == 0);
		while ((rv = SSL_write(p.server, big, sizeof(big))) > 0)
			;
		MUST(wants(p.server, rv));
		rv = SSL_write(p.server, big + 1, sizeof(big));
		printf(" other retry %d (%d)\n", rv, reason());
	}
	printf("5 cipher %s %s bits %d %s\n", SSL_get_cipher_name(p.client),
	    SSL_CIPHER_standard_name(SSL_get_current_cipher(p.client)),
	    SSL_get_cipher_bits(p.client, NULL), SSL_get_cipher_version(p.client));
	printf("5 state %s\n", SSL_state_string_long(p.client));
	session = SSL_get1_session(p.client);
	pair_free(&p, 1);

	/* PEM, with something before and behind. */
	MUST((fp = tmpfile()) != NULL);
	fprintf(fp, "text\n");
	printf("3.5 PEM %d", PEM_write_SSL_SESSION(fp, session));
	MUST(PEM_write_SSL_SESSION(fp, session) == 1);
	rewind(fp);
	SSL_SESSION_free(session);
	session = PEM_read_SSL_SESSION(fp, NULL, NULL, NULL);
	printf(" read %d", session != NULL);
	printf(" version %x", SSL_SESSION_get_protocol_version(session));
	printf(" reused %d", reuse(c, s, session));
	SSL_SESSION_free(session);
	session = PEM_read_SSL_SESSION(fp, NULL, NULL, NULL);
	printf(" second %d", session != NULL);
	SSL_SESSION_free(session);
	session = PEM_read_SSL_SESSION(fp, NULL, NULL, NULL);
	printf(" third %d (%d)\n", session != NULL, reason());
	fclose(fp);
	SSL_CTX_free(s);
	SSL_CTX_free(c);
}

static int calls[16], n_calls;

static int
note_verify(int ok, X509_STORE_CTX *store)
{
	(void)store;
	if (n_calls < (int)LEN(calls))
		calls[n_calls++] = ok;
	return 1;
}

static void
row_verify(const char *cert, const char *host)
{
	SSL_CTX *s = server_ctx(), *c = client_ctx(NULL);
	char name[64];
	struct pair p;
	int rv;

	SSL_CTX_free(s);
	MUST((s = SSL_CTX_new(TLS_server_method())) != NULL);
	snprintf(name, sizeof(name), "%s.pem", cert);
	MUST(SSL_CTX_use_certificate_chain_file(s, pki(name)) == 1);
	snprintf(name, sizeof(name), "%s.key", cert);
	MUST(SSL_CTX_use_PrivateKey_file(s, pki(name), SSL_FILETYPE_PEM) == 1);
	for (int mode = 0; mode < 3; mode++) {
		reset_news();
		n_calls = 0;
		SSL_CTX_set_verify(c, mode == 0 ? SSL_VERIFY_NONE :
		    SSL_VERIFY_PEER, mode == 2 ? note_verify : NULL);
		p = pair_new(c, s);
		if (host != NULL)
			MUST(SSL_set1_host(p.client, host) == 1);
		ERR_clear_error();
		rv = handshake(&p);
		printf("5 verify %s%s%s mode %d: %d (%d)", cert,
		    host != NULL ? " for " : "", host != NULL ? host : "", mode,
		    rv, reason());
		printf(" result %ld calls", SSL_get_verify_result(p.client));
		for (int i = 0; i < n_calls; i++)
			printf(" %d", calls[i]);
		rv = SSL_accept(p.server);
		if (mode == 1)
			printf(" server %d (%d)", rv, reason());
		ERR_clear_error();
		if (mode != 1) {
			SSL_SESSION *session;

			sync_client(&p);
			session = SSL_get1_session(p.client);
			pair_free(&p, 1);
			p = connected(c, s, session);
			printf(" resumed %d result %ld",
			    SSL_session_reused(p.client),
			    SSL_get_verify_result(p.client));
			SSL_SESSION_free(session);
		}
		printf("\n");
		pair_free(&p, 0);
	}
	SSL_CTX_free(s);
	SSL_CTX_free(c);
}


/* 6: the queue of errors. */

static SSL_CTX *spare;

/* Puts an error on the queue, that of an unknown cipher. */
static void
stain(void)
{
	ERR_clear_error();
	SSL_CTX_set_cipher_list(spare, "unknown");
	MUST(ERR_peek_error() != 0);
}

static void
print_queue(void)
{
	unsigned long e;

	for (int i = 0; i < 16 && (e = ERR_get_error()) != 0; i++)
		printf(" (%d)", ERR_GET_REASON(e));
}

/* What a call gave that found that error there, and what is there now. */
static void
told(const char *name, SSL *ssl, int rv)
{
	printf("; %s %d error %d", name, rv, SSL_get_error(ssl, rv));
	print_queue();
}

#define TOLD(name, ssl, call) do {					\
	int result;							\
	stain();							\
	result = (call);						\
	told(name, ssl, result);					\
} while (0)

/* The same with a queue that was empty. */
#define TELLS(name, ssl, call) do {					\
	int result;							\
	ERR_clear_error();						\
	result = (call);						\
	told(name, ssl, result);					\
} while (0)

/* The same for functions of no connection. */
static void
queued(const char *name, int rv)
{
	printf("; %s %d", name, rv);
	print_queue();
}

#define QUEUED(name, call) do {						\
	int result;							\
	stain();							\
	result = (call);						\
	queued(name, result);						\
} while (0)

static void
row_queue(int version)
{
	SSL_CTX *s = server_ctx(), *c = client_ctx("client");
	char buf[64] = "";
	struct pair p;
	SSL *ssl;

	SSL_CTX_set_max_proto_version(s, version);
	SSL_CTX_set_post_handshake_auth(c, 1);
	p = pair_new(c, s);
	printf("6 queue in init");
	ssl = SSL_new(spare);
	TOLD("do_handshake without a role", ssl, SSL_do_handshake(ssl));
	TOLD("read without a role", ssl, SSL_read(ssl, buf, 1));
	SSL_free(ssl);
	TOLD("connect", p.client, SSL_connect(p.client));
	TOLD("again", p.client, SSL_do_handshake(p.client));
	TOLD("read", p.client, SSL_read(p.client, buf, 1));
	TOLD("peek", p.client, SSL_peek(p.client, buf, 1));
	TOLD("write", p.client, SSL_write(p.client, "x", 1));
	TOLD("shutdown", p.client, SSL_shutdown(p.client));
	TOLD("accept", p.server, SSL_accept(p.server));
	ERR_clear_error();
	if (version == TLS1_2_VERSION) {
		/* The client has to take part before the server is done. */
		TOLD("connect", p.client, SSL_connect(p.client));
		ERR_clear_error();
		SSL_accept(p.server);
	}
	TOLD("connect", p.client, SSL_connect(p.client));
	TOLD("accept", p.server, SSL_accept(p.server));
	printf("\n6 queue %s", SSL_get_version(p.client));
	TOLD("connect", p.client, SSL_connect(p.client));
	TOLD("accept", p.server, SSL_accept(p.server));
	TOLD("do_handshake", p.client, SSL_do_handshake(p.client));
	TOLD("tickets come", p.client, SSL_read(p.client, buf, 1));
	TOLD("read", p.client, SSL_read(p.client, buf, 1));
	TOLD("peek", p.client, SSL_peek(p.client, buf, 1));
	TOLD("write", p.client, SSL_write(p.client, "abc", 3));
	TOLD("peek of data", p.server, SSL_peek(p.server, buf, 1));
	TOLD("read of data", p.server, SSL_read(p.server, buf, 1));
	TOLD("rest", p.server, SSL_read(p.server, buf, 9));
	if (version == TLS1_2_VERSION)
		goto end;
	printf("\n6 queue after the handshake");
	for (int i = 0; i < 3; i++) {
		MUST(SSL_new_session_ticket(p.server) == 1);
		if (i == 0)
			TOLD("ticket, write", p.server, SSL_write(p.server, "x", 1));
		else if (i == 1)
			TOLD("ticket, read", p.server, SSL_read(p.server, buf, 1));
		else
			TOLD("ticket, peek", p.server, SSL_peek(p.server, buf, 1));
		TOLD("comes", p.client, SSL_read(p.client, buf, 1));
		drain(p.client);
	}
	MUST(SSL_new_session_ticket(p.server) == 1);
	TOLD("ticket, shutdown", p.server, SSL_shutdown(p.server));
	TOLD("ticket, handshake", p.server, SSL_do_handshake(p.server));
	drain(p.client);
	MUST(SSL_key_update(p.server, SSL_KEY_UPDATE_NOT_REQUESTED) == 1);
	TOLD("key update, shutdown", p.server, SSL_shutdown(p.server));
	TOLD("key update, peek", p.server, SSL_peek(p.server, buf, 1));
	drain(p.client);
	for (int i = 0; i < 4; i++) {
		MUST(SSL_key_update(p.server, i == 3 ? SSL_KEY_UPDATE_REQUESTED :
		    SSL_KEY_UPDATE_NOT_REQUESTED) == 1);
		if (i == 0)
			TOLD("key update, write", p.server, SSL_write(p.server, "x", 1));
		else if (i == 1)
			TOLD("key update, read", p.server, SSL_read(p.server, buf, 1));
		else
			TOLD("key update, handshake", p.server, SSL_do_handshake(p.server));
		TOLD("comes", p.client, SSL_read(p.client, buf, 1));
		TOLD("answer", p.client, SSL_write(p.client, "x", 1));
		TOLD("comes", p.server, SSL_read(p.server, buf, 1));
	}
	SSL_set_verify(p.server, SSL_VERIFY_PEER, NULL);
	TOLD("request", p.server, SSL_verify_client_post_handshake(p.server));
	TOLD("again", p.server, SSL_verify_client_post_handshake(p.server));
	TOLD("write", p.server, SSL_write(p.server, "x", 1));
	TOLD("comes", p.client, SSL_read(p.client, buf, 1));
	TOLD("nothing else", p.client, SSL_read(p.client, buf, 1));
	TOLD("certificate", p.server, SSL_read(p.server, buf, 1));
	drain(p.client);
end:
	printf("\n6 queue at the end");
	TOLD("shutdown", p.client, SSL_shutdown(p.client));
	TOLD("again", p.client, SSL_shutdown(p.client));
	TOLD("write", p.client, SSL_write(p.client, "x", 1));
	TOLD("end", p.server, SSL_read(p.server, buf, 1));
	TOLD("read", p.server, SSL_read(p.server, buf, 1));
	TOLD("shutdown", p.server, SSL_shutdown(p.server));
	printf("\n");
	pair_free(&p, 0);
	SSL_CTX_free(s);
	SSL_CTX_free(c);
	reset_news();
}

static void
row_queue_of_contexts(void)
{
	SSL_CTX *ctx = server_ctx(), *c = client_ctx(NULL);
	SSL_SESSION *session = fresh_session(c, ctx);
	unsigned char *der = NULL;
	const unsigned char *at;
	int len = i2d_SSL_SESSION(session, &der);
	FILE *fp = tmpfile();
	unsigned long last;
	SSL *ssl;

	printf("6 queue");
	QUEUED("chain", SSL_CTX_use_certificate_chain_file(ctx, pki("server.pem")));
	QUEUED("certificate", SSL_CTX_use_certificate_file(spare, pki("server.pem"),
	    SSL_FILETYPE_PEM));
	QUEUED("key", SSL_CTX_use_PrivateKey_file(ctx, pki("server.key"),
	    SSL_FILETYPE_PEM));
	QUEUED("check", SSL_CTX_check_private_key(ctx));
	QUEUED("locations", SSL_CTX_load_verify_locations(ctx, pki("ca.pem"), NULL));
	QUEUED("default paths", SSL_CTX_set_default_verify_paths(ctx));
	QUEUED("cipher list", SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM"));
	QUEUED("ciphersuites", SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256"));
	at = der;
	QUEUED("d2i", (SSL_SESSION_free(d2i_SSL_SESSION(NULL, &at, len)), 1));
	MUST(fp != NULL && PEM_write_SSL_SESSION(fp, session) == 1);
	rewind(fp);
	QUEUED("PEM", (SSL_SESSION_free(PEM_read_SSL_SESSION(fp, NULL, NULL,
	    NULL)), 1));
	fclose(fp);
	stain();
	ssl = SSL_new(ctx);
	queued("SSL_new", ssl != NULL);
	QUEUED("SSL_clear", SSL_clear(ssl));
	SSL_free(ssl);
	printf("\n6 queue after a missing file");
	stain();
	SSL_CTX_use_certificate_chain_file(ctx, pki("missing"));
	printf("; chain (%d)", ERR_GET_REASON(ERR_peek_error()) == 185);
	stain();
	SSL_CTX_use_certificate_file(ctx, pki("missing"), SSL_FILETYPE_PEM);
	printf("; certificate (%d)", ERR_GET_REASON(ERR_peek_error()) == 185);
	stain();
	SSL_CTX_load_verify_locations(ctx, pki("missing"), NULL);
	printf("; locations (%d)", ERR_GET_REASON(ERR_peek_error()) == 185);
	ERR_clear_error();
	SSL_CTX_load_verify_locations(ctx, pki("missing"), NULL);
	last = ERR_peek_last_error();
	printf(" last %d (%d)", ERR_GET_LIB(last), ERR_GET_REASON(last));
	queued("all", 0);
	printf(" missing directory %d", SSL_CTX_load_verify_locations(ctx, NULL,
	    pki("missing")));
	queued("all", 0);
	printf("\n6 reasons %d %d\n",
	    ERR_reason_error_string(ERR_PACK(ERR_LIB_SSL, 0, 120000)) != NULL,
	    ERR_reason_error_string(ERR_PACK(ERR_LIB_SSL, 0,
	    80000002 & 0x7fffff)) != NULL);
	free(der);
	SSL_SESSION_free(session);
	SSL_CTX_free(ctx);
	SSL_CTX_free(c);
	reset_news();
}

/* 6: names of suites. */

static void
row_ciphersuites(void)
{
	static const char *lists[] = {
		"TLS_AES_256_GCM_SHA384:TLS_FOO", "TLS_FOO:TLS_AES_128_GCM_SHA256",
		"TLS_FOO", ":", "::TLS_AES_128_GCM_SHA256:", "tls_aes_128_gcm_sha256",
		"TLS_AES_128_GCM_SHA256:TLS_AES_128_GCM_SHA256",
		"ECDHE-RSA-AES128-GCM-SHA256", "TLS_AES_128_GCM_SHA256 ",
		" TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256,TLS_AES_256_GCM_SHA384",
	};

	for (size_t i = 0; i < LEN(lists); i++) {
		SSL_CTX *s = server_ctx(), *c = client_ctx(NULL);
		struct pair p;
		int rv;

		MUST(SSL_CTX_set_ciphersuites(c, "TLS_CHACHA20_POLY1305_SHA256") == 1);
		ERR_clear_error();
		rv = SSL_CTX_set_ciphersuites(c, lists[i]);
		printf("6 suites '%s' %d", lists[i], rv);
		queued("errors", 0);
		p = connected(c, s, NULL);
		printf(" cipher %s\n", SSL_get_cipher_name(p.client));
		pair_free(&p, 1);
		SSL_CTX_free(s);
		SSL_CTX_free(c);
	}
	reset_news();
}

/* 6: reading nothing, and key updates. */

static void
row_nothing(int version)
{
	SSL_CTX *s = server_ctx(), *c = client_ctx(NULL);
	char buf[8];
	struct pair p;
	size_t n = 7;
	int rv;

	SSL_CTX_set_max_proto_version(s, version);
	p = connected(c, s, NULL);
	printf("6 nothing %s", SSL_get_version(p.client));
	TELLS("read", p.client, SSL_read(p.client, buf, 0));
	TELLS("peek", p.client, SSL_peek(p.client, buf, 0));
	TELLS("read_ex", p.client, SSL_read_ex(p.client, buf, 0, &n));
	MUST(SSL_write(p.server, "abc", 3) == 3);
	TELLS("read of data", p.client, SSL_read(p.client, buf, 0));
	printf(" pending %d", SSL_pending(p.client));
	TELLS("peek of data", p.client, SSL_peek(p.client, buf, 0));
	n = 7;
	TELLS("read_ex of data", p.client, SSL_read_ex(p.client, buf, 0, &n));
	printf(" %zu pending %d", n, SSL_pending(p.client));
	rv = SSL_read(p.client, buf, sizeof(buf));
	printf(" read %d %.3s", rv, buf);
	TELLS("write", p.client, SSL_write(p.client, buf, 0));
	n = 7;
	TELLS("write_ex", p.client, SSL_write_ex(p.client, buf, 0, &n));
	printf(" %zu", n);
	SSL_shutdown(p.server);
	TELLS("read at the end", p.client, SSL_read(p.client, buf, 0));
	printf("\n");
	pair_free(&p, 0);

	p = connected(c, s, NULL);
	printf("6 key update");
	TELLS("first", p.client, SSL_key_update(p.client, SSL_KEY_UPDATE_NOT_REQUESTED));
	printf(" in init %d", SSL_in_init(p.client));
	TELLS("second", p.client, SSL_key_update(p.client, SSL_KEY_UPDATE_REQUESTED));
	if (version == TLS1_3_VERSION) {
		sync_server(&p);
		TELLS("after data", p.client, SSL_key_update(p.client, SSL_KEY_UPDATE_REQUESTED));
		TELLS("handshake", p.client, SSL_do_handshake(p.client));
		TELLS("after that", p.client, SSL_key_update(p.client, SSL_KEY_UPDATE_REQUESTED));
		TELLS("read", p.client, SSL_read(p.client, buf, 1));
		TELLS("after that", p.client, SSL_key_update(p.client, SSL_KEY_UPDATE_REQUESTED));
		TELLS("wrong type", p.client, SSL_key_update(p.client, 2));
	}
	printf("\n");
	pair_free(&p, 0);
	SSL_CTX_free(s);
	SSL_CTX_free(c);
	reset_news();
}

/*
 * 6: a connection that has failed. Writing is left out after the end of input,
 * of which OpenSSL makes "bad length".
 */

static void
dead(const char *how, SSL *ssl, int writes)
{
	char buf[8];
	size_t n;

	printf("6 dead %s", how);
	for (int i = 0; i < 2; i++) {
		TELLS("handshake", ssl, SSL_do_handshake(ssl));
		TELLS("read", ssl, SSL_read(ssl, buf, 1));
		TELLS("peek", ssl, SSL_peek(ssl, buf, 1));
		if (writes)
			TELLS("write", ssl, SSL_write(ssl, "x", 1));
		TELLS("read nothing", ssl, SSL_read(ssl, buf, 0));
		TELLS("read_ex", ssl, SSL_read_ex(ssl, buf, 1, &n));
		TELLS("shutdown", ssl, SSL_shutdown(ssl));
	}
	TELLS("key update", ssl, SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED));
	TELLS("request", ssl, SSL_verify_client_post_handshake(ssl));
	TELLS("ticket", ssl, SSL_new_session_ticket(ssl));
	TOLD("stained", ssl, SSL_do_handshake(ssl));
	TOLD("stained", ssl, SSL_read(ssl, buf, 1));
	if (writes)
		TOLD("stained", ssl, SSL_write(ssl, "x", 1));
	printf("; init %d finished %d before %d shutdown %d result %ld reused %d"
	    " pending %d %d\n", SSL_in_init(ssl), SSL_is_init_finished(ssl),
	    SSL_in_before(ssl), SSL_get_shutdown(ssl),
	    SSL_get_verify_result(ssl), SSL_session_reused(ssl),
	    SSL_pending(ssl), SSL_has_pending(ssl));
}

static void
row_dead(int version)
{
	SSL_CTX *s = server_ctx(), *c = client_ctx(NULL);
	char buf[8];
	struct pair p;
	int rv;

	SSL_CTX_set_max_proto_version(s, version);
	p = pair_new(c, s);
	MUST(SSL_set1_host(p.client, "other.test") == 1);
	handshake(&p);
	ERR_clear_error();
	SSL_accept(p.server);
	dead("client that refused", p.client, 1);
	if (version == TLS1_3_VERSION)
		drain(p.server);
	dead("server that was refused", p.server, 1);
	pair_free(&p, 0);

	p = pair_new(c, s);
	SSL_connect(p.client);
	ERR_clear_error();
	MUST(shutdown(p.fds[1], SHUT_WR) == 0);
	printf("6");
	TELLS("end of file in the handshake", p.client, SSL_connect(p.client));
	printf("\n");
	dead("end of file in the handshake", p.client, 1);
	pair_free(&p, 0);

	p = pair_new(c, s);
	SSL_connect(p.client);
	MUST(write(p.fds[1], "HTTP/1.0 200 OK\r\n\r\n", 19) == 19);
	printf("6");
	TOLD("junk in the handshake", p.client, SSL_connect(p.client));
	printf("\n");
	dead("junk in the handshake", p.client, 1);
	pair_free(&p, 0);

	p = connected(c, s, NULL);
	MUST(write(p.fds[1], "\27\3\3\0\40ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF", 37) == 37);
	rv = SSL_read(p.client, buf, 1);
	printf("6 bad record %d error %d (%d)\n", rv, SSL_get_error(p.client, rv),
	    ERR_GET_REASON(ERR_peek_last_error()));
	dead("bad record", p.client, 1);
	printf("6");
	TELLS("alert", p.server, SSL_read(p.server, buf, 1));
	printf("\n");
	dead("alert", p.server, 1);
	pair_free(&p, 0);

	p = connected(c, s, NULL);
	close(p.fds[1]);
	p.fds[1] = dup(0);
	printf("6");
	TELLS("end of file", p.client, SSL_read(p.client, buf, 1));
	printf("\n");
	dead("end of file", p.client, 0);
	pair_free(&p, 0);

	p = connected(c, s, NULL);
	close(p.fds[1]);
	p.fds[1] = dup(0);
	printf("6");
	TELLS("write to nobody", p.client, SSL_write(p.client, "x", 1));
	printf("\n");
	dead("write to nobody", p.client, 1);
	pair_free(&p, 0);
	SSL_CTX_free(s);
	SSL_CTX_free(c);
	reset_news();
}

/* 6: how names are matched. What can't be kept must not be forgotten. */

static void
row_hostflags(void)
{
	/* None, NO_PARTIAL_WILDCARDS, NO_WILDCARDS. */
	static const unsigned int flags[] = { 0, 4, 2 };

	for (size_t i = 0; i < LEN(flags); i++) {
		SSL_CTX *s = SSL_CTX_new(TLS_server_method());
		SSL_CTX *c = client_ctx(NULL);
		SSL *ssl;
		struct pair p;
		int rv = 0;

		MUST(SSL_CTX_use_certificate_chain_file(s, pki("sni-b.pem")) == 1);
		MUST(SSL_CTX_use_PrivateKey_file(s, pki("sni-b.key"),
		    SSL_FILETYPE_PEM) == 1);
		MUST(X509_VERIFY_PARAM_set1_host(SSL_CTX_get0_param(c),
		    "x.b.test", 0) == 1);
		X509_VERIFY_PARAM_set_hostflags(SSL_CTX_get0_param(c), flags[i]);
		ERR_clear_error();
		if ((ssl = SSL_new(c)) != NULL) {
			SSL_free(ssl);
			p = pair_new(c, s);
			rv = handshake(&p);
			pair_free(&p, 0);
		}
		printf("6 flags %u for a wildcard %d\n", flags[i], rv);
		SSL_CTX_free(s);
		SSL_CTX_free(c);
	}
	reset_news();
}

int
main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	pki_dir = argv[1];
	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	alarm(120);

	row_counts();
	row_functions();
	row_events();
	row_blocked();
	row_fields();
	row_client();
	row_post_refusals();
	row_post("client", NULL);
	row_post("client-untrusted", allow);
	row_post("client-expired", allow);
	row_post_halves();
	row_post_blocking();
	row_client_auth(TLS1_3_VERSION, "client", NULL);
	row_client_auth(TLS1_3_VERSION, "client-untrusted", allow);
	row_client_auth(TLS1_2_VERSION, "client", NULL);
	row_client_auth(TLS1_2_VERSION, "client-expired", allow);
	row_tls12();
	row_stateful(TLS1_3_VERSION);
	row_stateful(TLS1_2_VERSION);
	row_store();
	row_acceptance();
	row_names(TLS1_3_VERSION);
	row_names(TLS1_2_VERSION);
	row_conventions();
	row_verify("server", NULL);
	row_verify("server", "server.test");
	row_verify("server", "other.test");
	row_verify("chain", NULL);
	row_verify("untrusted", NULL);
	row_verify("untrusted", "other.test");
	row_verify("self-signed", NULL);
	row_verify("expired", NULL);
	row_verify("expired", "other.test");
	row_verify("chain-root", NULL);
	row_verify("client", NULL);
	MUST((spare = SSL_CTX_new(TLS_method())) != NULL);
	row_queue(TLS1_3_VERSION);
	row_queue(TLS1_2_VERSION);
	row_queue_of_contexts();
	row_ciphersuites();
	row_nothing(TLS1_3_VERSION);
	row_nothing(TLS1_2_VERSION);
	row_dead(TLS1_3_VERSION);
	row_dead(TLS1_2_VERSION);
	row_hostflags();
	SSL_CTX_free(spare);
	reset_news();
	return 0;
}
