/*
 * A fleet: how often clients resume that come to another server each time, while ticket keys rotate and servers
 * restart, with a file of ticket keys and without.
 *
 *	fleet [-n] [-p protocols] CA certificate key
 *
 * -n is without. Clients have session files in a directory of their own below TMPDIR.
 */
#define _GNU_SOURCE

#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <tls.h>

enum {
	SERVERS = 50,
	CLIENTS = 10000,
	ROUNDS = 4,		/* visits of each client, in another order each time */
	ROTATION = CLIENTS / 2,	/* visits between two rotations */
	KEEP = 6,		/* keys: two rounds may pass between a client's visits */
	RESTART = 250,		/* visits between two restarts */
};

static const char *ca, *certificate, *key;
static uint32_t protocols = TLS_PROTOCOLS_ALL;
static char directory[256];
static int with_file = 1;
static unsigned rotations, restarts;

static _Noreturn void
die(const char *what, const char *why)
{
	fprintf(stderr, "fleet: %s: %s\n", what, why != NULL ? why : "failed");
	exit(1);
}

static void
set(struct tls_config *config, int rc)
{
	if (rc == -1)
		die("configuration", tls_config_error(config));
}

static const char *
below(const char *name, unsigned number)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s-%u", directory, name, number);
	return path;
}

/* As examples/rotate-ticket-keys.sh does it. */

static void
rotate(void)
{
	static char lines[KEEP][128];
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned char random[106];
	char path[512];
	FILE *f;
	int i, j;

	memmove(lines[0], lines[1], sizeof(lines[0]) * (KEEP - 1));
	for (i = rotations == 0 ? 0 : KEEP - 1; i < KEEP; i++) {
		if (getentropy(random, sizeof(random)) == -1)
			die("getentropy", NULL);
		for (j = 0; j < 106; j++)
			lines[i][j] = digits[random[j] % 64];
		memcpy(lines[i] + 106, "A=\n", 4);
	}
	snprintf(path, sizeof(path), "%s", below("new", 0));
	if ((f = fopen(path, "w")) == NULL || fchmod(fileno(f), 0600) == -1)
		die(path, NULL);
	for (i = 0; i < KEEP; i++)
		fputs(lines[i], f);
	if (fclose(f) != 0 || rename(path, below("keys", 0)) == -1)
		die(path, NULL);
	rotations++;
}

struct server {
	struct tls_config *config;
	struct tls *listener;
};

static void
start(struct server *s)
{
	s->config = tls_config_new();
	set(s->config, tls_config_set_protocols(s->config, protocols));
	set(s->config, tls_config_set_keypair_file(s->config, certificate, key));
	set(s->config, tls_config_set_session_id(s->config, (const unsigned char *)"fleet", 5));
	set(s->config, tls_config_set_session_lifetime(s->config, 7200));
	if (with_file)
		set(s->config, tls_config_set_ticket_key_file(s->config, below("keys", 0)));
	s->listener = tls_server();
	if (tls_configure(s->listener, s->config) == -1)
		die("server", tls_error(s->listener));
}

static void
stop(struct server *s)
{
	if (tls_config_error(s->config) != NULL)
		die("server", tls_config_error(s->config));
	tls_free(s->listener);
	tls_config_free(s->config);
}

/* One connection in memory. */

struct wire {
	unsigned char data[65536];
	size_t from, to;
};
struct end {
	struct wire *in, *out;
};

static ssize_t
take(struct tls *ctx, void *buf, size_t len, void *arg)
{
	struct wire *w = ((struct end *)arg)->in;

	(void)ctx;
	if (w->from == w->to)
		return TLS_WANT_POLLIN;
	if (len > w->to - w->from)
		len = w->to - w->from;
	memcpy(buf, w->data + w->from, len);
	w->from += len;
	return len;
}

static ssize_t
give(struct tls *ctx, const void *buf, size_t len, void *arg)
{
	struct wire *w = ((struct end *)arg)->out;

	(void)ctx;
	if (len > sizeof(w->data) - w->to)
		die("wire", "full");
	memcpy(w->data + w->to, buf, len);
	w->to += len;
	return len;
}

/* Whether it was resumed. */
static int
visit(struct server *s, struct tls_config *config, unsigned number)
{
	static struct wire up, down;
	struct end ends[] = { { &down, &up }, { &up, &down } };
	struct tls *client = tls_client(), *server;
	int fd, resumed, c = 1, d = 1;
	char text[8];
	ssize_t n;

	up.from = up.to = down.from = down.to = 0;
	if ((fd = open(below("session", number), O_RDWR | O_CREAT, 0600)) == -1)
		die("session file", NULL);
	set(config, tls_config_set_session_fd(config, fd));
	if (tls_configure(client, config) == -1 ||
	    tls_connect_cbs(client, take, give, &ends[0], "server.test") == -1)
		die("client", tls_error(client));
	if (tls_accept_cbs(s->listener, &server, take, give, &ends[1]) == -1)
		die("accept", tls_error(s->listener));
	while (c != 0 || d != 0) {
		if (c != 0 && (c = tls_handshake(client)) == -1)
			die("client", tls_error(client));
		if (d != 0 && (d = tls_handshake(server)) == -1)
			die("server", tls_error(server));
	}
	resumed = tls_conn_session_resumed(server);
	if (tls_write(server, "welcome", 7) != 7)
		die("server", tls_error(server));
	do
		n = tls_read(client, text, sizeof(text));
	while (n == TLS_WANT_POLLIN && down.from < down.to);
	if (n != 7)
		die("client", tls_error(client));
	tls_free(client);
	tls_free(server);
	close(fd);
	return resumed;
}

static void
shuffle(unsigned *order)
{
	unsigned i, j, other;

	for (i = CLIENTS - 1; i > 0; i--) {
		j = random() % (i + 1);
		other = order[i];
		order[i] = order[j];
		order[j] = other;
	}
}

static void
clean(void)
{
	unsigned i;

	for (i = 0; i < CLIENTS; i++)
		unlink(below("session", i));
	unlink(below("keys", 0));
	unlink(below("new", 0));
	rmdir(directory);
}

int
main(int argc, char *argv[])
{
	static struct server servers[SERVERS];
	static unsigned order[CLIENTS];
	struct tls_config *config = tls_config_new();
	struct timespec begin, end;
	unsigned round, i, visits = 0, resumed = 0;
	const char *tmp = getenv("TMPDIR");
	int ch;

	while ((ch = getopt(argc, argv, "np:")) != -1) {
		if (ch == 'n')
			with_file = 0;
		else if (ch != 'p' || tls_config_parse_protocols(&protocols, optarg) == -1)
			return 1;
	}
	if (argc - optind != 3)
		return 1;
	ca = argv[optind];
	certificate = argv[optind + 1];
	key = argv[optind + 2];
	snprintf(directory, sizeof(directory), "%s/fleet.XXXXXX", tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(directory) == NULL)
		die(directory, NULL);
	atexit(clean);
	rotate();
	set(config, tls_config_set_ca_file(config, ca));
	for (i = 0; i < SERVERS; i++)
		start(&servers[i]);
	for (i = 0; i < CLIENTS; i++)
		order[i] = i;
	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (round = 0; round < ROUNDS; round++) {
		shuffle(order);
		for (i = 0; i < CLIENTS; i++, visits++) {
			if (visits % ROTATION == ROTATION - 1)
				rotate();
			if (visits % RESTART == RESTART - 1) {
				struct server *s = &servers[random() % SERVERS];

				stop(s);
				start(s);
				restarts++;
			}
			resumed += visit(&servers[random() % SERVERS], config, order[i]);
		}
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	for (i = 0; i < SERVERS; i++)
		stop(&servers[i]);
	visits -= CLIENTS;
	printf("%s a file: %u of %u visits resumed, %.2f %%, after each client's first; %u clients, %d servers, "
	    "%u rotations, %u restarts, %ld s\n", with_file ? "with" : "without", resumed, visits,
	    100.0 * resumed / visits, (unsigned)CLIENTS, (int)SERVERS, with_file ? rotations - 1 : 0, restarts,
	    (long)(end.tv_sec - begin.tv_sec));
	tls_config_free(config);
	return 0;
}
