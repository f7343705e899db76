package protocol

import (
	"slices"
	"time"

	"libtls/internal/suite"
	"libtls/internal/wire"
)

// Start begins the handshake: a client sends its ClientHello.
func (c *Conn) Start() {
	switch {
	case c.err != nil:
	case c.client && c.state == clientStart:
		c.failed(c.start())
	case !c.client && len(c.versions()) == 0:
		c.failed(errNoVersions.with(0))
	}
}

func (c *Conn) start() *Error {
	if len(c.versions()) == 0 || len(c.groups()) == 0 {
		return errNoVersions.with(0)
	}
	var suites []suite.ID
	for _, id := range c.cfg.Suites {
		if s := suite.ByID(id); s != nil && c.supports(s.Version) {
			suites = append(suites, id)
		}
	}
	if len(suites) == 0 {
		return errNoSharedCipher.with(0)
	}
	hs := c.hs
	c.info.ServerName = c.cfg.ServerName
	random, err := c.random(32)
	if err != nil {
		return err
	}
	if c.offerable(c.cfg.Session) {
		hs.session = c.cfg.Session
	}
	if c.supports(suite.TLS13) {
		if hs.sessionID, err = c.random(32); err != nil {
			return err
		}
		for _, g := range c.firstShares() {
			if err := c.addShare(g); err != nil {
				return err
			}
		}
	}
	if hs.session != nil && hs.session.Version == suite.TLS12 {
		if hs.sessionID, err = c.sessionID12(hs.session); err != nil {
			return err
		}
	}
	hs.offer = &wire.ClientHello{
		Version:      suite.TLS12,
		Random:       random,
		SessionID:    hs.sessionID,
		Suites:       suites,
		Compressions: []byte{0},
	}
	c.state = clientExpectsServerHello
	if err := c.writeClientHello(); err != nil {
		return err.with(0)
	}
	c.flush()
	// RFC 8446, 5.1: old servers want this record to look older than the rest.
	c.output[2] = 1
	return nil
}

// versions returns the allowed versions, best first.
func (c *Conn) versions() []uint16 {
	return slices.DeleteFunc([]uint16{suite.TLS13, suite.TLS12}, func(v uint16) bool { return !c.supports(v) })
}

// firstShares returns the groups to send key shares for at once.
func (c *Conn) firstShares() []suite.Group {
	if c.cfg.KeyShares != nil {
		return c.cfg.KeyShares
	}
	groups := c.groups()
	if len(groups) == 0 {
		return nil
	}
	first := groups[:1:1]
	if first[0] == suite.X25519MLKEM768 && slices.Contains(groups, suite.X25519) {
		first = append(first, suite.X25519)
	}
	return first
}

func (c *Conn) addShare(id suite.Group) *Error {
	g := suite.GroupByID(id)
	if g == nil {
		return errInternal
	}
	share, public, err := c.makeShare(g)
	if err != nil {
		return errInternal
	}
	c.hs.shares = append(c.hs.shares, share)
	c.hs.publics = append(c.hs.publics, wire.KeyShare{Group: id, Data: public})
	return nil
}

// makeShare makes a key pair, or for X25519 takes that of a hybrid share.
func (c *Conn) makeShare(g *suite.GroupInfo) (*suite.KeyShare, []byte, error) {
	if g.Group == suite.X25519 {
		for _, k := range c.hs.shares {
			if share, public, ok := k.Classic(); ok {
				return share, public, nil
			}
		}
	}
	return g.Offer(c.cfg.Rand)
}

// age returns a session's age, and false if it is too old to be offered or
// lies in the future.
func (c *Conn) age(s *Session) (time.Duration, bool) {
	age := c.now.Sub(s.Created)
	life := time.Duration(min(s.Lifetime, MaxTicketLifetime)) * time.Second
	return age, age >= 0 && age <= life
}

// offerable tells whether a session could be resumed under this configuration.
func (c *Conn) offerable(s *Session) bool {
	if s == nil || !c.cfg.Tickets || len(s.Ticket) > MaxTicket {
		return false
	}
	if s.Version == suite.TLS12 {
		return c.offerable12(s)
	}
	if s.Version != suite.TLS13 || !c.supports(suite.TLS13) || len(s.Ticket) == 0 {
		return false
	}
	if old := suite.ByID(s.Suite); old == nil || old.Version != suite.TLS13 || len(s.Secret) != old.Hash.Size() || !c.hasHashOf(old) {
		return false
	}
	_, fresh := c.age(s)
	return fresh
}

// hasHashOf tells whether an allowed suite uses the same hash: a PSK can only
// be used with its own (RFC 8446, 4.2.11).
func (c *Conn) hasHashOf(old *suite.Suite) bool {
	return slices.ContainsFunc(c.suites(suite.TLS13), func(id suite.ID) bool { return suite.ByID(id).Hash == old.Hash })
}

// writeClientHello sends hs.offer with extensions made of the configuration
// and the handshake so far.
func (c *Conn) writeClientHello() *Error {
	hs := c.hs
	var exts []wire.Extension
	add := func(t uint16, data []byte) { exts = append(exts, wire.Extension{Type: t, Data: data}) }

	if c.cfg.ServerName != "" {
		add(wire.ExtServerName, wire.ServerName(c.cfg.ServerName))
	}
	add(wire.ExtSupportedGroups, wire.Codes(c.groups()))
	add(wire.ExtSignatureAlgorithms, wire.Codes(c.cfg.Schemes))
	if c.cfg.CertSchemes != nil {
		add(wire.ExtSignatureAlgsCert, wire.Codes(c.cfg.CertSchemes))
	}
	if len(c.cfg.ALPN) > 0 {
		add(wire.ExtALPN, wire.Protocols(c.cfg.ALPN))
	}
	if c.cfg.RequestOCSP {
		add(wire.ExtStatusRequest, wire.StatusRequest)
	}
	if c.supports(suite.TLS12) {
		exts = append(exts, c.extensions12()...)
	}
	if c.supports(suite.TLS13) {
		add(wire.ExtSupportedVersions, wire.Versions(c.versions()))
		add(wire.ExtKeyShare, wire.ClientShares(hs.publics))
		if len(hs.cookie) > 0 {
			add(wire.ExtCookie, wire.Bytes16(hs.cookie))
		}
		if c.cfg.PostHandshakeAuth {
			add(wire.ExtPostHandshakeAuth, nil)
		}
		if c.cfg.Tickets {
			add(wire.ExtPSKModes, wire.PSKModes(wire.PSKDHE))
		}
	}
	var psk *wire.Offer
	if hs.session != nil && hs.session.Version == suite.TLS13 {
		psk = c.offerPSK()
		add(wire.ExtPreSharedKey, psk.Marshal()) // RFC 8446, 4.2.11: it must be last
	}
	hs.offer.Extensions = exts
	if !wire.FitExtensions(exts) {
		return errHelloTooLong
	}
	raw := hs.offer.Marshal()
	if psk != nil { // the binder covers all that precedes it
		cut := len(raw) - psk.BindersSize()
		copy(raw[cut+3:], c.binder(hs.session, raw[:cut]))
	}
	c.writeMessage(raw)
	return nil
}

// offerPSK returns the offer of the session, its binder still empty.
func (c *Conn) offerPSK() *wire.Offer {
	hs := c.hs
	age, _ := c.age(hs.session)
	return &wire.Offer{
		Identities: []wire.Identity{{
			Ticket:        hs.session.Ticket,
			ObfuscatedAge: uint32(age.Milliseconds()) + hs.session.AgeAdd,
		}},
		Binders: [][]byte{make([]byte, suite.ByID(hs.session.Suite).Hash.Size())},
	}
}

// serverHello takes the ServerHello or, in its place, a HelloRetryRequest.
func (c *Conn) serverHello(m message) *Error {
	sh, ok := wire.ParseServerHello(m.body)
	if !ok {
		return errDecode
	}
	if err := c.serverVersion(sh); err != nil {
		return err
	}
	if c.info.Version == suite.TLS12 {
		return c.serverHello12(m, sh)
	}
	return c.serverHello13(m, sh)
}

// offeredSuite tells whether a suite was offered for the version agreed on.
func (c *Conn) offeredSuite(id suite.ID) bool {
	return slices.Contains(c.hs.offer.Suites, id) && slices.Contains(c.suites(c.info.Version), id)
}

// serverVersion takes the version that the server chose (RFC 8446, 4.2.1).
func (c *Conn) serverVersion(sh *wire.ServerHello) *Error {
	if sh.Version <= ssl3 { // RFC 8446, D.5: whatever the extensions say
		return errUnsupportedProtocol
	}
	version, alert := sh.Version, AlertProtocolVersion
	i := slices.IndexFunc(sh.Extensions, func(e wire.Extension) bool { return e.Type == wire.ExtSupportedVersions })
	if i >= 0 {
		switch { // RFC 8446, 4.1.3
		case sh.Version != suite.TLS12 && c.info.Version != 0:
			return errDecode.with(AlertIllegalParameter)
		case sh.Version != suite.TLS12:
			return errUnsupportedProtocol.with(AlertIllegalParameter)
		}
		var ok bool
		if version, ok = wire.ParseUint16[uint16](sh.Extensions[i].Data); !ok {
			return errParsingExtension
		}
		alert = AlertIllegalParameter
	}
	switch {
	case c.info.Version != 0 && version != c.info.Version: // RFC 8446, 4.1.4
		return errSecondVersion
	case i >= 0 && version == suite.TLS12: // the extension is for TLS 1.3
		return errUnexpectedExtension.with(AlertIllegalParameter)
	case i < 0 && (version != suite.TLS12 || !c.supports(suite.TLS12)), i >= 0 && version != suite.TLS13:
		return errUnsupportedProtocol.with(alert)
	}
	c.info.Version = version
	c.hs.hello.Version = version
	return nil
}

// readALPN takes the protocol that the server chose.
func (c *Conn) readALPN(exts extensions) *Error {
	data, ok := exts[wire.ExtALPN]
	if !ok {
		return nil
	}
	protos, ok := wire.ParseProtocols(data)
	if !ok || len(protos) != 1 { // RFC 7301, 3.1
		return errParsingALPN
	}
	if !slices.Contains(c.cfg.ALPN, protos[0]) {
		return errInvalidALPN
	}
	c.info.ALPN = protos[0]
	return nil
}
