//go:build !nossl

/* openssl/x509.h: the peer's certificate. */
#include <stdlib.h>
#include <string.h>

#include "ssl_front.h"
#include "_cgo_export.h"

X509 *
x509_new(const uint8_t *der, size_t len)
{
	struct ssl_visit v;
	X509 *x;

	if ((x = calloc(1, sizeof(*x))) == NULL)
		return NULL;
	x->refs = 1;
	if (ssl_enter(&v)) {
		goSSLNames(&v.fail, der, len, &x->subject.oneline,
		    &x->issuer.oneline);
		ssl_leave(&v);
	}
	if (x->subject.oneline == NULL || x->issuer.oneline == NULL) {
		X509_free(x);
		return NULL;
	}
	return x;
}

void
X509_free(X509 *a)
{
	if (a == NULL || atomic_fetch_sub(&a->refs, 1) > 1)
		return;
	free(a->subject.oneline);
	free(a->issuer.oneline);
	free(a);
}

X509_NAME *
X509_get_subject_name(const X509 *a)
{
	return (X509_NAME *)&a->subject;
}

X509_NAME *
X509_get_issuer_name(const X509 *a)
{
	return (X509_NAME *)&a->issuer;
}

char *
X509_NAME_oneline(const X509_NAME *a, char *buf, int size)
{
	const char *text = a == NULL ? "NO X509_NAME" : a->oneline;

	if (buf == NULL)
		return strdup(text);
	if (size <= 0)
		return NULL;
	snprintf(buf, size, "%s", text);
	return buf;
}

static const struct {
	long		 n;
	const char	*text;
} results[] = {
	{ 0, "ok" },
	{ 1, "unspecified certificate verification error" },
	{ 3, "unable to get certificate CRL" },
	{ 7, "certificate signature failure" },
	{ 8, "CRL signature failure" },
	{ 9, "certificate is not yet valid" },
	{ 10, "certificate has expired" },
	{ 11, "CRL is not yet valid" },
	{ 12, "CRL has expired" },
	{ 18, "self-signed certificate" },
	{ 19, "self-signed certificate in certificate chain" },
	{ 20, "unable to get local issuer certificate" },
	{ 21, "unable to verify the first certificate" },
	{ 22, "certificate chain too long" },
	{ 23, "certificate revoked" },
	{ 25, "path length constraint exceeded" },
	{ 26, "unsuitable certificate purpose" },
	{ 34, "unhandled critical extension" },
	{ 36, "unhandled critical CRL extension" },
	{ 42, "invalid or inconsistent certificate policy extension" },
	{ 44, "different CRL scope" },
	{ 47, "permitted subtree violation" },
	{ 48, "excluded subtree violation" },
	{ 53, "unsupported or invalid name syntax" },
	{ 62, "hostname mismatch" },
	{ 64, "IP address mismatch" },
	{ 66, "EE certificate key too weak" },
	{ 67, "CA certificate key too weak" },
	{ 68, "CA signature digest algorithm too weak" },
	{ 79, "invalid CA certificate" },
};

const char *
X509_verify_cert_error_string(long n)
{
	for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++)
		if (results[i].n == n)
			return results[i].text;
	return "unknown certificate verification error";
}

int
X509_VERIFY_PARAM_set1_host(X509_VERIFY_PARAM *param, const char *name,
    size_t namelen)
{
	if (name != NULL && namelen == 0)
		namelen = strlen(name);
	return setting_change(of_context(param->ctx), TEXT_HOST, name,
	    namelen);
}

int
X509_VERIFY_PARAM_set1_ip_asc(X509_VERIFY_PARAM *param, const char *ipasc)
{
	return setting_change(of_context(param->ctx), TEXT_IP, ipasc,
	    ipasc == NULL ? 0 : strlen(ipasc));
}

void
X509_VERIFY_PARAM_set_hostflags(X509_VERIFY_PARAM *param, unsigned int flags)
{
	if ((flags & ~X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS) == 0)
		return;
	/* It can't fail, so no connection is to be made without them. */
	ssl_internal_error("X509_VERIFY_PARAM_set_hostflags keeps "
	    "X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS alone");
	param->ctx->broken = true;
}
