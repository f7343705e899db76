package interop

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// A client with a certificate of 15 KB gets tickets that it can come back with, each time.
func TestLargeTicket(t *testing.T) {
	needs(t, "openssl")
	for _, version := range [][]string{nil, {"-tls1_2"}} {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			s := ourServer(t, args(keypair("server"), []string{"-v", "-l", "300", "-p", "default"})...)
			file := filepath.Join(t.TempDir(), "session")
			options := args(opensslPair("bulky"), version, []string{"-sess_out", file})
			for i := range 4 {
				c := opensslClient(t, s.port, options...)
				s.next(t).want(t, "resumed", fmt.Sprint(min(i, 1)), "peer", "/CN=Test bulky")
				converse(c)
				if i == 0 {
					options = append(options, "-sess_in", file)
				}
			}
		})
	}
}

// A ClientHello may be as long as the lists in it.
func TestLargeClientHello(t *testing.T) {
	needs(t, "openssl")
	var names []string
	for i := range 250 {
		names = append(names, fmt.Sprintf("%0250d", i))
	}
	for _, version := range [][]string{nil, {"-tls1_2"}} {
		s := ourServer(t, args(keypair("server"), []string{"-p", "default", "-a", "last"})...)
		c := opensslClient(t, s.port, append(version, "-alpn", strings.Join(append(names, "last"), ","))...)
		s.next(t).want(t, "alpn", "last")
		converse(c)
	}
}

// What a server refuses, with the alert that says why.
func TestRefusedByAlert(t *testing.T) {
	needs(t, "openssl")
	old := []string{"-cipher", "DEFAULT@SECLEVEL=0"}
	for _, tt := range []struct {
		name    string
		options []string
		alert   int
	}{
		{"TLS 1.1", append(old, "-tls1_1"), 70},
		{"TLS 1.0", append(old, "-tls1"), 70},
		{"fallback from TLS 1.1", append(old, "-tls1_1", "-fallback_scsv"), 70},
		{"fallback to TLS 1.2", []string{"-tls1_2", "-fallback_scsv"}, 86},
		{"no common group", []string{"-groups", "X448"}, 40},
		{"no common suite", []string{"-tls1_2", "-cipher", "AES128-SHA"}, 40},
		{"name with a space", []string{"-servername", "a b"}, 47},
		{"name with a slash", []string{"-servername", "../etc"}, 47},
		{"name with a line's end", []string{"-servername", "a\nb"}, 47},
		{"name with an empty label", []string{"-servername", "a..b"}, 47},
		{"name with a long label", []string{"-servername", strings.Repeat("a", 64) + ".test"}, 47},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := ourServer(t, args(keypair("server"), []string{"-p", "default"})...)
			c := start(t, "openssl", append([]string{"s_client", "-connect", "127.0.0.1:" + s.port}, tt.options...)...)
			c.await(fmt.Sprintf(`SSL alert number %d\n`, tt.alert))
		})
	}
}

// Names that hosts have, and addresses, which are none.
func TestServerNames(t *testing.T) {
	needs(t, "openssl")
	for _, tt := range []struct{ name, want string }{
		{"a_b.server-1.test", "a_b.server-1.test"},
		{strings.Repeat("a.", 127) + "a", strings.Repeat("a.", 127) + "a"},
		{"127.0.0.1", "-"},
		{"::1", "-"},
	} {
		s := ourServer(t, keypair("server")...)
		c := start(t, "openssl", "s_client", "-connect", "127.0.0.1:"+s.port, "-servername", tt.name)
		s.next(t).want(t, "servername", tt.want)
		converse(c)
	}
}

// A group with a share goes before one that needs another round trip, and that before none.
func TestGroupWithShare(t *testing.T) {
	needs(t, "openssl")
	for _, tt := range []struct{ offered, key string }{
		{"X25519:P-384", "X25519"},
		{"P-256:P-384", "ECDH, secp384r1"},
	} {
		s := ourServer(t, args(keypair("server"), []string{"-g", "P-384,X25519"})...)
		c := opensslClient(t, s.port, "-groups", tt.offered, "-msg")
		c.await(temporaryKey + tt.key)
		converse(c)
		hellos := strings.Count(c.text(), "ClientHello")
		if want := map[bool]int{true: 1, false: 2}[tt.key == "X25519"]; hellos != want {
			t.Errorf("%s: %d ClientHellos, want %d", tt.offered, hellos, want)
		}
	}
}

// Whoever asks for a renegotiation is told that there is none, and not cut off.
func TestRenegotiation(t *testing.T) {
	needs(t, "gnutls-cli")
	s := ourServer(t, args(keypair("server"), []string{"-p", "default"})...)
	c := gnutlsClient(t, s.port, "NORMAL:-VERS-ALL:+VERS-TLS1.2", "--rehandshake")
	s.next(t).want(t, "version", "TLSv1.2")
	for range 4 {
		c.await(`Received alert \[100\]: No renegotiation is allowed`)
	}
}
