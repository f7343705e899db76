package trust

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestCRL(t *testing.T) {
	root := issue(t, nil, "root", ca)
	inter := issue(t, root, "inter", ca)
	leaf := issue(t, inter, "leaf.test", func(c *x509.Certificate) {
		c.CRLDistributionPoints = []string{"http://crl.test/inter"}
	})
	direct := issue(t, root, "leaf.test")
	self := issue(t, nil, "self.test")
	impostor := issue(t, nil, "root", ca)
	noSign := issue(t, nil, "no cRLSign", ca, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCertSign })

	stale := func(l *x509.RevocationList) { l.NextUpdate = now.Add(-time.Second) }
	early := func(l *x509.RevocationList) { l.ThisUpdate, l.NextUpdate = now.Add(time.Second), now.Add(time.Minute) }
	extended := func(value any, id ...int) func(*x509.RevocationList) {
		return func(l *x509.RevocationList) {
			raw, err := asn1.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			l.ExtraExtensions = []pkix.Extension{{Id: id, Critical: true, Value: raw}}
		}
	}
	sha1 := func(l *x509.RevocationList) { l.SignatureAlgorithm = x509.ECDSAWithSHA1 }
	renamed := issueTo(t, inter.key, root, " INTER ", ca)
	negative := remake(t, direct, root, serialField, []byte{2, 2, 0x80, 1})
	negative.SerialNumber = big.NewInt(-32767)
	type point struct {
		FullName []asn1.RawValue `asn1:"tag:0"`
	}
	type distribution struct {
		Point      point          `asn1:"optional,tag:0"`
		OnlyUsers  bool           `asn1:"optional,tag:1"`
		OnlyCAs    bool           `asn1:"optional,tag:2"`
		Reasons    asn1.BitString `asn1:"optional,tag:3"`
		Indirect   bool           `asn1:"optional,tag:4"`
		Attributes bool           `asn1:"optional,tag:5"`
	}
	at := func(uri string) point {
		return point{[]asn1.RawValue{{Class: asn1.ClassContextSpecific, Tag: 6, Bytes: []byte(uri)}}}
	}
	limited := func(d any) func(*x509.RevocationList) { return extended(d, 2, 5, 29, 28) }
	cat := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

	rootCRL := revoke(t, root, nil)
	interCRL := revoke(t, inter, nil)
	nothing := revoke(t, issue(t, nil, "other", ca), nil)
	chain := []*party{leaf, inter}

	for _, test := range []struct {
		name   string
		chain  []*party
		crl    []byte
		noTime bool
		want   *Error
	}{
		{"covered", chain, cat(rootCRL, interCRL), false, nil},
		{"others revoked", chain, cat(revoke(t, root, nil, leaf), revoke(t, inter, nil, inter)), false, nil},
		{"leaf revoked", chain, cat(rootCRL, revoke(t, inter, nil, leaf)), false, errRevoked},
		{"intermediate revoked", chain, cat(revoke(t, root, nil, inter), interCRL), false, errRevoked},
		{"leaf not covered", chain, rootCRL, false, errNoCRL},
		{"intermediate not covered", chain, interCRL, false, errNoCRL},
		{"nothing covered", chain, nothing, false, errNoCRL},
		{"junk", chain, []byte("junk"), false, errNoCRL},
		{"empty", chain, nil, false, errNoCRL},
		{"certificates only", chain, pemOf(root), false, errNoCRL},
		{"among others", chain, cat([]byte("text\n"), pemOf(root), rootCRL, pemOf(leaf), interCRL), false, nil},
		{"anchor is asked for nothing", []*party{direct}, rootCRL, false, nil},
		{"pinned", []*party{self}, nil, false, nil},

		{"stale", chain, cat(rootCRL, revoke(t, inter, stale)), false, errCRLExpired},
		{"stale, nobody cares", chain, cat(rootCRL, revoke(t, inter, stale)), true, nil},
		{"stale, and a current one", chain, cat(rootCRL, revoke(t, inter, stale), interCRL), false, nil},
		{"a current one, and stale", chain, cat(rootCRL, interCRL, revoke(t, inter, stale)), false, nil},
		{"stale, revoked", chain, cat(rootCRL, interCRL, revoke(t, inter, stale, leaf)), false, errRevoked},
		{"from the future", chain, cat(rootCRL, revoke(t, inter, early)), false, errCRLNotYetValid},
		{"from the future, nobody cares", chain, cat(rootCRL, revoke(t, inter, early)), true, nil},
		{"without end", chain, cat(rootCRL, crlWithout(t, interCRL, inter, 4)), false, nil},

		{"forged", []*party{direct}, revoke(t, impostor, nil), false, errCRLSignature},
		{"forged, and a good one", []*party{direct}, cat(revoke(t, impostor, nil, direct), rootCRL), false, nil},
		{"critical extension", chain, cat(rootCRL, revoke(t, inter, extended(true, 1, 2, 3))), false, errCriticalCRL},
		{"critical extension of an entry", chain, cat(rootCRL, revoke(t, inter, func(l *x509.RevocationList) {
			l.RevokedCertificateEntries[0].ExtraExtensions = []pkix.Extension{{Id: []int{1, 2, 3}, Critical: true, Value: []byte{5, 0}}}
		}, root)), false, errCriticalCRL},
		{"SHA-1", chain, cat(rootCRL, revoke(t, inter, sha1)), false, errWeakCRLDigest},
		{"SHA-1, revoked, and a good one", chain, cat(rootCRL, revoke(t, inter, sha1, leaf), interCRL), false, nil},
		{"version 1", chain, cat(rootCRL, crlWithout(t, revoke(t, inter, nil), inter, 0, 5)), false, nil},
		{"version 1, revoked", chain, cat(rootCRL, crlWithout(t, revoke(t, inter, nil, leaf), inter, 0, 6)), false, errRevoked},
		{"version 1, forged", chain, cat(rootCRL, crlWithout(t, revoke(t, inter, nil), impostor, 0, 5)), false, errCRLSignature},
		{"issuer's name in other words", chain, cat(rootCRL, revoke(t, renamed, nil)), false, nil},
		{"issuer's name in other words, revoked", chain, cat(rootCRL, revoke(t, renamed, nil, leaf)), false, errRevoked},
		{"negative serial number", []*party{negative}, rootCRL, false, nil},
		{"negative serial number, revoked", []*party{negative}, revoke(t, root, nil, negative), false, errRevoked},
		{"its opposite revoked", []*party{negative}, revoke(t, root, nil, &party{&x509.Certificate{SerialNumber: big.NewInt(32767)}, nil}), false, nil},

		{"delta", chain, cat(rootCRL, revoke(t, inter, extended(1, 2, 5, 29, 27))), false, errCriticalCRL},

		{"users only, a user", chain, cat(rootCRL, revoke(t, inter, limited(distribution{OnlyUsers: true}))), false, nil},
		{"authorities only, a user", chain, cat(rootCRL, revoke(t, inter, limited(distribution{OnlyCAs: true}))), false, errCRLScope},
		{"users only, an authority", chain, cat(interCRL, revoke(t, root, limited(distribution{OnlyUsers: true}))), false, errCRLScope},
		{"authorities only, an authority", chain, cat(interCRL, revoke(t, root, limited(distribution{OnlyCAs: true}))), false, nil},
		{"indirect", chain, cat(rootCRL, revoke(t, inter, limited(distribution{Indirect: true}))), false, errCRLScope},
		{"attributes", chain, cat(rootCRL, revoke(t, inter, limited(distribution{Attributes: true}))), false, errCRLScope},
		{"leaf's point", chain, cat(rootCRL, revoke(t, inter, limited(distribution{Point: at("http://crl.test/inter")}))), false, nil},
		{"another point", chain, cat(rootCRL, revoke(t, inter, limited(distribution{Point: at("http://crl.test/2")}))), false, errCRLScope},
		{"some reasons", chain, cat(rootCRL, revoke(t, inter, limited(distribution{Reasons: asn1.BitString{Bytes: []byte{0x40}, BitLength: 2}}))), false, errCRLScope},
		{"scope that isn't one", chain, cat(rootCRL, revoke(t, inter, limited("junk"))), false, errCriticalCRL},
		{"revoked in another scope", chain, cat(rootCRL, interCRL, revoke(t, inter, limited(distribution{OnlyCAs: true}), leaf)), false, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			crls, err := ParseCRLs(test.crl)
			if err != nil {
				t.Fatal(err)
			}
			o := &Options{Anchors: anchors(t, root, self), CRLs: crls, Now: now, Depth: 6, NoTime: test.noTime}
			for range 2 { // the second time with remembered signatures
				if _, err := verdict(ders(test.chain...), o); !same(err, test.want) {
					t.Errorf("got %v, want %v", err, test.want)
				}
			}
		})
	}

	t.Run("signer may not", func(t *testing.T) {
		signer := &party{new(x509.Certificate), noSign.key}
		*signer.Certificate = *noSign.Certificate
		signer.KeyUsage |= x509.KeyUsageCRLSign // only for the forger
		crls, err := ParseCRLs(revoke(t, signer, nil))
		if err != nil {
			t.Fatal(err)
		}
		o := &Options{Anchors: anchors(t, noSign), CRLs: crls, Now: now, Depth: 6}
		if _, err := verdict(ders(issue(t, noSign, "leaf.test")), o); err != errCRLSignature {
			t.Error(err)
		}
	})
}

// crlWithout leaves fields out of a CRL, which signer signs anew. The fields are version, algorithm,
// issuer, thisUpdate, nextUpdate, entries if there are any, and extensions.
func crlWithout(t testing.TB, text []byte, signer *party, fields ...int) []byte {
	t.Helper()
	block, _ := pem.Decode(text)
	list, err := x509.ParseRevocationList(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	var parts, left []asn1.RawValue
	if _, err := asn1.Unmarshal(list.RawTBSRevocationList, &parts); err != nil {
		t.Fatal(err)
	}
	for i, part := range parts {
		if !slices.Contains(fields, i) {
			left = append(left, part)
		}
	}
	block.Bytes = sign(t, signer, left, parts[1])
	return pem.EncodeToMemory(block)
}

func TestParseCRLs(t *testing.T) {
	root := issue(t, nil, "root", ca)
	good := revoke(t, root, nil)
	bad := pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: []byte("junk")})
	for _, test := range []struct {
		name string
		in   []byte
		ok   bool
	}{
		{"good", good, true},
		{"CRLF", bytes.ReplaceAll(good, []byte("\n"), []byte("\r\n")), true},
		{"no PEM", []byte("junk"), true},
		{"nothing", nil, true},
		{"other things", pemOf(root), true},
		{"bad list", bad, false},
		{"bad after good", append(bytes.Clone(good), bad...), false},
		{"truncated", good[:len(good)-30], false},
		{"truncated after good", append(bytes.Clone(good), good[:100]...), false},
		{"bad base64", bytes.Replace(good, []byte("M"), []byte("\x01"), 1), false},
	} {
		crls, err := ParseCRLs(test.in)
		if (err == nil) != test.ok || (crls != nil) != test.ok {
			t.Errorf("%s: %v", test.name, err)
		}
		if err != nil && !strings.HasPrefix(err.Error(), "failed to parse crl: block ") {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}
