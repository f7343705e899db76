package main

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"log"
	"math/big"
	"net"
	"os/exec"
	"strings"

	"golang.org/x/crypto/ocsp"
)

// Certificates, keys and lists as the world makes them, which crypto/x509 wouldn't.

var (
	oidKeyUsage        = asn1.ObjectIdentifier{2, 5, 29, 15}
	oidAltName         = asn1.ObjectIdentifier{2, 5, 29, 17}
	oidNameConstraints = asn1.ObjectIdentifier{2, 5, 29, 30}
	organisation       = asn1.ObjectIdentifier{2, 5, 4, 10}
)

var oddAuthorities = []authority{
	{"mail", "ca", func(c *x509.Certificate) { c.PermittedEmailAddresses = []string{"a.test"} }},
	{"maximum", "ca", constrained(asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 2, Bytes: []byte("server.test")},
		asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 1, Bytes: []byte{0}})},
	{"directory", "ca", constrained(asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 4, IsCompound: true,
		Bytes: subject(attribute{organisation, asn1.TagPrintableString, "Example"})})},
	{"no-bits", "ca", func(c *x509.Certificate) {
		c.KeyUsage = 0
		c.ExtraExtensions = []pkix.Extension{{Id: oidKeyUsage, Critical: true, Value: []byte{asn1.TagBitString, 1, 0}}}
	}},
}

// constrained permits one subtree, whose base and bounds are given, and is critical.
func constrained(subtree ...asn1.RawValue) func(*x509.Certificate) {
	permitted := asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: must(asn1.Marshal(subtree))}
	value := must(asn1.Marshal([]asn1.RawValue{permitted}))
	return func(c *x509.Certificate) {
		c.ExtraExtensions = []pkix.Extension{{Id: oidNameConstraints, Critical: true, Value: value}}
	}
}

var oddLeaves = []leaf{
	{name: "mail-permitted", issuer: "mail", chain: []string{"mail"}, edit: mail("u@a.test")},
	{name: "mail-below", issuer: "mail", chain: []string{"mail"}, edit: mail("u@sub.a.test")},
	{name: "maximum-leaf", issuer: "maximum", chain: []string{"maximum"}},
	{name: "directory-permitted", issuer: "directory", chain: []string{"directory"}, edit: func(c *x509.Certificate) {
		c.RawSubject = subject(attribute{organisation, asn1.TagUTF8String, " exAMPLE "}, attribute{commonName, asn1.TagUTF8String, "x"})
	}},
	{name: "directory-other", issuer: "directory", chain: []string{"directory"}, edit: func(c *x509.Certificate) {
		c.RawSubject = subject(attribute{organisation, asn1.TagUTF8String, "Other"})
	}},
	{name: "below-no-bits", issuer: "no-bits", chain: []string{"no-bits"}},
	{name: "underscore", edit: func(c *x509.Certificate) {
		c.RawSubject = subject(attribute{organisation, asn1.TagPrintableString, "a_b"}, attribute{commonName, asn1.TagUTF8String, "odd"})
	}},
	{name: "at", edit: func(c *x509.Certificate) {
		c.RawSubject = subject(attribute{organisation, asn1.TagPrintableString, "a@b"})
	}},
	{name: "long-address", edit: func(c *x509.Certificate) {
		c.DNSNames, c.IPAddresses = nil, nil
		c.ExtraExtensions = []pkix.Extension{{Id: oidAltName, Value: must(asn1.Marshal([]asn1.RawValue{
			{Class: asn1.ClassContextSpecific, Tag: 2, Bytes: []byte("server.test")},
			{Class: asn1.ClassContextSpecific, Tag: 7, Bytes: []byte{10, 0, 0, 1, 255, 0, 0, 0}},
		}))}}
	}},
	{name: "encipherment", key: "rsa", edit: func(c *x509.Certificate) {
		c.KeyUsage = x509.KeyUsageKeyEncipherment | x509.KeyUsageDataEncipherment
	}},
}

func mail(address string) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.EmailAddresses = []string{address} }
}

// Fields of a TBSCertificate and, the last one, of a TBSCertList, both with a version (RFC 5280, 4.1 and 5.1).
const (
	serialNumber = 1
	issuerName   = 3
	publicKey    = 6
	issuerOfList = 2
)

// remade changes the fields of what is signed in a certificate or a CRL, and signs it anew with a P-256 key.
func remade(der []byte, key crypto.Signer, edit func(fields []asn1.RawValue) []asn1.RawValue) []byte {
	var outer struct {
		Fields    []asn1.RawValue
		Algorithm asn1.RawValue
		Signature asn1.BitString
	}
	must(asn1.Unmarshal(der, &outer))
	outer.Fields = edit(outer.Fields)
	outer.Signature = signature(key, must(asn1.Marshal(outer.Fields)))
	return must(asn1.Marshal(outer))
}

func signature(key crypto.Signer, signed []byte) asn1.BitString {
	digest := sha256.Sum256(signed)
	bytes := must(key.Sign(rand.Reader, digest[:], crypto.SHA256))
	return asn1.BitString{Bytes: bytes, BitLength: 8 * len(bytes)}
}

// set has a field's DER replaced.
func set(field int, der []byte) func([]asn1.RawValue) []asn1.RawValue {
	return func(fields []asn1.RawValue) []asn1.RawValue {
		fields[field].FullBytes = der
		return fields
	}
}

// openssl returns what the openssl command makes of a key in PEM.
func openssl(key []byte, args string) []byte {
	cmd := exec.Command("openssl", strings.Fields(args)...)
	cmd.Stdin = bytes.NewReader(key)
	out, err := cmd.Output()
	if err != nil {
		log.Fatalf("openssl %s: %v", args, err)
	}
	return out
}

// writeOdd writes them all, below the authority "ca".
func writeOdd(dir directory, made map[string]*entity) {
	ca, server := made["ca"], made["server"]
	keyPEM := func(key crypto.Signer) []byte {
		return block("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(key)))
	}

	// Certificates with a field changed.
	for _, c := range []struct {
		name, of string
		field    int
		value    []byte
	}{
		{"negative-serial", "server", serialNumber, []byte{asn1.TagInteger, 2, 0x80, 1}},
		{"string-type", "server", issuerName, subject(attribute{commonName, asn1.TagUTF8String, "  tEST   ca "})},
		{"missing-null", "rsa", publicKey, bareKey(made["rsa"].cert)},
	} {
		dir.write(c.name+".pem", block("CERTIFICATE", remade(made[c.of].cert.Raw, ca.key, set(c.field, c.value))))
		dir.write(c.name+".key", keyPEM(made[c.of].key))
	}

	// Long chains: chain-N has N intermediates.
	chain := []*entity{ca}
	for i := 1; i <= 99; i++ {
		chain = append([]*entity{issue(&x509.Certificate{
			Subject:   pkix.Name{CommonName: fmt.Sprint("Test level ", i)},
			NotBefore: server.cert.NotBefore, NotAfter: server.cert.NotAfter,
			IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		}, newKey(""), chain[0])}, chain...)
		switch i {
		case 6, 7, 31, 32, 99:
			leaf := issue(&x509.Certificate{
				NotBefore: server.cert.NotBefore, NotAfter: server.cert.NotAfter,
				DNSNames: []string{"server.test"}, IPAddresses: []net.IP{net.IPv6loopback},
			}, server.key, chain[0])
			name := fmt.Sprint("chain-of-", i)
			dir.write(name+".pem", chainPEM(append([]*entity{leaf}, chain[:i]...)...))
			dir.write(name+".key", keyPEM(server.key))
		}
	}

	// Texts.
	bom := []byte("\xef\xbb\xbf")
	whole := chainPEM(made["chain"], made["intermediate"])
	dir.write("bom.pem", append(bom, whole...))
	dir.write("bom.key", append(bom, keyPEM(made["chain"].key)...))
	first := len(chainPEM(made["chain"]))
	damaged := bytes.Replace(whole[first:], []byte("\nMI"), []byte("\nM*"), 1)
	dir.write("damaged-intermediate.pem", append(whole[:first:first], damaged...))
	dir.write("damaged-roots.pem", append(damaged, chainPEM(made["other-ca"])...))
	dir.write("damaged-roots-and-ca.pem", append(damaged, chainPEM(ca)...))
	dir.write("damaged.key", bytes.Replace(keyPEM(server.key), []byte("\nM"), []byte("\n*"), 1))
	good := block("X509 CRL", list(made))
	dir.write("damaged.crl", append(good, bytes.Replace(good, []byte("\nM"), []byte("\n*"), 1)...))

	// Keys, with the password "secret".
	relabel := func(key []byte, from, to string) []byte {
		return bytes.ReplaceAll(key, []byte(from+" KEY-----"), []byte(to+" KEY-----"))
	}
	server8, rsa8 := keyPEM(server.key), keyPEM(made["rsa"].key)
	server1 := block("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(server.key.(*ecdsa.PrivateKey))))
	for name, text := range map[string][]byte{
		"rsa-pkcs8-as-rsa":     relabel(rsa8, " PRIVATE", " RSA PRIVATE"),
		"rsa-coefficient":      block("RSA PRIVATE KEY", wrongCoefficient(made["rsa"].key.(*rsa.PrivateKey))),
		"server-pkcs8-as-ec":   relabel(server8, " PRIVATE", " EC PRIVATE"),
		"server-sec1-as-pkcs8": relabel(server1, " EC PRIVATE", " PRIVATE"),
		"server-bom":           append(bom, server8...),
		"server-explicit":      openssl(server8, "ec -param_enc explicit"),
		"server-scrypt":        openssl(server8, "pkcs8 -topk8 -passout pass:secret -scrypt -scrypt_N 1024 -scrypt_r 8 -scrypt_p 1"),
		"server-pkcs12":        openssl(server8, "pkcs8 -topk8 -passout pass:secret -v1 PBE-SHA1-3DES"),
		"server-sha512":        openssl(server8, "pkcs8 -topk8 -passout pass:secret -v2 aes-256-cbc -v2prf hmacWithSHA512"),
		"server-sha512-256":    openssl(server8, "pkcs8 -topk8 -passout pass:secret -v2 aes-128-cbc -v2prf hmacWithSHA512-256"),
		"server-3des":          openssl(server8, "pkcs8 -topk8 -passout pass:secret -v2 des3"),
		"server-2des":          openssl(server8, "pkcs8 -topk8 -passout pass:secret -v1 PBE-SHA1-2DES"),
	} {
		dir.write(name+".key", text)
	}

	// Lists.
	dir.write("v1.crl", block("X509 CRL", remade(list(made), ca.key, version1)))
	dir.write("v1-revoked.crl", block("X509 CRL", remade(list(made, "revoked"), ca.key, version1)))
	name := subject(attribute{commonName, asn1.TagUTF8String, "TEST CA"})
	dir.write("string-type.crl", block("X509 CRL", remade(list(made, "revoked"), ca.key, set(issuerOfList, name))))

	// OCSP responses.
	bare := func(r *ocsp.Response) { r.Certificate = nil }
	own := respond(response{edit: bare}, made)
	other := respond(response{issuer: "other-ca", status: ocsp.Revoked, edit: bare}, made)
	delegate := made["ocsp-delegate"]
	dir.write("needless.ocsp", rebuilt(own, ca.key, nil, server, ca))
	dir.write("delegate-second.ocsp", rebuilt(respond(response{signer: "ocsp-delegate"}, made), delegate.key, nil, server, delegate))
	dir.write("other-issuer-first.ocsp", rebuilt(own, ca.key, other, ca))
}

// bareKey returns an RSA certificate's SubjectPublicKeyInfo without the NULL of its algorithm.
func bareKey(c *x509.Certificate) []byte {
	var info struct {
		Algorithm struct{ ID, Parameters asn1.RawValue }
		Key       asn1.BitString
	}
	must(asn1.Unmarshal(c.RawSubjectPublicKeyInfo, &info))
	return must(asn1.Marshal(struct {
		Algorithm []asn1.RawValue
		Key       asn1.BitString
	}{[]asn1.RawValue{info.Algorithm.ID}, info.Key}))
}

// wrongCoefficient encodes a key in PKCS#1 with a coefficient that isn't its own (RFC 8017, A.1.2).
func wrongCoefficient(key *rsa.PrivateKey) []byte {
	return must(asn1.Marshal(struct {
		Version                      int
		N                            *big.Int
		E                            int
		D, P, Q, DP, DQ, Coefficient *big.Int
	}{0, key.N, key.E, key.D, key.Primes[0], key.Primes[1],
		key.Precomputed.Dp, key.Precomputed.Dq, new(big.Int).Add(key.Precomputed.Qinv, big.NewInt(1))}))
}

// list returns a CRL of the authority "ca" with these entries.
func list(made map[string]*entity, revoked ...string) []byte {
	template := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: now.AddDate(0, 0, -1), NextUpdate: now.AddDate(0, 1, 0)}
	for _, name := range revoked {
		template.RevokedCertificateEntries = append(template.RevokedCertificateEntries,
			x509.RevocationListEntry{SerialNumber: made[name].cert.SerialNumber, RevocationTime: template.ThisUpdate})
	}
	return must(x509.CreateRevocationList(rand.Reader, template, made["ca"].cert, made["ca"].key))
}

// version1 leaves the version and the extensions out of a list (RFC 5280, 5.1).
func version1(fields []asn1.RawValue) []asn1.RawValue { return fields[1 : len(fields)-1] }

// rebuilt makes an OCSP response anew (RFC 6960, 4.2.1): with what another one says, if that is given,
// before what it says itself, and with these certificates. Its signer has a P-256 key.
func rebuilt(der []byte, key crypto.Signer, before []byte, certs ...*entity) []byte {
	type basic struct {
		Data      []asn1.RawValue // the list of answers last
		Algorithm asn1.RawValue
		Signature asn1.BitString
		Certs     []asn1.RawValue `asn1:"optional,explicit,tag:0"`
	}
	type response struct {
		Status asn1.Enumerated
		Bytes  struct {
			Type  asn1.ObjectIdentifier
			Basic []byte
		} `asn1:"explicit,tag:0"`
	}
	parse := func(der []byte) (r response, b basic) {
		must(asn1.Unmarshal(der, &r))
		must(asn1.Unmarshal(r.Bytes.Basic, &b))
		return r, b
	}
	r, b := parse(der)
	if before != nil {
		_, first := parse(before)
		answers := &b.Data[len(b.Data)-1]
		answers.Bytes = append(first.Data[len(first.Data)-1].Bytes, answers.Bytes...)
		answers.FullBytes = nil
	}
	b.Signature = signature(key, must(asn1.Marshal(b.Data)))
	b.Certs = nil
	for _, c := range certs {
		b.Certs = append(b.Certs, asn1.RawValue{FullBytes: c.cert.Raw})
	}
	r.Bytes.Basic = must(asn1.Marshal(b))
	return must(asn1.Marshal(r))
}
