package protocol

import "libtls/internal/wire"

// where is a set of messages that an extension may stand in.
type where uint16

const (
	inClientHello where = 1 << iota
	inServerHello
	inHelloRetry
	inEncryptedExtensions
	inCertificateRequest
	inCertificate
	inNewSessionTicket
	inServerHello12

	// answers may hold only what was offered.
	answers = inServerHello | inHelloRetry | inEncryptedExtensions | inCertificate | inServerHello12
)

// extensionTable says in which messages each known extension may stand
// (RFC 8446, 4.2; the TLS 1.2 ServerHello by each extension's own RFC).
var extensionTable = map[uint16]where{
	wire.ExtServerName:          inClientHello | inEncryptedExtensions | inServerHello12,
	wire.ExtStatusRequest:       inClientHello | inCertificateRequest | inCertificate | inServerHello12,
	wire.ExtSupportedGroups:     inClientHello | inEncryptedExtensions | inServerHello12, // some servers' mistake
	wire.ExtSignatureAlgorithms: inClientHello | inCertificateRequest,
	wire.ExtSignatureAlgsCert:   inClientHello | inCertificateRequest,
	wire.ExtALPN:                inClientHello | inEncryptedExtensions | inServerHello12,
	wire.ExtSCT:                 inClientHello | inCertificateRequest | inCertificate,
	wire.ExtPadding:             inClientHello,
	wire.ExtPreSharedKey:        inClientHello | inServerHello,
	wire.ExtEarlyData:           inClientHello | inEncryptedExtensions | inNewSessionTicket,
	wire.ExtSupportedVersions:   inClientHello | inServerHello | inHelloRetry,
	wire.ExtCookie:              inClientHello | inHelloRetry,
	wire.ExtPSKModes:            inClientHello,
	wire.ExtCertAuthorities:     inClientHello | inCertificateRequest,
	wire.ExtPostHandshakeAuth:   inClientHello,
	wire.ExtKeyShare:            inClientHello | inServerHello | inHelloRetry,
	// TLS 1.2 only.
	wire.ExtECPointFormats:       inClientHello | inServerHello12,
	wire.ExtExtendedMasterSecret: inClientHello | inServerHello12,
	wire.ExtSessionTicket:        inClientHello | inServerHello12,
	wire.ExtRenegotiationInfo:    inClientHello | inServerHello12,
}

// changeable are the extensions that may differ between a ClientHello and the
// one that answers a HelloRetryRequest (RFC 8446, 4.1.2).
var changeable = []uint16{wire.ExtKeyShare, wire.ExtEarlyData, wire.ExtCookie, wire.ExtPreSharedKey, wire.ExtPadding}

// extensions is a message's extensions by type.
type extensions map[uint16][]byte

// index puts a message's extensions in order and refuses what may not stand
// there. Requests may hold extensions we don't know, which are ignored;
// answers may hold only what was offered (RFC 8446, 4.2).
func (c *Conn) index(list []wire.Extension, at where) (extensions, *Error) {
	exts := make(extensions, len(list))
	for _, e := range list {
		if _, twice := exts[e.Type]; twice {
			if at&(inHelloRetry|inNewSessionTicket) != 0 {
				return nil, errDuplicateExtension.with(AlertIllegalParameter)
			}
			return nil, errDuplicateExtension
		}
		exts[e.Type] = e.Data
	}
	// An extension that belongs only into a ClientHello or TLS 1.2 is recognised
	// elsewhere, offered or not (RFC 8446, 4.2).
	const other = inClientHello | inServerHello12
	for _, e := range list {
		places, known := extensionTable[e.Type]
		switch {
		case known && at&other == 0 && places&^other == 0:
			return nil, errMisplacedExtension
		case known && places&at == 0,
			at&answers != 0 && (!known || !c.offered(e.Type, at)):
			return nil, errUnexpectedExtension
		}
	}
	return exts, nil
}

// offered tells whether we asked for what the peer answers.
func (c *Conn) offered(ext uint16, at where) bool {
	if !c.client {
		// A client's Certificate answers our CertificateRequest, which asks
		// for no extensions on certificates.
		return false
	}
	if at == inHelloRetry && ext == wire.ExtCookie {
		return true // RFC 8446, 4.2: the one exception
	}
	for _, e := range c.hs.offer.Extensions {
		if e.Type == ext {
			return true
		}
	}
	return false
}
