package trust

import (
	"bytes"
	"cmp"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"time"
)

// node is a certificate that may be part of a path.
type node struct {
	*x509.Certificate
	subject, issuer string // canonical
	anchor          bool   // trusted, and not because of another certificate
}

func newNode(c *x509.Certificate) *node {
	return &node{Certificate: c, subject: nameKey(c.RawSubject), issuer: nameKey(c.RawIssuer)}
}

// selfIssued tells whether n names itself as its issuer (RFC 5280, 3.2).
func (n *node) selfIssued() bool { return n.subject == n.issuer }

// selfSigned tells whether n claims to have signed itself. The signature isn't looked at: nothing
// follows from it for a certificate that is trusted, or not, as a whole.
func (n *node) selfSigned() bool { return n.selfIssued() && keyIDFits(n, n) }

// keyIDFits tells whether c's authority key identifier, if it has one, allows issuer.
func keyIDFits(c, issuer *node) bool {
	return len(c.AuthorityKeyId) == 0 || len(issuer.SubjectKeyId) == 0 ||
		bytes.Equal(c.AuthorityKeyId, issuer.SubjectKeyId)
}

// path leads from a leaf towards a trust anchor.
type path []*node

func (p path) last() *node { return p[len(p)-1] }

// search looks for a path to a trust anchor, depth first, the likeliest issuers first. It can stop after
// each step, and go on later.
type search struct {
	o      *Options
	now    time.Time
	leaf   *node           // until the search has begun
	open   []*branch       // the path that is being extended, by its last certificates
	sent   []*node         // by the peer, after the leaf
	stored *Lookups        // in the trust store
	looked map[string]bool // subjects that have been looked up there
	signed map[signature]*Error
	names  map[*node][]name
	limits map[*node]*constraints
	budget budget

	good    bool   // found is
	found   path   // the first one that is good; else the first complete one
	judged  *Error // what is wrong with that
	dead    *Error // why the first incomplete path didn't go on
	missing *Error // where issuers that can't be read might have been, or nil
}

// signature is that of a certificate, checked with a public key.
type signature struct {
	of  *node
	key string
}

// branch is an incomplete path, and the issuers by which it may go on.
type branch struct {
	path    path
	known   bool    // what the issuers are
	issuers []*node // that are yet to be tried
	deadEnd bool    // none of those before was the issuer
	failure *Error  // why the likeliest wasn't
}

func newSearch(leaf *node, others [][]byte, o *Options, stored *Lookups, now time.Time) *search {
	s := &search{
		o: o, now: now, leaf: leaf, stored: stored, budget: newBudget(),
		looked: make(map[string]bool), signed: make(map[signature]*Error),
		names: make(map[*node][]name), limits: make(map[*node]*constraints),
	}
	if len(others) >= maxChain {
		others = others[:maxChain-1]
		s.missing = errTooLong
	}
	for i, der := range others {
		c, err := parse(der)
		if err != nil {
			if s.missing == nil {
				s.missing = errNoIssuer.because("certificate %d of the chain: %v", i+2, reason(err))
			}
			continue
		}
		if !bytes.Equal(der, leaf.Raw) && !slices.ContainsFunc(s.sent, func(n *node) bool { return n.Equal(c) }) {
			s.sent = append(s.sent, newNode(c))
		}
	}
	return s
}

// result returns the path to an anchor, good or not, and what is wrong with it.
func (s *search) result() (path, *Error) {
	switch {
	case s.good:
		return s.found, nil
	case s.judged != nil:
		return s.found, s.judged
	}
	return nil, s.dead
}

// run goes on until there is a result, which it tells, a file has to be read, or a share of the budget
// is spent.
func (s *search) run() (done bool) {
	if s.leaf != nil && !s.begin() {
		return false
	}
	for left := s.budget.arithmetic - share; !s.good && len(s.open) > 0; {
		if s.budget.arithmetic < left {
			return false
		}
		b := s.open[len(s.open)-1]
		if !b.known {
			if b.issuers, b.known = s.issuers(b.path.last()); !b.known {
				return false
			}
		}
		if len(b.issuers) == 0 {
			s.close(b)
			continue
		}
		issuer := b.issuers[0]
		b.issuers = b.issuers[1:]
		s.try(b, issuer)
	}
	return true
}

// begin tells whether all is known that the first step needs.
func (s *search) begin() bool {
	leaf := s.leaf
	if leaf.selfSigned() {
		own, ok := s.lookup(leaf.subject)
		if !ok {
			return false
		}
		leaf.anchor = slices.ContainsFunc(own, func(n *node) bool { return n.Equal(leaf.Certificate) })
	}
	s.leaf = nil
	s.extend(path{leaf})
	return true
}

// extend judges a path if it is complete. If it isn't it is left open, to be tried with other issuers.
func (s *search) extend(p path) {
	c := p.last()
	if !take(&s.budget.steps, 1) {
		s.stop(errTooMuchWork)
		return
	}
	for _, oid := range c.UnhandledCriticalExtensions {
		if !understood(oid) {
			s.stop(errCritical)
			return
		}
	}
	switch {
	case c.anchor:
		err := s.judge(p)
		switch {
		case err == nil:
			s.good, s.found = true, p
		case s.judged == nil:
			s.found, s.judged = p, err
		}
		if err == errTooMuchWork {
			s.budget = budget{} // other paths would cost as much
		}
	case c.selfSigned() && len(p) == 1:
		s.stop(errSelfSignedLeaf)
	case c.selfSigned(): // an authority of its own: no step towards another
		s.stop(errSelfSignedInChain)
	case s.o.Depth >= 0 && len(p)-1 > s.o.Depth:
		s.stop(errTooLong)
	default:
		s.open = append(s.open, &branch{path: p, deadEnd: true})
	}
}

// try goes on from a branch by way of an issuer, if it is the issuer.
func (s *search) try(b *branch, issuer *node) {
	if slices.ContainsFunc(b.path, issuer.sameKey) {
		return
	}
	switch err := s.issued(b.path, issuer); {
	case err == nil:
		b.deadEnd = false
		s.extend(slices.Concat(b.path, path{issuer}))
	case err == errTooMuchWork:
		s.stop(err)
		b.issuers, b.deadEnd = nil, false
	case b.failure == nil && keyIDFits(b.path.last(), issuer):
		b.failure = err
	}
}

// close leaves a branch from which all has been tried.
func (s *search) close(b *branch) {
	s.open = s.open[:len(s.open)-1]
	if b.deadEnd {
		s.stop(cmp.Or(b.failure, s.missing, errNoIssuer))
	}
}

// stop notes why a path was given up.
func (s *search) stop(why *Error) {
	if s.dead == nil || why == errTooMuchWork {
		s.dead = why
	}
}

// sameKey tells whether a path that has n gains nothing by other: it is of the same authority.
func (n *node) sameKey(other *node) bool {
	return n.subject == other.subject && bytes.Equal(n.RawSubjectPublicKeyInfo, other.RawSubjectPublicKeyInfo)
}

// issuers returns the certificates that may have issued c: trust anchors before others, and before
// those whose key c doesn't name. False means that a file has to be read first.
func (s *search) issuers(c *node) ([]*node, bool) {
	stored, ok := s.lookup(c.issuer)
	if !ok {
		return nil, false
	}
	list := slices.Clone(stored)
	for _, n := range s.sent {
		if n.subject == c.issuer && !slices.ContainsFunc(list, func(m *node) bool { return m.Equal(n.Certificate) }) {
			list = append(list, n)
		}
	}
	rank := func(n *node) int {
		switch {
		case !keyIDFits(c, n):
			return 2
		case !n.anchor:
			return 1
		}
		return 0
	}
	slices.SortStableFunc(list, func(a, b *node) int { return rank(a) - rank(b) })
	return list, true
}

// lookup returns the trust store's certificates of that subject. False means that a file has to be read
// first.
func (s *search) lookup(subject string) ([]*node, bool) {
	if !s.looked[subject] {
		if !take(&s.budget.lookups, 1) {
			return nil, true
		}
		s.looked[subject] = true
	}
	l := s.stored.find(subject)
	if l == nil {
		return nil, false
	}
	s.missing = cmp.Or(l.missing, s.missing)
	return l.found, true
}

// issued says what keeps issuer from being the parent of the path's last certificate.
func (s *search) issued(p path, issuer *node) *Error {
	switch {
	case weakKey(issuer.Certificate):
		return errWeakCAKey
	case OversizedKey(issuer.Certificate):
		return errOversizedKey
	case issuer.BasicConstraintsValid && !issuer.IsCA,
		!issuer.BasicConstraintsValid && (issuer.Version > 2 || !issuer.anchor),
		!mayUseKey(issuer.Certificate, x509.KeyUsageCertSign):
		return errInvalidCA
	case issuer.BasicConstraintsValid && issuer.MaxPathLen >= 0 && p.intermediates() > issuer.MaxPathLen:
		return errPathLength
	}
	sig := signature{p.last(), string(issuer.RawSubjectPublicKeyInfo)}
	err, known := s.signed[sig]
	if !known {
		if !s.budget.signature(issuer.Certificate, len(p.last().RawTBSCertificate), issuer.anchor) {
			return errTooMuchWork
		}
		err = signatureError(checkSignatureFrom(p.last().Certificate, issuer.Certificate), p.last().Certificate)
		s.signed[sig] = err
	}
	return err
}

// intermediates counts those that a path length constraint above the path counts (RFC 5280, 4.2.1.9).
func (p path) intermediates() (n int) {
	for _, c := range p[1:] {
		if !c.selfIssued() {
			n++
		}
	}
	return n
}

// signatureError translates an error of crypto/x509's about the signature of c.
func signatureError(err error, c *x509.Certificate) *Error {
	switch {
	case err == nil:
		return nil
	case errors.As(err, new(x509.InsecureAlgorithmError)):
		return errWeakDigest
	case errors.Is(err, x509.ErrUnsupportedAlgorithm):
		return errAlgorithm.because("%s", signedWith(c))
	}
	return errSignature
}

// judge checks a complete path.
func (s *search) judge(p path) *Error {
	if err := s.policies(p); err != nil {
		return err
	}
	if err := s.constraints(p); err != nil {
		return err
	}
	if err := checkLeaf(p[0].Certificate, s.o.Usage); err != nil {
		return err
	}
	for _, c := range p {
		if !mayServe(c.Certificate, s.o.Usage) {
			return errPurpose
		}
	}
	if s.o.Depth >= 0 && len(p)-2 > s.o.Depth {
		return errTooLong
	}
	if s.o.CRLs != nil {
		if err := s.o.CRLs.check(p, s.now, s.o.NoTime); err != nil {
			return err
		}
	}
	if s.o.NoTime {
		return nil
	}
	for _, c := range p {
		if s.now.Before(c.NotBefore) {
			return errNotYetValid
		}
		if s.now.After(c.NotAfter) {
			return errExpired
		}
	}
	return nil
}

// policies has crypto/x509 judge certificate policies (RFC 5280, 6.1), which matter only where an
// authority demands some.
func (s *search) policies(p path) *Error {
	if !slices.ContainsFunc(p, func(n *node) bool { return has(n.Certificate, oidPolicyConstraints) }) {
		return nil
	}
	// It is shown what it needs for that and nothing else. Each copy names the next one as its
	// issuer, so that there is one path; self-issued certificates count as others do, which is
	// stricter than the RFC. The signatures have been checked, so that all copies have one that
	// costs little.
	someDay := time.Unix(0, 0)
	signed := []byte("copied")
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	made := ed25519.Sign(key, signed)
	copies := make([]*x509.Certificate, len(p))
	for i, c := range p {
		copies[i] = &x509.Certificate{
			Raw: c.Raw, RawTBSCertificate: signed, Version: c.Version,
			Signature: made, SignatureAlgorithm: x509.PureEd25519,
			PublicKey: key.Public(), PublicKeyAlgorithm: x509.Ed25519,
			RawSubject: fmt.Append(nil, i), RawIssuer: fmt.Append(nil, i+1),
			NotBefore: someDay, NotAfter: someDay, SerialNumber: c.SerialNumber,
			BasicConstraintsValid: c.BasicConstraintsValid, IsCA: c.IsCA, MaxPathLen: -1,
			Policies: c.Policies, PolicyMappings: c.PolicyMappings,
			InhibitAnyPolicy: c.InhibitAnyPolicy, InhibitAnyPolicyZero: c.InhibitAnyPolicyZero,
			InhibitPolicyMapping: c.InhibitPolicyMapping, InhibitPolicyMappingZero: c.InhibitPolicyMappingZero,
			RequireExplicitPolicy: c.RequireExplicitPolicy, RequireExplicitPolicyZero: c.RequireExplicitPolicyZero,
		}
		if !take(&s.budget.arithmetic, policyCost*(len(c.Policies)+len(c.PolicyMappings))) ||
			i > 0 && !s.budget.signature(copies[i], len(signed), true) {
			return errTooMuchWork
		}
	}
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	for _, c := range copies[1 : len(copies)-1] {
		between.AddCert(c)
	}
	roots.AddCert(copies[len(copies)-1])
	if _, err := copies[0].Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: between, CurrentTime: someDay,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	}); err != nil {
		return errPolicy
	}
	return nil
}

// understood tells whether an extension that crypto/x509 doesn't handle is handled here.
func understood(oid asn1.ObjectIdentifier) bool {
	return oid.Equal(oidTLSFeature) || oid.Equal(oidNameConstraints) || oid.Equal(oidSubjectAltName)
}
