package tls

import (
	"libtls"
	"libtls/internal/drive"
	"libtls/internal/protocol"
	"libtls/internal/suite"
)

var opNames = [...]string{
	drive.Handshake: "handshake", drive.Read: "read", drive.Write: "write", drive.Close: "shutdown",
}

// NeedSignature is the Step that asks for what SignRequest tells, which Answer
// takes.
const NeedSignature = drive.Ask

var (
	errNotConnected  = failure("context not connected")
	errHandshakeDone = failure("handshake already completed")
	errClosed        = failure("write failed: protocol is shutdown")
)

// Step carries an operation on as far as it goes without I/O: tls_handshake,
// tls_read, tls_write or tls_close. A connection that has failed once fails
// ever after with the same error.
func (t *Context) Step(op drive.Op, io *drive.IO) drive.Step {
	t.err = nil
	switch {
	case op == drive.Close:
		if t.Complete && !t.Dead && !t.Closed {
			t.sendTickets()
		}
	case t.Engine == nil:
		return t.failed(errNotConnected)
	case t.Dead:
		return t.failed(t.cause)
	case op == drive.Handshake && t.Complete:
		return t.failed(errHandshakeDone)
	case op == drive.Write && t.Closed:
		return t.failed(errClosed)
	}
	step := t.Conn.Step(t, op, io)
	if t.Engine != nil {
		t.logKeys()
	}
	return step
}

func (t *Context) failed(err *Error) drive.Step {
	t.err = err
	return drive.Failed
}

// Died makes the engine's error the context's, unless the Step itself found out
// more.
func (t *Context) Died(op drive.Op, err error) {
	if t.err == nil {
		t.err = failure("%s failed: %v", opNames[op], err)
	}
	t.cause = t.err
	t.forgetSession()
}

// forgetSession takes out what must not be resumed after a failure (RFC 5246,
// section 7.2.2): of a server's memory, or of the session file. TLS 1.3 sessions
// were taken out before they were offered, and failures don't touch the others.
func (t *Context) forgetSession() {
	t.config.tickets.ForgetID(t.sessionID)
	if t.file != nil &&
		(t.offered != nil && t.offered.Version == suite.TLS12 || t.Complete && t.Engine.Info().Version == suite.TLS12) {
		services := []string{t.service}
		if t.offered != nil {
			services = append(services, t.offered.Service)
		}
		t.file.Forget(t.name, services...)
	}
}

// Select chooses a certificate.
func (t *Context) Select() drive.Step {
	if t.role == roleClient {
		t.Engine.Select(t.clientChoice())
	} else {
		t.Engine.Select(t.serverChoice())
	}
	return drive.Done
}

// Ticket opens the ticket that a client offers.
func (t *Context) Ticket() drive.Step {
	s, renew, done := t.resume()
	if !done {
		return drive.Again
	}
	t.Engine.Ticket(s, renew)
	return drive.Done
}

// Seal seals a TLS 1.2 ticket.
func (t *Context) Seal() drive.Step {
	s := t.Engine.TicketToSeal()
	t.Engine.Sealed(t.seal(s))
	clear(s.Secret)
	return drive.Done
}

// Verify judges the peer's certificate.
func (t *Context) Verify() drive.Step {
	verdict, done := t.verifyPeer()
	if !done {
		return drive.Again
	}
	t.Engine.Verified(verdict)
	return drive.Done
}

// clientChoice answers a server that asks for a certificate: the configured
// one if the server can check its signatures, else none.
func (t *Context) clientChoice() (choice protocol.Choice) {
	if t.cred == nil || !t.cred.CanSign() {
		return choice
	}
	cred := t.cred.Engine(nil)
	if t.Engine.CanUse(cred) == nil {
		choice.Credential = cred
	}
	return choice
}

// Established runs after the engine's handshake and completes the program's. A
// client whose server has the wrong name ends here without an alert.
func (t *Context) Established() drive.Step {
	info := t.Engine.Info()
	t.wipeSession()
	if info.Resumed {
		t.setPeer(info.PeerChain)
	}
	if t.role != roleClient {
		if t.listener.sessions && info.Version == suite.TLS13 {
			t.ticketsDue = libtls.TicketCount(t.listener.tickets, info.Resumed)
		}
		t.keepSession()
	} else if err := t.checkName(t.peer.leaf); err != nil {
		t.Dead, t.cause = true, err
		return t.failed(err)
	}
	t.Complete = true
	if err := t.saveSessions(); err != nil {
		return t.failed(err) // only this call fails; the connection can be used
	}
	return drive.Done
}

// Due puts the tickets that came into the session file, whose errors cost no
// data, and sends those that are due.
func (t *Context) Due(op drive.Op, idle bool) drive.Step {
	t.saveSessions()
	if op == drive.Write || idle {
		t.sendTickets()
	}
	return drive.Done
}

// TakesEOF is true because tls_close tells of a truncated connection.
func (t *Context) TakesEOF() bool { return true }

// TicketsDue tells whether there are tickets to be sent when there is nothing
// to read.
func (t *Context) TicketsDue() bool { return t.Complete && t.ticketsDue > 0 }

// sessionService returns the service under which new sessions are stored. A
// connection that resumed another service's session stores them under that one:
// the ports of FTP's data, for instance, serve one connection each.
func (t *Context) sessionService() string {
	if t.Engine.Info().Resumed && t.offered != nil && t.offered.Service != "" {
		return t.offered.Service
	}
	return t.service
}

// saveSessions puts the tickets that came into the session file.
func (t *Context) saveSessions() *Error {
	sessions := t.TakeSessions()
	if len(sessions) == 0 || t.file == nil {
		return nil
	}
	defer func() {
		for _, s := range sessions {
			clear(s.Secret)
		}
	}()
	now := drive.Now()
	if !t.saves.Due(now) {
		return nil
	}
	for _, s := range sessions {
		s.Binding = t.identity()
		s.Service = t.sessionService()
	}
	defer t.saves.Done(t.file)
	return asError(t.file.Put(t.name, now, sessions...))
}
