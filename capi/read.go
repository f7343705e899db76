package main

// #include "bridge.h"
import "C"

import (
	"libtls/internal/drive"
	"libtls/tls"
)

//export goStep
func goStep(ctx C.uint64_t, fail *C.struct_failure, op C.int, s *C.struct_step) (rc C.int) {
	defer barrier(fail, &rc, C.STEP_PANICKED)
	c := context(ctx)
	c.io = stepInput(s)
	step := c.Step(drive.Op(op), &c.io)
	stepOutput(s, &c.io)
	s.handshake_done = C.bool(c.HandshakeDone())
	s.peer_closed = C.bool(c.PeerClosed())
	s.tickets_due = C.bool(c.TicketsDue())
	c.io = drive.IO{}
	s.state = c.save(s.state)
	in, out := c.Sequence()
	s.records_in, s.records_out = C.uint64_t(in), C.uint64_t(out)
	switch step {
	case tls.NeedSignature:
		ask(&s.request, c.SignRequest())
	case drive.Failed:
		tell(fail, c.Err())
	}
	return C.int(step)
}

// ask copies what is to be signed for C.
func ask(to *C.struct_sign_request, r *tls.SignRequest) {
	to.cb, to.arg = C.uint64_t(r.Callback), C.uint64_t(r.Arg)
	to.hash = C.CString(r.Hash)
	to.input = (*C.uint8_t)(C.CBytes(r.Input))
	to.input_len = C.size_t(len(r.Input))
	to.padding = C.int(r.Padding)
}

//export goAnswer
func goAnswer(ctx C.uint64_t, fail *C.struct_failure, signature *C.cbyte, n C.size_t) (rc C.int) {
	defer barrier(fail, &rc, -1)
	context(ctx).Answer(mem(signature, n))
	return 0
}
