package protocol

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"math/big"
	"strings"
	"testing"
	"testing/iotest"

	"libtls/internal/record"
	"libtls/internal/suite"
	"libtls/internal/wire"
)

// What a peer could try that no conformance suite has thought of.

// TestSuiteOfOtherVersion has a server choose TLS 1.3 with a suite that was
// offered for TLS 1.2, and the other way round.
func TestSuiteOfOtherVersion(t *testing.T) {
	for _, id := range []suite.ID{suite.ECDHEECDSAAES128GCM, suite.ECDHEECDSAAES128SHA} {
		c, s := newPair(bothVersions(), testConfig())
		(&meddler{victim: c, change: inServer(func(m *wire.ServerHello) { m.Suite = id })}).run(c, s)
		c.died(t, "WRONG_CIPHER_RETURNED", 47)
	}
	c, s := newPair(bothVersions(), config12())
	(&meddler{victim: c, change: inServer(func(m *wire.ServerHello) { m.Suite = suite.AES128GCMSHA256 })}).run(c, s)
	c.died(t, "WRONG_CIPHER_RETURNED", 47)
}

// TestHugeCookie has a server ask for a ClientHello that can't be.
func TestHugeCookie(t *testing.T) {
	cfg := testConfig()
	for range 250 {
		cfg.ALPN = append(cfg.ALPN, string(bytes.Repeat([]byte{'a'}, 200)))
	}
	c, _ := newPair(cfg, testConfig())
	c.Start()
	retry := (&wire.ServerHello{
		Version: suite.TLS12, Random: wire.HelloRetryRandom[:], SessionID: c.hs.sessionID, Suite: suite.AES128GCMSHA256,
		Extensions: []wire.Extension{
			{Type: wire.ExtSupportedVersions, Data: wire.Uint16(suite.TLS13)},
			{Type: wire.ExtCookie, Data: wire.Bytes16(make([]byte, 16000))},
		},
	}).Marshal()
	c.feed(plaintext(record.Handshake, retry...))
	c.died(t, "CLIENT_HELLO_TOO_LONG", 80)

	for range 100 {
		cfg.ALPN = append(cfg.ALPN, string(bytes.Repeat([]byte{'a'}, 150)))
	}
	c, _ = newPair(cfg, testConfig())
	c.Start()
	c.died(t, "CLIENT_HELLO_TOO_LONG", 0)
}

// TestDroppedPSK has a client leave out a PSK that doesn't fit the suite which
// a HelloRetryRequest names (RFC 8446, 4.1.2).
func TestDroppedPSK(t *testing.T) {
	client, server := testConfig(), testConfig()
	first := *client
	first.Suites = []suite.ID{suite.AES128GCMSHA256}
	client.Session, _ = resumable(t, &first, server)
	client.KeyShares = []suite.Group{}
	c, s := newPair(client, server)
	connect(t, c, s)
	if c.Info().Resumed || s.Info().Resumed || !s.Info().HelloRetry {
		t.Errorf("info %+v", s.Info())
	}
}

// TestChangedHello changes something between two ClientHellos.
func TestChangedHello(t *testing.T) {
	for _, ext := range []uint16{wire.ExtPostHandshakeAuth, wire.ExtCertAuthorities, wire.ExtSCT} {
		client := testConfig()
		client.KeyShares = []suite.Group{}
		c, s := newPair(client, testConfig())
		hellos := 0
		(&meddler{victim: s, change: inHello(func(m *wire.ClientHello) {
			if hellos++; hellos == 2 {
				data := []byte(nil)
				if ext == wire.ExtCertAuthorities {
					data = wire.Authorities([][]byte{{1}})
				}
				m.Extensions = set(m.Extensions, ext, data)
			}
		})}).run(c, s)
		s.died(t, "INCONSISTENT_CLIENT_HELLO", 47)
	}
}

// TestAlertInsideMessage puts an alert between two parts of a message
// (RFC 8446, 5.1).
func TestAlertInsideMessage(t *testing.T) {
	c, s := newPair(testConfig(), testConfig())
	m := &meddler{victim: s, change: unchanged}
	m.run(c, s)
	s.feed(m.sealed(record.Handshake, wire.KeyUpdate(false)[:2]))
	s.feed(m.sealed(record.Alert, []byte{1, AlertUserCanceled}))
	s.died(t, "UNEXPECTED_RECORD", 10)
}

// TestPlaintextAlert12 sends a TLS 1.2 server an unprotected alert when the
// client's keys are in use already.
func TestPlaintextAlert12(t *testing.T) {
	c, s := newPair(config12(), config12())
	c.Start()
	s.feed(c.TakeOutput(nil))
	c.feed(s.TakeOutput(nil))
	flight := c.TakeOutput(nil)
	for range 2 { // ClientKeyExchange, ChangeCipherSpec
		n, _ := RecordBody([5]byte(flight))
		s.feed(flight[:record.HeaderSize+n])
		flight = flight[record.HeaderSize+n:]
	}
	s.feed(plaintext(record.Alert, 1, AlertUserCanceled))
	s.died(t, "DECRYPTION_FAILED_OR_BAD_RECORD_MAC", 20)
}

// TestEarlyCCS12 sends a client that can only do TLS 1.2 a ChangeCipherSpec at
// once, which has a meaning in TLS 1.3 alone.
func TestEarlyCCS12(t *testing.T) {
	for _, test := range []struct {
		cfg  *Config
		code string
	}{{config12(), "UNEXPECTED_RECORD"}, {bothVersions(), ""}} {
		c, _ := newPair(test.cfg, config12())
		c.Start()
		c.feed(plaintext(record.ChangeCipherSpec, 1))
		if test.code != "" {
			c.died(t, test.code, 10)
		} else if c.Err() != nil {
			t.Error(c.Err())
		}
	}
}

// TestUnexpectedHeader refuses a message by its type, before it is all there.
func TestUnexpectedHeader(t *testing.T) {
	_, s := newPair(testConfig(), testConfig())
	s.feed(plaintext(record.Handshake, byte(wire.TypeCertificate)))
	s.died(t, "UNEXPECTED_MESSAGE", 10)
}

// TestWrongWayRound sends each end of TLS 1.2 what only the other may get.
func TestWrongWayRound(t *testing.T) {
	for _, typ := range []wire.Type{wire.TypeHelloRequest, wire.TypeClientHello} {
		from, to := newPair(config12(), config12())
		connect(t, from, to)
		if typ == wire.TypeClientHello {
			from, to = to, from
		}
		rec, err := from.out.Seal(nil, record.Handshake, wire.Raw(typ, nil))
		if err != nil {
			t.Fatal(err)
		}
		to.feed(rec)
		to.died(t, "UNEXPECTED_MESSAGE", 10)
	}
}

// TestFallbackFromTooOld falls back below TLS 1.2, which is no version of ours.
func TestFallbackFromTooOld(t *testing.T) {
	c, s := newPair(config12(), config12())
	(&meddler{victim: s, change: inHello(func(m *wire.ClientHello) {
		m.Version = 0x0302
		m.Suites = append(m.Suites, suite.FallbackSCSV)
	})}).run(c, s)
	s.died(t, "UNSUPPORTED_PROTOCOL", 70)
}

// TestInTheClear sends a server records in the clear when it has keys.
func TestInTheClear(t *testing.T) {
	for _, version := range []byte{1, 3} {
		for _, typ := range []record.Type{record.Handshake, record.Alert} {
			c, s := newPair(testConfig(), testConfig())
			c.Start()
			s.feed(c.TakeOutput(nil))
			rec := plaintext(typ, 1, 0, 0, 1, 0)
			rec[2] = version
			s.feed(rec)
			s.died(t, "INVALID_OUTER_RECORD_TYPE", 10)
		}
	}
}

// TestServerName has names that are host names, are no names, or are refused
// (RFC 6066, 3).
func TestServerName(t *testing.T) {
	label := strings.Repeat("a", 63)
	for name, want := range map[string]string{
		"server.test": "", "SERVER": "", "_a_.b-c.9": "", "-": "", label + "." + label: "", strings.Repeat("a.", 127) + "a": "",
		"127.0.0.1": "none", "::1": "none", "2001:db8::1": "none",
		"a b": "refused", "a/b": "refused", "a\x00b": "refused", "a\n": "refused", "\x7f": "refused", "m\u00fcller": "refused",
		".": "refused", ".a": "refused", "a.": "refused", "a..b": "refused", label + "a": "refused", "[::1]": "refused", "fe80::1%eth0": "refused",
		strings.Repeat("a.", 128): "refused", strings.Repeat("a.", 127) + "ab": "refused", "a:443": "refused",
	} {
		for _, cfg := range []*Config{testConfig(), config12()} {
			client := *cfg
			client.ServerName = name
			c, s := newPair(&client, cfg)
			shuttle(c, s)
			switch want {
			case "refused":
				s.died(t, "ERROR_PARSING_EXTENSION", 47)
			case "none":
				name = ""
				fallthrough
			default:
				if !s.Established() || s.Info().ServerName != name {
					t.Errorf("%q is %q, %v", client.ServerName, s.Info().ServerName, s.Err())
				}
			}
		}
	}
}

// TestGroupWithShare has a server save a round trip, but not for a group that
// quantum computers break.
func TestGroupWithShare(t *testing.T) {
	const pq, x, p256, p384 = suite.X25519MLKEM768, suite.X25519, suite.P256, suite.P384
	for _, test := range []struct {
		server, client, shares []suite.Group
		want                   suite.Group
		retry                  bool
	}{
		{[]suite.Group{x, p256}, []suite.Group{p256, x}, []suite.Group{p256}, p256, false},
		{[]suite.Group{x, p256, p384}, []suite.Group{p384, p256, x}, []suite.Group{p384, p256}, p256, false},
		{[]suite.Group{pq, x}, []suite.Group{x, pq}, []suite.Group{x}, pq, true},
		{[]suite.Group{x, pq}, []suite.Group{x, pq}, []suite.Group{pq}, pq, false},
		{[]suite.Group{pq, x}, []suite.Group{pq, x}, []suite.Group{pq, x}, pq, false},
		{[]suite.Group{p384, p256}, []suite.Group{x, p256, p384}, []suite.Group{x}, p384, true},
	} {
		for _, theirs := range []bool{false, true} {
			client, server := testConfig(), testConfig()
			client.Groups, client.KeyShares, server.Groups, server.PreferPeerGroups = test.client, test.shares, test.server, theirs
			c, s := newPair(client, server)
			connect(t, c, s)
			want := test.want
			if theirs && len(test.shares) == 2 {
				want = test.shares[0]
			}
			if theirs && test.retry {
				continue
			}
			if s.Info().Group != want || s.Info().HelloRetry != test.retry {
				t.Errorf("%v, by the client's order %t: %v, retry %t", test, theirs, s.Info().Group, s.Info().HelloRetry)
			}
		}
	}
}

// TestStolenCertificate has a client answer a server's request with somebody
// else's chain. Until it has proved that it owns it, nobody may believe so.
func TestStolenCertificate(t *testing.T) {
	client, server := testConfig(), testConfig()
	client.PostHandshakeAuth, server.PostHandshakeAuth = true, true
	server.ClientAuth = RequestClientCert
	c, s := newPair(client, server)
	c.id = identities()["p256"]
	m := &meddler{victim: s, change: unchanged}
	m.run(c, s)
	if err := s.RequestCertificate(); err != nil {
		t.Fatal(err)
	}
	stolen := &wire.Certificate{Context: s.authContext, Entries: []wire.CertificateEntry{{Data: identities()["rsa"].Chain[0]}}}
	s.feed(m.sealed(record.Handshake, stolen.Marshal()))
	if s.Err() != nil {
		t.Fatal(s.Err())
	}
	ticket, err := s.NewTicket(100)
	if err != nil {
		t.Fatal(err)
	}
	for what, chain := range map[string][][]byte{"Info": s.Info().PeerChain, "a ticket": ticket.PeerChain} {
		if !bytes.Equal(chain[0], c.id.Chain[0]) {
			t.Errorf("%s has a certificate that the peer only copied", what)
		}
	}
}

// TestRequestAfterClose asks a client for a certificate that has sent
// close_notify, after which it must send nothing (RFC 8446, 6.1).
func TestRequestAfterClose(t *testing.T) {
	client, server := testConfig(), testConfig()
	client.PostHandshakeAuth, server.PostHandshakeAuth = true, true
	c, s := newPair(client, server)
	c.id = identities()["p256"]
	connect(t, c, s)
	c.CloseNotify()
	c.TakeOutput(nil)
	if err := s.RequestCertificate(); err != nil {
		t.Fatal(err)
	}
	c.feed(s.TakeOutput(nil))
	if c.Err() != nil || len(c.output) > 0 {
		t.Errorf("%d bytes, %v", len(c.output), c.Err())
	}
	c.feed(plaintext(record.Handshake, 1))
	if c.Err() == nil || len(c.output) > 0 {
		t.Errorf("%d bytes, %v", len(c.output), c.Err())
	}
}

// TestNoRandomness loses the source of the IVs when the first record of a CBC
// suite is made.
func TestNoRandomness(t *testing.T) {
	client := config12()
	client.Suites = []suite.ID{suite.ECDHEECDSAAES128SHA}
	c, s := newPair(client, config12())
	c.onWait = func() {
		if c.state == client12AwaitsVerdict {
			c.cfg.Rand = iotest.ErrReader(errors.New("no randomness"))
		}
	}
	shuttle(c, s)
	if c.Err() == nil || c.Established() {
		t.Fatalf("established %t, %v", c.Established(), c.Err())
	}
	if c.hs != nil || c.in.Active() || c.out.Active() {
		t.Error("secrets are left")
	}
}

// TestExportContext12 exports under a context whose length has no place in the
// seed (RFC 5705, 4).
func TestExportContext12(t *testing.T) {
	c, s := newPair(config12(), config12())
	connect(t, c, s)
	if _, err := c.Export("label", make([]byte, 1<<16), true, 32); err == nil {
		t.Error("the length was cut off")
	}
}

// TestForeignCurve12 has a client of TLS 1.2 sign with a curve that isn't built.
func TestForeignCurve12(t *testing.T) {
	server := config12()
	server.ClientAuth = RequireClientCert
	c, s := newPair(config12(), server)
	c.id = identityP224(t)
	shuttle(c, s)
	if s.Established() {
		t.Error("accepted")
	}
}

func identityP224(t *testing.T) *identity {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: testTime, NotAfter: testTime}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return &identity{Credential{Chain: [][]byte{der}, Public: key.Public()}, key}
}

// TestHugeStaple has a server configured with a staple that TLS 1.3 can't carry.
func TestHugeStaple(t *testing.T) {
	client := testConfig()
	client.RequestOCSP = true
	for _, size := range []int{maxStaple, maxStaple + 1} {
		c, s := newPair(client, testConfig())
		stapled := *identities()["p256"]
		stapled.Staple = make([]byte, size)
		s.id = &stapled
		connect(t, c, s)
		if there := len(c.Info().Staple) > 0; there != (size <= maxStaple) {
			t.Errorf("staple of %d bytes: sent %t", size, there)
		}
	}
}

// TestWornKeys replaces keys before they have protected too many records
// (RFC 8446, 5.5).
func TestWornKeys(t *testing.T) {
	c, s := newPair(testConfig(), testConfig())
	connect(t, c, s)
	c.out.SetSeq(c.Info().Suite.RecordLimit - 1)
	s.in.SetSeq(c.out.Seq())
	before := bytes.Clone(c.outSecret)
	exchange(t, c, s)
	if bytes.Equal(c.outSecret, before) || !bytes.Equal(c.outSecret, s.inSecret) || c.out.Seq() > 100 {
		t.Errorf("%d records under the present key", c.out.Seq())
	}
}

// TestNothingLeft looks at the secrets of a handshake after its end, good or
// bad, and at those of a connection after Wipe.
func TestNothingLeft(t *testing.T) {
	for name, cfg := range map[string]*Config{"TLS 1.3": testConfig(), "TLS 1.2": config12()} {
		for _, verdict := range []*Error{nil, VerifyError(AlertBadCertificate, "")} {
			secrets := make(map[*byte][]byte)
			note := func(list ...[]byte) {
				for _, s := range list {
					if len(s) > 0 {
						secrets[&s[0]] = s
					}
				}
			}
			c, s := newPair(cfg, cfg)
			c.verdict = verdict
			for _, e := range []*end{c, s} {
				e.onWait = func() {
					if e.hs == nil {
						return
					}
					hs := e.hs
					note(hs.clientSecret, hs.serverSecret, hs.trafficIn, hs.trafficOut)
					for _, k := range hs.shares {
						note(k.Private)
					}
					if hs.schedule != nil {
						note(hs.schedule.Secret)
					}
					if h := hs.tls12; h != nil {
						note(h.master)
						if h.share != nil {
							note(h.share.Private)
						}
						if k := h.keys; k != nil {
							note(k.ClientMAC, k.ServerMAC, k.ClientKey, k.ServerKey, k.ClientIV, k.ServerIV)
						}
					}
				}
			}
			shuttle(c, s)
			if c.Established() != (verdict == nil) {
				t.Fatal(c.Err())
			}
			for _, e := range []*end{c, s} {
				for _, session := range e.sessions {
					note(session.Secret)
				}
				if verdict == nil {
					note(e.inSecret, e.outSecret, e.exporter, e.resumption)
					e.Wipe()
				}
			}
			if len(secrets) == 0 {
				t.Errorf("%s, %v: no secrets seen", name, verdict)
			}
			for _, s := range secrets {
				if !bytes.Equal(s, make([]byte, len(s))) {
					t.Errorf("%s, %v: %x is left", name, verdict, s)
				}
			}
		}
	}
}
