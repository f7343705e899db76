/* The ticket keys that the library makes are the same in all processes of one configuration. */
#include "../harness.h"

#include <sys/socket.h>
#include <sys/wait.h>

enum { WORKERS = 4 };

static struct tls *listener;
static struct tls_config *server;
static int up[WORKERS][2];		/* on which descriptors are passed to a worker */

static void
pass(int socket, int fd)
{
	union { struct cmsghdr header; char space[CMSG_SPACE(sizeof(int))]; } u;
	struct iovec iov = { "", 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &u, .msg_controllen = sizeof(u) };

	memset(&u, 0, sizeof(u));
	u.header.cmsg_level = SOL_SOCKET;
	u.header.cmsg_type = SCM_RIGHTS;
	u.header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&u.header), &fd, sizeof(int));
	REQUIRE(sendmsg(socket, &msg, 0) == 1);
}

static int
take(int socket)
{
	union { struct cmsghdr header; char space[CMSG_SPACE(sizeof(int))]; } u;
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &u, .msg_controllen = sizeof(u) };
	int fd;

	if (recvmsg(socket, &msg, 0) != 1 || CMSG_FIRSTHDR(&msg) == NULL)
		return -1;
	memcpy(&fd, CMSG_DATA(&u.header), sizeof(int));
	return fd;
}

static void
answer(struct tls *conn)
{
	int i;

	for (i = 0; i < 100; i++)
		if (tls_write(conn, "text", 4) == 4)
			break;
	tls_close(conn);
	tls_free(conn);
}

static void
work(void *arg)
{
	int i = (int *)arg - (int *)up[0], other, fd;
	struct tls *conn;

	i /= 2;
	for (other = 0; other < WORKERS; other++)
		close(up[other][0]);
	while ((fd = take(up[i][1])) != -1) {
		REQUIRE_OK(listener, tls_accept_socket(listener, &conn, fd));
		answer(conn);
		close(fd);
	}
}

static int
connect_to(struct tls_config *config, int worker)
{
	struct tls *client = tls_client();
	char text[8] = "";
	int fd[2], resumed;

	socket_pair(fd);
	pass(up[worker][0], fd[1]);
	close(fd[1]);
	REQUIRE_OK(client, tls_configure(client, config));
	REQUIRE_OK(client, tls_connect_socket(client, fd[0], "server.test"));
	CHECK_INT(read_some(client, text, 4), 4);
	CHECK_STR(text, "text");
	resumed = tls_conn_session_resumed(client);
	CHECK_INT(read_some(client, text, 4), 0);
	tls_free(client);
	close(fd[0]);
	return resumed;
}

static pid_t
new_worker(int i)
{
	if (up[i][0] > 0) {
		close(up[i][0]);
		close(up[i][1]);
	}
	socket_pair(up[i]);
	return spawn(work, up[i]);
}

static void
listen_with(uint32_t version)
{
	server = server_config("server");
	CONFIG_OK(server, tls_config_set_protocols(server, version));
	CONFIG_OK(server, tls_config_set_session_lifetime(server, 3600));
	listener = tls_server();
	REQUIRE_OK(listener, tls_configure(listener, server));
}

static struct tls_config *
resuming_client(uint32_t version)
{
	struct tls_config *config = client_config();

	CONFIG_OK(config, tls_config_set_protocols(config, version));
	CONFIG_OK(config, tls_config_set_session_fd(config, session_file("session")));
	return config;
}

/* All are forked before anybody has made a key. */
static void
resume_everywhere(uint32_t version)
{
	struct tls_config *config;
	pid_t pids[WORKERS];
	int i;

	listen_with(version);
	for (i = 0; i < WORKERS; i++)
		pids[i] = new_worker(i);
	config = resuming_client(version);
	for (i = 0; i < 3 * WORKERS; i++)
		CHECK_INT(connect_to(config, i % WORKERS), i > 0);
	for (i = 0; i < WORKERS; i++) {
		close(up[i][0]);
		reap(pids[i]);
	}
}

TEST(tickets_open_in_every_process)
{
	NEEDS(SERVER_TICKETS);
	resume_everywhere(TLS_PROTOCOL_TLSv1_3);
}

TEST(tickets_open_in_every_process_12)
{
	NEEDS(SERVER_TICKETS);
	resume_everywhere(TLS_PROTOCOL_TLSv1_2);
}

/* Workers are killed at any moment and replaced; those that are left, and the new ones, know the tickets. */
TEST(killed_workers_take_nothing_along)
{
	struct tls_config *config;
	pid_t pids[WORKERS];
	int i, dead;

	NEEDS(SERVER_TICKETS);
	listen_with(TLS_PROTOCOL_TLSv1_3);
	for (i = 0; i < WORKERS; i++)
		pids[i] = new_worker(i);
	config = resuming_client(TLS_PROTOCOL_TLSv1_3);
	CHECK_INT(connect_to(config, 0), 0);
	for (i = 0; i < 5 * WORKERS; i++) {
		dead = i % WORKERS;
		kill(pids[dead], SIGKILL);
		CHECK_INT(waitpid(pids[dead], NULL, 0), pids[dead]);
		pids[dead] = new_worker(dead);
		CHECK_INT(connect_to(config, dead), 1);
		CHECK_INT(connect_to(config, (dead + 2) % WORKERS), 1);
	}
	for (i = 0; i < WORKERS; i++) {
		kill(pids[i], SIGTERM);
		waitpid(pids[i], NULL, 0);
	}
}

/* Keys that a program adds in a process are that process's. */
static void
add_key(void *arg)
{
	uint8_t key[48];

	(void)arg;
	memset(key, 1, sizeof(key));
	CONFIG_OK(server, tls_config_add_ticket_key(server, 1, key, sizeof(key)));
	memset(key, 2, sizeof(key));
	CONFIG_OK(server, tls_config_add_ticket_key(server, 2, key, sizeof(key)));
}

TEST(added_keys_belong_to_their_process)
{
	int i;

	listen_with(TLS_PROTOCOL_TLSv1_3);
	for (i = 0; i < 3; i++)
		reap(spawn(add_key, NULL));
	add_key(NULL);
}
