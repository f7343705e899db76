/*
 * ftps [-n] [-t TRANSFERS] CA SESSIONS PROTOCOLS SERVER ARGUMENT...: a client of FTP over TLS (RFC 4217).
 *
 * It transfers a file to and fro, and prints what was resumed. For each control connection it runs the
 * server as inetd does, so that no port has to be agreed on. With -n all connections have one session name,
 * otherwise the library finds out that they belong together.
 */
#define _GNU_SOURCE
#include <sys/socket.h>

#include <netinet/in.h>

#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tls.h>

static struct tls_config *config;
static const char *session_name;
static char reply[1024];

static int
dial(int port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (s == -1 || connect(s, (struct sockaddr *)&sin, sizeof(sin)) == -1)
		err(1, "connect");
	return s;
}

/* A connection to the server, which runs with the other end as its standard input. */
static int
run_server(char **argv)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sin);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), s, conn;

	if (listener == -1 || bind(listener, (struct sockaddr *)&sin, sizeof(sin)) == -1 ||
	    listen(listener, 1) == -1 || getsockname(listener, (struct sockaddr *)&sin, &len) == -1)
		err(1, "listen");
	s = dial(ntohs(sin.sin_port));
	if ((conn = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) == -1)
		err(1, "accept");
	close(listener);
	switch (fork()) {
	case -1:
		err(1, "fork");
	case 0:
		dup2(conn, 0);
		dup2(conn, 1);
		execv(argv[0], argv);
		err(1, "%s", argv[0]);
	}
	close(conn);
	return s;
}

static struct tls *
secure(int s)
{
	struct tls *ctx = tls_client();

	if (ctx == NULL || tls_configure(ctx, config) == -1 || tls_set_session_name(ctx, session_name) == -1 ||
	    tls_connect_socket(ctx, s, "server.test") == -1 || tls_handshake(ctx) == -1)
		errx(1, "handshake: %s", ctx == NULL ? "no memory" : tls_error(ctx));
	return ctx;
}

static ssize_t
receive(struct tls *ctx, int s, char *buf, size_t size)
{
	ssize_t n;

	if (ctx == NULL)
		return read(s, buf, size);
	do
		n = tls_read(ctx, buf, size);
	while (n == TLS_WANT_POLLIN || n == TLS_WANT_POLLOUT);
	return n;
}

/* Sends a command, if there is one, and takes a reply of one line, which has that code. */
static void
talk(struct tls *ctx, int s, const char *code, const char *command)
{
	size_t len = command == NULL ? 0 : strlen(command);
	ssize_t n;

	if (command != NULL && (ctx == NULL ? write(s, command, len) : tls_write(ctx, command, len)) != (ssize_t)len)
		errx(1, "%s: can't be sent", command);
	for (len = 0; len == 0 || reply[len - 1] != '\n'; len += n) {
		n = receive(ctx, s, reply + len, sizeof(reply) - 1 - len);
		if (n <= 0)
			errx(1, "no reply to %s", command);
		reply[len + n] = '\0';
	}
	if (strncmp(reply, code, strlen(code)) != 0)
		errx(1, "%s: %s", command, reply);
}

/* A transfer, whose data go up from or come down into buf; whether its connection was resumed. */
static int
transfer(struct tls *control, int s, const char *command, const char *up, char *down, size_t size)
{
	struct tls *ctx;
	unsigned host[4], high, low;
	char rest[256];
	const char *at;
	ssize_t n;
	size_t len = 0;
	int data, resumed;

	talk(control, s, "227", "PASV\r\n");
	if ((at = strchr(reply, '(')) == NULL || sscanf(at, "(%u,%u,%u,%u,%u,%u)", &host[0], &host[1], &host[2],
	    &host[3], &high, &low) != 6)
		errx(1, "PASV: %s", reply);
	data = dial(high * 256 + low);
	talk(control, s, "150", command);
	ctx = secure(data);
	resumed = tls_conn_session_resumed(ctx);
	if (up != NULL) {
		if (tls_write(ctx, up, strlen(up)) != (ssize_t)strlen(up) || tls_close(ctx) == -1)
			errx(1, "%s: %s", command, tls_error(ctx));
		down = rest;	/* nothing, but for tickets */
		size = sizeof(rest);
	}
	while ((n = receive(ctx, data, down + len, size - 1 - len)) > 0)
		len += n;
	down[len] = '\0';
	if (up == NULL && n == -1)
		errx(1, "%s: %s", command, tls_error(ctx));
	if (up == NULL)
		tls_close(ctx);
	tls_free(ctx);
	close(data);
	talk(control, s, "226", NULL);
	return resumed;
}

int
main(int argc, char **argv)
{
	struct tls *control;
	uint32_t protocols;
	char command[64], text[32], got[64];
	int i, c, s, fd, transfers = 3, resumed = 0;

	while ((c = getopt(argc, argv, "+nt:")) != -1) {
		switch (c) {
		case 'n':
			session_name = "ftp";
			break;
		case 't':
			transfers = atoi(optarg);
			break;
		default:
			return 1;
		}
	}
	argv += optind;
	if (argc - optind < 4)
		errx(1, "too few arguments");
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	alarm(60);
	if ((config = tls_config_new()) == NULL || (fd = open(argv[1], O_RDWR | O_CREAT | O_CLOEXEC, 0600)) == -1)
		err(1, "%s", argv[1]);
	if (tls_config_set_ca_file(config, argv[0]) == -1 || tls_config_set_session_fd(config, fd) == -1 ||
	    tls_config_parse_protocols(&protocols, argv[2]) == -1 ||
	    tls_config_set_protocols(config, protocols) == -1)
		errx(1, "%s", tls_config_error(config));

	s = run_server(argv + 3);
	talk(NULL, s, "220", NULL);
	talk(NULL, s, "234", "AUTH TLS\r\n");
	control = secure(s);
	printf("%s\n", tls_conn_version(control));
	talk(control, s, "230", "USER anonymous\r\n");
	talk(control, s, "200", "PBSZ 0\r\n");
	talk(control, s, "200", "PROT P\r\n");
	for (i = 0; i < transfers; i++) {
		snprintf(text, sizeof(text), "file %d\n", i);
		snprintf(command, sizeof(command), "STOR incoming/%d.%d\r\n", (int)getpid(), i);
		resumed += transfer(control, s, command, text, NULL, 0);
		snprintf(command, sizeof(command), "RETR incoming/%d.%d\r\n", (int)getpid(), i);
		resumed += transfer(control, s, command, NULL, got, sizeof(got));
		if (strcmp(got, text) != 0)
			errx(1, "got '%s' instead of '%s'", got, text);
	}
	talk(control, s, "221", "QUIT\r\n");
	tls_close(control);
	tls_free(control);
	close(s);
	tls_config_free(config);
	close(fd);
	printf("resumed %d of %d\n", resumed, 2 * transfers);
	return 0;
}
