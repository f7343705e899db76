package tls

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"os"
	"reflect"
	"syscall"
	"testing"
	"time"

	"libtls"
	"libtls/internal/drive"
	"libtls/internal/plain"
	"libtls/internal/suite"
	"libtls/internal/trust"
)

// move has an end go on with a context that is rebuilt before every Step, from
// bytes that are made only when it has changed; it counts how often.
func move(t *testing.T, e *end) (made *int) {
	snapshot := e.config.Marshal()
	if e.role != roleClient {
		snapshot = (&Context{config: e.config, listener: e.listener}).Snapshot()
	}
	var data drive.Encoding
	made = new(int)
	e.before = func() {
		if e.Engine != nil && (data.Changing == nil || e.Changed()) {
			if more, ok := e.Grown(); ok && data.Changing != nil {
				data.Changing = append(data.Changing, more...)
			} else {
				settled := data.Settled
				if data = e.Marshal(); data.Settled == nil {
					data.Settled = settled
					if !bytes.Equal(settled, plain.Encode(func(p *plain.Coder) { e.settledFields(p) })) {
						t.Error("what was settled has changed, and isn't encoded again")
					}
				}
				*made++
			}
		}
		in, out := e.Sequence()
		live := e.config
		live.Retain()
		defer live.Release()
		var next *Context
		var err error
		if e.role == roleClient {
			next, err = RestoreClient(live, snapshot, data, nil, in, out)
		} else {
			var l *Listener
			if l, err = RestoreListener(live, snapshot); err == nil {
				next, err = RestoreConn(live, l, data, in, out)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		e.Free()
		e.Context = next
	}
	return made
}

func movedPair(t *testing.T, client, server *Context) (c, s *end) {
	c, s = connectPair(client, server)
	move(t, c)
	move(t, s)
	return c, s
}

func TestRestore(t *testing.T) {
	eachVersion(t, func(t *testing.T, limit func(...*Config)) {
		client, server := configs(t, "p256")
		limit(client, server)
		ca := newAuthority(t, "clients")
		p := ca.issue(t, "rsa", "client.test")
		if err := client.SetKeypairMem(p.cert, p.key); err != nil {
			t.Fatal(err)
		}
		server.SetCAMem(ca.pem())
		server.VerifyClient()
		client.SetALPN("h2")
		server.SetALPN("http/1.1,h2")
		c, s := movedPair(t, dial(t, client, "server.test"), accept(t, server))
		mustHandshake(t, c, s)
		data := bytes.Repeat([]byte("0123456789"), 10000)
		transfer(t, c, s, data, 30000, 5000)
		transfer(t, s, c, data, 30000, 5000)
		if !s.PeerCertProvided() || !bytes.Equal(s.PeerCertChainPEM(), p.cert) {
			t.Error("the server has lost its client's certificate")
		}
		if alpn, _ := c.ConnALPNSelected(); alpn != "h2" {
			t.Errorf("ALPN is %q", alpn)
		}
		if name, _ := s.ConnServername(); name != "server.test" {
			t.Errorf("server name is %q", name)
		}
		if _, step, _ := c.do(drive.Close, nil); step != drive.Done {
			t.Fatal(c.Err())
		}
		if n, step, done := s.do(drive.Read, make([]byte, 1)); n != 0 || step != drive.Done || !done || !s.PeerClosed() {
			t.Errorf("close_notify: %d, %v, %v", n, step, done)
		}
	})
}

func TestRestoreResumption(t *testing.T) {
	eachVersion(t, func(t *testing.T, limit func(...*Config)) {
		client, server := configs(t, "p256")
		limit(client, server)
		fd, _ := sessionFD(t)
		if err := client.SetSessionFD(fd); err != nil {
			t.Fatal(err)
		}
		server.SetSessionLifetime(1000)
		for i := range 2 {
			c, s := movedPair(t, dial(t, client, "server.test"), accept(t, server))
			mustHandshake(t, c, s)
			transfer(t, s, c, []byte("text"), 4, 4)
			if got := c.ConnSessionResumed(); got != (i == 1) || s.ConnSessionResumed() != got {
				t.Errorf("connection %d: resumed is %v", i, got)
			}
		}
	})
}

// fragments puts each byte of the plaintext handshake messages in a flight into
// a record of its own.
func fragments(flight []byte) (out []byte) {
	for encrypted := false; len(flight) > 0; {
		n := 5 + int(flight[3])<<8 + int(flight[4])
		if flight[0] == 22 && !encrypted {
			for _, b := range flight[5:n] {
				out = append(out, 22, 3, 3, 0, 1, b)
			}
		} else {
			out = append(out, flight[:n]...)
			encrypted = true
		}
		flight = flight[n:]
	}
	return out
}

// However small the fragments of messages are, a context is encoded as often as
// it has messages.
func TestRestoreFragments(t *testing.T) {
	eachVersion(t, func(t *testing.T, limit func(...*Config)) {
		client, server := configs(t, "p256")
		limit(client, server)
		c, s := connectPair(dial(t, client, "server.test"), accept(t, server))
		madeByClient, madeByServer := move(t, c), move(t, s)
		for range 8 {
			c.in = fragments(c.in)
			c.do(drive.Handshake, nil)
			s.in = fragments(s.in)
			s.do(drive.Handshake, nil)
		}
		if !c.HandshakeDone() || !s.HandshakeDone() {
			t.Fatal(c.Err(), s.Err())
		}
		transfer(t, c, s, []byte("text"), 4, 4)
		transfer(t, s, c, []byte("text"), 4, 4)
		if *madeByClient > 16 || *madeByServer > 16 {
			t.Errorf("encoded %d and %d times", *madeByClient, *madeByServer)
		}
	})
}

// A failure stays one, with its text.
func TestRestoreFailed(t *testing.T) {
	eachVersion(t, func(t *testing.T, limit func(...*Config)) {
		client, server := configs(t, "p256")
		limit(client, server)
		c, s := movedPair(t, dial(t, client, "wrong.test"), accept(t, server))
		first, _ := handshake(c, s)
		if first == "" {
			t.Fatal("no failure")
		}
		if again, _ := handshake(c, s); again != first {
			t.Errorf("%q after %q", again, first)
		}
	})
}

// A response that isn't one changes nothing else.
func TestRestoreLostOCSPURL(t *testing.T) {
	client, server := configs(t, "p256")
	c, s := connectPair(dial(t, client, "server.test"), accept(t, server))
	mustHandshake(t, c, s)
	c.Context.ocsp.url = "http://ocsp.test"
	c.Marshal()
	c.processOCSP([]byte("no response"))
	if _, ok := c.PeerOCSPURL(); ok || !c.Changed() {
		t.Errorf("URL %v, changed %v", ok, c.Changed())
	}
}

// Ticket keys and lifetimes of a rebuilt listener are those of the live
// configuration, all else that of its tls_configure.
func TestRestoreLive(t *testing.T) {
	client, server := configs(t, "p256")
	listener := NewServer()
	server.SetSessionLifetime(1000)
	if err := listener.Configure(server); err != nil {
		t.Fatal(err)
	}
	snapshot := listener.Snapshot()
	server.ClearKeys()
	server.SetSessionLifetime(500)
	l, err := RestoreListener(server, snapshot)
	if err != nil {
		t.Fatal(err)
	}
	c, s := connectPair(dial(t, client, "server.test"), RestoreServer(server, l).Listener().Accept())
	mustHandshake(t, c, s)
	if got := s.config.sessionLifetime(); got != 500*time.Second {
		t.Errorf("session lifetime is %v", got)
	}
}

// The system's trust store is what it was when the server was configured.
func TestRestoreSystemStore(t *testing.T) {
	ca := newAuthority(t, "clients")
	dir := t.TempDir()
	file := dir + "/ca.pem"
	if err := os.WriteFile(file, ca.pem(), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, store := range [][2]string{{file, dir}, {dir + "/none", dir}} {
		_, server := configs(t, "p256")
		server.VerifyClient()
		listener := NewServer()
		listener.SystemStore(store[0], store[1], systemStore(store[0], store[1]))
		if err := listener.Configure(server); err != nil {
			t.Fatal(err)
		}
		l, err := RestoreListener(server, listener.Snapshot())
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(l.rules, listener.listener.rules) {
			t.Error("sessions of verified clients are lost")
		}
		got, want := plain.Encode(l.policy.Anchors.Fields), plain.Encode(listener.listener.policy.Anchors.Fields)
		if !bytes.Equal(got, want) {
			t.Error("another trust store")
		}
	}
}

func TestRestoreUnconnected(t *testing.T) {
	client, err := RestoreClient(nil, Encoding{}, drive.Encoding{}, nil, 0, 0)
	client.SystemStore("", "", &trust.System{Errno: syscall.ENOENT, HasDirs: true})
	if err != nil || client.Connect("server.test", true, "") != nil {
		t.Error(err, client.Err())
	}
	if RestoreServer(nil, nil).Listener() != nil {
		t.Error("a server without configuration has a listener")
	}
}

func TestRestoreDamaged(t *testing.T) {
	client, server := configs(t, "p256")
	c, s := connectPair(dial(t, client, "server.test"), accept(t, server))
	mustHandshake(t, c, s)
	data, snapshot := c.Marshal(), client.Marshal()
	for n := range data.Changing {
		if n > 0 {
			if _, err := RestoreClient(client, snapshot, drive.Encoding{Changing: data.Changing[:n], Settled: data.Settled}, nil, 0, 0); err == nil {
				t.Fatalf("accepted %d of %d bytes", n, len(data.Changing))
			}
		}
	}
	for n := range data.Settled {
		if _, err := RestoreClient(client, snapshot, drive.Encoding{Changing: data.Changing, Settled: data.Settled[:n]}, nil, 0, 0); err == nil {
			t.Fatalf("accepted %d of %d bytes of what was settled", n, len(data.Settled))
		}
	}
}

func TestRestoreListenerDamaged(t *testing.T) {
	_, server := configs(t, "p256")
	listener := NewServer()
	if err := listener.Configure(server); err != nil {
		t.Fatal(err)
	}
	snapshot := listener.Snapshot()
	for n := range snapshot.Settings {
		if _, err := RestoreListener(server, Encoding{Settings: snapshot.Settings[:n]}); err == nil {
			t.Fatalf("accepted %d of %d bytes", n, len(snapshot.Settings))
		}
	}
	config := server.Marshal()
	config.Settings = config.Settings[:len(config.Settings)-1]
	damaged := new(Context).snapshot(config)
	if _, err := RestoreListener(server, damaged); err == nil {
		t.Error("accepted a configuration that misses a byte")
	}
	useless := new(Context).snapshot(NewConfig().Marshal())
	if _, err := RestoreListener(server, useless); text(err) != "private/public key mismatch" {
		t.Errorf("a server without a certificate: %v", err)
	}
}

// A client whose configuration can't be used any more isn't restored.
func TestRestoreClientUselessConfig(t *testing.T) {
	client, server := configs(t, "p256")
	c, s := connectPair(dial(t, client, "server.test"), accept(t, server))
	mustHandshake(t, c, s)
	data := c.Marshal()
	client.SetKeyMem([]byte("no key"))
	if _, err := RestoreClient(client, client.Marshal(), data, nil, 0, 0); text(err) != "failed to read private key" {
		t.Error(err)
	}
}

// Each of a listener's certificates is found again, and no other one.
func TestRestoreCredential(t *testing.T) {
	l := &listener{primary: &indexed{index: primary}, added: []*indexed{{index: 0}, {index: 1}}}
	restored := func(index int) (cred *indexed, err error) {
		from, to := &Context{listener: l}, &Context{listener: l}
		from.cred = &indexed{index: index}
		err = plain.Decode(plain.Encode(func(p *plain.Coder) { credentialField(p, from) }), func(p *plain.Coder) {
			credentialField(p, to)
		})
		return to.cred, err
	}
	for _, want := range append(l.added, l.primary) {
		if got, err := restored(want.index); got != want || err != nil {
			t.Errorf("%d: %+v, %v", want.index, got, err)
		}
	}
	for _, index := range []int{primary - 2, len(l.added)} {
		if _, err := restored(index); err == nil {
			t.Errorf("there is a certificate %d", index)
		}
	}
}

// longChain gives a server a chain of more than 60 KB, of which the peer
// trusts the root.
func longChain(t testing.TB) (client, server *Config) {
	t.Helper()
	client, server = configs(t, "p256")
	chain := server.keypair.cert
	for i := range 12 {
		padding := func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: []int{1, 2, 3, i}, Value: make([]byte, 5000)}}
		}
		chain = append(chain, newAuthority(t, "other").issue(t, "p256", "padding", padding).cert...)
	}
	server.keypair.cert = chain
	return client, server
}

// What a peer can repeat after the handshake has only what is small encoded
// again, and what changes nothing isn't encoded at all.
func TestSettledOnce(t *testing.T) {
	eachVersion(t, func(t *testing.T, limit func(...*Config)) {
		client, server := longChain(t)
		limit(client, server)
		c, s := connectPair(dial(t, client, "server.test"), accept(t, server))
		mustHandshake(t, c, s)
		if e := c.Marshal(); len(e.Settled) < 60000 {
			t.Fatalf("a chain in %d bytes", len(e.Settled))
		}
		if c.Engine.Info().Version == suite.TLS12 {
			return
		}
		for range 3 {
			if err := s.Engine.UpdateKeys(true); err != nil {
				t.Fatal(err)
			}
			transfer(t, s, c, []byte("x"), 1, 1)
			if !c.Changed() {
				t.Fatal("new keys change nothing")
			}
			if e := c.Marshal(); e.Settled != nil || len(e.Changing) > 2048 {
				t.Errorf("encoded again in %d and %d bytes", len(e.Changing), len(e.Settled))
			}
		}
	})
}

// BenchmarkKeyUpdate is what a KeyUpdate and a byte of data cost that a peer
// repeats: to be taken, and to be encoded for children, behind a short chain
// and a long one.
func BenchmarkKeyUpdate(b *testing.B) {
	for _, chain := range []struct {
		name    string
		configs func(testing.TB) (client, server *Config)
	}{
		{"short chain", func(t testing.TB) (client, server *Config) { return configs(t, "p256") }},
		{"long chain", longChain},
	} {
		b.Run(chain.name, func(b *testing.B) {
			client, server := chain.configs(b)
			c, s := connectPair(dial(b, client, "server.test"), accept(b, server))
			mustHandshake(b, c, s)
			c.Marshal()
			size := 0
			for b.Loop() {
				b.StopTimer()
				s.Engine.UpdateKeys(false)
				s.do(drive.Write, []byte("x"))
				size += len(c.in)
				b.StartTimer()
				c.do(drive.Read, make([]byte, 1))
				c.Marshal()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(size), "ns/byte")
		})
	}
}

// An offered session comes to a child whole. Its nonce is a server's, until the ticket is sent.
func TestSessionField(t *testing.T) {
	s := &libtls.Session{
		Version: suite.TLS12, Suite: suite.ECDHEECDSAAES128GCM, ID: []byte{1}, Secret: bytes.Repeat([]byte{2}, 48),
		Created: time.Unix(1e9, 0), FullHandshake: time.Unix(1e9, 0), Timeout: time.Hour, Lifetime: 7200, AgeAdd: 3,
		Ticket: []byte{4}, PeerChain: [][]byte{{0x30, 0}, {0x30, 1, 5}, {6}}, VerifyResult: 7, Context: []byte{8}, Binding: []byte{9},
		ServerName: "server.test", Service: "443", ALPN: "h2", ExtendedMasterSecret: true, Staple: []byte{10},
	}
	for f, v := range reflect.ValueOf(*s).Fields() {
		if v.IsZero() != (f.Name == "Nonce") {
			t.Error(f.Name, "is not set")
		}
	}
	for _, s := range []*libtls.Session{s, nil} {
		var moved *libtls.Session
		data := plain.Encode(func(p *plain.Coder) { sessionField(p, &s) })
		if err := plain.Decode(data, func(p *plain.Coder) { sessionField(p, &moved) }); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(moved, s) {
			t.Errorf("%+v\nis now %+v", s, moved)
		}
	}
}
