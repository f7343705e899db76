package main

// #include "bridge.h"
import "C"

//export goConnVersion
func goConnVersion(ctx C.uint64_t, fail *C.struct_failure) (s *C.char) {
	defer barrier(fail, &s, nil)
	v := context(ctx).ConnVersion()
	return cstring(v, v != "")
}

//export goConnCipher
func goConnCipher(ctx C.uint64_t, fail *C.struct_failure) (s *C.char) {
	defer barrier(fail, &s, nil)
	v := context(ctx).ConnCipher()
	return cstring(v, v != "")
}

//export goConnCipherStrength
func goConnCipherStrength(ctx C.uint64_t, fail *C.struct_failure) (n C.int64_t) {
	defer barrier(fail, &n, 0)
	return C.int64_t(context(ctx).ConnCipherStrength())
}

//export goConnGroup
func goConnGroup(ctx C.uint64_t, fail *C.struct_failure) (s *C.char) {
	defer barrier(fail, &s, nil)
	v := context(ctx).ConnGroup()
	return cstring(v, v != "")
}

//export goConnALPNSelected
func goConnALPNSelected(ctx C.uint64_t, fail *C.struct_failure) (s *C.char) {
	defer barrier(fail, &s, nil)
	return cstring(context(ctx).ConnALPNSelected())
}

//export goConnServername
func goConnServername(ctx C.uint64_t, fail *C.struct_failure) (s *C.char) {
	defer barrier(fail, &s, nil)
	return cstring(context(ctx).ConnServername())
}

//export goConnSessionResumed
func goConnSessionResumed(ctx C.uint64_t, fail *C.struct_failure) (n C.int64_t) {
	defer barrier(fail, &n, 0)
	return cbool(context(ctx).ConnSessionResumed())
}

//export goPeerCertProvided
func goPeerCertProvided(ctx C.uint64_t, fail *C.struct_failure) (n C.int64_t) {
	defer barrier(fail, &n, 0)
	return cbool(context(ctx).PeerCertProvided())
}

//export goPeerCertContainsName
func goPeerCertContainsName(ctx C.uint64_t, fail *C.struct_failure, name *C.cchar) (rc C.int) {
	defer barrier(fail, &rc, 0)
	c := context(ctx)
	if c.PeerCertContainsName(str(name)) {
		return 1
	}
	if err := c.Err(); err != nil {
		tell(fail, err)
	}
	return 0
}

//export goPeerCertCommonName
func goPeerCertCommonName(ctx C.uint64_t, fail *C.struct_failure) (s *C.char) {
	defer barrier(fail, &s, nil)
	return cstring(context(ctx).PeerCertCommonName())
}

//export goPeerCertHash
func goPeerCertHash(ctx C.uint64_t, fail *C.struct_failure) (s *C.char) {
	defer barrier(fail, &s, nil)
	v := context(ctx).PeerCertHash()
	return cstring(v, v != "")
}

//export goPeerCertIssuer
func goPeerCertIssuer(ctx C.uint64_t, fail *C.struct_failure) (s *C.char) {
	defer barrier(fail, &s, nil)
	c := context(ctx)
	return cstring(c.PeerCertIssuer(), c.PeerCertProvided())
}

//export goPeerCertSubject
func goPeerCertSubject(ctx C.uint64_t, fail *C.struct_failure) (s *C.char) {
	defer barrier(fail, &s, nil)
	c := context(ctx)
	return cstring(c.PeerCertSubject(), c.PeerCertProvided())
}

//export goPeerCertNotBefore
func goPeerCertNotBefore(ctx C.uint64_t, fail *C.struct_failure) (t C.int64_t) {
	defer barrier(fail, &t, -1)
	return C.int64_t(context(ctx).PeerCertNotBefore())
}

//export goPeerCertNotAfter
func goPeerCertNotAfter(ctx C.uint64_t, fail *C.struct_failure) (t C.int64_t) {
	defer barrier(fail, &t, -1)
	return C.int64_t(context(ctx).PeerCertNotAfter())
}

//export goPeerCertChainPEM
func goPeerCertChainPEM(ctx C.uint64_t, fail *C.struct_failure) (s *C.char) {
	defer barrier(fail, &s, nil)
	pem := context(ctx).PeerCertChainPEM()
	return cstring(string(pem), pem != nil)
}
