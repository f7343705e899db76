package protocol

import (
	"bytes"
	"crypto/hmac"
	"slices"
	"time"

	"libtls/internal/record"
	"libtls/internal/schedule"
	"libtls/internal/suite"
	"libtls/internal/wire"
)

// Both ends of TLS 1.2 use these.

const (
	masterSize12   = 48
	finishedSize12 = 12 // verify_data; RFC 5246, 7.4.9
)

// Both ends' sentinels in server_random (RFC 8446, 4.1.3).
const (
	downgrade12 = "DOWNGRD\x01"
	downgrade11 = "DOWNGRD\x00"
)

// handshake12 is the part of a handshake that only TLS 1.2 has.
type handshake12 struct {
	clientRandom, serverRandom []byte
	peerPoint                  []byte // server's ephemeral key
	master                     []byte
	ems                        bool // extended master secret agreed
	staple                     bool // the server may send a CertificateStatus
	ticket                     bool // the server will send a NewSessionTicket
	newTicket                  []byte
	lifetime                   uint32
	sessionID                  []byte // the server's
	keys                       *schedule.Keys12
	seal                       *Session // server: the ticket's content
	share                      *suite.KeyShare
}

func (h *handshake12) wipe() {
	clear(h.master)
	if h.keys != nil {
		h.keys.Wipe()
	}
	if h.share != nil {
		h.share.Wipe()
	}
}

// begin12 starts TLS 1.2 proper, once the ServerHello is made or read.
func (c *Conn) begin12(s *suite.Suite) {
	c.info.Suite = s
	c.hs.suite = s
	c.hs.transcript.keep = true // a CertificateVerify may sign it under another hash
	c.hs.transcript.fix(s.Hash)
}

// readPointFormats reads ec_point_formats, which either end's hello may have.
func readPointFormats(exts extensions) *Error {
	if data, there := exts[wire.ExtECPointFormats]; there {
		uncompressed, ok := wire.ParsePointFormats(data)
		if !ok {
			return errParsingExtension
		}
		if !uncompressed { // RFC 8422, 5.1.2
			return errParsingExtension.with(AlertIllegalParameter)
		}
	}
	return nil
}

// readRenegotiationInfo reads renegotiation_info in the same way.
func (c *Conn) readRenegotiationInfo(exts extensions) *Error {
	if data, there := exts[wire.ExtRenegotiationInfo]; there {
		if len(data) == 0 || int(data[0]) != len(data)-1 {
			return errParsingExtension
		}
		if !bytes.Equal(data, wire.RenegotiationInfo) { // RFC 5746, 3.4 and 3.6
			return errRenegotiationMismatch
		}
		c.info.SecureRenegotiation = true
	}
	return nil
}

// masterSecret derives the master secret from the premaster secret (RFC 5246,
// 8.1; RFC 7627, 4). The transcript ends with ClientKeyExchange.
func (c *Conn) masterSecret(premaster []byte) {
	h := c.hs.tls12
	defer clear(premaster)
	if h.ems {
		h.master = schedule.PRF12(c.hs.suite.Hash, premaster, "extended master secret", c.hs.transcript.sum(), masterSize12)
	} else {
		h.master = schedule.PRF12(c.hs.suite.Hash, premaster, "master secret", slices.Concat(h.clientRandom, h.serverRandom), masterSize12)
	}
	c.logKey(logMaster, h.master)
}

// expandKeys makes the key block of the master secret.
func (c *Conn) expandKeys() {
	h := c.hs.tls12
	h.keys = keyBlock(c.hs.suite, h.master, h.clientRandom, h.serverRandom)
}

// finished12 returns an end's verify_data.
func (c *Conn) finished12(label string) []byte {
	return schedule.PRF12(c.hs.suite.Hash, c.hs.tls12.master, label, c.hs.transcript.sum(), finishedSize12)
}

// peerFinished12 checks the peer's verify_data.
func (c *Conn) peerFinished12(m message, label string) *Error {
	want := c.finished12(label)
	if len(m.body) < len(want) { // BoGo wants the other alert of a longer one
		return errDecode
	}
	if !hmac.Equal(want, m.body) {
		return errDigestCheck
	}
	c.hs.transcript.add(m.raw)
	return nil
}

// writeFinished12 sends ChangeCipherSpec and Finished.
func (c *Conn) writeFinished12(label string) *Error {
	c.flush()
	c.write(record.ChangeCipherSpec, []byte{1})
	mac, key, iv := c.hs.tls12.keys.Of(c.client)
	c.outKeyed = true
	if c.out.SetKeys12(c.hs.suite, mac, key, iv, c.cfg.Rand) != nil {
		return errInternal
	}
	c.writeMessage(wire.Raw(wire.TypeFinished, c.finished12(label)))
	return nil
}

// changeCipherSpec takes the peer's new keys.
func (c *Conn) changeCipherSpec(payload []byte) *Error {
	if len(payload) != 1 || payload[0] != 1 {
		return errBadCCS
	}
	var next state
	switch c.state {
	case client12ExpectsChangeCipherSpec:
		next = client12ExpectsFinished
	case server12ExpectsChangeCipherSpec:
		next = server12ExpectsFinished
	default:
		return errUnexpectedRecord
	}
	if len(c.hand) > 0 {
		return errUnexpectedRecord
	}
	mac, key, iv := c.hs.tls12.keys.Of(!c.client)
	c.changed()
	c.inKeyed = true
	if c.in.SetKeys12(c.hs.suite, mac, key, iv, c.cfg.Rand) != nil {
		return errInternal
	}
	c.state = next
	return nil
}

// peerChain12 takes the peer's chain; it is empty if a client has none.
func (c *Conn) peerChain12(m message) *Error {
	chain, ok := wire.ParseCertificate12(m.body)
	if !ok {
		return errDecode
	}
	c.hs.transcript.add(m.raw)
	c.hs.peerChain = chain
	return c.parseLeaf()
}

// resume12 takes over what a session says.
func (c *Conn) resume12(s *Session) {
	c.info.Resumed = true
	c.info.Session = s
	c.info.PeerChain = s.PeerChain
	c.info.Staple = s.Staple
	c.hs.tls12.master = slices.Clone(s.Secret)
	c.logKey(logMaster, s.Secret)
	c.expandKeys()
}

// session12 returns what this connection can be resumed with, the ticket or id apart.
func (c *Conn) session12() *Session {
	h := c.hs.tls12
	s := &Session{
		Version:              suite.TLS12,
		Suite:                c.hs.suite.ID,
		Secret:               slices.Clone(h.master),
		Created:              c.now.Truncate(time.Second),
		FullHandshake:        c.now.Truncate(time.Second),
		PeerChain:            c.info.PeerChain,
		ServerName:           c.info.ServerName,
		ALPN:                 c.info.ALPN,
		Staple:               c.info.Staple,
		ExtendedMasterSecret: h.ems,
	}
	if old := c.info.Session; old != nil {
		s.Created, s.FullHandshake = old.Created, old.FullHandshake
	}
	return s
}

// complete12 ends the handshake.
func (c *Conn) complete12() {
	h := c.hs.tls12
	c.exporter = slices.Clone(h.master)
	c.randoms = slices.Concat(h.clientRandom, h.serverRandom)
	c.info.ExtendedMasterSecret = h.ems
	c.established()
}
