/*
 * A panic in Go becomes an error of the call. The library is one built to ask, wherever it might
 * panic, whether it should; see capi/inject.go.
 */
#include "../harness.h"

#include <sys/wait.h>

enum how { NOT, TEXT, ERROR, INDEX, DIVIDE, FAULT };

int libtls_panics(const char *);

/* Where the next panic is to be, NULL once it was, and how often that place is passed before. */
static const char *place;
static enum how how;
static unsigned spared;

/* How often the library has asked. */
static unsigned long asked;

int
libtls_panics(const char *where)
{
	asked++;
	if (place == NULL || strcmp(where, place) != 0 || spared-- > 0)
		return NOT;
	place = NULL;
	return how;
}

/* All kinds of panics get their turns. */
static void
aim(const char *where, unsigned passes)
{
	how = how % DIVIDE + 1;
	place = where;
	spared = passes;
}

static void
check_hit(const char *error)
{
	if (!CHECK(place == NULL))
		check_note("%s isn't passed", place);
	place = NULL;
	CHECK_LIKE(error, "internal error: *");
}

static struct tls_config *cc, *sc;

static void
configure(void)
{
	cc = client_config();
	sc = server_config("server");
	CONFIG_OK(sc, tls_config_set_session_lifetime(sc, 3600));
}

static void
check_others(void)
{
	struct pair *p = pair_wires(cc, sc, "server.test");

	pair_established(p);
	say(p->server, p->client, "from the server");
	say(p->client, p->server, "from the client");
	pair_close(p);
	pair_free(p);
}

/* Nothing goes into a connection or out of it any more. */
static void
check_dead(struct pair *p, struct tls *ctx)
{
	struct end *e = ctx == p->client ? &p->client_end : &p->server_end;
	size_t written = e->out->len;
	unsigned reads = e->reads;
	char buf[8];

	check_hit(tls_error(ctx));
	CHECK_INT(tls_handshake(ctx), -1);
	CHECK_STR(tls_error(ctx), "internal error");
	CHECK_INT(tls_read(ctx, buf, sizeof(buf)), -1);
	CHECK_STR(tls_error(ctx), "internal error");
	CHECK_INT(tls_write(ctx, "text", 4), -1);
	CHECK_STR(tls_error(ctx), "internal error");
	CHECK_INT(tls_close(ctx), -1);
	CHECK_STR(tls_error(ctx), "internal error");
	CHECK_INT(e->out->len, written);
	CHECK_INT(e->reads, reads);
	check_others();
}

static struct pair *
established(void)
{
	struct pair *p = pair_wires(cc, sc, "server.test");

	pair_established(p);
	say(p->server, p->client, "hello");
	return p;
}

/* A configuration one of whose settings may be lost serves nobody. */
static void
check_useless(struct tls_config *config)
{
	struct tls *client = tls_client(), *server = tls_server(), *conn;
	struct end e = { .ctx = NULL };

	check_hit(tls_config_error(config));
	REQUIRE_OK(server, tls_configure(server, sc));
	CHECK_INT(tls_configure(client, config), -1);
	CHECK_STR(tls_error(client), "internal error");
	CHECK_INT(tls_connect_cbs(client, end_read, end_write, &e, "server.test"), -1);
	CHECK_INT(tls_configure(server, config), -1);
	CHECK_STR(tls_error(server), "internal error");
	CHECK_INT(tls_accept_cbs(server, &conn, end_read, end_write, &e), -1);
	CHECK(conn == NULL);
	tls_free(client);
	tls_free(server);
	tls_config_free(config);
}

static struct tls_config *
aimed_at(const char *where)
{
	struct tls_config *config = server_config("server");

	aim(where, 0);
	return config;
}

#define SETTING(where, call) do {					\
	struct tls_config *c = aimed_at(where);				\
	CHECK_INT(call, -1);						\
	check_useless(c);						\
} while (0)

#define VOID_SETTING(where, call) do {					\
	struct tls_config *c = aimed_at(where);				\
	call;								\
	check_useless(c);						\
} while (0)

TEST(settings)
{
	uint8_t key[48] = { 0 };
	const uint8_t *bytes = key;

	configure();
	SETTING("goConfigSetNumber", tls_config_set_protocols(c, TLS_PROTOCOLS_ALL));
	SETTING("goConfigSetText", tls_config_set_alpn(c, "one"));
	SETTING("goConfigSetText", tls_config_set_ciphers(c, "compat"));
	SETTING("goConfigSetText", tls_config_set_dheparams(c, "auto"));
	SETTING("goConfigSetText", tls_config_set_ecdhecurve(c, "auto"));
	SETTING("goConfigSetText", tls_config_set_ecdhecurves(c, "P-256"));
	SETTING("goConfigSetText", tls_config_set_ca_path(c, "/"));
	SETTING("goConfigSetBytes", tls_config_set_ca_mem(c, bytes, 1));
	SETTING("goConfigSetBytes", tls_config_set_crl_mem(c, bytes, 1));
	SETTING("goConfigSetBytes", tls_config_set_cert_mem(c, bytes, 1));
	SETTING("goConfigSetBytes", tls_config_set_key_mem(c, bytes, 1));
	SETTING("goConfigSetKeypairOCSPMem", tls_config_set_keypair_ocsp_mem(c, bytes, 1, bytes, 1, bytes, 1));
	SETTING("goConfigAddKeypairOCSPMem", tls_config_add_keypair_ocsp_mem(c, bytes, 1, bytes, 1, bytes, 1));
	SETTING("goConfigSetBytes", tls_config_set_ocsp_staple_mem(c, bytes, 1));
	SETTING("goConfigNameFile", tls_config_set_cert_file(c, pki("server.pem")));
	SETTING("goConfigKeypairFiles", tls_config_reload(c));
	SETTING("goConfigReload", tls_config_reload(c));
	SETTING("goConfigSetNumber", tls_config_set_verify_depth(c, 3));
	SETTING("goConfigSetNumber", tls_config_set_keylog_fd(c, -1));
	SETTING("goConfigSetNumber", tls_config_set_session_fd(c, -1));
	SETTING("goConfigSetBytes", tls_config_set_session_id(c, bytes, 4));
	SETTING("goConfigSetNumber", tls_config_set_session_lifetime(c, 60));
	SETTING("goConfigShare", tls_config_set_session_lifetime(c, 60));
	SETTING("goConfigSetNumber", tls_config_set_num_tickets(c, 1));
	SETTING("goConfigSetBytes", tls_config_set_ticket_key_file(c, NULL));
	SETTING("goConfigAddTicketKey", tls_config_add_ticket_key(c, 1, key, sizeof(key)));
	/* What a child would be rebuilt from. */
	SETTING("goConfigSave", tls_config_set_verify_depth(c, 3));
	VOID_SETTING("goConfigSwitch", tls_config_prefer_ciphers_client(c));
	VOID_SETTING("goConfigSwitch", tls_config_prefer_ciphers_server(c));
	VOID_SETTING("goConfigSwitch", tls_config_ocsp_require_stapling(c));
	VOID_SETTING("goConfigSwitch", tls_config_skip_private_key_check(c));
	VOID_SETTING("goConfigSwitch", tls_config_use_fake_private_key(c));
	VOID_SETTING("goConfigSwitch", tls_config_verify(c));
	VOID_SETTING("goConfigSwitch", tls_config_insecure_noverifycert(c));
	VOID_SETTING("goConfigSwitch", tls_config_insecure_noverifyname(c));
	VOID_SETTING("goConfigSwitch", tls_config_insecure_noverifytime(c));
	VOID_SETTING("goConfigSwitch", tls_config_clear_keys(c));
	VOID_SETTING("goConfigSwitch", tls_config_verify_client(c));
	VOID_SETTING("goConfigSwitch", tls_config_verify_client_optional(c));
	VOID_SETTING("goConfigSetSignCB", tls_config_set_sign_cb(c, NULL, NULL));
}

/* Also one that a client has already. */
TEST(setting_of_a_configured_client)
{
	struct tls_config *config = client_config();
	struct tls *client = tls_client();
	struct end e = { .ctx = NULL };

	tls_config_insecure_noverifycert(config);
	REQUIRE_OK(client, tls_configure(client, config));
	aim("goConfigSwitch", 0);
	tls_config_verify(config);
	check_hit(tls_config_error(config));
	CHECK_INT(tls_connect_cbs(client, end_read, end_write, &e, "server.test"), -1);
	CHECK_STR(tls_error(client), "internal error");
}

#define GETTER(where, call, value) do {					\
	struct pair *p = established();					\
	struct tls *t = p->client;					\
	aim(where, 0);							\
	CHECK((call) == (value));					\
	check_dead(p, t);						\
	pair_free(p);							\
} while (0)

TEST(getters)
{
	uint8_t out[64];
	size_t len;

	configure();
	GETTER("goContextString", tls_conn_version(t), NULL);
	GETTER("goContextString", tls_conn_cipher(t), NULL);
	GETTER("goContextNumber", tls_conn_cipher_strength(t), 0);
	GETTER("goContextString", tls_conn_group(t), NULL);
	GETTER("goContextString", tls_conn_alpn_selected(t), NULL);
	GETTER("goContextString", tls_conn_servername(t), NULL);
	GETTER("goContextNumber", tls_conn_session_resumed(t), 0);
	GETTER("goContextNumber", tls_conn_peer_closed(t), 0);
	GETTER("goConnExport", tls_conn_export(t, "EXPORTER-test", NULL, 0, out, sizeof(out)), -1);
	GETTER("goConnChannelBinding", tls_conn_channel_binding(t, "tls-exporter", out, sizeof(out)), -1);
	GETTER("goContextNumber", tls_peer_cert_provided(t), 0);
	GETTER("goPeerCertContainsName", tls_peer_cert_contains_name(t, "server.test"), 0);
	GETTER("goContextString", tls_peer_cert_common_name(t), NULL);
	GETTER("goContextString", tls_peer_cert_hash(t), NULL);
	GETTER("goContextString", tls_peer_cert_issuer(t), NULL);
	GETTER("goContextString", tls_peer_cert_subject(t), NULL);
	GETTER("goContextNumber", tls_peer_cert_notbefore(t), -1);
	GETTER("goContextNumber", tls_peer_cert_notafter(t), -1);
	GETTER("goContextString", tls_peer_cert_chain_pem(t, &len), NULL);
	GETTER("goOCSPProcessResponse", tls_ocsp_process_response(t, (const uint8_t *)"", 1), -1);
	GETTER("goContextString", tls_peer_ocsp_url(t), NULL);
	GETTER("goPeerOCSPResult", tls_peer_ocsp_result(t), NULL);
	GETTER("goContextNumber", tls_peer_ocsp_response_status(t), -1);
	GETTER("goContextNumber", tls_peer_ocsp_cert_status(t), -1);
	GETTER("goContextNumber", tls_peer_ocsp_crl_reason(t), -1);
	GETTER("goContextNumber", tls_peer_ocsp_this_update(t), -1);
	GETTER("goContextNumber", tls_peer_ocsp_next_update(t), -1);
	GETTER("goContextNumber", tls_peer_ocsp_revocation_time(t), -1);
}

TEST(established_connections)
{
	struct pair *p;
	char buf[8];

	configure();
	p = established();
	CHECK_INT(tls_write(p->server, "text", 4), 4);
	aim("goStep", 0);
	CHECK_INT(tls_read(p->client, buf, sizeof(buf)), -1);
	check_dead(p, p->client);
	pair_free(p);

	p = established();
	aim("goStep", 0);
	CHECK_INT(tls_write(p->server, "text", 4), -1);
	check_dead(p, p->server);
	pair_free(p);

	p = established();
	aim("goStep", 0);
	CHECK_INT(tls_close(p->client), -1);
	check_dead(p, p->client);
	pair_free(p);
}

/*
 * A connection that begins with a panic, after some passes of the place, perhaps while the ticket keys
 * are locked. Whether it came to that.
 */
static int
begin(uint32_t version, const char *where, unsigned passes)
{
	struct pair *p;
	struct tls *ctx;
	int i, rc, hit;

	configure();
	CONFIG_OK(cc, tls_config_set_protocols(cc, version));
	CONFIG_OK(sc, tls_config_set_protocols(sc, version));
	CONFIG_OK(cc, tls_config_set_session_fd(cc, session_file("session")));
	p = pair_wires(cc, sc, "server.test");
	aim(where, passes);
	for (i = 0; i < 20 && place != NULL; i++) {
		ctx = i % 2 ? p->server : p->client;
		if (i < 10)
			rc = tls_handshake(ctx);
		else
			rc = tls_write(ctx, "text", 4);
	}
	hit = place == NULL;
	place = NULL;
	if (hit) {
		CHECK_INT(rc, -1);
		check_dead(p, ctx);
	}
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
	return hit;
}

TEST(handshakes)
{
	static const char *const places[] = { "goStep", "goStep rand" };
	static const uint32_t versions[] = { TLS_PROTOCOL_TLSv1_2, TLS_PROTOCOL_TLSv1_3 };
	unsigned passes;
	size_t i;

	for (i = 0; i < 4; i++) {
		for (passes = 0; begin(versions[i / 2], places[i % 2], passes); passes++)
			continue;
		CHECK(passes >= 4);
	}
}

static int
signature(void *arg, const char *hash, const uint8_t *input, size_t len, int padding, uint8_t **out, size_t *out_len)
{
	(void)arg, (void)hash, (void)input, (void)len, (void)padding;
	*out = calloc(1, 8);
	*out_len = 8;
	return *out == NULL ? -1 : 0;
}

/* What a program has signed is handed in by a call of its own. */
TEST(signatures)
{
	struct tls_config *remote = server_config("server");
	struct pair *p;
	int i;

	configure();
	tls_config_set_sign_cb(remote, signature, NULL);
	p = pair_wires(cc, remote, "server.test");
	aim("goAnswer", 0);
	for (i = 0; i < 20 && place != NULL; i++)
		i % 2 ? (p->server_rc = tls_handshake(p->server)) : tls_handshake(p->client);
	CHECK(place == NULL);
	CHECK_INT(p->server_rc, -1);
	check_dead(p, p->server);
	pair_free(p);
	tls_config_free(remote);
}

/* Once reset, a context is as good as new. */
TEST(contexts)
{
	struct tls *client = tls_client(), *server = tls_server(), *conn;
	struct end e = { .ctx = NULL };

	configure();
	aim("goContextRestore", 0);
	CHECK_INT(tls_connect_cbs(client, end_read, end_write, &e, "server.test"), -1);
	check_hit(tls_error(client));
	tls_reset(client);
	REQUIRE_OK(client, tls_configure(client, cc));
	REQUIRE_OK(client, tls_connect_cbs(client, end_read, end_write, &e, "server.test"));
	aim("goConfigure", 0);
	CHECK_INT(tls_configure(client, cc), -1);
	check_hit(tls_error(client));
	CHECK_INT(tls_connect_cbs(client, end_read, end_write, &e, "server.test"), -1);
	CHECK_STR(tls_error(client), "internal error");
	tls_reset(client);
	REQUIRE_OK(client, tls_configure(client, cc));
	aim("goConnect", 0);
	CHECK_INT(tls_connect_cbs(client, end_read, end_write, &e, "server.test"), -1);
	check_hit(tls_error(client));
	CHECK_INT(tls_handshake(client), -1);
	CHECK_STR(tls_error(client), "internal error");
	tls_reset(client);
	REQUIRE_OK(client, tls_configure(client, cc));
	aim("goContextSave", 0);
	CHECK_INT(tls_connect_cbs(client, end_read, end_write, &e, "server.test"), -1);
	check_hit(tls_error(client));
	aim("goContextFree", 0);
	tls_free(client);
	CHECK(place == NULL);

	REQUIRE_OK(server, tls_configure(server, sc));
	REQUIRE_OK(server, tls_accept_cbs(server, &conn, end_read, end_write, &e));
	aim("goContextRestore", 0);
	CHECK_INT(tls_handshake(conn), -1);
	check_hit(tls_error(conn));
	tls_free(conn);
	CONFIG_OK(sc, tls_config_reload(sc));
	aim("goContextRenew", 0);
	CHECK_INT(tls_accept_cbs(server, &conn, end_read, end_write, &e), -1);
	CHECK(conn == NULL);
	check_hit(tls_error(server));
	REQUIRE_OK(server, tls_accept_cbs(server, &conn, end_read, end_write, &e));
	tls_free(conn);
	aim("goConfigure", 0);
	CHECK_INT(tls_configure(server, sc), -1);
	check_hit(tls_error(server));
	CHECK_INT(tls_accept_cbs(server, &conn, end_read, end_write, &e), -1);
	aim("goContextSnapshot", 0);
	CHECK_INT(tls_configure(server, sc), -1);
	check_hit(tls_error(server));
	CHECK_INT(tls_accept_cbs(server, &conn, end_read, end_write, &e), -1);
	REQUIRE_OK(server, tls_configure(server, sc));
	REQUIRE_OK(server, tls_accept_cbs(server, &conn, end_read, end_write, &e));
	tls_free(conn);
	tls_free(server);
	check_others();
}

/* A session is offered once files of a hashed directory are read. */
TEST(between_files)
{
	struct tls *client = tls_client();
	struct end e = { .ctx = NULL };
	struct tls_config *hashed = plain_config();
	struct pair *p;

	configure();
	CONFIG_OK(hashed, tls_config_set_ca_path(hashed, pki("hashed")));
	CONFIG_OK(hashed, tls_config_set_session_fd(hashed, session_file("session")));
	p = pair_wires(hashed, sc, "server.test");
	pair_established(p);
	say(p->server, p->client, "ticket");
	pair_free(p);
	REQUIRE_OK(client, tls_configure(client, hashed));
	aim("goGoOn", 0);
	CHECK_INT(tls_connect_cbs(client, end_read, end_write, &e, "server.test"), -1);
	check_hit(tls_error(client));
	CHECK_INT(tls_handshake(client), -1);
	CHECK_STR(tls_error(client), "internal error");
	tls_free(client);
	tls_config_free(hashed);
	check_others();
}

/* Those without an object, and those that make or release one. */
TEST(without_an_object)
{
	struct tls_config *config;
	char password[] = "secret";
	uint32_t protocols;
	size_t len;

	configure();
	aim("goConfigNew", 0);
	CHECK(tls_config_new() == NULL);
	aim("goConfigNew rand", 0);
	CHECK(tls_config_new() == NULL);
	aim("goSignerNew", 0);
	CHECK(tls_signer_new() == NULL);
	aim("goParseProtocols", 0);
	CHECK_INT(tls_config_parse_protocols(&protocols, "all"), -1);
	aim("goDecryptKey", 0);
	CHECK(tls_load_file(pki("server.key"), &len, password) == NULL);
	CHECK_INT(len, 0);
	aim("goDefaultCACertFile", 0);
	CHECK(tls_default_ca_cert_file() != NULL);
	CHECK(place == NULL);
	REQUIRE((config = tls_config_new()) != NULL);
	aim("goConfigFree", 0);
	tls_config_free(config);
	CHECK(place == NULL);
	check_others();
}

TEST(signers)
{
	struct tls_signer *signer = tls_signer_new();
	uint8_t bytes[32] = { 0 }, *sig;
	size_t len;

	aim("goSignerAddKeypairMem", 0);
	CHECK_INT(tls_signer_add_keypair_file(signer, pki("server.pem"), pki("server.key")), -1);
	check_hit(tls_signer_error(signer));
	aim("goSignerAddKeypairMem", 0);
	CHECK_INT(tls_signer_add_keypair_mem(signer, bytes, 1, bytes, 1), -1);
	check_hit(tls_signer_error(signer));
	aim("goSignerSign", 0);
	CHECK_INT(tls_signer_sign(signer, "SHA256:00", bytes, sizeof(bytes), 0, &sig, &len), -1);
	check_hit(tls_signer_error(signer));
	aim("goSignerSave", 0);
	tls_signer_add_keypair_file(signer, pki("server.pem"), pki("server.key"));
	check_hit(tls_signer_error(signer));
	CHECK_INT(tls_signer_add_keypair_file(signer, pki("server.pem"), pki("server.key")), 0);
	aim("goSignerFree", 0);
	tls_signer_free(signer);
	CHECK(place == NULL);
}

/* In a child, where objects are rebuilt. All but connections are tried again. */
struct inherited {
	struct pair *p;
	struct tls_signer *signer;
};

static void
rebuild(void *arg)
{
	struct inherited *i = arg;
	uint8_t bytes[32], *sig;
	struct tls *conn;
	size_t len;

	aim("goConfigRestore", 0);
	CHECK_INT(tls_config_set_verify_depth(cc, 3), -1);
	check_hit(tls_config_error(cc));
	CONFIG_OK(cc, tls_config_set_verify_depth(cc, 3));
	REQUIRE_OK(i->p->listener, tls_accept_cbs(i->p->listener, &conn, end_read, end_write, &i->p->server_end));
	aim("goListenerRestore", 0);
	CHECK_INT(tls_handshake(conn), -1);
	check_hit(tls_error(conn));
	tls_free(conn);
	aim("goContextRestore", 0);
	CHECK_INT(tls_write(i->p->server, "text", 4), -1);
	check_dead(i->p, i->p->server);
	aim("goSignerRestore", 0);
	CHECK_INT(tls_signer_sign(i->signer, "SHA256:00", bytes, sizeof(bytes), 0, &sig, &len), -1);
	check_hit(tls_signer_error(i->signer));
	CHECK_INT(tls_signer_sign(i->signer, "SHA256:00", bytes, sizeof(bytes), 0, &sig, &len), -1);
	CHECK_STR(tls_signer_error(i->signer), "key not found");
}

TEST(rebuilding)
{
	struct inherited i;

	configure();
	i.signer = tls_signer_new();
	i.p = established();
	reap(spawn(rebuild, &i));
	say(i.p->server, i.p->client, "goes on");
}

/* Neither a fork, whatever there is, nor a child that only accepts, resets and frees calls a function in Go. */
static struct pair *inherited[50];
static unsigned long asked_before;

static void
only_free(void *arg)
{
	struct pair *p = inherited[0];
	struct tls *conn;
	size_t i;

	(void)arg;
	REQUIRE_OK(p->listener, tls_accept_cbs(p->listener, &conn, end_read, end_write, &p->server_end));
	tls_free(conn);
	tls_reset(p->listener);
	CHECK_INT(tls_accept_cbs(p->listener, &conn, end_read, end_write, &p->server_end), -1);
	CHECK_STR(tls_error(p->listener), "ssl failure");
	for (i = 0; i < 50; i++)
		pair_free(inherited[i]);
	tls_config_free(cc);
	tls_config_free(sc);
	CHECK_INT(asked, asked_before);
}

TEST(forks)
{
	struct tls *conn;
	size_t i;
	pid_t pid;

	configure();
	for (i = 0; i < 50; i++)
		inherited[i] = established();
	CONFIG_OK(sc, tls_config_reload(sc));
	REQUIRE_OK(inherited[0]->listener,
	    tls_accept_cbs(inherited[0]->listener, &conn, end_read, end_write, &inherited[0]->server_end));
	tls_free(conn);
	asked_before = asked;
	CHECK(asked_before > 50);
	pid = spawn(only_free, NULL);
	CHECK_INT(asked, asked_before);
	reap(pid);
	CHECK_INT(asked, asked_before);
	say(inherited[0]->client, inherited[0]->server, "text");
	CHECK(asked > asked_before);
}

TEST(no_memory_is_lost)
{
	struct pair *p;
	long before = 0;
	int i;

	configure();
	for (i = 0; i < 3000; i++) {
		p = pair_wires(cc, sc, "server.test");
		aim("goStep", i % 4);
		CHECK_INT(pair_handshake(p), -1);
		pair_free(p);
		if (i == 1000)
			before = process_size("VmRSS:");
	}
	if (!CHECK(process_size("VmRSS:") < before + 8 * 1024))
		check_note("%ld kB, then %ld kB", before, process_size("VmRSS:"));
}

/* Not a panic, and nobody's to handle: signals are blocked inside of Go. */
static void
handler(int sig)
{
	(void)sig;
	_exit(0);
}

TEST(a_fault_ends_the_process)
{
	int status;
	pid_t pid;

	configure();
	signal(SIGSEGV, handler);
	REQUIRE((pid = fork()) != -1);
	if (pid == 0) {
		aim("goConfigNew", 0);
		how = FAULT;
		tls_config_new();
		_exit(0);
	}
	REQUIRE(waitpid(pid, &status, 0) == pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}
