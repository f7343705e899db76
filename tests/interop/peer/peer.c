/*
 * A client or a server on tls.h for the tests of interoperation.
 *
 *	peer client [options] port	sends a line, wants it back, or reversed with -R
 *	peer server [options]		sends back what comes
 *
 *	-a list	ALPN		-c file	certificate	-e	client: sends back what comes, to its end
 *	-C file	CA		-g list	groups		-i text	session id
 *	-k file	key		-K hex	ticket key, 48 bytes
 *	-L file	key log		-l seconds	session lifetime		-n name	server name
 *	-G text	server: says this first
 *	-o	client certificate wanted		-p list	protocols
 *	-R	client: the line comes back reversed	-s file	session file
 *	-v	client certificate demanded		-w bytes	client: sends so many instead of a line
 *	-X label	tells what is derived of the connection		-x list	ciphers
 *
 * Each connection is reported on a line of its own, of fields separated by spaces.
 */
#define _POSIX_C_SOURCE 200809L

#include <sys/socket.h>
#include <sys/time.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tls.h>

struct options {
	const char *name, *greeting;
	int echo, reversed;
	size_t bulk;
	const char *label;
};

static void
die(const char *what, const char *why)
{
	printf("error %s: %s\n", what, why ? why : "unknown");
	exit(1);
}

static void
set(struct tls_config *config, int rc)
{
	if (rc == -1)
		die("configuration", tls_config_error(config));
}

static int
again(ssize_t rc)
{
	return rc == TLS_WANT_POLLIN || rc == TLS_WANT_POLLOUT;
}

/* NULL is what a success often leaves. */
static const char *
text(const char *s)
{
	return s != NULL && *s != '\0' ? s : "-";
}

static int
write_all(struct tls *ctx, const char *data, size_t len)
{
	ssize_t n;

	while (len > 0) {
		if (again(n = tls_write(ctx, data, len)))
			continue;
		if (n == -1)
			return -1;
		data += n;
		len -= n;
	}
	return 0;
}

static ssize_t
read_some(struct tls *ctx, char *buf, size_t size)
{
	ssize_t n;

	while (again(n = tls_read(ctx, buf, size)))
		continue;
	return n;
}

static ssize_t
read_exactly(struct tls *ctx, char *buf, size_t size)
{
	size_t got = 0;
	ssize_t n;

	while (got < size) {
		if ((n = read_some(ctx, buf + got, size - got)) <= 0)
			return n;
		got += n;
	}
	return got;
}

#ifdef TLS_HAVE_CONN_EXPORT
static void
tell(const char *what, const uint8_t *data, ssize_t len)
{
	ssize_t i;

	printf("%s=", what);
	for (i = 0; i < len; i++)
		printf("%02x", data[i]);
	printf(len == -1 ? "- " : " ");
}

static void
derive(struct tls *ctx, const char *label)
{
	uint8_t out[TLS_MAX_CHANNEL_BINDING_LENGTH];

	tell("export", out, tls_conn_export(ctx, label, NULL, 0, out, 40) == 0 ? 40 : -1);
	tell("tls-exporter", out, tls_conn_channel_binding(ctx, "tls-exporter", out, sizeof(out)));
	tell("tls-server-end-point", out, tls_conn_channel_binding(ctx, "tls-server-end-point", out, sizeof(out)));
	printf("\n");
}
#endif

static void
report(struct tls *ctx, const struct options *o)
{
#ifdef TLS_HAVE_CONN_EXPORT
	if (o->label != NULL)
		derive(ctx, o->label);
#else
	(void)o;
#endif
	printf("version=%s cipher=%s resumed=%d alpn=%s servername=%s peer=%s\n", text(tls_conn_version(ctx)),
	    text(tls_conn_cipher(ctx)), tls_conn_session_resumed(ctx), text(tls_conn_alpn_selected(ctx)),
	    text(tls_conn_servername(ctx)), text(tls_peer_cert_subject(ctx)));
	fflush(stdout);
}

static ssize_t
echo(struct tls *ctx)
{
	char buf[16384];
	ssize_t n;

	while ((n = read_some(ctx, buf, sizeof(buf))) > 0)
		if (write_all(ctx, buf, n) == -1)
			return -1;
	return n;
}

static int
close_connection(struct tls *ctx)
{
	int rc;

	while (again(rc = tls_close(ctx)))
		continue;
	return rc;
}

static void
ask(struct tls *ctx, const struct options *o)
{
	size_t len = o->bulk != 0 ? o->bulk : 6, i;
	char *out = malloc(len), *in = malloc(len);

	if (o->bulk != 0) {
		for (i = 0; i < len; i++)
			out[i] = 'a' + (i * 7 + i / 1000) % 26;
		out[len - 1] = '\n';
	} else {
		memcpy(out, "hello\n", 6);
	}
	if (write_all(ctx, out, len) == -1)
		die("write", tls_error(ctx));
	if (read_exactly(ctx, in, len) != (ssize_t)len)
		die("read", tls_error(ctx));
	if (o->reversed ? memcmp(in, "olleh\n", 6) != 0 : memcmp(in, out, len) != 0)
		die("read", "other data");
	free(out);
	free(in);
}

static int
handshake(struct tls *ctx)
{
	int rc;

	while (again(rc = tls_handshake(ctx)))
		continue;
	return rc;
}

static void
client(struct tls_config *config, const struct options *o, const char *port)
{
	struct tls *ctx = tls_client();

	if (tls_configure(ctx, config) == -1)
		die("configure", tls_error(ctx));
	if (tls_connect_servername(ctx, "127.0.0.1", port, o->name) == -1)
		die("connect", tls_error(ctx));
	if (handshake(ctx) == -1)
		die("handshake", tls_error(ctx));
	if (o->echo) {
		if (echo(ctx) == -1)
			die("read", tls_error(ctx));
	} else {
		ask(ctx, o);
	}
	report(ctx, o);
	if (close_connection(ctx) == -1)
		die("close", tls_error(ctx));
	tls_free(ctx);
}

static void
server(struct tls_config *config, const struct options *o)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	struct tls *listener = tls_server(), *conn;
	int s, fd;

	if (tls_configure(listener, config) == -1)
		die("configure", tls_error(listener));
	if ((s = socket(AF_INET, SOCK_STREAM, 0)) == -1 || bind(s, (struct sockaddr *)&address, sizeof(address)) == -1 ||
	    listen(s, 16) == -1 || getsockname(s, (struct sockaddr *)&address, &len) == -1)
		die("listen", strerror(errno));
	printf("port %d\n", ntohs(address.sin_port));
	fflush(stdout);
	while ((fd = accept(s, NULL, NULL)) != -1) {
		if (tls_accept_socket(listener, &conn, fd) == -1)
			die("accept", tls_error(listener));
		if (handshake(conn) == -1) {
			printf("error handshake: %s\n", text(tls_error(conn)));
		} else {
			report(conn, o);
			if (write_all(conn, o->greeting, strlen(o->greeting)) == -1 || echo(conn) == -1)
				printf("error read: %s\n", text(tls_error(conn)));
			/* A client may be gone without waiting for this. */
			close_connection(conn);
		}
		fflush(stdout);
		tls_free(conn);
		close(fd);
	}
}

static void
add_ticket_key(struct tls_config *config, const char *hex)
{
	unsigned char key[48];
	unsigned byte;
	size_t i;

	for (i = 0; i < sizeof(key) && sscanf(hex + 2 * i, "%2x", &byte) == 1; i++)
		key[i] = byte;
	set(config, tls_config_add_ticket_key(config, 1, key, i));
}

int
main(int argc, char *argv[])
{
	struct options o = { .name = "server.test", .greeting = "" };
	struct tls_config *config = tls_config_new();
	const char *cert = NULL;
	uint32_t protocols;
	int ch, fd;

	if (argc < 2)
		return 1;
	signal(SIGPIPE, SIG_IGN);
	optind = 2;
	while ((ch = getopt(argc, argv, "a:C:c:eG:g:i:K:k:L:l:n:op:Rs:vw:X:x:")) != -1) {
		switch (ch) {
		case 'a':
			set(config, tls_config_set_alpn(config, optarg));
			break;
		case 'C':
			set(config, tls_config_set_ca_file(config, optarg));
			break;
		case 'c':
			cert = optarg;
			break;
		case 'e':
			o.echo = 1;
			break;
		case 'G':
			o.greeting = optarg;
			break;
		case 'g':
			set(config, tls_config_set_ecdhecurves(config, optarg));
			break;
		case 'i':
			set(config, tls_config_set_session_id(config, (const unsigned char *)optarg, strlen(optarg)));
			break;
		case 'K':
			add_ticket_key(config, optarg);
			break;
		case 'k':
			set(config, tls_config_set_keypair_file(config, cert, optarg));
			break;
#ifdef TLS_HAVE_CONFIG_SET_KEYLOG_FD
		case 'L':
			if ((fd = open(optarg, O_WRONLY | O_APPEND | O_CREAT, 0600)) == -1)
				die(optarg, strerror(errno));
			set(config, tls_config_set_keylog_fd(config, fd));
			break;
#endif
		case 'l':
			set(config, tls_config_set_session_lifetime(config, atoi(optarg)));
			break;
		case 'n':
			o.name = optarg;
			break;
		case 'o':
			tls_config_verify_client_optional(config);
			break;
		case 'p':
			if (tls_config_parse_protocols(&protocols, optarg) == -1)
				die("protocols", optarg);
			set(config, tls_config_set_protocols(config, protocols));
			break;
		case 'R':
			o.reversed = 1;
			break;
		case 's':
			if ((fd = open(optarg, O_RDWR | O_CREAT, 0600)) == -1)
				die(optarg, strerror(errno));
			set(config, tls_config_set_session_fd(config, fd));
			break;
		case 'v':
			tls_config_verify_client(config);
			break;
		case 'w':
			o.bulk = strtoul(optarg, NULL, 10);
			break;
		case 'X':
			o.label = optarg;
			break;
		case 'x':
			set(config, tls_config_set_ciphers(config, optarg));
			break;
		default:
			return 1;
		}
	}
	if (strcmp(argv[1], "server") == 0)
		server(config, &o);
	else if (optind == argc - 1)
		client(config, &o, argv[optind]);
	tls_config_free(config);
	return 0;
}
