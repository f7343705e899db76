/* fork() at any time: what stood in the parent goes on in the child. */
#include "../harness.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>

static const uint32_t versions[] = { TLS_PROTOCOL_TLSv1_2, TLS_PROTOCOL_TLSv1_3 };
#define VERSIONS (sizeof(versions) / sizeof(versions[0]))

static void
blocking(int fd)
{
	REQUIRE(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK) == 0);
}

static struct pair *
pair_of_version(uint32_t version)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct pair *p;

	CONFIG_OK(cc, tls_config_set_protocols(cc, version));
	CONFIG_OK(sc, tls_config_set_protocols(sc, version));
	p = pair_sockets(cc, sc, "server.test");
	tls_config_free(cc);
	tls_config_free(sc);
	return p;
}

static void
send_text(struct tls *ctx, const char *text)
{
	ssize_t n;

	do
		n = tls_write(ctx, text, strlen(text));
	while (n == TLS_WANT_POLLIN || n == TLS_WANT_POLLOUT);
	if (!CHECK_INT(n, strlen(text)))
		check_note("%s", tls_error(ctx));
}

static void
expect_text(struct tls *ctx, const char *text)
{
	char buf[64] = "";
	ssize_t n;

	n = read_some(ctx, buf, sizeof(buf) - 1);
	if (!CHECK_INT(n, strlen(text)))
		check_note("%s", tls_error(ctx));
	CHECK_STR(buf, text);
}

struct configs {
	struct tls_config *client, *server;
	int depth;
};

static void
use_configs(void *arg)
{
	struct configs *c = arg;

	whole_connection(c->client, c->server);
	if (c->depth-- > 0)
		reap(spawn(use_configs, c));
	whole_connection(c->client, c->server);
}

TEST(after_configuration)
{
	struct configs c = { client_config(), server_config("server"), 3 };

	reap(spawn(use_configs, &c));
	use_configs(&c);
}

/* Settings of every kind come along, and can be changed further. */
static void
use_settings(void *arg)
{
	struct configs *c = arg;
	struct pair *p = pair_sockets(c->client, c->server, "server.test");

	pair_established(p);
	CHECK_STR(tls_conn_version(p->client), "TLSv1.2");
	CHECK_STR(tls_conn_cipher(p->client), "ECDHE-ECDSA-CHACHA20-POLY1305");
	CHECK_STR(tls_conn_alpn_selected(p->server), "two");
	pair_close(p);
	pair_free(p);
	CONFIG_OK(c->client, tls_config_set_alpn(c->client, "three"));
	p = pair_sockets(c->client, c->server, "server.test");
	pair_established(p);
	CHECK_STR(tls_conn_alpn_selected(p->server), "three");
	pair_free(p);
}

TEST(settings_come_along)
{
	struct configs c = { client_config(), server_config("server"), 0 };

	CONFIG_OK(c.client, tls_config_set_protocols(c.client, TLS_PROTOCOLS_ALL));
	CONFIG_OK(c.server, tls_config_set_protocols(c.server, TLS_PROTOCOL_TLSv1_2));
	CONFIG_OK(c.server, tls_config_set_ciphers(c.server, "ECDHE-ECDSA-CHACHA20-POLY1305"));
	CONFIG_OK(c.client, tls_config_set_ciphers(c.client, "compat"));
	CONFIG_OK(c.server, tls_config_set_alpn(c.server, "one,two,three"));
	CONFIG_OK(c.client, tls_config_set_alpn(c.client, "two"));
	reap(spawn(use_settings, &c));
	use_settings(&c);
}

/* So do certificates for further names. */
TEST(added_keypairs_come_along)
{
	static const char *const names[] = { "client", "name-wild", "server", "name-fqdn" };
	struct configs c = { client_config(), server_config("ip-only"), 1 };
	char cert[32], key[32];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(cert, sizeof(cert), "%s.pem", names[i]);
		snprintf(key, sizeof(key), "%s.key", names[i]);
		CONFIG_OK(c.server, tls_config_add_keypair_file(c.server, pki(cert), pki(key)));
	}
	reap(spawn(use_configs, &c));
	CONFIG_OK(c.server, tls_config_set_alpn(c.server, "one"));
	reap(spawn(use_configs, &c));
}

/* So do trusted certificates and CRLs, which configurations may share, and clients have once connected. */
struct shared {
	struct configs a, b;
	struct pair *open;
};

static void
use_shared(void *arg)
{
	struct shared *s = arg;
	struct pair *p;

	pair_established(s->open);
	pair_close(s->open);
	pair_free(s->open);
	whole_connection(s->a.client, s->a.server);
	p = pair_sockets(s->a.client, s->b.server, "server.test");
	CHECK_INT(pair_handshake(p), -1);
	CHECK_STR(tls_error(p->client), "certificate verification failed: certificate revoked");
	pair_free(p);
	tls_config_free(s->a.client);
	whole_connection(s->b.client, s->b.server);
	if (s->a.depth-- > 0) {
		s->a.client = s->b.client;
		CONFIG_OK(s->a.client, tls_config_set_crl_file(s->a.client, pki("revoked.crl")));
		s->b.client = client_config();
		s->open = pair_sockets(s->a.client, s->a.server, "server.test");
		reap(spawn(use_shared, s));
	}
}

TEST(trust_comes_along)
{
	struct shared s = {
		{ client_config(), server_config("server"), 1 },
		{ client_config(), server_config("revoked"), 0 }, NULL,
	};

	CONFIG_OK(s.a.client, tls_config_set_crl_file(s.a.client, pki("revoked.crl")));
	CONFIG_OK(s.a.server, tls_config_set_ca_file(s.a.server, pki("ca.pem")));
	tls_config_verify_client_optional(s.a.server);
	s.open = pair_sockets(s.a.client, s.a.server, "server.test");
	reap(spawn(use_shared, &s));
}

/* A setting that can't be kept for children is missed there, and not passed over. */
static volatile int no_memory;

/* AddressSanitizer's own, if it is there. */
extern void *__interceptor_calloc(size_t, size_t) __attribute__((weak));

void *
calloc(size_t n, size_t size)
{
	static void *(*real)(size_t, size_t);
	static volatile int asking;

	/* What asks for the function itself must do without. */
	if (no_memory || asking)
		return NULL;
	if (real == NULL && (real = __interceptor_calloc) == NULL) {
		asking = 1;
		*(void **)&real = dlsym(RTLD_NEXT, "calloc");
		asking = 0;
	}
	return real(n, size);
}

static void
accept_nobody(void *arg)
{
	struct configs *c = arg;
	struct pair *p;
	struct tls *listener = tls_server();

	if (tls_configure(listener, c->server) == 0) {
		p = pair_again(listener, c->client, "server.test");
		CHECK(pair_handshake(p) == -1);
	} else {
		CHECK(tls_error(listener) != NULL);
	}
}

TEST(without_memory_for_a_setting)
{
	struct configs c = { client_config(), server_config("server"), 0 };

	CONFIG_OK(c.server, tls_config_set_ca_file(c.server, pki("ca.pem")));
	whole_connection(c.client, c.server);
	no_memory = 1;
	tls_config_verify_client(c.server);
	no_memory = 0;
	reap(spawn(accept_nobody, &c));
	accept_nobody(&c);
}

/* The parent listens, children accept; the configuration and the listener's program are gone. */
struct listening {
	struct tls *listener;
	int fd[2];
	int depth;
};

static void
serve(void *arg)
{
	struct listening *l = arg;
	struct tls *conn;

	REQUIRE_OK(l->listener, tls_accept_socket(l->listener, &conn, l->fd[1]));
	send_text(conn, "hello");
	expect_text(conn, "bye");
	CHECK_INT(tls_close(conn), 0);
	tls_free(conn);
	tls_free(l->listener);
}

static void
serve_deeper(void *arg)
{
	struct listening *l = arg;

	if (l->depth-- > 0)
		reap(spawn(serve_deeper, l));
	else
		serve(l);
}

static void
with_listener(int depth)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct listening l = { .depth = depth };
	struct tls *client = tls_client();
	pid_t pid;

	l.listener = tls_server();
	REQUIRE_OK(l.listener, tls_configure(l.listener, sc));
	tls_config_free(sc);
	REQUIRE_OK(client, tls_configure(client, cc));
	socket_pair(l.fd);
	pid = spawn(serve_deeper, &l);
	REQUIRE_OK(client, tls_connect_socket(client, l.fd[0], "server.test"));
	expect_text(client, "hello");
	send_text(client, "bye");
	reap(pid);
	tls_free(client);
	tls_config_free(cc);
}

TEST(with_a_listener)
{
	with_listener(0);
}

TEST(with_a_listener_four_deep)
{
	with_listener(3);
}

/* One end of a connection goes to a child, the other one stays. */
static void
child_serves(void *arg)
{
	struct pair *p = arg;
	int i;

	tls_free(p->client);
	for (i = 0; i < 100; i++) {
		expect_text(p->server, "question");
		send_text(p->server, "answer");
	}
	CHECK(tls_conn_version(p->server) != NULL);
	CHECK_INT(tls_close(p->server), 0);
}

static void
child_asks(void *arg)
{
	struct pair *p = arg;
	char end;
	int i;

	for (i = 0; i < 100; i++) {
		send_text(p->client, "question");
		expect_text(p->client, "answer");
	}
	CHECK_INT(read_some(p->client, &end, 1), 0);
	CHECK(tls_peer_cert_provided(p->client));
	CHECK_LIKE(tls_peer_cert_subject(p->client), "*server*");
	CHECK_STR(tls_conn_servername(p->client), "server.test");
}

TEST(with_an_established_connection)
{
	struct pair *p;
	pid_t pid;
	size_t i;

	for (i = 0; i < 2 * VERSIONS; i++) {
		p = pair_of_version(versions[i / 2]);
		pair_established(p);
		transfer(p->client, p->server, 30000, 3000);
		drain(p->client);
		blocking(p->client_fd);
		blocking(p->server_fd);
		pid = spawn(i % 2 ? child_serves : child_asks, p);
		(i % 2 ? child_asks : child_serves)(p);
		reap(pid);
	}
}

/* A connection is handed from generation to generation. */
static void
hand_on(void *arg)
{
	struct pair *p = arg;
	static int depth;

	expect_text(p->server, "question");
	send_text(p->server, "answer");
	if (++depth < 5)
		reap(spawn(hand_on, p));
}

TEST(handed_on_five_times)
{
	struct pair *p;
	pid_t pid;
	size_t i;
	int n;

	for (i = 0; i < VERSIONS; i++) {
		p = pair_of_version(versions[i]);
		pair_established(p);
		drain(p->client);
		blocking(p->client_fd);
		blocking(p->server_fd);
		pid = spawn(hand_on, p);
		for (n = 0; n < 5; n++) {
			send_text(p->client, "question");
			expect_text(p->client, "answer");
		}
		reap(pid);
	}
}

/* A fork after any number of calls of a handshake, whichever end the child takes. */
static void
finish_server(void *arg)
{
	struct pair *p = arg;

	send_text(p->server, "answer");
	expect_text(p->server, "question");
}

static void
finish_client(void *arg)
{
	struct pair *p = arg;

	send_text(p->client, "question");
	expect_text(p->client, "answer");
}

TEST(in_the_middle_of_a_handshake)
{
	struct pair *p;
	size_t version;
	int calls, child, n;
	pid_t pid;

	for (version = 0; version < VERSIONS; version++)
		for (child = 0; child < 2; child++)
			for (calls = 0; calls < 6; calls++) {
				p = pair_of_version(versions[version]);
				for (n = 0; n < calls; n++)
					tls_handshake(n % 2 ? p->server : p->client);
				blocking(p->client_fd);
				blocking(p->server_fd);
				pid = spawn(child ? finish_server : finish_client, p);
				(child ? finish_client : finish_server)(p);
				reap(pid);
				pair_free(p);
			}
}

/* A fork when any number of bytes of a message have come, each in a record of its own. */
static void
finish_both(void *arg)
{
	struct pair *p = arg;

	wire_release(&p->up);
	p->client_end.hold = 0;
	pair_established(p);
	transfer(p->client, p->server, 1000, 1000);
}

TEST(in_the_middle_of_a_message)
{
	struct pair *p = pair_wires(client_config(), server_config("server"), "server.test");
	uint8_t record[6] = { 22, 3, 3, 0, 1 };
	struct wire hello;
	size_t at;

	p->client_end.hold = 1;
	CHECK_INT(tls_handshake(p->client), TLS_WANT_POLLIN);
	hello = p->up;
	memset(&p->up, 0, sizeof(p->up));
	for (at = 5; at < hello.len; at++) {
		record[5] = hello.data[at];
		wire_put(&p->up, record, sizeof(record));
	}
	for (at = 0; at < hello.len - 5; at += 29) {
		p->up.ready = at * sizeof(record);
		CHECK_INT(tls_handshake(p->server), TLS_WANT_POLLIN);
		reap(spawn(finish_both, p));
	}
	finish_both(p);
	wire_free(&hello);
	pair_free(p);
}

/* Plaintext and output that the library still holds go along. */
static void
read_the_rest(void *arg)
{
	struct pair *p = arg;
	char buf[8] = "";

	CHECK_INT(tls_read(p->server, buf, 4), 4);
	CHECK_STR(buf, "rest");
}

TEST(with_data_inside)
{
	struct pair *p = pair_of_version(TLS_PROTOCOL_TLSv1_3);
	char buf[8] = "";

	pair_established(p);
	CHECK_INT(tls_write(p->client, "the rest", 8), 8);
	CHECK_INT(read_some(p->server, buf, 4), 4);
	CHECK_STR(buf, "the ");
	reap(spawn(read_the_rest, p));
}

/* A child forked inside of a callback returns from it. */
static pid_t forked = -1;
static int callback_fd;

static ssize_t
forking_read(struct tls *ctx, void *buf, size_t len, void *arg)
{
	ssize_t n;

	(void)ctx;
	(void)arg;
	if (forked == -1)
		forked = fork();
	if (forked > 0)
		return 0;
	n = read(callback_fd, buf, len);
	return n;
}

static ssize_t
plain_write(struct tls *ctx, const void *buf, size_t len, void *arg)
{
	(void)ctx;
	(void)arg;
	return forked > 0 ? -1 : write(callback_fd, buf, len);
}

static void
be_server(void *arg)
{
	struct listening *l = arg;
	struct tls *conn;

	REQUIRE_OK(l->listener, tls_accept_socket(l->listener, &conn, l->fd[1]));
	expect_text(conn, "hello");
	send_text(conn, "bye");
}

TEST(in_a_callback)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct tls *client = tls_client();
	struct listening l;
	pid_t pid;

	l.listener = tls_server();
	REQUIRE_OK(l.listener, tls_configure(l.listener, sc));
	socket_pair(l.fd);
	pid = spawn(be_server, &l);
	callback_fd = l.fd[0];
	REQUIRE_OK(client, tls_configure(client, cc));
	REQUIRE_OK(client, tls_connect_cbs(client, forking_read, plain_write, NULL, "server.test"));
	if (tls_handshake(client) == 0) {
		/* This is the child. */
		send_text(client, "hello");
		expect_text(client, "bye");
		exit(0);
	}
	CHECK(forked > 0);
	reap(forked);
	reap(pid);
}

/* clone() without libc, as sandboxes make children. */
TEST(by_a_bare_system_call)
{
	struct configs c = { client_config(), server_config("server"), 0 };
	int status = -1;
	pid_t pid;

	whole_connection(c.client, c.server);
	pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	REQUIRE(pid != -1);
	if (pid == 0) {
		alarm(TEST_SECONDS);
		whole_connection(c.client, c.server);
		_exit(0);
	}
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(status, 0);
}

/*
 * A handler that forks may run before and after each system call of the library's; both processes
 * return from it. This stands in for libc's function, by which the library makes them; it passes
 * on six arguments, of which AddressSanitizer wouldn't hear when there are fewer.
 */
static int moment = -1;			/* how many such occasions pass before */
static pid_t of_handler;

static void
handler(void)
{
	sigset_t blocked;

	if (moment < 0)
		return;
	REQUIRE(sigprocmask(SIG_BLOCK, NULL, &blocked) == 0);
	if (!sigismember(&blocked, SIGUSR1) && moment-- == 0)
		of_handler = fork();
}

__attribute__((no_sanitize("address"))) long
syscall(long number, ...)
{
	static long (*real)(long, ...);
	long arg[6], rv;
	va_list ap;
	int i;

	va_start(ap, number);
	for (i = 0; i < 6; i++)
		arg[i] = va_arg(ap, long);
	va_end(ap);
	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "syscall");
	handler();
	rv = real(number, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
	handler();
	return rv;
}

/* Large enough that a runtime without its threads couldn't do it. */
static void
configure_much(void)
{
	static uint8_t much[20 << 20];
	struct tls_config *config = tls_config_new();
	struct tls *client = tls_client();

	memset(much, 'a', sizeof(much));
	CONFIG_OK(config, tls_config_set_crl_mem(config, much, sizeof(much)));
	CONFIG_OK(config, tls_config_set_ciphers(config, "default"));
	CONFIG_OK(config, tls_config_set_ecdhecurves(config, "default"));
	REQUIRE_OK(client, tls_configure(client, config));
	tls_free(client);
	tls_config_free(config);
}

static int *reached;

static void
fork_at(void *arg)
{
	struct timespec patience = { 20, 0 };
	sigset_t child;

	/* A child that hangs would block all signals but SIGKILL. */
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	REQUIRE(sigprocmask(SIG_BLOCK, &child, NULL) == 0);
	moment = *(int *)arg;
	configure_much();
	*reached = moment < 0;
	if (of_handler == 0 || !*reached)
		return;
	if (!CHECK_INT(sigtimedwait(&child, NULL, &patience), SIGCHLD))
		kill(of_handler, SIGKILL);
	reap(of_handler);
}

TEST(in_a_handler_at_any_moment)
{
	int at = -1;

	reached = mmap(NULL, sizeof(*reached), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	REQUIRE(reached != MAP_FAILED);
	do {
		at++;
		reap(spawn(fork_at, &at));
	} while (*reached);
	if (!LACKS(LEAST_RESOURCES))
		CHECK(at > 8);
}

/* Other threads are inside of the library all the time. */
static volatile int stop;
static struct pair *busy;

static void *
traffic(void *arg)
{
	struct configs *c = arg;

	while (!stop)
		whole_connection(c->client, c->server);
	return NULL;
}

static void *
wait_for_data(void *arg)
{
	char buf[8];

	(void)arg;
	read_some(busy->server, buf, sizeof(buf));
	return NULL;
}

static void
child_of_threads(void *arg)
{
	struct configs *c = arg;

	whole_connection(c->client, c->server);
}

TEST(from_a_process_with_threads)
{
	struct configs c = { client_config(), server_config("server"), 0 };
	pthread_t threads[3];
	int i;

	NEEDS(FORK_WITH_THREADS);
	for (i = 0; i < 3; i++)
		REQUIRE(pthread_create(&threads[i], NULL, traffic, &c) == 0);
	for (i = 0; i < 20; i++)
		reap(spawn(child_of_threads, &c));
	stop = 1;
	for (i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
}

/* What another thread was inside of can't be used, and says so; the other end of it can. */
static void
use_abandoned(void *arg)
{
	struct pair *p = arg;
	char buf[8];

	CHECK_INT(tls_read(p->server, buf, sizeof(buf)), -1);
	CHECK_STR(tls_error(p->server), "in use by another thread when the process was forked");
	CHECK_INT(tls_write(p->server, "text", 4), -1);
	tls_free(p->server);
	CHECK_STR(tls_conn_version(p->client), "TLSv1.3");
}

TEST(while_a_thread_reads)
{
	pthread_t thread;

	NEEDS(FORK_IN_USE);
	busy = pair_of_version(TLS_PROTOCOL_TLSv1_3);
	pair_established(busy);
	drain(busy->client);
	blocking(busy->server_fd);
	REQUIRE(pthread_create(&thread, NULL, wait_for_data, NULL) == 0);
	while (usleep(1000), recv(busy->client_fd, &(char){0}, 1, MSG_PEEK | MSG_DONTWAIT) > 0)
		continue;
	usleep(50000);
	reap(spawn(use_abandoned, busy));
	CHECK_INT(tls_write(busy->client, "text", 4), 4);
	pthread_join(thread, NULL);
}

/* A child that was never to use TLS frees what it has, at no cost. */
static void
free_all(void *arg)
{
	struct pair *p = arg;

	pair_free(p);
}

TEST(freed_in_the_child)
{
	struct pair *p = pair_of_version(TLS_PROTOCOL_TLSv1_3);

	pair_established(p);
	reap(spawn(free_all, p));
	transfer(p->client, p->server, 1000, 1000);
	pair_close(p);
}

/* What no two processes may ever draw alike: hellos have random values, session ids and key shares. */
static void
send_hello(void *arg)
{
	int *fd = arg;
	struct pair *p;
	struct tls_config *cc = client_config(), *sc = server_config("server");

	p = pair_wires(cc, sc, "server.test");
	tls_handshake(p->client);
	tls_handshake(p->server);
	REQUIRE(p->up.len >= 5 + 4 + 2 + 32 + 1 + 32);
	REQUIRE(write(*fd, p->up.data + 11, 32) == 32);		/* random */
	REQUIRE(write(*fd, p->up.data + 44, 32) == 32);		/* session id */
	REQUIRE(write(*fd, p->down.data + 11, 32) == 32);	/* the server's */
	REQUIRE(write(*fd, p->down.data + p->down.len - 32, 32) == 32);	/* ciphertext */
}

TEST(randomness_is_not_shared)
{
	enum { PROCESSES = 8, VALUES = 4 };
	uint8_t seen[PROCESSES * VALUES][32];
	struct configs c = { client_config(), server_config("server"), 0 };
	int fd[2], i, j;

	REQUIRE(pipe(fd) == 0);
	whole_connection(c.client, c.server);
	for (i = 0; i < PROCESSES - 1; i++)
		reap(spawn(send_hello, &fd[1]));
	send_hello(&fd[1]);
	REQUIRE(read(fd[0], seen, sizeof(seen)) == sizeof(seen));
	for (i = 0; i < PROCESSES * VALUES; i++)
		for (j = 0; j < i; j++)
			CHECK(memcmp(seen[i], seen[j], 32) != 0);
}
