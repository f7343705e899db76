/*
 * Bytes outside of Go, where a fork leaves them alone. A child rebuilds Go's
 * objects from them.
 */
#include <stdlib.h>
#include <string.h>

#include "front.h"

struct blob {
	atomic_uint	 refs;
	atomic_uint	 owner;		/* start in which Go took one of them */
	struct object	 rebuilt;		/* of the bytes, and shared */
	void		(*free_rebuilt)(struct object *);
	atomic_size_t	 len;		/* of the bytes, which come last */
	size_t		 room;
	size_t		 n_others;
	struct blob	*others[];
};

struct blob *
blob_new(size_t len, size_t n_others)
{
	struct blob *b;

	b = calloc(1, sizeof(*b) + n_others * sizeof(b->others[0]) + len);
	if (b == NULL)
		return NULL;
	atomic_store(&b->refs, 1);
	b->len = b->room = len;
	b->n_others = n_others;
	return b;
}

static uint8_t *
bytes_of(struct blob *b)
{
	return (uint8_t *)&b->others[b->n_others];
}

struct blob *
blob_grow(struct blob *b, cbyte *more, size_t n)
{
	struct blob *grown = b;

	if (b->room - b->len < n || atomic_load(&b->refs) > 1) {
		grown = blob_new(2 * (b->len + n), b->n_others);
		if (grown == NULL)
			return NULL;
		for (size_t i = 0; i < b->n_others; i++)
			blob_refer(grown, i, b->others[i]);
		grown->len = b->len;
		memcpy(bytes_of(grown), bytes_of(b), b->len);
	}
	memcpy(bytes_of(grown) + grown->len, more, n);
	grown->len += n;
	return grown;
}

uint8_t *
blob_bytes(struct blob *b, size_t *len)
{
	if (b == NULL)
		return NULL;
	*len = b->len;
	return bytes_of(b);
}

void
blob_refer(struct blob *b, size_t i, struct blob *other)
{
	b->others[i] = blob_hold(other);
}

struct blob *
blob_referred(struct blob *b, size_t i)
{
	return b == NULL || i >= b->n_others ? NULL : b->others[i];
}

struct blob *
blob_hold(struct blob *b)
{
	if (b != NULL)
		atomic_fetch_add(&b->refs, 1);
	return b;
}

bool
blob_revive(struct blob *b)
{
	unsigned refs = atomic_load(&b->refs);

	while (refs > 0)
		if (atomic_compare_exchange_weak(&b->refs, &refs, refs + 1))
			return true;
	return false;
}

/* Gives back what a runtime held that died in a fork; the caller holds b too. */
static void
inherit(struct blob *b)
{
	unsigned owner = atomic_load(&b->owner);

	if (owner != 0 && !(running() && owner == generation()) &&
	    atomic_compare_exchange_strong(&b->owner, &owner, 0))
		atomic_fetch_sub(&b->refs, 1);
}

void
blob_own(struct blob *b)
{
	inherit(b);
	blob_hold(b);
	atomic_store(&b->owner, generation());
}

void
blob_disown(struct blob *b)
{
	atomic_store(&b->owner, 0);
	blob_drop(b);
}

void
blob_drop(struct blob *b)
{
	if (b == NULL)
		return;
	inherit(b);
	if (atomic_fetch_sub(&b->refs, 1) != 1)
		return;
	if (b->free_rebuilt != NULL)
		b->free_rebuilt(&b->rebuilt);
	for (size_t i = 0; i < b->n_others; i++)
		blob_drop(b->others[i]);
	explicit_bzero(bytes_of(b), b->len);
	free(b);
}

struct object *
blob_object(struct blob *b, void (*free_rebuilt)(struct object *))
{
	b->free_rebuilt = free_rebuilt;
	return &b->rebuilt;
}

/* A child sees one or the other. */
void
blob_replace(struct blob **place, struct blob *b)
{
	struct blob *old = *place;

	*(struct blob *volatile *)place = b;
	blob_drop(old);
}
