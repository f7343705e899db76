package tls

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"slices"
	"syscall"
	"time"

	"libtls"
	"libtls/internal/drive"
	"libtls/internal/protocol"
	"libtls/internal/trust"
)

// DefaultCACertFile is tls_default_ca_cert_file: the bundle that this system
// has, or certFile, the value of SSL_CERT_FILE, if that isn't empty.
func DefaultCACertFile(certFile string) string {
	if certFile != "" {
		return certFile
	}
	return trust.DefaultFile()
}

// newPolicy returns what certificates are verified with.
func (t *Context) newPolicy(usage trust.Usage) (o trust.Options, failed *Error) {
	c := t.config
	if c.noVerifyCert {
		return o, nil
	}
	o = trust.Options{Depth: c.verifyDepth, NoTime: c.noVerifyTime, Usage: usage}
	switch {
	case c.ca != nil:
		if o.Anchors = c.ca; c.ca.Empty() {
			return o, errNoAnchors
		}
	case c.caPath != "":
		o.Anchors = trust.AnchorsFromDir(c.caPath)
	case t.store != nil:
		o.Anchors = t.store
	default:
		o.Anchors, failed = systemAnchors(t.certFile, t.certDir)
	}
	if failed == nil && c.crl != nil {
		o.CRLs, failed = c.revocations()
	}
	return o, failed
}

func systemAnchors(certFile, certDir string) (*trust.Anchors, *Error) {
	a, err := trust.SystemAnchors(certFile, certDir)
	if err == nil {
		return a, nil
	}
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		failed := failure("failed to open CA file '%s'", DefaultCACertFile(certFile))
		failed.Errno = errno
		return nil, failed
	}
	return nil, errNoAnchors
}

var errNoAnchors = failure("ssl verify memory setup failure")

// revocations parses the CRLs, if that hasn't been done yet.
func (c *Config) revocations() (*trust.CRLs, *Error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.crls == nil {
		var err error
		if c.crls, err = trust.ParseCRLs(*c.crl); err != nil {
			return nil, failure("%v", err)
		}
	}
	return c.crls, nil
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
	info := t.Engine.Info()
	t.setPeer(info.PeerChain)
	if !t.config.noVerifyCert {
		if err := t.verifyChain(info.PeerChain, drive.Now()); err != nil {
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

// refuse makes a verdict: the program is told err, and the peer alert.
func (t *Context) refuse(alert uint8, err *Error) *protocol.Error {
	t.err = err
	return protocol.VerifyError(alert, err.Text)
}

// checkName compares the server's certificate with the name that the program
// gave to connect.
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

// identity stands, as the binding of a client's sessions, for the certificate
// that the client authenticates with, if any: to the server, who resumes a
// session is who began it.
func (t *Context) identity() []byte {
	var leaf []byte
	if t.cred != nil && t.cred.CanSign() {
		leaf = t.cred.Leaf.Raw
	}
	sum := sha256.Sum256(leaf)
	return sum[:]
}

// mayOffer tells whether a session may be resumed under the present
// configuration: it is ours, and what the server showed when it was made must
// still be acceptable.
func (t *Context) mayOffer(s *libtls.Session, e *protocol.Config, now time.Time) bool {
	if s.Version < e.MinVersion || s.Version > e.MaxVersion || !slices.Contains(e.Suites, s.Suite) {
		return false
	}
	if len(s.Binding) > 0 && !bytes.Equal(s.Binding, t.identity()) {
		return false
	}
	t.setPeer(s.PeerChain)
	defer t.setPeer(nil)
	return t.checkName(t.peer.leaf) == nil && t.checkStaple(s.Staple) == nil &&
		(t.config.noVerifyCert || t.verifyChain(s.PeerChain, now) == nil)
}
