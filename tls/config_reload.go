package tls

import (
	"bytes"
)

// A Renewal is what is in the files of one keypair now. A part without a file is
// nil.
type Renewal [KeypairParts][]byte

// KeypairFiles returns the files of each keypair, the primary one first. A part
// that came from memory, or isn't there, has no name.
func (c *Config) KeypairFiles() [][KeypairParts]string {
	files := [][KeypairParts]string{c.keypair.files}
	for _, k := range c.added {
		files = append(files, k.files)
	}
	return files
}

// Reload is tls_config_reload. Renewals has an element for each keypair, the primary
// one first. Servers take the keypairs for the connections that they accept
// afterwards. If one of them can't be used nothing is changed.
func (c *Config) Reload(renewals []Renewal) error {
	e := c.Marshal()
	defer clear(e.Settings)
	fresh, err := UnmarshalConfig(e)
	if err != nil {
		return failure("%v", err)
	}
	defer fresh.Release()
	if len(renewals) != 1+len(fresh.added) {
		return failure("a keypair was added meanwhile")
	}
	for i, r := range renewals {
		if err := fresh.pair(primary + i).renew(r); err != nil {
			return err
		}
	}
	if err := fresh.checkKeypairs(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	wipeKeys(c.renewed)
	c.renewed = clonePairs(append([]keypair{fresh.keypair}, fresh.added...))
	c.renewals++
	// The old ones go with fresh.
	c.keypair, fresh.keypair = fresh.keypair, c.keypair
	c.added, fresh.added = fresh.added, c.added
	return nil
}

func (k *keypair) renew(r Renewal) error {
	if r[Cert] != nil {
		if err := k.setCert(bytes.Clone(r[Cert])); err != nil {
			return k.named(err)
		}
	}
	if r[Key] != nil {
		k.setKey(bytes.Clone(r[Key]))
	}
	if r[Staple] != nil {
		k.staple = bytes.Clone(r[Staple])
	}
	return nil
}

// named makes an error tell which keypair it is about.
func (k *keypair) named(err error) error {
	if k.files[Cert] == "" {
		return err
	}
	return failure("keypair of '%s': %v", k.files[Cert], err)
}

// checkKeypairs tells what tls_configure would say of the keypairs, and of which.
func (c *Config) checkKeypairs() error {
	var all []*indexed
	for i := primary; i < len(c.added); i++ {
		cred, err := c.credential(i, i != primary)
		if err != nil {
			return c.pair(i).named(err)
		}
		all = append(all, cred)
	}
	if all[0] != nil && !usable(c.engine(), all[0], all[1:]) {
		return failure("no cipher suite can be used with the certificates' keys")
	}
	return nil
}

func clonePairs(pairs []keypair) []keypair {
	clones := make([]keypair, len(pairs))
	for i, k := range pairs {
		clones[i] = keypair{bytes.Clone(k.cert), bytes.Clone(k.key), bytes.Clone(k.staple), k.files}
	}
	return clones
}

func wipeKeys(pairs []keypair) {
	for i := range pairs {
		pairs[i].setKey(nil)
	}
}

// Renew has a server take the keypairs that its configuration was reloaded with.
// What Snapshot returned is to be replaced by what Renew returns, or stays if that
// is nothing. All else is as it was.
func (t *Context) Renew(snapshot Encoding) (renewed Encoding) {
	as, err := asOfSnapshot(snapshot)
	if err != nil {
		return renewed
	}
	defer as.Free()
	live := t.listener.config
	live.giveRenewed(as.config)
	l, failed := as.newListener(as.config)
	if failed != nil {
		return renewed // Reload has seen that they can be used; the program has set more since
	}
	l.config = live
	t.listener = l
	e := as.config.Marshal()
	defer clear(e.Settings)
	return as.snapshot(e)
}

// giveRenewed has another configuration, which nobody else knows, use the renewed
// keypairs.
func (c *Config) giveRenewed(to *Config) {
	c.mu.Lock()
	defer c.mu.Unlock()
	to.ClearKeys()
	wipeKeys(to.renewed)
	pairs := clonePairs(c.renewed)
	to.keypair, to.added, to.renewed, to.renewals = pairs[0], pairs[1:], nil, c.renewals
}
