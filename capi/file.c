/* Files that programs name, read outside of Go: they may be on a system that hangs. */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "front.h"

static void
failed(struct file *f, const char *verb, int num)
{
	file_drop(f);
	f->verb = verb;
	f->num = num;
}

/*
 * O_NONBLOCK keeps a FIFO from blocking the open. It fails for a file under a
 * lease (fcntl(2)); an open without it asks the lease's holder to give it up.
 */
int
file_open(struct file *f, int dir, const char *path)
{
	const int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY;
	int fd;

	fd = openat(dir, path, flags | O_NONBLOCK);
	if (fd == -1 && errno == EWOULDBLOCK)
		fd = openat(dir, path, flags);
	if (fd == -1)
		failed(f, "open", errno);
	return fd;
}

/* As much as there was of it at the beginning, if that is within the limit. */
bool
file_fill(struct file *f, int fd, size_t limit)
{
	struct stat st;
	size_t size;
	ssize_t n;

	if (fstat(fd, &st) == -1) {
		failed(f, "stat", errno);
		return false;
	}
	if (S_ISFIFO(st.st_mode) || S_ISDIR(st.st_mode)) {
		failed(f, "read", S_ISDIR(st.st_mode) ? EISDIR : ESPIPE);
		return false;
	}
	size = st.st_size > 0 ? st.st_size : 0;
	/* Go compares eight bytes at a time, the last ones with what follows. */
	if (size > limit || (f->data = malloc(size + 8)) == NULL) {
		failed(f, NULL, ENOMEM);
		return false;
	}
	while (f->len < size) {
		n = read(fd, f->data + f->len, size - f->len);
		if (n <= 0) {
			failed(f, "read", n == 0 ? EIO : errno);
			return false;
		}
		f->len += n;
	}
	return true;
}

static bool
same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

/* Whether what stat(2) told at two times is of one state of one file. */
bool
file_unchanged(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	    a->st_size == b->st_size && same_time(a->st_mtim, b->st_mtim) &&
	    same_time(a->st_ctim, b->st_ctim);
}

static void
read_path(struct file *f, const char *path, size_t limit)
{
	int cancel, fd;

	memset(f, 0, sizeof(*f));
	/* A thread that ends here would leave keys in memory. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	if ((fd = file_open(f, AT_FDCWD, path)) != -1) {
		file_fill(f, fd, limit);
		close(fd);
	}
	pthread_setcancelstate(cancel, NULL);
}

void
file_read(struct file *f, const char *path)
{
	read_path(f, path, FILE_SIZE);
}

/* Reads a file of a hashed directory. False if a signal has ended that. */
bool
file_find(struct file *f, const char *path)
{
	struct stat st;

	read_path(f, path, HASHED_SIZE);
	if (f->data == NULL && f->num != EINTR && lstat(path, &st) == -1) {
		f->missing = errno != EINTR;
		f->num = errno;
	}
	return f->num != EINTR;
}

void
file_drop(struct file *f)
{
	if (f->data != NULL)
		explicit_bzero(f->data, f->len);
	free(f->data);
	memset(f, 0, sizeof(*f));
}

int
file_error(struct error *err, const struct file *f, const char *kind,
    const char *path)
{
	if (f->verb == NULL)
		return error_set(err, TLS_ERROR_OUT_OF_MEMORY,
		    "failed to allocate buffer for %s file", kind);
	return error_errno(err, f->num, "failed to %s %s file '%s'", f->verb,
	    kind, path == NULL ? "(null)" : path);
}
