/* Without a manual page: servers whose private key is elsewhere */
#include "front.h"
#include "_cgo_export.h"

void
tls_config_skip_private_key_check(struct tls_config *config)
{
	struct visit v;

	if (config_must_enter(config, &v))
		config_leave(config, &v, goConfigSkipPrivateKeyCheck(
	    config->go, &v.fail));
}

void
tls_config_use_fake_private_key(struct tls_config *config)
{
	struct visit v;

	if (config_must_enter(config, &v))
		config_leave(config, &v, goConfigUseFakePrivateKey(config->go,
	    &v.fail));
}
