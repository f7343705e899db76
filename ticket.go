package libtls

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"io"
	"sync"
	"time"

	"libtls/internal/plain"
	"libtls/internal/protocol"
	"libtls/internal/suite"
)

// How many tickets a TLS 1.3 server issues, and for how long.
const (
	DefaultTickets = 2 // after a full handshake
	MaxTickets     = 1000
	// maxResumption ends a chain of resumptions, counted from the full
	// handshake. RFC 8446, 4.6.1 puts the same limit on one ticket.
	maxResumption = protocol.MaxTicketLifetime * time.Second
	// maxClockSkew is how far the clock may be behind that of another server
	// with the same keys.
	maxClockSkew = time.Minute
)

// A ticket is name | iv | AES-256-CBC(session) | HMAC-SHA256(all before)
// (RFC 5077, section 4).
const (
	ticketNameSize = 16
	ticketIVSize   = aes.BlockSize
	ticketAESSize  = 32
	ticketMACSize  = 16 // of the key that a program gives
	ticketKeySize  = ticketAESSize + ticketMACSize
	ticketHeadSize = ticketNameSize + ticketIVSize
	ticketTagSize  = sha256.Size
	maxTicketKeys  = 4
)

var (
	errNoTicketKey    = errors.New("no valid ticket key found")
	errTicketTooLarge = errors.New("session too large for a ticket")
)

// TicketCount is how many tickets follow a TLS 1.3 handshake on a server that
// is set to issue n.
func TicketCount(n int, resumed bool) int {
	if resumed {
		return min(n, 1)
	}
	return n
}

// ticketLifetime is what a ticket issued now for s may live, in whole seconds,
// on a server with that session lifetime; 0 means to issue none. In TLS 1.2
// the lifetime counts from the full handshake. In TLS 1.3 it counts from the
// ticket's issue, but ends with maxResumption.
func ticketLifetime(s *Session, now time.Time, lifetime time.Duration) time.Duration {
	left := s.Created.Add(lifetime).Sub(now)
	if s.Version == suite.TLS13 {
		left = s.FullHandshake.Add(maxResumption).Sub(now)
	}
	return max(0, min(left, lifetime).Truncate(time.Second))
}

// LimitTicket sets what a ticket issued now for s tells of its lifetime; false
// means to issue none.
func LimitTicket(s *Session, now time.Time, lifetime time.Duration) bool {
	// As they are encoded, so that a fresh ticket has its whole lifetime.
	now, s.Created = now.Truncate(time.Second), s.Created.Truncate(time.Second)
	left := ticketLifetime(s, now, lifetime)
	s.Lifetime = uint32(left / time.Second)
	// The remainder counts from now, a session's timeout from its making.
	s.Timeout = now.Sub(s.Created) + left
	return left > 0
}

// AcceptTicket tells whether a server may resume s, which came in a ticket of
// its own: a session of a known version, made under the same session id
// context, and not expired.
func AcceptTicket(s *Session, now time.Time, context []byte, lifetime time.Duration) bool {
	if s.Version != suite.TLS12 && s.Version != suite.TLS13 ||
		!sameContext(s.Context, context) ||
		s.Created.IsZero() || s.Created.After(now.Add(maxClockSkew)) {
		return false
	}
	return now.Sub(s.Created) <= min(s.Timeout, lifetime) &&
		now.Sub(s.FullHandshake) <= maxResumption
}

// sameContext tells whether two session id contexts are the same but for zeros
// behind, with which libtls pads them and other libraries don't.
func sameContext(a, b []byte) bool {
	var padded [2][MaxSessionID]byte
	return len(a) <= MaxSessionID && len(b) <= MaxSessionID &&
		subtle.ConstantTimeCompare(append(padded[0][:0], a...)[:MaxSessionID], append(padded[1][:0], b...)[:MaxSessionID]) == 1
}

// ticketKey is one key of the ring.
type ticketKey struct {
	name [ticketNameSize]byte
	aes  [ticketAESSize]byte
	// mac is shorter in a program's key; HMAC pads with zeros all the same.
	mac   [sha256.Size]byte
	added int64 // Unix seconds
	// automatic tells that the library made the key.
	automatic bool
	// aes128 tells that it is for AES-128, with the first half of aes.
	aes128 bool
}

// sealsUntil is the last second in which k may seal. A program's key seals
// for a whole lifetime; an automatic one is replaced after three quarters.
func (k *ticketKey) sealsUntil(lifetime int64) int64 {
	if k.automatic {
		return k.added + 3*(lifetime/4)
	}
	return k.added + lifetime
}

// opensUntil is the last second in which k may open. A program's key opens for
// as long as it seals; an automatic one until its last ticket has expired.
func (k *ticketKey) opensUntil(lifetime int64) int64 {
	if k.automatic {
		return k.sealsUntil(lifetime) + lifetime
	}
	return k.sealsUntil(lifetime)
}

// ticketRing holds the keys, newest first. It is plain bytes of a fixed size,
// and its zero value is an empty ring.
type ticketRing struct {
	keys [maxTicketKeys]ticketKey
	used int32
	// manual tells that the program adds the keys; none is made any more.
	manual bool
}

// find returns the index of the key with that name, or -1.
func (r *ticketRing) find(name []byte) int { return findTicketKey(r.keys[:r.used], name) }

func findTicketKey(keys []ticketKey, name []byte) int {
	at := -1
	for i := range keys {
		same := subtle.ConstantTimeCompare(keys[i].name[:], name)
		at = subtle.ConstantTimeSelect(same, i, at)
	}
	return at
}

// push puts k in front. The oldest of four falls out.
func (r *ticketRing) push(k ticketKey) {
	copy(r.keys[1:], r.keys[:])
	r.keys[0] = k
	r.used = min(r.used+1, maxTicketKeys)
}

// expire wipes the automatic keys that can't open anything any more. One from
// the future, left by a clock that was set back, counts as made now.
func (r *ticketRing) expire(now, lifetime int64) {
	for i := range r.used {
		if k := &r.keys[i]; k.automatic {
			k.added = min(k.added, now)
		}
	}
	for r.used > 0 {
		oldest := &r.keys[r.used-1]
		if !oldest.automatic || now <= oldest.opensUntil(lifetime) {
			return
		}
		*oldest = ticketKey{}
		r.used--
	}
}

// rotate makes a fresh key if the newest may not seal any more, unless that
// is the program's business.
func (r *ticketRing) rotate(now, lifetime int64, rand io.Reader) error {
	if r.manual || r.used > 0 && now <= r.keys[0].sealsUntil(lifetime) {
		return nil
	}
	k := ticketKey{added: now, automatic: true}
	defer func() { k = ticketKey{} }()
	for _, b := range [][]byte{k.name[:4], k.aes[:], k.mac[:ticketMACSize]} {
		if _, err := io.ReadFull(rand, b); err != nil {
			return err
		}
	}
	if r.used > 0 {
		previous := binary.BigEndian.Uint32(r.keys[0].name[:])
		binary.BigEndian.PutUint32(k.name[:], previous+1)
	}
	r.push(k)
	return nil
}

// TicketKeys seals and opens the tickets of a server. It is for use by several
// goroutines at a time.
type TicketKeys struct {
	mu     sync.Mutex // held for a copy of a key, never while sealing
	ring   *ticketRing
	shared *sharedRing // where the automatic keys are, nil if in ring alone
	file   *fileKeys   // which take the place of those in ring; nil if there are none

	sessions heldSessions // by ids
}

// NewTicketKeys returns an empty set of keys, which makes its own.
func NewTicketKeys() *TicketKeys { return &TicketKeys{ring: new(ticketRing)} }

// Fields goes through the keys if they are a program's own or a file's. Automatic
// ones are no part of it; see Share.
func (t *TicketKeys) Fields(p *plain.Coder) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if p.Flag(&t.ring.manual); t.ring.manual {
		t.ring.fields(p)
	}
	plain.Struct(p, &t.file, func(f *fileKeys) { f.fields(p) })
}

// Wipe forgets all keys.
func (t *TicketKeys) Wipe() {
	t.mu.Lock()
	defer t.mu.Unlock()
	*t.ring = ticketRing{}
	t.dropFile()
}

// Add adds a key of the program's: 32 bytes for AES-256, then 16 for
// HMAC-SHA256. Adding the newest once more changes nothing.
func (t *TicketKeys) Add(revision uint32, key []byte, now time.Time) error {
	if len(key) != ticketKeySize {
		return errKeySize
	}
	k := ticketKey{added: now.Unix()}
	defer func() { k = ticketKey{} }()
	binary.BigEndian.PutUint32(k.name[:], revision)
	copy(k.aes[:], key)
	copy(k.mac[:], key[ticketAESSize:])

	t.mu.Lock()
	defer t.mu.Unlock()
	if t.file != nil {
		return errors.New("ticket keys come from a file")
	}
	t.update(func() error { return nil })
	switch at := t.ring.find(k.name[:]); {
	case at < 0:
		t.ring.push(k)
		t.ring.manual = true
		return nil
	case at == 0 && t.ring.keys[0].equal(&k):
		return nil
	default:
		return errors.New("ticket key already present")
	}
}

func (k *ticketKey) equal(other *ticketKey) bool {
	return subtle.ConstantTimeCompare(k.aes[:], other.aes[:])&
		subtle.ConstantTimeCompare(k.mac[:], other.mac[:]) == 1
}

// sealing returns a copy of the key that seals now.
func (t *TicketKeys) sealing(now, lifetime int64, rand io.Reader) (ticketKey, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.file != nil {
		return t.file.keys[t.file.seals], nil
	}
	if err := t.update(func() error {
		t.ring.expire(now, lifetime)
		return t.ring.rotate(now, lifetime, rand)
	}); err != nil {
		return ticketKey{}, err
	}
	for i := range t.ring.used {
		if k := &t.ring.keys[i]; now <= k.sealsUntil(lifetime) {
			return *k, nil
		}
	}
	return ticketKey{}, errNoTicketKey
}

// opening returns a copy of the key with that name, and whether its tickets
// are due for renewal.
func (t *TicketKeys) opening(name []byte, now, lifetime int64) (k ticketKey, renew, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.file != nil {
		at := findTicketKey(t.file.keys, name)
		if at < 0 {
			return ticketKey{}, false, false
		}
		return t.file.keys[at], at > t.file.seals, true
	}
	t.update(func() error {
		t.ring.expire(now, lifetime)
		return nil
	})
	at := t.ring.find(name)
	if at < 0 || now > t.ring.keys[at].opensUntil(lifetime) {
		return ticketKey{}, false, false
	}
	k = t.ring.keys[at]
	return k, at != 0 || now > k.sealsUntil(lifetime), true
}

// Seal makes a ticket of s on a server with that session lifetime. A ticket
// keeps only the leaf of the peer's chain. The error is errNoTicketKey if the
// program's keys have all aged out, errTicketTooLarge if the ticket would be
// longer than a client may offer.
func (t *TicketKeys) Seal(s *Session, now time.Time, lifetime time.Duration, rand io.Reader) ([]byte, error) {
	k, err := t.sealing(now.Unix(), int64(lifetime/time.Second), rand)
	if err != nil {
		return nil, err
	}
	defer func() { k = ticketKey{} }()

	sealed := *s
	sealed.ID, sealed.Ticket, sealed.Lifetime = nil, nil, 0
	plain, err := MarshalSession(&sealed)
	if err != nil {
		return nil, err
	}
	defer clear(plain)

	iv := make([]byte, ticketIVSize)
	if _, err := io.ReadFull(rand, iv); err != nil {
		return nil, err
	}
	ticket := k.seal(plain, iv)
	if len(ticket) > protocol.MaxTicket {
		return nil, errTicketTooLarge
	}
	return ticket, nil
}

// Open returns the session in a ticket sealed under one of the keys, and
// whether the ticket should be replaced because a newer key has come. Anything
// else than such a ticket isn't ok, which is no error of the peer's. Whether
// the session can be resumed is AcceptTicket's to say.
func (t *TicketKeys) Open(ticket []byte, now time.Time, lifetime time.Duration) (s *Session, renew, ok bool) {
	size := len(ticket) - ticketTagSize
	if size < ticketHeadSize+aes.BlockSize || (size-ticketHeadSize)%aes.BlockSize != 0 {
		return nil, false, false
	}
	k, renew, ok := t.opening(ticket[:ticketNameSize], now.Unix(), int64(lifetime/time.Second))
	if !ok {
		return nil, false, false
	}
	defer func() { k = ticketKey{} }()
	ticket, tag := ticket[:size:size], ticket[size:]
	if !hmac.Equal(k.appendTag(ticket)[size:], tag) {
		return nil, false, false
	}
	plain := make([]byte, size-ticketHeadSize)
	defer clear(plain)
	cipher.NewCBCDecrypter(k.cipher(), ticket[ticketNameSize:ticketHeadSize]).CryptBlocks(plain, ticket[ticketHeadSize:])
	// Only a holder of the key can have chosen the padding.
	padding := int(plain[len(plain)-1])
	if padding == 0 || padding > aes.BlockSize {
		return nil, false, false
	}
	for _, b := range plain[len(plain)-padding:] {
		if int(b) != padding {
			return nil, false, false
		}
	}
	s, err := ParseSession(plain[:len(plain)-padding])
	return s, renew, err == nil
}

// seal makes a ticket of plain.
func (k *ticketKey) seal(plain, iv []byte) []byte {
	padding := aes.BlockSize - len(plain)%aes.BlockSize
	size := ticketHeadSize + len(plain) + padding
	ticket := make([]byte, size, size+ticketTagSize)
	copy(ticket, k.name[:])
	copy(ticket[ticketNameSize:], iv)
	body := ticket[ticketHeadSize:]
	copy(body, plain)
	for i := len(plain); i < len(body); i++ {
		body[i] = byte(padding)
	}
	cipher.NewCBCEncrypter(k.cipher(), iv).CryptBlocks(body, body)
	return k.appendTag(ticket)
}

// cipher returns AES under k.
func (k *ticketKey) cipher() cipher.Block {
	size := ticketAESSize
	if k.aes128 {
		size /= 2
	}
	block, err := aes.NewCipher(k.aes[:size])
	if err != nil {
		panic(err) // it refuses nothing but other key sizes
	}
	return block
}

// appendTag appends the MAC over ticket.
func (k *ticketKey) appendTag(ticket []byte) []byte {
	mac := hmac.New(sha256.New, k.mac[:])
	mac.Write(ticket)
	return mac.Sum(ticket)
}
