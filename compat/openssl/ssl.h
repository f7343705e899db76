/*
 * openssl/ssl.h of libtls: enough of OpenSSL's API to write clients and
 * servers that decide about their sessions and tickets. A function that
 * isn't declared is not there. Link with -ltls; programs that are made
 * without these headers need -ltls-openssl as well.
 */
#ifndef LIBTLS_OPENSSL_SSL_H
#define LIBTLS_OPENSSL_SSL_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "crypto.h"
#include "err.h"
#include "pem.h"
#include "x509.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ssl_st SSL;
typedef struct ssl_ctx_st SSL_CTX;
typedef struct ssl_session_st SSL_SESSION;
typedef struct ssl_method_st SSL_METHOD;
typedef struct ssl_cipher_st SSL_CIPHER;

typedef int (*SSL_verify_cb)(int preverify_ok, X509_STORE_CTX *x509_ctx);
typedef int (*SSL_CTX_alpn_select_cb_func)(SSL *ssl, const unsigned char **out,
    unsigned char *outlen, const unsigned char *in, unsigned int inlen,
    void *arg);

/* The results of SSL_get_error. */
#define SSL_ERROR_NONE			0
#define SSL_ERROR_SSL			1
#define SSL_ERROR_WANT_READ		2
#define SSL_ERROR_WANT_WRITE		3
#define SSL_ERROR_WANT_X509_LOOKUP	4
#define SSL_ERROR_SYSCALL		5
#define SSL_ERROR_ZERO_RETURN		6
#define SSL_ERROR_WANT_CONNECT		7
#define SSL_ERROR_WANT_ACCEPT		8
#define SSL_ERROR_WANT_ASYNC		9
#define SSL_ERROR_WANT_ASYNC_JOB	10
#define SSL_ERROR_WANT_CLIENT_HELLO_CB	11
#define SSL_ERROR_WANT_RETRY_VERIFY	12

#define SSL_NOTHING	1
#define SSL_WRITING	2
#define SSL_READING	3

#define SSL_SENT_SHUTDOWN	1
#define SSL_RECEIVED_SHUTDOWN	2

#define SSL_VERIFY_NONE			0x00
#define SSL_VERIFY_PEER			0x01
#define SSL_VERIFY_FAIL_IF_NO_PEER_CERT	0x02
#define SSL_VERIFY_CLIENT_ONCE		0x04
#define SSL_VERIFY_POST_HANDSHAKE	0x08

#define SSL_FILETYPE_PEM	X509_FILETYPE_PEM
#define SSL_FILETYPE_ASN1	X509_FILETYPE_ASN1

#define SSL_SESS_CACHE_OFF			0x0000
#define SSL_SESS_CACHE_CLIENT			0x0001
#define SSL_SESS_CACHE_SERVER			0x0002
#define SSL_SESS_CACHE_BOTH			0x0003
#define SSL_SESS_CACHE_NO_AUTO_CLEAR		0x0080
#define SSL_SESS_CACHE_NO_INTERNAL_LOOKUP	0x0100
#define SSL_SESS_CACHE_NO_INTERNAL_STORE	0x0200
#define SSL_SESS_CACHE_NO_INTERNAL		0x0300
#define SSL_SESS_CACHE_UPDATE_TIME		0x0400
#define SSL_SESSION_CACHE_MAX_SIZE_DEFAULT	(1024 * 20)

#define SSL3_VERSION	0x0300
#define TLS1_VERSION	0x0301
#define TLS1_1_VERSION	0x0302
#define TLS1_2_VERSION	0x0303
#define TLS1_3_VERSION	0x0304

#define SSL_OP_BIT(n)	((uint64_t)1 << (n))
#define SSL_OP_NO_EXTENDED_MASTER_SECRET		SSL_OP_BIT(0)
#define SSL_OP_LEGACY_SERVER_CONNECT			SSL_OP_BIT(2)
#define SSL_OP_ENABLE_KTLS				SSL_OP_BIT(3)
#define SSL_OP_IGNORE_UNEXPECTED_EOF			SSL_OP_BIT(7)
#define SSL_OP_ALLOW_NO_DHE_KEX				SSL_OP_BIT(10)
#define SSL_OP_DONT_INSERT_EMPTY_FRAGMENTS		SSL_OP_BIT(11)
#define SSL_OP_NO_QUERY_MTU				SSL_OP_BIT(12)
#define SSL_OP_NO_TICKET				SSL_OP_BIT(14)
#define SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION	SSL_OP_BIT(16)
#define SSL_OP_NO_COMPRESSION				SSL_OP_BIT(17)
#define SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION	SSL_OP_BIT(18)
#define SSL_OP_NO_ENCRYPT_THEN_MAC			SSL_OP_BIT(19)
#define SSL_OP_ENABLE_MIDDLEBOX_COMPAT			SSL_OP_BIT(20)
#define SSL_OP_PRIORITIZE_CHACHA			SSL_OP_BIT(21)
#define SSL_OP_CIPHER_SERVER_PREFERENCE			SSL_OP_BIT(22)
#define SSL_OP_TLS_ROLLBACK_BUG				SSL_OP_BIT(23)
#define SSL_OP_NO_ANTI_REPLAY				SSL_OP_BIT(24)
#define SSL_OP_NO_SSLv3					SSL_OP_BIT(25)
#define SSL_OP_NO_TLSv1					SSL_OP_BIT(26)
#define SSL_OP_NO_TLSv1_2				SSL_OP_BIT(27)
#define SSL_OP_NO_TLSv1_1				SSL_OP_BIT(28)
#define SSL_OP_NO_TLSv1_3				SSL_OP_BIT(29)
#define SSL_OP_NO_RENEGOTIATION				SSL_OP_BIT(30)
#define SSL_OP_SINGLE_DH_USE				0x0
#define SSL_OP_SINGLE_ECDH_USE				0x0
#define SSL_OP_NO_SSLv2					0x0
#define SSL_OP_ALL					((uint64_t)0x80000850)
#define SSL_OP_NO_SSL_MASK				((uint64_t)0x3e000000)

#define SSL_MODE_ENABLE_PARTIAL_WRITE		0x001U
#define SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER	0x002U
#define SSL_MODE_AUTO_RETRY			0x004U
#define SSL_MODE_NO_AUTO_CHAIN			0x008U
#define SSL_MODE_RELEASE_BUFFERS		0x010U
#define SSL_MODE_SEND_FALLBACK_SCSV		0x080U
#define SSL_MODE_ASYNC				0x100U

#define SSL_TLSEXT_ERR_OK		0
#define SSL_TLSEXT_ERR_ALERT_WARNING	1
#define SSL_TLSEXT_ERR_ALERT_FATAL	2
#define SSL_TLSEXT_ERR_NOACK		3
#define TLSEXT_NAMETYPE_host_name	0
#define TLSEXT_MAXLEN_host_name		255

#define OPENSSL_NPN_UNSUPPORTED	0
#define OPENSSL_NPN_NEGOTIATED	1
#define OPENSSL_NPN_NO_OVERLAP	2

#define SSL_KEY_UPDATE_NONE		(-1)
#define SSL_KEY_UPDATE_NOT_REQUESTED	0
#define SSL_KEY_UPDATE_REQUESTED	1

#define SSL_MAX_SSL_SESSION_ID_LENGTH	32
#define SSL_MAX_SID_CTX_LENGTH		32
#define SSL_MAX_MASTER_KEY_LENGTH	48

#define SSL_AD_HANDSHAKE_FAILURE	40
#define SSL_AD_ACCESS_DENIED		49
#define SSL_AD_INTERNAL_ERROR		80
#define SSL_AD_UNRECOGNIZED_NAME	112
#define SSL_AD_NO_APPLICATION_PROTOCOL	120

#define SSL_R_NO_SUITABLE_KEY_SHARE		101
#define SSL_R_BAD_CHANGE_CIPHER_SPEC		103
#define SSL_R_BAD_KEY_SHARE			108
#define SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM	118
#define SSL_R_INVALID_KEY_UPDATE_TYPE		120
#define SSL_R_STILL_IN_INIT			121
#define SSL_R_BAD_SIGNATURE			123
#define SSL_R_BAD_SSL_FILETYPE			124
#define SSL_R_BAD_WRITE_RETRY			127
#define SSL_R_TOO_MANY_KEY_UPDATES		132
#define SSL_R_CERTIFICATE_VERIFY_FAILED		134
#define SSL_R_CONNECTION_TYPE_NOT_SET		144
#define SSL_R_DATA_LENGTH_TOO_LONG		146
#define SSL_R_DIGEST_CHECK_FAILED		149
#define SSL_R_ENCRYPTED_LENGTH_TOO_LONG		150
#define SSL_R_EXCESSIVE_MESSAGE_SIZE		152
#define SSL_R_HTTPS_PROXY_REQUEST		155
#define SSL_R_HTTP_REQUEST			156
#define SSL_R_LENGTH_MISMATCH			159
#define SSL_R_NO_CERTIFICATE_ASSIGNED		177
#define SSL_R_NO_CERTIFICATE_SET		179
#define SSL_R_NOT_ON_RECORD_BOUNDARY		182
#define SSL_R_NO_CIPHER_MATCH			185
#define SSL_R_NO_PRIVATE_KEY_ASSIGNED		190
#define SSL_R_NO_PROTOCOLS_AVAILABLE		191
#define SSL_R_NO_SHARED_CIPHER			193
#define SSL_R_NULL_SSL_CTX			195
#define SSL_R_NULL_SSL_METHOD_PASSED		196
#define SSL_R_OLD_SESSION_CIPHER_NOT_RETURNED	197
#define SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE	199
#define SSL_R_PROTOCOL_IS_SHUTDOWN		207
#define SSL_R_SSL_SESSION_VERSION_MISMATCH	210
#define SSL_R_UNSOLICITED_EXTENSION		217
#define SSL_R_PSK_IDENTITY_NOT_FOUND		223
#define SSL_R_PARSE_TLSEXT			227
#define SSL_R_CALLBACK_FAILED			234
#define SSL_R_NO_APPLICATION_PROTOCOL		235
#define SSL_R_UNEXPECTED_MESSAGE		244
#define SSL_R_UNEXPECTED_RECORD			245
#define SSL_R_UNKNOWN_ALERT_TYPE		246
#define SSL_R_UNKNOWN_CERTIFICATE_TYPE		247
#define SSL_R_UNSUPPORTED_COMPRESSION_ALGORITHM	257
#define SSL_R_UNSUPPORTED_PROTOCOL		258
#define SSL_R_WRONG_CIPHER_RETURNED		261
#define SSL_R_WRONG_SSL_VERSION			266
#define SSL_R_WRONG_VERSION_NUMBER		267
#define SSL_R_BAD_LENGTH			271
#define SSL_R_SSL_SESSION_ID_CONTEXT_TOO_LONG	273
#define SSL_R_UNINITIALIZED			276
#define SSL_R_SESSION_ID_CONTEXT_UNINITIALIZED	277
#define SSL_R_EXTENSION_NOT_RECEIVED		279
#define SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC 281
#define SSL_R_INVALID_CONFIG			283
#define SSL_R_NOT_SERVER			284
#define SSL_R_REQUEST_PENDING			285
#define SSL_R_REQUEST_SENT			286
#define SSL_R_APPLICATION_DATA_AFTER_CLOSE_NOTIFY 291
#define SSL_R_UNEXPECTED_EOF_WHILE_READING	294
#define SSL_R_BAD_ECC_CERT			304
#define SSL_R_BAD_ECPOINT			306
#define SSL_R_SSL3_EXT_INVALID_SERVERNAME	319
#define SSL_R_INVALID_TICKET_KEYS_LENGTH	325
#define SSL_R_RENEGOTIATION_MISMATCH		337
#define SSL_R_NO_RENEGOTIATION			339
#define SSL_R_WRONG_SIGNATURE_TYPE		370
#define SSL_R_INAPPROPRIATE_FALLBACK		373
#define SSL_R_WRONG_CURVE			378
#define SSL_R_WRONG_CERTIFICATE_TYPE		383
#define SSL_R_SHUTDOWN_WHILE_IN_INIT		407
#define SSL_R_SSLV3_ALERT_UNEXPECTED_MESSAGE	1010
#define SSL_R_SSLV3_ALERT_BAD_RECORD_MAC	1020
#define SSL_R_TLSV1_ALERT_DECRYPTION_FAILED	1021
#define SSL_R_TLSV1_ALERT_RECORD_OVERFLOW	1022
#define SSL_R_SSLV3_ALERT_DECOMPRESSION_FAILURE	1030
#define SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE	1040
#define SSL_R_SSLV3_ALERT_NO_CERTIFICATE	1041
#define SSL_R_SSLV3_ALERT_BAD_CERTIFICATE	1042
#define SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE 1043
#define SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED	1044
#define SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED	1045
#define SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN	1046
#define SSL_R_SSLV3_ALERT_ILLEGAL_PARAMETER	1047
#define SSL_R_TLSV1_ALERT_UNKNOWN_CA		1048
#define SSL_R_TLSV1_ALERT_ACCESS_DENIED		1049
#define SSL_R_TLSV1_ALERT_DECODE_ERROR		1050
#define SSL_R_TLSV1_ALERT_DECRYPT_ERROR		1051
#define SSL_R_TLSV1_ALERT_EXPORT_RESTRICTION	1060
#define SSL_R_TLSV1_ALERT_PROTOCOL_VERSION	1070
#define SSL_R_TLSV1_ALERT_INSUFFICIENT_SECURITY	1071
#define SSL_R_TLSV1_ALERT_INTERNAL_ERROR	1080
#define SSL_R_TLSV1_ALERT_INAPPROPRIATE_FALLBACK 1086
#define SSL_R_TLSV1_ALERT_USER_CANCELLED	1090
#define SSL_R_TLSV1_ALERT_NO_RENEGOTIATION	1100
#define SSL_R_TLSV13_ALERT_MISSING_EXTENSION	1109
#define SSL_R_TLSV1_UNSUPPORTED_EXTENSION	1110
#define SSL_R_TLSV1_CERTIFICATE_UNOBTAINABLE	1111
#define SSL_R_TLSV1_UNRECOGNIZED_NAME		1112
#define SSL_R_TLSV1_BAD_CERTIFICATE_STATUS_RESPONSE 1113
#define SSL_R_TLSV1_BAD_CERTIFICATE_HASH_VALUE	1114
#define SSL_R_TLSV1_ALERT_UNKNOWN_PSK_IDENTITY	1115
#define SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED	1116
#define SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL 1120

/* Library and methods. */
int		 OPENSSL_init_ssl(uint64_t opts,
		    const OPENSSL_INIT_SETTINGS *settings);
#define SSL_library_init()	OPENSSL_init_ssl(0, NULL)
#define SSL_load_error_strings()					\
	OPENSSL_init_ssl(OPENSSL_INIT_LOAD_SSL_STRINGS |		\
	    OPENSSL_INIT_LOAD_CRYPTO_STRINGS, NULL)
#define OpenSSL_add_ssl_algorithms()	SSL_library_init()
#define SSLeay_add_ssl_algorithms()	SSL_library_init()

const SSL_METHOD *TLS_method(void);
const SSL_METHOD *TLS_server_method(void);
const SSL_METHOD *TLS_client_method(void);
#define SSLv23_method		TLS_method
#define SSLv23_server_method	TLS_server_method
#define SSLv23_client_method	TLS_client_method

/* Contexts. */
SSL_CTX		*SSL_CTX_new(const SSL_METHOD *meth);
int		 SSL_CTX_up_ref(SSL_CTX *ctx);
void		 SSL_CTX_free(SSL_CTX *ctx);
int		 SSL_CTX_use_certificate_file(SSL_CTX *ctx, const char *file,
		    int type);
int		 SSL_CTX_use_certificate_chain_file(SSL_CTX *ctx,
		    const char *file);
int		 SSL_CTX_use_PrivateKey_file(SSL_CTX *ctx, const char *file,
		    int type);
int		 SSL_CTX_check_private_key(const SSL_CTX *ctx);
int		 SSL_CTX_load_verify_locations(SSL_CTX *ctx, const char *CAfile,
		    const char *CApath);
int		 SSL_CTX_set_default_verify_paths(SSL_CTX *ctx);
void		 SSL_CTX_set_verify(SSL_CTX *ctx, int mode,
		    SSL_verify_cb callback);
void		 SSL_CTX_set_verify_depth(SSL_CTX *ctx, int depth);
int		 SSL_CTX_get_verify_mode(const SSL_CTX *ctx);
uint64_t	 SSL_CTX_set_options(SSL_CTX *ctx, uint64_t op);
uint64_t	 SSL_CTX_clear_options(SSL_CTX *ctx, uint64_t op);
uint64_t	 SSL_CTX_get_options(const SSL_CTX *ctx);
long		 SSL_CTX_ctrl(SSL_CTX *ctx, int cmd, long larg, void *parg);
long		 SSL_CTX_callback_ctrl(SSL_CTX *ctx, int cmd, void (*cb)(void));
int		 SSL_CTX_set_cipher_list(SSL_CTX *ctx, const char *str);
int		 SSL_CTX_set_ciphersuites(SSL_CTX *ctx, const char *str);
int		 SSL_CTX_set_alpn_protos(SSL_CTX *ctx,
		    const unsigned char *protos, unsigned int protos_len);
void		 SSL_CTX_set_alpn_select_cb(SSL_CTX *ctx,
		    SSL_CTX_alpn_select_cb_func cb, void *arg);
int		 SSL_select_next_proto(unsigned char **out,
		    unsigned char *outlen, const unsigned char *in,
		    unsigned int inlen, const unsigned char *client,
		    unsigned int client_len);
int		 SSL_CTX_set_ex_data(SSL_CTX *ctx, int idx, void *data);
void		*SSL_CTX_get_ex_data(const SSL_CTX *ctx, int idx);
X509_VERIFY_PARAM *SSL_CTX_get0_param(SSL_CTX *ctx);
#define SSL_CTX_set_app_data(c, p)	(SSL_CTX_set_ex_data(c, 0, (char *)(p)))
#define SSL_CTX_get_app_data(c)		(SSL_CTX_get_ex_data(c, 0))
#define SSL_CTX_get_ex_new_index(l, p, newf, dupf, freef)		\
	CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_SSL_CTX, l, p, newf, dupf, freef)

/* Sessions and tickets of contexts. */
int		 SSL_CTX_set_num_tickets(SSL_CTX *ctx, size_t num_tickets);
size_t		 SSL_CTX_get_num_tickets(const SSL_CTX *ctx);
int		 SSL_CTX_set_session_id_context(SSL_CTX *ctx,
		    const unsigned char *sid_ctx, unsigned int sid_ctx_len);
long		 SSL_CTX_set_timeout(SSL_CTX *ctx, long t);
long		 SSL_CTX_get_timeout(const SSL_CTX *ctx);
void		 SSL_CTX_sess_set_new_cb(SSL_CTX *ctx,
		    int (*new_session_cb)(struct ssl_st *ssl,
		    SSL_SESSION *sess));
int		(*SSL_CTX_sess_get_new_cb(SSL_CTX *ctx))(struct ssl_st *ssl,
		    SSL_SESSION *sess);
void		 SSL_CTX_sess_set_remove_cb(SSL_CTX *ctx,
		    void (*remove_session_cb)(struct ssl_ctx_st *ctx,
		    SSL_SESSION *sess));
int		 SSL_CTX_add_session(SSL_CTX *ctx, SSL_SESSION *session);
int		 SSL_CTX_remove_session(SSL_CTX *ctx, SSL_SESSION *session);
void		 SSL_CTX_flush_sessions(SSL_CTX *ctx, long tm);
void		 SSL_CTX_set_post_handshake_auth(SSL_CTX *ctx, int val);

/* Connections. */
SSL		*SSL_new(SSL_CTX *ctx);
int		 SSL_up_ref(SSL *s);
void		 SSL_free(SSL *ssl);
int		 SSL_clear(SSL *s);
int		 SSL_set_fd(SSL *s, int fd);
int		 SSL_set_rfd(SSL *s, int fd);
int		 SSL_set_wfd(SSL *s, int fd);
int		 SSL_get_fd(const SSL *s);
int		 SSL_get_rfd(const SSL *s);
int		 SSL_get_wfd(const SSL *s);
void		 SSL_set_accept_state(SSL *s);
void		 SSL_set_connect_state(SSL *s);
int		 SSL_is_server(const SSL *s);
int		 SSL_accept(SSL *ssl);
int		 SSL_connect(SSL *ssl);
int		 SSL_do_handshake(SSL *s);
int		 SSL_read(SSL *ssl, void *buf, int num);
int		 SSL_peek(SSL *ssl, void *buf, int num);
int		 SSL_write(SSL *ssl, const void *buf, int num);
int		 SSL_read_ex(SSL *ssl, void *buf, size_t num,
		    size_t *readbytes);
int		 SSL_peek_ex(SSL *ssl, void *buf, size_t num,
		    size_t *readbytes);
int		 SSL_write_ex(SSL *s, const void *buf, size_t num,
		    size_t *written);
int		 SSL_pending(const SSL *s);
int		 SSL_has_pending(const SSL *s);
int		 SSL_get_error(const SSL *s, int ret_code);
int		 SSL_want(const SSL *s);
int		 SSL_shutdown(SSL *s);
int		 SSL_get_shutdown(const SSL *ssl);
void		 SSL_set_shutdown(SSL *ssl, int mode);
void		 SSL_set_quiet_shutdown(SSL *ssl, int mode);
uint64_t	 SSL_set_options(SSL *s, uint64_t op);
uint64_t	 SSL_clear_options(SSL *s, uint64_t op);
uint64_t	 SSL_get_options(const SSL *s);
long		 SSL_ctrl(SSL *ssl, int cmd, long larg, void *parg);
void		 SSL_set_verify(SSL *s, int mode, SSL_verify_cb callback);
int		 SSL_get_verify_mode(const SSL *s);
long		 SSL_get_verify_result(const SSL *ssl);
X509		*SSL_get1_peer_certificate(const SSL *s);
X509		*SSL_get0_peer_certificate(const SSL *s);
#define SSL_get_peer_certificate	SSL_get1_peer_certificate
int		 SSL_set1_host(SSL *s, const char *hostname);
int		 SSL_set_alpn_protos(SSL *ssl, const unsigned char *protos,
		    unsigned int protos_len);
void		 SSL_get0_alpn_selected(const SSL *ssl,
		    const unsigned char **data, unsigned int *len);
const char	*SSL_get_servername(const SSL *s, const int type);
SSL_CTX		*SSL_get_SSL_CTX(const SSL *ssl);
SSL_CTX		*SSL_set_SSL_CTX(SSL *ssl, SSL_CTX *ctx);
const char	*SSL_get_version(const SSL *s);
int		 SSL_version(const SSL *ssl);
int		 SSL_is_init_finished(const SSL *s);
int		 SSL_in_init(const SSL *s);
int		 SSL_in_before(const SSL *s);
const char	*SSL_state_string_long(const SSL *s);
const SSL_CIPHER *SSL_get_current_cipher(const SSL *s);
const char	*SSL_CIPHER_get_name(const SSL_CIPHER *c);
int		 SSL_CIPHER_get_bits(const SSL_CIPHER *c, int *alg_bits);
const char	*SSL_CIPHER_get_version(const SSL_CIPHER *c);
const char	*SSL_CIPHER_standard_name(const SSL_CIPHER *c);
int		 SSL_set_num_tickets(SSL *s, size_t num_tickets);
size_t		 SSL_get_num_tickets(const SSL *s);
int		 SSL_new_session_ticket(SSL *s);
void		 SSL_set_post_handshake_auth(SSL *s, int val);
int		 SSL_verify_client_post_handshake(SSL *s);
int		 SSL_key_update(SSL *s, int updatetype);
int		 SSL_set_session_id_context(SSL *ssl,
		    const unsigned char *sid_ctx, unsigned int sid_ctx_len);
int		 SSL_set_session(SSL *to, SSL_SESSION *session);
SSL_SESSION	*SSL_get_session(const SSL *ssl);
SSL_SESSION	*SSL_get1_session(SSL *ssl);
int		 SSL_session_reused(const SSL *s);
int		 SSL_set_ex_data(SSL *ssl, int idx, void *data);
void		*SSL_get_ex_data(const SSL *ssl, int idx);
#define SSL_get0_session		SSL_get_session
#define SSL_get_cipher(s)						\
	SSL_CIPHER_get_name(SSL_get_current_cipher(s))
#define SSL_get_cipher_name(s)						\
	SSL_CIPHER_get_name(SSL_get_current_cipher(s))
#define SSL_get_cipher_bits(s, np)					\
	SSL_CIPHER_get_bits(SSL_get_current_cipher(s), np)
#define SSL_get_cipher_version(s)					\
	SSL_CIPHER_get_version(SSL_get_current_cipher(s))
#define SSL_set_app_data(s, arg)	(SSL_set_ex_data(s, 0, (char *)(arg)))
#define SSL_get_app_data(s)		(SSL_get_ex_data(s, 0))
#define SSL_get_ex_new_index(l, p, newf, dupf, freef)			\
	CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_SSL, l, p, newf, dupf, freef)
#define SSL_want_nothing(s)	(SSL_want(s) == SSL_NOTHING)
#define SSL_want_read(s)	(SSL_want(s) == SSL_READING)
#define SSL_want_write(s)	(SSL_want(s) == SSL_WRITING)
#define SSL_in_accept_init(a)	(SSL_in_init(a) && SSL_is_server(a))
#define SSL_in_connect_init(a)	(SSL_in_init(a) && !SSL_is_server(a))

/* Session objects. */
int		 SSL_SESSION_up_ref(SSL_SESSION *ses);
void		 SSL_SESSION_free(SSL_SESSION *ses);
SSL_SESSION	*SSL_SESSION_dup(const SSL_SESSION *src);
const unsigned char *SSL_SESSION_get_id(const SSL_SESSION *s,
		    unsigned int *len);
long		 SSL_SESSION_get_time(const SSL_SESSION *s);
long		 SSL_SESSION_set_time(SSL_SESSION *s, long t);
long		 SSL_SESSION_get_timeout(const SSL_SESSION *s);
long		 SSL_SESSION_set_timeout(SSL_SESSION *s, long t);
int		 SSL_SESSION_has_ticket(const SSL_SESSION *s);
unsigned long	 SSL_SESSION_get_ticket_lifetime_hint(const SSL_SESSION *s);
void		 SSL_SESSION_get0_ticket(const SSL_SESSION *s,
		    const unsigned char **tick, size_t *len);
int		 SSL_SESSION_is_resumable(const SSL_SESSION *s);
int		 SSL_SESSION_get_protocol_version(const SSL_SESSION *s);
const SSL_CIPHER *SSL_SESSION_get0_cipher(const SSL_SESSION *s);
const char	*SSL_SESSION_get0_hostname(const SSL_SESSION *s);
void		 SSL_SESSION_get0_alpn_selected(const SSL_SESSION *s,
		    const unsigned char **alpn, size_t *len);
size_t		 SSL_SESSION_get_master_key(const SSL_SESSION *sess,
		    unsigned char *out, size_t outlen);
X509		*SSL_SESSION_get0_peer(SSL_SESSION *s);
int		 i2d_SSL_SESSION(const SSL_SESSION *in, unsigned char **pp);
SSL_SESSION	*d2i_SSL_SESSION(SSL_SESSION **a, const unsigned char **pp,
		    long length);

/* Macros over SSL_ctrl and SSL_CTX_ctrl. */
#define SSL_CTRL_SESS_NUMBER			20
#define SSL_CTRL_SESS_CONNECT			21
#define SSL_CTRL_SESS_CONNECT_GOOD		22
#define SSL_CTRL_SESS_ACCEPT			24
#define SSL_CTRL_SESS_ACCEPT_GOOD		25
#define SSL_CTRL_SESS_HIT			27
#define SSL_CTRL_SESS_CB_HIT			28
#define SSL_CTRL_SESS_MISSES			29
#define SSL_CTRL_SESS_TIMEOUTS			30
#define SSL_CTRL_SESS_CACHE_FULL		31
#define SSL_CTRL_MODE				33
#define SSL_CTRL_SET_SESS_CACHE_SIZE		42
#define SSL_CTRL_GET_SESS_CACHE_SIZE		43
#define SSL_CTRL_SET_SESS_CACHE_MODE		44
#define SSL_CTRL_GET_SESS_CACHE_MODE		45
#define SSL_CTRL_SET_TLSEXT_SERVERNAME_CB	53
#define SSL_CTRL_SET_TLSEXT_SERVERNAME_ARG	54
#define SSL_CTRL_SET_TLSEXT_HOSTNAME		55
#define SSL_CTRL_GET_TLSEXT_TICKET_KEYS		58
#define SSL_CTRL_SET_TLSEXT_TICKET_KEYS		59
#define SSL_CTRL_CLEAR_MODE			78
#define SSL_CTRL_SET_GROUPS_LIST		92
#define SSL_CTRL_SET_MIN_PROTO_VERSION		123
#define SSL_CTRL_SET_MAX_PROTO_VERSION		124
#define SSL_CTRL_GET_MIN_PROTO_VERSION		130
#define SSL_CTRL_GET_MAX_PROTO_VERSION		131

#define SSL_CTX_sess_number(ctx)					\
	SSL_CTX_ctrl(ctx, SSL_CTRL_SESS_NUMBER, 0, NULL)
#define SSL_CTX_sess_connect(ctx)					\
	SSL_CTX_ctrl(ctx, SSL_CTRL_SESS_CONNECT, 0, NULL)
#define SSL_CTX_sess_connect_good(ctx)					\
	SSL_CTX_ctrl(ctx, SSL_CTRL_SESS_CONNECT_GOOD, 0, NULL)
#define SSL_CTX_sess_accept(ctx)					\
	SSL_CTX_ctrl(ctx, SSL_CTRL_SESS_ACCEPT, 0, NULL)
#define SSL_CTX_sess_accept_good(ctx)					\
	SSL_CTX_ctrl(ctx, SSL_CTRL_SESS_ACCEPT_GOOD, 0, NULL)
#define SSL_CTX_sess_hits(ctx)						\
	SSL_CTX_ctrl(ctx, SSL_CTRL_SESS_HIT, 0, NULL)
#define SSL_CTX_sess_cb_hits(ctx)					\
	SSL_CTX_ctrl(ctx, SSL_CTRL_SESS_CB_HIT, 0, NULL)
#define SSL_CTX_sess_misses(ctx)					\
	SSL_CTX_ctrl(ctx, SSL_CTRL_SESS_MISSES, 0, NULL)
#define SSL_CTX_sess_timeouts(ctx)					\
	SSL_CTX_ctrl(ctx, SSL_CTRL_SESS_TIMEOUTS, 0, NULL)
#define SSL_CTX_sess_cache_full(ctx)					\
	SSL_CTX_ctrl(ctx, SSL_CTRL_SESS_CACHE_FULL, 0, NULL)
#define SSL_CTX_sess_set_cache_size(ctx, t)				\
	SSL_CTX_ctrl(ctx, SSL_CTRL_SET_SESS_CACHE_SIZE, t, NULL)
#define SSL_CTX_sess_get_cache_size(ctx)				\
	SSL_CTX_ctrl(ctx, SSL_CTRL_GET_SESS_CACHE_SIZE, 0, NULL)
#define SSL_CTX_set_session_cache_mode(ctx, m)				\
	SSL_CTX_ctrl(ctx, SSL_CTRL_SET_SESS_CACHE_MODE, m, NULL)
#define SSL_CTX_get_session_cache_mode(ctx)				\
	SSL_CTX_ctrl(ctx, SSL_CTRL_GET_SESS_CACHE_MODE, 0, NULL)
#define SSL_CTX_set_mode(ctx, op)					\
	SSL_CTX_ctrl((ctx), SSL_CTRL_MODE, (op), NULL)
#define SSL_CTX_clear_mode(ctx, op)					\
	SSL_CTX_ctrl((ctx), SSL_CTRL_CLEAR_MODE, (op), NULL)
#define SSL_CTX_get_mode(ctx)						\
	SSL_CTX_ctrl((ctx), SSL_CTRL_MODE, 0, NULL)
#define SSL_set_mode(ssl, op)						\
	SSL_ctrl((ssl), SSL_CTRL_MODE, (op), NULL)
#define SSL_clear_mode(ssl, op)						\
	SSL_ctrl((ssl), SSL_CTRL_CLEAR_MODE, (op), NULL)
#define SSL_get_mode(ssl)						\
	SSL_ctrl((ssl), SSL_CTRL_MODE, 0, NULL)
#define SSL_CTX_set_min_proto_version(ctx, version)			\
	SSL_CTX_ctrl(ctx, SSL_CTRL_SET_MIN_PROTO_VERSION, version, NULL)
#define SSL_CTX_set_max_proto_version(ctx, version)			\
	SSL_CTX_ctrl(ctx, SSL_CTRL_SET_MAX_PROTO_VERSION, version, NULL)
#define SSL_CTX_get_min_proto_version(ctx)				\
	SSL_CTX_ctrl(ctx, SSL_CTRL_GET_MIN_PROTO_VERSION, 0, NULL)
#define SSL_CTX_get_max_proto_version(ctx)				\
	SSL_CTX_ctrl(ctx, SSL_CTRL_GET_MAX_PROTO_VERSION, 0, NULL)
#define SSL_set_min_proto_version(s, version)				\
	SSL_ctrl(s, SSL_CTRL_SET_MIN_PROTO_VERSION, version, NULL)
#define SSL_set_max_proto_version(s, version)				\
	SSL_ctrl(s, SSL_CTRL_SET_MAX_PROTO_VERSION, version, NULL)
#define SSL_get_min_proto_version(s)					\
	SSL_ctrl(s, SSL_CTRL_GET_MIN_PROTO_VERSION, 0, NULL)
#define SSL_get_max_proto_version(s)					\
	SSL_ctrl(s, SSL_CTRL_GET_MAX_PROTO_VERSION, 0, NULL)
#define SSL_CTX_set1_groups_list(ctx, s)				\
	SSL_CTX_ctrl(ctx, SSL_CTRL_SET_GROUPS_LIST, 0, (char *)(s))
#define SSL_CTX_set1_curves_list	SSL_CTX_set1_groups_list
#define SSL_set1_groups_list(ssl, s)					\
	SSL_ctrl(ssl, SSL_CTRL_SET_GROUPS_LIST, 0, (char *)(s))
#define SSL_set1_curves_list		SSL_set1_groups_list
#define SSL_CTX_set_ecdh_auto(ctx, onoff)	((onoff) != 0)
#define SSL_set_ecdh_auto(ssl, onoff)		((onoff) != 0)
#define SSL_CTX_set_tlsext_ticket_keys(ctx, keys, keylen)		\
	SSL_CTX_ctrl((ctx), SSL_CTRL_SET_TLSEXT_TICKET_KEYS, (keylen), (keys))
#define SSL_CTX_get_tlsext_ticket_keys(ctx, keys, keylen)		\
	SSL_CTX_ctrl((ctx), SSL_CTRL_GET_TLSEXT_TICKET_KEYS, (keylen), (keys))
#define SSL_CTX_set_tlsext_servername_callback(ctx, cb)			\
	SSL_CTX_callback_ctrl(ctx, SSL_CTRL_SET_TLSEXT_SERVERNAME_CB,	\
	    (void (*)(void))(cb))
#define SSL_CTX_set_tlsext_servername_arg(ctx, arg)			\
	SSL_CTX_ctrl(ctx, SSL_CTRL_SET_TLSEXT_SERVERNAME_ARG, 0, (void *)(arg))
#define SSL_set_tlsext_host_name(s, name)				\
	SSL_ctrl(s, SSL_CTRL_SET_TLSEXT_HOSTNAME,			\
	    TLSEXT_NAMETYPE_host_name, (void *)(name))

#ifdef __cplusplus
}
#endif

#endif
