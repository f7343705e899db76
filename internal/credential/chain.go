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
	errOnlyKey     = errors.New("no start line: it has a private key and no certificate")
	ErrKeyType     = errors.New("unsupported algorithm")
	errWeakKey     = errors.New("ee key too small")
	errKey         = errors.New("no usable private key")
	errEncrypted   = errors.New("private key is encrypted")
	errChain       = errors.New("isn't a certificate")
)

// ParseChain returns the certificates in a PEM text as DER, and the first one parsed. It fails if
// that can't be used in TLS, or if any block of the text is damaged.
func ParseChain(text []byte) ([][]byte, *x509.Certificate, error) {
	var chain [][]byte
	missing := errNoStartLine
	for block := range pem.Blocks(text) {
		if block.Damaged() {
			return nil, nil, fmt.Errorf("block %d is damaged", block.Number)
		}
		if isPrivateKey(block) {
			missing = errOnlyKey
		}
		if !block.IsCertificate() {
			continue
		}
		if c, _ := trust.Read(block.Bytes); c == nil {
			return nil, nil, fmt.Errorf("block %d %w", block.Number, errChain)
		}
		chain = append(chain, block.Bytes) // whoever verifies it can judge
	}
	if len(chain) == 0 {
		return nil, nil, missing
	}
	leaf, err := ParseLeaf(chain[0])
	return chain, leaf, err
}

// ParseLeaf returns a certificate in DER parsed. It fails if the certificate can't be used in TLS.
func ParseLeaf(der []byte) (*x509.Certificate, error) {
	c, err := trust.Read(der)
	switch {
	case c == nil:
		return nil, errChain
	case c.PublicKey == nil:
		return nil, errors.New(strings.TrimPrefix(err.Error(), "x509: "))
	}
	return c, usableKey(c.PublicKey)
}

// usableKey tells what keeps a public key from being used, if anything does.
func usableKey(pub crypto.PublicKey) error {
	if suite.KeyTypeOf(pub) == 0 {
		return ErrKeyType
	}
	if key, ok := pub.(*rsa.PublicKey); ok && key.N.BitLen() < 1024 {
		return errWeakKey
	}
	return nil
}
