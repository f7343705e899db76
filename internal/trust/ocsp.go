package trust

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"errors"
	"math/big"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
	"golang.org/x/crypto/ocsp"
)

const (
	// ocspSkew is how far a responder's clock may be off.
	ocspSkew = 60 * time.Second
	// ocspMaxAge is how old a response may be.
	ocspMaxAge = 14 * 24 * time.Hour
)

// OCSPResult is what a validated OCSP response says of a certificate (RFC 6960, 4.2).
type OCSPResult struct {
	ResponseStatus int // TLS_OCSP_RESPONSE_*: always 0, successful
	CertStatus     int // TLS_OCSP_CERT_*: 0 good, 1 revoked, 2 unknown
	CRLReason      int // TLS_CRL_REASON_* if revoked, -1 if the response has none; else 0

	ThisUpdate     time.Time
	NextUpdate     time.Time // zero if the response has none
	RevocationTime time.Time // zero if not revoked
}

// Why an OCSP response isn't believed.
var (
	errOCSPLoad       = errors.New("cannot load ocsp reply")
	errOCSPVerify     = errors.New("ocsp verify failed")
	errOCSPNoIssuer   = errors.New("ocsp verify failed: no issuer cert")
	errOCSPNoResult   = errors.New("ocsp verify failed: no result for cert")
	errOCSPNotCurrent = errors.New("ocsp verify failed: ocsp response not current")
)

// ErrOCSPParse is returned by CheckOCSP for what isn't an OCSP response at all.
var ErrOCSPParse = errors.New("unable to parse OCSP response")

// reasons holds the names of revocation reasons.
var reasons = map[int]string{
	0: "unspecified",
	1: "keyCompromise",
	2: "cACompromise",
	3: "affiliationChanged",
	4: "superseded",
	5: "cessationOfOperation",
	6: "certificateHold",
	8: "removeFromCRL",
}

// String returns "good", "unknown", or the reason of a revocation, "(UNKNOWN)" if it has no name.
func (r *OCSPResult) String() string {
	switch r.CertStatus {
	case ocsp.Good:
		return "good"
	case ocsp.Unknown:
		return "unknown"
	}
	if name := reasons[r.CRLReason]; name != "" {
		return name
	}
	return "(UNKNOWN)"
}

// CheckOCSP validates an OCSP response for chain[0], whose issuer is looked for in the rest of the
// chain, which is the peer's, and then in a. The response has to be signed by that issuer or by a
// delegate: a certificate made by the issuer for OCSP signing, valid now. A certificate that is
// revoked gives both a result and an error.
func CheckOCSP(der []byte, chain []*x509.Certificate, a *Anchors, now time.Time) (*OCSPResult, error) {
	basic, err := ocspBasic(der)
	if err != nil {
		return nil, err
	}
	singles, signer, ok := parseBasic(basic)
	if !ok {
		return nil, errOCSPLoad
	}
	if len(chain) == 0 {
		return nil, errOCSPNoResult
	}
	leaf := chain[0]
	issuer := findIssuer(leaf, chain[1:], a)
	if issuer == nil {
		return nil, errOCSPNoIssuer
	}
	if signer != nil && oversizedKey(signer) {
		return nil, errOCSPVerify
	}
	single := slices.IndexFunc(singles, func(s single) bool { return s.serial.Cmp(leaf.SerialNumber) == 0 })
	if single < 0 {
		return nil, errOCSPNoResult
	}
	resp, err := ocsp.ParseResponseForCert(der, leaf, nil)
	if err != nil || !authorised(resp, issuer, now) {
		return nil, errOCSPVerify
	}
	if !singles[single].issuedBy(issuer, resp.IssuerHash) {
		return nil, errOCSPNoResult
	}
	if resp.ThisUpdate.After(now.Add(ocspSkew)) || resp.ThisUpdate.Before(now.Add(-ocspMaxAge)) ||
		!resp.NextUpdate.IsZero() && resp.NextUpdate.Before(now.Add(-ocspSkew)) {
		return nil, errOCSPNotCurrent
	}
	r := &OCSPResult{CertStatus: resp.Status, ThisUpdate: resp.ThisUpdate, NextUpdate: resp.NextUpdate}
	if resp.Status == ocsp.Revoked {
		r.RevocationTime = resp.RevokedAt
		r.CRLReason = resp.RevocationReason
		if !singles[single].hasReason {
			r.CRLReason = -1
		}
		return r, errors.New("ocsp verify failed: revoked cert - " + r.String())
	}
	return r, nil
}

// findIssuer returns the certificate whose key signed c.
func findIssuer(c *x509.Certificate, others []*x509.Certificate, a *Anchors) *x509.Certificate {
	others = others[:min(len(others), maxChain)]
	if a != nil {
		others = slices.Concat(others, a.lookup(c.RawIssuer))
	}
	for _, issuer := range others {
		if bytes.Equal(issuer.RawSubject, c.RawIssuer) && !oversizedKey(issuer) &&
			issuer.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) == nil {
			return issuer
		}
	}
	return nil
}

// authorised tells whether the issuer, or a delegate of its, signed the response (RFC 6960,
// 4.2.2.2). ocsp.ParseResponseForCert has checked the signature if a certificate came with it.
func authorised(resp *ocsp.Response, issuer *x509.Certificate, now time.Time) bool {
	signer := resp.Certificate
	if signer == nil {
		return resp.CheckSignatureFrom(issuer) == nil
	}
	if bytes.Equal(signer.RawSubject, issuer.RawSubject) &&
		bytes.Equal(signer.RawSubjectPublicKeyInfo, issuer.RawSubjectPublicKeyInfo) {
		return true
	}
	return slices.Contains(signer.ExtKeyUsage, x509.ExtKeyUsageOCSPSigning) &&
		bytes.Equal(signer.RawIssuer, issuer.RawSubject) &&
		!now.Before(signer.NotBefore) && !now.After(signer.NotAfter) &&
		len(signer.UnhandledCriticalExtensions) == 0 && !weakKey(signer) &&
		signer.CheckSignatureFrom(issuer) == nil
}

// ocspBasic unpacks an OCSPResponse.
func ocspBasic(der cryptobyte.String) (basic cryptobyte.String, err error) {
	var response, explicit, bytes cryptobyte.String
	var status int
	var present bool
	if !der.ReadASN1(&response, cbasn1.SEQUENCE) || !der.Empty() ||
		!response.ReadASN1Enum(&status) ||
		!response.ReadOptionalASN1(&explicit, &present, cbasn1.Tag(0).ContextSpecific().Constructed()) ||
		!response.Empty() {
		return nil, ErrOCSPParse
	}
	if !present {
		return nil, errOCSPLoad
	}
	if !explicit.ReadASN1(&bytes, cbasn1.SEQUENCE) || !explicit.Empty() ||
		!bytes.SkipASN1(cbasn1.OBJECT_IDENTIFIER) ||
		!bytes.ReadASN1(&basic, cbasn1.OCTET_STRING) || !bytes.Empty() {
		return nil, ErrOCSPParse
	}
	if status != int(ocsp.Success) {
		return nil, errOCSPLoad
	}
	return basic, nil
}

// single is what package ocsp doesn't tell of a SingleResponse.
type single struct {
	nameHash, keyHash cryptobyte.String
	serial            *big.Int
	hasReason         bool
}

// parseBasic finds the responses in a BasicOCSPResponse, and the certificate that package ocsp will
// take for the signer's, if there is one.
func parseBasic(basic cryptobyte.String) (singles []single, signer *x509.Certificate, ok bool) {
	context := func(n cbasn1.Tag) cbasn1.Tag { return n.ContextSpecific().Constructed() }
	var seq, data, list, certs, first cryptobyte.String
	var responder cbasn1.Tag
	var present bool
	if !basic.ReadASN1(&seq, cbasn1.SEQUENCE) || !basic.Empty() ||
		!seq.ReadASN1(&data, cbasn1.SEQUENCE) ||
		!seq.SkipASN1(cbasn1.SEQUENCE) || // signatureAlgorithm
		!seq.SkipASN1(cbasn1.BIT_STRING) || // signature
		!seq.ReadOptionalASN1(&certs, &present, context(0)) || !seq.Empty() ||
		!data.SkipOptionalASN1(context(0)) || // version
		!data.ReadAnyASN1(&first, &responder) ||
		!data.SkipASN1(cbasn1.GeneralizedTime) || // producedAt
		!data.ReadASN1(&list, cbasn1.SEQUENCE) {
		return nil, nil, false
	}
	for !list.Empty() {
		var s single
		var entry, id, revoked cryptobyte.String
		var isRevoked bool
		s.serial = new(big.Int)
		if !list.ReadASN1(&entry, cbasn1.SEQUENCE) ||
			!entry.ReadASN1(&id, cbasn1.SEQUENCE) ||
			!id.SkipASN1(cbasn1.SEQUENCE) || // hashAlgorithm
			!id.ReadASN1(&s.nameHash, cbasn1.OCTET_STRING) ||
			!id.ReadASN1(&s.keyHash, cbasn1.OCTET_STRING) ||
			!id.ReadASN1Integer(s.serial) || !id.Empty() ||
			!entry.ReadOptionalASN1(&revoked, &isRevoked, context(1)) ||
			isRevoked && !revoked.SkipASN1(cbasn1.GeneralizedTime) {
			return nil, nil, false
		}
		s.hasReason = !revoked.Empty()
		singles = append(singles, s)
	}
	if !certs.Empty() { // [0] EXPLICIT SEQUENCE OF Certificate
		var err error
		if !certs.ReadASN1(&certs, cbasn1.SEQUENCE) {
			return nil, nil, false
		}
		if certs.Empty() {
			return singles, nil, true
		}
		if !certs.ReadASN1Element(&first, cbasn1.SEQUENCE) {
			return nil, nil, false
		}
		if signer, err = x509.ParseCertificate(first); err != nil {
			return nil, nil, false
		}
	}
	return singles, signer, true
}

// issuedBy tells whether the response is for a certificate of issuer's (RFC 6960, 4.1.1).
func (s *single) issuedBy(issuer *x509.Certificate, hash crypto.Hash) bool {
	spki := cryptobyte.String(issuer.RawSubjectPublicKeyInfo)
	var info cryptobyte.String
	var key []byte
	if !spki.ReadASN1(&info, cbasn1.SEQUENCE) || !info.SkipASN1(cbasn1.SEQUENCE) ||
		!info.ReadASN1BitStringAsBytes(&key) || !hash.Available() {
		return false
	}
	digest := func(data []byte) []byte {
		h := hash.New()
		h.Write(data)
		return h.Sum(nil)
	}
	return bytes.Equal(s.nameHash, digest(issuer.RawSubject)) && bytes.Equal(s.keyHash, digest(key))
}
