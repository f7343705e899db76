// Command sockets loads a server on loopback sockets and compares what its whole process, the runtime's
// threads too, and its children use over two libraries:
//
//	sockets [-rounds N] [-item PREFIX] DAEMON FILES OURS THEIRS
//
// DAEMON is daemon.c, linked with libtls; OURS and THEIRS are directories in which it finds one, and
// FILES holds the certificates. The two take turns. A line of the table, which is Markdown, tells the medians
// of all rounds for an operation, and the lowest and highest ratio of one; a star, that THEIRS didn't resume,
// and is measured by its full handshakes.
package main

import (
	"bufio"
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

const (
	name    = "server.test"
	request = 64 // bytes
	clients = 4  // connections at a time
)

// item is what a client does again and again.
type item struct {
	name    string
	keypair string
	max     uint16 // version
	hybrid  bool   // X25519MLKEM768 is offered too
	resume  bool
	keep    bool // the connection
	up      int  // bytes of an operation, beside the request
	down    int
	count   int // operations
}

var items = []item{
	{name: "full handshake, 1.3", max: tls.VersionTLS13, count: 2000},
	{name: "full handshake, 1.3, X25519MLKEM768", max: tls.VersionTLS13, hybrid: true, count: 2000},
	{name: "full handshake, 1.2", max: tls.VersionTLS12, count: 2000},
	{name: "full handshake, 1.3, RSA-2048", keypair: "rsa", max: tls.VersionTLS13, count: 600},
	{name: "resumed handshake, 1.3", max: tls.VersionTLS13, resume: true, count: 2000},
	{name: "resumed handshake, 1.2", max: tls.VersionTLS12, resume: true, count: 2000},
	{name: "keep-alive, 64 bytes", max: tls.VersionTLS13, keep: true, down: 64, count: 20000},
	{name: "keep-alive, 20 KB", max: tls.VersionTLS13, keep: true, down: 20000, count: 20000},
	{name: "bulk, 1 MiB to the client", max: tls.VersionTLS13, keep: true, down: 1 << 20, count: 600},
	{name: "bulk, 1 MiB to the server", max: tls.VersionTLS13, keep: true, up: 1 << 20, down: 1, count: 600},
}

// usage is what a process has used.
type usage struct {
	cpu      float64 // microseconds
	switches float64
}

type daemon struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Scanner
	address string
}

func start(program, mode, files, keypair, library string) *daemon {
	cert := filepath.Join(files, keypair)
	d := &daemon{cmd: exec.Command(program, mode, cert+".pem", cert+".key")}
	d.cmd.Env = append(os.Environ(), "LD_LIBRARY_PATH="+library)
	d.cmd.Stderr = os.Stderr
	d.in = must(d.cmd.StdinPipe())
	d.out = bufio.NewScanner(must(d.cmd.StdoutPipe()))
	check(d.cmd.Start())
	d.address = net.JoinHostPort("127.0.0.1", d.line())
	return d
}

func (d *daemon) line() string {
	if !d.out.Scan() {
		log.Fatalf("%s ended: %v", d.cmd, d.out.Err())
	}
	return d.out.Text()
}

func (d *daemon) usage() usage {
	must(fmt.Fprintln(d.in))
	cpu, switches, _ := strings.Cut(d.line(), " ")
	return usage{must(strconv.ParseFloat(cpu, 64)), must(strconv.ParseFloat(switches, 64))}
}

func (d *daemon) stop() {
	check(d.in.Close())
	check(d.cmd.Wait())
}

// measure returns what the server's process uses for one operation, and whether all that should have
// been resumed were.
func measure(it item, d *daemon, roots *x509.CertPool) (usage, bool) {
	c := &tls.Config{
		RootCAs:          roots,
		ServerName:       name,
		MaxVersion:       it.max,
		CurvePreferences: []tls.CurveID{tls.X25519, tls.CurveP256},
	}
	if it.hybrid {
		c.CurvePreferences = []tls.CurveID{tls.X25519MLKEM768, tls.X25519, tls.CurveP256}
	}
	var fresh atomic.Int64
	client := func(count int) {
		c := c.Clone()
		if it.resume {
			c.ClientSessionCache = tls.NewLRUClientSessionCache(1)
			connection(it, c, d.address, 1)
		}
		if it.keep {
			connection(it, c, d.address, count)
			return
		}
		for range count {
			if !connection(it, c, d.address, 1) {
				fresh.Add(1)
			}
		}
	}
	all := func(count int) {
		var wg sync.WaitGroup
		for range clients {
			wg.Go(func() { client(count / clients) })
		}
		wg.Wait()
	}
	all(it.count / 10) // to warm up
	before := d.usage()
	fresh.Store(0)
	all(it.count)
	after := d.usage()
	n := float64(it.count)
	return usage{(after.cpu - before.cpu) / n, (after.switches - before.switches) / n},
		!it.resume || fresh.Load() == 0
}

// connection does count operations, and tells whether the connection was resumed.
func connection(it item, c *tls.Config, address string, count int) bool {
	conn := must(tls.Dial("tcp", address, c))
	defer conn.Close()
	buf := make([]byte, max(it.up+request, it.down, 1))
	for range count {
		copy(buf, fmt.Sprintf("%-*s", request, fmt.Sprint(it.up, max(it.down, 1))))
		must(conn.Write(buf[:request+it.up]))
		must(io.ReadFull(conn, buf[:max(it.down, 1)]))
	}
	return conn.ConnectionState().DidResume
}

func median(v []float64) float64 {
	slices.Sort(v)
	return (v[len(v)/2] + v[(len(v)-1)/2]) / 2
}

func main() {
	rounds := flag.Int("rounds", 5, "of measuring both libraries")
	prefix := flag.String("item", "", "start of the names of the items to be measured")
	flag.Parse()
	if flag.NArg() != 4 {
		log.Fatal("usage: sockets [-rounds N] [-item PREFIX] DAEMON FILES OURS THEIRS")
	}
	program, files, libraries := flag.Arg(0), flag.Arg(1), flag.Args()[2:]
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(must(os.ReadFile(filepath.Join(files, "ca.pem"))))

	fmt.Println("| a server on sockets | unit | ours | theirs | ratio | lowest | highest | switches | theirs |")
	fmt.Println("|---|---|---|---|---|---|---|---|---|")
	for _, mode := range []string{"loop", "threads", "own", "storm"} {
		for _, it := range items {
			if !strings.HasPrefix(it.name, *prefix) || (it.keep || it.resume) && (mode == "own" || mode == "storm") {
				continue
			}
			compare(mode, it, *rounds, roots, program, files, libraries)
		}
	}
}

func compare(mode string, it item, rounds int, roots *x509.CertPool, program, files string, libraries []string) {
	var cpu, switches [2][]float64
	var ratios []float64
	resumed := true
	for range rounds {
		for i, library := range libraries {
			d := start(program, mode, files, cmp.Or(it.keypair, "ecdsa"), library)
			used, ok := measure(it, d, roots)
			d.stop()
			cpu[i] = append(cpu[i], used.cpu)
			switches[i] = append(switches[i], used.switches)
			resumed = resumed && (ok || i == 1)
			if i == 1 && !ok {
				it.name = strings.TrimSuffix(it.name, ` \*`) + ` \*`
			}
		}
		ratios = append(ratios, cpu[0][len(cpu[0])-1]/cpu[1][len(cpu[1])-1])
	}
	if !resumed {
		log.Fatalf("%s: ours didn't resume", it.name)
	}
	fmt.Printf("| %s | us | %.1f | %.1f | %.2f | %.2f | %.2f | %.2f | %.2f |\n", mode+", "+it.name,
		median(cpu[0]), median(cpu[1]), median(ratios), slices.Min(ratios), slices.Max(ratios),
		median(switches[0]), median(switches[1]))
}

func must[T any](v T, err error) T {
	check(err)
	return v
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
