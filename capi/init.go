package main

// #include "bridge.h"
import "C"

import "libtls/tls"

func configuration(handle C.uint64_t) *tls.Config { return must(configs.get(uint64(handle))) }

// goEnter does nothing; that it is called makes the thread known to Go.
//
//export goEnter
func goEnter() {}

//export goConfigNew
func goConfigNew(fail *C.struct_failure) (handle C.uint64_t) {
	defer barrier(fail, &handle, 0)
	return C.uint64_t(configs.add(tls.NewConfig()))
}

//export goConfigFree
func goConfigFree(config C.uint64_t) {
	defer func() { _ = recover() }()
	must(configs.remove(uint64(config))).Release()
}
