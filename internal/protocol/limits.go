package protocol

import "libtls/internal/wire"

// Every limit that keeps a peer from making us work or store for nothing.
const (
	// DefaultMaxCertificates bounds a Certificate or CertificateRequest message.
	DefaultMaxCertificates = 100 << 10

	// MaxTicket is the longest ticket that a server issues, and that a client
	// keeps and offers, in bytes. A longer one leaves a ClientHello little room.
	MaxTicket = 1 << 15

	// MaxTicketLifetime bounds a TLS 1.3 ticket, in seconds (RFC 8446, 4.6.1).
	MaxTicketLifetime = 7 * 24 * 3600

	// maxClientHello is the longest that the fields' own lengths allow.
	maxClientHello     = 2 + 32 + (1 + 32) + (2 + 1<<16 - 2) + (1 + 1<<8 - 1) + (2 + 1<<16 - 1)
	maxTicketMessage   = 1<<16 + 1<<10 // NewSessionTicket with a full ticket
	maxMessage         = 16 << 10      // any other handshake message
	maxStaple          = 1<<16 - 9     // room beside a certificate in TLS 1.3
	maxEmptyRecords    = 32            // in a row
	maxWarnings        = 4             // in a row
	maxKeyUpdates      = 32            // in a row, no data between them
	maxRenegotiations  = 4             // asked for in a row, no data between them
	maxAuthRequests    = 32            // that a client answers in a row, no data between them
	maxSkippedEarly    = 16 << 10      // bytes of early data nobody asked for
	maxIdentities      = 8             // PSKs of one ClientHello looked at
	maxPendingSessions = 8             // tickets kept until the caller takes them

	// SealBatch is the most application data that one Seal takes, in bytes.
	SealBatch = 64 << 10
)

// counters counts what a peer may do only so often in a row.
type counters struct {
	empty, warnings, keyUpdates, renegotiations, authRequests, skippedEarly int
}

// messageLimit returns how long a message of that type may be.
func (c *Conn) messageLimit(t wire.Type) int {
	switch t {
	case wire.TypeCertificate, wire.TypeCertificateRequest:
		if c.cfg.MaxCertificates > 0 {
			return c.cfg.MaxCertificates
		}
		return DefaultMaxCertificates
	case wire.TypeClientHello:
		return maxClientHello
	case wire.TypeNewSessionTicket:
		return maxTicketMessage
	}
	return maxMessage
}
