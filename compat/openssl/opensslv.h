/*
 * openssl/opensslv.h of libtls: the OpenSSL that the subset behaves like. Names
 * that these headers don't declare are not there.
 */
#ifndef LIBTLS_OPENSSL_OPENSSLV_H
#define LIBTLS_OPENSSL_OPENSSLV_H

/* For programs that have to tell this from the real one. */
#define LIBTLS_OPENSSL_SUBSET 1

#define OPENSSL_VERSION_MAJOR 3
#define OPENSSL_VERSION_MINOR 0
#define OPENSSL_VERSION_PATCH 19
#define OPENSSL_VERSION_NUMBER 0x30000130L
#define OPENSSL_VERSION_TEXT "libtls, a subset of OpenSSL 3.0.19"

#endif
