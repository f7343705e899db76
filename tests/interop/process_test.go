package interop

import (
	"bytes"
	"flag"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

var (
	peerPath  = flag.String("peer", "", "peer.c, compiled against the library under test")
	otherPath = flag.String("libretls", "", "peer.c, compiled against LibreTLS")
	pkiPath   = flag.String("pki", "", "directory made by tests/pki")
)

// needs skips a test that is run without what tests/run.sh prepares, or on a machine without a program.
func needs(t *testing.T, program string) {
	t.Helper()
	if *peerPath == "" || *pkiPath == "" {
		t.Skip("run by tests/run.sh, with -peer and -pki")
	}
	if program == "" {
		return
	}
	if _, err := exec.LookPath(program); err != nil {
		t.Skip(err)
	}
}

func pki(name string) string { return filepath.Join(*pkiPath, name) }

// A process is another program, killed when the test ends, whose output is watched.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	mu     sync.Mutex
	output []byte
	seen   int           // how much of it await has passed
	news   chan struct{} // something was written, or the output has ended
	ended  bool
}

func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	p.output = append(p.output, b...)
	p.mu.Unlock()
	p.tell()
	return len(b), nil
}

func (p *process) tell() {
	select {
	case p.news <- struct{}{}:
	default:
	}
}

func start(t *testing.T, name string, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(name, args...), news: make(chan struct{}, 1)}
	p.cmd.Stdout, p.cmd.Stderr = p, p
	stdin, err := p.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.stdin = stdin
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		p.cmd.Wait()
		p.mu.Lock()
		p.ended = true
		p.mu.Unlock()
		p.tell()
		close(done)
	}()
	t.Cleanup(func() {
		p.cmd.Process.Kill()
		<-done
		if t.Failed() {
			t.Logf("%s:\n%s", strings.Join(p.cmd.Args, " "), p.text())
		}
	})
	return p
}

func (p *process) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return string(bytes.ToValidUTF8(p.output, []byte("?")))
}

const patience = 20 * time.Second

// match waits until the output after the last match matches, and returns the submatches; nil if
// that never happens.
func (p *process) match(pattern string) []string {
	re := regexp.MustCompile(pattern)
	deadline := time.After(patience)
	for {
		p.mu.Lock()
		m := re.FindSubmatchIndex(p.output[p.seen:])
		if m != nil {
			var groups []string
			for i := 0; i < len(m); i += 2 {
				groups = append(groups, string(p.output[p.seen+m[i]:p.seen+m[i+1]]))
			}
			p.seen += m[1]
			p.mu.Unlock()
			return groups
		}
		ended := p.ended
		p.mu.Unlock()
		if ended {
			return nil
		}
		select {
		case <-p.news:
		case <-deadline:
			return nil
		}
	}
}

func (p *process) await(pattern string) []string {
	p.t.Helper()
	m := p.match(pattern)
	if m == nil {
		p.t.Fatalf("%s didn't say %q", p.cmd.Args[0], pattern)
	}
	return m
}

func (p *process) say(text string) {
	p.t.Helper()
	if _, err := io.WriteString(p.stdin, text); err != nil {
		p.t.Fatal(err)
	}
}

// finish waits for the end and returns everything that was said.
func (p *process) finish() string {
	p.t.Helper()
	deadline := time.After(patience)
	for {
		p.mu.Lock()
		ended := p.ended
		p.mu.Unlock()
		if ended {
			return p.text()
		}
		select {
		case <-p.news:
		case <-deadline:
			p.t.Fatalf("%s doesn't end", p.cmd.Args[0])
		}
	}
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	return start(t, name, args...).finish()
}

// A peer reports fields: version, cipher, resumed, alpn, servername, peer.
type report map[string]string

var reportLine = regexp.MustCompile(`version=(\S+) cipher=(\S+) resumed=(\S+) alpn=(\S+) servername=(\S+) peer=(.+)`)

func parse(t *testing.T, output string) report {
	t.Helper()
	m := reportLine.FindStringSubmatch(output)
	if m == nil || strings.Contains(output, "error") {
		t.Fatalf("the peer failed:\n%s", output)
	}
	return report{"version": m[1], "cipher": m[2], "resumed": m[3], "alpn": m[4], "servername": m[5], "peer": m[6]}
}

func (r report) want(t *testing.T, pairs ...string) {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if got := r[pairs[i]]; got != pairs[i+1] {
			t.Errorf("%s is %q, not %q", pairs[i], got, pairs[i+1])
		}
	}
}

func keypair(name string) []string {
	return []string{"-c", pki(name + ".pem"), "-k", pki(name + ".key")}
}

func args(lists ...[]string) []string {
	var all []string
	for _, list := range lists {
		all = append(all, list...)
	}
	return all
}

// A server of the library under test: its port and its reports.
type server struct {
	*process
	port string
}

func peerServer(t *testing.T, path string, options ...string) *server {
	t.Helper()
	p := start(t, path, append([]string{"server", "-C", pki("ca.pem"), "-p", "tlsv1.3"}, options...)...)
	return &server{p, p.await(`port (\d+)\n`)[1]}
}

func ourServer(t *testing.T, options ...string) *server {
	t.Helper()
	return peerServer(t, *peerPath, options...)
}

// next is what the server says about its next connection.
func (s *server) next(t *testing.T) report {
	t.Helper()
	return parse(t, s.await(`(?:version=|error).*\n`)[0])
}

func peerClient(t *testing.T, path, port string, options ...string) report {
	t.Helper()
	return parse(t, run(t, path, append(append([]string{"client", "-C", pki("ca.pem"), "-p", "tlsv1.3"}, options...), port)...))
}

func ourClient(t *testing.T, port string, options ...string) report {
	t.Helper()
	return peerClient(t, *peerPath, port, options...)
}

// freePort is free now; a program that can't choose one itself has to be started again if it is not.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}
