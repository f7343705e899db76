//go:build !nossl

package main

// #include "ssl_bridge.h"
import "C"

import (
	"errors"

	"libtls/ssl"
)

// settable is an ssl.Context or an ssl.Conn.
type settable interface {
	Get(ssl.Setting) int64
	Set(ssl.Setting, int64)
	Change(func(*ssl.Settings) *ssl.Error) *ssl.Error
}

func sslSettable(handle C.uint64_t, conn C.bool) settable {
	if conn {
		return sslConnection(handle)
	}
	return sslContext(handle)
}

//export goSSLGet
func goSSLGet(handle C.uint64_t, fail *C.struct_ssl_failure, conn C.bool, what C.int) (v C.int64_t) {
	defer sslBarrier(fail, &v, 0)
	return C.int64_t(sslSettable(handle, conn).Get(ssl.Setting(what)))
}

//export goSSLSet
func goSSLSet(handle C.uint64_t, fail *C.struct_ssl_failure, conn C.bool, what C.int, v C.int64_t) (rc C.int) {
	defer sslBarrier(fail, &rc, 0)
	sslSettable(handle, conn).Set(ssl.Setting(what), int64(v))
	return 1
}

//export goSSLChange
func goSSLChange(handle C.uint64_t, fail *C.struct_ssl_failure, conn C.bool, what C.int, data *C.cbyte, n C.size_t) (rc C.int) {
	defer sslBarrier(fail, &rc, 0)
	return sslResult(fail, sslSettable(handle, conn).Change(func(s *ssl.Settings) *ssl.Error {
		return change(s, what, mem(data, n))
	}))
}

// change makes the change that a TEXT_ or BYTES_ constant names.
func change(s *ssl.Settings, what C.int, data []byte) *ssl.Error {
	text := string(data)
	switch what {
	case C.TEXT_CIPHER_LIST:
		return s.SetCipherList(text)
	case C.TEXT_CIPHERSUITES:
		return s.SetCiphersuites(text)
	case C.TEXT_GROUPS:
		return s.SetGroups(text)
	case C.TEXT_SERVER_NAME:
		if data == nil {
			return s.SetServerName(nil)
		}
		return s.SetServerName(&text)
	case C.TEXT_HOST, C.TEXT_IP:
		return s.SetHost(text, what == C.TEXT_IP)
	case C.BYTES_CONTEXT:
		return s.SetSessionIDContext(data)
	case C.BYTES_ALPN:
		return s.SetALPN(data)
	}
	panic(errors.New("unknown setting"))
}
