package credential

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// maxFile bounds what is read into memory from one file, in bytes.
const maxFile = 256 << 20

// ErrFileSize tells of a file that is too large to be read.
var ErrFileSize = errors.New("failed to allocate buffer")

// ReadFile returns the contents of a file that holds a KIND (contract, 5.2),
// read in one go as far as the file's size says. They are never nil unless
// there is an error, which wraps ErrFileSize or the system's.
func ReadFile(kind, path string) ([]byte, error) {
	fd, err := retry(func() (int, error) {
		// O_NONBLOCK: a FIFO must not hold us up before we see that it is one.
		return unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	})
	if err != nil {
		return nil, fmt.Errorf("failed to open %s file '%s': %w", kind, path, err)
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return nil, fmt.Errorf("failed to stat %s file '%s': %w", kind, path, err)
	}
	if st.Mode&unix.S_IFMT == unix.S_IFIFO {
		return nil, fmt.Errorf("failed to read %s file '%s': %w", kind, path, unix.ESPIPE)
	}
	if st.Size > maxFile {
		return nil, fmt.Errorf("%w for %s file", ErrFileSize, kind)
	}
	data := make([]byte, max(st.Size, 0))
	for n := 0; n < len(data); {
		more, err := retry(func() (int, error) { return unix.Read(fd, data[n:]) })
		if err == nil && more == 0 {
			err = unix.EIO // the file has shrunk
		}
		if err != nil {
			clear(data)
			return nil, fmt.Errorf("failed to read %s file '%s': %w", kind, path, err)
		}
		n += more
	}
	return data, nil
}

// retry repeats a system call that a signal interrupts.
func retry(call func() (int, error)) (int, error) {
	for {
		if n, err := call(); err != unix.EINTR {
			return n, err
		}
	}
}
