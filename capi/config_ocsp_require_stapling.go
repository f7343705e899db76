package main

// #include "bridge.h"
import "C"

//export goConfigOCSPRequireStapling
func goConfigOCSPRequireStapling(config C.uint64_t, fail *C.struct_failure) (rc C.int) {
	defer barrier(fail, &rc, -1)
	configuration(config).OCSPRequireStapling()
	return 0
}
