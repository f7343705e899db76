package main

// #include "bridge.h"
import "C"

//export goConfigSetKeyLogFD
func goConfigSetKeyLogFD(config C.uint64_t, fail *C.struct_failure, fd C.int) (rc C.int) {
	defer barrier(fail, &rc, -1)
	return tell(fail, configuration(config).SetKeyLogFD(int(fd)))
}
