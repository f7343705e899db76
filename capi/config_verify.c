/* tls_config_verify(3) */
#include "front.h"

void
tls_config_verify(struct tls_config *config)
{
	config_switch(config, CONFIG_VERIFY);
}

void
tls_config_insecure_noverifycert(struct tls_config *config)
{
	config_switch(config, CONFIG_NO_VERIFY_CERT);
}

void
tls_config_insecure_noverifyname(struct tls_config *config)
{
	config_switch(config, CONFIG_NO_VERIFY_NAME);
}

void
tls_config_insecure_noverifytime(struct tls_config *config)
{
	config_switch(config, CONFIG_NO_VERIFY_TIME);
}
