// Package tls gives the functions of libtls their meaning: settings, the
// configuration and connection of contexts, and the policy of a connection. It
// does no I/O on connections; the C front does.
package tls

import (
	"bytes"
	"crypto/rand"
	"sync"
	"sync/atomic"
	"time"

	"libtls"
	"libtls/internal/drive"
	"libtls/internal/suite"
	"libtls/internal/trust"
)

// The limits of a session's lifetime, in seconds.
const (
	minSessionLifetime = 4
	maxSessionLifetime = 86400
)

// clientAuth says what a server asks of its clients.
type clientAuth uint8

const (
	clientCertNone clientAuth = iota
	clientCertOptional
	clientCertRequired
)

// Config is a tls_config: settings as plain data, shared by the contexts that
// were configured with it. Setters must not run at the same time as anything
// else that uses the Config, but for those that live servers listen to: ticket
// keys, session lifetime, OCSP staples and ALPN.
type Config struct {
	refs atomic.Int32
	mu   sync.Mutex // guards what live servers listen to

	protocols    uint32
	suites       []suite.ID    // in order of preference; nil is the default
	groups       []suite.Group // nil is the default
	alpn         []string      // nil is off
	preferClient bool

	ca     *trust.Anchors // nil if not set; empty if there is no certificate in what was set
	caPath string         // hashed directories; empty if not set
	crl    *[]byte        // PEM that doesn't change; nil if not set
	crls   *trust.CRLs    // of crl, if that has been parsed

	keypair keypair   // the primary one
	added   []keypair // further ones, for SNI
	encoded int       // of added; see Grown
	// renewed is what Reload has servers use, the primary keypair first, until
	// their next tls_configure; renewals counts how often.
	renewed  []keypair
	renewals int
	// skipKeyCheck is for programs that keep their private keys elsewhere.
	skipKeyCheck bool
	// The program's callback that signs, as addresses; 0 is none.
	signCallback, signArg uint64

	verifyDepth                              int // intermediates; negative is the default
	noVerifyCert, noVerifyName, noVerifyTime bool
	clientAuth                               clientAuth
	requireStaple                            bool

	keyLog     *keyLog             // nil is off
	sessions   *libtls.SessionFile // nil is off
	sessionID  [libtls.MaxSessionID]byte
	idSize     int           // of sessionID as the program set it
	lifetime   time.Duration // of sessions; 0 is off
	numTickets int           // after a full handshake with TLS 1.3
	tickets    *libtls.TicketKeys
	keyFile    bool // tickets are sealed with the keys of a file
}

// NewConfig returns a Config with libtls's defaults, held once.
func NewConfig() *Config {
	c := &Config{
		protocols:   ProtocolsDefault,
		verifyDepth: 6,
		numTickets:  libtls.DefaultTickets,
		tickets:     libtls.NewTicketKeys(),
	}
	c.refs.Store(1)
	rand.Read(c.sessionID[:])
	return c
}

// Retain counts one more holder of c.
func (c *Config) Retain() { c.refs.Add(1) }

// Release counts one holder less. The last one wipes the secrets.
func (c *Config) Release() {
	if c.refs.Add(-1) == 0 {
		c.ClearKeys()
		wipeKeys(c.renewed)
		c.tickets.Wipe()
	}
}

// SetCAMem is tls_config_set_ca_mem; nil clears.
func (c *Config) SetCAMem(pem []byte) error {
	if err := checkLength("ca", pem); err != nil {
		return err
	}
	c.ca = nil
	if pem == nil {
		return nil
	}
	var err error
	if c.ca, err = trust.ParseAnchors(pem); err != nil {
		c.ca = new(trust.Anchors) // tls_configure and tls_connect tell
	}
	return nil
}

// SetCAPath is tls_config_set_ca_path; an empty path clears.
func (c *Config) SetCAPath(path string) error {
	c.caPath = path
	return nil
}

// SetCRLMem is tls_config_set_crl_mem; nil clears.
func (c *Config) SetCRLMem(pem []byte) error {
	if err := checkLength("crl", pem); err != nil {
		return err
	}
	c.crl, c.crls = nil, nil
	if pem != nil {
		text := bytes.Clone(pem)
		c.crl = &text
	}
	return nil
}

// SetVerifyDepth is tls_config_set_verify_depth: how many intermediate
// certificates a chain may have.
func (c *Config) SetVerifyDepth(depth int) { c.verifyDepth = depth }

// Verify is tls_config_verify.
func (c *Config) Verify() {
	c.noVerifyCert, c.noVerifyName, c.noVerifyTime = false, false, false
}

// InsecureNoVerifyCert is tls_config_insecure_noverifycert.
func (c *Config) InsecureNoVerifyCert() { c.noVerifyCert = true }

// InsecureNoVerifyName is tls_config_insecure_noverifyname.
func (c *Config) InsecureNoVerifyName() { c.noVerifyName = true }

// InsecureNoVerifyTime is tls_config_insecure_noverifytime.
func (c *Config) InsecureNoVerifyTime() { c.noVerifyTime = true }

// VerifyClient is tls_config_verify_client.
func (c *Config) VerifyClient() { c.clientAuth = clientCertRequired }

// VerifyClientOptional is tls_config_verify_client_optional.
func (c *Config) VerifyClientOptional() { c.clientAuth = clientCertOptional }

// OCSPRequireStapling is tls_config_ocsp_require_stapling.
func (c *Config) OCSPRequireStapling() { c.requireStaple = true }

// SkipPrivateKeyCheck is tls_config_skip_private_key_check.
func (c *Config) SkipPrivateKeyCheck() { c.skipKeyCheck = true }

// UseFakePrivateKey is tls_config_use_fake_private_key. There is nothing to
// fake: without a key and a callback a handshake fails that needs a signature.
func (c *Config) UseFakePrivateKey() { c.SkipPrivateKeyCheck() }

// SetSessionFD is tls_config_set_session_fd: the descriptor of a client's
// session file, which stays the program's. -1 switches the feature off; a
// descriptor that is refused changes nothing.
func (c *Config) SetSessionFD(fd int) error {
	if fd == -1 {
		c.sessions = nil
		return nil
	}
	f, err := libtls.NewSessionFile(fd)
	if err != nil {
		return asError(err)
	}
	c.sessions = f
	return nil
}

// SetSessionID is tls_config_set_session_id: the context that a server's
// sessions belong to, padded with zeros.
func (c *Config) SetSessionID(id []byte) error {
	if len(id) > len(c.sessionID) {
		return invalidArgument("session ID too large")
	}
	clear(c.sessionID[:])
	c.idSize = copy(c.sessionID[:], id)
	return nil
}

// context returns what a server puts into its sessions. Those that have keys from
// a file get no random one of their own, nor, as other programs with that file
// don't, zeros behind it.
func (c *Config) context() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.keyFile {
		return c.sessionID[:c.idSize]
	}
	return c.sessionID[:]
}

// SetSessionLifetime is tls_config_set_session_lifetime, in seconds; 0
// switches a server's sessions off.
func (c *Config) SetSessionLifetime(seconds int) error {
	switch {
	case seconds > maxSessionLifetime:
		return invalidArgument("session lifetime too large")
	case seconds != 0 && seconds < minSessionLifetime:
		return invalidArgument("session lifetime too small")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lifetime = time.Duration(seconds) * time.Second
	return nil
}

// sessionLifetime returns the lifetime configured now.
func (c *Config) sessionLifetime() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lifetime
}

// SetNumTickets is tls_config_set_num_tickets: how many tickets a server issues
// after a full handshake with TLS 1.3. After a resumption it is at most one.
func (c *Config) SetNumTickets(n uint64) error {
	if n > libtls.MaxTickets {
		return invalidArgument("number of tickets too large")
	}
	c.numTickets = int(n)
	return nil
}

// AddTicketKey is tls_config_add_ticket_key.
func (c *Config) AddTicketKey(revision uint32, key []byte) error {
	if err := c.tickets.Add(revision, key, drive.Now()); err != nil {
		return asError(err)
	}
	return nil
}

// SetTicketKeyFile is tls_config_set_ticket_key_file with the content of the
// file; nil is none, and has keys made automatically.
func (c *Config) SetTicketKeyFile(data []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if data == nil {
		if c.keyFile {
			c.tickets.DropFile()
		}
	} else if err := c.tickets.SetFile(data); err != nil {
		return asError(err)
	}
	c.keyFile = data != nil
	return nil
}
