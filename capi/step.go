package main

// #include "bridge.h"
import "C"

import (
	"unsafe"

	"libtls/internal/drive"
	"libtls/internal/trust"
)

// stepInput returns what C has put into a step.
func stepInput(s *C.struct_step) drive.IO {
	return drive.IO{
		File:   fileRead(s.file),
		Record: buffer(s.record, s.record_len),
		EOF:    bool(s.eof),
		Idle:   bool(s.idle),
		Buf:    buffer(s.buf, s.buf_len),
		Out:    buffer(s.out, s.out_cap)[:0],
	}
}

// stepOutput tells C what came of a step.
func stepOutput(s *C.struct_step, io *drive.IO) {
	output(s, io.Out)
	s.n = C.size_t(io.N)
	s.wanted = cstring(io.Wanted)
	rest(s, io.Data)
}

// fileRead returns a file of a hashed directory, nil if none was read.
func fileRead(f *C.struct_file) *trust.File {
	if f == nil {
		return nil
	}
	return &trust.File{Data: mem((*C.cbyte)(f.data), f.len), Missing: bool(f.missing)}
}

// output tells where the output is. Output that outgrew the offered memory is
// copied to new memory of C's, and the capacity is 0 then.
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
