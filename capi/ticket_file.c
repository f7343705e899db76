/*
 * The file of a configuration's ticket keys, which is read again when it has
 * changed. It is found through its directory, which stays open, so that it is
 * also found after a chroot.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fork.h"
#include "front.h"

struct ticket_file {
	atomic_uint	 refs;
	atomic_uint	 busy;		/* start in which it was claimed, or 0 */
	int		 dir;
	dev_t		 dev;		/* of the directory */
	ino_t		 ino;
	uid_t		 owner;
	char		*path;		/* as the program gave it */
	const char	*name;		/* in the directory */
	struct stat	 seen;		/* the latest version that was read */
	bool		 unsettled;	/* it is to be read once more */
};

static int
no_memory(struct error *err)
{
	return error_set(err, TLS_ERROR_OUT_OF_MEMORY, "out of memory");
}

static int
open_directory(const char *path)
{
	return move_up(open(path, O_PATH | O_DIRECTORY | O_CLOEXEC));
}

struct ticket_file *
ticket_file_new(const char *path, struct error *err)
{
	struct ticket_file *t;
	struct stat st;
	char *slash;

	if ((t = calloc(1, sizeof(*t))) == NULL ||
	    (t->path = strdup(path)) == NULL) {
		free(t);
		no_memory(err);
		return NULL;
	}
	atomic_store(&t->refs, 1);
	t->owner = getuid();
	t->name = t->path;
	if ((slash = strrchr(t->path, '/')) == NULL) {
		t->dir = open_directory(".");
	} else {
		t->name = slash + 1;
		*slash = '\0';
		t->dir = open_directory(slash == t->path ? "/" : t->path);
		*slash = '/';
	}
	if (t->dir == -1 || fstat(t->dir, &st) == -1) {
		error_errno(err, errno,
		    "failed to open directory of ticket key file '%s'", path);
		ticket_file_drop(t);
		return NULL;
	}
	t->dev = st.st_dev;
	t->ino = st.st_ino;
	return t;
}

/* Whether the directory's descriptor is still ours. */
static bool
has_directory(const struct ticket_file *t)
{
	struct stat st;

	return t->dir != -1 && fstat(t->dir, &st) == 0 &&
	    st.st_dev == t->dev && st.st_ino == t->ino;
}

struct ticket_file *
ticket_file_hold(struct ticket_file *t)
{
	if (t != NULL)
		atomic_fetch_add(&t->refs, 1);
	return t;
}

void
ticket_file_drop(struct ticket_file *t)
{
	if (t == NULL || atomic_fetch_sub(&t->refs, 1) != 1)
		return;
	if (has_directory(t))
		close(t->dir);
	free(t->path);
	free(t);
}

/*
 * One thread at a time looks after the file, as it may be on a system that
 * hangs. One that a child doesn't have never gave it back.
 */
bool
ticket_file_claim(struct ticket_file *t)
{
	unsigned holder = atomic_load(&t->busy);

	return holder != generation() &&
	    atomic_compare_exchange_strong(&t->busy, &holder, generation());
}

void
ticket_file_release(struct ticket_file *t)
{
	atomic_store(&t->busy, 0);
}

/* A file's time is that of a tick, which two changes within seconds may share. */
static void
note(struct ticket_file *t, const struct stat *st)
{
	enum { TICK = 2 };
	struct timespec now;

	t->seen = *st;
	clock_gettime(CLOCK_REALTIME, &now);
	t->unsettled = llabs((long long)now.tv_sec - st->st_mtime) <= TICK;
}

bool
ticket_file_changed(const struct ticket_file *t)
{
	struct stat st;

	return t->unsettled || !has_directory(t) ||
	    fstatat(t->dir, t->name, &st, 0) == -1 ||
	    !file_unchanged(&st, &t->seen);
}

/* Who can read the keys can read, with TLS 1.2, what is said. */
static int
check(const struct ticket_file *t, const struct stat *st, struct error *err)
{
	mode_t mode = st->st_mode & 0777;

	if (!S_ISREG(st->st_mode))
		return error_set(err, TLS_ERROR_UNKNOWN,
		    "ticket key file is not a regular file");
	if (st->st_uid != t->owner && st->st_uid != getuid())
		return error_set(err, TLS_ERROR_UNKNOWN,
		    "ticket key file has incorrect owner (uid %u != %u)",
		    st->st_uid, getuid());
	if (mode != 0600)
		return error_set(err, TLS_ERROR_UNKNOWN,
		    "ticket key file has incorrect permissions (%o != 600)",
		    mode);
	if (st->st_size > TICKET_FILE_SIZE)
		return error_set(err, TLS_ERROR_UNKNOWN,
		    "ticket key file is too large");
	return 0;
}

static int
read_keys(struct ticket_file *t, struct file *f, struct error *err)
{
	struct stat st;
	int fd, rv;

	t->unsettled = true;
	if (!has_directory(t))
		return error_set(err, TLS_ERROR_UNKNOWN,
		    "descriptor for directory of ticket key file is gone");
	if ((fd = file_open(f, t->dir, t->name)) == -1)
		return file_error(err, f, "ticket key", t->path);
	if (fstat(fd, &st) == -1) {
		rv = error_errno(err, errno, "failed to stat ticket key file");
	} else {
		if ((rv = check(t, &st, err)) == 0 && !file_fill(f, fd, TICKET_FILE_SIZE))
			rv = file_error(err, f, "ticket key", t->path);
		else
			note(t, &st);
	}
	close(fd);
	return rv;
}

/* The caller drops what is read; -1 means that nothing was. */
int
ticket_file_read(struct ticket_file *t, struct file *f, struct error *err)
{
	int cancel, rv;

	memset(f, 0, sizeof(*f));
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	rv = read_keys(t, f, err);
	pthread_setcancelstate(cancel, NULL);
	return rv;
}
