package wire

import (
	"slices"

	"golang.org/x/crypto/cryptobyte"

	"libtls/internal/suite"
)

// The handshake messages that only TLS 1.2 has (RFC 5246, 7.4).
const (
	TypeHelloRequest      Type = 0
	TypeServerKeyExchange Type = 12
	TypeServerHelloDone   Type = 14
	TypeClientKeyExchange Type = 16
	TypeCertificateStatus Type = 22
)

// ParseCertificate12 takes a TLS 1.2 Certificate's body (RFC 5246, 7.4.2).
func ParseCertificate12(body []byte) (chain [][]byte, ok bool) {
	s := cryptobyte.String(body)
	var list cryptobyte.String
	if !s.ReadUint24LengthPrefixed(&list) || !s.Empty() {
		return nil, false
	}
	for !list.Empty() {
		var der []byte
		if len(chain) == MaxChain || !readBytes24(&list, &der) || len(der) == 0 {
			return nil, false
		}
		chain = append(chain, der)
	}
	return chain, true
}

// Certificate12 returns the whole message.
func Certificate12(chain [][]byte) []byte {
	return Message(TypeCertificate, func(b *cryptobyte.Builder) {
		b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) {
			for _, der := range chain {
				addBytes24(b, der)
			}
		})
	})
}

// ServerKeyExchange is an ephemeral ECDH key and its signature (RFC 8422, 5.4).
type ServerKeyExchange struct {
	Group     suite.Group
	Point     []byte
	Scheme    suite.Scheme
	Signature []byte
}

// Params returns what the signature covers, the two randoms apart.
func (m *ServerKeyExchange) Params() []byte {
	return build(m.addParams)
}

func (m *ServerKeyExchange) addParams(b *cryptobyte.Builder) {
	b.AddUint8(3) // named_curve
	b.AddUint16(uint16(m.Group))
	addBytes8(b, m.Point)
}

// ParseServerKeyExchange takes a message's body. named is false if the curve
// isn't a named one.
func ParseServerKeyExchange(body []byte) (m *ServerKeyExchange, named, ok bool) {
	m = new(ServerKeyExchange)
	s := cryptobyte.String(body)
	var kind uint8
	if !s.ReadUint8(&kind) {
		return nil, false, false
	}
	if kind != 3 {
		return nil, false, true
	}
	ok = s.ReadUint16((*uint16)(&m.Group)) && readBytes8(&s, &m.Point) && len(m.Point) > 0 &&
		s.ReadUint16((*uint16)(&m.Scheme)) && readBytes16(&s, &m.Signature) && s.Empty()
	return m, true, ok
}

// Marshal returns the whole message.
func (m *ServerKeyExchange) Marshal() []byte {
	return Message(TypeServerKeyExchange, func(b *cryptobyte.Builder) {
		m.addParams(b)
		b.AddUint16(uint16(m.Scheme))
		addBytes16(b, m.Signature)
	})
}

// Certificate types of CertificateRequest (RFC 5246, 7.4.4; RFC 8422, 5.5).
const (
	CertTypeRSA   uint8 = 1
	CertTypeECDSA uint8 = 64
)

// CertificateRequest12 is RFC 5246, 7.4.4.
type CertificateRequest12 struct {
	Types       []byte
	Schemes     []suite.Scheme
	Authorities [][]byte
}

// ParseCertificateRequest12 takes a message's body.
func ParseCertificateRequest12(body []byte) (*CertificateRequest12, bool) {
	m := new(CertificateRequest12)
	s := cryptobyte.String(body)
	return m, readBytes8(&s, &m.Types) && len(m.Types) > 0 && readCodes(&s, &m.Schemes) &&
		readList16(&s, &m.Authorities, readSome16) && s.Empty()
}

// Marshal returns the whole message.
func (m *CertificateRequest12) Marshal() []byte {
	return Message(TypeCertificateRequest, func(b *cryptobyte.Builder) {
		addBytes8(b, m.Types)
		addCodes(b, m.Schemes)
		addList16(b, m.Authorities, addBytes16)
	})
}

// ParseClientKeyExchange takes a message's body (RFC 8422, 5.7).
func ParseClientKeyExchange(body []byte) (point []byte, ok bool) {
	return ParseBytes8(body)
}

// ClientKeyExchange returns the whole message.
func ClientKeyExchange(point []byte) []byte {
	return Message(TypeClientKeyExchange, func(b *cryptobyte.Builder) { addBytes8(b, point) })
}

// ParseNewSessionTicket12 takes a message's body (RFC 5077, 3.3). The ticket
// may be empty: the server has changed its mind.
func ParseNewSessionTicket12(body []byte) (lifetime uint32, ticket []byte, ok bool) {
	s := cryptobyte.String(body)
	ok = s.ReadUint32(&lifetime) && readBytes16(&s, &ticket) && s.Empty()
	return lifetime, ticket, ok
}

// NewSessionTicket12 returns the whole message.
func NewSessionTicket12(lifetime uint32, ticket []byte) []byte {
	return Message(TypeNewSessionTicket, func(b *cryptobyte.Builder) {
		b.AddUint32(lifetime)
		addBytes16(b, ticket)
	})
}

// PointFormats is ec_point_formats with the one format there is (RFC 8422, 5.1.2).
var PointFormats = []byte{1, 0}

// ParsePointFormats reads ec_point_formats and tells whether the uncompressed
// format is among them.
func ParsePointFormats(data []byte) (uncompressed, ok bool) {
	formats, ok := ParseBytes8(data)
	return slices.Contains(formats, 0), ok
}

// RenegotiationInfo is renegotiation_info of a first handshake (RFC 5746, 3.2).
var RenegotiationInfo = []byte{0}
