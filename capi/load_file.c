/* tls_load_file(3): files, and the certificates and keys of configurations */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "front.h"
#include "_cgo_export.h"

uint8_t *
tls_load_file(const char *file, size_t *len, char *password)
{
	struct file f;
	struct visit v;
	uint8_t *buf = NULL;

	if (len != NULL)
		*len = 0;
	if (file == NULL || len == NULL) {
		errno = EFAULT;
		return NULL;
	}
	file_read(&f, file);
	if (f.data == NULL) {
		errno = f.num;
		return NULL;
	}
	/* The memory is malloc'ed, as programs free() it. */
	if (password == NULL) {
		*len = f.len;
		return f.data;
	}
	if (!enter(&v)) {
		file_drop(&f);
		errno = ENOTSUP;
		return NULL;
	}
	goDecryptKey(&v.fail, &buf, len, f.data, f.len, password);
	leave(&v);
	free(v.fail.text);
	file_drop(&f);
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
		path = goDefaultCACertFile(&v.fail, system_file());
		leave(&v);
		free(v.fail.text);
	}
	return path != NULL ? path : "/etc/ssl/cert.pem";
}

const char *const part_names[KEYPAIR_PARTS] = {
	[CERT] = "certificate",
	[KEY] = "key",
	[STAPLE] = "ocsp",
};

typedef int setter(struct tls_config *, const uint8_t *, size_t);

/* A file that can't be read unsets what SET sets. */
static int
set_file(struct tls_config *config, setter *set, const char *kind,
    const char *path)
{
	struct file f;
	int rv;

	if (!config_valid(config))
		return -1;
	file_read(&f, path);
	rv = set(config, f.data, f.len);
	if (f.data == NULL)
		rv = file_error(&config->err, &f, kind, path);
	else if (rv == -1)
		rv = error_in_file(&config->err, path);
	file_drop(&f);
	return rv;
}

/* The same for a part of a keypair, whose file tls_config_reload reads again. */
static int
set_part(struct tls_config *config, setter *set, int part, const char *path)
{
	struct visit v;

	if (set_file(config, set, part_names[part], path) == -1)
		return -1;
	if (!config_enter(config, &v))
		return -1;
	return config_leave(config, &v, goConfigNameFile(config->go, &v.fail,
	    part, path));
}

int
tls_config_set_ca_file(struct tls_config *config, const char *ca_file)
{
	return set_file(config, tls_config_set_ca_mem, "CA",
	    ca_file);
}

int
tls_config_set_ca_path(struct tls_config *config, const char *ca_path)
{
	return config_set_text(config, CONFIG_CA_PATH, ca_path);
}

int
tls_config_set_ca_mem(struct tls_config *config, const uint8_t *ca,
    size_t ca_len)
{
	return config_set_bytes(config, CONFIG_CA, ca, ca_len);
}

int
tls_config_set_crl_file(struct tls_config *config, const char *crl_file)
{
	return set_file(config, tls_config_set_crl_mem, "CRL",
	    crl_file);
}

int
tls_config_set_crl_mem(struct tls_config *config, const uint8_t *crl,
    size_t crl_len)
{
	return config_set_bytes(config, CONFIG_CRL, crl, crl_len);
}

int
tls_config_set_cert_file(struct tls_config *config, const char *cert_file)
{
	return set_part(config, tls_config_set_cert_mem, CERT, cert_file);
}

int
tls_config_set_cert_mem(struct tls_config *config, const uint8_t *cert,
    size_t cert_len)
{
	return config_set_bytes(config, CONFIG_CERT, cert, cert_len);
}

int
tls_config_set_key_file(struct tls_config *config, const char *key_file)
{
	return set_part(config, tls_config_set_key_mem, KEY, key_file);
}

int
tls_config_set_key_mem(struct tls_config *config, const uint8_t *key,
    size_t key_len)
{
	return config_set_bytes(config, CONFIG_KEY, key, key_len);
}

int
tls_config_set_keypair_file(struct tls_config *config, const char *cert_file,
    const char *key_file)
{
	return tls_config_set_keypair_ocsp_file(config, cert_file, key_file,
	    NULL);
}

int
tls_config_set_keypair_mem(struct tls_config *config, const uint8_t *cert,
    size_t cert_len, const uint8_t *key, size_t key_len)
{
	return tls_config_set_keypair_ocsp_mem(config, cert, cert_len, key,
	    key_len, NULL, 0);
}

int
tls_config_set_keypair_ocsp_file(struct tls_config *config,
    const char *cert_file, const char *key_file, const char *staple_file)
{
	if (tls_config_set_cert_file(config, cert_file) == -1 ||
	    tls_config_set_key_file(config, key_file) == -1)
		return -1;
	return staple_file == NULL ? 0 :
	    tls_config_set_ocsp_staple_file(config, staple_file);
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
	return tls_config_add_keypair_ocsp_file(config, cert_file, key_file,
	    NULL);
}

int
tls_config_add_keypair_mem(struct tls_config *config, const uint8_t *cert,
    size_t cert_len, const uint8_t *key, size_t key_len)
{
	return tls_config_add_keypair_ocsp_mem(config, cert, cert_len, key,
	    key_len, NULL, 0);
}

/* The paths are NULL for what comes from memory. */
static int
add_keypair(struct tls_config *config, const uint8_t *cert, size_t cert_len,
    const uint8_t *key, size_t key_len, const uint8_t *staple,
    size_t staple_len, const char *const path[KEYPAIR_PARTS])
{
	struct visit v;

	if (!config_enter(config, &v))
		return -1;
	return config_leave(config, &v, goConfigAddKeypairOCSPMem(config->go,
	    &v.fail, cert, cert_len, key, key_len, staple, staple_len,
	    path[CERT], path[KEY], path[STAPLE]));
}

int
tls_config_add_keypair_ocsp_file(struct tls_config *config,
    const char *cert_file, const char *key_file, const char *staple_file)
{
	const char *const path[KEYPAIR_PARTS] = {
		[CERT] = cert_file, [KEY] = key_file, [STAPLE] = staple_file,
	};
	struct file cert, key = { 0 }, staple = { 0 };
	int rv;

	if (!config_valid(config))
		return -1;
	/* All are read before the first is judged; the order of the errors is libtls's. */
	file_read(&cert, cert_file);
	if (staple_file != NULL)
		file_read(&staple, staple_file);
	if (key_file != NULL)
		file_read(&key, key_file);
	if (cert.num != 0)
		rv = file_error(&config->err, &cert, "certificate", cert_file);
	else if (staple.num != 0)
		rv = file_error(&config->err, &staple, "ocsp", staple_file);
	else if (key.num != 0)
		rv = file_error(&config->err, &key, "key", key_file);
	else if ((rv = add_keypair(config, cert.data, cert.len, key.data,
	    key.len, staple.data, staple.len, path)) == -1)
		rv = error_in_file(&config->err, cert_file);
	file_drop(&cert);
	file_drop(&key);
	file_drop(&staple);
	return rv;
}

int
tls_config_add_keypair_ocsp_mem(struct tls_config *config, const uint8_t *cert,
    size_t cert_len, const uint8_t *key, size_t key_len, const uint8_t *staple,
    size_t staple_len)
{
	static const char *const memory[KEYPAIR_PARTS];

	return add_keypair(config, cert, cert_len, key, key_len, staple,
	    staple_len, memory);
}

int
tls_config_set_ocsp_staple_file(struct tls_config *config,
    const char *staple_file)
{
	return set_part(config, tls_config_set_ocsp_staple_mem, STAPLE,
	    staple_file);
}

int
tls_config_set_ocsp_staple_mem(struct tls_config *config,
    const uint8_t *staple, size_t staple_len)
{
	return config_set_bytes(config, CONFIG_STAPLE, staple, staple_len);
}

void
tls_config_clear_keys(struct tls_config *config)
{
	config_switch(config, CONFIG_CLEAR_KEYS);
}

int
tls_config_set_verify_depth(struct tls_config *config, int verify_depth)
{
	return config_set_number(config, CONFIG_VERIFY_DEPTH, verify_depth);
}

void
tls_config_verify_client(struct tls_config *config)
{
	config_switch(config, CONFIG_VERIFY_CLIENT);
}

void
tls_config_verify_client_optional(struct tls_config *config)
{
	config_switch(config, CONFIG_VERIFY_CLIENT_OPTIONAL);
}
