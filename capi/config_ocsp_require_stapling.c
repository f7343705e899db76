/* tls_config_ocsp_require_stapling(3) */
#include "front.h"

void
tls_config_ocsp_require_stapling(struct tls_config *config)
{
	config_switch(config, CONFIG_REQUIRE_STAPLING);
}
