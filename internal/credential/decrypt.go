package credential

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/asn1"
	stdpem "encoding/pem"
	"errors"
	"hash"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"

	"libtls/internal/pem"
)

const (
	maxPassword = 1024 // bytes; longer ones are refused
	// maxIterations bounds what a key file can make us compute.
	maxIterations = 10_000_000
)

var errPassword = errors.New("private key can't be decrypted")

// DecryptKey returns the first private key in a PEM text as unencrypted PKCS#8
// in PEM. The password matters only if the key is encrypted.
func DecryptKey(text []byte, password string) ([]byte, error) {
	if len(password) >= maxPassword {
		return nil, errPassword
	}
	block := privateKeyBlock(text)
	if block == nil {
		return nil, errNoStartLine
	}
	defer clear(block.Bytes)
	plain := &pem.Block{Label: block.Label, Bytes: block.Bytes}
	encrypted := block.Label == "ENCRYPTED PRIVATE KEY" || isLegacyEncrypted(block)
	if encrypted && password == "" {
		return nil, errPassword
	}
	var err error
	switch {
	case block.Label == "ENCRYPTED PRIVATE KEY":
		plain.Label = "PRIVATE KEY"
		plain.Bytes, err = decryptPKCS8(block.Bytes, password)
	case encrypted:
		//lint:ignore SA1019 old keys are what it is for
		plain.Bytes, err = x509.DecryptPEMBlock(&stdpem.Block{Headers: block.Headers, Bytes: block.Bytes}, []byte(password))
	}
	if err != nil {
		return nil, err
	}
	defer clear(plain.Bytes)
	key, err := parseKeyBlock(plain)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	defer clear(der)
	return pem.Append(make([]byte, 0, 2*len(der)+100), "PRIVATE KEY", der), nil
}

// isLegacyEncrypted tells whether a key is encrypted in the way of RFC 1421.
func isLegacyEncrypted(block *pem.Block) bool { return block.Headers["DEK-Info"] != "" }

// What PBES2 is made of (RFC 8018, appendix B and C).
var (
	oidPBES2  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}
	oidPBKDF2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}

	pbkdf2Hashes = map[string]func() hash.Hash{
		"1.2.840.113549.2.7":  sha1.New,
		"1.2.840.113549.2.8":  sha256.New224,
		"1.2.840.113549.2.9":  sha256.New,
		"1.2.840.113549.2.10": sha512.New384,
		"1.2.840.113549.2.11": sha512.New,
	}
	pbes2Ciphers = map[string]struct {
		keyLen int
		block  func([]byte) (cipher.Block, error)
	}{
		"2.16.840.1.101.3.4.1.2":  {16, aes.NewCipher},
		"2.16.840.1.101.3.4.1.22": {24, aes.NewCipher},
		"2.16.840.1.101.3.4.1.42": {32, aes.NewCipher},
		"1.2.840.113549.3.7":      {24, des.NewTripleDESCipher},
	}
)

// decryptPKCS8 opens an EncryptedPrivateKeyInfo (RFC 5958, section 3) that is
// encrypted by PBES2.
func decryptPKCS8(der []byte, password string) ([]byte, error) {
	in := cryptobyte.String(der)
	var info, scheme, params, kdf, kdfParams, enc, data, iv cryptobyte.String
	var schemeID, kdfID, encID asn1.ObjectIdentifier
	if !in.ReadASN1(&info, tag.SEQUENCE) || !in.Empty() ||
		!info.ReadASN1(&scheme, tag.SEQUENCE) ||
		!info.ReadASN1(&data, tag.OCTET_STRING) ||
		!scheme.ReadASN1ObjectIdentifier(&schemeID) || !schemeID.Equal(oidPBES2) ||
		!scheme.ReadASN1(&params, tag.SEQUENCE) ||
		!params.ReadASN1(&kdf, tag.SEQUENCE) ||
		!kdf.ReadASN1ObjectIdentifier(&kdfID) || !kdfID.Equal(oidPBKDF2) ||
		!kdf.ReadASN1(&kdfParams, tag.SEQUENCE) ||
		!params.ReadASN1(&enc, tag.SEQUENCE) ||
		!enc.ReadASN1ObjectIdentifier(&encID) ||
		!enc.ReadASN1(&iv, tag.OCTET_STRING) {
		return nil, errPassword
	}
	algorithm, ok := pbes2Ciphers[encID.String()]
	if !ok {
		return nil, errPassword
	}
	key, err := deriveKey(kdfParams, password, algorithm.keyLen)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	block, err := algorithm.block(key)
	if err != nil {
		return nil, err
	}
	size := block.BlockSize()
	if len(iv) != size || len(data) == 0 || len(data)%size != 0 {
		return nil, errPassword
	}
	plain := make([]byte, len(data))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, data)
	padding := int(plain[len(plain)-1])
	if padding == 0 || padding > size {
		clear(plain)
		return nil, errPassword
	}
	// Whether the password was right shows when the key is parsed.
	return plain[:len(plain)-padding], nil
}

// deriveKey reads PBKDF2-params and makes a key (RFC 8018, appendix A.2).
func deriveKey(params cryptobyte.String, password string, size int) ([]byte, error) {
	var salt, prf cryptobyte.String
	var iterations int
	var keyLen uint64
	var hasPRF bool
	newHash := sha1.New
	if !params.ReadASN1(&salt, tag.OCTET_STRING) ||
		!params.ReadASN1Integer(&iterations) || iterations < 1 || iterations > maxIterations ||
		params.PeekASN1Tag(tag.INTEGER) && (!params.ReadASN1Integer(&keyLen) || keyLen != uint64(size)) ||
		!params.ReadOptionalASN1(&prf, &hasPRF, tag.SEQUENCE) || !params.Empty() {
		return nil, errPassword
	}
	if hasPRF {
		var id asn1.ObjectIdentifier
		if !prf.ReadASN1ObjectIdentifier(&id) {
			return nil, errPassword
		}
		var ok bool
		if newHash, ok = pbkdf2Hashes[id.String()]; !ok {
			return nil, errPassword
		}
	}
	return pbkdf2.Key(newHash, password, salt, iterations, size)
}
