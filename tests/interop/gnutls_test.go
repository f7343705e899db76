package interop

import (
	"path/filepath"
	"testing"
)

const tls13 = "NORMAL:-VERS-ALL:+VERS-TLS1.3"

func gnutlsServer(t *testing.T, priority, name string, options ...string) *server {
	t.Helper()
	for range 5 {
		port := freePort(t)
		p := start(t, "gnutls-serv", append([]string{"--echo", "-p", port, "--priority", priority,
			"--x509certfile", pki(name + ".pem"), "--x509keyfile", pki(name + ".key")}, options...)...)
		if p.match(`listening on IPv4 .* port \d+\.\.\.done`) != nil {
			return &server{p, port}
		}
	}
	t.Fatal("gnutls-serv found no port")
	return nil
}

var gnutlsGroups = map[string]string{"X25519": "GROUP-X25519", "P-256": "GROUP-SECP256R1", "P-384": "GROUP-SECP384R1",
	"P-521": "GROUP-SECP521R1"}

var gnutlsCiphers = map[string]string{
	"TLS_AES_128_GCM_SHA256": "AES-128-GCM", "TLS_AES_256_GCM_SHA384": "AES-256-GCM",
	"TLS_CHACHA20_POLY1305_SHA256": "CHACHA20-POLY1305",
}

type gnutlsCase struct {
	name, keypair, priority string
	our, want               []string
}

func gnutlsCases() []gnutlsCase {
	var tests []gnutlsCase
	for _, s := range suites {
		tests = append(tests, gnutlsCase{s, "server", tls13 + ":-CIPHER-ALL:+" + gnutlsCiphers[s], nil, []string{"cipher", s}})
	}
	for _, g := range groups {
		tests = append(tests, gnutlsCase{"group " + g, "server", tls13 + ":-GROUP-ALL:+" + gnutlsGroups[g], []string{"-g", "default"}, nil})
	}
	// P-521 is not in our default list.
	tests[len(tests)-1].our = []string{"-g", "P-521"}
	for _, k := range keypairs {
		tests = append(tests, gnutlsCase{"certificate " + k, k, tls13, nil, nil})
	}
	return tests
}

func TestGnuTLSServer(t *testing.T) {
	needs(t, "gnutls-serv")
	for _, tt := range gnutlsCases() {
		t.Run(tt.name, func(t *testing.T) {
			s := gnutlsServer(t, tt.priority, tt.keypair)
			r := ourClient(t, s.port, args(tt.our, []string{"-w", "200000"})...)
			r.want(t, "version", "TLSv1.3", "peer", "/CN="+tt.keypair)
			r.want(t, tt.want...)
		})
	}
	t.Run("retry", func(t *testing.T) {
		s := gnutlsServer(t, tls13+":-GROUP-ALL:+GROUP-SECP384R1", "server")
		ourClient(t, s.port, "-g", "P-521,P-384").want(t, "version", "TLSv1.3")
	})
	t.Run("client certificate", func(t *testing.T) {
		s := gnutlsServer(t, tls13, "server", "--require-client-cert", "--verify-client-cert", "--x509cafile", pki("ca.pem"))
		ourClient(t, s.port, keypair("client")...).want(t, "version", "TLSv1.3")
	})
	t.Run("resumption", func(t *testing.T) {
		s := gnutlsServer(t, tls13, "server")
		file := filepath.Join(t.TempDir(), "session")
		ourClient(t, s.port, "-s", file).want(t, "resumed", "0")
		for range 3 {
			ourClient(t, s.port, "-s", file).want(t, "resumed", "1")
		}
	})
}

func gnutlsClient(t *testing.T, port, priority string, options ...string) *process {
	t.Helper()
	return start(t, "gnutls-cli", append([]string{"--x509cafile", pki("ca.pem"), "--sni-hostname", "server.test",
		"--verify-hostname", "server.test", "--priority", priority, "-p", port, "127.0.0.1"}, options...)...)
}

func TestGnuTLSClient(t *testing.T) {
	needs(t, "gnutls-cli")
	for _, tt := range gnutlsCases() {
		t.Run(tt.name, func(t *testing.T) {
			s := ourServer(t, args(keypair(tt.keypair), tt.our)...)
			c := gnutlsClient(t, s.port, tt.priority)
			c.await(`Handshake was completed`)
			r := s.next(t)
			r.want(t, "version", "TLSv1.3", "servername", "server.test")
			r.want(t, tt.want...)
			c.say("hello there\n")
			c.await("hello there")
		})
	}
	t.Run("retry", func(t *testing.T) {
		s := ourServer(t, args(keypair("server"), []string{"-g", "P-384"})...)
		c := gnutlsClient(t, s.port, tls13, "--single-key-share")
		c.await(`Handshake was completed`)
		c.say("hello there\n")
		c.await("hello there")
	})
	t.Run("client certificate", func(t *testing.T) {
		s := ourServer(t, args(keypair("server"), []string{"-v"})...)
		c := gnutlsClient(t, s.port, tls13, "--x509certfile", pki("client.pem"), "--x509keyfile", pki("client.key"))
		c.await(`Handshake was completed`)
		s.next(t).want(t, "peer", "/CN=client")
		c.say("hello there\n")
		c.await("hello there")
	})
	t.Run("resumption", func(t *testing.T) {
		// It waits for a ticket before it speaks, and so does the server for what it says.
		for _, greeting := range [][]string{nil, {"-G", "welcome\n"}} {
			s := ourServer(t, args(keypair("server"), []string{"-l", "300"}, greeting)...)
			c := gnutlsClient(t, s.port, tls13, "--resume", "--waitresumption")
			s.next(t).want(t, "resumed", "0")
			s.next(t).want(t, "resumed", "1")
			c.await(`This is a resumed session`)
		}
	})
}
