/* tls_load_file(3): files, and the certificates and keys of configurations */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "front.h"
#include "_cgo_export.h"

uint8_t *
tls_load_file(const char *file, size_t *len, char *password)
{
	uint8_t *buf = NULL;
	struct visit v;

	if (len != NULL)
		*len = 0;
	if (file == NULL || len == NULL) {
		errno = EFAULT;
		return NULL;
	}
	if (!enter(&v)) {
		errno = ENOTSUP;
		return NULL;
	}
	goLoadFile(&v.fail, &buf, len, file, password);
	leave(&v);
	free(v.fail.text);
	if (buf == NULL)
		errno = v.fail.num;
	return buf;
}

void
tls_unload_file(uint8_t *buf, size_t len)
{
	if (buf == NULL)
		return;
	explicit_bzero(buf, len);
	free(buf);
}

const char *
tls_default_ca_cert_file(void)
{
	const char *path = NULL;
	struct visit v;

	if (enter(&v)) {
		path = goDefaultCACertFile(&v.fail,
		    secure_getenv("SSL_CERT_FILE"));
		leave(&v);
		free(v.fail.text);
	}
	return path != NULL ? path : "/etc/ssl/cert.pem";
}

static int
no_path(struct tls_config *config, const char *kind)
{
	if (!config_valid(config))
		return -1;
	return error_errno(&config->err, EFAULT,
	    "failed to open %s file '(null)'", kind);
}

int
tls_config_set_ca_file(struct tls_config *config, const char *ca_file)
{
	struct visit v;

	if (ca_file == NULL)
		return no_path(config, "CA");
	if (!config_enter(config, &v))
		return -1;
	return config_leave(config, &v, goConfigSetCAFile(config->go, &v.fail,
	    ca_file));
}

int
tls_config_set_ca_path(struct tls_config *config, const char *ca_path)
{
	struct visit v;

	if (!config_enter(config, &v))
		return -1;
	return config_leave(config, &v, goConfigSetCAPath(config->go, &v.fail,
	    ca_path));
}

int
tls_config_set_ca_mem(struct tls_config *config, const uint8_t *ca,
    size_t ca_len)
{
	struct visit v;

	if (!config_enter(config, &v))
		return -1;
	return config_leave(config, &v, goConfigSetCAMem(config->go, &v.fail,
	    ca, ca_len));
}

int
tls_config_set_crl_file(struct tls_config *config, const char *crl_file)
{
	struct visit v;

	if (crl_file == NULL)
		return no_path(config, "CRL");
	if (!config_enter(config, &v))
		return -1;
	return config_leave(config, &v, goConfigSetCRLFile(config->go, &v.fail,
	    crl_file));
}

int
tls_config_set_crl_mem(struct tls_config *config, const uint8_t *crl,
    size_t crl_len)
{
	struct visit v;

	if (!config_enter(config, &v))
		return -1;
	return config_leave(config, &v, goConfigSetCRLMem(config->go, &v.fail,
	    crl, crl_len));
}

int
tls_config_set_cert_file(struct tls_config *config, const char *cert_file)
{
	struct visit v;

	if (cert_file == NULL)
		return no_path(config, "certificate");
	if (!config_enter(config, &v))
		return -1;
	return config_leave(config, &v, goConfigSetCertFile(config->go,
	    &v.fail, cert_file));
}

int
tls_config_set_cert_mem(struct tls_config *config, const uint8_t *cert,
    size_t cert_len)
{
	struct visit v;

	if (!config_enter(config, &v))
		return -1;
	return config_leave(config, &v, goConfigSetCertMem(config->go, &v.fail,
	    cert, cert_len));
}

int
tls_config_set_key_file(struct tls_config *config, const char *key_file)
{
	struct visit v;

	if (key_file == NULL)
		return no_path(config, "key");
	if (!config_enter(config, &v))
		return -1;
	return config_leave(config, &v, goConfigSetKeyFile(config->go, &v.fail,
	    key_file));
}

int
tls_config_set_key_mem(struct tls_config *config, const uint8_t *key,
    size_t key_len)
{
	struct visit v;

	if (!config_enter(config, &v))
		return -1;
	return config_leave(config, &v, goConfigSetKeyMem(config->go, &v.fail,
	    key, key_len));
}

int
tls_config_set_keypair_file(struct tls_config *config, const char *cert_file,
    const char *key_file)
{
	struct visit v;

	if (cert_file == NULL)
		return no_path(config, "certificate");
	if (key_file == NULL)
		return no_path(config, "key");
	if (!config_enter(config, &v))
		return -1;
	return config_leave(config, &v, goConfigSetKeypairFile(config->go,
	    &v.fail, cert_file, key_file));
}

int
tls_config_set_keypair_mem(struct tls_config *config, const uint8_t *cert,
    size_t cert_len, const uint8_t *key, size_t key_len)
{
	struct visit v;

	if (!config_enter(config, &v))
		return -1;
	return config_leave(config, &v, goConfigSetKeypairMem(config->go,
	    &v.fail, cert, cert_len, key, key_len));
}

int
tls_config_set_keypair_ocsp_file(struct tls_config *config,
    const char *cert_file, const char *key_file, const char *staple_file)
{
	struct visit v;

	if (cert_file == NULL)
		return no_path(config, "certificate");
	if (key_file == NULL)
		return no_path(config, "key");
	if (!config_enter(config, &v))
		return -1;
	return config_leave(config, &v, goConfigSetKeypairOCSPFile(config->go,
	    &v.fail, cert_file, key_file, staple_file));
}

int
tls_config_set_keypair_ocsp_mem(struct tls_config *config, const uint8_t *cert,
    size_t cert_len, const uint8_t *key, size_t key_len, const uint8_t *staple,
    size_t staple_len)
{
	struct visit v;

	if (!config_enter(config, &v))
		return -1;
	return config_leave(config, &v, goConfigSetKeypairOCSPMem(config->go,
	    &v.fail, cert, cert_len, key, key_len, staple, staple_len));
}

int
tls_config_add_keypair_file(struct tls_config *config, const char *cert_file,
    const char *key_file)
{
	struct visit v;

	if (cert_file == NULL)
		return no_path(config, "certificate");
	if (!config_enter(config, &v))
		return -1;
	return config_leave(config, &v, goConfigAddKeypairFile(config->go,
	    &v.fail, cert_file, key_file));
}

int
tls_config_add_keypair_mem(struct tls_config *config, const uint8_t *cert,
    size_t cert_len, const uint8_t *key, size_t key_len)
{
	struct visit v;

	if (!config_enter(config, &v))
		return -1;
	return config_leave(config, &v, goConfigAddKeypairMem(config->go,
	    &v.fail, cert, cert_len, key, key_len));
}

int
tls_config_add_keypair_ocsp_file(struct tls_config *config,
    const char *cert_file, const char *key_file, const char *staple_file)
{
	struct visit v;

	if (cert_file == NULL)
		return no_path(config, "certificate");
	if (!config_enter(config, &v))
		return -1;
	return config_leave(config, &v, goConfigAddKeypairOCSPFile(config->go,
	    &v.fail, cert_file, key_file, staple_file));
}

int
tls_config_add_keypair_ocsp_mem(struct tls_config *config, const uint8_t *cert,
    size_t cert_len, const uint8_t *key, size_t key_len, const uint8_t *staple,
    size_t staple_len)
{
	struct visit v;

	if (!config_enter(config, &v))
		return -1;
	return config_leave(config, &v, goConfigAddKeypairOCSPMem(config->go,
	    &v.fail, cert, cert_len, key, key_len, staple, staple_len));
}

int
tls_config_set_ocsp_staple_file(struct tls_config *config,
    const char *staple_file)
{
	struct visit v;

	if (staple_file == NULL)
		return no_path(config, "ocsp");
	if (!config_enter(config, &v))
		return -1;
	return config_leave(config, &v, goConfigSetOCSPStapleFile(config->go,
	    &v.fail, staple_file));
}

int
tls_config_set_ocsp_staple_mem(struct tls_config *config,
    const uint8_t *staple, size_t staple_len)
{
	struct visit v;

	if (!config_enter(config, &v))
		return -1;
	return config_leave(config, &v, goConfigSetOCSPStapleMem(config->go,
	    &v.fail, staple, staple_len));
}

void
tls_config_clear_keys(struct tls_config *config)
{
	struct visit v;

	if (config_must_enter(config, &v))
		config_leave(config, &v, goConfigClearKeys(config->go,
	    &v.fail));
}

int
tls_config_set_verify_depth(struct tls_config *config, int verify_depth)
{
	struct visit v;

	if (!config_enter(config, &v))
		return -1;
	return config_leave(config, &v, goConfigSetVerifyDepth(config->go,
	    &v.fail, verify_depth));
}

void
tls_config_verify_client(struct tls_config *config)
{
	struct visit v;

	if (config_must_enter(config, &v))
		config_leave(config, &v, goConfigVerifyClient(config->go,
	    &v.fail));
}

void
tls_config_verify_client_optional(struct tls_config *config)
{
	struct visit v;

	if (config_must_enter(config, &v))
		config_leave(config, &v, goConfigVerifyClientOptional(
	    config->go, &v.fail));
}
