package libtls

import (
	"crypto/rand"
	"crypto/x509"
	"math/big"
	"testing"
	"time"

	"libtls/internal/suite"
)

// crl lists revoked certificates of a, in PEM.
func (a *authority) crl(t testing.TB, revoked ...*x509.Certificate) []byte {
	t.Helper()
	list := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: time.Now().Add(-time.Minute), NextUpdate: time.Now().Add(time.Hour)}
	for _, cert := range revoked {
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries,
			x509.RevocationListEntry{SerialNumber: cert.SerialNumber, RevocationTime: time.Now().Add(-time.Minute)})
	}
	der, err := x509.CreateRevocationList(rand.Reader, list, a.cert, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return encodePEM("X509 CRL", der)
}

// A client's session is for the certificate that it authenticated with.
func TestIdentityOfSession(t *testing.T) {
	eachVersion(t, func(t *testing.T, limit func(...*Config)) {
		ca := newAuthority(t, "root")
		sp := ca.issue(t, "", "server.test")
		server := NewConfig()
		server.SetCAMem(ca.pem())
		server.SetKeypairMem(sp.cert, sp.key)
		server.VerifyClientOptional()
		server.SetSessionLifetime(3600)
		fd, _ := sessionFD(t)
		clients := map[string]*Config{"": NewConfig(), "alice": NewConfig(), "bob": NewConfig()}
		for name, client := range clients {
			limit(client)
			client.SetCAMem(ca.pem())
			client.SetSessionFD(fd)
			if name != "" {
				p := ca.issue(t, "", name)
				client.SetKeypairMem(p.cert, p.key)
			}
		}
		// In TLS 1.2 the latest session is kept, in TLS 1.3 everybody's.
		for _, test := range []struct {
			name                 string
			resumed12, resumed13 bool
		}{
			{"alice", false, false}, {"bob", false, false}, {"bob", true, true}, {"", false, false}, {"", true, true},
			{"alice", false, true}, {"alice", true, true},
		} {
			client := clients[test.name]
			c, s := connectPair(dial(t, client, "server.test"), accept(t, server))
			mustHandshake(t, c, s)
			want, resumed := "", test.resumed12
			if test.name != "" {
				want = "/CN=" + test.name
			}
			if s.ConnVersion() == "TLSv1.3" {
				resumed = test.resumed13
			}
			if c.ConnSessionResumed() != resumed || s.PeerCertSubject() != want {
				t.Errorf("%q: resumed %v as %q", test.name, c.ConnSessionResumed(), s.PeerCertSubject())
			}
			s.do(OpClose, nil)
			drain(t, c)
		}
	})
}

// A server resumes no session of a client whose certificate it might refuse
// now: whatever decides that has to be as it was.
func TestClientPolicyOfSession(t *testing.T) {
	eachVersion(t, func(t *testing.T, limit func(...*Config)) {
		ca, other := newAuthority(t, "root"), newAuthority(t, "other")
		sp, cp := ca.issue(t, "", "server.test"), ca.issue(t, "", "client.test")
		for name, test := range map[string]struct {
			change  func(*Config)
			resumed bool
			err     string
		}{
			"nothing":         {func(*Config) {}, true, ""},
			"required":        {func(c *Config) { c.VerifyClient() }, true, ""},
			"a CRL":           {func(c *Config) { c.SetCRLMem(ca.crl(t)) }, false, ""},
			"revoked":         {func(c *Config) { c.SetCRLMem(ca.crl(t, cp.leaf)) }, false, "certificate verification failed: certificate revoked"},
			"one more CA":     {func(c *Config) { c.SetCAMem(append(ca.pem(), other.pem()...)) }, false, ""},
			"another CA":      {func(c *Config) { c.SetCAMem(other.pem()) }, false, "certificate verification failed: unable to get local issuer certificate"},
			"shorter chains":  {func(c *Config) { c.SetVerifyDepth(1) }, false, ""},
			"no verification": {func(c *Config) { c.InsecureNoVerifyCert() }, false, ""},
			"not asked for":   {func(c *Config) { c.clientAuth = clientCertNone }, false, ""},
		} {
			t.Run(name, func(t *testing.T) {
				client, server := NewConfig(), NewConfig()
				limit(client)
				client.SetCAMem(ca.pem())
				client.SetKeypairMem(cp.cert, cp.key)
				server.SetCAMem(ca.pem())
				server.SetKeypairMem(sp.cert, sp.key)
				server.VerifyClientOptional()
				server.SetSessionLifetime(3600)
				fd, path := sessionFD(t)
				client.SetSessionFD(fd)
				session(t, client, server, path)
				test.change(server)
				c, s := connectPair(dial(t, client, "server.test"), accept(t, server))
				if _, err := handshake(c, s); err != test.err || s.conn.Info().Resumed != test.resumed {
					t.Errorf("resumed %v, %q", s.conn.Info().Resumed, err)
				}
			})
		}
	})
}

// Other libraries' tickets don't tell under what the client's certificate was
// accepted: the leaf must be acceptable as it is.
func TestForeignClientTicket(t *testing.T) {
	ca, other := newAuthority(t, "root"), newAuthority(t, "other")
	sp, good, bad := ca.issue(t, "", "server.test"), ca.issue(t, "", "client.test"), other.issue(t, "", "client.test")
	config := NewConfig()
	config.SetCAMem(ca.pem())
	config.SetKeypairMem(sp.cert, sp.key)
	unasked := accept(t, config)
	config.VerifyClient()
	asked := accept(t, config)
	config.InsecureNoVerifyCert()
	for name, test := range map[string]struct {
		server *Context
		chain  [][]byte
		result int
		now    time.Duration
		lax    bool
		want   bool
	}{
		"none":           {unasked, nil, 0, 0, false, true},
		"not asked for":  {unasked, [][]byte{good.leaf.Raw}, 0, 0, false, false},
		"good":           {asked, [][]byte{good.leaf.Raw}, 0, 0, false, true},
		"expired":        {asked, [][]byte{good.leaf.Raw}, 0, 48 * time.Hour, false, false},
		"untrusted":      {asked, [][]byte{bad.leaf.Raw}, 0, 0, false, false},
		"not verified":   {asked, [][]byte{good.leaf.Raw}, unverified, 0, false, false},
		"no certificate": {asked, [][]byte{{0x30, 0}}, 0, 0, false, false},
		"whatever":       {asked, [][]byte{bad.leaf.Raw}, unverified, 0, true, true},
	} {
		config.noVerifyCert = test.lax
		s := &Session{Version: suite.TLS13, PeerChain: test.chain, VerifyResult: test.result}
		if got := test.server.mayResume(s, time.Now().Add(test.now)); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// What a client demands of the server's certificate now decides whether a
// session is offered.
func TestMayOffer(t *testing.T) {
	eachVersion(t, func(t *testing.T, limit func(...*Config)) {
		ca, other := newAuthority(t, "root"), newAuthority(t, "other")
		p := ca.issue(t, "", "server.test")
		for name, test := range map[string]struct {
			change func(*Config)
			server string
			later  time.Duration
			want   bool
		}{
			"nothing":          {func(*Config) {}, "server.test", 0, true},
			"another name":     {func(*Config) {}, "other.test", 0, false},
			"any name":         {func(c *Config) { c.InsecureNoVerifyName() }, "other.test", 0, true},
			"another CA":       {func(c *Config) { c.SetCAMem(other.pem()) }, "server.test", 0, false},
			"any CA":           {func(c *Config) { c.SetCAMem(other.pem()); c.InsecureNoVerifyCert() }, "server.test", 0, true},
			"a CRL":            {func(c *Config) { c.SetCRLMem(ca.crl(t)) }, "server.test", 0, true},
			"revoked":          {func(c *Config) { c.SetCRLMem(ca.crl(t, p.leaf)) }, "server.test", 0, false},
			"expired":          {func(*Config) {}, "server.test", 48 * time.Hour, false},
			"at any time":      {func(c *Config) { c.InsecureNoVerifyTime() }, "server.test", 48 * time.Hour, true},
			"no staple":        {func(c *Config) { c.OCSPRequireStapling() }, "server.test", 0, false},
			"another suite":    {func(c *Config) { c.suites = []suite.ID{suite.AES128GCMSHA256, 0xc02f} }, "server.test", 0, false},
			"another protocol": {func(c *Config) { c.SetProtocols(c.protocols ^ ProtocolsAll) }, "server.test", 0, false},
		} {
			t.Run(name, func(t *testing.T) {
				client, server := NewConfig(), NewConfig()
				limit(client)
				client.SetCAMem(ca.pem())
				server.SetKeypairMem(p.cert, p.key)
				server.SetSessionLifetime(3600)
				fd, path := sessionFD(t)
				client.SetSessionFD(fd)
				session(t, client, server, path)
				sessions, err := sessionFile(fd).load()
				if err != nil || len(sessions) == 0 {
					t.Fatal(err)
				}
				test.change(client)
				// No session of the file's gets in the way.
				client.SetSessionFD(-1)
				c := dial(t, client, test.server)
				if got := c.mayOffer(sessions[0], client.engine(), time.Now().Add(test.later)); got != test.want {
					t.Error(got)
				}
			})
		}
	})
}

// A server that sends ticket after ticket doesn't make its client rewrite the
// file each time.
func TestTicketFlood(t *testing.T) {
	client, server := configs(t, "")
	server.SetSessionLifetime(3600)
	server.SetNumTickets(maxTickets)
	fd, _ := sessionFD(t)
	client.SetSessionFD(fd)
	c, s := connectPair(dial(t, client, "server.test"), accept(t, server))
	mustHandshake(t, c, s)
	began := time.Now()
	s.do(OpWrite, []byte("data"))
	if n, _, _ := c.do(OpRead, make([]byte, 10)); n != 4 {
		t.Fatalf("read %d bytes, %v", n, c.Err())
	}
	if most := maxNameSessions + 1 + int(time.Since(began)/saveInterval); c.saves < maxNameSessions || c.saves > most {
		t.Errorf("the file was written %d times, not %d to %d", c.saves, maxNameSessions, most)
	}
	if got := tickets(t, sessionFile(fd)); len(got) != maxNameSessions {
		t.Errorf("%d tickets", len(got))
	}
}
