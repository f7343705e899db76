package main

// #include "bridge.h"
import "C"

//export goAccept
func goAccept(ctx C.uint64_t, fail *C.struct_failure, handle *C.uint64_t) (rc C.int) {
	defer barrier(fail, &rc, -1)
	conn, err := context(ctx).Accept()
	if err != nil {
		return tell(fail, err)
	}
	*handle = add(conn)
	return 0
}
