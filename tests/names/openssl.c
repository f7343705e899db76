/*
 * openssl PKI: a program of libtls and OpenSSL. What OpenSSL makes only OpenSSL
 * can use and free, and its errors are its own.
 */
#include <sys/socket.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <tls.h>

#define CHECK(ok) do {							\
	if (!(ok)) {							\
		fprintf(stderr, "line %d: %s\n", __LINE__, #ok);	\
		return 0;						\
	}								\
} while (0)

/* A connection of libtls that fails, with an error of its own. */
static int
libtls_fails(void)
{
	struct tls_config *config = tls_config_new();
	struct tls *client = tls_client();
	int fds[2];

	CHECK(config != NULL && client != NULL);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
	tls_config_insecure_noverifycert(config);
	CHECK(tls_configure(client, config) == 0);
	CHECK(tls_connect_socket(client, fds[0], "server.test") == 0);
	CHECK(write(fds[1], "this is not TLS\n", 16) == 16);
	CHECK(tls_handshake(client) == -1 && tls_error(client) != NULL);
	tls_free(client);
	tls_config_free(config);
	close(fds[0]);
	close(fds[1]);
	return 1;
}

static int
certificates(const char *pki)
{
	char path[4096], *subject, *issuer;
	X509_VERIFY_PARAM *param = X509_VERIFY_PARAM_new();
	unsigned char *der = NULL;
	FILE *file;
	X509 *cert;

	snprintf(path, sizeof(path), "%s/server.pem", pki);
	CHECK((file = fopen(path, "r")) != NULL);
	CHECK((cert = PEM_read_X509(file, NULL, NULL, NULL)) != NULL);
	fclose(file);
	subject = X509_NAME_oneline(X509_get_subject_name(cert), NULL, 0);
	issuer = X509_NAME_oneline(X509_get_issuer_name(cert), NULL, 0);
	CHECK(subject != NULL && strstr(subject, "CN=") != NULL);
	CHECK(issuer != NULL && strstr(issuer, "CN=") != NULL);
	OPENSSL_free(subject);
	OPENSSL_free(issuer);
	CHECK(i2d_X509(cert, &der) > 0);
	OPENSSL_free(der);
	X509_free(cert);
	CHECK(param != NULL);
	CHECK(X509_VERIFY_PARAM_set1_host(param, "server.test", 0) == 1);
	CHECK(X509_VERIFY_PARAM_set1_ip_asc(param, "127.0.0.1") == 1);
	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_WILDCARDS);
	X509_VERIFY_PARAM_free(param);
	CHECK(X509_verify_cert_error_string(X509_V_ERR_CERT_REVOKED) != NULL);
	return 1;
}

static int
connections(const char *pki)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_method());
	SSL_SESSION *session = SSL_SESSION_new(), *copy;
	unsigned char *der = NULL;
	const unsigned char *p;
	char path[4096], byte;
	int index, len;
	SSL *ssl;

	CHECK(ctx != NULL && session != NULL);
	snprintf(path, sizeof(path), "%s/server.pem", pki);
	CHECK(SSL_CTX_use_certificate_chain_file(ctx, path) == 1);
	CHECK(SSL_CTX_set_num_tickets(ctx, 3) == 1);
	CHECK(SSL_CTX_get_num_tickets(ctx) == 3);
	index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL);
	CHECK(index > 0 && SSL_CTX_set_ex_data(ctx, index, path) == 1);
	CHECK(SSL_CTX_get_ex_data(ctx, index) == path);
	CHECK(SSL_SESSION_set_protocol_version(session, TLS1_2_VERSION) == 1);
	CHECK(SSL_SESSION_get_protocol_version(session) == TLS1_2_VERSION);
	CHECK((ssl = SSL_new(ctx)) != NULL);
	CHECK(SSL_set_num_tickets(ssl, 4) == 1 && SSL_get_num_tickets(ssl) == 4);
	CHECK(SSL_CTX_get0_certificate(ctx) != NULL);
	CHECK(SSL_CIPHER_get_name(sk_SSL_CIPHER_value(SSL_get_ciphers(ssl), 0)) !=
	    NULL);
	SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	SSL_set_connect_state(ssl);
	CHECK(SSL_read(ssl, &byte, 1) == -1);
	CHECK(SSL_get_error(ssl, -1) == SSL_ERROR_WANT_READ);
	SSL_free(ssl);

	CHECK(SSL_SESSION_set_cipher(session,
	    sk_SSL_CIPHER_value(SSL_CTX_get_ciphers(ctx), 0)) == 1);
	CHECK((len = i2d_SSL_SESSION(session, &der)) > 0);
	p = der;
	CHECK((copy = d2i_SSL_SESSION(NULL, &p, len)) != NULL);
	OPENSSL_free(der);
	SSL_SESSION_free(copy);
	SSL_SESSION_free(session);
	SSL_CTX_free(ctx);
	return 1;
}

/* OpenSSL's failure, with libtls at work between it and its report. */
static int
errors(void)
{
	char text[256], *printed = NULL;
	unsigned long error;
	size_t len = 0;
	FILE *file;

	ERR_clear_error();
	CHECK((file = fopen("/dev/null", "r")) != NULL);
	CHECK(PEM_read_X509(file, NULL, NULL, NULL) == NULL);
	fclose(file);
	CHECK(libtls_fails());
	error = ERR_peek_last_error();
	CHECK(ERR_GET_LIB(error) == ERR_LIB_PEM);
	CHECK(ERR_GET_REASON(error) == PEM_R_NO_START_LINE);
	CHECK(strcmp(ERR_reason_error_string(error), "no start line") == 0);
	CHECK(strcmp(ERR_lib_error_string(error), "PEM routines") == 0);
	CHECK(strstr(ERR_error_string(error, NULL), "no start line") != NULL);
	ERR_error_string_n(error, text, sizeof(text));
	CHECK(strstr(text, "no start line") != NULL);
	CHECK((file = open_memstream(&printed, &len)) != NULL);
	ERR_print_errors_fp(file);
	fclose(file);
	CHECK(strstr(printed, "no start line") != NULL);
	CHECK(ERR_get_error() == 0 && ERR_peek_error() == 0);
	return 1;
}

int
main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	return !(libtls_fails() && certificates(argv[1]) &&
	    connections(argv[1]) && errors() &&
	    strncmp(OpenSSL_version(OPENSSL_VERSION), "OpenSSL ", 8) == 0);
}
