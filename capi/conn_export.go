package main

// #include "bridge.h"
import "C"

// derived copies a secret that was derived of a connection to the program's
// memory, which has room for it.
func derived(out []byte, secret []byte) {
	copy(out, secret)
	clear(secret)
}

//export goConnExport
func goConnExport(ctx C.uint64_t, fail *C.struct_failure, label *C.cchar, data *C.cbyte, n C.size_t, out *C.uint8_t, outlen C.size_t) (rc C.int) {
	defer barrier(fail, &rc, -1)
	secret, err := context(ctx).ConnExport(str(label), mem(data, n), int(outlen))
	if err != nil {
		return tell(fail, err)
	}
	derived(buffer(out, outlen), secret)
	return 0
}

//export goConnChannelBinding
func goConnChannelBinding(ctx C.uint64_t, fail *C.struct_failure, kind *C.cchar, out *C.uint8_t) (n C.int) {
	defer barrier(fail, &n, -1)
	binding, err := context(ctx).ConnChannelBinding(str(kind))
	if err != nil {
		return tell(fail, err)
	}
	derived(buffer(out, C.BINDING_SIZE), binding)
	return C.int(len(binding))
}
