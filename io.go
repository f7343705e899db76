package libtls

import (
	"errors"

	"libtls/internal/protocol"
	"libtls/internal/suite"
)

// Op is what a program asks of a connection.
type Op int

// The operations: tls_handshake, tls_read, tls_write and tls_close. Reading
// and writing make the handshake first if that isn't complete.
const (
	OpHandshake Op = iota
	OpRead
	OpWrite
	OpClose
)

var opNames = [...]string{"handshake", "read", "write", "shutdown"}

// IO is what goes into a Step and what comes out of it.
type IO struct {
	// Record is one whole record that was read since the last Step, or a
	// header that the engine calls bad; nil if none was. It may be overwritten.
	Record []byte
	// EOF tells that the transport has ended.
	EOF bool
	// Idle tells an OpRead that there is nothing to read now.
	Idle bool
	// Buf is tls_read's buffer or tls_write's data.
	Buf []byte
	// Out has length 0 and the capacity that the caller offers. Step appends
	// what is to be written before anything else happens.
	Out []byte
	// Signed answers a NeedSignature: Signature has it, or is nil if there is none.
	Signed    bool
	Signature []byte
	// N is the result of OpRead and OpWrite when they are Done.
	N int
	// Data is plaintext inside Record that did not fit into Buf.
	Data []byte
}

// Step says how far an operation has come.
type Step int

// The outcomes of a Step. Whatever it is, IO.Out is to be written.
const (
	Done          Step = iota // with IO.N as the result
	NeedInput                 // call again with a record, or at the end of input
	NoData                    // the record had no application data
	NeedSignature             // call again with what SignRequest asks for
	Failed                    // Err says why
)

// SealedSize returns how much capacity of IO.Out a tls_write of n bytes may
// need.
func SealedSize(n int) int { return protocol.SealedSize(n) }

// MaxRecord is the size of the longest record that is read.
const MaxRecord = protocol.MaxRecord

var (
	errNotConnected  = failure("context not connected")
	errHandshakeDone = failure("handshake already completed")
	errClosed        = failure("write failed: protocol is shutdown")
)

// Step carries an operation on as far as it goes without I/O. A connection
// that has failed once fails ever after with the same error (contract, 1.8).
func (t *Context) Step(op Op, io *IO) Step {
	t.err = nil
	io.N, io.Data = 0, nil
	switch {
	case op == OpClose:
		return t.stepClose(io)
	case t.conn == nil:
		return t.failed(errNotConnected)
	case t.dead != nil:
		return t.failed(t.dead)
	}
	if !t.complete {
		if step := t.stepHandshake(io); step != Done || op == OpHandshake {
			return step
		}
	} else if op == OpHandshake {
		return t.failed(errHandshakeDone)
	}
	if op == OpRead {
		return t.stepRead(io)
	}
	return t.stepWrite(io)
}

func (t *Context) failed(err *Error) Step {
	t.err = err
	return Failed
}

// die makes a failure final. What the Step found out itself tells more than
// the engine's error.
func (t *Context) die(op Op, err error) Step {
	if t.err == nil {
		t.err = failure("%s failed: %v", opNames[op], err)
	}
	t.dead = t.err
	t.forgetSession()
	t.conn.Wipe()
	return Failed
}

// forgetSession takes out what must not be resumed after a failure (RFC 5246,
// section 7.2.2): of a server's memory, or of the session file. TLS 1.3 sessions
// were taken out before they were offered, and failures don't touch the others.
func (t *Context) forgetSession() {
	t.config.tickets.sessions.forget(t.sessionID)
	if t.file != nil &&
		(t.offered != nil && t.offered.Version == suite.TLS12 || t.complete && t.conn.Info().Version == suite.TLS12) {
		t.file.forget(t.name)
	}
}

func (t *Context) stepHandshake(io *IO) Step {
	t.conn.SetTime(now())
	if !t.started {
		t.started = true
		t.conn.Start()
	}
	switch {
	case t.signing != nil:
		if io.Signed {
			t.signed(io.Signature)
		}
	case io.Record != nil:
		t.conn.HandleRecord(io.Record, nil)
		io.Record = nil
	case io.EOF:
		t.conn.EOF()
	}
	t.answer()
	io.Out = t.conn.TakeOutput(io.Out)
	switch {
	case t.conn.Err() != nil:
		return t.die(OpHandshake, t.conn.Err())
	case t.signing != nil:
		return NeedSignature
	case !t.conn.Established():
		return NeedInput
	}
	return t.finish()
}

// answer answers the engine's questions until it needs input, or a signature
// of the program's.
func (t *Context) answer() {
	for t.signing == nil {
		switch t.conn.Wait() {
		case protocol.WaitSelect:
			if t.role == roleClient {
				t.conn.Select(t.clientChoice())
			} else {
				t.conn.Select(t.serverChoice())
			}
		case protocol.WaitTicket:
			t.conn.Ticket(t.resume())
		case protocol.WaitSeal:
			s := t.conn.TicketToSeal()
			t.conn.Sealed(t.seal(s))
			clear(s.Secret)
		case protocol.WaitSign:
			t.sign()
		case protocol.WaitVerify:
			t.conn.Verified(t.verifyPeer())
		default:
			return
		}
	}
}

// clientChoice answers a server that asks for a certificate: the configured
// one if the server can check its signatures, else none.
func (t *Context) clientChoice() (choice protocol.Choice) {
	if t.cred == nil || !t.cred.CanSign() {
		return choice
	}
	cred := t.cred.Engine(nil)
	if t.conn.CanUse(cred) == nil {
		choice.Credential = cred
	}
	return choice
}

// finish is what follows the engine's handshake before the program's is
// complete (contract, 11.1). A client whose server has the wrong name ends
// here without an alert.
func (t *Context) finish() Step {
	info := t.conn.Info()
	t.wipeSession()
	if info.Resumed {
		t.peer = newPeer(info.PeerChain)
	}
	if t.role != roleClient {
		t.complete = true
		if t.listener.sessions && info.Version == suite.TLS13 {
			t.ticketsDue = ticketCount(t.listener.tickets, info.Resumed)
		}
		t.keepSession()
		return Done
	}
	if err := t.checkName(t.peer.leaf); err != nil {
		t.dead = err
		return t.failed(err)
	}
	t.complete = true
	if err := t.saveSessions(); errors.As(err, &t.err) {
		return Failed // this call; the connection is as good as any
	}
	return Done
}

// saveSessions puts the tickets that came into the session file. A server can
// send them without end and each costs a rewrite of the file: those after the
// first few are taken at intervals only.
func (t *Context) saveSessions() error {
	sessions := t.conn.TakeSessions()
	if len(sessions) == 0 || t.file == nil {
		return nil
	}
	defer func() {
		for _, s := range sessions {
			clear(s.Secret)
		}
	}()
	now := now()
	if t.saves >= maxNameSessions && now.Sub(t.filed).Abs() < saveInterval {
		return nil
	}
	t.saves, t.filed = t.saves+1, now
	for _, s := range sessions {
		s.Binding = t.identity()
	}
	return t.file.put(t.name, now, sessions...)
}

func (t *Context) stepRead(io *IO) Step {
	switch {
	case io.Record != nil:
		return t.readRecord(io)
	case io.EOF, t.conn.PeerClosed(), len(io.Buf) == 0:
		return Done
	case io.Idle:
		t.sendTickets()
		io.Out = t.conn.TakeOutput(io.Out)
	}
	return NeedInput
}

// TicketsDue tells whether there are tickets to be sent when there is nothing
// to read.
func (t *Context) TicketsDue() bool { return t.complete && t.ticketsDue > 0 }

func (t *Context) readRecord(io *IO) Step {
	if t.file != nil {
		t.conn.SetTime(now()) // when a ticket came
	}
	data, err := t.conn.HandleRecord(io.Record, io.Buf)
	io.Out = t.conn.TakeOutput(io.Out)
	t.saveSessions() // its errors cost no data
	switch {
	case err != nil:
		return t.die(OpRead, err)
	case t.conn.PeerClosed():
		return Done
	case len(data) == 0:
		return NoData
	}
	if len(io.Buf) > 0 && &data[0] == &io.Buf[0] {
		io.N = len(data)
		return Done
	}
	io.N = copy(io.Buf, data)
	clear(data[:io.N])
	io.Data = data[io.N:]
	return Done
}

func (t *Context) stepWrite(io *IO) (step Step) {
	if t.closed {
		return t.failed(errClosed)
	}
	if len(io.Buf) == 0 {
		return Done
	}
	t.sendTickets()
	var err error
	if io.Out, io.N, err = t.conn.Seal(io.Out, io.Buf); err != nil {
		return t.die(OpWrite, err)
	}
	return Done
}

// stepClose sends close_notify if the handshake had been complete, even if its
// result wasn't to the program's liking.
func (t *Context) stepClose(io *IO) Step {
	if t.conn == nil || t.closed {
		return Done
	}
	if t.complete && t.dead == nil {
		t.sendTickets()
	}
	t.conn.CloseNotify()
	io.Out = t.conn.TakeOutput(io.Out)
	t.closed = true
	return Done
}
