/* openssl/err.h of libtls: each thread's queue of errors. */
#ifndef LIBTLS_OPENSSL_ERR_H
#define LIBTLS_OPENSSL_ERR_H

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>

#include "crypto.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ERR_LIB_NONE	1
#define ERR_LIB_SYS	2
#define ERR_LIB_PEM	9
#define ERR_LIB_X509	11
#define ERR_LIB_ASN1	13
#define ERR_LIB_SSL	20
#define ERR_LIB_BIO	32

#define ERR_SYSTEM_FLAG		0x80000000UL
#define ERR_SYSTEM_ERROR(e)	(((e) & ERR_SYSTEM_FLAG) != 0)
#define ERR_GET_LIB(e)							\
	((int)(ERR_SYSTEM_ERROR(e) ? ERR_LIB_SYS : ((e) >> 23) & 0xff))
#define ERR_GET_REASON(e)						\
	((int)((e) & (ERR_SYSTEM_ERROR(e) ? 0x7fffffffUL : 0x7fffffUL)))
#define ERR_PACK(lib, func, reason)					\
	(((unsigned long)(lib) & 0xff) << 23 | ((unsigned long)(reason) & 0x7fffff))

#define ERR_R_SYS_LIB			(ERR_LIB_SYS | 0x80000)
#define ERR_R_PEM_LIB			(ERR_LIB_PEM | 0x80000)
#define ERR_R_X509_LIB			(ERR_LIB_X509 | 0x80000)
#define ERR_R_ASN1_LIB			(ERR_LIB_ASN1 | 0x80000)
#define ERR_R_MALLOC_FAILURE		(256 | 0xc0000)
#define ERR_R_PASSED_NULL_PARAMETER	(258 | 0xc0000)
#define ERR_R_INTERNAL_ERROR		(259 | 0xc0000)
#define ERR_R_PASSED_INVALID_ARGUMENT	(262 | 0x80000)

unsigned long	 ERR_get_error(void);
unsigned long	 ERR_peek_error(void);
unsigned long	 ERR_peek_last_error(void);
void		 ERR_clear_error(void);
char		*ERR_error_string(unsigned long e, char *buf);
void		 ERR_error_string_n(unsigned long e, char *buf, size_t len);
const char	*ERR_reason_error_string(unsigned long e);
const char	*ERR_lib_error_string(unsigned long e);
const char	*ERR_func_error_string(unsigned long e);
void		 ERR_print_errors_fp(FILE *fp);
void		 ERR_print_errors_cb(int (*cb)(const char *str, size_t len,
		    void *u), void *u);

#ifdef __cplusplus
}
#endif

#endif
