package tls

import (
	"crypto/sha256"
	"slices"
	"sync"

	"libtls"
	"libtls/internal/drive"
	"libtls/internal/protocol"
	"libtls/internal/suite"
	"libtls/internal/trust"
)

// role is what a context is for; it never changes.
type role uint8

const (
	roleClient     role = iota
	roleServer          // a listener, which carries no connection
	roleServerConn      // one that a listener accepted
)

// Context is a struct tls: a client, a listener or an accepted connection.
// One context is for one thread at a time.
type Context struct {
	role     role
	config   *Config
	err      *Error
	listener *listener // a server's; and that of which a connection was accepted
	// These name the system's trust store; see SystemStore.
	certFile, certDir string
	system            *trust.System  // during a call that uses it
	store             *trust.Anchors // that store if it has been read, or nil
	encoded           drive.Encoded[progress]
	connection
}

// connection is the part of a Context that each connect makes anew.
type connection struct {
	drive.Conn
	name    string // of the server, as given to connect; no trailing dot
	hasName bool
	service string              // of the server, for file
	policy  trust.Options       // for the peer's certificate
	cred    *indexed            // what this end signs with, if anything
	file    *libtls.SessionFile // a client's; nil if none
	offered *libtls.Session     // from file
	// offers are the verdicts on sessions of the file, by their chains; nil unless Connecting.
	offers map[[sha256.Size]byte]*trust.Verification
	saves  libtls.Saves // into file
	peer   peer
	// sessionID is that by which a TLS 1.2 server lets the connection be resumed.
	sessionID []byte
	progress
}

// progress is what changes of a connection, besides its engine.
type progress struct {
	signing    *SignRequest // that the program has yet to answer
	cause      *Error       // of Dead
	ticketsDue int          // tickets a server has yet to send
	ocsp       ocspState
}

// listener is a server's configuration, made ready by tls_configure. The
// connections accepted until the next tls_configure share it.
type listener struct {
	config   *Config
	engine   *protocol.Config
	primary  *indexed
	added    []*indexed
	renewals int           // of config's keypairs, until these
	policy   trust.Options // for clients' certificates
	rules    []byte        // by which they are accepted; nil if none is asked for
	alpn     bool          // select a protocol by the list the configuration then has
	sessions bool          // resume sessions and issue tickets
	tickets  int           // after a full handshake with TLS 1.3
	context  []byte        // of its sessions
}

var defaultConfig = sync.OnceValue(NewConfig)

func newContext(r role, c *Config) *Context {
	c.Retain()
	return &Context{role: r, config: c}
}

// NewClient is tls_client.
func NewClient() *Context { return newContext(roleClient, defaultConfig()) }

// NewServer is tls_server.
func NewServer() *Context { return newContext(roleServer, defaultConfig()) }

// Err returns the latest failure of any of the context's methods. Step
// forgets it first.
func (t *Context) Err() *Error { return t.err }

// record keeps err for Err and returns it.
func (t *Context) record(err *Error) error {
	t.err = err
	return err
}

// SystemStore tells the values of SSL_CERT_FILE and SSL_CERT_DIR, empty if not
// set, for the Configure or Connect that follows, and what has been read then if
// the configuration NeedsSystem.
func (t *Context) SystemStore(file, dir string, s *trust.System) {
	t.certFile, t.certDir, t.system = file, dir, s
}

// Configure is tls_configure; nil stands for the default configuration. A
// server that can't use its configuration is left unable to accept.
func (t *Context) Configure(c *Config) error {
	if t.role == roleServerConn {
		return nil // what it was accepted under stays
	}
	if c == nil {
		c = defaultConfig()
	}
	c.Retain()
	t.config.Release()
	t.config, t.listener = c, nil
	if t.role == roleClient {
		return nil
	}
	l, err := t.newListener(c)
	t.system = nil
	if err != nil {
		return t.record(err)
	}
	t.listener = l
	return nil
}

// Free is tls_free, or tls_reset, which is followed by another context. The context must not be used any more.
func (t *Context) Free() {
	t.disconnect()
	t.config.Release()
	*t = Context{role: t.role}
}

// disconnect forgets the connection and wipes its secrets.
func (t *Context) disconnect() {
	if t.Engine != nil {
		t.Engine.Wipe()
		t.wipeSession()
	}
	t.connection = connection{}
}

// wipeSession clears the secret of a session that was offered or resumed.
func (t *Context) wipeSession() {
	for _, s := range []*libtls.Session{t.offered, t.Engine.Info().Session} {
		if s != nil {
			clear(s.Secret)
		}
	}
}

func (t *Context) newListener(c *Config) (*listener, *Error) {
	l := &listener{
		config:   c,
		renewals: c.renewals,
		alpn:     c.alpnList() != nil,
		sessions: c.sessionLifetime() > 0,
		tickets:  c.numTickets,
		context:  slices.Clone(c.context()),
	}
	var err *Error
	if l.primary, err = c.credential(primary, true); err != nil {
		return nil, err
	}
	for i := range c.added {
		cred, err := c.credential(i, true)
		if err != nil {
			return nil, err
		}
		l.added = append(l.added, cred)
	}
	l.engine = c.engine()
	l.engine.Tickets = l.sessions
	l.engine.SessionIDs = l.sessions
	l.engine.PreferPeerSuites = c.preferClient
	if !usable(l.engine, l.primary, l.added) {
		return nil, failure("no cipher suite can be used with the certificates' keys")
	}
	switch c.clientAuth {
	case clientCertOptional:
		l.engine.ClientAuth = protocol.RequestClientCert
	case clientCertRequired:
		l.engine.ClientAuth = protocol.RequireClientCert
	}
	if c.clientAuth != clientCertNone {
		if l.policy, err = t.newPolicy(trust.ClientAuth); err != nil {
			return nil, err
		}
		l.rules = t.rules()
	}
	return l, nil
}

// usable tells whether any of a server's certificates fits a suite. With TLS 1.3
// each does, and one that isn't there is looked for later.
func usable(e *protocol.Config, primary *indexed, added []*indexed) bool {
	if e.MaxVersion != suite.TLS12 {
		return true
	}
	none := true
	for _, cred := range append([]*indexed{primary}, added...) {
		if !cred.CanSign() {
			continue
		}
		none = false
		auth := suite.KeyTypeOf(cred.Leaf.PublicKey)
		if auth == suite.KeyEd25519 {
			auth = suite.KeyECDSA
		}
		if slices.ContainsFunc(e.Suites, func(id suite.ID) bool { return suite.ByID(id).Auth == auth }) {
			return true
		}
	}
	return none
}

// engine returns what the engine has to know, but for what only one role needs.
func (c *Config) engine() *protocol.Config {
	suites, groups := c.suites, c.groups
	if suites == nil {
		suites = defaultSuites()
	}
	if groups == nil {
		groups = suite.DefaultGroups
	}
	e := drive.NewConfig(suites, groups, func(version uint16) bool {
		return c.protocols&protocolBits[version] != 0
	})
	e.AnyKeyUsage = c.noVerifyCert
	e.KeyLog = c.keyLog != nil
	return e
}
