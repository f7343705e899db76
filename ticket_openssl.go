package libtls

import (
	"errors"
	"math"
	"time"
)

// OpenSSLKeySize is the size of a ticket key as OpenSSL's functions take it:
// the key's name, 32 bytes for HMAC-SHA256, 32 for AES-256.
const OpenSSLKeySize = ticketNameSize + 2*32

// Forever is the lifetime with which a key set by SetOpenSSL seals and opens.
const Forever = time.Duration(math.MaxInt64)

var errKeySize = errors.New("wrong amount of ticket key data")

// SetOpenSSL makes a key in OpenSSL's layout the only one.
func (t *TicketKeys) SetOpenSSL(key []byte) error {
	if len(key) != OpenSSLKeySize {
		return errKeySize
	}
	var k ticketKey
	defer func() { k = ticketKey{} }()
	n := copy(k.name[:], key)
	n += copy(k.mac[:], key[n:])
	copy(k.aes[:], key[n:])
	t.mu.Lock()
	defer t.mu.Unlock()
	*t.ring = ticketRing{manual: true}
	t.ring.push(k)
	return nil
}

// OpenSSL appends the newest key to dst in OpenSSL's layout.
func (t *TicketKeys) OpenSSL(dst []byte) []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	k := &t.ring.keys[0]
	dst = append(dst, k.name[:]...)
	dst = append(dst, k.mac[:]...)
	return append(dst, k.aes[:]...)
}
