package interop

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

func pool(t *testing.T) *x509.CertPool {
	t.Helper()
	ca, err := os.ReadFile(pki("ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	p := x509.NewCertPool()
	p.AppendCertsFromPEM(ca)
	return p
}

func certificate(t *testing.T, name string) tls.Certificate {
	t.Helper()
	c, err := tls.LoadX509KeyPair(pki(name+".pem"), pki(name+".key"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// goServer sends back what comes.
func goServer(t *testing.T, config *tls.Config) (port string, states <-chan tls.ConnectionState) {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	done := make(chan tls.ConnectionState, 16)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conn.SetDeadline(time.Now().Add(patience))
			if conn.(*tls.Conn).Handshake() == nil {
				done <- conn.(*tls.Conn).ConnectionState()
				io.Copy(conn, conn)
			}
			conn.Close()
		}
	}()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port), done
}

var goGroups = map[string]tls.CurveID{"X25519": tls.X25519, "P-256": tls.CurveP256, "P-384": tls.CurveP384,
	"P-521": tls.CurveP521, "X25519MLKEM768": tls.X25519MLKEM768}

type goCase struct {
	name, keypair string
	groups        []tls.CurveID
	our           []string
	group         tls.CurveID
	suite         string
}

func goCases() []goCase {
	var tests []goCase
	for name, id := range goGroups {
		tests = append(tests, goCase{"group " + name, "server", []tls.CurveID{id}, []string{"-g", name}, id, ""})
	}
	for _, s := range suites {
		tests = append(tests, goCase{s, "server", nil, []string{"-x", s}, 0, s})
	}
	for _, k := range keypairs {
		tests = append(tests, goCase{"certificate " + k, k, nil, nil, 0, ""})
	}
	return append(tests, goCase{"defaults", "server", nil, nil, tls.X25519MLKEM768, ""})
}

func TestGoServer(t *testing.T) {
	needs(t, "")
	for _, tt := range append(goCases(),
		goCase{"retry", "server", []tls.CurveID{tls.CurveP384}, []string{"-g", "X25519,P-384"}, tls.CurveP384, ""},
		goCase{"retry hybrid", "server", []tls.CurveID{tls.X25519MLKEM768}, []string{"-g", "P-256,X25519MLKEM768"}, tls.X25519MLKEM768, ""},
	) {
		t.Run(tt.name, func(t *testing.T) {
			port, states := goServer(t, &tls.Config{Certificates: []tls.Certificate{certificate(t, tt.keypair)},
				CurvePreferences: tt.groups, MinVersion: tls.VersionTLS13})
			r := ourClient(t, port, args(tt.our, []string{"-w", "1048576"})...)
			r.want(t, "version", "TLSv1.3", "resumed", "0", "peer", "/CN="+tt.keypair)
			state := <-states
			if state.ServerName != "server.test" {
				t.Errorf("server name %q", state.ServerName)
			}
			checkGo(t, state, tt)
		})
	}
	t.Run("resumption", func(t *testing.T) {
		port, states := goServer(t, &tls.Config{Certificates: []tls.Certificate{certificate(t, "server")},
			NextProtos: []string{"two"}})
		file := filepath.Join(t.TempDir(), "session")
		for i := range 4 {
			ourClient(t, port, "-s", file, "-a", "one,two").want(t, "resumed", strconv.Itoa(min(i, 1)), "alpn", "two",
				"peer", "/CN=server")
			if state := <-states; state.DidResume != (i > 0) {
				t.Errorf("connection %d: resumed %v", i, state.DidResume)
			}
		}
	})
	t.Run("client certificate", func(t *testing.T) {
		port, states := goServer(t, &tls.Config{Certificates: []tls.Certificate{certificate(t, "server")},
			ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool(t)})
		for _, name := range []string{"client", "client-rsa", "client-ed25519"} {
			ourClient(t, port, keypair(name)...)
			if certs := (<-states).PeerCertificates; len(certs) != 1 {
				t.Errorf("%d certificates", len(certs))
			}
		}
	})
	t.Run("no client certificate", func(t *testing.T) {
		port, states := goServer(t, &tls.Config{Certificates: []tls.Certificate{certificate(t, "server")},
			ClientAuth: tls.RequestClientCert})
		ourClient(t, port)
		if certs := (<-states).PeerCertificates; len(certs) != 0 {
			t.Errorf("%d certificates", len(certs))
		}
	})
}

func checkGo(t *testing.T, state tls.ConnectionState, tt goCase) {
	t.Helper()
	if tt.group != 0 && state.CurveID != tt.group {
		t.Errorf("group %v, not %v", state.CurveID, tt.group)
	}
	if name := tls.CipherSuiteName(state.CipherSuite); tt.suite != "" && name != tt.suite {
		t.Errorf("suite %v, not %v", name, tt.suite)
	}
}

// goClient has size bytes come back.
func goClient(t *testing.T, port string, config *tls.Config, size int) tls.ConnectionState {
	t.Helper()
	dialer := &net.Dialer{Timeout: patience}
	conn, err := tls.DialWithDialer(dialer, "tcp", "127.0.0.1:"+port, config)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	out, in := make([]byte, size), make([]byte, size)
	for i := range out {
		out[i] = byte(i*7 + i/1000)
	}
	failed := make(chan error, 1)
	go func() {
		_, err := conn.Write(out)
		failed <- err
	}()
	if _, err := io.ReadFull(conn, in); err != nil {
		t.Fatal(err)
	}
	if err := <-failed; err != nil {
		t.Fatal(err)
	}
	if string(in) != string(out) {
		t.Error("other data came back")
	}
	return conn.ConnectionState()
}

func TestGoClient(t *testing.T) {
	needs(t, "")
	for _, tt := range append(goCases(),
		goCase{"retry", "server", []tls.CurveID{tls.X25519, tls.CurveP384}, []string{"-g", "P-384"}, tls.CurveP384, ""},
		goCase{"retry hybrid", "server", []tls.CurveID{tls.X25519MLKEM768, tls.CurveP256}, []string{"-g", "P-256"}, tls.CurveP256, ""},
	) {
		t.Run(tt.name, func(t *testing.T) {
			s := ourServer(t, args(keypair(tt.keypair), tt.our)...)
			state := goClient(t, s.port, &tls.Config{RootCAs: pool(t), ServerName: "server.test", CurvePreferences: tt.groups}, 1<<20)
			s.next(t).want(t, "version", "TLSv1.3", "resumed", "0", "servername", "server.test")
			checkGo(t, state, tt)
		})
	}
	t.Run("resumption", func(t *testing.T) {
		s := ourServer(t, args(keypair("server"), []string{"-l", "300", "-a", "two"})...)
		config := &tls.Config{RootCAs: pool(t), ServerName: "server.test", ClientSessionCache: tls.NewLRUClientSessionCache(8),
			NextProtos: []string{"one", "two"}}
		for i := range 4 {
			state := goClient(t, s.port, config, 1000)
			if state.DidResume != (i > 0) || state.NegotiatedProtocol != "two" {
				t.Errorf("connection %d: resumed %v, protocol %q", i, state.DidResume, state.NegotiatedProtocol)
			}
			s.next(t).want(t, "resumed", strconv.Itoa(min(i, 1)), "alpn", "two")
		}
	})
	t.Run("client certificate", func(t *testing.T) {
		s := ourServer(t, args(keypair("server"), []string{"-v"})...)
		goClient(t, s.port, &tls.Config{RootCAs: pool(t), ServerName: "server.test",
			Certificates: []tls.Certificate{certificate(t, "client")}}, 1000)
		s.next(t).want(t, "peer", "/CN=client")
	})
}
