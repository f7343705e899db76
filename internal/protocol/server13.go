package protocol

import (
	"bytes"
	"crypto/hmac"
	"slices"
	"time"

	"libtls/internal/schedule"
	"libtls/internal/suite"
	"libtls/internal/wire"
)

// clientHello13 goes on with a first ClientHello when TLS 1.3 was negotiated.
func (c *Conn) clientHello13() *Error {
	if !bytes.Equal(c.hs.offer.Compressions, []byte{0}) { // RFC 8446, 4.1.2
		return errCompressionList
	}
	if err := c.chooseSuite(); err != nil {
		return err
	}
	return c.chooseGroup()
}

// readClientExtensions13 takes what TLS 1.2 knows nothing of.
func (c *Conn) readClientExtensions13() *Error {
	hs := c.hs
	if data, there := hs.exts[wire.ExtEarlyData]; there {
		if len(data) != 0 {
			return errParsingExtension
		}
		hs.skipEarly = true
	}
	if data, there := hs.exts[wire.ExtPostHandshakeAuth]; there {
		if len(data) != 0 {
			return errParsingExtension
		}
		c.postHandshakeAuth = c.cfg.PostHandshakeAuth
	}
	if data, there := hs.exts[wire.ExtPSKModes]; there {
		modes, ok := wire.ParseBytes8(data)
		if !ok {
			return errParsingExtension
		}
		c.pskDHE = slices.Contains(modes, wire.PSKDHE)
	}
	return c.readPSKs()
}

// readPSKs takes the PSKs offered, if they can be used at all.
func (c *Conn) readPSKs() *Error {
	hs := c.hs
	hs.psks, hs.identity = nil, 0
	data, there := hs.exts[wire.ExtPreSharedKey]
	if !there {
		return nil
	}
	if last := hs.offer.Extensions[len(hs.offer.Extensions)-1]; last.Type != wire.ExtPreSharedKey {
		return errPSKNotLast // RFC 8446, 4.2.11
	}
	psks, ok := wire.ParseOffer(data)
	if !ok {
		return errDecode
	}
	if len(psks.Identities) != len(psks.Binders) {
		return errBinderCount
	}
	if _, there := hs.exts[wire.ExtPSKModes]; !there { // RFC 8446, 4.2.9
		return errMissingExtension
	}
	if c.cfg.Tickets && c.pskDHE {
		hs.psks = psks
	}
	return nil
}

func (c *Conn) chooseSuite() *Error {
	id, ok := prefer(c.suites(suite.TLS13), c.hs.offer.Suites, c.cfg.PreferPeerSuites)
	if !ok {
		return errNoSharedCipher
	}
	c.hs.suite = suite.ByID(id)
	c.info.Suite = c.hs.suite
	return nil
}

// chooseGroup chooses the group and looks for the client's share of it.
func (c *Conn) chooseGroup() *Error {
	hs := c.hs
	data, ok := hs.exts[wire.ExtSupportedGroups]
	if !ok { // RFC 8446, 9.2
		return errNoSharedGroup.with(AlertMissingExtension)
	}
	offered, ok := wire.ParseCodes[suite.Group](data)
	if !ok {
		return errParsingExtension
	}
	hs.peerGroups = offered
	shares, err := c.clientShares()
	if err != nil {
		return err
	}
	if hs.group, ok = prefer(c.groups(), offered, c.cfg.PreferPeerGroups); !ok {
		return errNoSharedGroup
	}
	// A share at hand saves a round trip, which only safety from quantum
	// computers is worth.
	with := slices.DeleteFunc(c.groups(), func(g suite.Group) bool { return shares[g] == nil })
	if g, ok := prefer(with, offered, c.cfg.PreferPeerGroups); ok &&
		(suite.GroupByID(g).PostQuantum() || !suite.GroupByID(hs.group).PostQuantum()) {
		hs.group = g
	}
	c.info.Group = hs.group
	hs.peerShare = shares[hs.group]
	return nil
}

// clientShares returns the client's key shares, which are for groups that it
// offers.
func (c *Conn) clientShares() (map[suite.Group][]byte, *Error) {
	data, ok := c.hs.exts[wire.ExtKeyShare]
	if !ok {
		return nil, errMissingKeyShare
	}
	list, ok := wire.ParseClientShares(data)
	if !ok {
		return nil, errDecode
	}
	known := make(map[suite.Group]bool, len(c.hs.peerGroups))
	for _, g := range c.hs.peerGroups {
		known[g] = true
	}
	shares := make(map[suite.Group][]byte, len(list))
	for _, k := range list {
		if _, twice := shares[k.Group]; twice { // RFC 8446, 4.2.8
			return nil, errDuplicateShare
		}
		if !known[k.Group] { // RFC 8446, 4.2.8
			return nil, errWrongCurve
		}
		shares[k.Group] = k.Data
	}
	return shares, nil
}

// serverNegotiate goes on once the caller has chosen.
func (c *Conn) serverNegotiate() *Error {
	if c.hs.peerShare == nil {
		return c.writeHelloRetry()
	}
	return c.resume()
}

// writeHelloRetry asks for a share of the group chosen (RFC 8446, 4.1.4).
func (c *Conn) writeHelloRetry() *Error {
	hs := c.hs
	if len(c.hand) > 0 {
		return errExcessData
	}
	hs.transcript.add(hs.helloRaw)
	hs.transcript.retry(hs.suite.Hash)
	c.writeMessage((&wire.ServerHello{
		Version:   suite.TLS12,
		Random:    wire.HelloRetryRandom[:],
		SessionID: hs.sessionID,
		Suite:     hs.suite.ID,
		Extensions: []wire.Extension{
			{Type: wire.ExtSupportedVersions, Data: wire.Uint16(suite.TLS13)},
			{Type: wire.ExtKeyShare, Data: wire.Uint16(hs.group)},
		},
	}).Marshal())
	c.writeCCS()
	c.info.HelloRetry = true
	c.state = serverExpectsSecondClientHello
	return nil
}

// secondClientHello takes the answer to a HelloRetryRequest, which may differ
// from the first ClientHello only where RFC 8446, 4.1.2 says.
func (c *Conn) secondClientHello(m message) *Error {
	hs := c.hs
	first, firstExts, mustStay := hs.offer, hs.exts, c.fittingPSK()
	if err := c.readClientHello(m); err != nil {
		return err
	}
	hs.skipEarly = false
	if _, there := hs.exts[wire.ExtPreSharedKey]; mustStay && !there {
		return errMissingExtension
	}
	second := hs.offer
	if first.Version != second.Version || !bytes.Equal(first.Random, second.Random) ||
		!bytes.Equal(first.SessionID, second.SessionID) || !slices.Equal(first.Suites, second.Suites) ||
		!bytes.Equal(first.Compressions, second.Compressions) ||
		!sameExtensions(firstExts, hs.exts) {
		return errInconsistentHello
	}
	shares, err := c.clientShares()
	if err != nil {
		return err
	}
	hs.peerShare = shares[hs.group]
	if len(shares) != 1 || hs.peerShare == nil {
		return errWrongCurve
	}
	return c.resume()
}

// fittingPSK tells whether a PSK was offered that fits the suite: its binder is
// as long as the suite's hash. A second ClientHello may leave out the others.
func (c *Conn) fittingPSK() bool {
	return c.hs.psks != nil && slices.ContainsFunc(c.hs.psks.Binders, func(b []byte) bool { return len(b) == c.hs.suite.Hash.Size() })
}

// sameExtensions compares two ClientHellos but for what may change.
func sameExtensions(a, b extensions) bool {
	for t, places := range extensionTable {
		if places&inClientHello == 0 || slices.Contains(changeable, t) {
			continue
		}
		before, had := a[t]
		after, has := b[t]
		if had != has || !bytes.Equal(before, after) {
			return false
		}
	}
	return true
}

// resume asks about the next ticket offered, or makes a full handshake.
func (c *Conn) resume() *Error {
	hs := c.hs
	if hs.psks != nil && hs.identity < min(len(hs.psks.Identities), maxIdentities) {
		c.state = serverAwaitsTicket
		return nil
	}
	return c.writeServerHello()
}

// ticket13 takes the caller's answer about the ticket asked about.
func (c *Conn) ticket13(s *Session) *Error {
	hs := c.hs
	if s == nil || !c.resumable(s) {
		hs.identity++
		return c.resume()
	}
	// RFC 8446, 4.2.11: the binder must hold before the PSK is used.
	cut := len(hs.helloRaw) - hs.psks.BindersSize()
	if !hmac.Equal(c.binder(s, hs.helloRaw[:cut]), hs.psks.Binders[hs.identity]) {
		return errDigestCheck
	}
	hs.session = s
	return c.writeServerHello()
}

// resumable tells whether a session fits what has been negotiated.
func (c *Conn) resumable(s *Session) bool {
	old := suite.ByID(s.Suite)
	return s.Version == suite.TLS13 && old != nil && old.Version == suite.TLS13 && old.Hash == c.hs.suite.Hash && len(s.Secret) == old.Hash.Size() && c.admits(s)
}

// writeServerHello sends the server's flight up to CertificateVerify.
func (c *Conn) writeServerHello() *Error {
	hs := c.hs
	random, err := c.random(32)
	if err != nil {
		return err
	}
	share, shared, shareErr := suite.GroupByID(hs.group).Accept(c.cfg.Rand, hs.peerShare)
	if shareErr == suite.ErrBadShare {
		return errBadPoint
	} else if shareErr != nil {
		return errInternal
	}
	sh := &wire.ServerHello{
		Version:   suite.TLS12,
		Random:    random,
		SessionID: hs.sessionID,
		Suite:     hs.suite.ID,
		Extensions: []wire.Extension{
			{Type: wire.ExtSupportedVersions, Data: wire.Uint16(suite.TLS13)},
			{Type: wire.ExtKeyShare, Data: wire.ServerShare(wire.KeyShare{Group: hs.group, Data: share})},
		},
	}
	var psk []byte
	if s := hs.session; s != nil {
		psk = s.Secret
		sh.Extensions = append(sh.Extensions, wire.Extension{Type: wire.ExtPreSharedKey, Data: wire.Uint16(uint16(hs.identity))})
		c.info.Resumed = true
		c.info.Session = s
		c.info.PeerChain = s.PeerChain
		age := hs.psks.Identities[hs.identity].ObfuscatedAge - s.AgeAdd
		c.info.TicketAgeSkew = time.Duration(age)*time.Millisecond - c.now.Sub(s.Created)
	} else if _, there := hs.exts[wire.ExtSignatureAlgorithms]; !there { // RFC 8446, 4.2.3
		return errNoCommonSchemes.with(AlertMissingExtension)
	} else if hs.credential == nil {
		return errNoCertificate
	} else if hs.scheme, err = c.pickScheme(hs.credential); err != nil {
		return err
	}
	hs.schedule = schedule.New(hs.suite.Hash, psk)
	hs.transcript.add(hs.helloRaw)
	hs.transcript.fix(hs.suite.Hash)
	c.writeMessage(sh.Marshal())
	c.writeCCS()
	c.handshakeKeys(shared)
	if err := c.setWriteKeys(hs.suite, hs.serverSecret); err != nil {
		return err
	}
	if err := c.setReadKeys(hs.suite, hs.clientSecret); err != nil {
		return err
	}
	c.writeEncryptedExtensions()
	if hs.session != nil {
		return c.serverFinish()
	}
	if c.cfg.ClientAuth != NoClientCert {
		hs.certRequested = true
		c.writeMessage(c.certificateRequest13(nil))
	}
	c.writeCertificate(hs.hello.OCSP)
	c.state = serverAwaitsSignature
	return nil
}

func (c *Conn) writeEncryptedExtensions() {
	var exts []wire.Extension
	// RFC 6066, 3: a resumption doesn't acknowledge the name.
	if c.hs.hello.ServerName != "" && !c.cfg.NoServerNameAck && !c.info.Resumed {
		exts = append(exts, wire.Extension{Type: wire.ExtServerName})
	}
	if c.info.ALPN != "" {
		exts = append(exts, wire.Extension{Type: wire.ExtALPN, Data: wire.Protocols([]string{c.info.ALPN})})
	}
	c.writeMessage(wire.EncryptedExtensions(exts))
}

// certificateRequest13 makes a CertificateRequest with that context.
func (c *Conn) certificateRequest13(context []byte) []byte {
	req := &wire.CertificateRequest{Context: context, Extensions: []wire.Extension{
		{Type: wire.ExtSignatureAlgorithms, Data: wire.Codes(c.cfg.Schemes)},
	}}
	if c.cfg.CertSchemes != nil {
		req.Extensions = append(req.Extensions, wire.Extension{Type: wire.ExtSignatureAlgsCert, Data: wire.Codes(c.cfg.CertSchemes)})
	}
	if len(c.cfg.ClientCAs) > 0 {
		req.Extensions = append(req.Extensions, wire.Extension{Type: wire.ExtCertAuthorities, Data: wire.Authorities(c.cfg.ClientCAs)})
	}
	return req.Marshal()
}

// serverFinish ends the server's flight.
func (c *Conn) serverFinish() *Error {
	hs := c.hs
	c.writeFinished(hs.serverSecret)
	var out []byte
	hs.trafficIn, out = c.trafficSecrets()
	defer clear(out)
	if err := c.setWriteKeys(hs.suite, out); err != nil {
		return err
	}
	if hs.certRequested {
		c.state = serverExpectsCertificate
	} else {
		c.state = serverExpectsFinished
	}
	return nil
}

func (c *Conn) clientCertificate(m message) *Error {
	return c.requestedCertificate(m, serverExpectsCertificateVerify, serverExpectsFinished)
}

// requestedCertificate takes a client's chain, and goes on with the state that
// awaits a signature or, if there is no chain and none is required, Finished.
func (c *Conn) requestedCertificate(m message, verify, finished state) *Error {
	if err := c.peerCertificate(m); err != nil {
		return err
	}
	switch {
	case len(c.hs.peerChain) > 0:
		c.state = verify
	case c.cfg.ClientAuth == RequireClientCert:
		return errNoPeerCertificate
	default:
		c.state = finished
	}
	return nil
}

func (c *Conn) clientCertificateVerify(m message) *Error {
	if err := c.peerCertificateVerify(m); err != nil {
		return err
	}
	c.state = serverAwaitsVerdict
	return nil
}

func (c *Conn) clientFinished(m message) *Error {
	hs := c.hs
	if err := c.peerFinished(m, hs.clientSecret); err != nil {
		return err
	}
	if err := c.setReadKeys(hs.suite, hs.trafficIn); err != nil {
		return err
	}
	c.complete()
	return nil
}
