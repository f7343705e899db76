// Package suite lists what two peers can agree on (cipher suites, groups and
// signature schemes) with their code points and names, and makes the
// primitives behind them.
package suite

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	_ "crypto/sha256" // crypto.SHA256 for Suite.Hash
	_ "crypto/sha512" // crypto.SHA384 for Suite.Hash

	"golang.org/x/crypto/chacha20poly1305"
)

// Protocol versions as they stand on the wire.
const (
	TLS12 uint16 = 0x0303
	TLS13 uint16 = 0x0304
)

// ID is a cipher suite's code point (IANA TLS Cipher Suites registry).
type ID uint16

// The cipher suites of TLS 1.3 (RFC 8446, B.4).
const (
	AES128GCMSHA256        ID = 0x1301
	AES256GCMSHA384        ID = 0x1302
	ChaCha20Poly1305SHA256 ID = 0x1303
)

// Suite describes one cipher suite.
type Suite struct {
	ID       ID
	Name     string      // IANA's name
	Version  uint16      // the only protocol version it belongs to
	Hash     crypto.Hash // of the key schedule or PRF
	KeyLen   int         // of the AEAD, in bytes
	Strength int         // symmetric key bits
	// RecordLimit is the number of records after which the key should be
	// replaced, well before the bound of RFC 8446, 5.5 (2^24.5 full records
	// for AES-GCM); 0 means that the sequence numbers end first.
	RecordLimit uint64
	aead        func(key []byte) (cipher.AEAD, error)
}

const gcmLimit = 1 << 24

// AEAD returns the suite's AEAD under key, which must have KeyLen bytes.
func (s *Suite) AEAD(key []byte) (cipher.AEAD, error) { return s.aead(key) }

// All holds every suite that is built, in the library's order of preference on
// machines with AES instructions.
var All = []*Suite{
	{AES256GCMSHA384, "TLS_AES_256_GCM_SHA384", TLS13, crypto.SHA384, 32, 256, gcmLimit, newGCM},
	{ChaCha20Poly1305SHA256, "TLS_CHACHA20_POLY1305_SHA256", TLS13, crypto.SHA256, 32, 256, 0, chacha20poly1305.New},
	{AES128GCMSHA256, "TLS_AES_128_GCM_SHA256", TLS13, crypto.SHA256, 16, 128, gcmLimit, newGCM},
}

// ByID returns the suite with that code point, or nil.
func ByID(id ID) *Suite {
	for _, s := range All {
		if s.ID == id {
			return s
		}
	}
	return nil
}

func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
