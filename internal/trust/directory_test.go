package trust

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// put writes certificates where a hashed directory has them.
func put(t *testing.T, dir string, number int, parties ...*party) {
	t.Helper()
	name := filepath.Join(dir, fmt.Sprintf("%08x.%d", nameHash(nameKey(parties[0].RawSubject)), number))
	if err := os.WriteFile(name, pemOf(parties...), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestAnchorsFromDir(t *testing.T) {
	root := issue(t, nil, "root", ca)
	impostor := issue(t, nil, "root", ca)
	inter := issue(t, root, "inter", ca)
	leaf := issue(t, inter, "leaf.test")
	direct := issue(t, root, "leaf.test")
	other := issue(t, nil, "other", ca)
	self := issue(t, nil, "self.test")

	one, two := t.TempDir(), t.TempDir()
	put(t, one, 0, impostor)
	put(t, one, 1, root)
	put(t, two, 0, inter)
	put(t, two, 0, self)
	odd := t.TempDir() // what isn't a file is passed over
	entry := func(n int) string {
		return filepath.Join(odd, fmt.Sprintf("%08x.%d", nameHash(nameKey(root.RawSubject)), n))
	}
	for n := range 20 {
		var err error
		switch n % 3 {
		case 0:
			err = os.Symlink("gone", entry(n))
		case 1:
			err = os.Symlink(entry(n), entry(n))
		case 2:
			err = os.Mkdir(entry(n), 0o700)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	put(t, odd, 20, root)
	gap := t.TempDir()
	put(t, gap, 1, root)
	plainFile := t.TempDir()
	if err := os.WriteFile(filepath.Join(plainFile, "root.pem"), pemOf(root), 0o600); err != nil {
		t.Fatal(err)
	}

	for _, test := range []struct {
		name  string
		dirs  string
		chain []*party
		want  *Error
	}{
		{"found second", one, []*party{direct}, nil},
		{"needs the intermediate", one, []*party{leaf}, errNoIssuer},
		{"two directories", one + ":" + two, []*party{leaf}, nil},
		{"empty elements", ":" + two + "::" + one + ":", []*party{leaf}, nil},
		{"pinned", two, []*party{self}, nil},
		{"not there", two, []*party{direct}, errNoIssuer},
		{"behind odd entries", odd, []*party{direct}, nil},
		{"numbers start at 0", gap, []*party{direct}, errNoIssuer},
		{"not hashed", plainFile, []*party{direct}, errNoIssuer},
		{"missing directory", one + "/missing", []*party{direct}, errNoIssuer},
		{"no directory", "", []*party{direct}, errNoIssuer},
		{"of somebody else", one, []*party{issue(t, other, "leaf.test")}, errNoIssuer},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := &Options{Anchors: AnchorsFromDir(test.dirs), Now: now, Depth: 6}
			if _, err := verdict(ders(test.chain...), o); !same(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}

	t.Run("read when needed", func(t *testing.T) {
		dir := t.TempDir()
		o := &Options{Anchors: AnchorsFromDir(dir), Now: now, Depth: 6}
		put(t, dir, 0, root)
		if _, err := verdict(ders(direct), o); err != nil {
			t.Error(err)
		}
	})
}

// hashNames are names that OpenSSL canonicalises in different ways.
func hashNames(t testing.TB) [][]byte {
	uid := asn1.ObjectIdentifier{2, 5, 4, 45}
	return [][]byte{
		rawName(t, rdn{attr(cn, 12, "root")}),
		rawName(t, rdn{attr(cn, 12, "  Two  \t spaces ")}, rdn{attr(c, 19, "XX")}),
		rawName(t, rdn{attr(cn, 12, "ÄÖÜ Straße")}),
		rawName(t, rdn{attr(cn, 20, "\xc4\xd6 latin")}),
		rawName(t, rdn{attr(cn, 30, "\x00B\x00m\x00P\x00 \x00 \x01\x00")}),
		rawName(t, rdn{attr(o, 12, "Multi"), attr(cn, 12, "Valued")}, rdn{attr(st, 22, "IA5")}),
		rawName(t, rdn{attr(o, 12, "a long one that sorts last"), attr(cn, 12, "B")}),
		rawName(t, rdn{attr(cn, 18, "12 3")}),
		rawName(t, rdn{attr(uid, 3, "\x00\x01\x02")}),
		rawName(t, rdn{attr(cn, 12, "   ")}),
		rawName(t, rdn{attr(cn, 12, "")}),
		rawName(t),
	}
}

// openssl returns what the openssl command prints about a certificate.
func openssl(t testing.TB, p *party, args ...string) string {
	t.Helper()
	path, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("needs the openssl command")
	}
	cmd := exec.Command(path, append([]string{"x509", "-noout"}, args...)...)
	cmd.Stdin = strings.NewReader(string(pemOf(p)))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return strings.TrimSuffix(string(out), "\n")
}

// withSubject makes a certificate with a raw subject, which needn't be one that Go can parse.
func withSubject(t testing.TB, raw []byte) *party {
	t.Helper()
	p := issue(t, nil, "issuer")
	var parts []asn1.RawValue
	if _, err := asn1.Unmarshal(p.RawTBSCertificate, &parts); err != nil {
		t.Fatal(err)
	}
	parts[5] = asn1.RawValue{FullBytes: raw}
	return &party{&x509.Certificate{Raw: sign(t, p, parts, parts[2])}, p.key}
}

func TestNameHash(t *testing.T) {
	for _, raw := range hashNames(t) {
		if got, want := fmt.Sprintf("%08x", nameHash(nameKey(raw))), openssl(t, withSubject(t, raw), "-subject_hash"); got != want {
			t.Errorf("%q: %s, openssl says %s", Oneline(raw), got, want)
		}
	}
}

// TestOnelineOpenSSL compares with OpenSSL's old format, which puts a plus sign between the values of
// one relative distinguished name.
func TestOnelineOpenSSL(t *testing.T) {
	names := hashNames(t)
	all := []pkix.RelativeDistinguishedNameSET{}
	for dotted := range shortNames {
		var oid x509.OID
		if err := oid.UnmarshalText([]byte(dotted)); err != nil {
			t.Fatal(err)
		}
		der, _ := oid.MarshalBinary()
		var numbers asn1.ObjectIdentifier
		if _, err := asn1.Unmarshal(append([]byte{6, byte(len(der))}, der...), &numbers); err != nil {
			t.Fatal(err)
		}
		all = append(all, rdn{attr(numbers, 12, "x")})
	}
	names = append(names, rawName(t, all...))
	for _, raw := range names {
		want := strings.TrimPrefix(openssl(t, withSubject(t, raw), "-subject", "-nameopt", "compat"), "subject=")
		want = strings.ReplaceAll(want, "+", "/")
		if got := Oneline(raw); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
