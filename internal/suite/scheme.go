package suite

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
)

// Scheme is a signature scheme's code point (RFC 8446, 4.2.3).
type Scheme uint16

// The signature schemes that are built.
const (
	PKCS1WithSHA256 Scheme = 0x0401
	PKCS1WithSHA384 Scheme = 0x0501
	PKCS1WithSHA512 Scheme = 0x0601
	ECDSAP256SHA256 Scheme = 0x0403
	ECDSAP384SHA384 Scheme = 0x0503
	ECDSAP521SHA512 Scheme = 0x0603
	PSSWithSHA256   Scheme = 0x0804
	PSSWithSHA384   Scheme = 0x0805
	PSSWithSHA512   Scheme = 0x0806
	Ed25519         Scheme = 0x0807
)

// KeyType is the kind of public key a scheme needs.
type KeyType uint8

// The key types.
const (
	KeyRSA KeyType = iota + 1
	KeyECDSA
	KeyEd25519
)

// SchemeInfo describes one signature scheme.
type SchemeInfo struct {
	Scheme Scheme
	Name   string // IANA's name
	Key    KeyType
	Hash   crypto.Hash    // 0 for Ed25519, which hashes by itself
	PSS    bool           // RSASSA-PSS rather than PKCS#1 v1.5
	Curve  elliptic.Curve // the one curve TLS 1.3 allows, for ECDSA
}

// Schemes holds every scheme that is built, in the library's order of preference.
var Schemes = []*SchemeInfo{
	{Ed25519, "ed25519", KeyEd25519, 0, false, nil},
	{ECDSAP256SHA256, "ecdsa_secp256r1_sha256", KeyECDSA, crypto.SHA256, false, elliptic.P256()},
	{ECDSAP384SHA384, "ecdsa_secp384r1_sha384", KeyECDSA, crypto.SHA384, false, elliptic.P384()},
	{ECDSAP521SHA512, "ecdsa_secp521r1_sha512", KeyECDSA, crypto.SHA512, false, elliptic.P521()},
	{PSSWithSHA256, "rsa_pss_rsae_sha256", KeyRSA, crypto.SHA256, true, nil},
	{PSSWithSHA384, "rsa_pss_rsae_sha384", KeyRSA, crypto.SHA384, true, nil},
	{PSSWithSHA512, "rsa_pss_rsae_sha512", KeyRSA, crypto.SHA512, true, nil},
	{PKCS1WithSHA256, "rsa_pkcs1_sha256", KeyRSA, crypto.SHA256, false, nil},
	{PKCS1WithSHA384, "rsa_pkcs1_sha384", KeyRSA, crypto.SHA384, false, nil},
	{PKCS1WithSHA512, "rsa_pkcs1_sha512", KeyRSA, crypto.SHA512, false, nil},
}

// DefaultSchemes returns the code points of Schemes.
func DefaultSchemes() []Scheme {
	ids := make([]Scheme, len(Schemes))
	for i, s := range Schemes {
		ids[i] = s.Scheme
	}
	return ids
}

// SchemeByID returns the scheme with that code point, or nil.
func SchemeByID(id Scheme) *SchemeInfo {
	for _, s := range Schemes {
		if s.Scheme == id {
			return s
		}
	}
	return nil
}

// AllowedIn13 tells whether TLS 1.3 allows the scheme in CertificateVerify:
// PKCS#1 v1.5 is for certificates only (RFC 8446, 4.2.3).
func (s *SchemeInfo) AllowedIn13() bool { return s.Key != KeyRSA || s.PSS }

// KeyTypeOf returns the type of a public key, or 0 if no scheme uses it.
func KeyTypeOf(pub crypto.PublicKey) KeyType {
	switch pub.(type) {
	case *rsa.PublicKey:
		return KeyRSA
	case *ecdsa.PublicKey:
		return KeyECDSA
	case ed25519.PublicKey:
		return KeyEd25519
	}
	return 0
}

// Fits tells whether a key can be used with the scheme in that protocol
// version. TLS 1.3 ties each ECDSA scheme to one curve (RFC 8446, 4.2.3); RSA
// keys too short for PSS with the scheme's hash don't fit.
func (s *SchemeInfo) Fits(pub crypto.PublicKey, version uint16) bool {
	if KeyTypeOf(pub) != s.Key || version >= TLS13 && !s.AllowedIn13() {
		return false
	}
	switch key := pub.(type) {
	case *ecdsa.PublicKey:
		return key.Curve == s.Curve || version < TLS13 && GroupOf(key.Curve) != 0
	case *rsa.PublicKey:
		// RFC 8017, 9.1.1: emLen >= hLen + sLen + 2, with sLen = hLen.
		return !s.PSS || key.Size() >= 2*s.Hash.Size()+2
	}
	return true
}

var errBadSignature = errors.New("signature does not match")

func (s *SchemeInfo) digest(msg []byte) []byte {
	if s.Hash == 0 {
		return msg
	}
	h := s.Hash.New()
	h.Write(msg)
	return h.Sum(nil)
}

// Verify checks sig over msg, which it hashes itself. The key must Fit.
func (s *SchemeInfo) Verify(pub crypto.PublicKey, msg, sig []byte) error {
	digest := s.digest(msg)
	switch key := pub.(type) {
	case *rsa.PublicKey:
		if s.PSS {
			return rsa.VerifyPSS(key, s.Hash, digest, sig, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
		}
		return rsa.VerifyPKCS1v15(key, s.Hash, digest, sig)
	case *ecdsa.PublicKey:
		if ecdsa.VerifyASN1(key, digest, sig) {
			return nil
		}
	case ed25519.PublicKey:
		if ed25519.Verify(key, digest, sig) {
			return nil
		}
	}
	return errBadSignature
}

// SignerOpts returns what crypto.Signer.Sign wants to hear for the scheme.
func (s *SchemeInfo) SignerOpts() crypto.SignerOpts {
	if s.PSS {
		return &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: s.Hash}
	}
	return s.Hash
}

// Sign signs msg, which it hashes itself, with a key that Fits.
func (s *SchemeInfo) Sign(key crypto.Signer, msg []byte) ([]byte, error) {
	return key.Sign(rand.Reader, s.digest(msg), s.SignerOpts())
}
