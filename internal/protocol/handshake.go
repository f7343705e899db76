package protocol

import (
	"bytes"
	"crypto"
	"crypto/hmac"
	"crypto/x509"
	"encoding"
	"hash"
	"slices"
	"strings"
	"time"

	"libtls/internal/record"
	"libtls/internal/schedule"
	"libtls/internal/suite"
	"libtls/internal/wire"
)

// handshake is what a connection forgets when its handshake is complete.
type handshake struct {
	offer      *wire.ClientHello // the last one sent or received
	sessionID  []byte            // legacy_session_id of the ClientHello
	hello      Hello
	suite      *suite.Suite
	transcript transcript
	schedule   *schedule.Schedule

	clientSecret, serverSecret []byte // handshake traffic secrets

	peerChain     [][]byte // as sent; in Info once the peer has proved that it is its own
	peerLeaf      *x509.Certificate
	certRequested bool
	credential    *Credential
	scheme        suite.Scheme // to sign with
	session       *Session     // client: offered; server: resumed
	ccsSent       bool

	// Client.
	shares     []*suite.KeyShare
	publics    []wire.KeyShare // what shares' peers are sent
	cookie     []byte
	trafficOut []byte // application traffic secret, until Finished is sent

	// Server.
	trafficIn  []byte     // application traffic secret, until Finished came
	exts       extensions // of the last ClientHello
	group      suite.Group
	peerShare  []byte
	helloRaw   []byte // the last ClientHello as it came
	psks       *wire.Offer
	identity   int // index into psks
	skipEarly  bool
	peerGroups []suite.Group

	tls12 *handshake12 // nil unless TLS 1.2 was negotiated
}

func (hs *handshake) wipe() {
	for _, k := range hs.shares {
		k.Wipe()
	}
	for _, secret := range [][]byte{hs.clientSecret, hs.serverSecret, hs.trafficIn, hs.trafficOut} {
		clear(secret)
	}
	if hs.schedule != nil {
		hs.schedule.Wipe()
	}
	if hs.tls12 != nil {
		hs.tls12.wipe()
	}
}

// transcript is the handshake so far: bytes until the hash is known, then
// a running hash, and the bytes too if they are to be kept.
type transcript struct {
	raw  []byte
	keep bool
	hash hash.Hash
}

func (t *transcript) add(raw []byte) {
	if t.hash == nil || t.keep {
		t.raw = append(t.raw, raw...)
	}
	if t.hash != nil {
		t.hash.Write(raw)
	}
}

// fix decides for a hash.
func (t *transcript) fix(h crypto.Hash) {
	if t.hash == nil {
		t.hash = h.New()
		t.hash.Write(t.raw)
		if !t.keep {
			t.raw = nil
		}
	}
}

func (t *transcript) sum() []byte { return t.hash.Sum(nil) }

// state and resume take a running hash to bytes and back.
func (t *transcript) state() []byte {
	state, err := t.hash.(encoding.BinaryMarshaler).MarshalBinary()
	if err != nil {
		panic("protocol: " + err.Error()) // no hash of ours fails
	}
	return state
}

func (t *transcript) resume(h crypto.Hash, state []byte) bool {
	t.hash = h.New()
	return t.hash.(encoding.BinaryUnmarshaler).UnmarshalBinary(state) == nil
}

// retry replaces the first ClientHello by its hash (RFC 8446, 4.4.1).
func (t *transcript) retry(h crypto.Hash) {
	t.fix(h)
	hello := t.sum()
	t.hash.Reset()
	t.add(wire.Raw(wire.TypeMessageHash, hello))
}

// binderSum is the hash of the transcript and a ClientHello cut off before its
// binders (RFC 8446, 4.2.11.2). Of the transcript only a HelloRetryRequest can
// have come before.
func (t *transcript) binderSum(h crypto.Hash, truncated []byte) []byte {
	sum := h.New()
	if t.hash != nil {
		if state, err := t.hash.(hash.Cloner).Clone(); err == nil {
			sum = state
		}
	}
	sum.Write(truncated)
	return sum.Sum(nil)
}

// random returns n fresh bytes.
func (c *Conn) random(n int) ([]byte, *Error) {
	b := make([]byte, n)
	for read := 0; read < n; {
		k, err := c.cfg.Rand.Read(b[read:])
		if err != nil {
			return nil, errInternal
		}
		read += k
	}
	return b, nil
}

func (c *Conn) supports(version uint16) bool {
	return c.cfg.MinVersion <= version && version <= c.cfg.MaxVersion
}

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

// pickScheme chooses what to sign with: the first scheme in the signer's order
// that its key can do and the peer accepts.
func (c *Conn) pickScheme(cred *Credential) (suite.Scheme, *Error) {
	own := cred.Schemes
	if own == nil {
		own = suite.DefaultSchemes()
	}
	for _, id := range own {
		s := suite.SchemeByID(id)
		if s != nil && slices.Contains(c.hs.hello.Schemes, id) && s.Fits(cred.Public, c.hs.hello.Version) {
			return id, nil
		}
	}
	return 0, errNoCommonSchemes
}

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

// writeCertificate sends our chain; none without a credential.
func (c *Conn) writeCertificate(staple bool) {
	m := &wire.Certificate{Context: c.authContext}
	if cred := c.hs.credential; cred != nil {
		for i, der := range cred.Chain {
			e := wire.CertificateEntry{Data: der}
			if i == 0 && staple && len(cred.Staple) > 0 {
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

// peerSignature checks that the peer has the key of its leaf.
func (c *Conn) peerSignature(id suite.Scheme, msg, sig []byte) *Error {
	key := c.hs.peerLeaf.PublicKey
	scheme := suite.SchemeByID(id)
	if scheme == nil || !slices.Contains(c.cfg.Schemes, id) || !scheme.Fits(key, c.info.Version) {
		return errWrongSignature
	}
	if scheme.Verify(key, msg, sig) != nil {
		return errBadSignature
	}
	c.info.PeerChain, c.info.PeerScheme = c.hs.peerChain, id
	return nil
}

// peerFinished checks the peer's Finished under its handshake traffic secret.
func (c *Conn) peerFinished(m message, base []byte) *Error {
	want := schedule.Finished(c.hs.suite.Hash, base, c.hs.transcript.sum())
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

// fullHandshake is when the handshake was made that this connection's
// identities come from.
func (c *Conn) fullHandshake() time.Time {
	if c.info.Session != nil {
		return c.info.Session.FullHandshake
	}
	return c.completed
}

// complete ends the handshake.
func (c *Conn) complete() {
	c.resumption = c.hs.schedule.Derive(schedule.Resumption, c.hs.transcript.sum())
	if c.postHandshakeAuth {
		c.authTranscript = c.hs.transcript.state()
	}
	c.established()
}

// established ends the handshake of any version.
func (c *Conn) established() {
	c.flush()
	c.hs.wipe()
	c.hs = nil
	c.count = counters{}
	c.completed = c.now
	c.state = open
}
