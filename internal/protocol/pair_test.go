package protocol

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"slices"
	"sync"
	"testing"
	"time"

	"libtls/internal/record"
	"libtls/internal/suite"
	"libtls/internal/wire"
)

// testTime is the clock of all tests here.
var testTime = time.Unix(1_700_000_000, 0)

// identity is a credential with its key.
type identity struct {
	Credential
	key crypto.Signer
}

var identities = sync.OnceValue(func() map[string]*identity {
	must := func(key crypto.Signer, err error) crypto.Signer {
		if err != nil {
			panic(err)
		}
		return key
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	keys := map[string]crypto.Signer{
		"p256":    must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)),
		"p384":    must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)),
		"p521":    must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader)),
		"rsa":     must(rsa.GenerateKey(rand.Reader, 2048)),
		"ed25519": must(ed, err),
	}
	ids := make(map[string]*identity)
	for name, key := range keys {
		template := &x509.Certificate{
			SerialNumber: big.NewInt(1),
			Subject:      pkix.Name{CommonName: name},
			NotBefore:    testTime.Add(-time.Hour),
			NotAfter:     testTime.Add(time.Hour),
		}
		der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
		if err != nil {
			panic(err)
		}
		ids[name] = &identity{Credential{Chain: [][]byte{der}, Public: key.Public()}, key}
	}
	return ids
})

// end is one end of a test connection with the answers it gives.
type end struct {
	*Conn
	id      *identity
	alpn    []string
	verdict *Error
	tickets map[string]*Session
	renew   bool
	onWait  func() // called before each answer and after each record
	data    []byte

	settled   []byte // as a child would have it
	settledAt uint64
}

// answer answers all that the engine asks.
func (e *end) answer() {
	for {
		if e.onWait != nil && e.Err() == nil {
			e.onWait()
		}
		switch e.Wait() {
		case WaitSelect:
			var ch Choice
			if e.id != nil {
				ch.Credential = &e.id.Credential
			}
			if len(e.alpn) > 0 && len(e.Hello().ALPN) > 0 {
				var ok bool
				if ch.ALPN, ok = prefer(e.alpn, e.Hello().ALPN, false); !ok {
					ch.Fail = ErrNoALPN
				}
			}
			e.Select(ch)
		case WaitTicket:
			ticket, _ := e.OfferedTicket()
			e.Ticket(e.tickets[string(ticket)], e.renew)
		case WaitSign:
			req := e.SignRequest()
			e.Signed(suite.SchemeByID(req.Scheme).Sign(e.id.key, req.Message))
		case WaitSeal:
			s := e.TicketToSeal()
			s.Lifetime = 300
			e.tickets["sealed"] = s
			e.Sealed([]byte("sealed"))
		case WaitVerify:
			e.Verified(e.verdict)
		default:
			return
		}
	}
}

// feed hands records to an end until there is no whole one left or it dies.
func (e *end) feed(wire []byte) {
	for len(wire) >= record.HeaderSize && e.Err() == nil {
		n, ok := RecordBody([record.HeaderSize]byte(wire))
		if !ok {
			n = 0
		}
		n += record.HeaderSize
		if n > len(wire) {
			break
		}
		data, _ := e.HandleRecord(bytes.Clone(wire[:n]), nil)
		e.data = append(e.data, data...)
		wire = wire[n:]
		e.answer()
	}
}

// shuttle carries records between two ends until both are quiet.
func shuttle(client, server *end) {
	client.Start()
	for len(client.output)+len(server.output) > 0 {
		server.feed(client.TakeOutput(nil))
		client.feed(server.TakeOutput(nil))
	}
}

func testConfig() *Config {
	return &Config{
		Rand:       rand.Reader,
		MinVersion: suite.TLS13,
		MaxVersion: suite.TLS13,
		Suites:     []suite.ID{suite.AES256GCMSHA384, suite.ChaCha20Poly1305SHA256, suite.AES128GCMSHA256},
		Groups:     []suite.Group{suite.X25519MLKEM768, suite.X25519, suite.P256, suite.P384, suite.P521},
		Schemes:    suite.DefaultSchemes(),
		Tickets:    true,
	}
}

func suites13() []*suite.Suite {
	return slices.DeleteFunc(slices.Clone(suite.All), func(s *suite.Suite) bool { return s.Version != suite.TLS13 })
}

func newPair(client, server *Config) (*end, *end) {
	c := &end{Conn: Client(client)}
	s := &end{Conn: Server(server), id: identities()["p256"], tickets: make(map[string]*Session)}
	c.SetTime(testTime)
	s.SetTime(testTime)
	return c, s
}

// connect makes a connection that must succeed.
func connect(t *testing.T, c, s *end) {
	t.Helper()
	shuttle(c, s)
	if !c.Established() || !s.Established() {
		t.Fatalf("handshake failed: client %v, server %v", c.Err(), s.Err())
	}
}

// exchange sends data both ways.
func exchange(t *testing.T, c, s *end) {
	t.Helper()
	for _, d := range []struct{ from, to *end }{{c, s}, {s, c}} {
		for _, n := range []int{1, 100, 16384, 16385, 64 << 10} {
			msg := bytes.Repeat([]byte{byte(n)}, n)
			pending := len(d.from.output)
			out, sealed, err := d.from.Seal(nil, msg)
			if err != nil || sealed != n {
				t.Fatalf("Seal(%d) = %d, %v", n, sealed, err)
			}
			if len(out)-pending > sealedSize(n) {
				t.Errorf("Seal(%d) made %d bytes, sealedSize says %d", n, len(out), sealedSize(n))
			}
			d.to.data = nil
			d.to.feed(out)
			if !bytes.Equal(d.to.data, msg) {
				t.Fatalf("%d bytes came through as %d, err %v", n, len(d.to.data), d.to.Err())
			}
		}
	}
}

func TestHandshake(t *testing.T) {
	for _, id := range suites13() {
		t.Run(id.Name, func(t *testing.T) {
			cfg := testConfig()
			cfg.Suites = []suite.ID{id.ID}
			c, s := newPair(cfg, testConfig())
			connect(t, c, s)
			if c.Info().Suite != id || s.Info().Suite != id {
				t.Errorf("negotiated %v and %v", c.Info().Suite, s.Info().Suite)
			}
			exchange(t, c, s)
		})
	}
	for _, g := range suite.Groups {
		for _, retry := range []bool{false, true} {
			t.Run(g.Name, func(t *testing.T) {
				client, server := testConfig(), testConfig()
				server.Groups = []suite.Group{g.Group}
				client.KeyShares = []suite.Group{g.Group}
				if retry {
					client.KeyShares = []suite.Group{}
				}
				c, s := newPair(client, server)
				connect(t, c, s)
				if c.Info().Group != g.Group || c.Info().HelloRetry != retry {
					t.Errorf("group %v, retry %v", c.Info().Group, c.Info().HelloRetry)
				}
				exchange(t, c, s)
			})
		}
	}
	for name, id := range identities() {
		t.Run(name, func(t *testing.T) {
			server := testConfig()
			server.ClientAuth = RequireClientCert
			c, s := newPair(testConfig(), server)
			c.id, s.id = id, id
			connect(t, c, s)
			if !bytes.Equal(s.Info().PeerChain[0], id.Chain[0]) || !bytes.Equal(c.Info().PeerChain[0], id.Chain[0]) {
				t.Error("not the peer's certificate")
			}
			exchange(t, c, s)
		})
	}
}

func TestResumption(t *testing.T) {
	older := map[crypto.Hash]suite.ID{
		crypto.SHA256: suite.ECDHEECDSAAES128GCM, crypto.SHA384: suite.ECDHEECDSAAES256GCM,
	}
	for _, id := range suites13() {
		t.Run(id.Name, func(t *testing.T) {
			client, server := testConfig(), testConfig()
			client.Suites = []suite.ID{id.ID}
			client.ServerName = "host.test"
			c, s := newPair(client, server)
			connect(t, c, s)
			issued, err := s.NewTicket(7200)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.SendTicket(issued, []byte("a ticket")); err != nil {
				t.Fatal(err)
			}
			shuttle(c, s)
			got := c.TakeSessions()
			if len(got) != 1 || got[0].Lifetime != 7200 || !bytes.Equal(got[0].Secret, issued.Secret) {
				t.Fatalf("sessions %+v", got)
			}
			tests := []struct {
				name    string
				change  func(c, s *Config, issued *Session)
				resumed bool
				failed  string
			}{
				{"plain", func(c, s *Config, issued *Session) {}, true, ""},
				{"with retry", func(c, s *Config, _ *Session) { c.KeyShares = []suite.Group{} }, true, ""},
				{"no name", func(c, s *Config, _ *Session) { c.ServerName = "" }, true, ""},
				{"other name", func(c, s *Config, _ *Session) { c.ServerName = "other.test" }, false, ""},
				{"too old", func(c, s *Config, is *Session) { is.Timeout, is.Created = time.Hour, testTime.Add(-2*time.Hour) }, false, ""},
				{"tickets off", func(c, s *Config, _ *Session) { s.Tickets = false }, false, ""},
				{"certificate wanted", func(c, s *Config, _ *Session) { s.ClientAuth = RequireClientCert }, false, ""},
				{"wrong key", func(c, s *Config, is *Session) { is.Secret = bytes.Repeat([]byte{1}, len(is.Secret)) }, false, "DIGEST_CHECK_FAILED"},
				{"suite of TLS 1.2", func(c, s *Config, is *Session) { is.Suite = older[id.Hash] }, false, ""},
				{"offered with a suite of TLS 1.2", func(c, s *Config, _ *Session) {
					old := *c.Session
					old.Suite = older[id.Hash]
					c.Session = &old
				}, false, ""},
				{"offer expired", func(c, s *Config, _ *Session) {
					old := *c.Session
					old.Lifetime = 0
					old.Created = testTime.Add(-time.Second)
					c.Session = &old
				}, false, ""},
			}
			for _, test := range tests {
				t.Run(test.name, func(t *testing.T) {
					client, server, session := *client, *server, *issued
					client.Session = got[0]
					test.change(&client, &server, &session)
					c, s := newPair(&client, &server)
					c.id = identities()["rsa"]
					s.tickets["a ticket"] = &session
					if test.failed != "" {
						shuttle(c, s)
						if s.Err() == nil || s.Err().Code != test.failed {
							t.Errorf("server says %v, want %s", s.Err(), test.failed)
						}
						return
					}
					connect(t, c, s)
					if c.Info().Resumed != test.resumed || s.Info().Resumed != test.resumed {
						t.Errorf("resumed %v, %v", c.Info().Resumed, s.Info().Resumed)
					}
					if c.Info().PeerChain == nil {
						t.Error("no peer certificate")
					}
					exchange(t, c, s)
				})
			}
		})
	}
}

func TestKeyUpdate(t *testing.T) {
	c, s := newPair(testConfig(), testConfig())
	connect(t, c, s)
	for range 3 {
		if err := c.UpdateKeys(true); err != nil {
			t.Fatal(err)
		}
		exchange(t, c, s)
	}
}

func TestClose(t *testing.T) {
	c, s := newPair(testConfig(), testConfig())
	connect(t, c, s)
	c.CloseNotify()
	shuttle(c, s)
	if !s.PeerClosed() || s.EOF() != nil {
		t.Error("close_notify was lost")
	}
	if _, _, err := c.Seal(nil, []byte("x")); err == nil {
		t.Error("wrote after close")
	}
	if err := c.EOF(); !errors.Is(err, ErrTruncated) {
		t.Errorf("EOF = %v", err)
	}
}

func TestRecordsDontAllocate(t *testing.T) {
	c, s := newPair(testConfig(), testConfig())
	connect(t, c, s)
	data, out, dst := make([]byte, 16000), make([]byte, 0, MaxRecord), make([]byte, 16384)
	allocs := testing.AllocsPerRun(100, func() {
		rec, _, err := c.Seal(out, data)
		if err != nil {
			t.Fatal(err)
		}
		plain, err := s.HandleRecord(rec, dst)
		if err != nil || len(plain) != len(data) || &plain[0] != &dst[0] {
			t.Fatal("record was not decrypted into dst", err)
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations a record", allocs)
	}
}

// TestLargeKey refuses a key whose signatures would be work for us alone.
func TestLargeKey(t *testing.T) {
	huge := &rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 8192), E: 3}
	signer := identities()["p256"]
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: testTime, NotAfter: testTime}
	der, err := x509.CreateCertificate(rand.Reader, template, template, huge, signer.key)
	if err != nil {
		t.Fatal(err)
	}
	for _, cfg := range []*Config{testConfig(), config12()} {
		c, s := newPair(cfg, cfg)
		s.id = &identity{Credential{Chain: [][]byte{der}, Public: signer.Public}, signer.key}
		shuttle(c, s)
		if c.Err() != errKeyTooLarge || s.Err() == nil || s.Err().Alert != AlertBadCertificate {
			t.Errorf("client %v, server %v", c.Err(), s.Err())
		}
	}
}

// sealedSize returns how many bytes Seal needs at most for n bytes of data,
// pending output apart. A KeyUpdate may come before the data.
func sealedSize(n int) int {
	const keyUpdate = record.Overhead + wire.HeaderSize + 1
	n = min(n, SealBatch)
	return keyUpdate + n + (n/record.MaxPlaintext+1)*record.Overhead
}
