package ssl

import (
	"crypto/rand"
	"slices"

	"libtls"
	"libtls/internal/drive"
	"libtls/internal/protocol"
	"libtls/internal/suite"
)

// The results of callbacks. As in OpenSSL a warning (1) means no acknowledgement
// of a server name, and a fatal answer about ALPN.
const (
	callbackOK    = 0
	callbackFatal = 2
	callbackNoAck = 3
)

// serverChoice chooses a server's certificate, after the program
// has had its say.
func (c *Conn) serverChoice() drive.Step {
	hello := c.Engine.Hello()
	if !c.nameAsked {
		c.nameAsked = true
		if c.callbacks&HasServerName != 0 {
			return AskServerName
		}
	}
	if !c.alpnAsked {
		c.alpnAsked = true
		if c.callbacks&HasALPN != 0 && len(hello.ALPN) > 0 && c.choice.Fail == nil {
			return AskALPN
		}
	}
	c.cfg.ClientAuth = c.clientAuth(hello.Version)
	if cred := c.creds.Choose(c.Engine); cred != nil {
		c.cred, c.choice.Credential = cred, cred.Engine(nil)
	}
	c.Engine.Select(c.choice)
	return drive.Done
}

// clientAuth is what the verify mode means for a handshake.
func (c *Conn) clientAuth(version uint16) protocol.ClientAuth {
	if version == suite.TLS13 && c.numbers[VerifyMode]&verifyPostHandshake != 0 {
		return protocol.NoClientCert
	}
	return clientAuth(c.numbers[VerifyMode])
}

func clientAuth(mode int64) protocol.ClientAuth {
	switch {
	case mode&verifyPeer == 0:
		return protocol.NoClientCert
	case mode&verifyFailIfNoCert != 0:
		return protocol.RequireClientCert
	}
	return protocol.RequestClientCert
}

// AnsweredServerName takes the answer to AskServerName; alert is what the
// callback made of that for callbackFatal.
func (c *Conn) AnsweredServerName(answer int, alert uint8) {
	switch answer {
	case callbackOK:
		c.nameAccepted = c.Engine.Hello().ServerName != ""
		c.cfg.NoServerNameAck = false
	case callbackFatal:
		c.choice.Fail = &protocol.Error{Code: "CALLBACK_FAILED", Alert: alert}
	}
}

// OfferedALPN returns the client's protocols, each behind its length.
func (c *Conn) OfferedALPN() (list []byte) {
	for _, name := range c.Engine.Hello().ALPN {
		list = append(append(list, byte(len(name))), name...)
	}
	return list
}

// AnsweredALPN takes the answer to AskALPN.
func (c *Conn) AnsweredALPN(answer int, protocolName string) {
	switch answer {
	case callbackOK:
		c.choice.ALPN = protocolName
	case callbackNoAck:
	default:
		c.choice.Fail = protocol.ErrNoALPN
	}
}

// openTicket answers the engine's WaitTicket.
func (c *Conn) openTicket() {
	s, err := c.lookUp()
	if err != nil {
		c.Engine.SendAlert(protocol.AlertInternalError)
		c.err = err
		return
	}
	if c.resuming != nil {
		c.resuming.Release()
	}
	if c.resuming = s; s == nil {
		c.Engine.Ticket(nil, false)
		return
	}
	data := s.offer()
	if data != nil {
		data.ServerName = "" // OpenSSL resumes under any name
	}
	c.Engine.Ticket(data, false)
	if !c.Engine.Info().Resumed {
		c.resuming.Release()
		c.resuming = nil
	}
}

// lookUp returns the session that a client wants to resume, nil if it may not.
func (c *Conn) lookUp() (*Session, *Error) {
	ticket, isID := c.Engine.OfferedTicket()
	var s *Session
	if isID || c.Engine.Hello().Version == suite.TLS13 && c.has(optionNoTicket) {
		if c.first.cacheMode()&cacheNoInternalLookup != 0 {
			return nil, nil
		}
		if s = c.first.store.get(ticket); s == nil {
			c.first.count(misses)
			return nil, nil
		}
	} else if data, _, ok := c.first.tickets.Open(ticket, drive.Now(), libtls.Forever); ok {
		s = newSession(*data)
	} else {
		return nil, nil
	}
	if err := c.admit(s); err != nil {
		s.Release()
		return nil, err
	}
	if s.Data().Version == 0 || !c.fits(s) {
		s.Release()
		return nil, nil
	}
	return s, nil
}

// admit fails on a server that verifies clients but has no session id context:
// another service, which verified its clients for another purpose, could have
// made the session.
func (c *Conn) admit(s *Session) *Error {
	if string(s.Data().Context) == string(c.context) && len(c.context) == 0 && c.numbers[VerifyMode]&verifyPeer != 0 {
		return errNoSessionIDContext
	}
	return nil
}

// fits tells whether a session is of this session id context, and not expired.
func (c *Conn) fits(s *Session) bool {
	if string(s.Data().Context) != string(c.context) {
		return false
	}
	if s.expired(drive.Now()) {
		c.first.count(timeouts)
		c.first.RemoveSession(s)
		return false
	}
	return true
}

// seal makes a TLS 1.2 ticket; nil takes the promise of one back.
func (c *Conn) seal(s *protocol.Session) []byte {
	c.fill(s)
	s.Lifetime = uint32(min(c.timeout, 1<<32-1))
	ticket, err := c.first.tickets.Seal(s, drive.Now(), libtls.Forever, rand.Reader)
	if err != nil {
		return nil
	}
	c.resuming = c.session.next(*s)
	return ticket
}

// sendDue puts the next thing that is due into the engine's output: new keys,
// one ticket, or a request to authenticate. False says that nothing is.
func (c *Conn) sendDue() bool {
	if c.update != noUpdate {
		c.Engine.UpdateKeys(c.update == updateBoth)
		c.update = noUpdate
		return true
	}
	if c.client {
		return false
	}
	if c.request == requestDue {
		c.request = requestSent
		c.cfg.ClientAuth = clientAuth(c.numbers[VerifyMode])
		c.Engine.RequestCertificate()
		return true
	}
	// The limit is read afresh for every ticket.
	if c.ticketsDue && c.ticketsSent < uint64(c.numbers[NumTickets]) && (!c.reused || c.ticketsSent == 0) {
		c.ticketsSent++
		c.sendTicket()
		return true
	}
	c.ticketsDue = false
	if c.extra > 0 {
		c.extra--
		c.sendTicket()
		return true
	}
	return false
}

// sendTicket sends a ticket: the session itself, sealed, or the id under which
// it is stored. Without a ticket the connection is as good as with one.
func (c *Conn) sendTicket() {
	c.Engine.SetTime(drive.Now())
	s, err := c.Engine.NewTicket(uint32(min(c.timeout, protocol.MaxTicketLifetime)))
	if err != nil {
		return
	}
	c.fill(s)
	s.ID = make([]byte, libtls.MaxSessionID)
	rand.Read(s.ID)
	ticket := s.ID
	if !c.has(optionNoTicket) {
		if ticket, err = c.first.tickets.Seal(s, drive.Now(), libtls.Forever, rand.Reader); err != nil {
			return
		}
	}
	if c.Engine.SendTicket(s, slices.Clone(ticket)) == nil {
		c.keep(c.session.next(*s))
	}
}

// NewSessionTicket is SSL_new_session_ticket: whether one more ticket will be
// sent, ahead of the next data. While an authentication is half done, whose
// ticket that would be is open.
func (c *Conn) NewSessionTicket() bool {
	if c.client || !c.Complete || c.Dead || c.Engine.Info().Version != suite.TLS13 || c.Engine.Authenticating() {
		return false
	}
	c.extra++
	return true
}

// VerifyPostHandshake is SSL_verify_client_post_handshake.
func (c *Conn) VerifyPostHandshake() *Error {
	switch {
	case c.Engine == nil || c.Engine.Info().Version != suite.TLS13:
		return errWrongVersion
	case c.client:
		return errNotServer
	case c.inInit():
		return errStillInInit
	case c.request == requestSent:
		return errRequestSent
	case !c.Engine.AgreedToAuthenticate():
		return errExtensionNotReceived
	case c.numbers[VerifyMode]&verifyPeer == 0:
		return errInvalidConfig
	}
	c.request = requestDue
	return nil
}
