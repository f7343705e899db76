/* Files that PEM_read_SSL_SESSION(3) reads. */
#include "fuzz.h"
#include "../../capi/ssl_session.c"

static size_t parsed;	/* the length of what Go got */

bool
ssl_enter(struct ssl_visit *v)
{
	memset(v, 0, sizeof(*v));
	return true;
}

void
ssl_leave(struct ssl_visit *v)
{
	(void)v;
}

uint64_t
goSSLSessionParse(struct ssl_failure *fail, cbyte *text, size_t len,
    bool pem)
{
	static const char begin[] = "-----BEGIN SSL SESSION PARAMETERS";
	uint8_t *copy;

	(void)fail;
	CHECK(pem && len <= PEM_MAX);
	if (len > 0)
		CHECK(strncmp((const char *)text, begin, strlen(begin)) == 0);
	if ((copy = malloc(len)) != NULL && len > 0)
		memcpy(copy, text, len);
	free(copy);
	parsed = len;
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FILE *f;

	if (size == 0 || (f = fmemopen((void *)data, size, "r")) == NULL)
		return 0;
	CHECK(PEM_read_SSL_SESSION(f, NULL, NULL, NULL) == NULL);
	CHECK(parsed <= (size_t)ftell(f));
	fclose(f);
	return 0;
}
