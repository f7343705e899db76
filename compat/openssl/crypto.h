/* openssl/crypto.h of libtls: starting up, and data of the program's. */
#ifndef LIBTLS_OPENSSL_CRYPTO_H
#define LIBTLS_OPENSSL_CRYPTO_H

#include <stddef.h>
#include <stdint.h>

#include "names.h"
#include "opensslv.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ossl_init_settings_st OPENSSL_INIT_SETTINGS;
typedef struct crypto_ex_data_st CRYPTO_EX_DATA;
typedef void CRYPTO_EX_new(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx,
    long argl, void *argp);
typedef void CRYPTO_EX_free(void *parent, void *ptr, CRYPTO_EX_DATA *ad,
    int idx, long argl, void *argp);
typedef int CRYPTO_EX_dup(CRYPTO_EX_DATA *to, const CRYPTO_EX_DATA *from,
    void **from_d, int idx, long argl, void *argp);

#define OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS	0x1
#define OPENSSL_INIT_LOAD_CRYPTO_STRINGS	0x2
#define OPENSSL_INIT_ADD_ALL_CIPHERS		0x4
#define OPENSSL_INIT_ADD_ALL_DIGESTS		0x8
#define OPENSSL_INIT_LOAD_CONFIG		0x40
#define OPENSSL_INIT_NO_ATEXIT			0x80000
#define OPENSSL_INIT_LOAD_SSL_STRINGS		0x200000

#define OPENSSL_VERSION		0
#define SSLEAY_VERSION		OPENSSL_VERSION
#define SSLeay()		OpenSSL_version_num()
#define SSLeay_version(type)	OpenSSL_version(type)

int		 OPENSSL_init_crypto(uint64_t opts,
		    const OPENSSL_INIT_SETTINGS *settings);
unsigned long	 OpenSSL_version_num(void);
const char	*OpenSSL_version(int type);

#define OpenSSL_add_all_algorithms()					\
	OPENSSL_init_crypto(OPENSSL_INIT_ADD_ALL_CIPHERS |		\
	    OPENSSL_INIT_ADD_ALL_DIGESTS, NULL)
#define ERR_load_crypto_strings()					\
	OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CRYPTO_STRINGS, NULL)
#define ERR_free_strings()	while (0) continue
#define EVP_cleanup()		while (0) continue

void	CRYPTO_free(void *ptr, const char *file, int line);
#define OPENSSL_free(p)		CRYPTO_free((p), __FILE__, __LINE__)

/* Only the index matters: the callbacks have to be NULL. */
#define CRYPTO_EX_INDEX_SSL	0
#define CRYPTO_EX_INDEX_SSL_CTX	1
int	CRYPTO_get_ex_new_index(int class_index, long argl, void *argp,
	    CRYPTO_EX_new *new_func, CRYPTO_EX_dup *dup_func,
	    CRYPTO_EX_free *free_func);

#ifdef __cplusplus
}
#endif

#endif
