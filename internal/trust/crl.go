package trust

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"libtls/internal/pem"
)

// CRLs is a set of certificate revocation lists. It doesn't change once made, and may be used by
// any number of verifications at a time.
type CRLs struct {
	byIssuer map[string][]*crl // by canonical name
}

// crl is one list, prepared for look-ups.
type crl struct {
	*x509.RevocationList
	revoked  map[string]bool // by serialKey
	critical bool            // it, or an entry, has a critical extension that isn't understood
	scope    scope

	// signer is the certificate that the signature was last found good with.
	signer atomic.Pointer[x509.Certificate]
}

var crlCache cache[CRLs]

// errParseCRL has libtls's text for unusable PEM.
var errParseCRL = errors.New("failed to parse crl")

// ParseCRLs makes a set of the revocation lists in PEM data. Other PEM blocks, and text between
// them, are ignored, so that the set may be empty. It fails if the PEM is broken or a list can't
// be parsed. The same bytes are parsed once and shared as long as the set is in use.
func ParseCRLs(text []byte) (*CRLs, error) {
	return crlCache.get(text, parseCRLs)
}

func parseCRLs(data []byte, _ [sha256.Size]byte) (*CRLs, error) {
	s := &CRLs{byIssuer: make(map[string][]*crl)}
	for block := range pem.Blocks(data) {
		if block.Damaged() {
			return nil, fmt.Errorf("%w: block %d is damaged", errParseCRL, block.Number)
		}
		if block.Label != "X509 CRL" {
			continue
		}
		list, err := parseCRL(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%w: block %d: %s", errParseCRL, block.Number, reason(err))
		}
		issuer := nameKey(list.RawIssuer)
		s.byIssuer[issuer] = append(s.byIssuer[issuer], newCRL(list))
	}
	return s, nil
}

// serialKey tells serial numbers apart, negative ones too.
func serialKey(n *big.Int) string { return string(append(n.Bytes(), byte(n.Sign()))) }

// parseCRL parses a list of any version. Crypto/x509 refuses version 1 (RFC 5280, 5.1.2.1), so that
// it is shown such a list with the version added.
func parseCRL(der []byte) (*x509.RevocationList, error) {
	in := cryptobyte.String(der)
	var list, tbs, contents cryptobyte.String
	if !in.ReadASN1(&list, cbasn1.SEQUENCE) || !list.ReadASN1Element(&tbs, cbasn1.SEQUENCE) {
		return x509.ParseRevocationList(der)
	}
	signed := tbs
	if !tbs.ReadASN1(&contents, cbasn1.SEQUENCE) || contents.PeekASN1Tag(cbasn1.INTEGER) {
		return x509.ParseRevocationList(der)
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1Int64(1) // version 2
			b.AddBytes(contents)
		})
		b.AddBytes(list)
	})
	b.AddBytes(in)
	twin, err := b.Bytes()
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParseRevocationList(twin)
	if err == nil {
		parsed.RawTBSRevocationList = signed
	}
	return parsed, err
}

func newCRL(list *x509.RevocationList) *crl {
	l := &crl{RevocationList: list, revoked: make(map[string]bool, len(list.RevokedCertificateEntries))}
	for _, e := range list.Extensions {
		if e.Id.Equal(oidIssuingPoint) {
			var ok bool
			l.scope, ok = parseScope(e.Value)
			l.critical = l.critical || !ok
		} else if e.Critical {
			l.critical = true
		}
	}
	for _, entry := range list.RevokedCertificateEntries {
		l.revoked[serialKey(entry.SerialNumber)] = true
		for _, e := range entry.Extensions {
			l.critical = l.critical || e.Critical
		}
	}
	return l
}

// check looks up every certificate of a path but the anchor.
func (s *CRLs) check(p path, now time.Time, noTime bool) *Error {
	for i, c := range p[:len(p)-1] {
		if err := s.checkOne(c, p[i+1].Certificate, now, noTime); err != nil {
			return err
		}
	}
	return nil
}

// checkOne looks up c in its issuer's lists. One that is usable has to be there; none may name c.
func (s *CRLs) checkOne(c *node, issuer *x509.Certificate, now time.Time, noTime bool) *Error {
	failure := errNoCRL
	covered := false
	for _, l := range s.byIssuer[c.issuer] {
		switch err := l.signedBy(issuer); {
		case err != nil:
			failure = err
		case l.critical:
			failure = errCriticalCRL
		case !l.scope.covers(c.Certificate):
			failure = errCRLScope
		case l.revoked[serialKey(c.SerialNumber)]:
			return errRevoked
		case !noTime && now.Before(l.ThisUpdate):
			failure = errCRLNotYetValid
		case !noTime && !l.NextUpdate.IsZero() && now.After(l.NextUpdate):
			failure = errCRLExpired
		default:
			covered = true
		}
	}
	if covered {
		return nil
	}
	return failure
}

// signedBy says what is wrong with the signature, or with issuer as its maker.
func (l *crl) signedBy(issuer *x509.Certificate) *Error {
	if !mayUseKey(issuer, x509.KeyUsageCRLSign) {
		return errCRLSignature
	}
	if known := l.signer.Load(); known != nil && bytes.Equal(known.RawSubjectPublicKeyInfo, issuer.RawSubjectPublicKeyInfo) {
		return nil
	}
	switch err := checkSignature(issuer, l.SignatureAlgorithm, l.RawTBSRevocationList, l.Signature); {
	case errors.As(err, new(x509.InsecureAlgorithmError)):
		return errWeakCRLDigest
	case err != nil:
		return errCRLSignature
	}
	l.signer.Store(issuer)
	return nil
}
