package main

// #include "bridge.h"
import "C"

//export goPeerCertContainsName
func goPeerCertContainsName(ctx C.uint64_t, fail *C.struct_failure, name *C.cchar) (rc C.int) {
	defer barrier(fail, &rc, 0)
	c := context(ctx)
	if c.PeerCertContainsName(str(name)) {
		return 1
	}
	if err := c.Err(); err != nil {
		tell(fail, err)
	}
	return 0
}
