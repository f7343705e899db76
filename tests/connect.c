/* tls_connect(3): hosts, ports, names, and the socket. */
#include "harness.h"

#include <sys/socket.h>

#include <fcntl.h>

/* What a server in a process of its own does with each of its connections: a greeting and a close. */
struct service {
	int s;
	int connections;
	const char *keypair;
};

static void
serve(void *arg)
{
	struct service *service = arg;
	struct tls_config *config = server_config(service->keypair);
	struct tls *listener = tls_server(), *conn;
	int i, fd;

	REQUIRE_OK(listener, tls_configure(listener, config));
	for (i = 0; i < service->connections; i++) {
		fd = accept(service->s, NULL, NULL);
		REQUIRE(fd != -1);
		REQUIRE_OK(listener, tls_accept_socket(listener, &conn, fd));
		CHECK_INT(tls_write(conn, "hello", 5), 5);
		CHECK_INT(tls_close(conn), 0);
		tls_free(conn);
		close(fd);
	}
	tls_free(listener);
	tls_config_free(config);
}

static void
greeted(struct tls *ctx)
{
	char buf[16];
	ssize_t n = read_some(ctx, buf, sizeof(buf));

	if (!CHECK_INT(n, 5))
		check_note("%s", tls_error(ctx));
	CHECK_INT(read_some(ctx, buf, sizeof(buf)), 0);
	CHECK_INT(tls_close(ctx), 0);
}

TEST(connect_forms)
{
	struct service service = { .connections = 6, .keypair = "server" };
	struct tls_config *config;
	struct tls *ctx;
	char port[8], hostport[32];
	pid_t pid;
	int i, fd;

	service.s = listen_local(port);
	pid = spawn(serve, &service);
	close(service.s);
	config = client_config();
	for (i = 0; i < 6; i++) {
		ctx = tls_client();
		fd = dup(0);
		REQUIRE_OK(ctx, tls_configure(ctx, config));
		switch (i) {
		case 0:
			REQUIRE_OK(ctx, tls_connect(ctx, "localhost", port));
			break;
		case 1:
			REQUIRE_OK(ctx, tls_connect(ctx, "127.0.0.1", port));
			break;
		case 2:
			snprintf(hostport, sizeof(hostport), "localhost:%s", port);
			REQUIRE_OK(ctx, tls_connect(ctx, hostport, NULL));
			CHECK_STR(tls_conn_servername(ctx), NULL);
			break;
		case 3:
			REQUIRE_OK(ctx, tls_connect_servername(ctx, "127.0.0.1", port, "server.test"));
			break;
		case 4:
			snprintf(hostport, sizeof(hostport), "[127.0.0.1]:%s", port);
			REQUIRE_OK(ctx, tls_connect(ctx, hostport, NULL));
			break;
		case 5:
			snprintf(hostport, sizeof(hostport), "127.0.0.1:%s", port);
			REQUIRE_OK(ctx, tls_connect_servername(ctx, hostport, NULL, "localhost"));
			break;
		}
		greeted(ctx);
		CHECK_STR(tls_conn_servername(ctx),
		    i == 3 ? "server.test" : i == 1 || i == 4 ? "127.0.0.1" : "localhost");
		tls_free(ctx);
		/* tls_close has closed the socket. */
		CHECK_INT(dup(0), fd + 1);
		close(fd + 1);
		close(fd);
	}
	tls_config_free(config);
	reap(pid);
}

TEST(freed_context_leaks_no_socket)
{
	struct tls_config *config;
	struct tls *ctx;
	char port[8];
	int fd, s;

	NEEDS(SOCKET_OF_FREED);
	s = listen_local(port);
	config = client_config();
	ctx = tls_client();
	fd = dup(0);
	close(fd);
	REQUIRE_OK(ctx, tls_configure(ctx, config));
	REQUIRE_OK(ctx, tls_connect_servername(ctx, "127.0.0.1", port, "server.test"));
	CHECK(fcntl(fd, F_GETFD) != -1);
	tls_free(ctx);
	CHECK_INT(fcntl(fd, F_GETFD), -1);
	tls_config_free(config);
	close(s);
}

TEST(connect_errors)
{
	struct tls_config *config = client_config();
	struct tls *ctx = tls_client();
	char port[8];
	int s = listen_local(port);

	close(s);
	CHECK_INT(tls_configure(ctx, config), 0);
	CHECK_INT(tls_connect(ctx, NULL, "443"), -1);
	CHECK_STR(tls_error(ctx), "host not specified");
	CHECK_INT(tls_connect(ctx, "localhost", NULL), -1);
	CHECK_STR(tls_error(ctx), "no port provided");
	CHECK_INT(tls_connect(ctx, "[::1]", NULL), -1);
	CHECK_STR(tls_error(ctx), "no port provided");
	CHECK_INT(tls_connect(ctx, "::1:443", NULL), -1);
	CHECK_STR(tls_error(ctx), "no port provided");
	CHECK_INT(tls_connect(ctx, "[::1", NULL), -1);
	CHECK_STR(tls_error(ctx), "no port provided");
	CHECK_INT(tls_connect(ctx, "127.0.0.1", port), -1);
	CHECK_STR(tls_error(ctx), "connect: Connection refused");
	CHECK_INT(tls_connect(ctx, "no-such-host.invalid", "443"), -1);
	CHECK_LIKE(tls_error(ctx), "Name or service not known*", "Temporary failure in name resolution*",
	    "No address associated with hostname*", "Name does not resolve", "Try again");
	CHECK_INT(tls_connect(ctx, "127.0.0.1", "no-such-service"), -1);
	CHECK_LIKE(tls_error(ctx), "Servname not supported for ai_socktype*", "Unrecognized service");
	/* A port of its own takes the host as it is. */
	CHECK_INT(tls_connect(ctx, "[::1]", "443"), -1);
	CHECK_LIKE(tls_error(ctx), "Name or service not known*", "Temporary failure in name resolution*",
	    "No address associated with hostname*", "No address associated*", "Name does not resolve", "Try again");
	tls_free(ctx);
	tls_config_free(config);
}

TEST(connect_refuses_bad_arguments)
{
	struct tls_config *config = client_config();
	struct tls *ctx = tls_client();

	CHECK_INT(tls_configure(ctx, config), 0);
	CHECK_INT(tls_connect_fds(ctx, -1, 1, "x.test"), -1);
	CHECK_STR(tls_error(ctx), "invalid file descriptors");
	CHECK_INT(tls_connect_fds(ctx, 0, -1, "x.test"), -1);
	CHECK_STR(tls_error(ctx), "invalid file descriptors");
	CHECK_INT(tls_connect_socket(ctx, -1, "x.test"), -1);
	CHECK_STR(tls_error(ctx), "invalid file descriptors");
	CHECK_INT(tls_connect_cbs(ctx, NULL, end_write, NULL, "x.test"), -1);
	CHECK_STR(tls_error(ctx), "no callbacks provided");
	CHECK_INT(tls_connect_cbs(ctx, end_read, NULL, NULL, "x.test"), -1);
	CHECK_STR(tls_error(ctx), "no callbacks provided");
	tls_free(ctx);
	tls_config_free(config);
}

static int
name_accepted(const char *name)
{
	struct tls_config *config = client_config();
	struct tls *ctx = tls_client();
	int rc;

	CHECK_INT(tls_configure(ctx, config), 0);
	rc = tls_connect_fds(ctx, 0, 1, name);
	if (rc == -1)
		CHECK_STR(tls_error(ctx), "server name indication failure");
	tls_free(ctx);
	tls_config_free(config);
	return rc == 0;
}

TEST(server_names)
{
	static char longest[300];

	CHECK(name_accepted("server.test"));
	CHECK(name_accepted("SERVER.test."));
	CHECK(name_accepted("127.0.0.1"));
	CHECK(name_accepted("::1"));
	CHECK(!name_accepted(""));
	memset(longest, 'a', sizeof(longest) - 1);
	CHECK(!name_accepted(longest));
}

/* The name a server is told, and what both ends then say it was. */
static void
told(const char *name, const char *server, const char *client)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct pair *p;

	tls_config_insecure_noverifyname(cc);
	p = pair_sockets(cc, sc, name);
	pair_established(p);
	CHECK_STR(tls_conn_servername(p->server), server);
	CHECK_STR(tls_conn_servername(p->client), client);
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

TEST(server_name_indication)
{
	told("server.test", "server.test", "server.test");
	told("SERVER.test", "SERVER.test", "SERVER.test");
	told("server.test.", "server.test", "server.test");
	told("127.0.0.1", NULL, "127.0.0.1");
	told("::1", NULL, "::1");
	told(NULL, NULL, NULL);
}

TEST(separate_descriptors)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct pair p = { .client_fd = -1, .server_fd = -1 };
	int up[2], down[2], i;

	REQUIRE(pipe(up) == 0 && pipe(down) == 0);
	for (i = 0; i < 2; i++) {
		no_blocking(up[i]);
		no_blocking(down[i]);
	}
	p.listener = tls_server();
	p.client = tls_client();
	REQUIRE_OK(p.listener, tls_configure(p.listener, sc));
	REQUIRE_OK(p.client, tls_configure(p.client, cc));
	REQUIRE_OK(p.client, tls_connect_fds(p.client, down[0], up[1], "server.test"));
	REQUIRE_OK(p.listener, tls_accept_fds(p.listener, &p.server, up[0], down[1]));
	pair_established(&p);
	transfer(p.client, p.server, 200000, 16384);
	transfer(p.server, p.client, 200000, 16384);
	pair_close(&p);
	tls_free(p.client);
	tls_free(p.server);
	tls_free(p.listener);
	/* The library closes only what it opened. */
	for (i = 0; i < 2; i++) {
		CHECK_INT(close(up[i]), 0);
		CHECK_INT(close(down[i]), 0);
	}
	tls_config_free(cc);
	tls_config_free(sc);
}
