/* What threads may share: tls_init(3). See also transport.c. */
#include "harness.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

/* A listener whose threads accept, while another changes what live servers heed. */
struct shared {
	struct tls *listener;
	struct tls_config *sc, *cc;
	atomic_int left;	/* threads that still connect */
};

static void *
serve(void *arg)
{
	struct shared *shared = arg;
	struct pair *p;
	int i;

	for (i = 0; i < 20; i++) {
		p = pair_again(shared->listener, shared->cc, "server.test");
		pair_established(p);
		transfer(p->client, p->server, 20000, 7000);
		say(p->server, p->client, "answer");
		CHECK_STR(tls_peer_cert_subject(p->client), "/CN=server");
		pair_close(p);
		pair_keep_listener(p);
		pair_free(p);
	}
	atomic_fetch_sub(&shared->left, 1);
	return NULL;
}

TEST(threads_while_ticket_keys_change)
{
	struct shared shared = { .listener = tls_server(), .sc = server_config("server"), .cc = client_config() };
	unsigned char key[TLS_TICKET_KEY_SIZE];
	pthread_t threads[3];
	uint32_t revision = 1;
	int i;

	NEEDS(SERVER_TICKETS);
	CONFIG_OK(shared.sc, tls_config_set_session_lifetime(shared.sc, 100));
	CONFIG_OK(shared.cc, tls_config_set_session_fd(shared.cc, session_file("session")));
	REQUIRE_OK(shared.listener, tls_configure(shared.listener, shared.sc));
	atomic_store(&shared.left, 3);
	for (i = 0; i < 3; i++)
		REQUIRE(pthread_create(&threads[i], NULL, serve, &shared) == 0);
	while (atomic_load(&shared.left) > 0) {
		memset(key, revision, sizeof(key));
		CONFIG_OK(shared.sc, tls_config_add_ticket_key(shared.sc, revision, key, sizeof(key)));
		CHECK_INT(tls_config_add_ticket_key(shared.sc, revision++, key, 5), -1);
		CHECK_STR(tls_config_error(shared.sc), "wrong amount of ticket key data");
		CONFIG_OK(shared.sc, tls_config_set_ocsp_staple_mem(shared.sc, NULL, 0));
		CONFIG_OK(shared.sc, tls_config_set_session_lifetime(shared.sc, 100 + revision % 2));
		sched_yield();
	}
	for (i = 0; i < 3; i++)
		REQUIRE(pthread_join(threads[i], NULL) == 0);
	tls_free(shared.listener);
	tls_config_free(shared.cc);
	tls_config_free(shared.sc);
}
