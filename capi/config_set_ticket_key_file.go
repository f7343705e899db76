package main

// #include "bridge.h"
import "C"

//export goConfigSetTicketKeyFile
func goConfigSetTicketKeyFile(config C.uint64_t, fail *C.struct_failure, data *C.uint8_t, n C.size_t) (rc C.int) {
	defer barrier(fail, &rc, -1)
	return tell(fail, configuration(config).SetTicketKeyFile(mem(data, n)))
}
