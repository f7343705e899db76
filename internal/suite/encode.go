package suite

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/subtle"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"errors"
)

// Encode returns what a bare private-key operation has to be applied to for a
// signature of msg, by a holder of the key who neither hashes nor pads: for
// RSA-PSS the whole block, as long as the modulus, with a fresh salt; for RSA
// with PKCS#1 v1.5 the DigestInfo, still to be padded; for ECDSA the digest;
// for Ed25519 msg itself. The key must Fit.
func (s *SchemeInfo) Encode(pub crypto.PublicKey, msg []byte) ([]byte, error) {
	digest := s.digest(msg)
	switch key, isRSA := pub.(*rsa.PublicKey); {
	case !isRSA:
		return digest, nil
	case s.PSS:
		return encodePSS(key.N.BitLen(), s.Hash, digest)
	}
	oid, ok := digestOIDs[s.Hash]
	if !ok {
		return nil, errEncode
	}
	// RFC 8017, 9.2
	return asn1.Marshal(struct {
		Algorithm pkix.AlgorithmIdentifier
		Digest    []byte
	}{pkix.AlgorithmIdentifier{Algorithm: oid, Parameters: asn1.NullRawValue}, digest})
}

var digestOIDs = map[crypto.Hash]asn1.ObjectIdentifier{
	crypto.SHA256: {2, 16, 840, 1, 101, 3, 4, 2, 1},
	crypto.SHA384: {2, 16, 840, 1, 101, 3, 4, 2, 2},
	crypto.SHA512: {2, 16, 840, 1, 101, 3, 4, 2, 3},
}

var errEncode = errors.New("the key doesn't fit the signature scheme")

// encodePSS is EMSA-PSS (RFC 8017, 9.1.1) with a salt as long as the digest,
// for a modulus of that many bits. The block has the modulus's length: a zero
// byte precedes it if its own is shorter.
func encodePSS(modulusBits int, hash crypto.Hash, digest []byte) ([]byte, error) {
	bits := modulusBits - 1
	size, h := (bits+7)/8, hash.Size()
	if size < 2*h+2 {
		return nil, errEncode
	}
	block := make([]byte, (modulusBits+7)/8)
	em := block[len(block)-size:]
	db, seed := em[:size-h-1], em[size-h-1:size-1]

	salt := db[len(db)-h:]
	rand.Read(salt)
	m := hash.New()
	m.Write(make([]byte, 8))
	m.Write(digest)
	m.Write(salt)
	m.Sum(seed[:0])

	db[len(db)-h-1] = 1
	maskMGF1(db, hash, seed)
	db[0] &= 0xff >> (8*size - bits)
	em[size-1] = 0xbc
	return block, nil
}

// maskMGF1 XORs MGF1's output for seed over b (RFC 8017, B.2.1).
func maskMGF1(b []byte, hash crypto.Hash, seed []byte) {
	for counter := uint32(0); len(b) > 0; counter++ {
		m := hash.New()
		m.Write(seed)
		m.Write(binary.BigEndian.AppendUint32(nil, counter))
		b = b[subtle.XORBytes(b, b, m.Sum(nil)):]
	}
}
