package tls

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"testing"
)

// keyLine is a line of a file with a ticket key.
func keyLine(t *testing.T) []byte {
	t.Helper()
	key := make([]byte, 80)
	rand.Read(key)
	return append(base64.StdEncoding.AppendEncode(nil, key), '\n')
}

// Servers that have the same file, and nothing else in common, resume each
// other's sessions, unless they have different session ids.
func TestTicketKeyFile(t *testing.T) {
	line := keyLine(t)
	eachVersion(t, func(t *testing.T, limit func(...*Config)) {
		ca := newAuthority(t, "root")
		fd, path := sessionFD(t)
		visit := func(what string, want bool, set func(*Config)) {
			t.Helper()
			p := ca.issue(t, "", "server.test")
			client, server := NewConfig(), NewConfig()
			limit(client, server)
			client.SetCAMem(ca.pem())
			client.SetSessionFD(fd)
			server.SetKeypairMem(p.cert, p.key)
			server.SetSessionLifetime(3600)
			if err := server.SetTicketKeyFile(line); err != nil {
				t.Fatal(err)
			}
			set(server)
			if resumed, _, _ := session(t, client, server, path); resumed != want {
				t.Errorf("%s: resumed %v", what, resumed)
			}
		}
		id := func(id string) func(*Config) { return func(c *Config) { c.SetSessionID([]byte(id)) } }
		visit("the first", false, func(*Config) {})
		visit("another server", true, func(*Config) {})
		visit("an empty id", true, id(""))
		visit("an id", false, id("service"))
		visit("the same id", true, id("service"))
		visit("another id", false, id("other"))
		visit("its beginning", false, id("othe"))
		visit("with zeros, as libtls pads it", true, id("othe\x00"))
		visit("another file", false, func(c *Config) { c.SetTicketKeyFile(keyLine(t)) })
		visit("no file", false, func(c *Config) { c.SetTicketKeyFile(nil) })
	})
}

// What is put into sessions has the length that the program gave it where there
// is a file, as other programs with that file have it, and libtls's otherwise.
func TestTicketKeyFileContext(t *testing.T) {
	line := keyLine(t)
	for _, test := range []struct {
		set  func(*Config)
		want int
	}{
		{func(*Config) {}, 32},
		{func(c *Config) { c.SetTicketKeyFile(line) }, 0},
		{func(c *Config) { c.SetTicketKeyFile(line); c.SetTicketKeyFile([]byte("bad")) }, 0},
		{func(c *Config) { c.SetTicketKeyFile(line); c.SetTicketKeyFile(nil) }, 32},
		{func(c *Config) { c.SetTicketKeyFile(line); c.SetSessionID([]byte("haproxy")) }, 7},
		{func(c *Config) { c.SetSessionID([]byte("haproxy")); c.SetTicketKeyFile(line) }, 7},
		{func(c *Config) { c.SetSessionID([]byte("haproxy")) }, 32},
	} {
		c := NewConfig()
		test.set(c)
		if got := c.context(); len(got) != test.want {
			t.Errorf("%d bytes instead of %d", len(got), test.want)
		}
	}
}

// Keys that the program added stay if it turns off a file that isn't set.
func TestTicketKeyFileOff(t *testing.T) {
	c := NewConfig()
	c.AddTicketKey(1, make([]byte, 48))
	before := c.Marshal()
	if err := c.SetTicketKeyFile(nil); err != nil || !bytes.Equal(c.Marshal().Settings, before.Settings) {
		t.Error("something has changed")
	}
	if c.SetTicketKeyFile(keyLine(t)); c.AddTicketKey(2, make([]byte, 48)) == nil {
		t.Error("a key was added to those of a file")
	}
}

// What a listener is rebuilt from, in a child, outlives keys, so it holds none.
func TestTicketKeyFileSnapshot(t *testing.T) {
	_, server := configs(t, "")
	line := keyLine(t)
	if err := server.SetTicketKeyFile(line); err != nil {
		t.Fatal(err)
	}
	key, _ := base64.StdEncoding.DecodeString(string(line[:len(line)-1]))
	c := NewServer()
	if err := c.Configure(server); err != nil {
		t.Fatal(err)
	}
	snapshot := c.Snapshot()
	if !bytes.Contains(server.Marshal().Settings, key[16:48]) || bytes.Contains(snapshot.Settings, key[16:48]) {
		t.Error("a key is where it shouldn't be, or isn't where it should")
	}
	l, err := RestoreListener(server, snapshot)
	if err != nil || len(l.context) != 0 {
		t.Errorf("%v, context %x", err, l.context)
	}
}
