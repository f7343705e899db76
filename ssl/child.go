package ssl

import (
	"crypto/rand"
	"time"

	"libtls"
	"libtls/internal/drive"
	"libtls/internal/plain"
	"libtls/internal/protocol"
	"libtls/internal/trust"
)

// A fork leaves all Go objects behind, so a child rebuilds them from bytes:
// contexts and connections from what Marshal returned last, sessions from what
// Encode put into memory that isn't Go's.

// Memory is what a context has outside of Go, for processes forked later.
type Memory interface {
	Stats() *Stats
	// Store and Unstore note the sessions that are in the context's store;
	// Store puts one in front of the others.
	Store(*Session) Place
	Unstore(Place)
}

// Place is where a Memory has taken note of a session.
type Place any

// Encoded is a session's encoding in memory that isn't Go's.
type Encoded interface {
	Bytes() []byte
	Drop() // called with the session's last Release
}

// Encode returns the session's encoding. If there is none yet, place returns
// memory for its n bytes, and has the peer, which may be nil, encoded apart.
func (s *Session) Encode(place func(n int, peer *Peer) Encoded) Encoded {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.encoded == nil {
		plain.EncodeInto(s.fields, func(n int) []byte {
			s.encoded = place(n, s.peer)
			return s.encoded.Bytes()
		})
	}
	return s.encoded
}

// RestoreSession returns a session like the one that was encoded, held once.
func RestoreSession(e Encoded, peer *Peer) (*Session, error) {
	s := newSession(protocol.Session{})
	s.peer = peer
	if err := plain.Decode(e.Bytes(), s.fields); err != nil {
		clear(s.data.Secret)
		return nil, err
	}
	s.encoded = e
	return s, nil
}

// life is what can change of a session. Its encoding, which comes first in a
// session's, always has the same size.
type life struct {
	sec, nsec int64 // when the session was made
	timeout   time.Duration
	spent     bool
}

func (l *life) fields(p *plain.Coder) {
	plain.Number(p, &l.sec)
	plain.Number(p, &l.nsec)
	plain.Number(p, &l.timeout)
	p.Flag(&l.spent)
}

func (s *Session) life() *life {
	made := s.data.Created
	return &life{made.Unix(), int64(made.Nanosecond()), s.data.Timeout, s.spent}
}

func (s *Session) fields(p *plain.Coder) {
	l := s.life()
	l.fields(p)
	data := s.data
	data.PeerChain, data.Staple = nil, nil
	data.Fields(p)
	if p.Reading() {
		s.data = data
		s.data.Created, s.data.Timeout, s.spent = time.Unix(l.sec, l.nsec), l.timeout, l.spent
		if s.peer != nil {
			s.data.PeerChain, s.data.Staple = s.peer.chain, s.peer.staple
		}
	}
}

// Fields goes through what a session keeps of the peer.
func (p *Peer) Fields(c *plain.Coder) {
	plain.List(c, &p.chain, 8, c.Bytes)
	c.Bytes(&p.staple)
}

// keepUp has the session's encoding say what the session says.
func (s *Session) keepUp() {
	if s.encoded != nil {
		copy(s.encoded.Bytes(), plain.Encode(s.life().fields))
	}
}

// Marshal encodes the context but for its store and its Stats, into the n bytes
// that place returns; its keys are part of it.
func (c *Context) Marshal(place func(n int) []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	plain.EncodeInto(c.fields, place)
}

// Stored is a session of a Memory, and a reference to it.
type Stored struct {
	Session *Session
	Place   Place
}

// RestoreContext returns a context that goes on where the marshalled one stood.
// Sessions are those in its memory, newest first.
func RestoreContext(m Memory, data []byte, sessions []Stored) (*Context, error) {
	c := newContext(m)
	if err := plain.Decode(data, c.fields); err != nil {
		for _, s := range sessions {
			s.Session.Release()
		}
		return nil, err
	}
	for _, s := range sessions {
		c.store.insert(string(s.Session.Data().ID), c.store.order.PushBack(stored{s.Session, s.Place}))
	}
	return c, nil
}

// RestoreCredentials returns the credentials of a marshalled context.
func RestoreCredentials(data []byte) (*Credentials, error) {
	c := Context{tickets: libtls.NewTicketKeys()}
	defer c.tickets.Wipe()
	if err := plain.Decode(data, c.fields); err != nil {
		return nil, err
	}
	return &c.creds, nil
}

func (c *Context) fields(p *plain.Coder) {
	c.Settings.fields(p)
	for _, s := range []Setting{CacheMode, CacheSize, Timeout} {
		v := c.getOwn(s)
		plain.Number(p, &v)
		if p.Reading() {
			c.Set(s, v)
		}
	}
	p.Flag(&c.reportRemoved)
	c.tickets.Fields(p)
	c.creds.Fields(p)
	c.stores.fields(p)
}

func (s *Settings) fields(p *plain.Coder) {
	for i := range s.numbers {
		plain.Number(p, &s.numbers[i])
	}
	p.Bytes(&s.context)
	plain.List(p, &s.alpn, 8, p.Text)
	plain.Numbers(p, &s.suites12)
	plain.Numbers(p, &s.suites13)
	plain.Numbers(p, &s.groups)
	p.Text(&s.host.name)
	p.Flag(&s.host.ip)
	p.Text(&s.serverName)
}

func (s *stores) fields(p *plain.Coder) {
	p.Bytes(&s.bundle)
	p.Text(&s.dirs)
	plain.Struct(p, &s.system, func(a *trust.Anchors) { a.Fields(p) })
	if p.Reading() && s.bundle != nil {
		anchors, err := trust.ParseAnchors(s.bundle)
		if err != nil {
			p.Fail()
		}
		s.lists = []*trust.Anchors{anchors}
	}
}

// revision changes with everything of a connection that isn't the engine's.
type revision struct {
	progress
	sessions, changes uint64
	fresh, verdicts   int
}

func (c *Conn) revision() revision {
	return revision{
		progress: c.progress, sessions: c.sessions, changes: c.changes,
		fresh: len(c.fresh), verdicts: len(c.verdicts),
	}
}

// Changed tells whether the connection has changed since the last Marshal, but
// for Sequence.
func (c *Conn) Changed() bool { return c.encoded.Changed(&c.Conn, c.revision()) }

// Grown returns what goes behind what Marshal made; see drive.Encoded.
func (c *Conn) Grown() (more []byte, ok bool) { return c.encoded.Grown(&c.Conn, c.revision()) }

// Marshal encodes the connection but for its contexts, into the n bytes that
// place returns; its keys are part of it. The sessions are those that it
// refers to, without references of their own. If what its handshake settled is
// new, that goes first, into what settled returns; see drive.Encoding.
func (c *Conn) Marshal(settled func(n int) []byte, place func(n int, sessions []*Session) []byte) {
	if c.encoded.Set(&c.Conn, c.revision()) {
		plain.EncodeInto(func(p *plain.Coder) { c.settledFields(p) }, settled)
	}
	var sessions []*Session
	plain.EncodeInto(func(p *plain.Coder) {
		sessions = sessions[:0]
		c.fields(p, &sessions)
	}, func(n int) []byte { return place(n, sessions) })
}

// RestoreConn returns a connection that goes on where the marshalled one stood.
// It takes over references to the sessions, the same ones that Marshal listed.
// Ctx and first are its present and its first context. Creds are the credentials
// that it took from ctx.
func RestoreConn(ctx, first *Context, creds *Credentials, data drive.Encoding, sessions []*Session, in, out uint64) (*Conn, error) {
	c := &Conn{ctx: ctx, first: first, creds: *creds}
	var engine, settled, more []byte
	err := plain.Decode(data.Settled, func(p *plain.Coder) { settled = c.settledFields(p) })
	if err == nil {
		more, err = plain.DecodeStart(data.Changing, func(p *plain.Coder) { engine = c.fields(p, &sessions) })
	}
	if err == nil && engine != nil {
		err = c.Rebuild(c.cfg, engine, settled, more, in, out)
	}
	if err != nil {
		for _, s := range sessions {
			s.Release()
		}
		return nil, err
	}
	c.encoded.Set(&c.Conn, c.revision())
	return c, nil
}

// settledFields returns the engine's encoding if it is read, as fields does.
func (c *Conn) settledFields(p *plain.Coder) (engine []byte) {
	plain.Struct(p, &c.cfg, func(e *protocol.Config) {
		e.Rand = rand.Reader
		e.Fields(p)
	})
	plain.List(p, &c.chain, 8, p.Bytes)
	return c.Conn.SettledFields(p)
}

func (c *Conn) fields(p *plain.Coder, sessions *[]*Session) (engine []byte) {
	c.Settings.fields(p)
	plain.Number(p, &c.sessions)
	plain.Number(p, &c.timeout)
	if c.cfg != nil { // which each request for a certificate sets
		plain.Number(p, &c.cfg.ClientAuth)
	}
	plain.List(p, &c.verdicts, 16, func(v *verdict) {
		p.Flag(&v.ok)
		plain.Number(p, &v.result)
	})
	plain.List(p, &c.fresh, 8, func(s **Session) { referenceField(p, s, sessions) })
	referenceField(p, &c.session, sessions)
	referenceField(p, &c.resuming, sessions)
	plain.Struct(p, &c.err, func(e *Error) {
		plain.Number(p, &e.Lib)
		plain.Number(p, &e.Number)
		p.Text(&e.Reason)
		p.Text(&e.Data)
	})
	for _, f := range []*bool{&c.client, &c.reused, &c.nameAsked, &c.nameAccepted, &c.alpnAsked, &c.refused, &c.ticketsDue,
		&c.flush} {
		p.Flag(f)
	}
	for _, n := range []*int{&c.result, &c.judged, &c.auths, &c.verdict, &c.extra} {
		plain.Number(p, n)
	}
	plain.Number(p, &c.ticketsSent)
	plain.Number(p, &c.request)
	plain.Number(p, &c.update)
	c.choiceFields(p)
	return c.Conn.Fields(p)
}

// choiceFields takes which of its credentials a connection shows, and what
// else it answers to a hello.
func (c *Conn) choiceFields(p *plain.Coder) {
	slot := c.creds.Slot(c.cred)
	plain.Number(p, &slot)
	shown := c.choice.Credential != nil
	p.Flag(&shown)
	p.Text(&c.choice.ALPN)
	plain.Struct(p, &c.choice.Fail, func(e *protocol.Error) { e.Fields(p) })
	switch {
	case !p.Reading() || slot == 0:
	case !c.creds.At(slot).CanSign():
		p.Fail()
	default:
		c.cred = c.creds.At(slot)
		if shown {
			c.choice.Credential = c.cred.Engine(nil)
		}
	}
}

// referenceField takes a session, or nil, as its place in a list.
func referenceField(p *plain.Coder, s **Session, list *[]*Session) {
	at := -1
	if *s != nil && !p.Reading() {
		at = len(*list)
		*list = append(*list, *s)
	}
	plain.Number(p, &at)
	switch {
	case !p.Reading() || at == -1:
	case at < 0 || at >= len(*list):
		p.Fail()
	default:
		*s = (*list)[at]
	}
}
