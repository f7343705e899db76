package tls

import (
	"bytes"
	"slices"
	"testing"
)

// All keypairs are renewed, or none if one of them can't be used.
func TestReload(t *testing.T) {
	ca := newAuthority(t, "root")
	pairs := []pair{ca.issue(t, "", "a.test"), ca.issue(t, "", "b.test")}
	c := NewConfig()
	c.SetKeypairMem(pairs[0].cert, pairs[0].key)
	c.AddKeypairMem(pairs[1].cert, pairs[1].key)
	first, second := Renewal{Cert: pairs[1].cert, Key: pairs[1].key}, Renewal{Cert: pairs[0].cert}
	if got := text(c.Reload([]Renewal{first, second})); got != "failed to load private key" {
		t.Errorf("a key of another certificate: %q", got)
	}
	if !bytes.Equal(c.keypair.cert, pairs[0].cert) || !bytes.Equal(c.added[0].cert, pairs[1].cert) {
		t.Error("something was renewed")
	}
	second[Key] = pairs[0].key
	if got := text(c.Reload([]Renewal{first, second})); got != "" {
		t.Error(got)
	}
	if !bytes.Equal(c.keypair.cert, pairs[1].cert) || !bytes.Equal(c.added[0].cert, pairs[0].cert) {
		t.Error("not renewed")
	}
	if got := text(c.Reload([]Renewal{first})); got != "a keypair was added meanwhile" {
		t.Error(got)
	}
}

// What is read again is the files that each keypair was last named to have come from.
func TestKeypairFiles(t *testing.T) {
	ca := newAuthority(t, "root")
	p := ca.issue(t, "", "a.test")
	c := NewConfig()
	c.NameFile(Cert, "first")
	for _, name := range []string{"second", "third"} {
		c.AddKeypairMem(p.cert, p.key)
		c.NameAdded([KeypairParts]string{Cert: name, Key: name + ".key"})
	}
	want := [][KeypairParts]string{{Cert: "first"}, {Cert: "second", Key: "second.key"}, {Cert: "third", Key: "third.key"}}
	if got := c.KeypairFiles(); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
