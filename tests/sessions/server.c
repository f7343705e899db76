/*
 * A server that sees what its clients offer: it reads their ClientHello from the wire, like a
 * stranger. Each connection is a line of its own:
 *
 *	version=TLSv1.3 resumed=1 offered=HEX peer=/CN=client pid=123
 *
 * where offered is the beginning of the ticket, enough to tell it from all others, or "-".
 *
 *	server [-c cert] [-F key file] [-f processes] [-I hex] [-i id] [-K hex] [-k key] [-l lifetime]
 *	    [-p protocols] [-t tickets] [-v CA]
 *
 * With -f the server is configured first and forked then. -I is -i for bytes.
 */
#define _DEFAULT_SOURCE

#include <sys/prctl.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tls.h>

struct connection {
	int fd;
	uint8_t hello[16384];	/* what the client sent first */
	size_t len;
};

static struct tls *listener;

static _Noreturn void
die(const char *what, const char *why)
{
	fprintf(stderr, "server: %s: %s\n", what, why ? why : "unknown error");
	exit(1);
}

static void
set(struct tls_config *config, int rc)
{
	if (rc == -1)
		die("configuration", tls_config_error(config));
}

static ssize_t
read_cb(struct tls *ctx, void *buf, size_t len, void *arg)
{
	struct connection *c = arg;
	ssize_t n = read(c->fd, buf, len);
	size_t room = sizeof(c->hello) - c->len;

	(void)ctx;
	if (n > 0) {
		memcpy(c->hello + c->len, buf, (size_t)n < room ? (size_t)n : room);
		c->len += (size_t)n < room ? (size_t)n : room;
	}
	return n;
}

static ssize_t
write_cb(struct tls *ctx, const void *buf, size_t len, void *arg)
{
	(void)ctx;
	return write(((struct connection *)arg)->fd, buf, len);
}

static size_t
number(const uint8_t *at, int size)
{
	size_t n = 0;

	while (size-- > 0)
		n = n << 8 | *at++;
	return n;
}

/* Passes over a vector whose length has that size; NULL at the end of the message. */
static const uint8_t *
skip(const uint8_t *at, const uint8_t *end, int size)
{
	if (at == NULL || end - at < size || (size_t)(end - at - size) < number(at, size))
		return NULL;
	return at + size + number(at, size);
}

/* The beginning of the ticket in a ClientHello, in hexadecimal; text has room for 65 bytes. */
static void
offered(const struct connection *c, char *text)
{
	enum { SESSION_TICKET = 35, PRE_SHARED_KEY = 41, FIXED = 5 + 4 + 2 + 32 };
	const uint8_t *at = c->hello + FIXED, *end, *next, *found = NULL;
	size_t found_len = 0, i;

	strcpy(text, "-");
	if (c->len <= FIXED || c->hello[0] != 22 || c->hello[5] != 1 || c->len < 5 + number(c->hello + 3, 2))
		return;
	end = c->hello + 5 + number(c->hello + 3, 2);
	at = skip(skip(skip(at, end, 1), end, 2), end, 1);	/* session id, suites, compression */
	if (at == NULL || end - at < 2)
		return;
	for (at += 2; end - at >= 4; at = next) {
		if ((next = skip(at + 2, end, 2)) == NULL)
			break;
		if (number(at, 2) == SESSION_TICKET && number(at + 2, 2) > 0) {
			found = at + 4;
			found_len = number(at + 2, 2);
		} else if (number(at, 2) == PRE_SHARED_KEY && number(at + 2, 2) > 4) {
			found = at + 8;
			found_len = number(at + 6, 2);
		}
	}
	for (i = 0; found != NULL && i < found_len && i < 32; i++)
		sprintf(text + 2 * i, "%02x", found[i]);
}

static void *
serve(void *arg)
{
	struct connection *c = arg;
	const char *peer;
	struct tls *ctx;
	char text[65], buf[512];
	ssize_t n;

	if (tls_accept_cbs(listener, &ctx, read_cb, write_cb, c) == -1)
		die("accept", tls_error(listener));
	if (tls_handshake(ctx) == -1) {
		offered(c, text);
		printf("failed offered=%s: %s\n", text, tls_error(ctx));
	} else {
		offered(c, text);
		peer = tls_peer_cert_subject(ctx);
		printf("version=%s resumed=%d offered=%s peer=%s pid=%d\n", tls_conn_version(ctx),
		    tls_conn_session_resumed(ctx), text, peer ? peer : "-", (int)getpid());
		if (tls_write(ctx, "welcome\n", 8) == 8 && tls_close(ctx) == 0)
			while ((n = read(c->fd, buf, sizeof(buf))) > 0)
				continue;
	}
	fflush(stdout);
	tls_free(ctx);
	close(c->fd);
	free(c);
	return NULL;
}

/* How many bytes there are in hexadecimal, at most len. */
static size_t
from_hex(const char *hex, unsigned char *to, size_t len)
{
	unsigned byte;
	size_t i;

	for (i = 0; i < len && sscanf(hex + 2 * i, "%2x", &byte) == 1; i++)
		to[i] = byte;
	return i;
}

static void
add_ticket_key(struct tls_config *config, const char *hex)
{
	unsigned char key[TLS_TICKET_KEY_SIZE];

	set(config, tls_config_add_ticket_key(config, 0x01020304, key, from_hex(hex, key, sizeof(key))));
}

int
main(int argc, char *argv[])
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	struct tls_config *config = tls_config_new();
	struct connection *c;
	unsigned char id[TLS_MAX_SESSION_ID_LENGTH];
	const char *cert = NULL;
	uint32_t protocols;
	pthread_t thread;
	int ch, s, fd, processes = 1;

	signal(SIGPIPE, SIG_IGN);
	while ((ch = getopt(argc, argv, "c:F:f:I:i:K:k:l:p:t:v:")) != -1) {
		switch (ch) {
		case 'c':
			cert = optarg;
			break;
		case 'f':
			processes = atoi(optarg);
			break;
		case 'I':
			set(config, tls_config_set_session_id(config, id, from_hex(optarg, id, sizeof(id))));
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
		case 'l':
			set(config, tls_config_set_session_lifetime(config, atoi(optarg)));
			break;
		case 'p':
			if (tls_config_parse_protocols(&protocols, optarg) == -1)
				die("protocols", optarg);
			set(config, tls_config_set_protocols(config, protocols));
			break;
#ifndef TEST_LIBRETLS
		case 'F':
			set(config, tls_config_set_ticket_key_file(config, optarg));
			break;
		case 't':
			set(config, tls_config_set_num_tickets(config, strtoul(optarg, NULL, 10)));
			break;
#endif
		case 'v':
			set(config, tls_config_set_ca_file(config, optarg));
			tls_config_verify_client(config);
			break;
		default:
			return 1;
		}
	}
	listener = tls_server();
	if (tls_configure(listener, config) == -1)
		die("configure", tls_error(listener));
	if ((s = socket(AF_INET, SOCK_STREAM, 0)) == -1 || bind(s, (struct sockaddr *)&address, sizeof(address)) == -1 ||
	    listen(s, 64) == -1 || getsockname(s, (struct sockaddr *)&address, &len) == -1)
		die("listen", strerror(errno));
	printf("port %d\n", ntohs(address.sin_port));
	fflush(stdout);
	while (--processes > 0)
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			break;
		}
	while ((fd = accept(s, NULL, NULL)) != -1) {
		if ((c = calloc(1, sizeof(*c))) == NULL)
			die("accept", "out of memory");
		c->fd = fd;
		if ((errno = pthread_create(&thread, NULL, serve, c)) != 0)
			die("thread", strerror(errno));
		pthread_detach(thread);
	}
	die("accept", strerror(errno));
}
