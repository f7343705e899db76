package main

// #include "bridge.h"
import "C"

//export goConfigVerify
func goConfigVerify(config C.uint64_t, fail *C.struct_failure) (rc C.int) {
	defer barrier(fail, &rc, -1)
	configuration(config).Verify()
	return 0
}

//export goConfigInsecureNoVerifyCert
func goConfigInsecureNoVerifyCert(config C.uint64_t, fail *C.struct_failure) (rc C.int) {
	defer barrier(fail, &rc, -1)
	configuration(config).InsecureNoVerifyCert()
	return 0
}

//export goConfigInsecureNoVerifyName
func goConfigInsecureNoVerifyName(config C.uint64_t, fail *C.struct_failure) (rc C.int) {
	defer barrier(fail, &rc, -1)
	configuration(config).InsecureNoVerifyName()
	return 0
}

//export goConfigInsecureNoVerifyTime
func goConfigInsecureNoVerifyTime(config C.uint64_t, fail *C.struct_failure) (rc C.int) {
	defer barrier(fail, &rc, -1)
	configuration(config).InsecureNoVerifyTime()
	return 0
}
