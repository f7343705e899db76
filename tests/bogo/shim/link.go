package main

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"testing/iotest"
	"time"

	"libtls/internal/protocol"
	"libtls/internal/suite"
)

// link is one TCP connection to the runner with the engine on top.
type link struct {
	opts *options
	mem  *memory
	tcp  *net.TCPConn
	in   io.Reader // tcp, byte by byte if the test wants it so
	tls  *protocol.Conn

	rec   [protocol.MaxRecord]byte // the record last read
	buf   []byte                   // where the engine may put plaintext
	plain []byte                   // application data not yet read; lies in rec or buf

	out      []byte // ciphertext not yet written
	hold     bool   // keep out back for now
	writeErr error  // what was wrong when writing; reading may still tell why

	asked      protocol.Wait // async: what the engine asked for once already
	connected  bool          // progress saw the end of the handshake
	hello      *protocol.Hello
	chosen     *candidate
	credential *protocol.Credential // of chosen
	verified   bool                 // the engine asked for a verdict
	verdict    int                  // on the peer's certificate, as an X509_V_* number
	newSession *protocol.Session
	sessionID  []byte // under which the session is kept that the client asked for
}

// connect makes the test's connection number i and does on it what the test wants.
func connect(opts *options, mem *memory, i int) error {
	cfg, err := opts.config(mem)
	if err != nil {
		return err
	}
	l := &link{opts: opts, mem: mem, buf: make([]byte, opts.readSize)}
	if l.tcp, err = opts.dial(); err != nil {
		return err
	}
	l.in = l.tcp
	if opts.async {
		l.in = iotest.OneByteReader(l.tcp)
	}
	if opts.server {
		l.tls = protocol.Server(cfg)
	} else {
		l.tls = protocol.Client(cfg)
	}
	defer l.tls.Wipe()
	l.tls.SetTime(mem.start.Add(time.Duration(i*opts.resumptionDelay) * time.Second))
	err = l.exchange(i > 0)
	l.hangUp()
	return cmp.Or(l.renamed(err), mem.keep(l.newSession))
}

// renamed gives an error the name that the reference stack has for it if the
// engine makes no difference.
func (l *link) renamed(err error) error {
	e, ok := errors.AsType[*protocol.Error](err)
	if ok && e.Received && e.Alert == protocol.AlertHandshakeFailure && !l.opts.server && l.tls.Info().Version == 0 {
		return &protocol.Error{Code: "HANDSHAKE_FAILURE_ON_CLIENT_HELLO", Alert: e.Alert, Received: true}
	}
	if ok && e.Code == "DECRYPTION_FAILED_OR_BAD_RECORD_MAC" {
		fmt.Fprintln(os.Stderr, ":BAD_DECRYPT:") // printed in addition
	}
	return err
}

// dial connects to the runner and says which test this is.
func (o *options) dial() (*net.TCPConn, error) {
	host := "127.0.0.1"
	if o.ipv6 {
		host = "::1"
	}
	tcp, err := net.DialTCP("tcp", nil, &net.TCPAddr{IP: net.ParseIP(host), Port: o.port})
	if err != nil {
		return nil, err
	}
	_, err = tcp.Write(binary.LittleEndian.AppendUint64(nil, o.shimID))
	return tcp, err
}

// hangUp ends the TCP connection without a reset, which would cost the runner
// what we sent last: it ends our half and waits for the peer's.
func (l *link) hangUp() {
	l.flush()
	l.tcp.CloseWrite()
	l.tcp.SetReadDeadline(time.Now().Add(5 * time.Second))
	io.Copy(io.Discard, l.tcp)
	l.tcp.Close()
}

// flush writes what the engine has for the peer.
func (l *link) flush() {
	l.out = l.tls.TakeOutput(l.out)
	if l.hold {
		return
	}
	n := len(l.out)
	if l.opts.async {
		n = 1
	}
	for len(l.out) > 0 && l.writeErr == nil {
		_, l.writeErr = l.tcp.Write(l.out[:n])
		l.out = l.out[n:]
	}
	l.out = l.out[:0]
}

// step goes one step on: it answers what the engine asks, or feeds it a record.
func (l *link) step() error {
	l.flush()
	wait := l.tls.Wait()
	switch {
	case wait == protocol.WaitFailed:
		return l.tls.Err()
	case wait == protocol.WaitInput:
		if err := l.feed(); err != nil {
			return err
		}
	case l.opts.async && l.asked != wait:
		l.asked = wait // the answer isn't there yet
		return nil
	default:
		l.asked = protocol.WaitInput
		if err := l.answer(wait); err != nil {
			return err
		}
	}
	return l.progress()
}

// feed hands the engine the next record.
func (l *link) feed() error {
	header := l.rec[:5]
	if _, err := io.ReadFull(l.in, header); err != nil {
		return l.ended()
	}
	n, ok := protocol.RecordBody([5]byte(header))
	if !ok {
		n = 0
	}
	rec := l.rec[:len(header)+n]
	if _, err := io.ReadFull(l.in, rec[len(header):]); err != nil {
		return l.ended()
	}
	data, err := l.tls.HandleRecord(rec, l.buf)
	if err != nil {
		return err
	}
	l.plain = data
	return nil
}

// ended tells the engine that the transport ended.
func (l *link) ended() error {
	if err := l.tls.EOF(); err != nil {
		return err
	}
	return io.EOF
}

// progress does what is due between two steps: both ends keep the sessions
// that came, and once connected a TLS 1.3 server sends a ticket.
func (l *link) progress() error {
	for _, s := range l.tls.TakeSessions() {
		l.newSession = s
		s.VerifyResult = l.verdict
		if l.opts.server {
			ticket, err := l.mem.seal(s, l.tls.Time())
			if err != nil {
				return err
			}
			l.mem.keys.KeepByID(s.ID, ticket)
		}
	}
	if l.connected || !l.tls.Established() {
		return nil
	}
	l.connected = true
	info := l.tls.Info()
	if l.opts.noLegacyServerConnect && info.Version == suite.TLS12 && !info.SecureRenegotiation {
		l.tls.SendAlert(protocol.AlertHandshakeFailure)
		return errLegacyServer
	}
	if info.Resumed {
		l.verdict = info.Session.VerifyResult
		if err := l.reverify(); err != nil {
			return err
		}
	}
	if !l.opts.server || info.Version < suite.TLS13 || l.opts.noTicket || l.opts.skipTicket {
		return nil
	}
	return l.sendTicket()
}

// reverify gives a verdict on a resumption too, as the reference stack can.
func (l *link) reverify() error {
	if !l.opts.reverifyOnResume {
		return nil
	}
	err := l.verify()
	if err == nil {
		return nil
	}
	l.tls.SendAlert(err.Alert)
	return err
}

// sendTicket sends the one ticket of a TLS 1.3 connection.
func (l *link) sendTicket() error {
	s, err := l.tls.NewTicket(uint32(lifetime / time.Second))
	if err != nil {
		return err
	}
	s.VerifyResult = l.verdict
	ticket, err := l.mem.seal(s, l.tls.Time())
	if err != nil || ticket == nil {
		return err
	}
	return l.tls.SendTicket(s, ticket)
}

// handshake runs until the connection is established.
func (l *link) handshake() error {
	for !l.tls.Established() {
		if err := l.step(); err != nil {
			return err
		}
	}
	l.flush()
	return nil
}

// read reads application data, with the handshake before it if need be. The
// error is io.EOF only after a close_notify.
func (l *link) read(p []byte) (int, error) {
	for len(l.plain) == 0 {
		if l.tls.PeerClosed() {
			return 0, io.EOF
		}
		if err := l.step(); err != nil {
			return 0, err
		}
	}
	n := copy(p, l.plain)
	l.plain = l.plain[n:]
	return n, nil
}

// peek returns what the next read will.
func (l *link) peek(p []byte) (int, error) {
	n, err := l.read(p)
	if n > 0 {
		l.plain = append(append([]byte(nil), p[:n]...), l.plain...)
	}
	return n, err
}

// write writes application data, with the handshake before it if need be.
func (l *link) write(p []byte) error {
	if err := l.handshake(); err != nil {
		return err
	}
	for len(p) > 0 {
		out, n, err := l.tls.Seal(l.out, p)
		if err != nil {
			return err
		}
		if n == 0 {
			return brokenf("Seal took nothing of %d bytes", len(p))
		}
		l.out, p = out, p[n:]
	}
	l.flush()
	return nil
}
