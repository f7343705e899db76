package ssl

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"sync"
	"testing"
	"time"

	"libtls/internal/drive"
	"libtls/internal/protocol"
	"libtls/internal/suite"
	"libtls/internal/trust"
)

// files makes a self-signed certificate and its key.
func files(t testing.TB) (cert, key File) {
	t.Helper()
	priv, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"server.test"}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, priv.Public(), priv)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(priv)
	if err != nil {
		t.Fatal(err)
	}
	encode := func(label string, der []byte) File {
		return File{Data: pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der})}
	}
	return encode("CERTIFICATE", der), encode("PRIVATE KEY", keyDER)
}

// contexts returns contexts of both roles that trust each other.
func contexts(t testing.TB) (client, server *Context) {
	t.Helper()
	cert, key := files(t)
	for _, ctx := range []**Context{&client, &server} {
		c, err := NewContext(newMemory())
		if err != nil {
			t.Fatal(err)
		}
		if c.UseCertificateFile(cert, filePEM, true) != nil || c.UsePrivateKeyFile(key, filePEM) != nil ||
			c.CheckPrivateKey() != nil || c.LoadVerifyLocations(cert, "") != nil {
			t.Fatal("the certificate isn't taken")
		}
		*ctx = c
	}
	client.Set(VerifyMode, verifyPeer)
	client.Set(PostHandshakeAuth, 1)
	client.Set(CacheMode, cacheClient|cacheNoInternalStore)
	if err := server.Change(func(s *Settings) *Error { return s.SetSessionIDContext([]byte("test")) }); err != nil {
		t.Fatal(err)
	}
	return client, server
}

// pair is two connections and what each has sent and the other not yet read.
type pair struct {
	client, server     *Conn
	toClient, toServer []byte
	sessions           []*Session // that the client was told of
	callbacks          Callbacks
	allow              func(*Conn) bool // asked about a peer's certificate, if not nil
	before             func(**Conn)     // called with a connection ahead of its steps, if not nil
}

func newPair(client, server *Context) *pair {
	p := &pair{client: NewConn(client), server: NewConn(server), callbacks: HasNewSession}
	p.client.SetRole(true)
	return p
}

// step does an operation until it is done or needs input that isn't there.
func (p *pair) step(c *Conn, op drive.Op, buf []byte) (drive.Step, int) {
	in, out, at := &p.toServer, &p.toClient, &p.server
	if c.client {
		in, out, at = out, in, &p.client
	}
	var record []byte
	for {
		if p.before != nil {
			p.before(at)
			c = *at
		}
		io := drive.IO{Record: record, Buf: buf}
		step := c.Step(op, &io, p.callbacks, false)
		*out = append(*out, io.Out...)
		record = nil
		switch step {
		case drive.Flush:
		case AskServerName:
			c.AnsweredServerName(callbackOK, 0)
		case AskALPN:
			offered := c.OfferedALPN()
			c.AnsweredALPN(callbackOK, string(offered[1:1+offered[0]]))
		case AskVerify:
			c.AnsweredVerify(p.allow != nil && p.allow(c) || c.Preverified())
		case AskNewSession:
			if c.client {
				c.Session().Retain()
				p.sessions = append(p.sessions, c.Session())
			}
		case drive.NeedInput, drive.NoData:
			if len(*in) == 0 {
				return step, 0
			}
			n := 5 + int((*in)[3])<<8 + int((*in)[4])
			record = append([]byte(nil), (*in)[:n]...)
			*in = (*in)[n:]
		default:
			return step, io.N
		}
	}
}

// handshake does the handshake of both, and has the client read its tickets.
func (p *pair) handshake() bool {
	for range 10 {
		client, _ := p.step(p.client, drive.Handshake, nil)
		server, _ := p.step(p.server, drive.Handshake, nil)
		if client == drive.Failed || server == drive.Failed {
			return false
		}
		if client == drive.Done && server == drive.Done {
			p.step(p.client, drive.Read, make([]byte, 16))
			return true
		}
	}
	return false
}

func (p *pair) free() {
	p.client.Free(false)
	p.server.Free(false)
	for _, s := range p.sessions {
		s.Release()
	}
}

func TestTicketCounts(t *testing.T) {
	t.Parallel()
	for _, stateful := range []int64{0, optionNoTicket} {
		for _, n := range []int{0, 1, 2, 5, 100} {
			client, server := contexts(t)
			server.Set(Options, stateful)
			server.Set(NumTickets, int64(n))
			first := newPair(client, server)
			if !first.handshake() || len(first.sessions) != n {
				t.Errorf("full handshake: %d tickets, want %d", len(first.sessions), n)
			}
			if n == 0 {
				first.free()
				continue
			}
			second := newPair(client, server)
			second.client.SetSession(first.sessions[0])
			if !second.handshake() || !second.server.Status().Reused || len(second.sessions) != 1 {
				t.Errorf("resumed %v: %d tickets, want 1", second.server.Status().Reused, len(second.sessions))
			}
			second.free()
			first.free()
		}
	}
}

func TestPostHandshakeAuthentication(t *testing.T) {
	t.Parallel()
	client, server := contexts(t)
	server.Set(NumTickets, 3)
	p := newPair(client, server)
	if !p.handshake() || p.server.PeerLeaf() != nil {
		t.Fatal("no anonymous handshake")
	}
	p.server.Set(VerifyMode, verifyPeer|verifyFailIfNoCert)
	if err := p.server.VerifyPostHandshake(); err != nil {
		t.Fatal(err)
	}
	p.step(p.server, drive.Handshake, nil)
	p.step(p.client, drive.Read, make([]byte, 16))
	p.step(p.server, drive.Read, make([]byte, 16))
	p.step(p.client, drive.Read, make([]byte, 16))
	if p.server.PeerLeaf() == nil || len(p.sessions) != 6 {
		t.Fatalf("certificate %v, %d tickets in all, want 6", p.server.PeerLeaf() != nil, len(p.sessions))
	}
	for i, known := range map[int]bool{0: false, 5: true} {
		q := newPair(client, server)
		q.client.SetSession(p.sessions[i])
		if !q.handshake() || !q.server.Status().Reused || (q.server.PeerLeaf() != nil) != known {
			t.Errorf("ticket %d: resumed %v, certificate %v", i, q.server.Status().Reused, q.server.PeerLeaf() != nil)
		}
		q.free()
	}
	p.free()
}

// A record's buffer goes on to other connections, so no data stays in it.
func TestReadWipesTheRecord(t *testing.T) {
	t.Parallel()
	for _, version := range []int64{int64(suite.TLS12), int64(suite.TLS13)} {
		client, server := contexts(t)
		server.Set(MaxVersion, version)
		p := newPair(client, server)
		if !p.handshake() {
			t.Fatal("no handshake")
		}
		secret := []byte("nobody else's business")
		p.step(p.server, drive.Write, secret)
		io := drive.IO{Record: p.toClient, Buf: make([]byte, 16000)}
		if step := p.client.Step(drive.Read, &io, p.callbacks, false); step != drive.Done || !bytes.Equal(io.Buf[:io.N], secret) {
			t.Fatalf("step %d, %q", step, io.Buf[:io.N])
		}
		if bytes.Contains(io.Record, secret[:8]) {
			t.Error("the data is still in the record")
		}
		p.free()
	}
}

func TestThreadsShareContexts(t *testing.T) {
	t.Parallel()
	client, server := contexts(t)
	server.Set(Options, optionNoTicket)
	server.Set(CacheSize, 8)
	first := newPair(client, server)
	if !first.handshake() {
		t.Fatal("no handshake")
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 5 {
				p := newPair(client, server)
				p.client.SetSession(first.sessions[0])
				if !p.handshake() {
					t.Errorf("no handshake: %v, %v", p.client.Err(), p.server.Err())
				}
				server.FlushSessions(1)
				server.Set(NumTickets, 3)
				p.free()
			}
		})
	}
	wg.Wait()
	if n := server.Statistic(20); n > 8 {
		t.Errorf("%d sessions are stored, at most 8 may be", n)
	}
	first.free()
	client.Free()
	server.Free()
}

// identity is a server's view of its client: whether that is known, and how
// its certificate was judged.
func (p *pair) identity() (known bool, result int) {
	return p.server.PeerLeaf() != nil, p.server.Status().Result
}

// authenticate has the server ask for a certificate and the client answer.
func (p *pair) authenticate(t *testing.T) {
	t.Helper()
	if err := p.server.VerifyPostHandshake(); err != nil {
		t.Fatal(err)
	}
	p.step(p.server, drive.Handshake, nil)
	p.step(p.client, drive.Read, make([]byte, 16))
	p.step(p.server, drive.Read, make([]byte, 16))
	p.step(p.client, drive.Read, make([]byte, 16))
}

// A server decides about certificates by the mode of that moment, and as often
// as it likes.
func TestModeAtPostHandshakeAuthentication(t *testing.T) {
	t.Parallel()
	client, server := contexts(t)
	bare, err := NewContext(newMemory())
	if err != nil {
		t.Fatal(err)
	}
	bare.Set(PostHandshakeAuth, 1)
	client.Set(VerifyMode, 0)
	for _, test := range []struct {
		client *Context
		mode   int64
		dead   bool
	}{
		{client, verifyPeer | verifyFailIfNoCert, false},
		{bare, verifyPeer, false},
		{bare, verifyPeer | verifyFailIfNoCert, true},
	} {
		server.Set(VerifyMode, verifyPeer|verifyPostHandshake)
		p := newPair(test.client, server)
		if !p.handshake() {
			t.Fatal("no handshake")
		}
		p.server.Set(VerifyMode, 0)
		if err := p.server.VerifyPostHandshake(); err != errInvalidConfig {
			t.Errorf("a request without a mode: %v", err)
		}
		p.server.Set(VerifyMode, test.mode)
		p.authenticate(t)
		if dead := p.server.Status().Dead; dead != test.dead {
			t.Errorf("mode %d: dead %v", test.mode, dead)
		}
		if known, _ := p.identity(); known != (test.client == client) {
			t.Errorf("mode %d: certificate %v", test.mode, known)
		}
		p.free()
	}
}

// The certificate and its verdict change together, and no ticket tells of one
// that isn't proved yet.
func TestVerdictOfPostHandshakeAuthentication(t *testing.T) {
	t.Parallel()
	_, server := contexts(t)
	stranger, _ := contexts(t)
	stranger.Set(VerifyMode, 0)
	server.Set(NumTickets, 1)
	p := newPair(stranger, server)
	if !p.handshake() {
		t.Fatal("no handshake")
	}
	p.server.Set(VerifyMode, verifyPeer)
	asked := 0
	p.callbacks |= HasVerify
	p.allow = func(c *Conn) bool {
		asked++
		known, result := p.identity()
		if known || result != verifyOK || c.Engine.Info().PeerChain != nil {
			t.Errorf("while asked: certificate %v, result %d", known, result)
		}
		if c.NewSessionTicket() || c.KeyUpdate(0) != errStillInInit || !c.Status().InInit {
			t.Error("something can be sent in the middle of an answer")
		}
		return true
	}
	p.authenticate(t)
	known, result := p.identity()
	if !known || result == verifyOK || asked == 0 || p.server.Status().InInit {
		t.Fatalf("certificate %v, result %d after %d questions", known, result, asked)
	}
	if len(p.sessions) != 2 {
		t.Fatalf("%d tickets", len(p.sessions))
	}
	for i, want := range []int{verifyOK, result} {
		q := newPair(stranger, server)
		q.client.SetSession(p.sessions[i])
		if !q.handshake() || !q.server.Status().Reused {
			t.Fatal("not resumed")
		}
		if known, result := q.identity(); known != (want != verifyOK) || result != want {
			t.Errorf("ticket %d: certificate %v, result %d", i, known, result)
		}
		q.free()
	}

	p.free()

	// Without a callback it is refused.
	p = newPair(stranger, server)
	if !p.handshake() {
		t.Fatal("no handshake")
	}
	p.server.Set(VerifyMode, verifyPeer)
	p.authenticate(t)
	if s := p.server.Status(); !s.Dead || s.Result == verifyOK || p.server.PeerLeaf() != nil {
		t.Errorf("refused: %+v", s)
	}
	p.free()
}

func TestSecondPostHandshakeAuthentication(t *testing.T) {
	t.Parallel()
	client, server := contexts(t)
	server.Set(NumTickets, 1)
	q := newPair(client, server)
	if !q.handshake() {
		t.Fatal("no handshake")
	}
	q.server.Set(VerifyMode, verifyPeer)
	for i := range 2 {
		if err := q.server.VerifyPostHandshake(); err != nil {
			t.Fatal(err)
		}
		if err := q.server.VerifyPostHandshake(); err != errStillInInit {
			t.Errorf("two at a time: %v", err)
		}
		q.step(q.server, drive.Handshake, nil)
		if err := q.server.VerifyPostHandshake(); err != errRequestSent {
			t.Errorf("a second before the answer: %v", err)
		}
		q.step(q.client, drive.Read, make([]byte, 16))
		q.step(q.server, drive.Read, make([]byte, 16))
		q.step(q.client, drive.Read, make([]byte, 16))
		if s := q.server.Status(); s.Dead || s.Auths != i+1 || len(q.sessions) != i+2 {
			t.Errorf("authentication %d: %+v, %d tickets", i, s, len(q.sessions))
		}
	}
	q.free()
}

func TestTicketLifetime(t *testing.T) {
	t.Parallel()
	const week = 7 * 24 * 3600
	for timeout, want := range map[int64]uint32{300: 300, week: week, week + 1: week, 1 << 40: week} {
		client, server := contexts(t)
		server.Set(Timeout, timeout)
		p := newPair(client, server)
		if !p.handshake() || len(p.sessions) == 0 {
			t.Fatal("no tickets")
		}
		if got := p.sessions[0].Data().Lifetime; got != want {
			t.Errorf("timeout %d: a ticket for %d seconds, want %d", timeout, got, want)
		}
		server.Set(Timeout, timeout+1)
		q := newPair(client, server)
		q.client.SetSession(p.sessions[0])
		if !q.handshake() || len(q.sessions) == 0 {
			t.Fatal("no tickets")
		}
		if got := q.sessions[0].Data().Lifetime; !q.server.Status().Reused || got != want {
			t.Errorf("timeout %d, resumed: a ticket for %d seconds, want %d", timeout, got, want)
		}
		q.free()
		p.free()
	}
}

// A session is resumed in the context in which it was made, until it expires.
func TestFits(t *testing.T) {
	t.Parallel()
	_, server := contexts(t)
	c := NewConn(server)
	for _, test := range []struct {
		context string
		age     time.Duration
		fits    bool
	}{
		{"test", 0, true}, {"test", 299 * time.Second, true}, {"test", 301 * time.Second, false},
		{"", 0, false}, {"another", 0, false},
	} {
		s := newSession(protocol.Session{
			Version: suite.TLS13, Context: []byte(test.context),
			Created: drive.Now().Add(-test.age), Timeout: 300 * time.Second,
		})
		if c.fits(s) != test.fits {
			t.Errorf("context %q, age %v: %v", test.context, test.age, !test.fits)
		}
	}
}

// Issuers are looked for in all places that a program names.
func TestAnchors(t *testing.T) {
	t.Parallel()
	bundle, system := new(trust.Anchors), new(trust.Anchors)
	for _, test := range []struct {
		stores stores
		places int
	}{
		{stores{}, 0},
		{stores{lists: []*trust.Anchors{bundle}, system: system}, 2},
		{stores{lists: []*trust.Anchors{bundle}, dirs: "a:b", system: system}, 3},
	} {
		if all := test.stores.anchors(); len(all) != test.places {
			t.Errorf("%d places, want %d", len(all), test.places)
		}
	}
}

// OpenSSL has another number than libtls for an issuer that is no CA.
func TestIssuerWithoutCA(t *testing.T) {
	t.Parallel()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	issuer := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		Subject: pkix.Name{CommonName: "issuer"}, BasicConstraintsValid: true,
	}
	leaf := *issuer
	leaf.Subject.CommonName = "leaf"
	var chain [][]byte
	for _, template := range []*x509.Certificate{&leaf, issuer} {
		der, err := x509.CreateCertificate(rand.Reader, template, issuer, key.Public(), key)
		if err != nil {
			t.Fatal(err)
		}
		chain = append(chain, der)
	}
	client, _ := contexts(t)
	if errs := client.LoadVerifyLocations(File{Data: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: chain[1]})}, ""); errs != nil {
		t.Fatal(errs)
	}
	if verdicts := NewConn(client).judge(chain, trust.ServerAuth); verdicts[0].ok || verdicts[0].result != verifyInvalidCA {
		t.Errorf("%+v", verdicts)
	}
}

// Whose preference counts is the server's to say, and by default the client's.
func TestServerPreference(t *testing.T) {
	t.Parallel()
	for options, clients := range map[int64]bool{0: true, optionCipherServerPreference: false} {
		client, server := contexts(t)
		server.Set(Options, options)
		p := newPair(client, server)
		if !p.handshake() {
			t.Fatal("no handshake")
		}
		if cfg := p.server.cfg; cfg.PreferPeerSuites != clients || cfg.PreferPeerGroups != clients {
			t.Errorf("options %#x: %v, %v", options, cfg.PreferPeerSuites, cfg.PreferPeerGroups)
		}
		p.free()
	}
}

// A client's store gives each TLS 1.3 session out once.
func TestResumedSessionLeavesStore(t *testing.T) {
	t.Parallel()
	for version, left := range map[uint16]int{suite.TLS12: 1, suite.TLS13: 0} {
		client, server := contexts(t)
		client.Set(CacheMode, cacheClient)
		client.Set(MaxVersion, int64(version))
		server.Set(NumTickets, 1)
		p := newPair(client, server)
		if !p.handshake() {
			t.Fatal("no handshake")
		}
		server.Set(NumTickets, 0)
		q := newPair(client, server)
		q.client.SetSession(p.sessions[0])
		if !q.handshake() || !q.client.Status().Reused {
			t.Fatal("not resumed")
		}
		if n := client.Statistic(20); n != int64(left) {
			t.Errorf("version %#x: %d sessions are left", version, n)
		}
		q.free()
		p.free()
	}
}

// A TLS 1.2 ticket has as much of the timeout as fits.
func TestTicketLifetime12(t *testing.T) {
	t.Parallel()
	for timeout, want := range map[int64]uint32{300: 300, 1<<32 - 1: 1<<32 - 1, 1<<32 + 5: 1<<32 - 1} {
		client, server := contexts(t)
		client.Set(MaxVersion, int64(suite.TLS12))
		server.Set(Timeout, timeout)
		p := newPair(client, server)
		if !p.handshake() || len(p.sessions) == 0 {
			t.Fatal("no ticket")
		}
		if got := p.sessions[0].Data().Lifetime; got != want {
			t.Errorf("timeout %d: a ticket for %d seconds, want %d", timeout, got, want)
		}
		p.free()
	}
}

// Without a session id context a server that verifies clients doesn't resume
// (SSL_CTX_set_session_id_context(3)).
func TestResumptionNeedsIDContext(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		context string
		mode    int64
		fails   bool
	}{{"", 0, false}, {"some", verifyPeer, false}, {"", verifyPeer, true}} {
		client, server := contexts(t)
		server.Change(func(s *Settings) *Error { return s.SetSessionIDContext([]byte(test.context)) })
		first := newPair(client, server)
		if !first.handshake() {
			t.Fatal("no handshake")
		}
		server.Set(VerifyMode, test.mode)
		second := newPair(client, server)
		second.client.SetSession(first.sessions[0])
		if ok := second.handshake(); ok == test.fails {
			t.Errorf("context %q, mode %d: handshake %v", test.context, test.mode, ok)
		}
		if test.fails && second.server.Err() != errNoSessionIDContext {
			t.Errorf("context %q, mode %d: %v", test.context, test.mode, second.server.Err())
		}
		second.free()
		first.free()
	}
}

// SSL_set_SSL_CTX takes the new context's id context, but not in place of one
// that the connection has of its own.
func TestSetContextKeepsIDContext(t *testing.T) {
	t.Parallel()
	_, first := contexts(t)
	_, second := contexts(t)
	second.Change(func(s *Settings) *Error { return s.SetSessionIDContext([]byte("second")) })
	c := NewConn(first)
	c.SetContext(second)
	if c.Context() != second || c.creds != second.creds {
		t.Error("still the old context")
	}
	if string(c.context) != "second" {
		t.Errorf("the id context is %q", c.context)
	}
	c = NewConn(first)
	c.Change(func(s *Settings) *Error { return s.SetSessionIDContext([]byte("own")) })
	c.SetContext(second)
	if string(c.context) != "own" {
		t.Errorf("the connection's own id context became %q", c.context)
	}
}

// A key update waits for the next step, and tells the program to have its
// queue of errors cleared on both sides.
func TestKeyUpdate(t *testing.T) {
	t.Parallel()
	client, server := contexts(t)
	p := newPair(client, server)
	if !p.handshake() {
		t.Fatal("no handshake")
	}
	if err := p.client.KeyUpdate(1); err != nil || !p.client.Status().InInit {
		t.Fatal(err)
	}
	if err := p.client.KeyUpdate(0); err != errStillInInit {
		t.Errorf("a second one: %v", err)
	}
	p.step(p.client, drive.Handshake, nil)
	if p.client.Status().InInit || len(p.toServer) == 0 {
		t.Error("it wasn't sent")
	}
	for i, entered := range []bool{true, false} { // the second is data
		io := drive.IO{Record: bytes.Clone(p.toServer), Buf: make([]byte, 16)}
		p.toServer = nil
		if p.server.Step(drive.Read, &io, p.callbacks, false); p.server.Entered() != entered {
			t.Errorf("record %d: entered %v", i, p.server.Entered())
		}
		if i == 0 {
			p.step(p.client, drive.Write, []byte("x"))
		}
	}
	for i, entered := range []bool{true, false} { // the first answers
		io := drive.IO{Buf: []byte("x")}
		if p.server.Step(drive.Write, &io, p.callbacks, false); p.server.Entered() != entered {
			t.Errorf("write %d: entered %v", i, p.server.Entered())
		}
	}
	p.free()
}
