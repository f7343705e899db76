package main

// #include "bridge.h"
import "C"

//export goAccept
func goAccept(ctx C.uint64_t, fail *C.struct_failure) (handle C.uint64_t) {
	defer barrier(fail, &handle, 0)
	conn, err := context(ctx).Accept()
	if err != nil {
		tell(fail, err)
		return 0
	}
	return add(conn)
}
