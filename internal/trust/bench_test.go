package trust

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math"
	"math/big"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// bundle makes a file of as many roots as systems have, the given one among them.
func bundle(b *testing.B, root *party) []byte {
	parties := []*party{root}
	for i := range 140 {
		parties = append(parties, issue(b, nil, fmt.Sprint("root ", i), ca))
	}
	return pemOf(parties...)
}

// BenchmarkParseAnchors is what a bundle costs the first time ...
func BenchmarkParseAnchors(b *testing.B) {
	data := bundle(b, issue(b, nil, "root", ca))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := parseAnchors(data, [32]byte{}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkParseAnchorsAgain ... and every later time, if the caller has only the bytes.
func BenchmarkParseAnchorsAgain(b *testing.B) {
	data := bundle(b, issue(b, nil, "root", ca))
	a, err := ParseAnchors(data)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if again, err := ParseAnchors(data); err != nil || again != a {
			b.Fatal(err)
		}
	}
}

// BenchmarkVerify checks a leaf below one intermediate: two P-256 signatures.
func BenchmarkVerify(b *testing.B) {
	root := issue(b, nil, "root", ca)
	inter := issue(b, root, "inter", ca)
	chain := ders(issue(b, inter, "leaf.test", dns("leaf.test")), inter)
	a, err := ParseAnchors(bundle(b, root))
	if err != nil {
		b.Fatal(err)
	}
	o := &Options{Anchors: a, Now: now, Depth: 6}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := verdict(chain, o); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkHostileChain is as much work as a peer can make of one verdict: authorities that all have
// the same name, so that each may have issued each, with the largest keys of each kind, and as many names
// as fit into the message. cpu-ms/op is what counts on a machine that has other work.
func BenchmarkHostileChain(b *testing.B) {
	root := issue(b, nil, "root", ca)
	a, err := ParseAnchors(bundle(b, root))
	if err != nil {
		b.Fatal(err)
	}
	for _, kind := range []string{"RSA-8192", "RSA-4096, large exponent", "P-521", "P-384", "P-256"} {
		b.Run(kind, func(b *testing.B) {
			key, signingKey := hostileKey(b, kind)
			var signers []*party
			for _, name := range []string{"cross A", "cross B"} {
				signers = append(signers, issueTo(b, signingKey, nil, name, ca))
			}
			var chain [][]byte
			for i := range maxChain {
				subject, signer := signers[i%2].Subject.CommonName, signers[1-i%2]
				der := create(b, key(b), signer, subject, ca)
				if room := 100<<10/maxChain - len(der) - 50; room > 0 {
					der = create(b, key(b), signer, subject, ca, dns(slices.Repeat([]string{"a.test"}, room/8)...))
				}
				chain = append(chain, forged(b, der))
			}
			hostile(b, chain, a)
		})
	}
	b.Run("P-521, and its issuer RSA-4096", func(b *testing.B) {
		key, err := rsa.GenerateKey(rand.Reader, 4096)
		if err != nil {
			b.Fatal(err)
		}
		root := issueTo(b, key, nil, "root", ca)
		authority, other := issueTo(b, p521Key(b), nil, "authority", ca), issueTo(b, p521Key(b), nil, "authority", ca)
		chain := []*party{issue(b, authority, "leaf"), other}
		for len(chain) < maxChain { // one key, of which the root's signature is wrong
			chain = append(chain, tampered(b, issueTo(b, authority.key, root, "authority", ca)))
		}
		hostile(b, ders(chain...), anchors(b, root))
	})
	b.Run("policies", func(b *testing.B) { hostile(b, manyPolicies(b, root), a) })
	b.Run("constraints", func(b *testing.B) { hostile(b, constrainedWeb(b, root), a) })
}

// hostile measures the verdict on a chain that isn't believed.
func hostile(b *testing.B, chain [][]byte, a *Anchors) {
	b.Helper()
	o := &Options{Anchors: a, Now: now, Depth: -1}
	measure(b, func() {
		if _, err := verdict(chain, o); err == nil {
			b.Fatal("believed")
		}
	})
}

// BenchmarkHostileOCSP is as much work as a peer can make of its OCSP response, which no chain that isn't
// believed comes to: issuers of one name, and a delegate of that name too.
func BenchmarkHostileOCSP(b *testing.B) {
	root := issue(b, nil, "root", ca)
	chain := []*x509.Certificate{nil}
	var inter *party
	for range 3 {
		inter = issueTo(b, p521Key(b), root, "inter", ca)
		chain = append(chain, inter.Certificate)
	}
	leaf := issue(b, inter, "leaf.test")
	chain[0] = leaf.Certificate
	delegate := issueTo(b, p521Key(b), inter, "inter", eku(x509.ExtKeyUsageOCSPSigning))
	in := respond(b, inter, &party{delegate.Certificate, p521Key(b)}, leaf)
	stored := NewLookups(anchors(b, root))
	measure(b, func() {
		if _, _, err := CheckOCSP(in, chain, stored, now); err == nil {
			b.Fatal("believed")
		}
	})
}

// measure reports processor time as well. No signature is remembered from one f to the next.
func measure(b *testing.B, f func()) {
	b.Helper()
	used := func() int64 {
		var t unix.Timespec
		if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &t); err != nil {
			b.Fatal(err)
		}
		return t.Nano()
	}
	before := used()
	for b.Loop() {
		for i := range checked {
			checked[i].Store(nil)
		}
		f()
	}
	b.ReportMetric(float64(used()-before)/1e6/float64(b.N), "cpu-ms/op")
}

// constrainedWeb has authorities that have certified each other, below one that really has a root's
// certificate, with constraints that the leaf's last name breaks: each way to the root has to be judged.
func constrainedWeb(b *testing.B, root *party) [][]byte {
	var permitted []string
	for i := range 1000 {
		permitted = append(permitted, fmt.Sprintf("dns:%d.test", i))
	}
	limited := func(c *x509.Certificate) {
		c.ExtraExtensions = []pkix.Extension{subtrees(b, permitted, nil)}
	}
	top := issue(b, root, "top", ca, limited)
	var web []*party
	for i := range 5 {
		web = append(web, issue(b, top, fmt.Sprint("web ", i), ca))
	}
	leaf := issue(b, web[0], "leaf", dns(append(slices.Repeat([]string{"999.test"}, 3000), "other")...))
	chain := []*party{leaf, top}
	for _, issuer := range web {
		for _, subject := range web {
			if issuer != subject {
				chain = append(chain, issueTo(b, subject.key, issuer, subject.Subject.CommonName, ca))
			}
		}
	}
	return ders(append(chain, web...)...)
}

// manyPolicies has an authority that really has a root's certificate, and ways to it with as many policies
// as fit, all of which are mapped. The leaf has none of them.
func manyPolicies(b *testing.B, root *party) [][]byte {
	const count = 300
	type mapping struct{ Issuer, Subject asn1.ObjectIdentifier }
	var policies []x509.OID
	var mappings []mapping
	for i := range count {
		oid, err := x509.OIDFromInts([]uint64{2, 5, 4, uint64(i)})
		if err != nil {
			b.Fatal(err)
		}
		policies = append(policies, oid)
		mappings = append(mappings, mapping{asn1.ObjectIdentifier{2, 5, 4, i}, asn1.ObjectIdentifier{2, 5, 4, (i + 1) % count}})
	}
	value, err := asn1.Marshal(mappings)
	if err != nil {
		b.Fatal(err)
	}
	lavish := func(c *x509.Certificate) {
		c.Policies = policies
		c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 33}, Value: value})
	}
	top := issue(b, root, "top", ca, requireExplicit(b), lavish)
	var web []*party
	for i := range 3 {
		web = append(web, issue(b, top, fmt.Sprint("web ", i), ca, lavish))
	}
	chain := []*party{issue(b, web[0], "leaf"), top}
	for _, issuer := range web {
		for _, subject := range web {
			if issuer != subject {
				chain = append(chain, issueTo(b, subject.key, issuer, subject.Subject.CommonName, ca, lavish))
			}
		}
	}
	return ders(append(chain, web...)...)
}

// forged replaces a certificate's signature with one that takes an RSA key of any size to check.
func forged(b *testing.B, der []byte) []byte {
	var cert struct {
		TBS, Algorithm asn1.RawValue
		Signature      asn1.BitString
	}
	if _, err := asn1.Unmarshal(der, &cert); err != nil {
		b.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		b.Fatal(err)
	}
	if c.SignatureAlgorithm != x509.SHA256WithRSA {
		return der // it is another key's already
	}
	size := c.PublicKey.(*rsa.PublicKey).Size() // as its issuer's
	cert.Signature = asn1.BitString{Bytes: append([]byte{0}, bytes.Repeat([]byte{7}, size-1)...), BitLength: 8 * size}
	out, err := asn1.Marshal(cert)
	if err != nil {
		b.Fatal(err)
	}
	return out
}

// hostileKey returns a maker of public keys, of which nobody need have the private ones, and a key
// that makes signatures of their kind.
func hostileKey(b *testing.B, kind string) (func(testing.TB) crypto.Signer, crypto.Signer) {
	huge := func(bits, e int) func(testing.TB) crypto.Signer {
		return func(t testing.TB) crypto.Signer {
			n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), uint(bits-1)))
			if err != nil {
				t.Fatal(err)
			}
			n.SetBit(n.SetBit(n, bits-1, 1), 0, 1)
			return &publicOnly{newKey(t), &rsa.PublicKey{N: n, E: e}}
		}
	}
	curve := func(c elliptic.Curve) (func(testing.TB) crypto.Signer, crypto.Signer) {
		maker := func(t testing.TB) crypto.Signer {
			key, err := ecdsa.GenerateKey(c, rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			return key
		}
		return maker, maker(b)
	}
	small, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		b.Fatal(err)
	}
	switch kind {
	case "RSA-8192":
		return huge(maxRSABits, maxExponent), small
	case "RSA-4096, large exponent":
		return huge(maxRSABits/2, math.MaxInt32), small
	case "P-521":
		return curve(elliptic.P521())
	case "P-384":
		return curve(elliptic.P384())
	}
	return curve(elliptic.P256())
}
