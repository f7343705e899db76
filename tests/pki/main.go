// Command pki fills a directory with the certificates, keys and revocation lists of the tests:
// NAME.pem (the leaf, then the chain a server sends) and NAME.key (PKCS#8) for each entry of
// leaves, NAME.ocsp (DER) for each entry of responses, and a few files in other encodings.
package main

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"log"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/crypto/ocsp"
)

var now = time.Now().Truncate(time.Second)

// A certificate and its key, whoever issued it.
type entity struct {
	cert *x509.Certificate
	key  crypto.Signer
}

type authority struct {
	name   string
	issuer string // "" signs itself
	edit   func(*x509.Certificate)
}

var authorities = []authority{
	{"ca", "", nil},
	{"other-ca", "", nil},
	{"expired-ca", "", func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Hour) }},
	{"intermediate", "ca", nil},
	{"intermediate-2", "intermediate", nil},
	{"bulky", "ca", func(c *x509.Certificate) {
		c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3, 5}, Value: make([]byte, 12_000)}}
	}},
	{"not-a-ca", "ca", func(c *x509.Certificate) { c.IsCA = false; c.KeyUsage = x509.KeyUsageDigitalSignature }},
	{"no-path", "ca", func(c *x509.Certificate) { c.MaxPathLenZero = true }},
	{"below-no-path", "no-path", nil},
	{"constrained", "ca", func(c *x509.Certificate) {
		c.PermittedDNSDomainsCritical = true
		c.PermittedDNSDomains = []string{"elsewhere.test"}
	}},
}

type leaf struct {
	name   string
	key    string // kind, "" is p256
	issuer string // "" is ca, "self" signs itself
	chain  []string
	edit   func(*x509.Certificate)
}

var leaves = []leaf{
	{name: "server"},
	{name: "rsa", key: "rsa"},
	{name: "p384", key: "p384"},
	{name: "p521", key: "p521"},
	{name: "ed25519", key: "ed25519"},
	{name: "chain", issuer: "intermediate", chain: []string{"intermediate"}},
	{name: "chain-missing", issuer: "intermediate"},
	{name: "chain-2", issuer: "intermediate-2", chain: []string{"intermediate-2", "intermediate"}},
	{name: "chain-shuffled", issuer: "intermediate-2", chain: []string{"intermediate", "intermediate-2"}},
	{name: "chain-root", issuer: "other-ca", chain: []string{"other-ca"}},
	{name: "issuer-not-a-ca", issuer: "not-a-ca", chain: []string{"not-a-ca"}},
	{name: "path-length", issuer: "below-no-path", chain: []string{"below-no-path", "no-path"}},
	{name: "constraint", issuer: "constrained", chain: []string{"constrained"}},
	{name: "other-name", edit: func(c *x509.Certificate) { c.DNSNames, c.IPAddresses = []string{"other.test"}, nil }},
	{name: "ip-only", edit: func(c *x509.Certificate) {
		c.DNSNames, c.IPAddresses = nil, []net.IP{net.IPv4(127, 0, 0, 1).To4(), net.IPv6loopback}
	}},
	{name: "sni-a", edit: names("a.test")},
	{name: "sni-b", edit: names("b.test", "*.b.test")},
	{name: "sni-cn", edit: func(c *x509.Certificate) {
		c.Subject.CommonName = "cn.test"
		c.DNSNames, c.IPAddresses = nil, nil
	}},
	{name: "expired", edit: func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Hour) }},
	{name: "not-yet", edit: func(c *x509.Certificate) { c.NotBefore = now.Add(24 * time.Hour) }},
	{name: "ancient", edit: func(c *x509.Certificate) {
		c.NotBefore = time.Date(1960, 1, 2, 3, 4, 5, 0, time.UTC)
		c.NotAfter = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	}},
	{name: "under-expired", issuer: "expired-ca"},
	{name: "any-purpose", edit: usage(x509.ExtKeyUsageAny)},
	{name: "unknown-critical", edit: func(c *x509.Certificate) {
		c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{
			Id: asn1.ObjectIdentifier{1, 2, 3, 4}, Critical: true, Value: []byte{5, 0}})
	}},
	{name: "untrusted", issuer: "other-ca"},
	{name: "self-signed", issuer: "self"},
	{name: "revoked"},
	{name: "client", edit: client},
	{name: "client-rsa", key: "rsa", edit: client},
	{name: "client-ed25519", key: "ed25519", edit: client},
	{name: "client-expired", edit: func(c *x509.Certificate) { client(c); c.NotAfter = now.Add(-time.Hour) }},
	{name: "client-untrusted", issuer: "other-ca", edit: client},
	{name: "subject", edit: func(c *x509.Certificate) {
		c.RawSubject = subject(
			attribute{asn1.ObjectIdentifier{2, 5, 4, 6}, asn1.TagPrintableString, "XX"},
			attribute{asn1.ObjectIdentifier{2, 5, 4, 8}, asn1.TagUTF8String, "State"},
			attribute{asn1.ObjectIdentifier{2, 5, 4, 10}, asn1.TagUTF8String, "Acme, Inc"},
			attribute{asn1.ObjectIdentifier{2, 5, 4, 11}, asn1.TagUTF8String, "\u00fc"},
			attribute{asn1.ObjectIdentifier{1, 2, 3, 4}, asn1.TagUTF8String, "odd"},
			attribute{commonName, asn1.TagUTF8String, "server.test"})
	}},
	{name: "name-wild", edit: func(c *x509.Certificate) {
		c.Subject.CommonName = "zz"
		c.IPAddresses = nil
		c.DNSNames = []string{"*.w.test", "*.tld", "f*.p.test", "*x.p.test", "a.*.q.test", "*", "*.r.test.",
			"UPPER.test", "127.9.9.9", "*.9.9.8", "dot.test.", "*.*.s.test", "*..t.test", "*.co.uk"}
	}},
	{name: "name-fqdn", edit: names("*.fqdn.")},
	{name: "name-cn-wild", edit: cn("*.w.test")},
	{name: "name-cn-ip", edit: cn("10.1.2.3")},
	{name: "name-cn-email", edit: func(c *x509.Certificate) { cn("a.test")(c); c.EmailAddresses = []string{"a@b.test"} }},
	{name: "name-cn-and-ip", edit: func(c *x509.Certificate) {
		cn("a.test")(c)
		c.IPAddresses = []net.IP{net.IPv4(10, 0, 0, 1).To4()}
	}},
	{name: "name-cn-long", edit: raw(attribute{commonName, asn1.TagUTF8String, fmt.Sprintf("%070d.test", 0)})},
	{name: "name-cn-nul", edit: raw(attribute{commonName, asn1.TagUTF8String, "a.test\x00.evil.test"})},
	{name: "name-cn-twice", edit: raw(attribute{commonName, asn1.TagUTF8String, "a.test"},
		attribute{commonName, asn1.TagUTF8String, "b.test"})},
	{name: "name-cn-bmp", edit: raw(attribute{commonName, asn1.TagBMPString, "\x00b\x00m\x00p\x00.\x00t\x00e\x00s\x00t"})},
	{name: "name-nul", edit: san("ok.test", "b.test\x00evil")},
	{name: "name-space", edit: san(" ")},
	{name: "name-empty", edit: func(c *x509.Certificate) { cn("a.test")(c); san("")(c) }},
	{name: "ocsp", edit: responder},
	{name: "ocsp-b", edit: func(c *x509.Certificate) { responder(c); names("b.test")(c) }},
	{name: "ocsp-chain", issuer: "intermediate", chain: []string{"intermediate"}, edit: responder},
	{name: "ocsp-client", edit: func(c *x509.Certificate) { responder(c); client(c) }},
	{name: "must-staple", edit: func(c *x509.Certificate) {
		responder(c)
		// TLS feature: status_request (RFC 7633)
		c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{
			Id: asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 24}, Value: must(asn1.Marshal([]int{5}))})
	}},
	{name: "ocsp-delegate", edit: usage(x509.ExtKeyUsageOCSPSigning)},
	{name: "ocsp-delegate-expired", edit: func(c *x509.Certificate) {
		usage(x509.ExtKeyUsageOCSPSigning)(c)
		c.NotAfter = now.Add(-time.Hour)
	}},
	{name: "ocsp-delegate-other", issuer: "other-ca", edit: usage(x509.ExtKeyUsageOCSPSigning)},
}

// An OCSP response, whose signer sends its certificate along.
type response struct {
	name   string
	leaf   string // "" is ocsp
	issuer string // that the response says the leaf has; "" is ca
	signer string // "" is the issuer
	status int
	edit   func(*ocsp.Response)
}

var responses = []response{
	{name: "good"},
	{name: "unknown", status: ocsp.Unknown},
	{name: "revoked", status: ocsp.Revoked, edit: reason(ocsp.KeyCompromise)},
	{name: "reason-none", status: ocsp.Revoked}, // package ocsp leaves out reason 0
	{name: "reason-2", status: ocsp.Revoked, edit: reason(ocsp.CACompromise)},
	{name: "reason-3", status: ocsp.Revoked, edit: reason(ocsp.AffiliationChanged)},
	{name: "reason-4", status: ocsp.Revoked, edit: reason(ocsp.Superseded)},
	{name: "reason-5", status: ocsp.Revoked, edit: reason(ocsp.CessationOfOperation)},
	{name: "reason-6", status: ocsp.Revoked, edit: reason(ocsp.CertificateHold)},
	{name: "reason-7", status: ocsp.Revoked, edit: reason(7)},
	{name: "reason-8", status: ocsp.Revoked, edit: reason(ocsp.RemoveFromCRL)},
	{name: "no-next", edit: func(r *ocsp.Response) { r.NextUpdate = time.Time{} }},
	{name: "expired", edit: func(r *ocsp.Response) { r.NextUpdate = now.Add(-10 * time.Minute) }},
	{name: "not-yet", edit: func(r *ocsp.Response) { r.ThisUpdate = now.Add(12 * time.Hour) }},
	{name: "days-13", edit: func(r *ocsp.Response) { r.ThisUpdate = now.AddDate(0, 0, -13) }},
	{name: "days-15", edit: func(r *ocsp.Response) { r.ThisUpdate = now.AddDate(0, 0, -15) }},
	{name: "days-15-no-next", edit: func(r *ocsp.Response) {
		r.ThisUpdate, r.NextUpdate = now.AddDate(0, 0, -15), time.Time{}
	}},
	{name: "revoked-expired", status: ocsp.Revoked, edit: func(r *ocsp.Response) { r.NextUpdate = now.Add(-10 * time.Minute) }},
	{name: "stranger", signer: "other-ca"},
	{name: "delegate", signer: "ocsp-delegate"},
	{name: "delegate-revoked", signer: "ocsp-delegate", status: ocsp.Revoked, edit: reason(ocsp.KeyCompromise)},
	{name: "delegate-expired", signer: "ocsp-delegate-expired"},
	{name: "delegate-other", signer: "ocsp-delegate-other"},
	{name: "delegate-without-usage", signer: "client"},
	{name: "own-key", signer: "ocsp"},
	{name: "without-signer", edit: func(r *ocsp.Response) { r.Certificate = nil }},
	{name: "other-issuer", issuer: "other-ca", signer: "ca"},
	{name: "of-server", leaf: "server"},
	{name: "of-b", leaf: "ocsp-b", status: ocsp.Unknown},
	{name: "of-chain", leaf: "ocsp-chain", issuer: "intermediate"},
	{name: "of-chain-by-root", leaf: "ocsp-chain", issuer: "intermediate", signer: "ca"},
	{name: "of-client", leaf: "ocsp-client"},
	{name: "of-must-staple", leaf: "must-staple"},
}

func responder(c *x509.Certificate) {
	c.OCSPServer = []string{"http://ocsp.test/first", "http://ocsp.test/second"}
}

func reason(code int) func(*ocsp.Response) {
	return func(r *ocsp.Response) { r.RevocationReason = code }
}

// respond makes an OCSP response. Its times are an hour ago, in a day and, of a revocation, two
// hours ago; tests know the present from the validity of certificates.
func respond(r response, made map[string]*entity) []byte {
	entry := func(name, otherwise string) *entity {
		if name == "" {
			name = otherwise
		}
		return made[name]
	}
	leaf, issuer := entry(r.leaf, "ocsp"), entry(r.issuer, "ca")
	signer := issuer
	if r.signer != "" {
		signer = made[r.signer]
	}
	template := ocsp.Response{
		Status: r.status, SerialNumber: leaf.cert.SerialNumber, Certificate: signer.cert,
		ThisUpdate: now.Add(-time.Hour), NextUpdate: now.Add(24 * time.Hour),
	}
	if r.status == ocsp.Revoked {
		template.RevokedAt = now.Add(-2 * time.Hour)
	}
	if r.edit != nil {
		r.edit(&template)
	}
	return must(ocsp.CreateResponse(issuer.cert, signer.cert, template, signer.key))
}

var commonName = asn1.ObjectIdentifier{2, 5, 4, 3}

type attribute struct {
	oid   asn1.ObjectIdentifier
	tag   int
	value string
}

// subject encodes a name with one attribute in each RDN, in any string type.
func subject(attributes ...attribute) []byte {
	type pair struct {
		OID   asn1.ObjectIdentifier
		Value asn1.RawValue
	}
	type rdnSET []pair
	var rdns []rdnSET
	for _, a := range attributes {
		rdns = append(rdns, rdnSET{{a.oid, asn1.RawValue{Tag: a.tag, Bytes: []byte(a.value)}}})
	}
	return must(asn1.Marshal(rdns))
}

func names(dns ...string) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.DNSNames, c.IPAddresses = dns, nil }
}

func cn(name string) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		c.Subject = pkix.Name{CommonName: name}
		c.DNSNames, c.IPAddresses = nil, nil
	}
}

func raw(attributes ...attribute) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		c.RawSubject = subject(attributes...)
		c.DNSNames, c.IPAddresses = nil, nil
	}
}

// san writes a subjectAltName that crypto/x509 would not.
func san(dns ...string) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		var entries []asn1.RawValue
		for _, name := range dns {
			entries = append(entries, asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 2, Bytes: []byte(name)})
		}
		c.DNSNames, c.IPAddresses = nil, nil
		c.ExtraExtensions = append(c.ExtraExtensions,
			pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Value: must(asn1.Marshal(entries))})
	}
}

func usage(u x509.ExtKeyUsage) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{u} }
}

func client(c *x509.Certificate) {
	usage(x509.ExtKeyUsageClientAuth)(c)
	c.Subject.CommonName = "client"
	c.DNSNames, c.IPAddresses = nil, nil
}

func must[T any](v T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return v
}

func newKey(kind string) crypto.Signer {
	switch kind {
	case "rsa":
		return must(rsa.GenerateKey(rand.Reader, 2048))
	case "p384":
		return must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
	case "p521":
		return must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader))
	case "ed25519":
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return must(key, err)
	}
	return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
}

func issue(template *x509.Certificate, key crypto.Signer, issuer *entity) *entity {
	template.SerialNumber = must(rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)))
	if issuer == nil {
		issuer = &entity{template, key}
	}
	der := must(x509.CreateCertificate(rand.Reader, template, issuer.cert, key.Public(), issuer.key))
	// What crypto/x509 reads is what it was told to write; a certificate it refuses to read back
	// is one of those that are wrong on purpose, and issues nothing.
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		cert = &x509.Certificate{Raw: der}
	}
	return &entity{cert, key}
}

type directory string

func (d directory) write(name string, content []byte) {
	if err := os.WriteFile(filepath.Join(string(d), name), content, 0o600); err != nil {
		log.Fatal(err)
	}
}

func block(label string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der})
}

func chainPEM(certs ...*entity) []byte {
	var out []byte
	for _, c := range certs {
		out = append(out, block("CERTIFICATE", c.cert.Raw)...)
	}
	return out
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: pki DIRECTORY")
	}
	dir := directory(os.Args[1])
	if err := os.MkdirAll(string(dir), 0o700); err != nil {
		log.Fatal(err)
	}
	made := make(map[string]*entity)
	for _, a := range append(authorities, oddAuthorities...) {
		template := &x509.Certificate{
			Subject:   pkix.Name{CommonName: "Test " + a.name},
			NotBefore: now.Add(-48 * time.Hour), NotAfter: now.AddDate(1, 0, 0),
			IsCA: true, BasicConstraintsValid: true,
			KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature,
		}
		if a.edit != nil {
			a.edit(template)
		}
		made[a.name] = issue(template, newKey(""), made[a.issuer])
		dir.write(a.name+".pem", chainPEM(made[a.name]))
		dir.write(a.name+".key", block("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(made[a.name].key))))
	}
	for _, l := range append(leaves, oddLeaves...) {
		template := &x509.Certificate{
			Subject:   pkix.Name{CommonName: l.name},
			NotBefore: now.Add(-48 * time.Hour), NotAfter: now.AddDate(1, 0, 0),
			KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
			BasicConstraintsValid: true,
			DNSNames:              []string{"server.test", "localhost"},
			IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1).To4(), net.IPv6loopback},
		}
		if l.edit != nil {
			l.edit(template)
		}
		issuer := made["ca"]
		if l.issuer == "self" {
			issuer = nil
		} else if l.issuer != "" {
			issuer = made[l.issuer]
		}
		e := issue(template, newKey(l.key), issuer)
		made[l.name] = e
		chain := []*entity{e}
		for _, name := range l.chain {
			chain = append(chain, made[name])
		}
		dir.write(l.name+".pem", chainPEM(chain...))
		dir.write(l.name+".key", block("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(e.key))))
	}

	// A chain that needs several records, and one that no peer should have to take.
	server := made["server"]
	long := []*entity{server}
	for range 4 {
		long = append(long, made["bulky"])
	}
	dir.write("chain-long.pem", chainPEM(long...))
	dir.write("chain-long.key", block("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(server.key))))
	for range 40 {
		long = append(long, made["bulky"])
	}
	dir.write("chain-huge.pem", chainPEM(long...))

	tampered := bytes.Clone(server.cert.Raw)
	tampered[len(tampered)-1] ^= 1
	dir.write("bad-signature.pem", block("CERTIFICATE", tampered))
	dir.write("bad-signature.key", block("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(server.key))))

	cas := append(chainPEM(made["other-ca"]), []byte("some text between blocks\n")...)
	dir.write("bundle.pem", append(cas, chainPEM(made["ca"])...))
	combined := append(chainPEM(server), block("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(server.key)))...)
	dir.write("combined.pem", combined)
	dir.write("crlf.pem", bytes.ReplaceAll(combined, []byte("\n"), []byte("\r\n")))
	dir.write("trusted-label.pem", block("TRUSTED CERTIFICATE", server.cert.Raw))
	dir.write("server.der", server.cert.Raw)
	dir.write("server-sec1.key", block("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(server.key.(*ecdsa.PrivateKey)))))
	pkcs1 := x509.MarshalPKCS1PrivateKey(made["rsa"].key.(*rsa.PrivateKey))
	dir.write("rsa-pkcs1.key", block("RSA PRIVATE KEY", pkcs1))
	//lint:ignore SA1019 old keys are encrypted like this, and programs still read them
	legacy := must(x509.EncryptPEMBlock(rand.Reader, "RSA PRIVATE KEY", pkcs1, []byte("secret"), x509.PEMCipherAES128))
	dir.write("rsa-legacy-encrypted.key", pem.EncodeToMemory(legacy))
	dir.write("server-encrypted.key", encrypted(must(x509.MarshalPKCS8PrivateKey(server.key)), "secret"))
	dir.write("empty.pem", nil)
	dir.write("junk.pem", []byte("no certificate here\n"))

	for _, r := range responses {
		dir.write(r.name+".ocsp", respond(r, made))
	}
	bare := func(r *ocsp.Response) { r.Certificate = nil }
	forged := respond(response{edit: bare}, made)
	forged[len(forged)-1] ^= 1 // of the signature
	dir.write("forged.ocsp", forged)
	dir.write("try-later.ocsp", ocsp.TryLaterErrorResponse)
	dir.write("empty.ocsp", nil)

	for _, c := range []struct {
		file    string
		revoked []x509.RevocationListEntry
		next    time.Time
	}{
		{"good.crl", nil, now.AddDate(0, 1, 0)},
		{"revoked.crl", []x509.RevocationListEntry{{SerialNumber: made["revoked"].cert.SerialNumber, RevocationTime: now.Add(-time.Hour)}}, now.AddDate(0, 1, 0)},
		{"stale.crl", nil, now.Add(-time.Hour)},
	} {
		list := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: now.Add(-2 * time.Hour), NextUpdate: c.next,
			RevokedCertificateEntries: c.revoked}
		der := must(x509.CreateRevocationList(rand.Reader, list, made["ca"].cert, made["ca"].key))
		dir.write(c.file, block("X509 CRL", der))
	}
	writeOdd(dir, made)
}

// encrypted is PKCS#8's EncryptedPrivateKeyInfo with PBES2, PBKDF2-HMAC-SHA-256 and AES-256-CBC (RFC 8018).
func encrypted(key []byte, password string) []byte {
	salt, iv := make([]byte, 16), make([]byte, aes.BlockSize)
	rand.Read(salt)
	rand.Read(iv)
	const rounds = 2048
	derived := must(pbkdf2.Key(sha256.New, password, salt, rounds, 32))
	pad := aes.BlockSize - len(key)%aes.BlockSize
	key = append(bytes.Clone(key), bytes.Repeat([]byte{byte(pad)}, pad)...)
	cipher.NewCBCEncrypter(must(aes.NewCipher(derived)), iv).CryptBlocks(key, key)

	type algorithm struct {
		OID        asn1.ObjectIdentifier
		Parameters any
	}
	type kdf struct {
		Salt   []byte
		Rounds int
		PRF    algorithm
	}
	type pbes2 struct{ KDF, Cipher algorithm }
	return block("ENCRYPTED PRIVATE KEY", must(asn1.Marshal(struct {
		Algorithm algorithm
		Data      []byte
	}{
		algorithm{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}, pbes2{
			algorithm{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12},
				kdf{salt, rounds, algorithm{asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 9}, asn1.NullRawValue}}},
			algorithm{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 42}, iv},
		}},
		key,
	})))
}
