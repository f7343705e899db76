package trust

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// stricter are our reasons to refuse what OpenSSL accepts, each of which COMPATIBILITY.md explains.
var stricter = []string{
	"malformed certificate",                   // crypto/x509 refuses it
	"name constraints minimum and maximum",    // also where the form doesn't occur
	"unsupported or invalid name syntax",      // names that aren't compared letter by letter
	"permitted subtree violation",             // by a common name
	"excluded subtree violation",              // by a wildcard
	"unable to get local issuer certificate:", // crypto/x509 refuses the issuer
	"EE certificate key too weak",
	"unsupported certificate purpose", // anyExtendedKeyUsage, and key usages that TLS has no use for
}

// laxer are OpenSSL's reasons to refuse what we accept, each of which COMPATIBILITY.md explains.
var laxer = []string{
	"unable to get local issuer certificate", // key identifiers are hints
	"unable to verify the first certificate", // likewise
	"unable to get issuer certificate",       // likewise
}

// lastSecond tells whether a certificate's validity ends at the very time of the verdict.
func lastSecond(certs ...[]byte) bool {
	return slices.ContainsFunc(certs, func(der []byte) bool {
		c, _ := Read(der)
		return c != nil && c.NotAfter.Equal(now)
	})
}

// otherNames tells whether a certificate has names that OpenSSL holds against constraints and we don't,
// as COMPATIBILITY.md explains: a common name beside addresses, and a URI with a user.
func otherNames(leaf []byte) bool {
	c, _ := Read(leaf)
	if c == nil {
		return false
	}
	names, err := altNames(c)
	hosts, addresses, users := false, false, false
	for _, n := range names {
		hosts = hosts || n.tag == tagDNSName
		addresses = addresses || n.tag == tagIPAddress
		users = users || n.tag == tagURI && bytes.ContainsRune(n.value, '@')
	}
	return err == nil && (users || addresses && !hosts)
}

// TestDifferential compares verdicts with OpenSSL's on random certificates. By hand it makes as many as
// LIBTLS_DIFFERENTIAL says, of a new seed.
func TestDifferential(t *testing.T) {
	const perIssuer = 40
	total, seed := 480, uint64(1)
	if n, err := strconv.Atoi(os.Getenv("LIBTLS_DIFFERENTIAL")); err == nil {
		total, seed = n, uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	root := issue(t, nil, "root", ca)
	o := &Options{Anchors: anchors(t, root), Now: now, Depth: -1}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "root"), pemOf(root), 0o600); err != nil {
		t.Fatal(err)
	}
	leafKey := newKey(t)
	agreed, accepted, explained := 0, 0, 0
	for done := 0; done < total; done += perIssuer {
		inter := &party{new(x509.Certificate), newKey(t)}
		inter.Raw = create(t, inter.key, root, "inter", ca, func(c *x509.Certificate) { randomConstraints(t, r, c) })
		if r.IntN(4) == 0 {
			inter.Raw = remade(t, inter.Raw, root, r)
		}
		if c, _ := Read(inter.Raw); c != nil {
			inter.Certificate = c
		}
		if err := os.WriteFile(filepath.Join(dir, "inter"), pemOf(inter), 0o600); err != nil {
			t.Fatal(err)
		}
		var leaves [][]byte
		var files []string
		for i := range perIssuer {
			leaf := create(t, leafKey, inter, "", func(c *x509.Certificate) { randomLeaf(t, r, c) })
			if r.IntN(2) == 0 {
				leaf = remade(t, leaf, inter, r)
			}
			leaves = append(leaves, leaf)
			files = append(files, fmt.Sprint("leaf", i))
			if err := os.WriteFile(filepath.Join(dir, files[i]), pemOf(&party{&x509.Certificate{Raw: leaf}, nil}), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		theirs := opensslReasons(t, dir, files)
		for i, leaf := range leaves {
			_, err := verdict([][]byte{leaf, inter.Raw}, o)
			ours, known := "", stricter
			if err != nil {
				ours = err.Reason
			}
			if (ours == "") == (theirs[i] == "") {
				agreed++
				if ours == "" {
					accepted++
				}
				continue
			}
			because := ours
			if ours == "" {
				because, known = theirs[i], laxer
			}
			if !hasPrefix(known, because) && !(ours == "" && otherNames(leaf)) &&
				!(because == "certificate has expired" && lastSecond(leaf, inter.Raw)) {
				t.Errorf("ours %q, openssl %q:\n%s%s", ours, theirs[i],
					pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf}), pemOf(inter))
			}
			explained++
		}
	}
	t.Logf("%d verdicts agree, %d of them to accept; %d differ for a known reason", agreed, accepted, explained)
	if accepted < total/20 || agreed < total/2 {
		t.Error("too little to compare")
	}
}

func hasPrefix(list []string, text string) bool {
	for _, prefix := range list {
		if strings.HasPrefix(text, prefix) {
			return true
		}
	}
	return false
}

// remade changes a byte or two of what is signed, and signs it anew.
func remade(t *testing.T, der []byte, issuer *party, r *rand.Rand) []byte {
	t.Helper()
	var outer struct{ TBS, Algorithm, Signature asn1.RawValue }
	if _, err := asn1.Unmarshal(der, &outer); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		tbs := bytes.Clone(outer.TBS.Bytes)
		for range 1 + r.IntN(2) {
			tbs[r.IntN(len(tbs))] ^= 1 << r.IntN(8)
		}
		var parts []asn1.RawValue
		whole, err := asn1.Marshal(asn1.RawValue{Class: 0, Tag: 16, IsCompound: true, Bytes: tbs})
		if err != nil {
			t.Fatal(err)
		}
		if rest, err := asn1.Unmarshal(whole, &parts); err != nil || len(rest) > 0 {
			continue // nothing that anybody would read
		}
		return sign(t, issuer, parts, outer.Algorithm)
	}
	return der
}

func one[T any](r *rand.Rand, list ...T) T { return list[r.IntN(len(list))] }

func someName(r *rand.Rand) string {
	host := one(r, "a.test", "x.a.test", "y.x.a.test", "b.test", "A.Test", "*.a.test", "a.test.", "localhost", "a_b.test", "")
	switch r.IntN(6) {
	case 0:
		return "email:" + one(r, "u", "U", "v", "") + one(r, "@", "") + host
	case 1:
		return "uri:" + one(r, "https://", "https://u@", "urn:") + host + one(r, "", "/x", ":8443/")
	case 2:
		return "ip:" + one(r, "0a000001", "0b000001", "20010db8000000000000000000000001", "0a0000")
	case 3:
		return "dir:" + one(r, "O=Example", "o=example,CN=x", "O=Other", "CN=x,O=Example", "")
	case 4:
		return one(r, "upn:u", "srv:_s.a.test", "rid:", "utf8email:u@a.test")
	}
	return "dns:" + host
}

func someBase(r *rand.Rand) string {
	host := one(r, "a.test", ".a.test", "x.a.test", "b.test", "test", "")
	switch r.IntN(6) {
	case 0:
		return "email:" + one(r, "", "u@") + host
	case 1:
		return "uri:" + host
	case 2:
		return "ip:" + one(r, "0a000000ff000000", "0000000000000000", "20010db8000000000000000000000000ffffffff000000000000000000000000")
	case 3:
		return "dir:" + one(r, "O=Example", "O= EXAMPLE ", "O=Example,CN=x", "")
	case 4:
		return one(r, "upn:u", "srv:_s.a.test", "rid:")
	}
	return "dns:" + host + one(r, "", "", "", " min=0", " max=1")
}

func randomConstraints(t *testing.T, r *rand.Rand, c *x509.Certificate) {
	var permitted, excluded []string
	for range r.IntN(3) {
		permitted = append(permitted, someBase(r))
	}
	for range r.IntN(2) {
		excluded = append(excluded, someBase(r))
	}
	if permitted == nil && excluded == nil {
		return
	}
	e := subtrees(t, permitted, excluded)
	e.Critical = r.IntN(2) == 0
	c.ExtraExtensions = append(c.ExtraExtensions, e)
}

func randomLeaf(t *testing.T, r *rand.Rand, c *x509.Certificate) {
	c.RawSubject = directory(t, one(r, "", "CN=a.test", "CN=Some Body", "O=Example,CN=x", "o=example,CN=b.test", "E=u@a.test", "E=v@b.test,CN=x"))
	var alt string
	for range r.IntN(3) {
		alt += general(t, someName(r))
	}
	if alt != "" {
		c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: oidSubjectAltName, Critical: r.IntN(2) == 0, Value: []byte(sequence(alt))})
	}
	if r.IntN(3) == 0 {
		c.KeyUsage = one(r, x509.KeyUsageDigitalSignature, x509.KeyUsageKeyEncipherment, x509.KeyUsageCertSign, x509.KeyUsageKeyAgreement)
	}
	if r.IntN(3) == 0 {
		c.ExtKeyUsage = []x509.ExtKeyUsage{one(r, x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageAny)}
	}
	if r.IntN(8) == 0 {
		one(r, expired, future, ca, criticalExtension)(c)
	}
}

// opensslReasons returns why the openssl command refuses each of the files below dir; "" if it doesn't.
func opensslReasons(t *testing.T, dir string, files []string) []string {
	t.Helper()
	path, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("needs the openssl command")
	}
	cmd := exec.Command(path, append([]string{"verify", "-attime", fmt.Sprint(now.Unix()), "-purpose", "sslserver",
		"-no-CApath", "-no-CAstore", "-CAfile", "root", "-untrusted", "inter"}, files...)...)
	cmd.Dir = dir
	reasons := make([]string, len(files))
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.Run()
	if !bytes.Contains(out.Bytes(), []byte("leaf")) { // it couldn't read the intermediate
		for i := range reasons {
			reasons[i] = "unreadable intermediate"
		}
		return reasons
	}
	latest := ""
	for _, line := range strings.Split(out.String(), "\n") {
		if _, why, ok := strings.Cut(line, " depth lookup: "); ok && latest == "" {
			latest = why
		}
		for i, file := range files {
			switch line {
			case file + ": OK":
				latest = ""
			case "error " + file + ": verification failed":
				reasons[i], latest = latest, ""
				if reasons[i] == "" {
					reasons[i] = "unknown"
				}
			default:
				if strings.HasSuffix(line, " "+file) {
					reasons[i] = "unreadable"
				}
			}
		}
	}
	return reasons
}
