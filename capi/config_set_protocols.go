package main

// #include "bridge.h"
import "C"

import "libtls/tls"

//export goParseProtocols
func goParseProtocols(fail *C.struct_failure, bits *C.uint32_t, list *C.cchar) (rc C.int) {
	defer barrier(fail, &rc, -1)
	parsed, ok := tls.ParseProtocols(opt(list))
	if !ok {
		return -1
	}
	*bits = C.uint32_t(parsed)
	return 0
}
