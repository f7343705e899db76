package main

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"
	"time"

	"libtls/internal/protocol"
)

// memory is what outlives a connection: a client's session, a server's ticket
// key and the sessions it keeps by their ids.
type memory struct {
	start   time.Time // the clock's time at the first connection, in whole seconds as those of sessions
	session *protocol.Session
	aead    cipher.AEAD
	byID    map[string]*protocol.Session
}

func newMemory() (*memory, error) {
	key := make([]byte, 32)
	rand.Read(key)
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return &memory{start: time.Now().Truncate(time.Second), aead: aead, byID: make(map[string]*protocol.Session)}, nil
}

// seal makes a ticket of a session.
func (m *memory) seal(s *protocol.Session) ([]byte, error) {
	plain, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	return m.aead.Seal(nil, nil, plain, nil), nil
}

// open returns the session in a ticket, or nil if it is none of ours.
func (m *memory) open(ticket []byte) *protocol.Session {
	plain, err := m.aead.Open(nil, nil, ticket, nil)
	if err != nil {
		return nil
	}
	s := new(protocol.Session)
	if json.Unmarshal(plain, s) != nil {
		return nil
	}
	return s
}
