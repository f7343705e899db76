// Package drive carries one connection on: it hands records to the engine, has
// an API answer the engine's questions, and says how far an operation of the
// program's has come. It does no I/O; the C front does.
package drive

import (
	"libtls/internal/protocol"
	"libtls/internal/suite"
	"libtls/internal/trust"
)

// Op is what a program asks of a connection.
type Op int

// The operations. Reading and writing need the handshake to be complete.
const (
	Handshake Op = iota
	Read
	Write
	Close
)

// IO is what goes into a Step and what comes out of it.
type IO struct {
	// Record is one whole record that was read since the last Step, or a
	// header that the engine calls bad; nil if none was. It may be overwritten.
	Record []byte
	// EOF tells that the transport has ended.
	EOF bool
	// Idle tells a Read that there is nothing to read now.
	Idle bool
	// File is what came of reading the file that the last Step wanted; nil if
	// none was read.
	File *trust.File
	// Buf is the program's: to read into, or data to write.
	Buf []byte
	// Out has length 0 and the capacity that the caller offers. Step appends
	// bytes that must be written before anything else happens.
	Out []byte
	// N is the result of Read and Write when they are Done.
	N int
	// Data is plaintext inside Record that did not fit into Buf.
	Data []byte
	// Wanted names a file that has to be read before the next Step; empty if
	// none has.
	Wanted string
}

// Step says how far an operation has come.
type Step int

// The outcomes of a Step. Whatever it is, IO.Out is to be written.
const (
	Done      Step = iota // with IO.N as the result
	NeedInput             // call again with a record, or at the end of input
	NoData                // the record had no application data
	Failed                // the API knows why
	Flush                 // call again, without a record, once Out is written
	Again                 // call again, without a record, but with the file that is Wanted
	Ask                   // from here on: what an API has the program asked, before calling again without a record
)

// API is what one API makes of a connection. Its methods work on the
// connection's Engine.
type API interface {
	// Select, Ticket, Sign, Verify and Seal answer what the engine's Wait names.
	// Unless they return Done the question stays, and is asked again at the
	// next Step. Again is for a verdict that Judge has not yet come to.
	Select() Step
	Ticket() Step
	Sign() Step
	Verify() Step
	Seal() Step

	// Established follows the engine's handshake. It sets Complete if the
	// program may use the connection, and returns Failed otherwise.
	Established() Step
	// Due does what is to be done on a complete connection between records.
	// Idle is IO's.
	Due(op Op, idle bool) Step
	// TakesEOF tells whether a transport that ends without close_notify is no
	// failure of a complete connection.
	TakesEOF() bool
	// Died takes the error that ended the engine in an operation.
	Died(Op, error)
}

// Conn is one connection. It is for one thread at a time.
type Conn struct {
	Engine   *protocol.Conn // nil before there is a connection
	Complete bool           // the handshake is, with all checks passed
	Dead     bool           // nothing more can be done but to close
	Closed   bool           // close_notify is out
	judgement
}

// Step carries an operation on as far as it goes without I/O and without the
// program.
func (c *Conn) Step(api API, op Op, io *IO) Step {
	io.N, io.Data, io.Wanted = 0, nil, ""
	if op == Close {
		c.close(io)
		return Done
	}
	if io.File != nil {
		c.Put(*io.File)
	}
	if !c.Complete {
		c.Engine.SetTime(Now())
		c.Engine.Start()
	}
	if data := c.receive(api, op, io); len(data) > 0 {
		deliver(io, data)
		return Done
	}
	step := c.goOn(api, op, io.Idle)
	io.Out = c.Engine.TakeOutput(io.Out)
	if err := c.Engine.Err(); err != nil {
		return c.die(api, op, err)
	}
	if step == Again {
		io.Wanted = c.Wanted()
	}
	if step != Done {
		return step
	}
	switch {
	case op == Write:
		return c.write(api, io)
	case op == Handshake && (!c.Complete || c.Engine.Authenticating()):
		return NeedInput
	case op == Read && !io.EOF && !c.Engine.PeerClosed():
		if io.Record != nil {
			return NoData
		}
		return NeedInput
	}
	return Done
}

// receive hands the engine what came, and returns application data.
func (c *Conn) receive(api API, op Op, io *IO) (data []byte) {
	switch {
	case io.Record != nil:
		var buf []byte
		if op == Read {
			buf = io.Buf
		}
		data, _ = c.Engine.HandleRecord(io.Record, buf)
	case io.EOF && !(c.Complete && api.TakesEOF()):
		c.Engine.EOF()
	}
	return data
}

// deliver hands out what a record held. None of it stays in the record's
// buffer, which goes on to other connections, once it is read.
func deliver(io *IO, data []byte) {
	if len(io.Buf) > 0 && &data[0] == &io.Buf[0] {
		io.N = len(data)
		return
	}
	io.N = copy(io.Buf, data)
	clear(data[:io.N])
	io.Data = data[io.N:]
}

// goOn answers the engine, and does what is due once that is through.
func (c *Conn) goOn(api API, op Op, idle bool) Step {
	for {
		var step Step
		switch c.Engine.Wait() {
		case protocol.WaitSelect:
			step = api.Select()
		case protocol.WaitTicket:
			step = api.Ticket()
		case protocol.WaitSign:
			step = api.Sign()
		case protocol.WaitVerify:
			step = api.Verify()
		case protocol.WaitSeal:
			step = api.Seal()
		case protocol.WaitFailed:
			return Done
		default:
			if !c.Complete {
				if !c.Engine.Established() {
					return Done
				}
				if step = api.Established(); step != Done {
					return step
				}
			}
			return api.Due(op, idle)
		}
		if step != Again {
			c.Judged()
		}
		if step != Done {
			return step
		}
	}
}

func (c *Conn) write(api API, io *IO) Step {
	var err error
	if io.Out, io.N, err = c.Engine.Seal(io.Out, io.Buf); err != nil {
		return c.die(api, Write, err)
	}
	return Done
}

// close sends close_notify, unless there was no handshake.
func (c *Conn) close(io *IO) {
	if c.Engine == nil || c.Closed {
		return
	}
	c.Engine.CloseNotify()
	io.Out = c.Engine.TakeOutput(io.Out)
	c.Closed = true
}

// die makes a failure final.
func (c *Conn) die(api API, op Op, err error) Step {
	c.Dead = true
	api.Died(op, err)
	c.Engine.Wipe()
	return Failed
}

// TakeSessions returns the sessions that came, with the time of their coming.
func (c *Conn) TakeSessions() []*protocol.Session {
	sessions := c.Engine.TakeSessions()
	for _, s := range sessions {
		if s.Version == suite.TLS13 {
			s.Created = Now()
		}
	}
	return sessions
}
