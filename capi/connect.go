package main

// #include "bridge.h"
import "C"

import "libtls"

//export goConnect
func goConnect(ctx C.uint64_t, fail *C.struct_failure, name *C.cchar, port C.uint16_t, sessionName, certFile, certDir *C.cchar) (rc C.int) {
	defer barrier(fail, &rc, -1)
	c := context(ctx)
	c.SystemStore(str(certFile), str(certDir))
	service := libtls.PortService(uint16(port))
	if sessionName != nil {
		service = libtls.NamedService(str(sessionName))
	}
	return tell(fail, c.Connect(str(name), name != nil, service))
}
