/* A plugin that has TLS inside; see plugins.c. Its functions return NULL, or what went wrong. */
#define _GNU_SOURCE
#include <sys/socket.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <tls.h>

#include "plugin.h"

static _Thread_local char text[256];

static const char *
failed(const char *what, const char *why)
{
	snprintf(text, sizeof(text), "%s: %s", what, why == NULL ? "unknown" : why);
	return text;
}

/* A server's end has a listener. */
static const char *
open_end(int fd, int serving, const char *pki, struct tls **listener, struct tls **end)
{
	struct tls_config *config = tls_config_new();
	struct tls *ctx = serving ? tls_server() : tls_client();
	char ca[256], cert[256], key[256];

	if (config == NULL || ctx == NULL)
		return "no memory";
	snprintf(ca, sizeof(ca), "%s/ca.pem", pki);
	snprintf(cert, sizeof(cert), "%s/server.pem", pki);
	snprintf(key, sizeof(key), "%s/server.key", pki);
	if ((serving ? tls_config_set_keypair_file(config, cert, key) : tls_config_set_ca_file(config, ca)) == -1)
		return failed("configuration", tls_config_error(config));
	if (tls_configure(ctx, config) == -1)
		return failed("configure", tls_error(ctx));
	tls_config_free(config);
	if (!serving) {
		*end = ctx;
		return tls_connect_socket(ctx, fd, "server.test") == -1 ? failed("connect", tls_error(ctx)) : NULL;
	}
	*listener = ctx;
	return tls_accept_socket(ctx, end, fd) == -1 ? failed("accept", tls_error(ctx)) : NULL;
}

/* Blocks. */
static const char *
say(struct tls *end, const char *word)
{
	ssize_t n;

	while ((n = tls_write(end, word, 4)) == TLS_WANT_POLLIN || n == TLS_WANT_POLLOUT)
		continue;
	return n == 4 ? NULL : failed("write", tls_error(end));
}

static const char *
hear(struct tls *end, const char *word)
{
	char buf[4];
	ssize_t n;

	while ((n = tls_read(end, buf, sizeof(buf))) == TLS_WANT_POLLIN || n == TLS_WANT_POLLOUT)
		continue;
	return n == 4 && memcmp(buf, word, 4) == 0 ? NULL : failed("read", tls_error(end));
}

const char *
meet(int fd, int serving, const char *pki)
{
	struct tls *listener = NULL, *end;
	const char *why;
	int i;

	if ((why = open_end(fd, serving, pki, &listener, &end)) != NULL)
		return why;
	for (i = 0; i < 10; i++)
		if ((why = serving ? hear(end, "ping") : say(end, "ping")) != NULL ||
		    (why = serving ? say(end, "pong") : hear(end, "pong")) != NULL)
			return why;
	tls_close(end);
	tls_free(end);
	tls_free(listener);
	return NULL;
}

const char *
stay_alone(const char *pki)
{
	struct tls *listener, *client, *server;
	int fd[2], a = -1, b = -1;
	const char *why;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd) == -1)
		return "socketpair";
	if ((why = open_end(fd[0], 0, pki, NULL, &client)) != NULL ||
	    (why = open_end(fd[1], 1, pki, &listener, &server)) != NULL)
		return why;
	do {
		if (a != 0 && (a = tls_handshake(client)) == -1)
			return failed("client", tls_error(client));
		if (b != 0 && (b = tls_handshake(server)) == -1)
			return failed("server", tls_error(server));
	} while (a != 0 || b != 0);
	if ((why = say(client, "ping")) != NULL || (why = hear(server, "ping")) != NULL)
		return why;
	tls_free(client);
	tls_free(server);
	tls_free(listener);
	close(fd[0]);
	close(fd[1]);
	return NULL;
}
