/* What a fork costs in memory. */
#include "../harness.h"

#include <fcntl.h>

static void
connection(void)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct pair *p = pair_sockets(cc, sc, "server.test");

	pair_established(p);
	transfer(p->client, p->server, 50000, 5000);
	pair_close(p);
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

/* In kB. */
static long
address_space(void)
{
	char status[4096], *line;

	read_file("/proc/self/status", status, sizeof(status));
	line = strstr(status, "VmSize:");
	REQUIRE(line != NULL);
	return atol(line + strlen("VmSize:"));
}

/* Descriptors of the runtime that died are closed. */
static int
descriptors(void)
{
	int fd, n = 0;

	for (fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return n;
}

static long first;
static int first_descriptors;

static void
grow(void *arg)
{
	int *depth = arg;

	connection();
	/* What threads of libc's and of the runtime's come to differ by is not what a fork would add. */
	if (!CHECK(address_space() < first + 300 * 1024))
		check_note("%ld kB after %d forks, %ld kB before", address_space(), *depth, first);
	CHECK(descriptors() <= first_descriptors);
	if (++*depth < 8)
		reap(spawn(grow, depth));
}

TEST(generations_do_not_add_up)
{
	int depth = 1;

	connection();
	first = address_space();
	first_descriptors = descriptors();
	reap(spawn(grow, &depth));
}
