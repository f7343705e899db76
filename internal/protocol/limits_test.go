package protocol

import (
	"bytes"
	"testing"

	"libtls/internal/record"
	"libtls/internal/suite"
	"libtls/internal/wire"
)

// Whatever we issue, we take: the largest ticket, in the largest ClientHello
// of ours, with its binder, resumes in both versions. A larger one is neither
// issued, nor kept, nor offered.
func TestTicketLimits(t *testing.T) {
	for _, version := range []*Config{testConfig(), config12()} {
		for _, size := range []int{1, MaxTicket, MaxTicket + 1, 1<<16 - 1} {
			client := *version
			client.ServerName, client.RequestOCSP = "server.test", true
			for range 100 { // what else makes a ClientHello long
				client.ALPN = append(client.ALPN, string(bytes.Repeat([]byte{'a'}, 250)))
			}
			ticket := bytes.Repeat([]byte{7}, size)
			c, s := newPair(&client, version)
			issue(t, c, s, ticket)
			sessions := c.TakeSessions()
			if kept := len(sessions) == 1; kept != (size <= MaxTicket) {
				t.Fatalf("%x, ticket of %d bytes: kept %t", version.MaxVersion, size, kept)
			}
			if len(sessions) == 0 {
				continue
			}
			client.Session = sessions[0]
			tickets := s.tickets
			c, s = newPair(&client, version)
			s.tickets = tickets
			connect(t, c, s)
			if !c.Info().Resumed || !s.Info().Resumed {
				t.Errorf("%x, ticket of %d bytes: not resumed", version.MaxVersion, size)
			}

			longer := *sessions[0]
			longer.Ticket = make([]byte, MaxTicket+1)
			client.Session = &longer
			c, s = newPair(&client, version)
			connect(t, c, s)
			if c.Info().Resumed {
				t.Error("a ticket over the limit was offered")
			}
		}
	}
}

// issue makes a connection on which the server gives the client that ticket;
// one over the limit, which it refuses to issue, as another server would.
func issue(t *testing.T, c, s *end, ticket []byte) {
	t.Helper()
	tooLong := len(ticket) > MaxTicket
	s.onWait = func() {
		if s.Wait() != WaitSeal {
			return
		}
		sealed := s.TicketToSeal()
		sealed.Lifetime = 7200
		s.tickets[string(ticket)] = sealed
		if tooLong {
			s.writeMessage(wire.NewSessionTicket12(7200, ticket))
			s.failed(s.serverFinish12())
			return
		}
		s.Sealed(ticket)
	}
	connect(t, c, s)
	if s.cfg.MaxVersion == suite.TLS12 {
		return
	}
	issued, err := s.NewTicket(7200)
	if err != nil {
		t.Fatal(err)
	}
	s.tickets[string(ticket)] = issued
	if err := s.SendTicket(issued, ticket); (err != nil) != tooLong {
		t.Fatalf("ticket of %d bytes: %v", len(ticket), err)
	}
	if tooLong {
		s.flight = (&wire.NewSessionTicket{Lifetime: 7200, Nonce: []byte{1}, Ticket: ticket}).Marshal()
		s.flush()
	}
	shuttle(c, s)
}

// A TLS 1.2 server that is handed a longer ticket doesn't send it.
func TestSealedLimit(t *testing.T) {
	c, s := newPair(config12(), config12())
	s.onWait = func() {
		if s.Wait() == WaitSeal {
			s.Sealed(make([]byte, MaxTicket+1))
		}
	}
	shuttle(c, s)
	s.died(t, "INTERNAL_ERROR", 80)
}

// A server takes the longest ClientHello there can be, with as many extensions
// and key shares as it has room for.
func TestClientHelloLimits(t *testing.T) {
	for _, cfg := range []*Config{testConfig(), config12()} {
		for _, small := range []bool{false, true} {
			client := *cfg
			client.KeyShares = []suite.Group{suite.X25519}
			c, s := newPair(&client, cfg)
			m := &meddler{victim: s, change: inHello(func(m *wire.ClientHello) {
				m.SessionID = make([]byte, 32)
				for len(m.Suites) < 1<<15-1 {
					m.Suites = append(m.Suites, 0x0a0a)
				}
				left := 1<<16 - 1
				for _, e := range m.Extensions {
					left -= 4 + len(e.Data)
				}
				exts := []wire.Extension{{Type: 0x1000, Data: make([]byte, left-4)}}
				if small {
					exts = nil
					for typ := range uint16(left / 4) {
						exts = append(exts, wire.Extension{Type: 0x1000 + typ})
					}
				}
				m.Extensions = append(exts, m.Extensions...)
			})}
			m.run(c, s)
			// It fails when it turns out that the client has sent another one.
			if s.Info().Suite == nil || s.Err() == nil || !s.Err().Received && s.Err().Alert != AlertBadRecordMAC {
				t.Errorf("small extensions %t: %v", small, s.Err())
			}
		}
	}
	long := wire.Raw(wire.TypeClientHello, make([]byte, maxClientHello+1))
	_, s := newPair(testConfig(), testConfig())
	s.feed(plaintext(record.Handshake, long[:100]...))
	s.died(t, "EXCESSIVE_MESSAGE_SIZE", 47)
}

// What Seal makes of any data, RecordBody lets pass.
func TestRecordLimits(t *testing.T) {
	for _, cfg := range []*Config{testConfig(), config12()} {
		c, s := newPair(cfg, cfg)
		connect(t, c, s)
		exchange(t, c, s) // of up to 64 KiB
		out, _, err := c.Seal(nil, make([]byte, record.MaxPlaintext))
		if err != nil {
			t.Fatal(err)
		}
		if n, ok := RecordBody([5]byte(out)); !ok || n+record.HeaderSize != len(out) || len(out) > MaxRecord {
			t.Errorf("a record of %d bytes", len(out))
		}
	}
}
