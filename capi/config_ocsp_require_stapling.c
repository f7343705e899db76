/* tls_config_ocsp_require_stapling(3) */
#include "front.h"
#include "_cgo_export.h"

void
tls_config_ocsp_require_stapling(struct tls_config *config)
{
	struct visit v;

	if (config_must_enter(config, &v))
		config_leave(config, &v, goConfigOCSPRequireStapling(
	    config->go, &v.fail));
}
