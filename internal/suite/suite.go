// Package suite lists what two peers can agree on (cipher suites, groups and
// signature schemes) with their code points and names, and makes the
// primitives behind them.
package suite

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	_ "crypto/sha1"   // crypto.SHA1 for Suite.MAC
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

// The AEAD suites of TLS 1.2 (RFC 5289, RFC 7905).
const (
	ECDHEECDSAAES128GCM ID = 0xc02b
	ECDHEECDSAAES256GCM ID = 0xc02c
	ECDHERSAAES128GCM   ID = 0xc02f
	ECDHERSAAES256GCM   ID = 0xc030
	ECDHERSAChaCha20    ID = 0xcca8
	ECDHEECDSAChaCha20  ID = 0xcca9
)

// The CBC suites of TLS 1.2, for old peers (RFC 8422, RFC 5289).
const (
	ECDHEECDSAAES128SHA    ID = 0xc009
	ECDHEECDSAAES256SHA    ID = 0xc00a
	ECDHERSAAES128SHA      ID = 0xc013
	ECDHERSAAES256SHA      ID = 0xc014
	ECDHEECDSAAES128SHA256 ID = 0xc023
	ECDHEECDSAAES256SHA384 ID = 0xc024
	ECDHERSAAES128SHA256   ID = 0xc027
	ECDHERSAAES256SHA384   ID = 0xc028
)

// A ClientHello may list these besides suites.
const (
	RenegotiationSCSV ID = 0x00ff // RFC 5746, 3.3
	FallbackSCSV      ID = 0x5600 // RFC 7507
)

// Suite describes one cipher suite.
type Suite struct {
	ID          ID
	Name        string      // IANA's name
	OpenSSLName string      // the same as Name in TLS 1.3
	Version     uint16      // the only protocol version it belongs to
	Auth        KeyType     // TLS 1.2: the server's key; KeyECDSA takes Ed25519 as well
	Hash        crypto.Hash // of the key schedule or PRF
	KeyLen      int         // of the cipher, in bytes
	IVLen       int         // of the part of the nonce that is secret, in bytes
	Strength    int         // symmetric key bits
	// RecordLimit is the number of records after which the key should be
	// replaced, well before the bound of RFC 8446, 5.5 (2^24.5 full records
	// for AES-GCM); 0 means that the sequence numbers end first.
	RecordLimit uint64
	MAC         crypto.Hash // of a CBC suite's HMAC; 0 for AEADs
	aead        func(key []byte) (cipher.AEAD, error)
}

// AEAD returns the suite's AEAD under key, which must have KeyLen bytes; nil
// for a CBC suite.
func (s *Suite) AEAD(key []byte) (cipher.AEAD, error) { return s.aead(key) }

// Fits tells whether a server with that key can use the suite.
func (s *Suite) Fits(pub crypto.PublicKey) bool {
	t := KeyTypeOf(pub)
	if t == KeyEd25519 { // RFC 8422, 2
		t = KeyECDSA
	}
	return s.Version == TLS13 || s.Auth == t
}

const gcmLimit = 1 << 24

func suite13(id ID, name string, h crypto.Hash, keyLen, strength int, limit uint64, aead func([]byte) (cipher.AEAD, error)) *Suite {
	return &Suite{ID: id, Name: name, OpenSSLName: name, Version: TLS13, Hash: h, KeyLen: keyLen, IVLen: 12,
		Strength: strength, RecordLimit: limit, aead: aead}
}

func gcm12(id ID, name, openSSL string, auth KeyType, h crypto.Hash, keyLen int) *Suite {
	return &Suite{ID: id, Name: name, OpenSSLName: openSSL, Version: TLS12, Auth: auth, Hash: h, KeyLen: keyLen, IVLen: 4,
		Strength: keyLen * 8, aead: newGCM}
}

func chacha12(id ID, name, openSSL string, auth KeyType) *Suite {
	return &Suite{ID: id, Name: name, OpenSSLName: openSSL, Version: TLS12, Auth: auth, Hash: crypto.SHA256, KeyLen: 32, IVLen: 12,
		Strength: 256, aead: chacha20poly1305.New}
}

func cbc12(id ID, name, openSSL string, auth KeyType, h, mac crypto.Hash, keyLen int) *Suite {
	return &Suite{ID: id, Name: name, OpenSSLName: openSSL, Version: TLS12, Auth: auth, Hash: h, KeyLen: keyLen,
		Strength: keyLen * 8, MAC: mac}
}

// All holds every suite that is built, in the library's order of preference on
// machines with AES instructions.
var All = []*Suite{
	suite13(AES256GCMSHA384, "TLS_AES_256_GCM_SHA384", crypto.SHA384, 32, 256, gcmLimit, newGCM),
	suite13(ChaCha20Poly1305SHA256, "TLS_CHACHA20_POLY1305_SHA256", crypto.SHA256, 32, 256, 0, chacha20poly1305.New),
	suite13(AES128GCMSHA256, "TLS_AES_128_GCM_SHA256", crypto.SHA256, 16, 128, gcmLimit, newGCM),

	gcm12(ECDHEECDSAAES256GCM, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384", KeyECDSA, crypto.SHA384, 32),
	gcm12(ECDHERSAAES256GCM, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384", KeyRSA, crypto.SHA384, 32),
	chacha12(ECDHEECDSAChaCha20, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305", KeyECDSA),
	chacha12(ECDHERSAChaCha20, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305", KeyRSA),
	gcm12(ECDHEECDSAAES128GCM, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256", KeyECDSA, crypto.SHA256, 16),
	gcm12(ECDHERSAAES128GCM, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256", KeyRSA, crypto.SHA256, 16),

	cbc12(ECDHEECDSAAES256SHA384, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384", "ECDHE-ECDSA-AES256-SHA384", KeyECDSA, crypto.SHA384, crypto.SHA384, 32),
	cbc12(ECDHERSAAES256SHA384, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384", "ECDHE-RSA-AES256-SHA384", KeyRSA, crypto.SHA384, crypto.SHA384, 32),
	cbc12(ECDHEECDSAAES128SHA256, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", "ECDHE-ECDSA-AES128-SHA256", KeyECDSA, crypto.SHA256, crypto.SHA256, 16),
	cbc12(ECDHERSAAES128SHA256, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", "ECDHE-RSA-AES128-SHA256", KeyRSA, crypto.SHA256, crypto.SHA256, 16),
	cbc12(ECDHEECDSAAES256SHA, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "ECDHE-ECDSA-AES256-SHA", KeyECDSA, crypto.SHA256, crypto.SHA1, 32),
	cbc12(ECDHERSAAES256SHA, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "ECDHE-RSA-AES256-SHA", KeyRSA, crypto.SHA256, crypto.SHA1, 32),
	cbc12(ECDHEECDSAAES128SHA, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "ECDHE-ECDSA-AES128-SHA", KeyECDSA, crypto.SHA256, crypto.SHA1, 16),
	cbc12(ECDHERSAAES128SHA, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "ECDHE-RSA-AES128-SHA", KeyRSA, crypto.SHA256, crypto.SHA1, 16),
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
