package interop

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var (
	suites = []string{"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}
	groups = []string{"X25519", "P-256", "P-384", "P-521"}
	// Key pairs of each kind, by their name in the directory, which is their common name.
	keypairs = []string{"server", "rsa", "p384", "p521", "ed25519", "chain"}
)

func opensslServer(t *testing.T, options ...string) *server {
	t.Helper()
	p := start(t, "openssl", versioned([]string{"s_server", "-accept", "127.0.0.1:0"}, options)...)
	return &server{p, p.await(`ACCEPT 127\.0\.0\.1:(\d+)`)[1]}
}

func opensslPair(name string) []string {
	pair := []string{"-cert", pki(name + ".pem"), "-key", pki(name + ".key")}
	if strings.HasPrefix(name, "chain") {
		pair = append(pair, "-cert_chain", pki(name+".pem"))
	}
	return pair
}

func TestOpenSSLServer(t *testing.T) {
	needs(t, "openssl")
	type test struct {
		name, keypair string
		server, our   []string
		want          []string
	}
	var tests []test
	for _, s := range suites {
		tests = append(tests,
			test{"ours " + s, "server", nil, []string{"-x", s}, []string{"cipher", s}},
			test{"theirs " + s, "server", []string{"-ciphersuites", s}, nil, []string{"cipher", s}})
	}
	for _, g := range groups {
		tests = append(tests, test{"group " + g, "server", []string{"-groups", g}, []string{"-g", g}, nil})
		if g != "X25519" {
			tests = append(tests, test{"retry " + g, "server", []string{"-groups", g}, []string{"-g", "X25519," + g}, nil})
		}
	}
	for _, k := range keypairs {
		tests = append(tests, test{"certificate " + k, k, nil, nil, []string{"peer", "/CN=" + k}})
	}
	tests = append(tests,
		test{"alpn", "server", []string{"-alpn", "two,one"}, []string{"-a", "one,two"}, []string{"alpn", "two"}},
		test{"client certificate", "server", []string{"-Verify", "1", "-verify_return_error", "-CAfile", pki("ca.pem")},
			keypair("client"), nil},
		test{"client certificate RSA", "server", []string{"-Verify", "1", "-verify_return_error", "-CAfile", pki("ca.pem")},
			keypair("client-rsa"), nil},
		test{"client certificate Ed25519", "server", []string{"-Verify", "1", "-verify_return_error", "-CAfile", pki("ca.pem")},
			keypair("client-ed25519"), nil},
		test{"no client certificate", "server", []string{"-verify", "1", "-CAfile", pki("ca.pem")}, nil, nil},
		test{"padded records", "server", []string{"-record_padding", "512"}, nil, nil},
		test{"no middlebox mode", "server", []string{"-no_middlebox"}, nil, nil},
		test{"small records", "server", []string{"-max_send_frag", "512"}, nil, nil},
	)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := opensslServer(t, args([]string{"-rev"}, opensslPair(tt.keypair), tt.server)...)
			r := ourClient(t, s.port, args([]string{"-R"}, tt.our)...)
			r.want(t, "version", "TLSv1.3", "resumed", "0", "servername", "server.test")
			r.want(t, tt.want...)
		})
	}
}

// Sessions of OpenSSL's server in our file: resumed by us, printed by its tools, used by its client.
func TestOpenSSLServerResumption(t *testing.T) {
	needs(t, "openssl")
	for _, tt := range []struct {
		name   string
		server []string
		our    []string
	}{
		{"default", nil, nil},
		{"one ticket", []string{"-num_tickets", "1"}, nil},
		{"many tickets", []string{"-num_tickets", "10"}, nil},
		{"stateful tickets", []string{"-no_ticket"}, nil},
		{"retry", []string{"-groups", "P-384"}, []string{"-g", "X25519,P-384"}},
		{"AES-128", []string{"-ciphersuites", suites[0]}, nil},
		{"ChaCha20", []string{"-ciphersuites", suites[2]}, nil},
		{"client certificate", []string{"-Verify", "1", "-verify_return_error", "-CAfile", pki("ca.pem")}, keypair("client")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := opensslServer(t, args([]string{"-rev"}, opensslPair("server"), tt.server)...)
			file := filepath.Join(t.TempDir(), "session")
			our := args([]string{"-R", "-s", file}, tt.our)
			ourClient(t, s.port, our...).want(t, "resumed", "0")
			for range 3 {
				ourClient(t, s.port, our...).want(t, "resumed", "1", "peer", "/CN=server")
			}
			text := run(t, "openssl", "sess_id", "-in", file, "-noout", "-text")
			for _, want := range []string{"TLSv1.3", "Resumption PSK", "TLS session ticket lifetime hint"} {
				if !strings.Contains(text, want) {
					t.Errorf("openssl sess_id doesn't say %q:\n%s", want, text)
				}
			}
			c := opensslClient(t, s.port, args([]string{"-sess_in", file}, opensslOf(tt.our))...)
			resumedByOpenSSL(c)
		})
	}
	t.Run("no tickets", func(t *testing.T) {
		s := opensslServer(t, args([]string{"-rev", "-num_tickets", "0"}, opensslPair("server"))...)
		file := filepath.Join(t.TempDir(), "session")
		for range 2 {
			ourClient(t, s.port, "-R", "-s", file).want(t, "resumed", "0")
		}
	})
	t.Run("server has forgotten", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "session")
		for range 2 {
			s := opensslServer(t, args([]string{"-rev"}, opensslPair("server"))...)
			ourClient(t, s.port, "-R", "-s", file).want(t, "resumed", "0")
		}
	})
}

// opensslOf gives s_client the key pair that our client was given.
func opensslOf(our []string) []string {
	if len(our) == 4 && our[0] == "-c" {
		return []string{"-cert", our[1], "-key", our[3]}
	}
	return nil
}

// Updates of keys in the middle of a conversation with s_server, which takes commands from its input.
func TestOpenSSLServerKeyUpdate(t *testing.T) {
	needs(t, "openssl")
	s := opensslServer(t, append(opensslPair("server"), "-msg")...)
	c := start(t, *peerPath, "client", "-C", pki("ca.pem"), "-p", "tlsv1.3", "-e", s.port)
	s.await(`CIPHER is`)
	for _, line := range []string{"hello", "once more", "and again"} {
		s.say(line + "\n")
		s.await(line)
		s.say("k\n")
		s.await(">>> TLS 1.3, Handshake .*KeyUpdate")
		s.say(line + "\n")
		s.await(line)
		s.say("K\n")
		s.await(">>> TLS 1.3, Handshake .*KeyUpdate")
		// The answer may wait for the next data.
		s.say(line + "\n")
		s.await("<<< TLS 1.3, Handshake .*KeyUpdate")
		s.await(line)
	}
	// It goes without a close_notify, which is another matter.
	s.say("Q\n")
	c.await("version=TLSv1.3")
}

func opensslClient(t *testing.T, port string, options ...string) *process {
	t.Helper()
	return start(t, "openssl", versioned([]string{"s_client", "-connect", "127.0.0.1:" + port, "-servername", "server.test",
		"-CAfile", pki("ca.pem"), "-verify_return_error"}, options)...)
}

// versioned adds options to a command of OpenSSL's, which speaks TLS 1.3 unless they name the other version.
func versioned(command, options []string) []string {
	if !slices.Contains(options, "-tls1_2") {
		command = append(command, "-tls1_3")
	}
	return append(command, options...)
}

// resumedByOpenSSL checks what s_client says about its session.
func resumedByOpenSSL(c *process) {
	c.t.Helper()
	if m := c.await(`(New|Reused), (\S+),`); m[1] != "Reused" || m[2] != "TLSv1.3" {
		c.t.Errorf("s_client says %s", m[0])
	}
}

// temporaryKey stands before the server's key in what s_client says of a handshake, in OpenSSL 3.5 in other words.
const temporaryKey = "(?:Server|Peer) Temp Key: "

// converse has a line come back, and goes.
func converse(c *process) {
	c.t.Helper()
	c.say("hello there\n")
	c.await("hello there\n")
	c.say("Q\n")
	c.finish()
}

func TestOpenSSLClient(t *testing.T) {
	needs(t, "openssl")
	type test struct {
		name, keypair string
		client, our   []string
		pattern       string
		want          []string
	}
	tests := []test{
		{"alpn", "server", []string{"-alpn", "one,two"}, []string{"-a", "two,one"}, "ALPN protocol: two", []string{"alpn", "two"}},
		{"client certificate", "server", opensslPair("client"), []string{"-v"}, "", []string{"peer", "/CN=client"}},
		{"client certificate RSA", "server", opensslPair("client-rsa"), []string{"-v"}, "", []string{"peer", "/CN=client"}},
		{"client certificate Ed25519", "server", opensslPair("client-ed25519"), []string{"-v"}, "", []string{"peer", "/CN=client"}},
		{"no client certificate", "server", nil, []string{"-o"}, "", []string{"peer", "-"}},
		{"padded records", "server", []string{"-record_padding", "512"}, nil, "", nil},
		{"no middlebox mode", "server", []string{"-no_middlebox"}, nil, "", nil},
		{"small records", "server", []string{"-max_send_frag", "512"}, nil, "", nil},
		{"status request", "server", []string{"-status"}, nil, "OCSP response: no response sent", nil},
	}
	for _, s := range suites {
		tests = append(tests,
			test{"ours " + s, "server", nil, []string{"-x", s}, s, []string{"cipher", s}},
			test{"theirs " + s, "server", []string{"-ciphersuites", s}, nil, s, []string{"cipher", s}})
	}
	temporary := map[string]string{"X25519": "X25519", "P-256": "ECDH, prime256v1", "P-384": "ECDH, secp384r1", "P-521": "ECDH, secp521r1"}
	for _, g := range groups {
		pattern := temporaryKey + temporary[g]
		tests = append(tests, test{"group " + g, "server", []string{"-groups", g}, []string{"-g", g}, pattern, nil})
		if g != "X25519" {
			tests = append(tests, test{"retry " + g, "server", []string{"-groups", "X25519:" + g}, []string{"-g", g}, pattern, nil})
		}
	}
	for _, k := range keypairs {
		tests = append(tests, test{"certificate " + k, k, nil, nil, "Verification: OK", nil})
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := ourServer(t, args(keypair(tt.keypair), tt.our)...)
			c := opensslClient(t, s.port, tt.client...)
			s.next(t).want(t, append([]string{"version", "TLSv1.3", "resumed", "0", "servername", "server.test"}, tt.want...)...)
			if tt.pattern != "" {
				c.await(tt.pattern)
			}
			converse(c)
		})
	}
}

func TestOpenSSLClientResumption(t *testing.T) {
	needs(t, "openssl")
	for _, tt := range []struct {
		name        string
		client, our []string
	}{
		{"default", nil, nil},
		{"AES-128", []string{"-ciphersuites", suites[0]}, nil},
		{"ChaCha20", nil, []string{"-x", suites[2]}},
		{"retry", []string{"-groups", "X25519:P-384"}, []string{"-g", "P-384"}},
		{"client certificate", opensslPair("client"), []string{"-v"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := ourServer(t, args(keypair("server"), []string{"-l", "300"}, tt.our)...)
			file := filepath.Join(t.TempDir(), "session")
			c := opensslClient(t, s.port, args([]string{"-sess_out", file}, tt.client)...)
			first := s.next(t)
			first.want(t, "resumed", "0")
			suite := first["cipher"]
			converse(c)
			text := run(t, "openssl", "sess_id", "-in", file, "-noout", "-text")
			if !strings.Contains(text, "lifetime hint: 300 (seconds)") {
				t.Errorf("not the configured lifetime:\n%s", text)
			}
			for range 2 {
				c = opensslClient(t, s.port, args([]string{"-sess_in", file, "-sess_out", file}, tt.client)...)
				resumedByOpenSSL(c)
				r := s.next(t)
				r.want(t, "resumed", "1")
				if tt.name == "client certificate" {
					r.want(t, "peer", "/CN=client")
				}
				converse(c)
			}
			// Our client goes on with the session of OpenSSL's, if its first choice is of the same hash.
			if err := os.Chmod(file, 0o600); err != nil {
				t.Fatal(err)
			}
			our := []string{"-s", file, "-x", suite}
			if tt.name == "client certificate" {
				our = append(our, keypair("client")...)
			}
			ourClient(t, s.port, our...).want(t, "resumed", "1")
		})
	}
}

// Two servers with the same ticket key and label, and one with another label.
func TestTicketsAcrossServers(t *testing.T) {
	needs(t, "")
	key := strings.Repeat("0123456789abcdef", 6)
	file := filepath.Join(t.TempDir(), "session")
	ours := func(label string) string {
		return ourServer(t, args(keypair("server"), []string{"-l", "300", "-K", key, "-i", label})...).port
	}
	ourClient(t, ours("fleet"), "-s", file).want(t, "resumed", "0")
	ourClient(t, ours("fleet"), "-s", file).want(t, "resumed", "1")
	ourClient(t, ours("other"), "-s", file).want(t, "resumed", "0")
}

func TestOpenSSLClientKeyUpdate(t *testing.T) {
	needs(t, "openssl")
	s := ourServer(t, keypair("server")...)
	c := opensslClient(t, s.port, "-msg")
	c.await("Verification: OK")
	for _, line := range []string{"hello", "once more", "and again"} {
		c.say(line + "\n")
		c.await(line)
		c.say("k\n")
		c.await(">>> TLS 1.3, Handshake .*KeyUpdate")
		c.say(line + "\n")
		c.await(line)
		c.say("K\n")
		c.await(">>> TLS 1.3, Handshake .*KeyUpdate")
		c.say(line + "\n")
		c.await("<<< TLS 1.3, Handshake .*KeyUpdate")
		c.await(line)
	}
	converse(c)
}
