package trust

import (
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"slices"
	"sync"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"libtls/internal/pem"
	"libtls/internal/plain"
)

// Anchors is a trust store: the certificates that a program trusts, and others that may help to
// reach them. It doesn't change once made, and may be used by any number of verifications at a time.
type Anchors struct {
	bySubject map[string][]*anchor // by canonical name
	damaged   int                  // blocks that aren't certificates
	dirs      []string             // hashed directories, asked for subjects that bySubject doesn't have
	more      []*Anchors           // asked besides
	sum       [sha256.Size]byte    // of the text that it was made of, if it was
}

// anchor is a certificate of the store, parsed when it is first needed: a bundle has far more than
// a program ever meets.
type anchor struct {
	der  []byte
	once sync.Once
	node *node // nil if it can't be parsed
	err  error // why
}

func (a *anchor) certificate() (*node, error) {
	a.once.Do(func() {
		var c *x509.Certificate
		if c, a.err = parse(a.der); a.err == nil {
			a.node = newNode(c)
			a.node.anchor = a.node.selfSigned()
		}
	})
	return a.node, a.err
}

// Join makes one trust store of several; some may be nil.
func Join(list ...*Anchors) *Anchors {
	return &Anchors{more: slices.DeleteFunc(slices.Clone(list), func(a *Anchors) bool { return a == nil })}
}

var anchorCache cache[Anchors]

var errNoCertificate = errors.New("no certificate found")

// ParseAnchors makes a trust store of concatenated PEM certificates. Other PEM blocks, and text
// between them, are ignored. It fails if no certificate is there. The same bytes are parsed once
// and shared as long as the store is in use.
func ParseAnchors(text []byte) (*Anchors, error) {
	return anchorCache.get(text, parseAnchors)
}

// Sum returns a hash of the text that ParseAnchors made the store of.
func (a *Anchors) Sum() [sha256.Size]byte { return a.sum }

// Empty tells whether there is no certificate in the store, and no directory.
func (a *Anchors) Empty() bool {
	return len(a.bySubject) == 0 && len(a.dirs) == 0 && len(a.more) == 0
}

func parseAnchors(data []byte, sum [sha256.Size]byte) (*Anchors, error) {
	var certs [][]byte
	a := &Anchors{sum: sum}
	for block := range pem.Blocks(data) {
		switch {
		case block.Damaged():
			a.damaged++
		case block.IsCertificate():
			certs = append(certs, block.Bytes)
		}
	}
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
		subject, ok := rawSubject(der)
		if !ok {
			a.damaged++
			continue
		}
		name := nameKey(subject)
		a.bySubject[name] = append(a.bySubject[name], &anchor{der: der})
	}
}

// find adds to a lookup what the store has in memory, and the hashed directories that may have more.
func (a *Anchors) find(l *lookup) {
	if a.damaged > 0 {
		l.missing = errNoIssuer.because("blocks of the CA file that can't be read: %d", a.damaged)
	}
	known := len(l.found)
	for _, entry := range a.bySubject[l.subject] {
		n, err := entry.certificate()
		if err != nil {
			raw, _ := rawSubject(entry.der)
			l.missing = errNoIssuer.because("trusted certificate %s: %v", Oneline(raw), reason(err))
			continue
		}
		l.found = append(l.found, n)
	}
	if len(l.found) == known {
		l.dirs = append(l.dirs, a.dirs...)
	}
	for _, other := range a.more {
		other.find(l)
	}
}

// Fields goes through all of a trust store.
func (a *Anchors) Fields(p *plain.Coder) {
	plain.List(p, &a.dirs, 8, p.Text)
	plain.Number(p, &a.damaged)
	p.Array(a.sum[:])
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
