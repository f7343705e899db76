package trust

import (
	"bytes"
	"crypto"
	"crypto/sha1"
	_ "crypto/sha256"
	_ "crypto/sha512"
	"crypto/x509"
	"encoding/asn1"
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
	errOCSPWeakDigest = errors.New("ocsp verify failed: signature digest algorithm too weak")
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

// maxResponders is how many certificates that come with an OCSP response are tried as its signer's.
const maxResponders = 2

// CheckOCSP validates an OCSP response for chain[0], whose issuer is looked for in the rest of the
// chain, which is the peer's, and then in a trust store. The response has to be signed by that issuer or
// by a delegate: a certificate made by the issuer for OCSP signing, valid now. A certificate that is
// revoked gives both a result and an error. It isn't done if a file of the trust store's has to be read
// first.
func CheckOCSP(der []byte, chain []*x509.Certificate, stored *Lookups, now time.Time) (r *OCSPResult, done bool, err error) {
	if len(chain) == 0 {
		r, err = checkOCSP(der, nil, nil, now)
	} else if trusted := stored.find(nameKey(chain[0].RawIssuer)); trusted == nil {
		return nil, false, nil
	} else {
		r, err = checkOCSP(der, chain, trusted.found, now)
	}
	return r, true, err
}

func checkOCSP(der []byte, chain []*x509.Certificate, trusted []*node, now time.Time) (*OCSPResult, error) {
	in, err := ocspBasic(der)
	if err != nil {
		return nil, err
	}
	basic, ok := parseBasic(in)
	if !ok {
		return nil, errOCSPLoad
	}
	if len(chain) == 0 {
		return nil, errOCSPNoResult
	}
	leaf := chain[0]
	budget := newBudget()
	issuer := findIssuer(leaf, chain[1:], trusted, &budget)
	if issuer == nil {
		return nil, errOCSPNoIssuer
	}
	i := slices.IndexFunc(basic.singles, func(s single) bool { return s.isFor(leaf, issuer) })
	matches := i >= 0
	if !matches { // its signature is to be blamed first
		i = slices.IndexFunc(basic.singles, func(s single) bool { return s.serial.Cmp(leaf.SerialNumber) == 0 })
	}
	if i < 0 {
		return nil, errOCSPNoResult
	}
	resp, err := ocsp.ParseResponse(basic.only(basic.singles[i]), nil)
	if err != nil {
		return nil, errOCSPVerify
	}
	if err := basic.authorised(resp, issuer, now, &budget); err != nil {
		return nil, err
	}
	if !matches {
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
		if !basic.singles[i].hasReason {
			r.CRLReason = -1
		}
		return r, errors.New("ocsp verify failed: revoked cert - " + r.String())
	}
	return r, nil
}

// findIssuer returns the certificate whose key signed c.
func findIssuer(c *x509.Certificate, others []*x509.Certificate, trusted []*node, budget *budget) *x509.Certificate {
	name := nameKey(c.RawIssuer)
	others = slices.Clone(others[:min(len(others), maxChain)])
	sent := len(others)
	for _, n := range trusted {
		others = append(others, n.Certificate)
	}
	for i, issuer := range others {
		if nameKey(issuer.RawSubject) == name && !OversizedKey(issuer) &&
			budget.signature(issuer, len(c.RawTBSCertificate), i >= sent) &&
			checkSignature(issuer, c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) == nil {
			return issuer
		}
	}
	return nil
}

// authorised says what is wrong if it isn't the issuer, or a delegate of its, who signed the response
// (RFC 6960, 4.2.2.2).
func (b *basicResponse) authorised(resp *ocsp.Response, issuer *x509.Certificate, now time.Time, budget *budget) error {
	failure := errOCSPVerify
	tried := 0
	for _, signer := range append([]*x509.Certificate{issuer}, b.certs...) {
		if tried > maxResponders || !b.names(signer) || OversizedKey(signer) {
			continue
		}
		tried++
		if !sameKey(signer, issuer) && !isDelegate(signer, issuer, now, budget) {
			continue
		}
		if !budget.signature(signer, len(b.signed), true) {
			break
		}
		switch err := checkSignature(signer, resp.SignatureAlgorithm, b.signed, resp.Signature); {
		case err == nil:
			return nil
		case errors.As(err, new(x509.InsecureAlgorithmError)):
			failure = errOCSPWeakDigest
		}
	}
	return failure
}

func sameKey(a, b *x509.Certificate) bool {
	return bytes.Equal(a.RawSubjectPublicKeyInfo, b.RawSubjectPublicKeyInfo)
}

// isDelegate tells whether the issuer lets c sign OCSP responses.
func isDelegate(c, issuer *x509.Certificate, now time.Time, budget *budget) bool {
	return slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageOCSPSigning) && MaySign(c) &&
		nameKey(c.RawIssuer) == nameKey(issuer.RawSubject) &&
		!now.Before(c.NotBefore) && !now.After(c.NotAfter) &&
		len(c.UnhandledCriticalExtensions) == 0 && !weakKey(c) &&
		budget.signature(issuer, len(c.RawTBSCertificate), true) && c.CheckSignatureFrom(issuer) == nil
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

// basicResponse is what package ocsp doesn't tell of a BasicOCSPResponse.
type basicResponse struct {
	seq           cryptobyte.String // the contents of the whole
	signed        cryptobyte.String // tbsResponseData
	beforeSingles cryptobyte.String // the first fields of that
	afterSingles  cryptobyte.String // the last ones
	proof         cryptobyte.String // signatureAlgorithm and signature
	byName        string            // the responder's canonical name, if it is identified so
	byKey         []byte            // or the SHA-1 of its key
	singles       []single
	certs         []*x509.Certificate // those that can be parsed
}

// single is a SingleResponse.
type single struct {
	element           cryptobyte.String
	hash              cryptobyte.String // contents of its OBJECT IDENTIFIER
	nameHash, keyHash cryptobyte.String
	serial            *big.Int
	hasReason         bool
}

func context(n cbasn1.Tag) cbasn1.Tag { return n.ContextSpecific().Constructed() }

// parseBasic takes a BasicOCSPResponse apart (RFC 6960, 4.2.1).
func parseBasic(in cryptobyte.String) (b *basicResponse, ok bool) {
	b = new(basicResponse)
	var data, responder, list, certs cryptobyte.String
	var tag cbasn1.Tag
	var present bool
	if !in.ReadASN1(&b.seq, cbasn1.SEQUENCE) || !in.Empty() {
		return nil, false
	}
	seq := b.seq
	if !seq.ReadASN1Element(&b.signed, cbasn1.SEQUENCE) {
		return nil, false
	}
	b.proof = seq
	if !seq.SkipASN1(cbasn1.SEQUENCE) || !seq.SkipASN1(cbasn1.BIT_STRING) {
		return nil, false
	}
	b.proof = b.proof[:len(b.proof)-len(seq)]
	signed := b.signed
	if !seq.ReadOptionalASN1(&certs, &present, context(0)) || !seq.Empty() ||
		!signed.ReadASN1(&data, cbasn1.SEQUENCE) {
		return nil, false
	}
	b.beforeSingles = data
	if !data.SkipOptionalASN1(context(0)) || // version
		!data.ReadAnyASN1(&responder, &tag) ||
		!data.SkipASN1(cbasn1.GeneralizedTime) { // producedAt
		return nil, false
	}
	b.beforeSingles = b.beforeSingles[:len(b.beforeSingles)-len(data)]
	if !data.ReadASN1(&list, cbasn1.SEQUENCE) {
		return nil, false
	}
	b.afterSingles = data
	switch tag {
	case context(1):
		b.byName = nameKey(responder)
	case context(2):
		var hash cryptobyte.String
		if !responder.ReadASN1(&hash, cbasn1.OCTET_STRING) {
			return nil, false
		}
		b.byKey = hash
	default:
		return nil, false
	}
	for !list.Empty() {
		s, ok := parseSingle(&list)
		if !ok {
			return nil, false
		}
		b.singles = append(b.singles, s)
	}
	if !present {
		return b, true
	}
	if !certs.ReadASN1(&certs, cbasn1.SEQUENCE) { // [0] EXPLICIT SEQUENCE OF Certificate
		return nil, false
	}
	for !certs.Empty() {
		var der cryptobyte.String
		if !certs.ReadASN1Element(&der, cbasn1.SEQUENCE) {
			return nil, false
		}
		if len(b.certs) == maxChain {
			continue
		}
		if c, err := parse(der); err == nil { // others are as good as not there
			b.certs = append(b.certs, c)
		}
	}
	return b, true
}

func parseSingle(list *cryptobyte.String) (s single, ok bool) {
	s.serial = new(big.Int)
	var entry, id, algorithm, revoked cryptobyte.String
	var isRevoked bool
	if !list.ReadASN1Element(&s.element, cbasn1.SEQUENCE) {
		return s, false
	}
	element := s.element
	if !element.ReadASN1(&entry, cbasn1.SEQUENCE) ||
		!entry.ReadASN1(&id, cbasn1.SEQUENCE) ||
		!id.ReadASN1(&algorithm, cbasn1.SEQUENCE) ||
		!algorithm.ReadASN1(&s.hash, cbasn1.OBJECT_IDENTIFIER) ||
		!id.ReadASN1(&s.nameHash, cbasn1.OCTET_STRING) ||
		!id.ReadASN1(&s.keyHash, cbasn1.OCTET_STRING) ||
		!id.ReadASN1Integer(s.serial) || !id.Empty() ||
		!entry.ReadOptionalASN1(&revoked, &isRevoked, context(1)) ||
		isRevoked && !revoked.SkipASN1(cbasn1.GeneralizedTime) {
		return s, false
	}
	s.hasReason = !revoked.Empty()
	return s, true
}

// only returns an OCSPResponse for package ocsp, which takes the first response for a serial number
// and the first certificate: with that one response and no certificates. Its signature is void.
func (b *basicResponse) only(s single) []byte {
	sequence := func(f cryptobyte.BuilderContinuation) cryptobyte.BuilderContinuation {
		return func(b *cryptobyte.Builder) { b.AddASN1(cbasn1.SEQUENCE, f) }
	}
	var out cryptobyte.Builder
	sequence(func(out *cryptobyte.Builder) {
		out.AddASN1Enum(int64(ocsp.Success))
		out.AddASN1(context(0), sequence(func(out *cryptobyte.Builder) {
			out.AddASN1ObjectIdentifier(oidBasicResponse)
			out.AddASN1(cbasn1.OCTET_STRING, sequence(func(out *cryptobyte.Builder) {
				sequence(func(out *cryptobyte.Builder) {
					out.AddBytes(b.beforeSingles)
					sequence(func(out *cryptobyte.Builder) { out.AddBytes(s.element) })(out)
					out.AddBytes(b.afterSingles)
				})(out)
				out.AddBytes(b.proof)
			}))
		}))
	})(&out)
	return out.BytesOrPanic() // of bytes that were parsed
}

// names tells whether the response says that it is c's.
func (b *basicResponse) names(c *x509.Certificate) bool {
	if b.byKey == nil {
		return b.byName == nameKey(c.RawSubject)
	}
	sum := sha1.Sum(keyBits(c))
	return bytes.Equal(b.byKey, sum[:])
}

// isFor tells whether the response is for that certificate of that issuer's (RFC 6960, 4.1.1).
func (s *single) isFor(c, issuer *x509.Certificate) bool {
	hash, known := idHashes[string(s.hash)]
	if !known || s.serial.Cmp(c.SerialNumber) != 0 {
		return false
	}
	digest := func(data []byte) []byte {
		h := hash.New()
		h.Write(data)
		return h.Sum(nil)
	}
	// The name as the certificate has it; some responders take it from the issuer's.
	return bytes.Equal(s.keyHash, digest(keyBits(issuer))) &&
		(bytes.Equal(s.nameHash, digest(c.RawIssuer)) || bytes.Equal(s.nameHash, digest(issuer.RawSubject)))
}

// keyBits returns the contents of c's subjectPublicKey.
func keyBits(c *x509.Certificate) []byte {
	spki := cryptobyte.String(c.RawSubjectPublicKeyInfo)
	var info cryptobyte.String
	var key []byte
	if !spki.ReadASN1(&info, cbasn1.SEQUENCE) || !info.SkipASN1(cbasn1.SEQUENCE) ||
		!info.ReadASN1BitStringAsBytes(&key) {
		return nil
	}
	return key
}

var oidBasicResponse = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 1}

// idHashes are the hashes that identify issuers. Whether they can be forged doesn't matter.
var idHashes = map[string]crypto.Hash{
	"\x2b\x0e\x03\x02\x1a":                 crypto.SHA1,
	"\x60\x86\x48\x01\x65\x03\x04\x02\x01": crypto.SHA256,
	"\x60\x86\x48\x01\x65\x03\x04\x02\x02": crypto.SHA384,
	"\x60\x86\x48\x01\x65\x03\x04\x02\x03": crypto.SHA512,
}
