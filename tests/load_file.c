/* tls_load_file(3): files and memory, key pairs, trust. */
#include "harness.h"
#include "lease.h"

#include <sys/stat.h>

#include <dirent.h>
#include <fcntl.h>

TEST(load_file_raw)
{
	char content[8192];
	size_t len = 77, want = read_file(pki("server.pem"), content, sizeof(content));
	uint8_t *buf = tls_load_file(pki("server.pem"), &len, NULL);

	REQUIRE(buf != NULL);
	CHECK_INT(len, want);
	CHECK(memcmp(buf, content, want) == 0);
	tls_unload_file(buf, len);
}

TEST(load_file_can_be_freed)
{
	size_t len;
	uint8_t *buf = tls_load_file(pki("server.pem"), &len, NULL);

	REQUIRE(buf != NULL);
	free(buf);
}

TEST(load_file_empty)
{
	size_t len = 77;
	uint8_t *buf = tls_load_file(pki("empty.pem"), &len, NULL);

	CHECK(buf != NULL);
	CHECK_INT(len, 0);
	tls_unload_file(buf, len);
}

TEST(load_file_failures)
{
	size_t len = 77;

	errno = 0;
	CHECK(tls_load_file(pki("missing"), &len, NULL) == NULL);
	CHECK_INT(errno, ENOENT);
	CHECK_INT(len, 0);
	len = 77;
	errno = 0;
	CHECK(tls_load_file("/", &len, NULL) == NULL);
	CHECK_INT(errno, EISDIR);
	CHECK_INT(len, 0);
}

static void
load_key(const char *name, char *password, int good)
{
	static const char begin[] = "-----BEGIN PRIVATE KEY-----\n";
	struct tls_config *cc, *sc;
	struct pair *p;
	size_t len = 77, cert_len;
	uint8_t *key = tls_load_file(pki(name), &len, password), *cert;

	if (!CHECK((key != NULL) == good)) {
		check_note("%s with password %s", name, password);
		return;
	}
	if (!good) {
		CHECK_INT(len, 0);
		return;
	}
	REQUIRE(len > sizeof(begin));
	CHECK(memcmp(key, begin, sizeof(begin) - 1) == 0);
	cert = pki_bytes(strncmp(name, "rsa", 3) == 0 ? "rsa.pem" : "server.pem", &cert_len);
	cc = client_config();
	sc = server_config("p384");
	CONFIG_OK(sc, tls_config_set_keypair_mem(sc, cert, cert_len, key, len));
	tls_unload_file(cert, cert_len);
	tls_unload_file(key, len);
	p = pair_sockets(cc, sc, "server.test");
	pair_established(p);
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

TEST(load_file_with_password)
{
	static char longest[1100];

	memset(longest, 'x', sizeof(longest) - 1);
	load_key("server-encrypted.key", "secret", 1);
	load_key("server-encrypted.key", "wrong", 0);
	load_key("server-encrypted.key", longest, 0);
	load_key("rsa-legacy-encrypted.key", "secret", 1);
	load_key("rsa-legacy-encrypted.key", "wrong", 0);
	load_key("server-scrypt.key", "secret", 1);
	load_key("server-pkcs12.key", "secret", 1);
	load_key("server-sha512.key", "secret", 1);
	load_key("server-sha512-256.key", "secret", 1);
	load_key("server-3des.key", "secret", 1);
	load_key("server-explicit.key", "ignored", 1);
	load_key("server-bom.key", "ignored", 1);
	load_key("rsa-pkcs8-as-rsa.key", "ignored", 1);
	load_key("rsa-coefficient.key", "ignored", 1);
	load_key("server-pkcs8-as-ec.key", "ignored", 1);
	if (!LACKS(SEC1_AS_PKCS8))
		load_key("server-sec1-as-pkcs8.key", "ignored", 1);
	load_key("server.key", "ignored", 1);
	load_key("server-sec1.key", "ignored", 1);
	load_key("rsa-pkcs1.key", "ignored", 1);
	load_key("combined.pem", "ignored", 1);
	load_key("server.pem", "secret", 0);
	load_key("empty.pem", "secret", 0);
	load_key("junk.pem", "secret", 0);
}

TEST(why_a_key_cannot_be_decrypted)
{
	static const struct { const char *key; char *password; int num; } cases[] = {
		{ "server-encrypted.key", "wrong", EACCES },
		{ "server-scrypt.key", "wrong", EACCES },
		{ "server-pkcs12.key", "wrong", EACCES },
		{ "server-sha512.key", "", EACCES },
		{ "rsa-legacy-encrypted.key", "wrong", EACCES },
		{ "server-2des.key", "secret", ENOTSUP },
		{ "damaged.key", "secret", EBADMSG },
		{ "junk.pem", "secret", EBADMSG },
	};
	size_t i, len;

	NEEDS(DECRYPTION_ERRORS);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		errno = 0;
		CHECK(tls_load_file(pki(cases[i].key), &len, cases[i].password) == NULL);
		if (!CHECK_INT(errno, cases[i].num))
			check_note("%s", cases[i].key);
	}
}

typedef int setter(struct tls_config *, const char *);

static int
set_pair(struct tls_config *config, const char *path)
{
	return tls_config_set_keypair_file(config, path, pki("server.key"));
}

static int
add_pair(struct tls_config *config, const char *path)
{
	return tls_config_add_keypair_file(config, path, pki("server.key"));
}

TEST(file_errors)
{
	static const struct {
		setter *set;
		const char *kind;
	} setters[] = {
		{ tls_config_set_ca_file, "CA" },
		{ tls_config_set_crl_file, "CRL" },
		{ tls_config_set_cert_file, "certificate" },
		{ tls_config_set_key_file, "key" },
		{ tls_config_set_ocsp_staple_file, "ocsp" },
		{ set_pair, "certificate" },
		{ add_pair, "certificate" },
	};
	struct tls_config *config = tls_config_new();
	char text[600];
	size_t i;

	for (i = 0; i < sizeof(setters) / sizeof(setters[0]); i++) {
		CHECK_INT(setters[i].set(config, pki("missing")), -1);
		snprintf(text, sizeof(text), "failed to open %s file '%s': No such file or directory", setters[i].kind,
		    pki("missing"));
		CHECK_STR(tls_config_error(config), text);
		CHECK_INT(setters[i].set(config, "/"), -1);
		snprintf(text, sizeof(text), "failed to read %s file '/': Is a directory", setters[i].kind);
		CHECK_STR(tls_config_error(config), text);
	}
	tls_config_free(config);
}

/* Nobody ever writes to it. */
TEST(file_is_a_fifo)
{
	static setter *const setters[] = { tls_config_set_ca_file, tls_config_set_crl_file, tls_config_set_cert_file,
	    tls_config_set_key_file, tls_config_set_ocsp_staple_file, set_pair, add_pair };
	struct tls_config *config = tls_config_new();
	size_t i, len;

	NEEDS(FIFO_FILES);
	REQUIRE(mkfifo(scratch("fifo"), 0600) == 0);
	for (i = 0; i < sizeof(setters) / sizeof(setters[0]); i++) {
		CHECK_INT(setters[i](config, scratch("fifo")), -1);
		CHECK_LIKE(tls_config_error(config), "failed to read * file '*/fifo': *seek");
	}
	errno = 0;
	CHECK(tls_load_file(scratch("fifo"), &len, NULL) == NULL);
	CHECK_INT(errno, ESPIPE);
	tls_config_free(config);
}

TEST(file_that_hangs_is_interrupted)
{
	static setter *const setters[] = { tls_config_set_ca_file, tls_config_set_crl_file, tls_config_set_cert_file,
	    tls_config_set_key_file, tls_config_set_ocsp_staple_file, set_pair, add_pair };
	struct tls_config *config = tls_config_new();
	char content[8192];
	size_t i, len = read_file(pki("server.pem"), content, sizeof(content));

	write_file(scratch("hangs"), content, len);
	take_lease(scratch("hangs"), 0, -1);
	for (i = 0; i < sizeof(setters) / sizeof(setters[0]); i++) {
		CHECK_INT(setters[i](config, scratch("hangs")), -1);
		CHECK_LIKE(tls_config_error(config), "failed to open * file '*/hangs': Interrupted system call");
	}
	errno = 0;
	CHECK(tls_load_file(scratch("hangs"), &len, NULL) == NULL);
	CHECK_INT(errno, EINTR);
	stop_alarms();
	tls_config_free(config);
}

TEST(file_that_hangs_for_a_while)
{
	static setter *const setters[] = { tls_config_set_ca_file, tls_config_set_cert_file, set_pair, add_pair };
	struct tls_config *config = tls_config_new();
	char content[8192];
	size_t i, got, len = read_file(pki("server.pem"), content, sizeof(content));
	uint8_t *buf;

	write_file(scratch("waits"), content, len);
	for (i = 0; i < sizeof(setters) / sizeof(setters[0]); i++) {
		take_lease(scratch("waits"), SA_RESTART, 3);
		CONFIG_OK(config, setters[i](config, scratch("waits")));
		CHECK(alarms >= 3);
		stop_alarms();
	}
	take_lease(scratch("waits"), SA_RESTART, 3);
	REQUIRE((buf = tls_load_file(scratch("waits"), &got, NULL)) != NULL);
	stop_alarms();
	CHECK_INT(got, len);
	CHECK(memcmp(buf, content, len) == 0);
	tls_unload_file(buf, got);
	tls_config_free(config);
}

TEST(file_cannot_be_opened)
{
	struct tls_config *config = tls_config_new();
	char text[600];

	REQUIRE(symlink("loop", scratch("loop")) == 0);
	CHECK_INT(tls_config_set_key_file(config, scratch("loop")), -1);
	snprintf(text, sizeof(text), "failed to open key file '%s': %s", scratch("loop"), strerror(ELOOP));
	CHECK_STR(tls_config_error(config), text);
	tls_config_free(config);
}

TEST(file_null)
{
	struct tls_config *config = tls_config_new();

	CHECK_INT(tls_config_set_key_file(config, NULL), -1);
	CHECK_LIKE(tls_config_error(config), "failed to open key file *");
	tls_config_free(config);
}

TEST(cert_is_parsed_when_set)
{
	struct tls_config *config = tls_config_new();

	CHECK_INT(tls_config_set_cert_file(config, pki("junk.pem")), -1);
	CHECK_LIKE(tls_config_error(config), "failed to load certificate: *");
	CHECK_INT(tls_config_set_cert_file(config, pki("server.der")), -1);
	CHECK_LIKE(tls_config_error(config), "failed to load certificate: *");
	CHECK_INT(tls_config_set_cert_file(config, pki("server.key")), -1);
	CHECK_INT(tls_config_set_cert_mem(config, (const uint8_t *)"x", 1), -1);
	CHECK_LIKE(tls_config_error(config), "failed to load certificate: *");
	CHECK_INT(tls_config_add_keypair_mem(config, (const uint8_t *)"x", 1, NULL, 0), -1);
	CHECK_INT(tls_config_set_cert_file(config, pki("server.pem")), 0);
	if (!LACKS(DAMAGED_BLOCKS)) {
		CHECK_INT(tls_config_set_cert_file(config, pki("damaged-intermediate.pem")), -1);
		CHECK_LIKE(tls_config_error(config), "failed to load certificate: block 2 is damaged (file '*damaged-intermediate.pem')");
	}
	tls_config_free(config);
}

/* A text about a certificate names its file, and tells that certificate and key were swapped. */
TEST(cert_errors_name_the_file)
{
	struct tls_config *config = tls_config_new();
	char text[512];

	NEEDS(ERRORS_NAME_FILES);
	snprintf(text, sizeof(text), "failed to load certificate: no start line (file '%s')", pki("junk.pem"));
	CHECK_INT(tls_config_set_cert_file(config, pki("junk.pem")), -1);
	CHECK_STR(tls_config_error(config), text);
	CHECK_INT(tls_config_add_keypair_file(config, pki("junk.pem"), pki("server.key")), -1);
	CHECK_STR(tls_config_error(config), text);
	snprintf(text, sizeof(text),
	    "failed to load certificate: no start line: it has a private key and no certificate (file '%s')",
	    pki("server.key"));
	CHECK_INT(tls_config_set_keypair_file(config, pki("server.key"), pki("server.pem")), -1);
	CHECK_STR(tls_config_error(config), text);
	tls_config_free(config);
}

TEST(keys_are_not_parsed_when_set)
{
	struct tls_config *config = tls_config_new();

	CHECK_INT(tls_config_set_key_file(config, pki("junk.pem")), 0);
	CHECK_INT(tls_config_set_key_mem(config, (const uint8_t *)"x", 1), 0);
	CHECK_INT(tls_config_set_key_mem(config, NULL, 0), 0);
	CHECK_INT(tls_config_set_cert_mem(config, NULL, 0), 0);
	CHECK_INT(tls_config_set_ca_mem(config, (const uint8_t *)"x", 1), 0);
	CHECK_INT(tls_config_set_ca_mem(config, NULL, 0), 0);
	CHECK_INT(tls_config_set_ca_path(config, "/nonexistent"), 0);
	CHECK_INT(tls_config_set_ca_path(config, NULL), 0);
	CHECK_STR(tls_config_error(config), NULL);
	tls_config_free(config);
}

/* A server with this configuration has to serve; the caller's configuration is used up. */
static void
serves(struct tls_config *sc)
{
	struct tls_config *cc = client_config();
	struct pair *p;

	/* P-521 isn't among the default groups, which in TLS 1.2 are also those of certificates. */
	CONFIG_OK(cc, tls_config_set_ecdhecurves(cc, "X25519,P-256,P-384,P-521"));
	p = pair_sockets(cc, sc, "server.test");
	pair_established(p);
	say(p->client, p->server, "served");
	pair_close(p);
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

TEST(keypair_forms)
{
	static const struct { const char *cert, *key; } pairs[] = {
		{ "server.pem", "server.key" },
		{ "server.pem", "server-sec1.key" },
		{ "rsa.pem", "rsa.key" },
		{ "rsa.pem", "rsa-pkcs1.key" },
		{ "p384.pem", "p384.key" },
		{ "p521.pem", "p521.key" },
		{ "ed25519.pem", "ed25519.key" },
		{ "combined.pem", "combined.pem" },
		{ "crlf.pem", "crlf.pem" },
		{ "server.pem", "server-explicit.key" },
		{ "rsa.pem", "rsa-pkcs8-as-rsa.key" },
		{ "rsa.pem", "rsa-coefficient.key" },
		{ "server.pem", "server-pkcs8-as-ec.key" },
		{ "server.pem", "server-sec1-as-pkcs8.key" },
		{ "server.pem", "server-bom.key" },
		{ "bom.pem", "bom.key" },
		{ "chain-2.pem", "chain-2.key" },
		{ "chain-shuffled.pem", "chain-shuffled.key" },
		{ "chain-long.pem", "chain-long.key" },
	};
	uint8_t *cert, *key;
	size_t i, cert_len, key_len;
	struct tls_config *sc;

	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		if (LACKS(SEC1_AS_PKCS8) && strstr(pairs[i].key, "-as-pkcs8") != NULL)
			continue;
		sc = plain_config();
		CONFIG_OK(sc, tls_config_set_keypair_file(sc, pki(pairs[i].cert), pki(pairs[i].key)));
		serves(sc);

		sc = plain_config();
		CONFIG_OK(sc, tls_config_set_cert_file(sc, pki(pairs[i].cert)));
		CONFIG_OK(sc, tls_config_set_key_file(sc, pki(pairs[i].key)));
		serves(sc);

		cert = pki_bytes(pairs[i].cert, &cert_len);
		key = pki_bytes(pairs[i].key, &key_len);
		sc = plain_config();
		CONFIG_OK(sc, tls_config_set_keypair_mem(sc, cert, cert_len, key, key_len));
		/* The library keeps copies. */
		memset(cert, 0, cert_len);
		memset(key, 0, key_len);
		tls_unload_file(cert, cert_len);
		tls_unload_file(key, key_len);
		serves(sc);
	}
}

TEST(cert_and_key_mem)
{
	struct tls_config *sc = plain_config();
	size_t cert_len, key_len;
	uint8_t *cert = pki_bytes("server.pem", &cert_len), *key = pki_bytes("server.key", &key_len);

	CONFIG_OK(sc, tls_config_set_cert_mem(sc, cert, cert_len));
	CONFIG_OK(sc, tls_config_set_key_mem(sc, key, key_len));
	tls_unload_file(cert, cert_len);
	tls_unload_file(key, key_len);
	serves(sc);
}

TEST(ocsp_forms_without_staple)
{
	struct tls_config *sc = plain_config();
	size_t cert_len, key_len;
	uint8_t *cert = pki_bytes("server.pem", &cert_len), *key = pki_bytes("server.key", &key_len);

	CONFIG_OK(sc, tls_config_set_keypair_ocsp_file(sc, pki("server.pem"), pki("server.key"), NULL));
	CONFIG_OK(sc, tls_config_set_keypair_ocsp_mem(sc, cert, cert_len, key, key_len, NULL, 0));
	CONFIG_OK(sc, tls_config_add_keypair_ocsp_file(sc, pki("sni-a.pem"), pki("sni-a.key"), NULL));
	CONFIG_OK(sc, tls_config_add_keypair_ocsp_mem(sc, cert, cert_len, key, key_len, NULL, 0));
	CONFIG_OK(sc, tls_config_set_ocsp_staple_mem(sc, NULL, 0));
	tls_unload_file(cert, cert_len);
	tls_unload_file(key, key_len);
	serves(sc);
}

TEST(ca_forms)
{
	struct tls_config *cc, *sc;
	struct pair *p;
	uint8_t *ca;
	size_t len;
	int i;

	for (i = 0; i < 3; i++) {
		cc = plain_config();
		sc = server_config("server");
		if (i == 0) {
			CONFIG_OK(cc, tls_config_set_ca_file(cc, pki("bundle.pem")));
		} else if (i == 1) {
			ca = pki_bytes("ca.pem", &len);
			CONFIG_OK(cc, tls_config_set_ca_mem(cc, ca, len));
			memset(ca, 0, len);
			tls_unload_file(ca, len);
		} else {
			/* The path is not consulted when there is CA data. */
			CONFIG_OK(cc, tls_config_set_ca_path(cc, "/nonexistent"));
			CONFIG_OK(cc, tls_config_set_ca_file(cc, pki("ca.pem")));
		}
		p = pair_sockets(cc, sc, "server.test");
		pair_established(p);
		pair_free(p);
		tls_config_free(cc);
		tls_config_free(sc);
	}
}

TEST(ca_directory)
{
	struct tls_config *cc = plain_config(), *sc = server_config("server");
	struct stat sb;
	struct pair *p;

	/* Made by openssl rehash. */
	REQUIRE(stat(pki("hashed"), &sb) == 0);
	CONFIG_OK(cc, tls_config_set_ca_path(cc, pki("hashed")));
	p = pair_sockets(cc, sc, "server.test");
	pair_established(p);
	pair_free(p);
	tls_config_free(cc);

	cc = plain_config();
	CONFIG_OK(cc, tls_config_set_ca_path(cc, "/nonexistent"));
	p = pair_sockets(cc, sc, "server.test");
	CHECK_INT(pair_handshake(p), -1);
	CHECK_LIKE(tls_error(p->client), "certificate verification failed: unable to get local issuer certificate");
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

/* The test CA's file of that number in a hashed directory. */
static const char *
hashed(const char *where, int number)
{
	static char path[600];
	struct dirent *entry;
	DIR *dir = opendir(pki("hashed"));
	char name[64] = "";

	REQUIRE(dir != NULL);
	while ((entry = readdir(dir)) != NULL)
		if (strlen(entry->d_name) == 10 && strcmp(entry->d_name + 8, ".0") == 0)
			snprintf(name, sizeof(name), "%s/%.8s.%d", where, entry->d_name, number);
	closedir(dir);
	REQUIRE(name[0] != 0);
	snprintf(path, sizeof(path), "%s", scratch(name));
	return path;
}

static void
put_ca(const char *path)
{
	char content[8192];

	write_file(path, content, read_file(pki("ca.pem"), content, sizeof(content)));
}

/* A client that has the test's CA in such a directory. */
static struct tls_config *
hashed_config(const char *where)
{
	struct tls_config *config = plain_config();

	REQUIRE(mkdir(scratch(where), 0700) == 0);
	put_ca(hashed(where, 0));
	CONFIG_OK(config, tls_config_set_ca_path(config, scratch(where)));
	return config;
}

/* HASH.0 and so on are whatever somebody left there; the certificate is in the last one. */
TEST(ca_directory_with_odd_entries)
{
	struct tls_config *cc = plain_config(), *sc = server_config("server");
	struct pair *p;
	const char *path;
	int i;

	REQUIRE(mkdir(scratch("odd"), 0700) == 0);
	for (i = 0; i < 39; i++) {
		path = hashed("odd", i);
		if (i % 4 == 0)
			REQUIRE(symlink("gone", path) == 0);
		else if (i % 4 == 1)
			REQUIRE(symlink(strrchr(path, '/') + 1, path) == 0);
		else if (i % 4 == 2)
			REQUIRE(mkdir(path, 0700) == 0);
		else
			write_file(path, "no certificate", 14);
	}
	put_ca(hashed("odd", i));
	CONFIG_OK(cc, tls_config_set_ca_path(cc, scratch("odd")));
	p = pair_sockets(cc, sc, "server.test");
	NEEDS(DANGLING_LINKS);
	pair_established(p);
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

/* Nobody ever writes to the FIFO. */
TEST(ca_directory_with_a_fifo)
{
	struct tls_config *cc = plain_config(), *sc = server_config("server");
	struct pair *p;

	NEEDS(FIFO_FILES);
	REQUIRE(mkdir(scratch("fifos"), 0700) == 0);
	REQUIRE(mkfifo(hashed("fifos", 0), 0600) == 0);
	put_ca(hashed("fifos", 1));
	CONFIG_OK(cc, tls_config_set_ca_path(cc, scratch("fifos")));
	p = pair_sockets(cc, sc, "server.test");
	pair_established(p);
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

/* Handshakes until the client fails, which doesn't end the connection. */
static void
interrupted_handshake(struct pair *p)
{
	int rc;

	while ((rc = tls_handshake(p->client)) != -1) {
		REQUIRE(rc != 0);
		REQUIRE(tls_handshake(p->server) != -1);
	}
	CHECK_LIKE(tls_error(p->client), "failed to open CA file '*.0': Interrupted system call");
}

/* The handshake, the session that is offered and the OCSP response each need the CA. */
TEST(ca_directory_that_hangs_is_interrupted)
{
	struct tls_config *cc, *sc = server_config("ocsp");
	struct tls *client, *listener = tls_server();
	uint8_t *der;
	struct pair *p, *again;
	size_t len;

	NEEDS(SYSTEM_STORE);
	cc = hashed_config("hanging");
	CONFIG_OK(cc, tls_config_set_session_fd(cc, session_file("session")));
	CONFIG_OK(sc, tls_config_set_session_lifetime(sc, 100));
	REQUIRE_OK(listener, tls_configure(listener, sc));
	p = pair_again(listener, cc, "server.test");
	take_lease(hashed("hanging", 0), 0, -1);
	interrupted_handshake(p);
	interrupted_handshake(p);
	stop_alarms();
	pair_established(p);
	say(p->server, p->client, "ticket");

	der = pki_bytes("good.ocsp", &len);
	take_lease(hashed("hanging", 0), 0, -1);
	CHECK_INT(tls_ocsp_process_response(p->client, der, len), -1);
	CHECK_LIKE(tls_error(p->client), "failed to open CA file '*.0': Interrupted system call");
	stop_alarms();
	CHECK_INT(tls_ocsp_process_response(p->client, der, len), 0);
	CHECK_STR(tls_peer_ocsp_result(p->client), "good");
	tls_unload_file(der, len);

	client = tls_client();
	REQUIRE_OK(client, tls_configure(client, cc));
	take_lease(hashed("hanging", 0), 0, -1);
	CHECK_INT(tls_connect_fds(client, 0, 1, "server.test"), -1);
	CHECK_LIKE(tls_error(client), "failed to open CA file '*.0': Interrupted system call");
	CHECK_INT(tls_handshake(client), -1);
	CHECK_STR(tls_error(client), "context not connected");
	stop_alarms();
	tls_free(client);
	again = pair_again(listener, cc, "server.test");
	pair_established(again);
	CHECK_INT(tls_conn_session_resumed(again->client), 1);
	pair_keep_listener(again);
	pair_free(again);
	pair_keep_listener(p);
	pair_free(p);
	tls_free(listener);
	tls_config_free(cc);
	tls_config_free(sc);
}

TEST(ca_directory_that_hangs_for_a_while)
{
	struct tls_config *cc = hashed_config("waiting"), *sc = server_config("server");
	struct pair *p = pair_sockets(cc, sc, "server.test");

	take_lease(hashed("waiting", 0), SA_RESTART, 3);
	pair_established(p);
	CHECK(alarms >= 3);
	stop_alarms();
	pair_free(p);
	tls_config_free(cc);
	tls_config_free(sc);
}

/* The system's trust store, of a client and of a server that verifies. */
TEST(system_store_that_hangs_is_interrupted)
{
	struct tls_config *cc = plain_config(), *sc = plain_config();
	struct tls *client = tls_client(), *server = tls_server();
	struct pair *p;

	NEEDS(SYSTEM_STORE);
	put_ca(scratch("system"));
	REQUIRE(setenv("SSL_CERT_FILE", scratch("system"), 1) == 0 && setenv("SSL_CERT_DIR", "/nonexistent", 1) == 0);
	CHECK_STR(tls_default_ca_cert_file(), scratch("system"));
	CONFIG_OK(sc, tls_config_set_keypair_file(sc, pki("server.pem"), pki("server.key")));
	tls_config_verify_client_optional(sc);
	REQUIRE_OK(client, tls_configure(client, cc));
	take_lease(scratch("system"), 0, -1);
	CHECK_INT(tls_connect_fds(client, 0, 1, "server.test"), -1);
	CHECK_LIKE(tls_error(client), "failed to open CA file '*/system': Interrupted system call");
	CHECK_INT(tls_configure(server, sc), -1);
	CHECK_LIKE(tls_error(server), "failed to open CA file '*/system': Interrupted system call");
	stop_alarms();
	take_lease(scratch("system"), SA_RESTART, 3);
	CHECK_INT(tls_connect_fds(client, 0, 1, "server.test"), 0);
	CHECK(alarms >= 3);
	stop_alarms();
	REQUIRE_OK(server, tls_configure(server, sc));
	p = pair_sockets(cc, sc, "server.test");
	pair_established(p);
	pair_free(p);
	tls_free(client);
	tls_free(server);
	tls_config_free(cc);
	tls_config_free(sc);
}

/* What is no file, and a file that changes. */
TEST(system_store_is_read_again)
{
	struct tls_config *cc = plain_config(), *sc = server_config("server");
	struct tls *client = tls_client();
	struct pair *p;

	NEEDS(SYSTEM_STORE);
	REQUIRE(setenv("SSL_CERT_FILE", scratch("store"), 1) == 0 && setenv("SSL_CERT_DIR", "/nonexistent", 1) == 0);
	REQUIRE_OK(client, tls_configure(client, cc));
	REQUIRE(mkfifo(scratch("store"), 0600) == 0);
	CHECK_INT(tls_connect_fds(client, 0, 1, "server.test"), -1);
	CHECK_LIKE(tls_error(client), "failed to open CA file '*/store': Invalid argument");
	REQUIRE(unlink(scratch("store")) == 0);
	CHECK_INT(tls_connect_fds(client, 0, 1, "server.test"), -1);
	CHECK_LIKE(tls_error(client), "failed to open CA file '*/store': No such file or directory");
	write_file(scratch("store"), "no certificate", 14);
	CHECK_INT(tls_connect_fds(client, 0, 1, "server.test"), -1);
	CHECK_STR(tls_error(client), "ssl verify memory setup failure");
	put_ca(scratch("store"));
	p = pair_sockets(cc, sc, "server.test");
	pair_established(p);
	pair_free(p);
	REQUIRE(rename(scratch("store"), scratch("old")) == 0);
	write_file(scratch("store"), "no certificate", 14);
	CHECK_INT(tls_connect_fds(client, 0, 1, "server.test"), -1);
	CHECK_STR(tls_error(client), "ssl verify memory setup failure");
	tls_free(client);
	tls_config_free(cc);
	tls_config_free(sc);
}

TEST(ca_junk_is_found_at_connect)
{
	static const char *const junk[] = { "junk.pem", "empty.pem", "server.key" };
	struct tls_config *config;
	struct tls *ctx;
	size_t i;

	for (i = 0; i < sizeof(junk) / sizeof(junk[0]); i++) {
		config = plain_config();
		CHECK_INT(tls_config_set_ca_file(config, pki(junk[i])), 0);
		ctx = tls_client();
		CHECK_INT(tls_configure(ctx, config), 0);
		CHECK_INT(tls_connect_fds(ctx, 0, 1, "server.test"), -1);
		CHECK_STR(tls_error(ctx), "ssl verify memory setup failure");
		tls_free(ctx);
		tls_config_free(config);
	}
}

TEST(ca_failed_setter_drops_the_old)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct tls *ctx = tls_client();
	struct pair *p;

	CHECK_INT(tls_config_set_ca_file(cc, pki("missing")), -1);
	/* Back on the default bundle, which doesn't know the test's CA (or isn't there). */
	CHECK_INT(tls_configure(ctx, cc), 0);
	if (tls_connect_fds(ctx, 0, 1, "server.test") == -1) {
		CHECK_LIKE(tls_error(ctx), "failed to open CA file *");
	} else {
		p = pair_sockets(cc, sc, "server.test");
		CHECK_INT(pair_handshake(p), -1);
		CHECK_LIKE(tls_error(p->client), "certificate verification failed: *");
		pair_free(p);
	}
	tls_free(ctx);
	tls_config_free(cc);
	tls_config_free(sc);
}

TEST(default_ca_file)
{
	struct stat sb;

	REQUIRE(tls_default_ca_cert_file() != NULL);
	CHECK(tls_default_ca_cert_file()[0] == '/');
	NEEDS(DEFAULT_CA_FILE);
	CHECK_INT(stat(tls_default_ca_cert_file(), &sb), 0);
}

TEST(clear_keys)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct pair *p = pair_sockets(cc, sc, "server.test");
	struct tls *ctx;

	/* A server that was configured before keeps working. */
	tls_config_clear_keys(sc);
	pair_established(p);
	pair_free(p);

	use_keypair(cc, "client");
	tls_config_clear_keys(cc);
	ctx = tls_client();
	CHECK_INT(tls_configure(ctx, cc), 0);
	CHECK_INT(tls_connect_fds(ctx, 0, 1, "server.test"), -1);
	CHECK_STR(tls_error(ctx), "private/public key mismatch");
	tls_free(ctx);
	tls_config_free(cc);
	tls_config_free(sc);
}

TEST(files_are_closed)
{
	struct tls_config *config = client_config();
	int fd = dup(0);

	/* Nothing stays open after loading: the next descriptor is the next number. */
	CONFIG_OK(config, tls_config_set_cert_file(config, pki("server.pem")));
	CHECK_INT(dup(0), fd + 1);
	tls_config_free(config);
}
