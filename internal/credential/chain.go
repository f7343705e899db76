package credential

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"errors"

	"libtls/internal/pem"
	"libtls/internal/suite"
)

// Why a certificate or a key can't be used.
var (
	errNoStartLine = errors.New("no start line")
	errKeyType     = errors.New("unsupported algorithm")
	errWeakKey     = errors.New("ee key too small")
	errKey         = errors.New("no usable private key")
)

// ParseChain returns the certificates in a PEM text as DER, and the first one parsed. It fails if
// that can't be used in TLS.
func ParseChain(text []byte) ([][]byte, *x509.Certificate, error) {
	var chain [][]byte
	for block := range pem.Blocks(text) {
		if block.IsCertificate() && !block.Damaged() {
			chain = append(chain, block.Bytes)
		}
	}
	if len(chain) == 0 {
		return nil, nil, errNoStartLine
	}
	leaf, err := x509.ParseCertificate(chain[0])
	if err != nil {
		return nil, nil, err
	}
	return chain, leaf, usableKey(leaf.PublicKey)
}

// usableKey tells what keeps a public key from being used, if anything does.
func usableKey(pub crypto.PublicKey) error {
	if suite.KeyTypeOf(pub) == 0 {
		return errKeyType
	}
	if key, ok := pub.(*rsa.PublicKey); ok && key.N.BitLen() < 1024 {
		return errWeakKey
	}
	return nil
}
