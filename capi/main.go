// Command capi is libtls.so: the C interface of packages tls and ssl. The C front
// checks what programs pass, keeps what they may point to, does their I/O, and
// calls the functions exported here, each of which makes one call. They take
// an object's handle, if there is one, the place of an error, and then their
// arguments. A function that makes an object returns its handle, or 0; one that makes
// bytes or a text returns them, or NULL. The others return 0 or -1 for tls.h,
// and for the SSL_* subset 1 or 0 as its functions do.
package main

/*
#cgo CFLAGS: -std=c11 -D_GNU_SOURCE -Wall -Wextra
#cgo noescape clock_gettime
#include <stdlib.h>
#include <time.h>
#include "bridge.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"time"
	"unsafe"

	"libtls/internal/drive"
	"libtls/tls"
)

func main() {}

// The runtime looks for free memory, which it overwrites, at least every two
// minutes, but only once it has had reason to.
func init() { time.AfterFunc(2*time.Minute, runtime.GC) }

// The clock is libc's, which programs may have replaced.
func init() {
	drive.Clock = func() time.Time {
		var ts C.struct_timespec
		C.clock_gettime(C.CLOCK_REALTIME, &ts)
		return time.Unix(int64(ts.tv_sec), int64(ts.tv_nsec))
	}
}

var (
	configs  table[tls.Config]
	contexts table[heldContext]
)

// heldContext is a context, and what its steps pass so that they needn't
// allocate it.
type heldContext struct {
	*tls.Context
	io drive.IO
}

// tell writes err to the place of an error; nil, and an error without a text,
// leave that alone.
func tell(fail *C.struct_failure, err error) C.int {
	if err == nil {
		return 0
	}
	if err.Error() == "" {
		return -1
	}
	C.free(unsafe.Pointer(fail.text))
	fail.text = C.CString(err.Error())
	fail.num, fail.code = 0, tls.ErrorUnknown
	if e, ok := errors.AsType[*tls.Error](err); ok {
		fail.num, fail.code = C.int(e.Errno), C.int(e.Code)
	}
	return -1
}

// barrier, deferred by every exported function, keeps a panic from leaving Go:
// it becomes an error, and the function's result.
func barrier[T any](fail *C.struct_failure, result *T, failed T) {
	p := recover()
	if p == nil {
		return
	}
	*result = failed
	fail.panicked = true
	tell(fail, fmt.Errorf("internal error: %v", p))
}

// The views of a program's memory below last as long as the call. NULL is nil in
// Go. A length that no function takes is cut to one byte more than the longest
// that one does.

func str(s *C.cchar) string {
	inject()
	return C.GoString((*C.char)(unsafe.Pointer(s)))
}

func opt(s *C.cchar) *string {
	if s == nil {
		return nil
	}
	g := str(s)
	return &g
}

func mem(p *C.cbyte, n C.size_t) []byte {
	if p == nil {
		return nil
	}
	if n > math.MaxInt32 {
		return tls.TooLong
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(p)), n)
}

func buffer(p *C.uint8_t, n C.size_t) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(p)), n)
}

// cstring copies s for C; the empty string is NULL.
func cstring(s string) *C.char { return cstringIf(s, s != "") }

// cstringIf copies s for C, and is NULL if !ok.
func cstringIf(s string, ok bool) *C.char {
	if !ok {
		return nil
	}
	return C.CString(s)
}

func cbool(b bool) C.int64_t {
	if b {
		return 1
	}
	return 0
}
