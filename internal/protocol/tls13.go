package protocol

import (
	"bytes"
	"crypto/hmac"
	"slices"
	"strings"

	"libtls/internal/record"
	"libtls/internal/schedule"
	"libtls/internal/suite"
	"libtls/internal/wire"
)

// Both ends of TLS 1.3 use these.

// setReadKeys and setWriteKeys change keys to those of a traffic secret.
// A message that changes keys must be the last of its record (RFC 8446, 5.1).
func (c *Conn) setReadKeys(s *suite.Suite, secret []byte) *Error {
	if len(c.hand) > 0 {
		return errExcessData
	}
	c.inKeyed = true
	return setKeys(&c.in, &c.inSecret, s, secret)
}

func (c *Conn) setWriteKeys(s *suite.Suite, secret []byte) *Error {
	c.flush()
	c.outKeyed = true
	return setKeys(&c.out, &c.outSecret, s, secret)
}

func setKeys(half *record.Half, kept *[]byte, s *suite.Suite, secret []byte) *Error {
	key, iv := schedule.TrafficKeys(s, secret)
	defer clear(key)
	defer clear(iv)
	if err := half.SetKeys(s, key, iv); err != nil {
		return errInternal
	}
	clear(*kept)
	*kept = slices.Clone(secret)
	return nil
}

// handshakeKeys goes on to the Handshake Secret once the ServerHello is in the
// transcript.
func (c *Conn) handshakeKeys(shared []byte) {
	hs := c.hs
	hs.schedule.Advance(shared)
	clear(shared)
	sum := hs.transcript.sum()
	hs.clientSecret = hs.schedule.Derive(schedule.ClientHandshake, sum)
	hs.serverSecret = hs.schedule.Derive(schedule.ServerHandshake, sum)
	c.logKey(logClientHandshake, hs.clientSecret)
	c.logKey(logServerHandshake, hs.serverSecret)
}

// trafficSecrets goes on to the Master Secret once the server's Finished is in
// the transcript, and returns both ends' secrets for data.
func (c *Conn) trafficSecrets() (client, server []byte) {
	hs := c.hs
	hs.schedule.Advance(nil)
	sum := hs.transcript.sum()
	c.exporter = hs.schedule.Derive(schedule.Exporter, sum)
	client = hs.schedule.Derive(schedule.ClientTraffic, sum)
	server = hs.schedule.Derive(schedule.ServerTraffic, sum)
	c.logKey(logExporter, c.exporter)
	c.logKey(logClientTraffic, client)
	c.logKey(logServerTraffic, server)
	return client, server
}

// signed is what a CertificateVerify signs (RFC 8446, 4.4.3).
func signed(byServer bool, transcript []byte) []byte {
	who := "client"
	if byServer {
		who = "server"
	}
	msg := []byte(strings.Repeat(" ", 64) + "TLS 1.3, " + who + " CertificateVerify\x00")
	return append(msg, transcript...)
}

// writeCertificate sends our chain; none without a credential.
func (c *Conn) writeCertificate(staple bool) {
	m := &wire.Certificate{Context: c.authContext}
	if cred := c.hs.credential; cred != nil {
		for i, der := range cred.Chain {
			e := wire.CertificateEntry{Data: der}
			if i == 0 && staple && len(cred.Staple) > 0 && len(cred.Staple) <= maxStaple {
				e.Extensions = []wire.Extension{{Type: wire.ExtStatusRequest, Data: wire.CertificateStatus(cred.Staple)}}
			}
			m.Entries = append(m.Entries, e)
		}
	}
	c.writeMessage(m.Marshal())
}

// writeFinished sends Finished under our handshake traffic secret.
func (c *Conn) writeFinished(base []byte) {
	c.writeMessage(wire.Raw(wire.TypeFinished, schedule.Finished(c.hs.suite.Hash, base, c.hs.transcript.sum())))
}

// peerCertificate takes the peer's chain; it is empty if a client has none.
func (c *Conn) peerCertificate(m message) *Error {
	cert, ok := wire.ParseCertificate(m.body)
	if !ok {
		return errDecode
	}
	if !bytes.Equal(cert.Context, c.authContext) { // RFC 8446, 4.4.2
		return errDecode.with(AlertIllegalParameter)
	}
	for i, e := range cert.Entries {
		exts, err := c.index(e.Extensions, inCertificate)
		if err != nil {
			return err
		}
		if data, ok := exts[wire.ExtStatusRequest]; ok {
			staple, ok := wire.ParseCertificateStatus(data)
			if !ok {
				return errDecode
			}
			if i == 0 {
				c.info.Staple = staple
			}
		}
		c.hs.peerChain = append(c.hs.peerChain, e.Data)
	}
	c.hs.transcript.add(m.raw)
	return c.parseLeaf()
}

// peerCertificateVerify checks the peer's CertificateVerify.
func (c *Conn) peerCertificateVerify(m message) *Error {
	cv, ok := wire.ParseCertificateVerify(m.body)
	if !ok {
		return errDecode
	}
	if err := c.peerSignature(cv.Scheme, signed(c.client, c.hs.transcript.sum()), cv.Signature); err != nil {
		return err
	}
	c.hs.transcript.add(m.raw)
	return nil
}

// peerFinished checks the peer's Finished under its handshake traffic secret.
func (c *Conn) peerFinished(m message, base []byte) *Error {
	want := schedule.Finished(c.hs.suite.Hash, base, c.hs.transcript.sum())
	if len(m.body) < len(want) { // BoGo wants the other alert of a longer one
		return errDecode
	}
	if !hmac.Equal(want, m.body) {
		return errDigestCheck
	}
	c.hs.transcript.add(m.raw)
	return nil
}

// binder computes a PSK's binder over a truncated ClientHello.
func (c *Conn) binder(s *Session, truncated []byte) []byte {
	h := suite.ByID(s.Suite).Hash
	early := schedule.New(h, s.Secret)
	defer early.Wipe()
	key := early.Derive(schedule.ResumptionBinder, h.New().Sum(nil))
	defer clear(key)
	return schedule.Finished(h, key, c.hs.transcript.binderSum(h, truncated))
}

// complete ends the handshake.
func (c *Conn) complete() {
	if c.cfg.Tickets {
		c.resumption = c.hs.schedule.Derive(schedule.Resumption, c.hs.transcript.sum())
	}
	if c.postHandshakeAuth {
		c.authTranscript = c.hs.transcript.state()
	}
	c.established()
}
