/* How the library uses descriptors and callbacks. */
#include "harness.h"

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>

static void
trickle(size_t most, int stutter)
{
	struct tls_config *cc = client_config(), *sc = server_config("chain");
	struct pair *p = pair_wires(cc, sc, "server.test");

	p->client_end.most = p->server_end.most = most;
	p->client_end.stutter = p->server_end.stutter = stutter;
	pair_established(p);
	transfer(p->client, p->server, 5000, 1);
	transfer(p->client, p->server, 40000, 1 << 20);
	transfer(p->server, p->client, 40000, 1 << 20);
	pair_close(p);
	CHECK(p->client_end.ctx == p->client);
	CHECK(p->server_end.ctx == p->server);
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

TEST(callbacks)
{
	trickle(0, 0);
}

TEST(callbacks_of_one_byte)
{
	trickle(1, 0);
}

TEST(callbacks_that_stutter)
{
	trickle(0, 1);
	trickle(1, 1);
	trickle(3, 1);
}

TEST(callbacks_move_a_mebibyte)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct pair *p = pair_wires(cc, sc, "server.test");

	p->client_end.most = p->server_end.most = 1000;
	pair_established(p);
	transfer(p->client, p->server, 1 << 20, 1 << 20);
	transfer(p->server, p->client, 1 << 20, 1 << 20);
	pair_close(p);
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

TEST(callbacks_are_asked_for_what_is_wanted)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct pair *p = pair_wires(cc, sc, "server.test");
	size_t at, left;
	char buf[1000];

	pair_established(p);
	at = p->up.len;
	CHECK_INT(p->up.taken, at);
	CHECK_INT(tls_write(p->client, "one", 3), 3);
	left = p->up.len;
	CHECK_INT(tls_write(p->client, "two", 3), 3);
	p->server_end.asked = 0;
	CHECK_INT(tls_read(p->server, buf, sizeof(buf)), 3);
	/* Nothing of the second record was taken, or at most its header. */
	CHECK(p->up.taken == left || p->up.taken == left + 5);
	CHECK(p->server_end.asked <= left - at);
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

TEST(write_callback_that_fails)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct pair *p = pair_wires(cc, sc, "server.test");

	p->client_end.fail_write = -1;
	errno = EIO;
	CHECK_INT(tls_handshake(p->client), -1);
	CHECK_LIKE(tls_error(p->client), "handshake failed: *");
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

TEST(read_callback_that_fails)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct pair *p = pair_wires(cc, sc, "server.test");
	char byte;

	pair_established(p);
	drain(p->client);
	p->client_end.fail_read = -1;
	errno = EIO;
	CHECK_INT(tls_read(p->client, &byte, 1), -1);
	CHECK_LIKE(tls_error(p->client), "read failed: *");
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

TEST(failure_is_told_again_while_a_close_waits)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct pair *p = pair_wires(cc, sc, "server.test");
	char byte;

	NEEDS(CLOSE_AFTER_FAILURE);
	pair_established(p);
	drain(p->client);
	p->client_end.fail_read = -1;
	errno = EIO;
	CHECK_INT(tls_read(p->client, &byte, 1), -1);
	p->client_end.blocked = 1;
	CHECK_INT(tls_close(p->client), TLS_WANT_POLLOUT);
	CHECK_INT(tls_read(p->client, &byte, 1), -1);
	CHECK_LIKE(tls_error(p->client), "read failed: *");
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

TEST(callbacks_that_want_the_other_direction)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct pair *p = pair_wires(cc, sc, "server.test");
	char byte;

	pair_established(p);
	drain(p->client);
	p->client_end.fail_read = TLS_WANT_POLLOUT;
	CHECK_INT(tls_read(p->client, &byte, 1), TLS_WANT_POLLOUT);
	p->client_end.fail_write = TLS_WANT_POLLIN;
	CHECK_INT(tls_write(p->client, "x", 1), TLS_WANT_POLLIN);
	CHECK_INT(tls_write(p->client, "x", 1), 1);
	CHECK_INT(read_some(p->server, &byte, 1), 1);
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

static int
waiting(int fd)
{
	int n;

	REQUIRE(ioctl(fd, FIONREAD, &n) == 0);
	return n;
}

static struct pair *
connected_sockets(void)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct pair *p = pair_sockets(cc, sc, "server.test");

	pair_established(p);
	tls_config_free(cc);
	tls_config_free(sc);
	return p;
}

/* No tls_pending exists: what belongs to a later record has to stay where poll sees it. */
TEST(exact_reads)
{
	struct pair *p = connected_sockets();
	static char buf[20000];
	struct pollfd pfd = { .fd = p->server_fd, .events = POLLIN };
	int first, both, left;

	CHECK_INT(tls_write(p->client, buf, 1000), 1000);
	first = waiting(p->server_fd);
	CHECK_INT(tls_write(p->client, buf, 3000), 3000);
	both = waiting(p->server_fd);
	CHECK_INT(tls_read(p->server, buf, sizeof(buf)), 1000);
	left = waiting(p->server_fd);
	CHECK(left == both - first || left == both - first - 5);
	CHECK_INT(poll(&pfd, 1, 0), 1);
	CHECK_INT(tls_read(p->server, buf, sizeof(buf)), 3000);
	CHECK_INT(waiting(p->server_fd), 0);
	CHECK_INT(poll(&pfd, 1, 0), 0);
	pair_free(p);
}

TEST(exact_reads_in_the_handshake)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct pair *p = pair_sockets(cc, sc, "server.test");
	struct tls *first = tls12() ? p->server : p->client, *last = tls12() ? p->client : p->server;
	struct pollfd pfd = { .fd = tls12() ? p->client_fd : p->server_fd, .events = POLLIN };
	char buf[16];

	/* The last flight of who is done first and its first data arrive together. */
	CHECK_INT(tls_handshake(p->client), TLS_WANT_POLLIN);
	CHECK_INT(tls_handshake(p->server), TLS_WANT_POLLIN);
	if (tls12())
		CHECK_INT(tls_handshake(p->client), TLS_WANT_POLLIN);
	CHECK_INT(tls_handshake(first), 0);
	CHECK_INT(tls_write(first, "early bird", 10), 10);
	CHECK_INT(tls_handshake(last), 0);
	CHECK_INT(poll(&pfd, 1, 0), 1);
	CHECK_INT(tls_read(last, buf, sizeof(buf)), 10);
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

/* An event loop as programs write it: poll, one tls_read with a big buffer, poll again. */
TEST(polling_program_does_not_hang)
{
	struct pair *p = connected_sockets();
	struct pollfd pfd = { .fd = p->server_fd, .events = POLLIN };
	static char buf[65536];
	size_t got = 0;
	ssize_t n;
	int i;

	for (i = 0; i < 50; i++)
		CHECK_INT(tls_write(p->client, buf, 1 + i), 1 + i);
	while (got < 50 * 51 / 2) {
		REQUIRE(poll(&pfd, 1, 0) == 1);
		n = tls_read(p->server, buf, sizeof(buf));
		REQUIRE(n > 0 || n == TLS_WANT_POLLIN);
		if (n > 0)
			got += n;
	}
	CHECK_INT(got, 50 * 51 / 2);
	pair_free(p);
}

TEST(blocking_flag_is_left_alone)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct pair *p = pair_sockets(cc, sc, "server.test");
	int before = fcntl(p->client_fd, F_GETFL);

	pair_established(p);
	CHECK_INT(fcntl(p->client_fd, F_GETFL), before);
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

/* The other end of a blocking connection, in a process of its own. */
struct other {
	int fd, unused;
	void (*run)(struct tls *conn, int fd);
	int lifetime;
};

static void
other_server(void *arg)
{
	struct other *other = arg;
	struct tls_config *config = server_config("server");
	struct tls *listener = tls_server(), *conn;
	char byte;

	close(other->unused);
	if (other->lifetime != 0)
		CONFIG_OK(config, tls_config_set_session_lifetime(config, other->lifetime));
	REQUIRE_OK(listener, tls_configure(listener, config));
	REQUIRE_OK(listener, tls_accept_socket(listener, &conn, other->fd));
	other->run(conn, other->fd);
	/* Stay until the client has said goodbye. */
	while (read(other->fd, &byte, 1) == 1)
		continue;
	tls_free(conn);
	tls_free(listener);
	tls_config_free(config);
}

static struct tls *
blocking_client(int fd, struct tls_config *config)
{
	struct tls *ctx = tls_client();

	REQUIRE_OK(ctx, tls_configure(ctx, config));
	REQUIRE_OK(ctx, tls_connect_socket(ctx, fd, "server.test"));
	return ctx;
}

enum { BULK = 1 << 20 };

static void
send_bulk(struct tls *conn, size_t chunk)
{
	uint8_t *data = malloc(BULK);
	size_t sent = 0, i;
	ssize_t n;

	for (i = 0; i < BULK; i++)
		data[i] = i * 5 + i / 997;
	while (sent < BULK) {
		n = tls_write(conn, data + sent, BULK - sent < chunk ? BULK - sent : chunk);
		if (n == TLS_WANT_POLLIN || n == TLS_WANT_POLLOUT)
			continue;
		if (n <= 0)
			check_note("%s", tls_error(conn));
		REQUIRE(n > 0);
		sent += n;
	}
	free(data);
}

static void
receive_bulk(struct tls *conn)
{
	uint8_t *data = malloc(BULK);
	size_t got = 0, i;
	ssize_t n;

	while (got < BULK) {
		n = read_some(conn, data + got, BULK - got);
		if (n <= 0)
			check_note("%s", tls_error(conn));
		REQUIRE(n > 0);
		got += n;
	}
	for (i = 0; i < BULK && data[i] == (uint8_t)(i * 5 + i / 997); i++)
		continue;
	CHECK_INT(i, BULK);
	free(data);
}

static void
echo_bulk(struct tls *conn, int fd)
{
	(void)fd;
	receive_bulk(conn);
	send_bulk(conn, BULK);
	CHECK_INT(tls_close(conn), 0);
}

TEST(blocking_bulk)
{
	struct other other = { .run = echo_bulk };
	struct tls_config *config;
	struct tls *ctx;
	int fd[2];
	pid_t pid;
	char byte;

	socket_pair(fd);
	other.fd = fd[1];
	other.unused = fd[0];
	pid = spawn(other_server, &other);
	close(fd[1]);
	config = client_config();
	ctx = blocking_client(fd[0], config);
	send_bulk(ctx, 60000);
	receive_bulk(ctx);
	CHECK_INT(read_some(ctx, &byte, 1), 0);
	CHECK_INT(tls_close(ctx), 0);
	tls_free(ctx);
	close(fd[0]);
	tls_config_free(config);
	reap(pid);
}

static void
echo_until_end(struct tls *conn, int fd)
{
	char buf[256];
	ssize_t n;

	(void)fd;
	while ((n = read_some(conn, buf, sizeof(buf))) > 0)
		CHECK_INT(tls_write(conn, buf, n), n);
	CHECK_INT(n, 0);
	CHECK_INT(tls_close(conn), 0);
}

static void
on_alarm(int sig)
{
	(void)sig;
}

/* A program's own timeouts and signals end a blocking call. */
TEST(blocking_calls_are_interrupted)
{
	struct other other = { .run = echo_until_end };
	struct timeval soon = { .tv_usec = 20000 }, never = { 0 };
	struct itimerval timer = { .it_value = { .tv_usec = 20000 }, .it_interval = { .tv_usec = 20000 } }, off = { 0 };
	struct sigaction sa = { .sa_handler = on_alarm };
	struct tls_config *config;
	struct tls *ctx;
	int fd[2];
	pid_t pid;
	char buf[8];

	socket_pair(fd);
	other.fd = fd[1];
	other.unused = fd[0];
	pid = spawn(other_server, &other);
	close(fd[1]);
	config = client_config();
	ctx = blocking_client(fd[0], config);
	CHECK_INT(tls_handshake(ctx), 0);
	CHECK_INT(tls_write(ctx, "x", 1), 1);
	CHECK_INT(read_some(ctx, buf, sizeof(buf)), 1);

	REQUIRE(setsockopt(fd[0], SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon)) == 0);
	CHECK_INT(tls_read(ctx, buf, sizeof(buf)), TLS_WANT_POLLIN);
	REQUIRE(setsockopt(fd[0], SOL_SOCKET, SO_RCVTIMEO, &never, sizeof(never)) == 0);

	/* Without SA_RESTART. */
	REQUIRE(sigaction(SIGALRM, &sa, NULL) == 0);
	REQUIRE(setitimer(ITIMER_REAL, &timer, NULL) == 0);
	CHECK_INT(tls_read(ctx, buf, sizeof(buf)), TLS_WANT_POLLIN);
	REQUIRE(setitimer(ITIMER_REAL, &off, NULL) == 0);
	REQUIRE(signal(SIGALRM, SIG_DFL) != SIG_ERR);
	alarm(TEST_SECONDS);

	CHECK_INT(tls_write(ctx, "y", 1), 1);
	CHECK_INT(read_some(ctx, buf, sizeof(buf)), 1);
	CHECK_INT(tls_close(ctx), 0);
	CHECK_INT(read_some(ctx, buf, sizeof(buf)), 0);
	tls_free(ctx);
	close(fd[0]);
	tls_config_free(config);
	reap(pid);
}

/* Records of a server in this process, handed to a client on a blocking socket. */
TEST13(blocking_read_returns_after_a_ticket)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct pair *p;
	struct pollfd pfd;
	size_t at, size, tickets = 0;
	uint8_t bytes[8192];
	char buf[64];
	int fd[2], i;
	ssize_t n;

	if (!LACKS(TICKETS_OFF))
		CONFIG_OK(sc, tls_config_set_session_lifetime(sc, 100));
	CONFIG_OK(cc, tls_config_set_session_fd(cc, session_file("session")));
	p = pair_wires(cc, sc, "server.test");
	socket_pair(fd);
	no_blocking(fd[1]);
	/* The client reads and writes the socket, the test carries bytes between it and the wires. */
	tls_reset(p->client);
	REQUIRE_OK(p->client, tls_configure(p->client, cc));
	no_blocking(fd[0]);
	REQUIRE_OK(p->client, tls_connect_socket(p->client, fd[0], "server.test"));
	p->client_rc = p->server_rc = TLS_WANT_POLLIN;
	for (i = 0; i < 100 && (p->client_rc != 0 || p->server_rc != 0); i++) {
		if (p->client_rc != 0)
			p->client_rc = tls_handshake(p->client);
		if ((n = read(fd[1], bytes, sizeof(bytes))) > 0) {
			wire_put(&p->up, bytes, n);
			wire_release(&p->up);
		}
		if (p->server_rc != 0)
			p->server_rc = tls_handshake(p->server);
		if (p->client_rc != 0 && p->down.len > p->down.taken) {
			REQUIRE(write(fd[1], p->down.data + p->down.taken, p->down.len - p->down.taken) > 0);
			p->down.taken = p->down.len;
		}
	}
	CHECK_INT(p->client_rc, 0);
	CHECK_INT(p->server_rc, 0);
	CHECK_INT(tls_write(p->server, "data", 4), 4);
	REQUIRE(fcntl(fd[0], F_SETFL, 0) == 0);
	/* All records but the last, which has the data, are tickets. They come one at a time. */
	pfd.fd = fd[0];
	pfd.events = POLLIN;
	for (at = p->down.taken; (size = wire_record(&p->down, at)) != 0; at += size) {
		REQUIRE(write(fd[1], p->down.data + at, size) == (ssize_t)size);
		CHECK_INT(poll(&pfd, 1, 0), 1);
		n = tls_read(p->client, buf, sizeof(buf));
		if (at + size < p->down.len) {
			CHECK_INT(n, TLS_WANT_POLLIN);
			tickets++;
		} else {
			CHECK_INT(n, 4);
		}
	}
	CHECK_INT(tickets, 2);
	CHECK_INT(poll(&pfd, 1, 0), 0);
	pair_free(p);
	close(fd[0]);
	close(fd[1]);
	tls_config_free(cc);
	tls_config_free(sc);
}

/* A caller that reads once, after poll, gets the data behind the tickets at once. */
TEST13(read_goes_on_after_tickets)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct pair *p;
	char buf[64];

	NEEDS(READS_ON_AFTER_TICKET);
	CONFIG_OK(sc, tls_config_set_session_lifetime(sc, 100));
	CONFIG_OK(cc, tls_config_set_session_fd(cc, session_file("session")));
	p = pair_sockets(cc, sc, "server.test");
	pair_established(p);
	CHECK_INT(tls_write(p->server, "data", 4), 4);
	CHECK_INT(tls_read(p->client, buf, sizeof(buf)), 4);
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

/* The peer goes away. Who ignores SIGPIPE gets an error, who does not is told by the signal. */
TEST(peer_gone_ignored_signal)
{
	struct pair *p = connected_sockets();
	char buf[64];
	ssize_t n;
	int i;

	signal(SIGPIPE, SIG_IGN);
	close(p->server_fd);
	p->server_fd = dup(p->client_fd);
	for (i = 0; i < 10 && (n = tls_write(p->client, "x", 1)) == 1; i++)
		continue;
	CHECK_INT(n, -1);
	CHECK_LIKE(tls_error(p->client), "write failed: *Broken pipe*");
	n = read_some(p->client, buf, sizeof(buf));
	CHECK(n == 0 || n == -1);
	tls_close(p->client);
	pair_free(p);
}

static volatile sig_atomic_t pipe_signals;

static void
on_pipe(int sig)
{
	(void)sig;
	pipe_signals++;
}

TEST(peer_gone_handled_signal)
{
	struct pair *p = connected_sockets();
	struct sigaction sa = { .sa_handler = on_pipe };

	REQUIRE(sigaction(SIGPIPE, &sa, NULL) == 0);
	close(p->server_fd);
	p->server_fd = dup(p->client_fd);
	CHECK_INT(tls_write(p->client, "x", 1), -1);
	CHECK_INT(pipe_signals, 1);
	CHECK_LIKE(tls_error(p->client), "write failed: *Broken pipe*");
	pair_free(p);
}

/* A server whose client has gone by the end of the handshake: no signal, no failed handshake. */
TEST(server_outlives_a_client_that_is_gone)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct pair *p;

	if (tls12())
		NEEDS(SERVER_TICKETS);
	NEEDS(DEFERRED_TICKETS);
	CONFIG_OK(sc, tls_config_set_session_lifetime(sc, 100));
	CONFIG_OK(cc, tls_config_set_session_fd(cc, session_file("session")));
	if (tls12()) {
		/* Only if it resumes is the client's the last word. */
		p = pair_sockets(cc, sc, "server.test");
		pair_established(p);
		pair_close(p);
		pair_free(p);
	}
	p = pair_sockets(cc, sc, "server.test");
	signal(SIGPIPE, SIG_DFL);
	CHECK_INT(tls_handshake(p->client), TLS_WANT_POLLIN);
	CHECK_INT(tls_handshake(p->server), TLS_WANT_POLLIN);
	CHECK_INT(tls_handshake(p->client), 0);
	close(p->client_fd);
	p->client_fd = dup(p->server_fd);
	CHECK_INT(tls_handshake(p->server), 0);
	CHECK_INT(tls_conn_session_resumed(p->server), tls12());
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

/* Nor a signal for one that would have had tickets while it is silent. */
TEST13(reading_raises_no_signal)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct sigaction sa = { .sa_handler = on_pipe };
	struct pair *p;
	char byte;

	NEEDS(DEFERRED_TICKETS);
	CONFIG_OK(sc, tls_config_set_session_lifetime(sc, 100));
	p = pair_sockets(cc, sc, "server.test");
	pair_established(p);
	REQUIRE(sigaction(SIGPIPE, &sa, NULL) == 0);
	REQUIRE(shutdown(p->server_fd, SHUT_WR) == 0);
	CHECK_INT(tls_read(p->server, &byte, 1), TLS_WANT_POLLIN);
	CHECK_INT(tls_write(p->client, "x", 1), 1);
	CHECK_INT(tls_read(p->server, &byte, 1), 1);
	CHECK_INT(pipe_signals, 0);
	CHECK_INT(tls_write(p->server, "x", 1), -1);
	CHECK_LIKE(tls_error(p->server), "write failed: *Broken pipe*");
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

/* The last word of a full TLS 1.2 handshake is the server's, which finds that nobody is there. */
TEST12(server_misses_a_client_that_is_gone)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct pair *p = pair_sockets(cc, sc, "server.test");
	struct sigaction sa = { .sa_handler = on_pipe };

	REQUIRE(sigaction(SIGPIPE, &sa, NULL) == 0);
	CHECK_INT(tls_handshake(p->client), TLS_WANT_POLLIN);
	CHECK_INT(tls_handshake(p->server), TLS_WANT_POLLIN);
	CHECK_INT(tls_handshake(p->client), TLS_WANT_POLLIN);
	close(p->client_fd);
	p->client_fd = dup(p->server_fd);
	CHECK_INT(tls_handshake(p->server), -1);
	CHECK_LIKE(tls_error(p->server), "handshake failed: *Broken pipe*");
	CHECK_INT(pipe_signals, 1);
	CHECK_STR(tls_conn_version(p->server), NULL);
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

static void *
thread_client(void *arg)
{
	struct tls_config **configs = arg;
	struct pair *p;
	int i;

	for (i = 0; i < 20; i++) {
		p = pair_sockets(configs[0], configs[1], "server.test");
		pair_established(p);
		transfer(p->client, p->server, 20000, 7000);
		transfer(p->server, p->client, 20000, 7000);
		pair_close(p);
		pair_free(p);
	}
	return NULL;
}

TEST(threads_share_configurations)
{
	struct tls_config *configs[2] = { client_config(), server_config("server") };
	pthread_t threads[4];
	int i;

	CONFIG_OK(configs[1], tls_config_set_session_lifetime(configs[1], 100));
	for (i = 0; i < 4; i++)
		REQUIRE(pthread_create(&threads[i], NULL, thread_client, configs) == 0);
	for (i = 0; i < 4; i++)
		REQUIRE(pthread_join(threads[i], NULL) == 0);
	tls_config_free(configs[0]);
	tls_config_free(configs[1]);
}

/* A context is used by one thread after another. */
struct errand {
	struct tls *ctx;
	int rc;
};

static void *
handshake_elsewhere(void *arg)
{
	struct errand *errand = arg;

	errand->rc = tls_handshake(errand->ctx);
	return NULL;
}

TEST(threads_take_turns_with_a_context)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct pair *p = pair_wires(cc, sc, "server.test");
	struct errand errand;
	pthread_t thread;
	int i, done[2] = { 0, 0 };

	for (i = 0; i < 20 && !(done[0] && done[1]); i++) {
		if (done[i % 2])
			continue;
		errand.ctx = i % 2 ? p->server : p->client;
		REQUIRE(pthread_create(&thread, NULL, handshake_elsewhere, &errand) == 0);
		REQUIRE(pthread_join(thread, NULL) == 0);
		done[i % 2] = errand.rc == 0;
	}
	CHECK(done[0] && done[1]);
	say(p->client, p->server, "elsewhere");
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

/* Connections of one listener in several threads, which also accept from it. */
struct shared {
	struct tls *listener;
	struct tls_config *cc;
};

static void *
thread_connections(void *arg)
{
	struct shared *shared = arg;
	struct pair *p;
	int i;

	for (i = 0; i < 20; i++) {
		p = pair_again(shared->listener, shared->cc, "server.test");
		pair_established(p);
		say(p->client, p->server, "question");
		say(p->server, p->client, "answer");
		pair_close(p);
		pair_keep_listener(p);
		pair_free(p);
	}
	return NULL;
}

TEST(threads_share_a_listener)
{
	struct tls_config *sc = server_config("server");
	struct shared shared = { .listener = tls_server(), .cc = client_config() };
	pthread_t threads[4];
	int i;

	CONFIG_OK(sc, tls_config_set_session_lifetime(sc, 100));
	if (!LACKS(SHARED_SESSION_FILE))
		CONFIG_OK(shared.cc, tls_config_set_session_fd(shared.cc, session_file("session")));
	REQUIRE_OK(shared.listener, tls_configure(shared.listener, sc));
	for (i = 0; i < 4; i++)
		REQUIRE(pthread_create(&threads[i], NULL, thread_connections, &shared) == 0);
	for (i = 0; i < 4; i++)
		REQUIRE(pthread_join(threads[i], NULL) == 0);
	tls_free(shared.listener);
	tls_config_free(shared.cc);
	tls_config_free(sc);
}

/* TLS within TLS: callbacks that read and write another connection. */
static ssize_t
tunnel_read(struct tls *ctx, void *buf, size_t len, void *arg)
{
	(void)ctx;
	return tls_read(arg, buf, len);
}

static ssize_t
tunnel_write(struct tls *ctx, const void *buf, size_t len, void *arg)
{
	(void)ctx;
	return tls_write(arg, buf, len);
}

TEST(callbacks_use_other_contexts)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct pair *outer = pair_sockets(cc, sc, "server.test");
	struct pair inner = { .client_fd = -1, .server_fd = -1, .client = tls_client() };

	pair_established(outer);
	REQUIRE_OK(inner.client, tls_configure(inner.client, cc));
	REQUIRE_OK(inner.client, tls_connect_cbs(inner.client, tunnel_read, tunnel_write, outer->client, "server.test"));
	REQUIRE_OK(outer->listener, tls_accept_cbs(outer->listener, &inner.server, tunnel_read, tunnel_write, outer->server));
	pair_established(&inner);
	transfer(inner.client, inner.server, 200000, 16384);
	transfer(inner.server, inner.client, 200000, 1 << 20);
	pair_close(&inner);
	pair_close(outer);
	tls_free(inner.client);
	tls_free(inner.server);
	pair_free(outer);
	tls_config_free(cc);
	tls_config_free(sc);
}

/* Several records go in one write, so that bulk data needs few system calls. */
TEST(one_write_for_several_records)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	static uint8_t data[65536], in[65536];
	struct pair *p = pair_wires(cc, sc, "server.test");
	size_t got = 0;
	ssize_t n;

	NEEDS(ONE_RECORD_WRITES);
	pair_established(p);
	memset(data, 'x', sizeof(data));
	p->client_end.writes = 0;
	CHECK_INT(tls_write(p->client, data, sizeof(data)), 65536);
	CHECK_INT(p->client_end.writes, 1);
	while (got < sizeof(in) && (n = read_some(p->server, in + got, sizeof(in) - got)) > 0)
		got += n;
	CHECK(got == sizeof(in) && memcmp(data, in, sizeof(in)) == 0);
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}
