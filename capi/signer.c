/* The signer: private keys kept by another process. */
#include <stdlib.h>
#include <string.h>

#include "front.h"

struct tls_signer {
	void		*reserved;
	struct error	 err;
	uint32_t	 magic;
};

static bool
signer_valid(const struct tls_signer *signer)
{
	return signer != NULL && signer->magic == SIGNER_MAGIC;
}

static int
unsupported(struct tls_signer *signer)
{
	if (!signer_valid(signer))
		return -1;
	return error_set(&signer->err, TLS_ERROR_UNKNOWN,
	    "tls_signer is not supported yet");
}

void
tls_config_set_sign_cb(struct tls_config *config, tls_sign_cb cb, void *cb_arg)
{
	(void)cb;
	(void)cb_arg;
	if (config_valid(config))
		config->unsupported = "tls_config_set_sign_cb";
}

struct tls_signer *
tls_signer_new(void)
{
	struct tls_signer *signer;

	if ((signer = calloc(1, sizeof(*signer))) != NULL)
		signer->magic = SIGNER_MAGIC;
	return signer;
}

void
tls_signer_free(struct tls_signer *signer)
{
	if (!signer_valid(signer))
		return;
	error_clear(&signer->err);
	explicit_bzero(signer, sizeof(*signer));
	free(signer);
}

const char *
tls_signer_error(struct tls_signer *signer)
{
	return signer_valid(signer) ? atomic_load(&signer->err.text) : NULL;
}

int
tls_signer_add_keypair_file(struct tls_signer *signer, const char *cert_file,
    const char *key_file)
{
	(void)cert_file;
	(void)key_file;
	return unsupported(signer);
}

int
tls_signer_add_keypair_mem(struct tls_signer *signer, const uint8_t *cert,
    size_t cert_len, const uint8_t *key, size_t key_len)
{
	(void)cert;
	(void)cert_len;
	(void)key;
	(void)key_len;
	return unsupported(signer);
}

int
tls_signer_sign(struct tls_signer *signer, const char *pubkey_hash,
    const uint8_t *input, size_t input_len, int padding_type,
    uint8_t **out_signature, size_t *out_signature_len)
{
	(void)pubkey_hash;
	(void)input;
	(void)input_len;
	(void)padding_type;
	*out_signature = NULL;
	*out_signature_len = 0;
	return unsupported(signer);
}
