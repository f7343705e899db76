package trust

import (
	"crypto/x509"
	"errors"
	"sync/atomic"
	"time"

	"libtls/internal/pem"
)

// CRLs is a set of certificate revocation lists. It doesn't change once made, and may be used by
// any number of verifications at a time.
type CRLs struct {
	byIssuer map[string][]*crl // by raw name
}

// crl is one list, prepared for look-ups.
type crl struct {
	*x509.RevocationList
	revoked  map[string]bool // by the serial number's bytes
	critical bool            // it, or an entry, has a critical extension that isn't understood
	scope    scope

	// signer is the certificate that the signature was last found good with.
	signer atomic.Pointer[x509.Certificate]
}

var crlCache cache[CRLs]

// errParseCRL has the text of the contract's for unusable PEM.
var errParseCRL = errors.New("failed to parse crl")

// ParseCRLs makes a set of the revocation lists in PEM data. Other PEM blocks, and text between
// them, are ignored, so that the set may be empty. It fails if the PEM is broken or a list can't
// be parsed. The same bytes are parsed once and shared as long as the set is in use.
func ParseCRLs(text []byte) (*CRLs, error) {
	return crlCache.get(text, parseCRLs)
}

func parseCRLs(data []byte) (*CRLs, error) {
	s := &CRLs{byIssuer: make(map[string][]*crl)}
	for block := range pem.Blocks(data) {
		if block.Damaged() {
			return nil, errParseCRL
		}
		if block.Label != "X509 CRL" {
			continue
		}
		list, err := x509.ParseRevocationList(block.Bytes)
		if err != nil {
			return nil, errParseCRL
		}
		s.byIssuer[string(list.RawIssuer)] = append(s.byIssuer[string(list.RawIssuer)], newCRL(list))
	}
	return s, nil
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
		l.revoked[string(entry.SerialNumber.Bytes())] = true
		for _, e := range entry.Extensions {
			l.critical = l.critical || e.Critical
		}
	}
	return l
}

// check looks up every certificate of a path but the anchor.
func (s *CRLs) check(path []*x509.Certificate, now time.Time, noTime bool) *Error {
	for i, c := range path[:len(path)-1] {
		if err := s.checkOne(c, path[i+1], now, noTime); err != nil {
			return err
		}
	}
	return nil
}

// checkOne looks up c in its issuer's lists. One that is usable has to be there; none may name c.
func (s *CRLs) checkOne(c, issuer *x509.Certificate, now time.Time, noTime bool) *Error {
	failure := errNoCRL
	covered := false
	for _, l := range s.byIssuer[string(c.RawIssuer)] {
		switch {
		case !l.signedBy(issuer):
			failure = errCRLSignature
		case l.critical:
			failure = errCriticalCRL
		case !l.scope.covers(c):
			failure = errCRLScope
		case l.revoked[string(c.SerialNumber.Bytes())]:
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

func (l *crl) signedBy(issuer *x509.Certificate) bool {
	if known := l.signer.Load(); known != nil && known.Equal(issuer) {
		return true
	}
	if l.CheckSignatureFrom(issuer) != nil {
		return false
	}
	l.signer.Store(issuer)
	return true
}
