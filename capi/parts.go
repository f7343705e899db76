package main

// #include "bridge.h"
import "C"

import (
	"sync"

	"libtls/internal/plain"
	"libtls/internal/trust"
	"libtls/tls"
)

// parts are those of configurations, or of sessions, that may be large. Each is
// encoded once, into a blob that the encodings of all with it refer to; and a child
// makes each of its blob once.
type parts[T any] struct {
	mu     sync.Mutex
	blobs  map[*T]*C.struct_blob
	fields func(*T, *plain.Coder)
}

var (
	authorities = parts[trust.Anchors]{fields: (*trust.Anchors).Fields}
	revocations = parts[[]byte]{fields: func(crl *[]byte, p *plain.Coder) { p.Bytes(crl) }}
)

// part is what a blob has for as long as somebody holds it.
type part[T any] struct {
	of    *parts[T]
	value *T
	blob  *C.struct_blob
}

// forgetter is told that its blob is about to be freed.
type forgetter interface{ forget() }

func (p *part[T]) forget() {
	p.of.mu.Lock()
	defer p.of.mu.Unlock()
	if p.of.blobs[p.value] == p.blob {
		delete(p.of.blobs, p.value)
	}
}

// hold returns the blob of a part, held once more; NULL for nil.
func (ps *parts[T]) hold(v *T) *C.struct_blob {
	if v == nil {
		return nil
	}
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if b := ps.blobs[v]; b != nil && bool(C.blob_revive(b)) {
		return b
	}
	var b *C.struct_blob
	plain.EncodeInto(func(p *plain.Coder) { ps.fields(v, p) }, func(n int) []byte {
		b = makeBlob(n)
		return bytesOf(b)
	})
	ps.keep(v, b)
	return b
}

// get returns the part in a blob, nil for NULL.
func (ps *parts[T]) get(b *C.struct_blob) *T {
	if b == nil {
		return nil
	}
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if handle := C.blob_made(b); handle != 0 {
		return (*must(rebuilt.get(uint64(handle)))).(*part[T]).value
	}
	v := new(T)
	if err := plain.Decode(bytesOf(b), func(p *plain.Coder) { ps.fields(v, p) }); err != nil {
		panic(err)
	}
	ps.keep(v, b)
	return v
}

func (ps *parts[T]) keep(v *T, b *C.struct_blob) {
	handle := addRebuilt(&part[T]{ps, v, b})
	if handle == 0 {
		return
	}
	C.blob_make(b, handle)
	if ps.blobs == nil {
		ps.blobs = make(map[*T]*C.struct_blob)
	}
	ps.blobs[v] = b
}

// encoded is the encoding of a configuration, which is wiped, as a blob.
func encoded(e tls.Encoding) *C.struct_blob {
	defer clear(e.Settings)
	ca, crl := authorities.hold(e.CA), revocations.hold(e.CRL)
	defer C.blob_drop(ca)
	defer C.blob_drop(crl)
	b := makeBlob(len(e.Settings), ca, crl)
	copy(bytesOf(b), e.Settings)
	return b
}

// decoded is what encoded returned; nothing for NULL.
func decoded(b *C.struct_blob) tls.Encoding {
	return tls.Encoding{
		Settings: bytesOf(b),
		CA:       authorities.get(C.blob_referred(b, 0)),
		CRL:      revocations.get(C.blob_referred(b, 1)),
	}
}
