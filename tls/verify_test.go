package tls

import (
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"libtls/internal/trust"
)

// What stands in SSL_CERT_FILE and SSL_CERT_DIR is trusted instead of the
// system's store, unless the configuration has trusted certificates.
func TestSystemStore(t *testing.T) {
	ca, other := newAuthority(t, "ca"), newAuthority(t, "other")
	p := ca.issue(t, "", "server.test")
	server := NewConfig()
	server.SetKeypairMem(p.cert, p.key)
	dir := t.TempDir()
	file := func(name string, a *authority) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, a.pem(), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	own, foreign, none := file("own.pem", ca), file("foreign.pem", other), filepath.Join(dir, "none")
	const unknown = "certificate verification failed: unable to get local issuer certificate"
	for _, test := range []struct {
		file, dir string
		ca        []byte
		connect   string
		handshake string
	}{
		{own, none, nil, "", ""},
		{foreign, none, nil, "", unknown},
		{none, none, nil, "failed to open CA file '" + none + "'", ""},
		{none, dir, nil, "", unknown}, // none of its files is named by a hash
		{foreign, none, ca.pem(), "", ""},
		{own, none, other.pem(), "", unknown},
	} {
		config := NewConfig()
		if test.ca != nil {
			config.SetCAMem(test.ca)
		}
		client := NewClient()
		client.SystemStore(test.file, test.dir, systemStore(test.file, test.dir))
		client.Configure(config)
		if err := client.Connect("server.test", true, ""); text(err) != test.connect {
			t.Errorf("%+v: connect: %v", test, err)
		}
		if test.connect != "" {
			continue
		}
		c, s := connectPair(client, accept(t, server))
		if ce, _ := handshake(c, s); ce != test.handshake {
			t.Errorf("%+v: handshake: %q", test, ce)
		}
	}
}

var serial uint64

// systemStore reads what these name.
func systemStore(file, dir string) *trust.System {
	serial++
	s := &trust.System{Path: file, Dirs: dir, Serial: serial}
	var err error
	if s.Bundle, err = os.ReadFile(file); err != nil {
		s.Errno = syscall.ENOENT
	}
	st, err := os.Stat(dir)
	s.HasDirs = err == nil && st.IsDir()
	return s
}

// Trusted certificates and CRLs are parsed again only if they were set anew,
// to something else.
func TestParsedOnce(t *testing.T) {
	first, second := newAuthority(t, "first").pem(), newAuthority(t, "second").pem()
	policy := func(c *Config) trust.Options {
		client := NewClient()
		client.Configure(c)
		o, err := client.newPolicy(trust.ServerAuth)
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	c := NewConfig()
	c.SetCAMem(first)
	c.SetCRLMem([]byte("no CRL at all"))
	was := policy(c)
	runtime.GC()
	if is := policy(c); is.Anchors != was.Anchors || is.CRLs != was.CRLs {
		t.Error("parsed twice")
	}
	again := NewConfig()
	again.SetCAMem(first)
	if policy(again).Anchors != was.Anchors {
		t.Error("parsed once more for another configuration")
	}
	c.SetCAMem(second)
	c.SetCRLMem([]byte("another one"))
	if is := policy(c); is.Anchors == was.Anchors || is.CRLs == was.CRLs {
		t.Error("old ones used")
	}
	c.SetCRLMem(nil)
	if policy(c).CRLs != nil {
		t.Error("CRLs that aren't there")
	}
}
