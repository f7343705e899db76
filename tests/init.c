/* tls_init(3): objects, their defaults and their error slots. */
#include "harness.h"

TEST(init_twice)
{
	CHECK_INT(tls_init(), 0);
	CHECK_INT(tls_init(), 0);
}

TEST(init_is_optional)
{
	struct tls_config *config = tls_config_new();

	REQUIRE(config != NULL);
	CHECK_STR(tls_config_error(config), NULL);
	tls_config_free(config);
}

TEST(free_of_null)
{
	tls_config_free(NULL);
	tls_free(NULL);
	tls_unload_file(NULL, 0);
}

TEST(objects_are_distinct)
{
	struct tls_config *a = tls_config_new(), *b = tls_config_new();
	struct tls *c = tls_client(), *d = tls_server();

	CHECK(a != NULL && b != NULL && a != b);
	CHECK(c != NULL && d != NULL && c != d);
	CHECK_STR(tls_error(c), NULL);
	CHECK_STR(tls_error(d), NULL);
	tls_free(c);
	tls_free(d);
	tls_config_free(a);
	tls_config_free(b);
}

TEST(many_objects)
{
	struct tls *ctx[200];
	struct tls_config *config = tls_config_new();
	int i;

	for (i = 0; i < 200; i++) {
		ctx[i] = tls_client();
		REQUIRE(ctx[i] != NULL);
		REQUIRE(tls_configure(ctx[i], config) == 0);
	}
	tls_config_free(config);
	for (i = 0; i < 200; i++)
		tls_free(ctx[i]);
}

TEST(config_outlives_its_creator)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct pair *p = pair_sockets(cc, sc, "server.test");

	tls_config_free(cc);
	tls_config_free(sc);
	pair_established(p);
	say(p->client, p->server, "configured");
	pair_close(p);
	pair_free(p);
}

TEST(config_error_stays_after_success)
{
	struct tls_config *config = tls_config_new();

	CHECK_INT(tls_config_set_session_lifetime(config, 1), -1);
	CHECK_STR(tls_config_error(config), "session lifetime too small");
	CHECK_INT(tls_config_set_session_lifetime(config, 100), 0);
	CHECK_STR(tls_config_error(config), "session lifetime too small");
	CHECK_INT(tls_config_set_session_lifetime(config, 100000), -1);
	CHECK_STR(tls_config_error(config), "session lifetime too large");
	tls_config_free(config);
}

TEST(error_of_null)
{
	NEEDS(NULL_ARGUMENTS);
	CHECK_STR(tls_error(NULL), NULL);
	CHECK_STR(tls_config_error(NULL), NULL);
}

TEST(constants)
{
	CHECK_INT(TLS_API, 20200120);
	if (!LACKS(NO_PROTOCOL) || TLS_PROTOCOL_TLSv1_0 != TLS_PROTOCOL_TLSv1_2) {
		CHECK_INT(TLS_PROTOCOL_TLSv1_0, 0x02);
		CHECK_INT(TLS_PROTOCOL_TLSv1_1, 0x04);
	}
	CHECK_INT(TLS_PROTOCOL_TLSv1_2, 0x08);
	CHECK_INT(TLS_PROTOCOL_TLSv1_3, 0x10);
	CHECK_INT(TLS_PROTOCOLS_DEFAULT, 0x18);
	CHECK(TLS_PROTOCOLS_ALL == TLS_PROTOCOL_TLSv1);
	if (!LACKS(NO_PROTOCOL))
		CHECK_INT(TLS_PROTOCOLS_ALL, 0x18);
	CHECK_INT(TLS_WANT_POLLIN, -2);
	CHECK_INT(TLS_WANT_POLLOUT, -3);
	CHECK_INT(TLS_MAX_SESSION_ID_LENGTH, 32);
	CHECK_INT(TLS_TICKET_KEY_SIZE, 48);
	CHECK_INT(TLS_OCSP_RESPONSE_UNAUTHORIZED, 5);
	CHECK_INT(TLS_OCSP_CERT_UNKNOWN, 2);
	CHECK_INT(TLS_CRL_REASON_AA_COMPROMISE, 10);
}
