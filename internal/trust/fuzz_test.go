package trust

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/crypto/ocsp"
)

func FuzzOneline(f *testing.F) {
	for _, raw := range hashNames(f) {
		f.Add(raw)
	}
	f.Add([]byte("\x30\x80"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		line := Oneline(raw)
		if strings.ContainsFunc(line, func(r rune) bool { return r < 0x20 || r > 0x7e }) {
			t.Errorf("unprintable: %q", line)
		}
		if len(line) > 20*len(raw)+1 {
			t.Errorf("%d bytes became %d", len(raw), len(line))
		}
		name, err := CommonName(&x509.Certificate{RawSubject: raw})
		if err != nil && name != "" || len(name) > 64 || !utf8.ValidString(name) || strings.Contains(name, "\x00") {
			t.Errorf("common name %q, %v", name, err)
		}
		canonical, ok := canonicalName(raw)
		if !ok && line != "" {
			t.Error("a name without a canonical form")
		}
		again, ok := canonicalName([]byte(element(0x30, string(canonical))))
		if line != "" && (!ok || !bytes.Equal(again, canonical)) {
			t.Errorf("%x became %x", canonical, again)
		}
	})
}

func FuzzMatchName(f *testing.F) {
	subject := rawName(f, rdn{attr(cn, 12, "*.a.test")})
	for _, name := range []string{"x.a.test", "10.0.0.1", "::1", "", ".", "*"} {
		f.Add(subject, []byte(nil), name)
		f.Add(subject, san(f, "\x02*.w.test", "\x02b\x00", "\x07\x0a\x00\x00\x01")[0].Value, name)
	}
	f.Fuzz(func(t *testing.T, subject, alt []byte, name string) {
		c := &x509.Certificate{RawSubject: subject}
		if alt != nil {
			c.Extensions = []pkix.Extension{{Id: oidSubjectAltName, Value: alt}}
		}
		matches, err := MatchName(c, name)
		if matches && err != nil {
			t.Error("both a match and an error")
		}
		if matches && IPLiteral(name) == nil && !strings.Contains(name, "\x00") {
			// Whatever matched spells the last label of the name.
			last := strings.ToLower(name[strings.LastIndexByte(strings.TrimSuffix(name, "."), '.')+1:])
			text := strings.ToLower(string(subject) + string(alt))
			if isASCII(last) && isASCII(text) && !strings.Contains(text, last) {
				t.Errorf("%q matches", name)
			}
		}
	})
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
}

// FuzzRead reads what it can, and nothing that crypto/x509 reads otherwise.
func FuzzRead(f *testing.F) {
	root := issue(f, nil, "root", ca)
	leaf := issue(f, root, "leaf.test", dns("leaf.test"), func(c *x509.Certificate) {
		c.KeyUsage, c.OCSPServer = x509.KeyUsageDigitalSignature, []string{"http://ocsp.test"}
	})
	f.Add(leaf.Raw)
	f.Add(remake(f, leaf, root, serialField, []byte{2, 1, 0xff}).Raw)
	f.Add(remake(f, leaf, root, subjectField, rawName(f, rdn{attr(o, 19, "a_b")})).Raw)
	f.Add(remake(f, leaf, root, versionField, []byte{0xa0, 3, 2, 1, 0}).Raw)
	f.Fuzz(func(t *testing.T, der []byte) {
		c, err := Read(der)
		if c == nil && err == nil || c != nil && (!bytes.Equal(c.Raw, der) || c.SerialNumber == nil) {
			t.Fatal(c, err)
		}
		want, wantErr := x509.ParseCertificate(der)
		if wantErr != nil {
			if err == nil {
				t.Error("read without an error, but:", wantErr)
			}
			return
		}
		loose := readLoosely(der)
		if loose == nil || loose.SerialNumber.Cmp(want.SerialNumber) != 0 || !bytes.Equal(loose.RawSubject, want.RawSubject) ||
			!bytes.Equal(loose.RawIssuer, want.RawIssuer) || !loose.NotBefore.Equal(want.NotBefore) ||
			want.Version == 3 && loose.KeyUsage != want.KeyUsage {
			t.Errorf("%+v, not %+v", loose, want)
		}
	})
}

func FuzzParseAnchors(f *testing.F) {
	root := issue(f, nil, "root", ca)
	leaf := issue(f, root, "leaf.test")
	f.Add(pemOf(root))
	f.Add(pemOf(root, leaf))
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := parseAnchors(data, [32]byte{})
		if (a == nil) != (err != nil) {
			t.Fatal(a, err)
		}
		if err != nil {
			return
		}
		for subject := range a.bySubject {
			found := NewLookups(a).find(subject).found
			for _, c := range found {
				if nameKey(c.RawSubject) != subject {
					t.Error("filed under another name")
				}
			}
		}
	})
}

func FuzzParseCRLs(f *testing.F) {
	root := issue(f, nil, "root", ca)
	leaf := issue(f, root, "leaf.test")
	f.Add(revoke(f, root, nil, leaf))
	f.Add(crlWithout(f, revoke(f, root, nil, leaf), root, 0, 6))
	f.Add(pemOf(root))
	f.Add([]byte("-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := parseCRLs(data, [32]byte{})
		if (s == nil) != (err != nil) {
			t.Fatal(s, err)
		}
		if err != nil {
			return
		}
		s.check(path{newNode(leaf.Certificate), newNode(root.Certificate)}, now, false)
		for _, lists := range s.byIssuer {
			for _, l := range lists {
				l.scope.covers(leaf.Certificate)
			}
		}
	})
}

func FuzzParseScope(f *testing.F) {
	f.Add([]byte("\x30\x03\x81\x01\xff"))
	f.Add([]byte("\x30\x06\xa0\x04\xa0\x02\x30\x00"))
	f.Add([]byte("\x30\x0b\xa0\x06\xa0\x04\x86\x02h:\x84\x01\xff"))
	f.Fuzz(func(t *testing.T, value []byte) {
		if s, ok := parseScope(value); !ok && s.points != nil {
			t.Error("a scope in spite of an error")
		}
	})
}

// FuzzCheckOCSP must never find a certificate good by what was not signed for it.
func FuzzCheckOCSP(f *testing.F) {
	root := issue(f, nil, "root", ca)
	leaf := issue(f, root, "leaf.test")
	delegate := issue(f, root, "delegate", eku(x509.ExtKeyUsageOCSPSigning))
	revoked := func(r *ocsp.Response) { r.Status, r.RevokedAt = ocsp.Revoked, now }
	f.Add(respond(f, root, root, leaf, revoked))
	f.Add(respond(f, root, delegate, leaf, revoked))
	f.Add(ocsp.TryLaterErrorResponse)
	chain := []*x509.Certificate{leaf.Certificate, root.Certificate}
	f.Fuzz(func(t *testing.T, der []byte) {
		r, _, err := CheckOCSP(der, chain, NewLookups(nil), now)
		if err == nil || r != nil && r.CertStatus != ocsp.Revoked {
			t.Error("forged", r, err)
		}
	})
}

// FuzzVerify must never find a path for what the anchor didn't sign.
func FuzzVerify(f *testing.F) {
	root := issue(f, nil, "root", ca)
	inter := issue(f, root, "inter", ca)
	leaf := tampered(f, issue(f, inter, "leaf.test", dns("leaf.test")))
	f.Add(leaf.Raw, inter.Raw)
	f.Add(leaf.Raw, root.Raw)
	o := &Options{Anchors: anchors(f, root), Now: now, Depth: 6}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		if string(first) == string(inter.Raw) {
			return // that one it did sign
		}
		if _, err := verdict([][]byte{first, second}, o); err == nil {
			t.Error("believed")
		}
	})
}

// FuzzMustStaple compares with what encoding/asn1 reads, as far as it reads anything.
func FuzzMustStaple(f *testing.F) {
	for _, value := range []string{"\x30\x03\x02\x01\x05", "\x30\x06\x02\x01\x11\x02\x01\x05", "\x30\x00", "\x30\x80"} {
		f.Add([]byte(value))
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		got := MustStaple(&x509.Certificate{Extensions: []pkix.Extension{{Id: oidTLSFeature, Value: value}}})
		var features []int64
		if _, err := asn1.Unmarshal(value, &features); err == nil && got != slices.Contains(features, 5) {
			t.Errorf("%x has %d, but MustStaple is %v", value, features, got)
		}
	})
}
