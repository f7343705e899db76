package tls

import (
	"errors"
	"math"
	"syscall"

	"libtls/internal/credential"
)

// checkLength refuses memory that is longer than libtls takes. Nothing is read
// of it.
func checkLength(kind string, data []byte) error {
	if len(data) > math.MaxInt32 {
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
