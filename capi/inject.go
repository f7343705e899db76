//go:build panic

package main

/*
#include <stdlib.h>

extern int libtls_panics(const char *) __attribute__((weak));

static int
panics(const char *where)
{
	return libtls_panics != NULL ? libtls_panics(where) : 0;
}
*/
import "C"

import (
	"crypto/rand"
	"errors"
	"io"
	"runtime"
	"strings"
	"unsafe"
)

// The answers of libtls_panics, a function of the program under test, that
// decides whether and how Go panics at a place. A place is the exported function that
// was called, for random numbers with " rand" behind it.
const (
	noPanic = iota
	panicText
	panicError
	panicIndex
	panicDivide
	fault
)

func inject() { injectAt("") }

func injectAt(place string) {
	where := C.CString(exported() + place)
	defer C.free(unsafe.Pointer(where))
	var none []byte
	switch C.panics(where) {
	case panicText:
		panic("injected")
	case panicError:
		panic(errors.New("injected"))
	case panicIndex:
		_ = none[len(place)]
	case panicDivide:
		_ = 1 / len(none)
	case fault:
		*(*byte)(nil) = 0
	}
}

// exported returns the name of the exported function that runs.
func exported() string {
	var callers [64]uintptr
	frames := runtime.CallersFrames(callers[:runtime.Callers(1, callers[:])])
	for {
		frame, more := frames.Next()
		if name, ok := strings.CutPrefix(frame.Function, "main.go"); ok {
			return "go" + name
		}
		if !more {
			return ""
		}
	}
}

type faultyReader struct{ io.Reader }

func (r faultyReader) Read(b []byte) (int, error) {
	injectAt(" rand")
	return r.Reader.Read(b)
}

func init() { rand.Reader = faultyReader{rand.Reader} }
