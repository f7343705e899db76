//go:build !nossl

package main

// #include <stdlib.h>
// #include "ssl_bridge.h"
import "C"

import (
	"unsafe"

	"libtls/ssl"
)

func sslSession(handle C.uint64_t) *ssl.Session { return must(sslSessions.get(uint64(handle))) }

// sslSessionHandle makes a handle of a session, with the reference that goes
// along; 0 for nil.
func sslSessionHandle(s *ssl.Session) C.uint64_t {
	if s == nil {
		return 0
	}
	handle := sslSessions.add(s)
	if handle == 0 {
		s.Release()
	}
	return C.uint64_t(handle)
}

//export goSSLSessionParse
func goSSLSessionParse(fail *C.struct_ssl_failure, data *C.cbyte, n C.size_t, pem C.bool) (handle C.uint64_t) {
	defer sslBarrier(fail, &handle, 0)
	parse := ssl.ParseSession
	if pem {
		parse = ssl.ParseSessionPEM
	}
	s, err := parse(mem(data, n))
	if err != nil {
		sslTell(fail, err)
		return 0
	}
	return sslSessionHandle(s)
}

//export goSSLSessionMarshal
func goSSLSessionMarshal(handle C.uint64_t, fail *C.struct_ssl_failure, pem C.bool, n *C.size_t) (text *C.uint8_t) {
	defer sslBarrier(fail, &text, nil)
	s := sslSession(handle)
	marshal := s.Marshal
	if pem {
		marshal = s.MarshalPEM
	}
	data, err := marshal()
	if err != nil {
		panic(err)
	}
	defer clear(data)
	*n = C.size_t(len(data))
	return (*C.uint8_t)(C.CBytes(data))
}

//export goSSLSessionDup
func goSSLSessionDup(handle C.uint64_t, fail *C.struct_ssl_failure) (dup C.uint64_t) {
	defer sslBarrier(fail, &dup, 0)
	return sslSessionHandle(sslSession(handle).Dup())
}

//export goSSLSessionFree
func goSSLSessionFree(handle C.uint64_t) {
	if s := sslSessions.remove(uint64(handle)); s != nil {
		s.Release()
	}
}

//export goSSLSessionView
func goSSLSessionView(handle C.uint64_t, fail *C.struct_ssl_failure, v *C.struct_ssl_session_view) (rc C.int) {
	defer sslBarrier(fail, &rc, 0)
	s := sslSession(handle).Data()
	id := unsafe.Slice((*byte)(unsafe.Pointer(&v.id[0])), len(v.id))
	v.id_len = C.uint(copy(id, s.ID))
	v.version, v.suite, v.hint = C.int(s.Version), C.int(s.Suite), C.ulong(s.Lifetime)
	if len(s.Ticket) > 0 {
		v.ticket, v.ticket_len = (*C.uint8_t)(C.CBytes(s.Ticket)), C.size_t(len(s.Ticket))
	}
	v.hostname = cstring(s.ServerName)
	v.alpn = cstring(s.ALPN)
	return 1
}

//export goSSLSessionPeer
func goSSLSessionPeer(handle C.uint64_t, fail *C.struct_ssl_failure, n *C.size_t) (der *C.uint8_t) {
	defer sslBarrier(fail, &der, nil)
	chain := sslSession(handle).Data().PeerChain
	if len(chain) == 0 {
		return nil
	}
	*n = C.size_t(len(chain[0]))
	return (*C.uint8_t)(C.CBytes(chain[0]))
}

//export goSSLSessionTimes
func goSSLSessionTimes(handle C.uint64_t, fail *C.struct_ssl_failure, created, timeout *C.int64_t, set C.bool) (rc C.int) {
	defer sslBarrier(fail, &rc, 0)
	s := sslSession(handle)
	if set && created != nil {
		s.SetTime(int64(*created))
	}
	if set && timeout != nil {
		s.SetTimeout(int64(*timeout))
	}
	data := s.Data()
	if created != nil {
		*created = C.int64_t(data.Created.Unix())
	}
	if timeout != nil {
		*timeout = C.int64_t(data.Timeout.Seconds())
	}
	return 1
}

//export goSSLSessionResumable
func goSSLSessionResumable(handle C.uint64_t, fail *C.struct_ssl_failure) (rc C.int) {
	defer sslBarrier(fail, &rc, 0)
	return C.int(cbool(sslSession(handle).Resumable()))
}

//export goSSLSessionSecret
func goSSLSessionSecret(handle C.uint64_t, fail *C.struct_ssl_failure, out *C.uint8_t, n C.size_t) (size C.size_t) {
	defer sslBarrier(fail, &size, 0)
	secret := sslSession(handle).Data().Secret
	if n == 0 {
		return C.size_t(len(secret))
	}
	return C.size_t(copy(buffer(out, n), secret))
}
