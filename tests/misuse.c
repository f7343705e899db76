/* Calls that no program should make: each fails, and spoils nothing for later. */
#include "harness.h"

#include <limits.h>

/* Lengths. Nothing is read of memory that is too long, so it may be anywhere. */

static const uint8_t some[1];

static int
ca(struct tls_config *config, size_t len)
{
	return tls_config_set_ca_mem(config, some, len);
}

static int
crl(struct tls_config *config, size_t len)
{
	return tls_config_set_crl_mem(config, some, len);
}

static int
certificate(struct tls_config *config, size_t len)
{
	return tls_config_set_cert_mem(config, some, len);
}

static int
key(struct tls_config *config, size_t len)
{
	return tls_config_set_key_mem(config, some, len);
}

static int
staple(struct tls_config *config, size_t len)
{
	return tls_config_set_ocsp_staple_mem(config, some, len);
}

/* Other parts of a key pair that are good, but for the one that is too long. */

static int
pair(struct tls_config *config, size_t len)
{
	size_t cert_len;
	uint8_t *cert = pki_bytes("p384.pem", &cert_len);
	int rv = tls_config_set_keypair_mem(config, cert, cert_len, some, len);

	tls_unload_file(cert, cert_len);
	return rv;
}

static int
pair_with_staple(struct tls_config *config, size_t len)
{
	size_t cert_len, key_len;
	uint8_t *cert = pki_bytes("p384.pem", &cert_len), *k = pki_bytes("p384.key", &key_len);
	int rv = tls_config_set_keypair_ocsp_mem(config, cert, cert_len, k, key_len, some, len);

	tls_unload_file(cert, cert_len);
	tls_unload_file(k, key_len);
	return rv;
}

static int
added(struct tls_config *config, size_t len)
{
	return tls_config_add_keypair_mem(config, some, len, NULL, 0);
}

static int
added_with_staple(struct tls_config *config, size_t len)
{
	size_t cert_len, key_len;
	uint8_t *cert = pki_bytes("p384.pem", &cert_len), *k = pki_bytes("p384.key", &key_len);
	int rv = tls_config_add_keypair_ocsp_mem(config, cert, cert_len, k, key_len, some, len);

	tls_unload_file(cert, cert_len);
	tls_unload_file(k, key_len);
	return rv;
}

static int
session_id(struct tls_config *config, size_t len)
{
	return tls_config_set_session_id(config, some, len);
}

static int
ticket_key(struct tls_config *config, size_t len)
{
	return tls_config_add_ticket_key(config, 1, (unsigned char *)some, len);
}

static const struct {
	int (*set)(struct tls_config *, size_t);
	const char *text;
	enum difference lacking;
} too_long[] = {
	{ ca, "ca too long", LENGTHS },
	{ crl, "crl too long", LENGTHS },
	{ certificate, "certificate too long", LENGTHS },
	{ key, "key too long", LENGTHS },
	{ staple, "ocsp staple too long", LENGTHS },
	{ pair, "key too long", LENGTHS },
	{ pair_with_staple, "ocsp staple too long", LENGTHS },
	{ added, "certificate too long", LENGTHS },
	{ added_with_staple, "ocsp staple too long", LENGTHS },
	{ session_id, "session ID too large", DIFFERENCES_END },
	{ ticket_key, "wrong amount of ticket key data", DIFFERENCES_END },
};

TEST(lengths_that_no_memory_has)
{
	static const size_t lengths[] = { (size_t)INT_MAX + 1, (size_t)UINT_MAX + 49, SIZE_MAX / 2, SIZE_MAX };
	struct tls_config *cc = client_config(), *sc = server_config("server");
	size_t i, j;

	for (i = 0; i < sizeof(too_long) / sizeof(too_long[0]); i++) {
		if (too_long[i].lacking != DIFFERENCES_END && LACKS(too_long[i].lacking))
			continue;
		for (j = 0; j < sizeof(lengths) / sizeof(lengths[0]); j++) {
			CHECK_INT(too_long[i].set(sc, lengths[j]), -1);
			CHECK_STR(tls_config_error(sc), too_long[i].text);
			CHECK_INT(too_long[i].set(cc, lengths[j]), -1);
			CHECK_STR(tls_config_error(cc), too_long[i].text);
		}
	}
	/* What was set before still is. */
	whole_connection(cc, sc);
	tls_config_free(cc);
	tls_config_free(sc);
}

TEST(ocsp_response_that_no_memory_has)
{
	struct tls_config *cc = client_config(), *sc = server_config("ocsp");
	struct pair *p = pair_sockets(cc, sc, "server.test");

	NEEDS(LENGTHS);
	pair_established(p);
	CHECK_INT(tls_ocsp_process_response(p->client, some, (size_t)INT_MAX + 1), -1);
	CHECK_STR(tls_error(p->client), "OCSP response too long");
	CHECK_INT(tls_ocsp_process_response(p->client, some, SIZE_MAX), -1);
	CHECK_STR(tls_error(p->client), "OCSP response too long");
	CHECK(tls_peer_ocsp_url(p->client) != NULL);
	say(p->client, p->server, "on");
	pair_close(p);
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

/* NULL in the place of a result. */

TEST(no_place_for_a_result)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct tls *listener = tls_server();
	uint32_t protocols = 0;

	NEEDS(NULL_ARGUMENTS);
	REQUIRE_OK(listener, tls_configure(listener, sc));
	CHECK_INT(tls_accept_socket(listener, NULL, 0), -1);
	CHECK_STR(tls_error(listener), "no place for the connection context");
	CHECK_INT(tls_accept_fds(listener, NULL, 0, 1), -1);
	CHECK_INT(tls_accept_cbs(listener, NULL, end_read, end_write, NULL), -1);
	CHECK_STR(tls_error(listener), "no place for the connection context");
	CHECK_INT(tls_accept_fds(NULL, NULL, 0, 1), -1);
	errno = 0;
	CHECK(tls_load_file(pki("server.pem"), NULL, NULL) == NULL);
	CHECK_INT(errno, EFAULT);
	CHECK_INT(tls_config_parse_protocols(NULL, "all"), -1);
	CHECK_INT(tls_config_parse_protocols(&protocols, "all"), 0);
	whole_connection(cc, sc);
	tls_free(listener);
	tls_config_free(cc);
	tls_config_free(sc);
}
