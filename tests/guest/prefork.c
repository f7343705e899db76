/*
 * A classic server: it reads its keys, listens, forks workers that go into an empty root and lose their
 * privileges, and replaces those that die.
 *
 *	prefork -u|-c [-d] workers cert key root pidfile
 *
 * It prints its port, and each answer tells which process gave it. Workers become nobody with -u; with
 * -c, where there is no other user, they drop their capabilities. With -d the server is a daemon(3).
 */
#define _GNU_SOURCE
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <grp.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tls.h>

static struct tls *listener;
static int sock;
static sigset_t awaited;
static int keep_user;

/* capset(2), for which not all of libc's have a header. */
static int
drop_capabilities(void)
{
	const uint32_t version_3[2] = { 0x20080522 }, none[6] = { 0 };

	return syscall(SYS_capset, version_3, none);
}

static void
drop_privileges(const char *root)
{
	if (chroot(root) == -1 || chdir("/") == -1)
		err(1, "chroot");
	if (keep_user) {
		if (drop_capabilities() == -1)
			err(1, "capset");
	} else if (setgroups(0, NULL) == -1 || setgid(65534) == -1 || setuid(65534) == -1) {
		err(1, "setuid");
	}
	if (chroot("/") != -1)
		errx(1, "privileged");
}

static void
serve(int fd)
{
	struct timeval patience = { 10, 0 };
	struct tls *conn;
	char line[64];
	ssize_t n;
	int len, tries;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (tls_accept_socket(listener, &conn, fd) == -1)
		errx(1, "accept: %s", tls_error(listener));
	for (tries = 0; tries < 8; tries++)
		if ((n = tls_read(conn, line, sizeof(line))) != TLS_WANT_POLLIN && n != TLS_WANT_POLLOUT)
			break;
	if (n > 0) {
		len = snprintf(line, sizeof(line), "served by %d, resumed: %s\n", (int)getpid(),
		    tls_conn_session_resumed(conn) ? "yes" : "no");
		tls_write(conn, line, len);
	}
	tls_close(conn);
	tls_free(conn);
	close(fd);
}

static _Noreturn void
work(const char *root)
{
	int fd;

	sigprocmask(SIG_UNBLOCK, &awaited, NULL);
	drop_privileges(root);
	for (;;) {
		if ((fd = accept(sock, NULL, NULL)) == -1)
			err(1, "accept");
		serve(fd);
	}
}

static pid_t
start(const char *root)
{
	pid_t pid = fork();

	if (pid == -1)
		err(1, "fork");
	if (pid == 0)
		work(root);
	return pid;
}

int
main(int argc, char *argv[])
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sin);
	struct tls_config *config;
	pid_t pids[16], pid;
	int ch, detach = 0, workers, i, sig;
	FILE *f;

	while ((ch = getopt(argc, argv, "cdu")) != -1) {
		keep_user |= ch == 'c';
		detach |= ch == 'd';
	}
	argv += optind - 1;
	if (argc - optind != 5 || (workers = atoi(argv[1])) < 1 || workers > 16)
		errx(1, "usage");
	if ((config = tls_config_new()) == NULL || (listener = tls_server()) == NULL)
		err(1, "tls");
	if (tls_config_set_keypair_file(config, argv[2], argv[3]) == -1 ||
	    tls_config_set_session_lifetime(config, 3600) == -1)
		errx(1, "%s", tls_config_error(config));
	if (tls_configure(listener, config) == -1)
		errx(1, "%s", tls_error(listener));
	tls_config_free(config);
	if ((sock = socket(AF_INET, SOCK_STREAM, 0)) == -1 || bind(sock, (struct sockaddr *)&sin, sizeof(sin)) == -1 ||
	    listen(sock, 32) == -1 || getsockname(sock, (struct sockaddr *)&sin, &len) == -1)
		err(1, "listen");
	if (detach && daemon(1, 1) == -1)
		err(1, "daemon");
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&awaited);
	sigaddset(&awaited, SIGTERM);
	sigaddset(&awaited, SIGALRM);
	sigaddset(&awaited, SIGCHLD);
	sigprocmask(SIG_BLOCK, &awaited, NULL);
	alarm(300);
	for (i = 0; i < workers; i++)
		pids[i] = start(argv[4]);
	if ((f = fopen(argv[5], "w")) == NULL || fprintf(f, "%d\n", (int)getpid()) < 0 || fclose(f) != 0)
		err(1, "%s", argv[5]);
	printf("port %d\n", ntohs(sin.sin_port));
	fflush(stdout);
	while (sigwait(&awaited, &sig) == 0 && sig == SIGCHLD)
		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			for (i = 0; i < workers; i++)
				if (pids[i] == pid)
					pids[i] = start(argv[4]);
	for (i = 0; i < workers; i++)
		kill(pids[i], SIGTERM);
	while (wait(NULL) > 0)
		continue;
	return 0;
}
