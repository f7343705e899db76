// Package libtls has the sessions and tickets that the project exists for: the
// encodings of a session, a client's session file, and a server's tickets with
// their keys, number and lifetime.
package libtls

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"libtls/internal/pem"
	"libtls/internal/protocol"
	"libtls/internal/suite"
)

// Session is what both ends remember to resume a connection. Its encoding is
// OpenSSL's SSL_SESSION, so that session files and tickets can be exchanged
// with other libraries.
type Session = protocol.Session

// Limits of the encoding.
const (
	MaxSessionID      = 32 // of the session id and of its context
	maxBinding        = 32
	maxSessionSecret  = 512
	maxSessionTicket  = math.MaxUint16
	maxHostName       = 255
	maxService        = 512
	maxSessionTime    = 1 << 40 // seconds since 1970
	maxSessionTimeout = int64(math.MaxInt64 / time.Second)
	// defaultTimeout stands for a timeout that a session doesn't tell.
	defaultTimeout = 3 * time.Second
)

// The PEM blocks of a session. SSL_SESSION has no room for some fields. They
// follow it in blocks of their own, which other readers skip.
const (
	pemSession     = "SSL SESSION PARAMETERS"
	pemCertificate = "CERTIFICATE"
	pemStaple      = "OCSP RESPONSE"
	pemService     = "LIBTLS SERVICE"
)

// The optional fields of SSL_SESSION are told apart by context tags in
// ascending order. Readers may refuse an object with a tag they don't know.
const (
	tagTime         = 1
	tagTimeout      = 2
	tagPeer         = 3
	tagContext      = 4
	tagVerifyResult = 5
	tagHostName     = 6
	tagLifetime     = 9
	tagTicket       = 10
	tagFlags        = 13
	tagAgeAdd       = 14
	tagALPN         = 16
	tagAppData      = 18
)

// flagExtendedMasterSecret is the bit of tagFlags that TLS 1.2 sessions use;
// in TLS 1.3 sessions other readers take it for an error.
const flagExtendedMasterSecret = 1

// appDataFullHandshake starts a tagAppData of ours: the time of the full
// handshake follows, as eight bytes of seconds, and then the binding. Other
// libraries carry the field without looking at it.
const appDataFullHandshake = "libtls full handshake "

var (
	errParseSession   = errors.New("not a session in SSL_SESSION's encoding")
	errMarshalSession = errors.New("a field of the session is out of range")
)

// MarshalSession encodes s as an SSL_SESSION in DER. Of the peer's chain it
// holds the leaf alone, and no staple; MarshalSessionsPEM adds the rest. The
// result contains secrets, which are the caller's to wipe.
func MarshalSession(s *Session) ([]byte, error) {
	if !encodable(s) {
		return nil, errMarshalSession
	}
	id := s.ID
	if len(id) == 0 && len(s.Ticket) > 0 {
		// A TLS 1.2 client recognises resumption by the echo of the id.
		sum := sha256.Sum256(s.Ticket)
		id = sum[:]
	}
	size := 1024 + len(s.Secret) + len(s.Ticket)
	if len(s.PeerChain) > 0 {
		size += len(s.PeerChain[0])
	}
	// A fixed buffer, because a growing one leaves copies of the secret behind.
	b := cryptobyte.NewFixedBuilder(make([]byte, 0, size))
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		b.AddASN1Int64(int64(s.Version))
		b.AddASN1OctetString(binary.BigEndian.AppendUint16(nil, uint16(s.Suite)))
		b.AddASN1OctetString(id)
		b.AddASN1OctetString(s.Secret)
		addField(b, tagTime, func(b *cryptobyte.Builder) { b.AddASN1Int64(s.Created.Unix()) })
		addField(b, tagTimeout, func(b *cryptobyte.Builder) { b.AddASN1Int64(int64(s.Timeout / time.Second)) })
		if len(s.PeerChain) > 0 {
			addField(b, tagPeer, func(b *cryptobyte.Builder) { b.AddBytes(s.PeerChain[0]) })
		}
		addField(b, tagContext, func(b *cryptobyte.Builder) { b.AddASN1OctetString(s.Context) })
		addNumber(b, tagVerifyResult, uint64(s.VerifyResult))
		addBytes(b, tagHostName, []byte(s.ServerName))
		addNumber(b, tagLifetime, uint64(s.Lifetime))
		addBytes(b, tagTicket, s.Ticket)
		if s.ExtendedMasterSecret && s.Version == suite.TLS12 {
			addNumber(b, tagFlags, flagExtendedMasterSecret)
		}
		addNumber(b, tagAgeAdd, uint64(s.AgeAdd))
		addBytes(b, tagALPN, []byte(s.ALPN))
		addBytes(b, tagAppData, appData(s))
	})
	return b.Bytes()
}

// appData returns what there is no other field for; nil if nothing is to be told.
func appData(s *Session) []byte {
	full := s.FullHandshake
	if s.Version == suite.TLS12 || full.IsZero() {
		if len(s.Binding) == 0 {
			return nil
		}
		full = s.Created
	}
	data := binary.BigEndian.AppendUint64([]byte(appDataFullHandshake), uint64(full.Unix()))
	return append(data, s.Binding...)
}

func encodable(s *Session) bool {
	return (s.Version == suite.TLS12 || s.Version == suite.TLS13) &&
		len(s.ID) <= MaxSessionID &&
		len(s.Secret) <= maxSessionSecret &&
		len(s.Ticket) <= maxSessionTicket &&
		len(s.Context) <= MaxSessionID &&
		len(s.Binding) <= maxBinding &&
		len(s.ALPN) <= math.MaxUint8 &&
		validHostName(s.ServerName) &&
		len(s.Service) <= maxService &&
		validTime(s.Created) &&
		(s.FullHandshake.IsZero() || validTime(s.FullHandshake)) &&
		s.Timeout >= 0 &&
		s.VerifyResult >= 0 && s.VerifyResult <= math.MaxInt32 &&
		(len(s.PeerChain) == 0 || isSequence(s.PeerChain[0]))
}

func validHostName(name string) bool {
	return len(name) <= maxHostName && !strings.ContainsRune(name, 0)
}

func validTime(t time.Time) bool { return t.Unix() >= 0 && t.Unix() <= maxSessionTime }

// isSequence tells whether der is one SEQUENCE and nothing else, as every
// certificate is.
func isSequence(der []byte) bool {
	s := cryptobyte.String(der)
	var body cryptobyte.String
	return s.ReadASN1(&body, asn1.SEQUENCE) && s.Empty()
}

func fieldTag(n uint8) asn1.Tag { return asn1.Tag(n).ContextSpecific().Constructed() }

func addField(b *cryptobyte.Builder, n uint8, add cryptobyte.BuilderContinuation) {
	b.AddASN1(fieldTag(n), add)
}

// addNumber leaves out zero, as addBytes does nothing.
func addNumber(b *cryptobyte.Builder, n uint8, v uint64) {
	if v != 0 {
		addField(b, n, func(b *cryptobyte.Builder) { b.AddASN1Uint64(v) })
	}
}

func addBytes(b *cryptobyte.Builder, n uint8, v []byte) {
	if len(v) > 0 {
		addField(b, n, func(b *cryptobyte.Builder) { b.AddASN1OctetString(v) })
	}
}

// ParseSession decodes an SSL_SESSION in DER and keeps no part of der. It
// passes over fields that Session has no room for. A session without a secret
// or a ticket is no error, though nothing can be resumed with it. Without a
// creation time Created is zero; without the time of the full handshake
// FullHandshake is Created.
func ParseSession(der []byte) (*Session, error) {
	in := cryptobyte.String(der)
	var fields, cipher, id, secret cryptobyte.String
	var structure, version uint16
	if !in.ReadASN1(&fields, asn1.SEQUENCE) || !in.Empty() ||
		!fields.ReadASN1Integer(&structure) || structure != 1 ||
		!fields.ReadASN1Integer(&version) || version != suite.TLS12 && version != suite.TLS13 ||
		!fields.ReadASN1(&cipher, asn1.OCTET_STRING) || len(cipher) != 2 ||
		!fields.ReadASN1(&id, asn1.OCTET_STRING) || len(id) > MaxSessionID ||
		!fields.ReadASN1(&secret, asn1.OCTET_STRING) || len(secret) > maxSessionSecret {
		return nil, errParseSession
	}
	s := &Session{
		Version: version,
		Suite:   suite.ID(binary.BigEndian.Uint16(cipher)),
		ID:      clone(id),
		Timeout: defaultTimeout,
	}
	last := -1
	for !fields.Empty() {
		var field cryptobyte.String
		var tag asn1.Tag
		if !fields.ReadAnyASN1(&field, &tag) {
			return nil, errParseSession
		}
		n := int(tag & 0x1f)
		// The oldest field of all, a primitive [0], is skipped with the unknown.
		if tag != fieldTag(uint8(n)) && tag != asn1.Tag(0).ContextSpecific() || n <= last {
			return nil, errParseSession
		}
		last = n
		if !parseField(s, n, field) {
			return nil, errParseSession
		}
	}
	if s.Version == suite.TLS12 || s.FullHandshake.IsZero() || s.FullHandshake.After(s.Created) {
		s.FullHandshake = s.Created
	}
	s.Secret = clone(secret)
	return s, nil
}

// parseField takes in the content of the field with tag n.
func parseField(s *Session, n int, field cryptobyte.String) bool {
	number := func(limit int64) (v int64, ok bool) {
		ok = field.ReadASN1Integer(&v) && field.Empty() && v >= 0 && v <= limit
		return v, ok
	}
	octets := func(limit int) (v cryptobyte.String, ok bool) {
		ok = field.ReadASN1(&v, asn1.OCTET_STRING) && field.Empty() && len(v) <= limit
		return v, ok
	}
	var v int64
	var b cryptobyte.String
	ok := true
	switch n {
	case tagTime:
		v, ok = number(maxSessionTime)
		s.Created = time.Unix(v, 0)
	case tagTimeout:
		v, ok = number(math.MaxInt64)
		s.Timeout = time.Duration(min(v, maxSessionTimeout)) * time.Second
	case tagPeer:
		s.PeerChain = [][]byte{clone(field)}
		ok = isSequence(field)
	case tagContext:
		b, ok = octets(MaxSessionID)
		s.Context = clone(b)
	case tagVerifyResult:
		v, ok = number(math.MaxInt32)
		s.VerifyResult = int(v)
	case tagHostName:
		b, ok = octets(maxHostName)
		s.ServerName = string(b)
		ok = ok && validHostName(s.ServerName)
	case tagLifetime:
		v, ok = number(math.MaxUint32)
		s.Lifetime = uint32(v)
	case tagTicket:
		b, ok = octets(maxSessionTicket)
		s.Ticket = clone(b)
	case tagFlags:
		v, ok = number(math.MaxInt64)
		s.ExtendedMasterSecret = s.Version == suite.TLS12 && v&flagExtendedMasterSecret != 0
	case tagAgeAdd:
		v, ok = number(math.MaxUint32)
		s.AgeAdd = uint32(v)
	case tagALPN:
		b, ok = octets(math.MaxUint8)
		s.ALPN = string(b)
	case tagAppData:
		b, ok = octets(math.MaxUint16)
		parseAppData(s, b)
	}
	return ok
}

// parseAppData takes in application data of ours, and passes over anybody
// else's.
func parseAppData(s *Session, data []byte) {
	data, ours := bytes.CutPrefix(data, []byte(appDataFullHandshake))
	if !ours || len(data) < 8 || len(data) > 8+maxBinding || binary.BigEndian.Uint64(data) > maxSessionTime {
		return
	}
	s.FullHandshake = time.Unix(int64(binary.BigEndian.Uint64(data)), 0)
	s.Binding = clone(data[8:])
}

// clone copies b; nothing is nil.
func clone(b []byte) []byte { return append([]byte(nil), b...) }

// MarshalSessionsPEM encodes sessions in PEM, in their order: each one itself,
// the peer's certificates after the leaf, the staple, and the service. The
// result contains secrets, which are the caller's to wipe.
func MarshalSessionsPEM(sessions ...*Session) ([]byte, error) {
	blocks := make([]pem.Block, 0, len(sessions))
	defer func() {
		for _, b := range blocks {
			if b.Label == pemSession {
				clear(b.Bytes)
			}
		}
	}()
	for _, s := range sessions {
		der, err := MarshalSession(s)
		if err != nil {
			return nil, err
		}
		blocks = append(blocks, pem.Block{Label: pemSession, Bytes: der})
		if len(s.PeerChain) > 0 {
			for _, cert := range s.PeerChain[1:] {
				blocks = append(blocks, pem.Block{Label: pemCertificate, Bytes: cert})
			}
		}
		if len(s.Staple) > 0 {
			blocks = append(blocks, pem.Block{Label: pemStaple, Bytes: s.Staple})
		}
		if s.Service != "" {
			blocks = append(blocks, pem.Block{Label: pemService, Bytes: []byte(s.Service)})
		}
	}
	size := 0
	for _, b := range blocks {
		size += len(b.Bytes)*65/48 + 128
	}
	// One allocation, because a growing one leaves copies of the secrets behind.
	out := make([]byte, 0, size)
	for _, b := range blocks {
		out = pem.Append(out, b.Label, b.Bytes)
	}
	return out, nil
}

// ParseSessionsPEM returns the sessions in data, in their order, each with the
// certificates, the staple and the service that follow it. It passes over
// everything else.
func ParseSessionsPEM(data []byte) []*Session {
	var sessions []*Session
	var s *Session // that the blocks belong to; nil if to none
	for block := range pem.Blocks(data) {
		switch block.Label {
		case pemSession:
			var err error
			if s, err = ParseSession(block.Bytes); err == nil {
				sessions = append(sessions, s)
			}
			clear(block.Bytes)
		case pemCertificate:
			if s != nil && len(s.PeerChain) > 0 && isSequence(block.Bytes) {
				s.PeerChain = append(s.PeerChain, block.Bytes)
			}
		case pemStaple:
			if s != nil && s.Staple == nil {
				s.Staple = block.Bytes
			}
		case pemService:
			if s != nil && s.Service == "" && len(block.Bytes) <= maxService {
				s.Service = string(block.Bytes)
			}
		}
	}
	return sessions
}
