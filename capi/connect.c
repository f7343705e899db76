/* tls_connect(3) */
#include <sys/socket.h>

#include <netinet/in.h>

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "front.h"
#include "_cgo_export.h"

/*
 * The port of the peer that a context is to connect to by a socket, if sessions
 * are told apart by it; else 0.
 */
static uint16_t
peer_port(const struct tls *ctx, int s)
{
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_storage room;
	} peer = { .any.sa_family = AF_UNSPEC };
	socklen_t len = sizeof(peer);

	if (ctx->settings == NULL || !ctx->settings->sessions ||
	    ctx->session_name != NULL)
		return 0;
	if (getpeername(s, &peer.any, &len) == -1)
		return 0;
	switch (peer.any.sa_family) {
	case AF_INET:
		return ntohs(peer.in.sin_port);
	case AF_INET6:
		return ntohs(peer.in6.sin6_port);
	default:
		return 0;
	}
}

/*
 * All forms of connecting begin with this; nothing is sent. The port is 0 if it
 * isn't known.
 */
static int
set_up(struct tls *ctx, const char *servername, uint16_t port)
{
	struct system system;
	struct file file;
	struct visit v;
	char *wanted = NULL;
	int rv;

	if (ctx->c.broken ||
	    (ctx->settings != NULL && ctx->settings->broken))
		return error_set(&ctx->err, TLS_ERROR_UNKNOWN, BROKEN);
	context_disconnect(ctx);
	strings_drop(ctx);
	bundle_replace(&ctx->bundle, (struct bundle) { 0 });
	object_keep(&ctx->line.object, NULL);
	ctx->line.records_in = ctx->line.records_out = 0;
	if (!context_system(ctx, &system, ctx->settings))
		return -1;
	bundle_replace(&ctx->bundle, system.bundle);
	if (!context_enter(ctx, &v))
		return -1;
	rv = goConnect(ctx->go, &v.fail, servername, port, ctx->session_name,
	    secure_getenv("SSL_CERT_FILE"), secure_getenv("SSL_CERT_DIR"),
	    &system, &wanted);
	while (rv == STEP_AGAIN) {
		if (!context_find(ctx, &v, &file, wanted))
			return -1;
		rv = goGoOn(ctx->go, &v.fail, &file, &wanted);
		file_drop(&file);
	}
	if (rv == 0) {
		context_set_snapshot(ctx, settings_bytes(ctx->settings));
		context_save(ctx, &v.fail);
	}
	rv = context_leave(ctx, &v, rv);
	return ctx->c.broken ? -1 : rv;
}

int
tls_connect_fds(struct tls *ctx, int fd_read, int fd_write,
    const char *servername)
{
	if (!context_valid(ctx))
		return -1;
	if (fd_read < 0 || fd_write < 0)
		return error_set(&ctx->err, TLS_ERROR_UNKNOWN,
		    "invalid file descriptors");
	if (!context_is_client(ctx) ||
	    set_up(ctx, servername, peer_port(ctx, fd_write)) == -1)
		return -1;
	context_open(ctx, fd_read, fd_write, NULL, NULL, NULL);
	return 0;
}

int
tls_connect_socket(struct tls *ctx, int s, const char *servername)
{
	return tls_connect_fds(ctx, s, s, servername);
}

int
tls_connect_cbs(struct tls *ctx, tls_read_cb read_cb, tls_write_cb write_cb,
    void *cb_arg, const char *servername)
{
	if (!context_is_client(ctx))
		return -1;
	if (read_cb == NULL || write_cb == NULL)
		return error_set(&ctx->err, TLS_ERROR_UNKNOWN,
		    "no callbacks provided");
	if (set_up(ctx, servername, 0) == -1)
		return -1;
	context_open(ctx, -1, -1, read_cb, write_cb, cb_arg);
	return 0;
}

/*
 * Splits "host:port" or "[host]:port", in place. A second colon means that
 * there is no port.
 */
static bool
split(char *text, char **host, char **port)
{
	char *colon;

	*host = text;
	if (*text == '[') {
		*host = text + 1;
		if ((text = strchr(text, ']')) == NULL)
			return false;
		*text++ = '\0';
	}
	if ((colon = strchr(text, ':')) == NULL ||
	    strchr(colon + 1, ':') != NULL)
		return false;
	*colon = '\0';
	*port = colon + 1;
	return true;
}

/* Numeric addresses come first, so that they never need the resolver. */
static struct addrinfo *
resolve(struct tls *ctx, const char *host, const char *port)
{
	static const struct {
		int family;
		int flags;
	} tries[] = {
		{ AF_INET, AI_NUMERICHOST },
		{ AF_INET6, AI_NUMERICHOST },
		{ AF_UNSPEC, AI_ADDRCONFIG },
	};
	struct addrinfo hints, *list;
	int rv = EAI_FAIL;

	if (*port == '\0')
		port = "0";
	for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
		memset(&hints, 0, sizeof(hints));
		hints.ai_socktype = SOCK_STREAM;
		hints.ai_family = tries[i].family;
		hints.ai_flags = tries[i].flags;
		if ((rv = getaddrinfo(host, port, &hints, &list)) == 0)
			return list;
	}
	error_set(&ctx->err, TLS_ERROR_UNKNOWN, "%s", gai_strerror(rv));
	return NULL;
}

/* A socket connected to the first address that answers, or -1. */
static int
dial(struct tls *ctx, const char *host, const char *port)
{
	struct addrinfo *list, *ai;
	int s = -1;

	if ((list = resolve(ctx, host, port)) == NULL)
		return -1;
	for (ai = list; ai != NULL; ai = ai->ai_next) {
		s = socket(ai->ai_family, ai->ai_socktype | SOCK_CLOEXEC,
		    ai->ai_protocol);
		if (s == -1) {
			error_errno(&ctx->err, errno, "socket");
			continue;
		}
		if (connect(s, ai->ai_addr, ai->ai_addrlen) == 0)
			break;
		error_errno(&ctx->err, errno, "connect");
		close(s);
		s = -1;
	}
	freeaddrinfo(list);
	return s;
}

static int
connect_host(struct tls *ctx, const char *host, const char *port,
    const char *servername)
{
	int s;

	if ((s = dial(ctx, host, port)) == -1)
		return -1;
	if (tls_connect_socket(ctx, s, servername) == -1) {
		close(s);
		return -1;
	}
	ctx->c.socket = s;
	return 0;
}

int
tls_connect(struct tls *ctx, const char *host, const char *port)
{
	return tls_connect_servername(ctx, host, port, NULL);
}

int
tls_connect_servername(struct tls *ctx, const char *host, const char *port,
    const char *servername)
{
	char *copy, *name, *number;
	int rv;

	if (!context_is_client(ctx))
		return -1;
	if (host == NULL)
		return error_set(&ctx->err, TLS_ERROR_UNKNOWN,
		    "host not specified");
	if (port != NULL)
		return connect_host(ctx, host, port,
		    servername != NULL ? servername : host);
	if ((copy = strdup(host)) == NULL)
		return error_set(&ctx->err, TLS_ERROR_OUT_OF_MEMORY,
		    "out of memory");
	if (split(copy, &name, &number))
		rv = connect_host(ctx, name, number,
		    servername != NULL ? servername : name);
	else
		rv = error_set(&ctx->err, TLS_ERROR_UNKNOWN,
		    "no port provided");
	free(copy);
	return rv;
}
