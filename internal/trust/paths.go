package trust

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"net"
	"slices"
	"strings"
	"time"
)

const (
	// maxLookups bounds how many issuer names of one chain are looked up in the trust store, which
	// may be a directory on disk.
	maxLookups = 64
	// maxExplain bounds the signatures checked to find out why there is no path.
	maxExplain = 20
)

// someDay is when crypto/x509 is told that it checks a path. The certificates it sees are valid then.
var someDay = time.Unix(0, 0)

// paths looks for ways from a leaf to the trust anchors.
type paths struct {
	leaf    *x509.Certificate
	roots   []*x509.Certificate // self-signed, from the trust store
	between []*x509.Certificate // from the peer, and those in the store that aren't self-signed

	// original finds the certificate behind a copy that was made for crypto/x509.
	original map[*x509.Certificate]*x509.Certificate
	usage    Usage
}

// newPaths collects what a path from leaf could consist of.
func newPaths(leaf *x509.Certificate, others [][]byte, o *Options) *paths {
	p := &paths{leaf: leaf, original: make(map[*x509.Certificate]*x509.Certificate), usage: o.Usage}
	for _, der := range others {
		c, err := x509.ParseCertificate(der)
		if err != nil || oversizedKey(c) || bytes.Equal(der, leaf.Raw) || p.known(p.between, c) {
			continue
		}
		p.between = append(p.between, c)
	}
	if o.Anchors == nil {
		return p
	}
	looked := map[string]bool{}
	look := func(c *x509.Certificate) {
		name := string(c.RawIssuer)
		if looked[name] || len(looked) == maxLookups {
			return
		}
		looked[name] = true
		for _, a := range o.Anchors.lookup(c.RawIssuer) {
			switch {
			case selfSigned(a):
				p.roots = append(p.roots, a)
			case !p.known(p.between, a):
				p.between = append(p.between, a)
			}
		}
	}
	look(leaf)
	for i := 0; i < len(p.between); i++ { // grows with the intermediates that the store has
		look(p.between[i])
	}
	return p
}

func (p *paths) known(list []*x509.Certificate, c *x509.Certificate) bool {
	return slices.ContainsFunc(list, c.Equal)
}

// find returns the paths that crypto/x509 accepts, or why there is none.
func (p *paths) find() ([][]*x509.Certificate, *Error) {
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	for _, c := range p.roots {
		roots.AddCert(p.ageless(c))
	}
	for _, c := range p.between {
		if !selfSigned(c) { // an authority of its own: no step towards another
			between.AddCert(p.ageless(c))
		}
	}
	leaf := p.ageless(p.leaf)
	if p.usage == ServerAuth {
		exposeCommonName(leaf)
	}
	found, err := leaf.Verify(x509.VerifyOptions{
		Roots:         roots,
		Intermediates: between,
		CurrentTime:   someDay,
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageAny}, // mayServe has the stricter rule
	})
	if err != nil {
		return nil, p.explain(err)
	}
	for _, path := range found {
		for i, c := range path {
			path[i] = p.original[c]
		}
	}
	return found, nil
}

// ageless copies c for crypto/x509, which can't be told to leave validity periods alone: checkPath
// looks at those, by the caller's wish. It doesn't know the TLS feature extension either.
func (p *paths) ageless(c *x509.Certificate) *x509.Certificate {
	copied := *c
	copied.NotBefore, copied.NotAfter = someDay, someDay
	copied.UnhandledCriticalExtensions = nil
	for _, oid := range c.UnhandledCriticalExtensions {
		if !oid.Equal(oidTLSFeature) {
			copied.UnhandledCriticalExtensions = append(copied.UnhandledCriticalExtensions, oid)
		}
	}
	p.original[&copied] = c
	return &copied
}

// exposeCommonName puts the name by which MatchName may know a certificate without alternative names
// where crypto/x509 applies name constraints to it.
func exposeCommonName(c *x509.Certificate) {
	name, err := CommonName(c)
	if err != nil || len(c.DNSNames) > 0 || len(c.IPAddresses) > 0 {
		return
	}
	if ip := ipLiteral(name); ip != nil {
		c.IPAddresses = []net.IP{ip}
	} else if plausibleDNSName(name) {
		c.DNSNames = []string{strings.TrimSuffix(name, ".")}
	} else {
		return
	}
	c.Extensions = append(slices.Clip(c.Extensions), pkix.Extension{Id: oidSubjectAltName})
}

// explain finds the words for a failure of crypto/x509's. It decides nothing.
func (p *paths) explain(err error) *Error {
	var invalid x509.CertificateInvalidError
	if errors.As(err, &invalid) {
		switch invalid.Reason {
		case x509.CANotAuthorizedForThisName:
			switch {
			case strings.Contains(invalid.Detail, "is excluded by"):
				return errExcluded
			case strings.Contains(invalid.Detail, "is not permitted by"):
				return errNotPermitted
			}
			return errNameSyntax
		case x509.NoValidChains:
			return errPolicy
		}
	}
	return p.walk()
}

// walk follows the most promising path as far as it goes.
func (p *paths) walk() *Error {
	path := []*x509.Certificate{p.leaf}
	checks := 0
	for {
		c := path[len(path)-1]
		if slices.ContainsFunc(c.UnhandledCriticalExtensions, unknownExtension) {
			return errCritical
		}
		switch {
		case p.known(p.roots, c):
			return errUnspecified
		case selfSigned(c) && len(path) == 1:
			return errSelfSignedLeaf
		case selfSigned(c):
			return errSelfSignedInChain
		}
		var next *x509.Certificate
		failure := errNoIssuer
		for _, issuer := range slices.Concat(p.roots, p.between) {
			if !bytes.Equal(issuer.RawSubject, c.RawIssuer) || !keyIDFits(c, issuer) ||
				p.known(path, issuer) {
				continue
			}
			if checks++; checks > maxExplain {
				return errNoIssuer
			}
			if why := p.checkIssuer(c, issuer, len(path)-1); why == nil {
				next = issuer
				break
			} else if failure == errNoIssuer {
				failure = why
			}
		}
		if next == nil {
			return failure
		}
		path = append(path, next)
	}
}

// checkIssuer says what keeps issuer from being the parent of c, with the given number of
// intermediates between it and the leaf.
func (p *paths) checkIssuer(c, issuer *x509.Certificate, intermediates int) *Error {
	if weakKey(issuer) {
		return errWeakCAKey
	}
	err := c.CheckSignatureFrom(issuer)
	var weak x509.InsecureAlgorithmError
	var notCA x509.ConstraintViolationError
	switch {
	case errors.As(err, &notCA):
		return errInvalidCA
	case errors.As(err, &weak):
		return errWeakDigest
	case err != nil:
		return errSignature
	case !issuer.BasicConstraintsValid && !p.known(p.roots, issuer):
		return errInvalidCA
	case issuer.BasicConstraintsValid && issuer.MaxPathLen >= 0 && intermediates > issuer.MaxPathLen:
		return errPathLength
	}
	return nil
}

// unknownExtension tells whether nobody here knows an extension that crypto/x509 didn't.
func unknownExtension(oid asn1.ObjectIdentifier) bool { return !oid.Equal(oidTLSFeature) }
