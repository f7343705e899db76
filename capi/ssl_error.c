//go:build !nossl

/* openssl/err.h: each thread's queue of errors. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "ssl_front.h"
#include "_cgo_export.h"

enum { QUEUE = 16 };

struct entry {
	unsigned long	 code;
	char		*data;	/* malloc'ed, or NULL */
};

/* The latest errors; the oldest is at first. */
struct queue {
	struct entry	entries[QUEUE];
	size_t		first;
	size_t		len;
};

static __thread struct queue *queue;

static pthread_key_t queue_key SURVIVES;
static pthread_once_t queue_once SURVIVES = PTHREAD_ONCE_INIT;

static void
queue_free(void *p)
{
	struct queue *q = p;

	for (size_t i = 0; i < QUEUE; i++)
		free(q->entries[i].data);
	free(q);
	queue = NULL;
}

static void
make_queue_key(void)
{
	pthread_key_create(&queue_key, queue_free);
}

static void
push(unsigned long code, char *data)
{
	struct entry *e;

	if (queue == NULL) {
		pthread_once(&queue_once, make_queue_key);
		if ((queue = calloc(1, sizeof(*queue))) == NULL) {
			free(data);
			return;
		}
		pthread_setspecific(queue_key, queue);
	}
	if (queue->len == QUEUE) {
		queue->first = (queue->first + 1) % QUEUE;
		queue->len--;
	}
	e = &queue->entries[(queue->first + queue->len++) % QUEUE];
	free(e->data);
	e->code = code;
	e->data = data;
}

static const struct {
	int		 number;
	const char	*text;
} reasons[] = {
	{ SSL_R_NO_SUITABLE_KEY_SHARE, "no suitable key share" },
	{ SSL_R_BAD_CHANGE_CIPHER_SPEC, "bad change cipher spec" },
	{ SSL_R_BAD_KEY_SHARE, "bad key share" },
	{ SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, "no suitable signature algorithm" },
	{ SSL_R_INVALID_KEY_UPDATE_TYPE, "invalid key update type" },
	{ SSL_R_STILL_IN_INIT, "still in init" },
	{ SSL_R_BAD_SIGNATURE, "bad signature" },
	{ SSL_R_BAD_SSL_FILETYPE, "bad ssl filetype" },
	{ SSL_R_BAD_WRITE_RETRY, "bad write retry" },
	{ SSL_R_TOO_MANY_KEY_UPDATES, "too many key updates" },
	{ SSL_R_CERTIFICATE_VERIFY_FAILED, "certificate verify failed" },
	{ SSL_R_CONNECTION_TYPE_NOT_SET, "connection type not set" },
	{ SSL_R_DATA_LENGTH_TOO_LONG, "data length too long" },
	{ SSL_R_DIGEST_CHECK_FAILED, "digest check failed" },
	{ SSL_R_ENCRYPTED_LENGTH_TOO_LONG, "encrypted length too long" },
	{ SSL_R_EXCESSIVE_MESSAGE_SIZE, "excessive message size" },
	{ SSL_R_HTTPS_PROXY_REQUEST, "https proxy request" },
	{ SSL_R_HTTP_REQUEST, "http request" },
	{ SSL_R_LENGTH_MISMATCH, "length mismatch" },
	{ SSL_R_NO_CERTIFICATE_ASSIGNED, "no certificate assigned" },
	{ SSL_R_NO_CERTIFICATE_SET, "no certificate set" },
	{ SSL_R_NOT_ON_RECORD_BOUNDARY, "not on record boundary" },
	{ SSL_R_NO_CIPHER_MATCH, "no cipher match" },
	{ SSL_R_NO_PRIVATE_KEY_ASSIGNED, "no private key assigned" },
	{ SSL_R_NO_PROTOCOLS_AVAILABLE, "no protocols available" },
	{ SSL_R_NO_SHARED_CIPHER, "no shared cipher" },
	{ SSL_R_NULL_SSL_CTX, "null ssl ctx" },
	{ SSL_R_NULL_SSL_METHOD_PASSED, "null ssl method passed" },
	{ SSL_R_OLD_SESSION_CIPHER_NOT_RETURNED, "old session cipher not returned" },
	{ SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, "peer did not return a certificate" },
	{ SSL_R_PROTOCOL_IS_SHUTDOWN, "protocol is shutdown" },
	{ SSL_R_SSL_SESSION_VERSION_MISMATCH, "ssl session version mismatch" },
	{ SSL_R_UNSOLICITED_EXTENSION, "unsolicited extension" },
	{ SSL_R_PSK_IDENTITY_NOT_FOUND, "psk identity not found" },
	{ SSL_R_PARSE_TLSEXT, "parse tlsext" },
	{ SSL_R_CALLBACK_FAILED, "callback failed" },
	{ SSL_R_NO_APPLICATION_PROTOCOL, "no application protocol" },
	{ SSL_R_UNEXPECTED_MESSAGE, "unexpected message" },
	{ SSL_R_UNEXPECTED_RECORD, "unexpected record" },
	{ SSL_R_UNKNOWN_ALERT_TYPE, "unknown alert type" },
	{ SSL_R_UNKNOWN_CERTIFICATE_TYPE, "unknown certificate type" },
	{ SSL_R_UNSUPPORTED_COMPRESSION_ALGORITHM, "unsupported compression algorithm" },
	{ SSL_R_UNSUPPORTED_PROTOCOL, "unsupported protocol" },
	{ SSL_R_WRONG_CIPHER_RETURNED, "wrong cipher returned" },
	{ SSL_R_WRONG_SSL_VERSION, "wrong ssl version" },
	{ SSL_R_WRONG_VERSION_NUMBER, "wrong version number" },
	{ SSL_R_BAD_LENGTH, "bad length" },
	{ SSL_R_SSL_SESSION_ID_CONTEXT_TOO_LONG, "ssl session id context too long" },
	{ SSL_R_UNINITIALIZED, "uninitialized" },
	{ SSL_R_SESSION_ID_CONTEXT_UNINITIALIZED, "session id context uninitialized" },
	{ SSL_R_EXTENSION_NOT_RECEIVED, "extension not received" },
	{ SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC, "decryption failed or bad record mac" },
	{ SSL_R_INVALID_CONFIG, "invalid config" },
	{ SSL_R_NOT_SERVER, "not server" },
	{ SSL_R_REQUEST_PENDING, "request pending" },
	{ SSL_R_REQUEST_SENT, "request sent" },
	{ SSL_R_APPLICATION_DATA_AFTER_CLOSE_NOTIFY, "application data after close notify" },
	{ SSL_R_UNEXPECTED_EOF_WHILE_READING, "unexpected eof while reading" },
	{ SSL_R_BAD_ECC_CERT, "bad ecc cert" },
	{ SSL_R_BAD_ECPOINT, "bad ecpoint" },
	{ SSL_R_SSL3_EXT_INVALID_SERVERNAME, "ssl3 ext invalid servername" },
	{ SSL_R_INVALID_TICKET_KEYS_LENGTH, "invalid ticket keys length" },
	{ SSL_R_RENEGOTIATION_MISMATCH, "renegotiation mismatch" },
	{ SSL_R_NO_RENEGOTIATION, "no renegotiation" },
	{ SSL_R_WRONG_SIGNATURE_TYPE, "wrong signature type" },
	{ SSL_R_INAPPROPRIATE_FALLBACK, "inappropriate fallback" },
	{ SSL_R_WRONG_CURVE, "wrong curve" },
	{ SSL_R_WRONG_CERTIFICATE_TYPE, "wrong certificate type" },
	{ SSL_R_SHUTDOWN_WHILE_IN_INIT, "shutdown while in init" },
	{ SSL_R_SSLV3_ALERT_UNEXPECTED_MESSAGE, "sslv3 alert unexpected message" },
	{ SSL_R_SSLV3_ALERT_BAD_RECORD_MAC, "sslv3 alert bad record mac" },
	{ SSL_R_TLSV1_ALERT_DECRYPTION_FAILED, "tlsv1 alert decryption failed" },
	{ SSL_R_TLSV1_ALERT_RECORD_OVERFLOW, "tlsv1 alert record overflow" },
	{ SSL_R_SSLV3_ALERT_DECOMPRESSION_FAILURE, "sslv3 alert decompression failure" },
	{ SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE, "sslv3 alert handshake failure" },
	{ SSL_R_SSLV3_ALERT_NO_CERTIFICATE, "sslv3 alert no certificate" },
	{ SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, "sslv3 alert bad certificate" },
	{ SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE, "sslv3 alert unsupported certificate" },
	{ SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED, "sslv3 alert certificate revoked" },
	{ SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED, "sslv3 alert certificate expired" },
	{ SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN, "sslv3 alert certificate unknown" },
	{ SSL_R_SSLV3_ALERT_ILLEGAL_PARAMETER, "sslv3 alert illegal parameter" },
	{ SSL_R_TLSV1_ALERT_UNKNOWN_CA, "tlsv1 alert unknown ca" },
	{ SSL_R_TLSV1_ALERT_ACCESS_DENIED, "tlsv1 alert access denied" },
	{ SSL_R_TLSV1_ALERT_DECODE_ERROR, "tlsv1 alert decode error" },
	{ SSL_R_TLSV1_ALERT_DECRYPT_ERROR, "tlsv1 alert decrypt error" },
	{ SSL_R_TLSV1_ALERT_EXPORT_RESTRICTION, "tlsv1 alert export restriction" },
	{ SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, "tlsv1 alert protocol version" },
	{ SSL_R_TLSV1_ALERT_INSUFFICIENT_SECURITY, "tlsv1 alert insufficient security" },
	{ SSL_R_TLSV1_ALERT_INTERNAL_ERROR, "tlsv1 alert internal error" },
	{ SSL_R_TLSV1_ALERT_INAPPROPRIATE_FALLBACK, "tlsv1 alert inappropriate fallback" },
	{ SSL_R_TLSV1_ALERT_USER_CANCELLED, "tlsv1 alert user cancelled" },
	{ SSL_R_TLSV1_ALERT_NO_RENEGOTIATION, "tlsv1 alert no renegotiation" },
	{ SSL_R_TLSV13_ALERT_MISSING_EXTENSION, "tlsv13 alert missing extension" },
	{ SSL_R_TLSV1_UNSUPPORTED_EXTENSION, "tlsv1 unsupported extension" },
	{ SSL_R_TLSV1_CERTIFICATE_UNOBTAINABLE, "tlsv1 certificate unobtainable" },
	{ SSL_R_TLSV1_UNRECOGNIZED_NAME, "tlsv1 unrecognized name" },
	{ SSL_R_TLSV1_BAD_CERTIFICATE_STATUS_RESPONSE, "tlsv1 bad certificate status response" },
	{ SSL_R_TLSV1_BAD_CERTIFICATE_HASH_VALUE, "tlsv1 bad certificate hash value" },
	{ SSL_R_TLSV1_ALERT_UNKNOWN_PSK_IDENTITY, "tlsv1 alert unknown psk identity" },
	{ SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED, "tlsv13 alert certificate required" },
	{ SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL, "tlsv1 alert no application protocol" },
}, common_reasons[] = {
	{ ERR_R_SYS_LIB, "system lib" },
	{ ERR_R_PEM_LIB, "PEM lib" },
	{ ERR_R_X509_LIB, "x509 lib" },
	{ ERR_R_ASN1_LIB, "ASN1 lib" },
	{ ERR_R_MALLOC_FAILURE, "malloc failure" },
	{ ERR_R_PASSED_NULL_PARAMETER, "passed a null parameter" },
	{ ERR_R_INTERNAL_ERROR, "internal error" },
	{ ERR_R_PASSED_INVALID_ARGUMENT, "passed invalid argument" },
};

static const struct {
	int		 lib;
	int		 number;	/* 0 names the library */
	const char	*text;
} others[] = {
	{ ERR_LIB_SYS, 0, "system library" },
	{ ERR_LIB_BIO, 0, "BIO routines" },
	{ ERR_LIB_BIO, 128, "no such file" },
	{ ERR_LIB_PEM, 0, "PEM routines" },
	{ ERR_LIB_PEM, PEM_R_NO_START_LINE, "no start line" },
	{ ERR_LIB_X509, 0, "x509 certificate routines" },
	{ ERR_LIB_X509, X509_R_KEY_VALUES_MISMATCH, "key values mismatch" },
	{ ERR_LIB_X509, X509_R_NO_CERTIFICATE_OR_CRL_FOUND,
	    "no certificate or crl found" },
	{ ERR_LIB_ASN1, 0, "asn1 encoding routines" },
	{ ERR_LIB_ASN1, 168, "wrong tag" },
	{ ERR_LIB_SSL, 0, "SSL routines" },
};

#define LEN(array)	(sizeof(array) / sizeof((array)[0]))

static int
number_of(const char *reason)
{
	for (size_t i = 0; i < LEN(reasons); i++)
		if (strcmp(reasons[i].text, reason) == 0)
			return reasons[i].number;
	return 0;
}

/* A reason without a number is told as data of an internal error. */
static void
push_failure(int lib, int number, char *reason, char *data)
{
	if (lib == ERR_LIB_SYS) {
		push(ERR_SYSTEM_FLAG | number, data);
		return;
	}
	if (number == 0 && (number = number_of(reason)) == 0) {
		number = ERR_R_INTERNAL_ERROR;
		free(data);
		data = reason;
		reason = NULL;
	}
	free(reason);
	push(ERR_PACK(lib, 0, number), data);
}

void
ssl_error(int number)
{
	push(ERR_PACK(ERR_LIB_SSL, 0, number), NULL);
}

/* One for which OpenSSL has no reason. */
void
ssl_internal_error(const char *text)
{
	push(ERR_PACK(ERR_LIB_SSL, 0, ERR_R_INTERNAL_ERROR), strdup(text));
}

bool
ssl_enter(struct ssl_visit *v)
{
	memset(&v->fail, 0, sizeof(v->fail));
	if (enter(&v->v))
		return true;
	ssl_internal_error(NO_RUNTIME);
	return false;
}

void
ssl_leave(struct ssl_visit *v)
{
	leave(&v->v);
	if (v->fail.clear)
		ERR_clear_error();
	for (int i = 0; i < v->fail.count; i++)
		push_failure(v->fail.entries[i].lib, v->fail.entries[i].number,
		    v->fail.entries[i].reason, v->fail.entries[i].data);
}

unsigned long
ERR_get_error(void)
{
	unsigned long code = ERR_peek_error();

	if (code != 0) {
		queue->first = (queue->first + 1) % QUEUE;
		queue->len--;
	}
	return code;
}

unsigned long
ERR_peek_error(void)
{
	if (queue == NULL || queue->len == 0)
		return 0;
	return queue->entries[queue->first].code;
}

unsigned long
ERR_peek_last_error(void)
{
	if (queue == NULL || queue->len == 0)
		return 0;
	return queue->entries[(queue->first + queue->len - 1) % QUEUE].code;
}

void
ERR_clear_error(void)
{
	if (queue != NULL)
		queue->len = 0;
}

static const char *
other_text(int lib, int number)
{
	for (size_t i = 0; i < LEN(others); i++)
		if (others[i].lib == lib && others[i].number == number)
			return others[i].text;
	return NULL;
}

const char *
ERR_lib_error_string(unsigned long e)
{
	return other_text(ERR_GET_LIB(e), 0);
}

const char *
ERR_func_error_string(unsigned long e)
{
	(void)e;
	return NULL;
}

const char *
ERR_reason_error_string(unsigned long e)
{
	int number = ERR_GET_REASON(e);

	if (ERR_SYSTEM_ERROR(e) || number == 0)
		return NULL;
	for (size_t i = 0; i < LEN(common_reasons); i++)
		if (common_reasons[i].number == number)
			return common_reasons[i].text;
	if (ERR_GET_LIB(e) != ERR_LIB_SSL)
		return other_text(ERR_GET_LIB(e), number);
	for (size_t i = 0; i < LEN(reasons); i++)
		if (reasons[i].number == number)
			return reasons[i].text;
	return NULL;
}

void
ERR_error_string_n(unsigned long e, char *buf, size_t len)
{
	const char *lib = ERR_lib_error_string(e);
	const char *reason = ERR_reason_error_string(e);
	char lib_number[32], reason_number[32];

	if (len == 0)
		return;
	snprintf(lib_number, sizeof(lib_number), "lib(%d)", ERR_GET_LIB(e));
	snprintf(reason_number, sizeof(reason_number), "reason(%d)",
	    ERR_GET_REASON(e));
	if (ERR_SYSTEM_ERROR(e))
		reason = strerror(ERR_GET_REASON(e));
	snprintf(buf, len, "error:%08lX:%s::%s", e,
	    lib != NULL ? lib : lib_number,
	    reason != NULL ? reason : reason_number);
}

char *
ERR_error_string(unsigned long e, char *buf)
{
	static char own[256] SURVIVES;

	if (buf == NULL)
		buf = own;
	ERR_error_string_n(e, buf, sizeof(own));
	return buf;
}

void
ERR_print_errors_cb(int (*cb)(const char *, size_t, void *), void *u)
{
	char text[256], line[1024];
	unsigned long code;
	const char *data;
	int n;

	while ((code = ERR_peek_error()) != 0) {
		data = queue->entries[queue->first].data;
		ERR_error_string_n(code, text, sizeof(text));
		n = snprintf(line, sizeof(line), "%016lX:%s:::%s\n",
		    (unsigned long)pthread_self(), text,
		    data != NULL ? data : "");
		if (n >= (int)sizeof(line))
			n = sizeof(line) - 1;
		ERR_get_error();
		if (cb(line, n, u) <= 0)
			return;
	}
}

static int
print_line(const char *str, size_t len, void *fp)
{
	return fwrite(str, 1, len, fp) == len;
}

void
ERR_print_errors_fp(FILE *fp)
{
	ERR_print_errors_cb(print_line, fp);
}
