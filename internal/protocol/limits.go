package protocol

import "libtls/internal/wire"

// Every limit that keeps a peer from making us work or store for nothing.
const (
	// DefaultMaxCertificates bounds a Certificate or CertificateRequest message.
	DefaultMaxCertificates = 100 << 10

	maxMessage         = 16 << 10      // any other handshake message
	maxTicketMessage   = 1<<16 + 1<<10 // NewSessionTicket with a full ticket
	maxTicket          = 1 << 15       // a longer one leaves a ClientHello little room
	maxStaple          = 1<<16 - 9     // room beside a certificate in TLS 1.3
	maxEmptyRecords    = 32            // in a row
	maxWarnings        = 4             // in a row
	maxKeyUpdates      = 32            // in a row, no data between them
	maxSkippedEarly    = 16 << 10      // bytes of early data nobody asked for
	maxIdentities      = 8             // PSKs of one ClientHello looked at
	maxPendingSessions = 8             // tickets kept until the caller takes them
	maxRSABits         = 8192          // a larger key costs its verifier more than its owner
	maxTicketLifetime  = 7 * 24 * 3600 // seconds; RFC 8446, 4.6.1

	// SealBatch is the most application data that one Seal takes, in bytes.
	SealBatch = 64 << 10
)

// counters counts what a peer may do only so often in a row.
type counters struct {
	empty, warnings, keyUpdates, skippedEarly int
}

// messageLimit returns how long a message of that type may be.
func (c *Conn) messageLimit(t wire.Type) int {
	switch t {
	case wire.TypeCertificate, wire.TypeCertificateRequest:
		if c.cfg.MaxCertificates > 0 {
			return c.cfg.MaxCertificates
		}
		return DefaultMaxCertificates
	case wire.TypeNewSessionTicket:
		return maxTicketMessage
	}
	return maxMessage
}
