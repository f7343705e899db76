package main

// #include "bridge.h"
import "C"

import (
	"unsafe"

	"libtls/internal/drive"
	"libtls/tls"
)

// made is what blobs were made into, to be shared.
var made table[any]

func makeAny(v any) C.uint64_t { return C.uint64_t(made.add(&v)) }

// keep moves data, which is wiped, to C's memory.
func keep(data []byte) *C.struct_blob {
	defer clear(data)
	b := room(len(data))
	copy(kept(b), data)
	return b
}

// room returns a blob for n bytes that refers to others.
func room(n int, others ...*C.struct_blob) *C.struct_blob {
	b := C.blob_new(C.size_t(n), C.size_t(len(others)))
	if b == nil {
		panic("out of memory")
	}
	for i, other := range others {
		C.blob_refer(b, C.size_t(i), other)
	}
	return b
}

// kept is nil for NULL.
func kept(b *C.struct_blob) []byte {
	var n C.size_t
	p := C.blob_bytes(b, &n)
	if p == nil {
		return nil
	}
	return unsafe.Slice((*byte)(p), n)
}

// growing is what can tell what it has become more by.
type growing interface{ Grown() ([]byte, bool) }

// grow adds that, which is wiped, to bytes that were kept; NULL if it isn't all.
func grow(kept *C.struct_blob, g growing) *C.struct_blob {
	if kept == nil {
		return nil
	}
	more, ok := g.Grown()
	if !ok {
		return nil
	}
	defer clear(more)
	b := C.blob_grow(kept, (*C.cbyte)(unsafe.SliceData(more)), C.size_t(len(more)))
	if b == nil {
		panic("out of memory")
	}
	return b
}

// save returns what is to be kept of an object of which kept was.
func save(kept *C.struct_blob, o interface {
	growing
	Marshal() []byte
}) *C.struct_blob {
	if b := grow(kept, o); b != nil {
		return b
	}
	return keep(o.Marshal())
}

//export goConfigSave
func goConfigSave(config C.uint64_t, fail *C.struct_failure, bytes **C.struct_blob) (rc C.int) {
	defer barrier(fail, &rc, -1)
	*bytes = save(*bytes, configuration(config))
	return 0
}

//export goConfigRestore
func goConfigRestore(fail *C.struct_failure, handle *C.uint64_t, bytes *C.struct_blob) (rc C.int) {
	defer barrier(fail, &rc, -1)
	c, err := tls.UnmarshalConfig(kept(bytes))
	if err != nil {
		return tell(fail, err)
	}
	*handle = C.uint64_t(configs.add(c))
	return 0
}

//export goConfigShare
func goConfigShare(config C.uint64_t, fail *C.struct_failure, memory *C.uint8_t) (rc C.int) {
	defer barrier(fail, &rc, -1)
	configuration(config).Share(buffer(memory, C.SHARED_SIZE))
	return 0
}

//export goSignerSave
func goSignerSave(s C.uint64_t, fail *C.struct_failure, bytes **C.struct_blob) (rc C.int) {
	defer barrier(fail, &rc, -1)
	*bytes = save(*bytes, signer(s))
	return 0
}

//export goSignerRestore
func goSignerRestore(fail *C.struct_failure, handle *C.uint64_t, bytes *C.struct_blob) (rc C.int) {
	defer barrier(fail, &rc, -1)
	s, err := tls.UnmarshalSigner(kept(bytes))
	if err != nil {
		return tell(fail, err)
	}
	*handle = C.uint64_t(signers.add(s))
	return 0
}

//export goListenerRestore
func goListenerRestore(fail *C.struct_failure, handle *C.uint64_t, config C.uint64_t, frozen *C.struct_blob) (rc C.int) {
	defer barrier(fail, &rc, -1)
	l, err := tls.RestoreListener(live(config), kept(frozen))
	if err != nil {
		return tell(fail, err)
	}
	*handle = makeAny(l)
	return 0
}

//export goMadeFree
func goMadeFree(handle C.uint64_t) {
	defer func() { _ = recover() }()
	made.remove(uint64(handle))
}

// live returns a configuration, nil for the default one.
func live(handle C.uint64_t) *tls.Config {
	if handle == 0 {
		return nil
	}
	return configuration(handle)
}

//export goContextRestore
func goContextRestore(fail *C.struct_failure, handle *C.uint64_t, r *C.struct_remains) (rc C.int) {
	defer barrier(fail, &rc, -1)
	config, state := live(r.config), encoding(r.state)
	var l *tls.Listener
	if r.listener != 0 {
		l = (*must(made.get(uint64(r.listener)))).(*tls.Listener)
	}
	var t *tls.Context
	var err error
	switch in, out := uint64(r.records_in), uint64(r.records_out); r.kind {
	case C.CLIENT:
		t, err = tls.RestoreClient(config, kept(r.frozen), state, in, out)
	case C.SERVER:
		t = tls.RestoreServer(config, l)
	default:
		t, err = tls.RestoreConn(config, l, state, in, out)
	}
	if err != nil {
		return tell(fail, err)
	}
	*handle = add(t)
	return 0
}

// save returns what is to be kept of a context, of which was is from before. It
// refers to what the handshake settled, which is saved but once.
func (c *connection) save(was *C.struct_blob) *C.struct_blob {
	if !c.Changed() {
		return was
	}
	if b := grow(was, c); b != nil {
		return b
	}
	e := c.Marshal()
	defer clear(e.Changing)
	settled := C.blob_referred(was, 0)
	if e.Settled != nil {
		settled = keep(e.Settled)
		defer C.blob_drop(settled)
	}
	b := room(len(e.Changing), settled)
	copy(kept(b), e.Changing)
	return b
}

// encoding is what save kept.
func encoding(b *C.struct_blob) drive.Encoding {
	return drive.Encoding{Changing: kept(b), Settled: kept(C.blob_referred(b, 0))}
}

//export goContextSave
func goContextSave(ctx C.uint64_t, fail *C.struct_failure, state **C.struct_blob, recordsIn, recordsOut *C.uint64_t) (rc C.int) {
	defer barrier(fail, &rc, -1)
	c := context(ctx)
	*state = c.save(*state)
	in, out := c.Sequence()
	*recordsIn, *recordsOut = C.uint64_t(in), C.uint64_t(out)
	return 0
}

//export goContextFreeze
func goContextFreeze(ctx C.uint64_t, fail *C.struct_failure, frozen **C.struct_blob) (rc C.int) {
	defer barrier(fail, &rc, -1)
	*frozen = keep(context(ctx).Frozen())
	return 0
}
