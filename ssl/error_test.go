package ssl

import (
	"errors"
	"syscall"
	"testing"

	"libtls/internal/protocol"
)

func TestUnreadable(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		lib     int
		errno   syscall.Errno
		special bool // OpenSSL has an error of its own for it
	}{{LibX509, syscall.ENOENT, true}, {LibX509, syscall.EACCES, false}, {LibPEM, syscall.ENOENT, false}} {
		all := File{Errno: test.errno}.unreadable(test.lib)
		if len(all) != 3 || all[0].Lib != LibSystem || all[0].Number != int(test.errno) ||
			all[1].Lib != libBIO || all[2].Lib != test.lib {
			t.Fatalf("%v: %+v", test.errno, all)
		}
		if special := all[1].Number == 128; special != test.special {
			t.Errorf("%v in library %d: %+v", test.errno, test.lib, all[1])
		}
	}
}

// Errors have the numbers or the names that OpenSSL's programs know.
func TestEngineError(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err    error
		number int
		reason string
	}{
		{&protocol.Error{Alert: 40, Received: true}, 1040, ""},
		{&protocol.Error{Code: "UNEXPECTED_EOF"}, 0, "unexpected eof while reading"},
		{&protocol.Error{Code: "NO_SHARED_CIPHER"}, 0, "no shared cipher"},
		{errors.New("anything else"), errInternal.Number, ""},
	} {
		if e := engineError(test.err); e.Lib != LibSSL || e.Number != test.number || e.Reason != test.reason {
			t.Errorf("%v: %+v", test.err, e)
		}
	}
}
