package protocol

import (
	"slices"
	"strings"

	"libtls/internal/suite"
	"libtls/internal/trust"
	"libtls/internal/wire"
)

// clientHello takes the first ClientHello.
func (c *Conn) clientHello(m message) *Error {
	if err := c.readClientHello(m); err != nil {
		return err
	}
	hs := c.hs
	hs.sessionID = hs.offer.SessionID
	c.info.ServerName = hs.hello.ServerName
	choose := c.clientHello13
	if c.info.Version == suite.TLS12 {
		choose = c.clientHello12
	}
	if err := choose(); err != nil {
		return err
	}
	c.state = serverAwaitsChoice
	return nil
}

// readClientHello takes what a ClientHello says.
func (c *Conn) readClientHello(m message) *Error {
	hs := c.hs
	ch, ok := wire.ParseClientHello(m.body)
	if !ok {
		return errDecodeClientHello
	}
	exts, err := c.index(ch.Extensions, inClientHello)
	if err != nil {
		return err
	}
	hs.offer, hs.exts, hs.helloRaw = ch, exts, m.raw
	if err := c.negotiateVersion(); err != nil {
		return err
	}
	return c.readClientExtensions()
}

// ssl3 is SSL 3.0's version.
const ssl3 = 0x0300

// negotiateVersion chooses the protocol version (RFC 8446, 4.2.1).
func (c *Conn) negotiateVersion() *Error {
	if c.hs.offer.Version <= ssl3 { // RFC 8446, D.5: whatever the extensions say
		return errUnsupportedProtocol
	}
	versions := []uint16{min(c.hs.offer.Version, suite.TLS12)}
	if data, ok := c.hs.exts[wire.ExtSupportedVersions]; ok {
		if versions, ok = wire.ParseVersions(data); !ok {
			return errParsingExtension
		}
	}
	for _, v := range []uint16{suite.TLS13, suite.TLS12} {
		if !c.supports(v) || !slices.Contains(versions, v) {
			continue
		}
		// RFC 7507, 3: a client that fell back, though we could do better
		if v < c.cfg.MaxVersion && slices.Contains(c.hs.offer.Suites, suite.FallbackSCSV) {
			return errInappropriateFallback
		}
		c.info.Version, c.hs.hello.Version = v, v
		return nil
	}
	return errUnsupportedProtocol
}

func (c *Conn) readClientExtensions() *Error {
	hs := c.hs
	hello := &hs.hello
	var ok bool
	if data, there := hs.exts[wire.ExtServerName]; there {
		name, ok := wire.ParseServerName(data)
		if !ok {
			return errParsingExtension
		}
		switch {
		case isHostName(name) && trust.IPLiteral(name) == nil:
			hello.ServerName = name
		case trust.IPLiteral(name) == nil: // RFC 6066, 3: literal addresses are not permitted, and other clients than ours send them
			return errServerName
		}
	}
	if data, there := hs.exts[wire.ExtALPN]; there {
		if hello.ALPN, ok = wire.ParseProtocols(data); !ok {
			return errParsingALPN
		}
	}
	if data, there := hs.exts[wire.ExtStatusRequest]; there {
		if hello.OCSP, ok = wire.ParseStatusRequest(data); !ok {
			return errParsingExtension
		}
	}
	// RFC 6066, 4: we don't make fragments shorter, but the lengths are known.
	if data, there := hs.exts[wire.ExtMaxFragmentLength]; there {
		if len(data) != 1 {
			return errParsingExtension
		}
		if data[0] < 1 || data[0] > 4 {
			return errParsingExtension.with(AlertIllegalParameter)
		}
	}
	// RFC 7250, 4.2: our certificates have X.509's form only.
	if data, there := hs.exts[wire.ExtServerCertType]; there {
		types, ok := wire.ParseBytes8(data)
		if !ok {
			return errParsingExtension
		}
		if !slices.Contains(types, wire.CertTypeX509) {
			return errCertificateTypes
		}
	}
	if c.info.Version == suite.TLS13 {
		if err := c.readClientExtensions13(); err != nil {
			return err
		}
	}
	// RFC 8446, 9.2: without a PSK a signature is needed.
	data, there := hs.exts[wire.ExtSignatureAlgorithms]
	switch {
	case there:
		return hello.read(hs.exts, data)
	case hs.psks == nil && c.info.Version == suite.TLS13:
		return errNoCommonSchemes.with(AlertMissingExtension)
	}
	return nil
}

// isHostName tells whether name consists of labels of 1 to 63 letters, digits,
// hyphens and, as some hosts have them, underscores (RFC 6066, 3; RFC 1123,
// 2.1), of 255 bytes in all.
func isHostName(name string) bool {
	if len(name) > 255 {
		return false
	}
	label := 0
	for i := range len(name) {
		switch ch := name[i]; {
		case ch == '.' && label > 0:
			label = 0
			continue
		case 'a' <= ch && ch <= 'z', 'A' <= ch && ch <= 'Z', '0' <= ch && ch <= '9', ch == '-', ch == '_':
			label++
		default:
			return false
		}
		if label > 63 {
			return false
		}
	}
	return label > 0
}

// prefer returns the first of ours that is in theirs, or the first of theirs
// in ours if theirs count first.
func prefer[T comparable](ours, theirs []T, theirsFirst bool) (T, bool) {
	first, second := ours, theirs
	if theirsFirst {
		first, second = theirs, ours
	}
	for _, v := range first {
		if slices.Contains(second, v) {
			return v, true
		}
	}
	var none T
	return none, false
}

// OfferedTicket returns the ticket that WaitTicket asks about. isID tells that
// it is a TLS 1.2 session id.
func (c *Conn) OfferedTicket() (ticket []byte, isID bool) {
	if c.hs == nil || c.Wait() != WaitTicket {
		return nil, false
	}
	if c.state == server12AwaitsTicket {
		return c.offered12()
	}
	return c.hs.psks.Identities[c.hs.identity].Ticket, false
}

// Ticket answers a WaitTicket with the session that the ticket stands for; nil
// refuses it. The caller has checked whose ticket it is and that it is still
// good; whether it fits this handshake is checked here. renew asks TLS 1.2 to
// send a new ticket.
func (c *Conn) Ticket(s *Session, renew bool) {
	c.answered(WaitTicket, func() *Error {
		if c.state == server12AwaitsTicket {
			return c.ticket12(s, renew)
		}
		return c.ticket13(s)
	})
}

// admits tells what both versions ask of a session: that it is fresh, and for
// the host and the kind of client that this handshake is about.
func (c *Conn) admits(s *Session) bool {
	if s.Timeout > 0 && c.now.Sub(s.Created) > s.Timeout {
		return false
	}
	// A ticket that names a host is for that host, or for a client that
	// names none.
	name := c.hs.hello.ServerName
	if s.ServerName != "" && name != "" && !strings.EqualFold(s.ServerName, name) {
		return false
	}
	return c.cfg.ClientAuth != RequireClientCert || len(s.PeerChain) > 0
}
