package main

// #include "bridge.h"
import "C"

import "libtls/tls"

func add(t *tls.Context) C.uint64_t {
	return C.uint64_t(contexts.add(&heldContext{Context: t}))
}

func context(handle C.uint64_t) *heldContext { return must(contexts.get(uint64(handle))) }

//export goConfigure
func goConfigure(ctx C.uint64_t, fail *C.struct_failure, config C.uint64_t, certFile, certDir *C.cchar, store *C.struct_system) (rc C.int) {
	defer barrier(fail, &rc, -1)
	c := context(ctx)
	c.SystemStore(str(certFile), str(certDir), system(store))
	if config == 0 {
		return tell(fail, c.Configure(nil))
	}
	return tell(fail, c.Configure(configuration(config)))
}

//export goContextFree
func goContextFree(ctx C.uint64_t) {
	defer func() { _ = recover() }()
	must(contexts.remove(uint64(ctx))).Free()
}
