//go:build !nossl

/* SSL_SESSION objects. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "ssl_front.h"
#include "_cgo_export.h"

/* Makes an object of a handle, which it takes over; 0 makes NULL. */
SSL_SESSION *
session_wrap(uint64_t go)
{
	struct ssl_visit v;
	SSL_SESSION *s;

	if (go == 0 || (s = calloc(1, sizeof(*s))) == NULL)
		return NULL;
	s->refs = 1;
	object_born(&s->object, go);
	if (ssl_enter(&v)) {
		goSSLSessionView(go, &v.fail, &s->view);
		object_keep(&s->object, goSSLSessionRecord(go, &v.fail));
		ssl_leave(&v);
	}
	return s;
}

int
SSL_SESSION_up_ref(SSL_SESSION *ses)
{
	atomic_fetch_add(&ses->refs, 1);
	return 1;
}

void
SSL_SESSION_free(SSL_SESSION *ses)
{
	struct ssl_visit v;

	if (ses == NULL || atomic_fetch_sub(&ses->refs, 1) > 1)
		return;
	if (object_alive(&ses->object) && ssl_enter(&v)) {
		goSSLSessionFree(ses->object.go);
		ssl_leave(&v);
	}
	object_keep(&ses->object, NULL);
	X509_free(ses->peer);
	free(ses->view.ticket);
	free(ses->view.hostname);
	free(ses->view.alpn);
	free(ses);
}

SSL_SESSION *
SSL_SESSION_dup(const SSL_SESSION *src)
{
	struct ssl_visit v;
	uint64_t go;

	if (!session_visit((SSL_SESSION *)src, &v))
		return NULL;
	go = goSSLSessionDup(src->object.go, &v.fail);
	ssl_leave(&v);
	return session_wrap(go);
}

const unsigned char *
SSL_SESSION_get_id(const SSL_SESSION *s, unsigned int *len)
{
	if (len != NULL)
		*len = s->view.id_len;
	return s->view.id;
}

static void
times(const SSL_SESSION *s, int64_t *created, int64_t *timeout, bool set)
{
	struct ssl_visit v;

	if (!session_visit((SSL_SESSION *)s, &v))
		return;
	goSSLSessionTimes(s->object.go, &v.fail, created, timeout, set);
	ssl_leave(&v);
}

long
SSL_SESSION_get_time(const SSL_SESSION *s)
{
	int64_t t = 0;

	if (s != NULL)
		times(s, &t, NULL, false);
	return t;
}

long
SSL_SESSION_set_time(SSL_SESSION *s, long t)
{
	int64_t set = t;

	if (s == NULL)
		return 0;
	times(s, &set, NULL, true);
	return t;
}

long
SSL_SESSION_get_timeout(const SSL_SESSION *s)
{
	int64_t t = 0;

	if (s != NULL)
		times(s, NULL, &t, false);
	return t;
}

long
SSL_SESSION_set_timeout(SSL_SESSION *s, long t)
{
	int64_t set = t;

	if (s == NULL)
		return 0;
	times(s, NULL, &set, true);
	return 1;
}

int
SSL_SESSION_has_ticket(const SSL_SESSION *s)
{
	return s->view.ticket_len > 0;
}

unsigned long
SSL_SESSION_get_ticket_lifetime_hint(const SSL_SESSION *s)
{
	return s->view.hint;
}

void
SSL_SESSION_get0_ticket(const SSL_SESSION *s, const unsigned char **tick,
    size_t *len)
{
	*len = s->view.ticket_len;
	if (tick != NULL)
		*tick = s->view.ticket;
}

int
SSL_SESSION_is_resumable(const SSL_SESSION *s)
{
	struct ssl_visit v;
	int rv;

	if (!session_visit((SSL_SESSION *)s, &v))
		return 0;
	rv = goSSLSessionResumable(s->object.go, &v.fail);
	ssl_leave(&v);
	return rv;
}

int
SSL_SESSION_get_protocol_version(const SSL_SESSION *s)
{
	return s->view.version;
}

const SSL_CIPHER *
SSL_SESSION_get0_cipher(const SSL_SESSION *s)
{
	return cipher_by_id(s->view.suite);
}

const char *
SSL_SESSION_get0_hostname(const SSL_SESSION *s)
{
	return s->view.hostname;
}

void
SSL_SESSION_get0_alpn_selected(const SSL_SESSION *s,
    const unsigned char **alpn, size_t *len)
{
	*alpn = (const unsigned char *)s->view.alpn;
	*len = s->view.alpn == NULL ? 0 : strlen(s->view.alpn);
}

size_t
SSL_SESSION_get_master_key(const SSL_SESSION *sess, unsigned char *out,
    size_t outlen)
{
	struct ssl_visit v;
	size_t n;

	if (!session_visit((SSL_SESSION *)sess, &v))
		return 0;
	n = goSSLSessionSecret(sess->object.go, &v.fail, out, outlen);
	ssl_leave(&v);
	return n;
}

X509 *
SSL_SESSION_get0_peer(SSL_SESSION *s)
{
	X509 *none = NULL, *peer = atomic_load(&s->peer);
	struct ssl_visit v;
	uint8_t *der;
	size_t len;

	if (peer != NULL || !session_visit(s, &v))
		return peer;
	der = goSSLSessionPeer(s->object.go, &v.fail, &len);
	ssl_leave(&v);
	if (der == NULL)
		return NULL;
	peer = x509_new(der, len);
	free(der);
	if (peer == NULL)
		return NULL;
	if (!atomic_compare_exchange_strong(&s->peer, &none, peer)) {
		X509_free(peer);
		peer = none;
	}
	return peer;
}

static uint8_t *
encode(const SSL_SESSION *s, bool pem, size_t *len)
{
	struct ssl_visit v;
	uint8_t *data;

	if (s == NULL || !session_visit((SSL_SESSION *)s, &v))
		return NULL;
	data = goSSLSessionMarshal(s->object.go, &v.fail, pem, len);
	ssl_leave(&v);
	return data;
}

static SSL_SESSION *
decode(const uint8_t *data, size_t len, bool pem)
{
	struct ssl_visit v;
	uint64_t go;

	if (!ssl_enter(&v))
		return NULL;
	go = goSSLSessionParse(&v.fail, data, len, pem);
	ssl_leave(&v);
	return session_wrap(go);
}

/* Delivers the result of d2i and PEM_read. */
static SSL_SESSION *
deliver(SSL_SESSION *s, SSL_SESSION **to)
{
	if (s != NULL && to != NULL) {
		SSL_SESSION_free(*to);
		*to = s;
	}
	return s;
}

int
i2d_SSL_SESSION(const SSL_SESSION *in, unsigned char **pp)
{
	uint8_t *data;
	size_t len;

	if ((data = encode(in, false, &len)) == NULL)
		return in == NULL ? 0 : -1;
	if (pp != NULL && *pp == NULL) {
		*pp = data;
		return len;
	}
	if (pp != NULL) {
		memcpy(*pp, data, len);
		*pp += len;
	}
	explicit_bzero(data, len);
	free(data);
	return len;
}

/* The length of the DER object at the start of data; 0 if it isn't whole. */
static size_t
der_size(const uint8_t *data, size_t len)
{
	size_t size, octets;

	if (len < 2)
		return 0;
	size = data[1];
	octets = 0;
	if (size >= 0x80) {
		octets = size & 0x7f;
		if (octets == 0 || octets > 3 || len < 2 + octets)
			return 0;
		size = 0;
		for (size_t i = 0; i < octets; i++)
			size = size << 8 | data[2 + i];
	}
	size += 2 + octets;
	return size <= len ? size : 0;
}

SSL_SESSION *
d2i_SSL_SESSION(SSL_SESSION **a, const unsigned char **pp, long length)
{
	size_t size = length < 0 ? 0 : der_size(*pp, length);
	SSL_SESSION *s;

	s = decode(*pp, size > 0 ? size : (size_t)(length < 0 ? 0 : length),
	    false);
	if (s != NULL)
		*pp += size;
	return deliver(s, a);
}

int
PEM_write_SSL_SESSION(FILE *out, const SSL_SESSION *x)
{
	uint8_t *text;
	size_t len;
	int rv;

	if ((text = encode(x, true, &len)) == NULL)
		return 0;
	rv = fwrite(text, 1, len, out) == len;
	explicit_bzero(text, len);
	free(text);
	return rv;
}

enum { PEM_MAX = 1 << 17 };

/* A text that is wiped whenever it moves. */
struct text {
	char	*bytes;		/* NULL before the first line */
	size_t	 len, room;
};

static bool
append(struct text *t, const char *line)
{
	size_t n = strlen(line), room = 2 * (t->len + n);
	char *more;

	if (t->len + n > PEM_MAX)
		return false;
	if (t->bytes == NULL || t->len + n > t->room) {
		if ((more = malloc(room)) == NULL)
			return false;
		if (t->bytes != NULL) {
			memcpy(more, t->bytes, t->len);
			explicit_bzero(t->bytes, t->len);
			free(t->bytes);
		}
		t->bytes = more;
		t->room = room;
	}
	memcpy(t->bytes + t->len, line, n);
	t->len += n;
	return true;
}

/* Reads one PEM block of a session, and not what comes behind. */
SSL_SESSION *
PEM_read_SSL_SESSION(FILE *in, SSL_SESSION **x, pem_password_cb *cb, void *u)
{
	static const char begin[] = "-----BEGIN " PEM_STRING_SSL_SESSION;
	static const char end[] = "-----END " PEM_STRING_SSL_SESSION;
	struct text text = { 0 };
	char line[256];
	SSL_SESSION *s;

	(void)cb;
	(void)u;
	while (fgets(line, sizeof(line), in) != NULL) {
		if (text.bytes == NULL && strncmp(line, begin, strlen(begin)) != 0)
			continue;
		if (!append(&text, line) ||
		    strncmp(line, end, strlen(end)) == 0)
			break;
	}
	s = decode((uint8_t *)text.bytes, text.len, true);
	if (text.bytes != NULL)
		explicit_bzero(text.bytes, text.len);
	explicit_bzero(line, sizeof(line));
	free(text.bytes);
	return deliver(s, x);
}
