package programs

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Object identifiers of the RPKI (RFC 3779, 6487, 6488, 8182, 9286, 9582).
var (
	oidIPAddrBlocks  = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 7}
	oidASIds         = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 8}
	oidAIA           = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 1}
	oidSIA           = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 11}
	oidPolicies      = asn1.ObjectIdentifier{2, 5, 29, 32}
	oidPolicy        = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 14, 2}
	oidIssuers       = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 2}
	oidRepository    = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 5}
	oidManifest      = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 10}
	oidSignedObject  = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 11}
	oidNotify        = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 13}
	oidSHA256        = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	roaContent       = "1.2.840.113549.1.9.16.1.24"
	manifestContent  = "1.2.840.113549.1.9.16.1.26"
	ipv4             = []byte{0, 1}
	prefix           = asn1.BitString{Bytes: []byte{198, 51, 100}, BitLength: 24}
	inherit          = asn1.NullRawValue
	autonomousSystem = 64496
)

func der(t *testing.T, v any) []byte {
	t.Helper()
	b, err := asn1.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// explicit0 is v under an explicit [0].
func explicit0(t *testing.T, v any) asn1.RawValue {
	return asn1.RawValue{Class: asn1.ClassContextSpecific, IsCompound: true, Bytes: der(t, v)}
}

type accessDescription struct {
	Method   asn1.ObjectIdentifier
	Location asn1.RawValue
}

func access(method asn1.ObjectIdentifier, uri string) accessDescription {
	return accessDescription{method, asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 6, Bytes: []byte(uri)}}
}

// repository is a trust anchor with what it publishes.
type repository struct {
	t    *testing.T
	base string // of the URIs in HTTPS
	cert *x509.Certificate
	key  *rsa.PrivateKey
}

func rsaKey(t *testing.T) (*rsa.PrivateKey, []byte) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	id := sha1.Sum(x509.MarshalPKCS1PublicKey(&key.PublicKey))
	return key, id[:]
}

// resources are the extensions that every certificate of the RPKI has.
func (r *repository) resources(addresses, systems any, sia ...accessDescription) []pkix.Extension {
	type family struct {
		Family []byte
		Choice any
	}
	var ext []pkix.Extension
	add := func(oid asn1.ObjectIdentifier, critical bool, v any) {
		ext = append(ext, pkix.Extension{Id: oid, Critical: critical, Value: der(r.t, v)})
	}
	add(oidIPAddrBlocks, true, []family{{ipv4, addresses}})
	if systems != nil {
		add(oidASIds, true, []asn1.RawValue{explicit0(r.t, systems)})
	}
	add(oidPolicies, true, []struct{ Policy asn1.ObjectIdentifier }{{oidPolicy}})
	add(oidSIA, false, sia)
	return ext
}

func newRepository(t *testing.T, base string) *repository {
	t.Helper()
	r := &repository{t: t, base: base}
	key, id := rsaKey(t)
	r.key = key
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "ta"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		SubjectKeyId: id, SignatureAlgorithm: x509.SHA256WithRSA,
		ExtraExtensions: r.resources([]asn1.BitString{prefix}, []int{autonomousSystem},
			access(oidRepository, "rsync://localhost/repo/"),
			access(oidManifest, "rsync://localhost/repo/ta.mft"),
			access(oidNotify, base+"/notification.xml")),
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	if r.cert, err = x509.ParseCertificate(cert); err != nil {
		t.Fatal(err)
	}
	return r
}

// locator is the TAL (RFC 8630).
func (r *repository) locator() string {
	return r.base + "/ta.cer\n\n" + base64.StdEncoding.EncodeToString(r.cert.RawSubjectPublicKeyInfo) + "\n"
}

// signed wraps content into a signed object with a certificate of its own.
func (r *repository) signed(name, contentType string, content []byte, addresses, systems any) []byte {
	t := r.t
	key, id := rsaKey(t)
	aia := pkix.Extension{Id: oidAIA, Value: der(t, []accessDescription{access(oidIssuers, "rsync://localhost/ta/ta.cer")})}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "object"},
		NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, SubjectKeyId: id, SignatureAlgorithm: x509.SHA256WithRSA,
		CRLDistributionPoints: []string{"rsync://localhost/repo/ta.crl"},
		ExtraExtensions:       append(r.resources(addresses, systems, access(oidSignedObject, "rsync://localhost/repo/"+name)), aia),
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, r.cert, key.Public(), r.key)
	if err != nil {
		t.Fatal(err)
	}
	pair := filepath.Join(t.TempDir(), "pair.pem")
	text := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}),
		pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})...)
	if err := os.WriteFile(pair, text, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("openssl", "cms", "-sign", "-binary", "-nodetach", "-nosmimecap", "-keyid", "-md", "sha256",
		"-econtent_type", contentType, "-signer", pair, "-inkey", pair, "-outform", "DER")
	cmd.Stdin = strings.NewReader(string(content))
	object, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return object
}

// objects returns what the repository publishes, by name: an authorisation of
// its prefix's origin, a CRL and the manifest of both.
func (r *repository) objects() map[string][]byte {
	t := r.t
	crl, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		Number: big.NewInt(1), ThisUpdate: time.Now().Add(-time.Minute), NextUpdate: time.Now().Add(time.Hour),
		SignatureAlgorithm: x509.SHA256WithRSA,
	}, r.cert, r.key)
	if err != nil {
		t.Fatal(err)
	}
	type address struct{ Prefix asn1.BitString }
	type addresses struct {
		Family []byte
		List   []address
	}
	files := map[string][]byte{"ta.crl": crl}
	files["origin.roa"] = r.signed("origin.roa", roaContent, der(t, struct {
		AS     int
		Blocks []addresses
	}{autonomousSystem, []addresses{{ipv4, []address{{prefix}}}}}), []asn1.BitString{prefix}, nil)

	type file struct {
		Name string `asn1:"ia5"`
		Hash asn1.BitString
	}
	var list []file
	for _, name := range []string{"origin.roa", "ta.crl"} {
		sum := sha256.Sum256(files[name])
		list = append(list, file{name, asn1.BitString{Bytes: sum[:], BitLength: 256}})
	}
	files["ta.mft"] = r.signed("ta.mft", manifestContent, der(t, struct {
		Number     int
		ThisUpdate time.Time `asn1:"generalized"`
		NextUpdate time.Time `asn1:"generalized"`
		Hash       asn1.ObjectIdentifier
		Files      []file
	}{1, time.Now().Add(-time.Minute).UTC().Truncate(time.Second), time.Now().Add(time.Hour).UTC().Truncate(time.Second), oidSHA256, list}),
		inherit, inherit)
	return files
}

// pages returns what is fetched, by path.
func (r *repository) pages() map[string][]byte {
	const head = ` xmlns="http://www.ripe.net/rpki/rrdp" version="1" session_id="9df4b597-af9e-4dca-bdda-719cce2c4e28" serial="1">`
	var snapshot strings.Builder
	snapshot.WriteString("<snapshot" + head)
	for name, object := range r.objects() {
		fmt.Fprintf(&snapshot, "<publish uri=\"rsync://localhost/repo/%s\">%s</publish>\n", name, base64.StdEncoding.EncodeToString(object))
	}
	snapshot.WriteString("</snapshot>\n")
	return map[string][]byte{
		"/ta.cer":       r.cert.Raw,
		"/snapshot.xml": []byte(snapshot.String()),
		"/notification.xml": fmt.Appendf(nil, "<notification%s<snapshot uri=\"%s/snapshot.xml\" hash=\"%x\"/></notification>\n",
			head, r.base, sha256.Sum256([]byte(snapshot.String()))),
	}
}

// rpki-client fetches a trust anchor and its repository over HTTPS, validates
// both, and writes what they authorise.
func TestRPKI(t *testing.T) {
	a := newAuthority(t)
	cert, _ := a.issue(t, "localhost", x509.ExtKeyUsageServerAuth)
	for name, version := range map[string]uint16{"TLS 1.2": tls.VersionTLS12, "TLS 1.3": tls.VersionTLS13} {
		t.Run(name, func(t *testing.T) {
			var pages map[string][]byte
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				page, ok := pages[req.URL.Path]
				if !ok {
					t.Errorf("asked for %s", req.URL)
					http.NotFound(w, req)
				}
				w.Write(page)
			}))
			server.TLS = &tls.Config{Certificates: []tls.Certificate{cert}, MaxVersion: version}
			server.StartTLS()
			defer server.Close()
			u, err := url.Parse(server.URL)
			if err != nil {
				t.Fatal(err)
			}
			r := newRepository(t, "https://localhost:"+u.Port())
			pages = r.pages()

			// As root it becomes another user.
			for _, dir := range []string{"cache", "out"} {
				dir = filepath.Join(a.dir, dir)
				os.RemoveAll(dir)
				if err := os.Mkdir(dir, 0); err != nil {
					t.Fatal(err)
				}
				os.Chmod(dir, 0o777)
			}
			tal := filepath.Join(a.dir, "test.tal")
			if err := os.WriteFile(tal, []byte(r.locator()), 0o644); err != nil {
				t.Fatal(err)
			}
			out := filepath.Join(a.dir, "out")
			cmd := program(t, a, "rpki-client", "-c", "-s", "40", "-t", tal, "-d", filepath.Join(a.dir, "cache"), out)
			log := run(t, cmd)
			vrps, err := os.ReadFile(filepath.Join(out, "csv"))
			if err != nil || !strings.Contains(string(vrps), "AS64496,198.51.100.0/24,24,test,") {
				t.Errorf("%v %s\n%s", err, vrps, log)
			}
		})
	}
}
