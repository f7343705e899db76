package protocol

import (
	"crypto/ecdsa"
	"slices"

	"libtls/internal/suite"
	"libtls/internal/wire"
)

// clientHello12 goes on with a first ClientHello when TLS 1.2 was negotiated.
func (c *Conn) clientHello12() *Error {
	hs := c.hs
	if !slices.Contains(hs.offer.Compressions, 0) { // RFC 5246, 7.4.1.2
		return errCompressionList
	}
	hs.tls12 = &handshake12{clientRandom: hs.offer.Random}
	return c.readClientExtensions12()
}

func (c *Conn) readClientExtensions12() *Error {
	hs := c.hs
	if data, there := hs.exts[wire.ExtSupportedGroups]; there {
		offered, ok := wire.ParseCodes[suite.Group](data)
		if !ok {
			return errParsingExtension
		}
		hs.peerGroups = offered
	}
	if err := readPointFormats(hs.exts); err != nil {
		return err
	}
	if data, there := hs.exts[wire.ExtExtendedMasterSecret]; there {
		if len(data) != 0 {
			return errParsingExtension
		}
		hs.tls12.ems = true
	}
	if slices.Contains(hs.offer.Suites, suite.RenegotiationSCSV) {
		c.info.SecureRenegotiation = true
	}
	return c.readRenegotiationInfo(hs.exts)
}

// serverNegotiate12 goes on once the caller has chosen.
func (c *Conn) serverNegotiate12() *Error {
	if ticket, _ := c.offered12(); ticket != nil {
		c.state = server12AwaitsTicket
		return nil
	}
	return c.fullHandshake12()
}

// offered12 returns the ticket or else the session id that a client offers.
func (c *Conn) offered12() (ticket []byte, isID bool) {
	hs := c.hs
	if ticket := hs.exts[wire.ExtSessionTicket]; c.wantsTicket() && len(ticket) > 0 {
		return ticket, false
	}
	if c.cfg.SessionIDs && len(hs.offer.SessionID) > 0 {
		return hs.offer.SessionID, true
	}
	return nil, false
}

// ticket12 takes the caller's answer about the session offered.
func (c *Conn) ticket12(s *Session, renew bool) *Error {
	hs := c.hs
	if s == nil || !c.resumable12(s) {
		return c.fullHandshake12()
	}
	// RFC 7627, 5.3
	if s.ExtendedMasterSecret && !hs.tls12.ems {
		return errResumedWithoutEMS
	}
	c.begin12(suite.ByID(s.Suite))
	hs.session = s
	hs.tls12.ticket = renew && c.wantsTicket()
	if err := c.writeServerHello12(hs.offer.SessionID); err != nil {
		return err
	}
	c.resume12(s)
	if hs.tls12.ticket {
		return c.askForSeal()
	}
	return c.serverFinish12()
}

// resumable12 tells whether a session fits what the client offers.
func (c *Conn) resumable12(s *Session) bool {
	hs := c.hs
	if s.Version != suite.TLS12 || len(s.Secret) != masterSize12 || suite.ByID(s.Suite) == nil ||
		!slices.Contains(c.suites(suite.TLS12), s.Suite) || !slices.Contains(hs.offer.Suites, s.Suite) {
		return false
	}
	// RFC 7627, 5.3: no session without extended master secret for a client that can do it.
	if !s.ExtendedMasterSecret && hs.tls12.ems {
		return false
	}
	// Not under a suite that a full handshake wouldn't choose any more.
	if hs.credential != nil {
		if preferred, err := c.suite12(hs.credential); err != nil || preferred.ID != s.Suite {
			return false
		}
	}
	return c.admits(s)
}

// wantsTicket tells whether the client asks for tickets.
func (c *Conn) wantsTicket() bool {
	_, there := c.hs.exts[wire.ExtSessionTicket]
	return c.cfg.Tickets && !c.cfg.NoTickets12 && there
}

// group12 chooses the group of the key exchange.
func (c *Conn) group12() (suite.Group, bool) {
	ours := slices.DeleteFunc(c.groups(), func(g suite.Group) bool { return suite.GroupByID(g).Only13() })
	return prefer(ours, c.hs.peerGroups, c.cfg.PreferPeerGroups)
}

// suite12 chooses a suite that the credential can be used with.
func (c *Conn) suite12(cred *Credential) (*suite.Suite, *Error) {
	if _, ok := c.group12(); !ok {
		return nil, errNoSharedCipher
	}
	// RFC 8422, 5.3: the key's curve must be one the client named.
	if key, ok := cred.Public.(*ecdsa.PublicKey); ok && !slices.Contains(c.hs.peerGroups, suite.GroupOf(key.Curve)) {
		return nil, errWrongCurve.with(AlertHandshakeFailure)
	}
	if _, err := c.pickScheme(cred); err != nil {
		return nil, errNoSharedCipher
	}
	ours := slices.DeleteFunc(c.suites(suite.TLS12), func(id suite.ID) bool { return !suite.ByID(id).Fits(cred.Public) })
	id, ok := prefer(ours, c.hs.offer.Suites, c.cfg.PreferPeerSuites)
	if !ok {
		return nil, errNoSharedCipher
	}
	return suite.ByID(id), nil
}

// fullHandshake12 begins a full handshake.
func (c *Conn) fullHandshake12() *Error {
	hs := c.hs
	if hs.credential == nil {
		return errNoCertificate
	}
	s, err := c.suite12(hs.credential)
	if err != nil {
		return err
	}
	hs.scheme, _ = c.pickScheme(hs.credential)
	c.begin12(s)
	hs.group, _ = c.group12()
	c.info.Group = hs.group
	hs.tls12.ticket = c.wantsTicket()
	hs.tls12.staple = hs.hello.OCSP && len(hs.credential.Staple) > 0
	if c.cfg.SessionIDs && !hs.tls12.ticket {
		if hs.tls12.sessionID, err = c.random(32); err != nil {
			return err
		}
	}
	if err := c.writeServerHello12(hs.tls12.sessionID); err != nil {
		return err
	}
	c.writeMessage(wire.Certificate12(hs.credential.Chain))
	if hs.tls12.staple {
		c.writeMessage(wire.Raw(wire.TypeCertificateStatus, wire.CertificateStatus(hs.credential.Staple)))
	}
	share, public, offerErr := suite.GroupByID(hs.group).Offer(c.cfg.Rand)
	if offerErr != nil {
		return errInternal
	}
	hs.tls12.share, hs.tls12.peerPoint = share, public
	c.state = server12AwaitsSignature
	return nil
}

// writeServerHello12 sends the ServerHello; begin12 has been called.
func (c *Conn) writeServerHello12(sessionID []byte) *Error {
	hs := c.hs
	if len(c.hand) > 0 { // the client's flight ends with its ClientHello
		return errExcessData
	}
	random, err := c.random(32)
	if err != nil {
		return err
	}
	if c.supports(suite.TLS13) { // RFC 8446, 4.1.3
		copy(random[24:], downgrade12)
	}
	hs.tls12.serverRandom = random
	var exts []wire.Extension
	add := func(t uint16, data []byte) { exts = append(exts, wire.Extension{Type: t, Data: data}) }
	if c.info.SecureRenegotiation {
		add(wire.ExtRenegotiationInfo, wire.RenegotiationInfo)
	}
	if hs.tls12.ems {
		add(wire.ExtExtendedMasterSecret, nil)
	}
	if _, there := hs.exts[wire.ExtECPointFormats]; there {
		add(wire.ExtECPointFormats, wire.PointFormats)
	}
	if hs.hello.ServerName != "" && !c.cfg.NoServerNameAck && hs.session == nil { // RFC 6066, 3
		add(wire.ExtServerName, nil)
	}
	if c.info.ALPN != "" {
		add(wire.ExtALPN, wire.Protocols([]string{c.info.ALPN}))
	}
	if hs.tls12.staple {
		add(wire.ExtStatusRequest, nil)
	}
	if hs.tls12.ticket {
		add(wire.ExtSessionTicket, nil)
	}
	hs.transcript.add(hs.helloRaw)
	c.writeMessage((&wire.ServerHello{
		Version:    suite.TLS12,
		Random:     random,
		SessionID:  sessionID,
		Suite:      hs.suite.ID,
		Extensions: exts,
	}).Marshal())
	return nil
}

// keyExchange12 is our ServerKeyExchange without its signature.
func (c *Conn) keyExchange12() *wire.ServerKeyExchange {
	return &wire.ServerKeyExchange{Group: c.hs.group, Point: c.hs.tls12.peerPoint, Scheme: c.hs.scheme}
}

// serverSigned12 ends the server's first flight.
func (c *Conn) serverSigned12(sig []byte) *Error {
	hs := c.hs
	ske := c.keyExchange12()
	ske.Signature = sig
	c.writeMessage(ske.Marshal())
	c.state = server12ExpectsClientKeyExchange
	if c.cfg.ClientAuth != NoClientCert {
		hs.certRequested = true
		c.writeMessage((&wire.CertificateRequest12{
			Types:       []byte{wire.CertTypeRSA, wire.CertTypeECDSA},
			Schemes:     c.cfg.Schemes,
			Authorities: c.cfg.ClientCAs,
		}).Marshal())
		c.state = server12ExpectsCertificate
	}
	c.writeMessage(wire.Raw(wire.TypeServerHelloDone, nil))
	return nil
}

func (c *Conn) clientCertificate12(m message) *Error {
	if err := c.peerChain12(m); err != nil {
		return err
	}
	if len(c.hs.peerChain) == 0 && c.cfg.ClientAuth == RequireClientCert {
		return errNoPeerCertificate.with(AlertHandshakeFailure)
	}
	c.state = server12ExpectsClientKeyExchange
	return nil
}

func (c *Conn) clientKeyExchange(m message) *Error {
	hs := c.hs
	point, ok := wire.ParseClientKeyExchange(m.body)
	if !ok {
		return errDecode
	}
	premaster, err := hs.tls12.share.Finish(point)
	if err != nil {
		return errBadPoint
	}
	hs.tls12.share.Wipe()
	hs.transcript.add(m.raw)
	c.masterSecret(premaster)
	c.expandKeys()
	c.state = server12ExpectsChangeCipherSpec
	if len(c.hs.peerChain) > 0 {
		c.state = server12ExpectsCertificateVerify
	}
	return nil
}

func (c *Conn) clientCertificateVerify12(m message) *Error {
	cv, ok := wire.ParseCertificateVerify(m.body)
	if !ok {
		return errDecode
	}
	if err := c.peerSignature(cv.Scheme, c.hs.transcript.raw, cv.Signature); err != nil {
		return err
	}
	c.hs.transcript.add(m.raw)
	c.state = server12AwaitsVerdict
	return nil
}

func (c *Conn) clientFinished12(m message) *Error {
	if err := c.peerFinished12(m, "client finished"); err != nil {
		return err
	}
	if len(c.hand) > 0 {
		return errExcessData
	}
	if c.info.Resumed {
		c.complete12()
		return nil
	}
	if c.hs.tls12.ticket {
		return c.askForSeal()
	}
	return c.serverFinish12()
}

// askForSeal asks the caller for a ticket.
func (c *Conn) askForSeal() *Error {
	c.hs.tls12.seal = c.session12()
	c.state = server12AwaitsSeal
	return nil
}

// TicketToSeal returns the session that WaitSeal wants a ticket for. The
// caller completes it; its Lifetime is what the client is told.
func (c *Conn) TicketToSeal() *Session {
	if c.hs == nil || c.state != server12AwaitsSeal {
		return nil
	}
	return c.hs.tls12.seal
}

// Sealed answers a WaitSeal with a ticket of at most MaxTicket bytes; an empty one takes
// the promise back (RFC 5077, 3.3).
func (c *Conn) Sealed(ticket []byte) {
	c.answered(WaitSeal, func() *Error {
		lifetime := c.hs.tls12.seal.Lifetime
		if len(ticket) == 0 {
			lifetime = 0
		}
		if len(ticket) > MaxTicket {
			return errInternal
		}
		c.writeMessage(wire.NewSessionTicket12(lifetime, ticket))
		return c.serverFinish12()
	})
}

// serverFinish12 ends the server's last flight.
func (c *Conn) serverFinish12() *Error {
	if err := c.writeFinished12("server finished"); err != nil {
		return err
	}
	if c.info.Resumed {
		c.state = server12ExpectsChangeCipherSpec
		return nil
	}
	if id := c.hs.tls12.sessionID; len(id) > 0 {
		s := c.session12()
		s.ID = id
		c.sessions = append(c.sessions, s)
	}
	c.complete12()
	return nil
}
