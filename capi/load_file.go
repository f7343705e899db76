package main

// #include "bridge.h"
import "C"

import "libtls/tls"

//export goConfigSetCAFile
func goConfigSetCAFile(config C.uint64_t, fail *C.struct_failure, caFile *C.cchar) (rc C.int) {
	defer barrier(fail, &rc, -1)
	return tell(fail, configuration(config).SetCAFile(str(caFile)))
}

//export goConfigSetCAPath
func goConfigSetCAPath(config C.uint64_t, fail *C.struct_failure, caPath *C.cchar) (rc C.int) {
	defer barrier(fail, &rc, -1)
	return tell(fail, configuration(config).SetCAPath(str(caPath)))
}

//export goConfigSetCAMem
func goConfigSetCAMem(config C.uint64_t, fail *C.struct_failure, ca *C.cbyte, caLen C.size_t) (rc C.int) {
	defer barrier(fail, &rc, -1)
	return tell(fail, configuration(config).SetCAMem(mem(ca, caLen)))
}

//export goConfigSetCRLFile
func goConfigSetCRLFile(config C.uint64_t, fail *C.struct_failure, crlFile *C.cchar) (rc C.int) {
	defer barrier(fail, &rc, -1)
	return tell(fail, configuration(config).SetCRLFile(str(crlFile)))
}

//export goConfigSetCRLMem
func goConfigSetCRLMem(config C.uint64_t, fail *C.struct_failure, crl *C.cbyte, crlLen C.size_t) (rc C.int) {
	defer barrier(fail, &rc, -1)
	return tell(fail, configuration(config).SetCRLMem(mem(crl, crlLen)))
}

//export goConfigSetCertFile
func goConfigSetCertFile(config C.uint64_t, fail *C.struct_failure, certFile *C.cchar) (rc C.int) {
	defer barrier(fail, &rc, -1)
	return tell(fail, configuration(config).SetCertFile(str(certFile)))
}

//export goConfigSetCertMem
func goConfigSetCertMem(config C.uint64_t, fail *C.struct_failure, cert *C.cbyte, certLen C.size_t) (rc C.int) {
	defer barrier(fail, &rc, -1)
	return tell(fail, configuration(config).SetCertMem(mem(cert, certLen)))
}

//export goConfigSetKeyFile
func goConfigSetKeyFile(config C.uint64_t, fail *C.struct_failure, keyFile *C.cchar) (rc C.int) {
	defer barrier(fail, &rc, -1)
	return tell(fail, configuration(config).SetKeyFile(str(keyFile)))
}

//export goConfigSetKeyMem
func goConfigSetKeyMem(config C.uint64_t, fail *C.struct_failure, key *C.cbyte, keyLen C.size_t) (rc C.int) {
	defer barrier(fail, &rc, -1)
	return tell(fail, configuration(config).SetKeyMem(mem(key, keyLen)))
}

//export goConfigSetKeypairFile
func goConfigSetKeypairFile(config C.uint64_t, fail *C.struct_failure, certFile *C.cchar, keyFile *C.cchar) (rc C.int) {
	defer barrier(fail, &rc, -1)
	return tell(fail, configuration(config).SetKeypairFile(str(certFile), str(keyFile)))
}

//export goConfigSetKeypairMem
func goConfigSetKeypairMem(config C.uint64_t, fail *C.struct_failure, cert *C.cbyte, certLen C.size_t, key *C.cbyte, keyLen C.size_t) (rc C.int) {
	defer barrier(fail, &rc, -1)
	return tell(fail, configuration(config).SetKeypairMem(mem(cert, certLen), mem(key, keyLen)))
}

//export goConfigSetKeypairOCSPFile
func goConfigSetKeypairOCSPFile(config C.uint64_t, fail *C.struct_failure, certFile *C.cchar, keyFile *C.cchar, stapleFile *C.cchar) (rc C.int) {
	defer barrier(fail, &rc, -1)
	return tell(fail, configuration(config).SetKeypairOCSPFile(str(certFile), str(keyFile), opt(stapleFile)))
}

//export goConfigSetKeypairOCSPMem
func goConfigSetKeypairOCSPMem(config C.uint64_t, fail *C.struct_failure, cert *C.cbyte, certLen C.size_t, key *C.cbyte, keyLen C.size_t, staple *C.cbyte, stapleLen C.size_t) (rc C.int) {
	defer barrier(fail, &rc, -1)
	return tell(fail, configuration(config).SetKeypairOCSPMem(mem(cert, certLen), mem(key, keyLen), mem(staple, stapleLen)))
}

//export goConfigAddKeypairFile
func goConfigAddKeypairFile(config C.uint64_t, fail *C.struct_failure, certFile *C.cchar, keyFile *C.cchar) (rc C.int) {
	defer barrier(fail, &rc, -1)
	return tell(fail, configuration(config).AddKeypairFile(str(certFile), opt(keyFile)))
}

//export goConfigAddKeypairMem
func goConfigAddKeypairMem(config C.uint64_t, fail *C.struct_failure, cert *C.cbyte, certLen C.size_t, key *C.cbyte, keyLen C.size_t) (rc C.int) {
	defer barrier(fail, &rc, -1)
	return tell(fail, configuration(config).AddKeypairMem(mem(cert, certLen), mem(key, keyLen)))
}

//export goConfigAddKeypairOCSPFile
func goConfigAddKeypairOCSPFile(config C.uint64_t, fail *C.struct_failure, certFile *C.cchar, keyFile *C.cchar, stapleFile *C.cchar) (rc C.int) {
	defer barrier(fail, &rc, -1)
	return tell(fail, configuration(config).AddKeypairOCSPFile(str(certFile), opt(keyFile), opt(stapleFile)))
}

//export goConfigAddKeypairOCSPMem
func goConfigAddKeypairOCSPMem(config C.uint64_t, fail *C.struct_failure, cert *C.cbyte, certLen C.size_t, key *C.cbyte, keyLen C.size_t, staple *C.cbyte, stapleLen C.size_t) (rc C.int) {
	defer barrier(fail, &rc, -1)
	return tell(fail, configuration(config).AddKeypairOCSPMem(mem(cert, certLen), mem(key, keyLen), mem(staple, stapleLen)))
}

//export goConfigSetOCSPStapleFile
func goConfigSetOCSPStapleFile(config C.uint64_t, fail *C.struct_failure, stapleFile *C.cchar) (rc C.int) {
	defer barrier(fail, &rc, -1)
	return tell(fail, configuration(config).SetOCSPStapleFile(str(stapleFile)))
}

//export goConfigSetOCSPStapleMem
func goConfigSetOCSPStapleMem(config C.uint64_t, fail *C.struct_failure, staple *C.cbyte, stapleLen C.size_t) (rc C.int) {
	defer barrier(fail, &rc, -1)
	return tell(fail, configuration(config).SetOCSPStapleMem(mem(staple, stapleLen)))
}

//export goConfigClearKeys
func goConfigClearKeys(config C.uint64_t, fail *C.struct_failure) (rc C.int) {
	defer barrier(fail, &rc, -1)
	configuration(config).ClearKeys()
	return 0
}

//export goConfigSetVerifyDepth
func goConfigSetVerifyDepth(config C.uint64_t, fail *C.struct_failure, verifyDepth C.int) (rc C.int) {
	defer barrier(fail, &rc, -1)
	configuration(config).SetVerifyDepth(int(verifyDepth))
	return 0
}

//export goConfigVerifyClient
func goConfigVerifyClient(config C.uint64_t, fail *C.struct_failure) (rc C.int) {
	defer barrier(fail, &rc, -1)
	configuration(config).VerifyClient()
	return 0
}

//export goConfigVerifyClientOptional
func goConfigVerifyClientOptional(config C.uint64_t, fail *C.struct_failure) (rc C.int) {
	defer barrier(fail, &rc, -1)
	configuration(config).VerifyClientOptional()
	return 0
}

//export goLoadFile
func goLoadFile(fail *C.struct_failure, buf **C.uint8_t, size *C.size_t, path, password *C.cchar) (rc C.int) {
	defer barrier(fail, &rc, -1)
	data, err := tls.LoadFile(str(path), opt(password))
	if err != nil {
		return tell(fail, err)
	}
	*buf = (*C.uint8_t)(C.CBytes(data))
	*size = C.size_t(len(data))
	clear(data)
	return 0
}

//export goDefaultCACertFile
func goDefaultCACertFile(fail *C.struct_failure, certFile *C.cchar) (path *C.char) {
	defer barrier(fail, &path, nil)
	return lasting(tls.DefaultCACertFile(str(certFile)))
}
