package ssl

import (
	"errors"
	"slices"
	"syscall"
	"testing"

	"libtls/internal/drive"
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

// What is wrong with a file is told by who found it, then by who had it read.
func TestDamagedFiles(t *testing.T) {
	t.Parallel()
	garbage := File{Data: []byte("garbage")}
	for encoding, want := range map[int][]Error{
		filePEM: {*errNoStartLine, {Lib: LibSSL, Number: common | LibPEM}},
		fileDER: {*errBadEncoding, {Lib: LibSSL, Number: common | libASN1}},
		3:       {*errBadFileType},
	} {
		c := newContext(newMemory())
		for kind, errs := range map[string][]*Error{
			"certificate": c.UseCertificateFile(garbage, encoding, false), "key": c.UsePrivateKeyFile(garbage, encoding),
		} {
			if !slices.EqualFunc(errs, want, func(a *Error, b Error) bool { return *a == b }) {
				t.Errorf("%s in encoding %d: %v", kind, encoding, errs)
			}
		}
	}
}

// A connection that can't begin, or has failed, says why.
func TestStepTellsWhy(t *testing.T) {
	t.Parallel()
	client, _ := contexts(t)
	client.Set(Options, optionNoTLS12|optionNoTLS13)
	c := NewConn(client)
	for dead, want := range map[bool]*Error{false: errNoProtocols, true: errShutdown} {
		c.Dead = dead
		if step := c.Step(drive.Handshake, new(drive.IO), 0, false); step != drive.Failed || c.Err() != want {
			t.Errorf("dead %v: step %d, %v", dead, step, c.Err())
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
