package protocol

import (
	"bytes"
	"slices"
	"testing"

	"libtls/internal/record"
	"libtls/internal/suite"
	"libtls/internal/wire"
)

// The sentences of the RFCs that name an alert for what a peer sends, in the
// order in which they stand there. A row has a liar say it, with the right keys
// and a valid transcript, and looks at what its victim dies of. Where the
// conformance suite insists on another alert than the RFC's, the row says so.
type alertTest struct {
	section string
	what    string
	victim  victim
	setup   func(client, server *Config) // what the configurations have besides
	script  dice                         // see liar.serverHello
	first   func(*liar)                  // in place of the handshake
	change  func(raw []byte) []byte      // of each handshake message
	then    func(*liar)                  // after the handshake
	code    string
	alert   uint8
}

// victim is a role and the version of TLS that the peer speaks.
type victim struct {
	client  bool
	version uint16
}

var (
	client13 = victim{true, suite.TLS13}
	server13 = victim{false, suite.TLS13}
	client12 = victim{true, suite.TLS12}
	server12 = victim{false, suite.TLS12}
)

func (v victim) String() string {
	role, version := "server", "1.3"
	if v.client {
		role = "client"
	}
	if v.version == suite.TLS12 {
		version = "1.2"
	}
	return role + " of TLS " + version
}

// run has the liar go on until there is nothing more to say.
func (test *alertTest) run(t *testing.T) *end {
	client, server := allConfig(), allConfig()
	client.MaxVersion = test.victim.version
	client.Groups = []suite.Group{suite.X25519, suite.P256}
	server.Groups = client.Groups
	if test.setup != nil {
		test.setup(client, server)
	}
	c, s := newPair(client, server)
	l := &liar{victim: s, id: identities()["p256"], d: slices.Clone(test.script), hello: c, change: test.change}
	if test.victim.client {
		l.victim, l.hello = c, nil
	}
	l.victim.id = l.id
	switch test.victim.version {
	case suite.TLS13:
		s.tickets["a ticket"] = session13()
	default:
		s.tickets["a ticket"] = session12()
	}
	l.victim.Start()
	if test.first != nil {
		test.first(l)
	}
	for range 40 {
		if !l.round() {
			break
		}
	}
	if test.then != nil {
		if !l.victim.Established() {
			t.Fatalf("no handshake: %v", l.victim.Err())
		}
		test.then(l)
	}
	return l.victim
}

// one is one protected record, however long.
func (l *liar) one(typ record.Type, payload []byte) []byte {
	l.sealed(typ, nil) // takes over the victim's keys
	l.seal.SetSeq(l.victim.in.Seq())
	rec, err := l.seal.Seal(nil, typ, payload)
	if err != nil {
		panic(err)
	}
	return rec
}

// Things to say.

func saying(raw []byte) func(*liar) { return func(l *liar) { l.hand(raw) } }

func sending(typ record.Type, payload ...byte) func(*liar) {
	return func(l *liar) { l.victim.feed(l.one(typ, payload)) }
}

func inTheClear(rec []byte) func(*liar) { return func(l *liar) { l.victim.feed(bytes.Clone(rec)) } }

func badMAC(l *liar) {
	rec := l.one(record.ApplicationData, []byte("data"))
	rec[len(rec)-1] ^= 1
	l.victim.feed(rec)
}

// instead has another message come in the place of one.
func instead(t wire.Type, raw []byte) func([]byte) []byte {
	return onType(t, func([]byte) []byte { return raw })
}

func helloPut(ext uint16, data ...byte) func([]byte) []byte {
	return inHello(func(m *wire.ClientHello) { m.Extensions = before(m.Extensions, ext, data) })
}

// before is set, but adds in front, as pre_shared_key has to stay last.
func before(exts []wire.Extension, t uint16, data []byte) []wire.Extension {
	if slices.ContainsFunc(exts, func(e wire.Extension) bool { return e.Type == t }) {
		return set(exts, t, data)
	}
	return append([]wire.Extension{{Type: t, Data: data}}, exts...)
}

func helloDrop(ext uint16) func([]byte) []byte {
	return inHello(func(m *wire.ClientHello) { m.Extensions = without(m.Extensions, ext) })
}

func serverPut(ext uint16, data ...byte) func([]byte) []byte {
	return inServer(func(m *wire.ServerHello) { m.Extensions = set(m.Extensions, ext, data) })
}

func serverDrop(ext uint16) func([]byte) []byte {
	return inServer(func(m *wire.ServerHello) { m.Extensions = without(m.Extensions, ext) })
}

// secondServer changes the ServerHello that follows a HelloRetryRequest.
func secondServer(change func(*wire.ServerHello)) func([]byte) []byte {
	return inServer(func(m *wire.ServerHello) {
		if !bytes.Equal(m.Random, wire.HelloRetryRandom[:]) {
			change(m)
		}
	})
}

func encryptedPut(ext uint16, data ...byte) func([]byte) []byte {
	return inEncrypted(func(exts []wire.Extension) []wire.Extension { return set(exts, ext, data) })
}

func leafPut(ext uint16, data ...byte) func([]byte) []byte {
	return inCert(func(m *wire.Certificate) { m.Entries[0].Extensions = set(m.Entries[0].Extensions, ext, data) })
}

func requestPut(ext uint16, data ...byte) func([]byte) []byte {
	return inRequest(func(m *wire.CertificateRequest) { m.Extensions = set(m.Extensions, ext, data) })
}

func inRequest(change func(*wire.CertificateRequest)) func([]byte) []byte {
	return onType(wire.TypeCertificateRequest, func(raw []byte) []byte {
		m, ok := wire.ParseCertificateRequest(raw[wire.HeaderSize:])
		if !ok {
			panic("no CertificateRequest")
		}
		change(m)
		return m.Marshal()
	})
}

// flipped changes the last byte of a message.
func flipped(t wire.Type) func([]byte) []byte {
	return onType(t, func(raw []byte) []byte {
		raw = bytes.Clone(raw)
		raw[len(raw)-1] ^= 1
		return raw
	})
}

// signedBy changes who seems to have signed.
func signedBy(id suite.Scheme) func([]byte) []byte {
	return onType(wire.TypeCertificateVerify, func(raw []byte) []byte {
		m, _ := wire.ParseCertificateVerify(raw[wire.HeaderSize:])
		m.Scheme = id
		return m.Marshal()
	})
}

func ticketOf(change func(*wire.NewSessionTicket)) []byte {
	m := &wire.NewSessionTicket{Lifetime: 300, Nonce: []byte{1}, Ticket: []byte("ticket")}
	change(m)
	return m.Marshal()
}

// Configurations.

func withSession(client, server *Config) {
	client.Session = session13()
	if client.MaxVersion == suite.TLS12 {
		client.Session = session12()
	}
	server.Suites = []suite.ID{client.Session.Suite} // the preferred one
}

func withoutEMS(client, server *Config) {
	withSession(client, server)
	client.Session.ExtendedMasterSecret = false
}

func requireCert(_, server *Config) { server.ClientAuth = RequireClientCert }

func only13(client, server *Config) { client.MinVersion, server.MinVersion = suite.TLS13, suite.TLS13 }

// retry makes the liar's first ServerHello a HelloRetryRequest, classic its only one
// one of TLS 1.2 at a client that can do better.
var (
	retry   = dice{2}
	classic = dice{1}
)

var (
	shareOfP384  = wire.ServerShare(wire.KeyShare{Group: suite.P384, Data: []byte{4}})
	shareOfX     = wire.ServerShare(wire.KeyShare{Group: suite.X25519, Data: bytes.Repeat([]byte{9}, 32)})
	zeroShareOfX = wire.ServerShare(wire.KeyShare{Group: suite.X25519, Data: make([]byte, 32)})
	tooLong      = make([]byte, record.MaxPlaintext+1)
)

var alertTests = []alertTest{
	// RFC 8446.
	{section: "8446, 4.1.1", what: "no group in common", victim: server13,
		setup: func(client, server *Config) { server.Groups = []suite.Group{suite.P521} }, code: "NO_SHARED_GROUP", alert: 40},
	{section: "8446, 4.1.1", what: "no suite in common", victim: server13,
		change: inHello(func(m *wire.ClientHello) { m.Suites = []suite.ID{0x1304} }), code: "NO_SHARED_CIPHER", alert: 40},
	{section: "8446, 4.1.2", what: "another ClientHello", victim: server13,
		then: saying(wire.Raw(wire.TypeClientHello, nil)), code: "UNEXPECTED_MESSAGE", alert: 10},
	{section: "8446, 4.1.2", what: "compression", victim: server13,
		change: inHello(func(m *wire.ClientHello) { m.Compressions = []byte{0, 1} }), code: "INVALID_COMPRESSION_LIST", alert: 47},
	{section: "8446, 4.1.3", what: "another session id", victim: client13,
		change: inServer(func(m *wire.ServerHello) { m.SessionID = nil }), code: "SERVER_ECHOED_INVALID_SESSION_ID", alert: 47},
	{section: "8446, 4.1.3", what: "a suite that was not offered", victim: client13,
		change: inServer(func(m *wire.ServerHello) { m.Suite = 0x1304 }), code: "WRONG_CIPHER_RETURNED", alert: 47},
	{section: "8446, 4.1.3", what: "a downgrade", victim: client13, script: classic,
		change: inServer(func(m *wire.ServerHello) { copy(m.Random[24:], downgrade12) }), code: "TLS13_DOWNGRADE", alert: 47},
	{section: "8446, 4.1.3", what: "a downgrade further down", victim: client13, script: classic,
		change: inServer(func(m *wire.ServerHello) { copy(m.Random[24:], downgrade11) }), code: "TLS13_DOWNGRADE", alert: 47},
	{section: "8446, 4.1.4", what: "a retry of nothing", victim: client13, script: dice{2, 1}, // no cookie
		change: serverDrop(wire.ExtKeyShare), code: "EMPTY_HELLO_RETRY_REQUEST", alert: 47},
	{section: "8446, 4.1.4", what: "a second retry", victim: client13, script: retry,
		change: inServer(func(m *wire.ServerHello) {
			m.Random = wire.HelloRetryRandom[:]
			m.Extensions = set(m.Extensions, wire.ExtKeyShare, wire.Uint16(suite.P256))
		}), code: "UNEXPECTED_MESSAGE", alert: 10},
	{section: "8446, 4.1.4", what: "another suite after a retry", victim: client13, script: retry,
		change: secondServer(func(m *wire.ServerHello) { m.Suite = suite.AES256GCMSHA384 }), code: "WRONG_CIPHER_RETURNED", alert: 47},
	{section: "8446, 4.1.4", what: "another version after a retry", victim: client13, script: retry,
		change: secondServer(func(m *wire.ServerHello) { m.Extensions = without(m.Extensions, wire.ExtSupportedVersions) }),
		code:   "SECOND_SERVERHELLO_VERSION_MISMATCH", alert: 47},
	{section: "8446, 4.2", what: "an unknown extension in ServerHello", victim: client13, change: serverPut(0x1234), code: "UNEXPECTED_EXTENSION", alert: 110},
	{section: "8446, 4.2", what: "an unknown extension in HelloRetryRequest", victim: client13, script: retry, change: serverPut(0x1234),
		code: "UNEXPECTED_EXTENSION", alert: 110},
	{section: "8446, 4.2", what: "an unknown extension in EncryptedExtensions", victim: client13, change: encryptedPut(0x1234),
		code: "UNEXPECTED_EXTENSION", alert: 110},
	{section: "8446, 4.2", what: "an answer to nothing in EncryptedExtensions", victim: client13,
		setup: func(client, _ *Config) { client.ServerName = "" }, change: encryptedPut(wire.ExtServerName), code: "UNEXPECTED_EXTENSION", alert: 110},
	{section: "8446, 4.2", what: "an answer to nothing in a server's Certificate", victim: client13, change: leafPut(wire.ExtSCT),
		code: "UNEXPECTED_EXTENSION", alert: 110},
	{section: "8446, 4.2", what: "an answer to nothing in a client's Certificate", victim: server13, change: leafPut(wire.ExtStatusRequest, 1, 0, 0, 1, 1),
		code: "UNEXPECTED_EXTENSION", alert: 110},
	{section: "8446, 4.2", what: "an extension of TLS 1.2 in EncryptedExtensions", victim: client13, change: encryptedPut(wire.ExtExtendedMasterSecret),
		code: "ERROR_PARSING_EXTENSION", alert: 47},
	{section: "8446, 4.2", what: "an extension of ClientHello in ServerHello", victim: client13, change: serverPut(wire.ExtPSKModes, 1, 1),
		code: "ERROR_PARSING_EXTENSION", alert: 47},
	{section: "8446, 6.2", what: "an extension of EncryptedExtensions in ServerHello", victim: client13, change: serverPut(wire.ExtALPN),
		code: "UNEXPECTED_EXTENSION", alert: 110}, // as BoGo has it; 4.2 says illegal_parameter
	{section: "8446, 6.2", what: "an extension of ServerHello in EncryptedExtensions", victim: client13, change: encryptedPut(wire.ExtKeyShare),
		code: "UNEXPECTED_EXTENSION", alert: 110}, // likewise
	{section: "8446, 4.2.1", what: "TLS 1.2 in supported_versions", victim: client13, change: serverPut(wire.ExtSupportedVersions, 3, 3),
		code: "UNEXPECTED_EXTENSION", alert: 47},
	{section: "8446, 4.2.1", what: "a version that was not offered", victim: client13, change: serverPut(wire.ExtSupportedVersions, 3, 5),
		code: "UNSUPPORTED_PROTOCOL", alert: 47},
	{section: "8446, 4.2.3", what: "no signature_algorithms", victim: server13, change: helloDrop(wire.ExtSignatureAlgorithms),
		code: "NO_COMMON_SIGNATURE_ALGORITHMS", alert: 109},
	{section: "8446, 4.2.3", what: "no signature_algorithms and a PSK that is refused", victim: server13,
		setup:  func(client, _ *Config) { client.Session = session13(); client.Session.Ticket = []byte("unknown") },
		change: helloDrop(wire.ExtSignatureAlgorithms), code: "NO_COMMON_SIGNATURE_ALGORITHMS", alert: 109},
	{section: "8446, 4.2.8", what: "two shares of a group", victim: server13,
		change: helloPut(wire.ExtKeyShare, wire.ClientShares([]wire.KeyShare{{Group: suite.P256, Data: []byte{4}}, {Group: suite.P256, Data: []byte{4}}})...),
		code:   "DUPLICATE_KEY_SHARE", alert: 47},
	{section: "8446, 4.2.8", what: "a share of a group that is not offered", victim: server13,
		change: helloPut(wire.ExtSupportedGroups, wire.Codes([]suite.Group{suite.P256})...), code: "WRONG_CURVE", alert: 47},
	{section: "8446, 4.2.8", what: "a retry for a group that was not offered", victim: client13, script: retry,
		change: serverPut(wire.ExtKeyShare, wire.Uint16(suite.P384)...), code: "WRONG_CURVE", alert: 47},
	{section: "8446, 4.2.8", what: "a retry for a group whose share was sent", victim: client13, script: retry,
		change: serverPut(wire.ExtKeyShare, wire.Uint16(suite.X25519)...), code: "WRONG_CURVE", alert: 47},
	{section: "8446, 4.2.8", what: "another group than the retry's", victim: client13, script: retry,
		change: secondServer(func(m *wire.ServerHello) { m.Extensions = set(m.Extensions, wire.ExtKeyShare, shareOfX) }), code: "WRONG_CURVE", alert: 47},
	{section: "8446, 4.2.11", what: "pre_shared_key isn't last", victim: server13, setup: withSession,
		change: inHello(func(m *wire.ClientHello) {
			m.Extensions = append(m.Extensions, wire.Extension{Type: wire.ExtPadding})
		}), code: "PRE_SHARED_KEY_MUST_BE_LAST", alert: 47},
	{section: "8446, 4.2.11", what: "an identity that was not offered", victim: client13, setup: withSession,
		change: serverPut(wire.ExtPreSharedKey, 0, 1), code: "PSK_IDENTITY_NOT_FOUND", alert: 47},
	{section: "8446, 4.2.11", what: "a PSK of another hash", victim: client13, setup: withSession,
		change: inServer(func(m *wire.ServerHello) { m.Suite = suite.AES256GCMSHA384 }), code: "OLD_SESSION_PRF_HASH_MISMATCH", alert: 47},
	{section: "8446, 4.2.11", what: "a PSK without a share", victim: client13, setup: withSession,
		change: serverDrop(wire.ExtKeyShare), code: "MISSING_KEY_SHARE", alert: 47},
	{section: "8446, 4.3.2", what: "a request without signature_algorithms", victim: client13,
		change: inRequest(func(m *wire.CertificateRequest) { m.Extensions = nil }), code: "DECODE_ERROR", alert: 109},
	{section: "8446, 4.4.2.4", what: "a server without a certificate", victim: client13,
		change: inCert(func(m *wire.Certificate) { m.Entries = nil }), code: "PEER_DID_NOT_RETURN_A_CERTIFICATE", alert: 50},
	{section: "8446, 4.4.2.4", what: "a client without a certificate", victim: server13, setup: requireCert,
		change: inCert(func(m *wire.Certificate) { m.Entries = nil }), code: "PEER_DID_NOT_RETURN_A_CERTIFICATE", alert: 116},
	{section: "8446, 4.4.3", what: "a bad signature", victim: client13, change: flipped(wire.TypeCertificateVerify), code: "BAD_SIGNATURE", alert: 51},
	{section: "8446, 4.4.3", what: "a bad signature", victim: server13, change: flipped(wire.TypeCertificateVerify), code: "BAD_SIGNATURE", alert: 51},
	{section: "8446, 4.4.4", what: "a wrong Finished", victim: client13, change: flipped(wire.TypeFinished), code: "DIGEST_CHECK_FAILED", alert: 51},
	{section: "8446, 4.4.4", what: "a wrong Finished", victim: server13, change: flipped(wire.TypeFinished), code: "DIGEST_CHECK_FAILED", alert: 51},
	{section: "8446, 4.5", what: "EndOfEarlyData", victim: server13, change: instead(wire.TypeFinished, wire.Raw(5, nil)), code: "UNEXPECTED_MESSAGE", alert: 10},
	{section: "8446, 4.6.2", what: "a request to a client that takes none", victim: client13,
		then: func(l *liar) { l.hand(l.request([]byte{1})) }, code: "UNEXPECTED_MESSAGE", alert: 10},
	{section: "8446, 4.6.3", what: "KeyUpdate before Finished", victim: client13, change: instead(wire.TypeFinished, wire.KeyUpdate(false)),
		code: "UNEXPECTED_MESSAGE", alert: 10},
	{section: "8446, 4.6.3", what: "KeyUpdate before Finished", victim: server13, change: instead(wire.TypeFinished, wire.KeyUpdate(false)),
		code: "UNEXPECTED_MESSAGE", alert: 10},
	{section: "8446, 4.6.3", what: "KeyUpdate of no kind", victim: client13, then: saying(wire.Raw(wire.TypeKeyUpdate, []byte{2})), code: "DECODE_ERROR", alert: 47},
	{section: "8446, 4.6.3", what: "KeyUpdate of no kind", victim: server13, then: saying(wire.Raw(wire.TypeKeyUpdate, []byte{2})), code: "DECODE_ERROR", alert: 47},
	{section: "8446, 5", what: "change_cipher_spec of another value", victim: client13, first: inTheClear(plaintext(record.ChangeCipherSpec, 2)),
		code: "BAD_CHANGE_CIPHER_SPEC", alert: 10},
	{section: "8446, 5", what: "a long change_cipher_spec", victim: client13, first: inTheClear(plaintext(record.ChangeCipherSpec, 1, 1)),
		code: "BAD_CHANGE_CIPHER_SPEC", alert: 10},
	{section: "8446, 5", what: "change_cipher_spec before ClientHello", victim: server13, first: inTheClear(plaintext(record.ChangeCipherSpec, 1)),
		code: "UNEXPECTED_RECORD", alert: 10},
	{section: "8446, 5", what: "change_cipher_spec after Finished", victim: client13, then: inTheClear(plaintext(record.ChangeCipherSpec, 1)),
		code: "UNEXPECTED_RECORD", alert: 10},
	{section: "8446, 5", what: "change_cipher_spec after Finished", victim: server13, then: inTheClear(plaintext(record.ChangeCipherSpec, 1)),
		code: "UNEXPECTED_RECORD", alert: 10},
	{section: "8446, 5", what: "protected change_cipher_spec", victim: client13, then: sending(record.ChangeCipherSpec, 1), code: "UNEXPECTED_RECORD", alert: 10},
	{section: "8446, 5", what: "protected change_cipher_spec", victim: server13, then: sending(record.ChangeCipherSpec, 1), code: "UNEXPECTED_RECORD", alert: 10},
	{section: "8446, 5", what: "an unknown content type", victim: client13, first: inTheClear(plaintext(99, 1)), code: "UNEXPECTED_RECORD", alert: 10},
	{section: "8446, 5", what: "an unknown content type", victim: server13, first: inTheClear(plaintext(99, 1)), code: "UNEXPECTED_RECORD", alert: 10},
	{section: "8446, 5", what: "an unknown content type, protected", victim: client13, then: sending(99, 1), code: "UNEXPECTED_RECORD", alert: 10},
	{section: "8446, 5.1", what: "ServerHello with another message behind it", victim: client13, change: followed(wire.TypeServerHello),
		code: "EXCESS_HANDSHAKE_DATA", alert: 10},
	{section: "8446, 5.1", what: "Finished with another message behind it", victim: client13, change: followed(wire.TypeFinished),
		code: "EXCESS_HANDSHAKE_DATA", alert: 10},
	{section: "8446, 5.1", what: "ClientHello with another message behind it", victim: server13, change: followed(wire.TypeClientHello),
		code: "EXCESS_HANDSHAKE_DATA", alert: 10},
	{section: "8446, 5.1", what: "Finished with another message behind it", victim: server13, change: followed(wire.TypeFinished),
		code: "EXCESS_HANDSHAKE_DATA", alert: 10},
	{section: "8446, 5.1", what: "KeyUpdate with another message behind it", victim: server13,
		then: sending(record.Handshake, slices.Concat(wire.KeyUpdate(false), wire.KeyUpdate(false))...), code: "EXCESS_HANDSHAKE_DATA", alert: 10},
	{section: "8446, 5.1", what: "a long record in the clear", victim: client13, first: inTheClear(plaintext(record.Handshake, tooLong...)),
		code: "DATA_LENGTH_TOO_LONG", alert: 22},
	{section: "8446, 5.1", what: "a long record in the clear", victim: server13, first: inTheClear(plaintext(record.Handshake, tooLong...)),
		code: "DATA_LENGTH_TOO_LONG", alert: 22},
	{section: "8446, 5.2", what: "a long record", victim: client13, then: inTheClear(plaintext(record.ApplicationData, make([]byte, record.MaxBody13+1)...)), code: "ENCRYPTED_LENGTH_TOO_LONG", alert: 22},
	{section: "8446, 5.2", what: "a long record", victim: server13, then: inTheClear(plaintext(record.ApplicationData, make([]byte, record.MaxBody13+1)...)), code: "ENCRYPTED_LENGTH_TOO_LONG", alert: 22},
	{section: "8446, 5.2", what: "a bad record", victim: client13, then: badMAC, code: "DECRYPTION_FAILED_OR_BAD_RECORD_MAC", alert: 20},
	{section: "8446, 5.2", what: "a bad record", victim: server13, then: badMAC, code: "DECRYPTION_FAILED_OR_BAD_RECORD_MAC", alert: 20},
	{section: "8446, 5.4", what: "long data", victim: server13, then: sending(record.ApplicationData, tooLong...), code: "DATA_LENGTH_TOO_LONG", alert: 22},
	{section: "8446, 5.4", what: "a record of padding", victim: server13, then: sending(0), code: "DECRYPTION_FAILED_OR_BAD_RECORD_MAC", alert: 10},
	{section: "8446, 5.4", what: "an empty message", victim: client13, then: sending(record.Handshake), code: "UNEXPECTED_RECORD", alert: 10},
	{section: "8446, 5.4", what: "an empty message", victim: server13, then: sending(record.Handshake), code: "UNEXPECTED_RECORD", alert: 10},
	{section: "8446, 5.4", what: "an empty alert", victim: client13, then: sending(record.Alert), code: "BAD_ALERT", alert: 10},
	{section: "8446, 5.4", what: "an empty alert", victim: server13, then: sending(record.Alert), code: "BAD_ALERT", alert: 10},
	{section: "8446, 6", what: "a responder without a name", victim: server13, change: helloPut(wire.ExtStatusRequest, 1, 0, 2, 0, 0, 0, 0),
		code: "ERROR_PARSING_EXTENSION", alert: 50},
	{section: "8446, 6", what: "half a responder", victim: server13, change: helloPut(wire.ExtStatusRequest, 1, 0, 3, 0, 2, 1, 0, 0),
		code: "ERROR_PARSING_EXTENSION", alert: 50},
	{section: "8446, 6", what: "a ticket for early data of a size of three bytes", victim: client13,
		then: saying(ticketOf(func(m *wire.NewSessionTicket) { m.Extensions = set(nil, wire.ExtEarlyData, make([]byte, 3)) })),
		code: "ERROR_PARSING_EXTENSION", alert: 50},
	{section: "8446, 6.2", what: "a signature of a kind that was not offered", victim: client13, change: signedBy(suite.PKCS1WithSHA256),
		code: "WRONG_SIGNATURE_TYPE", alert: 47},
	{section: "8446, 6.2", what: "a signature of a kind that was not asked for", victim: server13, change: signedBy(suite.PKCS1WithSHA256),
		code: "WRONG_SIGNATURE_TYPE", alert: 47},
	{section: "8446, 6.2", what: "a share that is no point", victim: client13, change: serverPut(wire.ExtKeyShare, zeroShareOfX...),
		code: "BAD_ECPOINT", alert: 47},
	{section: "8446, 6.2", what: "a share of a group that was not offered", victim: client13, change: serverPut(wire.ExtKeyShare, shareOfP384...),
		code: "WRONG_CURVE", alert: 47},
	{section: "8446, 6.2", what: "a share that is no point", victim: server13,
		change: helloPut(wire.ExtKeyShare, wire.ClientShares([]wire.KeyShare{{Group: suite.X25519, Data: make([]byte, 32)}})...), code: "BAD_ECPOINT", alert: 47},
	{section: "8446, 6.2", what: "a wrong binder", victim: server13,
		setup: func(client, server *Config) { withSession(client, server); client.Session.Secret[0] = 1 }, code: "DIGEST_CHECK_FAILED", alert: 51},
	{section: "8446, 6.2", what: "a ticket at a server", victim: server13, then: saying(ticketOf(func(*wire.NewSessionTicket) {})),
		code: "UNEXPECTED_MESSAGE", alert: 10},
	{section: "8446, 6.2", what: "a server that asks a client whom it knows by a PSK", victim: client13, setup: withSession,
		change: instead(wire.TypeFinished, wire.Raw(wire.TypeCertificateRequest, nil)), code: "UNEXPECTED_MESSAGE", alert: 10},
	{section: "8446, 9.2", what: "no supported_groups", victim: server13, change: helloDrop(wire.ExtSupportedGroups), code: "NO_SHARED_GROUP", alert: 109},
	{section: "8446, 9.2", what: "no key_share", victim: server13, change: helloDrop(wire.ExtKeyShare), code: "MISSING_KEY_SHARE", alert: 109},
	{section: "8446, D.1", what: "an older version", victim: client13, setup: only13, script: classic,
		change: inServer(func(m *wire.ServerHello) {
			m.Version, m.Extensions = suite.TLS12, without(m.Extensions, wire.ExtSupportedVersions)
		}), code: "UNSUPPORTED_PROTOCOL", alert: 70},
	{section: "8446, D.2", what: "older versions only", victim: server13, setup: only13, change: helloPut(wire.ExtSupportedVersions, 2, 3, 3),
		code: "UNSUPPORTED_PROTOCOL", alert: 70},
	{section: "8446, D.5", what: "SSL 3.0", victim: client13, change: inServer(func(m *wire.ServerHello) { m.Version = ssl3 }),
		code: "UNSUPPORTED_PROTOCOL", alert: 70},
	{section: "8446, D.5", what: "SSL 2.0", victim: server13, change: inHello(func(m *wire.ClientHello) { m.Version = 0x0200 }),
		code: "UNSUPPORTED_PROTOCOL", alert: 70},
	{section: "8446, D.5", what: "SSL 3.0", victim: server13, change: inHello(func(m *wire.ClientHello) { m.Version = ssl3 }),
		code: "UNSUPPORTED_PROTOCOL", alert: 70},

	// RFC 5246.
	{section: "5246, 6.2.1", what: "a long record in the clear", victim: server12, first: inTheClear(plaintext(record.Handshake, tooLong...)),
		code: "DATA_LENGTH_TOO_LONG", alert: 22},
	{section: "5246, 6.2.3", what: "a long record", victim: client12, then: inTheClear([]byte{23, 3, 3, 0x48, 1}), code: "ENCRYPTED_LENGTH_TOO_LONG", alert: 22},
	{section: "5246, 6.2.3", what: "a long record", victim: server12, then: inTheClear([]byte{23, 3, 3, 0x48, 1}), code: "ENCRYPTED_LENGTH_TOO_LONG", alert: 22},
	{section: "5246, 7.2.2", what: "long data", victim: client12, then: sending(record.ApplicationData, tooLong...), code: "DATA_LENGTH_TOO_LONG", alert: 22},
	{section: "5246, 7.2.2", what: "a bad record", victim: client12, then: badMAC, code: "DECRYPTION_FAILED_OR_BAD_RECORD_MAC", alert: 20},
	{section: "5246, 7.2.2", what: "a bad record", victim: server12, then: badMAC, code: "DECRYPTION_FAILED_OR_BAD_RECORD_MAC", alert: 20},
	{section: "5246, 6", what: "an unknown content type", victim: client12, first: inTheClear(plaintext(99, 1)), code: "UNEXPECTED_RECORD", alert: 10},
	{section: "5246, 6", what: "an unknown content type", victim: server12, first: inTheClear(plaintext(99, 1)), code: "UNEXPECTED_RECORD", alert: 10},
	{section: "5246, 7.2.2", what: "a ticket at a server", victim: server12, then: saying(wire.NewSessionTicket12(1, []byte{1})),
		code: "UNEXPECTED_MESSAGE", alert: 10},
	{section: "5246, 7.2.2", what: "KeyUpdate", victim: client12, then: saying(wire.KeyUpdate(false)), code: "UNEXPECTED_MESSAGE", alert: 10},
	{section: "5246, 7.2.2", what: "no suite in common", victim: server12,
		change: inHello(func(m *wire.ClientHello) { m.Suites = []suite.ID{0x0005} }), code: "NO_SHARED_CIPHER", alert: 40},
	{section: "5246, 7.2.2", what: "a suite that was not offered", victim: client12,
		change: inServer(func(m *wire.ServerHello) { m.Suite = 0x0005 }), code: "WRONG_CIPHER_RETURNED", alert: 47},
	{section: "5246, 7.4.1.3", what: "an older version", victim: client12, change: inServer(func(m *wire.ServerHello) { m.Version = 0x0302 }),
		code: "UNSUPPORTED_PROTOCOL", alert: 70},
	{section: "5246, E.1", what: "an older version", victim: server12, change: inHello(func(m *wire.ClientHello) { m.Version = 0x0302 }),
		code: "UNSUPPORTED_PROTOCOL", alert: 70},
	{section: "5246, 7.4.1.4", what: "an extension that was not offered", victim: client12, change: serverPut(0x1234), code: "UNEXPECTED_EXTENSION", alert: 110},
	{section: "5246, 7.4.1.4.1", what: "signature_algorithms of a server", victim: client12, change: serverPut(wire.ExtSignatureAlgorithms, 0, 2, 4, 3),
		code: "UNEXPECTED_EXTENSION", alert: 110},
	{section: "5246, 7.4.3", what: "a bad signature", victim: client12, change: flipped(wire.TypeServerKeyExchange), code: "BAD_SIGNATURE", alert: 51},
	{section: "5246, 7.4.6", what: "a client without a certificate", victim: server12, setup: requireCert,
		change: instead(wire.TypeCertificate, wire.Certificate12(nil)), code: "PEER_DID_NOT_RETURN_A_CERTIFICATE", alert: 40},
	{section: "5246, 7.4.8", what: "a bad signature", victim: server12, change: flipped(wire.TypeCertificateVerify), code: "BAD_SIGNATURE", alert: 51},
	{section: "5246, 7.4.9", what: "a wrong Finished", victim: client12, change: flipped(wire.TypeFinished), code: "DIGEST_CHECK_FAILED", alert: 51},
	{section: "5246, 7.4.9", what: "a wrong Finished", victim: server12, change: flipped(wire.TypeFinished), code: "DIGEST_CHECK_FAILED", alert: 51},

	// Extensions.
	{section: "5746, 3.4", what: "renegotiation_info of another handshake", victim: client12, change: serverPut(wire.ExtRenegotiationInfo, 1, 0),
		code: "RENEGOTIATION_MISMATCH", alert: 40},
	{section: "5746, 3.6", what: "renegotiation_info of another handshake", victim: server12, change: helloPut(wire.ExtRenegotiationInfo, 1, 0),
		code: "RENEGOTIATION_MISMATCH", alert: 40},
	{section: "6066, 4", what: "a length of fragments that doesn't exist", victim: server13, change: helloPut(wire.ExtMaxFragmentLength, 5),
		code: "ERROR_PARSING_EXTENSION", alert: 47},
	{section: "6066, 4", what: "a length of fragments that doesn't exist", victim: server12, change: helloPut(wire.ExtMaxFragmentLength, 0),
		code: "ERROR_PARSING_EXTENSION", alert: 47},
	{section: "7301, 3.1", what: "two protocols", victim: client13, change: encryptedPut(wire.ExtALPN, wire.Protocols([]string{"a", "a"})...),
		code: "PARSE_TLSEXT", alert: 50},
	{section: "7301, 3.1", what: "two protocols", victim: client12, change: serverPut(wire.ExtALPN, wire.Protocols([]string{"a", "a"})...),
		code: "PARSE_TLSEXT", alert: 50},
	{section: "7301, 3.1", what: "an empty protocol", victim: server13, change: helloPut(wire.ExtALPN, 0, 1, 0), code: "PARSE_TLSEXT", alert: 50},
	{section: "7301, 3.1", what: "an empty protocol", victim: server12, change: helloPut(wire.ExtALPN, 0, 1, 0), code: "PARSE_TLSEXT", alert: 50},
	{section: "7507, 3", what: "a fallback", victim: server12,
		change: inHello(func(m *wire.ClientHello) { m.Suites = append(m.Suites, suite.FallbackSCSV) }), code: "INAPPROPRIATE_FALLBACK", alert: 86},
	{section: "7627, 5.3", what: "a session with the extended master secret, without it", victim: server12, setup: withSession,
		change: helloDrop(wire.ExtExtendedMasterSecret), code: "RESUMED_EMS_SESSION_WITHOUT_EMS_EXTENSION", alert: 40},
	{section: "7627, 5.3", what: "a session with the extended master secret, without it", victim: client12, setup: withSession,
		change: serverDrop(wire.ExtExtendedMasterSecret), code: "RESUMED_EMS_SESSION_WITHOUT_EMS_EXTENSION", alert: 40},
	{section: "7627, 5.3", what: "a session without the extended master secret, with it", victim: client12, setup: withoutEMS,
		code: "RESUMED_NON_EMS_SESSION_WITH_EMS_EXTENSION", alert: 40},
	{section: "8422, 5.1.2", what: "compressed points", victim: client12, change: serverPut(wire.ExtECPointFormats, 1, 1),
		code: "ERROR_PARSING_EXTENSION", alert: 47},
	{section: "8422, 5.1.2", what: "compressed points", victim: server12, change: helloPut(wire.ExtECPointFormats, 1, 1),
		code: "ERROR_PARSING_EXTENSION", alert: 47},
	{section: "9155, 2", what: "no signature_algorithms", victim: server12, change: helloDrop(wire.ExtSignatureAlgorithms),
		code: "NO_SHARED_CIPHER", alert: 40},
}

func TestAlerts(t *testing.T) {
	for _, test := range alertTests {
		t.Run("RFC "+test.section+": "+test.what+" at a "+test.victim.String(), func(t *testing.T) {
			test.run(t).died(t, test.code, test.alert)
		})
	}
}

// TestUnparsable makes each message of a handshake too long and too short by a
// byte, which is decode_error (RFC 8446, 6; RFC 5246, 7.2.2).
func TestUnparsable(t *testing.T) {
	for _, test := range []struct {
		victim victim
		types  []wire.Type
	}{
		{client13, []wire.Type{wire.TypeServerHello, wire.TypeEncryptedExtensions, wire.TypeCertificateRequest, wire.TypeCertificate,
			wire.TypeCertificateVerify, wire.TypeFinished}},
		{server13, []wire.Type{wire.TypeClientHello, wire.TypeCertificate, wire.TypeCertificateVerify, wire.TypeFinished}},
		{client12, []wire.Type{wire.TypeServerHello, wire.TypeCertificate, wire.TypeCertificateStatus, wire.TypeServerKeyExchange,
			wire.TypeCertificateRequest, wire.TypeServerHelloDone, wire.TypeNewSessionTicket, wire.TypeFinished}},
		{server12, []wire.Type{wire.TypeClientHello, wire.TypeCertificate, wire.TypeClientKeyExchange, wire.TypeCertificateVerify, wire.TypeFinished}},
	} {
		for _, typ := range test.types {
			for what, change := range map[string]func([]byte) []byte{"long": trailing(typ), "short": short(typ)} {
				want := AlertDecodeError
				switch {
				case typ == wire.TypeServerHelloDone && what == "short":
					continue // it has no bytes
				case typ == wire.TypeFinished && what == "long":
					want = AlertDecryptError // as BoGo has it
				}
				victim := (&alertTest{victim: test.victim, change: change}).run(t)
				if err := victim.Err(); err == nil || err.Alert != want {
					t.Errorf("%v, message %d too %s: %+v", test.victim, typ, what, err)
				}
			}
		}
	}
	for _, test := range []struct {
		victim victim
		raw    []byte
	}{
		{client13, ticketOf(func(*wire.NewSessionTicket) {})},
		{client13, wire.KeyUpdate(false)},
		{server13, wire.KeyUpdate(false)},
	} {
		typ := wire.Type(test.raw[0])
		for _, change := range []func([]byte) []byte{trailing(typ), short(typ)} {
			victim := (&alertTest{victim: test.victim, change: change, then: saying(test.raw)}).run(t)
			victim.died(t, "DECODE_ERROR", AlertDecodeError)
		}
	}
}

// TestUnparsableExtensions does the same to the extensions that we read.
func TestUnparsableExtensions(t *testing.T) {
	name, versions := wire.ServerName("host.test"), wire.Versions([]uint16{suite.TLS13, suite.TLS12})
	schemes := wire.Codes([]suite.Scheme{suite.ECDSAP256SHA256})
	authorities := wire.Authorities([][]byte{{0x30, 0}})
	groups := wire.Codes([]suite.Group{suite.X25519, suite.P256})
	shares := wire.ClientShares([]wire.KeyShare{{Group: suite.X25519, Data: make([]byte, 32)}})
	offer := (&wire.Offer{Identities: []wire.Identity{{Ticket: []byte("a ticket")}}, Binders: [][]byte{make([]byte, 32)}}).Marshal()
	protocols := wire.Protocols([]string{"a"})
	for _, test := range []struct {
		victim victim
		put    func(ext uint16, data ...byte) func([]byte) []byte
		ext    uint16
		data   []byte
	}{
		{server13, helloPut, wire.ExtServerName, name},
		{server13, helloPut, wire.ExtMaxFragmentLength, []byte{1}},
		{server13, helloPut, wire.ExtStatusRequest, wire.StatusRequest},
		{server13, helloPut, wire.ExtSupportedGroups, groups},
		{server13, helloPut, wire.ExtSignatureAlgorithms, schemes},
		{server13, helloPut, wire.ExtSignatureAlgsCert, schemes},
		{server13, helloPut, wire.ExtALPN, protocols},
		{server13, helloPut, wire.ExtEarlyData, nil},
		{server13, helloPut, wire.ExtSupportedVersions, versions},
		{server13, helloPut, wire.ExtPSKModes, wire.PSKModes(wire.PSKDHE)},
		{server13, helloPut, wire.ExtCertAuthorities, authorities},
		{server13, helloPut, wire.ExtPostHandshakeAuth, nil},
		{server13, helloPut, wire.ExtKeyShare, shares},
		{server13, helloPut, wire.ExtPreSharedKey, offer},
		{client13, serverPut, wire.ExtSupportedVersions, wire.Uint16(suite.TLS13)},
		{client13, serverPut, wire.ExtKeyShare, shareOfX},
		{client13, serverPut, wire.ExtPreSharedKey, []byte{0, 0}},
		{client13, encryptedPut, wire.ExtServerName, nil},
		{client13, encryptedPut, wire.ExtALPN, protocols},
		{client13, encryptedPut, wire.ExtSupportedGroups, groups},
		{client13, leafPut, wire.ExtStatusRequest, wire.CertificateStatus([]byte("staple"))},
		{client13, requestPut, wire.ExtSignatureAlgorithms, schemes},
		{client13, requestPut, wire.ExtSignatureAlgsCert, schemes},
		{client13, requestPut, wire.ExtCertAuthorities, authorities},
		{client13, requestPut, wire.ExtStatusRequest, nil},
		{server12, helloPut, wire.ExtServerName, name},
		{server12, helloPut, wire.ExtSupportedGroups, groups},
		{server12, helloPut, wire.ExtECPointFormats, wire.PointFormats},
		{server12, helloPut, wire.ExtSignatureAlgorithms, schemes},
		{server12, helloPut, wire.ExtALPN, protocols},
		{server12, helloPut, wire.ExtExtendedMasterSecret, nil},
		{server12, helloPut, wire.ExtRenegotiationInfo, wire.RenegotiationInfo},
		{client12, serverPut, wire.ExtServerName, nil},
		{client12, serverPut, wire.ExtStatusRequest, nil},
		{client12, serverPut, wire.ExtECPointFormats, wire.PointFormats},
		{client12, serverPut, wire.ExtALPN, protocols},
		{client12, serverPut, wire.ExtExtendedMasterSecret, nil},
		{client12, serverPut, wire.ExtSessionTicket, nil},
		{client12, serverPut, wire.ExtRenegotiationInfo, wire.RenegotiationInfo},
	} {
		bad := [][]byte{append(slices.Clone(test.data), 0)}
		if n := len(test.data); n > 0 {
			bad = append(bad, test.data[:n-1], nil)
		}
		for _, data := range bad {
			row := alertTest{victim: test.victim, change: test.put(test.ext, data...)}
			if test.ext == wire.ExtPreSharedKey {
				row.setup = withSession
			}
			if err := row.run(t).Err(); err == nil || err.Alert != AlertDecodeError {
				t.Errorf("%v, extension %d of % x: %+v", test.victim, test.ext, data, err)
			}
		}
	}
}

// TestNewerExtensions has a server of TLS 1.2 get what only TLS 1.3 gives a
// meaning, of whatever form: it doesn't know these (RFC 5246, 7.4.1.4).
func TestNewerExtensions(t *testing.T) {
	for _, ext := range []uint16{wire.ExtEarlyData, wire.ExtPostHandshakeAuth, wire.ExtPSKModes, wire.ExtKeyShare, wire.ExtCookie, wire.ExtPreSharedKey} {
		server := (&alertTest{victim: server12, change: helloPut(ext, 1)}).run(t)
		if !server.Established() {
			t.Errorf("extension %d: %v", ext, server.Err())
		}
	}
}
