package protocol

import (
	"encoding/binary"
	"time"

	"libtls/internal/schedule"
	"libtls/internal/suite"
	"libtls/internal/wire"
)

// keyUpdate takes the peer's new keys, and changes ours if it asks for that
// (RFC 8446, 4.6.3).
func (c *Conn) keyUpdate(m message) *Error {
	if c.info.Version != suite.TLS13 {
		return errUnexpectedMessage
	}
	requested, known, ok := wire.ParseKeyUpdate(m.body)
	if !ok {
		return errDecode
	}
	if !known {
		return errDecode.with(AlertIllegalParameter)
	}
	if c.count.keyUpdates++; c.count.keyUpdates > maxKeyUpdates {
		return errTooManyKeyUpdates
	}
	next := schedule.NextTraffic(c.info.Suite.Hash, c.inSecret)
	defer clear(next)
	if err := c.setReadKeys(c.info.Suite, next); err != nil {
		return err
	}
	// RFC 8446, 4.6.3: the answer has to precede our next data, and one serves
	// all requests that came before it.
	c.keyUpdateDue = c.keyUpdateDue || requested
	return nil
}

func (c *Conn) writeKeyUpdate(request bool) *Error {
	c.keyUpdateDue = false
	c.flight = append(c.flight, wire.KeyUpdate(request)...)
	next := schedule.NextTraffic(c.info.Suite.Hash, c.outSecret)
	defer clear(next)
	return c.setWriteKeys(c.info.Suite, next)
}

// OwesKeyUpdate tells whether the peer has asked for new keys of ours. They
// change before our next data.
func (c *Conn) OwesKeyUpdate() bool { return c.keyUpdateDue }

// UpdateKeys changes our keys, and asks the peer to change its own if
// requestPeer is true.
func (c *Conn) UpdateKeys(requestPeer bool) error {
	if c.err != nil {
		return c.err
	}
	if !c.isOpen() || c.info.Version != suite.TLS13 || c.closeSent {
		return errInternal
	}
	if c.failed(c.writeKeyUpdate(requestPeer)) {
		return c.err
	}
	return nil
}

// newSessionTicket keeps a session that the server lets us resume.
func (c *Conn) newSessionTicket(m message) *Error {
	if !c.client || c.info.Version != suite.TLS13 {
		return errUnexpectedMessage
	}
	nst, ok := wire.ParseNewSessionTicket(m.body)
	if !ok {
		return errDecode
	}
	exts, err := c.index(nst.Extensions, inNewSessionTicket)
	if err != nil {
		return err
	}
	if data, there := exts[wire.ExtEarlyData]; there && len(data) != 4 { // RFC 8446, 4.2.10
		return errParsingExtension
	}
	// RFC 8446, 4.6.1: a ticket of no lifetime is to be dropped at once.
	if !c.cfg.Tickets || nst.Lifetime == 0 || len(nst.Ticket) > MaxTicket || len(c.sessions) == maxPendingSessions {
		return nil
	}
	c.sessions = append(c.sessions, &Session{
		Version:       suite.TLS13,
		Suite:         c.info.Suite.ID,
		Secret:        schedule.TicketPSK(c.info.Suite.Hash, c.resumption, nst.Nonce),
		Created:       c.now,
		FullHandshake: c.fullHandshake(),
		Lifetime:      min(nst.Lifetime, MaxTicketLifetime),
		AgeAdd:        nst.AgeAdd,
		Ticket:        nst.Ticket,
		PeerChain:     c.info.PeerChain,
		ServerName:    c.cfg.ServerName,
		ALPN:          c.info.ALPN,
		Staple:        c.info.Staple,
	})
	return nil
}

// TakeSessions returns a client's sessions that have become resumable since
// the last call.
func (c *Conn) TakeSessions() []*Session {
	s := c.sessions
	if len(s) > 0 {
		c.changed()
		c.sessions = nil
	}
	return s
}

// NewTicket makes a session for one more ticket of an established connection.
// lifetime is in seconds, at most a week. The caller completes the session,
// seals it and hands it to SendTicket. Server only.
func (c *Conn) NewTicket(lifetime uint32) (*Session, error) {
	if c.err != nil {
		return nil, c.err
	}
	if c.client || !c.isOpen() || c.info.Version != suite.TLS13 || c.resumption == nil || lifetime > MaxTicketLifetime {
		return nil, errInternal
	}
	add, err := c.random(4)
	if err != nil {
		return nil, err
	}
	nonce := binary.BigEndian.AppendUint64(nil, c.tickets)
	c.tickets++ // RFC 8446, 4.6.1: unique
	c.changed()
	return &Session{
		Version:       suite.TLS13,
		Suite:         c.info.Suite.ID,
		Secret:        schedule.TicketPSK(c.info.Suite.Hash, c.resumption, nonce),
		Created:       c.now.Truncate(time.Second),
		FullHandshake: c.fullHandshake(),
		Lifetime:      lifetime,
		AgeAdd:        binary.BigEndian.Uint32(add),
		Nonce:         nonce,
		PeerChain:     c.info.PeerChain,
		ServerName:    c.info.ServerName,
		ALPN:          c.info.ALPN,
	}, nil
}

// SendTicket sends the ticket into which a session of NewTicket was sealed, of
// at most MaxTicket bytes, unless the client couldn't use it (RFC 8446, 4.2.9).
func (c *Conn) SendTicket(s *Session, ticket []byte) error {
	if c.err != nil {
		return c.err
	}
	if !c.isOpen() || c.closeSent || len(ticket) == 0 || len(ticket) > MaxTicket {
		return errInternal
	}
	if !c.pskDHE {
		return nil
	}
	c.flight = append(c.flight, (&wire.NewSessionTicket{
		Lifetime: s.Lifetime,
		AgeAdd:   s.AgeAdd,
		Nonce:    s.Nonce,
		Ticket:   ticket,
	}).Marshal()...)
	c.flush()
	return nil
}

// Export returns n bytes of keying material (RFC 8446, 7.5; RFC 5705, 4), at
// most 255 times the length of the suite's hash. The label has at most 249
// bytes, the context 65535. A TLS 1.2 connection needs the extended master
// secret for it (RFC 7627, 7).
func (c *Conn) Export(label string, context []byte, hasContext bool, n int) ([]byte, error) {
	if c.err != nil {
		return nil, c.err
	}
	if !c.isOpen() || n < 0 || n > 255*c.info.Suite.Hash.Size() || len(label) > 249 || len(context) > 0xffff {
		return nil, errInternal
	}
	if c.info.Version == suite.TLS12 {
		if !c.info.ExtendedMasterSecret {
			return nil, errInternal
		}
		return schedule.Export12(c.info.Suite.Hash, c.exporter, c.randoms, label, context, hasContext, n), nil
	}
	return schedule.Export(c.info.Suite.Hash, c.exporter, label, context, n), nil
}

// refuseRenegotiation answers a HelloRequest or a second ClientHello. The
// connection goes on (RFC 5246, 7.2.2); within a handshake a client ignores the
// request (7.4.1.1).
func (c *Conn) refuseRenegotiation(m message) *Error {
	asks := wire.TypeClientHello
	if c.client {
		asks = wire.TypeHelloRequest
	}
	if c.info.Version == suite.TLS13 || wire.Type(m.raw[0]) != asks {
		return errUnexpectedMessage
	}
	if c.count.renegotiations++; c.count.renegotiations > maxRenegotiations {
		return errNoRenegotiation
	}
	if c.client && len(m.body) > 0 {
		return errDecode
	}
	if !c.isOpen() || c.closeSent {
		return nil
	}
	c.writeAlert(1, AlertNoRenegotiation)
	return nil
}
