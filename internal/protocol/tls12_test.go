package protocol

import (
	"bytes"
	"testing"

	"libtls/internal/suite"
)

func config12() *Config {
	cfg := testConfig()
	cfg.MinVersion, cfg.MaxVersion = suite.TLS12, suite.TLS12
	cfg.Suites = nil
	for _, s := range suite.All {
		cfg.Suites = append(cfg.Suites, s.ID)
	}
	return cfg
}

func TestHandshake12(t *testing.T) {
	for _, s := range suite.All {
		if s.Version != suite.TLS12 {
			continue
		}
		for name, id := range identities() {
			if !s.Fits(id.Public) {
				continue
			}
			for _, auth := range []ClientAuth{NoClientCert, RequireClientCert} {
				t.Run(s.OpenSSLName+"/"+name, func(t *testing.T) {
					client, server := config12(), config12()
					client.Suites = []suite.ID{s.ID}
					client.MaxVersion = suite.TLS13
					client.ALPN = []string{"a", "b"}
					server.ClientAuth = auth
					c, sv := newPair(client, server)
					c.id, sv.id, sv.alpn = id, id, []string{"b"}
					connect(t, c, sv)
					if c.Info().Suite != s || c.Info().Version != suite.TLS12 || c.Info().ALPN != "b" || !c.Info().SecureRenegotiation {
						t.Errorf("info %+v", c.Info())
					}
					if (len(sv.Info().PeerChain) > 0) != (auth == RequireClientCert) {
						t.Error("client's certificate")
					}
					exchange(t, c, sv)
					ck, err := c.Export("label", []byte("ctx"), true, 40)
					sk, err2 := sv.Export("label", []byte("ctx"), true, 40)
					if err != nil || err2 != nil || !bytes.Equal(ck, sk) {
						t.Error("exporters differ", err, err2)
					}
				})
			}
		}
	}
}

func TestResumption12(t *testing.T) {
	for _, byID := range []bool{false, true} {
		client, server := config12(), config12()
		client.MaxVersion = suite.TLS13
		server.SessionIDs, server.Tickets = byID, !byID
		c, s := newPair(client, server)
		connect(t, c, s)
		got := c.TakeSessions()
		if len(got) != 1 {
			t.Fatalf("by ID %v: %d sessions", byID, len(got))
		}
		if !byID && got[0].Lifetime != 300 {
			t.Errorf("lifetime %d", got[0].Lifetime)
		}
		for _, renew := range []bool{false, true} {
			resumed := *client
			resumed.Session = got[0]
			c2, s2 := newPair(&resumed, server)
			s2.tickets, s2.renew = s.tickets, renew
			for _, sess := range s.TakeSessions() {
				s2.tickets[string(sess.ID)] = sess
			}
			connect(t, c2, s2)
			if !c2.Info().Resumed || !s2.Info().Resumed {
				t.Error("not resumed")
			}
			if n := len(c2.TakeSessions()); (n == 1) != (renew && !byID) {
				t.Errorf("renew %v brought %d tickets", renew, n)
			}
			exchange(t, c2, s2)
		}
	}
}
