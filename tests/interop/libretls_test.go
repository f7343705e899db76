package interop

import (
	"strings"
	"testing"
)

func TestLibreTLS(t *testing.T) {
	needs(t, "")
	if *otherPath == "" {
		t.Skip("run by tests/run.sh, with -libretls")
	}
	for _, tt := range []struct {
		name, keypair string
		server        []string
		client        []string
		want          []string // of both
	}{
		{"defaults", "server", nil, nil, nil},
		{"RSA", "rsa", nil, nil, nil},
		{"Ed25519", "ed25519", nil, nil, nil},
		{"chain", "chain-2", nil, nil, nil},
		{"bulk", "server", nil, []string{"-w", "1048576"}, nil},
		{"alpn", "server", []string{"-a", "b,a"}, []string{"-a", "a,b"}, []string{"alpn", "b"}},
		{"groups", "server", []string{"-g", "P-521"}, []string{"-g", "P-521"}, nil},
		{"retry", "server", []string{"-g", "P-384"}, []string{"-g", "X25519,P-384"}, nil},
		{"client certificate", "server", []string{"-v"}, []string{"-cert"}, nil},
		{"no client certificate", "server", []string{"-o"}, nil, nil},
	} {
		client := tt.client
		if strings.Join(client, "") == "-cert" {
			client = keypair("client")
		}
		for _, way := range []struct{ name, server, client string }{
			{"our client", *otherPath, *peerPath},
			{"our server", *peerPath, *otherPath},
		} {
			t.Run(tt.name+"/"+way.name, func(t *testing.T) {
				s := peerServer(t, way.server, args(keypair(tt.keypair), tt.server)...)
				c := peerClient(t, way.client, s.port, client...)
				r := s.next(t)
				c.want(t, "version", "TLSv1.3", "peer", "/CN="+tt.keypair)
				r.want(t, "version", "TLSv1.3", "cipher", c["cipher"], "servername", "server.test")
				c.want(t, tt.want...)
				r.want(t, tt.want...)
				if tt.name == "client certificate" {
					r.want(t, "peer", "/CN=client")
				}
			})
		}
	}
}
