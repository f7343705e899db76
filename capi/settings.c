/* The settings behind tls_config objects and contexts. */
#include <sys/mman.h>

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "front.h"
#include "_cgo_export.h"

bool
config_valid(const struct tls_config *config)
{
	return config != NULL && config->magic == CONFIG_MAGIC;
}

struct settings *
settings_new(void)
{
	struct settings *s;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		return NULL;
	atomic_store(&s->refs, 1);
	s->refused.shared = true;
	return s;
}

struct settings *
settings_hold(struct settings *s)
{
	if (s != NULL)
		atomic_fetch_add(&s->refs, 1);
	return s;
}

void
settings_drop(struct settings *s)
{
	struct visit v;

	if (s == NULL || atomic_fetch_sub(&s->refs, 1) != 1)
		return;
	if (object_alive(&s->config) && enter(&v)) {
		goConfigFree(s->config.go);
		leave(&v);
	}
	object_drop(&s->config);
	if (s->shared != NULL)
		munmap(s->shared, SHARED_SIZE);
	ticket_file_drop(s->ticket_file);
	error_drop(&s->refused);
	free(s);
}

/*
 * Has memory for what children share: automatic ticket keys, and sessions by
 * their ids. No core dump holds it.
 */
bool
settings_share(struct settings *s)
{
	void *shared;

	if (s->shared != NULL)
		return true;
	shared = mmap(NULL, SHARED_SIZE, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return false;
	madvise(shared, SHARED_SIZE, MADV_DONTDUMP);
	s->shared = shared;
	return true;
}

/* Under the lock, in a child. */
bool
settings_rebuild(void *settings, void *fail)
{
	struct settings *s = settings;

	if (s == NULL || object_alive(&s->config))
		return true;
	if (!object_born(&s->config, goConfigRestore(fail, s->config.bytes)))
		return false;
	if (s->shared != NULL)
		goConfigShare(s->config.go, fail, s->shared);
	return true;
}

bool
settings_restore(struct settings *s, struct failure *fail)
{
	return s == NULL ||
	    object_restore(&s->config, settings_rebuild, s, fail);
}

/* Threads may change settings of live servers and use them meanwhile. */
static void
settings_save(struct settings *s, struct failure *fail)
{
	struct blob *bytes, *old = NULL;
	unsigned needed = atomic_load(&s->system);

	restore_lock();
	if (s->config.go != 0) {
		bytes = goConfigSave(s->config.go, fail, s->config.bytes,
		    &needed);
		atomic_store(&s->system, needed);
		if (bytes != s->config.bytes) {
			old = s->config.bytes;
			s->config.bytes = bytes;
		}
	}
	restore_unlock();
	blob_drop(old);
}

struct blob *
settings_bytes(struct settings *s)
{
	struct blob *b;

	if (s == NULL)
		return NULL;
	restore_lock();
	b = blob_hold(s->config.bytes);
	restore_unlock();
	return b;
}

/* The default ones trust what the system does, and ask clients for nothing. */
bool
settings_need_system(struct settings *s, enum kind kind)
{
	unsigned needed = s == NULL ? CONNECTING : atomic_load(&s->system);

	return needed & (kind == CLIENT ? CONNECTING : LISTENING);
}

unsigned
settings_reloads(struct settings *s)
{
	return s == NULL ? 0 : atomic_load(&s->reloads);
}

static int64_t
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
}

/* How often a file of ticket keys is looked at, in ms. */
enum { INTERVAL = 1000 };

/* Has the keys in F, of FILE, which is taken over, or makes keys if that is NULL. */
int
settings_take_keys(struct settings *s, struct ticket_file *file,
    const struct file *f, struct failure *fail)
{
	struct ticket_file *old = file;
	int rv;

	restore_lock();
	rv = goConfigSetBytes(s->config.go, fail, CONFIG_TICKET_KEYS, f->data,
	    f->len);
	if (rv == 0) {
		old = s->ticket_file;
		s->ticket_file = file;
		atomic_store(&s->due, file == NULL ? 0 : now() + INTERVAL);
	}
	restore_unlock();
	ticket_file_drop(old);
	return rv;
}

/* What is wrong with a new version is told once, and the old keys stay. */
static void
reload(struct settings *s, struct ticket_file *file)
{
	struct file f;
	struct visit v;
	int rv = 0;

	if (ticket_file_read(file, &f, &s->refused) == -1 || !enter(&v)) {
		file_drop(&f);
		return;
	}
	if (settings_restore(s, &v.fail)) {
		restore_lock();
		if (s->ticket_file == file)
			rv = goConfigSetBytes(s->config.go, &v.fail,
			    CONFIG_TICKET_KEYS, f.data, f.len);
		restore_unlock();
		if (rv == 0)
			error_clear(&s->refused);
		settings_save(s, &v.fail);
	}
	if (v.fail.panicked)
		s->broken = true;
	leave(&v);
	error_take(&s->refused, &v.fail);
	file_drop(&f);
}

/* Looks whether the file of ticket keys has changed, at most once a second. */
void
settings_renew_keys(struct settings *s)
{
	struct ticket_file *file;
	int64_t t, due;

	if (s == NULL || (due = atomic_load(&s->due)) == 0 ||
	    (t = now()) < due ||
	    !atomic_compare_exchange_strong(&s->due, &due, t + INTERVAL))
		return;
	restore_lock();
	file = ticket_file_hold(s->ticket_file);
	restore_unlock();
	if (file != NULL && ticket_file_claim(file)) {
		if (ticket_file_changed(file))
			reload(s, file);
		ticket_file_release(file);
	}
	ticket_file_drop(file);
}

bool
config_enter(struct tls_config *config, struct visit *v)
{
	if (!config_valid(config))
		return false;
	error_clear(&config->settings->refused);
	if (!enter(v)) {
		error_errno(&config->err, errno, NO_RUNTIME);
		return false;
	}
	if (settings_restore(config->settings, &v->fail)) {
		config->go = config->settings->config.go;
		return true;
	}
	leave(v);
	error_take(&config->err, &v->fail);
	return false;
}

/* For a function that can't tell that it failed. */
bool
config_must_enter(struct tls_config *config, struct visit *v)
{
	if (config_enter(config, v))
		return true;
	if (config_valid(config))
		config->settings->broken = true;
	return false;
}

/* Whatever it returns, the call may have changed the configuration. */
int
config_leave(struct tls_config *config, struct visit *v, int rv)
{
	settings_save(config->settings, &v->fail);
	if (v->fail.panicked) {
		config->settings->broken = true;
		rv = -1;
	}
	leave(v);
	error_take(&config->err, &v->fail);
	return rv;
}

int
config_set_number(struct tls_config *config, enum config_number what, int64_t n)
{
	struct visit v;

	if (!config_enter(config, &v))
		return -1;
	return config_leave(config, &v, goConfigSetNumber(config->go, &v.fail,
	    what, n));
}

int
config_set_text(struct tls_config *config, enum config_text what,
    const char *text)
{
	struct visit v;

	if (!config_enter(config, &v))
		return -1;
	return config_leave(config, &v, goConfigSetText(config->go, &v.fail,
	    what, text));
}

int
config_set_bytes(struct tls_config *config, enum config_bytes what,
    const uint8_t *data, size_t len)
{
	struct visit v;

	if (!config_enter(config, &v))
		return -1;
	return config_leave(config, &v, goConfigSetBytes(config->go, &v.fail,
	    what, data, len));
}

void
config_switch(struct tls_config *config, enum config_switch what)
{
	struct visit v;

	if (config_must_enter(config, &v))
		config_leave(config, &v, goConfigSwitch(config->go, &v.fail,
		    what));
}
