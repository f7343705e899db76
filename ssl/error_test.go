package ssl

import (
	"errors"
	"os"
	"regexp"
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

// unnamed are the engine's errors that OpenSSL has no reason for. The front tells them as data of an internal error.
var unnamed = []string{
	"BAD_ALERT", "CANNOT_PARSE_LEAF_CERT", "CLIENT_HELLO_TOO_LONG", "DUPLICATE_EXTENSION", "EMPTY_HELLO_RETRY_REQUEST",
	"ERROR_PARSING_EXTENSION", "INCONSISTENT_CLIENT_HELLO", "INTERNAL_ERROR", "INVALID_ALPN_PROTOCOL",
	"INVALID_COMPRESSION_LIST", "INVALID_OUTER_RECORD_TYPE", "KEY_USAGE_BIT_INCORRECT", "MISSING_EXTENSION",
	"MODULUS_TOO_LARGE", "OLD_SESSION_PRF_HASH_MISMATCH", "PRE_SHARED_KEY_MUST_BE_LAST", "PRIVATE_KEY_OPERATION_FAILED",
	"PSK_IDENTITY_BINDER_COUNT_MISMATCH", "RESUMED_EMS_SESSION_WITHOUT_EMS_EXTENSION",
	"RESUMED_NON_EMS_SESSION_WITH_EMS_EXTENSION", "SECOND_SERVERHELLO_VERSION_MISMATCH",
	"SERVER_ECHOED_INVALID_SESSION_ID", "TLS13_DOWNGRADE", "TOO_MANY_CERTIFICATE_REQUESTS", "TOO_MANY_EMPTY_FRAGMENTS",
	"TOO_MANY_WARNING_ALERTS", "TOO_MUCH_SKIPPED_EARLY_DATA", "UNSUPPORTED_ALGORITHM",
}

// Every other error of the engine has a reason whose number the front knows.
func TestEngineErrorsHaveReasons(t *testing.T) {
	t.Parallel()
	find := func(path, pattern string) (found []string) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(pattern).FindAllSubmatch(text, -1) {
			found = append(found, string(m[1]))
		}
		return found
	}
	reasons := find("../capi/ssl_error.c", `\{ SSL_R_\w+, "(.+)" \}`)
	codes := find("../internal/protocol/errors.go", `Code: "(\w+)"`)
	for _, code := range codes {
		reason := engineError(&protocol.Error{Code: code}).Reason
		if slices.Contains(reasons, reason) == slices.Contains(unnamed, code) {
			t.Errorf("%s: %q", code, reason)
		}
	}
	for code := range synonyms {
		if !slices.Contains(codes, code) {
			t.Errorf("the engine has no %s", code)
		}
	}
}
