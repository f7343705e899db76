package suite

import (
	"crypto/ecdh"
	"crypto/elliptic"
	"crypto/mlkem"
	"errors"
	"io"
	"slices"
)

// Group is a key-exchange group's code point (RFC 8446, 4.2.7).
type Group uint16

// The groups that are built.
const (
	P256           Group = 23
	P384           Group = 24
	P521           Group = 25
	X25519         Group = 29
	X25519MLKEM768 Group = 4588
)

// GroupInfo describes one group.
type GroupInfo struct {
	Group Group
	Name  string // as libtls programs and OpenSSL's tools print it
	// Names holds every spelling tls_config_set_ecdhecurves knows: OpenSSL's
	// short name, its long name and NIST's, case-sensitive.
	Names []string
	curve ecdh.Curve // nil for the hybrid
}

// Groups holds every group that is built.
var Groups = []*GroupInfo{
	{X25519MLKEM768, "X25519MLKEM768", []string{"X25519MLKEM768"}, nil},
	{X25519, "X25519", []string{"X25519"}, ecdh.X25519()},
	{P256, "P-256", []string{"prime256v1", "P-256"}, ecdh.P256()},
	{P384, "P-384", []string{"secp384r1", "P-384"}, ecdh.P384()},
	{P521, "P-521", []string{"secp521r1", "P-521"}, ecdh.P521()},
}

// DefaultGroups is the default list, post-quantum first.
var DefaultGroups = []Group{X25519MLKEM768, X25519, P256, P384}

// GroupByID returns the group with that code point, or nil.
func GroupByID(id Group) *GroupInfo {
	for _, g := range Groups {
		if g.Group == id {
			return g
		}
	}
	return nil
}

// GroupByName returns the group that a libtls program names so, or nil.
func GroupByName(name string) *GroupInfo {
	for _, g := range Groups {
		for _, n := range g.Names {
			if n == name {
				return g
			}
		}
	}
	return nil
}

// GroupOf returns the group of an ECDSA key's curve, or 0.
func GroupOf(curve elliptic.Curve) Group {
	switch curve {
	case elliptic.P256():
		return P256
	case elliptic.P384():
		return P384
	case elliptic.P521():
		return P521
	}
	return 0
}

// PostQuantum tells whether the group withstands quantum computers.
func (g *GroupInfo) PostQuantum() bool { return g.Group == X25519MLKEM768 }

// Only13 tells whether the group exists in TLS 1.3 alone.
func (g *GroupInfo) Only13() bool { return g.curve == nil }

// KeyShare is the private half of a key share: plain bytes, so that a
// handshake in progress can be stored. For the hybrid it is the ML-KEM seed
// followed by the X25519 key.
type KeyShare struct {
	Group   Group
	Private []byte

	// The key behind Private. Making it costs as much as using it, so it is
	// kept.
	key *ecdh.PrivateKey
	kem *mlkem.DecapsulationKey768
}

// Wipe clears the private key.
func (k *KeyShare) Wipe() {
	clear(k.Private)
	*k = KeyShare{Group: k.Group}
}

// ErrBadShare reports a peer's key share of the wrong length, off the curve,
// or one that yields the all-zero secret (RFC 8446, 7.4.2).
var ErrBadShare = errors.New("bad key share")

const (
	x25519Size     = 32
	mlkemSeedSize  = mlkem.SeedSize
	mlkemKeySize   = mlkem.EncapsulationKeySize768
	mlkemCtextSize = mlkem.CiphertextSize768
)

// agree returns the secret that a key of ours makes with a peer's share.
func agree(key *ecdh.PrivateKey, peer []byte) ([]byte, error) {
	pub, err := key.Curve().NewPublicKey(peer)
	if err != nil {
		return nil, ErrBadShare
	}
	secret, err := key.ECDH(pub)
	if err != nil {
		return nil, ErrBadShare
	}
	return secret, nil
}

// Offer makes a fresh key pair and returns it with the bytes to send.
func (g *GroupInfo) Offer(rand io.Reader) (*KeyShare, []byte, error) {
	key, err := g.classic().GenerateKey(rand)
	if err != nil {
		return nil, nil, err
	}
	if g.curve != nil {
		return &KeyShare{g.Group, key.Bytes(), key, nil}, key.PublicKey().Bytes(), nil
	}
	private := make([]byte, mlkemSeedSize, mlkemSeedSize+x25519Size)
	if _, err := io.ReadFull(rand, private); err != nil {
		return nil, nil, err
	}
	kem, err := mlkem.NewDecapsulationKey768(private)
	if err != nil {
		return nil, nil, err
	}
	public := append(kem.EncapsulationKey().Bytes(), key.PublicKey().Bytes()...)
	return &KeyShare{g.Group, append(private, key.Bytes()...), key, kem}, public, nil
}

// Classic returns the X25519 share within an offer of the hybrid, to be offered
// alone as well with the same key, and false for an offer of another group
// (draft-ietf-tls-hybrid-design, 3.2).
func (k *KeyShare) Classic() (*KeyShare, []byte, bool) {
	if k.Group != X25519MLKEM768 || k.key == nil {
		return nil, nil, false
	}
	return &KeyShare{X25519, k.key.Bytes(), k.key, nil}, k.key.PublicKey().Bytes(), true
}

// classic is the curve of the group, or of the hybrid's classic half.
func (g *GroupInfo) classic() ecdh.Curve {
	if g.curve == nil {
		return ecdh.X25519()
	}
	return g.curve
}

// Accept answers a peer's offer: it returns the share to send back and the
// shared secret.
func (g *GroupInfo) Accept(rand io.Reader, peer []byte) (share, secret []byte, err error) {
	var pq []byte
	if g.curve == nil {
		if len(peer) != mlkemKeySize+x25519Size {
			return nil, nil, ErrBadShare
		}
		kem, err := mlkem.NewEncapsulationKey768(peer[:mlkemKeySize])
		if err != nil {
			return nil, nil, ErrBadShare
		}
		pq, share = kem.Encapsulate()
		peer = peer[mlkemKeySize:]
	}
	key, err := g.classic().GenerateKey(rand)
	if err != nil {
		return nil, nil, err
	}
	classic, err := agree(key, peer)
	if err != nil {
		return nil, nil, err
	}
	return append(share, key.PublicKey().Bytes()...), join(pq, classic), nil
}

// Finish completes an offer with the peer's answer and returns the shared secret.
func (k *KeyShare) Finish(peer []byte) ([]byte, error) {
	g := GroupByID(k.Group)
	private, pq := k.Private, []byte(nil)
	if g.curve == nil {
		if len(private) != mlkemSeedSize+x25519Size {
			return nil, errors.New("bad private key")
		}
		if len(peer) != mlkemCtextSize+x25519Size {
			return nil, ErrBadShare
		}
		kem := k.kem
		var err error
		if kem == nil {
			if kem, err = mlkem.NewDecapsulationKey768(private[:mlkemSeedSize]); err != nil {
				return nil, err
			}
		}
		if pq, err = kem.Decapsulate(peer[:mlkemCtextSize]); err != nil {
			return nil, ErrBadShare
		}
		private, peer = private[mlkemSeedSize:], peer[mlkemCtextSize:]
	}
	key := k.key
	if key == nil {
		var err error
		if key, err = g.classic().NewPrivateKey(private); err != nil {
			return nil, err
		}
	}
	classic, err := agree(key, peer)
	if err != nil {
		return nil, err
	}
	return join(pq, classic), nil
}

// join makes one secret of two, which it clears.
func join(pq, classic []byte) []byte {
	defer clear(pq)
	defer clear(classic)
	return slices.Concat(pq, classic)
}
