package tls

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
)

// The error codes of tls.h.
const (
	ErrorUnknown         = 0x0000
	ErrorOutOfMemory     = 0x1000 // reported by the C front alone
	ErrorInvalidContext  = 0x2000
	ErrorInvalidArgument = 0x2001
)

// Error is what tls_error and tls_config_error tell.
type Error struct {
	Text string
	// Errno is the system's error behind the failure, 0 if there is none. The
	// C side appends ": " and strerror(Errno).
	Errno syscall.Errno
	Code  int // one of the Error constants
}

// Error returns Text.
func (e *Error) Error() string { return e.Text }

func failure(format string, args ...any) *Error {
	return &Error{Text: fmt.Sprintf(format, args...)}
}

func invalidArgument(text string) *Error {
	return &Error{Text: text, Code: ErrorInvalidArgument}
}

func invalidContext(text string) *Error {
	return &Error{Text: text, Code: ErrorInvalidContext}
}

// asError keeps the errno that err wraps, if it does.
func asError(err error) *Error {
	if err == nil {
		return nil
	}
	errno, ok := errors.AsType[syscall.Errno](err)
	if !ok {
		return failure("%v", err)
	}
	return &Error{Text: strings.TrimSuffix(err.Error(), ": "+errno.Error()), Errno: errno}
}
