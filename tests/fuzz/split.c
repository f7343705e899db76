/* "host:port", as tls_connect(3) takes it. */
#include "fuzz.h"
#include "../../capi/connect.c"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text, *copy, *host, *port;
	size_t len;

	text = strndup((const char *)data, size);
	copy = strdup(text);
	CHECK(text != NULL && copy != NULL);
	len = strlen(text);
	if (split(copy, &host, &port)) {
		CHECK(host >= copy && port > host && port <= copy + len);
		/* What is behind the last colon is the port. */
		CHECK(strcmp(port, strrchr(text, ':') + 1) == 0);
		CHECK(strncmp(host, text + (*text == '['), strlen(host)) == 0);
		/* Only brackets make room for colons. */
		CHECK(*text == '[' || strchr(host, ':') == NULL);
		CHECK(*text != '[' || strchr(host, ']') == NULL);
	}
	free(copy);
	free(text);
	return 0;
}
