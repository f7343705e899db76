/* The length of a DER object, as d2i_SSL_SESSION(3) takes it. */
#include "fuzz.h"
#include "../../capi/ssl_session.c"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size);
	size_t n;

	CHECK(size == 0 || copy != NULL);
	if (size > 0)
		memcpy(copy, data, size);
	n = der_size(copy, size);
	CHECK(n <= size && n != 1);
	if (n > 0 && data[1] < 0x80)
		CHECK(n == 2 + (size_t)data[1]);
	if (n > 0 && data[1] == 0x82)
		CHECK(n == 4 + (size_t)data[2] * 256 + data[3]);
	free(copy);
	return 0;
}
