/* What is wiped is nowhere in the memory of the process; run.sh says what has to be so. */
#include "../harness.h"

#include <sys/mman.h>
#include <sys/random.h>

#include <fcntl.h>

/*
 * What is looked for, in another form so that copies which the compiler and libc make of it don't count.
 * It lies in memory of its own, with what is read to look at; as that is shared it doesn't become one
 * with other memory.
 */
static struct hunt {
	char pem[4096];
	size_t pem_len;
	uint8_t ticket_key[48];
	struct secret {
		const char *name;
		uint8_t bytes[32];
		size_t len;
	} secrets[8];
	size_t count;
	uint8_t window[1 << 20];
} *hunt;

static void
begin(void)
{
	hunt = mmap(NULL, sizeof(*hunt), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	REQUIRE(hunt != MAP_FAILED);
}

enum { FORM = 0x5a };

static void
add(const char *name, const void *bytes, size_t len)
{
	struct secret *s = &hunt->secrets[hunt->count++];
	const volatile uint8_t *from = bytes;
	size_t i;

	REQUIRE(len <= sizeof(s->bytes));
	s->name = name;
	s->len = len;
	for (i = 0; i < len; i++)
		s->bytes[i] = from[i] ^ FORM;
}

static int
is(const struct secret *s, const volatile uint8_t *at)
{
	size_t i;

	for (i = 0; i < s->len; i++)
		if ((at[i] ^ FORM) != s->bytes[i])
			return 0;
	return 1;
}

static int
value(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c == '\0' ? NULL : strchr(digits, c);

	return at == NULL ? -1 : at - digits;
}

/* Puts what a block of PEM holds into the window, which it returns. */
static uint8_t *
decode(const char *pem, size_t *len)
{
	uint8_t *end = hunt->window;
	uint32_t bits = 0;
	int n = 0;

	for (pem = strchr(pem, '\n'); *pem != '-'; pem++) {
		if (value(*pem) == -1)
			continue;
		bits = bits << 6 | value(*pem);
		if ((n += 6) >= 8)
			*end++ = bits >> (n -= 8);
	}
	*len = end - hunt->window;
	return hunt->window;
}

static void
read_pem(int fd)
{
	ssize_t n = pread(fd, hunt->pem, sizeof(hunt->pem) - 1, 0);

	REQUIRE(n > 0);
	hunt->pem_len = n;
	hunt->pem[n] = '\0';
}

/* The key of the test's server as text, as its number, and as that on machines with the low end first. */
static void
add_key(void)
{
	static const struct secret before = { .bytes = { 2 ^ FORM, 1 ^ FORM, 1 ^ FORM, 4 ^ FORM, 32 ^ FORM }, .len = 5 };
	uint8_t *at, *end, *reversed;
	int i, fd = open(pki("server.key"), O_RDONLY);
	size_t len;

	REQUIRE(fd != -1);
	read_pem(fd);
	close(fd);
	add("PEM", hunt->pem + 80, 24);
	at = decode(hunt->pem, &len);
	reversed = end = at + len;
	while (!is(&before, at))
		REQUIRE(++at < end);
	at += before.len;
	for (i = 0; i < 32; i++)
		reversed[i] = at[31 - i];
	add("number", at, 32);
	add("reversed number", reversed, 32);
}

/* The secret of the newest session in a file: the fifth element, behind versions, suite and id. */
static void
add_session(int fd)
{
	uint8_t *at;
	size_t len;
	int i;

	read_pem(fd);
	at = decode(hunt->pem, &len);
	at += 2 + (at[1] & 0x7f) * (at[1] >> 7);
	for (i = 0; i < 4; i++)
		at += 2 + at[1];
	REQUIRE(at[0] == 4 && at[1] >= 32);
	add("session", at + 2, 32);
}

static void
add_ticket_key(void)
{
	REQUIRE(getrandom(hunt->ticket_key, sizeof(hunt->ticket_key), 0) == sizeof(hunt->ticket_key));
	add("ticket key, AES", hunt->ticket_key, 32);
	add("ticket key, HMAC", hunt->ticket_key + 32, 16);
}

/* How often a secret is in all of this process's memory, or in what a core dump would have of it besides libc's heap. */
static int
found_in(const struct secret *s, int dumped)
{
	FILE *maps = fopen("/proc/self/smaps", "r");
	int mem = open("/proc/self/mem", O_RDONLY), n = 0;
	size_t size = sizeof(hunt->window);
	unsigned long from = 0, to = 0, start, stop;
	char line[512], mode[8] = "", flags[8];
	int heap = 0;
	uint8_t *at, *end;
	ssize_t got;

	REQUIRE(maps != NULL && mem != -1);
	while (fgets(line, sizeof(line), maps) != NULL) {
		if (sscanf(line, "%lx-%lx %7s", &start, &stop, flags) == 3) {
			from = start;
			to = stop;
			memcpy(mode, flags, sizeof(mode));
			heap = strstr(line, "[heap]") != NULL;
		}
		/* The last line of a mapping. */
		if (strncmp(line, "VmFlags:", 8) != 0 || mode[0] != 'r' || from == (uintptr_t)hunt ||
		    (dumped && (heap || strstr(line, " dd") != NULL)))
			continue;
		for (; from < to; from += size - s->len) {
			got = pread(mem, hunt->window, to - from < size ? to - from : size, from);
			if (got <= 0)
				break;
			end = hunt->window + got - s->len;
			for (at = hunt->window; at <= end; at++) {
				at = memchr(at, s->bytes[0] ^ FORM, end - at + 1);
				if (at == NULL)
					break;
				n += is(s, at);
			}
			if ((size_t)got < size)
				break;
		}
	}
	close(mem);
	fclose(maps);
	return n;
}

static int
found(const struct secret *s)
{
	return found_in(s, 0);
}

static void
check_gone(void)
{
	size_t i;

	for (i = 0; i < hunt->count; i++)
		if (!CHECK_INT(found(&hunt->secrets[i]), 0))
			check_note("%s", hunt->secrets[i].name);
}

static void
check_there(const char *name)
{
	size_t i;

	for (i = 0; i < hunt->count; i++)
		if (strcmp(hunt->secrets[i].name, name) == 0)
			CHECK(found(&hunt->secrets[i]) > 0);
}

/* Has the library use and release large pieces of memory, until its runtime has looked for what is free. */
static void
churn(void)
{
	struct tls_config *config = tls_config_new();
	size_t i, len = 1 << 20;
	uint8_t *junk = calloc(1, len);

	REQUIRE(config != NULL && junk != NULL);
	for (i = 0; i < 64; i++)
		CONFIG_OK(config, tls_config_set_crl_mem(config, junk, len));
	free(junk);
	tls_config_free(config);
}

static struct tls_config *keyed;

static void
clear_key(void *arg)
{
	(void)arg;
	tls_config_clear_keys(keyed);
	check_gone();
}

TEST(cleared_keys)
{
	uint8_t *cert, *key;
	size_t len;
	int i;

	begin();
	add_key();
	key = (uint8_t *)hunt->pem;
	cert = pki_bytes("server.pem", &len);
	keyed = tls_config_new();
	CONFIG_OK(keyed, tls_config_set_key_mem(keyed, key, hunt->pem_len));
	for (i = 0; i < 2; i++)
		CONFIG_OK(keyed, tls_config_add_keypair_mem(keyed, cert, len, key, hunt->pem_len));
	tls_unload_file(cert, len);
	check_there("PEM");
	reap(spawn(clear_key, NULL));
	clear_key(NULL);
}

static struct tls *listener;

static void
listen_with_keys(void)
{
	uint8_t *cert;
	size_t len;

	cert = pki_bytes("server.pem", &len);
	keyed = tls_config_new();
	CONFIG_OK(keyed, tls_config_set_keypair_mem(keyed, cert, len, (uint8_t *)hunt->pem, hunt->pem_len));
	tls_unload_file(cert, len);
	CONFIG_OK(keyed, tls_config_set_session_lifetime(keyed, 3600));
	CONFIG_OK(keyed, tls_config_add_ticket_key(keyed, 1, hunt->ticket_key, sizeof(hunt->ticket_key)));
	listener = tls_server();
	REQUIRE_OK(listener, tls_configure(listener, keyed));
	check_there("PEM");
	check_there("number");
	check_there("ticket key, AES");
	check_there("ticket key, HMAC");
}

/* Other heaps than glibc's have no name by which they can be told from Go's memory. */
#ifdef __GLIBC__
static void
check_not_dumped(void *arg)
{
	size_t i;

	(void)arg;
	for (i = 0; i < hunt->count; i++)
		if (!CHECK_INT(found_in(&hunt->secrets[i], 1), 0))
			check_note("%s", hunt->secrets[i].name);
}

/* Go's memory isn't in a core dump. libc's heap is, with what a child of a fork is rebuilt from. */
TEST(not_in_core_dumps)
{
	NEEDS(SECRETS_LEFT);
	begin();
	add_key();
	add_ticket_key();
	listen_with_keys();
	check_not_dumped(NULL);
	reap(spawn(check_not_dumped, NULL));
	tls_config_free(keyed);
	tls_free(listener);
}
#endif

static void
free_listener(void *arg)
{
	(void)arg;
	tls_config_free(keyed);
	tls_free(listener);
	churn();
	check_gone();
}

/* What a child is rebuilt from has keys as text. Their numbers are in Go's memory alone. */
static void
check_no_numbers(void *arg)
{
	size_t i;

	(void)arg;
	check_there("PEM");
	for (i = 0; i < hunt->count; i++)
		if (strstr(hunt->secrets[i].name, "number") != NULL && !CHECK_INT(found(&hunt->secrets[i]), 0))
			check_note("%s", hunt->secrets[i].name);
}

TEST(not_in_a_child_without_a_call)
{
	NEEDS(SECRETS_LEFT);
	begin();
	add_key();
	add_ticket_key();
	listen_with_keys();
	reap(spawn(check_no_numbers, NULL));
	tls_config_free(keyed);
	tls_free(listener);
}

TEST(freed_listener)
{
	NEEDS(SECRETS_LEFT);
	begin();
	add_key();
	add_ticket_key();
	listen_with_keys();
	reap(spawn(free_listener, NULL));
	free_listener(NULL);
}

static void
serve(void *arg)
{
	struct tls_config *cc = client_config();
	struct pair *p;
	int i;

	CONFIG_OK(cc, tls_config_set_session_fd(cc, session_file("session")));
	for (i = 0; i < 3; i++) {
		p = pair_again(listener, cc, "server.test");
		pair_established(p);
		say(p->server, p->client, "text");
		pair_keep_listener(p);
		pair_free(p);
	}
	tls_config_free(cc);
	free_listener(arg);
}

TEST(used_listener)
{
	NEEDS(SECRETS_LEFT);
	begin();
	add_key();
	add_ticket_key();
	listen_with_keys();
	reap(spawn(serve, NULL));
	serve(NULL);
}

/* A session's secret, which with TLS 1.2 is also the connection's, is then nowhere but in the file. */
static void
free_pair(void *p)
{
	pair_free(p);
	churn();
	check_gone();
}

static void
resume(uint32_t version)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	int i, fd = session_file("session");
	struct pair *p = NULL;

	NEEDS(SECRETS_LEFT);
	begin();
	CONFIG_OK(cc, tls_config_set_protocols(cc, version));
	CONFIG_OK(sc, tls_config_set_protocols(sc, version));
	CONFIG_OK(cc, tls_config_set_session_fd(cc, fd));
	CONFIG_OK(sc, tls_config_set_session_lifetime(sc, 3600));
	listener = tls_server();
	REQUIRE_OK(listener, tls_configure(listener, sc));
	for (i = 0; i < 2; i++) {
		if (p != NULL)
			pair_free(p);
		p = pair_again(listener, cc, "server.test");
		pair_keep_listener(p);
		pair_established(p);
		say(p->server, p->client, "text");
		add_session(fd);
	}
	/* With TLS 1.3 it is in no live object any more, and derived without leaving copies. */
	if (version == TLS_PROTOCOL_TLSv1_2)
		check_there("session");
	reap(spawn(free_pair, p));
	free_pair(p);
}

TEST(sessions_12)
{
	resume(TLS_PROTOCOL_TLSv1_2);
}

TEST(sessions_13)
{
	resume(TLS_PROTOCOL_TLSv1_3);
}
