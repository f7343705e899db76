/* tls_conn_export(3): what both ends derive of a connection. */
#include "harness.h"

#ifdef TLS_HAVE_CONN_EXPORT

#include <dlfcn.h>

static struct pair *
connected(const char *keypair)
{
	struct tls_config *cc = client_config(), *sc = server_config(keypair);
	struct pair *p = pair_sockets(cc, sc, "server.test");

	pair_established(p);
	tls_config_free(cc);
	tls_config_free(sc);
	return p;
}

/* An export of one end, good for four calls. */
static const uint8_t *
export(struct tls *ctx, const char *label, const char *context, size_t context_len)
{
	static uint8_t outs[4][32];
	static unsigned calls;
	uint8_t *out = outs[calls++ % 4];

	memset(out, 0, 32);
	REQUIRE_OK(ctx, tls_conn_export(ctx, label, (const uint8_t *)context, context_len, out, 32));
	return out;
}

#define SAME(a, b)	(memcmp((a), (b), 32) == 0)

TEST(export_is_both_ends)
{
	struct pair *p = connected("server"), *other = connected("server");
	const uint8_t *mine = export(p->client, "EXPORTER-test", "context", 7);

	CHECK(SAME(export(p->server, "EXPORTER-test", "context", 7), mine));
	CHECK(SAME(export(p->client, "EXPORTER-test", "context", 7), mine));
	mine = export(p->client, "EXPORTER-test", "context", 7);
	CHECK(!SAME(export(p->server, "EXPORTER-other", "context", 7), mine));
	CHECK(!SAME(export(p->server, "EXPORTER-test", "context", 6), mine));
	CHECK(!SAME(export(other->server, "EXPORTER-test", "context", 7), mine));
	/* No context is an empty one in TLS 1.3 (RFC 8446, 7.5), and isn't in TLS 1.2 (RFC 5705, 4). */
	mine = export(p->client, "EXPORTER-test", NULL, 0);
	CHECK(SAME(export(p->server, "EXPORTER-test", NULL, 0), mine));
	CHECK_INT(SAME(export(p->server, "EXPORTER-test", "", 0), mine), !tls12());
	pair_close(p);
	mine = export(p->client, "EXPORTER-test", "context", 7);
	CHECK(SAME(export(p->server, "EXPORTER-test", "context", 7), mine));
	pair_free(p);
	pair_free(other);
}

TEST(channel_bindings)
{
	static const char *const keypairs[] = { "server", "rsa" };
	uint8_t mine[TLS_MAX_CHANNEL_BINDING_LENGTH], theirs[TLS_MAX_CHANNEL_BINDING_LENGTH];
	char hex[2 * 32 + 1];
	size_t i, j;

	for (i = 0; i < sizeof(keypairs) / sizeof(keypairs[0]); i++) {
		struct pair *p = connected(keypairs[i]);

		CHECK_INT(tls_conn_channel_binding(p->client, "tls-exporter", mine, sizeof(mine)), 32);
		CHECK_INT(tls_conn_channel_binding(p->server, "tls-exporter", theirs, 32), 32);
		CHECK(SAME(mine, theirs));
		CHECK(SAME(export(p->client, "EXPORTER-Channel-Binding", "", 0), mine));

		/* Certificates of the tests are signed with SHA-256. */
		CHECK_INT(tls_conn_channel_binding(p->client, "tls-server-end-point", mine, sizeof(mine)), 32);
		CHECK_INT(tls_conn_channel_binding(p->server, "tls-server-end-point", theirs, sizeof(theirs)), 32);
		CHECK(SAME(mine, theirs));
		for (j = 0; j < 32; j++)
			snprintf(hex + 2 * j, 3, "%02x", mine[j]);
		CHECK_STR(hex, tls_peer_cert_hash(p->client) + strlen("SHA256:"));
		pair_free(p);
	}
}

/* A certificate that a session remembers serves as well. */
TEST(channel_bindings_after_a_resumption)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	uint8_t mine[TLS_MAX_CHANNEL_BINDING_LENGTH], theirs[TLS_MAX_CHANNEL_BINDING_LENGTH], first[32];
	struct pair *p, *again;

	CONFIG_OK(sc, tls_config_set_session_lifetime(sc, 3600));
	CONFIG_OK(cc, tls_config_set_session_fd(cc, session_file("session")));
	p = pair_sockets(cc, sc, "server.test");
	pair_established(p);
	CHECK_INT(tls_conn_channel_binding(p->client, "tls-exporter", first, 32), 32);
	say(p->server, p->client, "here is a ticket");
	again = pair_again(p->listener, cc, "server.test");
	pair_established(again);
	CHECK_INT(tls_conn_session_resumed(again->client), 1);
	CHECK_INT(tls_conn_channel_binding(again->client, "tls-exporter", mine, 32), 32);
	CHECK_INT(tls_conn_channel_binding(again->server, "tls-exporter", theirs, 32), 32);
	CHECK(SAME(mine, theirs) && !SAME(mine, first));
	CHECK_INT(tls_conn_channel_binding(again->client, "tls-server-end-point", mine, 32), 32);
	CHECK_INT(tls_conn_channel_binding(again->server, "tls-server-end-point", theirs, 32), 32);
	CHECK(SAME(mine, theirs));
	pair_keep_listener(again);
	pair_free(again);
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

struct kept {
	struct pair *p;
	uint8_t export[32], binding[32], end_point[32];
};

static void
export_again(void *arg)
{
	struct kept *kept = arg;
	struct tls *ends[] = { kept->p->client, kept->p->server };
	uint8_t binding[32];
	size_t i;

	for (i = 0; i < 2; i++) {
		CHECK(SAME(export(ends[i], "EXPORTER-test", NULL, 0), kept->export));
		CHECK_INT(tls_conn_channel_binding(ends[i], "tls-exporter", binding, 32), 32);
		CHECK(SAME(binding, kept->binding));
		CHECK_INT(tls_conn_channel_binding(ends[i], "tls-server-end-point", binding, 32), 32);
		CHECK(SAME(binding, kept->end_point));
	}
}

TEST(export_in_a_child)
{
	struct kept kept = { .p = connected("server") };

	memcpy(kept.export, export(kept.p->client, "EXPORTER-test", NULL, 0), 32);
	CHECK_INT(tls_conn_channel_binding(kept.p->client, "tls-exporter", kept.binding, 32), 32);
	CHECK_INT(tls_conn_channel_binding(kept.p->client, "tls-server-end-point", kept.end_point, 32), 32);
	reap(spawn(export_again, &kept));
	pair_free(kept.p);
}

TEST(export_refusals)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct pair *p = pair_sockets(cc, sc, "server.test");
	uint8_t out[64], big[16385];
	char label[251];
	size_t most = 255 * 32;

	CHECK_INT(tls_conn_export(p->client, "EXPORTER-test", NULL, 0, out, 32), -1);
	CHECK_STR(tls_error(p->client), "handshake not completed");
	CHECK_INT(tls_conn_channel_binding(p->listener, "tls-exporter", out, 32), -1);
	CHECK_STR(tls_error(p->listener), "handshake not completed");
	CHECK_INT(tls_conn_export(NULL, "EXPORTER-test", NULL, 0, out, 32), -1);
	CHECK_INT(tls_conn_channel_binding(NULL, "tls-exporter", out, 32), -1);
	pair_established(p);

#define REFUSED(call, text) do {					\
	CHECK_INT((call), -1);						\
	CHECK_STR(tls_error(p->client), (text));			\
	CHECK_INT(tls_error_code(p->client), TLS_ERROR_INVALID_ARGUMENT); \
} while (0)
	REFUSED(tls_conn_export(p->client, NULL, NULL, 0, out, 32), "no label");
	REFUSED(tls_conn_export(p->client, "", NULL, 0, out, 32), "label too long or empty");
	memset(label, 'x', sizeof(label) - 1);
	label[250] = '\0';
	REFUSED(tls_conn_export(p->client, label, NULL, 0, out, 32), "label too long or empty");
	label[249] = '\0';
	CHECK_INT(tls_conn_export(p->client, label, NULL, 0, out, 32), 0);
	REFUSED(tls_conn_export(p->client, "EXPORTER-test", NULL, 1, out, 32), "no context");
	REFUSED(tls_conn_export(p->client, "EXPORTER-test", out, 65536, out, 32), "context too long");
	REFUSED(tls_conn_export(p->client, "EXPORTER-test", out, SIZE_MAX, out, 32), "context too long");
	REFUSED(tls_conn_export(p->client, "EXPORTER-test", NULL, 0, NULL, 32), "no buffer");
	REFUSED(tls_conn_export(p->client, "EXPORTER-test", NULL, 0, out, 0), "outlen too short");
	REFUSED(tls_conn_export(p->client, "EXPORTER-test", NULL, 0, out, SIZE_MAX), "outlen too long");
	if (strstr(tls_conn_cipher(p->client), "SHA384") != NULL)
		most = 255 * 48;
	CHECK_INT(tls_conn_export(p->client, "EXPORTER-test", NULL, 0, big, most), 0);
	REFUSED(tls_conn_export(p->client, "EXPORTER-test", NULL, 0, big, most + 1), "outlen too long");
	if (tls12())
		REFUSED(tls_conn_export(p->client, "key expansion", NULL, 0, out, 32), "label is reserved for TLS");
	REFUSED(tls_conn_channel_binding(p->client, NULL, out, 32), "no channel binding type");
	REFUSED(tls_conn_channel_binding(p->client, "tls-unique", out, 32), "unknown channel binding type");
	REFUSED(tls_conn_channel_binding(p->client, "tls-exporter", NULL, 32), "no buffer");
	REFUSED(tls_conn_channel_binding(p->client, "tls-exporter", out, 31), "outlen too short");
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

/* The secrets are gone once the connection has failed. */
TEST(export_of_a_failed_connection)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct pair *p = pair_wires(cc, sc, "server.test");
	uint8_t out[32];
	char buf[16];

	pair_established(p);
	wire_put(&p->down, "\x17\x03\x03\x00\x20 this is no record of any server", 37);
	wire_release(&p->down);
	CHECK_INT(read_some(p->client, buf, sizeof(buf)), -1);
	CHECK_LIKE(tls_error(p->client), "read failed: *");
	CHECK_INT(tls_conn_export(p->client, "EXPORTER-test", NULL, 0, out, 32), -1);
	CHECK_LIKE(tls_error(p->client), "read failed: *");
	CHECK_INT(tls_conn_channel_binding(p->client, "tls-exporter", out, 32), -1);
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

/* What a program does that has to run with other libraries, too. */
TEST(export_by_dlsym)
{
	int (*export)(struct tls *, const char *, const uint8_t *, size_t, uint8_t *, size_t);
	struct pair *p = connected("server");
	uint8_t out[32];

	*(void **)&export = dlsym(RTLD_DEFAULT, "tls_conn_export");
	REQUIRE(export != NULL);
	CHECK_INT(export(p->client, "EXPORTER-test", NULL, 0, out, sizeof(out)), 0);
	pair_free(p);
}

#endif
