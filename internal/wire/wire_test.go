package wire

import (
	"bytes"
	"testing"

	"libtls/internal/suite"
)

// parsers holds every parser of a message's body with the way back.
var parsers = map[Type]func(body []byte) (again []byte, ok bool){
	TypeClientHello: func(b []byte) ([]byte, bool) {
		m, ok := ParseClientHello(b)
		if ok && m.Extensions == nil {
			return nil, false // the extensions were left out, and Marshal writes an empty list
		}
		return marshal(m, ok)
	},
	TypeServerHello: func(b []byte) ([]byte, bool) {
		m, ok := ParseServerHello(b)
		if ok && m.Extensions == nil {
			return nil, false
		}
		return marshal(m, ok)
	},
	TypeNewSessionTicket:    func(b []byte) ([]byte, bool) { m, ok := ParseNewSessionTicket(b); return marshal(m, ok) },
	TypeCertificateRequest:  func(b []byte) ([]byte, bool) { m, ok := ParseCertificateRequest(b); return marshal(m, ok) },
	TypeCertificate:         func(b []byte) ([]byte, bool) { m, ok := ParseCertificate(b); return marshal(m, ok) },
	TypeCertificateVerify:   func(b []byte) ([]byte, bool) { m, ok := ParseCertificateVerify(b); return marshal(m, ok) },
	TypeEncryptedExtensions: func(b []byte) ([]byte, bool) { e, ok := ParseEncryptedExtensions(b); return EncryptedExtensions(e), ok },
	TypeKeyUpdate: func(b []byte) ([]byte, bool) {
		request, known, ok := ParseKeyUpdate(b)
		return KeyUpdate(request), ok && known
	},
	TypeServerKeyExchange: func(b []byte) ([]byte, bool) {
		m, named, ok := ParseServerKeyExchange(b)
		return marshal(m, ok && named)
	},
	TypeClientKeyExchange: func(b []byte) ([]byte, bool) { p, ok := ParseClientKeyExchange(b); return ClientKeyExchange(p), ok },
}

func marshal(m interface{ Marshal() []byte }, ok bool) ([]byte, bool) {
	if !ok {
		return nil, false
	}
	return m.Marshal(), true
}

// parsers12 holds those whose type means something else in TLS 1.3.
var parsers12 = map[Type]func(body []byte) (again []byte, ok bool){
	TypeCertificate: func(b []byte) ([]byte, bool) { c, ok := ParseCertificate12(b); return Certificate12(c), ok },
	TypeCertificateRequest: func(b []byte) ([]byte, bool) {
		m, ok := ParseCertificateRequest12(b)
		return marshal(m, ok)
	},
	TypeNewSessionTicket: func(b []byte) ([]byte, bool) {
		l, t, ok := ParseNewSessionTicket12(b)
		return NewSessionTicket12(l, t), ok
	},
}

// extensionParsers likewise, for the extensions with one form.
var extensionParsers = []func(data []byte) (again []byte, ok bool){
	func(b []byte) ([]byte, bool) { n, ok := ParseServerName(b); return ServerName(n), ok },
	func(b []byte) ([]byte, bool) { s, ok := ParseCertificateStatus(b); return CertificateStatus(s), ok },
	func(b []byte) ([]byte, bool) { l, ok := ParseCodes[suite.Group](b); return Codes(l), ok },
	func(b []byte) ([]byte, bool) { l, ok := ParseVersions(b); return Versions(l), ok },
	func(b []byte) ([]byte, bool) { v, ok := ParseUint16[uint16](b); return Uint16(v), ok },
	func(b []byte) ([]byte, bool) { l, ok := ParseProtocols(b); return Protocols(l), ok },
	func(b []byte) ([]byte, bool) { l, ok := ParseBytes8(b); return PSKModes(l...), ok },
	func(b []byte) ([]byte, bool) { l, ok := ParseClientShares(b); return ClientShares(l), ok },
	func(b []byte) ([]byte, bool) { k, ok := ParseServerShare(b); return ServerShare(k), ok },
	func(b []byte) ([]byte, bool) { v, ok := ParseBytes16(b); return Bytes16(v), ok },
	func(b []byte) ([]byte, bool) { l, ok := ParseAuthorities(b); return Authorities(l), ok },
	func(b []byte) ([]byte, bool) {
		o, ok := ParseOffer(b)
		if !ok {
			return nil, false
		}
		return o.Marshal(), true
	},
}

var (
	random     = bytes.Repeat([]byte{7}, 32)
	extensions = []Extension{{ExtServerName, ServerName("host.test")}, {ExtEarlyData, []byte{}}}
)

// messages holds a message of each kind.
var messages = [][]byte{
	(&ClientHello{0x303, random, random, []suite.ID{1, 2}, []byte{0}, extensions}).Marshal(),
	(&ServerHello{0x303, random, random[:5], 0x1301, 0, extensions}).Marshal(),
	(&NewSessionTicket{1, 2, []byte("nonce"), []byte("ticket"), extensions}).Marshal(),
	(&CertificateRequest{[]byte("context"), extensions}).Marshal(),
	(&Certificate{nil, []CertificateEntry{{[]byte("leaf"), extensions}, {[]byte("issuer"), nil}}}).Marshal(),
	(&CertificateVerify{0x403, []byte("signature")}).Marshal(),
	EncryptedExtensions(extensions),
	KeyUpdate(true),
	(&ServerKeyExchange{29, random, 0x403, []byte("signature")}).Marshal(),
	ClientKeyExchange(random),
	Certificate12([][]byte{[]byte("leaf"), []byte("issuer")}),
	(&CertificateRequest12{[]byte{1, 64}, []suite.Scheme{0x403}, [][]byte{[]byte("name")}}).Marshal(),
	NewSessionTicket12(300, []byte("ticket")),
	(&Offer{[]Identity{{[]byte("ticket"), 5}}, [][]byte{random}}).Marshal(),
	Protocols([]string{"h2"}), Versions([]uint16{0x304}), ClientShares([]KeyShare{{29, random}}), Authorities([][]byte{random}),
}

// check holds a parser to its promises: what it takes is what it would write,
// and nothing cut short or lengthened.
func check(t *testing.T, body, whole []byte, parse func([]byte) ([]byte, bool)) {
	t.Helper()
	again, ok := parse(body)
	if !ok {
		return
	}
	if !bytes.Equal(again, whole) {
		t.Errorf("%x came back as %x", whole, again)
	}
	if _, ok := parse(append(bytes.Clone(body), 0)); ok && len(body) > 0 {
		t.Errorf("%x: took a byte too much", whole)
	}
}

func checkAll(t *testing.T, raw []byte) {
	t.Helper()
	for _, parse := range extensionParsers {
		check(t, raw, raw, parse)
	}
	ParseStatusRequest(raw)
	ParsePointFormats(raw)
	if len(raw) < HeaderSize || int(raw[1])<<16|int(raw[2])<<8|int(raw[3]) != len(raw)-HeaderSize {
		return
	}
	for _, set := range []map[Type]func([]byte) ([]byte, bool){parsers, parsers12} {
		if parse := set[Type(raw[0])]; parse != nil {
			check(t, raw[HeaderSize:], raw, parse)
		}
	}
}

func TestMessages(t *testing.T) {
	parsed := 0
	for _, raw := range messages[:13] {
		checkAll(t, raw)
		for _, set := range []map[Type]func([]byte) ([]byte, bool){parsers, parsers12} {
			parse := set[Type(raw[0])]
			if parse == nil {
				continue
			}
			if _, ok := parse(raw[HeaderSize:]); !ok {
				continue
			}
			parsed++
			for n := range len(raw) - HeaderSize {
				// A hello may end before its extensions.
				if again, ok := parse(raw[HeaderSize : HeaderSize+n]); ok {
					t.Errorf("%x: took %d of %d bytes, %x", raw, n, len(raw)-HeaderSize, again)
				}
			}
		}
	}
	if parsed < 13 {
		t.Errorf("only %d messages were read", parsed)
	}
}

// TestRefused has what is well formed and yet not allowed.
func TestRefused(t *testing.T) {
	chain := make([][]byte, MaxChain+1)
	for i := range chain {
		chain[i] = []byte{1}
	}
	for name, ok := range map[string]bool{
		"session id of 33 bytes":   second(ParseClientHello((&ClientHello{0x303, random, append(random, 1), []suite.ID{1}, []byte{0}, extensions}).Marshal()[4:])),
		"no suites":                second(ParseClientHello((&ClientHello{0x303, random, nil, nil, []byte{0}, extensions}).Marshal()[4:])),
		"no compression":           second(ParseClientHello((&ClientHello{0x303, random, nil, []suite.ID{1}, nil, extensions}).Marshal()[4:])),
		"too long a chain":         second(ParseCertificate12(Certificate12(chain)[4:])),
		"empty certificate":        second(ParseCertificate12(Certificate12([][]byte{{}})[4:])),
		"empty ticket":             second(ParseNewSessionTicket((&NewSessionTicket{1, 2, nil, nil, nil}).Marshal()[4:])),
		"empty name":               second(ParseServerName(ServerName(""))),
		"empty protocol":           second(ParseProtocols(Protocols([]string{""}))),
		"no protocols":             second(ParseProtocols(Protocols(nil))),
		"no versions":              second(ParseVersions(Versions(nil))),
		"odd list":                 second(ParseCodes[uint16]([]byte{0, 3, 1, 2, 3})),
		"empty share":              second(ParseServerShare(ServerShare(KeyShare{29, nil}))),
		"empty identity":           second(ParseOffer((&Offer{[]Identity{{nil, 1}}, [][]byte{random}}).Marshal())),
		"no identities":            second(ParseOffer((&Offer{nil, [][]byte{random}}).Marshal())),
		"empty staple":             second(ParseCertificateStatus(CertificateStatus(nil))),
		"empty point":              second(ParseClientKeyExchange(ClientKeyExchange(nil)[4:])),
		"empty certificate types":  second(ParseCertificateRequest12((&CertificateRequest12{nil, []suite.Scheme{1}, nil}).Marshal()[4:])),
		"empty certificate author": second(ParseAuthorities(Authorities([][]byte{{}}))),
	} {
		if ok {
			t.Errorf("%s: taken", name)
		}
	}
}

func second[T any](_ T, ok bool) bool { return ok }

func FuzzParse(f *testing.F) {
	for _, m := range messages {
		f.Add(m)
		if len(m) > HeaderSize {
			f.Add(m[HeaderSize:])
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) { checkAll(t, raw) })
}
