package libtls

import (
	"math"

	"golang.org/x/sys/unix"

	"libtls/internal/credential"
)

// maxFile bounds what is read into memory from one file.
const maxFile = 256 << 20

// readFile returns the contents of a file that holds a KIND (contract, 5.2),
// read in one go as far as the file's size says. The result is never nil
// unless there is an error.
func readFile(kind, path string) ([]byte, error) {
	fd, err := retry(func() (int, error) {
		// O_NONBLOCK: a FIFO must not hold us up before we see that it is one.
		return unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	})
	if err != nil {
		return nil, systemFailure(err, "failed to open %s file '%s'", kind, path)
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return nil, systemFailure(err, "failed to stat %s file '%s'", kind, path)
	}
	if st.Mode&unix.S_IFMT == unix.S_IFIFO {
		return nil, systemFailure(unix.ESPIPE, "failed to read %s file '%s'", kind, path)
	}
	if st.Size > maxFile {
		return nil, &Error{Text: "failed to allocate buffer for " + kind + " file", Code: ErrorOutOfMemory}
	}
	data := make([]byte, max(st.Size, 0))
	for n := 0; n < len(data); {
		more, err := retry(func() (int, error) { return unix.Read(fd, data[n:]) })
		if err == nil && more == 0 {
			err = unix.EIO // the file has shrunk
		}
		if err != nil {
			clear(data)
			return nil, systemFailure(err, "failed to read %s file '%s'", kind, path)
		}
		n += more
	}
	return data, nil
}

// checkLength refuses memory that is longer than libtls takes. Nothing is read
// of it.
func checkLength(kind string, data []byte) error {
	if len(data) > math.MaxInt32 {
		return invalidArgument(kind + " too long")
	}
	return nil
}

// LoadFile is tls_load_file: the contents of a file or, with a password, the
// first private key in it as unencrypted PKCS#8 in PEM. The error has an Errno
// if it came from the system.
func LoadFile(path string, password *string) ([]byte, error) {
	data, err := readFile("key", path)
	if err != nil || password == nil {
		return data, err
	}
	defer clear(data)
	key, err := credential.DecryptKey(data, *password)
	if err != nil {
		return nil, failure("%v", err)
	}
	return key, nil
}

// retry repeats a system call that a signal interrupts.
func retry(call func() (int, error)) (int, error) {
	for {
		if n, err := call(); err != unix.EINTR {
			return n, err
		}
	}
}
