/* Go's objects, each found by its handle and rebuilt in a child at its first use. */
#include "front.h"
#include "_cgo_export.h"

/* Takes the handle of a new Go object. False if it is 0, as none could be made. */
bool
object_born(struct object *o, uint64_t go)
{
	if (go == 0)
		return false;
	o->go = go;
	atomic_store(&o->start, generation());
	return true;
}

bool
object_alive(const struct object *o)
{
	return o->go != 0 && running() &&
	    atomic_load(&o->start) == generation();
}

void
object_keep(struct object *o, struct blob *bytes)
{
	if (bytes != o->bytes)
		blob_replace(&o->bytes, bytes);
}

void
object_drop(struct object *o)
{
	blob_replace(&o->bytes, NULL);
	o->go = 0;
}

/* Under the lock, as threads may share an object. */
bool
object_make(struct object *o, bool (*build)(void *, void *), void *owner,
    void *fail)
{
	bool ok;

	if (object_alive(o))
		return true;
	restore_lock();
	ok = object_alive(o) || build(owner, fail);
	restore_unlock();
	return ok;
}

bool
object_restore(struct object *o, bool (*rebuild)(void *, void *), void *owner,
    void *fail)
{
	return o->go == 0 || object_make(o, rebuild, owner, fail);
}

static void
free_rebuilt(struct object *made)
{
	struct visit v;

	if (object_alive(made) && enter(&v)) {
		goRebuiltFree(made->go);
		leave(&v);
	}
}

/* The object that is made of a blob, once for all who hold it. */
struct object *
blob_rebuilt(struct blob *b)
{
	return blob_object(b, free_rebuilt);
}

void
blob_make(struct blob *b, uint64_t go)
{
	object_born(blob_rebuilt(b), go);
}

uint64_t
blob_made(struct blob *b)
{
	struct object *made = blob_rebuilt(b);

	return object_alive(made) ? made->go : 0;
}
