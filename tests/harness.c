#include "harness.h"

#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <poll.h>
#include <stdarg.h>

/* What a test's process says when it ends; sanitizers and valgrind have codes of their own. */
enum { PASSED = 0, FAILED = 1, LEFT_OUT = 2 };

/* Many calls of a pump may move nothing when the transport moves single bytes; this many never do. */
enum { PATIENCE = 400000 };

static struct test *tests;
static enum protocols tested = TLS13;
static const char *pki_directory;
static char scratch_directory[] = "/tmp/libtls-test-XXXXXX";
static int failures;
static int left_out;

int
tls12(void)
{
	return tested == TLS12;
}

const char *
version(void)
{
	return tls12() ? "TLSv1.2" : "TLSv1.3";
}

const char *
aes128(void)
{
	return tls12() ? "ECDHE-ECDSA-AES128-GCM-SHA256" : "TLS_AES_128_GCM_SHA256";
}

const char *
aes256(void)
{
	return tls12() ? "ECDHE-ECDSA-AES256-GCM-SHA384" : "TLS_AES_256_GCM_SHA384";
}

const char *
chacha20(void)
{
	return tls12() ? "ECDHE-ECDSA-CHACHA20-POLY1305" : "TLS_CHACHA20_POLY1305_SHA256";
}

void
test_register(struct test *t)
{
	struct test **at = &tests;

	/* Constructors of one file run in order; keep it. */
	while (*at != NULL)
		at = &(*at)->next;
	*at = t;
}

static const struct {
	enum protocols protocols;
	const char *reason;
} differences[] = {
#define X(name, protocols, reason) { protocols, reason },
	DIFFERENCES(X)
#undef X
};

int
lacks(enum difference d)
{
#ifdef TEST_LIBRETLS
	return (differences[d].protocols & tested) != 0;
#else
	(void)d;
	return 0;
#endif
}

void
leave(enum difference d)
{
	left_out = 1;
	printf("    left out: %s\n", differences[d].reason);
}

/* Checks. */

static int
fail(const char *file, int line)
{
	failures++;
	printf("    %s:%d: ", file, line);
	return 0;
}

int
check_true(const char *file, int line, int ok, const char *expression)
{
	if (ok)
		return 1;
	fail(file, line);
	printf("%s is false\n", expression);
	return 0;
}

int
check_int(const char *file, int line, const char *expression, long long got, long long want)
{
	if (got == want)
		return 1;
	fail(file, line);
	printf("%s is %lld, not %lld\n", expression, got, want);
	return 0;
}

int
check_str(const char *file, int line, const char *expression, const char *got, const char *want)
{
	if (got == want || (got != NULL && want != NULL && strcmp(got, want) == 0))
		return 1;
	fail(file, line);
	printf("%s is \"%s\", not \"%s\"\n", expression, got ? got : "(null)", want ? want : "(null)");
	return 0;
}

int
check_like(const char *file, int line, const char *expression, const char *got, ...)
{
	const char *pattern;
	int found = 0;
	va_list ap;

	va_start(ap, got);
	while (!found && got != NULL && (pattern = va_arg(ap, const char *)) != NULL)
		found = fnmatch(pattern, got, 0) == 0;
	va_end(ap);
	if (found)
		return 1;
	fail(file, line);
	printf("%s is \"%s\", not like", expression, got ? got : "(null)");
	va_start(ap, got);
	while ((pattern = va_arg(ap, const char *)) != NULL)
		printf(" \"%s\"", pattern);
	va_end(ap);
	printf("\n");
	return 0;
}

void
check_note(const char *format, ...)
{
	va_list ap;

	printf("        ");
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	printf("\n");
}

_Noreturn void
check_stop(void)
{
	fflush(stdout);
	_exit(FAILED);
}

/* Files. */

static const char *
join(const char *directory, const char *name)
{
	static char paths[8][512];
	static unsigned next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", directory, name);
	return path;
}

const char *
pki(const char *name)
{
	return join(pki_directory, name);
}

const char *
scratch(const char *name)
{
	return join(scratch_directory, name);
}

uint8_t *
pki_bytes(const char *name, size_t *len)
{
	uint8_t *bytes = tls_load_file(pki(name), len, NULL);

	REQUIRE(bytes != NULL);
	return bytes;
}

void
write_file(const char *path, const void *content, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	REQUIRE(fd != -1);
	REQUIRE(write(fd, content, len) == (ssize_t)len);
	close(fd);
}

int
session_file(const char *name)
{
	int fd = open(scratch(name), O_RDWR | O_CREAT | O_TRUNC, 0600);

	REQUIRE(fd != -1);
	return fd;
}

size_t
read_file(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t n;

	REQUIRE(fd != -1);
	n = read(fd, buf, size - 1);
	REQUIRE(n >= 0);
	close(fd);
	buf[n] = '\0';
	return n;
}

long
process_size(const char *what)
{
	char status[4096], *line;

	read_file("/proc/self/status", status, sizeof(status));
	line = strstr(status, what);
	REQUIRE(line != NULL);
	return atol(line + strlen(what));
}

/* Configurations. */

struct tls_config *
plain_config(void)
{
	struct tls_config *config = tls_config_new();

	REQUIRE(config != NULL);
	CONFIG_OK(config, tls_config_set_protocols(config, tested));
	return config;
}

struct tls_config *
client_config(void)
{
	struct tls_config *config = plain_config();

	CONFIG_OK(config, tls_config_set_ca_file(config, pki("ca.pem")));
	return config;
}

void
use_keypair(struct tls_config *config, const char *name)
{
	char cert[64], key[64];

	snprintf(cert, sizeof(cert), "%s.pem", name);
	snprintf(key, sizeof(key), "%s.key", name);
	CONFIG_OK(config, tls_config_set_keypair_file(config, pki(cert), pki(key)));
}

struct tls_config *
server_config(const char *name)
{
	struct tls_config *config = client_config();

	use_keypair(config, name);
	return config;
}

/* Wires. */

void
wire_put(struct wire *w, const void *data, size_t len)
{
	w->data = realloc(w->data, w->len + len + 1);
	REQUIRE(w->data != NULL);
	memcpy(w->data + w->len, data, len);
	w->len += len;
}

void
wire_release(struct wire *w)
{
	w->ready = w->len;
}

size_t
wire_record(const struct wire *w, size_t at)
{
	size_t size;

	if (w->len - at < 5)
		return 0;
	size = 5 + (w->data[at + 3] << 8 | w->data[at + 4]);
	return w->len - at < size ? 0 : size;
}

const uint8_t *
wire_message(const struct wire *w, int type)
{
	static uint8_t flight[1 << 16];
	size_t at, size, len = 0;

	for (at = 0; (size = wire_record(w, at)) != 0 && w->data[at] == 22; at += size) {
		REQUIRE(len + size <= sizeof(flight));
		memcpy(flight + len, w->data + at + 5, size - 5);
		len += size - 5;
	}
	for (at = 0; at + 4 <= len; at += size) {
		size = 4 + (flight[at + 1] << 16 | flight[at + 2] << 8 | flight[at + 3]);
		if (flight[at] == type && at + size <= len)
			return flight + at + 4;
	}
	return NULL;
}

void
wire_free(struct wire *w)
{
	free(w->data);
	memset(w, 0, sizeof(*w));
}

static size_t
limit(const struct end *e, size_t len)
{
	return e->most != 0 && e->most < len ? e->most : len;
}

ssize_t
end_read(struct tls *ctx, void *buf, size_t len, void *arg)
{
	struct end *e = arg;
	struct wire *w = e->in;
	size_t n = w->ready - w->taken;
	int rc;

	e->ctx = ctx;
	e->reads++;
	if (len > e->asked)
		e->asked = len;
	if ((rc = e->fail_read) != 0) {
		e->fail_read = 0;
		return rc;
	}
	if (e->stutter && e->reads % 2 == 0)
		return TLS_WANT_POLLIN;
	if (n == 0)
		return w->closed ? 0 : TLS_WANT_POLLIN;
	if (n > limit(e, len))
		n = limit(e, len);
	memcpy(buf, w->data + w->taken, n);
	w->taken += n;
	return n;
}

ssize_t
end_write(struct tls *ctx, const void *buf, size_t len, void *arg)
{
	struct end *e = arg;
	int rc;

	e->ctx = ctx;
	e->writes++;
	if ((rc = e->fail_write) != 0) {
		e->fail_write = 0;
		return rc;
	}
	if (e->blocked || (e->stutter && e->writes % 2 == 0))
		return TLS_WANT_POLLOUT;
	if (e->out->closed) {
		errno = EPIPE;
		return -1;
	}
	len = limit(e, len);
	wire_put(e->out, buf, len);
	if (!e->hold)
		wire_release(e->out);
	return len;
}

/* Pairs. */

void
no_blocking(int fd)
{
	REQUIRE(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) == 0);
}

void
socket_pair(int fd[2])
{
	REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == 0);
}

static struct tls *
listener_for(struct tls_config *config)
{
	struct tls *listener = tls_server();

	REQUIRE(listener != NULL);
	REQUIRE_OK(listener, tls_configure(listener, config));
	return listener;
}

static struct pair *
pair_new(struct tls *listener, struct tls_config *client)
{
	struct pair *p = calloc(1, sizeof(*p));

	REQUIRE(p != NULL);
	p->client_fd = p->server_fd = -1;
	p->listener = listener;
	p->client = tls_client();
	REQUIRE(p->client != NULL);
	REQUIRE_OK(p->client, tls_configure(p->client, client));
	return p;
}

struct pair *
pair_sockets(struct tls_config *client, struct tls_config *server, const char *name)
{
	struct pair *p = pair_new(listener_for(server), client);
	int fd[2];

	socket_pair(fd);
	no_blocking(fd[0]);
	no_blocking(fd[1]);
	p->client_fd = fd[0];
	p->server_fd = fd[1];
	REQUIRE_OK(p->client, tls_connect_socket(p->client, fd[0], name));
	REQUIRE_OK(p->listener, tls_accept_socket(p->listener, &p->server, fd[1]));
	return p;
}

struct pair *
pair_again(struct tls *listener, struct tls_config *client, const char *name)
{
	struct pair *p = pair_new(listener, client);

	p->client_end.in = p->server_end.out = &p->down;
	p->client_end.out = p->server_end.in = &p->up;
	REQUIRE_OK(p->client, tls_connect_cbs(p->client, end_read, end_write, &p->client_end, name));
	REQUIRE_OK(p->listener, tls_accept_cbs(p->listener, &p->server, end_read, end_write, &p->server_end));
	return p;
}

struct pair *
pair_wires(struct tls_config *client, struct tls_config *server, const char *name)
{
	return pair_again(listener_for(server), client, name);
}

void
pair_keep_listener(struct pair *p)
{
	p->listener = NULL;
}

void
pair_hangup(struct pair *p, struct tls *ctx)
{
	int client = ctx == p->client;

	if (p->client_fd == -1)
		(client ? &p->up : &p->down)->closed = 1;
	else
		shutdown(client ? p->client_fd : p->server_fd, SHUT_WR);
}

static int
wants(int rc)
{
	return rc == TLS_WANT_POLLIN || rc == TLS_WANT_POLLOUT;
}

int
pair_handshake(struct pair *p)
{
	int patience = PATIENCE;

	p->client_rc = p->server_rc = TLS_WANT_POLLIN;
	while (wants(p->client_rc) || wants(p->server_rc)) {
		REQUIRE(patience-- > 0);
		if (wants(p->client_rc) && (p->client_rc = tls_handshake(p->client)) == -1)
			pair_hangup(p, p->client);
		if (wants(p->server_rc) && (p->server_rc = tls_handshake(p->server)) == -1)
			pair_hangup(p, p->server);
	}
	return p->client_rc == 0 && p->server_rc == 0 ? 0 : -1;
}

void
pair_established(struct pair *p)
{
	if (pair_handshake(p) == 0)
		return;
	CHECK_INT(p->client_rc, 0);
	check_note("client: %s", tls_error(p->client));
	CHECK_INT(p->server_rc, 0);
	check_note("server: %s", tls_error(p->server));
	check_note("listener: %s", p->listener ? tls_error(p->listener) : "");
	check_stop();
}

static void
close_end(struct tls *ctx)
{
	int patience = PATIENCE;
	int rc;

	while (wants(rc = tls_close(ctx)))
		REQUIRE(patience-- > 0);
	REQUIRE_OK(ctx, rc);
}

void
pair_close(struct pair *p)
{
	close_end(p->client);
	close_end(p->server);
}

void
pair_free(struct pair *p)
{
	tls_free(p->client);
	tls_free(p->server);
	tls_free(p->listener);
	if (p->client_fd != -1)
		close(p->client_fd);
	if (p->server_fd != -1)
		close(p->server_fd);
	wire_free(&p->up);
	wire_free(&p->down);
	free(p);
}

ssize_t
read_some(struct tls *ctx, void *buf, size_t len)
{
	int patience = PATIENCE;
	ssize_t n;

	while (wants(n = tls_read(ctx, buf, len)))
		REQUIRE(patience-- > 0);
	return n;
}

void
drain(struct tls *ctx)
{
	char buf[1];
	int i;

	/* Each record without data may end a call; a peer sends fewer in a row than this. */
	for (i = 0; i < 16; i++)
		CHECK_INT(tls_read(ctx, buf, sizeof(buf)), TLS_WANT_POLLIN);
}

void
transfer(struct tls *from, struct tls *to, size_t len, size_t chunk)
{
	uint8_t *out = malloc(len), *in = malloc(len);
	size_t sent = 0, got = 0, i;
	int patience = PATIENCE;
	ssize_t n;

	REQUIRE(out != NULL && in != NULL);
	for (i = 0; i < len; i++)
		out[i] = i * 7 + i / 251;
	while (got < len) {
		REQUIRE(patience-- > 0);
		if (sent < len) {
			n = tls_write(from, out + sent, len - sent < chunk ? len - sent : chunk);
			if (!wants(n)) {
				if (n <= 0) {
					CHECK_INT(n, 1);
					check_note("%s", tls_error(from));
					check_stop();
				}
				sent += n;
			}
		}
		n = tls_read(to, in + got, len - got);
		if (!wants(n)) {
			if (n <= 0) {
				CHECK_INT(n, 1);
				check_note("%s", tls_error(to));
				check_stop();
			}
			got += n;
		}
	}
	CHECK_INT(sent, len);
	CHECK(memcmp(out, in, len) == 0);
	free(out);
	free(in);
}

void
say(struct tls *from, struct tls *to, const char *text)
{
	char buf[128];
	size_t len = strlen(text), got = 0;
	ssize_t n;
	int patience = PATIENCE;

	REQUIRE(len < sizeof(buf));
	while (wants(n = tls_write(from, text, len)))
		REQUIRE(patience-- > 0);
	CHECK_INT(n, len);
	while (got < len) {
		n = read_some(to, buf + got, len - got);
		if (n <= 0) {
			CHECK_INT(n, 1);
			check_note("%s", tls_error(to));
			check_stop();
		}
		got += n;
	}
	buf[len] = '\0';
	CHECK_STR(buf, text);
}

void
whole_connection(struct tls_config *client, struct tls_config *server)
{
	struct pair *p = pair_sockets(client, server, "server.test");

	pair_established(p);
	transfer(p->client, p->server, 50000, 5000);
	transfer(p->server, p->client, 50000, 5000);
	pair_close(p);
	pair_free(p);
}

void
fresh_connection(void)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");

	whole_connection(cc, sc);
	tls_config_free(cc);
	tls_config_free(sc);
}

int
listen_local(char port[8])
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sin);
	int s = socket(AF_INET, SOCK_STREAM, 0);

	REQUIRE(s != -1);
	REQUIRE(bind(s, (struct sockaddr *)&sin, sizeof(sin)) == 0);
	REQUIRE(listen(s, 8) == 0);
	REQUIRE(getsockname(s, (struct sockaddr *)&sin, &len) == 0);
	snprintf(port, 8, "%d", ntohs(sin.sin_port));
	return s;
}

/* Processes. */

pid_t
spawn(void (*run)(void *), void *arg)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	REQUIRE(pid != -1);
	if (pid == 0) {
		failures = 0;
		alarm(TEST_SECONDS);
		run(arg);
		exit(failures == 0 ? PASSED : FAILED);
	}
	return pid;
}

static int
outcome(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			return FAILED;
	if (WIFSIGNALED(status)) {
		printf("    died of signal %d (%s)\n", WTERMSIG(status), strsignal(WTERMSIG(status)));
		return FAILED;
	}
	return WEXITSTATUS(status);
}

void
reap(pid_t pid)
{
	int rc = outcome(pid);

	CHECK_INT(rc, PASSED);
}

static int
run(struct test *t)
{
	pid_t pid;

	fflush(stdout);
	if ((pid = fork()) == -1) {
		perror("fork");
		exit(FAILED);
	}
	if (pid == 0) {
		alarm(TEST_SECONDS);
		/* A test about a peer that has gone sets this back. */
		signal(SIGPIPE, SIG_IGN);
		t->run();
		exit(failures != 0 ? FAILED : left_out ? LEFT_OUT : PASSED);
	}
	return outcome(pid);
}

/*
 * Runs the tests whose names match one of the patterns, or all:
 *	harness [-2] [-l] [-v] [-x pattern]... -p pki [pattern ...]
 * -2 tests TLS 1.2 in place of 1.3, -l lists the tests, -v names each as it runs, each -x leaves some
 * out. The last line counts them.
 */
int
main(int argc, char *argv[])
{
	unsigned passed = 0, failed = 0, out = 0;
	int ch, i, wanted, rc, list = 0, verbose = 0, n = 0;
	const char *unwanted[16];
	char command[64];
	struct test *t;

	setvbuf(stdout, NULL, _IOLBF, 0);
	while ((ch = getopt(argc, argv, "2lp:vx:")) != -1) {
		switch (ch) {
		case '2':
			tested = TLS12;
			break;
		case 'l':
			list = 1;
			break;
		case 'p':
			pki_directory = optarg;
			break;
		case 'v':
			verbose = 1;
			break;
		case 'x':
			REQUIRE(n < 16);
			unwanted[n++] = optarg;
			break;
		default:
			return FAILED;
		}
	}
	if (!list && (pki_directory == NULL || mkdtemp(scratch_directory) == NULL)) {
		fprintf(stderr, "usage: harness [-2lv] [-x pattern]... -p pki [pattern ...]\n");
		return FAILED;
	}
	for (t = tests; t != NULL; t = t->next) {
		if ((t->protocols & tested) == 0)
			continue;
		wanted = optind == argc;
		for (i = optind; i < argc; i++)
			wanted |= fnmatch(argv[i], t->name, 0) == 0;
		for (i = 0; i < n; i++)
			wanted &= fnmatch(unwanted[i], t->name, 0) != 0;
		if (!wanted)
			continue;
		if (list) {
			printf("%s\t%s\n", t->name, t->file);
			continue;
		}
		if (verbose)
			printf("%s\n", t->name);
		rc = run(t);
		if (rc == PASSED) {
			passed++;
		} else if (rc == LEFT_OUT) {
			out++;
			if (!verbose)
				printf("    (%s)\n", t->name);
		} else {
			failed++;
			printf("FAILED: %s (%s), exit code %d\n", t->name, t->file, rc);
		}
	}
	if (list)
		return PASSED;
	snprintf(command, sizeof(command), "rm -rf %s", scratch_directory);
	if (system(command) != 0)
		failed++;
	printf("%u passed, %u failed, %u left out\n", passed, failed, out);
	return failed == 0 ? PASSED : FAILED;
}
