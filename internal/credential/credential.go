// Package credential is what an end shows of itself: certificate chains and their private keys, how
// they are read, and which of them a peer can make use of.
package credential

import (
	"crypto"
	"crypto/x509"

	"libtls/internal/protocol"
	"libtls/internal/trust"
)

// Credential is a certificate chain and its private key, as far as a program gave them. It doesn't
// change once it is in use.
type Credential struct {
	Chain [][]byte          // DER, leaf first
	Leaf  *x509.Certificate // of Chain
	Key   crypto.Signer     // nil if the program has kept it
	// Remote tells that somebody else signs in the place of Key.
	Remote bool
}

// CanSign tells whether handshakes can be signed with the credential. Its certificate must allow
// that (RFC 8446, 4.4.2.2).
func (c *Credential) CanSign() bool {
	return c != nil && c.Leaf != nil && (c.Key != nil || c.Remote) && trust.MaySign(c.Leaf)
}

// Engine returns the credential as the engine wants it, with an OCSP response for the leaf, or nil.
func (c *Credential) Engine(staple []byte) *protocol.Credential {
	return &protocol.Credential{Chain: c.Chain, Public: c.Leaf.PublicKey, Staple: staple}
}

// SamePublicKey tells whether two public keys are the same.
func SamePublicKey(a, b crypto.PublicKey) bool {
	key, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && key.Equal(b)
}
