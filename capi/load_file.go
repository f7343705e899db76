package main

// #include "bridge.h"
import "C"

import "libtls/tls"

//export goConfigSetKeypairOCSPMem
func goConfigSetKeypairOCSPMem(config C.uint64_t, fail *C.struct_failure, cert *C.cbyte, certLen C.size_t, key *C.cbyte, keyLen C.size_t, staple *C.cbyte, stapleLen C.size_t) (rc C.int) {
	defer barrier(fail, &rc, -1)
	return tell(fail, configuration(config).SetKeypairOCSPMem(mem(cert, certLen), mem(key, keyLen), mem(staple, stapleLen)))
}

//export goConfigAddKeypairOCSPMem
func goConfigAddKeypairOCSPMem(config C.uint64_t, fail *C.struct_failure, cert *C.cbyte, certLen C.size_t, key *C.cbyte, keyLen C.size_t, staple *C.cbyte, stapleLen C.size_t, certFile, keyFile, stapleFile *C.cchar) (rc C.int) {
	defer barrier(fail, &rc, -1)
	c := configuration(config)
	err := c.AddKeypairOCSPMem(mem(cert, certLen), mem(key, keyLen), mem(staple, stapleLen))
	if err == nil {
		c.NameAdded([tls.KeypairParts]string{tls.Cert: str(certFile), tls.Key: str(keyFile), tls.Staple: str(stapleFile)})
	}
	return tell(fail, err)
}

//export goConfigNameFile
func goConfigNameFile(config C.uint64_t, fail *C.struct_failure, part C.int, path *C.cchar) (rc C.int) {
	defer barrier(fail, &rc, -1)
	configuration(config).NameFile(int(part), str(path))
	return 0
}

//export goDecryptKey
func goDecryptKey(fail *C.struct_failure, buf **C.uint8_t, size *C.size_t, pem *C.cbyte, pemLen C.size_t, password *C.cchar) (rc C.int) {
	defer barrier(fail, &rc, -1)
	data, err := tls.DecryptKey(mem(pem, pemLen), str(password))
	if err != nil {
		return tell(fail, err)
	}
	*buf = (*C.uint8_t)(C.CBytes(data))
	*size = C.size_t(len(data))
	clear(data)
	return 0
}

//export goDefaultCACertFile
func goDefaultCACertFile(fail *C.struct_failure, file *C.cchar) (path *C.char) {
	defer barrier(fail, &path, nil)
	return lasting(str(file))
}
