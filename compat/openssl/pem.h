/* openssl/pem.h of libtls: sessions in files. */
#ifndef LIBTLS_OPENSSL_PEM_H
#define LIBTLS_OPENSSL_PEM_H

#include <stdio.h>

#include "crypto.h"

#ifdef __cplusplus
extern "C" {
#endif

struct ssl_session_st;

#define PEM_STRING_SSL_SESSION	"SSL SESSION PARAMETERS"
#define PEM_R_NO_START_LINE	108

typedef int pem_password_cb(char *buf, int size, int rwflag, void *userdata);

int	PEM_write_SSL_SESSION(FILE *out, const struct ssl_session_st *x);
struct ssl_session_st *PEM_read_SSL_SESSION(FILE *in,
	    struct ssl_session_st **x, pem_password_cb *cb, void *u);

#ifdef __cplusplus
}
#endif

#endif
