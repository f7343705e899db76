/*
 * model -p PKI [-s FIRST] [-n SEEDS] [-v SEED]: runs the model for a number of seeds, many in a process. A seed that
 * fails is run again, alone, with fewer and fewer operations, until none can be left out any more.
 */
#include "model.h"

#include <sys/mman.h>
#include <sys/wait.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	BATCH = 64,		/* seeds that share a process */
	SECONDS = 60,		/* after which a seed is taken for one that hangs */
	MOST_OPS = 120,
	ATTEMPTS = 400,		/* at finding a shorter sequence, */
	ATTEMPT_SECONDS = 10,	/* each of which may hang so long, */
	SHRINK_SECONDS = 60,	/* and that take no longer together */
};

const char *pki;

const char *
file(const char *name)
{
	static char paths[4][512];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", pki, name);
	return path;
}

/* Drawing (splitmix64). */

static uint64_t state;

static uint64_t
draw(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static unsigned
below(unsigned n)
{
	return draw() % n;
}

static bool
one_in(unsigned n)
{
	return below(n) == 0;
}

/* A size of a buffer, and a number of bytes to be delivered. */
static size_t
draw_size(unsigned large)
{
	switch (below(8)) {
	case 0:
		return 1;
	case 1:
	case 2:
		return 1 + below(16);
	case 3:
	case 4:
		return 1 + below(600);
	case 5:
		return 1 + below(5000);
	case 6:
		return below(large) == 0 ? 16380 + below(10) : 1 + below(300);
	default:
		return below(large) == 0 ? 1 + below(70000) : 1 + below(100);
	}
}

static size_t
draw_delivery(void)
{
	switch (below(6)) {
	case 0:
		return 1 + below(6);
	case 1:
		return 1 + below(40);
	case 2:
		return 1 + below(500);
	case 3:
		return 1 + below(20000);
	default:
		return 1 << 30;
	}
}

static const struct {
	const char *name;
	unsigned weight;
} kinds[KINDS] = {
	[ESTABLISH] = { "establish", 2 },
	[DELIVER] = { "deliver", 34 },
	[READ] = { "read", 26 },
	[PEEK] = { "peek", 5 },
	[WRITE] = { "write", 22 },
	[PILE] = { "pile", 1 },
	[HANDSHAKE] = { "handshake", 8 },
	[CLOSE] = { "close", 1 },
	[CUT] = { "cut", 1 },
	[SPOIL] = { "spoil", 1 },
	[BREAK] = { "break", 1 },
	[KEY_UPDATE] = { "key_update", 4 },
	[AUTHENTICATE] = { "authenticate", 2 },
	[FORK] = { "fork", 1 },
	[SETTLE] = { "settle", 1 },
	[NEXT] = { "next", 2 },
};

void
op_print(const struct op *op)
{
	const char *who = op->who == CLIENT ? "client" : "server";

	printf("%s %s", who, kinds[op->kind].name);
	switch (op->kind) {
	case READ:
	case PEEK:
		printf(" %zu, %u times", op->n, op->times);
		break;
	case DELIVER:
	case WRITE:
	case PILE:
	case SPOIL:
		printf(" %zu", op->n);
		break;
	case KEY_UPDATE:
		printf(op->n % 2 ? ", to be answered" : "");
		break;
	case FORK:
		printf(op->n % 2 ? ", the child goes on" : ", the parent goes on");
		break;
	case NEXT:
		printf(op->n % 4 ? " connection, after the end of this" : " connection, and this is dropped");
		break;
	default:
		break;
	}
	if (op->stalls != 0 || op->most != 0)
		printf("; callbacks stall as in %08x and move %zu", op->stalls, op->most);
	printf("\n");
}

/* Which ends a run has may be chosen; all else is drawn. */
static const char *apis = "tt";

static size_t
draw_run(uint64_t seed, struct setup *s, struct op *ops)
{
	unsigned total = 0, large = one_in(8) ? 1 : 12;
	size_t len, i;

	state = seed * 0x2545f4914f6cdd1d;
	memset(s, 0, sizeof(*s));
	s->tls12 = one_in(2);
	s->tickets = one_in(2);
	s->num_tickets = one_in(3) ? below(5) : 2;
	s->client_cert = one_in(4);
	for (i = 0; i < 2; i++) {
		s->openssl[i] = apis[i] == 's' || (apis[i] == 'r' && one_in(2));
		s->callbacks[i] = one_in(2) && !s->openssl[i];
		s->sign[i] = one_in(3) && !s->openssl[i];
	}
	s->two_fds = one_in(3);
	s->small_buffers = one_in(3);
	s->blocking = one_in(8);
	s->partial_writes = one_in(2);
	s->no_auto_retry = one_in(2);
	s->post_auth = !s->client_cert && one_in(2) && !s->tls12 && s->openssl[CLIENT] && s->openssl[SERVER];

	for (i = 0; i < KINDS; i++)
		total += kinds[i].weight;
	len = 1 + below(one_in(2) ? 20 : MOST_OPS);
	for (i = 0; i < len; i++) {
		struct op *op = &ops[i];
		unsigned pick = below(total);

		for (op->kind = 0; pick >= kinds[op->kind].weight; op->kind++)
			pick -= kinds[op->kind].weight;
		if (i == 0 && !one_in(3))
			op->kind = ESTABLISH;
		op->who = below(2);
		op->times = one_in(3) ? 20 : 1;
		op->stalls = one_in(3) ? draw() & draw() : 0;
		op->most = one_in(4) ? draw_size(12) : 0;
		op->n = op->kind == DELIVER ? draw_delivery() : draw_size(large);
	}
	return len;
}

/* Where a batch has come to. */
static uint64_t *progress;

static void
run_seed(uint64_t seed, const struct setup *s, const struct op *ops, size_t len, unsigned seconds, bool verbose)
{
	alarm(seconds);
	run_all(seed, s, ops, len, verbose);
	alarm(0);
}

/* Forks; true in the child, whose exit status says whether the run was right. */
static bool
child(pid_t *pid, bool quiet)
{
	fflush(stdout);
	if ((*pid = fork()) == -1) {
		perror("fork");
		exit(2);
	}
	if (*pid == 0 && quiet && freopen("/dev/null", "w", stdout) == NULL)
		_exit(2);
	return *pid == 0;
}

static bool
succeeded(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid) {
		perror("waitpid");
		exit(2);
	}
	if (WIFSIGNALED(status))
		printf("ended by signal %d (%s)\n", WTERMSIG(status), strsignal(WTERMSIG(status)));
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool
passes(uint64_t seed, const struct setup *s, const struct op *ops, size_t len, bool quiet, bool verbose)
{
	pid_t pid;

	if (child(&pid, quiet)) {
		run_seed(seed, s, ops, len, quiet ? ATTEMPT_SECONDS : SECONDS, verbose);
		fflush(stdout);
		_exit(0);
	}
	return succeeded(pid);
}

static time_t shrink_end;

static bool
patient(unsigned *attempts)
{
	return ++*attempts < ATTEMPTS && time(NULL) < shrink_end;
}

/* Leaves out what can be left out, and makes numbers smaller. */
static size_t
shrink(uint64_t seed, struct setup *s, struct op *ops, size_t len)
{
	struct op fewer[MOST_OPS], smaller;
	unsigned attempts = 0;

	shrink_end = time(NULL) + SHRINK_SECONDS;
	for (size_t part = len; part > 0; part /= 2) {
		for (size_t at = 0; at < len && patient(&attempts);) {
			size_t n = part < len - at ? part : len - at;

			memcpy(fewer, ops, at * sizeof(*ops));
			memcpy(fewer + at, ops + at + n, (len - at - n) * sizeof(*ops));
			if (passes(seed, s, fewer, len - n, true, false)) {
				at += n;
				continue;
			}
			len -= n;
			memcpy(ops, fewer, len * sizeof(*ops));
		}
	}
	for (size_t i = 0; i < len && patient(&attempts); i++) {
		smaller = ops[i];
		ops[i].stalls = ops[i].most = 0;
		ops[i].times = 1;
		if (passes(seed, s, ops, len, true, false))
			ops[i] = smaller;
		if (ops[i].kind == FORK || ops[i].kind == NEXT || ops[i].kind == KEY_UPDATE)
			continue;
		for (size_t n = 1; n < ops[i].n && patient(&attempts); n *= 4) {
			smaller = ops[i];
			ops[i].n = n;
			if (!passes(seed, s, ops, len, true, false))
				break;
			ops[i] = smaller;
		}
	}
	return len;
}

static void
describe(uint64_t seed, const struct setup *s)
{
	printf("seed %llu: %s, client %s%s%s%s, server %s%s%s, tickets %u%s%s%s%s\n", (unsigned long long)seed,
	    s->tls12 ? "TLS 1.2" : "TLS 1.3", s->openssl[CLIENT] ? "SSL_*" : "libtls",
	    s->callbacks[CLIENT] ? " with callbacks" : "", s->sign[CLIENT] ? " that sign" : "",
	    s->client_cert ? " with a certificate" : s->post_auth ? " with a certificate when asked" : "", s->openssl[SERVER] ? "SSL_*" : "libtls",
	    s->callbacks[SERVER] ? " with callbacks" : "", s->sign[SERVER] ? " that sign" : "",
	    s->tickets ? s->num_tickets : 0, s->tickets ? "" : " (off)", s->blocking ? ", two threads" : "", s->two_fds ? ", two descriptors" : "",
	    s->small_buffers ? ", small buffers" : "");
}

static void
report(uint64_t seed)
{
	struct op ops[MOST_OPS];
	struct setup s;
	size_t len = draw_run(seed, &s, ops);

	describe(seed, &s);
	if (passes(seed, &s, ops, len, true, false)) {
		printf("alone it passes; only after the seeds before it does it fail\n");
		return;
	}
	len = shrink(seed, &s, ops, len);
	printf("the shortest sequence found:\n");
	passes(seed, &s, ops, len, false, true);
}

/* Runs a batch and tells how many of its seeds passed before one failed. */
static uint64_t
run_batch(uint64_t first, uint64_t n)
{
	struct op ops[MOST_OPS];
	struct setup s;
	pid_t pid;

	*progress = 0;
	if (child(&pid, false)) {
		for (; *progress < n; ++*progress) {
			size_t len = draw_run(first + *progress, &s, ops);

			run_seed(first + *progress, &s, ops, len, SECONDS, false);
		}
		exit(0);
	}
	if (!succeeded(pid) && *progress == n)
		printf("a fault at the end of the process\n");
	return *progress;
}

int
main(int argc, char **argv)
{
	uint64_t first = 1, n = 1000, done, passed = 0, failed = 0;
	bool verbose = false;
	int opt;

	while ((opt = getopt(argc, argv, "a:p:s:n:v:")) != -1) {
		switch (opt) {
		case 'a':
			apis = optarg;
			break;
		case 'p':
			pki = optarg;
			break;
		case 's':
			first = strtoull(optarg, NULL, 10);
			break;
		case 'n':
			n = strtoull(optarg, NULL, 10);
			break;
		case 'v':
			first = strtoull(optarg, NULL, 10);
			verbose = true;
			break;
		default:
			return 2;
		}
	}
	if (pki == NULL || strlen(apis) != 2) {
		fprintf(stderr, "usage: model -p PKI [-a APIS] [-s FIRST] [-n SEEDS] [-v SEED]\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	if (verbose) {
		struct op ops[MOST_OPS];
		struct setup s;
		size_t len = draw_run(first, &s, ops);

		describe(first, &s);
		return !passes(first, &s, ops, len, false, true);
	}
	progress = mmap(NULL, sizeof(*progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (progress == MAP_FAILED)
		return 2;
	while (n > 0 && failed < 5) {
		uint64_t batch = n < BATCH ? n : BATCH;

		done = run_batch(first, batch);
		passed += done;
		if (done < batch) {
			failed++;
			report(first + done);
			done++;
		}
		first += done;
		n -= done;
	}
	printf("%llu passed, %llu failed\n", (unsigned long long)passed, (unsigned long long)failed);
	return failed > 0;
}
