package tls

import (
	"bytes"
	"fmt"
	"libtls"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"libtls/internal/suite"
	"libtls/internal/trust"
)

// fullConfig has every field set to something else than NewConfig does.
func fullConfig() *Config {
	c := NewConfig()
	c.protocols = 0xffffffff
	c.suites = []suite.ID{suite.AES128GCMSHA256}
	c.groups = []suite.Group{suite.P521, suite.X25519MLKEM768}
	c.alpn = []string{"h2", "http/1.1"}
	c.preferClient = true
	c.ca = new(trust.Anchors)
	c.caPath = "/a:/b"
	c.crl, c.crls = new([]byte), new(trust.CRLs)
	c.keypair = keypair{[]byte("cert"), []byte("key"), []byte("staple"), [KeypairParts]string{"c", "k", "s"}}
	c.added = []keypair{{cert: []byte("cert 1")}, {cert: []byte("cert 2"), key: []byte{}, staple: []byte("staple 2")}}
	c.encoded = 2
	c.renewed, c.renewals = []keypair{{cert: []byte("cert 3"), files: [KeypairParts]string{"a"}}}, 1
	c.skipKeyCheck = true
	c.signCallback, c.signArg = 1, 1<<63
	c.verifyDepth = math.MinInt32
	c.noVerifyCert, c.noVerifyName, c.noVerifyTime = true, true, true
	c.clientAuth = clientCertRequired
	c.requireStaple = true
	c.keyLog = &keyLog{fd: 7}
	c.sessions = new(libtls.SessionFile)
	c.lifetime = time.Hour
	c.numTickets = 7
	c.idSize = 7
	c.keyFile = true
	return c
}

// settings prints all that Marshal encodes; nil and empty differ.
func settings(c *Config) string {
	v := reflect.ValueOf(c).Elem()
	var b strings.Builder
	for i := range v.NumField() {
		if name := v.Type().Field(i).Name; name != "refs" && name != "mu" && name != "tickets" && name != "crls" {
			fmt.Fprintf(&b, "%s: %#v\n", name, v.Field(i))
		}
	}
	return b.String()
}

func TestMarshalConfig(t *testing.T) {
	plain, full := NewConfig(), fullConfig()
	for v, i := reflect.ValueOf(full).Elem(), 0; i < v.NumField(); i++ {
		if name := v.Type().Field(i).Name; v.Field(i).IsZero() && name != "mu" {
			t.Errorf("the test doesn't set %s", name)
		}
	}
	for _, c := range []*Config{plain, full} {
		e := c.Marshal()
		got, err := UnmarshalConfig(e)
		if err != nil {
			t.Fatal(err)
		}
		if settings(got) != settings(c) {
			t.Errorf("%s instead of\n%s", settings(got), settings(c))
		}
		if again := got.Marshal(); !bytes.Equal(e.Settings, again.Settings) {
			t.Error("another encoding")
		}
		for n := range e.Settings {
			if _, err := UnmarshalConfig(Encoding{Settings: e.Settings[:n]}); err == nil {
				t.Fatalf("accepted %d of %d bytes", n, len(e.Settings))
			}
		}
		if _, err := UnmarshalConfig(Encoding{Settings: append(bytes.Clone(e.Settings), 0)}); err == nil {
			t.Error("accepted a byte too much")
		}
	}
}

// Trusted certificates and CRLs are not encoded with each setting, and
// configurations share the certificates.
func TestMarshalLarge(t *testing.T) {
	const size = 100_000
	ca := newAuthority(t, "ca")
	pem := bytes.Repeat(ca.pem(), size/len(ca.pem()))
	one, two := NewConfig(), NewConfig()
	for _, c := range []*Config{one, two} {
		c.SetCAMem(pem)
		c.SetCRLMem(bytes.Repeat(ca.crl(t), size/len(ca.crl(t))))
		c.SetVerifyDepth(1)
	}
	first, second := one.Marshal(), two.Marshal()
	if n := len(first.Settings); n > size/100 {
		t.Errorf("%d bytes", n)
	}
	if first.CA != second.CA {
		t.Error("the same certificates twice")
	}
	if again := one.Marshal(); again.CA != first.CA || again.CRL != first.CRL {
		t.Error("what hasn't changed is another")
	}
	if one.SetCRLMem([]byte("crl")); one.Marshal().CRL == first.CRL {
		t.Error("what has changed is the same")
	}
}

// Keypairs that are added go behind the encoding, and nothing else does.
func TestGrownConfig(t *testing.T) {
	c := fullConfig()
	e := c.Marshal()
	if _, ok := c.Grown(); ok {
		t.Error("grew without a new keypair")
	}
	for i := range 3 {
		c.addKeypair(keypair{cert: []byte{byte(i)}, key: []byte("key")})
		more, ok := c.Grown()
		if !ok || len(more) > 100 {
			t.Fatalf("grew by %d bytes, %v", len(more), ok)
		}
		e.Settings = append(e.Settings, more...)
		got, err := UnmarshalConfig(e)
		if err != nil || settings(got) != settings(c) {
			t.Fatalf("%v: %s instead of\n%s", err, settings(got), settings(c))
		}
	}
	e.Settings = e.Settings[:len(e.Settings)-1]
	if _, err := UnmarshalConfig(e); err == nil {
		t.Error("accepted a part of a keypair")
	}
}

func FuzzUnmarshalConfig(f *testing.F) {
	f.Add(NewConfig().Marshal().Settings)
	f.Add(fullConfig().Marshal().Settings)
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := UnmarshalConfig(Encoding{Settings: data})
		if err != nil {
			return
		}
		again, err := UnmarshalConfig(c.Marshal())
		if err != nil || settings(again) != settings(c) {
			t.Error("another encoding")
		}
	})
}
