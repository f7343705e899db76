package tls

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"strings"
	"testing"
)

// exported returns a connection that is established.
func exported(t *testing.T, client, server *Config) (c, s *end) {
	t.Helper()
	c, s = connectPair(dial(t, client, "server.test"), accept(t, server))
	mustHandshake(t, c, s)
	return c, s
}

func TestConnExport(t *testing.T) {
	eachVersion(t, func(t *testing.T, limit func(...*Config)) {
		client, server := configs(t, "p256")
		limit(client, server)
		early := dial(t, client, "server.test")
		if _, err := early.ConnExport("label", nil, 32); err == nil || err.Error() != "handshake not completed" {
			t.Error(err)
		}
		c, s := exported(t, client, server)
		const longest = 255 * 32 // with any suite
		for _, n := range []int{1, 32, longest} {
			mine, err := c.ConnExport("label", []byte("context"), n)
			theirs, err2 := s.ConnExport("label", []byte("context"), n)
			if err != nil || err2 != nil || len(mine) != n || !bytes.Equal(mine, theirs) {
				t.Errorf("%d bytes: %v, %v", n, err, err2)
			}
		}
		for _, n := range []int{-1, 0, 255*48 + 1} {
			if out, err := c.ConnExport("label", nil, n); err == nil || out != nil || c.Err() != err {
				t.Errorf("%d bytes: %v", n, err)
			}
		}
	})
}

func TestConnExportRefuses(t *testing.T) {
	eachVersion(t, func(t *testing.T, limit func(...*Config)) {
		client, server := configs(t, "p256")
		limit(client, server)
		c, _ := exported(t, client, server)
		own := "label is reserved for TLS"
		if c.ConnVersion() != "TLSv1.2" {
			own = ""
		}
		for _, test := range []struct {
			label   string
			context int // bytes
			want    string
		}{
			{"", 0, "label too long or empty"},
			{strings.Repeat("x", 249), 0, ""},
			{strings.Repeat("x", 250), 0, "label too long or empty"},
			{"client finished", 0, own},
			{"server finished", 0, own},
			{"master secret", 0, own},
			{"extended master secret", 0, own},
			{"key expansion", 0, own},
			{"label", 0xffff, ""},
			{"label", 0x10000, "context too long"},
		} {
			if _, err := c.ConnExport(test.label, make([]byte, test.context), 32); text(err) != test.want {
				t.Errorf("%.30q, %d bytes of context: %v, want %q", test.label, test.context, err, test.want)
			}
		}
	})
}

// A TLS 1.2 peer without the extended master secret gets no keying material.
func TestConnExportWithoutExtendedMasterSecret(t *testing.T) {
	client, server := configs(t, "p256")
	client.SetProtocols(ProtocolTLS12)
	c, _ := exported(t, client, server)
	c.Engine.Info().ExtendedMasterSecret = false
	const want = "peer has no extended master secret"
	if _, err := c.ConnExport("label", nil, 32); err == nil || err.Error() != want {
		t.Error(err)
	}
	if _, err := c.ConnChannelBinding("tls-exporter"); err == nil || err.Error() != want {
		t.Error(err)
	}
	if _, err := c.Engine.Export("label", nil, false, 32); err == nil {
		t.Error("the engine derives")
	}
	if binding, err := c.ConnChannelBinding("tls-server-end-point"); err != nil || len(binding) != 32 {
		t.Error(err)
	}
}

// A connection whose server has another name was never the program's.
func TestConnExportOfOtherName(t *testing.T) {
	client, server := configs(t, "p256")
	c, s := connectPair(dial(t, client, "other.test"), accept(t, server))
	handshake(c, s)
	for _, kind := range []string{"tls-exporter", "tls-server-end-point"} {
		if _, err := c.ConnChannelBinding(kind); err == nil {
			t.Errorf("%s of a client that was refused", kind)
		}
	}
}

// TestEndPointHash goes through RFC 5929, 4.1.
func TestEndPointHash(t *testing.T) {
	for alg, want := range map[x509.SignatureAlgorithm]crypto.Hash{
		x509.MD5WithRSA: crypto.SHA256, x509.SHA1WithRSA: crypto.SHA256, x509.ECDSAWithSHA1: crypto.SHA256,
		x509.SHA256WithRSA: crypto.SHA256, x509.SHA256WithRSAPSS: crypto.SHA256, x509.ECDSAWithSHA256: crypto.SHA256,
		x509.SHA384WithRSA: crypto.SHA384, x509.SHA384WithRSAPSS: crypto.SHA384, x509.ECDSAWithSHA384: crypto.SHA384,
		x509.SHA512WithRSA: crypto.SHA512, x509.SHA512WithRSAPSS: crypto.SHA512, x509.ECDSAWithSHA512: crypto.SHA512,
		x509.PureEd25519: 0, x509.UnknownSignatureAlgorithm: 0,
	} {
		if got := endPointHash(alg); got != want {
			t.Errorf("%v: %v", alg, got)
		}
	}
	ca := newAuthority(t, "root")
	for alg, size := range map[x509.SignatureAlgorithm]int{x509.ECDSAWithSHA384: 48, x509.ECDSAWithSHA512: 64} {
		p := ca.issue(t, "", "server.test", func(c *x509.Certificate) { c.SignatureAlgorithm = alg })
		client, server := NewConfig(), NewConfig()
		client.SetCAMem(ca.pem())
		server.SetKeypairMem(p.cert, p.key)
		c, s := exported(t, client, server)
		mine, err := c.ConnChannelBinding("tls-server-end-point")
		theirs, err2 := s.ConnChannelBinding("tls-server-end-point")
		if err != nil || err2 != nil || len(mine) != size || !bytes.Equal(mine, theirs) {
			t.Errorf("%v: %x, %x: %v, %v", alg, mine, theirs, err, err2)
		}
	}
}
