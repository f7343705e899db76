package libtls

import (
	"crypto/x509"
	"errors"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"libtls/internal/protocol"
	"libtls/internal/trust"
)

// DefaultCACertFile is tls_default_ca_cert_file: the bundle that this system
// has.
func DefaultCACertFile() string { return trust.DefaultFile() }

// policy reads and parses what certificates are verified with (contract, 9.4).
func (c *Config) policy(usage trust.Usage) (o trust.Options, _ *Error) {
	if c.noVerifyCert {
		return o, nil
	}
	o = trust.Options{Depth: c.verifyDepth, NoTime: c.noVerifyTime, Usage: usage}
	var err error
	switch {
	case c.ca != nil:
		o.Anchors, err = trust.ParseAnchors(c.ca)
	case c.caPath != "":
		o.Anchors = trust.AnchorsFromDir(c.caPath)
	default:
		if o.Anchors, err = trust.SystemAnchors("", ""); errors.As(err, new(unix.Errno)) {
			return o, systemFailure(err, "failed to open CA file '%s'", DefaultCACertFile())
		}
	}
	if err != nil {
		return o, failure("ssl verify memory setup failure")
	}
	if c.crl != nil {
		if o.CRLs, err = trust.ParseCRLs(c.crl); err != nil {
			return o, failure("failed to parse crl")
		}
	}
	return o, nil
}

// verifyChain judges a chain as the peer sent it, leaf first.
func (t *Context) verifyChain(chain [][]byte, now time.Time) *trust.Error {
	o := t.policy
	o.Now = now
	_, err := trust.Verify(chain, &o)
	return err
}

// verifyPeer answers the engine's WaitVerify.
func (t *Context) verifyPeer() *protocol.Error {
	info := t.conn.Info()
	t.peer = newPeer(info.PeerChain)
	if !t.config.noVerifyCert {
		if err := t.verifyChain(info.PeerChain, now()); err != nil {
			return t.refuse(err.Alert, failure("certificate verification failed: %s", err.Reason))
		}
	}
	if t.role == roleClient {
		if err := t.checkStaple(info.Staple); err != nil {
			return t.refuse(protocol.AlertBadCertificateStatusResponse, err)
		}
	}
	return nil
}

// refuse makes a verdict of which the program learns err, and the peer alert.
func (t *Context) refuse(alert uint8, err *Error) *protocol.Error {
	t.err = err
	return protocol.VerifyError(alert, err.Text)
}

// checkName compares the server's certificate with the name that the program
// gave to connect (contract, 9.6).
func (t *Context) checkName(leaf *x509.Certificate) *Error {
	if t.config.noVerifyName {
		return nil
	}
	if leaf == nil {
		return failure("no server certificate")
	}
	switch ok, err := trust.MatchName(leaf, t.name); {
	case err != nil:
		return failure("%v", err)
	case !ok || !t.hasName:
		return failure("name `%s' not present in server certificate", t.name)
	}
	return nil
}

// mayOffer tells whether a session may be resumed under the present
// configuration: what the server showed when it was made must still be
// acceptable.
func (t *Context) mayOffer(s *Session, e *protocol.Config, now time.Time) bool {
	if s.Version < e.MinVersion || s.Version > e.MaxVersion || !slices.Contains(e.Suites, s.Suite) {
		return false
	}
	t.peer = newPeer(s.PeerChain)
	defer func() { t.peer = peer{} }()
	return t.checkName(t.peer.leaf) == nil && t.checkStaple(s.Staple) == nil &&
		(t.config.noVerifyCert || t.verifyChain(s.PeerChain, now) == nil)
}
