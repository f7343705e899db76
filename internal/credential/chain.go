package credential

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"

	"libtls/internal/pem"
	"libtls/internal/suite"
	"libtls/internal/trust"
)

// Why a certificate or a key can't be used.
var (
	errNoStartLine = errors.New("no start line")
	errKeyType     = errors.New("unsupported algorithm")
	errWeakKey     = errors.New("ee key too small")
	errKey         = errors.New("no usable private key")
	errEncrypted   = errors.New("private key is encrypted")
	errChain       = errors.New("isn't a certificate")
)

// ParseChain returns the certificates in a PEM text as DER, and the first one parsed. It fails if
// that can't be used in TLS, or if any block of the text is damaged.
func ParseChain(text []byte) ([][]byte, *x509.Certificate, error) {
	var chain [][]byte
	var leaf *x509.Certificate
	for block := range pem.Blocks(text) {
		if block.Damaged() {
			return nil, nil, fmt.Errorf("block %d is damaged", block.Number)
		}
		if !block.IsCertificate() {
			continue
		}
		c, err := trust.Read(block.Bytes)
		switch {
		case c == nil:
			return nil, nil, fmt.Errorf("block %d %w", block.Number, errChain)
		case len(chain) > 0: // whoever verifies it can judge
		case c.PublicKey == nil:
			return nil, nil, errors.New(strings.TrimPrefix(err.Error(), "x509: "))
		default:
			leaf = c
		}
		chain = append(chain, block.Bytes)
	}
	if len(chain) == 0 {
		return nil, nil, errNoStartLine
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
