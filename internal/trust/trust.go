// Package trust decides whom to believe: certificate chains, their revocation lists and OCSP
// responses, and the names in certificates. It knows nothing of TLS but the alert that tells a peer
// why its certificate was refused.
//
// crypto/x509 makes and checks the paths. What is here is what libtls promises on top of it: only
// self-signed certificates are anchors, extended key usages are taken literally, a limit on the
// number of intermediates, revocation, and reasons that name what is wrong.
package trust

import (
	"crypto/x509"
	"time"
)

// Usage is what a certificate is asked to do.
type Usage uint8

// The two ends of a connection.
const (
	ServerAuth Usage = iota // the chain is a server's
	ClientAuth              // the chain is a client's
)

// Options says what a chain has to satisfy.
type Options struct {
	Anchors *Anchors  // nil trusts nobody
	CRLs    *CRLs     // if not nil, a current CRL must cover every certificate below the anchor
	Depth   int       // most intermediates between leaf and anchor; negative for no limit but our own
	Now     time.Time // the zero time means the present
	NoTime  bool      // validity periods, those of CRLs too, are not looked at
	Usage   Usage
}

const (
	// maxChain is how many of a peer's certificates are looked at. The rest can't help a chain
	// that anybody would issue, but every one costs work.
	maxChain = 32
	// maxRSABits bounds what checking one signature costs.
	maxRSABits = 8192
	// minRSABits is OpenSSL's security level 1.
	minRSABits = 1024
)

// Verify looks for paths from chain[0] to an anchor. The chain is DER as the peer sent it, leaf
// first, the others in any order; the work is bounded whatever it holds. It returns every path that
// satisfies o, each from leaf to anchor; a leaf that is itself an anchor is a path of one.
func Verify(chain [][]byte, o *Options) ([][]*x509.Certificate, *Error) {
	if len(chain) == 0 {
		return nil, errMalformed
	}
	leaf, err := x509.ParseCertificate(chain[0])
	if err != nil {
		return nil, errMalformed
	}
	if oversizedKey(leaf) {
		return nil, errMalformed
	}
	paths, failure := newPaths(leaf, chain[1:min(len(chain), maxChain)], o).find()
	if failure == nil {
		failure = checkLeaf(leaf, o.Usage)
	}
	if failure != nil {
		return nil, failure
	}
	now := o.Now
	if now.IsZero() {
		now = time.Now()
	}
	var good [][]*x509.Certificate
	for _, path := range paths {
		if err := checkPath(path, o, now); err == nil {
			good = append(good, path)
		} else if failure == nil {
			failure = err
		}
	}
	if len(good) == 0 {
		return nil, failure
	}
	return good, nil
}

// checkPath checks what crypto/x509 doesn't, or does by other rules.
func checkPath(path []*x509.Certificate, o *Options, now time.Time) *Error {
	for _, c := range path {
		if !mayServe(c, o.Usage) {
			return errPurpose
		}
	}
	if o.Depth >= 0 && len(path)-2 > o.Depth {
		return errTooLong
	}
	if o.CRLs != nil {
		if err := o.CRLs.check(path, now, o.NoTime); err != nil {
			return err
		}
	}
	if o.NoTime {
		return nil
	}
	for _, c := range path {
		if now.Before(c.NotBefore) {
			return errNotYetValid
		}
		if now.After(c.NotAfter) {
			return errExpired
		}
	}
	return nil
}
