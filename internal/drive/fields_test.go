package drive

import (
	"testing"

	"libtls/internal/plain"
	"libtls/internal/plain/plaintest"
	"libtls/internal/protocol"
)

func TestFields(t *testing.T) {
	cfg := new(protocol.Config)
	plaintest.Struct[Conn]{
		New:  func() *Conn { return new(Conn) },
		Into: func() *Conn { return new(Conn) },
		Walk: func(c *Conn, p *plain.Coder) {
			settled := c.SettledFields(p)
			if engine := c.Fields(p); engine != nil {
				if err := c.Rebuild(cfg, engine, settled, nil, 0, 0); err != nil {
					t.Error(err)
				}
			}
		},
		Change: map[string]func(*Conn){"Engine": func(c *Conn) { c.Engine = protocol.Client(cfg) }},
		Omit:   map[string]string{"judgement": "begins anew in a child"},
	}.Check(t)
}
