package protocol

import (
	"crypto/x509"
	"slices"
	"strings"
	"time"

	"libtls/internal/schedule"
	"libtls/internal/suite"
	"libtls/internal/trust"
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
	peerScheme    suite.Scheme
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
	peerGroups []suite.Group // that the client offers

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
	c.hs.peerScheme = id
	if !c.isOpen() { // else authFinished does it
		c.info.PeerChain, c.info.PeerScheme = c.hs.peerChain, id
	}
	return nil
}

// fullHandshake is when the handshake was made that this connection's
// identities come from.
func (c *Conn) fullHandshake() time.Time {
	if c.info.Session != nil {
		return c.info.Session.FullHandshake
	}
	return c.completed
}

// established ends the handshake of any version.
func (c *Conn) established() {
	c.flush()
	c.changed() // the last that this handshake did
	c.hs.wipe()
	c.hs = nil
	c.count = counters{}
	c.completed = c.now
	c.state = open
}

// suites returns the allowed suites of a version.
func (c *Conn) suites(version uint16) []suite.ID {
	var ids []suite.ID
	for _, id := range c.cfg.Suites {
		if s := suite.ByID(id); s != nil && s.Version == version {
			ids = append(ids, id)
		}
	}
	return ids
}

// groups returns the groups that are allowed and of use in an allowed version.
func (c *Conn) groups() []suite.Group {
	return slices.DeleteFunc(slices.Clone(c.cfg.Groups), func(id suite.Group) bool {
		g := suite.GroupByID(id)
		return g == nil || g.Only13() && !c.supports(suite.TLS13)
	})
}

// read takes what ClientHello and CertificateRequest have in common.
func (h *Hello) read(exts extensions, schemes []byte) *Error {
	var ok bool
	if h.Schemes, ok = wire.ParseCodes[suite.Scheme](schemes); !ok {
		return errDecode
	}
	if data, there := exts[wire.ExtSignatureAlgsCert]; there {
		if h.CertSchemes, ok = wire.ParseCodes[suite.Scheme](data); !ok {
			return errParsingExtension
		}
	}
	if data, there := exts[wire.ExtCertAuthorities]; there {
		if h.CAs, ok = wire.ParseAuthorities(data); !ok {
			return errParsingExtension
		}
	}
	return nil
}

// parseLeaf takes the peer's leaf apart, if it sent one.
func (c *Conn) parseLeaf() *Error {
	if len(c.hs.peerChain) == 0 {
		return nil
	}
	// Whether it is well-formed is the verdict's to say; its key is all that is needed here.
	leaf, err := trust.Read(c.hs.peerChain[0])
	switch {
	case leaf == nil:
		return errParseLeaf
	case suite.KeyTypeOf(leaf.PublicKey) == 0 && err != nil:
		return errKeyType.because(strings.TrimPrefix(err.Error(), "x509: "))
	case suite.KeyTypeOf(leaf.PublicKey) == 0:
		return errKeyType
	case trust.OversizedKey(leaf):
		return errKeyTooLarge
	case !c.cfg.AnyKeyUsage && !trust.MaySign(leaf): // RFC 8446, 4.4.2.2
		return errKeyUsage
	}
	c.hs.peerLeaf = leaf
	return nil
}
