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
	{ 101, "no suitable key share" },
	{ 103, "bad change cipher spec" },
	{ 108, "bad key share" },
	{ 118, "no suitable signature algorithm" },
	{ 120, "invalid key update type" },
	{ 121, "still in init" },
	{ 123, "bad signature" },
	{ 124, "bad ssl filetype" },
	{ 127, "bad write retry" },
	{ 132, "too many key updates" },
	{ 134, "certificate verify failed" },
	{ 144, "connection type not set" },
	{ 146, "data length too long" },
	{ 149, "digest check failed" },
	{ 150, "encrypted length too long" },
	{ 152, "excessive message size" },
	{ 155, "https proxy request" },
	{ 156, "http request" },
	{ 159, "length mismatch" },
	{ 177, "no certificate assigned" },
	{ 179, "no certificate set" },
	{ 182, "not on record boundary" },
	{ 185, "no cipher match" },
	{ 190, "no private key assigned" },
	{ 191, "no protocols available" },
	{ 193, "no shared cipher" },
	{ 195, "null ssl ctx" },
	{ 196, "null ssl method passed" },
	{ 197, "old session cipher not returned" },
	{ 199, "peer did not return a certificate" },
	{ 207, "protocol is shutdown" },
	{ 210, "ssl session version mismatch" },
	{ 217, "unsolicited extension" },
	{ 223, "psk identity not found" },
	{ 227, "parse tlsext" },
	{ 234, "callback failed" },
	{ 235, "no application protocol" },
	{ 244, "unexpected message" },
	{ 245, "unexpected record" },
	{ 246, "unknown alert type" },
	{ 247, "unknown certificate type" },
	{ 257, "unsupported compression algorithm" },
	{ 258, "unsupported protocol" },
	{ 261, "wrong cipher returned" },
	{ 266, "wrong ssl version" },
	{ 267, "wrong version number" },
	{ 271, "bad length" },
	{ 273, "ssl session id context too long" },
	{ 276, "uninitialized" },
	{ 277, "session id context uninitialized" },
	{ 279, "extension not received" },
	{ 281, "decryption failed or bad record mac" },
	{ 283, "invalid config" },
	{ 284, "not server" },
	{ 285, "request pending" },
	{ 286, "request sent" },
	{ 291, "application data after close notify" },
	{ 294, "unexpected eof while reading" },
	{ 304, "bad ecc cert" },
	{ 306, "bad ecpoint" },
	{ 319, "ssl3 ext invalid servername" },
	{ 325, "invalid ticket keys length" },
	{ 337, "renegotiation mismatch" },
	{ 339, "no renegotiation" },
	{ 370, "wrong signature type" },
	{ 373, "inappropriate fallback" },
	{ 378, "wrong curve" },
	{ 383, "wrong certificate type" },
	{ 407, "shutdown while in init" },
	{ 1010, "sslv3 alert unexpected message" },
	{ 1020, "sslv3 alert bad record mac" },
	{ 1021, "tlsv1 alert decryption failed" },
	{ 1022, "tlsv1 alert record overflow" },
	{ 1030, "sslv3 alert decompression failure" },
	{ 1040, "sslv3 alert handshake failure" },
	{ 1041, "sslv3 alert no certificate" },
	{ 1042, "sslv3 alert bad certificate" },
	{ 1043, "sslv3 alert unsupported certificate" },
	{ 1044, "sslv3 alert certificate revoked" },
	{ 1045, "sslv3 alert certificate expired" },
	{ 1046, "sslv3 alert certificate unknown" },
	{ 1047, "sslv3 alert illegal parameter" },
	{ 1048, "tlsv1 alert unknown ca" },
	{ 1049, "tlsv1 alert access denied" },
	{ 1050, "tlsv1 alert decode error" },
	{ 1051, "tlsv1 alert decrypt error" },
	{ 1060, "tlsv1 alert export restriction" },
	{ 1070, "tlsv1 alert protocol version" },
	{ 1071, "tlsv1 alert insufficient security" },
	{ 1080, "tlsv1 alert internal error" },
	{ 1086, "tlsv1 alert inappropriate fallback" },
	{ 1090, "tlsv1 alert user cancelled" },
	{ 1100, "tlsv1 alert no renegotiation" },
	{ 1109, "tlsv13 alert missing extension" },
	{ 1110, "tlsv1 unsupported extension" },
	{ 1111, "tlsv1 certificate unobtainable" },
	{ 1112, "tlsv1 unrecognized name" },
	{ 1113, "tlsv1 bad certificate status response" },
	{ 1114, "tlsv1 bad certificate hash value" },
	{ 1115, "tlsv1 alert unknown psk identity" },
	{ 1116, "tlsv13 alert certificate required" },
	{ 1120, "tlsv1 alert no application protocol" },
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
