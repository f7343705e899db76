package main

// #include "bridge.h"
import "C"

import "libtls/tls"

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

//export goConfigSetCRLMem
func goConfigSetCRLMem(config C.uint64_t, fail *C.struct_failure, crl *C.cbyte, crlLen C.size_t) (rc C.int) {
	defer barrier(fail, &rc, -1)
	return tell(fail, configuration(config).SetCRLMem(mem(crl, crlLen)))
}

//export goConfigSetCertMem
func goConfigSetCertMem(config C.uint64_t, fail *C.struct_failure, cert *C.cbyte, certLen C.size_t) (rc C.int) {
	defer barrier(fail, &rc, -1)
	return tell(fail, configuration(config).SetCertMem(mem(cert, certLen)))
}

//export goConfigSetKeyMem
func goConfigSetKeyMem(config C.uint64_t, fail *C.struct_failure, key *C.cbyte, keyLen C.size_t) (rc C.int) {
	defer barrier(fail, &rc, -1)
	return tell(fail, configuration(config).SetKeyMem(mem(key, keyLen)))
}

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
