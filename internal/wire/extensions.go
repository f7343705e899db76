package wire

import (
	"golang.org/x/crypto/cryptobyte"

	"libtls/internal/suite"
)

// Extension types (RFC 8446, 4.2, and the registry).
const (
	ExtServerName           uint16 = 0
	ExtMaxFragmentLength    uint16 = 1
	ExtStatusRequest        uint16 = 5
	ExtSupportedGroups      uint16 = 10
	ExtECPointFormats       uint16 = 11
	ExtSignatureAlgorithms  uint16 = 13
	ExtALPN                 uint16 = 16
	ExtSCT                  uint16 = 18
	ExtServerCertType       uint16 = 20
	ExtPadding              uint16 = 21
	ExtExtendedMasterSecret uint16 = 23
	ExtSessionTicket        uint16 = 35
	ExtPreSharedKey         uint16 = 41
	ExtEarlyData            uint16 = 42
	ExtSupportedVersions    uint16 = 43
	ExtCookie               uint16 = 44
	ExtPSKModes             uint16 = 45
	ExtCertAuthorities      uint16 = 47
	ExtPostHandshakeAuth    uint16 = 49
	ExtSignatureAlgsCert    uint16 = 50
	ExtKeyShare             uint16 = 51
	ExtRenegotiationInfo    uint16 = 0xff01
)

func build(f func(b *cryptobyte.Builder)) []byte {
	var b cryptobyte.Builder
	f(&b)
	return b.BytesOrPanic()
}

// ServerName builds the client's server_name extension (RFC 6066, 3).
func ServerName(name string) []byte {
	return build(func(b *cryptobyte.Builder) {
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
			b.AddUint8(0)
			addBytes16(b, []byte(name))
		})
	})
}

// ParseServerName reads the client's server_name extension. Only host_name
// entries exist, one of them at most, and neither list nor name may be empty.
func ParseServerName(data []byte) (string, bool) {
	s := cryptobyte.String(data)
	var list cryptobyte.String
	var kind uint8
	var name []byte
	if !s.ReadUint16LengthPrefixed(&list) || !s.Empty() ||
		!list.ReadUint8(&kind) || kind != 0 || !readSome16(&list, &name) || !list.Empty() {
		return "", false
	}
	return string(name), true
}

// StatusRequest is the client's status_request extension: an OCSP request with
// no responders and no extensions named (RFC 6066, 8).
var StatusRequest = []byte{1, 0, 0, 0, 0}

// ParseStatusRequest reads the client's status_request extension and tells
// whether it asks for OCSP.
func ParseStatusRequest(data []byte) (ocsp, ok bool) {
	s := cryptobyte.String(data)
	var kind uint8
	if !s.ReadUint8(&kind) {
		return false, false
	}
	if kind != 1 {
		return false, true
	}
	var ids cryptobyte.String
	var exts []byte
	if !s.ReadUint16LengthPrefixed(&ids) || !readBytes16(&s, &exts) || !s.Empty() {
		return true, false
	}
	for !ids.Empty() {
		var id []byte
		if !readSome16(&ids, &id) {
			return true, false
		}
	}
	return true, true
}

// CertificateStatus builds the OCSP response that goes with a certificate.
func CertificateStatus(staple []byte) []byte {
	return build(func(b *cryptobyte.Builder) {
		b.AddUint8(1)
		addBytes24(b, staple)
	})
}

// ParseCertificateStatus reads the OCSP response that goes with a certificate.
func ParseCertificateStatus(data []byte) (staple []byte, ok bool) {
	s := cryptobyte.String(data)
	var kind uint8
	ok = s.ReadUint8(&kind) && kind == 1 && readBytes24(&s, &staple) && len(staple) > 0 && s.Empty()
	return staple, ok
}

// Codes builds an extension that is one list of two-byte code points.
func Codes[T code](list []T) []byte {
	return build(func(b *cryptobyte.Builder) { addCodes(b, list) })
}

// ParseCodes reads an extension that is one list of two-byte code points.
func ParseCodes[T code](data []byte) (list []T, ok bool) {
	s := cryptobyte.String(data)
	ok = readCodes(&s, &list) && s.Empty()
	return list, ok
}

// Versions builds the client's supported_versions.
func Versions(list []uint16) []byte {
	return build(func(b *cryptobyte.Builder) {
		b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) {
			for _, v := range list {
				b.AddUint16(v)
			}
		})
	})
}

// ParseVersions reads the client's supported_versions.
func ParseVersions(data []byte) (list []uint16, ok bool) {
	s := cryptobyte.String(data)
	var body cryptobyte.String
	if !s.ReadUint8LengthPrefixed(&body) || !s.Empty() || len(body) == 0 || len(body)%2 != 0 {
		return nil, false
	}
	for !body.Empty() {
		var v uint16
		body.ReadUint16(&v)
		list = append(list, v)
	}
	return list, true
}

// Uint16 builds an extension that is one two-byte value.
func Uint16[T code](v T) []byte {
	return []byte{byte(v >> 8), byte(v)}
}

// ParseUint16 reads an extension that is one two-byte value.
func ParseUint16[T code](data []byte) (v T, ok bool) {
	if len(data) != 2 {
		return 0, false
	}
	return T(data[0])<<8 | T(data[1]), true
}

// Protocols builds an ALPN extension (RFC 7301, 3.1).
func Protocols(list []string) []byte {
	return build(func(b *cryptobyte.Builder) {
		addList16(b, list, func(b *cryptobyte.Builder, name string) { addBytes8(b, []byte(name)) })
	})
}

// ParseProtocols reads an ALPN extension; no name may be empty.
func ParseProtocols(data []byte) (list []string, ok bool) {
	s := cryptobyte.String(data)
	ok = readList16(&s, &list, func(s *cryptobyte.String, name *string) bool {
		var b []byte
		ok := readBytes8(s, &b) && len(b) > 0
		*name = string(b)
		return ok
	})
	return list, ok && len(list) > 0 && s.Empty()
}

// CertTypeX509 is the X.509 certificate type (RFC 7250, 3).
const CertTypeX509 uint8 = 0

// PSKDHE is the psk_dhe_ke mode (RFC 8446, 4.2.9).
const PSKDHE uint8 = 1

// PSKModes builds psk_key_exchange_modes.
func PSKModes(modes ...uint8) []byte {
	return build(func(b *cryptobyte.Builder) { addBytes8(b, modes) })
}

// ParseBytes8 reads an extension that is one list of bytes, not empty, such as
// psk_key_exchange_modes.
func ParseBytes8(data []byte) (v []byte, ok bool) {
	s := cryptobyte.String(data)
	ok = readBytes8(&s, &v) && len(v) > 0 && s.Empty()
	return v, ok
}

// KeyShare is one entry of key_share.
type KeyShare struct {
	Group suite.Group
	Data  []byte
}

func addShare(b *cryptobyte.Builder, k KeyShare) {
	b.AddUint16(uint16(k.Group))
	addBytes16(b, k.Data)
}

func readShare(s *cryptobyte.String, k *KeyShare) bool {
	return s.ReadUint16((*uint16)(&k.Group)) && readSome16(s, &k.Data)
}

// ClientShares builds the client's key_share.
func ClientShares(list []KeyShare) []byte {
	return build(func(b *cryptobyte.Builder) { addList16(b, list, addShare) })
}

// ParseClientShares reads the client's key_share, which may be empty.
func ParseClientShares(data []byte) (list []KeyShare, ok bool) {
	s := cryptobyte.String(data)
	ok = readList16(&s, &list, readShare) && s.Empty()
	return list, ok
}

// ServerShare builds the server's key_share.
func ServerShare(k KeyShare) []byte {
	return build(func(b *cryptobyte.Builder) { addShare(b, k) })
}

// ParseServerShare reads the server's key_share.
func ParseServerShare(data []byte) (k KeyShare, ok bool) {
	s := cryptobyte.String(data)
	ok = readShare(&s, &k) && s.Empty()
	return k, ok
}

// Bytes16 builds an extension that is one byte string with a two-byte length,
// such as cookie.
func Bytes16(v []byte) []byte {
	return build(func(b *cryptobyte.Builder) { addBytes16(b, v) })
}

// ParseBytes16 reads an extension that is one byte string with a two-byte
// length, which may not be empty.
func ParseBytes16(data []byte) (v []byte, ok bool) {
	s := cryptobyte.String(data)
	ok = readSome16(&s, &v) && s.Empty()
	return v, ok
}

// Authorities builds certificate_authorities from raw DER names.
func Authorities(names [][]byte) []byte {
	return build(func(b *cryptobyte.Builder) { addList16(b, names, addBytes16) })
}

// ParseAuthorities reads certificate_authorities.
func ParseAuthorities(data []byte) (names [][]byte, ok bool) {
	s := cryptobyte.String(data)
	ok = readList16(&s, &names, readSome16) && len(names) > 0 && s.Empty()
	return names, ok
}

// Identity is one PSK that a client offers.
type Identity struct {
	Ticket        []byte
	ObfuscatedAge uint32 // milliseconds, plus the ticket's age_add
}

// Offer is the client's pre_shared_key (RFC 8446, 4.2.11).
type Offer struct {
	Identities []Identity
	Binders    [][]byte
}

// BindersSize returns how many bytes the binders take at the end of the
// extension, length included; the transcript of a binder ends before them.
func (o *Offer) BindersSize() int {
	n := 2
	for _, b := range o.Binders {
		n += 1 + len(b)
	}
	return n
}

// Marshal builds the extension.
func (o *Offer) Marshal() []byte {
	return build(func(b *cryptobyte.Builder) {
		addList16(b, o.Identities, func(b *cryptobyte.Builder, id Identity) {
			addBytes16(b, id.Ticket)
			b.AddUint32(id.ObfuscatedAge)
		})
		addList16(b, o.Binders, addBytes8)
	})
}

// ParseOffer reads the client's pre_shared_key. The two lists may differ in length.
func ParseOffer(data []byte) (*Offer, bool) {
	o := new(Offer)
	s := cryptobyte.String(data)
	ok := readList16(&s, &o.Identities, func(s *cryptobyte.String, id *Identity) bool {
		return readSome16(s, &id.Ticket) && s.ReadUint32(&id.ObfuscatedAge)
	}) && readList16(&s, &o.Binders, readBytes8)
	return o, ok && len(o.Identities) > 0 && len(o.Binders) > 0 && s.Empty()
}
