//go:build !nossl

package main

// #include "ssl_bridge.h"
import "C"

import (
	"sync"
	"unsafe"

	"libtls/ssl"
)

// sslMemory is what a context has in C's memory.
type sslMemory struct{ c *C.struct_ssl_memory }

var _ = [1]int{}[unsafe.Sizeof(ssl.Stats{})-unsafe.Sizeof(C.struct_ssl_memory{}.stats)]

func (m sslMemory) Stats() *ssl.Stats { return (*ssl.Stats)(unsafe.Pointer(&m.c.stats)) }

func (m sslMemory) Store(s *ssl.Session) ssl.Place {
	place := C.ssl_store(m.c, sslRecord(s))
	if place == nil {
		panic("out of memory")
	}
	return place
}

func (m sslMemory) Unstore(p ssl.Place) { C.ssl_unstore(m.c, p.(*C.struct_ssl_stored)) }

// sslBlob holds the blob that a session is encoded in.
type sslBlob struct {
	blob    *C.struct_blob
	session *ssl.Session // if that was restored
}

// sslRestored has the session of each blob that one was restored from: it is
// restored only once.
var sslRestored struct {
	mu       sync.Mutex
	sessions map[*C.struct_blob]*ssl.Session
}

func (k *sslBlob) Bytes() []byte { return bytesOf(k.blob) }

func (k *sslBlob) Drop() {
	r := &sslRestored
	r.mu.Lock()
	defer r.mu.Unlock()
	if k.session != nil && r.sessions[k.blob] == k.session {
		delete(r.sessions, k.blob)
	}
	C.blob_disown(k.blob)
}

// sslPeers are shared by sessions.
var sslPeers = parts[ssl.Peer]{fields: (*ssl.Peer).Fields}

// sslRecord returns the blob of a session, for C to hold.
func sslRecord(s *ssl.Session) *C.struct_blob {
	return s.Encode(func(n int, peer *ssl.Peer) ssl.Encoded {
		shared := sslPeers.hold(peer)
		defer C.blob_drop(shared)
		b := makeBlob(n, shared)
		C.blob_own(b)
		C.blob_drop(b)
		return &sslBlob{blob: b}
	}).(*sslBlob).blob
}

// sslRecorded returns the session of a blob, with a reference.
func sslRecorded(b *C.struct_blob) (*ssl.Session, error) {
	r := &sslRestored
	r.mu.Lock()
	defer r.mu.Unlock()
	if s := r.sessions[b]; s != nil && s.TryRetain() {
		return s, nil
	}
	k := &sslBlob{blob: b}
	s, err := ssl.RestoreSession(k, sslPeers.get(C.blob_referred(b, 0)))
	if err != nil {
		return nil, err
	}
	C.blob_own(b)
	k.session = s
	if r.sessions == nil {
		r.sessions = make(map[*C.struct_blob]*ssl.Session)
	}
	r.sessions[b] = s
	return s, nil
}

//export goSSLSessionRecord
func goSSLSessionRecord(handle C.uint64_t, fail *C.struct_ssl_failure) (b *C.struct_blob) {
	defer sslBarrier(fail, &b, nil)
	return C.blob_hold(sslRecord(sslSession(handle)))
}

//export goSSLSessionRestore
func goSSLSessionRestore(fail *C.struct_ssl_failure, b *C.struct_blob) (handle C.uint64_t) {
	defer sslBarrier(fail, &handle, 0)
	s, err := sslRecorded(b)
	if err != nil {
		panic(err)
	}
	return sslSessionHandle(s)
}

//export goSSLContextSave
func goSSLContextSave(handle C.uint64_t, fail *C.struct_ssl_failure) (b *C.struct_blob) {
	defer sslBarrier(fail, &b, nil)
	sslContext(handle).Marshal(func(n int) []byte {
		b = makeBlob(n)
		return bytesOf(b)
	})
	return b
}

//export goSSLContextRestore
func goSSLContextRestore(fail *C.struct_ssl_failure, m *C.struct_ssl_memory, b *C.struct_blob) (handle C.uint64_t) {
	defer sslBarrier(fail, &handle, 0)
	var sessions []ssl.Stored
	for at := m.stored; at != nil; at = at.next {
		s, err := sslRecorded(at.session)
		if err != nil {
			panic(err)
		}
		sessions = append(sessions, ssl.Stored{Session: s, Place: at})
	}
	ctx, err := ssl.RestoreContext(sslMemory{m}, bytesOf(b), sessions)
	if err != nil {
		panic(err)
	}
	return C.uint64_t(sslContexts.add(ctx))
}

//export goSSLCredentialsRestore
func goSSLCredentialsRestore(fail *C.struct_ssl_failure, b *C.struct_blob) (handle C.uint64_t) {
	defer sslBarrier(fail, &handle, 0)
	creds, err := ssl.RestoreCredentials(bytesOf(b))
	if err != nil {
		panic(err)
	}
	return addRebuilt(creds)
}

// save returns a connection's encoding; the last one was was.
func (c *sslConn) save(was *C.struct_blob) (b *C.struct_blob) {
	if !c.Changed() {
		return was
	}
	if b := appendTo(was, c); b != nil {
		return b
	}
	settled := C.blob_hold(C.blob_referred(was, 0))
	c.Marshal(func(n int) []byte {
		C.blob_drop(settled)
		settled = makeBlob(n)
		return bytesOf(settled)
	}, func(n int, sessions []*ssl.Session) []byte {
		records := []*C.struct_blob{settled}
		for _, s := range sessions {
			records = append(records, sslRecord(s))
		}
		b = makeBlob(n, records...)
		return bytesOf(b)
	})
	C.blob_drop(settled)
	return b
}

//export goSSLConnSave
func goSSLConnSave(handle C.uint64_t, fail *C.struct_ssl_failure, was *C.struct_blob, recordsIn, recordsOut *C.uint64_t) (b *C.struct_blob) {
	defer sslBarrier(fail, &b, was)
	c := sslConnection(handle)
	b = c.save(was)
	in, out := c.Sequence()
	*recordsIn, *recordsOut = C.uint64_t(in), C.uint64_t(out)
	return b
}

//export goSSLConnRestore
func goSSLConnRestore(fail *C.struct_ssl_failure, r *C.struct_ssl_remains) (handle C.uint64_t) {
	defer sslBarrier(fail, &handle, 0)
	var sessions []*ssl.Session
	for i := C.size_t(1); ; i++ { // behind what the handshake settled
		b := C.blob_referred(r.state, i)
		if b == nil {
			break
		}
		s, err := sslRecorded(b)
		if err != nil {
			panic(err)
		}
		sessions = append(sessions, s)
	}
	creds := (*must(rebuilt.get(uint64(r.credentials)))).(*ssl.Credentials)
	c, err := ssl.RestoreConn(sslContext(r.ctx), sslContext(r.first), creds, encoding(r.state), sessions,
		uint64(r.records_in), uint64(r.records_out))
	if err != nil {
		panic(err)
	}
	return C.uint64_t(sslConns.add(&sslConn{Conn: c}))
}
