package main

// #include "bridge.h"
import "C"

//export goConfigAddTicketKey
func goConfigAddTicketKey(config C.uint64_t, fail *C.struct_failure, keyrev C.uint32_t, key *C.cbyte, n C.size_t) (rc C.int) {
	defer barrier(fail, &rc, -1)
	return tell(fail, configuration(config).AddTicketKey(uint32(keyrev), mem(key, n)))
}
