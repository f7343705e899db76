/* What a fork costs in memory, and that nothing of a key is left in it. */
#include "../harness.h"

#include <sys/mman.h>

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

/* Looks for bytes in all of this process's memory but the place where they are known to be. */
static int
in_memory(const uint8_t *bytes, size_t len, const void *known)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	int mem = open("/proc/self/mem", O_RDONLY), found = 0;
	unsigned long from, to;
	char line[512], mode[8];
	size_t size = 1 << 20, step = size - len;
	uint8_t *window = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint8_t *at;
	ssize_t n;

	REQUIRE(maps != NULL && mem != -1 && window != MAP_FAILED);
	while (fgets(line, sizeof(line), maps) != NULL) {
		if (sscanf(line, "%lx-%lx %7s", &from, &to, mode) != 3 || mode[0] != 'r')
			continue;
		for (; from < to; from += step) {
			if (from < (uintptr_t)window + size && to > (uintptr_t)window)
				break;
			n = pread(mem, window, to - from < size ? to - from : size, from);
			if (n <= 0)
				break;
			for (at = window; (at = memmem(at, n - (at - window), bytes, len)) != NULL; at++) {
				/* Not the pattern itself, and not what stdio has of it. */
				if (from + (at - window) != (uintptr_t)known)
					found++;
			}
			if ((size_t)n < size)
				break;
		}
	}
	munmap(window, size);
	close(mem);
	fclose(maps);
	return found;
}

static struct tls_config *keyed;
static uint8_t pattern[24];

static void
clear_key(void *arg)
{
	(void)arg;
	tls_config_clear_keys(keyed);
	CHECK_INT(in_memory(pattern, sizeof(pattern), pattern), 0);
}

TEST(a_cleared_key_is_gone)
{
	uint8_t *key, *cert;
	size_t len, cert_len;

	key = pki_bytes("server.key", &len);
	cert = pki_bytes("server.pem", &cert_len);
	REQUIRE(len > 100);
	keyed = tls_config_new();
	CONFIG_OK(keyed, tls_config_set_key_mem(keyed, key, len));
	CONFIG_OK(keyed, tls_config_add_keypair_mem(keyed, cert, cert_len, key, len));
	CONFIG_OK(keyed, tls_config_add_keypair_mem(keyed, cert, cert_len, key, len));
	tls_unload_file(cert, cert_len);
	/* Some base64 of the key itself, behind its type and curve. */
	memcpy(pattern, key + 80, sizeof(pattern));
	tls_unload_file(key, len);
	CHECK(in_memory(pattern, sizeof(pattern), pattern) > 0);
	reap(spawn(clear_key, NULL));
	clear_key(NULL);
}
