package main

// #include "bridge.h"
import "C"

//export goConnPeerClosed
func goConnPeerClosed(ctx C.uint64_t, fail *C.struct_failure) (n C.int64_t) {
	defer barrier(fail, &n, 0)
	return cbool(context(ctx).PeerClosed())
}
