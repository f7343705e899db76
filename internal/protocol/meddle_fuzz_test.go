package protocol

import (
	"bytes"
	"testing"

	"libtls/internal/record"
	"libtls/internal/suite"
	"libtls/internal/wire"
)

// dice are a fuzzer's bytes, taken one after the other, and zeros behind them.
type dice []byte

func (d *dice) next() int {
	if len(*d) == 0 {
		return 0
	}
	b := (*d)[0]
	*d = (*d)[1:]
	return int(b)
}

// below is a number less than n, which is positive.
func (d *dice) below(n int) int { return (d.next()<<8 | d.next()) % n }

func (d *dice) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(d.next())
	}
	return b
}

// spoil changes a handshake message as the dice say, mostly not at all, and
// makes its length right again. What it returns may be several messages.
func (d *dice) spoil(raw []byte) []byte {
	typ, body := wire.Type(raw[0]), bytes.Clone(raw[wire.HeaderSize:])
	at := func() int { return d.below(len(body) + 1) }
	switch d.next() {
	case 1: // flip a bit
		if len(body) > 0 {
			body[d.below(len(body))] ^= 1 << (d.next() % 8)
		}
	case 2: // put other bytes in the place of some
		copy(body[at():], d.bytes(1+d.next()%4))
	case 3: // insert
		i := at()
		body = append(body[:i:i], append(d.bytes(1+d.next()%64), body[i:]...)...)
	case 4: // leave out
		i := at()
		body = append(body[:i:i], body[min(len(body), i+d.next()):]...)
	case 5: // end early
		body = body[:at()]
	case 6: // another type
		typ = wire.Type(d.next())
	case 7: // drop
		return nil
	case 8: // repeat
		return append(bytes.Clone(raw), raw...)
	case 9: // another message in front of it
		return append(wire.Raw(wire.Type(d.next()), d.bytes(d.next()%64)), raw...)
	case 10: // half of another message behind it
		return append(bytes.Clone(raw), wire.Raw(wire.Type(d.next()), d.bytes(8))[:1+d.next()%11]...)
	case 11: // a wrong length
		raw = bytes.Clone(raw)
		raw[1+d.next()%3] ^= byte(1 + d.next()%255)
		return raw
	case 12: // extensions mixed up
		return d.extensions(raw)
	}
	return wire.Raw(typ, body)
}

// extensions changes, drops, repeats, moves or invents an extension.
func (d *dice) extensions(raw []byte) []byte {
	mix := func(exts []wire.Extension) []wire.Extension {
		if len(exts) == 0 {
			return append(exts, wire.Extension{Type: uint16(d.next()), Data: d.bytes(d.next() % 16)})
		}
		i := d.below(len(exts))
		switch d.next() % 5 {
		case 0:
			return without(exts, exts[i].Type)
		case 1:
			return append(exts, exts[i])
		case 2:
			exts[0], exts[i] = exts[i], exts[0]
		case 3:
			exts[i].Type = uint16(d.next())
		default:
			exts[i].Data = d.bytes(d.next() % 16)
		}
		return exts
	}
	body := raw[wire.HeaderSize:]
	switch wire.Type(raw[0]) {
	case wire.TypeClientHello:
		if m, ok := wire.ParseClientHello(body); ok {
			m.Extensions = mix(m.Extensions)
			return m.Marshal()
		}
	case wire.TypeServerHello:
		if m, ok := wire.ParseServerHello(body); ok {
			m.Extensions = mix(m.Extensions)
			return m.Marshal()
		}
	case wire.TypeEncryptedExtensions:
		if exts, ok := wire.ParseEncryptedExtensions(body); ok {
			return wire.EncryptedExtensions(mix(exts))
		}
	case wire.TypeCertificateRequest:
		if m, ok := wire.ParseCertificateRequest(body); ok {
			m.Extensions = mix(m.Extensions)
			return m.Marshal()
		}
	case wire.TypeCertificate:
		if m, ok := wire.ParseCertificate(body); ok && len(m.Entries) > 0 {
			m.Entries[0].Extensions = mix(m.Entries[0].Extensions)
			return m.Marshal()
		}
	case wire.TypeNewSessionTicket:
		if m, ok := wire.ParseNewSessionTicket(body); ok {
			m.Extensions = mix(m.Extensions)
			return m.Marshal()
		}
	}
	return raw
}

// withoutRequests leaves out the HelloRequests in front of a message. A client
// that doesn't know the version yet ignores them, and they are in no transcript
// (RFC 5246, 7.4.1.1).
func withoutRequests(messages []byte) []byte {
	request := wire.Raw(wire.TypeHelloRequest, nil)
	for bytes.HasPrefix(messages, request) {
		messages = messages[len(request):]
	}
	return messages
}

// FuzzMeddle gives one end of a connection changed messages under the right
// keys: of the handshake, and then of all that may follow one. kind says of
// which connection and of which end.
func FuzzMeddle(f *testing.F) {
	for kind := range uint8(32) {
		f.Add(kind, []byte(nil))
		f.Add(kind, []byte{0, 1, 0, 60, 1})
		f.Add(kind, []byte{9})
		f.Add(kind, []byte{12, 0, 1, 2, 0, 0, 12, 0, 2, 1})
		f.Add(kind, []byte{0, 0, 3, 0, 10, 5, 0, 0, 0, 0, 0, 0, 8, 9, 24, 1})
		f.Add(kind, []byte{0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 3, 9, 0, 0, 6, 11})
	}
	f.Fuzz(func(t *testing.T, kind uint8, script []byte) {
		client, server := testConfig(), allConfig()
		if kind&2 != 0 {
			client = allConfig()
			client.MaxVersion = suite.TLS12
		}
		client.Groups = []suite.Group{suite.X25519, suite.P256}
		if kind&4 != 0 {
			client.KeyShares = []suite.Group{}
		}
		if kind&8 != 0 {
			server.ClientAuth = RequireClientCert
		}
		client.PostHandshakeAuth, server.PostHandshakeAuth = true, true
		tickets := make(map[string]*Session)
		if kind&16 != 0 { // resume
			c, s := newPair(client, server)
			c.id = identities()["ed25519"]
			connect(t, c, s)
			if issued, err := s.NewTicket(3600); err == nil {
				tickets["a ticket"] = issued
				s.SendTicket(issued, []byte("a ticket"))
				shuttle(c, s)
			}
			client.Session = c.TakeSessions()[0]
			for ticket, session := range s.tickets {
				tickets[ticket] = session
			}
		}
		c, s := newPair(client, server)
		c.id, s.tickets = identities()["ed25519"], tickets
		victim, other := c, s
		if kind&1 != 0 {
			victim, other = s, c
		}
		d, changed, early, size := dice(script), false, false, 0
		m := &meddler{victim: victim, change: func(raw []byte) []byte {
			if size++; size > 100 { // the script is over, both repeat themselves
				return nil
			}
			out := d.spoil(raw)
			changed = changed || !bytes.Equal(out, raw)
			early = early || !victim.Established() && !bytes.Equal(withoutRequests(out), raw)
			return out
		}}
		m.run(c, s)
		if victim.Established() && early {
			t.Fatal("success though messages differ")
		}
		if c.Established() && s.Established() {
			for range 3 {
				changed = after(m, c, s, &d) || changed
			}
		} else {
			changed = true
		}
		if !changed && !c.closeSent {
			m.change = unchanged
			victim.data, other.data = nil, nil
			out, _, err := other.Seal(nil, []byte("data"))
			m.deliver(victim, out)
			back, _, err2 := victim.Seal(nil, []byte("more"))
			other.feed(back)
			if err != nil || err2 != nil || string(victim.data) != "data" || string(other.data) != "more" {
				t.Fatalf("%v, %v, %q, %q, %v, %v", err, err2, victim.data, other.data, victim.Err(), other.Err())
			}
		}
		if died := victim.Err(); died != nil {
			victim.feed(m.sealed(record.ApplicationData, []byte("data")))
			if _, _, err := victim.Seal(nil, []byte("data")); victim.Err() != died || err == nil || victim.hs != nil {
				t.Fatalf("%v was not the end", died)
			}
		}
		victim.moved(t, victim.cfg)
	})
}

// after makes what can follow a handshake, and tells whether that isn't
// something that the other end does of itself.
func after(m *meddler, c, s *end, d *dice) (foreign bool) {
	switch d.next() % 6 {
	case 0:
		if issued, err := s.NewTicket(3600); err == nil {
			s.SendTicket(issued, []byte("another"))
		}
	case 1:
		c.UpdateKeys(d.next()%2 == 0)
	case 2:
		s.UpdateKeys(d.next()%2 == 0)
	case 3:
		s.RequestCertificate()
	case 4:
		m.victim.feed(m.sealed(record.Type(20+d.next()%5), d.bytes(d.next())))
		m.victim.feed(m.sealed(record.Handshake, wire.Raw(wire.Type(d.next()), d.bytes(d.next()))))
		return true
	case 5:
		c.CloseNotify()
	}
	m.run(c, s)
	return false
}
