package credential

import (
	"crypto"
	"crypto/x509"
	"errors"

	"libtls/internal/plain"
	"libtls/internal/protocol"
	"libtls/internal/suite"
	"libtls/internal/trust"
)

// Usable is a Credential, or one that knows more.
type Usable interface {
	CanSign() bool
	Engine(staple []byte) *protocol.Credential
}

// Choose returns the first of the list that the peer can make use of, else the first one that
// handshakes can be signed with, else the zero value.
func Choose[C Usable](list []C, conn *protocol.Conn) (chosen C) {
	found := false
	for _, c := range list {
		if !c.CanSign() {
			continue
		}
		if conn.CanUse(c.Engine(nil)) == nil {
			return c
		}
		if !found {
			chosen, found = c, true
		}
	}
	return chosen
}

// HasName tells whether the credential's certificate is for that host. The error is
// trust.MatchName's.
func (c *Credential) HasName(name string) (bool, error) {
	if c.Leaf == nil {
		return false, nil
	}
	return trust.MatchName(c.Leaf, name)
}

// Set holds one credential for each type of key, like OpenSSL. A change makes new credentials,
// because connections share them.
type Set struct {
	slots   [suite.KeyEd25519 + 1]*Credential
	current suite.KeyType // that was changed last
}

// preference is the order in which the slots are tried.
var preference = []suite.KeyType{suite.KeyECDSA, suite.KeyEd25519, suite.KeyRSA}

// Choose chooses by the order ECDSA, Ed25519, RSA.
func (s *Set) Choose(conn *protocol.Conn) *Credential {
	var list []*Credential
	for _, t := range preference {
		list = append(list, s.slots[t])
	}
	return Choose(list, conn)
}

// SetChain takes a chain. A key that doesn't belong to its leaf is dropped.
func (s *Set) SetChain(chain [][]byte, leaf *x509.Certificate) {
	t := suite.KeyTypeOf(leaf.PublicKey)
	c := &Credential{Chain: chain, Leaf: leaf}
	if old := s.slots[t]; old != nil && old.Key != nil && SamePublicKey(old.Key.Public(), leaf.PublicKey) {
		c.Key = old.Key
	}
	s.slots[t], s.current = c, t
}

// ErrKeyMismatch tells of a key that doesn't belong to its certificate.
var ErrKeyMismatch = errors.New("private/public key mismatch")

// SetKey takes a private key, or fails with ErrKeyMismatch.
func (s *Set) SetKey(key crypto.Signer) error {
	t := suite.KeyTypeOf(key.Public())
	c := &Credential{Key: key}
	if old := s.slots[t]; old != nil && old.Leaf != nil {
		if !SamePublicKey(key.Public(), old.Leaf.PublicKey) {
			return ErrKeyMismatch
		}
		c.Chain, c.Leaf = old.Chain, old.Leaf
	}
	s.slots[t], s.current = c, t
	return nil
}

// Current returns the credential that was changed last, or nil.
func (s *Set) Current() *Credential { return s.slots[s.current] }

// Slot returns the number of a credential of the set, 0 if it is none.
func (s *Set) Slot(c *Credential) int {
	for i, own := range s.slots {
		if c != nil && own == c {
			return i
		}
	}
	return 0
}

// At returns the credential whose number Slot returned, or nil.
func (s *Set) At(slot int) *Credential {
	if slot < 0 || slot >= len(s.slots) {
		return nil
	}
	return s.slots[slot]
}

// Fields goes through all of the set, keys too.
func (s *Set) Fields(p *plain.Coder) {
	for i := range s.slots {
		plain.Struct(p, &s.slots[i], func(c *Credential) { c.fields(p) })
	}
	plain.Number(p, &s.current)
	if p.Reading() && int(s.current) >= len(s.slots) {
		p.Fail()
	}
}

func (c *Credential) fields(p *plain.Coder) {
	plain.List(p, &c.Chain, 8, p.Bytes)
	var key []byte
	defer func() { clear(key) }()
	if c.Key != nil && !p.Reading() {
		key, _ = x509.MarshalPKCS8PrivateKey(c.Key) // it could be parsed
	}
	p.Bytes(&key)
	if !p.Reading() {
		return
	}
	if len(c.Chain) > 0 {
		if c.Leaf, _ = trust.Read(c.Chain[0]); c.Leaf == nil {
			p.Fail()
		}
	}
	if key != nil {
		var err error
		if c.Key, err = ParseKeyDER(key); err != nil {
			p.Fail()
		}
	}
}
