package protocol

import (
	"slices"

	"libtls/internal/suite"
	"libtls/internal/wire"
)

// Hello returns what the peer said that matters for the choice of a
// credential, at WaitSelect.
func (c *Conn) Hello() *Hello {
	if c.hs == nil {
		return nil
	}
	return &c.hs.hello
}

// CanUse tells whether a credential fits what the peer accepts; if it doesn't
// the error is what the handshake would die of.
func (c *Conn) CanUse(cred *Credential) *Error {
	if c.hs == nil {
		return errInternal
	}
	if !c.client && c.info.Version == suite.TLS12 {
		if _, err := c.suite12(cred); err != nil {
			return err
		}
	}
	if c.client && c.info.Version == suite.TLS12 && !c.typeWanted12(cred) {
		return errCertificateTypes
	}
	_, err := c.pickScheme(cred)
	return err
}

// Select answers a WaitSelect.
func (c *Conn) Select(ch Choice) {
	goOn := func() *Error {
		if ch.Fail != nil {
			return ch.Fail
		}
		c.hs.credential = ch.Credential
		switch c.state {
		case clientAwaitsCredential:
			return c.clientAuthenticate()
		case client12AwaitsCredential:
			return c.clientAuthenticate12()
		case openAwaitsCredential:
			return c.authenticate()
		}
		c.info.ALPN = ch.ALPN
		if c.info.Version == suite.TLS12 {
			return c.serverNegotiate12()
		}
		return c.serverNegotiate()
	}
	c.answered(WaitSelect, goOn)
}

// SignRequest returns what is to be signed, at WaitSign.
func (c *Conn) SignRequest() *SignRequest {
	if c.hs == nil || c.Wait() != WaitSign {
		return nil
	}
	req := &SignRequest{Credential: c.hs.credential, Scheme: c.hs.scheme}
	switch c.state {
	case client12AwaitsSignature:
		req.Message = c.hs.transcript.raw
	case server12AwaitsSignature:
		h := c.hs.tls12
		req.Message = slices.Concat(h.clientRandom, h.serverRandom, c.keyExchange12().Params())
	default:
		req.Message = signed(!c.client, c.hs.transcript.sum())
	}
	return req
}

// Signed answers a WaitSign with a signature; err tells that there is none.
func (c *Conn) Signed(sig []byte, err error) {
	goOn := func() *Error {
		if err != nil {
			return errSignFailed
		}
		if c.state == server12AwaitsSignature {
			return c.serverSigned12(sig)
		}
		c.writeMessage((&wire.CertificateVerify{Scheme: c.hs.scheme, Signature: sig}).Marshal())
		switch c.state {
		case clientAwaitsSignature:
			return c.clientFinish()
		case client12AwaitsSignature:
			return c.clientFinish12()
		case openAwaitsSignature:
			return c.authFinish()
		}
		return c.serverFinish()
	}
	c.answered(WaitSign, goOn)
}

// Verified answers a WaitVerify; nil accepts the peer's certificate.
func (c *Conn) Verified(verdict *Error) {
	goOn := func() *Error {
		if verdict != nil {
			return verdict
		}
		switch c.state {
		case clientAwaitsVerdict:
			c.state = clientExpectsFinished
		case serverAwaitsVerdict:
			c.state = serverExpectsFinished
		case server12AwaitsVerdict:
			c.state = server12ExpectsChangeCipherSpec
		case openAwaitsVerdict:
			c.state = openExpectsFinished
		case client12AwaitsVerdict:
			return c.verified12()
		}
		return nil
	}
	c.answered(WaitVerify, goOn)
}

// answered goes on after the caller's answer to what was asked.
func (c *Conn) answered(asked Wait, goOn func() *Error) {
	c.changed()
	if c.err != nil {
		return
	}
	if c.state.waitsFor() != asked {
		c.fail(errInternal)
		return
	}
	err := goOn()
	if err == nil {
		err = c.advance()
	}
	c.failed(err)
}
