package protocol

import (
	"bytes"
	"crypto/rand"
	"slices"
	"testing"

	"libtls/internal/record"
	"libtls/internal/schedule"
	"libtls/internal/suite"
	"libtls/internal/wire"
)

// liar is a peer that has the right keys and lies consistently: it makes each
// message that its victim awaits, changes it as the dice say, and goes on from
// what the victim has taken, so that signatures and Finished stay valid.
type liar struct {
	victim *end
	id     *identity
	d      dice
	secret []byte // that seal is keyed with, in TLS 1.3
	seal   record.Half
	hello  *end                    // makes the ClientHellos
	early  bool                    // a client announces early data, and sends some
	change func(raw []byte) []byte // of each message, besides; or nil
}

// round hands the victim what it awaits; false if there is no more to hand.
func (l *liar) round() bool {
	c := l.victim.Conn
	if c.Err() != nil || c.Wait() != WaitInput {
		return false
	}
	c.TakeOutput(nil)
	if c.hs != nil && c.hs.skipEarly {
		l.victim.feed(plaintext(record.ApplicationData, l.d.bytes(1+l.d.next())...))
		if c.Err() != nil {
			return false
		}
	}
	if c.state.expectsCCS() {
		l.victim.feed(plaintext(record.ChangeCipherSpec, 1))
		return true
	}
	var raw []byte
	switch c.state {
	case clientExpectsServerHello, clientExpectsSecondServerHello:
		raw = l.serverHello(c)
	case clientExpectsEncryptedExtensions:
		raw = wire.EncryptedExtensions(l.answers(wire.ExtServerName, wire.ExtALPN))
	case clientExpectsCertificateRequest:
		if l.d.next()%2 == 0 {
			return l.hand(l.request(nil))
		}
		raw = l.certificate(nil)
	case clientExpectsCertificate, serverExpectsCertificate:
		raw = l.certificate(nil)
	case clientExpectsCertificateVerify, serverExpectsCertificateVerify, openExpectsCertificateVerify:
		message := signed(c.client, c.hs.transcript.sum())
		raw = (&wire.CertificateVerify{Scheme: suite.ECDSAP256SHA256, Signature: l.sign(message)}).Marshal()
	case clientExpectsFinished:
		raw = l.finished(c.hs.serverSecret)
	case serverExpectsFinished:
		raw = l.finished(c.hs.clientSecret)
	case openExpectsFinished:
		raw = l.finished(c.inSecret)
	case serverExpectsClientHello, serverExpectsSecondClientHello:
		raw = l.clientHello()

	case client12ExpectsCertificate, server12ExpectsCertificate:
		raw = wire.Certificate12(l.id.Chain)
	case client12ExpectsCertificateStatus:
		raw = wire.Raw(wire.TypeCertificateStatus, wire.CertificateStatus([]byte("staple")))
	case client12ExpectsServerKeyExchange:
		raw = l.keyExchange(c)
	case client12ExpectsServerHelloDone:
		raw = wire.Raw(wire.TypeServerHelloDone, nil)
		if l.d.next()%2 == 0 && !c.hs.certRequested {
			raw = (&wire.CertificateRequest12{Types: []byte{wire.CertTypeECDSA}, Schemes: c.cfg.Schemes}).Marshal()
		}
	case client12ExpectsTicket:
		raw = wire.NewSessionTicket12(300, []byte("ticket"))
	case client12ExpectsFinished:
		raw = wire.Raw(wire.TypeFinished, c.finished12("server finished"))
	case server12ExpectsClientKeyExchange:
		_, point, err := suite.GroupByID(c.hs.group).Offer(rand.Reader)
		if err != nil {
			panic(err)
		}
		raw = wire.ClientKeyExchange(point)
	case server12ExpectsCertificateVerify:
		raw = (&wire.CertificateVerify{Scheme: suite.ECDSAP256SHA256, Signature: l.sign(c.hs.transcript.raw)}).Marshal()
	case server12ExpectsFinished:
		raw = wire.Raw(wire.TypeFinished, c.finished12("client finished"))
	case open:
		return l.after(c)
	}
	return l.hand(raw)
}

// hand changes a message and hands it over.
func (l *liar) hand(raw []byte) bool {
	out := l.d.spoil(raw)
	if l.change != nil {
		out = l.change(out)
	}
	if len(out) > wire.HeaderSize && wire.Type(out[0]) == wire.TypeClientHello {
		l.bind(out)
	}
	if len(out) > 0 {
		l.victim.feed(l.sealed(record.Handshake, out))
	}
	return len(out) > 0
}

func (l *liar) sealed(t record.Type, payload []byte) []byte {
	c := l.victim.Conn
	half := new(record.Half)
	switch {
	case !c.in.Active():
	case c.info.Version == suite.TLS13:
		if !bytes.Equal(l.secret, c.inSecret) {
			l.secret = slices.Clone(c.inSecret)
			key, iv := schedule.TrafficKeys(c.info.Suite, l.secret)
			if err := l.seal.SetKeys(c.info.Suite, key, iv); err != nil {
				panic(err)
			}
		}
		half = &l.seal
	default:
		if !l.seal.Active() {
			mac, key, iv := c.keys12().Of(!c.client)
			if err := l.seal.SetKeys12(c.info.Suite, mac, key, iv, rand.Reader); err != nil {
				panic(err)
			}
		}
		half = &l.seal
	}
	half.SetSeq(c.in.Seq())
	var recs []byte
	for {
		n := min(len(payload), record.MaxPlaintext)
		var err error
		if recs, err = half.Seal(recs, t, payload[:n]); err != nil {
			panic(err)
		}
		if payload = payload[n:]; len(payload) == 0 {
			return recs
		}
	}
}

func (l *liar) sign(message []byte) []byte {
	sig, err := suite.SchemeByID(suite.ECDSAP256SHA256).Sign(l.id.key, message)
	if err != nil {
		panic(err)
	}
	return sig
}

func (l *liar) finished(base []byte) []byte {
	hs := l.victim.hs
	return wire.Raw(wire.TypeFinished, schedule.Finished(hs.suite.Hash, base, hs.transcript.sum()))
}

// answers answers those of a client's extensions that it has sent.
func (l *liar) answers(types ...uint16) (exts []wire.Extension) {
	for _, e := range l.victim.hs.offer.Extensions {
		if !slices.Contains(types, e.Type) || l.d.next()%4 == 3 {
			continue
		}
		answer := wire.Extension{Type: e.Type}
		switch e.Type {
		case wire.ExtALPN:
			answer.Data = wire.Protocols(l.victim.cfg.ALPN[:1])
		case wire.ExtECPointFormats, wire.ExtRenegotiationInfo:
			answer.Data = e.Data
		}
		exts = append(exts, answer)
	}
	return exts
}

// serverHello makes a ServerHello of either version, or a HelloRetryRequest.
func (l *liar) serverHello(c *Conn) []byte {
	kind := l.d.next() % 4
	sh := &wire.ServerHello{Version: suite.TLS12, Random: make([]byte, 32), SessionID: c.hs.sessionID}
	if s := c.hs.session; kind == 1 || !c.supports(suite.TLS13) || s != nil && s.Version == suite.TLS12 {
		sh.Suite = suite.ECDHEECDSAAES128GCM
		if s == nil || kind == 2 {
			sh.SessionID = nil
		}
		sh.Extensions = l.answers(wire.ExtServerName, wire.ExtStatusRequest, wire.ExtALPN, wire.ExtExtendedMasterSecret,
			wire.ExtSessionTicket, wire.ExtRenegotiationInfo, wire.ExtECPointFormats)
		return sh.Marshal()
	}
	sh.Suite = suite.AES128GCMSHA256
	sh.Extensions = []wire.Extension{{Type: wire.ExtSupportedVersions, Data: wire.Uint16(suite.TLS13)}}
	if kind == 2 && c.state == clientExpectsServerHello {
		sh.Random = wire.HelloRetryRandom[:]
		sh.Extensions = append(sh.Extensions, wire.Extension{Type: wire.ExtKeyShare, Data: wire.Uint16(suite.P256)})
		if l.d.next()%2 == 0 {
			sh.Extensions = append(sh.Extensions, wire.Extension{Type: wire.ExtCookie, Data: wire.Bytes16([]byte("cookie"))})
		}
		return sh.Marshal()
	}
	if len(c.hs.publics) > 0 {
		offered := c.hs.publics[0]
		share, _, err := suite.GroupByID(offered.Group).Accept(rand.Reader, offered.Data)
		if err != nil {
			panic(err)
		}
		sh.Extensions = append(sh.Extensions,
			wire.Extension{Type: wire.ExtKeyShare, Data: wire.ServerShare(wire.KeyShare{Group: offered.Group, Data: share})})
	}
	if s := c.hs.session; s != nil && kind != 3 {
		sh.Suite = s.Suite
		sh.Extensions = append(sh.Extensions, wire.Extension{Type: wire.ExtPreSharedKey, Data: wire.Uint16(uint16(0))})
	}
	return sh.Marshal()
}

func (l *liar) request(context []byte) []byte {
	return (&wire.CertificateRequest{Context: context, Extensions: []wire.Extension{
		{Type: wire.ExtSignatureAlgorithms, Data: wire.Codes(suite.DefaultSchemes())},
	}}).Marshal()
}

func (l *liar) certificate(context []byte) []byte {
	m := &wire.Certificate{Context: context}
	for i, der := range l.id.Chain {
		m.Entries = append(m.Entries, wire.CertificateEntry{Data: der})
		if i == 0 && l.victim.client && l.d.next()%2 == 0 {
			m.Entries[0].Extensions = []wire.Extension{{Type: wire.ExtStatusRequest, Data: wire.CertificateStatus([]byte("staple"))}}
		}
	}
	return m.Marshal()
}

func (l *liar) keyExchange(c *Conn) []byte {
	_, point, err := suite.GroupByID(suite.P256).Offer(rand.Reader)
	if err != nil {
		panic(err)
	}
	m := &wire.ServerKeyExchange{Group: suite.P256, Point: point, Scheme: suite.ECDSAP256SHA256}
	m.Signature = l.sign(slices.Concat(c.hs.tls12.clientRandom, c.hs.tls12.serverRandom, m.Params()))
	return m.Marshal()
}

// clientHello takes a client's first ClientHello, or the one with which it
// answers the victim's HelloRetryRequest.
func (l *liar) clientHello() []byte {
	if l.victim.state == serverExpectsSecondClientHello {
		l.hello.hs.shares, l.hello.hs.publics = nil, nil
		l.hello.addShare(l.victim.hs.group)
		l.hello.hs.transcript = transcript{}
		l.hello.writeClientHello()
		return bytes.Clone(l.hello.flight)
	}
	l.hello.Start()
	raw := bytes.Clone(l.hello.hs.transcript.raw)
	if m, ok := wire.ParseClientHello(raw[wire.HeaderSize:]); ok && l.early {
		m.Extensions = before(m.Extensions, wire.ExtEarlyData, nil)
		raw = m.Marshal()
	}
	return raw
}

// bind makes the binder of a changed ClientHello right, if it has one.
func (l *liar) bind(raw []byte) {
	m, ok := wire.ParseClientHello(raw[wire.HeaderSize:])
	if !ok || len(m.Extensions) == 0 || l.hello == nil || l.hello.cfg.Session == nil {
		return
	}
	last := m.Extensions[len(m.Extensions)-1]
	psk, ok := wire.ParseOffer(last.Data)
	if !ok || last.Type != wire.ExtPreSharedKey || psk.BindersSize() < 3 {
		return
	}
	cut := len(raw) - psk.BindersSize()
	copy(raw[cut+3:], l.victim.binder(l.hello.cfg.Session, raw[:cut]))
}

// after makes what can follow a handshake; false ends the conversation.
func (l *liar) after(c *Conn) bool {
	if len(l.d) == 0 {
		return false
	}
	if c.info.Version == suite.TLS12 {
		l.victim.feed(l.sealed(record.ApplicationData, []byte("data")))
		return l.d.next()%2 == 0
	}
	switch kind := l.d.next() % 5; {
	case kind == 0:
		return l.hand(wire.KeyUpdate(l.d.next()%2 == 0))
	case kind == 1 && c.client:
		return l.hand((&wire.NewSessionTicket{Lifetime: 300, Nonce: []byte{1}, Ticket: []byte("ticket")}).Marshal())
	case kind == 2 && c.client:
		return l.hand(l.request([]byte{1, 2, 3}))
	case kind == 2 && c.authContext == nil:
		return c.RequestCertificate() == nil
	case kind == 2:
		return l.hand(l.certificate(c.authContext))
	case kind == 3:
		c.UpdateKeys(l.d.next()%2 == 0)
		return true
	}
	l.victim.feed(l.sealed(record.ApplicationData, []byte("data")))
	return true
}

// lie drives a connection to its end. What died stays dead, and what goes on
// can be rebuilt at any moment.
func lie(t *testing.T, victim *end, hello *end, early bool, script []byte) {
	l := &liar{victim: victim, id: identities()["p256"], d: dice(script), hello: hello, early: early}
	victim.id = l.id
	victim.Start()
	for range 40 {
		if !l.round() {
			break
		}
		if len(l.d) > 0 && l.d[0] == 255 {
			victim.moved(t, victim.cfg)
		}
	}
	if died := victim.Err(); died != nil {
		if victim.hs != nil || victim.Established() && victim.state < open {
			t.Fatalf("%v was not the end", died)
		}
		if _, _, err := victim.Seal(nil, []byte("data")); err == nil || victim.Err() != died {
			t.Fatalf("%v was not the end", died)
		}
	}
	victim.moved(t, victim.cfg)
}

// session13 is a session of TLS 1.3 that both ends know.
func session13() *Session {
	return &Session{Version: suite.TLS13, Suite: suite.AES128GCMSHA256, Secret: make([]byte, 32), Ticket: []byte("a ticket"), Created: testTime,
		FullHandshake: testTime, Lifetime: 3600, PeerChain: identities()["p256"].Chain}
}

func session12() *Session {
	return &Session{Version: suite.TLS12, Suite: suite.ECDHEECDSAAES128GCM, Secret: make([]byte, masterSize12), Ticket: []byte("a ticket"),
		Created: testTime, FullHandshake: testTime, Lifetime: 3600, PeerChain: identities()["p256"].Chain, ExtendedMasterSecret: true}
}

// lies are seeds: an honest peer, and liars about each of the first messages.
func lies(f *testing.F) {
	for kind := range uint8(16) {
		f.Add(kind, []byte(nil))
		f.Add(kind, bytes.Repeat([]byte{255, 0}, 40))
		f.Add(kind, append([]byte{2}, make([]byte, 40)...)) // a HelloRetryRequest
		f.Add(kind, append([]byte{1}, make([]byte, 40)...)) // TLS 1.2
		for n := range 8 {
			for how := range byte(13) {
				f.Add(kind, append(bytes.Repeat([]byte{0}, n), how, 0, 1, 0, 60, 1, 0, 0, 0, 0, 1, 0, 1, 1, 2, 2, 0, 2, 0, 2, 2, 2))
			}
		}
	}
}

// FuzzLyingServer drives a client of either version, with and without a session.
func FuzzLyingServer(f *testing.F) {
	lies(f)
	f.Fuzz(func(t *testing.T, kind uint8, script []byte) {
		cfg := allConfig()
		cfg.Groups = []suite.Group{suite.X25519, suite.P256}
		cfg.PostHandshakeAuth = true
		if kind&1 != 0 {
			cfg.MaxVersion = suite.TLS12
		}
		switch {
		case kind&2 != 0 && kind&1 != 0:
			cfg.Session = session12()
		case kind&2 != 0:
			cfg.Session = session13()
		}
		c, _ := newPair(cfg, cfg)
		if kind&4 != 0 {
			c.onWait = func() { c.moved(t, cfg) }
		}
		lie(t, c, nil, false, script)
	})
}

// FuzzLyingClient drives a server of either version, with and without a ticket and
// early data.
func FuzzLyingClient(f *testing.F) {
	lies(f)
	f.Fuzz(func(t *testing.T, kind uint8, script []byte) {
		client, server := testConfig(), allConfig()
		client.PostHandshakeAuth, server.PostHandshakeAuth = true, true
		client.Groups = []suite.Group{suite.X25519, suite.P256}
		server.Groups = []suite.Group{suite.P256, suite.X25519}
		tickets := make(map[string]*Session)
		if kind&1 != 0 {
			client = allConfig()
			client.MaxVersion = suite.TLS12
		}
		switch {
		case kind&2 != 0 && kind&1 != 0:
			client.Session = session12()
		case kind&2 != 0:
			client.Session = session13()
		case kind&4 != 0:
			client.KeyShares = []suite.Group{}
		}
		if client.Session != nil {
			tickets["a ticket"] = client.Session
			server.Suites = slices.Concat([]suite.ID{client.Session.Suite}, server.Suites)
		}
		c, s := newPair(client, server)
		s.tickets = tickets
		if kind&4 != 0 {
			s.onWait = func() { s.moved(t, server) }
		}
		lie(t, s, c, kind&8 != 0, script)
	})
}

// TestHonestLiar holds the liar to its word: as long as the dice say nothing
// its victim is content.
func TestHonestLiar(t *testing.T) {
	for kind, version := range []uint16{suite.TLS13, suite.TLS12} {
		cfg := allConfig()
		cfg.Groups = []suite.Group{suite.X25519, suite.P256}
		cfg.MaxVersion = version
		c, s := newPair(cfg, cfg)
		hello, _ := newPair(cfg, cfg)
		for _, victim := range []*end{c, s} {
			lie(t, victim, hello, victim == s, make([]byte, 60))
			if victim.Err() != nil || !victim.Established() {
				t.Errorf("version %x, client %t, kind %d: %v in state %d", version, victim.client, kind, victim.Err(), victim.state)
			}
		}
	}
}
