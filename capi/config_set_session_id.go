package main

// #include "bridge.h"
import "C"

//export goConfigSetSessionFD
func goConfigSetSessionFD(config C.uint64_t, fail *C.struct_failure, sessionFd C.int) (rc C.int) {
	defer barrier(fail, &rc, -1)
	return tell(fail, configuration(config).SetSessionFD(int(sessionFd)))
}

//export goConfigSetSessionID
func goConfigSetSessionID(config C.uint64_t, fail *C.struct_failure, sessionId *C.cbyte, n C.size_t) (rc C.int) {
	defer barrier(fail, &rc, -1)
	return tell(fail, configuration(config).SetSessionID(mem(sessionId, n)))
}

//export goConfigSetSessionLifetime
func goConfigSetSessionLifetime(config C.uint64_t, fail *C.struct_failure, lifetime C.int) (rc C.int) {
	defer barrier(fail, &rc, -1)
	return tell(fail, configuration(config).SetSessionLifetime(int(lifetime)))
}

//export goConfigSetNumTickets
func goConfigSetNumTickets(config C.uint64_t, fail *C.struct_failure, n C.size_t) (rc C.int) {
	defer barrier(fail, &rc, -1)
	return tell(fail, configuration(config).SetNumTickets(uint64(n)))
}

//export goConfigAddTicketKey
func goConfigAddTicketKey(config C.uint64_t, fail *C.struct_failure, keyrev C.uint32_t, key *C.cbyte, n C.size_t) (rc C.int) {
	defer barrier(fail, &rc, -1)
	return tell(fail, configuration(config).AddTicketKey(uint32(keyrev), mem(key, n)))
}
