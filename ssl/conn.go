package ssl

import (
	"crypto/sha256"
	"time"

	"libtls/internal/credential"
	"libtls/internal/drive"
	"libtls/internal/protocol"
	"libtls/internal/suite"
	"libtls/internal/trust"
)

// Callbacks are those that a program has set, as bits.
type Callbacks uint

// The callbacks that a Step asks for.
const (
	HasServerName Callbacks = 1 << iota
	HasALPN
	HasVerify
	HasNewSession
)

// The questions to a program's callbacks. Each is Answered with the callback's
// result.
const (
	AskServerName = drive.Ask + iota
	AskALPN       // about OfferedALPN
	AskVerify     // about Preverified
	AskNewSession // about Session
)

// Conn is an SSL. It is for one thread at a time.
type Conn struct {
	Settings
	ctx    *Context // that SSL_set_SSL_CTX changes: certificates, trust
	first  *Context // that SSL_new had: sessions, ticket keys
	creds  credential.Set
	client bool

	session  *Session // current; nil if none
	sessions uint64   // how often that has changed
	changes  uint64   // of what a program sets
	timeout  int64    // of sessions, in seconds
	encoded  drive.Encoded[revision]
	connection

	// These belong to the present Step.
	callbacks Callbacks
	lost      bool // nothing can be written any more
	entered   bool
}

// connection is the part of a Conn that SSL_clear makes anew.
type connection struct {
	drive.Conn
	cfg      *protocol.Config
	chain    [][]byte // of the peer
	verdicts []verdict
	fresh    []*Session
	progress
}

// progress is the part of a connection that can be compared.
type progress struct {
	err    *Error // the latest failure
	reused bool
	result int // X509_V_* of the peer's certificate
	judged int // the same of the one that was verified last
	auths  int // post-handshake authentications seen
	cred   *credential.Credential

	// Answers of the program, and what it is being asked.
	choice       protocol.Choice
	nameAsked    bool // the server-name callback has been called
	nameAccepted bool // ... and took the name
	alpnAsked    bool // the ALPN callback has been called
	verdict      int  // index of the one that the verify callback is asked about
	refused      bool // the verify callback said no

	resuming *Session // offered, or opened

	ticketsDue  bool   // after a handshake or authentication
	ticketsSent uint64 // since then
	extra       int    // tickets that SSL_new_session_ticket asked for
	flush       bool
	request     requestState
	update      updateState
}

// requestState is where a post-handshake authentication stands.
type requestState uint8

const (
	noRequest requestState = iota
	requestDue
	requestSent
)

// updateState is what keys a program wants changed before anything else is sent.
type updateState uint8

const (
	noUpdate   updateState = iota
	updateOwn              // ours
	updateBoth             // and the peer's
)

// Credentials are what a connection may show of itself: its context's when it
// was made.
type Credentials = credential.Set

// NewConn is SSL_new.
func NewConn(ctx *Context) *Conn {
	ctx.mu.Lock()
	defer ctx.mu.Unlock()
	return &Conn{Settings: ctx.Settings, ctx: ctx, first: ctx, creds: ctx.creds, changes: 1}
}

// Err returns why the latest Step failed.
func (c *Conn) Err() *Error { return c.err }

// SetRole makes the connection a client's or a server's.
func (c *Conn) SetRole(client bool) {
	if c.Engine == nil {
		c.client = client
		c.changes++
	}
}

// Context returns the present SSL_CTX.
func (c *Conn) Context() *Context { return c.ctx }

// SetContext is SSL_set_SSL_CTX. The session id context goes along if the
// connection's is still that of its context.
func (c *Conn) SetContext(ctx *Context) {
	old := c.ctx
	old.mu.Lock()
	same := string(old.context) == string(c.context)
	old.mu.Unlock()
	ctx.mu.Lock()
	defer ctx.mu.Unlock()
	c.ctx, c.creds = ctx, ctx.creds
	c.changes++
	if same {
		c.context = ctx.context
	}
}

// Get returns a setting of the connection.
func (c *Conn) Get(s Setting) int64 { return c.numbers[s] }

// Set changes a setting of the connection.
func (c *Conn) Set(s Setting, v int64) {
	c.numbers[s] = v
	c.changes++
}

// Change calls change with the settings of the connection.
func (c *Conn) Change(change func(*Settings) *Error) *Error {
	c.changes++
	return change(&c.Settings)
}

// Step carries an operation on as far as it goes without I/O and callbacks,
// which are those that the program has set. Lost tells that nothing can be
// written any more. A connection that has failed can't be used any more.
func (c *Conn) Step(op drive.Op, io *drive.IO, callbacks Callbacks, lost bool) drive.Step {
	c.callbacks, c.lost, c.entered = callbacks, lost, false
	c.err = nil
	if c.Dead {
		return c.fail(errShutdown)
	}
	if c.Engine == nil {
		if err := c.begin(); err != nil {
			return c.fail(err)
		}
	}
	owed := op == drive.Write && c.Engine.OwesKeyUpdate()
	step := c.Conn.Step(c, op, io)
	c.entered = io.Record != nil && c.Engine.GotHandshake() || owed && step == drive.Done
	return step
}

// Entered tells whether the latest Step took a handshake message, or sent the
// key update that the peer had asked for.
func (c *Conn) Entered() bool { return c.entered }

// TakesEOF is what SSL_OP_IGNORE_UNEXPECTED_EOF says.
func (c *Conn) TakesEOF() bool { return c.has(optionIgnoreUnexpectedEOF) }

func (c *Conn) fail(err *Error) drive.Step {
	c.err = err
	return drive.Failed
}

// Died makes the engine's error the connection's. The session is not to be
// resumed any more.
func (c *Conn) Died(_ drive.Op, err error) {
	if c.err == nil {
		c.err = engineError(err)
	}
	if c.session != nil {
		c.first.RemoveSession(c.session)
	}
}

// begin starts a handshake.
func (c *Conn) begin() *Error {
	c.cfg = c.engineConfig()
	if c.cfg.MaxVersion == 0 {
		return errNoProtocols
	}
	if c.timeout = c.first.getOwn(Timeout); c.timeout == 0 {
		c.timeout = defaultTimeout
	}
	if !c.client {
		c.first.count(accepts)
		c.cfg.PostHandshakeAuth = true
		c.cfg.NoServerNameAck = true
		c.cfg.SessionIDs = c.first.cacheMode()&cacheServer != 0
		c.cfg.PreferPeerSuites = !c.has(optionCipherServerPreference)
		c.cfg.PreferPeerGroups = c.cfg.PreferPeerSuites
		c.Engine = protocol.Server(c.cfg)
		return nil
	}
	c.first.count(connects)
	c.cfg.ALPN = c.alpn
	c.cfg.ServerName = c.serverName
	c.cfg.PostHandshakeAuth = c.numbers[PostHandshakeAuth] != 0
	c.offer()
	c.Engine = protocol.Client(c.cfg)
	return nil
}

// offer puts the current session into a client's hello, if that may be.
func (c *Conn) offer() {
	if c.session == nil {
		return
	}
	s := c.session.offer()
	if s == nil || string(s.Context) != string(c.context) ||
		s.Version == suite.TLS12 && len(s.Ticket) > 0 && c.cfg.NoTickets12 {
		return
	}
	c.cfg.Session = s
}

// Due has the program told of new sessions, and sends what is due, one after
// the other.
func (c *Conn) Due(drive.Op, bool) drive.Step {
	c.takeNews()
	for {
		if step := c.announce(); step != drive.Done {
			return step
		}
		if c.flush {
			c.flush = false
			return drive.Flush
		}
		if c.lost {
			c.ticketsDue, c.extra = false, 0
		}
		if !c.sendDue() {
			return drive.Done
		}
		c.flush = true
	}
}

// announce has the program told of new sessions, one at a time.
func (c *Conn) announce() drive.Step {
	mode := int64(cacheServer)
	if c.client {
		mode = cacheClient
	}
	for len(c.fresh) > 0 {
		s := c.fresh[0]
		c.fresh = c.fresh[1:]
		c.setSession(s)
		if c.callbacks&HasNewSession != 0 && c.first.cacheMode()&mode != 0 {
			return AskNewSession
		}
	}
	return drive.Done
}

// Select chooses a certificate.
func (c *Conn) Select() drive.Step {
	if c.client {
		c.Engine.Select(c.clientChoice())
		return drive.Done
	}
	return c.serverChoice()
}

// Ticket looks for the session that a client wants to resume.
func (c *Conn) Ticket() drive.Step {
	c.openTicket()
	return drive.Done
}

// Seal seals a TLS 1.2 ticket.
func (c *Conn) Seal() drive.Step {
	c.Engine.Sealed(c.seal(c.Engine.TicketToSeal()))
	return drive.Done
}

// Sign signs a handshake.
func (c *Conn) Sign() drive.Step {
	c.Engine.Signed(c.sign(c.Engine.SignRequest()))
	return drive.Done
}

func (c *Conn) sign(r *protocol.SignRequest) ([]byte, error) {
	if c.cred == nil {
		return nil, errCredentialGone
	}
	return suite.SchemeByID(r.Scheme).Sign(c.cred.Key, r.Message)
}

// clientChoice answers a server that asks for a certificate: one that it can
// check, else none.
func (c *Conn) clientChoice() (choice protocol.Choice) {
	if cred := c.creds.Choose(c.Engine); cred != nil {
		if e := cred.Engine(nil); c.Engine.CanUse(e) == nil {
			c.cred, choice.Credential = cred, e
		}
	}
	return choice
}

// Verify judges the peer's certificate. Without VerifyPeer the result is kept,
// but changes nothing.
func (c *Conn) Verify() drive.Step {
	if c.verdicts == nil {
		usage := trust.ClientAuth
		if c.client {
			usage = trust.ServerAuth
		}
		c.judged, c.refused = verifyOK, false
		if c.verdicts, c.verdict = c.judge(c.Engine.ChainToVerify(), usage), 0; c.verdicts == nil {
			return drive.Again
		}
	}
	for c.verdict < len(c.verdicts) && !c.refused {
		if c.callbacks&HasVerify != 0 {
			return AskVerify
		}
		c.AnsweredVerify(c.verdicts[c.verdict].ok)
	}
	c.verdicts = nil
	if c.refused && c.numbers[VerifyMode]&verifyPeer != 0 {
		c.result = c.judged
		c.Engine.Verified(protocol.VerifyError(alertFor(c.result), ""))
		return drive.Done
	}
	if !c.Complete {
		c.result = c.judged
	}
	c.Engine.Verified(nil)
	return drive.Done
}

// Preverified tells what AskVerify is about: whether a check has succeeded.
func (c *Conn) Preverified() bool { return c.verdicts[c.verdict].ok }

// AnsweredVerify takes the answer to AskVerify.
func (c *Conn) AnsweredVerify(ok bool) {
	v := c.verdicts[c.verdict]
	if !v.ok {
		c.judged = v.result
	}
	if !ok {
		c.refused = true
		if c.judged == verifyOK {
			c.judged = verifyUnspecified
		}
	}
	c.verdict++
}

// Established is what follows the engine's handshake.
func (c *Conn) Established() drive.Step {
	info := c.Engine.Info()
	c.Complete, c.reused, c.chain = true, info.Resumed, info.PeerChain
	if c.reused {
		c.first.count(hits)
		c.result = info.Session.VerifyResult
		c.timeout = int64(info.Session.Timeout / time.Second)
		clear(info.Session.Secret)
	}
	if c.client {
		c.first.count(connectsGood)
	} else {
		c.first.count(acceptsGood)
		c.ticketsDue = info.Version == suite.TLS13
	}
	switch {
	case !c.client && (c.reused || c.resuming != nil):
		// Resumed, or over TLS 1.2 what has gone into the ticket.
		c.setSession(c.resuming)
		c.resuming = nil
	case !c.reused:
		c.setSession(c.placeholder())
	case info.Version == suite.TLS13 && c.first.cacheMode()&cacheClient != 0:
		c.first.RemoveSession(c.session)
	}
	return drive.Done
}

// placeholder is the session of a connection that can't be resumed, or can't
// be yet.
func (c *Conn) placeholder() *Session {
	info := c.Engine.Info()
	s := protocol.Session{
		Version:   info.Version,
		Suite:     info.Suite.ID,
		Created:   drive.Now(),
		PeerChain: info.PeerChain,
		ALPN:      info.ALPN,
		Staple:    info.Staple,
	}
	s.FullHandshake = s.Created
	c.fill(&s)
	return c.session.next(s)
}

// fill completes what the engine says of a session.
func (c *Conn) fill(s *protocol.Session) {
	s.Timeout = duration(c.timeout)
	s.VerifyResult = c.result
	s.Context = c.context
	if !c.client && !c.nameAccepted {
		s.ServerName = ""
	}
}

// takeNews takes in what has changed since the last Step: sessions, and a
// client that has authenticated itself.
func (c *Conn) takeNews() {
	info := c.Engine.Info()
	if info.PostHandshakeAuths != c.auths {
		c.auths = info.PostHandshakeAuths
		c.chain, c.result = info.PeerChain, verifyOK
		if len(c.chain) > 0 {
			c.result = c.judged
		}
		c.request = noRequest
		c.ticketsDue, c.ticketsSent = true, 0
	}
	for _, s := range c.TakeSessions() {
		c.fill(s)
		if len(s.Ticket) > 0 {
			id := sha256.Sum256(s.Ticket)
			s.ID = id[:]
		}
		if c.reused && info.Version == suite.TLS12 {
			c.setSession(c.session.next(*s)) // renewed; nobody is told
			continue
		}
		c.keep(c.session.next(*s))
	}
}

// keep stores a session that has come, and has the program told.
func (c *Conn) keep(s *Session) {
	mode := c.first.cacheMode()
	role, stored := int64(cacheServer), true
	if c.client {
		role = cacheClient
	} else if data := s.Data(); data.Version == suite.TLS13 {
		stored = c.has(optionNoTicket)
	}
	if mode&role != 0 && stored && mode&cacheNoInternalStore == 0 {
		c.first.AddSession(s)
	}
	c.fresh = append(c.fresh, s)
}

// setSession makes s current. It takes over a reference.
func (c *Conn) setSession(s *Session) {
	if c.session != nil {
		c.session.Release()
	}
	c.session = s
	c.sessions++
}

// SetSession is SSL_set_session.
func (c *Conn) SetSession(s *Session) {
	if s != nil {
		s.Retain()
	}
	c.setSession(s)
}

// Session is SSL_get_session, nil if there is none.
func (c *Conn) Session() *Session { return c.session }

// Clear is SSL_clear: the connection is forgotten, but not its session, unless
// bad says that it ended badly.
func (c *Conn) Clear(bad bool) {
	if bad && c.session != nil {
		c.first.RemoveSession(c.session)
		c.setSession(nil)
	}
	c.disconnect()
}

// Free is SSL_free.
func (c *Conn) Free(bad bool) {
	if bad && c.session != nil {
		c.first.RemoveSession(c.session)
	}
	c.setSession(nil)
	c.disconnect()
}

func (c *Conn) disconnect() {
	if c.Engine != nil {
		c.Engine.Wipe()
		if c.cfg.Session != nil {
			clear(c.cfg.Session.Secret)
		}
	}
	for _, s := range c.fresh {
		s.Release()
	}
	if c.resuming != nil {
		c.resuming.Release()
	}
	c.connection = connection{}
}

// KeyUpdate is SSL_key_update: 0 changes our keys, 1 asks for the peer's too,
// before anything else is sent.
func (c *Conn) KeyUpdate(kind int) *Error {
	switch {
	case c.Engine == nil || c.Engine.Info().Version != suite.TLS13:
		return errWrongVersion
	case kind != 0 && kind != 1:
		return errKeyUpdateType
	case !c.Complete || c.inInit():
		return errStillInInit
	}
	c.update = updateOwn + updateState(kind)
	return nil
}

// inInit is SSL_in_init.
func (c *Conn) inInit() bool {
	return !c.Complete || c.Dead || c.ticketsDue || c.extra > 0 || c.request == requestDue || c.update != noUpdate ||
		c.Engine.Authenticating()
}

// Status is what the C front keeps of a connection after every call.
type Status struct {
	Version    uint16 // 0 before it is known
	Suite      suite.ID
	Complete   bool // the handshake is, but for its output
	InInit     bool // something is to be sent before data
	Reused     bool
	PeerClosed bool
	Dead       bool
	Alerted    bool   // by an alert of the peer's
	Result     int    // X509_V_*
	Auths      int    // how often the peer's certificate was replaced
	Sessions   uint64 // how often the current session has changed
}

// Status returns the connection's status.
func (c *Conn) Status() Status {
	s := Status{
		Complete: c.Complete, InInit: c.inInit(), Reused: c.reused, Dead: c.Dead, Result: c.result, Auths: c.auths, Sessions: c.sessions,
	}
	if c.Engine != nil {
		info := c.Engine.Info()
		s.Version, s.PeerClosed = info.Version, c.Engine.PeerClosed()
		err := c.Engine.Err()
		s.Alerted = err != nil && err.Received
		if info.Suite != nil {
			s.Suite = info.Suite.ID
		}
	}
	return s
}

// PeerLeaf returns the peer's certificate in DER, or nil.
func (c *Conn) PeerLeaf() []byte {
	chain := c.chain
	if !c.Complete && c.Engine != nil && !c.Dead {
		chain = c.Engine.Info().PeerChain // for callbacks in the handshake
	}
	if len(chain) == 0 {
		return nil
	}
	return chain[0]
}

// ALPN returns the protocol agreed; empty if none.
func (c *Conn) ALPN() string {
	if c.Engine == nil {
		return ""
	}
	return c.Engine.Info().ALPN
}

// ServerName is SSL_get_servername; empty if there is none.
func (c *Conn) ServerName() string {
	if c.client || c.Engine == nil {
		return c.serverName
	}
	info := c.Engine.Info()
	if c.reused && info.Version == suite.TLS12 && c.session != nil {
		return c.session.Data().ServerName
	}
	return info.ServerName
}

// Names returns a certificate's subject and issuer on one line each; false if
// it can't be parsed.
func Names(der []byte) (subject, issuer string, ok bool) {
	cert, _ := trust.Read(der)
	if cert == nil {
		return "", "", false
	}
	return trust.Oneline(cert.RawSubject), trust.Oneline(cert.RawIssuer), true
}
