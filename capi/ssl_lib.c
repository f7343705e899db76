//go:build !nossl

/* openssl/crypto.h, methods and ciphers. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "ssl_front.h"
#include "_cgo_export.h"

int
OPENSSL_init_ssl(uint64_t opts, const OPENSSL_INIT_SETTINGS *settings)
{
	(void)opts;
	(void)settings;
	return 1;
}

int
OPENSSL_init_crypto(uint64_t opts, const OPENSSL_INIT_SETTINGS *settings)
{
	(void)opts;
	(void)settings;
	return 1;
}

unsigned long
OpenSSL_version_num(void)
{
	return OPENSSL_VERSION_NUMBER;
}

const char *
OpenSSL_version(int type)
{
	return type == OPENSSL_VERSION ? OPENSSL_VERSION_TEXT : "not available";
}

void
CRYPTO_free(void *ptr, const char *file, int line)
{
	(void)file;
	(void)line;
	free(ptr);
}

static const SSL_METHOD any = { .client = true, .server = true };
static const SSL_METHOD client = { .client = true };
static const SSL_METHOD server = { .server = true };

const SSL_METHOD *
TLS_method(void)
{
	return &any;
}

const SSL_METHOD *
TLS_client_method(void)
{
	return &client;
}

const SSL_METHOD *
TLS_server_method(void)
{
	return &server;
}

/* Index 0 is there without being asked for. */
enum { EX_CLASSES = 2, EX_MAX = 1024 };
static atomic_int ex_indices[EX_CLASSES] SURVIVES;

int
CRYPTO_get_ex_new_index(int class_index, long argl, void *argp,
    CRYPTO_EX_new *new_func, CRYPTO_EX_dup *dup_func, CRYPTO_EX_free *free_func)
{
	(void)argl;
	(void)argp;
	if (class_index < 0 || class_index >= EX_CLASSES || new_func != NULL ||
	    dup_func != NULL || free_func != NULL) {
		ssl_error(ERR_R_PASSED_INVALID_ARGUMENT);
		return -1;
	}
	return atomic_fetch_add(&ex_indices[class_index], 1) + 1;
}

int
ex_set(struct ex_data *ex, int idx, void *data)
{
	void **slots;

	if (idx < 0 || idx >= EX_MAX)
		return 0;
	if (idx >= ex->len) {
		slots = realloc(ex->slots, (idx + 1) * sizeof(*slots));
		if (slots == NULL)
			return 0;
		memset(slots + ex->len, 0,
		    (idx + 1 - ex->len) * sizeof(*slots));
		ex->slots = slots;
		ex->len = idx + 1;
	}
	ex->slots[idx] = data;
	return 1;
}

void *
ex_get(const struct ex_data *ex, int idx)
{
	return idx >= 0 && idx < ex->len ? ex->slots[idx] : NULL;
}

static struct ssl_cipher_st ciphers[64] SURVIVES;
static size_t n_ciphers SURVIVES;
static pthread_once_t ciphers_once SURVIVES = PTHREAD_ONCE_INIT;

static void
load_ciphers(void)
{
	struct ssl_visit v;

	if (!ssl_enter(&v))
		return;
	n_ciphers = goSSLSuites(ciphers, sizeof(ciphers) / sizeof(ciphers[0]));
	ssl_leave(&v);
}

const SSL_CIPHER *
cipher_by_id(int id)
{
	pthread_once(&ciphers_once, load_ciphers);
	for (size_t i = 0; i < n_ciphers; i++)
		if (ciphers[i].id == id)
			return &ciphers[i];
	return NULL;
}

const char *
SSL_CIPHER_get_name(const SSL_CIPHER *c)
{
	return c == NULL ? "(NONE)" : c->name;
}

const char *
SSL_CIPHER_standard_name(const SSL_CIPHER *c)
{
	return c == NULL ? "(NONE)" : c->standard_name;
}

const char *
SSL_CIPHER_get_version(const SSL_CIPHER *c)
{
	return c == NULL ? "(NONE)" : c->version;
}

int
SSL_CIPHER_get_bits(const SSL_CIPHER *c, int *alg_bits)
{
	if (c == NULL)
		return 0;
	if (alg_bits != NULL)
		*alg_bits = c->bits;
	return c->bits;
}

/* The first of the server's protocols that the client has. */
int
SSL_select_next_proto(unsigned char **out, unsigned char *outlen,
    const unsigned char *in, unsigned int inlen, const unsigned char *client,
    unsigned int client_len)
{
	*out = NULL;
	*outlen = 0;
	for (unsigned int i = 0; i < inlen && in[i] < inlen - i;
	    i += in[i] + 1u) {
		for (unsigned int j = 0; j < client_len &&
		    client[j] < client_len - j; j += client[j] + 1u) {
			if (in[i] == 0 || in[i] != client[j] ||
			    memcmp(in + i, client + j, in[i] + 1u) != 0)
				continue;
			*out = (unsigned char *)in + i + 1;
			*outlen = in[i];
			return OPENSSL_NPN_NEGOTIATED;
		}
	}
	if (client_len > 0 && client[0] < client_len) {
		*out = (unsigned char *)client + 1;
		*outlen = client[0];
	}
	return OPENSSL_NPN_NO_OVERLAP;
}
