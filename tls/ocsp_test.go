package tls

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"os"
	"slices"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"libtls"
)

// respond makes an OCSP response of ca's for a certificate; edit may change it.
func respond(t testing.TB, ca *authority, p pair, status int, edit ...func(*ocsp.Response)) []byte {
	t.Helper()
	template := ocsp.Response{
		Status: status, SerialNumber: p.leaf.SerialNumber,
		ThisUpdate: time.Now().Add(-time.Hour), NextUpdate: time.Now().Add(time.Hour),
	}
	if status == ocsp.Revoked {
		template.RevokedAt = time.Now().Add(-2 * time.Hour)
		template.RevocationReason = ocsp.KeyCompromise
	}
	for _, f := range edit {
		f(&template)
	}
	der, err := ocsp.CreateResponse(ca.cert, ca.cert, template, ca.key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func withOCSP(c *x509.Certificate) {
	c.OCSPServer = []string{"http://ocsp.test/1", "http://ocsp.test/2"}
}

func TestStapling(t *testing.T) {
	ca, other := newAuthority(t, "root"), newAuthority(t, "root")
	p, silent := ca.issue(t, "", "server.test", withOCSP), ca.issue(t, "", "server.test")
	for _, tc := range []struct {
		name   string
		server pair
		staple []byte
		edit   func(*Config)
		want   string // error
		result string
	}{
		{"none", p, nil, nil, "", ""},
		{"good", p, respond(t, ca, p, ocsp.Good), nil, "", "good"},
		{"good and required", p, respond(t, ca, p, ocsp.Good), (*Config).OCSPRequireStapling, "", "good"},
		{"unknown and required", p, respond(t, ca, p, ocsp.Unknown), (*Config).OCSPRequireStapling, "", "unknown"},
		{"revoked", p, respond(t, ca, p, ocsp.Revoked), nil, "ocsp verify failed: revoked cert - keyCompromise", "keyCompromise"},
		{"revoked, time off", p, respond(t, ca, p, ocsp.Revoked), (*Config).InsecureNoVerifyTime, "", ""},
		{"revoked, cert off", p, respond(t, ca, p, ocsp.Revoked), (*Config).InsecureNoVerifyCert, "", ""},
		{"old", p, respond(t, ca, p, ocsp.Good, func(r *ocsp.Response) {
			r.ThisUpdate, r.NextUpdate = time.Now().Add(-48*time.Hour), time.Now().Add(-24*time.Hour)
		}), nil, "ocsp verify failed: ocsp response not current", ""},
		{"foreign", p, respond(t, other, p, ocsp.Good), nil, "ocsp verify failed", ""},
		{"other certificate", p, respond(t, ca, silent, ocsp.Good), nil, "ocsp verify failed: no result for cert", ""},
		{"garbage", p, []byte("garbage"), nil, "unable to parse OCSP response", ""},
		{"no URL", silent, respond(t, ca, silent, ocsp.Good), nil, "no OCSP URLs in peer certificate", ""},
		{"missing", p, nil, (*Config).OCSPRequireStapling, "no stapled OCSP response provided", ""},
		{"missing, cert off", p, nil, func(c *Config) { c.InsecureNoVerifyCert(); c.OCSPRequireStapling() }, "no stapled OCSP response provided", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			eachVersion(t, func(t *testing.T, limit func(...*Config)) {
				client, server := NewConfig(), NewConfig()
				limit(client, server)
				client.SetCAMem(ca.pem())
				if tc.edit != nil {
					tc.edit(client)
				}
				server.SetKeypairOCSPMem(tc.server.cert, tc.server.key, tc.staple)
				c, s := connectPair(dial(t, client, "server.test"), accept(t, server))
				ce, se := handshake(c, s)
				result, there := c.PeerOCSPResult()
				if ce != tc.want || result != tc.result || there != (tc.result != "") {
					t.Errorf("%q, %q, %v", ce, result, there)
				}
				if tc.want != "" && se != "handshake failed: tlsv1 bad certificate status response" {
					t.Errorf("server %q", se)
				}
				url, _ := c.PeerOCSPURL()
				if has := tc.name != "no URL" && tc.name != "garbage"; has != (url == "http://ocsp.test/1") {
					t.Errorf("URL %q", url)
				}
			})
		})
	}
}

// An intermediate answers for what it has issued.
func TestStapleOfIntermediate(t *testing.T) {
	ca := newAuthority(t, "root")
	middle := ca.issue(t, "", "middle", func(c *x509.Certificate) {
		c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign|x509.KeyUsageDigitalSignature
	})
	block, _ := pem.Decode(middle.key)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	issuer := &authority{middle.leaf, key.(crypto.Signer)}
	p := issuer.issue(t, "", "server.test", withOCSP)
	client, server := NewConfig(), NewConfig()
	client.SetCAMem(ca.pem())
	client.OCSPRequireStapling()
	server.SetKeypairOCSPMem(slices.Concat(p.cert, middle.cert), p.key, respond(t, issuer, p, ocsp.Good))
	c, s := connectPair(dial(t, client, "server.test"), accept(t, server))
	mustHandshake(t, c, s)
	if result, _ := c.PeerOCSPResult(); result != "good" {
		t.Error(result)
	}
}

// A staple that is set while a server runs is used at once.
func TestLiveStaple(t *testing.T) {
	ca := newAuthority(t, "root")
	p := ca.issue(t, "", "server.test", withOCSP)
	client, config := NewConfig(), NewConfig()
	client.SetCAMem(ca.pem())
	client.OCSPRequireStapling()
	config.SetKeypairMem(p.cert, p.key)
	server := NewServer()
	if err := server.Configure(config); err != nil {
		t.Fatal(err)
	}
	config.SetOCSPStapleMem(respond(t, ca, p, ocsp.Good))
	conn := server.Listener().Accept()
	c, s := connectPair(dial(t, client, "server.test"), conn)
	mustHandshake(t, c, s)
}

func TestOCSPProcessResponse(t *testing.T) {
	ca := newAuthority(t, "root")
	p := ca.issue(t, "", "server.test", withOCSP)
	client, server := NewConfig(), NewConfig()
	client.SetCAMem(ca.pem())
	server.SetKeypairMem(p.cert, p.key)
	c, s := connectPair(dial(t, client, "server.test"), accept(t, server))
	absent := func(e *end) {
		t.Helper()
		if _, there := e.PeerOCSPResult(); there || e.PeerOCSPResponseStatus() != -1 || e.PeerOCSPCertStatus() != -1 ||
			e.PeerOCSPCRLReason() != -1 || e.PeerOCSPThisUpdate() != -1 || e.PeerOCSPNextUpdate() != -1 || e.PeerOCSPRevocationTime() != -1 {
			t.Error("not absent")
		}
	}
	good, revoked := respond(t, ca, p, ocsp.Good), respond(t, ca, p, ocsp.Revoked)
	process := func(c *end, der []byte) error {
		done, err := c.OCSPProcessResponse(der)
		if !done {
			t.Error("not done, without a directory")
		}
		return err
	}
	if got := process(c, good); got == nil || got.Error() != "" {
		t.Errorf("before the handshake: %v", got)
	}
	mustHandshake(t, c, s)
	absent(c)
	if process(s, good) == nil {
		t.Error("a server took a response")
	}
	absent(s)
	if err := process(c, good); err != nil {
		t.Fatal(err)
	}
	if c.PeerOCSPResponseStatus() != 0 || c.PeerOCSPCertStatus() != 0 || c.PeerOCSPCRLReason() != 0 || c.PeerOCSPRevocationTime() != -1 ||
		time.Since(time.Unix(c.PeerOCSPThisUpdate(), 0)).Round(time.Hour) != time.Hour ||
		time.Until(time.Unix(c.PeerOCSPNextUpdate(), 0)).Round(time.Hour) != time.Hour {
		t.Error("result of a good response")
	}
	if got := text(process(c, revoked)); got != "ocsp verify failed: revoked cert - keyCompromise" || text(c.Err()) != got {
		t.Error(got)
	}
	if c.PeerOCSPCertStatus() != 1 || c.PeerOCSPCRLReason() != 1 ||
		time.Since(time.Unix(c.PeerOCSPRevocationTime(), 0)).Round(time.Hour) != 2*time.Hour {
		t.Error("result of a revocation")
	}
	if process(c, respond(t, newAuthority(t, "root"), p, ocsp.Good)) == nil || c.PeerOCSPCertStatus() != 1 {
		t.Error("a response that wasn't believed left something")
	}
	if got := text(process(c, []byte("garbage"))); got != "unable to parse OCSP response" {
		t.Error(got)
	}
	absent(c)
	if url, there := c.PeerOCSPURL(); there {
		t.Error(url)
	}
}

// A session is offered as long as the staple that came with it is good.
func TestStapleOfSession(t *testing.T) {
	eachVersion(t, func(t *testing.T, limit func(...*Config)) {
		ca := newAuthority(t, "root")
		p := ca.issue(t, "", "server.test", withOCSP)
		client, server := NewConfig(), NewConfig()
		limit(client, server)
		client.SetCAMem(ca.pem())
		client.OCSPRequireStapling()
		server.SetSessionLifetime(3600)
		server.SetKeypairMem(p.cert, p.key)
		fd, path := sessionFD(t)
		client.SetSessionFD(fd)

		server.SetOCSPStapleMem(respond(t, ca, p, ocsp.Good))
		session(t, client, server, path)
		if resumed, _, _ := session(t, client, server, path); !resumed {
			t.Error("not resumed with a good staple")
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		sessions := libtls.ParseSessionsPEM(data)
		for _, s := range sessions {
			s.Staple = respond(t, ca, p, ocsp.Revoked)
		}
		if data, err = libtls.MarshalSessionsPEM(sessions...); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if resumed, _, _ := session(t, client, server, path); resumed {
			t.Error("resumed with a bad staple")
		}
	})
}
