package main

// #include "bridge.h"
import "C"

import (
	"unsafe"

	"libtls/internal/drive"
	"libtls/tls"
)

// rebuilt are the objects that are in blobs, which their holders share: a server's listener
// and trusted certificates where they were made, and in a child what it made of the blobs.
var rebuilt table[any]

func addRebuilt(v any) C.uint64_t { return C.uint64_t(rebuilt.add(&v)) }

// newBlob moves data, which is wiped, to C's memory.
func newBlob(data []byte) *C.struct_blob {
	defer clear(data)
	b := makeBlob(len(data))
	copy(bytesOf(b), data)
	return b
}

// makeBlob returns a blob of n bytes that refers to others.
func makeBlob(n int, others ...*C.struct_blob) *C.struct_blob {
	b := C.blob_new(C.size_t(n), C.size_t(len(others)))
	if b == nil {
		panic("out of memory")
	}
	for i, other := range others {
		C.blob_refer(b, C.size_t(i), other)
	}
	return b
}

// bytesOf returns a blob's bytes, nil for NULL.
func bytesOf(b *C.struct_blob) []byte {
	var n C.size_t
	p := C.blob_bytes(b, &n)
	if p == nil {
		return nil
	}
	return unsafe.Slice((*byte)(p), n)
}

// grower is an object that can encode what it has grown by.
type grower interface{ Grown() ([]byte, bool) }

// appendTo adds to an object's last encoding what the object has grown by. It
// returns NULL if more has changed, or if there was no encoding.
func appendTo(was *C.struct_blob, g grower) *C.struct_blob {
	if was == nil {
		return nil
	}
	more, ok := g.Grown()
	if !ok {
		return nil
	}
	defer clear(more)
	b := C.blob_grow(was, (*C.cbyte)(unsafe.SliceData(more)), C.size_t(len(more)))
	if b == nil {
		panic("out of memory")
	}
	return b
}

//export goConfigSave
func goConfigSave(config C.uint64_t, fail *C.struct_failure, was *C.struct_blob, system *C.uint) (b *C.struct_blob) {
	defer barrier(fail, &b, was)
	c := configuration(config)
	*system = systemNeeded(c)
	if b := appendTo(was, c); b != nil {
		return b
	}
	return encoded(c.Marshal())
}

//export goConfigRestore
func goConfigRestore(fail *C.struct_failure, bytes *C.struct_blob) (handle C.uint64_t) {
	defer barrier(fail, &handle, 0)
	c, err := tls.UnmarshalConfig(decoded(bytes))
	if err != nil {
		tell(fail, err)
		return 0
	}
	return C.uint64_t(configs.add(c))
}

//export goConfigShare
func goConfigShare(config C.uint64_t, fail *C.struct_failure, memory *C.uint8_t) (rc C.int) {
	defer barrier(fail, &rc, -1)
	configuration(config).Share(buffer(memory, C.SHARED_SIZE))
	return 0
}

//export goSignerSave
func goSignerSave(s C.uint64_t, fail *C.struct_failure, was *C.struct_blob) (b *C.struct_blob) {
	defer barrier(fail, &b, was)
	if b := appendTo(was, signer(s)); b != nil {
		return b
	}
	return newBlob(signer(s).Marshal())
}

//export goSignerRestore
func goSignerRestore(fail *C.struct_failure, bytes *C.struct_blob) (handle C.uint64_t) {
	defer barrier(fail, &handle, 0)
	s, err := tls.UnmarshalSigner(bytesOf(bytes))
	if err != nil {
		tell(fail, err)
		return 0
	}
	return C.uint64_t(signers.add(s))
}

//export goListenerRestore
func goListenerRestore(fail *C.struct_failure, config C.uint64_t, snapshot *C.struct_blob) (handle C.uint64_t) {
	defer barrier(fail, &handle, 0)
	l, err := tls.RestoreListener(live(config), decoded(snapshot))
	if err != nil {
		tell(fail, err)
		return 0
	}
	return addRebuilt(l)
}

//export goRebuiltFree
func goRebuiltFree(handle C.uint64_t) {
	defer func() { _ = recover() }()
	if p, ok := (*must(rebuilt.remove(uint64(handle)))).(forgetter); ok {
		p.forget()
	}
}

// live returns a configuration, nil for the default one.
func live(handle C.uint64_t) *tls.Config {
	if handle == 0 {
		return nil
	}
	return configuration(handle)
}

//export goContextRestore
func goContextRestore(fail *C.struct_failure, r *C.struct_remains) (handle C.uint64_t) {
	defer barrier(fail, &handle, 0)
	config, state := live(r.config), encoding(r.state)
	var l *tls.Listener
	if r.listener != 0 {
		l = (*must(rebuilt.get(uint64(r.listener)))).(*tls.Listener)
	}
	var t *tls.Context
	var err error
	switch in, out := uint64(r.records_in), uint64(r.records_out); r.kind {
	case C.CLIENT:
		t, err = tls.RestoreClient(config, decoded(r.snapshot), state, bundle(&r.bundle), in, out)
	case C.SERVER:
		t = tls.RestoreServer(config, l)
	default:
		t, err = tls.RestoreConn(config, l, state, in, out)
	}
	if err != nil {
		tell(fail, err)
		return 0
	}
	return add(t)
}

// save returns a context's encoding; the last one was was. It refers to the
// encoding of what the handshake settled, which is made only once.
func (c *heldContext) save(was *C.struct_blob) *C.struct_blob {
	if !c.Changed() {
		return was
	}
	if b := appendTo(was, c); b != nil {
		return b
	}
	e := c.Marshal()
	defer clear(e.Changing)
	settled := C.blob_referred(was, 0)
	if e.Settled != nil {
		settled = newBlob(e.Settled)
		defer C.blob_drop(settled)
	}
	b := makeBlob(len(e.Changing), settled)
	copy(bytesOf(b), e.Changing)
	return b
}

// encoding is what save returned.
func encoding(b *C.struct_blob) drive.Encoding {
	return drive.Encoding{Changing: bytesOf(b), Settled: bytesOf(C.blob_referred(b, 0))}
}

//export goContextSave
func goContextSave(ctx C.uint64_t, fail *C.struct_failure, was *C.struct_blob, recordsIn, recordsOut *C.uint64_t) (b *C.struct_blob) {
	defer barrier(fail, &b, was)
	c := context(ctx)
	b = c.save(was)
	in, out := c.Sequence()
	*recordsIn, *recordsOut = C.uint64_t(in), C.uint64_t(out)
	return b
}

//export goContextSnapshot
func goContextSnapshot(ctx C.uint64_t, fail *C.struct_failure) (b *C.struct_blob) {
	defer barrier(fail, &b, nil)
	server := context(ctx)
	return snapshot(server, server.Snapshot())
}

// NULL if the server's snapshot stays.
//
//export goContextRenew
func goContextRenew(ctx C.uint64_t, fail *C.struct_failure, was *C.struct_blob) (b *C.struct_blob) {
	defer barrier(fail, &b, nil)
	server := context(ctx)
	renewed := server.Renew(decoded(was))
	if renewed.Settings == nil {
		return nil
	}
	return snapshot(server, renewed)
}

// snapshot has what is accepted by it find the listener that it was made of.
func snapshot(server *heldContext, e tls.Encoding) *C.struct_blob {
	b := encoded(e)
	C.blob_make(b, addRebuilt(server.Listener()))
	return b
}
