/* tls_config_set_ticket_key_file(3): servers that have their ticket keys from a file. */
#include "harness.h"

#ifdef TLS_HAVE_CONFIG_SET_TICKET_KEY_FILE

#include <sys/stat.h>

#include <dlfcn.h>
#include <fcntl.h>

/* Keys are of these letters, each 80 bytes in base64: 26 times the letters, and 2 bytes of the rest. */
static void
key_line(char *line, char letter)
{
	memset(line, letter, 106);
	/* What is left of the last byte must be zeros. */
	memcpy(line + 106, "A=\n", 4);
}

static void
key_text(char *text, const char *letters)
{
	for (*text = '\0'; *letters != '\0'; letters++, text += strlen(text))
		key_line(text, *letters);
}

/* In place; a new version comes with put_keys(). */
static void
write_keys(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	REQUIRE(fd != -1);
	REQUIRE(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static void
put_keys(const char *path, const char *letters)
{
	char text[4096], name[32];

	snprintf(name, sizeof(name), "%d.keys", (int)getpid());
	key_text(text, letters);
	write_keys(scratch(name), text);
	REQUIRE(rename(scratch(name), path) == 0);
}

struct server {
	struct tls_config *config;
	struct tls *listener;
};

static struct server
server_with(const char *path)
{
	struct server s = { server_config("server"), tls_server() };

	CONFIG_OK(s.config, tls_config_set_session_lifetime(s.config, 3600));
	CONFIG_OK(s.config, tls_config_set_ticket_key_file(s.config, path));
	REQUIRE_OK(s.listener, tls_configure(s.listener, s.config));
	return s;
}

static void
server_free(struct server *s)
{
	tls_free(s->listener);
	tls_config_free(s->config);
}

/* A client, with a session file of its own. */
static struct tls_config *
visitor(const char *name)
{
	struct tls_config *cc = client_config();

	CONFIG_OK(cc, tls_config_set_session_fd(cc, session_file(name)));
	return cc;
}

/* One connection that takes in its tickets; whether it was resumed. */
static int
visit(struct server *s, struct tls_config *cc)
{
	struct pair *p = pair_again(s->listener, cc, "server.test");
	int resumed;

	pair_established(p);
	resumed = tls_conn_session_resumed(p->server);
	say(p->client, p->server, "question");
	say(p->server, p->client, "answer");
	pair_close(p);
	pair_keep_listener(p);
	pair_free(p);
	return resumed;
}

/* How often a server is visited, while it reads a new version at its time. */
enum { TRIES = 10000 };

static void
pause_a_little(void)
{
	usleep(2000);
}

TEST(ticket_key_file_is_shared)
{
	static const char *const letters[] = { "b", "abc", "xabc" };
	struct tls_config *cc = visitor("session");
	struct server s;
	size_t i;

	for (i = 0; i < 3; i++) {
		put_keys(scratch("fleet.keys"), letters[i]);
		s = server_with(scratch("fleet.keys"));
		/* Each is another server, and the one key that seals is the same. */
		CHECK_INT(visit(&s, cc), i > 0);
		server_free(&s);
	}
	put_keys(scratch("fleet.keys"), "cab");
	s = server_with(scratch("fleet.keys"));
	CHECK_INT(visit(&s, cc), 1);
	server_free(&s);
	put_keys(scratch("fleet.keys"), "cxy");
	s = server_with(scratch("fleet.keys"));
	CHECK_INT(visit(&s, cc), 0);
	server_free(&s);
	tls_config_free(cc);
}

/* nginx's form: the first key seals. */
TEST(ticket_key_file_of_bytes)
{
	struct tls_config *cc = visitor("session");
	struct server s;
	unsigned char keys[160];
	size_t i, len;

	for (i = 0; i < sizeof(keys); i++)
		keys[i] = i;
	for (len = 48; len <= 160; len = len == 48 ? 80 : len + 80) {
		unlink(scratch("fleet.keys"));
		write_file(scratch("fleet.keys"), keys, len);
		CHECK_INT(chmod(scratch("fleet.keys"), 0600), 0);
		s = server_with(scratch("fleet.keys"));
		/* The second 80 are behind the ones before, which go on sealing. */
		CHECK_INT(visit(&s, cc), len == 160);
		CHECK_INT(visit(&s, cc), 1);
		server_free(&s);
	}
	tls_config_free(cc);
}

/* A server with one key, and a client that is new to all each time. */
struct probe {
	struct server server;
	struct tls_config *client;
	int fd;
};

static struct probe
probe_new(const char *letter)
{
	struct probe p = { .client = client_config() };
	char name[32];

	snprintf(name, sizeof(name), "%s-%d.keys", letter, (int)getpid());
	put_keys(scratch(name), letter);
	p.server = server_with(scratch(name));
	snprintf(name, sizeof(name), "probe-%d", (int)getpid());
	p.fd = session_file(name);
	CONFIG_OK(p.client, tls_config_set_session_fd(p.client, p.fd));
	return p;
}

static void
probe_free(struct probe *p)
{
	server_free(&p->server);
	tls_config_free(p->client);
	close(p->fd);
}

/* Visits until the server seals with the key that the probe has. A client that was there before resumes. */
static void
await_sealing(struct server *s, struct tls_config *cc, struct probe *p)
{
	int i;

	for (i = 0; i < TRIES; i++) {
		if (!CHECK_INT(visit(s, cc), 1))
			check_stop();
		REQUIRE(ftruncate(p->fd, 0) == 0);
		CHECK_INT(visit(s, p->client), 0);
		if (visit(&p->server, p->client))
			break;
		pause_a_little();
	}
	CHECK(i < TRIES);
}

static void
await_key(struct server *s, struct tls_config *cc, const char *letter)
{
	struct probe p = probe_new(letter);

	await_sealing(s, cc, &p);
	probe_free(&p);
}

TEST(ticket_key_file_rotates)
{
	struct tls_config *cc = visitor("session");
	struct server s;
	char text[4096];

	put_keys(scratch("fleet.keys"), "abc");
	s = server_with(scratch("fleet.keys"));
	CHECK_INT(visit(&s, cc), 0);
	await_key(&s, cc, "b");
	/* Another file with the same name, then the same file in place, and in place with the same length. */
	put_keys(scratch("fleet.keys"), "bcd");
	await_key(&s, cc, "c");
	key_text(text, "bcde");
	write_keys(scratch("fleet.keys"), text);
	await_key(&s, cc, "d");
	key_text(text, "cdef");
	write_keys(scratch("fleet.keys"), text);
	await_key(&s, cc, "e");
	CHECK_STR(tls_config_error(s.config), NULL);
	server_free(&s);
	tls_config_free(cc);
}

/* Until the configuration has an error, or none, each visit resumes. */
static const char *
await_error(struct server *s, struct tls_config *cc, int wanted)
{
	int i;

	for (i = 0; i < TRIES && (tls_config_error(s->config) != NULL) != wanted; i++) {
		if (!CHECK_INT(visit(s, cc), 1))
			check_stop();
		pause_a_little();
	}
	CHECK(i < TRIES);
	return tls_config_error(s->config);
}

/* The keys stay as they were, and the configuration has the reason. */
TEST(ticket_key_file_bad_version)
{
	struct tls_config *cc = visitor("session");
	struct server s;
	char text[4096];
	const char *error;

	put_keys(scratch("fleet.keys"), "abc");
	s = server_with(scratch("fleet.keys"));
	CHECK_INT(visit(&s, cc), 0);

	key_text(text, "bcd");
	text[strlen(text) - 50] = '\0';
	write_keys(scratch("fleet.keys"), text);
	error = await_error(&s, cc, 1);
	CHECK_STR(error, "line 3 of ticket key file has no end");
	/* It stays, in memory too, but for calls on the configuration. */
	CHECK_INT(visit(&s, cc), 1);
	CHECK(tls_config_error(s.config) == error);
	CHECK_INT(tls_config_error_code(s.config), TLS_ERROR_UNKNOWN);
	CHECK_INT(tls_config_set_session_lifetime(s.config, 1), -1);
	CHECK_STR(tls_config_error(s.config), "session lifetime too small");
	CHECK_INT(tls_config_set_ticket_key_file(s.config, scratch("fleet.keys")), -1);
	CHECK_STR(tls_config_error(s.config), "line 3 of ticket key file has no end");
	server_free(&s);

	put_keys(scratch("fleet.keys"), "abc");
	s = server_with(scratch("fleet.keys"));
	CHECK_INT(chmod(scratch("fleet.keys"), 0640), 0);
	CHECK_STR(await_error(&s, cc, 1), "ticket key file has incorrect permissions (640 != 600)");
	CHECK_INT(chmod(scratch("fleet.keys"), 0600), 0);
	CHECK_STR(await_error(&s, cc, 0), NULL);
	CHECK_INT(unlink(scratch("fleet.keys")), 0);
	CHECK_LIKE(await_error(&s, cc, 1), "failed to open ticket key file '*/fleet.keys': No such file or directory");
	put_keys(scratch("fleet.keys"), "bcd");
	CHECK_STR(await_error(&s, cc, 0), NULL);
	await_key(&s, cc, "c");
	server_free(&s);
	tls_config_free(cc);
}

TEST(ticket_key_file_checks)
{
	struct tls_config *c = server_config("server"), *cc = visitor("session");
	struct server s;
	unsigned char key[48] = { 1 };
	char path[512], text[256];

	snprintf(path, sizeof(path), "%s", scratch("ticket-checked.keys"));
	CHECK_INT(tls_config_set_ticket_key_file(NULL, path), -1);
	CHECK_INT(tls_config_set_ticket_key_file(c, path), -1);
	CHECK_LIKE(tls_config_error(c), "failed to open ticket key file '*/ticket-checked.keys': No such file or directory");
	CHECK_INT(tls_config_set_ticket_key_file(c, scratch("nowhere/keys")), -1);
	CHECK_LIKE(tls_config_error(c),
	    "failed to open directory of ticket key file '*/nowhere/keys': No such file or directory");
	CHECK_INT(tls_config_set_ticket_key_file(c, ""), -1);
	CHECK_LIKE(tls_config_error(c), "failed to open ticket key file '': No such file or directory");
	CHECK_INT(tls_config_set_ticket_key_file(c, "/"), -1);
	CHECK_LIKE(tls_config_error(c), "failed to open ticket key file '/': *");
	CHECK_INT(tls_config_set_ticket_key_file(c, scratch("")), -1);
	CHECK(tls_config_error(c) != NULL);
	CHECK_INT(tls_config_set_ticket_key_file(c, "/dev/null"), -1);
	CHECK_STR(tls_config_error(c), "ticket key file is not a regular file");
	REQUIRE(mkfifo(scratch("fifo.keys"), 0600) == 0);
	CHECK_INT(tls_config_set_ticket_key_file(c, scratch("fifo.keys")), -1);
	CHECK_STR(tls_config_error(c), "ticket key file is not a regular file");

	put_keys(path, "abc");
	CHECK_INT(chmod(path, 0644), 0);
	CHECK_INT(tls_config_set_ticket_key_file(c, path), -1);
	CHECK_STR(tls_config_error(c), "ticket key file has incorrect permissions (644 != 600)");
	CHECK_INT(chmod(path, 0600), 0);
	if (getuid() == 0) {
		REQUIRE(chown(path, 12345, -1) == 0);
		CHECK_INT(tls_config_set_ticket_key_file(c, path), -1);
		CHECK_STR(tls_config_error(c), "ticket key file has incorrect owner (uid 12345 != 0)");
		REQUIRE(chown(path, 0, -1) == 0);
	} else {
		CHECK_INT(tls_config_set_ticket_key_file(c, "/etc/passwd"), -1);
		snprintf(text, sizeof(text), "ticket key file has incorrect owner (uid 0 != %u)", getuid());
		CHECK_STR(tls_config_error(c), text);
	}
	CHECK_INT(truncate(path, 65537), 0);
	CHECK_INT(tls_config_set_ticket_key_file(c, path), -1);
	CHECK_STR(tls_config_error(c), "ticket key file is too large");
	CHECK_INT(truncate(path, 0), 0);
	CHECK_INT(tls_config_set_ticket_key_file(c, path), -1);
	CHECK_STR(tls_config_error(c), "ticket key file is empty");

	/* What is refused changes nothing. */
	put_keys(path, "abc");
	s = server_with(path);
	CHECK_INT(visit(&s, cc), 0);
	CHECK_INT(tls_config_set_ticket_key_file(s.config, "/dev/null"), -1);
	CHECK_INT(visit(&s, cc), 1);
	CHECK_INT(tls_config_add_ticket_key(s.config, 1, key, sizeof(key)), -1);
	CHECK_STR(tls_config_error(s.config), "ticket keys come from a file");
	CHECK_INT(visit(&s, cc), 1);
	/* Without the file keys are made. */
	CONFIG_OK(s.config, tls_config_set_ticket_key_file(s.config, NULL));
	CHECK_INT(visit(&s, cc), 0);
	CHECK_INT(visit(&s, cc), 1);
	CONFIG_OK(s.config, tls_config_add_ticket_key(s.config, 1, key, sizeof(key)));
	server_free(&s);
	tls_config_free(c);
	tls_config_free(cc);
}

/* A child and its parent both read the file, each at its time. */

struct family {
	struct server *server;
	int ends[2];		/* of a socket: the parent's, the child's */
};

static void
tell(int fd)
{
	CHECK_INT(write(fd, "", 1), 1);
}

static void
await_word(int fd)
{
	char c;

	REQUIRE(read(fd, &c, 1) == 1);
}

static void
follow_in_child(void *arg)
{
	struct family *f = arg;
	struct tls_config *cc = visitor("child-session");

	CHECK_INT(visit(f->server, cc), 0);
	tell(f->ends[1]);
	await_word(f->ends[1]); /* that there is another version */
	await_key(f->server, cc, "c");
	tell(f->ends[1]);
	await_word(f->ends[1]); /* that there is none */
	await_error(f->server, cc, 1);
	server_free(f->server);
	tls_config_free(cc);
}

TEST(ticket_key_file_in_children)
{
	struct tls_config *cc = visitor("session");
	struct server s;
	struct family f = { .server = &s };
	pid_t child;

	put_keys(scratch("fleet.keys"), "abc");
	s = server_with(scratch("fleet.keys"));
	CHECK_INT(visit(&s, cc), 0);
	socket_pair(f.ends);
	child = spawn(follow_in_child, &f);
	close(f.ends[1]);
	await_word(f.ends[0]);
	put_keys(scratch("fleet.keys"), "bcd");
	tell(f.ends[0]);
	await_key(&s, cc, "c");
	await_word(f.ends[0]);
	unlink(scratch("fleet.keys"));
	tell(f.ends[0]);
	reap(child);
	await_error(&s, cc, 1);
	server_free(&s);
	tls_config_free(cc);
}

static void
visit_in_child(void *arg)
{
	void **all = arg;

	CHECK_INT(visit(all[0], all[1]), 1);
}

/* What the parent has read last is the child's, though there is no file any more. */
TEST(ticket_key_file_inherited)
{
	struct tls_config *cc = visitor("session");
	struct server s;
	void *all[] = { &s, cc };

	put_keys(scratch("fleet.keys"), "abc");
	s = server_with(scratch("fleet.keys"));
	CHECK_INT(visit(&s, cc), 0);
	put_keys(scratch("fleet.keys"), "bcd");
	await_key(&s, cc, "c");
	unlink(scratch("fleet.keys"));
	reap(spawn(visit_in_child, all));
	server_free(&s);
	tls_config_free(cc);
}

/* The directory stays open, so the file's path needn't lead to it any more. */
static void
elsewhere(void *arg)
{
	struct tls_config *cc = visitor("session");
	struct probe p = probe_new("c");
	struct server s;
	int dir = open(scratch(""), O_PATH | O_DIRECTORY);
	int root = open("/", O_PATH | O_DIRECTORY);

	(void)arg;
	REQUIRE(dir != -1 && root != -1);
	put_keys(scratch("later.keys"), "bcd");
	put_keys(scratch("fleet.keys"), "abc");
	REQUIRE(chdir(scratch("")) == 0);
	s = server_with("fleet.keys");
	CHECK_INT(visit(&s, cc), 0);
	REQUIRE(mkdir("empty", 0755) == 0);
	REQUIRE((getuid() == 0 ? chroot("empty") : chdir("empty")) == 0);
	REQUIRE(getuid() != 0 || chdir("/") == 0);
	REQUIRE(renameat(dir, "later.keys", dir, "fleet.keys") == 0);
	await_sealing(&s, cc, &p);
	CHECK_STR(tls_config_error(s.config), NULL);
	probe_free(&p);
	server_free(&s);
	tls_config_free(cc);
	/* Sanitizers look around in /proc at the end. */
	REQUIRE(getuid() != 0 || (fchdir(root) == 0 && chroot(".") == 0));
}

TEST(ticket_key_file_after_chroot)
{
	reap(spawn(elsewhere, NULL));
	unlink(scratch("fleet.keys"));
	rmdir(scratch("empty"));
}

/* The number of its directory's descriptor, which programs may close, is another's then. */
TEST(ticket_key_file_descriptor_reused)
{
	struct tls_config *cc = visitor("session");
	struct server s;
	struct stat st;
	char link[64], at[256];
	ssize_t n;
	int fd, dir = -1;

	put_keys(scratch("fleet.keys"), "abc");
	s = server_with(scratch("fleet.keys"));
	CHECK_INT(visit(&s, cc), 0);
	for (fd = 3; fd < 1024 && dir == -1; fd++) {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		if ((n = readlink(link, at, sizeof(at) - 1)) == -1)
			continue;
		at[n] = '\0';
		if (strncmp(scratch("fleet.keys"), at, n) == 0 && stat(link, &st) == 0 && S_ISDIR(st.st_mode))
			dir = fd;
	}
	REQUIRE(dir != -1);
	CHECK(fcntl(dir, F_GETFD) & FD_CLOEXEC);
	fd = open("/", O_PATH | O_DIRECTORY);
	CHECK_INT(dup2(fd, dir), dir);
	CHECK_STR(await_error(&s, cc, 1), "descriptor for directory of ticket key file is gone");
	CHECK_INT(visit(&s, cc), 1);
	server_free(&s);
	CHECK(fcntl(dir, F_GETFD) != -1);
	close(dir);
	close(fd);
	tls_config_free(cc);
}

TEST(ticket_key_file_by_dlsym)
{
	CHECK(dlsym(RTLD_DEFAULT, "tls_config_set_ticket_key_file") != NULL);
}

#endif
