package trust

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"strings"
	"testing"
)

// san encodes general names: of each string the first byte is the tag's number.
func san(t testing.TB, names ...string) []pkix.Extension {
	t.Helper()
	list := []asn1.RawValue{}
	for _, n := range names {
		list = append(list, asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: int(n[0]), Bytes: []byte(n[1:])})
	}
	value, err := asn1.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	return []pkix.Extension{{Id: oidSubjectAltName, Value: value}}
}

func TestMatchName(t *testing.T) {
	const (
		email = "\x01me@a.test"
		uri   = "\x06https://a.test/"
		ip4   = "\x07\x0a\x00\x00\x01"
		ip5   = "\x07\x0a\x00\x00\x01\x00"
		ip6   = "\x07\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01"
	)
	named := func(names ...string) []byte {
		var rdns []rdn
		for _, n := range names {
			rdns = append(rdns, rdn{attr(cn, asn1.TagUTF8String, n)})
		}
		return rawName(t, rdns...)
	}
	zz := named("zz")
	many := "Certificate subject contains multiple Common Name fields, probably a malicious or malformed certificate"
	for _, test := range []struct {
		subject []byte
		san     []pkix.Extension
		name    string
		want    bool
		err     string
	}{
		{zz, san(t, "\x02*.w.test"), "a.w.test", true, ""},
		{zz, san(t, "\x02*.w.test"), "A.W.TEST", true, ""},
		{zz, san(t, "\x02*.w.test"), "w.test", false, ""},
		{zz, san(t, "\x02*.w.test"), "a.b.w.test", false, ""},
		{zz, san(t, "\x02*.w.test"), ".w.test", false, ""},
		{zz, san(t, "\x02*.w.test"), "*.w.test", true, ""},
		{zz, san(t, "\x02*.tld"), "x.tld", false, ""},
		{zz, san(t, "\x02f*.p.test", "\x02*x.p.test"), "foo.p.test", false, ""},
		{zz, san(t, "\x02f*.p.test", "\x02*x.p.test"), "yx.p.test", false, ""},
		{zz, san(t, "\x02a.*.q.test"), "a.b.q.test", false, ""},
		{zz, san(t, "\x02*"), "anything", false, ""},
		{zz, san(t, "\x02*"), "*", true, ""},
		{zz, san(t, "\x02*.r.test."), "a.r.test.", true, ""},
		{zz, san(t, "\x02*.r.test."), "a.r.test", false, ""},
		{zz, san(t, "\x02*.fqdn."), "x.fqdn.", false, ""},
		{zz, san(t, "\x02*.fqdn."), "x.fqdn", false, ""},
		{zz, san(t, "\x02UPPER.test"), "upper.TEST", true, ""},
		{zz, san(t, "\x02127.9.9.9", "\x02*.9.9.8"), "127.9.9.9", false, ""},
		{zz, san(t, "\x02127.9.9.9", "\x02*.9.9.8"), "127.9.9.8", false, ""},
		{zz, san(t, "\x02dot.test."), "dot.test", false, ""},
		{zz, san(t, "\x02dot.test."), "dot.test.", true, ""},
		{zz, san(t, "\x02*.*.s.test"), "a.b.s.test", false, ""},
		{zz, san(t, "\x02*.*.s.test"), "*.b.s.test", false, ""},
		{zz, san(t, "\x02*..t.test"), "a..t.test", false, ""},
		{zz, san(t, "\x02*.co.uk"), "foo.co.uk", true, ""},
		{zz, san(t, "\x02*.w.test", "\x02*.co.uk", "\x02UPPER.test"), "w", false, ""},
		{zz, san(t, "\x02*.w.test", "\x02*.co.uk", "\x02UPPER.test"), ".", false, ""},
		{zz, san(t, "\x02*.w.test", "\x02*.co.uk", "\x02UPPER.test"), "a.", false, ""},
		{zz, san(t, "\x02*.w.test"), "zz", false, ""},
		{zz, san(t, "\x02k.test"), "\u212a.test", false, ""}, // the Kelvin sign is no k

		{named("a.test", "b.test"), nil, "a.test", false, "a.test error getting common name: " + many},
		{named("a.test", "b.test"), nil, "b.test", false, "b.test error getting common name: " + many},
		{named("a.test", "b.test"), san(t, "\x02san.test"), "san.test", true, ""},
		{named("a.test", "b.test"), san(t, "\x02san.test"), "a.test", false, ""},
		{named(strings.Repeat("a", 65) + ".test"), nil, strings.Repeat("a", 65) + ".test", false,
			strings.Repeat("a", 65) + ".test error getting common name: Common Name field has invalid length, probably a malicious certificate"},
		{named(""), nil, "", false, " error getting common name: Common Name field has invalid length, probably a malicious certificate"},
		{named("a.test\x00.evil"), nil, "a.test", false, "a.test error getting common name: NUL byte in Common Name field, probably a malicious certificate"},
		{named("\xff"), nil, "a.test", false, "a.test error getting common name: Common Name field cannot be encoded as a UTF-8 string, probably a malicious certificate"},
		{named("*.w.test"), nil, "a.w.test", true, ""},
		{named("*.w.test"), nil, "w.test", false, ""},
		{named("10.1.2.3"), nil, "10.1.2.3", true, ""},
		{named("10.1.2.3"), nil, "10.1.2.4", false, ""},
		{named("*.1.2.3"), nil, "10.1.2.3", false, ""},
		{named("::1"), nil, "0::1", false, ""},
		{named("a.test"), san(t, email), "a.test", true, ""},
		{named("a.test"), san(t, uri), "a.test", true, ""},
		{named("a.test"), san(t), "a.test", true, ""},
		{named("a.test"), san(t, ip4), "a.test", false, ""},
		{named("a.test"), san(t, ip4), "10.0.0.1", true, ""},
		{named("a.test"), san(t, ip4), "10.0.0.2", false, ""},
		{named("a.test"), san(t, ip4), "::ffff:10.0.0.1", false, ""},
		{named("a.test"), san(t, ip5), "10.0.0.1", false, ""},
		{named("a.test"), san(t, ip5), "a.test", false, ""},
		{named("a.test"), san(t, ip6), "2001:db8::1", true, ""},
		{named("a.test"), san(t, ip6), "[2001:db8::1]", false, ""},
		{named("a.test"), san(t, ip6), "2001:db8::1%eth0", false, ""},
		{named("10.0.0.1"), san(t, "\x02a.test"), "10.0.0.1", false, ""},
		{zz, san(t, "\x02ok.test", "\x02b.test\x00evil"), "ok.test", true, ""},
		{zz, san(t, "\x02ok.test", "\x02b.test\x00evil"), "b.test", false, "error verifying name 'b.test': NUL byte in subjectAltName, probably a malicious certificate"},
		{zz, san(t, "\x02b.test\x00evil", "\x02ok.test"), "ok.test", false, "error verifying name 'ok.test': NUL byte in subjectAltName, probably a malicious certificate"},
		{zz, san(t, "\x02ok.test", "\x02b.test\x00evil"), "10.0.0.1", false, ""},
		{zz, san(t, "\x02 "), "a.test", false, "error verifying name 'a.test': a dNSName of \" \" must not be used"},
		{zz, san(t, "\x02 "), "10.0.0.1", false, ""},
		{named("a.test"), san(t, "\x02"), "", true, ""},
		{named("a.test"), san(t, "\x02"), "a.test", false, ""},
		{rawName(t, rdn{attr(cn, asn1.TagBMPString, "\x00b\x00m\x00p\x00.\x00t\x00e\x00s\x00t")}), nil, "bmp.test", true, ""},
		{rawName(t), nil, "a.test", false, ""},
		{rawName(t), nil, "", false, ""},

		{named("a.test"), []pkix.Extension{{Id: oidSubjectAltName, Value: []byte("junk")}}, "a.test", false, "error decoding subjectAltName"},
		{named("a.test"), []pkix.Extension{{Id: oidSubjectAltName, Value: []byte{0x30, 2, 0x82, 1}}}, "a.test", false, "error decoding subjectAltName"},
		{named("a.test"), []pkix.Extension{{Id: oidSubjectAltName, Value: []byte{0x30, 0, 0}}}, "a.test", false, "error decoding subjectAltName"},
		{named("a.test"), san(t, "\x09x"), "a.test", false, "error decoding subjectAltName"},
		{named("a.test"), []pkix.Extension{{Id: oidSubjectAltName, Value: []byte{0x30, 2, 5, 0}}}, "a.test", false, "error decoding subjectAltName"},
	} {
		got, err := MatchName(&x509.Certificate{RawSubject: test.subject, Extensions: test.san}, test.name)
		text := ""
		if err != nil {
			text = err.Error()
		}
		if got != test.want || text != test.err {
			t.Errorf("%s %v: MatchName(%q) = %v, %q; want %v, %q",
				Oneline(test.subject), test.san, test.name, got, text, test.want, test.err)
		}
	}
}

func TestMustStaple(t *testing.T) {
	for _, test := range []struct {
		value string
		want  bool
	}{
		{"\x30\x03\x02\x01\x05", true},
		{"\x30\x06\x02\x01\x11\x02\x01\x05", true},
		{"\x30\x03\x02\x01\x11", false},
		{"\x30\x00", false},
		{"\x30\x01\x05", false},
		{"", false},
	} {
		c := &x509.Certificate{Extensions: []pkix.Extension{{Id: oidTLSFeature, Value: []byte(test.value)}}}
		if got := MustStaple(c); got != test.want {
			t.Errorf("MustStaple(%x) = %v", test.value, got)
		}
	}
	if MustStaple(&x509.Certificate{}) {
		t.Error("demanded by a certificate without extensions")
	}
}
