package protocol

import (
	"bytes"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"testing"
	"time"

	"libtls/internal/record"
	"libtls/internal/suite"
)

var interopSeed = flag.Uint64("interop.seed", 0, "draw the connections with crypto/tls from this seed; 0 takes a fresh one")

// wired is an end over a net.Conn, with blocking I/O.
type wired struct {
	*end
	conn net.Conn
}

func (w *wired) flush() error {
	_, err := w.conn.Write(w.TakeOutput(nil))
	return err
}

// step reads one record.
func (w *wired) step() error {
	if err := w.flush(); err != nil {
		return err
	}
	rec := make([]byte, MaxRecord)
	if _, err := io.ReadFull(w.conn, rec[:record.HeaderSize]); err != nil {
		return err
	}
	n, ok := RecordBody([record.HeaderSize]byte(rec))
	if !ok {
		n = 0
	}
	rec = rec[:record.HeaderSize+n]
	if _, err := io.ReadFull(w.conn, rec[record.HeaderSize:]); err != nil {
		return err
	}
	w.feed(rec)
	if err := w.flush(); err != nil {
		return err
	}
	if w.Err() != nil {
		return w.Err()
	}
	return nil
}

func (w *wired) handshake() error {
	w.Start()
	for !w.Established() {
		if err := w.step(); err != nil {
			return err
		}
	}
	return w.flush()
}

// draw is one connection's parameters, all chosen at random.
type draw struct {
	Version     uint16
	Suites      []suite.ID
	Groups      []suite.Group
	ID          string
	ClientAuth  bool
	ALPN        bool
	KeyUpdates  int
	Connections int
	WeServe     bool
}

func drawn(r *rand.Rand) draw {
	d := draw{
		Version:     []uint16{suite.TLS12, suite.TLS13}[r.IntN(2)],
		ID:          []string{"p256", "p384", "p521", "rsa", "ed25519"}[r.IntN(5)],
		ClientAuth:  r.IntN(2) == 0,
		ALPN:        r.IntN(2) == 0,
		KeyUpdates:  r.IntN(3),
		Connections: 1 + r.IntN(3),
		WeServe:     r.IntN(2) == 0,
	}
	for _, s := range suite.All {
		// crypto/tls has no CBC with SHA-384
		if s.Version == d.Version && s.Fits(identities()[d.ID].Public) && (s.MAC == 0 || s.MAC.Size() < 48) {
			d.Suites = append(d.Suites, s.ID)
		}
	}
	if d.Version == suite.TLS12 { // crypto/tls can't choose those of TLS 1.3
		d.Suites = []suite.ID{d.Suites[r.IntN(len(d.Suites))]}
	}
	for _, g := range suite.Groups {
		if d.Version == suite.TLS13 || !g.Only13() {
			d.Groups = append(d.Groups, g.Group)
		}
	}
	r.Shuffle(len(d.Suites), func(i, j int) { d.Suites[i], d.Suites[j] = d.Suites[j], d.Suites[i] })
	r.Shuffle(len(d.Groups), func(i, j int) { d.Groups[i], d.Groups[j] = d.Groups[j], d.Groups[i] })
	d.Groups = d.Groups[:1+r.IntN(len(d.Groups))]
	return d
}

func (d draw) ours() *Config {
	cfg := testConfig()
	cfg.MinVersion, cfg.MaxVersion = d.Version, d.Version
	cfg.Suites = d.Suites
	// A key's own curve has to be among the groups in TLS 1.2 (RFC 8422, 5.3).
	cfg.Groups = slices.Clone(d.Groups)
	for _, g := range suite.Groups {
		if !slices.Contains(cfg.Groups, g.Group) {
			cfg.Groups = append(cfg.Groups, g.Group)
		}
	}
	cfg.ServerName = "host.test"
	if d.ALPN {
		cfg.ALPN = []string{"one", "two"}
	}
	if d.ClientAuth {
		cfg.ClientAuth = RequireClientCert
	}
	return cfg
}

func (d draw) theirs() *tls.Config {
	id := identities()[d.ID]
	cfg := &tls.Config{
		Certificates:       []tls.Certificate{{Certificate: id.Chain, PrivateKey: id.key}},
		MinVersion:         d.Version,
		MaxVersion:         d.Version,
		ServerName:         "host.test",
		Time:               func() time.Time { return testTime },
		InsecureSkipVerify: true,
		ClientSessionCache: tls.NewLRUClientSessionCache(1),
	}
	for _, s := range d.Suites {
		cfg.CipherSuites = append(cfg.CipherSuites, uint16(s))
	}
	if d.Version == suite.TLS13 { // in TLS 1.2 the key's curve would have to be among them
		for _, g := range d.Groups {
			cfg.CurvePreferences = append(cfg.CurvePreferences, tls.CurveID(g))
		}
	}
	if d.ALPN {
		cfg.NextProtos = []string{"two", "one"}
	}
	if d.ClientAuth {
		cfg.ClientAuth = tls.RequireAnyClientCert
	}
	return cfg
}

// loopback returns the two ends of a TCP connection.
func loopback() (a, b net.Conn, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	defer l.Close()
	if a, err = net.Dial("tcp", l.Addr().String()); err != nil {
		return nil, nil, err
	}
	b, err = l.Accept()
	return a, b, err
}

// talk makes one connection and echoes data over it. The session that came of
// it is for the next one.
func (d draw) talk(ours *Config, theirs *tls.Config, tickets map[string]*Session, r *rand.Rand) (resumed bool, next *Session, err error) {
	a, b, err := loopback()
	if err != nil {
		return false, nil, err
	}
	deadline := time.Now().Add(20 * time.Second)
	a.SetDeadline(deadline)
	b.SetDeadline(deadline)
	var e *end
	var peer *tls.Conn
	if d.WeServe {
		e = &end{Conn: Server(ours), alpn: []string{"one"}}
		peer = tls.Client(b, theirs)
	} else {
		e = &end{Conn: Client(ours)}
		peer = tls.Server(b, theirs)
	}
	e.id, e.tickets = identities()[d.ID], tickets
	e.SetTime(testTime)
	w := &wired{e, a}
	defer a.Close()

	msg := make([]byte, 1+r.IntN(40000))
	echoed := make(chan error, 1)
	go func() {
		defer b.Close()
		if err := peer.Handshake(); err != nil {
			echoed <- fmt.Errorf("crypto/tls: %w", err)
			return
		}
		buf := make([]byte, len(msg))
		for range d.KeyUpdates + 1 {
			if _, err := io.ReadFull(peer, buf); err != nil {
				echoed <- fmt.Errorf("crypto/tls: %w", err)
				return
			}
			if _, err := peer.Write(buf); err != nil {
				echoed <- fmt.Errorf("crypto/tls: %w", err)
				return
			}
		}
		echoed <- peer.CloseWrite()
		io.Copy(io.Discard, peer)
	}()
	fail := func(err error) (bool, *Session, error) {
		a.Close()
		return false, nil, errors.Join(err, <-echoed)
	}

	if err := w.handshake(); err != nil {
		return fail(err)
	}
	if d.WeServe && d.Version == suite.TLS13 {
		s, err := w.NewTicket(3600)
		if err == nil {
			tickets["issued"] = s
			err = w.SendTicket(s, []byte("issued"))
		}
		if err != nil {
			return fail(err)
		}
	}
	for range d.KeyUpdates + 1 {
		out, n, err := w.Seal(nil, msg)
		if err != nil || n != len(msg) {
			return fail(fmt.Errorf("Seal = %d, %v", n, err))
		}
		go a.Write(out)
		w.data = nil
		for len(w.data) < len(msg) {
			if err := w.step(); err != nil {
				return fail(err)
			}
		}
		if !bytes.Equal(w.data, msg) {
			return fail(errors.New("the echo differs"))
		}
		if d.Version == suite.TLS13 {
			if err := w.UpdateKeys(true); err != nil {
				return fail(err)
			}
		}
	}
	for !w.PeerClosed() {
		if err := w.step(); err != nil {
			return fail(err)
		}
	}
	if err := <-echoed; err != nil {
		return false, nil, err
	}
	state, info := peer.ConnectionState(), w.Info()
	switch {
	case state.DidResume != info.Resumed:
		err = fmt.Errorf("resumed: they say %v, we %v", state.DidResume, info.Resumed)
	case state.CipherSuite != uint16(info.Suite.ID):
		err = fmt.Errorf("suite: they say %x, we %x", state.CipherSuite, info.Suite.ID)
	case state.CurveID != tls.CurveID(info.Group) && !info.Resumed:
		err = fmt.Errorf("group: they say %v, we %v", state.CurveID, info.Group)
	case state.NegotiatedProtocol != info.ALPN || d.ALPN != (info.ALPN != ""):
		err = fmt.Errorf("ALPN: they say %q, we %q", state.NegotiatedProtocol, info.ALPN)
	case (len(info.PeerChain) > 0) != (d.ClientAuth || !d.WeServe):
		err = fmt.Errorf("%d certificates of theirs", len(info.PeerChain))
	}
	if key, err2 := state.ExportKeyingMaterial("EXPORTER test", []byte("context"), 32); err == nil && err2 == nil {
		if own, err3 := w.Export("EXPORTER test", []byte("context"), true, 32); err3 != nil || !bytes.Equal(key, own) {
			err = fmt.Errorf("exporters differ (%v)", err3)
		}
	}
	if sessions := w.TakeSessions(); len(sessions) > 0 {
		next = sessions[len(sessions)-1]
	}
	return info.Resumed, next, err
}

// TestCryptoTLS connects to Go's crypto/tls, with everything drawn at random.
func TestCryptoTLS(t *testing.T) {
	seed := *interopSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("-interop.seed=%d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for i := range 60 {
		d := drawn(r)
		ours, theirs := d.ours(), d.theirs()
		tickets := make(map[string]*Session)
		for n := range d.Connections {
			resumed, next, err := d.talk(ours, theirs, tickets, r)
			if err != nil {
				t.Fatalf("draw %d, connection %d: %v\n%+v", i, n, err, d)
			}
			if n > 0 != resumed {
				t.Fatalf("draw %d, connection %d: resumed %v\n%+v", i, n, resumed, d)
			}
			if !d.WeServe && next != nil {
				ours.Session = next
			}
		}
	}
}
