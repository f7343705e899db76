/*
 * Records on an established connection, for the system calls between two marks to be counted: 500
 * round trips, each of two tls_write(3) and two tls_read(3).
 */
#include "../harness.h"

#include <sys/socket.h>

enum { TRIPS = 500 };

static void
mark(const char *text)
{
	CHECK_INT(write(-1, text, strlen(text)), -1);
}

static void
pass(struct tls *from, struct tls *to)
{
	char buf[64] = "";

	REQUIRE(tls_write(from, buf, sizeof(buf)) == sizeof(buf));
	REQUIRE(tls_read(to, buf, sizeof(buf)) == sizeof(buf));
}

TEST(round_trips)
{
	struct pair *p = pair_sockets(client_config(), server_config("server"), "server.test");
	int i;

	pair_established(p);
	drain(p->client);
	pass(p->client, p->server);
	pass(p->server, p->client);
	mark("begin");
	for (i = 0; i < TRIPS; i++) {
		pass(p->client, p->server);
		pass(p->server, p->client);
	}
	mark("end");
	pair_close(p);
	pair_free(p);
}
