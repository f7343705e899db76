package tls

import (
	"errors"

	"golang.org/x/sys/unix"
	"math"

	"libtls/internal/credential"
)

// readFile returns the contents of a file that holds a KIND, never nil unless
// there is an error.
func readFile(kind, path string) ([]byte, error) {
	data, err := credential.ReadFile(kind, path)
	if err == nil {
		return data, nil
	}
	failed := asError(err)
	if errors.Is(err, credential.ErrFileSize) {
		failed.Code = ErrorOutOfMemory
	}
	return nil, failed
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
// if it came from the system, and EACCES, ENOTSUP or EBADMSG for a wrong password,
// an unknown encryption scheme and anything else that is wrong with the key.
func LoadFile(path string, password *string) ([]byte, error) {
	data, err := readFile("key", path)
	if err != nil || password == nil {
		return data, err
	}
	defer clear(data)
	key, err := credential.DecryptKey(data, *password)
	if err == nil {
		return key, nil
	}
	// The C function has nothing but errno to tell these apart.
	e := &Error{Text: err.Error(), Errno: unix.EBADMSG}
	switch {
	case errors.Is(err, credential.ErrPassword):
		e.Errno = unix.EACCES
	case errors.Is(err, credential.ErrScheme):
		e.Errno = unix.ENOTSUP
	}
	return nil, e
}
