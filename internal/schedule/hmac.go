package schedule

import (
	"crypto"
	"hash"
	"sync"
)

// authenticator computes HMACs (RFC 2104). A handshake takes some twenty, each with a key of its own, for
// which crypto/hmac would allocate six objects; this one is used again.
type authenticator struct {
	hash hash.Hash
	pad  [128]byte // the key, up to the hash's block
	sum  [64]byte
	info [4 + 2*255 + 1]byte // room for the message
}

var authenticators [crypto.SHA512 + 1]sync.Pool // by crypto.Hash

func take(h crypto.Hash) *authenticator {
	if a, ok := authenticators[h].Get().(*authenticator); ok {
		return a
	}
	return &authenticator{hash: h.New()}
}

// release wipes a, also the block that the hash has begun, which a block in two parts fills.
func (a *authenticator) release(h crypto.Hash) {
	clear(a.pad[:])
	clear(a.sum[:])
	clear(a.info[:])
	a.hash.Reset()
	a.hash.Write(a.pad[:1])
	a.hash.Write(a.pad[:a.hash.BlockSize()-1])
	a.hash.Reset()
	authenticators[h].Put(a)
}

// mac appends the HMAC of parts under key to out.
func (a *authenticator) mac(out, key []byte, parts ...[]byte) []byte {
	pad := a.pad[:a.hash.BlockSize()]
	clear(pad)
	if len(key) > len(pad) {
		a.hash.Reset()
		a.hash.Write(key)
		a.hash.Sum(pad[:0])
	} else {
		copy(pad, key)
	}
	xor(pad, 0x36)
	a.hash.Reset()
	a.hash.Write(pad)
	for _, p := range parts {
		a.hash.Write(p)
	}
	inner := a.hash.Sum(a.sum[:0])
	xor(pad, 0x36^0x5c)
	a.hash.Reset()
	a.hash.Write(pad)
	a.hash.Write(inner)
	return a.hash.Sum(out)
}

func xor(pad []byte, with byte) {
	for i := range pad {
		pad[i] ^= with
	}
}
