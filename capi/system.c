/* The system's trust store: a file of certificates, and hashed directories. */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "front.h"

/* Where systems keep their trusted certificates in one file. */
static const char *const bundles[] = {
	"/etc/ssl/certs/ca-certificates.crt",	/* Debian, Alpine */
	"/etc/pki/tls/certs/ca-bundle.crt",	/* Fedora up to 42 */
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",	/* Fedora */
	"/etc/ssl/cert.pem",	/* OpenBSD, Alpine without ca-certificates */
};

/* The file as it was last read. */
static struct {
	struct bundle	 bundle;
	struct stat	 st;
} last;

const char *
system_file(void)
{
	enum { N = sizeof(bundles) / sizeof(bundles[0]) };
	const char *file = secure_getenv("SSL_CERT_FILE");
	struct stat st;

	if (file != NULL && *file != '\0')
		return file;
	for (int i = 0; i < N; i++)
		if (stat(bundles[i], &st) == 0 && S_ISREG(st.st_mode))
			return bundles[i];
	return bundles[N - 1];
}

/* Whether any of several directories, separated by colons, is there. */
static bool
is_there(const char *dirs)
{
	struct stat st;
	char *list = strdup(dirs), *rest = list, *dir;
	bool found = false;

	while (list != NULL && !found && (dir = strsep(&rest, ":")) != NULL)
		found = stat(dir, &st) == 0 && S_ISDIR(st.st_mode);
	free(list);
	return found;
}

/* Keeps what was read, as the last file, and for the caller. */
static bool
keep(struct bundle *b, struct file *f, const struct stat *st)
{
	/* Go compares eight bytes at a time, the last ones with what follows. */
	if ((b->bytes = blob_new(f->len + 8, 0)) == NULL)
		return false;
	b->len = f->len;
	memcpy(blob_bytes(b->bytes, &(size_t){ 0 }), f->data, f->len);
	restore_lock();
	b->serial = last.bundle.serial + 1;
	blob_replace(&last.bundle.bytes, blob_hold(b->bytes));
	last.bundle = *b;
	last.st = *st;
	restore_unlock();
	return true;
}

static void
read_bundle(struct system *s, struct file *f)
{
	struct stat st;
	int fd;

	if ((fd = file_open(f, AT_FDCWD, s->path)) == -1)
		return;
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode)) {
		f->num = EINVAL;
		close(fd);
		return;
	}
	restore_lock();
	if (last.bundle.bytes != NULL && file_unchanged(&st, &last.st)) {
		s->bundle = last.bundle;
		blob_hold(s->bundle.bytes);
	}
	restore_unlock();
	if (s->bundle.bytes == NULL && file_fill(f, fd, FILE_SIZE) &&
	    !keep(&s->bundle, f, &st))
		f->num = ENOMEM;
	close(fd);
}

bool
system_read(struct system *s)
{
	const char *dirs = secure_getenv("SSL_CERT_DIR");
	struct file f = { 0 };
	int cancel, num;

	memset(s, 0, sizeof(*s));
	s->path = system_file();
	s->dirs = dirs != NULL && *dirs != '\0' ? dirs : HASHED_DIRS;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	read_bundle(s, &f);
	num = f.num;
	file_drop(&f);
	s->num = num;
	s->has_dirs = is_there(s->dirs);
	pthread_setcancelstate(cancel, NULL);
	return num != EINTR;
}

void
bundle_replace(struct bundle *place, struct bundle b)
{
	blob_replace(&place->bytes, b.bytes);
	place->len = b.len;
	place->serial = b.serial;
}
