package programs

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"flag"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

var libDir = flag.String("lib", "", "directory with the library under LibreTLS's soname")

// patience bounds what a program may take.
const patience = 60 * time.Second

// program returns a command that runs a program over the library, with a home
// of its own and the authority as its system's trust store.
func program(t *testing.T, a *authority, name string, arg ...string) *exec.Cmd {
	t.Helper()
	if *libDir == "" {
		t.Skip("no -lib; see run.sh")
	}
	path, err := exec.LookPath(name)
	if err != nil {
		path, err = exec.LookPath("/usr/sbin/" + name)
	}
	if err != nil {
		t.Skip(err)
	}
	linked, err := exec.Command("env", "LD_LIBRARY_PATH="+*libDir, "ldd", path).Output()
	if err != nil || !strings.Contains(string(linked), filepath.Join(*libDir, "libtls.so.2")) {
		t.Fatalf("%s doesn't find the library: %v\n%s", name, err, linked)
	}
	cmd := exec.Command(path, arg...)
	cmd.Env = []string{
		"LD_LIBRARY_PATH=" + *libDir, "SSL_CERT_FILE=" + a.file, "SSL_CERT_DIR=/nonexistent",
		"HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH"), "TERM=xterm", "LC_ALL=C.UTF-8", "PAGER=cat", "USER=tester",
	}
	return cmd
}

// run runs a command to its end and returns its output.
func run(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	finish(t, cmd)
	return out.String()
}

// finish waits for a command, but not forever.
func finish(t *testing.T, cmd *exec.Cmd) error {
	t.Helper()
	timer := time.AfterFunc(patience, func() {
		t.Errorf("%s doesn't end", cmd.Path)
		cmd.Process.Kill()
	})
	defer timer.Stop()
	return cmd.Wait()
}

// screen is a terminal that a program runs in.
type screen struct {
	t      *testing.T
	master *os.File
	mu     sync.Mutex
	shown  bytes.Buffer
	more   chan struct{} // told whenever there is more
}

// inTerminal starts a command in a terminal.
func inTerminal(t *testing.T, cmd *exec.Cmd) *screen {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Close() })
	fd := int(master.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 200})
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer slave.Close()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	s := &screen{t: t, master: master, more: make(chan struct{}, 1)}
	go s.watch()
	return s
}

func (s *screen) watch() {
	buf := make([]byte, 4096)
	for {
		n, err := s.master.Read(buf)
		s.mu.Lock()
		s.shown.Write(buf[:n])
		s.mu.Unlock()
		if err != nil {
			close(s.more) // the program has ended
			return
		}
		select {
		case s.more <- struct{}{}:
		default:
		}
	}
}

func (s *screen) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shown.String()
}

// await waits until the program has shown some text.
func (s *screen) await(text string) {
	s.t.Helper()
	timeout := time.After(patience)
	for running := true; !strings.Contains(s.text(), text); {
		if !running {
			s.t.Fatalf("the screen doesn't show %q: %q", text, s.text())
		}
		select {
		case _, running = <-s.more:
		case <-timeout:
			running = false
		}
	}
}

func (s *screen) press(keys string) {
	s.t.Helper()
	if _, err := s.master.WriteString(keys); err != nil {
		s.t.Fatal(err)
	}
}

// authority issues the tests' certificates.
type authority struct {
	dir  string // where its files are, readable for everybody
	file string // its certificate in PEM
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// certificate signs with the authority, or with key itself if there is none.
func (a *authority) certificate(t *testing.T, template *x509.Certificate, key *ecdsa.PrivateKey) []byte {
	t.Helper()
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	issuer, signer := template, key
	if a.cert != nil {
		issuer, signer = a.cert, a.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	// t.TempDir isn't readable for users that programs change to.
	dir, err := os.MkdirTemp("", "programs")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	a := &authority{dir: dir, file: filepath.Join(dir, "ca.pem"), key: newKey(t)}
	der := (&authority{}).certificate(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: "programs' CA"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, a.key)
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	a.write(t, "ca.pem", &pem.Block{Type: "CERTIFICATE", Bytes: der})
	return a
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// write makes a file and returns its path.
func (a *authority) write(t *testing.T, name string, blocks ...*pem.Block) string {
	t.Helper()
	var text []byte
	for _, b := range blocks {
		text = append(text, pem.EncodeToMemory(b)...)
	}
	path := filepath.Join(a.dir, name)
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// issue makes a certificate for localhost, and the file that holds it with its key.
func (a *authority) issue(t *testing.T, name string, usage x509.ExtKeyUsage) (tls.Certificate, string) {
	t.Helper()
	key := newKey(t)
	der := a.certificate(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{usage},
	}, key)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	path := a.write(t, name+".pem", &pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}, &pem.Block{Type: "CERTIFICATE", Bytes: der})
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, path
}

// listen starts a TLS server for localhost, which serves one connection after
// the other, and returns its port.
func listen(t *testing.T, config *tls.Config, serve func(*tls.Conn) error) string {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	t.Cleanup(func() { l.Close(); wg.Wait() })
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conn.SetDeadline(time.Now().Add(patience))
			if err := serve(conn.(*tls.Conn)); err != nil {
				t.Error(err)
			}
			conn.Close()
		}
	})
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}
