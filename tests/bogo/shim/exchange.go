package main

import (
	"bytes"
	"io"

	"libtls/internal/protocol"
	"libtls/internal/suite"
)

var (
	errUnclean      = &protocol.Error{Code: "UNCLEAN_SHUTDOWN", Text: "Unexpected SSL_shutdown result: -1 != 1"} // the runner's words
	errShutdownData = &protocol.Error{Code: "APPLICATION_DATA_ON_SHUTDOWN"}
)

// exchange does all that the test wants on one connection.
func (l *link) exchange(later bool) error {
	o := l.opts
	if later && !o.server && l.mem.session == nil {
		return brokenf("the connection before left no session to resume")
	}
	l.tls.Start()
	if !o.implicitHandshake {
		if err := l.handshake(); err != nil {
			return err
		}
		if err := l.check(later); err != nil {
			return err
		}
	}
	if o.extraHandshake {
		if err := l.handshake(); err != nil {
			return err
		}
	}
	if err := l.speakFirst(); err != nil {
		return err
	}
	if o.sendAlert {
		const decompressionFailure = 30
		l.tls.SendAlert(decompressionFailure)
		return nil
	}
	if !o.shimShutsDown {
		if err := l.echo(); err != nil {
			return err
		}
	}
	if o.checkCloseNotify {
		if err := l.shutdown(); err != nil {
			return err
		}
	}
	return l.checkSession()
}

// speakFirst sends what the runner wants to hear before it speaks.
func (l *link) speakFirst() error {
	o := l.opts
	if o.exportBytes > 0 {
		if err := l.handshake(); err != nil {
			return err
		}
		key, err := l.tls.Export(o.exportLabel, []byte(o.exportContext), o.useExportContext, o.exportBytes)
		if err != nil {
			return err
		}
		if err := l.write(key); err != nil {
			return err
		}
	}
	if o.readWithUnfinishedWrite {
		if err := l.handshake(); err != nil {
			return err
		}
		l.hold = true
	}
	if o.shimWritesFirst || o.readWithUnfinishedWrite {
		return l.write([]byte("hello"))
	}
	return nil
}

// echo sends back what comes, flipped, until the peer closes.
func (l *link) echo() error {
	o := l.opts
	buf := make([]byte, o.readSize)
	for {
		n, err := l.nextData(buf)
		switch {
		case err == io.EOF:
			return nil
		case err == protocol.ErrTruncated:
			if o.checkCloseNotify {
				return errUnclean
			}
			return nil
		case err != nil:
			return err
		}
		l.hold = false
		for i := range buf[:n] {
			buf[i] ^= 0xff
		}
		if o.keyUpdate {
			if err := l.tls.UpdateKeys(false); err != nil {
				return err
			}
		}
		if err := l.write(buf[:n]); err != nil {
			return err
		}
	}
}

// nextData reads, after having peeked if the test wants it.
func (l *link) nextData(buf []byte) (int, error) {
	if !l.opts.peekThenRead {
		return l.read(buf)
	}
	var seen [2][]byte
	for i := range seen {
		p := make([]byte, len(buf))
		n, err := l.peek(p)
		if err != nil {
			return 0, err
		}
		seen[i] = p[:n]
	}
	n, err := l.read(buf)
	if err == nil && (!bytes.Equal(seen[0], seen[1]) || !bytes.Equal(seen[0], buf[:n])) {
		return 0, brokenf("peek and read differ")
	}
	return n, err
}

// shutdown sends close_notify and insists on the peer's.
func (l *link) shutdown() error {
	l.tls.CloseNotify()
	l.flush()
	for !l.tls.PeerClosed() {
		err := l.step()
		if err == protocol.ErrTruncated {
			return errUnclean
		}
		if err != nil {
			return err
		}
		if len(l.plain) > 0 {
			return errShutdownData
		}
	}
	return nil
}

// checkSession checks whether a client got a session in time.
func (l *link) checkSession() error {
	o := l.opts
	if o.server || o.shimShutsDown {
		return nil
	}
	want := !o.expectNoSession
	info := l.tls.Info()
	if info.Version == suite.TLS12 {
		want = want && (!info.Resumed || o.expectTicketRenewal)
	}
	if got := l.newSession != nil; got != want {
		return brokenf("a session came: %t, wanted: %t", got, want)
	}
	if !want {
		l.newSession = l.mem.kept()
	}
	return nil
}
