// Package wire holds the bytes of TLS handshake messages: one type a message
// with a parser and a builder side by side. It knows the syntax of RFC 8446
// and nothing of what the fields mean. Parsers are total: they take any bytes,
// keep slices of them, and report false for what isn't exactly one message.
package wire

import (
	"golang.org/x/crypto/cryptobyte"

	"libtls/internal/suite"
)

// Type is a handshake message's type (RFC 8446, 4).
type Type uint8

// The handshake message types.
const (
	TypeClientHello         Type = 1
	TypeServerHello         Type = 2
	TypeNewSessionTicket    Type = 4
	TypeEncryptedExtensions Type = 8
	TypeCertificate         Type = 11
	TypeCertificateRequest  Type = 13
	TypeCertificateVerify   Type = 15
	TypeFinished            Type = 20
	TypeKeyUpdate           Type = 24
	TypeMessageHash         Type = 254
)

// HeaderSize is the size of a handshake message's type and length.
const HeaderSize = 4

// Message makes a whole handshake message of what body appends.
func Message(t Type, body func(b *cryptobyte.Builder)) []byte {
	var b cryptobyte.Builder
	b.AddUint8(uint8(t))
	b.AddUint24LengthPrefixed(body)
	return b.BytesOrPanic()
}

// Raw makes a whole handshake message with that body.
func Raw(t Type, body []byte) []byte {
	return Message(t, func(b *cryptobyte.Builder) { b.AddBytes(body) })
}

// Extension is one extension as it stands in a message.
type Extension struct {
	Type uint16
	Data []byte
}

func readExtension(s *cryptobyte.String, e *Extension) bool {
	return s.ReadUint16(&e.Type) && readBytes16(s, &e.Data)
}

func addExtension(b *cryptobyte.Builder, e Extension) {
	b.AddUint16(e.Type)
	addBytes16(b, e.Data)
}

func readExtensions(s *cryptobyte.String, exts *[]Extension) bool {
	return readList16(s, exts, readExtension)
}

func addExtensions(b *cryptobyte.Builder, exts []Extension) { addList16(b, exts, addExtension) }

// FitExtensions tells whether a message has room for those extensions.
func FitExtensions(exts []Extension) bool {
	n := 0
	for _, e := range exts {
		n += 4 + len(e.Data)
	}
	return n <= 0xffff
}

func addBytes8(b *cryptobyte.Builder, v []byte) {
	b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(v) })
}

func addBytes16(b *cryptobyte.Builder, v []byte) {
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(v) })
}

func addBytes24(b *cryptobyte.Builder, v []byte) {
	b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(v) })
}

func readBytes8(s *cryptobyte.String, v *[]byte) bool {
	return s.ReadUint8LengthPrefixed((*cryptobyte.String)(v))
}

func readBytes16(s *cryptobyte.String, v *[]byte) bool {
	return s.ReadUint16LengthPrefixed((*cryptobyte.String)(v))
}

// readSome16 reads bytes with a two-byte length that isn't 0.
func readSome16(s *cryptobyte.String, v *[]byte) bool { return readBytes16(s, v) && len(*v) > 0 }

func readBytes24(s *cryptobyte.String, v *[]byte) bool {
	return s.ReadUint24LengthPrefixed((*cryptobyte.String)(v))
}

// addList16 adds elements behind a length of two bytes.
func addList16[T any](b *cryptobyte.Builder, list []T, add func(*cryptobyte.Builder, T)) {
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
		for _, v := range list {
			add(b, v)
		}
	})
}

// readList16 reads what addList16 adds. Each element is read where it stays, as
// one apart would cost an allocation.
func readList16[T any](s *cryptobyte.String, list *[]T, read func(*cryptobyte.String, *T) bool) bool {
	var body cryptobyte.String
	if !s.ReadUint16LengthPrefixed(&body) {
		return false
	}
	for !body.Empty() {
		*list = append(*list, *new(T))
		if !read(&body, &(*list)[len(*list)-1]) {
			return false
		}
	}
	return true
}

// code is any of the two-byte code points that come in lists.
type code interface {
	~uint16
}

func addCodes[T code](b *cryptobyte.Builder, list []T) {
	addList16(b, list, func(b *cryptobyte.Builder, v T) { b.AddUint16(uint16(v)) })
}

// readCodes reads a list with a two-byte length that must not be empty.
func readCodes[T code](s *cryptobyte.String, list *[]T) bool {
	var body cryptobyte.String
	if !s.ReadUint16LengthPrefixed(&body) || len(body) == 0 || len(body)%2 != 0 {
		return false
	}
	codes := make([]T, 0, len(body)/2)
	for !body.Empty() {
		var v uint16
		body.ReadUint16(&v)
		codes = append(codes, T(v))
	}
	*list = codes
	return true
}

// ClientHello is RFC 8446, 4.1.2.
type ClientHello struct {
	Version      uint16
	Random       []byte // 32 bytes
	SessionID    []byte // at most 32 bytes
	Suites       []suite.ID
	Compressions []byte
	Extensions   []Extension
}

// ParseClientHello takes a message's body.
func ParseClientHello(body []byte) (*ClientHello, bool) {
	m := new(ClientHello)
	s := cryptobyte.String(body)
	if !s.ReadUint16(&m.Version) || !s.ReadBytes(&m.Random, 32) ||
		!readBytes8(&s, &m.SessionID) || len(m.SessionID) > 32 ||
		!readCodes(&s, &m.Suites) ||
		!readBytes8(&s, &m.Compressions) || len(m.Compressions) == 0 {
		return nil, false
	}
	if s.Empty() { // RFC 5246, 7.4.1.2: the extensions may be left out
		return m, true
	}
	return m, readExtensions(&s, &m.Extensions) && s.Empty()
}

// Marshal returns the whole message.
func (m *ClientHello) Marshal() []byte {
	return Message(TypeClientHello, func(b *cryptobyte.Builder) {
		b.AddUint16(m.Version)
		b.AddBytes(m.Random)
		addBytes8(b, m.SessionID)
		addCodes(b, m.Suites)
		addBytes8(b, m.Compressions)
		addExtensions(b, m.Extensions)
	})
}

// ServerHello is RFC 8446, 4.1.3; a HelloRetryRequest has the same form.
type ServerHello struct {
	Version     uint16
	Random      []byte // 32 bytes
	SessionID   []byte // at most 32 bytes
	Suite       suite.ID
	Compression uint8
	Extensions  []Extension
}

// HelloRetryRandom marks a ServerHello as a HelloRetryRequest: SHA-256 of
// "HelloRetryRequest" (RFC 8446, 4.1.3).
var HelloRetryRandom = [32]byte{
	0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
	0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
}

// ParseServerHello takes a message's body.
func ParseServerHello(body []byte) (*ServerHello, bool) {
	m := new(ServerHello)
	s := cryptobyte.String(body)
	if !s.ReadUint16(&m.Version) || !s.ReadBytes(&m.Random, 32) ||
		!readBytes8(&s, &m.SessionID) || len(m.SessionID) > 32 ||
		!s.ReadUint16((*uint16)(&m.Suite)) || !s.ReadUint8(&m.Compression) {
		return nil, false
	}
	if s.Empty() {
		return m, true
	}
	return m, readExtensions(&s, &m.Extensions) && s.Empty()
}

// Marshal returns the whole message.
func (m *ServerHello) Marshal() []byte {
	return Message(TypeServerHello, func(b *cryptobyte.Builder) {
		b.AddUint16(m.Version)
		b.AddBytes(m.Random)
		addBytes8(b, m.SessionID)
		b.AddUint16(uint16(m.Suite))
		b.AddUint8(m.Compression)
		addExtensions(b, m.Extensions)
	})
}

// ParseEncryptedExtensions takes a message's body (RFC 8446, 4.3.1).
func ParseEncryptedExtensions(body []byte) (exts []Extension, ok bool) {
	s := cryptobyte.String(body)
	ok = readExtensions(&s, &exts) && s.Empty()
	return exts, ok
}

// EncryptedExtensions returns the whole message.
func EncryptedExtensions(exts []Extension) []byte {
	return Message(TypeEncryptedExtensions, func(b *cryptobyte.Builder) { addExtensions(b, exts) })
}

// CertificateRequest is RFC 8446, 4.3.2.
type CertificateRequest struct {
	Context    []byte
	Extensions []Extension
}

// ParseCertificateRequest takes a message's body.
func ParseCertificateRequest(body []byte) (*CertificateRequest, bool) {
	m := new(CertificateRequest)
	s := cryptobyte.String(body)
	return m, readBytes8(&s, &m.Context) && readExtensions(&s, &m.Extensions) && s.Empty()
}

// Marshal returns the whole message.
func (m *CertificateRequest) Marshal() []byte {
	return Message(TypeCertificateRequest, func(b *cryptobyte.Builder) {
		addBytes8(b, m.Context)
		addExtensions(b, m.Extensions)
	})
}

// CertificateEntry is one certificate of a chain.
type CertificateEntry struct {
	Data       []byte // DER
	Extensions []Extension
}

// Certificate is RFC 8446, 4.4.2.
type Certificate struct {
	Context []byte
	Entries []CertificateEntry
}

// MaxChain bounds the certificates of a chain. No honest chain comes near it,
// and each one costs its verifier work.
const MaxChain = 512

// ParseCertificate takes a message's body.
func ParseCertificate(body []byte) (*Certificate, bool) {
	m := new(Certificate)
	s := cryptobyte.String(body)
	var list cryptobyte.String
	if !readBytes8(&s, &m.Context) || !s.ReadUint24LengthPrefixed(&list) || !s.Empty() {
		return nil, false
	}
	for !list.Empty() {
		var e CertificateEntry
		if len(m.Entries) == MaxChain || !readBytes24(&list, &e.Data) || len(e.Data) == 0 ||
			!readExtensions(&list, &e.Extensions) {
			return nil, false
		}
		m.Entries = append(m.Entries, e)
	}
	return m, true
}

// Marshal returns the whole message.
func (m *Certificate) Marshal() []byte {
	return Message(TypeCertificate, func(b *cryptobyte.Builder) {
		addBytes8(b, m.Context)
		b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) {
			for _, e := range m.Entries {
				addBytes24(b, e.Data)
				addExtensions(b, e.Extensions)
			}
		})
	})
}

// CertificateVerify is RFC 8446, 4.4.3.
type CertificateVerify struct {
	Scheme    suite.Scheme
	Signature []byte
}

// ParseCertificateVerify takes a message's body.
func ParseCertificateVerify(body []byte) (*CertificateVerify, bool) {
	m := new(CertificateVerify)
	s := cryptobyte.String(body)
	return m, s.ReadUint16((*uint16)(&m.Scheme)) && readBytes16(&s, &m.Signature) && s.Empty()
}

// Marshal returns the whole message.
func (m *CertificateVerify) Marshal() []byte {
	return Message(TypeCertificateVerify, func(b *cryptobyte.Builder) {
		b.AddUint16(uint16(m.Scheme))
		addBytes16(b, m.Signature)
	})
}

// NewSessionTicket is RFC 8446, 4.6.1.
type NewSessionTicket struct {
	Lifetime   uint32 // seconds
	AgeAdd     uint32
	Nonce      []byte
	Ticket     []byte // never empty
	Extensions []Extension
}

// ParseNewSessionTicket takes a message's body.
func ParseNewSessionTicket(body []byte) (*NewSessionTicket, bool) {
	m := new(NewSessionTicket)
	s := cryptobyte.String(body)
	if !s.ReadUint32(&m.Lifetime) || !s.ReadUint32(&m.AgeAdd) || !readBytes8(&s, &m.Nonce) ||
		!readBytes16(&s, &m.Ticket) || len(m.Ticket) == 0 {
		return nil, false
	}
	return m, readExtensions(&s, &m.Extensions) && s.Empty()
}

// Marshal returns the whole message.
func (m *NewSessionTicket) Marshal() []byte {
	return Message(TypeNewSessionTicket, func(b *cryptobyte.Builder) {
		b.AddUint32(m.Lifetime)
		b.AddUint32(m.AgeAdd)
		addBytes8(b, m.Nonce)
		addBytes16(b, m.Ticket)
		addExtensions(b, m.Extensions)
	})
}

// ParseKeyUpdate takes a message's body (RFC 8446, 4.6.3). known is false for
// a request value that isn't defined.
func ParseKeyUpdate(body []byte) (requested, known, ok bool) {
	if len(body) != 1 {
		return false, false, false
	}
	return body[0] == 1, body[0] <= 1, true
}

// KeyUpdate returns the whole message.
func KeyUpdate(request bool) []byte {
	var v byte
	if request {
		v = 1
	}
	return Raw(TypeKeyUpdate, []byte{v})
}
