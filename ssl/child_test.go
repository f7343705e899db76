package ssl

import (
	"bytes"
	"container/list"
	"crypto/ed25519"
	"crypto/x509"
	"slices"
	"testing"

	"libtls/internal/drive"
	"libtls/internal/plain"
	"libtls/internal/protocol"
	"libtls/internal/suite"
)

// memory is what a process has outside of Go.
type memory struct {
	stats    Stats
	sessions list.List // of *kept
}

func newMemory() *memory { return new(memory) }

func newStore() *store {
	m := newMemory()
	return &store{memory: m, full: &m.stats[overflows]}
}

func (m *memory) Stats() *Stats          { return &m.stats }
func (m *memory) Store(s *Session) Place { return m.sessions.PushFront(keep(s)) }
func (m *memory) Unstore(p Place)        { m.sessions.Remove(p.(*list.Element)) }

type kept struct {
	data    []byte
	peer    *Peer
	dropped bool
}

func (k *kept) Bytes() []byte { return k.data }
func (k *kept) Drop()         { k.dropped = true }

func keep(s *Session) *kept {
	return s.Encode(func(n int, peer *Peer) Encoded { return &kept{data: make([]byte, n), peer: peer} }).(*kept)
}

func marshalContext(c *Context) (data []byte) {
	c.Marshal(func(n int) []byte {
		data = make([]byte, n)
		return data
	})
	return data
}

// marshalConn returns no Settled where there is no new one.
func marshalConn(c *Conn) (data drive.Encoding, sessions []*Session) {
	c.Marshal(func(n int) []byte {
		data.Settled = make([]byte, n)
		return data.Settled
	}, func(n int, refers []*Session) []byte {
		data.Changing, sessions = make([]byte, n), refers
		return data.Changing
	})
	return data, sessions
}

// child is what a forked process makes of its parent's objects, each of them
// once.
type child struct {
	t        *testing.T
	sessions map[*kept]*Session
	peers    map[*Peer]*Peer
	contexts map[*Context]*Context
}

func newChild(t *testing.T) *child {
	return &child{t, make(map[*kept]*Session), make(map[*Peer]*Peer), make(map[*Context]*Context)}
}

func (f *child) peer(old *Peer) *Peer {
	if old == nil || f.peers[old] != nil {
		return f.peers[old]
	}
	p := new(Peer)
	if err := plain.Decode(plain.Encode(old.Fields), p.Fields); err != nil {
		f.t.Fatal(err)
	}
	f.peers[old] = p
	return p
}

func (f *child) session(k *kept) *Session {
	if s := f.sessions[k]; s != nil {
		s.Retain()
		return s
	}
	if k.dropped {
		f.t.Fatal("a session that somebody refers to isn't kept")
	}
	s, err := RestoreSession(&kept{data: bytes.Clone(k.data), peer: f.peer(k.peer)}, f.peer(k.peer))
	if err != nil {
		f.t.Fatal(err)
	}
	f.sessions[k] = s
	return s
}

func (f *child) context(old *Context) *Context {
	if c := f.contexts[old]; c != nil {
		return c
	}
	m := newMemory()
	for i := range m.stats {
		m.stats[i].Store(old.stats[i].Load())
	}
	var sessions []Stored
	was := &old.store.memory.(*memory).sessions
	for e := was.Front(); e != nil; e = e.Next() {
		k := e.Value.(*kept)
		s := f.session(k)
		sessions = append(sessions, Stored{s, m.sessions.PushBack(keep(s))})
	}
	c, err := RestoreContext(m, marshalContext(old), sessions)
	if err != nil {
		f.t.Fatal(err)
	}
	f.contexts[old] = c
	return c
}

// image is what lies in memory for a child, of a connection.
type image struct {
	data     drive.Encoding
	sessions []*kept
}

func (i *image) update(c *Conn) {
	if !c.Changed() {
		return
	}
	data, sessions := marshalConn(c)
	if data.Settled == nil {
		data.Settled = i.data.Settled
	}
	*i = image{data: data}
	for _, s := range sessions {
		i.sessions = append(i.sessions, keep(s))
	}
}

func (f *child) conn(old *Conn, i *image) *Conn {
	i.update(old)
	if old.Changed() {
		f.t.Fatal("changed by Marshal")
	}
	var own []*Session
	for n, k := range i.sessions {
		own = append(own, f.session(k))
		i.sessions[n] = keep(own[n])
	}
	creds, err := RestoreCredentials(marshalContext(old.ctx))
	if err != nil {
		f.t.Fatal(err)
	}
	in, out := old.Sequence()
	c, err := RestoreConn(f.context(old.ctx), f.context(old.first), creds, i.data, own, in, out)
	if err != nil {
		f.t.Fatal(err)
	}
	if again, _ := marshalConn(c); !bytes.Equal(again.Changing, i.data.Changing) {
		f.t.Fatal("another encoding")
	}
	settled := func(c *Conn) []byte { return plain.Encode(func(p *plain.Coder) { c.settledFields(p) }) }
	if !bytes.Equal(settled(c), settled(old)) {
		f.t.Fatal("what was settled has changed, and wasn't encoded again")
	}
	return c
}

// TestRestore makes connections whose ends are rebuilt before each step, and
// their contexts with them.
func TestRestore(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		change func(client, server *Context)
	}{
		{"TLS 1.3", func(_, _ *Context) {}},
		{"TLS 1.3 stateful", func(_, server *Context) { server.Set(Options, optionNoTicket) }},
		{"TLS 1.2", func(client, _ *Context) { client.Set(MaxVersion, int64(suite.TLS12)) }},
		{"TLS 1.2 session id", func(client, server *Context) {
			client.Set(MaxVersion, int64(suite.TLS12))
			server.Set(Options, optionNoTicket)
		}},
		{"client certificate", func(_, server *Context) { server.Set(VerifyMode, verifyPeer|verifyFailIfNoCert) }},
		{"TLS 1.2 client certificate", func(client, server *Context) {
			client.Set(MaxVersion, int64(suite.TLS12))
			server.Set(VerifyMode, verifyPeer|verifyFailIfNoCert)
		}},
		{"post-handshake authentication", func(_, server *Context) {
			server.Set(VerifyMode, verifyPeer|verifyFailIfNoCert|verifyPostHandshake)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			client, server := contexts(t)
			test.change(client, server)
			client.Change(func(s *Settings) *Error { s.SetServerName(new("server.test")); return s.SetALPN([]byte("\x02h2")) })
			var offered *Session
			for round := range 2 {
				f := newChild(t)
				p := newPair(f.context(client), f.context(server))
				p.callbacks |= HasServerName | HasALPN | HasVerify
				if offered != nil {
					p.client.SetSession(offered)
				}
				var images [2]image
				p.before = func(c **Conn) {
					f = newChild(t)
					p.client = f.conn(p.client, &images[0])
					p.server = f.conn(p.server, &images[1])
				}
				if !p.handshake() {
					t.Fatalf("no handshake: %v, %v", p.client.Err(), p.server.Err())
				}
				status := p.server.Status()
				if p.server.ALPN() != "h2" || p.server.ServerName() != "server.test" || status.Reused != (round == 1) ||
					p.client.Status().Reused != (round == 1) || p.client.Status().Result != verifyOK {
					t.Errorf("round %d: %q, %q, %+v", round, p.server.ALPN(), p.server.ServerName(), status)
				}
				if wanted := server.Get(VerifyMode); wanted&verifyPostHandshake != 0 {
					if err := p.server.VerifyPostHandshake(); err != nil {
						t.Fatal(err)
					}
					p.step(p.server, drive.Handshake, nil)
					p.step(p.client, drive.Read, make([]byte, 16))
				}
				if status.Version == suite.TLS13 {
					p.client.KeyUpdate(1)
				}
				for range 3 {
					p.say(t, &p.client, &p.server, "from the client")
					p.say(t, &p.server, &p.client, "from the server")
				}
				if known := p.server.PeerLeaf() != nil; known != (server.Get(VerifyMode)&verifyPeer != 0) {
					t.Errorf("client certificate: %v", known)
				}
				offered = p.client.Session()
				if len(p.sessions) > 0 {
					offered = p.sessions[len(p.sessions)-1]
				}
				p.step(p.client, drive.Close, nil)
				p.step(p.server, drive.Read, make([]byte, 16))
				if !p.server.Status().PeerClosed {
					t.Error("close_notify was lost")
				}
				client, server = p.client.first, p.server.first
			}
			for command, who := range map[int]*Context{21: client, 22: client, 24: server, 25: server} {
				if n := who.Statistic(command); n != 2 {
					t.Errorf("statistic %d is %d", command, n)
				}
			}
		})
	}
}

// say has one end read what the other writes.
func (p *pair) say(t *testing.T, from, to **Conn, text string) {
	t.Helper()
	if _, n := p.step(*from, drive.Write, []byte(text)); n != len(text) {
		t.Fatalf("%d bytes written", n)
	}
	buf := make([]byte, 64)
	if _, n := p.step(*to, drive.Read, buf); string(buf[:n]) != text {
		t.Fatalf("read %q", buf[:n])
	}
}

// Whatever changes of a connection by itself is noticed.
func TestChanged(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Conn){
		"verdicts": func(c *Conn) { c.verdicts = make([]verdict, 1) },
		"fresh":    func(c *Conn) { c.fresh = make([]*Session, 1) },
		"session":  func(c *Conn) { c.setSession(nil) },
		"setting":  func(c *Conn) { c.Set(NumTickets, 1) },
		"progress": func(c *Conn) { c.extra++ },
		"end":      func(c *Conn) { c.Dead = true },
	} {
		c := new(Conn)
		marshalConn(c)
		if c.Changed() {
			t.Fatal("changed by Marshal")
		}
		if change(c); !c.Changed() {
			t.Errorf("%s: not noticed", name)
		}
	}
}

func TestRestoreKeepsKeyUpdate(t *testing.T) {
	t.Parallel()
	client, server := contexts(t)
	p := newPair(client, server)
	if !p.handshake() {
		t.Fatal("no handshake")
	}
	if err := p.client.KeyUpdate(1); err != nil {
		t.Fatal(err)
	}
	if err := newChild(t).conn(p.client, new(image)).KeyUpdate(0); err != errStillInInit {
		t.Errorf("a second key update: %v", err)
	}
	p.free()
}

// A verdict and a proof that a client's Finished still has to confirm go along.
func TestRestoreKeepsVerdict(t *testing.T) {
	t.Parallel()
	_, server := contexts(t)
	stranger, _ := contexts(t)
	stranger.Set(VerifyMode, 0)
	p := newPair(stranger, server)
	if !p.handshake() {
		t.Fatal("no handshake")
	}
	p.server.Set(VerifyMode, verifyPeer)
	p.callbacks |= HasVerify
	p.allow = func(*Conn) bool { return true }
	f, images := newChild(t), [2]image{}
	p.client, p.server = f.conn(p.client, &images[0]), f.conn(p.server, &images[1])
	p.before = func(**Conn) { p.server = newChild(t).conn(p.server, &images[1]) }
	p.authenticate(t)
	if known, result := p.identity(); !known || result == verifyOK || p.server.Engine.Info().PeerScheme == 0 {
		t.Errorf("certificate %v, result %d, scheme %x", known, result, p.server.Engine.Info().PeerScheme)
	}
}

// What changes of a session is seen by all that refer to it, also in a child.
func TestRestoredSessionsAreShared(t *testing.T) {
	t.Parallel()
	client, server := contexts(t)
	server.Set(Options, optionNoTicket)
	p := newPair(client, server)
	if !p.handshake() {
		t.Fatal("no handshake")
	}
	s := p.server.Session()
	k := keep(s)
	s.SetTime(12345)
	s.SetTimeout(678)

	f := newChild(t)
	moved := f.conn(p.server, new(image))
	own := f.session(k)
	if own != moved.Session() || moved.first.AddSession(own) {
		t.Error("not the same session")
	}
	if d := own.Data(); d.Created.Unix() != 12345 || d.Timeout != 678e9 {
		t.Errorf("made at %v, for %v", d.Created, d.Timeout)
	}
	if !moved.first.RemoveSession(own) || own.Resumable() || s.Resumable() != true {
		t.Error("the parent's session was removed, or the child's wasn't")
	}
	s.Spend()
	if newChild(t).session(k).Resumable() {
		t.Error("a session that was removed came back")
	}
	p.free()
	s.Release()
	if s.TryRetain() {
		t.Error("held after its last release")
	}
}

// TestSharedPeer holds the sessions of one handshake, and of those resumed from it, to having one
// copy of the peer's chain, in a child as well.
func TestSharedPeer(t *testing.T) {
	t.Parallel()
	for _, version := range []uint16{suite.TLS12, suite.TLS13} {
		client, server := contexts(t)
		server.Set(Options, optionNoTicket)
		server.Set(VerifyMode, verifyPeer|verifyFailIfNoCert)
		client.Set(MaxVersion, int64(version))
		first, second := newPair(client, server), newPair(client, server)
		defer first.free()
		defer second.free()
		if !first.handshake() {
			t.Fatal("no handshake")
		}
		second.client.SetSession(first.sessions[0])
		if !second.handshake() || !second.client.Status().Reused {
			t.Fatal("not resumed")
		}
		shared := func(name string, sessions ...*Session) {
			f := newChild(t)
			for _, s := range sessions {
				k := keep(s)
				if k.peer == nil || k.peer != sessions[0].peer {
					t.Errorf("%#x, %s: another copy", version, name)
				}
				if bytes.Contains(k.data, s.data.PeerChain[0]) {
					t.Errorf("%#x, %s: a copy in the session", version, name)
				}
				if own := f.session(k); !bytes.Equal(own.data.PeerChain[0], s.data.PeerChain[0]) || own.peer != f.peer(k.peer) {
					t.Errorf("%#x, %s: another chain in a child", version, name)
				}
			}
		}
		shared("client", append(append(first.sessions, second.sessions...), first.client.Session(), second.client.Session())...)
		shared("server", first.server.Session(), second.server.Session())
	}
}

func TestRestoreKeepsOrder(t *testing.T) {
	t.Parallel()
	c, err := NewContext(newMemory())
	if err != nil {
		t.Fatal(err)
	}
	c.Set(CacheSize, 3)
	for _, id := range []string{"a", "b", "c", "d"} {
		c.AddSession(session(id, drive.Now(), 1))
	}
	c = newChild(t).context(c)
	c.AddSession(session("e", drive.Now(), 1))
	var ids []string
	for e := c.store.order.Front(); e != nil; e = e.Next() {
		ids = append(ids, string(e.Value.(stored).Data().ID))
	}
	if !slices.Equal(ids, []string{"e", "d", "c"}) || c.Statistic(31) != 2 || c.Get(CacheSize) != 3 {
		t.Errorf("%q are stored after %d overflows", ids, c.Statistic(31))
	}
}

func TestRestoreDamaged(t *testing.T) {
	t.Parallel()
	client, server := contexts(t)
	p := newPair(client, server)
	if !p.handshake() {
		t.Fatal("no handshake")
	}
	context := marshalContext(client)
	creds, err := RestoreCredentials(context)
	if err != nil {
		t.Fatal(err)
	}
	conn, sessions := marshalConn(p.client)
	single := keep(sessions[0]).data
	for n := range context {
		if _, err := RestoreContext(newMemory(), context[:n], nil); err == nil {
			t.Fatalf("a context of %d of %d bytes", n, len(context))
		}
	}
	for n := range conn.Changing {
		data := drive.Encoding{Changing: conn.Changing[:n], Settled: conn.Settled}
		if _, err := RestoreConn(client, client, creds, data, nil, 0, 0); err == nil {
			t.Fatalf("a connection of %d of %d bytes", n, len(conn.Changing))
		}
	}
	if _, err := RestoreConn(client, client, creds, conn, nil, 0, 0); err == nil {
		t.Error("a connection without its sessions")
	}
	p.client.Engine = new(protocol.Conn)
	broken := drive.Encoding{
		Changing: plain.Encode(func(c *plain.Coder) { p.client.fields(c, &sessions) }),
		Settled:  plain.Encode(func(c *plain.Coder) { p.client.settledFields(c) }),
	}
	if _, err := RestoreConn(client, client, creds, broken, sessions, 0, 0); err == nil {
		t.Error("a connection with an engine that nobody made")
	}
	p.client.Engine = nil
	p.client.creds.SetChain(nil, &x509.Certificate{PublicKey: ed25519.PublicKey(make([]byte, 32))})
	p.client.cred = p.client.creds.Current()
	keyless := drive.Encoding{
		Changing: plain.Encode(func(c *plain.Coder) { p.client.fields(c, &sessions) }),
		Settled:  plain.Encode(func(c *plain.Coder) { p.client.settledFields(c) }),
	}
	if _, err := RestoreConn(client, client, &p.client.creds, keyless, sessions, 0, 0); err == nil {
		t.Error("a connection that signs without a key")
	}
	for n := range single {
		if _, err := RestoreSession(&kept{data: single[:n]}, nil); err == nil {
			t.Fatalf("a session of %d of %d bytes", n, len(single))
		}
	}
}
