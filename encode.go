package libtls

import (
	"libtls/internal/plain"
)

// Marshal encodes the configuration. Automatic ticket keys are not part of it:
// they live in memory of their own, see ShareTicketKeys. The result holds private keys, which are the
// caller's to wipe.
func (c *Config) Marshal() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tickets.mu.Lock()
	defer c.tickets.mu.Unlock()
	return plain.Encode(c.fields)
}

// UnmarshalConfig makes a Config, held once, of what Marshal returned. It
// keeps no part of data.
func UnmarshalConfig(data []byte) (*Config, error) {
	c := &Config{tickets: NewTicketKeys()}
	c.refs.Store(1)
	if err := plain.Decode(data, c.fields); err != nil {
		c.Release()
		return nil, err
	}
	return c, nil
}

// fields goes through all that a configuration is made of.
func (c *Config) fields(r *plain.Coder) {
	plain.Number(r, &c.protocols)
	plain.Numbers(r, &c.suites)
	plain.Numbers(r, &c.groups)
	plain.List(r, &c.alpn, 8, r.Text)
	r.Flag(&c.preferClient)
	r.Bytes(&c.ca)
	r.Text(&c.caPath)
	r.Bytes(&c.crl)
	c.keypair.fields(r)
	plain.List(r, &c.added, 24, func(k *keypair) { k.fields(r) })
	r.Flag(&c.skipKeyCheck)
	plain.Number(r, &c.signCallback)
	plain.Number(r, &c.signArg)
	plain.Number(r, &c.verifyDepth)
	r.Flag(&c.noVerifyCert)
	r.Flag(&c.noVerifyName)
	r.Flag(&c.noVerifyTime)
	plain.Number(r, &c.clientAuth)
	r.Flag(&c.requireStaple)
	plain.Number(r, &c.sessionFD)
	r.Array(c.sessionID[:])
	plain.Number(r, &c.lifetime)
	plain.Number(r, &c.numTickets)
	manual := c.tickets.ring.manual
	if r.Flag(&manual); manual {
		c.tickets.ring.fields(r)
	}
}

func (k *keypair) fields(r *plain.Coder) {
	r.Bytes(&k.cert)
	r.Bytes(&k.key)
	r.Bytes(&k.staple)
}
