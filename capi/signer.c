/* tls_signer_new(3): private keys that another process keeps. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "front.h"
#include "_cgo_export.h"

struct tls_signer {
	struct object	 object;	/* a tls.Signer */
	struct error	 err;
	uint32_t	 magic;
};

void
tls_config_set_sign_cb(struct tls_config *config, tls_sign_cb cb, void *cb_arg)
{
	struct visit v;

	if (config_must_enter(config, &v))
		config_leave(config, &v, goConfigSetSignCB(config->go, &v.fail,
		    (uintptr_t)cb, (uintptr_t)cb_arg));
}

void
tls_config_skip_private_key_check(struct tls_config *config)
{
	config_switch(config, CONFIG_SKIP_KEY_CHECK);
}

void
tls_config_use_fake_private_key(struct tls_config *config)
{
	config_switch(config, CONFIG_FAKE_KEY);
}

/* Whatever the callback returns, the request is gone. */
int
signature_get(struct sign_request *request, struct signature *signature)
{
	tls_sign_cb cb = (tls_sign_cb)(uintptr_t)request->cb;
	uint8_t *data = NULL;
	size_t len = 0;
	int rv = -1;

	if (request->hash != NULL && request->input != NULL)
		rv = cb((void *)(uintptr_t)request->arg, request->hash,
		    request->input, request->input_len, request->padding,
		    &data, &len);
	free(request->hash);
	free(request->input);
	if (rv == TLS_WANT_POLLIN || rv == TLS_WANT_POLLOUT)
		return rv;
	signature->data = rv == 0 ? data : NULL;
	signature->len = rv == 0 ? len : 0;
	return 0;
}

void
signature_free(struct signature *signature)
{
	free(signature->data);
	memset(signature, 0, sizeof(*signature));
}

static bool
signer_valid(const struct tls_signer *signer)
{
	return signer != NULL && signer->magic == SIGNER_MAGIC;
}

/* Under the lock, in a child. */
static bool
rebuild(void *owner, void *fail)
{
	struct tls_signer *signer = owner;

	return object_born(&signer->object,
	    goSignerRestore(fail, signer->object.bytes));
}

static bool
signer_enter(struct tls_signer *signer, struct visit *v)
{
	if (!signer_valid(signer))
		return false;
	if (!enter(v)) {
		error_errno(&signer->err, errno, NO_RUNTIME);
		return false;
	}
	if (object_restore(&signer->object, rebuild, signer, &v->fail))
		return true;
	leave(v);
	error_take(&signer->err, &v->fail);
	return false;
}

static int
signer_leave(struct tls_signer *signer, struct visit *v, int rv)
{
	leave(v);
	error_take(&signer->err, &v->fail);
	return rv;
}

/* The same, having changed the signer. */
static int
signer_changed(struct tls_signer *signer, struct visit *v, int rv)
{
	struct object *o = &signer->object;

	if (o->go != 0)
		object_keep(o, goSignerSave(o->go, &v->fail, o->bytes));
	return signer_leave(signer, v, rv);
}

struct tls_signer *
tls_signer_new(void)
{
	struct tls_signer *signer;
	struct visit v;

	if ((signer = calloc(1, sizeof(*signer))) == NULL)
		return NULL;
	signer->magic = SIGNER_MAGIC;
	if (signer_enter(signer, &v)) {
		object_born(&signer->object, goSignerNew(&v.fail));
		signer_changed(signer, &v, 0);
	}
	if (signer->object.go == 0) {
		tls_signer_free(signer);
		return NULL;
	}
	return signer;
}

void
tls_signer_free(struct tls_signer *signer)
{
	struct visit v;

	if (!signer_valid(signer))
		return;
	if (object_alive(&signer->object) && enter(&v)) {
		goSignerFree(signer->object.go);
		leave(&v);
	}
	object_drop(&signer->object);
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
	struct file cert, key;
	int rv;

	if (!signer_valid(signer))
		return -1;
	file_read(&cert, cert_file);
	file_read(&key, key_file);
	if (cert.num != 0)
		rv = file_error(&signer->err, &cert, "certificate", cert_file);
	else if (key.num != 0)
		rv = file_error(&signer->err, &key, "key", key_file);
	else
		rv = tls_signer_add_keypair_mem(signer, cert.data, cert.len,
		    key.data, key.len);
	file_drop(&cert);
	file_drop(&key);
	return rv;
}

int
tls_signer_add_keypair_mem(struct tls_signer *signer, const uint8_t *cert,
    size_t cert_len, const uint8_t *key, size_t key_len)
{
	struct visit v;

	if (!signer_enter(signer, &v))
		return -1;
	return signer_changed(signer, &v, goSignerAddKeypairMem(signer->object.go,
	    &v.fail, cert, cert_len, key, key_len));
}

int
tls_signer_sign(struct tls_signer *signer, const char *pubkey_hash,
    const uint8_t *input, size_t input_len, int padding_type,
    uint8_t **out_signature, size_t *out_signature_len)
{
	struct signature signature = { NULL, 0 };
	struct visit v;
	int rv;

	if (out_signature != NULL)
		*out_signature = NULL;
	if (out_signature_len != NULL)
		*out_signature_len = 0;
	if (!signer_valid(signer))
		return -1;
	if (out_signature == NULL || out_signature_len == NULL)
		return error_set(&signer->err, TLS_ERROR_INVALID_ARGUMENT,
		    "no pointer for the signature");
	if (!signer_enter(signer, &v))
		return -1;
	rv = signer_leave(signer, &v, goSignerSign(signer->object.go, &v.fail,
	    pubkey_hash, input, input_len, padding_type, &signature));
	*out_signature = signature.data;
	*out_signature_len = signature.len;
	return rv;
}
