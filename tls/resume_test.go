package tls

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math"
	"math/big"
	"os"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"libtls"
	"libtls/internal/drive"
	"libtls/internal/protocol"
	"libtls/internal/suite"
	"libtls/internal/trust"
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
			s.do(drive.Close, nil)
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
				if _, err := handshake(c, s); err != test.err || s.Engine.Info().Resumed != test.resumed {
					t.Errorf("resumed %v, %q", s.Engine.Info().Resumed, err)
				}
			})
		}
	})
}

// Other libraries' tickets don't tell under what the client's certificate was
// accepted: the leaf must be acceptable as it is. If they were made of ours, the
// certificate must be the one that we accepted.
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
	binding := asked.listener.binding
	for name, test := range map[string]struct {
		server  *Context
		chain   [][]byte
		result  int
		now     time.Duration
		lax     bool
		want    bool
		binding []byte
	}{
		"none":           {unasked, nil, 0, 0, false, true, nil},
		"not asked for":  {unasked, [][]byte{good.leaf.Raw}, 0, 0, false, false, nil},
		"good":           {asked, [][]byte{good.leaf.Raw}, 0, 0, false, true, nil},
		"expired":        {asked, [][]byte{good.leaf.Raw}, 0, 48 * time.Hour, false, false, nil},
		"untrusted":      {asked, [][]byte{bad.leaf.Raw}, 0, 0, false, false, nil},
		"not verified":   {asked, [][]byte{good.leaf.Raw}, unverified, 0, false, false, nil},
		"no certificate": {asked, [][]byte{{0x30, 0}}, 0, 0, false, false, nil},
		"whatever":       {asked, [][]byte{bad.leaf.Raw}, unverified, 0, true, true, nil},
		"ours":           {asked, [][]byte{good.leaf.Raw}, 0, 0, false, true, binding(good.leaf.Raw)},
		"ours, expired":  {asked, [][]byte{good.leaf.Raw}, 0, 48 * time.Hour, false, false, binding(good.leaf.Raw)},
		"replaced":       {asked, [][]byte{good.leaf.Raw}, 0, 0, false, false, binding(bad.leaf.Raw)},
		"other rules":    {asked, [][]byte{good.leaf.Raw}, 0, 0, false, false, make([]byte, 32)},
	} {
		config.noVerifyCert = test.lax
		s := &libtls.Session{Version: suite.TLS13, PeerChain: test.chain, VerifyResult: test.result, Binding: test.binding}
		if got, done := test.server.mayResume(s, time.Now().Add(test.now)); got != test.want || !done {
			t.Errorf("%s: %v", name, got)
		}
		test.server.Judged()
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
				sessions := inFile(t, path)
				if len(sessions) == 0 {
					t.Fatal("no session")
				}
				test.change(client)
				// No session of the file's gets in the way.
				client.SetSessionFD(-1)
				c := dial(t, client, test.server)
				c.offers = make(map[[sha256.Size]byte]*trust.Verification)
				if got, done := c.mayOffer(sessions[0], client.engine(), time.Now().Add(test.later)); got != test.want || !done {
					t.Error(got)
				}
			})
		}
	})
}

// A server that sends ticket after ticket doesn't make its client rewrite the
// file each time: see libtls.Saves. The first ones are there.
func TestTicketFlood(t *testing.T) {
	client, server := configs(t, "")
	server.SetSessionLifetime(3600)
	server.SetNumTickets(libtls.MaxTickets)
	fd, path := sessionFD(t)
	client.SetSessionFD(fd)
	c, s := connectPair(dial(t, client, "server.test"), accept(t, server))
	mustHandshake(t, c, s)
	began := time.Now()
	s.do(drive.Write, []byte("data"))
	if n, _, _ := c.do(drive.Read, make([]byte, 10)); n != 4 {
		t.Fatalf("read %d bytes, %v", n, c.Err())
	}
	if n := len(inFile(t, path)); n != 16 {
		t.Errorf("%d tickets", n)
	}
	if c.saves.Due(began) {
		t.Error("the next ticket would be saved at once")
	}
}

// inFile returns the sessions that a file holds.
func inFile(t testing.TB, path string) []*libtls.Session {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return libtls.ParseSessionsPEM(data)
}

// In TLS 1.3 a session is as old as its ticket. In TLS 1.2 it is as old as its full handshake, whichever ticket
// it has by now.
func TestTimeOfSessions(t *testing.T) {
	clock := drive.Clock
	t.Cleanup(func() { drive.Clock = clock })
	eachVersion(t, func(t *testing.T, limit func(...*Config)) {
		began := time.Now().Truncate(time.Second)
		at := func(minutes int) time.Time { return began.Add(time.Duration(minutes) * time.Minute) }
		elapse := func(minutes int) { drive.Clock = func() time.Time { return at(minutes) } }
		client, server := configs(t, "")
		limit(client, server)
		server.SetSessionLifetime(3600)
		elapse(0)
		server.AddTicketKey(1, make([]byte, 48))
		fd, path := sessionFD(t)
		client.SetSessionFD(fd)
		session(t, client, server, path)
		first := inFile(t, path)[0]
		elapse(1)
		server.AddTicketKey(2, make([]byte, 48))
		c, s := connectPair(dial(t, client, "server.test"), accept(t, server))
		mustHandshake(t, c, s)
		elapse(2)
		s.do(drive.Write, []byte("data"))
		c.do(drive.Read, make([]byte, 10))
		newest, want := inFile(t, path)[0], at(2)
		if newest.Version == suite.TLS12 {
			want = at(0)
		}
		if !c.ConnSessionResumed() || bytes.Equal(newest.Ticket, first.Ticket) {
			t.Error("no new ticket in a resumption")
		}
		if !newest.Created.Equal(want) {
			t.Errorf("%v instead of %v", newest.Created, want)
		}
	})
}

// Each setting is for one side: the other has no use for it.
func TestSettingsOfOneSide(t *testing.T) {
	eachVersion(t, func(t *testing.T, limit func(...*Config)) {
		client, server := configs(t, "")
		limit(client, server)
		fd, path := sessionFD(t)
		serverFD, serverPath := sessionFD(t)
		client.SetSessionFD(fd)
		client.SetSessionID([]byte("client"))
		client.SetSessionLifetime(4)
		client.SetNumTickets(0)
		client.AddTicketKey(1, make([]byte, 48))
		server.SetSessionFD(serverFD)
		server.SetSessionLifetime(3600)
		session(t, client, server, path)
		sessions := inFile(t, path)
		if len(sessions) == 0 {
			t.Fatal("no session")
		}
		for _, s := range sessions {
			if len(s.Context) != 0 || s.Lifetime != 3600 {
				t.Errorf("context %x, lifetime %d", s.Context, s.Lifetime)
			}
		}
		if resumed, _, _ := session(t, client, server, path); !resumed {
			t.Error("not resumed")
		}
		if data, err := os.ReadFile(serverPath); err != nil || len(data) > 0 {
			t.Errorf("the server wrote %d bytes, %v", len(data), err)
		}
	})
}

// The file's descriptor is left open when the last context is released.
func TestSessionFDStaysOpen(t *testing.T) {
	client, server := configs(t, "")
	server.SetSessionLifetime(3600)
	fd, path := sessionFD(t)
	client.SetSessionFD(fd)
	session(t, client, server, path)
	c := dial(t, client, "server.test")
	client.Release()
	c.Free()
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil {
		t.Error(err)
	}
}

// The session id is random unless it is set: servers that share nothing but
// their keys don't resume each other's sessions.
func TestRandomSessionID(t *testing.T) {
	eachVersion(t, func(t *testing.T, limit func(...*Config)) {
		client, server := configs(t, "")
		limit(client, server)
		fd, path := sessionFD(t)
		client.SetSessionFD(fd)
		again, err := UnmarshalConfig(server.Marshal())
		if err != nil {
			t.Fatal(err)
		}
		again.sessionID = NewConfig().sessionID
		for _, c := range []*Config{server, again} {
			c.SetSessionLifetime(3600)
			c.AddTicketKey(1, make([]byte, 48))
			if resumed, _, _ := session(t, client, c, path); resumed {
				t.Error("resumed")
			}
		}
		if resumed, _, _ := session(t, client, again, path); !resumed {
			t.Error("not resumed")
		}
	})
}

// A TLS 1.3 ticket is out of the file before a byte is sent, and stays out if
// the handshake fails.
func TestTicketOfFailedHandshake(t *testing.T) {
	client, server := configs(t, "")
	server.SetSessionLifetime(3600)
	fd, path := sessionFD(t)
	client.SetSessionFD(fd)
	session(t, client, server, path)
	before := ticketsIn(t, path)
	c, _ := connectPair(dial(t, client, "server.test"), accept(t, server))
	if got := ticketsIn(t, path); len(before) != 2 || !slices.Equal(got, before[1:]) {
		t.Errorf("%d of %d tickets", len(got), len(before))
	}
	if !bytes.Equal(c.offered.Ticket, []byte(before[0])) {
		t.Error("offers another ticket")
	}
	c.do(drive.Handshake, nil)
	c.in = []byte{21, 3, 3, 0, 2, 2, 40}
	if _, step, _ := c.do(drive.Handshake, nil); step != drive.Failed {
		t.Errorf("step %v", step)
	}
	if got := ticketsIn(t, path); !slices.Equal(got, before[1:]) {
		t.Errorf("%d tickets after the failure", len(got))
	}
}

// Other libraries keep the leaf alone. It is offered if that is enough, and
// otherwise a full handshake is made.
func TestForeignFile(t *testing.T) {
	eachVersion(t, func(t *testing.T, limit func(...*Config)) {
		ca := newAuthority(t, "root")
		between := ca.intermediate(t)
		direct, far := ca.issue(t, "", "server.test"), between.issue(t, "", "server.test")
		far.cert = append(far.cert, between.pem()...)
		for name, test := range map[string]struct {
			pair    pair
			foreign bool
			ca      []byte
			resumed bool
		}{
			"ours, direct":                          {direct, false, ca.pem(), true},
			"ours, with an intermediate":            {far, false, ca.pem(), true},
			"theirs, direct":                        {direct, true, ca.pem(), true},
			"theirs, with an intermediate":          {far, true, ca.pem(), false},
			"theirs, with an intermediate we trust": {far, true, append(ca.pem(), between.pem()...), true},
		} {
			t.Run(name, func(t *testing.T) {
				client, server := NewConfig(), NewConfig()
				limit(client)
				client.SetCAMem(test.ca)
				server.SetKeypairMem(test.pair.cert, test.pair.key)
				server.SetSessionLifetime(3600)
				fd, path := sessionFD(t)
				client.SetSessionFD(fd)
				session(t, client, server, path)
				if test.foreign {
					rewrite(t, path, func(s *libtls.Session) { s.PeerChain, s.Binding, s.FullHandshake = s.PeerChain[:1], nil, time.Time{} })
				}
				if resumed, _, _ := session(t, client, server, path); resumed != test.resumed {
					t.Errorf("resumed %v", resumed)
				}
			})
		}
	})
}

// intermediate makes an authority under a.
func (a *authority) intermediate(t testing.TB) *authority {
	t.Helper()
	key := newKey(t, "")
	template := &x509.Certificate{
		SerialNumber: nextSerial(), Subject: pkix.Name{CommonName: "intermediate"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{cert: cert, key: key}
}

// rewrite changes the sessions in a file, as another library might write them.
func rewrite(t testing.TB, path string, change func(*libtls.Session)) {
	t.Helper()
	sessions := inFile(t, path)
	for _, s := range sessions {
		change(s)
	}
	data, err := libtls.MarshalSessionsPEM(sessions...)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// The tickets of a chain of resumptions end with it: in TLS 1.2 when the
// lifetime since the full handshake is over, in TLS 1.3 after seven days. The
// last ones say what is left.
func TestEndOfResumption(t *testing.T) {
	const day = 24 * time.Hour
	eachVersion(t, func(t *testing.T, limit func(...*Config)) {
		for _, test := range []struct {
			version uint16
			age     time.Duration // of the full handshake
			resumed bool
			left    uint32 // seconds, that the next ticket says
		}{
			{suite.TLS12, 40 * time.Minute, true, 1200},
			{suite.TLS12, 59 * time.Minute, true, 60},
			{suite.TLS12, 61 * time.Minute, false, 3600},
			{suite.TLS13, 6 * day, true, 3600},
			{suite.TLS13, 7*day - 20*time.Minute, true, 1200},
			{suite.TLS13, 7*day + time.Minute, false, 3600},
		} {
			client, server := configs(t, "")
			limit(client)
			if client.engine().MinVersion != test.version {
				continue
			}
			server.SetSessionLifetime(3600)
			server.AddTicketKey(1, make([]byte, 48))
			fd, path := sessionFD(t)
			client.SetSessionFD(fd)
			session(t, client, server, path)
			// The full handshake was earlier than it was.
			var secrets [][]byte
			now := time.Now()
			rewrite(t, path, func(s *libtls.Session) {
				inside, _, ok := server.tickets.Open(s.Ticket, now, time.Hour)
				if !ok {
					t.Fatal("not our ticket")
				}
				inside.FullHandshake = now.Add(-test.age)
				if test.version == suite.TLS12 {
					inside.Created, inside.Timeout = inside.FullHandshake, time.Hour
				}
				var err error
				if s.Ticket, err = server.tickets.Seal(inside, now, time.Hour, rand.Reader); err != nil {
					t.Fatal(err)
				}
				secrets = append(secrets, inside.Secret)
			})
			server.AddTicketKey(2, make([]byte, 48)) // so that TLS 1.2 renews
			if resumed, _, _ := session(t, client, server, path); resumed != test.resumed {
				t.Errorf("%+v: resumed %v", test, resumed)
			}
			sessions := inFile(t, path)
			if len(sessions) == 0 {
				t.Fatal("no session")
			}
			newest := sessions[0]
			if test.version == suite.TLS13 && slices.ContainsFunc(secrets, func(b []byte) bool { return bytes.Equal(b, newest.Secret) }) {
				t.Fatalf("%+v: no new ticket", test)
			}
			if newest.Lifetime > test.left || newest.Lifetime+60 < test.left {
				t.Errorf("%+v: the next ticket says %d", test, newest.Lifetime)
			}
		}
	})
}

// A server's answers about its client are the same after resumption, but for
// the chain, of which the leaf is left.
func TestAnswersAfterResumption(t *testing.T) {
	eachVersion(t, func(t *testing.T, limit func(...*Config)) {
		ca := newAuthority(t, "root")
		between := ca.intermediate(t)
		sp, cp := ca.issue(t, "", "server.test"), between.issue(t, "", "client.test")
		client, server := NewConfig(), NewConfig()
		limit(client)
		client.SetCAMem(ca.pem())
		client.SetKeypairMem(append(bytes.Clone(cp.cert), between.pem()...), cp.key)
		server.SetCAMem(ca.pem())
		server.SetKeypairMem(sp.cert, sp.key)
		server.VerifyClient()
		server.SetSessionLifetime(3600)
		fd, _ := sessionFD(t)
		client.SetSessionFD(fd)
		visit := func() (c, s *end) {
			c, s = connectPair(dial(t, client, "server.test"), accept(t, server))
			mustHandshake(t, c, s)
			s.do(drive.Close, nil)
			drain(t, c)
			return c, s
		}
		answers := func(e *end) string {
			cn, _ := e.PeerCertCommonName()
			name, _ := e.ConnServername()
			return fmt.Sprint(e.PeerCertProvided(), e.PeerCertHash(), e.PeerCertIssuer(), e.PeerCertSubject(), cn, name,
				e.PeerCertNotBefore(), e.PeerCertNotAfter(), e.PeerCertContainsName("client.test"), e.PeerCertContainsName("server.test"),
				e.ConnVersion(), e.ConnCipher(), e.ConnCipherStrength())
		}
		c, s := visit()
		clientBefore, serverBefore, chain := answers(c), answers(s), s.PeerCertChainPEM()
		c, s = visit()
		if !c.ConnSessionResumed() || !s.ConnSessionResumed() {
			t.Fatal("not resumed")
		}
		if got := answers(c); got != clientBefore {
			t.Errorf("the client says\n%s instead of\n%s", got, clientBefore)
		}
		if got := answers(s); got != serverBefore {
			t.Errorf("the server says\n%s instead of\n%s", got, serverBefore)
		}
		if got := s.PeerCertChainPEM(); !bytes.Equal(got, cp.cert) || !bytes.HasPrefix(chain, got) || len(chain) == len(got) {
			t.Errorf("the chain is %s after %s", got, chain)
		}
	})
}

// As many tickets as are set leave with the first data, each in a record.
func TestNumTickets(t *testing.T) {
	client, server := configs(t, "")
	server.SetSessionLifetime(3600)
	fd, _ := sessionFD(t)
	client.SetSessionFD(fd)
	issued := func() (n int, resumed bool) {
		c, s := connectPair(dial(t, client, "server.test"), accept(t, server))
		mustHandshake(t, c, s)
		s.do(drive.Write, []byte("data"))
		for rest := c.in; len(rest) > 0; n++ {
			rest = rest[5+int(rest[3])<<8+int(rest[4]):]
		}
		if got, _, _ := c.do(drive.Read, make([]byte, 100)); got != 4 {
			t.Errorf("read %d bytes, %v", got, c.Err())
		}
		return n - 1, c.ConnSessionResumed()
	}
	for i, n := range []int{libtls.DefaultTickets, 0, 1, 2, 5, 100, libtls.MaxTickets} {
		if i > 0 {
			if err := server.SetNumTickets(uint64(n)); err != nil {
				t.Fatal(err)
			}
		}
		unix.Ftruncate(fd, 0)
		for _, resumed := range []bool{false, true} {
			got, was := issued()
			if want := libtls.TicketCount(n, resumed); got != want || was != (resumed && n > 0) {
				t.Errorf("%d tickets set, resuming %v: %d issued, resumed %v", n, resumed, got, was)
			}
		}
	}
	if err := server.SetNumTickets(libtls.MaxTickets + 1); text(err) != "number of tickets too large" || server.numTickets != libtls.MaxTickets {
		t.Errorf("%v, %d", err, server.numTickets)
	}
	if err := server.SetNumTickets(math.MaxUint64); text(err) != "number of tickets too large" {
		t.Error(err)
	}
}

// ticketsIn returns the tickets that a file holds.
func ticketsIn(t testing.TB, path string) (tickets []string) {
	for _, s := range inFile(t, path) {
		tickets = append(tickets, string(s.Ticket))
	}
	return tickets
}

// A client that takes no tickets resumes by an id, also at a process that was
// forked from the same one.
func TestSessionIDs(t *testing.T) {
	client, server := configs(t, "")
	client.SetProtocols(ProtocolTLS12)
	fd, path := sessionFD(t)
	client.SetSessionFD(fd)
	server.SetSessionLifetime(1000)
	memory := make([]byte, libtls.SharedSize)
	server.Share(memory)
	child, err := UnmarshalConfig(server.Marshal())
	if err != nil {
		t.Fatal(err)
	}
	child.Share(memory)

	connect := func(at *Config, want bool) *end {
		t.Helper()
		ctx := dial(t, client, "server.test")
		e := ctx.clientEngine(client)
		e.NoTickets12 = true
		ctx.Engine = protocol.Client(e)
		c, s := connectPair(ctx, accept(t, at))
		mustHandshake(t, c, s)
		if c.ConnSessionResumed() != want || s.ConnSessionResumed() != want {
			t.Fatalf("resumed: %v, %v", c.ConnSessionResumed(), s.ConnSessionResumed())
		}
		if kept := inFile(t, path); len(kept) != 1 || len(kept[0].ID) != 32 || len(kept[0].Ticket) > 0 {
			t.Fatal("not a session with an id")
		}
		return s
	}
	connect(server, false)
	for _, at := range []*Config{server, child, child, server} {
		connect(at, true)
	}
	// RFC 5246, 7.2.2: a failure ends the session.
	failing := connect(child, true)
	failing.in = append(failing.in, 23, 3, 3, 0, 1, 0)
	if _, step, _ := failing.do(drive.Read, make([]byte, 10)); step != drive.Failed {
		t.Fatalf("step %d", step)
	}
	connect(server, false)
	connect(child, true)
	server.SetSessionLifetime(0)
	ctx := dial(t, client, "server.test")
	c, s := connectPair(ctx, accept(t, server))
	mustHandshake(t, c, s)
	if c.ConnSessionResumed() {
		t.Error("resumed by a server without sessions")
	}
}

// All that decides whether a client's certificate is accepted is part of a
// session's rules.
func TestRules(t *testing.T) {
	seen := map[string]int{}
	for i, change := range []func(*Context){
		func(*Context) {},
		func(c *Context) { c.config.ca = new(trust.Anchors) },
		func(c *Context) { c.config.SetCAMem(newAuthority(t, "ca").pem()) },
		func(c *Context) { c.config.caPath = "path" },
		func(c *Context) { c.certFile = "file" },
		func(c *Context) { c.certDir = "dir" },
		func(c *Context) { c.config.SetCRLMem([]byte("crl")) },
		func(c *Context) { c.config.verifyDepth++ },
		func(c *Context) { c.config.noVerifyCert = true },
		func(c *Context) { c.config.noVerifyTime = true },
	} {
		c := &Context{config: NewConfig()}
		change(c)
		rules := string(c.rules())
		if other, there := seen[rules]; there {
			t.Errorf("change %d makes the same rules as %d", i, other)
		}
		seen[rules] = i
	}
}
