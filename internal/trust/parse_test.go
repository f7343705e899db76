package trust

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// remake changes a field of what is signed in a certificate, and has its issuer sign it anew.
func remake(t testing.TB, p, issuer *party, field int, value []byte) *party {
	t.Helper()
	var parts []asn1.RawValue
	if _, err := asn1.Unmarshal(p.RawTBSCertificate, &parts); err != nil {
		t.Fatal(err)
	}
	parts[field] = asn1.RawValue{FullBytes: value}
	return &party{&x509.Certificate{Raw: sign(t, issuer, parts, parts[2])}, p.key}
}

// Fields of a certificate (RFC 5280, 4.1).
const (
	versionField = 0
	serialField  = 1
	issuerField  = 3
	subjectField = 5
	keyField     = 6
)

// TestRemade judges certificates that crypto/x509 wouldn't make.
func TestRemade(t *testing.T) {
	root := issue(t, nil, "The Root", ca)
	inter := issue(t, root, "inter", ca)
	leaf := issue(t, root, "leaf.test")
	below := issue(t, inter, "leaf.test")
	named := func(name string, tag int) []byte { return rawName(t, rdn{attr(cn, tag, name)}) }
	bmp := func(s string) string { return "\x00" + strings.Join(strings.Split(s, ""), "\x00") }
	noBits := issue(t, root, "no bits", func(c *x509.Certificate) {
		ca(c)
		c.KeyUsage = 0
		c.ExtraExtensions = []pkix.Extension{{Id: oidKeyUsage, Value: []byte{3, 1, 0}}}
	})
	useless := issue(t, root, "leaf.test", func(c *x509.Certificate) {
		c.ExtraExtensions = []pkix.Extension{{Id: oidKeyUsage, Value: []byte{3, 1, 0}}}
	})
	extensions := func(n int) func(*x509.Certificate) { // besides the authority key identifier
		return func(c *x509.Certificate) {
			for i := range n {
				c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: asn1.ObjectIdentifier{1, 2, 3, i}})
			}
		}
	}
	longer := sequence(element(0x31, sequence("\x06\x03\x55\x04\x03", "\x0c\x02a.", "test")))
	// An authority whose certificate names its issuer, and itself, in other words.
	renamed := remake(t, inter, root, subjectField, named(" INTER ", 12))
	for _, test := range []struct {
		name  string
		chain []*party
		want  *Error
	}{
		{"negative serial number", []*party{remake(t, leaf, root, serialField, []byte{2, 2, 0x80, 1})}, nil},
		{"serial number 0", []*party{remake(t, leaf, root, serialField, []byte{2, 1, 0})}, nil},
		{"negative serial number of an authority", []*party{below, remake(t, inter, root, serialField, []byte{2, 1, 0xff})}, nil},
		{"issuer as UTF8String", []*party{remake(t, leaf, root, issuerField, named("The Root", 12))}, nil},
		{"issuer as BMPString", []*party{remake(t, leaf, root, issuerField, named(bmp("The Root"), 30))}, nil},
		{"issuer in other letters and spaces", []*party{remake(t, leaf, root, issuerField, named("  the   ROOT ", 12))}, nil},
		{"issuer without a space", []*party{remake(t, leaf, root, issuerField, named("TheRoot", 12))}, errNoIssuer},
		{"issuer with another letter", []*party{remake(t, leaf, root, issuerField, named("The Roots", 12))}, errNoIssuer},
		{"subject of an authority in other letters", []*party{below, renamed}, nil},
		{"authority whose key usage has no bits", []*party{issue(t, noBits, "leaf.test"), noBits}, errInvalidCA},
		{"key usage without bits", []*party{useless}, errPurpose},
		{"version 1 with extensions", []*party{remake(t, leaf, root, versionField, []byte{0xa0, 3, 2, 1, 0})}, errMalformed},
		{"version 2 with extensions", []*party{remake(t, leaf, root, versionField, []byte{0xa0, 3, 2, 1, 1})}, errMalformed},
		{"authority of version 1 with extensions", []*party{below, remake(t, inter, root, versionField, []byte{0xa0, 3, 2, 1, 0})}, errNoIssuer},
		{"something behind an attribute", []*party{remake(t, leaf, root, subjectField, []byte(longer))}, errMalformed},
		{"as many extensions as may be", []*party{issue(t, root, "leaf.test", extensions(maxExtensions-1))}, nil},
		{"more extensions", []*party{issue(t, root, "leaf.test", extensions(maxExtensions))}, errMalformed},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := &Options{Anchors: anchors(t, root), Now: now, Depth: 6}
			if _, err := verdict(ders(test.chain...), o); !same(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}

// TestRead compares what is read of a certificate that crypto/x509 refuses with what it reads of its twin.
func TestRead(t *testing.T) {
	root := issue(t, nil, "root", ca)
	ec := issue(t, root, "leaf.test", func(c *x509.Certificate) {
		c.KeyUsage = x509.KeyUsageDigitalSignature | x509.KeyUsageDecipherOnly
		c.OCSPServer = []string{"http://one.test/", "http://two.test/"}
		c.DNSNames = []string{"leaf.test"}
	})
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	withRSA := issueTo(t, key, root, "leaf.test")
	printable := func(text string) []byte { return rawName(t, rdn{attr(o, 19, text)}) }
	body := keyBits(withRSA.Certificate)
	bare := sequence(sequence("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"), element(3, "\x00"+string(body)))
	for name, test := range map[string]struct {
		twin  *party
		field int
		value []byte
		why   string
	}{
		"underscore in a PrintableString": {ec, subjectField, printable("a_b"), "invalid PrintableString"},
		"at sign in a PrintableString":    {ec, subjectField, printable("a@b"), "invalid PrintableString"},
		"RSA key without NULL":            {withRSA, keyField, []byte(bare), "missing NULL"},
	} {
		t.Run(name, func(t *testing.T) {
			odd := remake(t, test.twin, root, test.field, test.value)
			c, err := Read(odd.Raw)
			if err == nil || c == nil || !strings.Contains(err.Error(), test.why) {
				t.Fatal(c, err)
			}
			want := test.twin.Certificate
			if c.SerialNumber.Cmp(want.SerialNumber) != 0 || !c.NotBefore.Equal(want.NotBefore) || !c.NotAfter.Equal(want.NotAfter) ||
				!bytes.Equal(c.Raw, odd.Raw) || !bytes.Equal(c.RawIssuer, want.RawIssuer) || c.KeyUsage != want.KeyUsage ||
				!reflect.DeepEqual(c.OCSPServer, want.OCSPServer) || !reflect.DeepEqual(c.Extensions, want.Extensions) {
				t.Errorf("%+v, not %+v", c, want)
			}
			if !want.PublicKey.(interface{ Equal(crypto.PublicKey) bool }).Equal(c.PublicKey) {
				t.Errorf("key %v", c.PublicKey)
			}
			o := &Options{Anchors: anchors(t, root), Now: now}
			if _, err := verdict(ders(odd), o); !same(err, errMalformed) || !strings.Contains(err.Reason, test.why) {
				t.Error(err)
			}
		})
	}
	if c, err := Read([]byte("junk")); c != nil || err == nil {
		t.Error(c, err)
	}
}

// TestUnsupportedAlgorithms has certificates of OpenSSL's, with what isn't supported called by its name.
func TestUnsupportedAlgorithms(t *testing.T) {
	dir := t.TempDir()
	run := func(args string) {
		t.Helper()
		path, err := exec.LookPath("openssl")
		if err != nil {
			t.Skip("needs the openssl command")
		}
		cmd := exec.Command(path, strings.Fields(args)...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("openssl %s: %s", args, out)
		}
	}
	read := func(name string) []byte {
		t.Helper()
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		block, _ := pem.Decode(data)
		return block.Bytes
	}
	root := issue(t, nil, "root", ca, today)
	rootKey, err := x509.MarshalECPrivateKey(root.key.(*ecdsa.PrivateKey))
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"root.pem": pemOf(root),
		"root.key": pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: rootKey}),
		"ca.ext":   []byte("basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign,digitalSignature\n"),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	o := &Options{Anchors: anchors(t, root), Depth: 6}
	for _, test := range []struct{ key, name string }{
		{"ED448", "Ed448"},
		{"EC -pkeyopt ec_paramgen_curve:secp256k1", "ECDSA on secp256k1"},
		{"EC -pkeyopt ec_paramgen_curve:brainpoolP256r1", "ECDSA on brainpoolP256r1"},
		{"EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit", "ECDSA with explicit parameters"},
		{"RSA-PSS", "RSASSA-PSS"},
	} {
		run("genpkey -out key -algorithm " + test.key)
		run("req -new -key key -subj /CN=odd -out csr")
		run("x509 -req -in csr -CA root.pem -CAkey root.key -extfile ca.ext -out odd.pem -days 1")
		odd := read("odd.pem")
		_, err := verdict([][]byte{odd}, o)
		if want := "malformed certificate: unsupported public key algorithm " + test.name; err == nil || err.Reason != want {
			t.Errorf("as leaf: %v, not %s", err, want)
		}
		// Below an authority with such a key it is that which is told of.
		run("req -new -key root.key -subj /CN=leaf -out csr")
		run("x509 -req -in csr -CA odd.pem -CAkey key -out leaf.pem -days 1")
		_, err = verdict([][]byte{read("leaf.pem"), odd}, o)
		if err == nil || !strings.Contains(err.Reason, "unsupported") || !strings.HasSuffix(err.Reason, test.name) {
			t.Errorf("as authority: %v", err)
		}
	}
	run("req -new -key root.key -subj /CN=leaf -out csr")
	run("x509 -req -in csr -CA root.pem -CAkey root.key -sha224 -out leaf.pem -days 1")
	if _, err := verdict([][]byte{read("leaf.pem")}, o); err == nil || err.Reason != "unsupported signature algorithm: ECDSA with SHA-224" {
		t.Error("SHA-224:", err)
	}
}
