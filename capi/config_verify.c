/* tls_config_verify(3) */
#include "front.h"
#include "_cgo_export.h"

void
tls_config_verify(struct tls_config *config)
{
	struct visit v;

	if (config_must_enter(config, &v))
		config_leave(config, &v, goConfigVerify(config->go, &v.fail));
}

void
tls_config_insecure_noverifycert(struct tls_config *config)
{
	struct visit v;

	if (config_must_enter(config, &v))
		config_leave(config, &v, goConfigInsecureNoVerifyCert(
	    config->go, &v.fail));
}

void
tls_config_insecure_noverifyname(struct tls_config *config)
{
	struct visit v;

	if (config_must_enter(config, &v))
		config_leave(config, &v, goConfigInsecureNoVerifyName(
	    config->go, &v.fail));
}

void
tls_config_insecure_noverifytime(struct tls_config *config)
{
	struct visit v;

	if (config_must_enter(config, &v))
		config_leave(config, &v, goConfigInsecureNoVerifyTime(
	    config->go, &v.fail));
}
