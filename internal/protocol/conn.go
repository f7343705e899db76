// Package protocol is the TLS engine: the state of one connection, without
// I/O, clock, randomness of its own, locks or threads. The caller feeds it
// records (HandleRecord), drains what it has to send (Output, Seal), and
// answers its questions (Wait) in between.
//
// The states of a handshake and the messages they take are listed in
// states.go; each role has its file.
package protocol

import (
	"bytes"
	"time"

	"libtls/internal/record"
	"libtls/internal/suite"
	"libtls/internal/wire"
)

// Conn is one connection. It must not be used by two threads at a time.
type Conn struct {
	clock
	cfg    *Config
	client bool

	state state
	err   *Error
	hs    *handshake // nil once the handshake is complete
	info  Info

	in, out             record.Half
	inKeyed, outKeyed   bool
	inSecret, outSecret []byte // traffic secrets that in and out are keyed with
	exporter            []byte // TLS 1.2: the master secret
	randoms             []byte // TLS 1.2: client_random and server_random
	resumption          []byte
	keyLog              []byte // lines not taken yet

	hand   []byte // handshake bytes received and not yet handled
	flight []byte // handshake messages that still have to be put into records
	output []byte // records to be sent
	count  counters

	gotHandshake             bool // the last record held handshake messages
	closeSent, closeReceived bool
	ccsDue                   bool      // to be sent in front of the next record
	keyUpdateDue             bool      // the peer asked for new keys of ours
	pskDHE                   bool      // server: the client can use tickets
	postHandshakeAuth        bool      // agreed
	completed                time.Time // when the handshake was
	tickets                  uint64    // issued so far
	sessions                 []*Session

	// For post-handshake authentication, if agreed (post_auth.go).
	authTranscript []byte // up to the client's Finished, as a hash's state
	authContext    []byte // of the server's request that is open
	authRequested  []byte // server: that request

	epoch   uint64 // see Epoch
	fixed   uint64 // see Settled
	settled uint64 // the latest that wasn't a mere fragment; see Grown
}

// Client returns the client's end of a connection. It sends nothing before Start.
func Client(cfg *Config) *Conn {
	return &Conn{cfg: cfg, client: true, state: clientStart, hs: new(handshake)}
}

// Server returns the server's end of a connection.
func Server(cfg *Config) *Conn {
	return &Conn{cfg: cfg, state: serverExpectsClientHello, hs: new(handshake)}
}

// Err returns why the connection died, or nil.
func (c *Conn) Err() *Error { return c.err }

// Established tells whether the handshake is complete, with all checks passed.
func (c *Conn) Established() bool { return c.isOpen() }

// isOpen tells whether application data may flow.
func (c *Conn) isOpen() bool { return c.state >= open }

// ChainToVerify returns what WaitVerify is about, in DER, the leaf first. It is
// Info's PeerChain from then on, but that of a post-handshake authentication
// once the client's Finished has come.
func (c *Conn) ChainToVerify() [][]byte { return c.hs.peerChain }

// GotHandshake tells whether the last record held handshake messages, or a part
// of one.
func (c *Conn) GotHandshake() bool { return c.gotHandshake }

// PeerClosed tells whether the peer sent close_notify.
func (c *Conn) PeerClosed() bool { return c.closeReceived }

// Info tells what is known about the connection. It is the engine's own: the
// caller doesn't change it.
func (c *Conn) Info() *Info { return &c.info }

// Wait tells what the connection needs next.
func (c *Conn) Wait() Wait {
	if c.err != nil {
		return WaitFailed
	}
	return c.state.waitsFor()
}

// fail kills the connection with err and tells the peer, once.
func (c *Conn) fail(err *Error) *Error {
	c.changed()
	if c.err == nil {
		c.err = err
		if err.Alert != 0 && !err.Received && !c.closeSent {
			c.writeAlert(2, err.Alert)
		}
	}
	c.Wipe()
	return c.err
}

// failed kills the connection if a step of it came to err, or couldn't write.
func (c *Conn) failed(err *Error) bool {
	if err == nil {
		err = c.err
	}
	if err != nil {
		c.fail(err)
	}
	return err != nil
}

// Wipe clears the connection's secrets. It can't be used any more.
func (c *Conn) Wipe() {
	if c.err == nil {
		c.err = errShutdown
	}
	if c.hs != nil {
		c.hs.wipe()
		c.hs = nil
	}
	for _, s := range c.sessions { // RFC 8446, 6.2: failed connections are forgotten
		clear(s.Secret)
	}
	c.sessions = nil
	for _, secret := range [][]byte{c.inSecret, c.outSecret, c.exporter, c.resumption, c.hand} {
		clear(secret)
	}
	c.inSecret, c.outSecret, c.exporter, c.resumption, c.hand, c.flight = nil, nil, nil, nil, nil, nil
	c.in.Wipe()
	c.out.Wipe()
	c.inKeyed, c.outKeyed = false, false
}

// SendAlert kills the connection with a fatal alert of the caller's choice.
func (c *Conn) SendAlert(alert uint8) {
	c.fail(&Error{Code: "ALERT_SENT", Alert: alert})
}

// RecordBody returns how many bytes follow a record's header. If ok is false
// the header is bad, and HandleRecord wants it alone to say why.
func RecordBody(hdr [record.HeaderSize]byte) (n int, ok bool) {
	n = int(hdr[3])<<8 | int(hdr[4])
	t := record.Type(hdr[0])
	return n, t >= record.ChangeCipherSpec && t <= record.ApplicationData && hdr[1] == 3 && n <= record.MaxBody
}

// MaxRecord is the size of the longest record that RecordBody lets pass.
const MaxRecord = record.HeaderSize + record.MaxBody

// HandleRecord takes one whole record, which it may overwrite. If the record
// carries application data that is returned, decrypted into dst if that can
// hold it together with TLS 1.3's content type and padding, else in rec. A
// record with a bad header may be handed in as the header alone. The error is
// sticky and an *Error.
func (c *Conn) HandleRecord(rec, dst []byte) ([]byte, error) {
	if c.err != nil {
		return nil, c.err
	}
	if c.Wait() != WaitInput || c.state == clientStart {
		return nil, c.fail(errInternal)
	}
	if c.closeReceived {
		return nil, nil // RFC 8446, 6.1: what follows close_notify is ignored
	}
	c.gotHandshake = false
	data, err := c.handleRecord(rec, dst)
	if c.failed(err) {
		return nil, c.err
	}
	return data, nil
}

func (c *Conn) handleRecord(rec, dst []byte) ([]byte, *Error) {
	if err := c.checkHeader(rec); err != nil {
		return nil, err
	}
	typ, payload := record.Type(rec[0]), rec[record.HeaderSize:]
	if typ == record.ChangeCipherSpec && c.info.Version != suite.TLS12 && c.supports(suite.TLS13) {
		return nil, c.handleCCS(payload)
	}
	if c.in.Active() && !c.plaintextAlert(typ, payload) {
		var skip bool
		var err *Error
		if typ, payload, skip, err = c.open(rec, dst); skip || err != nil {
			return nil, err
		}
	} else if c.hs != nil && c.hs.skipEarly && typ == record.ApplicationData {
		return nil, c.skipEarlyData(len(payload)) // between the two ClientHellos
	}
	if len(payload) > record.MaxPlaintext {
		return nil, errDataLength
	}
	if len(payload) == 0 {
		if c.info.Version == suite.TLS13 && typ == record.Handshake { // RFC 8446, 5.4
			return nil, errUnexpectedRecord
		}
		if c.count.empty++; c.count.empty > maxEmptyRecords {
			return nil, errTooManyEmptyFragments
		}
	} else if typ != record.Alert {
		c.count.empty, c.count.warnings = 0, 0
	}
	switch typ {
	case record.ChangeCipherSpec:
		return nil, c.changeCipherSpec(payload)
	case record.Handshake:
		c.gotHandshake = true
		return nil, c.handleHandshake(payload)
	case record.Alert:
		return nil, c.handleAlert(payload)
	case record.ApplicationData:
		return c.handleData(payload)
	}
	return nil, errUnexpectedRecord
}

// checkHeader looks at the header before anything is believed.
func (c *Conn) checkHeader(rec []byte) *Error {
	if len(rec) < record.HeaderSize {
		return errInternal
	}
	hdr := [record.HeaderSize]byte(rec)
	n, _ := RecordBody(hdr)
	switch {
	case hdr[1] != 3 && !c.in.Active():
		return foreignProtocol(rec)
	case c.in.Active() && (hdr[1] != 3 || hdr[2] != 3 && (c.client || !c.inTheClear(hdr[0]))): // RFC 8446, 5.2
		return errWrongVersionNumber
	case c.info.Version == suite.TLS12 && hdr[2] != 3: // RFC 5246, 6.2.1; TLS 1.3 ignores it (RFC 8446, 5.1)
		return errWrongVersionNumber
	}
	if t := record.Type(hdr[0]); t < record.ChangeCipherSpec || t > record.ApplicationData {
		if c.in.Active() {
			return errInvalidOuterType
		}
		return errUnexpectedRecord
	}
	switch {
	case c.in.Active() && n > record.MaxBody13 && c.info.Version != suite.TLS12, n > record.MaxBody:
		return errEncryptedLength
	case len(rec) != record.HeaderSize+n:
		return errInternal
	}
	return nil
}

// inTheClear tells whether a record of that type is unprotected where TLS 1.3
// wants protected ones, which the type is the error of, whatever version it has.
func (c *Conn) inTheClear(t byte) bool {
	return c.info.Version == suite.TLS13 && record.Type(t) != record.ApplicationData
}

// foreignProtocol recognises who else talks to TLS ports.
func foreignProtocol(hdr []byte) *Error {
	for _, method := range []string{"GET ", "POST ", "HEAD ", "PUT "} {
		if bytes.HasPrefix([]byte(method), hdr[:len(method)]) {
			return errHTTPRequest
		}
	}
	if bytes.HasPrefix(hdr, []byte("CONNE")) {
		return errHTTPSProxyRequest
	}
	return errWrongVersionNumber
}

// plaintextAlert tells whether a client refuses our ServerHello in the clear,
// as it must if it can't make keys of it. Nothing that an attacker could not
// have by cutting the connection is lost by believing that.
func (c *Conn) plaintextAlert(t record.Type, payload []byte) bool {
	return c.info.Version == suite.TLS13 && !c.client && !c.isOpen() && c.in.Seq() == 0 && t == record.Alert && len(payload) == 2
}

// open decrypts a record; skip tells that it is early data to be passed over.
func (c *Conn) open(rec, dst []byte) (typ record.Type, payload []byte, skip bool, failure *Error) {
	if !c.client && c.inTheClear(rec[0]) { // of a server's, BoGo wants errBadRecordMAC
		return 0, nil, false, errInvalidOuterType
	}
	typ, payload, err := c.in.Open(rec, dst)
	switch err {
	case nil:
		if c.hs != nil && c.hs.skipEarly {
			c.hs.skipEarly = false
			c.changed()
		}
		return typ, payload, false, nil
	case record.ErrBadMAC:
		if c.hs != nil && c.hs.skipEarly && c.in.Seq() == 0 {
			return 0, nil, true, c.skipEarlyData(len(rec) - record.HeaderSize)
		}
		failure = errBadRecordMAC
	case record.ErrOuterType:
		failure = errInvalidOuterType
	case record.ErrTooLong:
		failure = errDataLength
	case record.ErrNoType: // RFC 8446, 5.4
		failure = errBadRecordMAC.with(AlertUnexpectedMessage)
	default:
		failure = errInternal
	}
	return 0, nil, false, failure
}

// skipEarlyData passes over 0-RTT data that nobody agreed to (RFC 8446, 4.2.10).
func (c *Conn) skipEarlyData(n int) *Error {
	if len(c.hand) > 0 {
		return errUnexpectedRecord // RFC 8446, 5.1: messages are not interleaved
	}
	if c.count.skippedEarly += n; c.count.skippedEarly > maxSkippedEarly {
		return errTooMuchEarlyData
	}
	return nil
}

// handleCCS drops the change_cipher_spec of middlebox compatibility mode
// (RFC 8446, 5): it may come unprotected between the first ClientHello and the
// peer's Finished.
func (c *Conn) handleCCS(payload []byte) *Error {
	if c.isOpen() || c.state == serverExpectsClientHello || len(c.hand) > 0 {
		return errUnexpectedRecord
	}
	if len(payload) != 1 || payload[0] != 1 {
		return errBadCCS
	}
	if c.count.empty++; c.count.empty > maxEmptyRecords {
		return errTooManyEmptyFragments
	}
	return nil
}

func (c *Conn) handleAlert(payload []byte) *Error {
	if len(payload) == 0 && c.info.Version == suite.TLS13 { // RFC 8446, 5.4
		return errBadAlert.with(AlertUnexpectedMessage)
	}
	if len(payload) != 2 {
		return errBadAlert
	}
	level, alert := payload[0], payload[1]
	// RFC 8446, 6: these are no errors, and the level may say what it likes.
	if level == 2 && c.info.Version == suite.TLS13 && (alert == AlertCloseNotify || alert == AlertUserCanceled) {
		level = 1
	}
	switch level {
	case 1:
		if len(c.hand) > 0 && c.info.Version == suite.TLS13 { // RFC 8446, 5.1: nothing comes inside a message
			return errUnexpectedRecord
		}
		if alert == AlertCloseNotify {
			c.closeReceived = true
			c.changed()
			if !c.isOpen() {
				return ErrUnexpectedEOF
			}
			return nil
		}
		// RFC 8446, 6: whatever its level says, any other alert is an error.
		if alert != AlertUserCanceled && c.info.Version == suite.TLS13 {
			return errBadAlert
		}
		if c.count.warnings++; c.count.warnings > maxWarnings {
			return errTooManyWarnings
		}
		return nil
	case 2:
		return receivedAlert(alert)
	}
	return errUnknownAlertType
}

func (c *Conn) handleData(payload []byte) ([]byte, *Error) {
	if !c.isOpen() {
		return nil, errUnexpectedRecord
	}
	// RFC 8446, 5.1 and 4.4: messages are not interleaved, nor is a flight
	if len(c.hand) > 0 || c.state != open {
		return nil, errUnexpectedRecord
	}
	if len(payload) == 0 {
		return nil, nil
	}
	c.count.keyUpdates, c.count.renegotiations, c.count.authRequests = 0, 0, 0
	return payload, nil
}

func (c *Conn) handleHandshake(payload []byte) *Error {
	c.hand = append(c.hand, payload...)
	size := len(c.hand)
	err := c.advance()
	if len(c.hand) < size {
		c.changed()
	} else {
		c.epoch += uint64(len(payload))
	}
	return err
}

// message is one handshake message; its bytes stay valid.
type message struct{ raw, body []byte }

// next takes the next whole message, of that type, off hand.
func (c *Conn) next(t wire.Type) (m message, ok bool, err *Error) {
	if len(c.hand) < wire.HeaderSize {
		return m, false, nil
	}
	n := int(c.hand[1])<<16 | int(c.hand[2])<<8 | int(c.hand[3])
	if n > c.messageLimit(t) {
		return m, false, errExcessiveMessage
	}
	n += wire.HeaderSize
	if len(c.hand) < n {
		return m, false, nil
	}
	m.raw, m.body = c.hand[:n:n], c.hand[wire.HeaderSize:n:n]
	if c.hand = c.hand[n:]; len(c.hand) == 0 {
		c.hand = nil
	}
	return m, true, nil
}

// advance handles messages until more input or an answer is needed.
func (c *Conn) advance() *Error {
	for c.state.waitsFor() == WaitInput {
		if len(c.hand) == 0 {
			break
		}
		// The type is judged before the rest is waited for.
		typ := wire.Type(c.hand[0])
		handle := c.state.handler(typ)
		if typ == wire.TypeHelloRequest && c.client && c.info.Version != suite.TLS13 && c.supports(suite.TLS12) {
			handle = (*Conn).refuseRenegotiation
		}
		if handle == nil && c.state.expectsCCS() {
			return errUnexpectedRecord
		}
		if handle == nil {
			return errUnexpectedMessage
		}
		m, ok, err := c.next(typ)
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if err := handle(c, m); err != nil {
			return err
		}
	}
	c.flush()
	return nil
}

// EOF tells that the transport ended. The error is nil if close_notify had come.
func (c *Conn) EOF() error {
	switch {
	case c.err != nil:
		return c.err
	case c.closeReceived:
		return nil
	case !c.isOpen():
		return c.fail(ErrUnexpectedEOF)
	}
	return c.fail(ErrTruncated)
}

// TakeOutput appends the records that have to be sent to dst.
func (c *Conn) TakeOutput(dst []byte) []byte {
	if len(c.output) > 0 {
		c.changed()
	}
	dst = append(dst, c.output...)
	c.output = nil
	return dst
}

// write puts a payload of any length into records.
func (c *Conn) write(t record.Type, payload []byte) {
	c.changed()
	if c.ccsDue {
		c.ccsDue = false
		c.output = append(c.output, byte(record.ChangeCipherSpec), 3, 3, 0, 1, 1)
	}
	for {
		n := min(len(payload), record.MaxPlaintext)
		out, err := c.out.Seal(c.output, t, payload[:n])
		if err != nil {
			c.err = errInternal // not even an alert can be sent; see failed
			return
		}
		c.output = out
		if payload = payload[n:]; len(payload) == 0 {
			return
		}
	}
}

// flush puts the messages written so far into records.
func (c *Conn) flush() {
	if len(c.flight) > 0 {
		c.write(record.Handshake, c.flight)
		clear(c.flight)
		c.flight = nil
	}
}

func (c *Conn) writeAlert(level, alert uint8) {
	c.flush()
	c.write(record.Alert, []byte{level, alert})
}

// writeMessage sends a handshake message and adds it to the transcript.
func (c *Conn) writeMessage(raw []byte) {
	c.hs.transcript.add(raw)
	c.flight = append(c.flight, raw...)
}

// writeCCS sends the change_cipher_spec of middlebox compatibility mode, once
// (RFC 8446, D.4). A server does so even if the client doesn't ask for it, right
// behind its first message; a client in front of its next record, to save a packet.
func (c *Conn) writeCCS() {
	if c.hs.ccsSent {
		return
	}
	c.hs.ccsSent = true
	if c.client {
		c.ccsDue = true
		return
	}
	c.flush()
	c.write(record.ChangeCipherSpec, []byte{1})
}

// Seal appends to dst what has to be sent anyway and then a prefix of data, at
// most SealBatch bytes, as records; n tells how much of data that took.
func (c *Conn) Seal(dst, data []byte) (out []byte, n int, err error) {
	switch {
	case c.err != nil:
		return dst, 0, c.err
	case !c.isOpen():
		return dst, 0, c.fail(errInternal)
	case c.closeSent:
		return dst, 0, errShutdown
	}
	data = data[:min(len(data), SealBatch)]
	for n < len(data) {
		if c.keyUpdateDue || c.out.Worn() {
			if err := c.UpdateKeys(false); err != nil {
				return dst, n, err
			}
		}
		if len(c.output) > 0 {
			dst = c.TakeOutput(dst)
		}
		piece := data[n:min(len(data), n+record.MaxPlaintext)]
		if dst, err = c.out.Seal(dst, record.ApplicationData, piece); err != nil {
			return dst, n, c.fail(errInternal)
		}
		n += len(piece)
	}
	return dst, n, nil
}

// CloseNotify sends close_notify, once, if the handshake is complete.
func (c *Conn) CloseNotify() {
	if c.err == nil && c.isOpen() && !c.closeSent {
		c.closeSent = true
		c.writeAlert(1, AlertCloseNotify)
	}
}
