package protocol

import (
	"bytes"
	"testing"
)

func TestPostHandshakeAuth(t *testing.T) {
	client, server := testConfig(), testConfig()
	client.PostHandshakeAuth, server.PostHandshakeAuth = true, true
	for _, moves := range []bool{false, true} {
		c, s := newPair(client, server)
		c.id = identities()["p384"]
		if moves {
			c.onWait = func() { c.moved(t, client) }
			s.onWait = func() { s.moved(t, server) }
		}
		connect(t, c, s)
		for round := 1; round <= 3; round++ {
			c.id = identities()[[]string{"", "rsa", "ed25519", "p521"}[round]]
			if err := s.RequestCertificate(); err != nil {
				t.Fatal(err)
			}
			if err := s.RequestCertificate(); err != ErrRequestPending {
				t.Fatalf("a second request: %v", err)
			}
			shuttle(c, s)
			info := s.Info()
			if s.Err() != nil || info.PostHandshakeAuths != round || !bytes.Equal(info.PeerChain[0], c.id.Chain[0]) {
				t.Fatalf("round %d: %v, %d certificates, %d times", round, s.Err(), len(info.PeerChain), info.PostHandshakeAuths)
			}
			ticket, err := s.NewTicket(100)
			if err != nil || !bytes.Equal(ticket.PeerChain[0], c.id.Chain[0]) {
				t.Fatalf("a ticket without the new identity, %v", err)
			}
			if err := c.UpdateKeys(true); err != nil {
				t.Fatal(err)
			}
			exchange(t, c, s)
		}
		c.id = nil
		if err := s.RequestCertificate(); err != nil {
			t.Fatal(err)
		}
		shuttle(c, s)
		if s.Info().PostHandshakeAuths != 4 || len(s.Info().PeerChain) != 0 {
			t.Error("an empty answer was not taken as one")
		}
		exchange(t, c, s)
	}
}

// TestManyRequests has a server ask again and again, which costs its client a
// signature each time. Data in between shows that it is for something.
func TestManyRequests(t *testing.T) {
	cfg := testConfig()
	cfg.PostHandshakeAuth = true
	c, s := newPair(cfg, cfg)
	c.id = identities()["p256"]
	connect(t, c, s)
	ask := func() {
		if err := s.RequestCertificate(); err != nil {
			t.Fatal(err)
		}
		shuttle(c, s)
	}
	for range 2 {
		for range maxAuthRequests {
			ask()
		}
		exchange(t, c, s)
	}
	for range maxAuthRequests {
		ask()
	}
	if c.Err() != nil {
		t.Fatal(c.Err())
	}
	ask()
	c.died(t, "TOO_MANY_CERTIFICATE_REQUESTS", 10)
}

func TestPostHandshakeAuthRefused(t *testing.T) {
	for _, test := range []struct {
		name     string
		change   func(client, server *Config)
		spoil    func(c, s *end)
		asking   error
		clientIs string
		serverIs string
	}{
		{"not offered", func(client, _ *Config) { client.PostHandshakeAuth = false }, nil, ErrNoPostHandshakeAuth, "", ""},
		{"unsolicited", func(client, _ *Config) { client.PostHandshakeAuth = false },
			func(_, s *end) { s.postHandshakeAuth, s.authTranscript = true, s.exporter }, nil, "UNEXPECTED_MESSAGE", "SSLV3_ALERT_UNEXPECTED_MESSAGE"},
		{"required", func(_, server *Config) {}, func(c, s *end) { c.id = nil; s.cfg.ClientAuth = RequireClientCert }, nil,
			"TLSV13_ALERT_CERTIFICATE_REQUIRED", "PEER_DID_NOT_RETURN_A_CERTIFICATE"},
		{"another context", func(_, _ *Config) {}, func(_, s *end) { s.onWait = func() { s.authContext = []byte("other") } }, nil,
			"SSLV3_ALERT_ILLEGAL_PARAMETER", "DECODE_ERROR"},
		{"another transcript", func(_, _ *Config) {}, func(_, s *end) { s.authTranscript = (&transcript{hash: s.info.Suite.Hash.New()}).state() }, nil,
			"TLSV1_ALERT_DECRYPT_ERROR", "BAD_SIGNATURE"},
	} {
		t.Run(test.name, func(t *testing.T) {
			client, server := testConfig(), testConfig()
			client.PostHandshakeAuth, server.PostHandshakeAuth = true, true
			test.change(client, server)
			c, s := newPair(client, server)
			c.id = identities()["p256"]
			connect(t, c, s)
			if test.spoil != nil {
				test.spoil(c, s)
			}
			if err := s.RequestCertificate(); err != test.asking && (err != nil || test.asking != nil) {
				t.Fatalf("RequestCertificate = %v", err)
			}
			if s.onWait != nil {
				s.onWait()
			}
			shuttle(c, s)
			code := func(e *end) string {
				if e.Err() == nil {
					return ""
				}
				return e.Err().Code
			}
			if code(c) != test.clientIs || code(s) != test.serverIs {
				t.Errorf("client %q, server %q", code(c), code(s))
			}
		})
	}
}
