package interop

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// suites12 are the suites of TLS 1.2 by OpenSSL's names, with a key pair for each.
var suites12 = map[string]string{
	"ECDHE-ECDSA-AES128-GCM-SHA256": "server", "ECDHE-RSA-AES128-GCM-SHA256": "rsa",
	"ECDHE-ECDSA-AES256-GCM-SHA384": "server", "ECDHE-RSA-AES256-GCM-SHA384": "rsa",
	"ECDHE-ECDSA-CHACHA20-POLY1305": "server", "ECDHE-RSA-CHACHA20-POLY1305": "rsa",
	// For old peers, so only when asked for.
	"ECDHE-ECDSA-AES128-SHA": "server", "ECDHE-RSA-AES128-SHA": "rsa",
	"ECDHE-ECDSA-AES256-SHA": "server", "ECDHE-RSA-AES256-SHA": "rsa",
	"ECDHE-ECDSA-AES128-SHA256": "server", "ECDHE-RSA-AES128-SHA256": "rsa",
	"ECDHE-ECDSA-AES256-SHA384": "server", "ECDHE-RSA-AES256-SHA384": "rsa",
}

// our12 lets our peer speak TLS 1.2 only, or both versions with those that speak no other.
var our12 = [][]string{{"-p", "tlsv1.2"}, {"-p", "default"}}

type case12 struct {
	name, keypair string
	our, openssl  []string
	want          []string
}

// cases12 are connections of TLS 1.2 in either role.
func cases12() []case12 {
	var tests []case12
	for s, k := range suites12 {
		tests = append(tests,
			case12{"ours " + s, k, []string{"-x", s, "-p", "tlsv1.2"}, nil, []string{"cipher", s}},
			case12{"theirs " + s, k, []string{"-x", "HIGH", "-p", "default"}, []string{"-cipher", s}, []string{"cipher", s}})
	}
	for _, g := range groups {
		for _, k := range []string{"rsa", "ed25519"} { // whose keys are on no curve that would have to be named as well
			tests = append(tests, case12{"group " + g + " " + k, k, []string{"-g", g, "-p", "tlsv1.2"}, nil, nil})
		}
	}
	for _, k := range keypairs {
		tests = append(tests, case12{"certificate " + k, k, []string{"-p", "default", "-g", "X25519,P-256,P-384,P-521"}, nil, nil})
	}
	return append(tests, case12{"alpn", "server", []string{"-p", "default", "-a", "one"}, []string{"-alpn", "two,one"}, []string{"alpn", "one"}})
}

func TestOpenSSLServer12(t *testing.T) {
	needs(t, "openssl")
	ca := []string{"-Verify", "1", "-verify_return_error", "-CAfile", pki("ca.pem")}
	tests := append(cases12(),
		case12{"client certificate", "server", keypair("client"), ca, nil},
		case12{"client certificate RSA", "rsa", keypair("client-rsa"), ca, nil},
		case12{"client certificate Ed25519", "ed25519", keypair("client-ed25519"), ca, nil})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := opensslServer(t, args([]string{"-rev", "-tls1_2"}, opensslPair(tt.keypair), tt.openssl)...)
			r := ourClient(t, s.port, args([]string{"-R", "-p", "default"}, tt.our)...)
			r.want(t, "version", "TLSv1.2", "resumed", "0", "peer", "/CN="+tt.keypair)
			r.want(t, tt.want...)
		})
	}
}

func TestOpenSSLClient12(t *testing.T) {
	needs(t, "openssl")
	tests := append(cases12(),
		case12{"client certificate", "server", []string{"-v", "-p", "default"}, opensslPair("client"), []string{"peer", "/CN=client"}},
		case12{"client certificate RSA", "rsa", []string{"-v", "-p", "tlsv1.2"}, opensslPair("client-rsa"), []string{"peer", "/CN=client"}},
		case12{"no client certificate", "server", []string{"-o", "-p", "default"}, nil, []string{"peer", "-"}})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := ourServer(t, args(keypair(tt.keypair), tt.our)...)
			c := opensslClient(t, s.port, append([]string{"-tls1_2"}, tt.openssl...)...)
			r := s.next(t)
			r.want(t, "version", "TLSv1.2", "resumed", "0", "servername", "server.test")
			r.want(t, tt.want...)
			c.await("Secure Renegotiation IS supported")
			c.await("Extended master secret: yes")
			converse(c)
		})
	}
}

// Resumption by ticket and by session id with OpenSSL's server, which tells them apart by -no_ticket.
func TestOpenSSLServerResumption12(t *testing.T) {
	needs(t, "openssl")
	for _, our := range our12 {
		for name, options := range map[string][]string{"ticket": nil, "session id": {"-no_ticket"}} {
			t.Run(name+" "+our[1], func(t *testing.T) {
				s := opensslServer(t, args([]string{"-rev", "-tls1_2"}, opensslPair("server"), options)...)
				file := filepath.Join(t.TempDir(), "session")
				ours := args([]string{"-R", "-s", file}, our)
				ourClient(t, s.port, ours...).want(t, "version", "TLSv1.2", "resumed", "0")
				for range 3 {
					ourClient(t, s.port, ours...).want(t, "version", "TLSv1.2", "resumed", "1", "peer", "/CN=server")
				}
				if c := opensslClient(t, s.port, "-tls1_2", "-sess_in", file); c.await(`(New|Reused), TLS`)[1] != "Reused" {
					t.Error("s_client didn't resume our session")
				}
			})
		}
	}
}

func TestOpenSSLClientResumption12(t *testing.T) {
	needs(t, "openssl")
	for _, our := range our12 {
		t.Run(our[1], func(t *testing.T) {
			s := ourServer(t, args(keypair("server"), []string{"-l", "300"}, our)...)
			file := filepath.Join(t.TempDir(), "session")
			c := opensslClient(t, s.port, "-tls1_2", "-sess_out", file)
			s.next(t).want(t, "version", "TLSv1.2", "resumed", "0")
			converse(c)
			if text := run(t, "openssl", "sess_id", "-in", file, "-noout", "-text"); !strings.Contains(text, "lifetime hint: 300 (seconds)") {
				t.Errorf("not the configured lifetime:\n%s", text)
			}
			for range 2 {
				c = opensslClient(t, s.port, "-tls1_2", "-sess_in", file)
				s.next(t).want(t, "version", "TLSv1.2", "resumed", "1")
				converse(c)
			}
			if err := os.Chmod(file, 0o600); err != nil {
				t.Fatal(err)
			}
			ourClient(t, s.port, args([]string{"-s", file}, our12[0])...).want(t, "resumed", "1")
		})
	}
}

const gnutls12 = "NORMAL:-VERS-ALL:+VERS-TLS1.2"

func TestGnuTLS12(t *testing.T) {
	needs(t, "gnutls-cli")
	for _, cipher := range []string{"AES-128-GCM", "AES-256-GCM", "CHACHA20-POLY1305", "AES-128-CBC:+SHA1", "AES-256-CBC:+SHA1"} {
		for _, k := range []string{"server", "rsa"} {
			t.Run(cipher+" "+k, func(t *testing.T) {
				priority := gnutls12 + ":-CIPHER-ALL:+" + cipher
				both := []string{"-p", "default", "-x", "HIGH"}
				s := gnutlsServer(t, priority, k)
				ourClient(t, s.port, append(both, "-w", "100000")...).want(t, "version", "TLSv1.2", "peer", "/CN="+k)
				s = ourServer(t, args(keypair(k), both)...)
				c := gnutlsClient(t, s.port, priority)
				c.await(`Handshake was completed`)
				s.next(t).want(t, "version", "TLSv1.2")
				c.say("hello there\n")
				c.await("hello there")
			})
		}
	}
	t.Run("our client resumes", func(t *testing.T) {
		s := gnutlsServer(t, gnutls12, "server")
		file := filepath.Join(t.TempDir(), "session")
		ourClient(t, s.port, "-p", "default", "-s", file).want(t, "version", "TLSv1.2", "resumed", "0")
		for range 3 {
			ourClient(t, s.port, "-p", "default", "-s", file).want(t, "version", "TLSv1.2", "resumed", "1")
		}
	})
	t.Run("their client resumes", func(t *testing.T) {
		s := ourServer(t, args(keypair("server"), []string{"-p", "default", "-l", "300"})...)
		c := gnutlsClient(t, s.port, gnutls12, "--resume")
		s.next(t).want(t, "version", "TLSv1.2", "resumed", "0")
		s.next(t).want(t, "version", "TLSv1.2", "resumed", "1")
		c.await(`This is a resumed session`)
	})
}

// By their ids sessions are resumed as well.
func TestOpenSSLClientSessionID12(t *testing.T) {
	needs(t, "openssl")
	for _, our := range our12 {
		s := ourServer(t, args(keypair("server"), []string{"-l", "300"}, our)...)
		file := filepath.Join(t.TempDir(), "session")
		c := opensslClient(t, s.port, "-tls1_2", "-no_ticket", "-sess_out", file)
		s.next(t).want(t, "version", "TLSv1.2", "resumed", "0")
		converse(c)
		for range 2 {
			c = opensslClient(t, s.port, "-tls1_2", "-no_ticket", "-sess_in", file)
			s.next(t).want(t, "version", "TLSv1.2", "resumed", "1")
			converse(c)
		}
	}
}

// curl fetches two pages on two connections, of which the second is a resumption: in TLS 1.2 by a session
// id, because curl takes no tickets there (it sets SSL_OP_NO_TICKET).
func TestCurl(t *testing.T) {
	needs(t, "curl")
	page := "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nhello\n"
	for _, version := range []string{"1.2", "1.3"} {
		t.Run("TLS "+version, func(t *testing.T) {
			s := ourServer(t, args(keypair("server"), []string{"-p", "default", "-l", "300", "-G", page})...)
			url := "https://server.test:" + s.port + "/"
			c := start(t, "curl", "-sS", "--cacert", pki("ca.pem"), "--tlsv"+version, "--tls-max", version,
				"--resolve", "server.test:"+s.port+":127.0.0.1", url, url)
			s.next(t).want(t, "version", "TLSv"+version, "resumed", "0")
			s.next(t).want(t, "version", "TLSv"+version, "resumed", "1")
			if out := c.finish(); out != "hello\nhello\n" {
				t.Errorf("curl says %q", out)
			}
		})
	}
}
