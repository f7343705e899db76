package ssl

import (
	"crypto/rand"
	"testing"
	"time"

	"libtls/internal/credential"
	"libtls/internal/plain"
	"libtls/internal/plain/plaintest"
	"libtls/internal/protocol"
	"libtls/internal/trust"
)

// TestFields holds the encodings to having everything that a child needs.
func TestFields(t *testing.T) {
	client, server := contexts(t)
	var cred *credential.Credential
	for slot := 1; cred == nil; slot++ {
		cred = server.creds.At(slot)
	}
	sessions := []*Session{newSession(protocol.Session{}), newSession(protocol.Session{})}
	choose := func(c *Conn) {
		c.cred = cred
		c.choice.Credential = cred.Engine(nil)
	}
	new := func() *Conn {
		c := &Conn{creds: server.creds}
		c.cfg = &protocol.Config{Rand: rand.Reader}
		return c
	}
	plaintest.Struct[Conn]{
		New:  new,
		Into: new,
		Walk: func(c *Conn, p *plain.Coder) {
			settled := c.settledFields(p)
			list := []*Session{}
			if p.Reading() {
				list = sessions
			}
			if engine := c.fields(p, &list); engine != nil {
				if err := c.Rebuild(c.cfg, engine, settled, nil, 0, 0); err != nil {
					t.Error(err)
				}
			}
		},
		Change: map[string]func(*Conn){
			"connection.Conn.Engine":                func(c *Conn) { c.Engine = protocol.Client(c.cfg) },
			"session":                               func(c *Conn) { c.session = sessions[0] },
			"connection.progress.resuming":          func(c *Conn) { c.resuming = sessions[0] },
			"connection.fresh":                      func(c *Conn) { c.fresh = sessions },
			"connection.progress.cred":              func(c *Conn) { c.cred = cred },
			"connection.progress.choice.Credential": choose,
		},
		Omit: map[string]string{
			"ctx":                       "RestoreConn is told",
			"first":                     "RestoreConn is told",
			"creds":                     "RestoreConn is told",
			"changes":                   "counts in one process",
			"encoded":                   "RestoreConn sets it",
			"callbacks":                 "is of the present Step",
			"lost":                      "is of the present Step",
			"entered":                   "is of the present Step",
			"connection.cfg.Rand":       "is each process's own",
			"connection.Conn.judgement": "begins anew in a child",
		},
	}.Check(t)

	bundle := client.stores.bundle
	anchors := func() *trust.Anchors {
		a, err := trust.ParseAnchors(bundle)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	plaintest.Struct[Context]{
		New:  func() *Context { return newContext(newMemory()) },
		Into: func() *Context { return newContext(newMemory()) },
		Walk: (*Context).fields,
		Change: map[string]func(*Context){
			"own[0]":        func(c *Context) { c.Set(CacheMode, 1) },
			"own[1]":        func(c *Context) { c.Set(CacheSize, 1) },
			"own[2]":        func(c *Context) { c.Set(Timeout, 1) },
			"tickets":       func(c *Context) { c.tickets.Add(1, make([]byte, 48), time.Unix(1e9, 0)) },
			"creds":         func(c *Context) { c.creds = server.creds },
			"stores.bundle": func(c *Context) { c.stores.bundle = bundle },
			"stores.lists": func(c *Context) {
				c.stores.bundle, c.stores.lists = bundle, []*trust.Anchors{anchors()}
			},
			"stores.system": func(c *Context) { c.stores.system = anchors() },
		},
		Omit: map[string]string{
			"mu":    "nobody holds it in a child",
			"stats": "lie in the Memory",
			"store": "lies in the Memory",
			"gone":  "is emptied by the call that fills it",
		},
	}.Check(t)

	plaintest.Struct[Session]{
		New:  func() *Session { return newSession(protocol.Session{}) },
		Into: func() *Session { return newSession(protocol.Session{}) },
		Walk: func(s *Session, p *plain.Coder) {
			plain.Struct(p, &s.peer, func(peer *Peer) { peer.Fields(p) })
			s.fields(p)
		},
		Change: map[string]func(*Session){
			"data.PeerChain": func(s *Session) { *s = *newSession(protocol.Session{PeerChain: [][]byte{{1}}}) },
			"data.Staple": func(s *Session) {
				*s = *newSession(protocol.Session{PeerChain: [][]byte{{1}}, Staple: []byte{2}})
			},
		},
		Omit: map[string]string{
			"refs":    "each process counts its own",
			"mu":      "nobody holds it in a child",
			"encoded": "RestoreSession sets it",
		},
	}.Check(t)
}
