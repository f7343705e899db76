package main

// #include "bridge.h"
import "C"

import (
	"unsafe"

	"libtls"
)

//export goStep
func goStep(ctx C.uint64_t, fail *C.struct_failure, op C.int, s *C.struct_step) (rc C.int) {
	defer barrier(fail, &rc, C.STEP_PANICKED)
	c := context(ctx)
	c.io = libtls.IO{
		Record: buffer(s.record, s.record_len),
		EOF:    bool(s.eof),
		Idle:   bool(s.idle),
		Buf:    buffer(s.buf, s.buf_len),
		Out:    buffer(s.out, s.out_cap)[:0],

		Signed:    bool(s.signature.given),
		Signature: mem(s.signature.data, s.signature.len),
	}
	step := c.Step(libtls.Op(op), &c.io)
	output(s, c.io.Out)
	s.n = C.size_t(c.io.N)
	rest(s, c.io.Data)
	s.handshake_done = C.bool(c.HandshakeDone())
	s.peer_closed = C.bool(c.PeerClosed())
	s.tickets_due = C.bool(c.TicketsDue())
	c.io = libtls.IO{}
	s.state = c.save(s.state)
	in, out := c.Sequence()
	s.records_in, s.records_out = C.uint64_t(in), C.uint64_t(out)
	switch step {
	case libtls.NeedSignature:
		ask(&s.request, c.SignRequest())
	case libtls.Failed:
		tell(fail, c.Err())
	}
	return C.int(step)
}

// ask copies what is to be signed for C.
func ask(to *C.struct_sign_request, r *libtls.SignRequest) {
	to.cb, to.arg = C.uint64_t(r.Callback), C.uint64_t(r.Arg)
	to.hash = C.CString(r.Hash)
	to.input = (*C.uint8_t)(C.CBytes(r.Input))
	to.input_len = C.size_t(len(r.Input))
	to.padding = C.int(r.Padding)
}

// output tells where the output is. What outgrew the offered memory is copied
// to C's, which the capacity 0 says.
func output(s *C.struct_step, out []byte) {
	s.out_len = C.size_t(len(out))
	if len(out) == 0 || unsafe.Pointer(unsafe.SliceData(out)) == unsafe.Pointer(s.out) {
		return
	}
	s.out = (*C.uint8_t)(C.CBytes(out))
	s.out_cap = 0
}

// rest tells where in the record there is plaintext left.
func rest(s *C.struct_step, data []byte) {
	if len(data) == 0 {
		return
	}
	off := uintptr(unsafe.Pointer(unsafe.SliceData(data))) - uintptr(unsafe.Pointer(s.record))
	if off+uintptr(len(data)) > uintptr(s.record_len) {
		panic("plaintext outside of its record")
	}
	s.data_off, s.data_len = C.size_t(off), C.size_t(len(data))
}
