package trust

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// now is when everything in the tests happens.
var now = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

var lastSerial atomic.Int64

// party is somebody with a key and a certificate.
type party struct {
	*x509.Certificate
	key crypto.Signer
}

func newKey(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// issue makes a certificate, self-signed if there is no issuer. The template comes with a name,
// a serial number and a validity period around now; edit changes the rest.
func issue(t testing.TB, issuer *party, name string, edit ...func(*x509.Certificate)) *party {
	t.Helper()
	return issueTo(t, newKey(t), issuer, name, edit...)
}

// issueTo is issue for a key that exists.
func issueTo(t testing.TB, key crypto.Signer, issuer *party, name string, edit ...func(*x509.Certificate)) *party {
	t.Helper()
	c, err := x509.ParseCertificate(create(t, key, issuer, name, edit...))
	if err != nil {
		t.Fatal(err)
	}
	return &party{c, key}
}

// create is issueTo for what crypto/x509 may refuse.
func create(t testing.TB, key crypto.Signer, issuer *party, name string, edit ...func(*x509.Certificate)) []byte {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(lastSerial.Add(1)),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.Add(time.Hour),
	}
	for _, e := range edit {
		e(template)
	}
	if issuer == nil {
		issuer = &party{template, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer.Certificate, key.Public(), issuer.key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// ca makes a template an authority's.
func ca(c *x509.Certificate) {
	c.BasicConstraintsValid, c.IsCA = true, true
	c.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	c.MaxPathLen = -1
}

func dns(names ...string) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.DNSNames = names }
}

func eku(usages ...x509.ExtKeyUsage) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.ExtKeyUsage = usages }
}

func expired(c *x509.Certificate) { c.NotAfter = now.Add(-time.Minute) }
func future(c *x509.Certificate)  { c.NotBefore = now.Add(time.Minute) }

// today is for those who go by the clock.
func today(c *x509.Certificate) {
	c.NotBefore, c.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour)
}

// criticalExtension adds one that nobody knows.
func criticalExtension(c *x509.Certificate) {
	c.ExtraExtensions = append(c.ExtraExtensions,
		pkix.Extension{Id: []int{1, 3, 6, 1, 4, 1, 99999, 1}, Critical: true, Value: []byte{5, 0}})
}

// tampered returns the party's certificate with its signature broken.
func tampered(t testing.TB, p *party) *party {
	t.Helper()
	der := slices.Clone(p.Raw)
	der[len(der)-1] ^= 1
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &party{c, p.key}
}

func pemOf(parties ...*party) []byte {
	var out []byte
	for _, p := range parties {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.Raw})...)
	}
	return out
}

// anchors makes a trust store.
func anchors(t testing.TB, parties ...*party) *Anchors {
	t.Helper()
	a, err := ParseAnchors(pemOf(parties...))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func ders(parties ...*party) [][]byte {
	var out [][]byte
	for _, p := range parties {
		out = append(out, p.Raw)
	}
	return out
}

// verdict has Verify judge a chain, and reads the files for it.
func verdict(chain [][]byte, o *Options) ([]*x509.Certificate, *Error) {
	stored := NewLookups(o.Anchors)
	v := Verify(chain, *o, stored)
	for !v.Run() {
		readFor(stored)
	}
	return v.Result()
}

// readFor reads what lookups need, if they do.
func readFor(stored *Lookups) {
	if path := stored.File(); path != "" {
		data, _ := os.ReadFile(path)
		_, err := os.Lstat(path)
		stored.Put(File{Data: data, Missing: err != nil})
	}
}

// revoke makes a CRL of issuer's that names the given certificates, as PEM.
func revoke(t testing.TB, issuer *party, edit func(*x509.RevocationList), revoked ...*party) []byte {
	t.Helper()
	list := &x509.RevocationList{
		Number:     big.NewInt(1),
		ThisUpdate: now.Add(-time.Hour),
		NextUpdate: now.Add(time.Hour),
	}
	for _, p := range revoked {
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries,
			x509.RevocationListEntry{SerialNumber: p.SerialNumber, RevocationTime: now.Add(-time.Hour)})
	}
	if edit != nil {
		edit(list)
	}
	der, err := x509.CreateRevocationList(rand.Reader, list, issuer.Certificate, issuer.key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der})
}

// sign makes a signed structure of the issuer's, as certificates and CRLs are.
func sign(t testing.TB, issuer *party, content []asn1.RawValue, algorithm asn1.RawValue) []byte {
	t.Helper()
	raw, err := asn1.Marshal(content)
	if err != nil {
		t.Fatal(err)
	}
	hash := sha256.Sum256(raw)
	signature, err := issuer.key.Sign(rand.Reader, hash[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	der, err := asn1.Marshal(struct {
		Content   asn1.RawValue
		Algorithm asn1.RawValue
		Signature asn1.BitString
	}{asn1.RawValue{FullBytes: raw}, algorithm, asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)}})
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// same tells whether an error is the wanted verdict, with or without details.
func same(err, want *Error) bool {
	return err == want || err != nil && want != nil && err.Alert == want.Alert &&
		err.VerifyResult == want.VerifyResult && strings.HasPrefix(err.Reason, want.Reason+": ")
}
