// Package record protects and frames TLS records. A Half is one direction of
// one connection: keys, sequence number and nothing else. It keeps no buffers.
package record

import (
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"math"

	"libtls/internal/suite"
)

// Type is a record's content type.
type Type uint8

// The content types (RFC 8446, 5.1).
const (
	ChangeCipherSpec Type = 20
	Alert            Type = 21
	Handshake        Type = 22
	ApplicationData  Type = 23
)

// Sizes in bytes.
const (
	HeaderSize   = 5
	MaxPlaintext = 1 << 14            // RFC 8446, 5.1
	MaxBody13    = MaxPlaintext + 256 // RFC 8446, 5.2
	MaxBody      = MaxPlaintext + 2048
	ivSize       = 12
	// Overhead is the most that protection adds to one record, header included.
	// That is a CBC suite's IV, its SHA-384 MAC and a block of padding.
	Overhead = HeaderSize + 16 + 48 + 16
)

// The faults of a protected record.
var (
	ErrBadMAC    = errors.New("record: bad MAC")
	ErrOuterType = errors.New("record: protected record with another outer type")
	ErrTooLong   = errors.New("record: plaintext too long")
	ErrNoType    = errors.New("record: plaintext without a content type")
	ErrExhausted = errors.New("record: sequence numbers exhausted")
)

// Half is one direction's record protection. The zero value protects nothing.
type Half struct {
	aead  cipher.AEAD
	iv    [ivSize]byte
	seq   uint64
	limit uint64

	tls12    bool
	explicit bool // a record carries part of its nonce
	cbc      *cbc // instead of aead

	nonce [ivSize]byte // scratch, so that no record allocates
	aad   [13]byte     // likewise
}

// SetKeys starts TLS 1.3 protection under a new key, whose bytes may be cleared
// afterwards, with sequence number zero.
func (h *Half) SetKeys(s *suite.Suite, key, iv []byte) error {
	aead, err := s.AEAD(key)
	if err != nil {
		return err
	}
	h.Wipe()
	h.aead = aead
	copy(h.iv[:], iv)
	h.limit = s.RecordLimit
	return nil
}

// Active tells whether records are protected.
func (h *Half) Active() bool { return h.aead != nil || h.cbc != nil }

// Seq is the number of records protected or opened under the present key.
func (h *Half) Seq() uint64 { return h.seq }

// SetSeq goes on where another Half with the same keys stood.
func (h *Half) SetSeq(n uint64) { h.seq = n }

// Worn tells that the key nears the number of records it may protect.
func (h *Half) Worn() bool { return h.limit != 0 && h.seq >= h.limit }

// Wipe forgets the key.
func (h *Half) Wipe() {
	if h.cbc != nil {
		h.cbc.mac.wipe()
	}
	*h = Half{}
}

// next prepares the nonce of the next record (RFC 8446, 5.3).
func (h *Half) next() error {
	if h.seq == math.MaxUint64 {
		return ErrExhausted
	}
	h.nonce = h.iv
	low := h.nonce[ivSize-8:]
	binary.BigEndian.PutUint64(low, binary.BigEndian.Uint64(low)^h.seq)
	h.seq++
	return nil
}

// Seal appends to dst one record with that payload of at most MaxPlaintext
// bytes, which must not overlap dst's spare capacity. Nothing is allocated if
// that has room for the payload and Overhead.
func (h *Half) Seal(dst []byte, t Type, payload []byte) ([]byte, error) {
	if !h.Active() {
		dst = append(dst, byte(t), 3, 3, byte(len(payload)>>8), byte(len(payload)))
		return append(dst, payload...), nil
	}
	if h.tls12 {
		return h.seal12(dst, t, payload)
	}
	if err := h.next(); err != nil {
		return dst, err
	}
	n := len(payload) + 1 + h.aead.Overhead()
	start := len(dst)
	dst = append(dst, byte(ApplicationData), 3, 3, byte(n>>8), byte(n))
	body := len(dst)
	// The content type has to follow the payload in one piece, so the payload
	// is moved to where it is sealed in place.
	dst = append(dst, payload...)
	dst = append(dst, byte(t))
	return h.aead.Seal(dst[:body], h.nonce[:], dst[body:], dst[start:body]), nil
}

// direct is how long a plaintext must be to be decrypted to where it is wanted:
// tickets and key updates are shorter, and copying less costs nothing.
const direct = 4096

// Open opens one whole protected record. The payload lies in dst if it is long
// application data that dst can hold with content type and padding, else in
// rec, which is overwritten. The bytes of dst behind the payload stay as
// they are, because programs rely on their contents. Only a record that is padded
// or bad puts zeros there.
func (h *Half) Open(rec, dst []byte) (Type, []byte, error) {
	if h.tls12 {
		return h.open12(rec, dst)
	}
	body := rec[HeaderSize:]
	n := len(body) - h.aead.Overhead()
	if n < 0 {
		return 0, nil, ErrBadMAC
	}
	seq := h.seq
	if err := h.next(); err != nil {
		return 0, nil, err
	}
	into, last := body[:0], byte(0)
	inDst := n >= direct && n <= len(dst)
	if inDst {
		into, last = dst[:0:n], dst[n-1]
	}
	plain, err := h.aead.Open(into, h.nonce[:], body, rec[:HeaderSize])
	if err != nil {
		h.seq = seq // the record was not one under this key
		return 0, nil, ErrBadMAC
	}
	if Type(rec[0]) != ApplicationData {
		return 0, nil, ErrOuterType
	}
	// RFC 8446, 5.4: the last byte that isn't zero is the type.
	i := len(plain) - 1
	for i >= 0 && plain[i] == 0 {
		i--
	}
	if len(plain) > MaxPlaintext+1 {
		return 0, nil, ErrTooLong
	}
	if i < 0 {
		return 0, nil, ErrNoType
	}
	t, payload := Type(plain[i]), plain[:i]
	switch {
	case inDst && t == ApplicationData:
		plain[i] = 0
		dst[n-1] = last
	case inDst:
		payload = body[:copy(body, payload)]
		clear(plain)
	}
	return t, payload, nil
}
