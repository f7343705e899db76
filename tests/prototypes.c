/* Each function as programs declare and call it; the compiler compares these with tls.h. */
#include "harness.h"

int tls_init(void);
struct tls_config *tls_config_new(void);
void tls_config_free(struct tls_config *);
const char *tls_config_error(struct tls_config *);
const char *tls_error(struct tls *);
const char *tls_default_ca_cert_file(void);

struct tls *tls_client(void);
struct tls *tls_server(void);
int tls_configure(struct tls *, struct tls_config *);
void tls_reset(struct tls *);
void tls_free(struct tls *);

int tls_connect(struct tls *, const char *host, const char *port);
int tls_connect_servername(struct tls *, const char *host, const char *port, const char *name);
int tls_connect_fds(struct tls *, int fd_read, int fd_write, const char *name);
int tls_connect_socket(struct tls *, int s, const char *name);
int tls_connect_cbs(struct tls *, tls_read_cb, tls_write_cb, void *arg, const char *name);
int tls_accept_fds(struct tls *, struct tls **, int fd_read, int fd_write);
int tls_accept_socket(struct tls *, struct tls **, int s);
int tls_accept_cbs(struct tls *, struct tls **, tls_read_cb, tls_write_cb, void *arg);
int tls_handshake(struct tls *);
ssize_t tls_read(struct tls *, void *, size_t);
ssize_t tls_write(struct tls *, const void *, size_t);
int tls_close(struct tls *);

int tls_config_set_protocols(struct tls_config *, uint32_t);
int tls_config_parse_protocols(uint32_t *, const char *);
int tls_config_set_alpn(struct tls_config *, const char *);
int tls_config_set_ciphers(struct tls_config *, const char *);
int tls_config_set_dheparams(struct tls_config *, const char *);
int tls_config_set_ecdhecurve(struct tls_config *, const char *);
int tls_config_set_ecdhecurves(struct tls_config *, const char *);
void tls_config_prefer_ciphers_client(struct tls_config *);
void tls_config_prefer_ciphers_server(struct tls_config *);

int tls_config_set_ca_file(struct tls_config *, const char *);
int tls_config_set_ca_path(struct tls_config *, const char *);
int tls_config_set_ca_mem(struct tls_config *, const uint8_t *, size_t);
int tls_config_set_crl_file(struct tls_config *, const char *);
int tls_config_set_crl_mem(struct tls_config *, const uint8_t *, size_t);
int tls_config_set_cert_file(struct tls_config *, const char *);
int tls_config_set_cert_mem(struct tls_config *, const uint8_t *, size_t);
int tls_config_set_key_file(struct tls_config *, const char *);
int tls_config_set_key_mem(struct tls_config *, const uint8_t *, size_t);
int tls_config_set_keypair_file(struct tls_config *, const char *cert, const char *key);
int tls_config_set_keypair_mem(struct tls_config *, const uint8_t *cert, size_t,
	    const uint8_t *key, size_t);
int tls_config_set_keypair_ocsp_file(struct tls_config *, const char *cert, const char *key,
    const char *staple);
int tls_config_set_keypair_ocsp_mem(struct tls_config *, const uint8_t *cert, size_t,
	    const uint8_t *key, size_t, const uint8_t *staple, size_t);
int tls_config_add_keypair_file(struct tls_config *, const char *cert, const char *key);
int tls_config_add_keypair_mem(struct tls_config *, const uint8_t *cert, size_t,
	    const uint8_t *key, size_t);
int tls_config_add_keypair_ocsp_file(struct tls_config *, const char *cert, const char *key,
    const char *staple);
int tls_config_add_keypair_ocsp_mem(struct tls_config *, const uint8_t *cert, size_t,
	    const uint8_t *key, size_t, const uint8_t *staple, size_t);
int tls_config_set_ocsp_staple_file(struct tls_config *, const char *);
int tls_config_set_ocsp_staple_mem(struct tls_config *, const uint8_t *, size_t);
void tls_config_clear_keys(struct tls_config *);
int tls_config_set_verify_depth(struct tls_config *, int);
uint8_t *tls_load_file(const char *, size_t *, char *password);
void tls_unload_file(uint8_t *, size_t);

void tls_config_verify(struct tls_config *);
void tls_config_insecure_noverifycert(struct tls_config *);
void tls_config_insecure_noverifyname(struct tls_config *);
void tls_config_insecure_noverifytime(struct tls_config *);
void tls_config_verify_client(struct tls_config *);
void tls_config_verify_client_optional(struct tls_config *);
void tls_config_ocsp_require_stapling(struct tls_config *);
void tls_config_skip_private_key_check(struct tls_config *);
void tls_config_use_fake_private_key(struct tls_config *);

int tls_config_set_session_fd(struct tls_config *, int);
int tls_config_set_session_id(struct tls_config *, const unsigned char *, size_t);
int tls_config_set_session_lifetime(struct tls_config *, int);
int tls_config_add_ticket_key(struct tls_config *, uint32_t, unsigned char *, size_t);

const char *tls_conn_alpn_selected(struct tls *);
const char *tls_conn_cipher(struct tls *);
int tls_conn_cipher_strength(struct tls *);
const char *tls_conn_servername(struct tls *);
int tls_conn_session_resumed(struct tls *);
const char *tls_conn_version(struct tls *);
int tls_peer_cert_provided(struct tls *);
int tls_peer_cert_contains_name(struct tls *, const char *);
const char *tls_peer_cert_common_name(struct tls *);
const char *tls_peer_cert_hash(struct tls *);
const char *tls_peer_cert_issuer(struct tls *);
const char *tls_peer_cert_subject(struct tls *);
time_t tls_peer_cert_notbefore(struct tls *);
time_t tls_peer_cert_notafter(struct tls *);
const uint8_t *tls_peer_cert_chain_pem(struct tls *, size_t *);

int tls_ocsp_process_response(struct tls *, const unsigned char *, size_t);
int tls_peer_ocsp_cert_status(struct tls *);
int tls_peer_ocsp_crl_reason(struct tls *);
time_t tls_peer_ocsp_next_update(struct tls *);
int tls_peer_ocsp_response_status(struct tls *);
const char *tls_peer_ocsp_result(struct tls *);
time_t tls_peer_ocsp_revocation_time(struct tls *);
time_t tls_peer_ocsp_this_update(struct tls *);
const char *tls_peer_ocsp_url(struct tls *);
