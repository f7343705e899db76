package record

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"
	"hash"
	"io"

	"libtls/internal/suite"
)

// explicitNonce is the part of TLS 1.2's GCM nonce that a record carries (RFC 5288, 3).
const explicitNonce = 8

// SetKeys12 starts TLS 1.2 protection under new keys, whose bytes may be
// cleared afterwards. rand makes the IVs of CBC suites.
func (h *Half) SetKeys12(s *suite.Suite, mac, key, iv []byte, rand io.Reader) error {
	h.Wipe()
	h.tls12 = true
	copy(h.iv[:], iv)
	if s.MAC == 0 {
		h.explicit = len(iv) < ivSize
		var err error
		h.aead, err = s.AEAD(key)
		return err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return err
	}
	h.cbc = &cbc{block: block, mac: newMAC(s.MAC.New, mac), rand: rand}
	return nil
}

// header12 makes TLS 1.2's additional data, also the prefix of what a MAC
// covers (RFC 5246, 6.2.3.3).
func (h *Half) header12(t Type, seq uint64, n int) []byte {
	binary.BigEndian.PutUint64(h.aad[:], seq)
	h.aad[8], h.aad[9], h.aad[10] = byte(t), 3, 3
	binary.BigEndian.PutUint16(h.aad[11:], uint16(n))
	return h.aad[:]
}

func (h *Half) seal12(dst []byte, t Type, payload []byte) ([]byte, error) {
	seq := h.seq
	if err := h.next(); err != nil {
		return dst, err
	}
	start := len(dst)
	dst = append(dst, byte(t), 3, 3, 0, 0)
	if h.cbc != nil {
		var err error
		if dst, err = h.cbc.seal(dst, h.header12(t, seq, len(payload)), payload); err != nil {
			return dst, err
		}
	} else {
		if h.explicit {
			dst = binary.BigEndian.AppendUint64(dst, seq)
			copy(h.nonce[ivSize-explicitNonce:], dst[len(dst)-explicitNonce:])
		}
		dst = h.aead.Seal(dst, h.nonce[:], payload, h.header12(t, seq, len(payload)))
	}
	binary.BigEndian.PutUint16(dst[start+3:], uint16(len(dst)-start-HeaderSize))
	return dst, nil
}

func (h *Half) open12(rec, dst []byte) (Type, []byte, error) {
	t, body, seq := Type(rec[0]), rec[HeaderSize:], h.seq
	if err := h.next(); err != nil {
		return 0, nil, err
	}
	plain, err := h.unprotect12(t, seq, body, dst)
	if err == nil && len(plain) > MaxPlaintext {
		err = ErrTooLong
	}
	return t, plain, err
}

func (h *Half) unprotect12(t Type, seq uint64, body, dst []byte) ([]byte, error) {
	if h.cbc != nil {
		return h.cbc.open(body, func(n int) []byte { return h.header12(t, seq, n) })
	}
	if h.explicit {
		if len(body) < explicitNonce {
			return nil, ErrBadMAC
		}
		copy(h.nonce[ivSize-explicitNonce:], body)
		body = body[explicitNonce:]
	}
	n := len(body) - h.aead.Overhead()
	if n < 0 {
		return nil, ErrBadMAC
	}
	into := body[:0]
	if t == ApplicationData && len(dst) >= n {
		into = dst[:0:n]
	}
	plain, err := h.aead.Open(into, h.nonce[:], body, h.header12(t, seq, n))
	if err != nil {
		return nil, ErrBadMAC
	}
	return plain, nil
}

// cbc is the protection of the old MAC-then-encrypt suites (RFC 5246, 6.2.3.2).
type cbc struct {
	block cipher.Block
	mac   *macState
	rand  io.Reader
}

// macState is an HMAC taken apart, since a record's MAC must be found without
// telling by time how long the record is.
type macState struct {
	inner, outer       hash.Hash
	innerPad, outerPad []byte
	size               int
}

func newMAC(h func() hash.Hash, key []byte) *macState {
	m := &macState{inner: h(), outer: h()}
	m.size = m.inner.Size()
	m.innerPad = make([]byte, m.inner.BlockSize())
	copy(m.innerPad, key) // MAC keys are as long as the hash, so never longer than a block
	m.outerPad = append([]byte(nil), m.innerPad...)
	for i := range m.innerPad {
		m.innerPad[i] ^= 0x36
		m.outerPad[i] ^= 0x5c
	}
	return m
}

// wipe clears the key.
func (m *macState) wipe() {
	clear(m.innerPad)
	clear(m.outerPad)
}

// start begins the MAC of what has that prefix.
func (m *macState) start(prefix []byte) {
	m.inner.Reset()
	m.inner.Write(m.innerPad)
	m.inner.Write(prefix)
}

// finish turns the inner digest into the MAC, in place.
func (m *macState) finish(digest []byte) []byte {
	m.outer.Reset()
	m.outer.Write(m.outerPad)
	m.outer.Write(digest)
	return m.outer.Sum(digest[:0])
}

func (c *cbc) seal(dst, header, payload []byte) ([]byte, error) {
	const blockSize = aes.BlockSize
	iv := len(dst)
	dst = append(dst, make([]byte, blockSize)...)
	if _, err := io.ReadFull(c.rand, dst[iv:]); err != nil {
		return dst, err
	}
	start := len(dst)
	dst = append(dst, payload...)
	c.mac.start(header)
	c.mac.inner.Write(payload)
	dst = append(dst, c.mac.finish(c.mac.inner.Sum(nil))...)
	pad := blockSize - (len(dst)-start)%blockSize
	for range pad {
		dst = append(dst, byte(pad-1))
	}
	cipher.NewCBCEncrypter(c.block, dst[iv:start]).CryptBlocks(dst[start:], dst[start:])
	return dst, nil
}

// open decrypts a body in place. How much of it is padding is secret until the
// MAC is found good: whoever could tell by the error or by the time taken
// would have an oracle on the plaintext (Lucky Thirteen). So everything below
// does the same work for every padding length that the public length allows:
// the inner digest is computed for each of the up to 256 lengths that the
// payload could have, the digest and the MAC of the real one are picked by
// masks, and padding and MAC are judged together at the end. That costs some
// 300 hash blocks a record, which suites for old peers may cost.
func (c *cbc) open(body []byte, header func(n int) []byte) ([]byte, error) {
	const blockSize = aes.BlockSize
	size := c.mac.size
	if len(body)%blockSize != 0 || len(body) < blockSize+size+1 {
		return nil, ErrBadMAC
	}
	iv, text := body[:blockSize], body[blockSize:]
	cipher.NewCBCDecrypter(c.block, iv).CryptBlocks(text, text)

	longest := len(text) - size - 1 // payload without any padding
	shortest := max(0, longest-255)
	pad := int(text[len(text)-1])
	n := longest - pad // the payload's length, if the padding is good
	good := lessOrEqual(pad, longest)
	n = selectInt(good, n, shortest)

	// All padding bytes must be equal (RFC 5246, 6.2.3.2).
	for i := range min(256, len(text)) {
		inside := lessOrEqual(i, pad)
		good &= ^inside | equal(int(text[len(text)-1-i]), pad)
	}

	digest, candidate := make([]byte, size), make([]byte, 0, size)
	mac := make([]byte, size)
	// The MAC covers the payload's length too, in the prefix, so that each
	// candidate would need a hash of its own. It doesn't: the prefix is
	// hashed with the real length, whose two bytes take the same time
	// whatever they are.
	c.mac.start(header(n))
	c.mac.inner.Write(text[:shortest])
	for i := shortest; i <= longest; i++ {
		here := equal(i, n)
		candidate = c.mac.inner.Sum(candidate[:0])
		mask(digest, candidate, here)
		mask(mac, text[i:i+size], here)
		c.mac.inner.Write(text[i : i+1])
	}
	good &= -subtle.ConstantTimeCompare(c.mac.finish(digest), mac)
	if good == 0 { // not secret any more
		return nil, ErrBadMAC
	}
	return text[:n], nil
}

// Masks are ints, all ones for true and zero for false, made without branches.

// lessOrEqual and equal take values far from the ends of the range of ints.
func lessOrEqual(a, b int) int { return (a - b - 1) >> 63 }

func equal(a, b int) int { return ^((a - b) | (b - a)) >> 63 }

func selectInt(mask, a, b int) int { return mask&a | ^mask&b }

// mask copies src over dst where mask is set, and does nothing in the same time
// where it isn't.
func mask(dst, src []byte, mask int) {
	for i := range dst {
		dst[i] = byte(selectInt(mask, int(src[i]), int(dst[i])))
	}
}
