/*
 * A server on a loopback socket, through tls.h alone, for the client in main.go to load:
 *
 *	daemon loop|threads|own|storm CERTIFICATE KEY
 *
 * It is an event loop, or four threads that each serve a connection at a time, or an event loop with a
 * configuration of its own for each connection, or a storm of reloads: every 300 ms a new configuration, with
 * four processes forked from it that each serve a connection at a time, in place of the last four. Its first
 * line of output is the port. For each line of input it prints what the process and its children have used so
 * far: microseconds of processor time, context switches. The end of input ends it.
 *
 * A request is 64 bytes: the number of bytes that follow it, and of those wanted in return.
 */
#define _GNU_SOURCE

#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <err.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tls.h>

enum { WORKERS = 4, REQUEST = 64, EVENTS = 64, LIFE = 300 };

struct connection {
	struct tls	*tls;
	struct tls	*from;		/* its own, or NULL */
	int		 fd;
	char		 request[REQUEST + 1];
	size_t		 got;		/* of the request */
	size_t		 more;		/* bytes to be read after it */
	size_t		 answer;	/* bytes to be written */
	bool		 closing;
};

static const char	*cert, *key;
static struct tls	*server;
static int		 listener, queue;
static bool		 own;
static char		 zeros[1 << 20];

static struct tls *
configured(void)
{
	struct tls_config *config = tls_config_new();
	struct tls *tls = tls_server();

	if (config == NULL || tls == NULL)
		errx(1, "out of memory");
	if (tls_config_set_keypair_file(config, cert, key) == -1 ||
	    tls_config_set_protocols(config,
	    TLS_PROTOCOL_TLSv1_2 | TLS_PROTOCOL_TLSv1_3) == -1 ||
	    tls_config_set_session_lifetime(config, 3600) == -1)
		errx(1, "%s", tls_config_error(config));
	if (tls_configure(tls, config) == -1)
		errx(1, "%s", tls_error(tls));
	tls_config_free(config);
	return tls;
}

/* Does what can be done now: TLS_WANT_*, or anything else if that is all. */
static ssize_t
serve(struct connection *c)
{
	char buf[65536];
	unsigned long more, answer;
	ssize_t n;

	while (!c->closing) {
		if (c->answer > 0 && c->more == 0) {
			n = tls_write(c->tls, zeros, c->answer);
			if (n < -1)
				return n;
			if (n <= 0)
				break;
			c->answer -= n;
		} else if (c->more > 0) {
			n = tls_read(c->tls, buf, sizeof(buf));
			if (n < -1)
				return n;
			if (n <= 0 || (size_t)n > c->more)
				break;
			c->more -= n;
		} else {
			n = tls_read(c->tls, c->request + c->got,
			    REQUEST - c->got);
			if (n < -1)
				return n;
			if (n <= 0)
				break;
			if ((c->got += n) < REQUEST)
				continue;
			if (sscanf(c->request, "%lu %lu", &more, &answer) != 2 ||
			    answer > sizeof(zeros))
				break;
			c->more = more;
			c->answer = answer;
			c->got = 0;
		}
	}
	c->closing = true;
	return tls_close(c->tls);
}

static void
finish(struct connection *c)
{
	tls_free(c->tls);
	tls_free(c->from);
	close(c->fd);
	free(c);
}

static struct connection *
take(int flags)
{
	struct connection *c;
	struct tls *from;
	int fd, on = 1;

	if ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | flags)) == -1)
		return NULL;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if ((c = calloc(1, sizeof(*c))) == NULL)
		err(1, "calloc");
	c->fd = fd;
	if (own)
		c->from = configured();
	from = own ? c->from : server;
	if (tls_accept_socket(from, &c->tls, fd) == -1)
		errx(1, "%s", tls_error(from));
	return c;
}

static void
watch(int op, int fd, unsigned events, void *what)
{
	struct epoll_event ev = { .events = events, .data.ptr = what };

	if (epoll_ctl(queue, op, fd, &ev) == -1)
		err(1, "epoll_ctl");
}

/* As other servers do, each connection is asked for what it waits for. */
static void
proceed(struct connection *c, bool writing)
{
	ssize_t n = serve(c);

	if (n != TLS_WANT_POLLIN && n != TLS_WANT_POLLOUT) {
		finish(c);
		return;
	}
	if ((n == TLS_WANT_POLLOUT) != writing)
		watch(EPOLL_CTL_MOD, c->fd,
		    n == TLS_WANT_POLLOUT ? EPOLLOUT : EPOLLIN, c);
}

static long
microseconds(const struct timeval *t)
{
	return t->tv_sec * 1000000 + t->tv_usec;
}

static void
usage(void)
{
	const int whose[] = { RUSAGE_SELF, RUSAGE_CHILDREN };
	long cpu = 0, switches = 0;
	struct rusage u;

	for (size_t i = 0; i < sizeof(whose) / sizeof(whose[0]); i++) {
		getrusage(whose[i], &u);
		cpu += microseconds(&u.ru_utime) + microseconds(&u.ru_stime);
		switches += u.ru_nvcsw + u.ru_nivcsw;
	}
	printf("%ld %ld\n", cpu, switches);
	fflush(stdout);
}

static void
control(void)
{
	char line[16];

	if (read(STDIN_FILENO, line, sizeof(line)) <= 0)
		_exit(0);
	usage();
}

static void
loop(void)
{
	struct epoll_event events[EVENTS];
	struct connection *c;
	int i, n;

	if ((queue = epoll_create1(EPOLL_CLOEXEC)) == -1)
		err(1, "epoll_create1");
	fcntl(listener, F_SETFL, O_NONBLOCK);
	watch(EPOLL_CTL_ADD, STDIN_FILENO, EPOLLIN, NULL);
	watch(EPOLL_CTL_ADD, listener, EPOLLIN, &listener);
	for (;;) {
		n = epoll_wait(queue, events, EVENTS, -1);
		for (i = 0; i < n; i++) {
			if (events[i].data.ptr == NULL) {
				control();
			} else if (events[i].data.ptr == &listener) {
				if ((c = take(SOCK_NONBLOCK)) != NULL)
					watch(EPOLL_CTL_ADD, c->fd, EPOLLIN, c);
			} else {
				proceed(events[i].data.ptr,
				    events[i].events & EPOLLOUT);
			}
		}
	}
}

static void *
worker(void *arg)
{
	struct connection *c;

	while ((c = take(0)) != NULL) {
		while (serve(c) < -1)
			continue;
		finish(c);
	}
	return arg;
}

static void
serve_until_end(int end)
{
	struct pollfd fds[] = { { listener, POLLIN, 0 }, { end, POLLIN, 0 } };
	struct connection *c;

	while (poll(fds, 2, -1) > 0 && fds[1].revents == 0) {
		if ((c = take(0)) == NULL)
			continue;
		while (serve(c) < -1)
			continue;
		finish(c);
	}
	_exit(0);
}

/* The workers of a new configuration, who end when what it returns is closed, as the last ones' is. */
static int
reload(int last)
{
	int ends[2], i;

	server = configured();
	if (pipe(ends) == -1)
		err(1, "pipe");
	for (i = 0; i < WORKERS; i++) {
		switch (fork()) {
		case -1:
			err(1, "fork");
		case 0:
			close(last);
			close(ends[1]);
			serve_until_end(ends[0]);
		}
	}
	close(ends[0]);
	close(last);
	tls_free(server);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		continue;
	return ends[1];
}

static void
storm(void)
{
	struct pollfd input = { STDIN_FILENO, POLLIN, 0 };
	int workers = -1;

	fcntl(listener, F_SETFL, O_NONBLOCK);
	for (;;) {
		workers = reload(workers);
		if (poll(&input, 1, LIFE) != 1)
			continue;
		close(workers);
		workers = -1;
		while (wait(NULL) > 0)
			continue;
		control();
	}
}

int
main(int argc, char *argv[])
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof(sin);
	pthread_t thread;

	if (argc != 4)
		errx(1, "usage: daemon loop|threads|own|storm CERTIFICATE KEY");
	cert = argv[2];
	key = argv[3];
	own = strcmp(argv[1], "own") == 0;
	signal(SIGPIPE, SIG_IGN);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if ((listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) == -1 ||
	    bind(listener, (struct sockaddr *)&sin, len) == -1 ||
	    listen(listener, 128) == -1 ||
	    getsockname(listener, (struct sockaddr *)&sin, &len) == -1)
		err(1, "listening socket");
	printf("%d\n", ntohs(sin.sin_port));
	fflush(stdout);
	if (strcmp(argv[1], "storm") == 0)
		storm();
	server = configured();
	if (strcmp(argv[1], "threads") != 0)
		loop();
	for (int i = 0; i < WORKERS; i++)
		if (pthread_create(&thread, NULL, worker, NULL) != 0)
			errx(1, "pthread_create");
	for (;;)
		control();
}
