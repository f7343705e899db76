/* What make check runs: the first call that starts Go's runtime. */
#include <stdio.h>

#include <tls.h>

int
main(void)
{
	struct tls_config *config;

	if (tls_init() != 0) {
		perror("tls_init");
		return 1;
	}
	if ((config = tls_config_new()) == NULL) {
		perror("tls_config_new");
		return 1;
	}
	tls_config_free(config);
	return 0;
}
