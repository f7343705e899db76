/* tls_set_session_name(3): sessions of several servers under one name. */
#include "harness.h"

#ifdef TLS_HAVE_SET_SESSION_NAME

#include <sys/socket.h>

#include <netinet/in.h>

enum { MOST = 6 };

/*
 * A server in a process of its own, whose ports and whose configurations, with ticket keys of their own, take
 * turns.
 */
struct service {
	int connections, ports, configs, tickets;
	int s[MOST];
	char port[MOST][8];
	pid_t pid;
};

static void
serve(void *arg)
{
	struct service *service = arg;
	struct tls_config *config;
	struct tls *listener[MOST], *conn;
	char buf[16];
	int i, fd;

	for (i = 0; i < service->configs; i++) {
		config = server_config("server");
		CONFIG_OK(config, tls_config_set_session_lifetime(config, 100));
		CONFIG_OK(config, tls_config_set_num_tickets(config, service->tickets));
		listener[i] = tls_server();
		REQUIRE_OK(listener[i], tls_configure(listener[i], config));
		tls_config_free(config);
	}
	for (i = 0; i < service->connections; i++) {
		fd = accept(service->s[i % service->ports], NULL, NULL);
		REQUIRE(fd != -1);
		REQUIRE_OK(listener[i % service->configs],
		    tls_accept_socket(listener[i % service->configs], &conn, fd));
		CHECK_INT(tls_write(conn, "hello", 5), 5);
		CHECK_INT(read_some(conn, buf, sizeof(buf)), 0);
		CHECK_INT(tls_close(conn), 0);
		tls_free(conn);
		close(fd);
	}
	for (i = 0; i < service->configs; i++)
		tls_free(listener[i]);
}

static void
start(struct service *service, int connections, int ports, int configs, int tickets)
{
	int i;

	memset(service, 0, sizeof(*service));
	service->connections = connections;
	service->ports = ports;
	service->configs = configs;
	service->tickets = tickets;
	for (i = 0; i < ports; i++)
		service->s[i] = listen_local(service->port[i]);
	service->pid = spawn(serve, service);
}

static void
stop(struct service *service)
{
	int i;

	reap(service->pid);
	for (i = 0; i < service->ports; i++)
		close(service->s[i]);
}

static struct tls_config *
with_file(int fd)
{
	struct tls_config *config = client_config();

	CONFIG_OK(config, tls_config_set_session_fd(config, fd));
	return config;
}

static int
dial(const char *port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(atoi(port)),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int s = socket(AF_INET, SOCK_STREAM, 0);

	REQUIRE(s != -1);
	REQUIRE(connect(s, (struct sockaddr *)&sin, sizeof(sin)) == 0);
	return s;
}

/* One connection with its tickets; whether it was resumed. The library dials itself, or is given a socket. */
static int
visit(struct tls_config *config, const char *port, const char *session_name, int own_socket)
{
	struct tls *ctx = tls_client();
	char buf[16];
	int s = -1, resumed;

	REQUIRE_OK(ctx, tls_configure(ctx, config));
	REQUIRE_OK(ctx, tls_set_session_name(ctx, session_name));
	if (own_socket)
		REQUIRE_OK(ctx, tls_connect_socket(ctx, s = dial(port), "server.test"));
	else
		REQUIRE_OK(ctx, tls_connect_servername(ctx, "127.0.0.1", port, "server.test"));
	if (!CHECK_INT(read_some(ctx, buf, sizeof(buf)), 5))
		check_note("%s", tls_error(ctx));
	resumed = tls_conn_session_resumed(ctx);
	CHECK_INT(tls_close(ctx), 0);
	tls_free(ctx);
	if (s != -1)
		close(s);
	return resumed;
}

static void
take_turns_at(struct service *imap, struct service *smtp)
{
	int fd = session_file("services"), i, resumed = 0;
	struct tls_config *config = with_file(fd);

	CHECK_INT(visit(config, imap->port[0], NULL, 0), 0);
	CHECK_INT(visit(config, smtp->port[0], NULL, 0), 0);
	for (i = 0; i < 4; i++) {
		resumed += visit(config, imap->port[0], NULL, i % 2);
		resumed += visit(config, smtp->port[0], NULL, i / 2);
	}
	CHECK_INT(resumed, 8);
	tls_config_free(config);
	close(fd);
}

TEST(services_on_two_ports)
{
	struct service imap, smtp;

	start(&imap, 5, 1, 1, 2);
	start(&smtp, 5, 1, 1, 2);
	take_turns_at(&imap, &smtp);
	stop(&imap);
	stop(&smtp);
}

TEST13(services_with_one_ticket_each)
{
	struct service imap, smtp;

	start(&imap, 5, 1, 1, 1);
	start(&smtp, 5, 1, 1, 1);
	take_turns_at(&imap, &smtp);
	stop(&imap);
	stop(&smtp);
}

/* As behind a proxy: the port tells nothing. */
TEST(services_on_one_port)
{
	struct service proxy;
	struct tls_config *config;
	int fd, i, resumed = 0;

	start(&proxy, 10, 1, 2, 2);
	fd = session_file("proxy");
	config = with_file(fd);
	for (i = 0; i < 10; i++)
		resumed += visit(config, proxy.port[0], i % 2 ? "smtp" : "imap", 0);
	CHECK_INT(resumed, 8);
	stop(&proxy);
	tls_config_free(config);
	close(fd);
}

/* As FTP has each transfer on a port of its own. */
static void
visit_ports(const char *session_name)
{
	struct service ftp;
	struct tls_config *config;
	int fd, i;

	start(&ftp, MOST, MOST, 1, 2);
	fd = session_file("ftp");
	config = with_file(fd);
	for (i = 0; i < MOST; i++)
		CHECK_INT(visit(config, ftp.port[i], session_name, i % 2), i > 0);
	stop(&ftp);
	tls_config_free(config);
	close(fd);
}

TEST(service_on_many_ports)
{
	visit_ports(NULL);
	visit_ports("ftp");
}

TEST(service_names_are_kept_apart)
{
	struct service one;
	struct tls_config *config;
	int fd;

	start(&one, 5, 1, 1, 2);
	fd = session_file("apart");
	config = with_file(fd);
	CHECK_INT(visit(config, one.port[0], "a", 0), 0);
	CHECK_INT(visit(config, one.port[0], "b", 0), 0);
	CHECK_INT(visit(config, one.port[0], NULL, 0), 0);
	CHECK_INT(visit(config, one.port[0], "a", 0), 1);
	CHECK_INT(visit(config, one.port[0], NULL, 0), 1);
	stop(&one);
	tls_config_free(config);
	close(fd);
}

static void
visit_in_a_child(void *arg)
{
	struct tls **ctx = arg;
	char buf[16];
	int i;

	for (i = 0; i < 2; i++) {
		CHECK_INT(read_some(ctx[i], buf, sizeof(buf)), 5);
		CHECK_INT(tls_close(ctx[i]), 0);
	}
}

TEST(service_of_a_connection_that_a_child_makes)
{
	struct service proxy;
	struct tls_config *config;
	struct tls *ctx[2];
	int fd, i;

	start(&proxy, 4, 1, 2, 2);
	fd = session_file("child");
	config = with_file(fd);
	for (i = 0; i < 2; i++) {
		ctx[i] = tls_client();
		REQUIRE_OK(ctx[i], tls_configure(ctx[i], config));
		REQUIRE_OK(ctx[i], tls_set_session_name(ctx[i], i ? "smtp" : "imap"));
		REQUIRE_OK(ctx[i], tls_connect_servername(ctx[i], "127.0.0.1", proxy.port[0], "server.test"));
	}
	reap(spawn(visit_in_a_child, ctx));
	for (i = 0; i < 2; i++)
		tls_free(ctx[i]);
	/* The child's tickets are in the file, each under its name. */
	CHECK_INT(visit(config, proxy.port[0], "imap", 0), 1);
	CHECK_INT(visit(config, proxy.port[0], "smtp", 0), 1);
	stop(&proxy);
	tls_config_free(config);
	close(fd);
}

TEST(session_name_checks)
{
	struct tls *client = tls_client(), *server = tls_server();
	char name[257];

	memset(name, 'a', sizeof(name));
	name[256] = '\0';
	CHECK_INT(tls_set_session_name(NULL, "a"), -1);
	CHECK_INT(tls_set_session_name(server, "a"), -1);
	CHECK_STR(tls_error(server), "not a client context");
	CHECK_INT(tls_set_session_name(client, name), -1);
	CHECK_STR(tls_error(client), "session name too long");
	CHECK_INT(tls_set_session_name(client, ""), -1);
	CHECK_STR(tls_error(client), "session name is empty");
	CHECK_INT(tls_error_code(client), TLS_ERROR_INVALID_ARGUMENT);
	CHECK_INT(tls_set_session_name(client, name + 1), 0);
	CHECK_INT(tls_set_session_name(client, "another"), 0);
	CHECK_INT(tls_set_session_name(client, NULL), 0);
	CHECK_INT(tls_set_session_name(client, "another"), 0);
	tls_free(client);
	tls_free(server);
}

/* A context that is reset knows no name any more. */
TEST(session_name_is_forgotten_by_a_reset)
{
	struct service one;
	struct tls_config *config;
	struct tls *ctx = tls_client();
	char buf[16];
	int fd;

	start(&one, 2, 1, 1, 2);
	fd = session_file("reset");
	config = with_file(fd);
	CHECK_INT(visit(config, one.port[0], "a", 0), 0);
	REQUIRE_OK(ctx, tls_set_session_name(ctx, "a"));
	tls_reset(ctx);
	REQUIRE_OK(ctx, tls_configure(ctx, config));
	REQUIRE_OK(ctx, tls_connect_servername(ctx, "127.0.0.1", one.port[0], "server.test"));
	CHECK_INT(read_some(ctx, buf, sizeof(buf)), 5);
	CHECK_INT(tls_conn_session_resumed(ctx), 0);
	CHECK_INT(tls_close(ctx), 0);
	tls_free(ctx);
	stop(&one);
	tls_config_free(config);
	close(fd);
}

#endif
