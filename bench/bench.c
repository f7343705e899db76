/*
 * Measures a libtls through tls.h alone, so that the same source tells two
 * libraries apart:
 *
 *	bench DIRECTORY [ITEM]
 *
 * DIRECTORY holds what run.sh makes; ITEM is the start of the names of the
 * items to be measured. Each item runs in two fresh processes, a client and a
 * server on Unix sockets. Rates are per second of the processor time that the
 * one process used, all its threads counted, unless the unit is per second of
 * elapsed time (/s). A line of output is: item, what, value, unit; separated
 * by tabs. An item that a library can't do, because it doesn't let the suite be
 * chosen or doesn't resume, has no output.
 */
#define _GNU_SOURCE

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <tls.h>

#define SECONDS		0.25	/* of each measurement */
#define WARM_UP		10	/* connections that don't count */
#define IDLE		900	/* connections, below the usual limit of files */
#define TIMEOUT		20	/* seconds after which an item has failed */
#define NAME		"server.test"
#define AUTHORITY	"ca.pem"
#define BUNDLE		"bundle.pem"

struct item {
	const char	*name;
	void		(*client)(const struct item *);
	void		(*server)(const struct item *);
	const char	*keypair;
	const char	*authorities;
	const char	*groups;	/* NULL means the library's choice */
	const char	*ciphers;	/* likewise */
	const char	*suite;		/* that must be negotiated, or NULL */
	size_t		 size;		/* of a write */
	bool		 resume;
};

static const char		*directory;
static int			 listener;
static struct sockaddr_un	 address;
static socklen_t		 address_len;

static const char *
path(const char *name)
{
	static char buf[4096];

	if ((size_t)snprintf(buf, sizeof(buf), "%s/%s", directory, name) >=
	    sizeof(buf))
		errx(1, "%s: name too long", name);
	return buf;
}

static double
seconds(clockid_t clock)
{
	struct timespec ts;

	if (clock_gettime(clock, &ts) == -1)
		err(1, "clock_gettime");
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static double
cpu(void)
{
	return seconds(CLOCK_PROCESS_CPUTIME_ID);
}

static double
wall(void)
{
	return seconds(CLOCK_MONOTONIC);
}

static void
report(const struct item *item, const char *what, double value,
    const char *unit)
{
	printf("%s\t%s\t%.6g\t%s\n", item->name, what, value, unit);
	fflush(stdout);
}

static struct tls_config *
configuration(const struct item *item)
{
	struct tls_config *config;

	if ((config = tls_config_new()) == NULL)
		errx(1, "tls_config_new");
	if (tls_config_set_protocols(config, TLS_PROTOCOL_TLSv1_3) == -1 ||
	    (item->groups != NULL &&
	    tls_config_set_ecdhecurves(config, item->groups) == -1) ||
	    (item->ciphers != NULL &&
	    tls_config_set_ciphers(config, item->ciphers) == -1))
		errx(1, "%s: %s", item->name, tls_config_error(config));
	return config;
}

static struct tls_config *
client_configuration(const struct item *item)
{
	struct tls_config *config = configuration(item);
	int fd;

	if (tls_config_set_ca_file(config, path(item->authorities)) == -1)
		errx(1, "%s", tls_config_error(config));
	if (item->resume) {
		fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
		if (fd == -1)
			err(1, "%s", directory);
		if (tls_config_set_session_fd(config, fd) == -1)
			errx(1, "%s", tls_config_error(config));
	}
	return config;
}

static struct tls *
listening(const struct item *item)
{
	struct tls_config *config = configuration(item);
	struct tls *server;
	char cert[64], key[64], *cert_file;

	snprintf(cert, sizeof(cert), "%s.pem", item->keypair);
	snprintf(key, sizeof(key), "%s.key", item->keypair);
	if ((cert_file = strdup(path(cert))) == NULL)
		err(1, "strdup");
	if (tls_config_set_keypair_file(config, cert_file, path(key)) == -1 ||
	    (item->resume && tls_config_set_session_lifetime(config, 3600) == -1))
		errx(1, "%s", tls_config_error(config));
	free(cert_file);
	if ((server = tls_server()) == NULL)
		errx(1, "tls_server");
	if (tls_configure(server, config) == -1)
		errx(1, "tls_configure: %s", tls_error(server));
	tls_config_free(config);
	return server;
}

struct connection {
	struct tls	*tls;
	int		 fd;
};

static void
handshake(const struct item *item, struct tls *tls)
{
	int r;

	do {
		r = tls_handshake(tls);
	} while (r == TLS_WANT_POLLIN || r == TLS_WANT_POLLOUT);
	if (r == -1)
		errx(1, "%s: %s", item->name, tls_error(tls));
	if (item->suite != NULL && strcmp(tls_conn_cipher(tls), item->suite) != 0)
		_exit(0);	/* this library can't choose */
}

static struct connection
client_connection(const struct item *item, struct tls_config *config)
{
	struct connection c;

	if ((c.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) == -1)
		err(1, "socket");
	if (connect(c.fd, (struct sockaddr *)&address, address_len) == -1)
		err(1, "connect");
	if ((c.tls = tls_client()) == NULL)
		errx(1, "tls_client");
	if (tls_configure(c.tls, config) == -1 ||
	    tls_connect_socket(c.tls, c.fd, NAME) == -1)
		errx(1, "%s: %s", item->name, tls_error(c.tls));
	handshake(item, c.tls);
	return c;
}

/* The next connection, or false if there will be none. */
static bool
server_connection(const struct item *item, struct tls *server,
    struct connection *c)
{
	if ((c->fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) == -1)
		return false;
	if (tls_accept_socket(server, &c->tls, c->fd) == -1)
		errx(1, "%s: %s", item->name, tls_error(server));
	handshake(item, c->tls);
	return true;
}

/* The peer may be gone already, so it doesn't matter how tls_close fares. */
static void
disconnect(struct connection *c)
{
	ssize_t r;

	do {
		r = tls_close(c->tls);
	} while (r == TLS_WANT_POLLIN || r == TLS_WANT_POLLOUT);
	tls_free(c->tls);
	close(c->fd);
}

static void
send_all(struct tls *tls, const char *buf, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = tls_write(tls, buf, len);
		if (n == TLS_WANT_POLLIN || n == TLS_WANT_POLLOUT)
			continue;
		if (n <= 0)
			errx(1, "tls_write: %s", tls_error(tls));
		buf += n;
		len -= (size_t)n;
	}
}

/* At most len bytes; 0 at the end. */
static size_t
receive(struct tls *tls, char *buf, size_t len)
{
	ssize_t n;

	do {
		n = tls_read(tls, buf, len);
	} while (n == TLS_WANT_POLLIN || n == TLS_WANT_POLLOUT);
	if (n < 0)
		errx(1, "tls_read: %s", tls_error(tls));
	return (size_t)n;
}

/* Whether all len bytes came, and not the end. */
static bool
receive_all(struct tls *tls, char *buf, size_t len)
{
	size_t n, got;

	for (got = 0; got < len; got += n)
		if ((n = receive(tls, buf + got, len - got)) == 0)
			return false;
	return true;
}

/* Handshakes: each connection carries one byte, from the server. */

static void
report_handshakes(const struct item *item, const char *side, int count,
    int resumed, double used)
{
	if (!item->resume || resumed == count)
		report(item, side, count / used, "/cpu-s");
}

static void
handshakes_client(const struct item *item)
{
	struct tls_config *config = client_configuration(item);
	struct connection c;
	double start = 0, used = 0;
	int i, resumed = 0;
	char byte;

	for (i = 0; i <= WARM_UP || wall() < start + SECONDS; i++) {
		if (i == WARM_UP) {
			resumed = 0;
			start = wall();
			used = cpu();
		}
		c = client_connection(item, config);
		if (!receive_all(c.tls, &byte, 1))
			errx(1, "%s: the server has closed", item->name);
		resumed += tls_conn_session_resumed(c.tls);
		disconnect(&c);
	}
	report_handshakes(item, "client", i - WARM_UP, resumed, cpu() - used);
}

static void
handshakes_server(const struct item *item)
{
	struct tls *server = listening(item);
	struct connection c;
	double used = 0;
	int i, resumed = 0;

	for (i = 0; server_connection(item, server, &c); i++) {
		send_all(c.tls, "x", 1);
		resumed += tls_conn_session_resumed(c.tls);
		disconnect(&c);
		if (i + 1 == WARM_UP) {
			resumed = 0;
			used = cpu();
		}
	}
	report_handshakes(item, "server", i - WARM_UP, resumed, cpu() - used);
}

/* Bulk: one connection, the client writes and the server reads. */

static char buffer[64 << 10];

static void
bulk_client(const struct item *item)
{
	struct tls_config *config = client_configuration(item);
	struct connection c = client_connection(item, config);
	double end = wall() + SECONDS, used = cpu(), sent = 0;

	for (; wall() < end; sent += (double)item->size)
		send_all(c.tls, buffer, item->size);
	report(item, "write", sent / 1e6 / (cpu() - used), "MB/cpu-s");
	disconnect(&c);
}

static void
bulk_server(const struct item *item)
{
	struct tls *server = listening(item);
	struct connection c;
	double start, used, received = 0;
	size_t n;

	if (!server_connection(item, server, &c))
		err(1, "accept");
	start = wall();
	used = cpu();
	while ((n = receive(c.tls, buffer, sizeof(buffer))) > 0)
		received += (double)n;
	report(item, "read", received / 1e6 / (cpu() - used), "MB/cpu-s");
	report(item, "through", received / 1e6 / (wall() - start), "MB/s");
	disconnect(&c);
}

/* Round trips: one connection, messages go to and fro. */

static void
trips_client(const struct item *item)
{
	struct tls_config *config = client_configuration(item);
	struct connection c = client_connection(item, config);
	double start = wall(), used = cpu(), trips = 0;

	for (; wall() < start + SECONDS; trips++) {
		send_all(c.tls, buffer, item->size);
		if (!receive_all(c.tls, buffer, item->size))
			errx(1, "%s: the server has closed", item->name);
	}
	report(item, "through", trips / (wall() - start), "/s");
	report(item, "client", trips / (cpu() - used), "/cpu-s");
	disconnect(&c);
}

static void
trips_server(const struct item *item)
{
	struct tls *server = listening(item);
	struct connection c;
	double used, trips;

	if (!server_connection(item, server, &c))
		err(1, "accept");
	used = cpu();
	for (trips = 0; receive_all(c.tls, buffer, item->size); trips++)
		send_all(c.tls, buffer, item->size);
	report(item, "server", trips / (cpu() - used), "/cpu-s");
	disconnect(&c);
}

/*
 * Memory: many connections that have carried a message each way, and then wait.
 * What a collector lets its heap grow to before it sets in, is part of it.
 */

static double
resident(void)
{
	FILE *f;
	char line[256];
	double kilobytes;

	if ((f = fopen("/proc/self/smaps_rollup", "re")) == NULL)
		err(1, "smaps_rollup");
	while (fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "Rss: %lf kB", &kilobytes) == 1) {
			fclose(f);
			return kilobytes * 1024;
		}
	}
	errx(1, "smaps_rollup: no Rss");
}

static struct connection idle[IDLE];

static void
memory_client(const struct item *item)
{
	struct tls_config *config = client_configuration(item);
	double before = 0;
	int i;

	for (i = -WARM_UP; i < IDLE; i++) {
		struct connection c = client_connection(item, config);

		send_all(c.tls, buffer, item->size);
		if (!receive_all(c.tls, buffer, item->size))
			errx(1, "%s: the server has closed", item->name);
		if (i >= 0)
			idle[i] = c;
		else
			disconnect(&c);
		if (i == -1)
			before = resident();
	}
	report(item, "client", (resident() - before) / IDLE, "bytes");
}

static void
memory_server(const struct item *item)
{
	struct tls *server = listening(item);
	struct connection c;
	double before = 0;
	int i;

	for (i = -WARM_UP; i < IDLE; i++) {
		if (!server_connection(item, server, &c))
			err(1, "accept");
		if (!receive_all(c.tls, buffer, item->size))
			errx(1, "%s: the client has closed", item->name);
		send_all(c.tls, buffer, item->size);
		if (i >= 0)
			idle[i] = c;
		else
			disconnect(&c);
		if (i == -1)
			before = resident();
	}
	report(item, "server", (resident() - before) / IDLE, "bytes");
}

/* The first call into the library, and a first connection altogether. */

static void
first_client(const struct item *item)
{
	double start = wall();
	struct tls_config *config;
	struct connection c;

	if (tls_init() == -1)
		errx(1, "tls_init");
	report(item, "tls_init", (wall() - start) * 1e6, "us");
	config = client_configuration(item);
	c = client_connection(item, config);
	report(item, "connected", (wall() - start) * 1e6, "us");
	disconnect(&c);
}

static void
first_server(const struct item *item)
{
	struct tls *server = listening(item);
	struct connection c;

	if (server_connection(item, server, &c))
		disconnect(&c);
}

/* Libraries that don't know a suite of TLS 1.3 here want another one beside. */
#define BULK(tls13, kib)						\
	{ .name = "bulk, " tls13 ", " #kib " KiB",			\
	    .client = bulk_client, .server = bulk_server,		\
	    .keypair = "ecdsa", .authorities = AUTHORITY,		\
	    .ciphers = tls13 ":ECDHE-ECDSA-AES128-GCM-SHA256",		\
	    .suite = tls13, .size = kib << 10 }

static const struct item items[] = {
	{ .name = "handshake, ECDSA P-256, X25519",
	    .client = handshakes_client, .server = handshakes_server,
	    .keypair = "ecdsa", .authorities = AUTHORITY, .groups = "X25519" },
	{ .name = "handshake, RSA-2048, X25519",
	    .client = handshakes_client, .server = handshakes_server,
	    .keypair = "rsa", .authorities = AUTHORITY, .groups = "X25519" },
	{ .name = "handshake, ECDSA P-256, default groups",
	    .client = handshakes_client, .server = handshakes_server,
	    .keypair = "ecdsa", .authorities = AUTHORITY },
	{ .name = "handshake, ECDSA P-256, system's CA bundle",
	    .client = handshakes_client, .server = handshakes_server,
	    .keypair = "ecdsa", .authorities = BUNDLE, .groups = "X25519" },
	{ .name = "resumption, X25519",
	    .client = handshakes_client, .server = handshakes_server,
	    .keypair = "ecdsa", .authorities = AUTHORITY, .groups = "X25519",
	    .resume = true },
	BULK("TLS_AES_128_GCM_SHA256", 16),
	BULK("TLS_AES_128_GCM_SHA256", 64),
	BULK("TLS_AES_256_GCM_SHA384", 16),
	BULK("TLS_AES_256_GCM_SHA384", 64),
	BULK("TLS_CHACHA20_POLY1305_SHA256", 16),
	BULK("TLS_CHACHA20_POLY1305_SHA256", 64),
	{ .name = "round trips, 64 bytes",
	    .client = trips_client, .server = trips_server,
	    .keypair = "ecdsa", .authorities = AUTHORITY, .size = 64 },
	{ .name = "memory of an idle connection",
	    .client = memory_client, .server = memory_server,
	    .keypair = "ecdsa", .authorities = AUTHORITY, .size = 64 },
	{ .name = "first use",
	    .client = first_client, .server = first_server,
	    .keypair = "ecdsa", .authorities = AUTHORITY },
};

static pid_t
start(const struct item *item, void (*side)(const struct item *))
{
	pid_t pid;

	if ((pid = fork()) == -1)
		err(1, "fork");
	if (pid == 0) {
		alarm(TIMEOUT);
		side(item);
		_exit(0);
	}
	return pid;
}

static bool
succeeded(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) == -1)
		err(1, "waitpid");
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* The library must not be called here, so that both sides start afresh. */
static bool
measure(const struct item *item)
{
	pid_t client, server;
	bool ok;

	/* An address without a name lets the system choose one. */
	memset(&address, 0, sizeof(address));
	address.sun_family = AF_UNIX;
	address_len = sizeof(address);
	if ((listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) == -1 ||
	    bind(listener, (struct sockaddr *)&address, sizeof(sa_family_t)) == -1 ||
	    listen(listener, 1) == -1 ||
	    getsockname(listener, (struct sockaddr *)&address, &address_len) == -1)
		err(1, "listening socket");
	server = start(item, item->server);
	client = start(item, item->client);
	ok = succeeded(client);
	shutdown(listener, SHUT_RDWR);	/* ends the server's accept */
	ok &= succeeded(server);
	close(listener);
	if (!ok)
		warnx("%s: failed", item->name);
	return ok;
}

int
main(int argc, char *argv[])
{
	const char *prefix = argc == 3 ? argv[2] : "";
	bool ok = true;
	size_t i;

	if (argc < 2 || argc > 3)
		errx(1, "usage: bench DIRECTORY [ITEM]");
	directory = argv[1];
	signal(SIGPIPE, SIG_IGN);
	for (i = 0; i < sizeof(items) / sizeof(items[0]); i++)
		if (strncmp(items[i].name, prefix, strlen(prefix)) == 0)
			ok &= measure(&items[i]);
	return ok ? 0 : 1;
}
