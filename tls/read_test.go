package tls

import (
	"bytes"
	"crypto/x509"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"libtls"
	"libtls/internal/drive"
	"libtls/internal/protocol"
	"libtls/internal/suite"
	"libtls/internal/trust"
)

// end is one end of a connection in memory: what a front does with a Context.
type end struct {
	*Context
	peer    *end
	in      []byte // arrived and not read yet
	eof     bool   // nothing more will arrive
	left    []byte // plaintext not delivered yet
	outputs int    // times something was written
	before  func() // each Step, if not nil
}

func connectPair(client, server *Context) (c, s *end) {
	c, s = &end{Context: client}, &end{Context: server}
	c.peer, s.peer = s, c
	return c, s
}

// record takes one record off in, nil if there is no whole one.
func (e *end) record() []byte {
	if len(e.in) < 5 {
		return nil
	}
	n, ok := protocol.RecordBody([5]byte(e.in))
	if !ok {
		n = 0
	}
	if len(e.in) < 5+n {
		return nil
	}
	rec := bytes.Clone(e.in[:5+n])
	e.in = e.in[5+n:]
	return rec
}

// do runs an operation as far as the input goes; false if it has to wait.
func (e *end) do(op drive.Op, buf []byte) (n int, step drive.Step, done bool) {
	if (op == drive.Read || op == drive.Write) && !e.HandshakeDone() {
		if _, step, done = e.do(drive.Handshake, nil); step != drive.Done {
			return 0, step, done
		}
	}
	if op == drive.Read && len(e.left) > 0 {
		n = copy(buf, e.left)
		e.left = e.left[n:]
		return n, drive.Done, true
	}
	io := drive.IO{Buf: buf}
	for {
		io.Out = make([]byte, 0, len(buf)+4096)
		if e.before != nil {
			e.before()
		}
		step = e.Step(op, &io)
		if len(io.Out) > 0 {
			e.peer.in = append(e.peer.in, io.Out...)
			e.outputs++
		}
		if io.File = nil; step == drive.Again {
			data, _ := os.ReadFile(io.Wanted)
			_, err := os.Lstat(io.Wanted)
			io.File, io.Record = &trust.File{Data: data, Missing: err != nil}, nil
			continue
		}
		if step == drive.Done || step == drive.Failed {
			e.left = append(e.left, io.Data...)
			return io.N, step, true
		}
		if io.Record = e.record(); io.Record == nil {
			if !e.eof {
				return 0, step, false
			}
			io.EOF = true
		}
	}
}

// A record's buffer goes on to other connections, so no data stays in it.
func TestReadWipesTheRecord(t *testing.T) {
	eachVersion(t, func(t *testing.T, limit func(...*Config)) {
		client, server := configs(t, "p256")
		limit(client, server)
		c, s := connectPair(dial(t, client, "server.test"), accept(t, server))
		mustHandshake(t, c, s)
		secret := []byte("nobody else's business")
		s.do(drive.Write, secret)
		io := drive.IO{Record: c.record(), Buf: make([]byte, 16000)}
		if step := c.Step(drive.Read, &io); step != drive.Done || !bytes.Equal(io.Buf[:io.N], secret) {
			t.Fatalf("step %d, %q", step, io.Buf[:io.N])
		}
		if bytes.Contains(io.Record, secret[:8]) {
			t.Error("the data is still in the record")
		}
	})
}

// eachVersion runs a test under each protocol version alone. limit restricts
// configurations to it.
func eachVersion(t *testing.T, test func(t *testing.T, limit func(...*Config))) {
	for name, bit := range map[string]uint32{"TLSv1.2": ProtocolTLS12, "TLSv1.3": ProtocolTLS13} {
		t.Run(name, func(t *testing.T) {
			test(t, func(configs ...*Config) {
				for _, c := range configs {
					c.SetProtocols(bit)
				}
			})
		})
	}
}

// handshake runs both handshakes to their ends and returns the errors.
func handshake(c, s *end) (clientErr, serverErr string) {
	var cDone, sDone bool
	for i := 0; i < 20 && !(cDone && sDone); i++ {
		var step drive.Step
		if !cDone {
			if _, step, cDone = c.do(drive.Handshake, nil); step == drive.Failed {
				clientErr = c.Err().Text
				s.eof = true
			}
		}
		if !sDone {
			if _, step, sDone = s.do(drive.Handshake, nil); step == drive.Failed {
				serverErr = s.Err().Text
				c.eof = true
			}
		}
	}
	if !cDone || !sDone {
		return "handshake stuck", "handshake stuck"
	}
	return clientErr, serverErr
}

// accept returns a server connection under c.
func accept(t testing.TB, c *Config) *Context {
	t.Helper()
	server := NewServer()
	if err := server.Configure(c); err != nil {
		t.Fatal(err)
	}
	return server.Listener().Accept()
}

// dial returns a client connected to name under c.
func dial(t testing.TB, c *Config, name string) *Context {
	t.Helper()
	client := NewClient()
	client.Configure(c)
	if err := client.Connect(name, true, ""); err != nil {
		t.Fatal(err)
	}
	return client
}

// configs returns a client's and a server's configuration that fit.
func configs(t testing.TB, kind string) (client, server *Config) {
	t.Helper()
	ca := newAuthority(t, "root")
	p := ca.issue(t, kind, "server.test")
	client, server = NewConfig(), NewConfig()
	client.SetCAMem(ca.pem())
	if err := server.SetKeypairMem(p.cert, p.key); err != nil {
		t.Fatal(err)
	}
	return client, server
}

func mustHandshake(t testing.TB, c, s *end) {
	t.Helper()
	if ce, se := handshake(c, s); ce != "" || se != "" {
		t.Fatalf("handshake: client %q, server %q", ce, se)
	}
}

// transfer writes data at one end and reads it at the other.
func transfer(t testing.TB, from, to *end, data []byte, piece, buffer int) {
	t.Helper()
	var got []byte
	buf := make([]byte, buffer)
	for rest := data; len(rest) > 0 || len(got) < len(data); {
		if len(rest) > 0 {
			n, step, _ := from.do(drive.Write, rest[:min(piece, len(rest))])
			if step != drive.Done || n <= 0 {
				t.Fatalf("write: %v, %v", n, from.Err())
			}
			rest = rest[n:]
		}
		for {
			n, step, done := to.do(drive.Read, buf)
			if step == drive.Failed {
				t.Fatal(to.Err())
			}
			if !done {
				break
			}
			if n == 0 {
				t.Fatal("end of data")
			}
			got = append(got, buf[:n]...)
		}
	}
	if !bytes.Equal(got, data) {
		t.Fatalf("%d bytes arrived damaged", len(data))
	}
}

func TestHandshake(t *testing.T) {
	for _, kind := range []string{"p256", "p384", "rsa", "ed25519"} {
		t.Run(kind, func(t *testing.T) {
			client, server := configs(t, kind)
			c, s := connectPair(dial(t, client, "server.test."), accept(t, server))
			mustHandshake(t, c, s)
			for _, e := range []*end{c, s} {
				if !e.HandshakeDone() || e.ConnVersion() != "TLSv1.3" || e.ConnCipher() != "TLS_AES_256_GCM_SHA384" ||
					e.ConnCipherStrength() != 256 || e.ConnGroup() != "X25519MLKEM768" || e.ConnSessionResumed() {
					t.Errorf("%v %s %s %d %s", e.HandshakeDone(), e.ConnVersion(), e.ConnCipher(), e.ConnCipherStrength(), e.ConnGroup())
				}
				if name, ok := e.ConnServername(); name != "server.test" || !ok {
					t.Errorf("server name %q, %v", name, ok)
				}
			}
			if !c.PeerCertProvided() || s.PeerCertProvided() || c.PeerCertSubject() != "/CN=server.test" || c.PeerCertIssuer() != "/CN=root" {
				t.Errorf("certificates: %q by %q", c.PeerCertSubject(), c.PeerCertIssuer())
			}
			if !c.PeerCertContainsName("server.test") || c.PeerCertContainsName("other.test") {
				t.Error("names in the certificate")
			}
			transfer(t, c, s, []byte("hello"), 5, 100)
			transfer(t, s, c, []byte("hello"), 5, 2)
		})
	}
}

func TestTransfer(t *testing.T) {
	eachVersion(t, func(t *testing.T, limit func(...*Config)) {
		client, server := configs(t, "")
		limit(client, server)
		c, s := connectPair(dial(t, client, "server.test"), accept(t, server))
		mustHandshake(t, c, s)
		data := make([]byte, 1<<20)
		rand.NewChaCha8([32]byte{}).Read(data)
		for _, tc := range []struct{ size, piece, buffer int }{
			{500, 1, 1}, {500, 1, 16384}, {1 << 20, 64 << 10, 16384}, {1 << 20, 1 << 20, 64 << 10}, {200_000, 70_001, 1000},
		} {
			transfer(t, c, s, data[:tc.size], tc.piece, tc.buffer)
			transfer(t, s, c, data[:tc.size], tc.piece, tc.buffer)
		}

		before := c.outputs
		if n, step, _ := c.do(drive.Write, data); step != drive.Done || n != 64<<10 || c.outputs != before+1 {
			t.Errorf("one write took %d bytes in %d outputs", n, c.outputs-before)
		}
		if n, step, _ := c.do(drive.Write, nil); step != drive.Done || n != 0 || c.outputs != before+1 {
			t.Error("an empty write had an effect")
		}
		if n, step, _ := s.do(drive.Read, nil); step != drive.Done || n != 0 {
			t.Error("an empty read failed")
		}
	})
}

// The implicit handshake of tls_read and tls_write.
func TestImplicitHandshake(t *testing.T) {
	eachVersion(t, func(t *testing.T, limit func(...*Config)) {
		client, server := configs(t, "")
		limit(client, server)
		c, s := connectPair(dial(t, client, "server.test"), accept(t, server))
		buf := make([]byte, 100)
		var n int
		var done bool
		for i := 0; i < 10 && !done; i++ {
			c.do(drive.Write, []byte("hello"))
			n, _, done = s.do(drive.Read, buf)
		}
		if string(buf[:n]) != "hello" || !c.HandshakeDone() || !s.HandshakeDone() {
			t.Fatalf("read %q", buf[:n])
		}
		if _, step, _ := c.do(drive.Handshake, nil); step != drive.Failed || c.Err().Text != "handshake already completed" {
			t.Errorf("second handshake: %v", c.Err())
		}
		transfer(t, c, s, []byte("still alive"), 3, 3)
	})
}

func TestClose(t *testing.T) {
	eachVersion(t, func(t *testing.T, limit func(...*Config)) {
		client, server := configs(t, "")
		limit(client, server)
		c, s := connectPair(dial(t, client, "server.test"), accept(t, server))
		if _, step, _ := c.do(drive.Close, nil); step != drive.Done || len(s.in) != 0 {
			t.Fatal("close before the handshake sent something")
		}
		c, s = connectPair(dial(t, client, "server.test"), accept(t, server))
		mustHandshake(t, c, s)
		buf := make([]byte, 100)
		before := c.outputs
		for range 2 {
			if _, step, _ := c.do(drive.Close, nil); step != drive.Done {
				t.Fatal(c.Err())
			}
		}
		if c.outputs != before+1 {
			t.Errorf("close wrote %d times", c.outputs-before)
		}
		for range 2 {
			if n, step, done := s.do(drive.Read, buf); n != 0 || step != drive.Done || !done || !s.PeerClosed() {
				t.Fatalf("read %d, %v after close_notify", n, s.Err())
			}
		}
		transfer(t, s, c, []byte("half closed"), 100, 100)
		if _, step, _ := c.do(drive.Write, buf); step != drive.Failed || c.Err().Text != "write failed: protocol is shutdown" {
			t.Errorf("write after close: %v", c.Err())
		}
		s.do(drive.Close, nil)
		if n, step, done := c.do(drive.Read, buf); n != 0 || step != drive.Done || !done || !c.PeerClosed() {
			t.Error("no end of data")
		}
	})
}

func TestTruncation(t *testing.T) {
	eachVersion(t, func(t *testing.T, limit func(...*Config)) {
		client, server := configs(t, "")
		limit(client, server)
		c, s := connectPair(dial(t, client, "server.test"), accept(t, server))
		c.do(drive.Handshake, nil)
		s.eof, s.in = true, s.in[:len(s.in)-1]
		for range 2 {
			if _, step, _ := s.do(drive.Handshake, nil); step != drive.Failed || s.Err().Text != "handshake failed: unexpected EOF" {
				t.Fatalf("handshake: %v", s.Err())
			}
		}

		c, s = connectPair(dial(t, client, "server.test"), accept(t, server))
		mustHandshake(t, c, s)
		s.eof = true
		for range 2 {
			if n, step, done := s.do(drive.Read, make([]byte, 10)); n != 0 || step != drive.Done || !done || s.PeerClosed() {
				t.Fatalf("read: %v", s.Err())
			}
		}
	})
}

func TestDamage(t *testing.T) {
	eachVersion(t, func(t *testing.T, limit func(...*Config)) {
		client, server := configs(t, "")
		limit(client, server)
		c, s := connectPair(dial(t, client, "server.test"), accept(t, server))
		mustHandshake(t, c, s)
		c.do(drive.Write, []byte("hello"))
		s.in[len(s.in)-1] ^= 1
		const text = "read failed: decryption failed or bad record mac"
		for range 2 {
			if _, step, _ := s.do(drive.Read, make([]byte, 10)); step != drive.Failed || s.Err().Text != text {
				t.Fatalf("read: %v", s.Err())
			}
		}
		if _, step, _ := s.do(drive.Write, []byte("x")); step != drive.Failed || s.Err().Text != text {
			t.Errorf("write: %v", s.Err())
		}
		if _, step, _ := s.do(drive.Close, nil); step != drive.Done {
			t.Errorf("close: %v", s.Err())
		}
		if _, step, _ := c.do(drive.Read, make([]byte, 10)); step != drive.Failed || c.Err().Text != "read failed: sslv3 alert bad record mac" {
			t.Errorf("peer's read: %v", c.Err())
		}
	})
}

// Failures of verification, with what each end says.
func TestVerification(t *testing.T) {
	eachVersion(t, func(t *testing.T, limit func(...*Config)) {
		ca := newAuthority(t, "root")
		good := ca.issue(t, "", "server.test")
		expired := ca.issue(t, "", "server.test", func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })
		future := ca.issue(t, "", "server.test", func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Minute) })
		foreign := newAuthority(t, "other").issue(t, "", "server.test")
		address := ca.issue(t, "", "192.0.2.1")
		commonName := ca.issue(t, "", "server.test", func(c *x509.Certificate) { c.DNSNames = nil })
		for _, tc := range []struct {
			name           string
			server         pair
			host           string
			edit           func(*Config)
			client, listen string // errors
		}{
			{"good", good, "server.test", nil, "", ""},
			{"trailing dot", good, "server.test.", nil, "", ""},
			{"wrong name", good, "other.test", nil, "name `other.test' not present in server certificate", ""},
			{"name off", good, "other.test", (*Config).InsecureNoVerifyName, "", ""},
			{"cert off, name on", foreign, "other.test", (*Config).InsecureNoVerifyCert, "name `other.test' not present in server certificate", ""},
			{"cert off", foreign, "server.test", (*Config).InsecureNoVerifyCert, "", ""},
			{"expired", expired, "server.test", nil, "certificate verification failed: certificate has expired",
				"handshake failed: sslv3 alert certificate expired"},
			{"time off", expired, "server.test", (*Config).InsecureNoVerifyTime, "", ""},
			{"not yet valid", future, "server.test", nil, "certificate verification failed: certificate is not yet valid",
				"handshake failed: sslv3 alert bad certificate"},
			{"untrusted", foreign, "server.test", nil, "certificate verification failed: unable to get local issuer certificate",
				"handshake failed: tlsv1 alert unknown ca"},
			{"IP address", address, "192.0.2.1", nil, "", ""},
			{"wrong IP address", address, "192.0.2.2", nil, "name `192.0.2.2' not present in server certificate", ""},
			{"common name", commonName, "server.test", nil, "", ""},
			{"leaf of another CA as anchor", foreign, "server.test", func(c *Config) { c.SetCAMem(foreign.cert) },
				"certificate verification failed: unable to get local issuer certificate", "handshake failed: tlsv1 alert unknown ca"},
			{"missing CRL", good, "server.test", func(c *Config) { c.SetCRLMem([]byte("junk")) },
				"certificate verification failed: unable to get certificate CRL", "handshake failed: tlsv1 alert unknown ca"},
			{"missing CA directory", good, "server.test", func(c *Config) { c.SetCAMem(nil); c.SetCAPath("/nonexistent") },
				"certificate verification failed: unable to get local issuer certificate", "handshake failed: tlsv1 alert unknown ca"},
			{"stapling required", good, "server.test", (*Config).OCSPRequireStapling, "no stapled OCSP response provided",
				"handshake failed: tlsv1 bad certificate status response"},
		} {
			t.Run(tc.name, func(t *testing.T) {
				client, server := NewConfig(), NewConfig()
				limit(client, server)
				client.SetCAMem(ca.pem())
				if tc.edit != nil {
					tc.edit(client)
				}
				server.SetKeypairMem(tc.server.cert, tc.server.key)
				c, s := connectPair(dial(t, client, tc.host), accept(t, server))
				ce, se := handshake(c, s)
				if ce != tc.client || se != tc.listen {
					t.Fatalf("client %q, server %q", ce, se)
				}
				if tc.client == "" {
					transfer(t, s, c, []byte("x"), 1, 1)
					return
				}
				if _, step, _ := c.do(drive.Read, make([]byte, 1)); step != drive.Failed || c.Err().Text != tc.client {
					t.Errorf("not sticky: %v", c.Err())
				}
				if c.HandshakeDone() || c.ConnVersion() != "" || c.PeerCertProvided() {
					t.Error("connection information after a failure")
				}
				// The end of a connection to the wrong server is a clean one.
				if _, step, _ := c.do(drive.Close, nil); step != drive.Done {
					t.Error(c.Err())
				}
				if _, step, _ := s.do(drive.Read, make([]byte, 1)); tc.listen == "" && (step != drive.Done || !s.PeerClosed()) {
					t.Errorf("server: %v", s.Err())
				}
			})
		}
	})
}

func TestNoProtocols(t *testing.T) {
	hybrid := "X25519MLKEM768" // is TLS 1.3's
	for _, set := range []func(*Config) error{
		func(c *Config) error { c.SetProtocols(ProtocolTLS10); return nil },
		func(c *Config) error { c.SetProtocols(ProtocolTLS12); return c.SetECDHECurves(&hybrid) },
	} {
		client, server := configs(t, "")
		if err := set(client); err != nil {
			t.Fatal(err)
		}
		c, s := connectPair(dial(t, client, "server.test"), accept(t, server))
		if _, step, _ := c.do(drive.Handshake, nil); step != drive.Failed || c.Err().Text != "handshake failed: no protocols available" || len(s.in) != 0 {
			t.Errorf("client: %v", c.Err())
		}
	}
	client, server := configs(t, "")
	client.SetProtocols(ProtocolTLS13)
	server.SetProtocols(0)
	c, s := connectPair(dial(t, client, "server.test"), accept(t, server))
	if _, step, _ := s.do(drive.Handshake, nil); step != drive.Failed || s.Err().Text != "handshake failed: no protocols available" || len(c.in) != 0 {
		t.Errorf("server: %v", s.Err())
	}
}

func TestALPN(t *testing.T) {
	eachVersion(t, func(t *testing.T, limit func(...*Config)) {
		for _, tc := range []struct{ client, server, want, failure string }{
			{"http/2,http/1.1", "http/1.1", "http/1.1", ""},
			{"http/1.1,http/2", "http/2,http/1.1", "http/2", ""},
			{"h2", "http/1.1", "", "handshake failed: tlsv1 alert no application protocol"},
			{"h2", "", "", ""},
			{"", "h2", "", ""},
		} {
			client, server := configs(t, "")
			limit(client, server)
			if tc.client != "" {
				client.SetALPN(tc.client)
			}
			if tc.server != "" {
				server.SetALPN(tc.server)
			}
			c, s := connectPair(dial(t, client, "server.test"), accept(t, server))
			ce, _ := handshake(c, s)
			got, ok := c.ConnALPNSelected()
			if ce != tc.failure || got != tc.want || ok != (tc.want != "") {
				t.Errorf("%q and %q: %q, %q", tc.client, tc.server, got, ce)
			}
			if other, _ := s.ConnALPNSelected(); other != got {
				t.Errorf("server: %q", other)
			}
		}
	})
}

func TestSNI(t *testing.T) {
	ca := newAuthority(t, "root")
	server := NewConfig()
	main := ca.issue(t, "", "main.test")
	server.SetKeypairMem(main.cert, main.key)
	for _, name := range []string{"*.w.test", "b.test", "main.test"} {
		p := ca.issue(t, "", name, func(c *x509.Certificate) { c.Subject.CommonName = "added " + name })
		server.AddKeypairMem(p.cert, p.key)
	}
	client := NewConfig()
	client.SetCAMem(ca.pem())
	client.InsecureNoVerifyName()
	for host, subject := range map[string]string{
		"a.w.test":  "/CN=added *.w.test",
		"B.test":    "/CN=added b.test",
		"main.test": "/CN=added main.test",
		"w.test":    "/CN=main.test",
		"192.0.2.1": "/CN=main.test",
	} {
		c, s := connectPair(dial(t, client, host), accept(t, server))
		mustHandshake(t, c, s)
		if got := c.PeerCertSubject(); got != subject {
			t.Errorf("%s: %s", host, got)
		}
		name, ok := s.ConnServername()
		if isIP := net.ParseIP(host) != nil; ok == isIP || ok && name != host {
			t.Errorf("server saw %q", name)
		}
	}
}

// A name that can't be compared with an added certificate ends the handshake.
func TestSNIError(t *testing.T) {
	ca := newAuthority(t, "root")
	client, server := configs(t, "")
	bad := ca.issue(t, "", "x", func(c *x509.Certificate) { c.DNSNames = []string{" "} })
	if err := server.AddKeypairMem(bad.cert, bad.key); err != nil {
		t.Fatal(err)
	}
	c, s := connectPair(dial(t, client, "server.test"), accept(t, server))
	ce, se := handshake(c, s)
	if ce != "handshake failed: tlsv1 alert internal error" ||
		se != "error verifying name 'server.test': a dNSName of \" \" must not be used" {
		t.Errorf("client %q, server %q", ce, se)
	}
}

func TestClientCertificate(t *testing.T) {
	ca, other := newAuthority(t, "root"), newAuthority(t, "other")
	sp := ca.issue(t, "", "server.test")
	good, foreign := ca.issue(t, "", "client.test"), other.issue(t, "", "client.test")
	for _, tc := range []struct {
		name    string
		mode    func(*Config)
		client  pair
		want    string // of the server
		subject string
	}{
		{"not asked", func(*Config) {}, good, "", ""},
		{"required", (*Config).VerifyClient, good, "", "/CN=client.test"},
		{"optional", (*Config).VerifyClientOptional, good, "", "/CN=client.test"},
		{"optional, none", (*Config).VerifyClientOptional, pair{}, "", ""},
		{"required, none", (*Config).VerifyClient, pair{}, "handshake failed: peer did not return a certificate", ""},
		{"required, foreign", (*Config).VerifyClient, foreign, "certificate verification failed: unable to get local issuer certificate", ""},
		{"optional, foreign", (*Config).VerifyClientOptional, foreign, "certificate verification failed: unable to get local issuer certificate", ""},
		{"unverified", func(c *Config) { c.VerifyClient(); c.InsecureNoVerifyCert() }, foreign, "", "/CN=client.test"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			client, server := NewConfig(), NewConfig()
			client.SetCAMem(ca.pem())
			server.SetCAMem(ca.pem())
			server.SetKeypairMem(sp.cert, sp.key)
			tc.mode(server)
			client.SetKeypairMem(tc.client.cert, tc.client.key)
			c, s := connectPair(dial(t, client, "server.test"), accept(t, server))
			ce, se := handshake(c, s)
			if ce != "" || se != tc.want || s.PeerCertSubject() != tc.subject {
				t.Fatalf("client %q, server %q, subject %q", ce, se, s.PeerCertSubject())
			}
			if se != "" {
				// The client's handshake is over before the server judges.
				if _, step, _ := c.do(drive.Read, make([]byte, 1)); step != drive.Failed || !strings.Contains(c.Err().Text, "alert") {
					t.Errorf("client's read: %v", c.Err())
				}
			}
		})
	}
}

// In TLS 1.2 the client learns within its handshake what the server thinks.
func TestClientCertificate12(t *testing.T) {
	ca, other := newAuthority(t, "root"), newAuthority(t, "other")
	sp, good, foreign := ca.issue(t, "", "server.test"), ca.issue(t, "", "client.test"), other.issue(t, "", "client.test")
	for _, tc := range []struct {
		name             string
		client           pair
		wantC, wantS, is string
	}{
		{"good", good, "", "", "/CN=client.test"},
		{"none", pair{}, "handshake failed: sslv3 alert handshake failure", "handshake failed: peer did not return a certificate", ""},
		{"foreign", foreign, "handshake failed: tlsv1 alert unknown ca",
			"certificate verification failed: unable to get local issuer certificate", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			client, server := NewConfig(), NewConfig()
			server.SetProtocols(ProtocolTLS12)
			client.SetCAMem(ca.pem())
			server.SetCAMem(ca.pem())
			server.SetKeypairMem(sp.cert, sp.key)
			server.VerifyClient()
			client.SetKeypairMem(tc.client.cert, tc.client.key)
			c, s := connectPair(dial(t, client, "server.test"), accept(t, server))
			ce, se := handshake(c, s)
			if ce != tc.wantC || se != tc.wantS || s.PeerCertSubject() != tc.is {
				t.Errorf("client %q, server %q, subject %q", ce, se, s.PeerCertSubject())
			}
			if ce == "" && (c.ConnVersion() != "TLSv1.2" || !strings.HasPrefix(c.ConnCipher(), "ECDHE-ECDSA-")) {
				t.Errorf("%s, %s", c.ConnVersion(), c.ConnCipher())
			}
		})
	}
}

// Each suite by its name, in the version it belongs to.
func TestSuites(t *testing.T) {
	for _, su := range suite.All {
		kind := ""
		if su.Auth == suite.KeyRSA {
			kind = "rsa"
		}
		client, server := configs(t, kind)
		name := su.OpenSSLName
		if su.Version == suite.TLS12 {
			client.SetProtocols(ProtocolTLS12)
		}
		for _, c := range []*Config{client, server} {
			if err := c.SetCiphers(&name); err != nil {
				t.Fatal(err)
			}
		}
		c, s := connectPair(dial(t, client, "server.test"), accept(t, server))
		mustHandshake(t, c, s)
		if c.ConnCipher() != name || s.ConnCipher() != name {
			t.Errorf("%s instead of %s", c.ConnCipher(), name)
		}
		transfer(t, c, s, make([]byte, 40000), 40000, 20000)
		transfer(t, s, c, make([]byte, 40000), 3000, 20000)
	}
}

// Whose order of suites counts.
func TestPreference(t *testing.T) {
	for _, preferClient := range []bool{false, true} {
		client, server := configs(t, "")
		client.SetCiphers(new("TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256"))
		server.SetCiphers(new("TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256"))
		want := "TLS_CHACHA20_POLY1305_SHA256"
		if preferClient {
			server.PreferCiphersClient()
			want = "TLS_AES_128_GCM_SHA256"
		}
		c, s := connectPair(dial(t, client, "server.test"), accept(t, server))
		mustHandshake(t, c, s)
		if c.ConnCipher() != want {
			t.Errorf("preference of the client %v: %s", preferClient, c.ConnCipher())
		}
	}
}

// Curves in the configured order.
func TestCurves(t *testing.T) {
	for _, curves := range []string{"P-384:X25519", "X25519", "P-521", "X25519MLKEM768"} {
		client, server := configs(t, "")
		client.SetECDHECurves(&curves)
		server.SetECDHECurves(new("P-384,P-521,X25519,X25519MLKEM768"))
		c, s := connectPair(dial(t, client, "server.test"), accept(t, server))
		mustHandshake(t, c, s)
		if want, _, _ := strings.Cut(curves, ":"); c.ConnGroup() != want || s.ConnGroup() != want {
			t.Errorf("%s instead of %s", c.ConnGroup(), want)
		}
	}
}

// What may change in a configuration that a server uses, and what may not.
func TestLiveConfig(t *testing.T) {
	client, config := configs(t, "")
	client.SetALPN("a,b")
	config.SetALPN("a")
	server := NewServer()
	if err := server.Configure(config); err != nil {
		t.Fatal(err)
	}
	config.SetALPN("b")
	config.SetCiphers(new("TLS_AES_128_GCM_SHA256"))
	config.SetProtocols(ProtocolTLS12)
	config.VerifyClient()
	config.ClearKeys()
	conn := server.Listener().Accept()
	c, s := connectPair(dial(t, client, "server.test"), conn)
	mustHandshake(t, c, s)
	if alpn, _ := c.ConnALPNSelected(); alpn != "b" || c.ConnVersion() != "TLSv1.3" || c.ConnCipher() == "TLS_AES_128_GCM_SHA256" {
		t.Errorf("%q, %s, %s", alpn, c.ConnVersion(), c.ConnCipher())
	}
}

// A list that is refused leaves none, so a server has no protocol to insist on.
func TestRefusedLiveALPN(t *testing.T) {
	client, server := configs(t, "")
	server.SetALPN("h2")
	client.SetALPN("http/1.1")
	conn := accept(t, server)
	if server.SetALPN("") == nil {
		t.Fatal("an empty name is taken")
	}
	c, s := connectPair(dial(t, client, "server.test"), conn)
	mustHandshake(t, c, s)
	if alpn, ok := c.ConnALPNSelected(); ok {
		t.Errorf("%q", alpn)
	}
}

// A connection that is made again starts from nothing.
func TestReconnect(t *testing.T) {
	client, server := configs(t, "")
	c, s := connectPair(dial(t, client, "server.test"), accept(t, server))
	mustHandshake(t, c, s)
	if err := c.Connect("other.test", true, ""); err != nil {
		t.Fatal(err)
	}
	if c.HandshakeDone() || c.ConnVersion() != "" || c.PeerCertProvided() {
		t.Error("something is left of the first connection")
	}
	c, s = connectPair(c.Context, accept(t, server))
	if ce, _ := handshake(c, s); ce != "name `other.test' not present in server certificate" {
		t.Errorf("client %q", ce)
	}
}

// sessionFD returns the descriptor of a fresh session file.
func sessionFD(t testing.TB) (fd int, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "session")
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return int(f.Fd()), path
}

// drain reads what comes without data: tickets.
func drain(t testing.TB, e *end) {
	t.Helper()
	if n, step, _ := e.do(drive.Read, make([]byte, 100)); step == drive.Failed || n != 0 {
		t.Fatalf("read %d, %v", n, e.Err())
	}
}

// session makes one connection and returns whether it was resumed and how many
// sessions the file holds while it is open and after it.
func session(t testing.TB, client, server *Config, path string) (resumed bool, left, after int) {
	t.Helper()
	count := func() int {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return len(libtls.ParseSessionsPEM(data))
	}
	c, s := connectPair(dial(t, client, "server.test"), accept(t, server))
	mustHandshake(t, c, s)
	left = count()
	resumed = c.ConnSessionResumed()
	if s.ConnSessionResumed() != resumed {
		t.Error("the ends disagree about resumption")
	}
	if c.PeerCertSubject() != "/CN=server.test" || len(c.PeerCertChainPEM()) == 0 {
		t.Errorf("peer %q", c.PeerCertSubject())
	}
	outputs := s.outputs
	s.do(drive.Write, []byte("data"))
	if s.outputs != outputs+1 {
		t.Error("tickets were not sent with the first data")
	}
	buf := make([]byte, 100)
	if n, _, _ := c.do(drive.Read, buf); string(buf[:n]) != "data" {
		t.Errorf("read %q", buf[:n])
	}
	s.do(drive.Close, nil)
	drain(t, c)
	return resumed, left, count()
}

func TestResumption(t *testing.T) {
	client, server := configs(t, "")
	server.SetSessionLifetime(3600)
	fd, path := sessionFD(t)
	if err := client.SetSessionFD(fd); err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct {
		resumed     bool
		left, after int
	}{{false, 0, 2}, {true, 1, 2}, {true, 1, 2}, {true, 1, 2}} {
		resumed, left, after := session(t, client, server, path)
		if resumed != want.resumed || left != want.left || after != want.after {
			t.Fatalf("connection %d: resumed %v, %d sessions while open, %d after", i, resumed, left, after)
		}
	}
}

// A TLS 1.2 ticket serves many connections, and is replaced when a newer key
// has come.
func TestResumption12(t *testing.T) {
	client, server := configs(t, "")
	client.SetProtocols(ProtocolTLS12)
	server.SetSessionLifetime(3600)
	server.AddTicketKey(1, make([]byte, 48))
	fd, path := sessionFD(t)
	client.SetSessionFD(fd)
	ticket := func() []byte {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		sessions := libtls.ParseSessionsPEM(data)
		if len(sessions) != 1 {
			t.Fatalf("%d sessions", len(sessions))
		}
		return sessions[0].Ticket
	}
	connect := func(want bool) []byte {
		if resumed, left, after := session(t, client, server, path); resumed != want || left != 1 || after != 1 {
			t.Fatalf("resumed %v, %d sessions while open, %d after", resumed, left, after)
		}
		return ticket()
	}
	first := connect(false)
	if second := connect(true); !bytes.Equal(first, second) {
		t.Error("a ticket under the newest key was replaced")
	}
	server.AddTicketKey(2, make([]byte, 48))
	renewed := connect(true)
	if bytes.Equal(first, renewed) {
		t.Error("a ticket under an old key was not replaced")
	}
	if again := connect(true); !bytes.Equal(renewed, again) {
		t.Error("the new ticket was replaced")
	}
}

// No ticket can be sealed when all keys have aged out; the handshake goes on.
func TestNoTicketKey(t *testing.T) {
	eachVersion(t, func(t *testing.T, limit func(...*Config)) {
		client, server := configs(t, "")
		limit(client, server)
		server.SetSessionLifetime(3600)
		server.tickets.Add(1, make([]byte, 48), time.Now().Add(-2*time.Hour))
		fd, path := sessionFD(t)
		client.SetSessionFD(fd)
		if resumed, _, after := session(t, client, server, path); resumed || after != 0 {
			t.Errorf("resumed %v, %d sessions", resumed, after)
		}
	})
}

// Tickets of a server that never writes come before its close_notify.
func TestTicketsAtClose(t *testing.T) {
	client, server := configs(t, "")
	server.SetSessionLifetime(3600)
	fd, path := sessionFD(t)
	client.SetSessionFD(fd)
	c, s := connectPair(dial(t, client, "server.test"), accept(t, server))
	mustHandshake(t, c, s)
	drain(t, c)
	s.do(drive.Close, nil)
	drain(t, c)
	data, _ := os.ReadFile(path)
	if n := len(libtls.ParseSessionsPEM(data)); n != 2 || !c.PeerClosed() {
		t.Errorf("%d sessions", n)
	}
}

// What keeps a session from being resumed, on either side.
func TestNoResumption(t *testing.T) {
	eachVersion(t, func(t *testing.T, limit func(...*Config)) {
		stranger := newAuthority(t, "stranger")
		for name, change := range map[string]func(client, server *Config){
			"lifetime 0":        func(_, s *Config) { s.SetSessionLifetime(0) },
			"other session id":  func(_, s *Config) { s.SetSessionID([]byte("other")) },
			"other ticket keys": func(_, s *Config) { s.AddTicketKey(9, make([]byte, 48)); s.tickets = libtls.NewTicketKeys() },
			"other CA":          func(c, _ *Config) { c.SetCAMem(stranger.pem()) },
			"other protocol":    func(c, _ *Config) { c.SetCiphers(new("TLS_CHACHA20_POLY1305_SHA256")) },
			"required staple":   func(c, _ *Config) { c.OCSPRequireStapling() },
			"required client certificate": func(_, s *Config) {
				s.InsecureNoVerifyCert()
				s.VerifyClient()
			},
		} {
			t.Run(name, func(t *testing.T) {
				client, server := configs(t, "")
				limit(client, server)
				server.SetSessionLifetime(3600)
				fd, path := sessionFD(t)
				client.SetSessionFD(fd)
				session(t, client, server, path)
				change(client, server)
				c, s := connectPair(dial(t, client, "server.test"), accept(t, server))
				handshake(c, s)
				if s.Engine.Info().Resumed || c.ConnSessionResumed() || s.ConnSessionResumed() {
					t.Error("resumed")
				}
			})
		}
	})
}

// A TLS 1.2 session of a connection that failed is not offered again, be it in
// the handshake or later (RFC 5246, section 7.2.2).
func TestFailedResumption(t *testing.T) {
	for name, fail := range map[string]func(t *testing.T, c, s *end){
		"in the handshake": func(t *testing.T, c, s *end) {
			c.do(drive.Handshake, nil) // the hello is out
			c.in = []byte{21, 3, 3, 0, 2, 2, 40}
			if _, step, _ := c.do(drive.Handshake, nil); step != drive.Failed {
				t.Errorf("step %v", step)
			}
		},
		"later": func(t *testing.T, c, s *end) {
			mustHandshake(t, c, s)
			if !c.ConnSessionResumed() {
				t.Error("not resumed")
			}
			c.in = append(c.in, 23, 3, 3, 0, 32)
			c.in = append(c.in, make([]byte, 32)...)
			if _, step, _ := c.do(drive.Read, make([]byte, 10)); step != drive.Failed {
				t.Errorf("step %v", step)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			client, server := configs(t, "")
			client.SetProtocols(ProtocolTLS12)
			server.SetSessionLifetime(3600)
			fd, path := sessionFD(t)
			client.SetSessionFD(fd)
			if _, _, after := session(t, client, server, path); after != 1 {
				t.Fatalf("%d sessions", after)
			}
			c, s := connectPair(dial(t, client, "server.test"), accept(t, server))
			fail(t, c, s)
			if data, _ := os.ReadFile(path); len(libtls.ParseSessionsPEM(data)) != 0 {
				t.Error("the session is still there")
			}
		})
	}
}

// Nor is one that came in the connection which fails.
func TestFailureAfterTicket(t *testing.T) {
	client, server := configs(t, "")
	client.SetProtocols(ProtocolTLS12)
	server.SetSessionLifetime(3600)
	fd, path := sessionFD(t)
	client.SetSessionFD(fd)
	ctx := NewClient()
	ctx.Configure(client)
	if err := ctx.Connect("server.test", true, libtls.PortService(443)); err != nil {
		t.Fatal(err)
	}
	c, s := connectPair(ctx, accept(t, server))
	mustHandshake(t, c, s)
	if n := len(inFile(t, path)); n != 1 {
		t.Fatalf("%d sessions", n)
	}
	c.in = append(c.in, 23, 3, 3, 0, 32)
	c.in = append(c.in, make([]byte, 32)...)
	if _, step, _ := c.do(drive.Read, make([]byte, 10)); step != drive.Failed {
		t.Errorf("step %v", step)
	}
	if n := len(inFile(t, path)); n != 0 {
		t.Errorf("%d sessions are left", n)
	}
}

// A session file that isn't open for writing costs the sessions, not the
// connection.
func TestReadOnlySessionFile(t *testing.T) {
	eachVersion(t, func(t *testing.T, limit func(...*Config)) {
		client, server := configs(t, "")
		limit(client, server)
		server.SetSessionLifetime(3600)
		_, path := sessionFD(t)
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := client.SetSessionFD(int(f.Fd())); err != nil {
			t.Fatal(err)
		}
		c, s := connectPair(dial(t, client, "server.test"), accept(t, server))
		ce, se := handshake(c, s)
		if ce != "" || se != "" {
			t.Errorf("client %q, server %q", ce, se)
		}
		s.eof = false
		transfer(t, s, c, []byte("data"), 4, 4)
		transfer(t, c, s, []byte("data"), 4, 4)
	})
}

// Several threads accept from one listener while its configuration gets new
// ticket keys and staples.
func TestConcurrentAccept(t *testing.T) {
	client, config := configs(t, "")
	config.SetSessionLifetime(3600)
	server := NewServer()
	if err := server.Configure(config); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 5 {
				conn := server.Listener().Accept()
				c, s := connectPair(dial(t, client, "server.test"), conn)
				if ce, se := handshake(c, s); ce != "" || se != "" {
					t.Errorf("client %q, server %q", ce, se)
				}
				s.do(drive.Close, nil)
				c.Free()
				s.Free()
			}
		})
	}
	for i := range 20 {
		config.AddTicketKey(uint32(i), make([]byte, 48))
		config.SetOCSPStapleMem(nil)
		config.SetALPN("a")
	}
	group.Wait()
}

// A session belongs to the name it was made for.
func TestSessionOfOtherName(t *testing.T) {
	eachVersion(t, func(t *testing.T, limit func(...*Config)) {
		ca := newAuthority(t, "root")
		p := ca.issue(t, "", "server.test", func(c *x509.Certificate) { c.DNSNames = append(c.DNSNames, "alias.test") })
		client, server := NewConfig(), NewConfig()
		limit(client, server)
		client.SetCAMem(ca.pem())
		server.SetKeypairMem(p.cert, p.key)
		server.SetSessionLifetime(3600)
		fd, path := sessionFD(t)
		client.SetSessionFD(fd)
		session(t, client, server, path)
		for name, want := range map[string]bool{"alias.test": false, "SERVER.test": true} {
			c, s := connectPair(dial(t, client, name), accept(t, server))
			mustHandshake(t, c, s)
			if c.ConnSessionResumed() != want {
				t.Errorf("%s: resumed %v", name, !want)
			}
		}
	})
}

// A resumed session keeps the client's certificate.
func TestResumedClientCertificate(t *testing.T) {
	eachVersion(t, func(t *testing.T, limit func(...*Config)) {
		ca := newAuthority(t, "root")
		sp, cp := ca.issue(t, "", "server.test"), ca.issue(t, "", "client.test")
		client, server := NewConfig(), NewConfig()
		limit(client, server)
		client.SetCAMem(ca.pem())
		client.SetKeypairMem(cp.cert, cp.key)
		server.SetCAMem(ca.pem())
		server.SetKeypairMem(sp.cert, sp.key)
		server.VerifyClient()
		server.SetSessionLifetime(3600)
		fd, path := sessionFD(t)
		client.SetSessionFD(fd)
		session(t, client, server, path)
		c, s := connectPair(dial(t, client, "server.test"), accept(t, server))
		mustHandshake(t, c, s)
		if !s.ConnSessionResumed() || s.PeerCertSubject() != "/CN=client.test" {
			t.Errorf("resumed %v, client %q", s.ConnSessionResumed(), s.PeerCertSubject())
		}
	})
}

// A certificate that nobody verified must not pass for one that was.
func TestUnverifiedClientCertificate(t *testing.T) {
	ca, other := newAuthority(t, "root"), newAuthority(t, "other")
	sp, cp := ca.issue(t, "", "server.test"), other.issue(t, "", "client.test")
	client, lax, strict := NewConfig(), NewConfig(), NewConfig()
	client.SetCAMem(ca.pem())
	client.SetKeypairMem(cp.cert, cp.key)
	for _, server := range []*Config{lax, strict} {
		server.SetCAMem(ca.pem())
		server.SetKeypairMem(sp.cert, sp.key)
		server.VerifyClient()
		server.SetSessionLifetime(3600)
		server.SetSessionID([]byte("shared"))
		server.AddTicketKey(1, make([]byte, 48))
	}
	lax.InsecureNoVerifyCert()
	fd, path := sessionFD(t)
	client.SetSessionFD(fd)
	session(t, client, lax, path)
	c, s := connectPair(dial(t, client, "server.test"), accept(t, lax))
	mustHandshake(t, c, s)
	// Other libraries go by the number in the session.
	if resumed := s.Engine.Info().Session; resumed == nil || resumed.VerifyResult != unverified {
		t.Errorf("resumed %+v", resumed)
	}
	session(t, client, lax, path)
	c, s = connectPair(dial(t, client, "server.test"), accept(t, strict))
	if _, se := handshake(c, s); s.HandshakeDone() || !strings.HasPrefix(se, "certificate verification failed") {
		t.Errorf("server: %q", se)
	}
}

func TestGarbage(t *testing.T) {
	client, server := configs(t, "")
	for _, garbage := range []string{"GET / HTTP/1.0\r\n\r\n", "\x16\x03\x01\x00\x05hello", strings.Repeat("\x00", 100)} {
		s := accept(t, server)
		e := &end{Context: s, peer: new(end), in: []byte(garbage), eof: true}
		if _, step, _ := e.do(drive.Handshake, nil); step != drive.Failed || !strings.HasPrefix(s.Err().Text, "handshake failed: ") {
			t.Errorf("server, %q: %v", garbage, s.Err())
		}
		c := dial(t, client, "server.test")
		e = &end{Context: c, peer: new(end), in: []byte(garbage), eof: true}
		if _, step, _ := e.do(drive.Handshake, nil); step != drive.Failed || !strings.HasPrefix(c.Err().Text, "handshake failed: ") {
			t.Errorf("client, %q: %v", garbage, c.Err())
		}
	}
}
