package tls

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"math/big"
	"sync"

	"filippo.io/bigmod"

	"libtls/internal/plain"
)

// Signer is a tls_signer: private keys that it uses for those who know the
// hashes of their public keys. It is for use by several goroutines at a time.
type Signer struct {
	mu      sync.RWMutex
	pairs   []keypair
	encoded int                      // of pairs; see Grown
	keys    map[string]crypto.Signer // by PublicKeyHash
}

// NewSigner is tls_signer_new.
func NewSigner() *Signer { return &Signer{keys: make(map[string]crypto.Signer)} }

// AddKeypairMem is tls_signer_add_keypair_mem.
func (s *Signer) AddKeypairMem(cert, key []byte) error {
	var c Config
	if err := c.SetKeypairMem(cert, key); err != nil {
		return err
	}
	return s.add(&c)
}

// add adds the pair of a configuration that has nothing else.
func (s *Signer) add(c *Config) error {
	cred, err := c.credential(primary, true)
	if err != nil {
		c.ClearKeys()
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pairs = append(s.pairs, c.keypair)
	s.keys[PublicKeyHash(cred.Leaf)] = cred.Key
	return nil
}

// Free is tls_signer_free: it wipes the keys.
func (s *Signer) Free() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.pairs {
		s.pairs[i].setKey(nil)
	}
	s.pairs, s.keys = nil, nil
}

// Sign is tls_signer_sign. It signs as a sign callback has to, with the key that
// has this hash. RSA without padding takes a block of the modulus's size.
func (s *Signer) Sign(hash string, input []byte, padding int) ([]byte, error) {
	if err := checkLength("input", input); err != nil {
		return nil, err
	}
	s.mu.RLock()
	key := s.keys[hash]
	s.mu.RUnlock()
	if key == nil {
		return nil, failure("key not found")
	}
	private, isRSA := key.(*rsa.PrivateKey)
	var signature []byte
	var err error
	switch {
	case padding == PaddingPKCS1 && isRSA:
		signature, err = rsa.SignPKCS1v15(nil, private, 0, input)
	case padding != PaddingNone:
		return nil, failure("padding type %d is not supported", padding)
	case isRSA:
		signature, err = signRaw(private, input)
	default:
		signature, err = signDigest(key, input)
	}
	if err != nil {
		return nil, failure("failed to sign: %v", err)
	}
	return signature, nil
}

// signDigest signs what is hashed already, or for Ed25519 needn't be.
func signDigest(key crypto.Signer, input []byte) ([]byte, error) {
	switch key := key.(type) {
	case *ecdsa.PrivateKey:
		return ecdsa.SignASN1(rand.Reader, key, input)
	case ed25519.PrivateKey:
		return ed25519.Sign(key, input), nil
	}
	return nil, errKeyAlgorithm
}

var (
	errKeyAlgorithm = errors.New("unsupported algorithm")
	errBlock        = errors.New("input doesn't fit the key")
	errRSAFault     = errors.New("the result is wrong")
)

// signRaw is RSASP1 (RFC 8017, 5.2.1), by the Chinese remainder theorem, for a
// block that is padded already. As crypto/rsa has no such function, it is made
// of the arithmetic that crypto/rsa itself is made of, which takes the same
// time for all values. The result is checked, because a wrong one could tell
// the key.
func signRaw(key *rsa.PrivateKey, block []byte) ([]byte, error) {
	if len(block) != key.Size() || len(key.Primes) != 2 {
		return nil, errBlock
	}
	n, err := bigmod.NewModulus(key.N.Bytes())
	if err != nil {
		return nil, err
	}
	m, err := bigmod.NewNat().SetBytes(block, n)
	if err != nil {
		return nil, errBlock // not less than the modulus
	}
	p, err := bigmod.NewModulus(key.Primes[0].Bytes())
	if err != nil {
		return nil, err
	}
	q, err := bigmod.NewModulus(key.Primes[1].Bytes())
	if err != nil {
		return nil, err
	}
	power := func(d *big.Int, prime *bigmod.Modulus) *bigmod.Nat {
		e := d.FillBytes(make([]byte, prime.Size()))
		defer clear(e)
		return bigmod.NewNat().Exp(bigmod.NewNat().Mod(m, prime), e, prime)
	}
	s1, s2 := power(key.Precomputed.Dp, p), power(key.Precomputed.Dq, q)
	inverse := key.Precomputed.Qinv.FillBytes(make([]byte, p.Size()))
	defer clear(inverse)
	qInv, err := bigmod.NewNat().SetBytes(inverse, p)
	if err != nil {
		return nil, err
	}
	// s = s2 + q*((s1-s2) * qInv mod p)
	h := s1.Sub(bigmod.NewNat().Mod(s2, p), p).Mul(qInv, p)
	s := h.ExpandFor(n).Mul(q.Nat().ExpandFor(n), n).Add(s2.ExpandFor(n), n)
	if bigmod.NewNat().ExpShortVarTime(s, uint(key.E), n).Equal(m) != 1 {
		return nil, errRSAFault
	}
	return s.Bytes(n), nil
}

// Marshal encodes the signer. The result holds private keys, which are the
// caller's to wipe.
func (s *Signer) Marshal() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.encoded = len(s.pairs)
	return plain.Encode(s.fields)
}

// Grown is to Marshal what it is for a Config.
func (s *Signer) Grown() (more []byte, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return encodeMore(s.pairs, &s.encoded)
}

// UnmarshalSigner makes a Signer of what Marshal returned. It keeps no part of
// data.
func UnmarshalSigner(data []byte) (*Signer, error) {
	var held Signer
	more, err := plain.DecodeStart(data, held.fields)
	if err == nil {
		err = decodeMore(&held.pairs, more)
	}
	if err != nil {
		held.Free()
		return nil, err
	}
	s := NewSigner()
	for _, k := range held.pairs {
		if err := s.add(&Config{keypair: k}); err != nil {
			held.Free()
			s.Free()
			return nil, plain.ErrDecode
		}
	}
	s.encoded = len(s.pairs)
	return s, nil
}

func (s *Signer) fields(c *plain.Coder) {
	plain.List(c, &s.pairs, 24, func(k *keypair) { k.fields(c) })
}
