/* tls_init(3): the library, and configurations as objects. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "front.h"
#include "_cgo_export.h"

int
tls_init(void)
{
	struct visit v;

	if (!enter(&v))
		return -1;
	leave(&v);
	return 0;
}

struct tls_config *
tls_config_new(void)
{
	struct tls_config *config;
	struct visit v;

	if ((config = calloc(1, sizeof(*config))) == NULL)
		return NULL;
	config->magic = CONFIG_MAGIC;
	config->settings = settings_new();
	if (config->settings != NULL && config_enter(config, &v)) {
		object_born(&config->settings->config, goConfigNew(&v.fail));
		config_leave(config, &v, 0);
	}
	if (config->settings == NULL || config->settings->config.go == 0) {
		tls_config_free(config);
		return NULL;
	}
	return config;
}

void
tls_config_free(struct tls_config *config)
{
	if (!config_valid(config))
		return;
	settings_drop(config->settings);
	error_clear(&config->err);
	explicit_bzero(config, sizeof(*config));
	free(config);
}

/* A file that was refused meanwhile is newer than any error of a call. */
static struct error *
latest_error(struct tls_config *config)
{
	struct error *refused = &config->settings->refused;

	return atomic_load(&refused->text) != NULL ? refused : &config->err;
}

const char *
tls_config_error(struct tls_config *config)
{
	return config_valid(config) ?
	    atomic_load(&latest_error(config)->text) : NULL;
}

int
tls_config_error_code(struct tls_config *config)
{
	return config_valid(config) ?
	    atomic_load(&latest_error(config)->code) :
	    TLS_ERROR_INVALID_CONTEXT;
}
