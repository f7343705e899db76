package libtls

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"time"

	"libtls/internal/suite"
)

// What package ssl needs of this one, besides sessions and ticket keys.

// ParseChain returns the certificates in a PEM text as DER, and the first one
// parsed. It fails if that can't be used in TLS.
func ParseChain(text []byte) ([][]byte, *x509.Certificate, error) { return parseChain(text) }

// ParseKey returns the first private key in a PEM text, which isn't encrypted.
func ParseKey(text []byte) (crypto.Signer, error) { return parseKey(text) }

// ParseKeyDER returns a private key in PKCS#8, PKCS#1 or SEC1.
func ParseKeyDER(der []byte) (crypto.Signer, error) {
	for _, label := range []string{"PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY"} {
		if key, err := parseKeyBlock(&pem.Block{Type: label, Bytes: der}); err == nil {
			return key, nil
		}
	}
	return nil, errKey
}

// SamePublicKey tells whether two public keys are the same.
func SamePublicKey(a, b crypto.PublicKey) bool { return samePublicKey(a, b) }

// ParseCiphers returns the suites that a cipher string selects, those of
// TLS 1.3 first; none if it selects nothing or is malformed.
func ParseCiphers(list string) []suite.ID { return parseCiphers(list, suite.All) }

// Now returns the wall clock's time.
func Now() time.Time { return now() }
