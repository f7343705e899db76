package protocol

import (
	"crypto"
	"io"
	"time"

	"libtls/internal/suite"
)

// ClientAuth says what a server asks of its clients.
type ClientAuth uint8

// The client authentication modes.
const (
	NoClientCert      ClientAuth = iota
	RequestClientCert            // ask; going without is fine
	RequireClientCert            // ask; going without is fatal
)

// Config is what is decided before a connection starts. The engine only reads
// it; one Config may serve many connections at a time.
type Config struct {
	Rand io.Reader // source of randomness; required

	MinVersion, MaxVersion uint16 // suite.TLS12 .. suite.TLS13

	Suites []suite.ID // allowed, in order of preference
	// PreferPeerSuites makes a server follow the client's order of suites.
	PreferPeerSuites bool
	Groups           []suite.Group // allowed, in order of preference
	// PreferPeerGroups makes a server follow the client's order of groups.
	PreferPeerGroups bool
	// KeyShares holds the groups a client sends key shares for at once. nil
	// means the first of Groups, and X25519 as well if that is the hybrid.
	KeyShares []suite.Group
	// Schemes holds the signature schemes accepted from the peer, in order
	// of preference.
	Schemes []suite.Scheme
	// CertSchemes holds the schemes accepted in certificates, if they differ
	// from Schemes (RFC 8446, 4.2.3); nil sends no list.
	CertSchemes []suite.Scheme

	// AnyKeyUsage accepts a certificate of the peer's whose key usage doesn't allow signing.
	AnyKeyUsage bool

	ALPN []string // client: protocols to offer, in order of preference

	// Client only.
	ServerName  string // SNI to send; empty sends none
	RequestOCSP bool   // ask for a staple
	// Tickets makes a client ask for tickets and keep sessions; a server
	// needs it to accept or issue any (RFC 5077, RFC 8446 4.6.1).
	Tickets bool
	// NoTickets12 leaves TLS 1.2 out of Tickets but for session ids.
	NoTickets12 bool
	Session     *Session // client: offered for resumption
	// SessionIDs makes a TLS 1.2 server give session ids where it gives no
	// tickets, and accept them. The caller stores the sessions by them.
	SessionIDs bool

	// PostHandshakeAuth makes a TLS 1.3 client say that it can authenticate
	// later, and a server able to ask such a client (RequestCertificate).
	PostHandshakeAuth bool

	// Server only.
	ClientAuth ClientAuth
	ClientCAs  [][]byte // raw DER names for CertificateRequest, at most 65535 bytes with two more each; may be empty
	// NoServerNameAck keeps a server from acknowledging server_name.
	NoServerNameAck bool

	KeyLog bool // keep secrets for TakeKeyLog

	// MaxCertificates bounds the bytes of a peer's Certificate message; 0 means
	// DefaultMaxCertificates.
	MaxCertificates int
}

// Credential is a certificate chain that the caller can sign for.
type Credential struct {
	Chain  [][]byte         // DER, leaf first
	Public crypto.PublicKey // of the leaf
	// Schemes may be signed with, in order of preference; nil means all that
	// Public can do. Others are passed over.
	Schemes []suite.Scheme
	Staple  []byte // OCSP response for the leaf, or nil
}

// Wait is what a connection needs before it can go on.
type Wait uint8

// The reasons to wait.
const (
	// WaitInput: the next record from the peer, for HandleRecord. Also the
	// state of an established connection.
	WaitInput Wait = iota
	// WaitSelect: a choice of credential (and, on a server, of ALPN), for
	// Select, by what Hello tells.
	WaitSelect
	// WaitTicket: whether the ticket or session id that OfferedTicket returns
	// can be resumed, for Ticket. Server only.
	WaitTicket
	// WaitSign: a signature, as SignRequest asks, for Signed.
	WaitSign
	// WaitVerify: a verdict on the peer's certificate (ChainToVerify,
	// Info().Staple), for Verified. Comes up in full handshakes only.
	WaitVerify
	// WaitSeal: TLS 1.2 servers: a sealed ticket for the session that
	// TicketToSeal returns, for Sealed.
	WaitSeal
	// WaitFailed: the connection is dead; Err says why.
	WaitFailed
)

// Hello is what a peer's hello (or its CertificateRequest) says that matters
// for the choice of a credential.
type Hello struct {
	Version     uint16 // negotiated
	ServerName  string // server: as sent; empty if none
	ALPN        []string
	Schemes     []suite.Scheme // the peer accepts in signatures
	CertSchemes []suite.Scheme // ... and in certificates; nil if the same
	CAs         [][]byte       // raw DER names of CAs the peer trusts, if it said
	OCSP        bool           // the peer wants a staple
	CertTypes   []byte         // TLS 1.2: ClientCertificateType values of the request
	// CertificateRequest tells that this is a client asked for a certificate.
	CertificateRequest bool
}

// Choice answers a WaitSelect.
type Choice struct {
	// Credential to use; nil means none: a client then sends an empty
	// Certificate, a server can only resume.
	Credential *Credential
	ALPN       string // server: protocol selected; empty sends none
	// Fail ends the handshake with this error if it isn't nil.
	Fail *Error
}

// SignRequest asks for one signature.
type SignRequest struct {
	Credential *Credential
	Scheme     suite.Scheme
	Message    []byte // to be hashed and signed; suite.SchemeInfo.Sign does
}

// Info is what is known about a connection. Before Established it may be
// incomplete and nothing in it is authenticated.
type Info struct {
	Version    uint16
	Suite      *suite.Suite
	Group      suite.Group  // 0 in a TLS 1.2 resumption
	ALPN       string       // protocol agreed
	ServerName string       // server: as the client sent it; client: as configured
	Resumed    bool         // no full handshake was made
	HelloRetry bool         // a HelloRetryRequest was needed
	PeerChain  [][]byte     // DER, leaf first; the peer has its key, or Session held it
	Staple     []byte       // OCSP response sent with the peer's leaf
	PeerScheme suite.Scheme // the peer signed with; 0 if it didn't
	Session    *Session     // that was resumed, if Resumed
	// TicketAgeSkew is by how much a client's idea of its ticket's age exceeds
	// the server's.
	TicketAgeSkew time.Duration
	// PostHandshakeAuths counts how often PeerChain has been replaced by
	// post-handshake authentication.
	PostHandshakeAuths int
	// ExtendedMasterSecret and SecureRenegotiation are of interest in TLS 1.2.
	ExtendedMasterSecret bool
	SecureRenegotiation  bool
}

// clock is the time the caller told; the engine has no other.
type clock struct{ now time.Time }

// SetTime tells the time, which ages sessions and tickets. The caller does
// so before the first step and may do so again at any time.
func (c *clock) SetTime(now time.Time) { c.now = now }

// Time returns what SetTime told last.
func (c *clock) Time() time.Time { return c.now }
