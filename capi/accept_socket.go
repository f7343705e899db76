package main

// #include "bridge.h"
import "C"

// The snapshot is replaced if the server takes renewed keypairs; the caller drops
// the former one.
//
//export goAccept
func goAccept(ctx C.uint64_t, fail *C.struct_failure, snapshot **C.struct_blob) (handle C.uint64_t) {
	defer barrier(fail, &handle, 0)
	server := context(ctx)
	if server.NeedsRenewal() {
		if renewed := server.Renew(decoded(*snapshot)); renewed.Settings != nil {
			*snapshot = encoded(renewed)
		}
	}
	conn, err := server.Accept()
	if err != nil {
		tell(fail, err)
		return 0
	}
	return add(conn)
}
