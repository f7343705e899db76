package protocol

import (
	"bytes"
	"testing"

	"libtls/internal/record"
	"libtls/internal/suite"
	"libtls/internal/wire"
)

// Rules of the conformance suite about records and what follows a handshake.

// unchanged is a change that a meddler doesn't make.
func unchanged(raw []byte) []byte { return raw }

// plaintext is an unprotected record.
func plaintext(typ record.Type, payload ...byte) []byte {
	rec, _ := new(record.Half).Seal(nil, typ, payload)
	return rec
}

// TestRecordsInARow sends what a peer may send only so often.
func TestRecordsInARow(t *testing.T) {
	type payload struct {
		typ  record.Type
		data []byte
	}
	empty := payload{record.ApplicationData, nil}
	canceled := payload{record.Alert, []byte{1, AlertUserCanceled}}
	warning := payload{record.Alert, []byte{1, AlertUnexpectedMessage}}
	update := payload{record.Handshake, wire.KeyUpdate(false)}
	tests := []struct {
		name  string
		cfg   *Config
		most  int // that are let pass
		round []payload
		code  string
		alert uint8
	}{
		{"empty", testConfig(), 32, []payload{empty}, "TOO_MANY_EMPTY_FRAGMENTS", 10},
		{"user_canceled", testConfig(), 4, []payload{canceled}, "TOO_MANY_WARNING_ALERTS", 10},
		{"empty and user_canceled", testConfig(), 4, []payload{empty, canceled}, "TOO_MANY_WARNING_ALERTS", 10},
		{"key updates", testConfig(), 32, []payload{update}, "TOO_MANY_KEY_UPDATES", 10},
		{"warnings in TLS 1.3", testConfig(), 0, []payload{warning}, "BAD_ALERT", 50},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, s := newPair(test.cfg, test.cfg)
			m := &meddler{victim: s, change: unchanged}
			m.run(c, s)
			round := func() {
				for _, p := range test.round {
					s.feed(m.sealed(p.typ, p.data))
				}
			}
			for range 2 { // data starts the count anew
				for range test.most {
					round()
				}
				s.feed(m.sealed(record.ApplicationData, []byte("data")))
			}
			if s.Err() != nil || string(s.data) != "datadata" {
				t.Fatalf("%d rounds: %v, data %q", test.most, s.Err(), s.data)
			}
			for range test.most + 1 {
				round()
			}
			s.died(t, test.code, test.alert)
		})
	}
	t.Run("warnings in TLS 1.2", func(t *testing.T) {
		s := &end{Conn: Server(config12())}
		for range maxWarnings {
			s.feed(plaintext(record.Alert, 1, AlertUnrecognizedName))
		}
		if s.Err() != nil {
			t.Fatal(s.Err())
		}
		s.feed(plaintext(record.Alert, 1, AlertUnrecognizedName))
		s.died(t, "TOO_MANY_WARNING_ALERTS", 10)
	})
}

// TestAlertLevel sends alerts that are no errors at the level of errors, which
// TLS 1.3 has no use for (RFC 8446, 6).
func TestAlertLevel(t *testing.T) {
	for _, client := range []bool{true, false} {
		c, s := newPair(testConfig(), testConfig())
		victim := s
		if client {
			victim = c
		}
		m := &meddler{victim: victim, change: unchanged}
		m.run(c, s)
		for _, alert := range []byte{AlertUserCanceled, AlertCloseNotify} {
			victim.feed(m.sealed(record.Alert, []byte{2, alert}))
			if victim.Err() != nil || victim.PeerClosed() != (alert == AlertCloseNotify) {
				t.Errorf("alert %d, client %t: closed %t, %v", alert, client, victim.PeerClosed(), victim.Err())
			}
		}
	}
}

// TestUnprotected hands unprotected records to an end that has keys, or to one
// that expects other records.
func TestUnprotected(t *testing.T) {
	tests := []struct {
		name  string
		ready bool // the handshake is complete
		rec   []byte
		code  string
		alert uint8
	}{
		{"data before the handshake", false, plaintext(record.ApplicationData, 1), "UNEXPECTED_RECORD", 10},
		{"empty data before the handshake", false, plaintext(record.ApplicationData), "UNEXPECTED_RECORD", 10},
		{"half an alert", false, plaintext(record.Alert, 2), "BAD_ALERT", 50},
		{"two alerts", false, plaintext(record.Alert, 2, 10, 2, 10), "BAD_ALERT", 50},
		{"alert of no level", false, plaintext(record.Alert, 0x42, 10), "UNKNOWN_ALERT_TYPE", 47},
		{"message", true, plaintext(record.Handshake, wire.KeyUpdate(false)...), "INVALID_OUTER_RECORD_TYPE", 10},
		{"other record version", true, []byte{23, 3, 1, 0, 0}, "WRONG_VERSION_NUMBER", 70},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, s := newPair(testConfig(), testConfig())
			if test.ready {
				connect(t, c, s)
			}
			s.feed(test.rec)
			s.died(t, test.code, test.alert)
		})
	}
}

// TestRecordVersion has records in the clear of another version than the one
// agreed on, which only TLS 1.3 ignores (RFC 5246, 6.2.1; RFC 8446, 5.1).
func TestRecordVersion(t *testing.T) {
	begin := func(cfg *Config) (c, s *end) {
		c, s = newPair(cfg, cfg)
		c.Start()
		s.feed(c.TakeOutput(nil))
		hello := s.TakeOutput(nil)
		n, _ := RecordBody([record.HeaderSize]byte(hello))
		c.feed(hello[:record.HeaderSize+n])
		return c, s
	}
	for _, version := range []byte{1, 4} {
		warning, ccs := plaintext(record.Alert, 1, AlertUserCanceled), plaintext(record.ChangeCipherSpec, 1)
		warning[2], ccs[2] = version, version
		c, s := begin(config12())
		for _, victim := range []*end{c, s} {
			victim.feed(warning)
			victim.died(t, "WRONG_VERSION_NUMBER", 70)
		}
		_, s = begin(testConfig())
		s.feed(ccs)
		if s.Err() != nil {
			t.Errorf("version %d: %v", version, s.Err())
		}
	}
}

// TestEarlyData sends a server 0-RTT data, which it never asks for.
func TestEarlyData(t *testing.T) {
	early := inHello(func(m *wire.ClientHello) {
		m.Extensions = append([]wire.Extension{{Type: wire.ExtEarlyData}}, m.Extensions...)
	})
	const size = 128
	junk := plaintext(record.ApplicationData, make([]byte, size)...)
	start := func(client *Config, change func([]byte) []byte) (c, s *end) {
		c, s = newPair(client, testConfig())
		m := &meddler{victim: s, change: func(raw []byte) []byte {
			c.hs.transcript.raw = change(raw) // as if it had sent that
			return c.hs.transcript.raw
		}}
		c.Start()
		m.deliver(s, c.TakeOutput(nil))
		return c, s
	}
	t.Run("skipped", func(t *testing.T) {
		c, s := start(testConfig(), early)
		for range maxSkippedEarly / size {
			s.feed(bytes.Clone(junk))
		}
		connect(t, c, s)
		exchange(t, c, s)
		s.feed(bytes.Clone(junk))
		s.died(t, "DECRYPTION_FAILED_OR_BAD_RECORD_MAC", 20)
	})
	t.Run("too much", func(t *testing.T) {
		_, s := start(testConfig(), early)
		for range maxSkippedEarly/size + 1 {
			s.feed(bytes.Clone(junk))
		}
		s.died(t, "TOO_MUCH_SKIPPED_EARLY_DATA", 10)
	})
	t.Run("not announced", func(t *testing.T) {
		_, s := start(testConfig(), unchanged)
		s.feed(bytes.Clone(junk))
		s.died(t, "DECRYPTION_FAILED_OR_BAD_RECORD_MAC", 20)
	})
	retried := testConfig()
	retried.KeyShares = []suite.Group{}
	t.Run("inside a message", func(t *testing.T) {
		_, s := start(retried, early)
		s.feed(bytes.Clone(junk))
		s.feed(plaintext(record.Handshake, byte(wire.TypeClientHello), 0, 1))
		s.feed(bytes.Clone(junk))
		s.died(t, "UNEXPECTED_RECORD", 10)
	})
	t.Run("not announced before a retry", func(t *testing.T) {
		_, s := start(retried, unchanged)
		s.feed(bytes.Clone(junk))
		s.died(t, "UNEXPECTED_RECORD", 10)
	})
}

// TestKeyUpdateAnswer answers many requests with one KeyUpdate, before data.
func TestKeyUpdateAnswer(t *testing.T) {
	c, s := newPair(testConfig(), testConfig())
	connect(t, c, s)
	for range 5 {
		if err := c.UpdateKeys(true); err != nil {
			t.Fatal(err)
		}
		s.feed(c.TakeOutput(nil))
	}
	if len(s.output) > 0 {
		t.Error("answered without data to send")
	}
	for i, want := range []int{2, 1} {
		out, _, err := s.Seal(nil, []byte("data"))
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for rest := out; len(rest) > 0; n++ {
			body, _ := RecordBody([5]byte(rest))
			rest = rest[record.HeaderSize+body:]
		}
		if n != want {
			t.Errorf("write %d took %d records, want %d", i, n, want)
		}
		c.feed(out)
	}
	if string(c.data) != "datadata" {
		t.Errorf("got %q, %v", c.data, c.Err())
	}
}

// TestHelloRecord looks at the version and form of the first records.
func TestHelloRecord(t *testing.T) {
	c, s := newPair(testConfig(), testConfig())
	c.Start()
	out := c.TakeOutput(nil)
	if out[1] != 3 || out[2] != 1 {
		t.Errorf("first record has version %#x", out[1:3])
	}
	m := &meddler{victim: s, change: inHello(func(m *wire.ClientHello) { m.SessionID = nil })}
	m.deliver(s, out)
	out = s.TakeOutput(nil)
	n, _ := RecordBody([5]byte(out))
	if next := out[record.HeaderSize+n:]; !bytes.HasPrefix(next, plaintext(record.ChangeCipherSpec, 1)) {
		t.Errorf("ServerHello is followed by % x", next[:6])
	}
}

// TestResumptionRemembers checks what a resumption tells, and what it doesn't
// acknowledge.
func TestResumptionRemembers(t *testing.T) {
	for _, cfg := range []*Config{testConfig(), config12()} {
		client := *cfg
		client.ServerName, client.RequestOCSP = "host.test", true
		stapled := *identities()["p256"]
		stapled.Staple = []byte("staple")
		tickets := make(map[string]*Session)
		acknowledged := 0
		count := func(exts []wire.Extension) {
			for _, e := range exts {
				if e.Type == wire.ExtServerName {
					acknowledged++
				}
			}
		}
		for i := range 2 {
			c, s := newPair(&client, cfg)
			s.id, s.tickets = &stapled, tickets
			m := &meddler{victim: c, change: func(raw []byte) []byte {
				switch wire.Type(raw[0]) {
				case wire.TypeServerHello:
					sh, _ := wire.ParseServerHello(raw[wire.HeaderSize:])
					count(sh.Extensions)
				case wire.TypeEncryptedExtensions:
					exts, _ := wire.ParseEncryptedExtensions(raw[wire.HeaderSize:])
					count(exts)
				}
				return raw
			}}
			m.run(c, s)
			if !c.Established() || c.Info().Resumed != (i == 1) || string(c.Info().Staple) != "staple" || acknowledged != 1 {
				t.Errorf("connection %d: %v, resumed %t, staple %q, name acknowledged %d times",
					i, c.Err(), c.Info().Resumed, c.Info().Staple, acknowledged)
			}
			if cfg.MaxVersion == suite.TLS13 && i == 0 {
				issued, err := s.NewTicket(7200)
				if err != nil {
					t.Fatal(err)
				}
				if err := s.SendTicket(issued, []byte("a ticket")); err != nil {
					t.Fatal(err)
				}
				tickets["a ticket"] = issued
				m.run(c, s)
			}
			if got := c.TakeSessions(); i == 0 {
				client.Session = got[0]
			}
		}
	}
}

// TestTicketForNobody withholds tickets from a client that can't use them.
func TestTicketForNobody(t *testing.T) {
	client := testConfig()
	client.Tickets = false
	c, s := newPair(client, testConfig())
	connect(t, c, s)
	issued, err := s.NewTicket(7200)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SendTicket(issued, []byte("a ticket")); err != nil || len(s.output) > 0 {
		t.Errorf("%d bytes sent, %v", len(s.output), err)
	}
}
