package main

// #include <stdlib.h>
// #include "bridge.h"
import "C"

import (
	"unsafe"

	"libtls/tls"
)

// The list is malloc'ed, and NULL after a failure.
//
//export goConfigKeypairFiles
func goConfigKeypairFiles(config C.uint64_t, fail *C.struct_failure, n *C.size_t) (list *C.struct_renewal) {
	defer barrier(fail, &list, nil)
	files := configuration(config).KeypairFiles()
	p := C.calloc(C.size_t(len(files)), C.sizeof_struct_renewal)
	if p == nil {
		panic("out of memory")
	}
	list, *n = (*C.struct_renewal)(p), C.size_t(len(files))
	renewals := unsafe.Slice(list, len(files))
	for i, keypair := range files {
		for part, path := range keypair {
			renewals[i].path[part] = cstring(path)
		}
	}
	return list
}

//export goConfigReload
func goConfigReload(config C.uint64_t, fail *C.struct_failure, list *C.struct_renewal, n C.size_t) (rc C.int) {
	defer barrier(fail, &rc, -1)
	var renewals []tls.Renewal
	for _, r := range unsafe.Slice(list, n) {
		var renewal tls.Renewal
		for part, f := range r.file {
			renewal[part] = mem((*C.cbyte)(f.data), f.len)
		}
		renewals = append(renewals, renewal)
	}
	return tell(fail, configuration(config).Reload(renewals))
}
