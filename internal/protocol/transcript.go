package protocol

import (
	"crypto"
	"encoding"
	"hash"

	"libtls/internal/wire"
)

// transcript is the handshake so far: bytes until the hash is known, then
// a running hash, and the bytes too if they are to be kept.
type transcript struct {
	raw  []byte
	keep bool
	hash hash.Hash
}

func (t *transcript) add(raw []byte) {
	if t.hash == nil || t.keep {
		t.raw = append(t.raw, raw...)
	}
	if t.hash != nil {
		t.hash.Write(raw)
	}
}

// fix decides for a hash.
func (t *transcript) fix(h crypto.Hash) {
	if t.hash == nil {
		t.hash = h.New()
		t.hash.Write(t.raw)
		if !t.keep {
			t.raw = nil
		}
	}
}

func (t *transcript) sum() []byte { return t.hash.Sum(nil) }

// state and resume take a running hash to bytes and back.
func (t *transcript) state() []byte {
	state, err := t.hash.(encoding.BinaryMarshaler).MarshalBinary()
	if err != nil {
		panic("protocol: " + err.Error()) // no hash of ours fails
	}
	return state
}

func (t *transcript) resume(h crypto.Hash, state []byte) bool {
	t.hash = h.New()
	return t.hash.(encoding.BinaryUnmarshaler).UnmarshalBinary(state) == nil
}

// retry replaces the first ClientHello by its hash (RFC 8446, 4.4.1).
func (t *transcript) retry(h crypto.Hash) {
	t.fix(h)
	hello := t.sum()
	t.hash.Reset()
	t.add(wire.Raw(wire.TypeMessageHash, hello))
}

// binderSum is the hash of the transcript and a ClientHello cut off before its
// binders (RFC 8446, 4.2.11.2). Of the transcript only a HelloRetryRequest can
// have come before.
func (t *transcript) binderSum(h crypto.Hash, truncated []byte) []byte {
	sum := h.New()
	if t.hash != nil {
		if state, err := t.hash.(hash.Cloner).Clone(); err == nil {
			sum = state
		}
	}
	sum.Write(truncated)
	return sum.Sum(nil)
}
