/* openssl/x509.h of libtls: questions about a peer's certificate. */
#ifndef LIBTLS_OPENSSL_X509_H
#define LIBTLS_OPENSSL_X509_H

#include <stddef.h>

#include "crypto.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct x509_st X509;
typedef struct X509_name_st X509_NAME;
typedef struct x509_store_ctx_st X509_STORE_CTX;
typedef struct X509_VERIFY_PARAM_st X509_VERIFY_PARAM;

#define X509_FILETYPE_PEM	1
#define X509_FILETYPE_ASN1	2

#define X509_V_OK					0
#define X509_V_ERR_UNSPECIFIED				1
#define X509_V_ERR_UNABLE_TO_GET_CRL			3
#define X509_V_ERR_CERT_SIGNATURE_FAILURE		7
#define X509_V_ERR_CERT_NOT_YET_VALID			9
#define X509_V_ERR_CERT_HAS_EXPIRED			10
#define X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT		18
#define X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN		19
#define X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY	20
#define X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE	21
#define X509_V_ERR_CERT_CHAIN_TOO_LONG			22
#define X509_V_ERR_CERT_REVOKED				23
#define X509_V_ERR_PATH_LENGTH_EXCEEDED			25
#define X509_V_ERR_INVALID_PURPOSE			26
#define X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION		34
#define X509_V_ERR_INVALID_POLICY_EXTENSION		42
#define X509_V_ERR_PERMITTED_VIOLATION			47
#define X509_V_ERR_EXCLUDED_VIOLATION			48
#define X509_V_ERR_UNSUPPORTED_NAME_SYNTAX		53
#define X509_V_ERR_HOSTNAME_MISMATCH			62
#define X509_V_ERR_IP_ADDRESS_MISMATCH			64
#define X509_V_ERR_EE_KEY_TOO_SMALL			66
#define X509_V_ERR_CA_KEY_TOO_SMALL			67
#define X509_V_ERR_CA_MD_TOO_WEAK			68
#define X509_V_ERR_INVALID_CA				79

#define X509_R_KEY_VALUES_MISMATCH		116
#define X509_R_NO_CERTIFICATE_OR_CRL_FOUND	136

/* Partial wildcards match nothing in any case. Other flags make a context useless. */
#define X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS	0x4

void		 X509_free(X509 *a);
X509_NAME	*X509_get_subject_name(const X509 *a);
X509_NAME	*X509_get_issuer_name(const X509 *a);
char		*X509_NAME_oneline(const X509_NAME *a, char *buf, int size);
const char	*X509_verify_cert_error_string(long n);

int	X509_VERIFY_PARAM_set1_host(X509_VERIFY_PARAM *param, const char *name,
	    size_t namelen);
int	X509_VERIFY_PARAM_set1_ip_asc(X509_VERIFY_PARAM *param,
	    const char *ipasc);
void	X509_VERIFY_PARAM_set_hostflags(X509_VERIFY_PARAM *param,
	    unsigned int flags);

#ifdef __cplusplus
}
#endif

#endif
