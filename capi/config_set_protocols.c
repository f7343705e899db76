/* tls_config_set_protocols(3) */
#include <stdlib.h>

#include "front.h"
#include "_cgo_export.h"

int
tls_config_set_protocols(struct tls_config *config, uint32_t protocols)
{
	struct visit v;

	if (!config_enter(config, &v))
		return -1;
	return config_leave(config, &v, goConfigSetProtocols(config->go,
	    &v.fail, protocols));
}

int
tls_config_set_alpn(struct tls_config *config, const char *alpn)
{
	struct visit v;

	if (!config_enter(config, &v))
		return -1;
	return config_leave(config, &v, goConfigSetALPN(config->go, &v.fail,
	    alpn));
}

int
tls_config_set_ciphers(struct tls_config *config, const char *ciphers)
{
	struct visit v;

	if (!config_enter(config, &v))
		return -1;
	return config_leave(config, &v, goConfigSetCiphers(config->go, &v.fail,
	    ciphers));
}

int
tls_config_set_dheparams(struct tls_config *config, const char *params)
{
	struct visit v;

	if (!config_enter(config, &v))
		return -1;
	return config_leave(config, &v, goConfigSetDHEParams(config->go,
	    &v.fail, params));
}

int
tls_config_set_ecdhecurve(struct tls_config *config, const char *curve)
{
	struct visit v;

	if (!config_enter(config, &v))
		return -1;
	return config_leave(config, &v, goConfigSetECDHECurve(config->go,
	    &v.fail, curve));
}

int
tls_config_set_ecdhecurves(struct tls_config *config, const char *curves)
{
	struct visit v;

	if (!config_enter(config, &v))
		return -1;
	return config_leave(config, &v, goConfigSetECDHECurves(config->go,
	    &v.fail, curves));
}

void
tls_config_prefer_ciphers_client(struct tls_config *config)
{
	struct visit v;

	if (config_must_enter(config, &v))
		config_leave(config, &v, goConfigPreferCiphersClient(
	    config->go, &v.fail));
}

void
tls_config_prefer_ciphers_server(struct tls_config *config)
{
	struct visit v;

	if (config_must_enter(config, &v))
		config_leave(config, &v, goConfigPreferCiphersServer(
	    config->go, &v.fail));
}

/* Has no object that could tell an error. */
int
tls_config_parse_protocols(uint32_t *protocols, const char *protostr)
{
	struct visit v;
	int rv;

	if (protocols == NULL || !enter(&v))
		return -1;
	rv = goParseProtocols(&v.fail, protocols, protostr);
	leave(&v);
	free(v.fail.text);
	return rv;
}
