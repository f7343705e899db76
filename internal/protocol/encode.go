package protocol

import (
	"slices"

	"libtls/internal/plain"
	"libtls/internal/record"
	"libtls/internal/schedule"
	"libtls/internal/suite"
	"libtls/internal/trust"
	"libtls/internal/wire"
)

// Sequence tells how many records have been read and written under the present
// keys. While Epoch stays the same, nothing else of a connection changes.
func (c *Conn) Sequence() (in, out uint64) { return c.in.Seq(), c.out.Seq() }

// Epoch counts the changes of everything but Sequence, the time, and what the
// peer has done in a row (limits.go), which starts anew after UnmarshalConn.
func (c *Conn) Epoch() uint64 { return c.epoch }

func (c *Conn) changed() {
	c.epoch++
	c.settled = c.epoch
	if c.hs != nil {
		c.fixed = c.epoch
	}
}

// Settled counts the changes of what SettledFields goes through. A handshake
// may change it at any time, and nothing else does.
func (c *Conn) Settled() uint64 { return c.fixed }

// Grown tells whether nothing has come since that epoch but more of a handshake
// message that isn't whole yet, and returns it.
func (c *Conn) Grown(since uint64) (more []byte, ok bool) {
	if since < c.settled {
		return nil, false
	}
	return slices.Clone(c.hand[len(c.hand)-int(c.epoch-since):]), true
}

// Grow stands for the records in which what Grown returned came.
func (c *Conn) Grow(more []byte) { c.hand = append(c.hand, more...) }

// UnmarshalConn makes of encodings of Fields and SettledFields a connection that goes on in
// the place of the old one, with record sequence numbers as Sequence told
// them. cfg says what the old one's said. Nothing of data is kept. The old
// connection must not be used any more, or both would use the same keys and
// nonces.
func UnmarshalConn(cfg *Config, data, settled []byte, in, out uint64) (*Conn, error) {
	c := &Conn{cfg: cfg}
	err := plain.Decode(settled, c.SettledFields)
	if err == nil {
		err = plain.Decode(data, c.Fields)
	}
	if err == nil && !c.restore(in, out) {
		err = plain.ErrDecode
	}
	if err != nil {
		c.Wipe()
		return nil, err
	}
	return c, nil
}

// SettledFields goes through the part that a handshake settles for good. It may
// be large, and apart from it a change that a peer causes costs no more than the
// peer's bytes.
func (c *Conn) SettledFields(p *plain.Coder) {
	plain.List(p, &c.info.PeerChain, 8, p.Bytes)
	p.Bytes(&c.info.Staple)
	plain.Struct(p, &c.info.Session, func(s *Session) { s.Fields(p) })
}

// Fields goes through all of a connection, wherever it stands, but for
// SettledFields, its configuration and Sequence. Its keys are part of it.
func (c *Conn) Fields(p *plain.Coder) {
	p.Flag(&c.client)
	p.Time(&c.now)
	plain.Number(p, &c.state)
	plain.Struct(p, &c.err, func(e *Error) { e.Fields(p) })
	c.info.fields(p)
	plain.Struct(p, &c.hs, func(hs *handshake) { hs.fields(p, c.info.Suite) })
	for _, b := range []*[]byte{&c.inSecret, &c.outSecret, &c.exporter, &c.randoms, &c.resumption, &c.hand, &c.flight, &c.output,
		&c.authTranscript, &c.authContext, &c.authRequested} {
		p.Bytes(b)
	}
	for _, f := range []*bool{&c.inKeyed, &c.outKeyed, &c.closeSent, &c.closeReceived, &c.ccsDue, &c.keyUpdateDue, &c.pskDHE,
		&c.postHandshakeAuth} {
		p.Flag(f)
	}
	p.Time(&c.completed)
	plain.Number(p, &c.tickets)
	plain.List(p, &c.sessions, 8, func(s **Session) { plain.Struct(p, s, func(s *Session) { s.Fields(p) }) })
}

func (i *Info) fields(p *plain.Coder) {
	plain.Number(p, &i.Version)
	suiteField(p, &i.Suite)
	plain.Number(p, &i.Group)
	p.Text(&i.ALPN)
	p.Text(&i.ServerName)
	p.Flag(&i.Resumed)
	p.Flag(&i.HelloRetry)
	plain.Number(p, &i.PeerScheme)
	plain.Number(p, &i.TicketAgeSkew)
	p.Flag(&i.ExtendedMasterSecret)
	p.Flag(&i.SecureRenegotiation)
	plain.Number(p, &i.PostHandshakeAuths)
}

// Fields goes through all of an error.
func (e *Error) Fields(p *plain.Coder) {
	p.Text(&e.Code)
	plain.Number(p, &e.Alert)
	p.Flag(&e.Received)
	p.Text(&e.Text)
}

// Fields goes through all of a session, whose secret is part of it.
func (s *Session) Fields(p *plain.Coder) {
	plain.Number(p, &s.Version)
	plain.Number(p, &s.Suite)
	for _, b := range []*[]byte{&s.ID, &s.Secret, &s.Nonce, &s.Ticket, &s.Context, &s.Binding, &s.Staple} {
		p.Bytes(b)
	}
	p.Time(&s.Created)
	p.Time(&s.FullHandshake)
	plain.Number(p, &s.Timeout)
	plain.Number(p, &s.Lifetime)
	plain.Number(p, &s.AgeAdd)
	plain.List(p, &s.PeerChain, 8, p.Bytes)
	plain.Number(p, &s.VerifyResult)
	p.Text(&s.ServerName)
	p.Text(&s.Service)
	p.Text(&s.ALPN)
	p.Flag(&s.ExtendedMasterSecret)
}

// Fields goes through all of a configuration but Rand.
func (c *Config) Fields(p *plain.Coder) {
	plain.Number(p, &c.MinVersion)
	plain.Number(p, &c.MaxVersion)
	plain.Numbers(p, &c.Suites)
	plain.Numbers(p, &c.Groups)
	plain.Numbers(p, &c.KeyShares)
	plain.Numbers(p, &c.Schemes)
	plain.Numbers(p, &c.CertSchemes)
	plain.List(p, &c.ALPN, 8, p.Text)
	p.Text(&c.ServerName)
	for _, f := range []*bool{&c.PreferPeerSuites, &c.PreferPeerGroups, &c.RequestOCSP, &c.Tickets, &c.NoTickets12, &c.SessionIDs,
		&c.PostHandshakeAuth, &c.NoServerNameAck, &c.KeyLog} {
		p.Flag(f)
	}
	plain.Struct(p, &c.Session, func(s *Session) { s.Fields(p) })
	plain.Number(p, &c.ClientAuth)
	plain.List(p, &c.ClientCAs, 8, p.Bytes)
	plain.Number(p, &c.MaxCertificates)
	p.Flag(&c.AnyKeyUsage)
}

func suiteField(p *plain.Coder, s **suite.Suite) {
	var id suite.ID
	if *s != nil {
		id = (*s).ID
	}
	plain.Number(p, &id)
	if p.Reading() && id != 0 {
		if *s = suite.ByID(id); *s == nil {
			p.Fail()
		}
	}
}

func (hs *handshake) fields(p *plain.Coder, agreed *suite.Suite) {
	plain.Struct(p, &hs.offer, func(m *wire.ClientHello) {
		plain.Number(p, &m.Version)
		p.Bytes(&m.Random)
		p.Bytes(&m.SessionID)
		plain.Numbers(p, &m.Suites)
		p.Bytes(&m.Compressions)
		plain.List(p, &m.Extensions, 16, func(e *wire.Extension) {
			plain.Number(p, &e.Type)
			p.Bytes(&e.Data)
		})
	})
	hs.hello.fields(p)
	suiteField(p, &hs.suite)
	hs.transcript.fields(p, hs.suite)
	plain.Struct(p, &hs.schedule, func(s *schedule.Schedule) {
		plain.Number(p, &s.Hash)
		p.Bytes(&s.Secret)
		if p.Reading() && (agreed == nil || s.Hash != agreed.Hash) {
			p.Fail()
		}
	})
	plain.Struct(p, &hs.credential, func(c *Credential) { c.fields(p) })
	plain.Struct(p, &hs.session, func(s *Session) { s.Fields(p) })
	plain.List(p, &hs.peerChain, 8, p.Bytes)
	plain.Number(p, &hs.peerScheme)
	plain.List(p, &hs.shares, 8, func(k **suite.KeyShare) {
		if p.Reading() {
			*k = new(suite.KeyShare)
		}
		shareFields(p, *k)
	})
	plain.List(p, &hs.publics, 16, func(k *wire.KeyShare) {
		plain.Number(p, &k.Group)
		p.Bytes(&k.Data)
	})
	plain.Struct(p, &hs.psks, func(o *wire.Offer) {
		plain.List(p, &o.Identities, 16, func(id *wire.Identity) {
			p.Bytes(&id.Ticket)
			plain.Number(p, &id.ObfuscatedAge)
		})
		plain.List(p, &o.Binders, 8, p.Bytes)
	})
	for _, b := range []*[]byte{&hs.sessionID, &hs.clientSecret, &hs.serverSecret, &hs.cookie, &hs.trafficOut, &hs.trafficIn,
		&hs.peerShare, &hs.helloRaw} {
		p.Bytes(b)
	}
	for _, f := range []*bool{&hs.certRequested, &hs.ccsSent, &hs.skipEarly} {
		p.Flag(f)
	}
	plain.Number(p, &hs.scheme)
	plain.Number(p, &hs.group)
	plain.Number(p, &hs.identity)
	plain.Numbers(p, &hs.peerGroups)
	plain.Struct(p, &hs.tls12, func(h *handshake12) { h.fields(p) })
}

func (h *Hello) fields(p *plain.Coder) {
	plain.Number(p, &h.Version)
	p.Text(&h.ServerName)
	plain.List(p, &h.ALPN, 8, p.Text)
	plain.Numbers(p, &h.Schemes)
	plain.Numbers(p, &h.CertSchemes)
	plain.List(p, &h.CAs, 8, p.Bytes)
	p.Flag(&h.OCSP)
	p.Bytes(&h.CertTypes)
	p.Flag(&h.CertificateRequest)
}

func (c *Credential) fields(p *plain.Coder) {
	plain.List(p, &c.Chain, 8, p.Bytes)
	plain.Numbers(p, &c.Schemes)
	p.Bytes(&c.Staple)
	if p.Reading() && len(c.Chain) > 0 {
		leaf, _ := trust.Read(c.Chain[0])
		if leaf == nil {
			p.Fail()
			return
		}
		c.Public = leaf.PublicKey
	}
}

func shareFields(p *plain.Coder, k *suite.KeyShare) {
	plain.Number(p, &k.Group)
	p.Bytes(&k.Private)
	if p.Reading() && suite.GroupByID(k.Group) == nil {
		p.Fail()
	}
}

func (t *transcript) fields(p *plain.Coder, s *suite.Suite) {
	p.Bytes(&t.raw)
	p.Flag(&t.keep)
	var state []byte
	if t.hash != nil && !p.Reading() {
		state = t.state()
	}
	p.Bytes(&state)
	if !p.Reading() || state == nil {
		return
	}
	if s == nil || !t.resume(s.Hash, state) {
		p.Fail()
	}
}

func (h *handshake12) fields(p *plain.Coder) {
	for _, b := range []*[]byte{&h.clientRandom, &h.serverRandom, &h.peerPoint, &h.master, &h.newTicket, &h.sessionID} {
		p.Bytes(b)
	}
	for _, f := range []*bool{&h.ems, &h.staple, &h.ticket} {
		p.Flag(f)
	}
	plain.Number(p, &h.lifetime)
	plain.Struct(p, &h.seal, func(s *Session) { s.Fields(p) })
	plain.Struct(p, &h.share, func(k *suite.KeyShare) { shareFields(p, k) })
}

// restore makes what can be derived of the fields. It returns false if they
// don't fit together.
func (c *Conn) restore(in, out uint64) bool {
	s := c.info.Suite
	if c.state > lastState || (c.hs == nil) != (c.state == open || c.err != nil) || (c.inKeyed || c.outKeyed) && s == nil {
		return false
	}
	if c.hs != nil {
		if err := c.restoreHandshake(); err != nil {
			return false
		}
	}
	keys := c.keys12()
	if keys != nil {
		defer keys.Wipe()
	}
	for _, h := range []struct {
		keyed  bool
		half   *record.Half
		secret []byte
		mine   bool
		seq    uint64
	}{{c.inKeyed, &c.in, c.inSecret, false, in}, {c.outKeyed, &c.out, c.outSecret, true, out}} {
		if !h.keyed {
			continue
		}
		var err error
		switch {
		case c.info.Version != suite.TLS12 && len(h.secret) == s.Hash.Size():
			key, iv := schedule.TrafficKeys(s, h.secret)
			err = h.half.SetKeys(s, key, iv)
			clear(key)
			clear(iv)
		case keys != nil:
			mac, key, iv := keys.Of(c.client == h.mine)
			err = h.half.SetKeys12(s, mac, key, iv, c.cfg.Rand)
		default:
			return false
		}
		if err != nil {
			return false
		}
		h.half.SetSeq(h.seq)
	}
	return true
}

func (c *Conn) restoreHandshake() *Error {
	hs := c.hs
	if !c.client && hs.offer != nil {
		// The message was accepted once.
		hs.exts = make(extensions, len(hs.offer.Extensions))
		for _, e := range hs.offer.Extensions {
			hs.exts[e.Type] = e.Data
		}
	}
	if err := c.parseLeaf(); err != nil {
		return err
	}
	if hs.tls12 != nil && len(hs.tls12.master) > 0 {
		if hs.suite == nil {
			return errInternal
		}
		c.expandKeys()
	}
	return nil
}

// keys12 returns the key block of a TLS 1.2 connection, or nil.
func (c *Conn) keys12() *schedule.Keys12 {
	if c.info.Version != suite.TLS12 || c.info.Suite == nil {
		return nil
	}
	if c.hs != nil && c.hs.tls12 != nil {
		h := c.hs.tls12
		return keyBlock(c.info.Suite, h.master, h.clientRandom, h.serverRandom)
	}
	if len(c.randoms) != 64 {
		return nil
	}
	return keyBlock(c.info.Suite, c.exporter, c.randoms[:32], c.randoms[32:])
}

func keyBlock(s *suite.Suite, master, clientRandom, serverRandom []byte) *schedule.Keys12 {
	macLen := 0
	if s.MAC != 0 {
		macLen = s.MAC.Size()
	}
	return schedule.KeyBlock(s.Hash, master, slices.Concat(serverRandom, clientRandom), macLen, s.KeyLen, s.IVLen)
}
