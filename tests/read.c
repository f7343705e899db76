/* tls_read(3): handshake, data in both directions, and the ends of a connection. */
#include "harness.h"

#include <sys/socket.h>

#include <limits.h>

static struct pair *
connected(struct pair *join(struct tls_config *, struct tls_config *, const char *))
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct pair *p = join(cc, sc, "server.test");

	pair_established(p);
	tls_config_free(cc);
	tls_config_free(sc);
	return p;
}

TEST(writes_of_any_size)
{
	static const size_t sizes[][2] = {
		{ 1, 1 }, { 300, 1 }, { 16383, 16383 }, { 16384, 16384 }, { 16385, 16385 }, { 100000, 4096 },
		{ 65536, 65536 }, { 65537, 65537 }, { 1 << 20, 1 << 20 }, { 1 << 20, 1000 },
	};
	struct pair *p;
	size_t i, j;

	for (j = 0; j < 2; j++) {
		p = connected(j == 0 ? pair_sockets : pair_wires);
		for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			transfer(p->client, p->server, sizes[i][0], sizes[i][1]);
			transfer(p->server, p->client, sizes[i][0], sizes[i][1]);
		}
		pair_close(p);
		pair_free(p);
	}
}

TEST(implied_handshake)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct pair *p = pair_sockets(cc, sc, "server.test");
	char buf[16];
	ssize_t n = 0, m;
	int i;

	for (i = 0; i < 100 && n != 5; i++) {
		n = tls_write(p->client, "hello", 5);
		m = tls_read(p->server, buf, sizeof(buf));
		if (m > 0)
			break;
	}
	CHECK_INT(n, 5);
	CHECK_STR(tls_conn_version(p->client), version());
	if (m <= 0)
		m = read_some(p->server, buf, sizeof(buf));
	CHECK_INT(m, 5);
	CHECK_STR(tls_conn_version(p->server), version());
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

TEST(read_in_pieces)
{
	struct pair *p = connected(pair_sockets);
	char buf[16];
	size_t i;

	CHECK_INT(tls_write(p->client, "0123456789", 10), 10);
	for (i = 0; i < 10; i++) {
		CHECK_INT(tls_read(p->server, buf, 1), 1);
		CHECK_INT(buf[0], '0' + (int)i);
	}
	CHECK_INT(tls_read(p->server, buf, 1), TLS_WANT_POLLIN);
	CHECK_STR(tls_error(p->server), NULL);
	pair_free(p);
}

/* A record is not joined with the next. */
/* What the peer wrote stays to be read, whatever is written meanwhile. */
TEST(write_beside_unread_data)
{
	struct pair *p = connected(pair_sockets);
	char buf[16];

	drain(p->client);
	CHECK_INT(tls_write(p->server, "0123456789", 10), 10);
	CHECK_INT(tls_read(p->client, buf, 1), 1);
	CHECK_INT(tls_write(p->client, "x", 1), 1);
	CHECK_INT(tls_read(p->client, buf + 1, 4), 4);
	CHECK_INT(tls_close(p->client), 0);
	CHECK_INT(tls_read(p->client, buf + 5, sizeof(buf) - 5), 5);
	CHECK(memcmp(buf, "0123456789", 10) == 0);
	CHECK_INT(read_some(p->server, buf, sizeof(buf)), 1);
	CHECK_INT(read_some(p->server, buf, sizeof(buf)), 0);
	pair_free(p);
}

/* So does a record of which a part has been read, however short it is. */
TEST(write_beside_half_a_record)
{
	struct pair *p = connected(pair_wires);
	size_t at, cut;
	char buf[16];

	drain(p->client);
	p->server_end.hold = 1;
	for (cut = 1;; cut++) {
		at = p->down.len;
		CHECK_INT(tls_write(p->server, "0123456789", 10), 10);
		if (at + cut >= p->down.len)
			break;
		p->down.ready = at + cut;
		CHECK_INT(tls_read(p->client, buf, sizeof(buf)), TLS_WANT_POLLIN);
		CHECK_INT(tls_write(p->client, "x", 1), 1);
		wire_release(&p->down);
		if (!CHECK_INT(tls_read(p->client, buf, sizeof(buf)), 10))
			break;
		CHECK(memcmp(buf, "0123456789", 10) == 0);
		CHECK_INT(read_some(p->server, buf, sizeof(buf)), 1);
	}
	CHECK(cut > 20);
	pair_free(p);
}

TEST(read_is_one_record)
{
	struct pair *p = connected(pair_wires);
	char buf[64];

	CHECK_INT(tls_write(p->client, "first", 5), 5);
	CHECK_INT(tls_write(p->client, "second", 6), 6);
	CHECK_INT(tls_read(p->server, buf, sizeof(buf)), 5);
	CHECK_INT(tls_read(p->server, buf, sizeof(buf)), 6);
	CHECK_INT(tls_read(p->server, buf, sizeof(buf)), TLS_WANT_POLLIN);
	pair_free(p);
}

/* Programs rely on what they have put behind the data, a NUL for instance. */
TEST(read_leaves_the_rest_of_the_buffer)
{
	static const size_t sizes[] = { 1, 15, 4095, 4096, 10000 };
	static const char *const suites[] = { "default", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384" };
	static char data[10000], buf[20000];
	struct tls_config *cc, *sc;
	struct pair *p;
	size_t i, j, k, n;

	memset(data, 'x', sizeof(data));
	/* With CBC, which is TLS 1.2's, a record also has padding. */
	for (k = 0; k < (tls12() ? 3 : 1); k++) {
		cc = client_config();
		sc = server_config("server");
		CONFIG_OK(cc, tls_config_set_ciphers(cc, suites[k]));
		CONFIG_OK(sc, tls_config_set_ciphers(sc, suites[k]));
		CONFIG_OK(sc, tls_config_set_session_lifetime(sc, 100)); /* tickets come first */
		p = pair_sockets(cc, sc, "server.test");
		pair_established(p);
		for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			CHECK_INT(tls_write(p->server, data, sizes[i]), sizes[i]);
			memset(buf, '-', sizeof(buf));
			CHECK_INT(read_some(p->client, buf, sizeof(buf)), sizes[i]);
			for (j = sizes[i], n = 0; j < sizeof(buf); j++)
				n += buf[j] != '-';
			CHECK_INT(n, 0);
		}
		pair_free(p);
		tls_config_free(cc);
		tls_config_free(sc);
	}
}

TEST(read_is_at_most_a_record)
{
	struct pair *p = connected(pair_wires);
	static char buf[100000];
	ssize_t n;

	n = tls_write(p->client, buf, sizeof(buf));
	CHECK(n >= 16384);
	CHECK_INT(tls_read(p->server, buf, sizeof(buf)), 16384);
	pair_free(p);
}

TEST(clean_end)
{
	struct pair *p = connected(pair_sockets);
	char buf[16];

	CHECK_INT(tls_write(p->client, "last", 4), 4);
	CHECK_INT(tls_close(p->client), 0);
	CHECK_INT(read_some(p->server, buf, sizeof(buf)), 4);
	CHECK_INT(tls_read(p->server, buf, sizeof(buf)), 0);
	CHECK_INT(tls_read(p->server, buf, sizeof(buf)), 0);
	CHECK_INT(tls_close(p->server), 0);
	CHECK_INT(tls_close(p->server), 0);
	CHECK_STR(tls_error(p->server), NULL);
	pair_free(p);
}

TEST(half_close)
{
	struct pair *p = connected(pair_sockets);
	char buf[16];

	CHECK_INT(tls_close(p->client), 0);
	CHECK_INT(read_some(p->server, buf, sizeof(buf)), 0);
	/* The other direction goes on. */
	CHECK_INT(tls_write(p->server, "still here", 10), 10);
	CHECK_INT(read_some(p->client, buf, sizeof(buf)), 10);
	CHECK_INT(tls_close(p->server), 0);
	CHECK_INT(read_some(p->client, buf, sizeof(buf)), 0);
	CHECK_INT(tls_close(p->client), 0);
	pair_free(p);
}

TEST(write_after_close)
{
	struct pair *p = connected(pair_sockets);

	CHECK_INT(tls_close(p->client), 0);
	CHECK_INT(tls_write(p->client, "x", 1), -1);
	CHECK_LIKE(tls_error(p->client), "write failed: *protocol is shutdown*");
	pair_free(p);
}

TEST(close_says_it_once)
{
	struct pair *p = connected(pair_wires);
	size_t len;

	CHECK_INT(tls_close(p->client), 0);
	len = p->up.len;
	CHECK_INT(tls_close(p->client), 0);
	CHECK_INT(p->up.len, len);
	pair_free(p);
}

TEST(truncation)
{
	struct pair *p = connected(pair_sockets);
	char buf[16];

	CHECK_INT(tls_write(p->client, "cut", 3), 3);
	shutdown(p->client_fd, SHUT_WR);
	CHECK_INT(read_some(p->server, buf, sizeof(buf)), 3);
	if (LACKS(TRUNCATION_AT_CLOSE)) {
		CHECK_INT(tls_read(p->server, buf, sizeof(buf)), -1);
		CHECK_LIKE(tls_error(p->server), "read failed: *");
	} else {
		CHECK_INT(tls_read(p->server, buf, sizeof(buf)), 0);
		CHECK_INT(tls_read(p->server, buf, sizeof(buf)), 0);
		CHECK_INT(tls_close(p->server), -1);
		CHECK_STR(tls_error(p->server), "EOF without close notify");
		CHECK_INT(tls_close(p->server), -1);
		CHECK_STR(tls_error(p->server), "EOF without close notify");
	}
	pair_free(p);
}

/* The connection ends within a record. */
TEST(truncation_in_a_record)
{
	struct pair *p = connected(pair_wires);
	char buf[16];
	size_t end;

	p->client_end.hold = 1;
	end = p->up.len;
	CHECK_INT(tls_write(p->client, "cut", 3), 3);
	p->up.ready = end + (p->up.len - end) / 2;
	p->up.closed = 1;
	if (LACKS(TRUNCATION_AT_CLOSE)) {
		CHECK_INT(tls_read(p->server, buf, sizeof(buf)), -1);
	} else {
		CHECK_INT(tls_read(p->server, buf, sizeof(buf)), 0);
		CHECK_INT(tls_close(p->server), -1);
		CHECK_STR(tls_error(p->server), "EOF without close notify");
	}
	pair_free(p);
}

TEST(end_of_transport_in_the_handshake)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct pair *p = pair_wires(cc, sc, "server.test");

	p->down.closed = 1;
	CHECK_INT(tls_handshake(p->client), -1);
	CHECK_LIKE(tls_error(p->client), LACKS(TRANSPORT_TEXT) ? "handshake failed: *" : "handshake failed: unexpected EOF");
	p->up.closed = 1;
	p->up.ready = 7;
	CHECK_INT(tls_handshake(p->server), -1);
	CHECK_LIKE(tls_error(p->server), LACKS(TRANSPORT_TEXT) ? "handshake failed: *" : "handshake failed: unexpected EOF");
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

TEST(close_in_the_handshake)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct pair *p = pair_wires(cc, sc, "server.test");
	size_t len;
	char byte;

	CHECK_INT(tls_close(p->client), 0);
	CHECK_INT(p->up.len, 0);
	CHECK_INT(tls_handshake(p->client), TLS_WANT_POLLIN);
	len = p->up.len;
	if (!LACKS(CLOSE_IN_HANDSHAKE)) {
		CHECK_INT(tls_close(p->client), 0);
		CHECK_INT(p->up.len, len);
		CHECK_INT(tls_close(p->client), 0);
		/* It would end without a word to the peer, so it doesn't go on. */
		CHECK_INT(tls_handshake(p->client), -1);
		CHECK_STR(tls_error(p->client), "handshake failed: protocol is shutdown");
		CHECK_INT(tls_handshake(p->server), TLS_WANT_POLLIN);
		CHECK_INT(tls_read(p->client, &byte, 1), -1);
		CHECK_INT(tls_write(p->client, "x", 1), -1);
		CHECK_INT(tls_close(p->client), 0);
		CHECK_INT(p->up.len, len);
		len = p->down.len;
		CHECK_INT(tls_close(p->server), 0);
		CHECK_INT(tls_handshake(p->server), -1);
		CHECK_STR(tls_error(p->server), "handshake failed: protocol is shutdown");
		CHECK_INT(p->down.len, len);
	}
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

/* A close_notify instead of the peer's first flight: nothing was negotiated, nothing may succeed. */
TEST(close_notify_in_the_handshake)
{
	static const uint8_t alert[] = { 21, 3, 3, 0, 2, 1, 0 };
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct pair *p = pair_wires(cc, sc, "server.test");
	char byte;

	NEEDS(CLOSE_IN_HANDSHAKE);
	wire_put(&p->down, alert, sizeof(alert));
	wire_release(&p->down);
	CHECK_INT(tls_handshake(p->client), -1);
	CHECK_LIKE(tls_error(p->client), "handshake failed: *");
	CHECK_INT(tls_handshake(p->client), -1);
	CHECK_INT(tls_read(p->client, &byte, 1), -1);
	CHECK_INT(tls_write(p->client, "x", 1), -1);
	p->up.len = p->up.ready = 0;
	wire_put(&p->up, alert, sizeof(alert));
	wire_release(&p->up);
	CHECK_INT(tls_handshake(p->server), -1);
	CHECK_LIKE(tls_error(p->server), "handshake failed: *");
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

TEST(length_limits)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct pair *p = pair_sockets(cc, sc, "server.test");
	char buf[16];

	pair_established(p);
	CHECK_INT(tls_read(p->client, buf, (size_t)INT_MAX + 1), -1);
	CHECK_STR(tls_error(p->client), "buflen too long");
	CHECK_INT(tls_write(p->client, buf, (size_t)INT_MAX + 1), -1);
	CHECK_STR(tls_error(p->client), "buflen too long");
	CHECK_INT(tls_write(p->client, buf, SIZE_MAX), -1);
	CHECK_STR(tls_error(p->client), "buflen too long");
	say(p->client, p->server, "unharmed");
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

/* Also when the call had the handshake to do first. */
TEST(length_limits_with_the_handshake)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct pair *p = pair_sockets(cc, sc, "server.test");
	ssize_t n = TLS_WANT_POLLIN;
	char byte;
	int i;

	NEEDS(READ_LIMIT_RESULT);
	for (i = 0; i < 100 && n == TLS_WANT_POLLIN; i++) {
		n = tls_read(p->client, &byte, (size_t)INT_MAX + 1);
		tls_read(p->server, &byte, 1);
	}
	CHECK_INT(n, -1);
	CHECK_STR(tls_error(p->client), "buflen too long");
	say(p->client, p->server, "unharmed");
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

TEST(nothing_to_write_or_read)
{
	struct pair *p = connected(pair_wires);
	char buf[16];
	size_t len = p->up.len;

	NEEDS(EMPTY_WRITE);
	CHECK_INT(tls_write(p->client, buf, 0), 0);
	CHECK_INT(p->up.len, len);
	CHECK_INT(tls_write(p->client, "data", 4), 4);
	CHECK_INT(tls_read(p->server, buf, 0), 0);
	CHECK_INT(tls_read(p->server, buf, sizeof(buf)), 4);
	pair_close(p);
	pair_free(p);
}

TEST(errno_is_zero)
{
	struct pair *p = connected(pair_sockets);
	char buf[16];

	errno = EDOM;
	CHECK_INT(tls_read(p->client, buf, sizeof(buf)), TLS_WANT_POLLIN);
	CHECK_INT(errno, 0);
	errno = EDOM;
	CHECK_INT(tls_handshake(p->client), -1);
	CHECK_INT(errno, 0);
	errno = EDOM;
	CHECK_INT(tls_write(p->client, "x", 1), 1);
	CHECK_INT(errno, 0);
	errno = EDOM;
	CHECK_INT(read_some(p->server, buf, sizeof(buf)), 1);
	CHECK_INT(errno, 0);
	errno = EDOM;
	CHECK_INT(tls_close(p->client), 0);
	CHECK_INT(errno, 0);
	pair_free(p);
}

/* Fills the transport until the library can't write; returns what it took. */
static size_t
fill(struct pair *p, const uint8_t *data, size_t len)
{
	size_t sent = 0;
	ssize_t n;

	while ((n = tls_write(p->client, data + sent, len - sent)) > 0) {
		sent += n;
		REQUIRE(sent < len);
	}
	CHECK_INT(n, TLS_WANT_POLLOUT);
	CHECK_STR(tls_error(p->client), NULL);
	return sent;
}

TEST(retry_after_want_pollout)
{
	enum { SIZE = 4 << 20 };
	struct pair *p = connected(pair_sockets);
	uint8_t *data = malloc(SIZE), *moved = malloc(SIZE), *in = malloc(SIZE);
	size_t i, sent, got = 0;
	ssize_t n;

	for (i = 0; i < SIZE; i++)
		data[i] = i * 3 + i / 1009;
	sent = fill(p, data, SIZE);
	CHECK_INT(tls_write(p->client, data + sent, SIZE - sent), TLS_WANT_POLLOUT);
	/* Reading is possible meanwhile. */
	CHECK_INT(tls_write(p->server, "hi", 2), 2);
	CHECK_INT(read_some(p->client, in, SIZE), 2);
	/* The buffer may move. */
	memcpy(moved, data, SIZE);
	memset(data, 0, SIZE);
	while (got < SIZE) {
		if (sent < SIZE) {
			n = tls_write(p->client, moved + sent, SIZE - sent);
			if (n > 0)
				sent += n;
			else
				CHECK_INT(n, TLS_WANT_POLLOUT);
		}
		n = tls_read(p->server, in + got, SIZE - got);
		if (n > 0)
			got += n;
		else
			REQUIRE(n == TLS_WANT_POLLIN);
	}
	CHECK_INT(sent, SIZE);
	CHECK(memcmp(in, moved, SIZE) == 0);
	pair_close(p);
	pair_free(p);
	free(data);
	free(moved);
	free(in);
}

TEST(retry_with_fewer_bytes)
{
	struct pair *p = connected(pair_wires);
	static char data[2000], in[4000];
	size_t i;

	NEEDS(SHORT_RETRY);
	for (i = 0; i < sizeof(data); i++)
		data[i] = i;
	p->client_end.blocked = 1;
	CHECK_INT(tls_write(p->client, data, sizeof(data)), TLS_WANT_POLLOUT);
	p->client_end.blocked = 0;
	CHECK_INT(tls_write(p->client, data, 1999), -1);
	CHECK_LIKE(tls_error(p->client), "write failed: *bad write retry");
	/* Which is no harm done. */
	CHECK_INT(tls_write(p->client, data, sizeof(data)), 2000);
	CHECK_INT(tls_read(p->server, in, sizeof(in)), 2000);
	CHECK(memcmp(data, in, sizeof(data)) == 0);
	pair_close(p);
	pair_free(p);
}

/* What was sealed is what is sent; there may be more than before. */
TEST(retry_with_other_bytes)
{
	struct pair *p = connected(pair_wires);
	char in[64];

	p->client_end.blocked = 1;
	CHECK_INT(tls_write(p->client, "first", 5), TLS_WANT_POLLOUT);
	p->client_end.blocked = 0;
	CHECK(tls_write(p->client, "other, and more", 15) >= 5);
	CHECK_INT(tls_read(p->server, in, sizeof(in)), 5);
	CHECK(memcmp(in, "first", 5) == 0);
	pair_close(p);
	pair_free(p);
}

TEST(close_with_a_write_pending)
{
	struct pair *p = connected(pair_wires);
	char in[64];

	NEEDS(PENDING_CLOSE);
	p->client_end.blocked = 1;
	CHECK_INT(tls_write(p->client, "pending", 7), TLS_WANT_POLLOUT);
	CHECK_INT(tls_close(p->client), TLS_WANT_POLLOUT);
	p->client_end.blocked = 0;
	CHECK_INT(tls_close(p->client), 0);
	CHECK_INT(tls_read(p->server, in, sizeof(in)), 7);
	CHECK_INT(tls_read(p->server, in, sizeof(in)), 0);
	pair_free(p);
}

TEST(close_that_has_to_wait)
{
	struct pair *p = connected(pair_wires);
	char in[64];

	p->client_end.blocked = 1;
	CHECK_INT(tls_close(p->client), TLS_WANT_POLLOUT);
	CHECK_STR(tls_error(p->client), NULL);
	CHECK_INT(tls_close(p->client), TLS_WANT_POLLOUT);
	p->client_end.blocked = 0;
	CHECK_INT(tls_close(p->client), 0);
	CHECK_INT(read_some(p->server, in, sizeof(in)), 0);
	CHECK_INT(tls_close(p->server), 0);
	pair_free(p);
}

/* A close_notify that can't be written keeps nobody from reading the end again. */
TEST(read_behind_the_end)
{
	struct pair *p = connected(pair_wires);
	char in[64];

	CHECK_INT(tls_close(p->server), 0);
	CHECK_INT(read_some(p->client, in, sizeof(in)), 0);
	p->client_end.blocked = 1;
	CHECK_INT(tls_close(p->client), TLS_WANT_POLLOUT);
	CHECK_INT(tls_read(p->client, in, sizeof(in)), 0);
	p->client_end.blocked = 0;
	CHECK_INT(tls_close(p->client), 0);
	CHECK_INT(tls_read(p->client, in, sizeof(in)), 0);
	pair_free(p);
}
