package protocol

import (
	"bytes"
	"errors"
	"reflect"
	"testing"

	"libtls/internal/plain"
	"libtls/internal/record"
	"libtls/internal/schedule"
	"libtls/internal/suite"
	"libtls/internal/wire"
)

func (c *Conn) Marshal() []byte { return plain.Encode(c.Fields) }

func (c *Conn) settle() []byte { return plain.Encode(c.SettledFields) }

// moved replaces an end's connection by what its encoding makes.
func (e *end) moved(t *testing.T, cfg *Config) {
	t.Helper()
	data := e.Marshal()
	if e.settled == nil || e.Settled() != e.settledAt {
		e.settled, e.settledAt = e.settle(), e.Settled()
	}
	in, out := e.Sequence()
	same := &Config{Rand: cfg.Rand}
	if err := plain.Decode(plain.Encode(cfg.Fields), same.Fields); err != nil || !reflect.DeepEqual(same, cfg) {
		t.Fatalf("the configuration: %v", err)
	}
	cfg = same
	c, err := UnmarshalConn(cfg, data, e.settled, in, out)
	if err != nil {
		t.Fatalf("state %d: %v", e.state, err)
	}
	if !bytes.Equal(c.Marshal(), data) || !bytes.Equal(c.settle(), e.settle()) {
		t.Fatalf("state %d: another encoding", e.state)
	}
	e.settledAt = c.Settled()
	e.Conn = c
}

// TestMoved makes whole connections of ends that are rebuilt from bytes after
// each record and each answer.
func TestMoved(t *testing.T) {
	for _, test := range []struct {
		name   string
		client *Config
		change func(client, server *Config)
	}{
		{"TLS 1.3", testConfig(), func(_, _ *Config) {}},
		{"retry", testConfig(), func(client, _ *Config) { client.KeyShares = []suite.Group{} }},
		{"TLS 1.2", config12(), func(_, _ *Config) {}},
		{"TLS 1.2 session id", config12(), func(_, server *Config) { server.Tickets = false }},
		{"TLS 1.2 CBC", config12(), func(client, _ *Config) { client.Suites = []suite.ID{suite.ECDHEECDSAAES128SHA256} }},
		{"client certificate", testConfig(), func(_, server *Config) { server.ClientAuth = RequireClientCert }},
		{"TLS 1.2 client certificate", config12(), func(_, server *Config) { server.ClientAuth = RequireClientCert }},
	} {
		t.Run(test.name, func(t *testing.T) {
			client, server := test.client, allConfig()
			test.change(client, server)
			var session *Session
			tickets := make(map[string]*Session)
			for round := range 2 {
				client.Session = session
				c, s := newPair(client, server)
				c.id, s.tickets, s.renew = identities()["p256"], tickets, true
				c.onWait = func() { c.moved(t, client) }
				s.onWait = func() { s.moved(t, server) }
				connect(t, c, s)
				if round == 1 && (!c.Info().Resumed || !s.Info().Resumed) {
					t.Error("not resumed")
				}
				exchange(t, c, s)
				if c.Info().Version == suite.TLS13 {
					issued, err := s.NewTicket(3600)
					if err != nil {
						t.Fatal(err)
					}
					tickets["issued"] = issued
					if err := s.SendTicket(issued, []byte("issued")); err != nil {
						t.Fatal(err)
					}
					shuttle(c, s)
					if err := c.UpdateKeys(true); err != nil {
						t.Fatal(err)
					}
					exchange(t, c, s)
				}
				for _, stored := range s.TakeSessions() {
					tickets[string(stored.ID)] = stored
				}
				if got := c.TakeSessions(); len(got) > 0 {
					session = got[0]
				}
				c.CloseNotify()
				shuttle(c, s)
				if !s.PeerClosed() {
					t.Error("close_notify was lost")
				}
			}
		})
	}
}

// TestEpoch holds Epoch to its promise: data alone doesn't change it.
func TestEpoch(t *testing.T) {
	c, s := newPair(testConfig(), testConfig())
	connect(t, c, s)
	before, beforePeer := c.Epoch(), s.Epoch()
	old, oldPeer := c.Marshal(), s.Marshal()
	exchange(t, c, s)
	if c.Epoch() != before || s.Epoch() != beforePeer {
		t.Error("data changed the epoch")
	}
	if !bytes.Equal(c.Marshal(), old) || !bytes.Equal(s.Marshal(), oldPeer) {
		t.Error("data changed more than sequence numbers")
	}
	settled, settledPeer := c.Settled(), s.Settled()
	steps := []struct {
		name string
		step func()
	}{
		{"key update", func() { c.UpdateKeys(false); shuttle(c, s) }},
		{"ticket", func() { // its nonce must not come again
			issued, err := s.NewTicket(3600)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.SendTicket(issued, []byte("ticket")); err != nil {
				t.Fatal(err)
			}
			shuttle(c, s)
		}},
		{"sessions taken", func() { c.TakeSessions(); s.NewTicket(3600) }},
		{"close", func() { c.CloseNotify(); shuttle(c, s) }},
	}
	for _, test := range steps {
		before, beforePeer = c.Epoch(), s.Epoch()
		test.step()
		if c.Epoch() == before || s.Epoch() == beforePeer {
			t.Errorf("%s left the epoch", test.name)
		}
	}
	if c.Settled() != settled || s.Settled() != settledPeer {
		t.Error("something was settled after the handshake")
	}
}

// TestGrown moves an end in the middle of a message, to which only the message's
// start has to be told.
func TestGrown(t *testing.T) {
	c, s := newPair(testConfig(), testConfig())
	connect(t, c, s)
	epoch, old := c.Epoch(), c.Marshal()
	message := wire.KeyUpdate(false)
	for i := range len(message) - 1 {
		s.write(record.Handshake, message[i:i+1])
		shuttle(c, s)
		if more, ok := c.Grown(epoch + uint64(i)); !ok || !bytes.Equal(more, message[i:i+1]) {
			t.Fatalf("grew by %x, %v", more, ok)
		}
	}
	more, ok := c.Grown(epoch)
	if !ok || !bytes.Equal(more, message[:len(message)-1]) {
		t.Fatalf("grew by %x, %v", more, ok)
	}
	in, out := c.Sequence()
	moved, err := UnmarshalConn(c.cfg, old, c.settle(), in, out)
	if err != nil {
		t.Fatal(err)
	}
	moved.Grow(more)
	c.Conn = moved
	epoch = c.Epoch()
	s.flight = message[len(message)-1:]
	next := schedule.NextTraffic(s.info.Suite.Hash, s.outSecret)
	if err := s.setWriteKeys(s.info.Suite, next); err != nil {
		t.Fatal(err)
	}
	shuttle(c, s)
	if _, ok := c.Grown(epoch); ok {
		t.Error("a whole message counts as a part")
	}
	exchange(t, c, s)
}

func FuzzUnmarshalConn(f *testing.F) {
	for _, cfg := range []*Config{allConfig(), config12(), testConfig()} {
		c, s := newPair(cfg, allConfig())
		f.Add(c.Marshal(), c.settle())
		c.Start()
		f.Add(c.Marshal(), c.settle())
		s.feed(c.TakeOutput(nil))
		f.Add(s.Marshal(), s.settle())
		c.feed(s.TakeOutput(nil))
		f.Add(c.Marshal(), c.settle())
		shuttle(c, s)
		f.Add(c.Marshal(), c.settle())
		f.Add(s.Marshal(), s.settle())
	}
	f.Fuzz(func(t *testing.T, data, settled []byte) {
		c, err := UnmarshalConn(allConfig(), data, settled, 1, 2)
		if err != nil {
			if !errors.Is(err, plain.ErrDecode) {
				t.Error(err)
			}
			return
		}
		if c.state > lastState {
			t.Error("unknown state")
		}
	})
}
