/*
 * Buffers for records, handed from connection to connection. A shelf has a
 * few places, each taken and filled by one atomic exchange; beyond them malloc
 * does.
 */
#include <stdlib.h>

#include "fork.h"
#include "front.h"

enum { PLACES = 16 };

static struct {
	size_t		 size;
	_Atomic(uint8_t *) places[PLACES];
} shelves[] SURVIVES = {
	/* A record, and the header of the next one. */
	[RECORDS] = { .size = RECORD_SIZE + HEADER_SIZE },
	[OUTPUTS] = { .size = OUTPUT_SIZE },
};

uint8_t *
pool_get(enum pool pool)
{
	uint8_t *buf;

	for (size_t i = 0; i < PLACES; i++) {
		if (atomic_load_explicit(&shelves[pool].places[i],
		    memory_order_relaxed) == NULL)
			continue;
		buf = atomic_exchange(&shelves[pool].places[i], NULL);
		if (buf != NULL)
			return buf;
	}
	return malloc(shelves[pool].size);
}

void
pool_put(enum pool pool, uint8_t *buf)
{
	uint8_t *none;

	if (buf == NULL)
		return;
	for (size_t i = 0; i < PLACES; i++) {
		none = NULL;
		if (atomic_compare_exchange_strong(&shelves[pool].places[i],
		    &none, buf))
			return;
	}
	free(buf);
}
