package ssl

import (
	"errors"
	"testing"

	"libtls/internal/protocol"
)

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
