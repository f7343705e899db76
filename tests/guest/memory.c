/* What forks and configurations cost in memory. */
#include "../harness.h"

#include <fcntl.h>

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

	fresh_connection();
	/* What threads of libc's and of the runtime's come to differ by is not what a fork would add. */
	if (!CHECK(process_size("VmSize:") < first + 300 * 1024))
		check_note("%ld kB after %d forks, %ld kB before", process_size("VmSize:"), *depth, first);
	CHECK(descriptors() <= first_descriptors);
	if (++*depth < 8)
		reap(spawn(grow, depth));
}

TEST(generations_do_not_add_up)
{
	int depth = 1;

	fresh_connection();
	first = process_size("VmSize:");
	first_descriptors = descriptors();
	reap(spawn(grow, &depth));
}

/* Trusted certificates are kept once, however many configurations have them. */
TEST(bundles_are_shared)
{
	enum { CERTIFICATES = 200, CONFIGS = 100 };
	struct tls_config *config[CONFIGS];
	struct tls *client[CONFIGS];
	size_t one, i, len = 0;
	uint8_t *ca = pki_bytes("ca.pem", &one), *bundle;
	long before;

	REQUIRE((bundle = malloc(CERTIFICATES * one)) != NULL);
	for (i = 0; i < CERTIFICATES; i++, len += one)
		memcpy(bundle + len, ca, one);
	fresh_connection();
	before = process_size("VmRSS:");
	for (i = 0; i < CONFIGS; i++) {
		REQUIRE((config[i] = tls_config_new()) != NULL && (client[i] = tls_client()) != NULL);
		CONFIG_OK(config[i], tls_config_set_ca_mem(config[i], bundle, len));
		REQUIRE_OK(client[i], tls_configure(client[i], config[i]));
		REQUIRE_OK(client[i], tls_connect_fds(client[i], 0, 1, "server.test"));
	}
	if (!LACKS(SHARED_BUNDLES) && !CHECK(process_size("VmRSS:") < before + CONFIGS * 40L))
		check_note("%ld kB for %d configurations", process_size("VmRSS:") - before, CONFIGS);
	for (i = 0; i < CONFIGS; i++) {
		tls_free(client[i]);
		tls_config_free(config[i]);
	}
	tls_unload_file(ca, one);
	free(bundle);
}
