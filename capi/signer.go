package main

// #include "bridge.h"
import "C"

import "libtls/tls"

var signers table[tls.Signer]

func signer(handle C.uint64_t) *tls.Signer { return must(signers.get(uint64(handle))) }

//export goConfigSetSignCB
func goConfigSetSignCB(config C.uint64_t, fail *C.struct_failure, cb, arg C.uint64_t) (rc C.int) {
	defer barrier(fail, &rc, -1)
	configuration(config).SetSignCallback(uint64(cb), uint64(arg))
	return 0
}

//export goSignerNew
func goSignerNew(fail *C.struct_failure) (handle C.uint64_t) {
	defer barrier(fail, &handle, 0)
	return C.uint64_t(signers.add(tls.NewSigner()))
}

//export goSignerFree
func goSignerFree(s C.uint64_t) {
	defer func() { _ = recover() }()
	must(signers.remove(uint64(s))).Free()
}

//export goSignerAddKeypairMem
func goSignerAddKeypairMem(s C.uint64_t, fail *C.struct_failure, cert *C.cbyte, certLen C.size_t, key *C.cbyte, keyLen C.size_t) (rc C.int) {
	defer barrier(fail, &rc, -1)
	return tell(fail, signer(s).AddKeypairMem(mem(cert, certLen), mem(key, keyLen)))
}

//export goSignerSign
func goSignerSign(s C.uint64_t, fail *C.struct_failure, hash *C.cchar, input *C.cbyte, inputLen C.size_t, padding C.int, signature *C.struct_signature) (rc C.int) {
	defer barrier(fail, &rc, -1)
	data, err := signer(s).Sign(str(hash), mem(input, inputLen), int(padding))
	if err != nil {
		return tell(fail, err)
	}
	signature.data = (*C.uint8_t)(C.CBytes(data))
	signature.len = C.size_t(len(data))
	return 0
}
