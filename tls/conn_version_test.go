package tls

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"testing"

	"libtls/internal/drive"
)

func TestConnInfo(t *testing.T) {
	ca := newAuthority(t, "root")
	p := ca.issue(t, "", "server.test", func(c *x509.Certificate) {
		c.Subject = pkix.Name{Country: []string{"XX"}, Organization: []string{"Acme, Inc"}, CommonName: "common"}
	})
	client, server := NewConfig(), NewConfig()
	client.SetCAMem(ca.pem())
	server.SetKeypairMem(append(bytes.Clone(p.cert), ca.pem()...), p.key)
	c, s := connectPair(dial(t, client, "server.test"), accept(t, server))
	nothing := func(e *end) {
		t.Helper()
		_, alpn := e.ConnALPNSelected()
		_, name := e.ConnServername()
		_, cn := e.PeerCertCommonName()
		if e.ConnVersion() != "" || e.ConnCipher() != "" || e.ConnCipherStrength() != 0 || e.ConnGroup() != "" || alpn || name || cn ||
			e.ConnSessionResumed() || e.PeerCertProvided() || e.PeerCertContainsName("server.test") || e.PeerCertHash() != "" ||
			e.PeerCertIssuer() != "" || e.PeerCertSubject() != "" || e.PeerCertNotBefore() != -1 || e.PeerCertNotAfter() != -1 ||
			e.PeerCertChainPEM() != nil {
			t.Error("there is something")
		}
	}
	nothing(c)
	nothing(s)
	mustHandshake(t, c, s)
	sum := sha256.Sum256(p.leaf.Raw)
	if got := c.PeerCertHash(); got != "SHA256:"+hex.EncodeToString(sum[:]) {
		t.Error(got)
	}
	if got := c.PeerCertSubject(); got != "/C=XX/O=Acme, Inc/CN=common" {
		t.Error(got)
	}
	if got, ok := c.PeerCertCommonName(); got != "common" || !ok {
		t.Error(got)
	}
	if c.PeerCertNotBefore() != p.leaf.NotBefore.Unix() || c.PeerCertNotAfter() != p.leaf.NotAfter.Unix() {
		t.Error("dates")
	}
	if got, want := c.PeerCertChainPEM(), append(bytes.Clone(p.cert), ca.pem()...); !bytes.Equal(got, want) {
		t.Errorf("%s", got)
	}
	if _, there := s.PeerCertCommonName(); there || s.PeerCertHash() != "" || s.PeerCertNotAfter() != -1 || s.PeerCertChainPEM() != nil {
		t.Error("a client without certificate has one")
	}
	c.do(drive.Close, nil)
	if c.ConnVersion() == "" || !c.PeerCertProvided() {
		t.Error("close forgot the connection")
	}
	c.Free()
	nothing(c)
}

// A record that crosses costs no allocation on either side.
func TestAllocations(t *testing.T) {
	eachVersion(t, func(t *testing.T, limit func(...*Config)) {
		client, server := configs(t, "")
		limit(client, server)
		c, s := connectPair(dial(t, client, "server.test"), accept(t, server))
		mustHandshake(t, c, s)
		data, buf, out := make([]byte, 16000), make([]byte, 16384), make([]byte, 0, 20000)
		var w, r drive.IO
		if n := testing.AllocsPerRun(100, func() {
			w = drive.IO{Buf: data, Out: out}
			if c.Step(drive.Write, &w) != drive.Done || w.N != len(data) {
				t.Fatal(c.Err())
			}
			r = drive.IO{Buf: buf, Record: w.Out}
			if s.Step(drive.Read, &r) != drive.Done || r.N != len(data) || r.Data != nil {
				t.Fatal(s.Err())
			}
		}); n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}

func BenchmarkRecord(b *testing.B) {
	client, server := configs(b, "")
	c, s := connectPair(dial(b, client, "server.test"), accept(b, server))
	mustHandshake(b, c, s)
	data, buf, out := make([]byte, 16000), make([]byte, 16384), make([]byte, 0, 20000)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	var w, r drive.IO
	for b.Loop() {
		w = drive.IO{Buf: data, Out: out}
		c.Step(drive.Write, &w)
		r = drive.IO{Buf: buf, Record: w.Out}
		s.Step(drive.Read, &r)
	}
	if r.N != len(data) {
		b.Fatal(s.Err())
	}
}

// What setting up costs before anything is sent, with the system's CA bundle.
func BenchmarkConnect(b *testing.B) {
	client := NewClient()
	if err := client.Connect("server.test", true, ""); err != nil {
		b.Skip(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		client.Connect("server.test", true, "")
	}
}

func BenchmarkHandshake(b *testing.B) {
	client, server := configs(b, "")
	listener := NewServer()
	if err := listener.Configure(server); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		conn := listener.Listener().Accept()
		c, s := connectPair(dial(b, client, "server.test"), conn)
		mustHandshake(b, c, s)
	}
}
