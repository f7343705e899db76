//go:build !nossl

package main

// #include <stdlib.h>
// #include "ssl_bridge.h"
import "C"

import (
	"fmt"
	"syscall"
	"unsafe"

	"libtls/ssl"
)

var (
	sslContexts table[ssl.Context]
	sslConns    table[sslConn]
	sslSessions table[ssl.Session]
)

// sslTell writes errors for the thread's queue. An empty one says nothing.
func sslTell(fail *C.struct_ssl_failure, errs ...*ssl.Error) C.int {
	for _, e := range errs {
		if e.Lib == 0 {
			continue
		}
		at := &fail.entries[fail.count]
		at.lib, at.number = C.int(e.Lib), C.int(e.Number)
		at.reason = cstring(e.Reason)
		at.data = cstring(e.Data)
		fail.count++
	}
	return 0
}

// sslResult is 1 for no error.
func sslResult(fail *C.struct_ssl_failure, err *ssl.Error) C.int {
	if err != nil {
		return sslTell(fail, err)
	}
	return 1
}

// sslBarrier is barrier for functions with an ssl_failure.
func sslBarrier[T any](fail *C.struct_ssl_failure, result *T, failed T) {
	p := recover()
	if p == nil {
		return
	}
	*result = failed
	fail.panicked, fail.count = true, 0
	sslTell(fail, &ssl.Error{Lib: ssl.LibSSL, Number: ssl.Internal, Data: fmt.Sprint(p)})
}

func sslContext(handle C.uint64_t) *ssl.Context { return must(sslContexts.get(uint64(handle))) }

//export goSSLContextNew
func goSSLContextNew(fail *C.struct_ssl_failure, m *C.struct_ssl_memory) (handle C.uint64_t) {
	defer sslBarrier(fail, &handle, 0)
	ctx, err := ssl.NewContext(sslMemory{m})
	if err != nil {
		panic(err)
	}
	return C.uint64_t(sslContexts.add(ctx))
}

//export goSSLContextForget
func goSSLContextForget(handle C.uint64_t, fail *C.struct_ssl_failure) (rc C.int) {
	defer sslBarrier(fail, &rc, 0)
	sslContext(handle).Free()
	return 1
}

//export goSSLContextFree
func goSSLContextFree(handle C.uint64_t) { sslContexts.remove(uint64(handle)) }

func sslFile(f *C.struct_file) ssl.File {
	return ssl.File{Data: mem((*C.cbyte)(f.data), f.len), Errno: syscall.Errno(f.num)}
}

//export goSSLContextCertificate
func goSSLContextCertificate(handle C.uint64_t, fail *C.struct_ssl_failure, file *C.struct_file, encoding C.int, chain C.bool) (rc C.int) {
	defer sslBarrier(fail, &rc, 0)
	if errs := sslContext(handle).UseCertificateFile(sslFile(file), int(encoding), bool(chain)); errs != nil {
		return sslTell(fail, errs...)
	}
	return 1
}

//export goSSLContextKey
func goSSLContextKey(handle C.uint64_t, fail *C.struct_ssl_failure, file *C.struct_file, encoding C.int) (rc C.int) {
	defer sslBarrier(fail, &rc, 0)
	if errs := sslContext(handle).UsePrivateKeyFile(sslFile(file), int(encoding)); errs != nil {
		return sslTell(fail, errs...)
	}
	return 1
}

//export goSSLContextCheckKey
func goSSLContextCheckKey(handle C.uint64_t, fail *C.struct_ssl_failure) (rc C.int) {
	defer sslBarrier(fail, &rc, 0)
	return sslResult(fail, sslContext(handle).CheckPrivateKey())
}

//export goSSLContextTrust
func goSSLContextTrust(handle C.uint64_t, fail *C.struct_ssl_failure, file *C.struct_file, dir *C.cchar) (rc C.int) {
	defer sslBarrier(fail, &rc, 0)
	if errs := sslContext(handle).LoadVerifyLocations(sslFile(file), str(dir)); errs != nil {
		return sslTell(fail, errs...)
	}
	return 1
}

//export goSSLContextTrustSystem
func goSSLContextTrustSystem(handle C.uint64_t, fail *C.struct_ssl_failure, s *C.struct_system) (rc C.int) {
	defer sslBarrier(fail, &rc, 0)
	sslContext(handle).SetDefaultVerifyPaths(system(s))
	return 1
}

//export goSSLContextTicketKeys
func goSSLContextTicketKeys(handle C.uint64_t, fail *C.struct_ssl_failure, keys *C.uint8_t, n C.size_t, set C.bool) (rc C.int) {
	defer sslBarrier(fail, &rc, 0)
	ctx, b := sslContext(handle), buffer(keys, n)
	if set {
		return sslResult(fail, ctx.SetTicketKeys(b))
	}
	return sslResult(fail, ctx.TicketKeys(b))
}

//export goSSLContextStat
func goSSLContextStat(handle C.uint64_t, fail *C.struct_ssl_failure, command C.int) (v C.int64_t) {
	defer sslBarrier(fail, &v, 0)
	return C.int64_t(sslContext(handle).Statistic(int(command)))
}

//export goSSLContextSession
func goSSLContextSession(handle C.uint64_t, fail *C.struct_ssl_failure, session C.uint64_t, add C.bool) (rc C.int) {
	defer sslBarrier(fail, &rc, 0)
	ctx, s := sslContext(handle), sslSession(session)
	if add {
		return C.int(cbool(ctx.AddSession(s)))
	}
	return C.int(cbool(ctx.RemoveSession(s)))
}

//export goSSLContextFlush
func goSSLContextFlush(handle C.uint64_t, fail *C.struct_ssl_failure, at C.int64_t) (rc C.int) {
	defer sslBarrier(fail, &rc, 0)
	sslContext(handle).FlushSessions(int64(at))
	return 1
}

//export goSSLContextReport
func goSSLContextReport(handle C.uint64_t, fail *C.struct_ssl_failure, report C.bool) (rc C.int) {
	defer sslBarrier(fail, &rc, 0)
	sslContext(handle).ReportRemoved(bool(report))
	return 1
}

//export goSSLContextRemoved
func goSSLContextRemoved(handle C.uint64_t, fail *C.struct_ssl_failure) (session C.uint64_t) {
	defer sslBarrier(fail, &session, 0)
	return sslSessionHandle(sslContext(handle).Removed())
}

//export goSSLSuites
func goSSLSuites(dst *C.struct_ssl_cipher_st, n C.size_t) C.size_t {
	suites := ssl.Suites()
	for i, s := range suites[:min(len(suites), int(n))] {
		at := (*C.struct_ssl_cipher_st)(unsafe.Add(unsafe.Pointer(dst), uintptr(i)*unsafe.Sizeof(*dst)))
		at.id, at.bits = C.int(s.ID), C.int(s.Bits)
		at.name, at.standard_name, at.version = C.CString(s.Name), C.CString(s.StandardName), C.CString(s.Version)
	}
	return C.size_t(len(suites))
}
