/* tls_config_set_session_id(3): session files, tickets and their keys. */
#include "harness.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <ctype.h>
#include <fcntl.h>
#include <signal.h>
#include <time.h>

/* Settings. */

TEST(session_fd_checks)
{
	struct tls_config *config = tls_config_new();
	int fd, pipes[2], directory;
	char text[100];

	CHECK_INT(tls_config_set_session_fd(config, 999), -1);
	CHECK_STR(tls_config_error(config), "failed to stat session file: Bad file descriptor");
	CHECK_INT(tls_config_set_session_fd(config, -2), -1);
	CHECK_STR(tls_config_error(config), "failed to stat session file: Bad file descriptor");

	REQUIRE(pipe(pipes) == 0);
	CHECK_INT(tls_config_set_session_fd(config, pipes[0]), -1);
	CHECK_STR(tls_config_error(config), "session file is not a regular file");
	directory = open("/", O_RDONLY);
	CHECK_INT(tls_config_set_session_fd(config, directory), -1);
	CHECK_STR(tls_config_error(config), "session file is not a regular file");

	fd = session_file("checks");
	REQUIRE(fchmod(fd, 0644) == 0);
	CHECK_INT(tls_config_set_session_fd(config, fd), -1);
	CHECK_STR(tls_config_error(config), "session file has incorrect permissions (644 != 600)");
	REQUIRE(fchmod(fd, 0400) == 0);
	CHECK_INT(tls_config_set_session_fd(config, fd), -1);
	CHECK_STR(tls_config_error(config), "session file has incorrect permissions (400 != 600)");
	REQUIRE(fchmod(fd, 04600) == 0);
	CHECK_INT(tls_config_set_session_fd(config, fd), 0);
	REQUIRE(fchmod(fd, 0600) == 0);
	CHECK_INT(tls_config_set_session_fd(config, fd), 0);
	CHECK_INT(tls_config_set_session_fd(config, -1), 0);
	if (getuid() == 0) {
		REQUIRE(fchown(fd, 12345, -1) == 0);
		CHECK_INT(tls_config_set_session_fd(config, fd), -1);
		CHECK_STR(tls_config_error(config), "session file has incorrect owner (uid 12345 != 0)");
	} else {
		int other = open("/etc/passwd", O_RDONLY);

		CHECK_INT(tls_config_set_session_fd(config, other), -1);
		snprintf(text, sizeof(text), "session file has incorrect owner (uid 0 != %u)", getuid());
		CHECK_STR(tls_config_error(config), text);
	}
	tls_config_free(config);
}

TEST(session_id_lengths)
{
	struct tls_config *config = tls_config_new();
	unsigned char id[33] = { 1, 2, 3 };

	CHECK_INT(tls_config_set_session_id(config, id, 33), -1);
	CHECK_STR(tls_config_error(config), "session ID too large");
	CHECK_INT(tls_config_set_session_id(config, id, 32), 0);
	CHECK_INT(tls_config_set_session_id(config, id, 1), 0);
	CHECK_INT(tls_config_set_session_id(config, NULL, 0), 0);
	tls_config_free(config);
}

/* Bytes that aren't there would make a label of zeros, which anybody may have. */
TEST(session_id_that_is_not_there)
{
	struct tls_config *config = tls_config_new();

	NEEDS(NULL_ARGUMENTS);
	CHECK_INT(tls_config_set_session_id(config, NULL, 3), -1);
	CHECK_STR(tls_config_error(config), "no session ID");
	CHECK_INT(tls_config_add_ticket_key(config, 1, NULL, TLS_TICKET_KEY_SIZE), -1);
	CHECK_STR(tls_config_error(config), "wrong amount of ticket key data");
	tls_config_free(config);
}

TEST(session_lifetimes)
{
	static const struct { int lifetime; const char *text; } cases[] = {
		{ -2147483647 - 1, "session lifetime too small" }, { -1, "session lifetime too small" },
		{ 1, "session lifetime too small" }, { 3, "session lifetime too small" },
		{ 0, NULL }, { 4, NULL }, { 86400, NULL },
		{ 86401, "session lifetime too large" }, { 2147483647, "session lifetime too large" },
	};
	struct tls_config *config = tls_config_new();
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (!CHECK_INT(tls_config_set_session_lifetime(config, cases[i].lifetime), cases[i].text ? -1 : 0))
			check_note("%d", cases[i].lifetime);
		if (cases[i].text != NULL)
			CHECK_STR(tls_config_error(config), cases[i].text);
	}
	tls_config_free(config);
}

TEST(ticket_key_table)
{
	static const char present[] = "ticket key already present";
	enum { K1 = 1, K2 = 2 };
	static const struct { uint32_t revision; int key, good; } cases[] = {
		{ 1, K1, 1 },
		{ 1, K1, 1 },		/* the most recent again */
		{ 1, K2, 0 },		/* other bytes */
		{ 2, K1, 1 },
		{ 1, K1, 0 },		/* no longer the most recent */
		{ 2, K1, 1 },
		{ 3, K1, 1 },
		{ 4, K1, 1 },
		{ 0, K1, 1 },		/* pushes out 1 */
		{ 1, K1, 1 },		/* pushes out 2 */
		{ 3, K1, 0 },
		{ 2, K1, 1 },
		{ 0xffffffff, K1, 1 },
	};
	struct tls_config *config = tls_config_new();
	unsigned char key[49];
	size_t i;

	memset(key, 0, sizeof(key));
	CHECK_INT(tls_config_add_ticket_key(config, 1, key, 47), -1);
	CHECK_STR(tls_config_error(config), "wrong amount of ticket key data");
	CHECK_INT(tls_config_add_ticket_key(config, 1, key, 49), -1);
	CHECK_STR(tls_config_error(config), "wrong amount of ticket key data");
	CHECK_INT(tls_config_add_ticket_key(config, 1, key, 0), -1);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memset(key, cases[i].key, sizeof(key));
		if (!CHECK_INT(tls_config_add_ticket_key(config, cases[i].revision, key, 48), cases[i].good ? 0 : -1))
			check_note("row %zu, revision %u", i, cases[i].revision);
		if (!cases[i].good)
			CHECK_STR(tls_config_error(config), present);
	}
	tls_config_free(config);
}

TEST(ticket_key_pushed_out_by_a_fifth)
{
	struct tls_config *config = tls_config_new();
	unsigned char key[48] = { 7 };
	uint32_t i;

	for (i = 4; i <= 8; i++)
		CHECK_INT(tls_config_add_ticket_key(config, i, key, sizeof(key)), 0);
	CHECK_INT(tls_config_add_ticket_key(config, 4, key, sizeof(key)), 0);
	tls_config_free(config);
}

TEST(ticket_key_of_revision_zero)
{
	struct tls_config *config = tls_config_new();
	unsigned char key[48] = { 0 };

	NEEDS(KEYREV_ZERO);
	CHECK_INT(tls_config_add_ticket_key(config, 0, key, sizeof(key)), 0);
	CHECK_INT(tls_config_add_ticket_key(config, 0, key, sizeof(key)), 0);
	key[0] = 1;
	CHECK_INT(tls_config_add_ticket_key(config, 0, key, sizeof(key)), -1);
	CHECK_STR(tls_config_error(config), "ticket key already present");
	tls_config_free(config);
}

/* Resumption. */

struct fleet {
	struct tls_config *sc, *cc;
	struct tls *listener;
	int fd;
};

static struct tls_config *
ticket_server(const char *keypair, int lifetime)
{
	struct tls_config *config = server_config(keypair);

	CONFIG_OK(config, tls_config_set_session_lifetime(config, lifetime));
	return config;
}

static void
listen_with(struct fleet *f, struct tls_config *sc)
{
	tls_free(f->listener);
	if (f->sc != sc)
		tls_config_free(f->sc);
	f->sc = sc;
	f->listener = tls_server();
	REQUIRE_OK(f->listener, tls_configure(f->listener, sc));
}

static struct fleet
fleet_new(struct tls_config *sc)
{
	struct fleet f = { .cc = client_config(), .fd = session_file("session") };

	CONFIG_OK(f.cc, tls_config_set_session_fd(f.cc, f.fd));
	listen_with(&f, sc);
	return f;
}

static void
fleet_free(struct fleet *f)
{
	tls_free(f->listener);
	tls_config_free(f->cc);
	tls_config_free(f->sc);
	close(f->fd);
}

static void
part(struct pair *p)
{
	pair_keep_listener(p);
	pair_free(p);
}

/* One connection that takes in its tickets; whether it was resumed. */
static int
visit_name(struct fleet *f, const char *name)
{
	struct pair *p = pair_again(f->listener, f->cc, name);
	int resumed;

	pair_established(p);
	resumed = tls_conn_session_resumed(p->client);
	CHECK_INT(tls_conn_session_resumed(p->server), resumed);
	CHECK_STR(tls_conn_version(p->client), version());
	CHECK_LIKE(tls_peer_cert_hash(p->client), "SHA256:*");
	say(p->client, p->server, "question");
	say(p->server, p->client, "answer");
	pair_close(p);
	part(p);
	return resumed;
}

static int
visit(struct fleet *f)
{
	return visit_name(f, "server.test");
}

static size_t
file_size(int fd)
{
	struct stat sb;

	REQUIRE(fstat(fd, &sb) == 0);
	return sb.st_size;
}

static size_t
session_text(struct fleet *f, char *buf, size_t size)
{
	ssize_t n = pread(f->fd, buf, size - 1, 0);

	REQUIRE(n >= 0);
	buf[n] = '\0';
	return n;
}

/* The ticket within a TLS 1.2 server's handshake, which begins with its lifetime (RFC 5077, 3.3). */
static const uint8_t *
early_ticket(const struct wire *down)
{
	enum { NEW_SESSION_TICKET = 4 };

	return wire_message(down, NEW_SESSION_TICKET);
}

TEST(resumption)
{
	struct fleet f;
	int i;

	NEEDS(SERVER_TICKETS);
	f = fleet_new(ticket_server("server", 100));
	CHECK_INT(visit(&f), 0);
	for (i = 0; i < 10; i++)
		CHECK_INT(visit(&f), 1);
	fleet_free(&f);
}

TEST(resumption_on_sockets)
{
	struct fleet f;
	struct pair *p;
	int i;

	NEEDS(SERVER_TICKETS);
	f = fleet_new(ticket_server("server", 100));
	for (i = 0; i < 3; i++) {
		unsigned char key[48] = { 9 };

		CONFIG_OK(f.sc, tls_config_add_ticket_key(f.sc, 1, key, sizeof(key)));
		CONFIG_OK(f.sc, tls_config_set_session_id(f.sc, key, 5));
		p = pair_sockets(f.cc, f.sc, "server.test");
		pair_established(p);
		CHECK_INT(tls_conn_session_resumed(p->client), i > 0);
		CHECK_INT(tls_conn_session_resumed(p->server), i > 0);
		say(p->server, p->client, "ticket");
		pair_close(p);
		pair_free(p);
	}
	fleet_free(&f);
}

TEST(resumed_data)
{
	struct fleet f;
	struct pair *p;

	NEEDS(SERVER_TICKETS);
	f = fleet_new(ticket_server("server", 100));
	CHECK_INT(visit(&f), 0);
	p = pair_again(f.listener, f.cc, "server.test");
	pair_established(p);
	CHECK_INT(tls_conn_session_resumed(p->client), 1);
	transfer(p->client, p->server, 1 << 20, 1 << 20);
	transfer(p->server, p->client, 1 << 20, 1 << 20);
	part(p);
	fleet_free(&f);
}

TEST(no_session_file_no_resumption)
{
	struct fleet f = fleet_new(ticket_server("server", 100));

	CONFIG_OK(f.cc, tls_config_set_session_fd(f.cc, -1));
	CHECK_INT(visit(&f), 0);
	CHECK_INT(visit(&f), 0);
	CHECK_INT(file_size(f.fd), 0);
	fleet_free(&f);
}

TEST(lifetime_zero_issues_nothing)
{
	struct fleet f;
	struct pair *p;
	size_t at, records = 0, size;

	NEEDS(TICKETS_OFF);
	f = fleet_new(ticket_server("server", 0));
	p = pair_again(f.listener, f.cc, "server.test");
	pair_established(p);
	CHECK(early_ticket(&p->down) == NULL);
	at = p->down.taken;
	CHECK_INT(tls_write(p->server, "x", 1), 1);
	for (; (size = wire_record(&p->down, at)) != 0; at += size)
		records++;
	CHECK_INT(records, 1);
	part(p);
	CHECK_INT(visit(&f), 0);
	CHECK_INT(visit(&f), 0);
	fleet_free(&f);
}

TEST(lifetime_zero_accepts_nothing)
{
	struct fleet f;

	NEEDS(SERVER_TICKETS);
	f = fleet_new(ticket_server("server", 100));
	CHECK_INT(visit(&f), 0);
	CHECK_INT(visit(&f), 1);
	CONFIG_OK(f.sc, tls_config_set_session_lifetime(f.sc, 0));
	listen_with(&f, f.sc);
	CHECK_INT(visit(&f), 0);
	fleet_free(&f);
}

/* Two tickets after a full handshake, one after a resumption, with the first data. */
TEST13(tickets_issued)
{
	struct fleet f;
	struct pair *p;
	size_t at, records, size;
	char byte;
	int i;

	NEEDS(DEFERRED_TICKETS);
	f = fleet_new(ticket_server("server", 100));
	for (i = 0; i < 2; i++) {
		p = pair_again(f.listener, f.cc, "server.test");
		pair_established(p);
		CHECK_INT(tls_conn_session_resumed(p->client), i);
		at = p->down.taken;
		CHECK_INT(p->down.len, at);
		p->server_end.writes = 0;
		CHECK_INT(tls_write(p->server, "x", 1), 1);
		CHECK_INT(p->server_end.writes, 1);
		for (records = 0; (size = wire_record(&p->down, at)) != 0; at += size)
			records++;
		CHECK_INT(records, i == 0 ? 3 : 2);
		CHECK_INT(read_some(p->client, &byte, 1), 1);
		part(p);
	}
	fleet_free(&f);
}

/* A client that waits for a ticket before it speaks gets it: when the server finds nothing to read. */
TEST13(tickets_when_nothing_comes)
{
	struct fleet f;
	struct pair *p;
	char buf[16];
	int i;

	NEEDS(DEFERRED_TICKETS);
	f = fleet_new(ticket_server("server", 100));
	for (i = 0; i < 4; i++) {
		p = i % 2 == 0 ? pair_again(f.listener, f.cc, "server.test") :
		    pair_sockets(f.cc, f.sc, "server.test");
		pair_established(p);
		CHECK_INT(tls_conn_session_resumed(p->client), i > 0);
		/* Not while there is something to read. */
		CHECK_INT(tls_write(p->client, "x", 1), 1);
		CHECK_INT(tls_read(p->server, buf, sizeof(buf)), 1);
		CHECK_INT(tls_read(p->client, buf, sizeof(buf)), TLS_WANT_POLLIN);
		CHECK_INT(file_size(f.fd) > 0, i > 0);
		CHECK_INT(tls_read(p->server, buf, sizeof(buf)), TLS_WANT_POLLIN);
		CHECK_INT(tls_read(p->client, buf, sizeof(buf)), TLS_WANT_POLLIN);
		CHECK(file_size(f.fd) > 0);
		say(p->server, p->client, "with no more tickets");
		if (i % 2 == 0)
			part(p);
		else
			pair_free(p);
	}
	fleet_free(&f);
}

/* One within a full handshake, and within a resumption if there is a newer key; none afterwards. */
TEST12(tickets_issued_in_the_handshake)
{
	struct fleet f;
	struct pair *p;
	unsigned char key[48] = { 1 };
	const uint8_t *ticket;
	size_t at;
	int i;

	NEEDS(SERVER_TICKETS);
	f = fleet_new(ticket_server("server", 100));
	for (i = 0; i < 5; i++) {
		if (i == 2)
			CONFIG_OK(f.sc, tls_config_add_ticket_key(f.sc, 1, key, sizeof(key)));
		if (i == 4)	/* doesn't ask for one */
			CONFIG_OK(f.cc, tls_config_set_session_fd(f.cc, -1));
		p = pair_again(f.listener, f.cc, "server.test");
		pair_established(p);
		CHECK_INT(tls_conn_session_resumed(p->client), i > 0 && i < 4);
		ticket = early_ticket(&p->down);
		if (!CHECK_INT(ticket != NULL, i == 0 || i == 2))
			check_note("connection %d", i);
		if (i == 0 && ticket != NULL)
			CHECK_INT(ticket[0] << 24 | ticket[1] << 16 | ticket[2] << 8 | ticket[3], 100);
		at = p->down.len;
		CHECK_INT(tls_write(p->server, "x", 1), 1);
		CHECK_INT(wire_record(&p->down, at), p->down.len - at);
		part(p);
	}
	fleet_free(&f);
}

TEST(tickets_before_close)
{
	struct fleet f;
	struct pair *p;
	char byte;

	NEEDS(SERVER_TICKETS);
	f = fleet_new(ticket_server("server", 100));
	p = pair_again(f.listener, f.cc, "server.test");
	pair_established(p);
	CHECK_INT(tls_close(p->server), 0);
	CHECK_INT(read_some(p->client, &byte, 1), 0);
	part(p);
	CHECK_INT(visit(&f), 1);
	fleet_free(&f);
}

/* Saved as it comes, however long after the handshake, before tls_read returns. */
TEST13(tickets_long_after_the_handshake)
{
	struct fleet f;
	struct pair *p;
	char buf[16];
	int i;

	NEEDS(SERVER_TICKETS);
	f = fleet_new(ticket_server("server", 100));
	p = pair_again(f.listener, f.cc, "server.test");
	pair_established(p);
	for (i = 0; i < 20; i++)
		say(p->client, p->server, "chatter");
	CHECK_INT(tls_read(p->client, buf, sizeof(buf)), TLS_WANT_POLLIN);
	CHECK_INT(file_size(f.fd), 0);
	CHECK_INT(tls_write(p->server, "x", 1), 1);
	CHECK_INT(read_some(p->client, buf, sizeof(buf)), 1);
	CHECK(file_size(f.fd) > 0);
	/* The connection isn't even over. */
	CHECK_INT(visit(&f), 1);
	say(p->client, p->server, "still here");
	part(p);
	fleet_free(&f);
}

/* In TLS 1.2 the handshake has it all. */
TEST12(session_is_saved_by_the_handshake)
{
	struct fleet f = fleet_new(ticket_server("server", 100));
	struct pair *p = pair_again(f.listener, f.cc, "server.test");
	int rc;

	while ((rc = tls_handshake(p->client)) == TLS_WANT_POLLIN) {
		CHECK_INT(file_size(f.fd), 0);
		tls_handshake(p->server);
	}
	REQUIRE_OK(p->client, rc);
	CHECK(file_size(f.fd) > 0);
	if (!LACKS(SERVER_TICKETS))
		CHECK_INT(visit(&f), 1);
	part(p);
	fleet_free(&f);
}

/* A session that there is no room for fails the handshake; one that the descriptor can't take is lost. */
/* The client's handshake fails, and what it has made can be used. */
TEST(session_file_on_a_full_disk)
{
	struct tls_config *sc = ticket_server("server", 100);
	struct rlimit before, full;
	struct fleet f;
	struct pair *p;
	int rc, patience = 1000;

	CONFIG_OK(sc, tls_config_set_protocols(sc, TLS_PROTOCOL_TLSv1_2));
	f = fleet_new(sc);
	CONFIG_OK(f.cc, tls_config_set_protocols(f.cc, TLS_PROTOCOL_TLSv1_2));
	p = pair_again(f.listener, f.cc, "server.test");
	signal(SIGXFSZ, SIG_IGN);
	REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
	full = before;
	full.rlim_cur = 16;
	REQUIRE(setrlimit(RLIMIT_FSIZE, &full) == 0);
	while ((rc = tls_handshake(p->client)) == TLS_WANT_POLLIN || rc == TLS_WANT_POLLOUT) {
		REQUIRE(patience-- > 0);
		tls_handshake(p->server);
	}
	REQUIRE(setrlimit(RLIMIT_FSIZE, &before) == 0);
	CHECK_INT(rc, -1);
	CHECK_LIKE(tls_error(p->client), "failed to truncate session file: *", "failed to write session file: *");
	if (!LACKS(CONNECTION_BEHIND_SESSION_FILE))
		CHECK_STR(tls_conn_version(p->client), "TLSv1.2");
	CHECK_INT(tls_handshake(p->client), -1);
	CHECK_STR(tls_error(p->client), "handshake already completed");
	say(p->client, p->server, "here");
	say(p->server, p->client, "there");
	part(p);
	fleet_free(&f);
}

TEST(session_file_that_cannot_be_written)
{
	struct fleet f = fleet_new(ticket_server("server", 100));
	struct pair *p;

	close(f.fd);
	f.fd = open(scratch("session"), O_RDONLY);
	CONFIG_OK(f.cc, tls_config_set_session_fd(f.cc, f.fd));
	p = pair_again(f.listener, f.cc, "server.test");
	if (LACKS(READ_ONLY_SESSION_FILE)) {
		CHECK_INT(pair_handshake(p), -1);
		CHECK_INT(p->client_rc, -1);
		CHECK_LIKE(tls_error(p->client), "failed to truncate session file: *", "failed to write session file: *");
	} else {
		pair_established(p);
		say(p->server, p->client, "with tickets");
	}
	CHECK_INT(file_size(f.fd), 0);
	part(p);
	fleet_free(&f);
}

/* The number of a descriptor that the program has closed may become another file's. */
TEST(session_descriptor_of_another_file)
{
	static const char content[] = "what another part of the program keeps";
	struct fleet f;
	struct pair *p;
	char got[sizeof(content) + 1];
	struct tls *client;
	int other;

	NEEDS(SESSION_DESCRIPTOR_REUSED);
	f = fleet_new(ticket_server("server", 100));
	write_file(scratch("other"), content, sizeof(content));
	other = open(scratch("other"), O_RDWR);
	REQUIRE(other != -1);
	/* After tls_connect, when the session is written. */
	p = pair_again(f.listener, f.cc, "server.test");
	REQUIRE(dup2(other, f.fd) == f.fd);
	pair_handshake(p);
	CHECK_INT(p->client_rc, tls12() ? -1 : 0);
	if (tls12())
		CHECK_STR(tls_error(p->client), "session file descriptor refers to another file now");
	say(p->server, p->client, "with tickets");
	CHECK_INT(read_file(scratch("other"), got, sizeof(got)), sizeof(content));
	CHECK_STR(got, content);
	part(p);
	/* And before. */
	client = tls_client();
	REQUIRE(client != NULL);
	REQUIRE_OK(client, tls_configure(client, f.cc));
	CHECK_INT(tls_connect_fds(client, 0, 0, "server.test"), -1);
	CHECK_STR(tls_error(client), "session file descriptor refers to another file now");
	/* A program that means that file says so. */
	CONFIG_OK(f.cc, tls_config_set_session_fd(f.cc, f.fd));
	CHECK_INT(tls_connect_fds(client, 0, 0, "server.test"), 0);
	tls_free(client);
	close(other);
	fleet_free(&f);
}

TEST(session_file_is_pem)
{
	static const char begin[] = "-----BEGIN SSL SESSION PARAMETERS-----\n",
	    end[] = "-----END SSL SESSION PARAMETERS-----\n";
	struct fleet f;
	char text[65536];

	NEEDS(TLS13_SESSION_FILE);
	f = fleet_new(ticket_server("server", 100));
	REQUIRE(lseek(f.fd, 3, SEEK_SET) == 3);
	CHECK_INT(visit(&f), 0);
	CHECK(session_text(&f, text, sizeof(text)) > sizeof(begin));
	CHECK(strncmp(text, begin, sizeof(begin) - 1) == 0);
	CHECK(strstr(text, end) != NULL);
	/* The offset is the program's. */
	CHECK_INT(lseek(f.fd, 0, SEEK_CUR), 3);
	fleet_free(&f);
}

TEST(failed_handshake_leaves_an_empty_file)
{
	struct fleet f = fleet_new(ticket_server("other-name", 100));
	struct pair *p = pair_again(f.listener, f.cc, "server.test");

	CHECK_INT(pair_handshake(p), -1);
	CHECK_INT(file_size(f.fd), 0);
	part(p);
	fleet_free(&f);
}

static void
with_content(const char *what, const void *content, size_t len)
{
	struct fleet f = fleet_new(ticket_server("server", 100));

	REQUIRE(pwrite(f.fd, content, len, 0) == (ssize_t)len);
	if (!CHECK_INT(visit(&f), 0))
		check_note("%s", what);
	/* And what was useless is replaced. */
	if (!CHECK_INT(visit(&f), 1))
		check_note("after %s", what);
	fleet_free(&f);
}

TEST(useless_session_files)
{
	struct fleet f;
	char text[65536], cut[65536], *line;
	size_t len, cert_len, i;
	uint8_t *cert;

	NEEDS(JUNK_SESSION_FILE);
	with_content("junk", "junk\n", 5);
	with_content("zeros", "\0\0\0\0\0\0\0", 7);
	cert = pki_bytes("server.pem", &cert_len);
	with_content("a certificate", cert, cert_len);
	tls_unload_file(cert, cert_len);
	with_content("an empty block", "-----BEGIN SSL SESSION PARAMETERS-----\n-----END SSL SESSION PARAMETERS-----\n", 77);
	with_content("a block of nonsense",
	    "-----BEGIN SSL SESSION PARAMETERS-----\nMIIBAgEBAgIDBAQCEwI=\n-----END SSL SESSION PARAMETERS-----\n", 98);

	f = fleet_new(ticket_server("server", 100));
	CHECK_INT(visit(&f), 0);
	len = session_text(&f, text, sizeof(text));
	fleet_free(&f);
	for (i = 0; i < len; i += len / 20 + 1) {
		/* Cut off within the first block. */
		if (strstr(text, "-----END") - text < (long)i)
			break;
		with_content("the beginning of a session", text, i);
	}
	/* A letter of the base64 changed in each line. */
	for (line = strchr(text, '\n'); line != NULL && line[1] != '-'; line = strchr(line + 1, '\n')) {
		memcpy(cut, text, len);
		i = line + 2 - text;
		cut[i] = cut[i] == 'A' ? 'B' : 'A';
		f = fleet_new(ticket_server("server", 100));
		REQUIRE(pwrite(f.fd, cut, len, 0) == (ssize_t)len);
		visit(&f);
		visit(&f);
		fleet_free(&f);
	}
}

/* A server that doesn't know the key of the ticket, or has another label. */
TEST(foreign_tickets)
{
	struct fleet f;
	unsigned char key[48] = { 1 }, other[48] = { 2 }, id[] = "one", another[] = "two";
	struct tls_config *sc;

	NEEDS(SERVER_TICKETS);
	sc = ticket_server("server", 100);
	CONFIG_OK(sc, tls_config_add_ticket_key(sc, 1, key, sizeof(key)));
	CONFIG_OK(sc, tls_config_set_session_id(sc, id, 3));
	f = fleet_new(sc);
	CHECK_INT(visit(&f), 0);
	CHECK_INT(visit(&f), 1);

	/* Another server of the same fleet. */
	sc = ticket_server("server", 100);
	CONFIG_OK(sc, tls_config_add_ticket_key(sc, 1, key, sizeof(key)));
	CONFIG_OK(sc, tls_config_set_session_id(sc, id, 3));
	listen_with(&f, sc);
	CHECK_INT(visit(&f), 1);

	/* Another label. */
	sc = ticket_server("server", 100);
	CONFIG_OK(sc, tls_config_add_ticket_key(sc, 1, key, sizeof(key)));
	CONFIG_OK(sc, tls_config_set_session_id(sc, another, 3));
	listen_with(&f, sc);
	CHECK_INT(visit(&f), 0);
	CHECK_INT(visit(&f), 1);

	/* Another key of the same revision. */
	sc = ticket_server("server", 100);
	CONFIG_OK(sc, tls_config_add_ticket_key(sc, 1, other, sizeof(other)));
	CONFIG_OK(sc, tls_config_set_session_id(sc, another, 3));
	listen_with(&f, sc);
	CHECK_INT(visit(&f), 0);

	/* Random label and keys. */
	listen_with(&f, ticket_server("server", 100));
	CHECK_INT(visit(&f), 0);
	CHECK_INT(visit(&f), 1);
	listen_with(&f, ticket_server("server", 100));
	CHECK_INT(visit(&f), 0);
	fleet_free(&f);
}

TEST(ticket_keys_rotate)
{
	struct fleet f;
	unsigned char key[48];
	uint32_t i;

	NEEDS(SERVER_TICKETS);
	f = fleet_new(ticket_server("server", 100));
	CHECK_INT(visit(&f), 0);
	for (i = 1; i <= 8; i++) {
		/* Keys take effect at once; the ticket was sealed by the one before. */
		memset(key, i, sizeof(key));
		CONFIG_OK(f.sc, tls_config_add_ticket_key(f.sc, i, key, sizeof(key)));
		CHECK_INT(visit(&f), 1);
	}
	/* Five keys later it is gone. */
	for (i = 9; i <= 13; i++) {
		memset(key, i, sizeof(key));
		CONFIG_OK(f.sc, tls_config_add_ticket_key(f.sc, i, key, sizeof(key)));
	}
	CHECK_INT(visit(&f), 0);
	fleet_free(&f);
}

TEST(sessions_belong_to_a_name)
{
	struct fleet f;

	NEEDS(SERVER_TICKETS);
	f = fleet_new(ticket_server("server", 100));
	CHECK_INT(visit_name(&f, "server.test"), 0);
	CHECK_INT(visit_name(&f, "localhost"), 0);
	CHECK_INT(visit_name(&f, "localhost"), 1);
	fleet_free(&f);
}

TEST(sessions_need_their_suite)
{
	struct fleet f;
	struct tls_config *cc;

	NEEDS(SERVER_TICKETS);
	f = fleet_new(ticket_server("server", 100));
	CONFIG_OK(f.cc, tls_config_set_ciphers(f.cc, aes256()));
	CHECK_INT(visit(&f), 0);
	CHECK_INT(visit(&f), 1);
	cc = client_config();
	CONFIG_OK(cc, tls_config_set_session_fd(cc, f.fd));
	CONFIG_OK(cc, tls_config_set_ciphers(cc, aes128()));
	tls_config_free(f.cc);
	f.cc = cc;
	CHECK_INT(visit(&f), 0);
	CHECK_INT(visit(&f), 1);
	fleet_free(&f);
}

TEST13(sessions_with_hello_retry)
{
	struct fleet f;
	struct tls_config *sc;

	NEEDS(SERVER_TICKETS);
	sc = ticket_server("server", 100);
	CONFIG_OK(sc, tls_config_set_ecdhecurves(sc, "P-384"));
	f = fleet_new(sc);
	CONFIG_OK(f.cc, tls_config_set_ecdhecurves(f.cc, "X25519,P-384"));
	CHECK_INT(visit(&f), 0);
	CHECK_INT(visit(&f), 1);
	CHECK_INT(visit(&f), 1);
	fleet_free(&f);
}

/* The server's certificate is remembered, and what is asked about it answers as before. */
TEST(resumed_peer_certificate)
{
	struct fleet f;
	struct pair *p;
	char hash[80], leaf[8192];
	const uint8_t *pem;
	size_t len = 0, want;
	time_t notafter;
	int i;

	NEEDS(SERVER_TICKETS);
	f = fleet_new(ticket_server("server", 100));
	CONFIG_OK(f.cc, tls_config_set_alpn(f.cc, "one,two"));
	CONFIG_OK(f.sc, tls_config_set_alpn(f.sc, "two"));
	listen_with(&f, f.sc);
	want = read_file(pki("server.pem"), leaf, sizeof(leaf));
	for (i = 0; i < 2; i++) {
		p = pair_again(f.listener, f.cc, "server.test");
		pair_established(p);
		CHECK_INT(tls_conn_session_resumed(p->client), i);
		CHECK_INT(tls_peer_cert_provided(p->client), 1);
		CHECK_INT(tls_peer_cert_contains_name(p->client, "server.test"), 1);
		CHECK_STR(tls_peer_cert_subject(p->client), "/CN=server");
		CHECK_STR(tls_conn_alpn_selected(p->client), "two");
		CHECK_STR(tls_conn_alpn_selected(p->server), "two");
		CHECK_STR(tls_conn_servername(p->server), "server.test");
		pem = tls_peer_cert_chain_pem(p->client, &len);
		REQUIRE(pem != NULL);
		CHECK(len >= want && memcmp(pem, leaf, want) == 0);
		if (i == 0) {
			snprintf(hash, sizeof(hash), "%s", tls_peer_cert_hash(p->client));
			notafter = tls_peer_cert_notafter(p->client);
		}
		CHECK_STR(tls_peer_cert_hash(p->client), hash);
		CHECK_INT(tls_peer_cert_notafter(p->client), notafter);
		say(p->server, p->client, "x");
		pair_close(p);
		part(p);
	}
	fleet_free(&f);
}

TEST(resumed_client_certificate)
{
	struct fleet f;
	struct tls_config *sc;
	struct pair *p;
	int i;

	NEEDS(SERVER_TICKETS);
	sc = ticket_server("server", 100);
	tls_config_verify_client(sc);
	f = fleet_new(sc);
	use_keypair(f.cc, "client");
	for (i = 0; i < 3; i++) {
		p = pair_again(f.listener, f.cc, "server.test");
		pair_established(p);
		CHECK_INT(tls_conn_session_resumed(p->server), i > 0);
		CHECK_INT(tls_peer_cert_provided(p->server), 1);
		CHECK_STR(tls_peer_cert_subject(p->server), "/CN=client");
		say(p->server, p->client, "x");
		pair_close(p);
		part(p);
	}
	fleet_free(&f);
}

/* Who got in without a certificate doesn't get in where one is demanded. */
TEST(resumption_is_no_way_around_client_certificates)
{
	struct fleet f;
	struct tls_config *sc;
	struct pair *p;
	unsigned char key[48] = { 1 };
	char byte;

	NEEDS(SERVER_TICKETS);
	sc = ticket_server("server", 100);
	CONFIG_OK(sc, tls_config_add_ticket_key(sc, 1, key, sizeof(key)));
	CONFIG_OK(sc, tls_config_set_session_id(sc, key, 1));
	f = fleet_new(sc);
	CHECK_INT(visit(&f), 0);
	CHECK_INT(visit(&f), 1);
	sc = ticket_server("server", 100);
	CONFIG_OK(sc, tls_config_add_ticket_key(sc, 1, key, sizeof(key)));
	CONFIG_OK(sc, tls_config_set_session_id(sc, key, 1));
	tls_config_verify_client(sc);
	listen_with(&f, sc);
	p = pair_again(f.listener, f.cc, "server.test");
	CHECK_INT(pair_handshake(p), -1);
	CHECK_INT(p->server_rc, -1);
	CHECK_INT(tls_conn_session_resumed(p->client), 0);
	if (tls12()) {
		CHECK_LIKE(tls_error(p->client), "handshake failed: *ssl* alert handshake failure");
	} else {
		CHECK_INT(read_some(p->client, &byte, 1), -1);
		CHECK_LIKE(tls_error(p->client), "read failed: *tlsv13 alert certificate required");
	}
	part(p);
	fleet_free(&f);
}

/* A stored session is worth no more than its server's certificate under the present configuration. */
TEST(sessions_need_their_trust)
{
	struct fleet f;
	struct tls_config *cc;
	struct pair *p;

	NEEDS(SERVER_TICKETS);
	f = fleet_new(ticket_server("server", 100));
	CHECK_INT(visit(&f), 0);
	cc = client_config();
	CONFIG_OK(cc, tls_config_set_session_fd(cc, f.fd));
	CONFIG_OK(cc, tls_config_set_ca_file(cc, pki("other-ca.pem")));
	p = pair_again(f.listener, cc, "server.test");
	CHECK_INT(pair_handshake(p), -1);
	CHECK_STR(tls_error(p->client), "certificate verification failed: unable to get local issuer certificate");
	part(p);
	tls_config_free(cc);
	fleet_free(&f);
}

/* Base64 as PEM has it, for a look into a session. */
static size_t
decode(const char *text, uint8_t *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t word = 0;
	size_t n = 0;
	int bits = 0;

	for (; *text != '\0' && *text != '=' && *text != '-'; text++) {
		if (isspace((unsigned char)*text))
			continue;
		REQUIRE(strchr(digits, *text) != NULL);
		word = word << 6 | (strchr(digits, *text) - digits);
		if ((bits += 6) >= 8)
			out[n++] = word >> (bits -= 8);
	}
	return n;
}

static void
encode(const uint8_t *in, size_t len, char *text)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t word;
	size_t i, j, have;

	for (i = 0; i < len; i += 3) {
		if (i % 48 == 0 && i != 0)
			*text++ = '\n';
		have = len - i < 3 ? len - i : 3;
		for (word = 0, j = 0; j < 3; j++)
			word = word << 8 | (j < have ? in[i + j] : 0);
		for (j = 0; j < 4; j++)
			*text++ = j <= have ? digits[word >> (18 - 6 * j) & 63] : '=';
	}
	strcpy(text, "\n");
}

/* The session's time of creation moved back by this many seconds; context tag 1 has it. */
static void
age_session(struct fleet *f, long seconds)
{
	static const char begin[] = "-----BEGIN SSL SESSION PARAMETERS-----\n",
	    end[] = "-----END SSL SESSION PARAMETERS-----\n";
	static char text[65536], aged[65536];
	static uint8_t der[65536];
	size_t len, i, found = 0;
	uint32_t created;

	session_text(f, text, sizeof(text));
	REQUIRE(strncmp(text, begin, sizeof(begin) - 1) == 0);
	len = decode(text + sizeof(begin) - 1, der);
	for (i = 0; i + 8 <= len; i++) {
		created = (uint32_t)der[i + 4] << 24 | der[i + 5] << 16 | der[i + 6] << 8 | der[i + 7];
		if (memcmp(der + i, "\xa1\x06\x02\x04", 4) != 0 || labs((long)created - (long)time(NULL)) > 100)
			continue;
		created -= seconds;
		der[i + 4] = created >> 24;
		der[i + 5] = created >> 16;
		der[i + 6] = created >> 8;
		der[i + 7] = created;
		found++;
	}
	CHECK_INT(found, 1);
	memcpy(aged, begin, sizeof(begin));
	encode(der, len, aged + strlen(aged));
	strcat(aged, end);
	REQUIRE(ftruncate(f->fd, 0) == 0);
	REQUIRE(pwrite(f->fd, aged, strlen(aged), 0) == (ssize_t)strlen(aged));
}

TEST(expired_sessions_are_not_offered)
{
	struct fleet f;
	struct pair *p;
	size_t fresh, expired;

	NEEDS(SERVER_TICKETS);
	f = fleet_new(ticket_server("server", 1000));
	CHECK_INT(visit(&f), 0);
	age_session(&f, 10);
	p = pair_again(f.listener, f.cc, "server.test");
	CHECK_INT(tls_handshake(p->client), TLS_WANT_POLLIN);
	fresh = p->up.len;
	part(p);

	ftruncate(f.fd, 0);
	CHECK_INT(visit(&f), 0);
	age_session(&f, 2000);
	p = pair_again(f.listener, f.cc, "server.test");
	CHECK_INT(tls_handshake(p->client), TLS_WANT_POLLIN);
	expired = p->up.len;
	/* A ticket is a good part of a hello. */
	CHECK(expired + 100 < fresh);
	pair_established(p);
	CHECK_INT(tls_conn_session_resumed(p->client), 0);
	part(p);
	fleet_free(&f);
}

/* Processes. */

struct clients {
	int s, expected;
	char port[8];
};

static void
serve_two(void *arg)
{
	struct clients *clients = arg;
	struct tls_config *config = ticket_server("server", 100);
	struct tls *listener = tls_server(), *conn;
	char buf[16];
	int i, fd;

	REQUIRE_OK(listener, tls_configure(listener, config));
	for (i = 0; i < 2; i++) {
		fd = accept(clients->s, NULL, NULL);
		REQUIRE(fd != -1);
		REQUIRE_OK(listener, tls_accept_socket(listener, &conn, fd));
		CHECK_INT(read_some(conn, buf, sizeof(buf)), 5);
		CHECK_INT(tls_conn_session_resumed(conn), i);
		CHECK_INT(tls_write(conn, "world", 5), 5);
		CHECK_INT(tls_close(conn), 0);
		tls_free(conn);
		close(fd);
	}
	tls_free(listener);
	tls_config_free(config);
}

static void
come_and_go(void *arg)
{
	struct clients *clients = arg;
	struct tls_config *config = client_config();
	struct tls *ctx = tls_client();
	char buf[16];
	int fd = open(scratch("shared-session"), O_RDWR | O_CREAT, 0600);

	REQUIRE(fd != -1);
	CONFIG_OK(config, tls_config_set_session_fd(config, fd));
	REQUIRE_OK(ctx, tls_configure(ctx, config));
	REQUIRE_OK(ctx, tls_connect_servername(ctx, "127.0.0.1", clients->port, "server.test"));
	CHECK_INT(tls_write(ctx, "hello", 5), 5);
	CHECK_INT(read_some(ctx, buf, sizeof(buf)), 5);
	CHECK_INT(tls_conn_session_resumed(ctx), clients->expected);
	CHECK_INT(read_some(ctx, buf, sizeof(buf)), 0);
	CHECK_INT(tls_close(ctx), 0);
	tls_free(ctx);
	tls_config_free(config);
	close(fd);
}

TEST(resumption_between_processes)
{
	struct clients clients;
	pid_t server;

	NEEDS(SERVER_TICKETS);
	clients.s = listen_local(clients.port);
	server = spawn(serve_two, &clients);
	for (clients.expected = 0; clients.expected < 2; clients.expected++)
		reap(spawn(come_and_go, &clients));
	reap(server);
	close(clients.s);
}
