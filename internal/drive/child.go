package drive

import (
	"libtls/internal/plain"
	"libtls/internal/protocol"
)

// A fork leaves all Go objects behind, so a child rebuilds a connection from
// its encoding, which the C front keeps, and from Sequence.

// Encoding is what a connection is rebuilt from. Both hold secrets, which are
// the caller's to wipe.
type Encoding struct {
	// Changing is the part that any step may change, followed by Grown's results.
	Changing []byte
	// Settled is the part that the handshake settled, such as the peer's chain. It
	// is large, so it is encoded apart, and only once: nil stands for the last one.
	Settled []byte
}

// Encoded remembers the state that was encoded last. P is the changing part of
// the state that an API adds to a connection.
type Encoded[P comparable] struct {
	conn    Conn
	epoch   uint64
	settled settled
	api     P
}

// settled tells what was settled, and whether it has been.
type settled struct {
	engine   *protocol.Conn
	epoch    uint64
	complete bool
}

func revision[P comparable](c *Conn, api P) Encoded[P] {
	k := Encoded[P]{conn: *c, api: api}
	k.conn.judgement = judgement{} // which a child begins anew
	if c.Engine != nil {
		k.epoch = c.Engine.Epoch()
		k.settled = settled{c.Engine, c.Engine.Settled(), c.Complete}
	}
	return k
}

// Changed tells whether the connection isn't any more what was encoded, but
// for Sequence.
func (k *Encoded[P]) Changed(c *Conn, api P) bool { return *k != revision(c, api) }

// Set notes that the connection is encoded now, and tells whether the settled
// part has to be encoded again.
func (k *Encoded[P]) Set(c *Conn, api P) (settled bool) {
	before := k.settled
	*k = revision(c, api)
	return c.Engine == nil || k.settled != before
}

// Grown tells whether nothing has changed since the last Set or Grown but that
// more has come of a handshake message that isn't whole yet. The result is
// then appended to the last encoding, so that a message costs no more than its
// length, however small its fragments are.
func (k *Encoded[P]) Grown(c *Conn, api P) (more []byte, ok bool) {
	now, before := revision(c, api), *k
	before.epoch = now.epoch
	if c.Engine == nil || before != now {
		return nil, false
	}
	if more, ok = c.Engine.Grown(k.epoch); ok {
		*k = now
	}
	return more, ok
}

// Sequence tells how many records the connection has read and written under
// its present keys.
func (c *Conn) Sequence() (in, out uint64) {
	if c.Engine == nil {
		return 0, 0
	}
	return c.Engine.Sequence()
}

// SettledFields goes through what the handshake settled.
func (c *Conn) SettledFields(p *plain.Coder) (engine []byte) {
	return p.Nested(c.Engine != nil, func(p *plain.Coder) { c.Engine.SettledFields(p) })
}

// Fields goes through all of a connection but SettledFields, its engine's
// configuration and Sequence. Each returns the engine's encoding, for Rebuild,
// if that is read.
func (c *Conn) Fields(p *plain.Coder) (engine []byte) {
	for _, f := range []*bool{&c.Complete, &c.Dead, &c.Closed} {
		p.Flag(f)
	}
	return p.Nested(c.Engine != nil, func(p *plain.Coder) { c.Engine.Fields(p) })
}

// Rebuild has a connection go on where the one stood that Fields went through.
// More is what Grown returned since.
func (c *Conn) Rebuild(cfg *protocol.Config, engine, settled, more []byte, in, out uint64) (err error) {
	if c.Engine, err = protocol.UnmarshalConn(cfg, engine, settled, in, out); err == nil {
		c.Engine.Grow(more)
	}
	return err
}
