package credential

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha3"
	"crypto/sha512"
	"crypto/x509"
	"encoding/asn1"
	stdpem "encoding/pem"
	"errors"
	"fmt"
	"hash"
	"unicode/utf16"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"
	"golang.org/x/crypto/scrypt"

	"libtls/internal/pem"
)

const (
	maxPassword = 1024 // bytes; longer ones are refused
	// maxIterations and maxScrypt bound what a key file can make us compute, the latter in bytes.
	maxIterations = 10_000_000
	maxScrypt     = 256 << 20
)

// Why a key can't be decrypted. The errors wrap one of these.
var (
	ErrPassword = errors.New("wrong password")
	ErrScheme   = errors.New("unknown encryption scheme")
	ErrDamaged  = errors.New("damaged private key")
)

// DecryptKey returns the first private key in a PEM text as unencrypted PKCS#8 in PEM. The password
// matters only if the key is encrypted.
func DecryptKey(text []byte, password string) ([]byte, error) {
	if len(password) >= maxPassword {
		return nil, ErrPassword
	}
	block, err := privateKeyBlock(text)
	if err != nil {
		return nil, err
	}
	defer clear(block.Bytes)
	der := block.Bytes
	if isEncrypted(block) {
		if password == "" {
			return nil, ErrPassword
		}
		if der, err = decrypt(block, password); err != nil {
			return nil, err
		}
		defer clear(der)
	}
	key, err := ParseKeyDER(der)
	if err != nil {
		if isEncrypted(block) { // the padding was right by chance
			err = ErrPassword
		}
		return nil, err
	}
	out, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	defer clear(out)
	return pem.Append(make([]byte, 0, 2*len(out)+100), "PRIVATE KEY", out), nil
}

func isEncrypted(block *pem.Block) bool {
	return block.Label == labelEncrypted || isLegacyEncrypted(block)
}

const labelEncrypted = "ENCRYPTED PRIVATE KEY"

// isLegacyEncrypted tells whether a key is encrypted in the way of RFC 1421.
func isLegacyEncrypted(block *pem.Block) bool { return block.Headers["DEK-Info"] != "" }

func decrypt(block *pem.Block, password string) ([]byte, error) {
	if !isLegacyEncrypted(block) {
		return decryptPKCS8(block.Bytes, password)
	}
	//lint:ignore SA1019 old keys are what it is for
	der, err := x509.DecryptPEMBlock(&stdpem.Block{Headers: block.Headers, Bytes: block.Bytes}, []byte(password))
	switch {
	case err == nil:
		return der, nil
	case errors.Is(err, x509.IncorrectPasswordError):
		return nil, ErrPassword
	}
	return nil, fmt.Errorf("%w %.40q", ErrScheme, block.Headers["DEK-Info"])
}

// A kdf makes a key of that many bytes, and an initialisation vector if the scheme has none of its own.
type kdf func(size int) (key, iv []byte, err error)

type algorithm struct {
	keyLen int
	block  func([]byte) (cipher.Block, error)
}

var tripleDES = algorithm{24, des.NewTripleDESCipher}

// The algorithms of encrypted keys (RFC 8018, appendix B and C; RFC 7914, 7; RFC 7292, appendix C).
const (
	pbes2            = "1.2.840.113549.1.5.13"
	pbkdf2ID         = "1.2.840.113549.1.5.12"
	scryptID         = "1.3.6.1.4.1.11591.4.11"
	pbeSHA1TripleDES = "1.2.840.113549.1.12.1.3"
)

var (
	pbkdf2Hashes = map[string]func() hash.Hash{
		"1.2.840.113549.2.7":      sha1.New,
		"1.2.840.113549.2.8":      sha256.New224,
		"1.2.840.113549.2.9":      sha256.New,
		"1.2.840.113549.2.10":     sha512.New384,
		"1.2.840.113549.2.11":     sha512.New,
		"1.2.840.113549.2.12":     sha512.New512_224,
		"1.2.840.113549.2.13":     sha512.New512_256,
		"2.16.840.1.101.3.4.2.13": func() hash.Hash { return sha3.New224() },
		"2.16.840.1.101.3.4.2.14": func() hash.Hash { return sha3.New256() },
		"2.16.840.1.101.3.4.2.15": func() hash.Hash { return sha3.New384() },
		"2.16.840.1.101.3.4.2.16": func() hash.Hash { return sha3.New512() },
	}
	pbes2Ciphers = map[string]algorithm{
		"2.16.840.1.101.3.4.1.2":  {16, aes.NewCipher},
		"2.16.840.1.101.3.4.1.22": {24, aes.NewCipher},
		"2.16.840.1.101.3.4.1.42": {32, aes.NewCipher},
		"1.2.840.113549.3.7":      tripleDES,
	}
	schemeNames = map[string]string{
		"1.2.840.113549.1.5.3":    "pbeWithMD5AndDES-CBC",
		"1.2.840.113549.1.5.10":   "pbeWithSHA1AndDES-CBC",
		"1.2.840.113549.1.12.1.4": "pbeWithSHAAnd2-KeyTripleDES-CBC",
		"1.2.840.113549.1.12.1.5": "pbeWithSHAAnd128BitRC2-CBC",
		"1.2.840.113549.1.12.1.6": "pbeWithSHAAnd40BitRC2-CBC",
		"1.2.840.113549.3.2":      "RC2-CBC",
		"1.3.14.3.2.7":            "DES-CBC",
		"1.2.840.113549.2.5":      "MD5",
	}
)

func unknownScheme(id string) error {
	if name := schemeNames[id]; name != "" {
		id = name
	}
	return fmt.Errorf("%w %s", ErrScheme, id)
}

// readAlgorithm reads an AlgorithmIdentifier.
func readAlgorithm(in *cryptobyte.String) (id string, params cryptobyte.String, ok bool) {
	var oid asn1.ObjectIdentifier
	if !in.ReadASN1(&params, tag.SEQUENCE) || !params.ReadASN1ObjectIdentifier(&oid) {
		return "", nil, false
	}
	return oid.String(), params, true
}

// decryptPKCS8 opens an EncryptedPrivateKeyInfo (RFC 5958, section 3).
func decryptPKCS8(der []byte, password string) ([]byte, error) {
	in := cryptobyte.String(der)
	var info, data cryptobyte.String
	if !in.ReadASN1(&info, tag.SEQUENCE) || !in.Empty() {
		return nil, ErrDamaged
	}
	scheme, params, ok := readAlgorithm(&info)
	if !ok || !info.ReadASN1(&data, tag.OCTET_STRING) {
		return nil, ErrDamaged
	}
	var a algorithm
	var derive kdf
	var err error
	switch scheme {
	case pbes2:
		a, derive, err = readPBES2(params, password)
	case pbeSHA1TripleDES:
		a = tripleDES
		derive, err = readPKCS12(params, password)
	default:
		err = unknownScheme(scheme)
	}
	if err != nil {
		return nil, err
	}
	key, iv, err := derive(a.keyLen)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	block, err := a.block(key)
	if err != nil {
		return nil, err
	}
	size := block.BlockSize()
	if len(iv) != size || len(data) == 0 || len(data)%size != 0 {
		return nil, ErrDamaged
	}
	plain := make([]byte, len(data))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, data)
	padding := int(plain[len(plain)-1])
	if padding == 0 || padding > size {
		clear(plain)
		return nil, ErrPassword
	}
	return plain[:len(plain)-padding], nil
}

// readPBES2 reads PBES2-params (RFC 8018, appendix A.4).
func readPBES2(params cryptobyte.String, password string) (a algorithm, derive kdf, err error) {
	var seq, iv cryptobyte.String
	if !params.ReadASN1(&seq, tag.SEQUENCE) {
		return a, nil, ErrDamaged
	}
	kdfID, kdfParams, ok := readAlgorithm(&seq)
	if !ok {
		return a, nil, ErrDamaged
	}
	cipherID, cipherParams, ok := readAlgorithm(&seq)
	if !ok {
		return a, nil, ErrDamaged
	}
	a, known := pbes2Ciphers[cipherID]
	if !known {
		return a, nil, unknownScheme(cipherID)
	}
	if !cipherParams.ReadASN1(&iv, tag.OCTET_STRING) || !kdfParams.ReadASN1(&kdfParams, tag.SEQUENCE) {
		return a, nil, ErrDamaged
	}
	var key func(size int) ([]byte, error)
	switch kdfID {
	case pbkdf2ID:
		key, err = readPBKDF2(kdfParams, password, a.keyLen)
	case scryptID:
		key, err = readScrypt(kdfParams, password, a.keyLen)
	default:
		err = unknownScheme(kdfID)
	}
	return a, func(size int) ([]byte, []byte, error) {
		k, err := key(size)
		return k, iv, err
	}, err
}

// hasKeyLen reads an optional keyLength, which has to be the cipher's.
func hasKeyLen(params *cryptobyte.String, want int) bool {
	var n int
	return !params.PeekASN1Tag(tag.INTEGER) || params.ReadASN1Integer(&n) && n == want
}

// readPBKDF2 reads PBKDF2-params (RFC 8018, appendix A.2).
func readPBKDF2(params cryptobyte.String, password string, keyLen int) (func(int) ([]byte, error), error) {
	var salt cryptobyte.String
	var iterations int
	if !params.ReadASN1(&salt, tag.OCTET_STRING) ||
		!params.ReadASN1Integer(&iterations) || iterations < 1 || iterations > maxIterations ||
		!hasKeyLen(&params, keyLen) {
		return nil, ErrDamaged
	}
	newHash := sha1.New
	if !params.Empty() {
		id, _, ok := readAlgorithm(&params)
		if !ok || !params.Empty() {
			return nil, ErrDamaged
		}
		var known bool
		if newHash, known = pbkdf2Hashes[id]; !known {
			return nil, unknownScheme(id)
		}
	}
	return func(size int) ([]byte, error) { return pbkdf2.Key(newHash, password, salt, iterations, size) }, nil
}

// readScrypt reads scrypt-params (RFC 7914, section 7.1).
func readScrypt(params cryptobyte.String, password string, keyLen int) (func(int) ([]byte, error), error) {
	var salt cryptobyte.String
	var n, r, p int
	if !params.ReadASN1(&salt, tag.OCTET_STRING) ||
		!params.ReadASN1Integer(&n) || n < 2 || n > maxScrypt ||
		!params.ReadASN1Integer(&r) || r < 1 || r > maxScrypt/128/n ||
		!params.ReadASN1Integer(&p) || p < 1 || p > 16 ||
		!hasKeyLen(&params, keyLen) || !params.Empty() {
		return nil, ErrDamaged
	}
	return func(size int) ([]byte, error) { return scrypt.Key([]byte(password), salt, n, r, p, size) }, nil
}

// readPKCS12 reads pkcs-12PbeParams (RFC 7292, appendix C).
func readPKCS12(params cryptobyte.String, password string) (kdf, error) {
	var seq, salt cryptobyte.String
	var iterations int
	if !params.ReadASN1(&seq, tag.SEQUENCE) || !seq.ReadASN1(&salt, tag.OCTET_STRING) ||
		!seq.ReadASN1Integer(&iterations) || iterations < 1 || iterations > maxIterations || !seq.Empty() {
		return nil, ErrDamaged
	}
	return func(size int) (key, iv []byte, err error) {
		const forKey, forIV = 1, 2
		return pkcs12Key(password, salt, forKey, iterations, size),
			pkcs12Key(password, salt, forIV, iterations, des.BlockSize), nil
	}, nil
}

// pkcs12Key derives bytes from a password (RFC 7292, appendix B.2) with SHA-1. The packages that have
// this keep it to themselves.
func pkcs12Key(password string, salt []byte, purpose byte, iterations, size int) []byte {
	const v = sha1.BlockSize
	// The password is a BMPString with its end marked.
	var text []byte
	for _, unit := range append(utf16.Encode([]rune(password)), 0) {
		text = append(text, byte(unit>>8), byte(unit))
	}
	repeat := func(data []byte) []byte { // to the next multiple of v
		out := make([]byte, (len(data)+v-1)/v*v)
		for i := range out {
			out[i] = data[i%len(data)]
		}
		return out
	}
	in := append(repeat(salt), repeat(text)...)
	defer func() { clear(text); clear(in) }()
	diversifier := make([]byte, v)
	for i := range diversifier {
		diversifier[i] = purpose
	}
	var out []byte
	for {
		a := sha1.Sum(append(diversifier[:v:v], in...))
		for range iterations - 1 {
			a = sha1.Sum(a[:])
		}
		if out = append(out, a[:]...); len(out) >= size {
			return out[:size]
		}
		b := repeat(a[:])
		for block := in; len(block) > 0; block = block[v:] { // block + b + 1, modulo 2^(8v)
			carry := 1
			for j := v - 1; j >= 0; j-- {
				carry += int(block[j]) + int(b[j])
				block[j] = byte(carry)
				carry >>= 8
			}
		}
	}
}
