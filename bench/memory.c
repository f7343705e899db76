/*
 * Measures what the calls of a libtls cost, through tls.h alone, with both ends of a connection in
 * one process and nothing but memory between them:
 *
 *	memory DIRECTORY [ITEM]
 *
 * DIRECTORY holds what run.sh makes; ITEM is the start of the names of the items to be measured. Each
 * item runs in a fresh process. A line of output is: item, value, unit; separated by a tab. Times are of
 * the processor, of all threads, unless the unit tells otherwise. What a library can't do has no output.
 */
#define _GNU_SOURCE

#include <sys/wait.h>

#include <err.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <tls.h>

#define NAME "server.test"

enum {
	CPU_TIME = 300000,	/* us, of each measurement */
	MANY = 10000,		/* idle connections beside a busy one */
	IDLE = 1000,		/* whose memory is measured */
	CONFIGS = 200,
	CHILDREN = 51,
	TIMEOUT = 600,		/* seconds after which an item has failed */
};

static const char *directory;
static bool failed;

static const char *
path(const char *name, const char *suffix)
{
	static __thread char buf[4096];

	snprintf(buf, sizeof(buf), "%s/%s%s", directory, name, suffix);
	return buf;
}

static double
now(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static double
cpu(void)
{
	return now(CLOCK_PROCESS_CPUTIME_ID);
}

static double
wall(void)
{
	return now(CLOCK_MONOTONIC);
}

static double
resident(void)
{
	FILE *f = fopen("/proc/self/smaps_rollup", "re");
	char line[256];
	double kilobytes = 0;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "Rss: %lf kB", &kilobytes) == 1)
			break;
	if (f != NULL)
		fclose(f);
	return kilobytes * 1024;
}

static void
report(const char *item, const char *what, double value, const char *unit)
{
	printf("%s%s\t%.6g\t%s\n", item, what, value, unit);
	fflush(stdout);
}

/* Bytes on their way from one end to the other. */
struct pipe {
	char	data[1 << 17];
	size_t	begin, end;
};

static ssize_t
put(struct pipe *p, const void *buf, size_t n)
{
	if (p->begin == p->end)
		p->begin = p->end = 0;
	if (n > sizeof(p->data) - p->end)
		n = sizeof(p->data) - p->end;
	if (n == 0)
		return TLS_WANT_POLLOUT;
	memcpy(p->data + p->end, buf, n);
	p->end += n;
	return (ssize_t)n;
}

static ssize_t
take(struct pipe *p, void *buf, size_t n)
{
	if (n > p->end - p->begin)
		n = p->end - p->begin;
	if (n == 0)
		return TLS_WANT_POLLIN;
	memcpy(buf, p->data + p->begin, n);
	p->begin += n;
	return (ssize_t)n;
}

/* Where a thread's connections meet, one at a time. */
struct wires {
	struct pipe up, down;
};

static ssize_t
client_read(struct tls *ctx, void *buf, size_t n, void *wires)
{
	(void)ctx;
	return take(&((struct wires *)wires)->down, buf, n);
}

static ssize_t
client_write(struct tls *ctx, const void *buf, size_t n, void *wires)
{
	(void)ctx;
	return put(&((struct wires *)wires)->up, buf, n);
}

static ssize_t
server_read(struct tls *ctx, void *buf, size_t n, void *wires)
{
	(void)ctx;
	return take(&((struct wires *)wires)->up, buf, n);
}

static ssize_t
server_write(struct tls *ctx, const void *buf, size_t n, void *wires)
{
	(void)ctx;
	return put(&((struct wires *)wires)->down, buf, n);
}

struct item {
	const char	*name;
	void		(*run)(const struct item *);
	uint32_t	 protocols;
	const char	*keypair;
	const char	*authorities;	/* NULL is those of the certificates */
	const char	*groups;	/* NULL is X25519 */
	const char	*ciphers;	/* NULL is the library's choice */
	bool		 resume;
};

/* What connections are made of. */
struct ends {
	struct tls_config *config;
	struct tls	*server;
};

static void
limit(struct tls_config *config, const struct item *item)
{
	if (config == NULL ||
	    tls_config_set_protocols(config, item->protocols) == -1 ||
	    tls_config_set_ecdhecurves(config, item->groups != NULL ?
	    item->groups : "X25519,P-256") == -1 ||
	    (item->ciphers != NULL &&
	    tls_config_set_ciphers(config, item->ciphers) == -1))
		errx(1, "%s: %s", item->name, tls_config_error(config));
}

static void
prepare(struct ends *e, const struct item *item)
{
	struct tls_config *config = tls_config_new();
	char *cert = strdup(path(item->keypair, ".pem"));
	int fd;

	limit(config, item);
	if (tls_config_set_keypair_file(config, cert, path(item->keypair, ".key")) == -1 ||
	    (item->resume && tls_config_set_session_lifetime(config, 3600) == -1))
		errx(1, "%s", tls_config_error(config));
	free(cert);
	if ((e->server = tls_server()) == NULL || tls_configure(e->server, config) == -1)
		errx(1, "%s: the server can't be configured", item->name);
	tls_config_free(config);

	e->config = tls_config_new();
	limit(e->config, item);
	if (tls_config_set_ca_file(e->config, path(item->authorities != NULL ?
	    item->authorities : "ca", ".pem")) == -1)
		errx(1, "%s", tls_config_error(e->config));
	if (item->resume) {
		fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
		if (fd == -1 || tls_config_set_session_fd(e->config, fd) == -1)
			err(1, "session file");
	}
}

/* The processor time of each end's calls, where it is asked for. */
struct cost {
	double	client, server;
};

struct connection {
	struct tls	*client, *server;
};

static double
timed(double *sum, double since)
{
	double t;

	if (sum == NULL)
		return 0;
	t = cpu();
	*sum += t - since;
	return t;
}

/* A connection that carries a byte from the server, and with it the tickets. */
static struct connection
connection(const struct ends *e, struct wires *w, struct cost *cost)
{
	double *of_client = cost == NULL ? NULL : &cost->client;
	double *of_server = cost == NULL ? NULL : &cost->server;
	double t = cost == NULL ? 0 : cpu();
	struct connection c;
	int client = TLS_WANT_POLLIN, server = TLS_WANT_POLLIN;
	char byte = 'x';
	ssize_t n;

	if ((c.client = tls_client()) == NULL ||
	    tls_configure(c.client, e->config) == -1 ||
	    tls_connect_cbs(c.client, client_read, client_write, w, NAME) == -1)
		errx(1, "client");
	t = timed(of_client, t);
	if (tls_accept_cbs(e->server, &c.server, server_read, server_write, w) == -1)
		errx(1, "server");
	t = timed(of_server, t);
	while (client != 0 || server != 0) {
		if (client != 0 && (client = tls_handshake(c.client)) == -1)
			errx(1, "client: %s", tls_error(c.client));
		t = timed(of_client, t);
		if (server != 0 && (server = tls_handshake(c.server)) == -1)
			errx(1, "server: %s", tls_error(c.server));
		t = timed(of_server, t);
	}
	if (tls_write(c.server, &byte, 1) != 1)
		errx(1, "tls_write: %s", tls_error(c.server));
	t = timed(of_server, t);
	while ((n = tls_read(c.client, &byte, 1)) < -1)
		continue;
	if (n != 1)
		errx(1, "tls_read: %s", tls_error(c.client));
	timed(of_client, t);
	return c;
}

static void
finish(struct tls *tls, double *sum)
{
	double t = sum == NULL ? 0 : cpu();

	tls_close(tls);
	tls_free(tls);
	timed(sum, t);
}

static void
handshakes(const struct item *item)
{
	static struct wires w;
	struct ends e;
	struct cost cost = { 0, 0 };
	struct connection c;
	double start = 0;
	int i, resumed = 0;

	prepare(&e, item);
	for (i = -20; i <= 0 || cpu() < start + CPU_TIME; i++) {
		if (i == 0) {
			cost = (struct cost){ 0, 0 };
			resumed = 0;
			start = cpu();
		}
		c = connection(&e, &w, &cost);
		resumed += tls_conn_session_resumed(c.client);
		finish(c.client, &cost.client);
		finish(c.server, &cost.server);
		w.up.begin = w.up.end = w.down.begin = w.down.end = 0;
	}
	if (item->resume && resumed != i)
		return;
	report(item->name, ", server", cost.server / i, "us");
	report(item->name, ", client", cost.client / i, "us");
	report(item->name, ", both ends", (cost.server + cost.client) / i, "us");
}

static void
move(struct tls *from, struct tls *to, char *buf, size_t size)
{
	ssize_t n;
	size_t got = 0;

	if (tls_write(from, buf, size) != (ssize_t)size)
		errx(1, "tls_write: %s", tls_error(from));
	while (got < size) {
		n = tls_read(to, buf + got, size - got);
		if (n == 0 || n == -1)
			errx(1, "tls_read: %s", tls_error(to));
		got += n > 0 ? (size_t)n : 0;
	}
}

static void
trips(const struct item *item)
{
	static struct wires w;
	struct ends e;
	struct connection c;
	char buf[64] = "";
	double start = 0;
	int i;

	prepare(&e, item);
	c = connection(&e, &w, NULL);
	for (i = -1000; i < 0 || i % 100 != 0 || cpu() < start + CPU_TIME; i++) {
		if (i == 0)
			start = cpu();
		move(c.client, c.server, buf, sizeof(buf));
		move(c.server, c.client, buf, sizeof(buf));
	}
	report(item->name, "", (cpu() - start) / i, "us");
}

static void
bulk(const struct item *item)
{
	static struct wires w;
	static char buf[16 << 10];
	struct ends e;
	struct connection c;
	double start = 0;
	int i;

	prepare(&e, item);
	c = connection(&e, &w, NULL);
	for (i = -64; i < 0 || i % 64 != 0 || cpu() < start + CPU_TIME; i++) {
		if (i == 0)
			start = cpu();
		move(c.client, c.server, buf, sizeof(buf));
	}
	report(item->name, "", (cpu() - start) / i * 64, "us/MiB");
}

/* What one end of a connection takes that has carried data each way: the other one is freed. */

struct tls	*kept[2][IDLE];

static void
idle(const struct item *item)
{
	static struct wires w;
	struct ends e;
	struct connection c;
	char buf[64] = "";
	double before;
	int i, end;

	prepare(&e, item);
	for (end = 0; end < 2; end++) {
		before = 0;
		for (i = -IDLE; i < IDLE; i++) {
			if (i == 0)
				before = resident();
			c = connection(&e, &w, NULL);
			move(c.client, c.server, buf, sizeof(buf));
			move(c.server, c.client, buf, sizeof(buf));
			tls_free(end == 0 ? c.client : c.server);
			if (i < 0)
				tls_free(end == 0 ? c.server : c.client);
			else
				kept[end][i] = end == 0 ? c.server : c.client;
		}
		report(item->name, end == 0 ? ", server" : ", client",
		    (resident() - before) / IDLE, "bytes");
	}
}

static void
first_use(const struct item *item)
{
	double used = cpu(), start = wall();
	struct tls_config *config = tls_config_new();
	struct tls *client = tls_client();

	if (config == NULL || client == NULL ||
	    tls_config_set_ca_file(config, path("ca", ".pem")) == -1 ||
	    tls_configure(client, config) == -1)
		errx(1, "%s", item->name);
	report(item->name, "", cpu() - used, "us");
	report(item->name, ", elapsed", wall() - start, "us");
}

static void
settings(const struct item *item)
{
	static struct tls_config *live[CONFIGS];
	struct tls_config *config = tls_config_new();
	char *bundle = strdup(path("bundle", ".pem"));
	double start;
	int i;

	if (config == NULL || tls_config_set_ca_file(config, bundle) == -1)
		errx(1, "%s", item->name);
	start = cpu();
	for (i = 0; i < 1000; i++)
		tls_config_set_verify_depth(config, i % 8);
	report(item->name, ", a setter", (cpu() - start) / i, "us");
	start = resident();
	for (i = 0; i < CONFIGS; i++) {
		live[i] = tls_config_new();
		if (tls_config_set_ca_file(live[i], bundle) == -1)
			errx(1, "%s", item->name);
	}
	report(item->name, ", each further one", (resident() - start) / CONFIGS, "bytes");
}

static void
objects(const struct item *item)
{
	struct tls_config *config = tls_config_new();
	double start;
	int i;

	tls_free(tls_client());
	start = cpu();
	for (i = 0; i < 10000; i++)
		tls_free(tls_client());
	report(item->name, "tls_client, tls_free", (cpu() - start) / i, "us");
	start = cpu();
	for (i = 0; i < 10000; i++) {
		struct tls *client = tls_client();

		tls_configure(client, config);
		tls_free(client);
	}
	report(item->name, "tls_client, tls_configure, tls_free", (cpu() - start) / i, "us");
}

/* Threads that shake hands, each with itself. */

static volatile bool stop;

struct worker {
	pthread_t	 thread;
	const struct ends *ends;
	double		 handshakes;
};

static void *
work(void *arg)
{
	struct worker *me = arg;
	struct wires *w = calloc(1, sizeof(*w));
	struct connection c;

	for (me->handshakes = 0; w != NULL && !stop; me->handshakes++) {
		c = connection(me->ends, w, NULL);
		finish(c.client, NULL);
		finish(c.server, NULL);
		w->up.begin = w->up.end = w->down.begin = w->down.end = 0;
	}
	free(w);
	return NULL;
}

static void
begin(struct worker *worker, const struct ends *e)
{
	worker->ends = e;
	if (pthread_create(&worker->thread, NULL, work, worker) != 0)
		errx(1, "pthread_create");
}

static void
threads(const struct item *item)
{
	struct ends e;
	struct worker worker[2];
	double rate[2];
	int i, n;

	prepare(&e, item);
	for (n = 1; n <= 2; n++) {
		double start = wall();

		stop = false;
		for (i = 0; i < n; i++)
			begin(&worker[i], &e);
		usleep(2 * CPU_TIME);
		stop = true;
		rate[n - 1] = 0;
		for (i = 0; i < n; i++) {
			pthread_join(worker[i].thread, NULL);
			rate[n - 1] += worker[i].handshakes;
		}
		rate[n - 1] /= wall() - start;
	}
	report(item->name, "", rate[1] / rate[0], "times");
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
latency(const struct item *item)
{
	static struct wires w;
	static double took[20000];
	const int n = sizeof(took) / sizeof(took[0]);
	struct ends e;
	struct worker worker;
	struct connection c;
	char buf[64] = "";
	int i;

	prepare(&e, item);
	for (i = 0; i < MANY; i++) {
		c = connection(&e, &w, NULL);
		tls_free(c.client);
	}
	c = connection(&e, &w, NULL);
	begin(&worker, &e);
	for (i = 0; i < n; i++) {
		double start = wall();

		move(c.client, c.server, buf, sizeof(buf));
		move(c.server, c.client, buf, sizeof(buf));
		took[i] = wall() - start;
	}
	stop = true;
	pthread_join(worker.thread, NULL);
	qsort(took, (size_t)n, sizeof(took[0]), compare);
	report(item->name, ", median", took[n / 2], "us elapsed");
	report(item->name, ", 99 of 100", took[n / 100 * 99], "us elapsed");
}

/* What a forked child takes for its first call, and for all that one connection asks of it. */

struct child {
	double	call, life;
};

static struct child
child(const struct ends *e)
{
	static struct wires w;
	struct child used;
	struct tls *first;

	used.call = cpu();
	if (tls_accept_cbs(e->server, &first, server_read, server_write, &w) == -1)
		errx(1, "server: %s", tls_error(e->server));
	used.call = cpu() - used.call;
	tls_free(first);
	connection(e, &w, NULL);
	used.life = cpu();
	return used;
}

static void
children(const struct item *item)
{
	double calls[CHILDREN], lives[CHILDREN];
	struct ends e;
	struct child used;
	int ends[2];

	prepare(&e, item);
	if (pipe(ends) == -1)
		err(1, "pipe");
	for (int i = 0; i < CHILDREN; i++) {
		switch (fork()) {
		case -1:
			err(1, "fork");
		case 0:
			used = child(&e);
			_exit(write(ends[1], &used, sizeof(used)) != sizeof(used));
		}
		if (read(ends[0], &used, sizeof(used)) != sizeof(used))
			err(1, "read");
		wait(NULL);
		calls[i] = used.call;
		lives[i] = used.life;
	}
	qsort(calls, CHILDREN, sizeof(calls[0]), compare);
	qsort(lives, CHILDREN, sizeof(lives[0]), compare);
	report(item->name, ", first call", calls[CHILDREN / 2], "us");
	report(item->name, ", with both ends of a handshake", lives[CHILDREN / 2], "us");
}

#define ITEM(NAME, RUN, VERSION, ...)					\
	{ .name = NAME, .run = RUN,					\
	    .protocols = TLS_PROTOCOL_TLSv1_##VERSION, .keypair = "ecdsa", __VA_ARGS__ }

static const struct item items[] = {
	ITEM("round trip, 64 bytes", trips, 3),
	ITEM("bulk, 16 KiB, AES-256-GCM, 1.3", bulk, 3),
	ITEM("bulk, 16 KiB, AES-128-GCM, 1.2", bulk, 2, .ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256"),
	ITEM("bulk, 16 KiB, ChaCha20-Poly1305, 1.2", bulk, 2, .ciphers = "ECDHE-ECDSA-CHACHA20-POLY1305"),
	ITEM("full handshake, 1.3", handshakes, 3),
	ITEM("full handshake, 1.2", handshakes, 2),
	{ .name = "full handshake, 1.3, RSA-2048", .run = handshakes,
	    .protocols = TLS_PROTOCOL_TLSv1_3, .keypair = "rsa" },
	ITEM("full handshake, 1.3, system's CA bundle", handshakes, 3, .authorities = "bundle"),
	ITEM("full handshake, 1.3, default groups", handshakes, 3, .groups = "default"),
	ITEM("resumed handshake, 1.3", handshakes, 3, .resume = true),
	ITEM("resumed handshake, 1.2", handshakes, 2, .resume = true),
	ITEM("idle connection", idle, 3),
	ITEM("start to a configured client", first_use, 3),
	ITEM("forked child", children, 3),
	ITEM("configuration with a CA bundle", settings, 3),
	ITEM("", objects, 3),
	ITEM("handshakes of 2 threads to those of 1", threads, 3),
	ITEM("round trip beside 10000 idle connections and a busy thread", latency, 3),
};

static void
measure(const struct item *item)
{
	pid_t pid;
	int status;

	if ((pid = fork()) == -1)
		err(1, "fork");
	if (pid == 0) {
		alarm(TIMEOUT);
		item->run(item);
		_exit(0);
	}
	if (waitpid(pid, &status, 0) == -1 || status != 0) {
		warnx("%s: failed", item->name);
		failed = true;
	}
}

int
main(int argc, char *argv[])
{
	const char *prefix = argc == 3 ? argv[2] : "";

	if (argc < 2 || argc > 3)
		errx(1, "usage: memory DIRECTORY [ITEM]");
	directory = argv[1];
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++)
		if (strncmp(items[i].name, prefix, strlen(prefix)) == 0)
			measure(&items[i]);
	return failed ? 1 : 0;
}
