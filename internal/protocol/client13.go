package protocol

import (
	"slices"

	"libtls/internal/schedule"
	"libtls/internal/suite"
	"libtls/internal/wire"
)

// serverHello13 goes on with a ServerHello or HelloRetryRequest of TLS 1.3.
func (c *Conn) serverHello13(m message, sh *wire.ServerHello) *Error {
	hs := c.hs
	retry := [32]byte(sh.Random) == wire.HelloRetryRandom
	at := inServerHello
	if retry {
		at = inHelloRetry
	}
	exts, err := c.index(sh.Extensions, at)
	if err != nil {
		return err
	}
	if !slices.Equal(sh.SessionID, hs.sessionID) {
		return errSessionIDEcho
	}
	if sh.Compression != 0 { // RFC 8446, 4.1.3
		return errDecode
	}
	// RFC 8446, 4.1.3 and 4.1.4
	if !c.offeredSuite(sh.Suite) || hs.suite != nil && hs.suite.ID != sh.Suite {
		return errWrongCipher
	}
	hs.suite = suite.ByID(sh.Suite)
	c.info.Suite = hs.suite
	if retry {
		return c.helloRetry(m, exts)
	}
	hs.transcript.fix(hs.suite.Hash)
	hs.transcript.add(m.raw)
	return c.acceptServerHello(exts)
}

// helloRetry sends a second ClientHello as the server asks (RFC 8446, 4.1.4).
func (c *Conn) helloRetry(m message, exts extensions) *Error {
	hs := c.hs
	if c.state == clientExpectsSecondServerHello {
		return errUnexpectedMessage
	}
	share, hasShare := exts[wire.ExtKeyShare]
	cookie, hasCookie := exts[wire.ExtCookie]
	if !hasShare && !hasCookie { // it would change nothing
		return errEmptyHelloRetry
	}
	if hasCookie {
		var ok bool
		if hs.cookie, ok = wire.ParseBytes16(cookie); !ok {
			return errDecode
		}
	}
	hs.transcript.retry(hs.suite.Hash)
	hs.transcript.add(m.raw)
	if hasShare {
		group, ok := wire.ParseUint16[suite.Group](share)
		if !ok {
			return errDecode
		}
		// RFC 8446, 4.2.8: it must be one we offered, and no share of it
		sent := func(k *suite.KeyShare) bool { return k.Group == group }
		if !slices.Contains(c.groups(), group) || slices.ContainsFunc(hs.shares, sent) {
			return errWrongCurve
		}
		for _, k := range hs.shares {
			k.Wipe()
		}
		hs.shares, hs.publics = nil, nil
		if err := c.addShare(group); err != nil {
			return err
		}
	}
	// RFC 8446, 4.1.4: leave out PSKs that don't fit the suite.
	if hs.session != nil && suite.ByID(hs.session.Suite).Hash != hs.suite.Hash {
		hs.session = nil
	}
	if len(c.hand) > 0 {
		return errExcessData
	}
	c.info.HelloRetry = true
	c.writeCCS()
	c.state = clientExpectsSecondServerHello
	return c.writeClientHello()
}

// acceptServerHello agrees on keys.
func (c *Conn) acceptServerHello(exts extensions) *Error {
	hs := c.hs
	var psk []byte
	if data, ok := exts[wire.ExtPreSharedKey]; ok {
		index, ok := wire.ParseUint16[uint16](data)
		if !ok {
			return errParsingExtension
		}
		if index != 0 {
			return errPSKIdentity
		}
		if suite.ByID(hs.session.Suite).Hash != hs.suite.Hash {
			return errPRFMismatch
		}
		psk = hs.session.Secret
	}
	data, ok := exts[wire.ExtKeyShare]
	switch {
	case !ok && psk != nil: // RFC 8446, 4.2.11: our mode needs one
		return errMissingKeyShare.with(AlertIllegalParameter)
	case !ok:
		return errMissingKeyShare
	}
	share, ok := wire.ParseServerShare(data)
	if !ok {
		return errDecode
	}
	i := slices.IndexFunc(hs.shares, func(k *suite.KeyShare) bool { return k.Group == share.Group })
	if i < 0 {
		return errWrongCurve
	}
	shared, err := hs.shares[i].Finish(share.Data)
	if err != nil {
		return errBadPoint
	}
	for _, k := range hs.shares {
		k.Wipe()
	}
	c.info.Group = share.Group
	if psk != nil {
		c.info.Resumed = true
		c.info.Session = hs.session
		c.info.PeerChain = hs.session.PeerChain
		c.info.Staple = hs.session.Staple
	}
	hs.schedule = schedule.New(hs.suite.Hash, psk)
	c.handshakeKeys(shared)
	if err := c.setReadKeys(hs.suite, hs.serverSecret); err != nil {
		return err
	}
	c.writeCCS()
	c.state = clientExpectsEncryptedExtensions
	c.postHandshakeAuth = c.cfg.PostHandshakeAuth
	return c.setWriteKeys(hs.suite, hs.clientSecret)
}

func (c *Conn) encryptedExtensions(m message) *Error {
	list, ok := wire.ParseEncryptedExtensions(m.body)
	if !ok {
		return errDecode
	}
	exts, err := c.index(list, inEncryptedExtensions)
	if err != nil {
		return err
	}
	if data, ok := exts[wire.ExtServerName]; ok && len(data) != 0 {
		return errParsingExtension
	}
	if err := c.readALPN(exts); err != nil {
		return err
	}
	if data, ok := exts[wire.ExtSupportedGroups]; ok {
		if _, ok := wire.ParseCodes[suite.Group](data); !ok {
			return errParsingExtension
		}
	}
	c.hs.transcript.add(m.raw)
	if c.info.Resumed {
		c.state = clientExpectsFinished
	} else {
		c.state = clientExpectsCertificateRequest
	}
	return nil
}

// certificateRequest notes that the server wants to know who we are.
func (c *Conn) certificateRequest(m message) *Error {
	req, ok := wire.ParseCertificateRequest(m.body)
	if !ok {
		return errDecode
	}
	if len(req.Context) != 0 { // RFC 8446, 4.3.2
		return errDecode.with(AlertIllegalParameter)
	}
	if err := c.hs.hello.readRequest(c, req); err != nil {
		return err
	}
	c.hs.certRequested = true
	c.hs.transcript.add(m.raw)
	c.state = clientExpectsCertificate
	return nil
}

// readRequest takes what a CertificateRequest says.
func (h *Hello) readRequest(c *Conn, req *wire.CertificateRequest) *Error {
	exts, err := c.index(req.Extensions, inCertificateRequest)
	if err != nil {
		return err
	}
	h.CertificateRequest = true
	data, ok := exts[wire.ExtSignatureAlgorithms]
	if !ok { // RFC 8446, 4.3.2
		return errDecode.with(AlertMissingExtension)
	}
	// RFC 8446, 4.4.2.1: here the extension is empty.
	if data, there := exts[wire.ExtStatusRequest]; there {
		if len(data) != 0 {
			return errParsingExtension
		}
		h.OCSP = true
	}
	return h.read(exts, data)
}

func (c *Conn) serverCertificate(m message) *Error {
	if err := c.peerCertificate(m); err != nil {
		return err
	}
	if len(c.hs.peerChain) == 0 { // RFC 8446, 4.4.2.4
		return errNoPeerCertificate.with(AlertDecodeError)
	}
	c.state = clientExpectsCertificateVerify
	return nil
}

func (c *Conn) serverCertificateVerify(m message) *Error {
	if err := c.peerCertificateVerify(m); err != nil {
		return err
	}
	c.state = clientAwaitsVerdict
	return nil
}

func (c *Conn) serverFinished(m message) *Error {
	hs := c.hs
	if err := c.peerFinished(m, hs.serverSecret); err != nil {
		return err
	}
	var in []byte
	hs.trafficOut, in = c.trafficSecrets()
	defer clear(in)
	if err := c.setReadKeys(hs.suite, in); err != nil {
		return err
	}
	if hs.certRequested {
		c.state = clientAwaitsCredential
		return nil
	}
	return c.clientFinish()
}

// clientAuthenticate sends our certificate, or none.
func (c *Conn) clientAuthenticate() *Error {
	return c.writeRequested(clientAwaitsSignature, c.clientFinish)
}

// writeRequested sends a client's certificate, or none, and goes on with the state
// that awaits a signature or, without a certificate, with finish.
func (c *Conn) writeRequested(sign state, finish func() *Error) *Error {
	hs := c.hs
	if hs.credential == nil {
		c.writeCertificate(false)
		return finish()
	}
	var err *Error
	if hs.scheme, err = c.pickScheme(hs.credential); err != nil {
		return err
	}
	c.writeCertificate(hs.hello.OCSP)
	c.state = sign
	return nil
}

// clientFinish sends Finished.
func (c *Conn) clientFinish() *Error {
	hs := c.hs
	c.writeFinished(hs.clientSecret)
	if err := c.setWriteKeys(hs.suite, hs.trafficOut); err != nil {
		return err
	}
	c.complete()
	return nil
}
