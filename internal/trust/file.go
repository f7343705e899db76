package trust

import (
	"io/fs"
	"syscall"

	"libtls/internal/descriptor"
)

// identity tells one state of a file from another.
type identity struct {
	dev, ino     uint64
	size         int64
	mtime, ctime syscall.Timespec
}

// stat returns the identity of the regular file at path.
func stat(path string) (identity, error) {
	var st syscall.Stat_t
	if err := descriptor.Retry(func() error { return syscall.Stat(path, &st) }); err != nil {
		return identity{}, &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	return identify(path, &st)
}

func identify(path string, st *syscall.Stat_t) (identity, error) {
	if st.Mode&syscall.S_IFMT != syscall.S_IFREG {
		return identity{}, &fs.PathError{Op: "open", Path: path, Err: syscall.EINVAL}
	}
	return identity{uint64(st.Dev), st.Ino, st.Size, st.Mtim, st.Ctim}, nil
}

// readFile reads a regular file of at most limit bytes. Errors are *fs.PathError with an errno.
func readFile(path string, limit int64) ([]byte, identity, error) {
	fail := func(op string, err error) ([]byte, identity, error) {
		return nil, identity{}, &fs.PathError{Op: op, Path: path, Err: err}
	}
	var fd int
	err := descriptor.Retry(func() (err error) {
		// O_NONBLOCK: a FIFO must not hold us up before we see that it is one.
		fd, err = syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC|syscall.O_NOCTTY|syscall.O_NONBLOCK, 0)
		return err
	})
	if err != nil {
		return fail("open", err)
	}
	defer syscall.Close(fd)
	var st syscall.Stat_t
	if err := descriptor.Retry(func() error { return syscall.Fstat(fd, &st) }); err != nil {
		return fail("stat", err)
	}
	id, err := identify(path, &st)
	if err != nil {
		return nil, identity{}, err
	}
	if st.Size > limit {
		return fail("read", syscall.EFBIG)
	}
	data := make([]byte, st.Size)
	for n := 0; n < len(data); {
		var m int
		err := descriptor.Retry(func() (err error) { m, err = syscall.Read(fd, data[n:]); return err })
		if err != nil {
			return fail("read", err)
		}
		if m == 0 { // it has become shorter
			data = data[:n]
		}
		n += m
	}
	return data, id, nil
}

// isDir tells whether path is a directory.
func isDir(path string) bool {
	var st syscall.Stat_t
	err := descriptor.Retry(func() error { return syscall.Stat(path, &st) })
	return err == nil && st.Mode&syscall.S_IFMT == syscall.S_IFDIR
}
