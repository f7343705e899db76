package protocol

import (
	"bytes"
	"maps"
	"testing"

	"libtls/internal/record"
	"libtls/internal/suite"
	"libtls/internal/wire"
)

// The rules that the conformance suite (tests/bogo) insists on, one line each, where no
// RFC names an alert; alerts_test.go has those.

func bothVersions() *Config {
	cfg := config12()
	cfg.MaxVersion = suite.TLS13
	return cfg
}

// TestStrictServer changes what a server gets from its client.
func TestStrictServer(t *testing.T) {
	tests := []struct {
		name   string
		client *Config
		change func([]byte) []byte
		code   string
		alert  uint8
	}{
		{"another message behind in TLS 1.2", config12(), followed(wire.TypeClientHello), "EXCESS_HANDSHAKE_DATA", 10},
		{"duplicate extension", testConfig(), inHello(func(m *wire.ClientHello) { m.Extensions = twice(m.Extensions) }), "DUPLICATE_EXTENSION", 50},
		{"a name with a space", testConfig(), helloPut(wire.ExtServerName, wire.ServerName("a b")...), "ERROR_PARSING_EXTENSION", 47},
		{"an empty name", testConfig(), helloPut(wire.ExtServerName, wire.ServerName("")...), "ERROR_PARSING_EXTENSION", 50},
		{"no certificate type of ours", testConfig(), helloPut(wire.ExtServerCertType, 1, 2), "UNKNOWN_CERTIFICATE_TYPE", 40},
		{"compression only in TLS 1.2", config12(), inHello(func(m *wire.ClientHello) { m.Compressions = []byte{1} }), "INVALID_COMPRESSION_LIST", 47},
		{"key's curve not named", config12(), helloPut(wire.ExtSupportedGroups, 0, 2, 0, 29), "WRONG_CURVE", 40},
		{"no scheme for the key in TLS 1.2", config12(), helloPut(wire.ExtSignatureAlgorithms, 0, 2, 4, 1), "NO_SHARED_CIPHER", 40},
		{"empty CA list", testConfig(), helloPut(wire.ExtCertAuthorities, 0, 0), "ERROR_PARSING_EXTENSION", 50},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, s := newPair(test.client, bothVersions())
			(&meddler{victim: s, change: test.change}).run(c, s)
			s.died(t, test.code, test.alert)
		})
	}
}

// TestStrictPSK changes a client's offer of a session.
func TestStrictPSK(t *testing.T) {
	offer := func(change func(*wire.Offer)) func([]byte) []byte {
		return inHello(func(m *wire.ClientHello) {
			last := &m.Extensions[len(m.Extensions)-1]
			o, ok := wire.ParseOffer(last.Data)
			if !ok {
				panic("no PSK")
			}
			change(o)
			last.Data = o.Marshal()
		})
	}
	tests := []struct {
		name   string
		change func([]byte) []byte
		code   string
		alert  uint8
	}{
		{"no modes", inHello(func(m *wire.ClientHello) { m.Extensions = without(m.Extensions, wire.ExtPSKModes) }), "MISSING_EXTENSION", 109},
		{"too many binders", offer(func(o *wire.Offer) { o.Binders = append(o.Binders, o.Binders[0]) }), "PSK_IDENTITY_BINDER_COUNT_MISMATCH", 47},
		{"no binder", offer(func(o *wire.Offer) { o.Binders = nil }), "DECODE_ERROR", 50},
		{"short binder", offer(func(o *wire.Offer) { o.Binders[0] = o.Binders[0][1:] }), "DIGEST_CHECK_FAILED", 51},
	}
	client := testConfig()
	var issued *Session
	client.Session, issued = resumable(t, client, testConfig())
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, s := newPair(client, testConfig())
			s.tickets["a ticket"] = issued
			(&meddler{victim: s, change: test.change}).run(c, s)
			s.died(t, test.code, test.alert)
		})
	}
	t.Run("dropped after a retry", func(t *testing.T) {
		retried := *client
		retried.KeyShares = []suite.Group{}
		c, s := newPair(&retried, testConfig())
		s.tickets["a ticket"] = issued
		hellos := 0
		(&meddler{victim: s, change: inHello(func(m *wire.ClientHello) {
			if hellos++; hellos == 2 {
				m.Extensions = without(m.Extensions, wire.ExtPreSharedKey)
			}
		})}).run(c, s)
		s.died(t, "MISSING_EXTENSION", 109)
	})
}

// TestStrictClient changes what a client gets from its server.
func TestStrictClient(t *testing.T) {
	tests := []struct {
		name   string
		server *Config
		change func([]byte) []byte
		code   string
		alert  uint8
	}{
		{"duplicate extension", testConfig(), inServer(func(m *wire.ServerHello) { m.Extensions = twice(m.Extensions) }), "DUPLICATE_EXTENSION", 50},
		{"compression", testConfig(), inServer(func(m *wire.ServerHello) { m.Compression = 1 }), "DECODE_ERROR", 50},
		{"bogus version", testConfig(), inServer(func(m *wire.ServerHello) { m.Version = 0x1234 }), "UNSUPPORTED_PROTOCOL", 47},

		{"staple not asked for", testConfig(), leafPut(wire.ExtStatusRequest, 1, 0, 0, 1, 1), "UNEXPECTED_EXTENSION", 110},
		{"garbage for a leaf", testConfig(), inCert(func(m *wire.Certificate) { m.Entries[0].Data = []byte{1} }), "CANNOT_PARSE_LEAF_CERT", 50},

		{"TLS 1.2: empty chain", config12(), onType(wire.TypeCertificate, func([]byte) []byte { return wire.Certificate12(nil) }), "DECODE_ERROR", 50},
		{"TLS 1.2: compression", config12(), inServer(func(m *wire.ServerHello) { m.Compression = 1 }), "UNSUPPORTED_COMPRESSION_ALGORITHM", 47},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, s := newPair(bothVersions(), test.server)
			(&meddler{victim: c, change: test.change}).run(c, s)
			c.died(t, test.code, test.alert)
		})
	}
}

// TestStrictRetry changes a HelloRetryRequest, or what comes after it.
func TestStrictRetry(t *testing.T) {
	nth := func(n int, change func(*wire.ServerHello)) func() func([]byte) []byte {
		return func() func([]byte) []byte {
			seen := 0
			return inServer(func(m *wire.ServerHello) {
				if seen++; seen == n {
					change(m)
				}
			})
		}
	}
	tests := []struct {
		name   string
		change func() func([]byte) []byte
		code   string
		alert  uint8
	}{
		{"duplicate extension", nth(1, func(m *wire.ServerHello) { m.Extensions = twice(m.Extensions) }), "DUPLICATE_EXTENSION", 47},
		{"empty cookie", nth(1, func(m *wire.ServerHello) { m.Extensions = set(m.Extensions, wire.ExtCookie, []byte{0, 0}) }), "DECODE_ERROR", 50},
		{"bogus version afterwards", nth(2, func(m *wire.ServerHello) { m.Version = 0x0305 }), "DECODE_ERROR", 47},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			server := testConfig()
			server.Groups = []suite.Group{suite.P384}
			c, s := newPair(bothVersions(), server)
			(&meddler{victim: c, change: test.change()}).run(c, s)
			c.died(t, test.code, test.alert)
		})
	}
}

// TestStrictRequest changes a CertificateRequest.
func TestStrictRequest(t *testing.T) {
	tests := []struct {
		name   string
		change func([]byte) []byte
		code   string
		alert  uint8
	}{
		{"empty list of schemes", inRequest(func(m *wire.CertificateRequest) {
			m.Extensions = set(m.Extensions, wire.ExtSignatureAlgorithms, []byte{0, 0})
		}), "DECODE_ERROR", 50},
		{"a context", inRequest(func(m *wire.CertificateRequest) { m.Context = []byte{1} }), "DECODE_ERROR", 47},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			server := testConfig()
			server.ClientAuth = RequireClientCert
			c, s := newPair(testConfig(), server)
			(&meddler{victim: c, change: test.change}).run(c, s)
			c.died(t, test.code, test.alert)
		})
	}
}

// TestStrictTicket changes a NewSessionTicket.
func TestStrictTicket(t *testing.T) {
	tests := []struct {
		name   string
		change func(*wire.NewSessionTicket)
		code   string
		alert  uint8
	}{
		{"empty ticket", func(m *wire.NewSessionTicket) { m.Ticket = nil }, "DECODE_ERROR", 50},
		{"duplicate extension", func(m *wire.NewSessionTicket) {
			m.Extensions = twice([]wire.Extension{{Type: wire.ExtEarlyData, Data: make([]byte, 4)}})
		}, "DUPLICATE_EXTENSION", 47},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, s := newPair(testConfig(), testConfig())
			m := &meddler{victim: c, change: onType(wire.TypeNewSessionTicket, func(raw []byte) []byte {
				nst, ok := wire.ParseNewSessionTicket(raw[wire.HeaderSize:])
				if !ok {
					panic("no NewSessionTicket")
				}
				test.change(nst)
				return nst.Marshal()
			})}
			m.run(c, s)
			issued, err := s.NewTicket(7200)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.SendTicket(issued, []byte("a ticket")); err != nil {
				t.Fatal(err)
			}
			m.run(c, s)
			c.died(t, test.code, test.alert)
		})
	}
}

// TestDowngrade takes TLS 1.3 out of a client's offer on its way.
func TestDowngrade(t *testing.T) {
	c, s := newPair(bothVersions(), bothVersions())
	(&meddler{victim: s, change: inHello(func(m *wire.ClientHello) {
		m.Extensions = without(m.Extensions, wire.ExtSupportedVersions)
	})}).run(c, s)
	c.died(t, "TLS13_DOWNGRADE", 47)
}

// TestEchoedID has a TLS 1.2 server claim to resume what was never offered.
func TestEchoedID(t *testing.T) {
	c, s := newPair(bothVersions(), config12())
	(&meddler{victim: c, change: inServer(func(m *wire.ServerHello) { m.SessionID = c.hs.sessionID })}).run(c, s)
	c.died(t, "SERVER_ECHOED_INVALID_SESSION_ID", 47)

	client := bothVersions()
	client.Session, _ = resumable(t, client, testConfig())
	c, s = newPair(client, config12())
	(&meddler{victim: c, change: inServer(func(m *wire.ServerHello) { m.SessionID = c.hs.sessionID })}).run(c, s)
	c.died(t, "OLD_SESSION_VERSION_NOT_RETURNED", 47)
}

// TestStrictCCS hands a TLS 1.2 server something before ChangeCipherSpec.
func TestStrictCCS(t *testing.T) {
	finished := wire.Raw(wire.TypeFinished, make([]byte, finishedSize12))
	for name, before := range map[string][]byte{"a message": finished, "part of a message": finished[:5]} {
		t.Run(name, func(t *testing.T) {
			c, s := newPair(config12(), config12())
			c.Start()
			s.feed(c.TakeOutput(nil))
			c.feed(s.TakeOutput(nil))
			flight := c.TakeOutput(nil)
			n, _ := RecordBody([5]byte(flight))
			n += record.HeaderSize // ClientKeyExchange
			s.feed(flight[:n])
			s.feed(plaintext(record.Handshake, before...))
			s.feed(flight[n:])
			s.died(t, "UNEXPECTED_RECORD", 10)
		})
	}
}

// TestRenegotiationRefused asks both ends of TLS 1.2 for another handshake:
// they say no and go on (RFC 5246, 7.2.2), but not for ever.
func TestRenegotiationRefused(t *testing.T) {
	request := wire.Raw(wire.TypeHelloRequest, nil)
	hello := (&wire.ClientHello{Version: suite.TLS12, Random: make([]byte, 32), Suites: config12().Suites, Compressions: []byte{0}}).Marshal()
	for _, client := range []bool{true, false} {
		c, s := newPair(config12(), config12())
		connect(t, c, s)
		asked, asking, message := s, c, hello
		if client {
			asked, asking, message = c, s, request
		}
		ask := func() {
			rec, err := asking.out.Seal(nil, record.Handshake, message)
			if err != nil {
				t.Fatal(err)
			}
			asked.feed(rec)
		}
		for range 3 * maxRenegotiations {
			ask()
			answer := asked.TakeOutput(nil)
			if typ, body, err := asking.in.Open(bytes.Clone(answer), nil); err != nil || typ != record.Alert ||
				!bytes.Equal(body, []byte{1, AlertNoRenegotiation}) {
				t.Fatalf("answer %x, %v", body, err)
			}
			exchange(t, c, s)
		}
		for range maxRenegotiations {
			ask()
		}
		if asked.Err() != nil {
			t.Fatal(asked.Err())
		}
		ask()
		asked.died(t, "NO_RENEGOTIATION", 100)
	}
}

// TestHelloRequest12 asks a client for a handshake that is in one already,
// which it passes over (RFC 5246, 7.4.1.1), but not without end.
func TestHelloRequest12(t *testing.T) {
	for _, n := range []int{0, 1, maxRenegotiations, maxRenegotiations + 1} {
		c, s := newPair(config12(), config12())
		c.Start()
		for range n {
			c.feed(plaintext(record.Handshake, wire.Raw(wire.TypeHelloRequest, nil)...))
		}
		if n > maxRenegotiations {
			c.died(t, "NO_RENEGOTIATION", 100)
			continue
		}
		connect(t, c, s)
		exchange(t, c, s)
	}
	c, _ := newPair(config12(), config12())
	c.Start()
	c.feed(plaintext(record.Handshake, wire.Raw(wire.TypeHelloRequest, []byte{0})...))
	c.died(t, "DECODE_ERROR", 50)
}

// TestCertificateTypes12 has a TLS 1.2 server take RSA certificates only.
func TestCertificateTypes12(t *testing.T) {
	server := config12()
	server.ClientAuth = RequireClientCert
	for name, code := range map[string]string{"p256": "UNKNOWN_CERTIFICATE_TYPE", "ed25519": "UNKNOWN_CERTIFICATE_TYPE", "rsa": ""} {
		c, s := newPair(config12(), server)
		c.id = identities()[name]
		(&meddler{victim: c, change: onType(wire.TypeCertificateRequest, func(raw []byte) []byte {
			m, ok := wire.ParseCertificateRequest12(raw[wire.HeaderSize:])
			if !ok {
				panic("no CertificateRequest")
			}
			m.Types = []byte{wire.CertTypeRSA}
			return m.Marshal()
		})}).run(c, s)
		if code != "" {
			c.died(t, code, 40)
		} else if c.Err() != nil && !c.Err().Received { // the server sees another transcript
			t.Errorf("%s: %v", name, c.Err())
		}
	}
}

// TestGroupsInServerHello12 tolerates what some servers send by mistake.
func TestGroupsInServerHello12(t *testing.T) {
	c, s := newPair(config12(), config12())
	(&meddler{victim: c, change: inServer(func(m *wire.ServerHello) {
		m.Extensions = set(m.Extensions, wire.ExtSupportedGroups, []byte{0, 2, 0, 29})
	})}).run(c, s)
	// All goes well until the server finds that the transcripts differ.
	s.died(t, "DECRYPTION_FAILED_OR_BAD_RECORD_MAC", 20)
}

// TestPreferredSuite12 resumes a TLS 1.2 session only under the suite that the
// server would choose now.
func TestPreferredSuite12(t *testing.T) {
	client, server := config12(), config12()
	server.Suites = []suite.ID{suite.ECDHEECDSAAES128GCM}
	c, s := newPair(client, server)
	connect(t, c, s)
	client.Session = c.TakeSessions()[0]
	for _, test := range []struct {
		suites  []suite.ID
		resumed bool
	}{
		{[]suite.ID{suite.ECDHEECDSAAES128GCM, suite.ECDHEECDSAAES256GCM}, true},
		{[]suite.ID{suite.ECDHEECDSAAES256GCM, suite.ECDHEECDSAAES128GCM}, false},
		{[]suite.ID{suite.ECDHEECDSAAES256GCM}, false},
	} {
		server := *server
		server.Suites = test.suites
		again, sv := newPair(client, &server)
		sv.tickets = maps.Clone(s.tickets)
		connect(t, again, sv)
		if again.Info().Resumed != test.resumed {
			t.Errorf("with %x: resumed %t", test.suites, again.Info().Resumed)
		}
	}
}
