package tls

import (
	"libtls"
	"libtls/internal/plain"
	"libtls/internal/trust"
)

// Encoding is what a configuration is rebuilt from.
type Encoding struct {
	// Settings is followed by Grown's results. It holds private keys, which are the
	// caller's to wipe.
	Settings []byte
	// CA and CRL may be large. They don't change, so that they needn't be encoded with
	// each setting, and configurations may share them. Nil is not set.
	CA  *trust.Anchors
	CRL *[]byte
}

// Marshal encodes the configuration. Automatic ticket keys are not part of it:
// they live in memory of their own, see Share.
func (c *Config) Marshal() Encoding { return c.marshal(c.tickets) }

// marshal is Marshal with those ticket keys.
func (c *Config) marshal(tickets *libtls.TicketKeys) Encoding {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.encoded = len(c.added)
	settings := plain.Encode(func(r *plain.Coder) {
		c.settingFields(r)
		tickets.Fields(r)
	})
	return Encoding{settings, c.ca, c.crl}
}

// Grown tells whether the only setting that was made since the last Marshal or
// Grown is an added keypair. The result is then appended to theirs, so that a
// keypair costs no more than its size, however many there are. It is to be called
// after each setting.
func (c *Config) Grown() (more []byte, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return encodeMore(c.added, &c.encoded)
}

// Share has what forked processes share live in that memory; see
// libtls.TicketKeys.Share.
func (c *Config) Share(memory []byte) { c.tickets.Share(memory) }

// encodeMore encodes the first of a list's keypairs that isn't encoded yet.
func encodeMore(list []keypair, encoded *int) (more []byte, ok bool) {
	if *encoded == len(list) {
		return nil, false
	}
	more = plain.Encode(list[*encoded].fields)
	*encoded++
	return more, true
}

// decodeMore appends the keypairs in what encodeMore returned so far.
func decodeMore(list *[]keypair, data []byte) (err error) {
	for err == nil && len(data) > 0 {
		var k keypair
		data, err = plain.DecodeStart(data, k.fields)
		*list = append(*list, k)
	}
	return err
}

// UnmarshalConfig makes a Config, held once, of what Marshal returned. It
// keeps no part of the settings.
func UnmarshalConfig(e Encoding) (*Config, error) {
	c := &Config{tickets: libtls.NewTicketKeys(), ca: e.CA, crl: e.CRL}
	c.refs.Store(1)
	more, err := plain.DecodeStart(e.Settings, c.fields)
	if err == nil {
		err = decodeMore(&c.added, more)
	}
	if err != nil {
		c.Release()
		return nil, err
	}
	c.encoded = len(c.added)
	return c, nil
}

// fields goes through all that the settings of an Encoding are made of.
func (c *Config) fields(r *plain.Coder) {
	c.settingFields(r)
	c.tickets.Fields(r)
}

// settingFields goes through all but the ticket keys.
func (c *Config) settingFields(r *plain.Coder) {
	plain.Number(r, &c.protocols)
	plain.Numbers(r, &c.suites)
	plain.Numbers(r, &c.groups)
	plain.List(r, &c.alpn, 8, r.Text)
	r.Flag(&c.preferClient)
	r.Text(&c.caPath)
	c.keypair.fields(r)
	plain.List(r, &c.added, 24, func(k *keypair) { k.fields(r) })
	plain.List(r, &c.renewed, 24, func(k *keypair) { k.fields(r) })
	plain.Number(r, &c.renewals)
	r.Flag(&c.skipKeyCheck)
	plain.Number(r, &c.signCallback)
	plain.Number(r, &c.signArg)
	plain.Number(r, &c.verifyDepth)
	r.Flag(&c.noVerifyCert)
	r.Flag(&c.noVerifyName)
	r.Flag(&c.noVerifyTime)
	plain.Number(r, &c.clientAuth)
	r.Flag(&c.requireStaple)
	plain.Struct(r, &c.keyLog, func(l *keyLog) { l.fields(r) })
	plain.Struct(r, &c.sessions, func(f *libtls.SessionFile) { f.Fields(r) })
	r.Array(c.sessionID[:])
	plain.Number(r, &c.lifetime)
	plain.Number(r, &c.numTickets)
	plain.Number(r, &c.idSize)
	r.Flag(&c.keyFile)
	if c.idSize < 0 || c.idSize > len(c.sessionID) {
		r.Fail()
	}
}

func (k *keypair) fields(r *plain.Coder) {
	r.Bytes(&k.cert)
	r.Bytes(&k.key)
	r.Bytes(&k.staple)
	for i := range k.files {
		r.Text(&k.files[i])
	}
}
