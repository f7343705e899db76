package main

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"time"

	"libtls"
	"libtls/internal/protocol"
)

// lifetime of sessions and tickets.
const lifetime = 2 * time.Hour

// memory is what outlives a connection: a client's session, as in a file, and
// a server's ticket keys with the sessions it keeps by their ids.
type memory struct {
	start   time.Time // the clock's time at the first connection, in whole seconds as those of sessions
	session []byte    // in PEM; nil if there is none
	keys    *libtls.TicketKeys
	runner  *runnerKey // nil if the runner doesn't look into tickets
}

func newMemory(ticketKey []byte) (*memory, error) {
	m := &memory{start: time.Now().Truncate(time.Second), keys: libtls.NewTicketKeys()}
	m.keys.Share(make([]byte, libtls.SharedSize))
	if ticketKey == nil {
		return m, nil
	}
	m.runner = new(runnerKey)
	return m, m.runner.set(ticketKey, m)
}

// keep keeps a client's session; nil forgets.
func (m *memory) keep(s *protocol.Session) (err error) {
	m.session = nil
	if s != nil {
		m.session, err = libtls.MarshalSessionsPEM(s)
	}
	return err
}

// kept returns the session that a client has kept, or nil.
func (m *memory) kept() *protocol.Session {
	for _, s := range libtls.ParseSessionsPEM(m.session) {
		return s
	}
	return nil
}

// seal makes a ticket of a session, or none if it has no time left.
func (m *memory) seal(s *protocol.Session, now time.Time) ([]byte, error) {
	if !libtls.LimitTicket(s, now, lifetime) {
		return nil, nil
	}
	ticket, err := m.keys.Seal(s, now, lifetime, rand.Reader)
	if err == nil && m.runner != nil {
		ticket = m.runner.shown(ticket)
	}
	return ticket, err
}

// open returns the session in a ticket, and whether to replace that; nil if it
// may not be resumed.
func (m *memory) open(ticket []byte, now time.Time) (s *protocol.Session, renew bool) {
	if m.runner != nil {
		ticket = m.runner.taken(ticket)
	}
	s, renew, ok := m.keys.Open(ticket, now, lifetime)
	if !ok || !libtls.AcceptTicket(s, now, nil, lifetime) {
		return nil, false
	}
	return s, renew
}

// runnerKey lets the runner look into tickets, and change them. It knows the
// form of ours, but with AES-128, so what is between the two keys is nothing but
// another encryption.
type runnerKey struct {
	mac          []byte
	ours, theirs cipher.Block
}

const (
	ticketHead = 16 // the key's name
	ticketTag  = sha256.Size
)

// set takes the runner's key: a name, which has to be that of our first key,
// then 16 bytes for HMAC and 16 for AES.
func (r *runnerKey) set(key []byte, m *memory) (err error) {
	if len(key) != 48 || [ticketHead]byte(key) != [ticketHead]byte{} {
		return brokenf("a ticket key of another form")
	}
	r.mac = key[16:32]
	if r.theirs, err = aes.NewCipher(key[32:]); err != nil {
		return err
	}
	if r.ours, err = aes.NewCipher(append(key[32:48:48], key[32:]...)); err != nil {
		return err
	}
	return m.keys.Add(0, append(append(key[32:48:48], key[32:]...), r.mac...), m.start)
}

func (r *runnerKey) shown(ticket []byte) []byte { return r.translate(ticket, r.ours, r.theirs) }
func (r *runnerKey) taken(ticket []byte) []byte { return r.translate(ticket, r.theirs, r.ours) }

// translate encrypts a ticket's session under another key, and returns nil if
// the ticket isn't whole.
func (r *runnerKey) translate(ticket []byte, from, to cipher.Block) []byte {
	size := len(ticket) - ticketTag
	if size < ticketHead+aes.BlockSize || size%aes.BlockSize != 0 || !hmac.Equal(r.tag(ticket[:size]), ticket[size:]) {
		return nil
	}
	out := append([]byte(nil), ticket[:size]...)
	iv, body := out[ticketHead:ticketHead+aes.BlockSize], out[ticketHead+aes.BlockSize:]
	cipher.NewCBCDecrypter(from, iv).CryptBlocks(body, body)
	cipher.NewCBCEncrypter(to, iv).CryptBlocks(body, body)
	return append(out, r.tag(out)...)
}

func (r *runnerKey) tag(ticket []byte) []byte {
	mac := hmac.New(sha256.New, r.mac)
	mac.Write(ticket)
	return mac.Sum(nil)
}
