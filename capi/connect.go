package main

// #include "bridge.h"
import "C"

import "libtls"

//export goConnect
func goConnect(ctx C.uint64_t, fail *C.struct_failure, name *C.cchar, port C.uint16_t, sessionName, certFile, certDir *C.cchar, store *C.struct_system, wanted **C.char) (rc C.int) {
	defer barrier(fail, &rc, -1)
	c := context(ctx)
	c.SystemStore(str(certFile), str(certDir), system(store))
	service := libtls.PortService(uint16(port))
	if sessionName != nil {
		service = libtls.NamedService(str(sessionName))
	}
	return c.connecting(fail, c.Connect(str(name), name != nil, service), wanted)
}

//export goGoOn
func goGoOn(ctx C.uint64_t, fail *C.struct_failure, file *C.struct_file, wanted **C.char) (rc C.int) {
	defer barrier(fail, &rc, -1)
	c := context(ctx)
	c.Put(*fileRead(file))
	return c.connecting(fail, c.GoOn(), wanted)
}

// connecting returns STEP_AGAIN if goGoOn has to follow, with the file that is
// wanted.
func (c *heldContext) connecting(fail *C.struct_failure, err error, wanted **C.char) C.int {
	if err != nil || !c.Connecting() {
		return tell(fail, err)
	}
	*wanted = cstring(c.Wanted())
	return C.STEP_AGAIN
}
