/* tls_config_set_protocols(3) */
#include <stdlib.h>

#include "front.h"
#include "_cgo_export.h"

int
tls_config_set_protocols(struct tls_config *config, uint32_t protocols)
{
	return config_set_number(config, CONFIG_PROTOCOLS, protocols);
}

int
tls_config_set_alpn(struct tls_config *config, const char *alpn)
{
	return config_set_text(config, CONFIG_ALPN, alpn);
}

int
tls_config_set_ciphers(struct tls_config *config, const char *ciphers)
{
	return config_set_text(config, CONFIG_CIPHERS, ciphers);
}

int
tls_config_set_dheparams(struct tls_config *config, const char *params)
{
	return config_set_text(config, CONFIG_DHE_PARAMS, params);
}

int
tls_config_set_ecdhecurve(struct tls_config *config, const char *curve)
{
	return config_set_text(config, CONFIG_ECDHE_CURVE, curve);
}

int
tls_config_set_ecdhecurves(struct tls_config *config, const char *curves)
{
	return config_set_text(config, CONFIG_ECDHE_CURVES, curves);
}

void
tls_config_prefer_ciphers_client(struct tls_config *config)
{
	config_switch(config, CONFIG_PREFER_CIPHERS_CLIENT);
}

void
tls_config_prefer_ciphers_server(struct tls_config *config)
{
	config_switch(config, CONFIG_PREFER_CIPHERS_SERVER);
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
