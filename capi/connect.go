package main

// #include "bridge.h"
import "C"

//export goConnect
func goConnect(ctx C.uint64_t, fail *C.struct_failure, name *C.cchar) (rc C.int) {
	defer barrier(fail, &rc, -1)
	return tell(fail, context(ctx).Connect(str(name), name != nil))
}
