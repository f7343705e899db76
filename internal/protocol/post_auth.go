package protocol

import (
	"libtls/internal/suite"
	"libtls/internal/wire"
)

// Post-handshake authentication (RFC 8446, 4.6.2): a server asks a client that
// agreed to it for a certificate, as often as it likes, one request at a time.

// RequestCertificate makes a server ask its client for a certificate. The
// answer comes between the client's data, with a WaitVerify; Info tells of it.
// The error is ErrNoPostHandshakeAuth if the client didn't agree, and
// ErrRequestPending if the last request has not been answered.
func (c *Conn) RequestCertificate() error {
	switch {
	case c.err != nil:
		return c.err
	case c.client || !c.isOpen() || c.closeSent:
		return errInternal
	case !c.postHandshakeAuth:
		return ErrNoPostHandshakeAuth
	case c.authContext != nil:
		return ErrRequestPending
	}
	context, err := c.random(32)
	if err != nil {
		return err
	}
	c.authContext = context
	c.authRequested = c.certificateRequest13(context)
	c.flight = append(c.flight, c.authRequested...)
	c.flush()
	return nil
}

// AgreedToAuthenticate tells whether a client can be asked for a certificate.
func (c *Conn) AgreedToAuthenticate() bool { return c.postHandshakeAuth }

// Authenticating tells whether an answer to a request has come in part.
func (c *Conn) Authenticating() bool { return c.state > open }

// authHandshake begins the exchange that a request starts: a handshake of its
// own, whose transcript goes on from the main one (RFC 8446, 4.4).
func (c *Conn) authHandshake(request []byte) *Error {
	c.hs = &handshake{suite: c.info.Suite, hello: Hello{Version: suite.TLS13}}
	if !c.hs.transcript.resume(c.info.Suite.Hash, c.authTranscript) {
		return errInternal
	}
	c.hs.transcript.add(request)
	return nil
}

// authDone ends the exchange.
func (c *Conn) authDone() {
	c.changed() // the last that this handshake did
	c.hs.wipe()
	c.hs = nil
	c.authContext, c.authRequested = nil, nil
	c.state = open
}

// authRequest takes a server's request.
func (c *Conn) authRequest(m message) *Error {
	if !c.client || !c.postHandshakeAuth {
		return errUnexpectedMessage
	}
	if c.closeSent { // RFC 8446, 6.1: there can be no answer
		return nil
	}
	req, ok := wire.ParseCertificateRequest(m.body)
	if !ok || len(req.Context) == 0 {
		return errDecode
	}
	if c.count.authRequests++; c.count.authRequests > maxAuthRequests {
		return errTooManyAuthRequests
	}
	if err := c.authHandshake(m.raw); err != nil {
		return err
	}
	c.authContext = req.Context
	c.state = openAwaitsCredential
	return c.hs.hello.readRequest(c, req)
}

// authenticate sends a client's certificate, or none.
func (c *Conn) authenticate() *Error {
	return c.writeRequested(openAwaitsSignature, c.authFinish)
}

// authFinish sends a client's Finished, under its present traffic secret
// (RFC 8446, 4.4.4).
func (c *Conn) authFinish() *Error {
	c.writeFinished(c.outSecret)
	c.authDone()
	return nil
}

// authCertificate takes the client's answer.
func (c *Conn) authCertificate(m message) *Error {
	if c.client || c.authContext == nil {
		return errUnexpectedMessage
	}
	if err := c.authHandshake(c.authRequested); err != nil {
		return err
	}
	return c.requestedCertificate(m, openExpectsCertificateVerify, openExpectsFinished)
}

func (c *Conn) authCertificateVerify(m message) *Error {
	if err := c.peerCertificateVerify(m); err != nil {
		return err
	}
	c.state = openAwaitsVerdict
	return nil
}

func (c *Conn) authFinished(m message) *Error {
	if err := c.peerFinished(m, c.inSecret); err != nil {
		return err
	}
	c.info.PeerChain, c.info.PeerScheme = c.hs.peerChain, c.hs.peerScheme
	c.info.PostHandshakeAuths++
	c.authDone()
	return nil
}
