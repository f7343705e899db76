/* tls_config_set_keylog_fd(3): secrets of connections in a file. */
#include "harness.h"

#ifdef TLS_HAVE_CONFIG_SET_KEYLOG_FD

#include <sys/stat.h>

#include <dlfcn.h>
#include <fcntl.h>

static int
key_log(const char *name)
{
	int fd = open(scratch(name), O_RDWR | O_APPEND | O_CREAT | O_TRUNC, 0600);

	REQUIRE(fd != -1);
	return fd;
}

/* How many lines begin with a label, a random number and a secret of a hash's or a master secret's size. */
static int
lines(const char *log, const char *label)
{
	const char *line, *next;
	char name[64], random[128], secret[128];
	int n = 0;

	for (line = log; *line != '\0'; line = next) {
		next = strchr(line, '\n');
		REQUIRE(next++ != NULL);
		REQUIRE(sscanf(line, "%63[A-Z0-9_] %127[0-9a-f] %127[0-9a-f]\n", name, random, secret) == 3);
		CHECK_INT(strlen(name) + 1 + strlen(random) + 1 + strlen(secret) + 1, next - line);
		CHECK_INT(strlen(random), 64);
		CHECK(strlen(secret) == 64 || strlen(secret) == 96);
		n += strcmp(name, label) == 0;
	}
	return n;
}

static const char *const labels13[] = { "CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_HANDSHAKE_TRAFFIC_SECRET",
    "CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0", "EXPORTER_SECRET" };

static void
check_log(const char *log, int connections)
{
	size_t i;

	CHECK_INT(lines(log, "CLIENT_RANDOM"), tls12() ? connections : 0);
	for (i = 0; i < 5; i++)
		CHECK_INT(lines(log, labels13[i]), tls12() ? 0 : connections);
}

/* The last line with this text is in both. */
static void
check_common(const char *one, const char *other)
{
	char line[512];
	const char *next;

	for (; *one != '\0'; one = next) {
		next = strchr(one, '\n') + 1;
		snprintf(line, sizeof(line), "%.*s", (int)(next - one), one);
		CHECK(strstr(other, line) != NULL);
	}
}

static void
connect_again(void *arg)
{
	struct tls_config **configs = arg;

	whole_connection(configs[0], configs[1]);
}

TEST(key_log_of_both_ends)
{
	struct tls_config *configs[] = { client_config(), server_config("server") };
	int fds[2] = { key_log("client.keys"), key_log("server.keys") }, i;
	char logs[2][8192];

	setenv("SSLKEYLOGFILE", scratch("nothing.keys"), 1);
	whole_connection(configs[0], configs[1]);
	for (i = 0; i < 2; i++)
		CONFIG_OK(configs[i], tls_config_set_keylog_fd(configs[i], fds[i]));
	whole_connection(configs[0], configs[1]);
	reap(spawn(connect_again, configs));
	for (i = 0; i < 2; i++)
		CONFIG_OK(configs[i], tls_config_set_keylog_fd(configs[i], -1));
	whole_connection(configs[0], configs[1]);
	read_file(scratch("client.keys"), logs[0], sizeof(logs[0]));
	read_file(scratch("server.keys"), logs[1], sizeof(logs[1]));
	check_log(logs[0], 2);
	check_log(logs[1], 2);
	check_common(logs[0], logs[1]);
	CHECK_INT(access(scratch("nothing.keys"), F_OK), -1);
	for (i = 0; i < 2; i++) {
		tls_config_free(configs[i]);
		close(fds[i]);
	}
}

/* TLS 1.2 has the old master secret then, with other random numbers. */
TEST(key_log_of_a_resumption)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct pair *p, *again;
	int fd = key_log("resumed.keys");
	char log[8192];

	CONFIG_OK(sc, tls_config_set_session_lifetime(sc, 3600));
	CONFIG_OK(cc, tls_config_set_session_fd(cc, session_file("session")));
	CONFIG_OK(cc, tls_config_set_keylog_fd(cc, fd));
	p = pair_sockets(cc, sc, "server.test");
	pair_established(p);
	say(p->server, p->client, "here is a ticket");
	again = pair_again(p->listener, cc, "server.test");
	pair_established(again);
	CHECK_INT(tls_conn_session_resumed(again->client), 1);
	read_file(scratch("resumed.keys"), log, sizeof(log));
	check_log(log, 2);
	pair_keep_listener(again);
	pair_free(again);
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
	close(fd);
}

TEST(key_log_checks)
{
	struct tls_config *c = client_config();
	int fd = key_log("checked.keys"), other, sockets[2];

	CHECK_INT(tls_config_set_keylog_fd(NULL, fd), -1);
	CHECK_INT(tls_config_set_keylog_fd(c, 1000), -1);
	CHECK_LIKE(tls_config_error(c), "failed to stat key log: *");
	socket_pair(sockets);
	CHECK_INT(tls_config_set_keylog_fd(c, sockets[0]), -1);
	CHECK_STR(tls_config_error(c), "key log is not a regular file");
	CHECK_INT(fchmod(fd, 0640), 0);
	CHECK_INT(tls_config_set_keylog_fd(c, fd), -1);
	CHECK_STR(tls_config_error(c), "key log has incorrect permissions (640 != 600)");
	CHECK_INT(fchmod(fd, 0600), 0);
	other = open(scratch("checked.keys"), O_RDWR);
	CHECK_INT(tls_config_set_keylog_fd(c, other), -1);
	CHECK_STR(tls_config_error(c), "key log is not open for appending");
	close(other);
	other = open(scratch("checked.keys"), O_RDONLY | O_APPEND);
	CHECK_INT(tls_config_set_keylog_fd(c, other), -1);
	CHECK_STR(tls_config_error(c), "key log is not open for appending");
	close(other);
	CONFIG_OK(c, tls_config_set_keylog_fd(c, fd));
	close(fd);
	tls_config_free(c);
}

/* Its number is another file's by now, where no secret must go. */
TEST(key_log_descriptor_reused)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	int fd = key_log("first.keys"), other = key_log("second.keys");
	char log[8192];

	CONFIG_OK(cc, tls_config_set_keylog_fd(cc, fd));
	CHECK_INT(dup2(other, fd), fd);
	whole_connection(cc, sc);
	CHECK_INT(read_file(scratch("second.keys"), log, sizeof(log)), 0);
	tls_config_free(cc);
	tls_config_free(sc);
	close(fd);
	close(other);
}

TEST(key_log_by_dlsym)
{
	CHECK(dlsym(RTLD_DEFAULT, "tls_config_set_keylog_fd") != NULL);
}

#endif
