package protocol

import (
	"crypto"
	"testing"

	"libtls/internal/plain"
	"libtls/internal/plain/plaintest"
	"libtls/internal/schedule"
	"libtls/internal/suite"
)

// TestFields holds the encodings to having everything of a connection.
func TestFields(t *testing.T) {
	credential := identities()["p256"]
	other := func(c *Conn) {
		c.info.Suite = suite.ByID(suite.AES256GCMSHA384)
		c.hs.schedule.Hash = crypto.SHA384
	}
	plaintest.Struct[Conn]{
		New: func() *Conn {
			return &Conn{
				info: Info{Suite: suite.ByID(suite.AES128GCMSHA256)},
				hs: &handshake{
					suite:    suite.ByID(suite.AES128GCMSHA256),
					schedule: &schedule.Schedule{Hash: crypto.SHA256},
					shares:   []*suite.KeyShare{{Group: suite.X25519}},
					tls12:    &handshake12{share: &suite.KeyShare{Group: suite.X25519}},
				},
			}
		},
		Into: func() *Conn { return new(Conn) },
		Walk: func(c *Conn, p *plain.Coder) {
			c.SettledFields(p)
			c.Fields(p)
		},
		Change: map[string]func(*Conn){
			"info.Suite":           other,
			"hs.schedule.Hash":     other,
			"hs.suite":             func(c *Conn) { c.hs.suite = suite.ByID(suite.AES256GCMSHA384) },
			"hs.transcript.hash":   func(c *Conn) { c.hs.transcript.fix(crypto.SHA256) },
			"hs.shares":            func(c *Conn) { c.hs.shares = append(c.hs.shares, &suite.KeyShare{Group: suite.P256}) },
			"hs.tls12.share.Group": func(c *Conn) { c.hs.tls12.share.Group = suite.P256 },
			"hs.credential.Chain":  func(c *Conn) { c.hs.credential = &Credential{Chain: credential.Chain} },
			"hs.credential.Public": func(c *Conn) {
				c.hs.credential = &Credential{Chain: credential.Chain, Public: credential.Public}
			},
		},
		Omit: map[string]string{
			"cfg":                "UnmarshalConn is told",
			"in":                 "restore makes it of inSecret and Sequence",
			"out":                "restore makes it of outSecret and Sequence",
			"keyLog":             "is taken after each step",
			"count":              "see Epoch",
			"gotHandshake":       "is about the last record, within one call of the program's",
			"epoch":              "counts in one process",
			"settled":            "counts in one process",
			"fixed":              "counts in one process",
			"hs.exts":            "restoreHandshake makes them of offer",
			"hs.peerLeaf":        "restoreHandshake makes it of peerChain",
			"hs.tls12.keys":      "restoreHandshake makes them of master",
			"hs.tls12.share.key": "is made of Private",
			"hs.tls12.share.kem": "is made of Private",
		},
	}.Check(t)
	plaintest.Struct[Config]{
		New:  func() *Config { return new(Config) },
		Into: func() *Config { return new(Config) },
		Walk: (*Config).Fields,
		Omit: map[string]string{"Rand": "is each process's own"},
	}.Check(t)
	plaintest.Struct[Session]{
		New:  func() *Session { return new(Session) },
		Into: func() *Session { return new(Session) },
		Walk: func(s *Session, p *plain.Coder) { s.Fields(p) },
	}.Check(t)
}
