package credential

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"math/big"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"

	"libtls/internal/pem"
	"libtls/internal/suite"
	"libtls/internal/trust"
)

// ParseKey returns the first private key in a PEM text, which isn't encrypted.
func ParseKey(text []byte) (crypto.Signer, error) {
	block, err := privateKeyBlock(text)
	if err != nil {
		return nil, err
	}
	defer clear(block.Bytes)
	if isEncrypted(block) {
		return nil, errEncrypted
	}
	key, err := ParseKeyDER(block.Bytes)
	if err != nil {
		return nil, inBlock(block, err)
	}
	return key, nil
}

// inBlock tells in which block of a text something is wrong.
func inBlock(block *pem.Block, err error) error { return fmt.Errorf("block %d: %w", block.Number, err) }

// ParseKeyDER returns a private key in PKCS#8, PKCS#1 or SEC1, whatever the label of its block said.
func ParseKeyDER(der []byte) (crypto.Signer, error) {
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		if rsa, e := x509.ParsePKCS1PrivateKey(der); e == nil {
			key, err = rsa, nil
		} else if ec, e := x509.ParseECPrivateKey(der); e == nil {
			key, err = ec, nil
		} else if ec := explicitKey(der); ec != nil {
			key, err = ec, nil
		}
	}
	if err != nil {
		if name := trust.Unsupported(der); name != "" {
			return nil, fmt.Errorf("%w %s", ErrKeyType, name)
		}
		return nil, ErrDamaged
	}
	signer, ok := key.(crypto.Signer)
	if !ok || suite.KeyTypeOf(signer.Public()) == 0 {
		return nil, errKey
	}
	return signer, nil
}

// privateKeyBlock returns the first private key of a text. A block before it that is damaged might
// have been that.
func privateKeyBlock(text []byte) (*pem.Block, error) {
	for block := range pem.Blocks(text) {
		switch {
		case block.Damaged():
			return nil, inBlock(block, ErrDamaged)
		case isPrivateKey(block):
			return block, nil
		}
	}
	return nil, errNoStartLine
}

func isPrivateKey(block *pem.Block) bool { return strings.HasSuffix(block.Label, "PRIVATE KEY") }

var (
	oidPrimeField = asn1.ObjectIdentifier{1, 2, 840, 10045, 1, 1}
	oidECKey      = asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}
)

// explicitKey reads an EC key, in SEC1 or in PKCS#8, that describes its curve in place of naming it,
// if it is one that has a name; else nil.
func explicitKey(der []byte) *ecdsa.PrivateKey {
	in := cryptobyte.String(der)
	var seq, params, secret cryptobyte.String
	var version int
	if !in.ReadASN1(&seq, tag.SEQUENCE) || !seq.ReadASN1Integer(&version) {
		return nil
	}
	if version == 0 { // PKCS#8
		var algorithm, inner cryptobyte.String
		var id asn1.ObjectIdentifier
		if !seq.ReadASN1(&algorithm, tag.SEQUENCE) || !algorithm.ReadASN1ObjectIdentifier(&id) || !id.Equal(oidECKey) ||
			!seq.ReadASN1(&inner, tag.OCTET_STRING) || !inner.ReadASN1(&seq, tag.SEQUENCE) || !seq.ReadASN1Integer(&version) {
			return nil
		}
		params = algorithm
	}
	if version != 1 || !seq.ReadASN1(&secret, tag.OCTET_STRING) {
		return nil
	}
	var own cryptobyte.String
	var present bool
	if !seq.ReadOptionalASN1(&own, &present, tag.Tag(0).ContextSpecific().Constructed()) {
		return nil
	}
	if present {
		params = own
	}
	curve := describedCurve(params)
	if curve == nil {
		return nil
	}
	size := (curve.Params().BitSize + 7) / 8
	trimmed := bytes.TrimLeft(secret, "\x00")
	if len(trimmed) > size {
		return nil
	}
	padded := make([]byte, size)
	defer clear(padded)
	copy(padded[size-len(trimmed):], trimmed)
	key, err := ecdsa.ParseRawPrivateKey(curve, padded)
	if err != nil {
		return nil
	}
	return key
}

// describedCurve returns the curve with those SpecifiedECDomain parameters (SEC 1, C.2), or nil.
func describedCurve(in cryptobyte.String) elliptic.Curve {
	var seq, field, curve, a, b, base cryptobyte.String
	var version int
	var id asn1.ObjectIdentifier
	p, n := new(big.Int), new(big.Int)
	if !in.ReadASN1(&seq, tag.SEQUENCE) || !seq.ReadASN1Integer(&version) ||
		!seq.ReadASN1(&field, tag.SEQUENCE) ||
		!field.ReadASN1ObjectIdentifier(&id) || !id.Equal(oidPrimeField) || !field.ReadASN1Integer(p) ||
		!seq.ReadASN1(&curve, tag.SEQUENCE) ||
		!curve.ReadASN1(&a, tag.OCTET_STRING) || !curve.ReadASN1(&b, tag.OCTET_STRING) ||
		!seq.ReadASN1(&base, tag.OCTET_STRING) || !seq.ReadASN1Integer(n) || len(base) < 2 {
		return nil
	}
	for _, c := range []elliptic.Curve{elliptic.P256(), elliptic.P384(), elliptic.P521()} {
		known := c.Params()
		size := (known.BitSize + 7) / 8
		x, y := known.Gx.FillBytes(make([]byte, size)), known.Gy.FillBytes(make([]byte, size))
		compressed := append([]byte{2 + y[size-1]&1}, x...)
		whole := append(append([]byte{4}, x...), y...)
		minusThree := new(big.Int).Sub(known.P, big.NewInt(3))
		if p.Cmp(known.P) == 0 && n.Cmp(known.N) == 0 &&
			new(big.Int).SetBytes(a).Cmp(minusThree) == 0 && new(big.Int).SetBytes(b).Cmp(known.B) == 0 &&
			(bytes.Equal(base, compressed) || bytes.Equal(base, whole)) {
			return c
		}
	}
	return nil
}
