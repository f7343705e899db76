package main

// #include "bridge.h"
import "C"

import "libtls/tls"

//export goConfigSetNumber
func goConfigSetNumber(config C.uint64_t, fail *C.struct_failure, what C.enum_config_number, n C.int64_t) (rc C.int) {
	defer barrier(fail, &rc, -1)
	switch c := configuration(config); what {
	case C.CONFIG_PROTOCOLS:
		c.SetProtocols(uint32(n))
	case C.CONFIG_VERIFY_DEPTH:
		c.SetVerifyDepth(int(n))
	case C.CONFIG_SESSION_FD:
		return tell(fail, c.SetSessionFD(int(n)))
	case C.CONFIG_SESSION_LIFETIME:
		return tell(fail, c.SetSessionLifetime(int(n)))
	case C.CONFIG_NUM_TICKETS:
		return tell(fail, c.SetNumTickets(uint64(n)))
	case C.CONFIG_KEYLOG_FD:
		return tell(fail, c.SetKeyLogFD(int(n)))
	default:
		panic("unknown setting")
	}
	return 0
}

//export goConfigSetText
func goConfigSetText(config C.uint64_t, fail *C.struct_failure, what C.enum_config_text, text *C.cchar) (rc C.int) {
	defer barrier(fail, &rc, -1)
	switch c := configuration(config); what {
	case C.CONFIG_ALPN:
		return tell(fail, c.SetALPN(str(text)))
	case C.CONFIG_CIPHERS:
		return tell(fail, c.SetCiphers(opt(text)))
	case C.CONFIG_DHE_PARAMS:
		return tell(fail, c.SetDHEParams(opt(text)))
	case C.CONFIG_ECDHE_CURVE:
		return tell(fail, c.SetECDHECurve(opt(text)))
	case C.CONFIG_ECDHE_CURVES:
		return tell(fail, c.SetECDHECurves(opt(text)))
	case C.CONFIG_CA_PATH:
		return tell(fail, c.SetCAPath(str(text)))
	default:
		panic("unknown setting")
	}
}

var bytesSetters = [...]func(*tls.Config, []byte) error{
	C.CONFIG_CA:          (*tls.Config).SetCAMem,
	C.CONFIG_CRL:         (*tls.Config).SetCRLMem,
	C.CONFIG_CERT:        (*tls.Config).SetCertMem,
	C.CONFIG_KEY:         (*tls.Config).SetKeyMem,
	C.CONFIG_STAPLE:      (*tls.Config).SetOCSPStapleMem,
	C.CONFIG_SESSION_ID:  (*tls.Config).SetSessionID,
	C.CONFIG_TICKET_KEYS: (*tls.Config).SetTicketKeyFile,
}

//export goConfigSetBytes
func goConfigSetBytes(config C.uint64_t, fail *C.struct_failure, what C.enum_config_bytes, data *C.cbyte, n C.size_t) (rc C.int) {
	defer barrier(fail, &rc, -1)
	return tell(fail, bytesSetters[what](configuration(config), mem(data, n)))
}

var switches = [...]func(*tls.Config){
	C.CONFIG_PREFER_CIPHERS_CLIENT:  (*tls.Config).PreferCiphersClient,
	C.CONFIG_PREFER_CIPHERS_SERVER:  (*tls.Config).PreferCiphersServer,
	C.CONFIG_VERIFY:                 (*tls.Config).Verify,
	C.CONFIG_NO_VERIFY_CERT:         (*tls.Config).InsecureNoVerifyCert,
	C.CONFIG_NO_VERIFY_NAME:         (*tls.Config).InsecureNoVerifyName,
	C.CONFIG_NO_VERIFY_TIME:         (*tls.Config).InsecureNoVerifyTime,
	C.CONFIG_VERIFY_CLIENT:          (*tls.Config).VerifyClient,
	C.CONFIG_VERIFY_CLIENT_OPTIONAL: (*tls.Config).VerifyClientOptional,
	C.CONFIG_REQUIRE_STAPLING:       (*tls.Config).OCSPRequireStapling,
	C.CONFIG_CLEAR_KEYS:             (*tls.Config).ClearKeys,
	C.CONFIG_SKIP_KEY_CHECK:         (*tls.Config).SkipPrivateKeyCheck,
	C.CONFIG_FAKE_KEY:               (*tls.Config).UseFakePrivateKey,
}

//export goConfigSwitch
func goConfigSwitch(config C.uint64_t, fail *C.struct_failure, what C.enum_config_switch) (rc C.int) {
	defer barrier(fail, &rc, -1)
	switches[what](configuration(config))
	return 0
}
