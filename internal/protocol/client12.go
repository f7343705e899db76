package protocol

import (
	"bytes"
	"crypto/ecdsa"
	"slices"

	"libtls/internal/suite"
	"libtls/internal/wire"
)

// offerable12 tells whether a TLS 1.2 session could be resumed under this
// configuration. How long to keep one is the caller's business: the server decides.
func (c *Conn) offerable12(s *Session) bool {
	return c.supports(suite.TLS12) && s.Version == suite.TLS12 && len(s.Secret) == masterSize12 &&
		len(s.Ticket)+len(s.ID) > 0 && slices.Contains(c.suites(suite.TLS12), s.Suite)
}

// sessionID12 is the session id to offer a TLS 1.2 session with. For a ticket
// it is a fresh one, by whose echo the resumption is recognised (RFC 5077, 3.4).
func (c *Conn) sessionID12(s *Session) ([]byte, *Error) {
	if len(s.Ticket) == 0 {
		return s.ID, nil
	}
	return c.random(32)
}

// extensions12 returns what a ClientHello says for TLS 1.2 alone.
func (c *Conn) extensions12() []wire.Extension {
	exts := []wire.Extension{
		{Type: wire.ExtECPointFormats, Data: wire.PointFormats},
		{Type: wire.ExtExtendedMasterSecret},
		{Type: wire.ExtRenegotiationInfo, Data: wire.RenegotiationInfo},
	}
	if c.cfg.Tickets && !c.cfg.NoTickets12 {
		var ticket []byte
		if s := c.hs.session; s != nil && s.Version == suite.TLS12 {
			ticket = s.Ticket
		}
		exts = append(exts, wire.Extension{Type: wire.ExtSessionTicket, Data: ticket})
	}
	return exts
}

// serverHello12 takes a ServerHello that chose TLS 1.2.
func (c *Conn) serverHello12(m message, sh *wire.ServerHello) *Error {
	hs := c.hs
	exts, err := c.index(sh.Extensions, inServerHello12)
	if err != nil {
		return err
	}
	// RFC 8446, 4.1.3: a server that could do better was kept from it.
	if tail := string(sh.Random[24:]); c.supports(suite.TLS13) && (tail == downgrade12 || tail == downgrade11) {
		return errDowngrade
	}
	if sh.Compression != 0 {
		return errCompression
	}
	resumed := len(hs.sessionID) > 0 && bytes.Equal(sh.SessionID, hs.sessionID)
	switch {
	case resumed && hs.session == nil: // it was an id for TLS 1.3's sake only
		return errSessionIDEcho
	case resumed && hs.session.Version != suite.TLS12:
		return errOldVersion
	}
	if !c.offeredSuite(sh.Suite) {
		return errWrongCipher
	}
	s := suite.ByID(sh.Suite)
	hs.tls12 = &handshake12{
		clientRandom: hs.offer.Random,
		serverRandom: sh.Random,
		sessionID:    sh.SessionID,
	}
	c.begin12(s)
	hs.transcript.add(m.raw)
	if err := c.readServerExtensions12(exts); err != nil {
		return err
	}
	if resumed {
		return c.resumed12(s)
	}
	hs.session = nil
	c.state = client12ExpectsCertificate
	return nil
}

func (c *Conn) readServerExtensions12(exts extensions) *Error {
	h := c.hs.tls12
	for _, t := range []uint16{wire.ExtServerName, wire.ExtStatusRequest, wire.ExtExtendedMasterSecret, wire.ExtSessionTicket} {
		if len(exts[t]) != 0 {
			return errParsingExtension
		}
	}
	_, h.staple = exts[wire.ExtStatusRequest]
	_, h.ems = exts[wire.ExtExtendedMasterSecret]
	_, h.ticket = exts[wire.ExtSessionTicket]
	if err := c.readRenegotiationInfo(exts); err != nil {
		return err
	}
	if err := readPointFormats(exts); err != nil {
		return err
	}
	return c.readALPN(exts)
}

// resumed12 goes on with an abbreviated handshake.
func (c *Conn) resumed12(s *suite.Suite) *Error {
	hs := c.hs
	old := hs.session
	switch {
	case old.Suite != s.ID:
		return errOldCipher
	// RFC 7627, 5.3
	case old.ExtendedMasterSecret && !hs.tls12.ems:
		return errResumedWithoutEMS
	case !old.ExtendedMasterSecret && hs.tls12.ems:
		return errResumedWithEMS
	}
	c.resume12(old)
	c.expectTicketOrCCS()
	return nil
}

func (c *Conn) expectTicketOrCCS() {
	c.state = client12ExpectsChangeCipherSpec
	if c.hs.tls12.ticket {
		c.state = client12ExpectsTicket
	}
}

func (c *Conn) serverCertificate12(m message) *Error {
	if err := c.peerChain12(m); err != nil {
		return err
	}
	if len(c.hs.peerChain) == 0 { // RFC 5246, 7.4.2
		return errDecode
	}
	pub := c.hs.peerLeaf.PublicKey
	if !c.hs.suite.Fits(pub) {
		return errWrongCertificateType
	}
	// RFC 8422, 5.3: the key's curve is one of those the client named.
	if key, ok := pub.(*ecdsa.PublicKey); ok && !slices.Contains(c.groups(), suite.GroupOf(key.Curve)) {
		return errBadECCCertificate
	}
	c.state = client12ExpectsServerKeyExchange
	if c.hs.tls12.staple {
		c.state = client12ExpectsCertificateStatus
	}
	return nil
}

func (c *Conn) certificateStatus(m message) *Error {
	staple, ok := wire.ParseCertificateStatus(m.body)
	if !ok {
		return errDecode
	}
	c.info.Staple = staple
	c.hs.transcript.add(m.raw)
	c.state = client12ExpectsServerKeyExchange
	return nil
}

func (c *Conn) serverKeyExchange(m message) *Error {
	hs := c.hs
	ske, named, ok := wire.ParseServerKeyExchange(m.body)
	if !ok {
		return errDecode
	}
	if !named {
		return errWrongCurve
	}
	group := suite.GroupByID(ske.Group)
	if group == nil || group.Only13() || !slices.Contains(c.groups(), ske.Group) {
		return errWrongCurve
	}
	msg := slices.Concat(hs.tls12.clientRandom, hs.tls12.serverRandom, ske.Params())
	if err := c.peerSignature(ske.Scheme, msg, ske.Signature); err != nil {
		return err
	}
	hs.transcript.add(m.raw)
	hs.group = ske.Group
	c.info.Group = ske.Group
	hs.tls12.peerPoint = ske.Point
	c.state = client12ExpectsServerHelloDone
	return nil
}

func (c *Conn) certificateRequest12(m message) *Error {
	if c.hs.certRequested {
		return errUnexpectedMessage
	}
	req, ok := wire.ParseCertificateRequest12(m.body)
	if !ok {
		return errDecode
	}
	hello := &c.hs.hello
	hello.CertificateRequest = true
	hello.Schemes, hello.CAs, hello.CertTypes = req.Schemes, req.Authorities, req.Types
	c.hs.certRequested = true
	c.hs.transcript.add(m.raw)
	return nil
}

func (c *Conn) serverHelloDone(m message) *Error {
	if len(m.body) != 0 {
		return errDecode
	}
	if len(c.hand) > 0 {
		return errExcessData
	}
	c.hs.transcript.add(m.raw)
	c.state = client12AwaitsVerdict
	return nil
}

// verified12 goes on once the server's certificate is accepted.
func (c *Conn) verified12() *Error {
	if c.hs.certRequested {
		c.state = client12AwaitsCredential
		return nil
	}
	return c.clientKey12()
}

// typeWanted12 tells whether the server takes certificates with such a key
// (RFC 5246, 7.4.4; RFC 8422, 5.5).
func (c *Conn) typeWanted12(cred *Credential) bool {
	want := wire.CertTypeECDSA
	if suite.KeyTypeOf(cred.Public) == suite.KeyRSA {
		want = wire.CertTypeRSA
	}
	return slices.Contains(c.hs.hello.CertTypes, want)
}

// clientAuthenticate12 sends our certificate, or none.
func (c *Conn) clientAuthenticate12() *Error {
	hs := c.hs
	var chain [][]byte
	if cred := hs.credential; cred != nil {
		if err := c.CanUse(cred); err != nil {
			return err
		}
		hs.scheme, _ = c.pickScheme(cred)
		chain = cred.Chain
	}
	c.writeMessage(wire.Certificate12(chain))
	return c.clientKey12()
}

// clientKey12 sends our half of the key exchange.
func (c *Conn) clientKey12() *Error {
	hs := c.hs
	point, premaster, err := suite.GroupByID(hs.group).Accept(c.cfg.Rand, hs.tls12.peerPoint)
	if err == suite.ErrBadShare {
		return errBadPoint
	} else if err != nil {
		return errInternal
	}
	c.writeMessage(wire.ClientKeyExchange(point))
	c.masterSecret(premaster)
	c.expandKeys()
	if hs.credential != nil {
		c.state = client12AwaitsSignature
		return nil
	}
	return c.clientFinish12()
}

// clientFinish12 ends the client's flight of a full handshake.
func (c *Conn) clientFinish12() *Error {
	if err := c.writeFinished12("client finished"); err != nil {
		return err
	}
	c.expectTicketOrCCS()
	return nil
}

func (c *Conn) newSessionTicket12(m message) *Error {
	lifetime, ticket, ok := wire.ParseNewSessionTicket12(m.body)
	if !ok {
		return errDecode
	}
	c.hs.transcript.add(m.raw)
	c.hs.tls12.newTicket, c.hs.tls12.lifetime = ticket, lifetime
	c.state = client12ExpectsChangeCipherSpec
	return nil
}

func (c *Conn) serverFinished12(m message) *Error {
	if err := c.peerFinished12(m, "server finished"); err != nil {
		return err
	}
	if len(c.hand) > 0 {
		return errExcessData
	}
	if c.info.Resumed {
		if err := c.writeFinished12("client finished"); err != nil {
			return err
		}
	}
	c.keepSession12()
	c.complete12()
	return nil
}

// keepSession12 keeps what a client may resume with: a new ticket, or the
// session id of a full handshake.
func (c *Conn) keepSession12() {
	h := c.hs.tls12
	if !c.cfg.Tickets || len(h.newTicket) > MaxTicket || len(h.newTicket) == 0 && (c.info.Resumed || len(h.sessionID) == 0) {
		return
	}
	s := c.session12()
	s.ID, s.Ticket, s.Lifetime = h.sessionID, h.newTicket, h.lifetime
	c.sessions = append(c.sessions, s)
}
