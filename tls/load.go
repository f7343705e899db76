package tls

import (
	"errors"
	"math"
	"syscall"
	"unsafe"

	"libtls/internal/credential"
)

// TooLong stands for memory of more than math.MaxInt32 bytes, which libtls takes
// nowhere. Not every machine has slices so long. It is too long for whatever has
// a limit of less than 64 KiB, too.
var TooLong = tooLong[:]

var tooLong [1 << 16]byte

func isTooLong(data []byte) bool {
	return len(data) > math.MaxInt32 || unsafe.SliceData(data) == &tooLong[0]
}

func checkLength(kind string, data []byte) error {
	if isTooLong(data) {
		return invalidArgument(kind + " too long")
	}
	return nil
}

// DecryptKey is what tls_load_file makes of a file's contents for a password:
// the first private key in it, as unencrypted PKCS#8 in PEM. The error's Errno is
// EACCES, ENOTSUP or EBADMSG for a wrong password, an unknown encryption scheme
// and anything else that is wrong with the key.
func DecryptKey(pem []byte, password string) ([]byte, error) {
	key, err := credential.DecryptKey(pem, password)
	if err == nil {
		return key, nil
	}
	// The C function has nothing but errno to tell these apart.
	e := &Error{Text: err.Error(), Errno: syscall.EBADMSG}
	switch {
	case errors.Is(err, credential.ErrPassword):
		e.Errno = syscall.EACCES
	case errors.Is(err, credential.ErrScheme):
		e.Errno = syscall.ENOTSUP
	}
	return nil, e
}
