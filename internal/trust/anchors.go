package trust

import (
	"crypto/x509"
	"errors"
	"sync"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"libtls/internal/pem"
	"libtls/internal/plain"
)

// Anchors is a trust store: the certificates that a program trusts, and others that may help to
// reach them. It doesn't change once made, and may be used by any number of verifications at a time.
type Anchors struct {
	bySubject map[string][]*anchor // by raw subject
	dirs      []string             // hashed directories, asked for subjects that bySubject doesn't have
}

// anchor is a certificate of the store, parsed when it is first needed: a bundle has far more than
// a program ever meets.
type anchor struct {
	der  []byte
	once sync.Once
	cert *x509.Certificate // nil if it can't be parsed
}

func (a *anchor) certificate() *x509.Certificate {
	a.once.Do(func() { a.cert, _ = x509.ParseCertificate(a.der) })
	return a.cert
}

var anchorCache cache[Anchors]

var errNoCertificate = errors.New("no certificate found")

// ParseAnchors makes a trust store of concatenated PEM certificates. Other PEM blocks, and text
// between them, are ignored. It fails if no certificate is there. The same bytes are parsed once
// and shared as long as the store is in use.
func ParseAnchors(text []byte) (*Anchors, error) {
	return anchorCache.get(text, parseAnchors)
}

func parseAnchors(data []byte) (*Anchors, error) {
	var certs [][]byte
	for block := range pem.Blocks(data) {
		if block.IsCertificate() && !block.Damaged() {
			certs = append(certs, block.Bytes)
		}
	}
	a := new(Anchors)
	a.add(certs...)
	if len(a.bySubject) == 0 {
		return nil, errNoCertificate
	}
	return a, nil
}

// add takes certificates in DER into a store in the making.
func (a *Anchors) add(certs ...[]byte) {
	a.bySubject = make(map[string][]*anchor)
	for _, der := range certs {
		if subject, ok := rawSubject(der); ok {
			a.bySubject[string(subject)] = append(a.bySubject[string(subject)], &anchor{der: der})
		}
	}
}

// lookup returns the certificates whose subject is the given raw name.
func (a *Anchors) lookup(subject []byte) []*x509.Certificate {
	var found []*x509.Certificate
	for _, entry := range a.bySubject[string(subject)] {
		if c := entry.certificate(); c != nil {
			found = append(found, c)
		}
	}
	if len(found) > 0 {
		return found
	}
	for _, dir := range a.dirs {
		found = append(found, lookupHashed(dir, subject)...)
	}
	return found
}

// Fields goes through all of a trust store.
func (a *Anchors) Fields(p *plain.Coder) {
	plain.List(p, &a.dirs, 8, p.Text)
	var certs [][]byte
	for _, entries := range a.bySubject {
		for _, entry := range entries {
			certs = append(certs, entry.der)
		}
	}
	plain.List(p, &certs, 8, p.Bytes)
	if p.Reading() {
		a.add(certs...)
	}
}

// rawSubject finds the subject in a certificate (RFC 5280, 4.1) without parsing all of it.
func rawSubject(der cryptobyte.String) (subject cryptobyte.String, ok bool) {
	var cert, tbs cryptobyte.String
	ok = der.ReadASN1(&cert, cbasn1.SEQUENCE) && der.Empty() &&
		cert.ReadASN1(&tbs, cbasn1.SEQUENCE) &&
		tbs.SkipOptionalASN1(cbasn1.Tag(0).ContextSpecific().Constructed()) && // version
		tbs.SkipASN1(cbasn1.INTEGER) && // serialNumber
		tbs.SkipASN1(cbasn1.SEQUENCE) && // signature
		tbs.SkipASN1(cbasn1.SEQUENCE) && // issuer
		tbs.SkipASN1(cbasn1.SEQUENCE) && // validity
		tbs.ReadASN1Element(&subject, cbasn1.SEQUENCE)
	return subject, ok
}
