/* tls_config_set_keylog_fd(3) */
#include "front.h"
#include "_cgo_export.h"

int
tls_config_set_keylog_fd(struct tls_config *config, int keylog_fd)
{
	struct visit v;

	if (!config_enter(config, &v))
		return -1;
	return config_leave(config, &v, goConfigSetKeyLogFD(config->go,
	    &v.fail, keylog_fd));
}
