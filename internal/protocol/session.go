package protocol

import (
	"time"

	"libtls/internal/suite"
)

// Session is what both ends must remember to resume a connection. It is plain
// data; how it is encoded, stored and sealed is the caller's business.
type Session struct {
	Version uint16 // suite.TLS12 or suite.TLS13
	Suite   suite.ID
	// ID is the TLS 1.2 session id, or the name under which a client
	// recognises the session; at most 32 bytes.
	ID []byte
	// Secret is the master secret in TLS 1.2 (48 bytes), and in TLS 1.3 the
	// ticket's own resumption PSK (32 or 48 bytes, the length of the suite's hash).
	Secret []byte
	// Created is when the ticket was issued or received in TLS 1.3, and when
	// the full handshake was made in TLS 1.2; whole seconds.
	Created time.Time
	// FullHandshake is when the connection was made from which this session
	// descends, however often it was resumed since; zero if unknown.
	FullHandshake time.Time
	// Timeout is how long the session's owner means to keep it.
	Timeout time.Duration
	// Lifetime is what NewSessionTicket said, in seconds.
	Lifetime uint32
	AgeAdd   uint32 // TLS 1.3 ticket_age_add
	Nonce    []byte // TLS 1.3 ticket_nonce, until the ticket is sent; Secret has it in
	// Ticket is the opaque ticket; empty on a server, and for TLS 1.2
	// resumption by session id.
	Ticket []byte
	// PeerChain holds the peer's certificates as sent, leaf first, in DER.
	// Sealed tickets keep only the leaf.
	PeerChain [][]byte
	// VerifyResult is the verdict on PeerChain as an X509_V_* number; 0 is good.
	VerifyResult int
	Context      []byte // session id context, at most 32 bytes
	// Binding stands for what else of its owner's configuration the session
	// depends on; at most 32 bytes, and empty if that isn't known.
	Binding    []byte
	ServerName string // host name the session belongs to, if any
	// Service tells a client's sessions with several servers of that name apart.
	Service string
	ALPN    string // protocol agreed, if any
	// ExtendedMasterSecret tells of RFC 7627; TLS 1.2 only.
	ExtendedMasterSecret bool
	Staple               []byte // OCSP response that came with PeerChain
}
