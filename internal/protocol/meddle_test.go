package protocol

import (
	"bytes"
	"slices"
	"testing"

	"libtls/internal/record"
	"libtls/internal/schedule"
	"libtls/internal/suite"
	"libtls/internal/wire"
)

// meddler sits before one end of a connection and changes what it gets: it
// has each handshake message pass through change, which returns the payload of
// the record that carries it. It knows TLS 1.3's keys from that end.
type meddler struct {
	victim     *end
	change     func(raw []byte) []byte
	secret     []byte
	open, seal record.Half
	pending    []byte // handshake bytes not yet delivered
}

// run carries records between the ends until both are quiet.
func (m *meddler) run(client, server *end) {
	client.Start()
	for len(client.output)+len(server.output) > 0 {
		m.deliver(server, client.TakeOutput(nil))
		m.deliver(client, server.TakeOutput(nil))
	}
}

func (m *meddler) deliver(to *end, recs []byte) {
	if to != m.victim {
		to.feed(recs)
		return
	}
	for len(recs) > 0 {
		n, _ := RecordBody([5]byte(recs))
		n += record.HeaderSize
		m.record(bytes.Clone(recs[:n]))
		recs = recs[n:]
	}
}

// record delivers one record, as it is or message by message.
func (m *meddler) record(rec []byte) {
	typ, payload := record.Type(rec[0]), rec[record.HeaderSize:]
	protected := m.victim.in.Active() && typ == record.ApplicationData
	if protected && m.victim.Info().Version == suite.TLS13 {
		m.rekey()
		var err error
		opened := bytes.Clone(rec)
		if typ, payload, err = m.open.Open(opened, nil); err != nil {
			m.victim.feed(rec) // a message that it got makes it have other keys
			return
		}
	} else if m.victim.in.Active() || typ != record.Handshake {
		m.victim.feed(rec)
		return
	}
	if typ != record.Handshake {
		m.victim.feed(m.sealed(typ, payload))
		return
	}
	m.pending = append(m.pending, payload...)
	for len(m.pending) >= wire.HeaderSize {
		n := wire.HeaderSize + int(m.pending[1])<<16 + int(m.pending[2])<<8 + int(m.pending[3])
		if len(m.pending) < n {
			return
		}
		raw := m.pending[:n:n]
		m.pending = m.pending[n:]
		m.victim.feed(m.sealed(record.Handshake, m.change(raw)))
	}
}

// rekey takes over the victim's keys when they have changed.
func (m *meddler) rekey() {
	if bytes.Equal(m.secret, m.victim.inSecret) {
		return
	}
	m.secret = slices.Clone(m.victim.inSecret)
	s := m.victim.Info().Suite
	key, iv := schedule.TrafficKeys(s, m.secret)
	for _, half := range []*record.Half{&m.open, &m.seal} {
		if err := half.SetKeys(s, key, iv); err != nil {
			panic(err)
		}
	}
}

// sealed makes records that the victim can open.
func (m *meddler) sealed(typ record.Type, payload []byte) []byte {
	half := new(record.Half)
	if m.victim.in.Active() {
		m.rekey()
		half = &m.seal
	}
	var recs []byte
	for {
		n := min(len(payload), record.MaxPlaintext)
		var err error
		if recs, err = half.Seal(recs, typ, payload[:n]); err != nil {
			panic(err)
		}
		if payload = payload[n:]; len(payload) == 0 {
			return recs
		}
	}
}

// onType changes the messages of one type only.
func onType(t wire.Type, change func(raw []byte) []byte) func([]byte) []byte {
	return func(raw []byte) []byte {
		if wire.Type(raw[0]) != t {
			return raw
		}
		return change(raw)
	}
}

// trailing appends a byte to a message's body.
func trailing(t wire.Type) func([]byte) []byte {
	return onType(t, func(raw []byte) []byte { return wire.Raw(t, append(bytes.Clone(raw[wire.HeaderSize:]), 0)) })
}

// short cuts a message's last byte off.
func short(t wire.Type) func([]byte) []byte {
	return onType(t, func(raw []byte) []byte { return wire.Raw(t, raw[wire.HeaderSize:len(raw)-1]) })
}

// followed lets another message follow in the same record.
func followed(t wire.Type) func([]byte) []byte {
	return onType(t, func(raw []byte) []byte { return append(bytes.Clone(raw), wire.KeyUpdate(false)...) })
}

func inHello(change func(*wire.ClientHello)) func([]byte) []byte {
	return onType(wire.TypeClientHello, func(raw []byte) []byte {
		m, ok := wire.ParseClientHello(raw[wire.HeaderSize:])
		if !ok {
			panic("no ClientHello")
		}
		change(m)
		return m.Marshal()
	})
}

func inServer(change func(*wire.ServerHello)) func([]byte) []byte {
	return onType(wire.TypeServerHello, func(raw []byte) []byte {
		m, ok := wire.ParseServerHello(raw[wire.HeaderSize:])
		if !ok {
			panic("no ServerHello")
		}
		change(m)
		return m.Marshal()
	})
}

func inEncrypted(change func([]wire.Extension) []wire.Extension) func([]byte) []byte {
	return onType(wire.TypeEncryptedExtensions, func(raw []byte) []byte {
		exts, ok := wire.ParseEncryptedExtensions(raw[wire.HeaderSize:])
		if !ok {
			panic("no EncryptedExtensions")
		}
		return wire.EncryptedExtensions(change(exts))
	})
}

func inCert(change func(*wire.Certificate)) func([]byte) []byte {
	return onType(wire.TypeCertificate, func(raw []byte) []byte {
		m, ok := wire.ParseCertificate(raw[wire.HeaderSize:])
		if !ok {
			panic("no Certificate")
		}
		change(m)
		return m.Marshal()
	})
}

// set replaces an extension, or adds it at the end.
func set(exts []wire.Extension, t uint16, data []byte) []wire.Extension {
	exts = slices.Clone(exts)
	for i := range exts {
		if exts[i].Type == t {
			exts[i].Data = data
			return exts
		}
	}
	return append(exts, wire.Extension{Type: t, Data: data})
}

// without leaves an extension out.
func without(exts []wire.Extension, t uint16) []wire.Extension {
	return slices.DeleteFunc(slices.Clone(exts), func(e wire.Extension) bool { return e.Type == t })
}

// twice repeats the first extension.
func twice(exts []wire.Extension) []wire.Extension { return append(slices.Clone(exts), exts[0]) }

// died checks what an end died of.
func (e *end) died(t *testing.T, code string, alert uint8) {
	t.Helper()
	if err := e.Err(); err == nil || err.Code != code || err.Alert != alert {
		t.Errorf("died of %+v, want %s with alert %d", err, code, alert)
	}
}

// resumable makes a connection and returns the client's session for it, and
// the server's under the ticket "a ticket".
func resumable(t *testing.T, client, server *Config) (*Session, *Session) {
	t.Helper()
	c, s := newPair(client, server)
	connect(t, c, s)
	issued, err := s.NewTicket(7200)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SendTicket(issued, []byte("a ticket")); err != nil {
		t.Fatal(err)
	}
	shuttle(c, s)
	got := c.TakeSessions()
	if len(got) != 1 {
		t.Fatalf("%d sessions", len(got))
	}
	return got[0], issued
}
