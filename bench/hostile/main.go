// Command hostile measures what a peer can cost that repeats what it may repeat:
//
//	hostile VICTIM SUBSET LIBRARY [ITEM]
//
// VICTIM is victim.c, and SUBSET is subset.c, linked with the libtls in the directory LIBRARY; ITEM is the
// start of the names of the items to be measured. A line tells the processor time that the victim's whole process took for a byte
// that came over the socket, and how many times that is what a byte costs of the shortest records of data.
// Each item is measured with a long chain of the peer's certificates, too, which must not make it dearer.
package main

import (
	"bufio"
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"libtls/internal/protocol"
	"libtls/internal/record"
	"libtls/internal/schedule"
	"libtls/internal/suite"
	"libtls/internal/wire"
)

// item is something that a peer repeats.
type item struct {
	name    string
	client  bool // of the victim
	subset  bool // the victim is a client of the SSL_* subset
	version uint16
	suite   suite.ID // 0 for any
	// hello makes the handshake; nil for the usual one.
	hello func(*peer)
	// round is repeated on a complete connection, count times.
	round func(*peer)
	count int
}

// Things to repeat.

func data(n int) func(*peer) {
	payload := bytes.Repeat([]byte("d"), n)
	return func(p *peer) { p.send(record.ApplicationData, payload) }
}

// rounds has something come a number of times, and then data, which starts the
// counts of what may come in a row anew.
func rounds(n int, what func(*peer)) func(*peer) {
	return func(p *peer) {
		for range n {
			what(p)
		}
		p.send(record.ApplicationData, []byte("d"))
	}
}

func empty(p *peer) { p.send(record.ApplicationData, nil) }

func warning(alert byte) func(*peer) {
	return func(p *peer) { p.send(record.Alert, []byte{1, alert}) }
}

func message(raw []byte) func(*peer) { return func(p *peer) { p.send(record.Handshake, raw) } }

// crumbs sends a message in records of a byte.
func crumbs(raw []byte) func(*peer) {
	return func(p *peer) {
		for i := range raw {
			p.send(record.Handshake, raw[i:i+1])
		}
	}
}

func update(p *peer) {
	p.send(record.Handshake, wire.KeyUpdate(false))
	p.updated()
}

func updateInCrumbs(p *peer) {
	crumbs(wire.KeyUpdate(false))(p)
	p.updated()
}

func padded(p *peer) { p.sendPadded(record.ApplicationData, []byte("d"), record.MaxPlaintext-1) }

func tickets(n int) func(*peer) {
	one := (&wire.NewSessionTicket{Lifetime: 3600, Nonce: []byte{1}, Ticket: []byte("t")}).Marshal()
	return message(bytes.Repeat(one, n))
}

var renegotiation = (&wire.ClientHello{Version: suite.TLS12, Random: make([]byte, 32), Suites: []suite.ID{suite.ECDHEECDSAAES128GCM},
	Compressions: []byte{0}}).Marshal()

const (
	tls12 = suite.TLS12
	tls13 = suite.TLS13
)

// The first item of a version is what the others are compared with.
var items = []item{
	{name: "data, a byte a record", version: tls13, round: data(1), count: 20000},
	{name: "data, 16 KiB a record", version: tls13, round: data(record.MaxPlaintext), count: 2000},
	{name: "data, a byte and 16 KiB of padding", version: tls13, round: padded, count: 2000},
	{name: "empty records, 32 in a row", version: tls13, round: rounds(32, empty), count: 600},
	{name: "user_canceled, 4 in a row", version: tls13, round: rounds(4, warning(protocol.AlertUserCanceled)), count: 4000},
	{name: "KeyUpdate, 32 in a row", version: tls13, round: rounds(32, update), count: 600},
	{name: "KeyUpdate in fragments of a byte", version: tls13, round: rounds(32, updateInCrumbs), count: 100},
	{name: "KeyUpdate and a byte of data", version: tls13, round: rounds(1, update), count: 10000},
	{name: "tickets, one a record", client: true, version: tls13, round: tickets(1), count: 10000},
	{name: "tickets, 500 a record", client: true, version: tls13, round: tickets(500), count: 100},
	{name: "tickets, 16 KiB each", client: true, version: tls13, round: message((&wire.NewSessionTicket{
		Lifetime: 3600, Nonce: []byte{1}, Ticket: make([]byte, 16000)}).Marshal()), count: 500},
	{name: "tickets, one a record", subset: true, version: tls13, round: tickets(1), count: 10000},
	{name: "tickets, 500 a record", subset: true, version: tls13, round: tickets(500), count: 100},
	{name: "a ticket in fragments of a byte", client: true, version: tls13, round: crumbs((&wire.NewSessionTicket{
		Lifetime: 3600, Nonce: []byte{1}, Ticket: make([]byte, 10000)}).Marshal()), count: 2},

	{name: "data, a byte a record", version: tls12, round: data(1), count: 20000},
	{name: "data, 16 KiB a record", version: tls12, round: data(record.MaxPlaintext), count: 2000},
	{name: "data, a byte a record, AES-CBC", version: tls12, suite: suite.ECDHEECDSAAES128SHA, round: data(1), count: 20000},
	{name: "empty records, 32 in a row", version: tls12, round: rounds(32, empty), count: 600},
	{name: "warnings, 4 in a row", version: tls12, round: rounds(4, warning(protocol.AlertUserCanceled)), count: 4000},
	{name: "ClientHello, 4 in a row", version: tls12, round: rounds(4, message(renegotiation)), count: 2000},
	{name: "ClientHello in fragments of a byte", version: tls12, round: rounds(1, crumbs(renegotiation)), count: 200},
	{name: "HelloRequest, 4 in a row", client: true, version: tls12, round: rounds(4, message(wire.Raw(wire.TypeHelloRequest, nil))), count: 2000},

	{name: "handshake", version: tls13, count: 20},
	{name: "handshake in fragments of a byte", version: tls13, hello: inCrumbs, count: 4},
	{name: "handshake in fragments, warnings between", version: tls13, hello: withWarnings, count: 4},
	{name: "handshake, 130 KB of ClientHello", version: tls13, hello: longHello(1), count: 20},
	{name: "handshake, extensions of no bytes", version: tls13, hello: longHello(0), count: 20},
	{name: "handshake, early data", version: tls13, hello: earlyData, count: 4},
	{name: "handshake", version: tls12, count: 20},
	{name: "handshake in fragments of a byte", version: tls12, hello: inCrumbs, count: 4},
	{name: "handshake in fragments, warnings between", version: tls12, hello: withWarnings, count: 4},
}

// Handshakes that aren't the usual one.

// inCrumbs makes records of a byte of each message that can be cut.
func inCrumbs(p *peer) {
	p.mangle = p.crumble
	check(p.handshake())
}

// withWarnings puts a warning between such records, as long as they are in the clear.
func withWarnings(p *peer) {
	p.mangle = func(rec []byte) {
		if p.keyed(rec) {
			p.crumble(rec)
			return
		}
		for _, b := range rec[record.HeaderSize:] {
			p.write(plaintext(record.Handshake, b))
			p.write(plaintext(record.Alert, 1, protocol.AlertUserCanceled))
		}
	}
	check(p.handshake())
}

// longHello sends a ClientHello of full length, with extensions of size bytes;
// as many as possible if that is 0.
func longHello(size int) func(*peer) {
	return func(p *peer) {
		p.alone(func(m *wire.ClientHello) {
			for len(m.Suites) < 1<<15-1 {
				m.Suites = append(m.Suites, 0x0a0a)
			}
			left := 1<<16 - 1
			for _, e := range m.Extensions {
				left -= 4 + len(e.Data)
			}
			size := size * (left - 4)
			var exts []wire.Extension
			for typ := uint16(0x1000); left >= 4+size; typ++ {
				exts = append(exts, wire.Extension{Type: typ, Data: make([]byte, size)})
				left -= 4 + size
			}
			m.Extensions = append(exts, m.Extensions...)
		}, nil)
	}
}

// earlyData sends as much of it as is passed over, a byte a record.
func earlyData(p *peer) {
	p.alone(func(m *wire.ClientHello) {
		m.Extensions = append([]wire.Extension{{Type: wire.ExtEarlyData}}, m.Extensions...)
	}, bytes.Repeat(plaintext(record.ApplicationData, 1), 16<<10))
}

func plaintext(t record.Type, payload ...byte) []byte {
	return append([]byte{byte(t), 3, 3, byte(len(payload) >> 8), byte(len(payload))}, payload...)
}

// peer is the hostile end. It makes the handshake with an engine, and has its keys then.
type peer struct {
	*protocol.Conn
	id           *identity
	conn         *net.TCPConn
	in           *bufio.Reader
	w            *bufio.Writer
	bytes        int // written
	mangle       func(rec []byte)
	secrets      map[string][]byte // of the key log
	clientRandom []byte
	serverRandom []byte
	suite        *suite.Suite
	secret       []byte // that out is keyed with
	out, answers record.Half
	old, again   record.Half // see crumble
	buf          []byte
	lines        chan string
}

func newPeer(it *item, id *identity, conn net.Conn) *peer {
	cfg := &protocol.Config{
		Rand: rand.Reader, MinVersion: it.version, MaxVersion: it.version,
		Groups: []suite.Group{suite.X25519, suite.P256}, Schemes: suite.DefaultSchemes(), Tickets: true, KeyLog: true,
	}
	for _, s := range suite.All {
		if it.suite == 0 || s.ID == it.suite {
			cfg.Suites = append(cfg.Suites, s.ID)
		}
	}
	p := &peer{id: id, conn: conn.(*net.TCPConn), in: bufio.NewReader(conn), w: bufio.NewWriterSize(conn, 1<<20), secrets: map[string][]byte{}}
	if id.forServer {
		p.Conn = protocol.Server(cfg)
	} else {
		p.Conn = protocol.Client(cfg)
	}
	p.SetTime(time.Now())
	return p
}

// write sends a record, perhaps later.
func (p *peer) write(rec []byte) {
	p.bytes += len(rec)
	p.w.Write(rec) // the next read fails as well
}

func (p *peer) read() ([]byte, error) {
	if err := p.w.Flush(); err != nil {
		return nil, err
	}
	return p.next()
}

func (p *peer) next() ([]byte, error) {
	rec := make([]byte, record.HeaderSize)
	if _, err := io.ReadFull(p.in, rec); err != nil {
		return nil, err
	}
	n, _ := protocol.RecordBody([record.HeaderSize]byte(rec))
	rec = append(rec, make([]byte, n)...)
	_, err := io.ReadFull(p.in, rec[record.HeaderSize:])
	return rec, err
}

// answer answers what the engine asks.
func (p *peer) answer() {
	for {
		switch p.Wait() {
		case protocol.WaitSelect:
			p.Select(protocol.Choice{Credential: &p.id.Credential})
		case protocol.WaitSign:
			req := p.SignRequest()
			p.Signed(suite.SchemeByID(req.Scheme).Sign(p.id.key, req.Message))
		case protocol.WaitVerify:
			p.Verified(nil)
		case protocol.WaitTicket:
			p.Ticket(nil, false)
		case protocol.WaitSeal:
			p.Sealed(nil)
		default:
			return
		}
	}
}

func (p *peer) handshake() error {
	p.Start()
	for {
		p.answer()
		p.takeKeys()
		for out := p.TakeOutput(nil); len(out) > 0; {
			n, _ := protocol.RecordBody([record.HeaderSize]byte(out))
			n += record.HeaderSize
			p.note(out[:n])
			if record.Type(out[0]) == record.ChangeCipherSpec && p.Info().Version == tls12 {
				p.mangle = nil // what follows is one protected record
			}
			if p.mangle != nil && record.Type(out[0]) != record.ChangeCipherSpec {
				p.mangle(out[:n])
			} else {
				p.write(out[:n])
			}
			out = out[n:]
		}
		if err := p.Err(); err != nil {
			return err
		}
		if p.Established() {
			p.takeOver()
			return p.w.Flush()
		}
		rec, err := p.read()
		if err != nil {
			return err
		}
		p.note(rec)
		p.HandleRecord(rec, nil)
	}
}

// note keeps the ServerHello's random.
func (p *peer) note(rec []byte) {
	if record.Type(rec[0]) == record.Handshake && len(rec) > 43 && wire.Type(rec[5]) == wire.TypeServerHello {
		p.serverRandom = bytes.Clone(rec[11:43])
	}
}

func (p *peer) takeKeys() {
	for line := range strings.Lines(string(p.TakeKeyLog())) {
		f := strings.Fields(line)
		p.clientRandom = must(hex.DecodeString(f[1]))
		p.secrets[f[0]] = must(hex.DecodeString(f[2]))
	}
}

// keyed tells whether a record of our handshake is protected.
func (p *peer) keyed(rec []byte) bool { return record.Type(rec[0]) == record.ApplicationData }

// crumble makes records of a byte of one of the handshake.
func (p *peer) crumble(rec []byte) {
	payload := rec[record.HeaderSize:]
	if !p.keyed(rec) {
		for _, b := range payload {
			p.write(plaintext(record.Handshake, b))
		}
		return
	}
	if !p.old.Active() {
		s := p.Info().Suite
		key, iv := schedule.TrafficKeys(s, p.secrets["CLIENT_HANDSHAKE_TRAFFIC_SECRET"])
		check(p.old.SetKeys(s, key, iv))
		check(p.again.SetKeys(s, key, iv))
	}
	t, payload, err := p.old.Open(rec, nil)
	check(err)
	for i := range payload {
		p.write(must(p.again.Seal(nil, t, payload[i:i+1])))
	}
}

// alone sends a changed ClientHello with something behind it, and reads what
// comes to the end.
func (p *peer) alone(change func(*wire.ClientHello), behind []byte) {
	p.Start()
	var raw []byte
	for out := p.TakeOutput(nil); len(out) > 0; {
		n, _ := protocol.RecordBody([record.HeaderSize]byte(out))
		raw = append(raw, out[record.HeaderSize:record.HeaderSize+n]...)
		out = out[record.HeaderSize+n:]
	}
	m, ok := wire.ParseClientHello(raw[wire.HeaderSize:])
	if !ok {
		log.Fatal("no ClientHello")
	}
	change(m)
	for raw = m.Marshal(); len(raw) > 0; {
		n := min(len(raw), record.MaxPlaintext)
		p.write(plaintext(record.Handshake, raw[:n]...))
		raw = raw[n:]
	}
	p.write(behind)
	check(p.w.Flush())
	check(p.conn.CloseWrite())
	io.Copy(io.Discard, p.in)
}

// takeOver goes on with the engine's keys in its place.
func (p *peer) takeOver() {
	p.takeKeys()
	p.suite = p.Info().Suite
	mine, theirs := "CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0"
	if p.isServer() {
		mine, theirs = theirs, mine
	}
	if p.Info().Version == tls12 {
		macLen := 0
		if p.suite.MAC != 0 {
			macLen = p.suite.MAC.Size()
		}
		k := schedule.KeyBlock(p.suite.Hash, p.secrets["CLIENT_RANDOM"], slices.Concat(p.serverRandom, p.clientRandom), macLen, p.suite.KeyLen, p.suite.IVLen)
		out, in := &p.out, &p.answers
		if p.isServer() {
			out, in = in, out
		}
		check(out.SetKeys12(p.suite, k.ClientMAC, k.ClientKey, k.ClientIV, rand.Reader))
		check(in.SetKeys12(p.suite, k.ServerMAC, k.ServerKey, k.ServerIV, rand.Reader))
		p.out.SetSeq(1) // after Finished
		p.answers.SetSeq(1)
	} else {
		p.secret = p.secrets[mine]
		p.setKeys(&p.out, p.secret)
		p.setKeys(&p.answers, p.secrets[theirs])
	}
	p.lines = make(chan string)
	go p.listen()
}

func (p *peer) isServer() bool { return p.id.forServer }

func (p *peer) setKeys(h *record.Half, secret []byte) {
	key, iv := schedule.TrafficKeys(p.suite, secret)
	check(h.SetKeys(p.suite, key, iv))
}

// updated follows a KeyUpdate.
func (p *peer) updated() {
	p.secret = schedule.NextTraffic(p.suite.Hash, p.secret)
	p.setKeys(&p.out, p.secret)
}

func (p *peer) send(t record.Type, payload []byte) {
	p.buf = must(p.out.Seal(p.buf[:0], t, payload))
	p.write(p.buf)
}

// sendPadded sends a record that is n bytes longer than it has to be.
func (p *peer) sendPadded(t record.Type, payload []byte, n int) {
	p.send(0, append(append(bytes.Clone(payload), byte(t)), make([]byte, n-1)...))
}

// listen hears the answers to data, and ends when the victim does.
func (p *peer) listen() {
	defer close(p.lines)
	var line []byte
	for {
		rec, err := p.next()
		if err != nil {
			return
		}
		t, payload, err := p.answers.Open(rec, nil)
		switch {
		case err != nil, t == record.Alert && payload[0] == 2:
			return
		case t == record.ApplicationData:
			line = append(line, payload...)
			if bytes.HasSuffix(line, []byte("\n")) {
				p.lines <- string(bytes.TrimSpace(line))
				line = nil
			}
		}
	}
}

// used asks the victim what it has used so far, once it has read all.
func (p *peer) used() (time.Duration, error) {
	p.send(record.ApplicationData, []byte("q"))
	if err := p.w.Flush(); err != nil {
		return 0, err
	}
	line, ok := <-p.lines
	if !ok {
		return 0, errors.New("refused")
	}
	return time.Duration(must(strconv.Atoi(line))) * time.Microsecond, nil
}

// identity is a chain with its key.
type identity struct {
	protocol.Credential
	key       crypto.Signer
	forServer bool
}

// chain returns a leaf below an authority, followed by certificates of size bytes in all that nobody needs.
func chain(ca *x509.Certificate, caKey crypto.Signer, size int) *identity {
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "peer"}, DNSNames: []string{"server.test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	id := &identity{protocol.Credential{Public: key.Public()}, key, false}
	id.Chain = append(id.Chain, must(x509.CreateCertificate(rand.Reader, template, ca, key.Public(), caKey)))
	for size > 0 {
		n := min(size, 8000)
		template.ExtraExtensions = []pkix.Extension{{Id: []int{1, 2, 3}, Value: make([]byte, n)}}
		id.Chain = append(id.Chain, must(x509.CreateCertificate(rand.Reader, template, ca, key.Public(), caKey)))
		size -= n
	}
	return id
}

// victims are a server, a client, and one of the subset.
type victims struct {
	cmds    []*exec.Cmd
	address string       // of the server
	client  net.Listener // for the client
	subset  net.Listener // for the subset's
	ids     [2]*identity // of the short and the long chain
}

func start(program, subset, library string) *victims {
	dir := must(os.MkdirTemp("", ""))
	defer os.RemoveAll(dir)
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	file := func(name, kind string, der []byte) string {
		path := filepath.Join(dir, name)
		check(os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
		return path
	}
	cert := file("cert", "CERTIFICATE", must(x509.CreateCertificate(rand.Reader, ca, ca, key.Public(), key)))
	keyFile := file("key", "PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(key)))
	listen := func() net.Listener { return must(net.Listen("tcp", "127.0.0.1:0")) }
	v := &victims{client: listen(), subset: listen(), ids: [2]*identity{chain(ca, key, 0), chain(ca, key, 90000)}}
	run := func(program string, args ...string) io.Reader {
		cmd := exec.Command(program, args...)
		cmd.Env = append(os.Environ(), "LD_LIBRARY_PATH="+library)
		cmd.Stderr = os.Stderr
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		out := must(cmd.StdoutPipe())
		check(cmd.Start())
		v.cmds = append(v.cmds, cmd)
		return out
	}
	v.address = net.JoinHostPort("127.0.0.1", strings.TrimSpace(must(bufio.NewReader(run(program, "server", cert, keyFile, cert)).ReadString('\n'))))
	port := func(l net.Listener) string { return strconv.Itoa(l.Addr().(*net.TCPAddr).Port) }
	run(program, "client", port(v.client), filepath.Join(dir, "sessions"))
	run(subset, port(v.subset))
	v.peer(&item{client: true, version: tls13}, v.ids[0]).conn.Close() // it has opened the file
	return v
}

func (v *victims) stop() {
	v.client.Close()
	v.subset.Close()
	for _, cmd := range v.cmds {
		cmd.Process.Kill()
		cmd.Wait()
	}
}

// peer has a new connection to one of them.
func (v *victims) peer(it *item, id *identity) *peer {
	listener := v.client
	switch {
	case it.subset:
		listener = v.subset
	case !it.client:
		return newPeer(it, id, must(net.Dial("tcp", v.address)))
	}
	own := *id
	own.forServer = true
	return newPeer(it, &own, must(listener.Accept()))
}

// cost is processor time and the bytes that it was for.
type cost struct {
	time  time.Duration
	bytes int
}

func (c cost) perByte() float64 { return float64(c.time.Nanoseconds()) / float64(c.bytes) }

// connection returns a complete one, and what the victim has used when it is.
func (v *victims) connection(it *item, id *identity) (*peer, time.Duration) {
	p := v.peer(it, id)
	check(p.handshake())
	return p, must(p.used())
}

// repeat measures what follows a handshake.
func (v *victims) repeat(it *item, id *identity) (cost, error) {
	p, before := v.connection(it, id)
	defer p.conn.Close()
	start := p.bytes
	for range it.count {
		it.round(p)
	}
	after, err := p.used()
	return cost{after - before, p.bytes - start}, err
}

// handshakes measures handshakes, of count connections.
func (v *victims) handshakes(it *item, id *identity) cost {
	hello := it.hello
	if hello == nil {
		hello = func(p *peer) { check(p.handshake()) }
	}
	p, before := v.connection(it, id)
	p.conn.Close()
	var sum cost
	for range it.count {
		p := v.peer(it, id)
		hello(p)
		p.conn.Close()
		sum.bytes += p.bytes
	}
	p, after := v.connection(it, id)
	p.conn.Close()
	sum.time = after - before
	sum.bytes += p.bytes
	return sum
}

func main() {
	if len(os.Args) != 4 && len(os.Args) != 5 {
		log.Fatal("usage: hostile VICTIM SUBSET LIBRARY [ITEM]")
	}
	prefix := strings.Join(os.Args[4:], "")
	v := start(os.Args[1], os.Args[2], os.Args[3])
	defer v.stop()
	fmt.Printf("%-54s %21s %21s\n", "", "short chain", "chain of 90 KB")
	fmt.Printf("%-54s %10s %10s %10s %10s\n", "of the victim, for a byte that comes", "ns", "ratio", "ns", "ratio")
	yardstick := map[uint16]float64{}
	for i := range items {
		it := &items[i]
		role, version := "server", "1.3"
		switch {
		case it.subset:
			role = "client of the subset"
		case it.client:
			role = "client"
		}
		if it.version == tls12 {
			version = "1.2"
		}
		first := yardstick[it.version] == 0
		if !first && !strings.HasPrefix(it.name, prefix) {
			continue
		}
		fmt.Printf("%-54s", version+", "+role+": "+it.name)
		for _, id := range v.ids {
			var c cost
			var err error
			if it.round != nil {
				c, err = v.repeat(it, id)
			} else {
				c = v.handshakes(it, id)
			}
			if err != nil {
				fmt.Printf(" %21s", err)
				continue
			}
			if first {
				first = false
				yardstick[it.version] = c.perByte()
			}
			fmt.Printf(" %10.1f %10.2f", c.perByte(), c.perByte()/yardstick[it.version])
		}
		fmt.Println()
	}
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
