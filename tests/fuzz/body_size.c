/* The length that a record's header tells. */
#include "fuzz.h"
#include "../../capi/transport.c"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *header;
	size_t n;

	if (size < HEADER_SIZE || (header = malloc(HEADER_SIZE)) == NULL)
		return 0;
	memcpy(header, data, HEADER_SIZE);
	n = body_size(header);
	CHECK(HEADER_SIZE + n <= RECORD_SIZE);
	CHECK(n == 0 || n == (size_t)header[3] * 256 + header[4]);
	CHECK(n == 0 || (header[0] >= 20 && header[0] <= 23 && header[1] == 3));
	free(header);
	return 0;
}
