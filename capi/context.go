package main

// #include "bridge.h"
import "C"

//export goContextString
func goContextString(ctx C.uint64_t, fail *C.struct_failure, which C.enum_string) (s *C.char) {
	defer barrier(fail, &s, nil)
	switch c := context(ctx); which {
	case C.CONN_VERSION:
		return cstring(c.ConnVersion())
	case C.CONN_CIPHER:
		return cstring(c.ConnCipher())
	case C.CONN_GROUP:
		return cstring(c.ConnGroup())
	case C.CONN_ALPN_SELECTED:
		return cstringIf(c.ConnALPNSelected())
	case C.CONN_SERVERNAME:
		return cstringIf(c.ConnServername())
	case C.PEER_CERT_COMMON_NAME:
		return cstringIf(c.PeerCertCommonName())
	case C.PEER_CERT_HASH:
		return cstring(c.PeerCertHash())
	case C.PEER_CERT_ISSUER:
		return cstringIf(c.PeerCertIssuer(), c.PeerCertProvided())
	case C.PEER_CERT_SUBJECT:
		return cstringIf(c.PeerCertSubject(), c.PeerCertProvided())
	case C.PEER_CERT_CHAIN_PEM:
		return cstring(string(c.PeerCertChainPEM()))
	case C.PEER_OCSP_URL:
		return cstringIf(c.PeerOCSPURL())
	default:
		panic("unknown string")
	}
}

//export goContextNumber
func goContextNumber(ctx C.uint64_t, fail *C.struct_failure, which C.enum_number) (n C.int64_t) {
	defer barrier(fail, &n, -1)
	switch c := context(ctx); which {
	case C.CONN_CIPHER_STRENGTH:
		return C.int64_t(c.ConnCipherStrength())
	case C.CONN_SESSION_RESUMED:
		return cbool(c.ConnSessionResumed())
	case C.CONN_PEER_CLOSED:
		return cbool(c.PeerClosed())
	case C.PEER_CERT_PROVIDED:
		return cbool(c.PeerCertProvided())
	case C.PEER_CERT_NOTBEFORE:
		return C.int64_t(c.PeerCertNotBefore())
	case C.PEER_CERT_NOTAFTER:
		return C.int64_t(c.PeerCertNotAfter())
	case C.PEER_OCSP_RESPONSE_STATUS:
		return C.int64_t(c.PeerOCSPResponseStatus())
	case C.PEER_OCSP_CERT_STATUS:
		return C.int64_t(c.PeerOCSPCertStatus())
	case C.PEER_OCSP_CRL_REASON:
		return C.int64_t(c.PeerOCSPCRLReason())
	case C.PEER_OCSP_THIS_UPDATE:
		return C.int64_t(c.PeerOCSPThisUpdate())
	case C.PEER_OCSP_NEXT_UPDATE:
		return C.int64_t(c.PeerOCSPNextUpdate())
	case C.PEER_OCSP_REVOCATION_TIME:
		return C.int64_t(c.PeerOCSPRevocationTime())
	default:
		panic("unknown number")
	}
}
