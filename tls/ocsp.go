package tls

import (
	"crypto/x509"
	"time"

	"libtls/internal/drive"
	"libtls/internal/trust"
)

// ocspState is what is known about the revocation of the peer's certificate.
type ocspState struct {
	url    string            // of the responder that the certificate names
	result *trust.OCSPResult // of the latest response that was current; nil if none
}

var errNoOCSPURL = failure("no OCSP URLs in peer certificate")

// checkStaple judges the OCSP response that came with a server's certificate.
// If it isn't done, the caller puts the file that is Wanted, and asks again.
func (t *Context) checkStaple(staple []byte) (failed *Error, done bool) {
	c := t.config
	switch {
	case len(staple) == 0 && (c.requireStaple || t.peer.leaf != nil && trust.MustStaple(t.peer.leaf) && !c.noVerifyCert):
		return failure("no stapled OCSP response provided"), true
	case len(staple) == 0:
		return nil, true
	case t.ocsp.url == "":
		return errNoOCSPURL, true
	case c.noVerifyCert || c.noVerifyTime:
		return nil, true
	}
	return t.processOCSP(staple)
}

// processOCSP checks a response and keeps its result if it is current, even
// if that says that the certificate is revoked. It is done as checkStaple is.
func (t *Context) processOCSP(der []byte) (failed *Error, done bool) {
	chain := []*x509.Certificate{t.peer.leaf}
	for _, cert := range t.peer.chain[1:] {
		if c, err := x509.ParseCertificate(cert); err == nil {
			chain = append(chain, c)
		}
	}
	result, done, err := trust.CheckOCSP(der, chain, t.Lookups(t.policy.Anchors), drive.Now())
	if result != nil {
		t.ocsp.result = result
	}
	if err == nil {
		return nil, done
	}
	if err == trust.ErrOCSPParse {
		t.ocsp = ocspState{}
	}
	return failure("%v", err), true
}

// OCSPProcessResponse is tls_ocsp_process_response. If it isn't done, the caller
// puts the file that is Wanted, and calls it again.
func (t *Context) OCSPProcessResponse(der []byte) (done bool, failed error) {
	var err *Error
	switch {
	case t.role != roleClient || !t.Complete:
		return true, new(Error) // no text
	case t.peer.leaf == nil:
		err = failure("no peer certificate for OCSP")
	case len(t.peer.leaf.OCSPServer) == 0:
		err = errNoOCSPURL
	case isTooLong(der):
		err = invalidArgument("OCSP response too long")
	default:
		if err, done = t.processOCSP(der); !done {
			return false, nil
		}
		t.Judged()
	}
	if err != nil {
		return true, t.record(err)
	}
	return true, nil
}

// PeerOCSPURL is tls_peer_ocsp_url.
func (t *Context) PeerOCSPURL() (string, bool) {
	return t.ocsp.url, t.ocsp.url != ""
}

// PeerOCSPResult is tls_peer_ocsp_result.
func (t *Context) PeerOCSPResult() (string, bool) {
	r := t.ocsp.result
	if r == nil {
		return "", false
	}
	return r.String(), true
}

// PeerOCSPResponseStatus is tls_peer_ocsp_response_status; -1 without a response.
func (t *Context) PeerOCSPResponseStatus() int {
	if r := t.ocsp.result; r != nil {
		return r.ResponseStatus
	}
	return -1
}

// PeerOCSPCertStatus is tls_peer_ocsp_cert_status; -1 without a response.
func (t *Context) PeerOCSPCertStatus() int {
	if r := t.ocsp.result; r != nil {
		return r.CertStatus
	}
	return -1
}

// PeerOCSPCRLReason is tls_peer_ocsp_crl_reason; -1 without a response, or if
// that gives none for a revocation.
func (t *Context) PeerOCSPCRLReason() int {
	if r := t.ocsp.result; r != nil {
		return r.CRLReason
	}
	return -1
}

// PeerOCSPThisUpdate is tls_peer_ocsp_this_update, in seconds since 1970; -1
// without a response.
func (t *Context) PeerOCSPThisUpdate() int64 {
	return t.ocspTime(func(r *trust.OCSPResult) time.Time { return r.ThisUpdate })
}

// PeerOCSPNextUpdate is tls_peer_ocsp_next_update, in seconds since 1970; -1
// if there is none.
func (t *Context) PeerOCSPNextUpdate() int64 {
	return t.ocspTime(func(r *trust.OCSPResult) time.Time { return r.NextUpdate })
}

// PeerOCSPRevocationTime is tls_peer_ocsp_revocation_time, in seconds since
// 1970; -1 if the certificate isn't revoked.
func (t *Context) PeerOCSPRevocationTime() int64 {
	return t.ocspTime(func(r *trust.OCSPResult) time.Time { return r.RevocationTime })
}

func (t *Context) ocspTime(field func(*trust.OCSPResult) time.Time) int64 {
	r := t.ocsp.result
	if r == nil || field(r).IsZero() {
		return -1
	}
	return field(r).Unix()
}
