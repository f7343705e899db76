/*
 * libtls: TLS for C programs.
 *
 * Functions that return int give 0 for success and -1 for failure, those that
 * return a pointer give NULL for failure, unless stated otherwise; what went
 * wrong is told by tls_error() or tls_config_error(). The sections bear the
 * names of the manual pages.
 */
#ifndef HEADER_TLS_H
#define HEADER_TLS_H

#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TLS_API	20200120

#define TLS_PROTOCOL_TLSv1_0	0x02
#define TLS_PROTOCOL_TLSv1_1	0x04
#define TLS_PROTOCOL_TLSv1_2	0x08
#define TLS_PROTOCOL_TLSv1_3	0x10
#define TLS_PROTOCOL_TLSv1	(TLS_PROTOCOL_TLSv1_2 | TLS_PROTOCOL_TLSv1_3)
#define TLS_PROTOCOLS_ALL	TLS_PROTOCOL_TLSv1
#define TLS_PROTOCOLS_DEFAULT	(TLS_PROTOCOL_TLSv1_2 | TLS_PROTOCOL_TLSv1_3)

/* Call again once the descriptor can be read, or written. */
#define TLS_WANT_POLLIN		(-2)
#define TLS_WANT_POLLOUT	(-3)

#define TLS_OCSP_RESPONSE_SUCCESSFUL	0
#define TLS_OCSP_RESPONSE_MALFORMED	1
#define TLS_OCSP_RESPONSE_INTERNALERROR	2
#define TLS_OCSP_RESPONSE_TRYLATER	3
#define TLS_OCSP_RESPONSE_SIGREQUIRED	4
#define TLS_OCSP_RESPONSE_UNAUTHORIZED	5

#define TLS_OCSP_CERT_GOOD	0
#define TLS_OCSP_CERT_REVOKED	1
#define TLS_OCSP_CERT_UNKNOWN	2

#define TLS_CRL_REASON_UNSPECIFIED		0
#define TLS_CRL_REASON_KEY_COMPROMISE		1
#define TLS_CRL_REASON_CA_COMPROMISE		2
#define TLS_CRL_REASON_AFFILIATION_CHANGED	3
#define TLS_CRL_REASON_SUPERSEDED		4
#define TLS_CRL_REASON_CESSATION_OF_OPERATION	5
#define TLS_CRL_REASON_CERTIFICATE_HOLD		6
#define TLS_CRL_REASON_REMOVE_FROM_CRL		8
#define TLS_CRL_REASON_PRIVILEGE_WITHDRAWN	9
#define TLS_CRL_REASON_AA_COMPROMISE		10

#define TLS_MAX_SESSION_ID_LENGTH	32
#define TLS_TICKET_KEY_SIZE		48

#define TLS_ERROR_UNKNOWN		0x0000
#define TLS_ERROR_OUT_OF_MEMORY		0x1000
#define TLS_ERROR_INVALID_CONTEXT	0x2000
#define TLS_ERROR_INVALID_ARGUMENT	0x2001

struct tls;
struct tls_config;

/*
 * Transport of the caller's own making: bytes moved, 0 at the end of input,
 * TLS_WANT_POLLIN or TLS_WANT_POLLOUT, or -1.
 */
typedef ssize_t (*tls_read_cb)(struct tls *ctx, void *buf, size_t buflen,
    void *cb_arg);
typedef ssize_t (*tls_write_cb)(struct tls *ctx, const void *buf,
    size_t buflen, void *cb_arg);

/* tls_init(3) */

/* Prepares the library; may be left out, and may be repeated. */
int tls_init(void);
/* A configuration with the defaults. */
struct tls_config *tls_config_new(void);
/* Gives up the caller's hold on a configuration; contexts keep theirs. */
void tls_config_free(struct tls_config *config);
/* Text of the configuration's latest error, or NULL. */
const char *tls_config_error(struct tls_config *config);
/* TLS_ERROR_* of the configuration's latest error. */
int tls_config_error_code(struct tls_config *config);

/* tls_client(3) */

/* A context for one connection to a server. */
struct tls *tls_client(void);
/* A context that accepts connections of clients. */
struct tls *tls_server(void);
/* Has a context use a configuration; NULL is the default one. */
int tls_configure(struct tls *ctx, struct tls_config *config);
/* Forgets connection, configuration and error of a context. */
void tls_reset(struct tls *ctx);
/* Resets a context and releases it; sends and closes nothing. */
void tls_free(struct tls *ctx);

/* tls_config_set_protocols(3) */

/* Which versions may be used: TLS_PROTOCOL_* bits. */
int tls_config_set_protocols(struct tls_config *config, uint32_t protocols);
/* Makes TLS_PROTOCOL_* bits of a list such as "all,!tlsv1.2". */
int tls_config_parse_protocols(uint32_t *protocols, const char *protostr);
/* Application protocols by preference, separated by commas. */
int tls_config_set_alpn(struct tls_config *config, const char *alpn);
/* Cipher suites: "secure", "compat", "legacy", "all", or a list of names. */
int tls_config_set_ciphers(struct tls_config *config, const char *ciphers);
/* Ephemeral Diffie-Hellman on servers: "none", "auto" or "legacy". */
int tls_config_set_dheparams(struct tls_config *config, const char *params);
/* One group for key agreement; older than tls_config_set_ecdhecurves(). */
int tls_config_set_ecdhecurve(struct tls_config *config, const char *curve);
/* Groups for key agreement by preference, separated by commas or colons. */
int tls_config_set_ecdhecurves(struct tls_config *config, const char *curves);
/* Servers follow the client's order of cipher suites. */
void tls_config_prefer_ciphers_client(struct tls_config *config);
/* Servers follow their own order of cipher suites (default). */
void tls_config_prefer_ciphers_server(struct tls_config *config);

/* tls_load_file(3) */

/* Reads a file, or with a password the private key in it, decrypted. */
uint8_t *tls_load_file(const char *file, size_t *len, char *password);
/* Wipes and frees what tls_load_file() returned. */
void tls_unload_file(uint8_t *buf, size_t len);
/* File of trusted root certificates. */
int tls_config_set_ca_file(struct tls_config *config, const char *ca_file);
/* Directory of trusted root certificates, named by their hashes. */
int tls_config_set_ca_path(struct tls_config *config, const char *ca_path);
/* Trusted root certificates from memory. */
int tls_config_set_ca_mem(struct tls_config *config, const uint8_t *ca,
    size_t len);
/* File of certificate revocation lists. */
int tls_config_set_crl_file(struct tls_config *config, const char *crl_file);
/* Certificate revocation lists from memory. */
int tls_config_set_crl_mem(struct tls_config *config, const uint8_t *crl,
    size_t len);
/* Own certificate chain from a file, leaf first. */
int tls_config_set_cert_file(struct tls_config *config,
    const char *cert_file);
/* Own certificate chain from memory, leaf first. */
int tls_config_set_cert_mem(struct tls_config *config, const uint8_t *cert,
    size_t len);
/* Private key from a file. */
int tls_config_set_key_file(struct tls_config *config, const char *key_file);
/* Private key from memory. */
int tls_config_set_key_mem(struct tls_config *config, const uint8_t *key,
    size_t len);
/* Certificate chain and private key from files. */
int tls_config_set_keypair_file(struct tls_config *config,
    const char *cert_file, const char *key_file);
/* Certificate chain and private key from memory. */
int tls_config_set_keypair_mem(struct tls_config *config,
    const uint8_t *cert, size_t cert_len, const uint8_t *key, size_t key_len);
/* Certificate chain, private key and OCSP response from files. */
int tls_config_set_keypair_ocsp_file(struct tls_config *config,
    const char *cert_file, const char *key_file, const char *staple_file);
/* Certificate chain, private key and OCSP response from memory. */
int tls_config_set_keypair_ocsp_mem(struct tls_config *config,
    const uint8_t *cert, size_t cert_len, const uint8_t *key, size_t key_len,
    const uint8_t *staple, size_t staple_len);
/* A further pair for servers, chosen by the name a client asks for. */
int tls_config_add_keypair_file(struct tls_config *config,
    const char *cert_file, const char *key_file);
/* The same from memory. */
int tls_config_add_keypair_mem(struct tls_config *config,
    const uint8_t *cert, size_t cert_len, const uint8_t *key, size_t key_len);
/* A further pair with its OCSP response. */
int tls_config_add_keypair_ocsp_file(struct tls_config *config,
    const char *cert_file, const char *key_file, const char *staple_file);
/* The same from memory. */
int tls_config_add_keypair_ocsp_mem(struct tls_config *config,
    const uint8_t *cert, size_t cert_len, const uint8_t *key, size_t key_len,
    const uint8_t *staple, size_t staple_len);
/* OCSP response to staple, from a file (DER). */
int tls_config_set_ocsp_staple_file(struct tls_config *config,
    const char *staple_file);
/* OCSP response to staple, from memory (DER). */
int tls_config_set_ocsp_staple_mem(struct tls_config *config,
    const uint8_t *staple, size_t len);
/* Wipes the private keys. */
void tls_config_clear_keys(struct tls_config *config);
/* How many intermediate certificates a chain may have. */
int tls_config_set_verify_depth(struct tls_config *config, int verify_depth);
/* Servers ask for a client certificate and insist on it. */
void tls_config_verify_client(struct tls_config *config);
/* Servers ask for a client certificate but accept its absence. */
void tls_config_verify_client_optional(struct tls_config *config);
/* Path of the file of root certificates used by default. */
const char *tls_default_ca_cert_file(void);

/* tls_config_verify(3) */

/* Turns every check of the peer's certificate on again. */
void tls_config_verify(struct tls_config *config);
/* Accepts certificates that lead to no trusted root. */
void tls_config_insecure_noverifycert(struct tls_config *config);
/* Accepts certificates for another name. */
void tls_config_insecure_noverifyname(struct tls_config *config);
/* Accepts certificates outside their time. */
void tls_config_insecure_noverifytime(struct tls_config *config);

/* tls_config_ocsp_require_stapling(3) */

/* Clients insist on a stapled OCSP response. */
void tls_config_ocsp_require_stapling(struct tls_config *config);

/* tls_config_set_session_id(3) */

/* Clients keep their session in this regular file; -1 turns that off. */
int tls_config_set_session_fd(struct tls_config *config, int session_fd);
/* Label of a server's sessions; at most TLS_MAX_SESSION_ID_LENGTH bytes. */
int tls_config_set_session_id(struct tls_config *config,
    const unsigned char *session_id, size_t len);
/* Seconds for which a server's sessions can be resumed; 0 for not at all. */
int tls_config_set_session_lifetime(struct tls_config *config, int lifetime);
/* A key for tickets, TLS_TICKET_KEY_SIZE bytes: the one added last encrypts. */
int tls_config_add_ticket_key(struct tls_config *config, uint32_t keyrev,
    unsigned char *key, size_t keylen);

/* tls_connect(3) */

/* Connects to a port of a host and will verify the host's name. */
int tls_connect(struct tls *ctx, const char *host, const char *port);
/* Connects to a port of a host and will verify another name. */
int tls_connect_servername(struct tls *ctx, const char *host,
    const char *port, const char *servername);
/* Uses a pair of descriptors that is connected already. */
int tls_connect_fds(struct tls *ctx, int fd_read, int fd_write,
    const char *servername);
/* Uses a socket that is connected already. */
int tls_connect_socket(struct tls *ctx, int s, const char *servername);
/* Uses callbacks. */
int tls_connect_cbs(struct tls *ctx, tls_read_cb read_cb,
    tls_write_cb write_cb, void *cb_arg, const char *servername);

/* tls_accept_socket(3) */

/* Makes a context for a client that came in on a socket. */
int tls_accept_socket(struct tls *ctx, struct tls **cctx, int s);
/* Makes a context for a client on a pair of descriptors. */
int tls_accept_fds(struct tls *ctx, struct tls **cctx, int fd_read,
    int fd_write);
/* Makes a context for a client behind callbacks. */
int tls_accept_cbs(struct tls *ctx, struct tls **cctx, tls_read_cb read_cb,
    tls_write_cb write_cb, void *cb_arg);

/* tls_read(3): these may also return TLS_WANT_POLLIN or TLS_WANT_POLLOUT. */

/* Does the handshake; reading and writing do it as well. */
int tls_handshake(struct tls *ctx);
/* Bytes read; 0 at the end. */
ssize_t tls_read(struct tls *ctx, void *buf, size_t buflen);
/* Bytes written, which may be fewer than asked. */
ssize_t tls_write(struct tls *ctx, const void *buf, size_t buflen);
/* Tells the peer that no more will be written; closes a socket of our own. */
int tls_close(struct tls *ctx);
/* Text of the context's latest error, or NULL. */
const char *tls_error(struct tls *ctx);
/* TLS_ERROR_* of the context's latest error. */
int tls_error_code(struct tls *ctx);

/* tls_conn_version(3): known once the handshake is done, NULL, 0 or -1 before. */

/* "TLSv1.2" or "TLSv1.3". */
const char *tls_conn_version(struct tls *ctx);
/* Name of the cipher suite. */
const char *tls_conn_cipher(struct tls *ctx);
/* Bits of its key. */
int tls_conn_cipher_strength(struct tls *ctx);
/* The application protocol agreed on, or NULL. */
const char *tls_conn_alpn_selected(struct tls *ctx);
/* The server's name that the client asked for, or NULL. */
const char *tls_conn_servername(struct tls *ctx);
/* 1 if an earlier session was resumed, else 0. */
int tls_conn_session_resumed(struct tls *ctx);
/* 1 if the peer has a certificate, else 0. */
int tls_peer_cert_provided(struct tls *ctx);
/* 1 if the peer's certificate is for that name, else 0. */
int tls_peer_cert_contains_name(struct tls *ctx, const char *name);
/* Common name of the certificate's subject, "" if there is none. */
const char *tls_peer_cert_common_name(struct tls *ctx);
/* "SHA256:" and the certificate's hash in hexadecimal. */
const char *tls_peer_cert_hash(struct tls *ctx);
/* The certificate's issuer in one line. */
const char *tls_peer_cert_issuer(struct tls *ctx);
/* The certificate's subject in one line. */
const char *tls_peer_cert_subject(struct tls *ctx);
/* When the certificate becomes valid; -1 if there is none. */
time_t tls_peer_cert_notbefore(struct tls *ctx);
/* When the certificate expires; -1 if there is none. */
time_t tls_peer_cert_notafter(struct tls *ctx);
/* The certificates as the peer sent them, in PEM without a final NUL. */
const uint8_t *tls_peer_cert_chain_pem(struct tls *ctx, size_t *len);

/* tls_ocsp_process_response(3) */

/* Checks an OCSP response (DER) for the peer's certificate. */
int tls_ocsp_process_response(struct tls *ctx, const unsigned char *response,
    size_t size);
/* TLS_OCSP_CERT_*, or -1. */
int tls_peer_ocsp_cert_status(struct tls *ctx);
/* TLS_CRL_REASON_*, or -1. */
int tls_peer_ocsp_crl_reason(struct tls *ctx);
/* When newer status will be available, or -1. */
time_t tls_peer_ocsp_next_update(struct tls *ctx);
/* TLS_OCSP_RESPONSE_*, or -1. */
int tls_peer_ocsp_response_status(struct tls *ctx);
/* Status of the certificate in words, or NULL. */
const char *tls_peer_ocsp_result(struct tls *ctx);
/* When the certificate was revoked, or -1. */
time_t tls_peer_ocsp_revocation_time(struct tls *ctx);
/* When the status was known to be right, or -1. */
time_t tls_peer_ocsp_this_update(struct tls *ctx);
/* Where to ask for the certificate's status, or NULL. */
const char *tls_peer_ocsp_url(struct tls *ctx);

/*
 * Extensions: other implementations export the first two without declaring
 * them, and none exports the rest.
 */

/* Allows a server certificate without its private key. */
void tls_config_skip_private_key_check(struct tls_config *config);
/* The same, with the certificate's public key in the place of the private. */
void tls_config_use_fake_private_key(struct tls_config *config);

/* How many tickets a TLS 1.3 server issues after a full handshake: 0 to 1000. */
int tls_config_set_num_tickets(struct tls_config *config, size_t num_tickets);
/* Name of the key agreement's group. */
const char *tls_conn_group(struct tls *ctx);

/*
 * Newer additions have a macro each, so that a program can ask for them with
 * #ifdef, or look for the function with dlsym().
 */

/* tls_config_set_keylog_fd(3) */

#define TLS_HAVE_CONFIG_SET_KEYLOG_FD	1

/* Connections append their secrets to this file; -1 turns that off. */
int tls_config_set_keylog_fd(struct tls_config *config, int keylog_fd);

/* tls_set_session_name(3) */

#define TLS_HAVE_SET_SESSION_NAME	1

/* What a client's session file knows the server by, instead of its port. */
int tls_set_session_name(struct tls *ctx, const char *name);

/* tls_config_set_ticket_key_file(3) */

#define TLS_HAVE_CONFIG_SET_TICKET_KEY_FILE	1

/* A server has its ticket keys from this file, as others do; NULL turns that off. */
int tls_config_set_ticket_key_file(struct tls_config *config, const char *path);

/* tls_config_reload(3) */

#define TLS_HAVE_CONFIG_RELOAD		1

/* Reads the files of keypairs again; servers use them from now on. */
int tls_config_reload(struct tls_config *config);

/* tls_conn_export(3) */

#define TLS_HAVE_CONN_EXPORT		1

#define TLS_MAX_CHANNEL_BINDING_LENGTH	64

/* Keying material that both ends of a connection can make, by a label. */
int tls_conn_export(struct tls *ctx, const char *label,
    const uint8_t *context, size_t context_len, uint8_t *out, size_t outlen);
/* Bytes of the "tls-exporter" or "tls-server-end-point", or -1. */
ssize_t tls_conn_channel_binding(struct tls *ctx, const char *type,
    uint8_t *out, size_t outlen);

/* tls_conn_peer_closed(3) */

#define TLS_HAVE_CONN_PEER_CLOSED	1

/* 1 if the peer has sent close_notify, else 0: whether an end is the end. */
int tls_conn_peer_closed(struct tls *ctx);

#define TLS_PADDING_NONE		0
#define TLS_PADDING_RSA_PKCS1		1

struct tls_signer;

/*
 * Signs for the key with that hash; the signature is malloc'ed. Returns 0
 * or -1.
 */
typedef int (*tls_sign_cb)(void *cb_arg, const char *pubkey_hash,
    const uint8_t *input, size_t input_len, int padding_type,
    uint8_t **out_signature, size_t *out_signature_len);

/* Has private keys kept elsewhere: signatures come from a callback. */
void tls_config_set_sign_cb(struct tls_config *config, tls_sign_cb cb,
    void *cb_arg);
/* A keeper of private keys, to answer such callbacks. */
struct tls_signer *tls_signer_new(void);
/* Wipes the keys and releases the signer. */
void tls_signer_free(struct tls_signer *signer);
/* Text of the signer's latest error, or NULL. */
const char *tls_signer_error(struct tls_signer *signer);
/* Adds a pair from files. */
int tls_signer_add_keypair_file(struct tls_signer *signer,
    const char *cert_file, const char *key_file);
/* Adds a pair from memory. */
int tls_signer_add_keypair_mem(struct tls_signer *signer,
    const uint8_t *cert, size_t cert_len, const uint8_t *key, size_t key_len);
/* Signs; the signature is malloc'ed. */
int tls_signer_sign(struct tls_signer *signer, const char *pubkey_hash,
    const uint8_t *input, size_t input_len, int padding_type,
    uint8_t **out_signature, size_t *out_signature_len);

#ifdef __cplusplus
}
#endif

#endif
