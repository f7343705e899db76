package interop

import (
	"strings"
	"testing"
)

const derivedLine = `export=(\S+) tls-exporter=(\S+) tls-server-end-point=(\S+) \n`

// Keying material and channel bindings are the same at the other end.
func TestExport(t *testing.T) {
	needs(t, "openssl")
	needs(t, "gnutls-cli")
	const label = "EXPORTER-test"
	for version, option := range map[string][]string{"1.2": {"-tls1_2"}, "1.3": nil} {
		ours := func(t *testing.T, keypairName string) *server {
			return ourServer(t, append(keypair(keypairName), "-p", "tlsv"+version, "-X", label)...)
		}
		t.Run("openssl/"+version, func(t *testing.T) {
			s := ours(t, "server")
			c := opensslClient(t, s.port, append(option, "-keymatexport", label, "-keymatexportlen", "40")...)
			theirs := c.await(`Keying material: (\S+)`)[1]
			if m := s.await(derivedLine); m[1] != strings.ToLower(theirs) {
				t.Errorf("ours is %s, s_client's %s", m[1], theirs)
			}
		})
		for _, k := range []string{"server", "rsa"} {
			t.Run("gnutls/"+version+"/"+k, func(t *testing.T) {
				s := ours(t, k)
				c := gnutlsClient(t, s.port, "NORMAL:-VERS-ALL:+VERS-TLS"+version, "--verbose", "--keymatexport", label,
					"--keymatexportsize", "40")
				m := c.await(`'tls-server-end-point': (\S+)\s+- 'tls-exporter': (\S+)\s+- Key material: (\S+)`)
				if got := s.await(derivedLine); got[1] != m[3] || got[2] != m[2] || got[3] != m[1] {
					t.Errorf("ours are %v, gnutls-cli's %v", got[1:], m[1:])
				}
			})
		}
	}
	// Without the extended master secret there is nothing to be had but the certificate's hash.
	t.Run("no extended master secret", func(t *testing.T) {
		s := gnutlsServer(t, "NORMAL:-VERS-ALL:+VERS-TLS1.2:%NO_SESSION_HASH", "server")
		c := start(t, *peerPath, "client", "-C", pki("ca.pem"), "-p", "tlsv1.2", "-X", label, s.port)
		if m := c.await(derivedLine); m[1] != "-" || m[2] != "-" || len(m[3]) != 64 {
			t.Error(m)
		}
	})
}
