package credential

import (
	"crypto"
	"crypto/x509"
	"strings"

	"libtls/internal/pem"
	"libtls/internal/suite"
)

// ParseKey returns the first private key in a PEM text, which isn't encrypted.
func ParseKey(text []byte) (crypto.Signer, error) {
	block := privateKeyBlock(text)
	if block == nil {
		return nil, errNoStartLine
	}
	defer clear(block.Bytes)
	if isLegacyEncrypted(block) {
		return nil, errKey
	}
	return parseKeyBlock(block)
}

// ParseKeyDER returns a private key in PKCS#8, PKCS#1 or SEC1.
func ParseKeyDER(der []byte) (crypto.Signer, error) {
	for _, label := range []string{"PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY"} {
		if key, err := parseKeyBlock(&pem.Block{Label: label, Bytes: der}); err == nil {
			return key, nil
		}
	}
	return nil, errKey
}

// parseKeyBlock parses a private key that isn't encrypted.
func parseKeyBlock(block *pem.Block) (crypto.Signer, error) {
	var key any
	var err error
	switch block.Label {
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	}
	if err != nil {
		return nil, err
	}
	signer, ok := key.(crypto.Signer)
	if !ok || suite.KeyTypeOf(signer.Public()) == 0 {
		return nil, errKey
	}
	return signer, nil
}

func privateKeyBlock(text []byte) *pem.Block {
	for block := range pem.Blocks(text) {
		if strings.HasSuffix(block.Label, "PRIVATE KEY") && !block.Damaged() {
			return block
		}
	}
	return nil
}
