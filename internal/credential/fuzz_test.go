package credential

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"testing"
	"time"
)

// pemFiles returns a chain of two certificates and keys of each kind.
func pemFiles(f *testing.F) (chain []byte, keys [][]byte) {
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	r, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		f.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Unix(2e9, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, ec.Public(), ec)
	if err != nil {
		f.Fatal(err)
	}
	one := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	for _, key := range []any{ec, r, ed} {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			f.Fatal(err)
		}
		keys = append(keys, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	}
	return append(one, one...), keys
}

func FuzzParseChain(f *testing.F) {
	chain, keys := pemFiles(f)
	f.Add(chain)
	f.Add(bytes.ReplaceAll(chain, []byte("CERTIFICATE"), []byte("TRUSTED CERTIFICATE")))
	f.Add(append(keys[0], chain...))
	f.Fuzz(func(t *testing.T, text []byte) {
		certs, leaf, err := ParseChain(text)
		if err != nil {
			return
		}
		if len(certs) == 0 || !bytes.Equal(leaf.Raw, certs[0]) || !(&Credential{Chain: certs, Leaf: leaf, Remote: true}).CanSign() && leaf.KeyUsage == 0 {
			t.Error("a chain that is none")
		}
		var again []byte
		for _, der := range certs {
			again = append(again, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
		}
		same, _, err := ParseChain(again)
		if err != nil || len(same) != len(certs) {
			t.Errorf("%d of %d certificates: %v", len(same), len(certs), err)
		}
	})
}

func FuzzParseKey(f *testing.F) {
	_, keys := pemFiles(f)
	for _, key := range keys {
		f.Add(key)
		f.Add(bytes.ReplaceAll(key, []byte(" PRIVATE"), []byte(" EC PRIVATE")))
		f.Add(bytes.ReplaceAll(key, []byte(" PRIVATE"), []byte(" ENCRYPTED PRIVATE")))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		key, err := ParseKey(text)
		if err != nil {
			return
		}
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseKeyDER(der)
		if err != nil || !SamePublicKey(again.Public(), key.Public()) {
			t.Errorf("another key, or none: %v", err)
		}
	})
}
