/* tls_config_set_keylog_fd(3) */
#include "front.h"

int
tls_config_set_keylog_fd(struct tls_config *config, int keylog_fd)
{
	return config_set_number(config, CONFIG_KEYLOG_FD, keylog_fd);
}
