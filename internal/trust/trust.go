// Package trust decides whom to believe: certificate chains, their revocation lists and OCSP
// responses, and the names in certificates. It knows nothing of TLS but the alert that tells a peer
// why its certificate was refused.
//
// crypto/x509 parses certificates and checks signatures and policies. What is here is the search for a
// path whose work is bounded, and what RFC 5280 and libtls promise: names compared in one canonical
// form, all kinds of name constraints, only self-signed certificates as anchors, extended key usages
// taken literally, a limit on the number of intermediates, revocation, and reasons that name what is
// wrong.
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
	Anchors *Anchors  // for the Lookups; nil trusts nobody
	CRLs    *CRLs     // if not nil, a current CRL must cover every certificate below the anchor
	Depth   int       // most intermediates between leaf and anchor; negative for no limit but our own
	Now     time.Time // the zero time means the present
	NoTime  bool      // validity periods, those of CRLs too, are not looked at
	Usage   Usage
}

// Verification judges one chain. It goes on in pieces, since it reads no files and may take long.
type Verification struct {
	search  *search
	failure *Error // of a leaf for which there is no search
}

// Verify begins to look for a path from chain[0] to an anchor, which stored looks up. The chain is DER as
// the peer sent it, leaf first, the others in any order; the work is bounded whatever it holds.
func Verify(chain [][]byte, o Options, stored *Lookups) *Verification {
	if len(chain) == 0 {
		return &Verification{failure: errMalformed}
	}
	leaf, err := parse(chain[0])
	if err != nil {
		return &Verification{failure: errMalformed.because("%v", reason(err))}
	}
	if leaf.PublicKey == nil {
		return &Verification{failure: errMalformed.because("%v", unsupportedKey(leaf))}
	}
	if OversizedKey(leaf) {
		return &Verification{failure: errOversizedKey}
	}
	now := o.Now
	if now.IsZero() {
		now = time.Now()
	}
	return &Verification{search: newSearch(newNode(leaf), chain[1:], &o, stored, now)}
}

// Run goes on for a few milliseconds at most, and tells whether there is a Result. If there is none yet
// it is to be called again, once the file has been Put that the lookups name, if they name one.
func (v *Verification) Run() (done bool) { return v.failure != nil || v.search.run() }

// Result returns the path from leaf to anchor, which consists of the leaf alone if that is itself an
// anchor. The path is also there if the only failure is that what it holds doesn't satisfy the options.
func (v *Verification) Result() ([]*x509.Certificate, *Error) {
	if v.failure != nil {
		return nil, v.failure
	}
	path, failure := v.search.result()
	certs := make([]*x509.Certificate, len(path))
	for i, n := range path {
		certs[i] = n.Certificate
	}
	return certs, failure
}
