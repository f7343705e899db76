package tls

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"slices"
	"time"

	"libtls"
	"libtls/internal/credential"
	"libtls/internal/drive"
	"libtls/internal/plain"
	"libtls/internal/protocol"
	"libtls/internal/trust"
)

// Accept returns a context for a connection that a client has made, without any
// I/O. Threads may share a listener.
func (l *listener) Accept() *Context {
	conn := newContext(roleServerConn, l.config)
	conn.listener = l
	conn.policy = l.policy
	conn.Engine = protocol.Server(l.engine)
	return conn
}

// serverChoice answers the engine's WaitSelect on a server.
func (t *Context) serverChoice() protocol.Choice {
	hello := t.Engine.Hello()
	cred, err := t.listener.credentialFor(hello.ServerName, t.Engine)
	if err != nil {
		t.err = failure("%v", err)
		return protocol.Choice{Fail: &protocol.Error{
			Code: "INTERNAL_ERROR", Alert: protocol.AlertInternalError, Text: err.Error(),
		}}
	}
	var choice protocol.Choice
	if t.listener.alpn {
		ours := t.config.alpnList()
		i := slices.IndexFunc(ours, func(name string) bool { return slices.Contains(hello.ALPN, name) })
		switch {
		case i >= 0:
			choice.ALPN = ours[i]
		case len(ours) > 0 && len(hello.ALPN) > 0: // RFC 7301, section 3.2
			choice.Fail = &protocol.Error{
				Code: "NO_APPLICATION_PROTOCOL", Alert: protocol.AlertNoApplicationProtocol,
			}
		}
	}
	if cred.CanSign() {
		t.cred = cred
		choice.Credential = cred.Engine(t.listener.staple(cred))
	}
	return choice
}

// credentialFor chooses by SNI, among the added credentials first and the primary
// one last, what the client can make use of. Without a name, or with one that
// nobody has, the primary one comes first.
func (l *listener) credentialFor(name string, conn *protocol.Conn) (*indexed, error) {
	list := append([]*indexed{l.primary}, l.added...)
	if name != "" && trust.IPLiteral(name) == nil {
		var named []*indexed
		for _, cred := range append(l.added[:len(l.added):len(l.added)], l.primary) {
			ok, err := cred.HasName(name)
			switch {
			case err != nil && cred != l.primary:
				return nil, err
			case ok && err == nil:
				named = append(named, cred)
			}
		}
		if named != nil {
			list = named
		}
	}
	if cred := credential.Choose(list, conn); cred != nil {
		return cred, nil
	}
	return list[0], nil
}

// resume answers the engine's WaitTicket once it is done: the session to be
// resumed, or nil, and whether its ticket is to be replaced.
func (t *Context) resume() (s *libtls.Session, renew, done bool) {
	lifetime := t.config.sessionLifetime()
	if lifetime == 0 {
		return nil, false, true
	}
	offered, isID := t.Engine.OfferedTicket()
	ticket := offered
	if isID {
		ticket = t.config.tickets.TicketByID(offered)
	}
	now := drive.Now()
	s, renew, ok := t.config.tickets.Open(ticket, now, lifetime)
	if !ok || !libtls.AcceptTicket(s, now, t.listener.context, lifetime) {
		return nil, false, true
	}
	if ok, done = t.mayResume(s, now); !ok {
		return nil, false, done
	}
	if isID {
		t.sessionID = slices.Clone(offered)
	}
	return s, renew, true
}

// unverified marks sessions whose client certificate nobody verified: an
// X509_V_* number, X509_V_ERR_UNSPECIFIED.
const unverified = 1

// rules is a hash of all that decides whether a client's certificate is accepted.
func (t *Context) rules() []byte {
	c := t.config
	sum := sha256.Sum256(plain.Encode(func(r *plain.Coder) {
		plain.Struct(r, &c.ca, func(a *trust.Anchors) {
			text := a.Sum()
			r.Array(text[:])
		})
		r.Text(&c.caPath)
		r.Text(&t.certFile)
		r.Text(&t.certDir)
		plain.Struct(r, &c.crl, r.Bytes)
		plain.Number(r, &c.verifyDepth)
		r.Flag(&c.noVerifyCert)
		r.Flag(&c.noVerifyTime)
	}))
	return sum[:]
}

// binding stands, in a server's sessions, for the rules by which a client's
// certificate was accepted. It is that certificate's, because libraries that put
// another one into a session leave what they don't understand as it is.
func (l *listener) binding(leaf []byte) []byte {
	sum := sha256.Sum256(slices.Concat(l.rules, leaf))
	return sum[:]
}

// mayResume tells whether the client's certificate in a session, if there is
// one, would still be accepted. Other servers may have the same ticket keys,
// and this one may have had other CAs and CRLs when it made the ticket. With
// the leaf alone, which is all that a ticket keeps, a chain can't be verified
// again, but for another library's sessions it has to do. Unless it is done, it
// has to be asked once more.
func (t *Context) mayResume(s *libtls.Session, now time.Time) (ok, done bool) {
	if len(s.PeerChain) == 0 {
		return true, true
	}
	leaf := newPeer(s.PeerChain).leaf
	switch {
	case leaf == nil || t.listener.rules == nil:
		return false, true
	case len(s.Binding) > 0:
		return bytes.Equal(s.Binding, t.listener.binding(leaf.Raw)) &&
			(t.config.noVerifyCert || t.config.noVerifyTime || !now.After(leaf.NotAfter)), true
	case t.config.noVerifyCert:
		return true, true
	case s.VerifyResult != 0:
		return false, true
	}
	err, done := t.verifyChain(s.PeerChain, now)
	return err == nil && done, done
}

// keepSession keeps what a TLS 1.2 client may resume by an id.
func (t *Context) keepSession() {
	for _, s := range t.Engine.TakeSessions() {
		if ticket := t.seal(s); ticket != nil {
			t.sessionID = s.ID
			t.config.tickets.KeepByID(s.ID, ticket)
		}
		clear(s.Secret)
	}
}

// sendTickets puts the tickets that are due into the engine's output.
func (t *Context) sendTickets() {
	for ; t.ticketsDue > 0; t.ticketsDue-- {
		t.Engine.SetTime(drive.Now())
		s, err := t.Engine.NewTicket(uint32(t.config.sessionLifetime() / time.Second))
		if err != nil {
			continue // the connection goes on without
		}
		if ticket := t.seal(s); ticket != nil {
			t.Engine.SendTicket(s, ticket)
		}
		clear(s.Secret)
	}
}

// seal completes a session that the engine made and seals it. It returns nil
// if no ticket can be had, which is no failure of the connection.
func (t *Context) seal(s *libtls.Session) []byte {
	// The session was made at this time, and in whole seconds.
	now, lifetime := t.Engine.Time().Truncate(time.Second), t.config.sessionLifetime()
	if !libtls.LimitTicket(s, now, lifetime) {
		return nil
	}
	s.Context = t.listener.context
	if len(s.PeerChain) > 0 {
		s.Binding = t.listener.binding(s.PeerChain[0])
	}
	if resumed := t.Engine.Info().Session; resumed != nil {
		s.VerifyResult = resumed.VerifyResult
	} else if len(s.PeerChain) > 0 && t.config.noVerifyCert {
		s.VerifyResult = unverified
	}
	ticket, err := t.config.tickets.Seal(s, now, lifetime, rand.Reader)
	if err != nil {
		return nil
	}
	return ticket
}
