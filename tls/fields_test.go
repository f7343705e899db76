package tls

import (
	"crypto/x509"
	"testing"
	"time"

	"libtls"
	"libtls/internal/credential"
	"libtls/internal/plain"
	"libtls/internal/plain/plaintest"
	"libtls/internal/protocol"
	"libtls/internal/suite"
)

// TestFields holds the encodings to having everything that a child needs.
func TestFields(t *testing.T) {
	peer := newPeer([][]byte{newAuthority(t, "peer").cert.Raw})
	server := &listener{
		primary: &indexed{new(credential.Credential), primary, nil},
		added:   []*indexed{{&credential.Credential{Leaf: new(x509.Certificate)}, 0, nil}},
	}
	cfg := new(protocol.Config)
	new := func() *Context { return &Context{listener: server} }
	plaintest.Struct[Context]{
		New:  new,
		Into: new,
		Walk: func(c *Context, p *plain.Coder) {
			settled := c.settledFields(p)
			if engine := c.fields(p); engine != nil {
				if err := c.Rebuild(cfg, engine, settled, nil, 0, 0); err != nil {
					t.Error(err)
				}
			}
		},
		Change: map[string]func(*Context){
			"connection.Conn.Engine": func(c *Context) { c.Engine = protocol.Client(cfg) },
			"connection.cred":        func(c *Context) { c.cred = server.added[0] },
			"connection.peer.chain":  func(c *Context) { c.peer = peer },
			"connection.peer.leaf":   func(c *Context) { c.peer = peer },
			"connection.offered": func(c *Context) {
				made := time.Unix(1e9, 0)
				c.offered = &libtls.Session{
					Version: suite.TLS13, Suite: suite.AES128GCMSHA256, ID: []byte("id"), Secret: []byte("secret"),
					Ticket: []byte("ticket"), Created: made, FullHandshake: made.Add(-time.Hour), Timeout: time.Hour,
					Lifetime: 1, AgeAdd: 2, Binding: []byte("binding"), ServerName: "name", ALPN: "alpn",
				}
			},
		},
		Omit: map[string]string{
			"role":                      "the constructor is told",
			"config":                    "the constructor is told",
			"listener":                  "the constructor is told",
			"err":                       "the front has told the program",
			"store":                     "is read again for a policy; a server's is part of Snapshot",
			"system":                    "is nil between calls",
			"encoded":                   "restore sets it",
			"connection.policy":         "RestoreClient makes it of the configuration; a server's is its listener's",
			"connection.saves":          "counts anew in a child",
			"connection.offers":         "is nil once the connection is there",
			"connection.Conn.judgement": "begins anew in a child",
		},
	}.Check(t)

	plaintest.Struct[Config]{
		New: func() *Config {
			c := NewConfig()
			c.sessionID = [libtls.MaxSessionID]byte{}
			return c
		},
		Into: NewConfig,
		Walk: (*Config).fields,
		Change: map[string]func(*Config){
			"tickets": func(c *Config) { c.tickets.Add(1, make([]byte, 48), time.Unix(1e9, 0)) },
		},
		Omit: map[string]string{
			"refs":    "each process counts its own",
			"mu":      "nobody holds it in a child",
			"ca":      "is part of Encoding",
			"crl":     "is part of Encoding",
			"crls":    "is made of crl",
			"encoded": "Marshal and UnmarshalConfig set it",
		},
	}.Check(t)

	plaintest.Struct[snapshotContext]{
		New:  func() *snapshotContext { return &snapshotContext{} },
		Into: func() *snapshotContext { return &snapshotContext{} },
		Walk: func(f *snapshotContext, p *plain.Coder) {
			c := Context{certFile: f.CertFile, certDir: f.CertDir}
			c.snapshotFields(p, &f.Config)
			f.CertFile, f.CertDir = c.certFile, c.certDir
		},
	}.Check(t)
}

// snapshotContext is what Snapshot encodes, but for the system's trust store.
type snapshotContext struct {
	Config            []byte
	CertFile, CertDir string
}
