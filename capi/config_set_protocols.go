package main

// #include "bridge.h"
import "C"

import "libtls/tls"

//export goConfigSetProtocols
func goConfigSetProtocols(config C.uint64_t, fail *C.struct_failure, protocols C.uint32_t) (rc C.int) {
	defer barrier(fail, &rc, -1)
	configuration(config).SetProtocols(uint32(protocols))
	return 0
}

//export goConfigSetALPN
func goConfigSetALPN(config C.uint64_t, fail *C.struct_failure, alpn *C.cchar) (rc C.int) {
	defer barrier(fail, &rc, -1)
	return tell(fail, configuration(config).SetALPN(str(alpn)))
}

//export goConfigSetCiphers
func goConfigSetCiphers(config C.uint64_t, fail *C.struct_failure, ciphers *C.cchar) (rc C.int) {
	defer barrier(fail, &rc, -1)
	return tell(fail, configuration(config).SetCiphers(opt(ciphers)))
}

//export goConfigSetDHEParams
func goConfigSetDHEParams(config C.uint64_t, fail *C.struct_failure, params *C.cchar) (rc C.int) {
	defer barrier(fail, &rc, -1)
	return tell(fail, configuration(config).SetDHEParams(opt(params)))
}

//export goConfigSetECDHECurve
func goConfigSetECDHECurve(config C.uint64_t, fail *C.struct_failure, curve *C.cchar) (rc C.int) {
	defer barrier(fail, &rc, -1)
	return tell(fail, configuration(config).SetECDHECurve(opt(curve)))
}

//export goConfigSetECDHECurves
func goConfigSetECDHECurves(config C.uint64_t, fail *C.struct_failure, curves *C.cchar) (rc C.int) {
	defer barrier(fail, &rc, -1)
	return tell(fail, configuration(config).SetECDHECurves(opt(curves)))
}

//export goConfigPreferCiphersClient
func goConfigPreferCiphersClient(config C.uint64_t, fail *C.struct_failure) (rc C.int) {
	defer barrier(fail, &rc, -1)
	configuration(config).PreferCiphersClient()
	return 0
}

//export goConfigPreferCiphersServer
func goConfigPreferCiphersServer(config C.uint64_t, fail *C.struct_failure) (rc C.int) {
	defer barrier(fail, &rc, -1)
	configuration(config).PreferCiphersServer()
	return 0
}

//export goParseProtocols
func goParseProtocols(fail *C.struct_failure, bits *C.uint32_t, list *C.cchar) (rc C.int) {
	defer barrier(fail, &rc, -1)
	parsed, ok := tls.ParseProtocols(opt(list))
	if !ok {
		return -1
	}
	*bits = C.uint32_t(parsed)
	return 0
}
