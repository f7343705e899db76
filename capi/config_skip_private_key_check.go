package main

// #include "bridge.h"
import "C"

//export goConfigSkipPrivateKeyCheck
func goConfigSkipPrivateKeyCheck(config C.uint64_t, fail *C.struct_failure) (rc C.int) {
	defer barrier(fail, &rc, -1)
	configuration(config).SkipPrivateKeyCheck()
	return 0
}

//export goConfigUseFakePrivateKey
func goConfigUseFakePrivateKey(config C.uint64_t, fail *C.struct_failure) (rc C.int) {
	defer barrier(fail, &rc, -1)
	configuration(config).UseFakePrivateKey()
	return 0
}
