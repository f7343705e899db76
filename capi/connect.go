package main

// #include "bridge.h"
import "C"

//export goConnect
func goConnect(ctx C.uint64_t, fail *C.struct_failure, name, certFile, certDir *C.cchar) (rc C.int) {
	defer barrier(fail, &rc, -1)
	c := context(ctx)
	c.SystemStore(str(certFile), str(certDir))
	return tell(fail, c.Connect(str(name), name != nil))
}
