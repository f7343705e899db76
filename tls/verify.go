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

// NeedsSystem tells whether a Connect by c, or a server's Configure, makes use of
// the system's trust store.
func (c *Config) NeedsSystem(server bool) bool {
	return !c.noVerifyCert && c.ca == nil && c.caPath == "" && (!server || c.clientAuth != clientCertNone)
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
		o.Anchors, failed = systemAnchors(t.system)
	}
	if failed == nil && c.crl != nil {
		o.CRLs, failed = c.revocations()
	}
	return o, failed
}

func systemAnchors(s *trust.System) (*trust.Anchors, *Error) {
	if s == nil {
		return nil, errNoAnchors
	}
	a, err := s.Anchors()
	if err == nil {
		return a, nil
	}
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		failed := failure("failed to open CA file '%s'", s.Path)
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

// verifyChain judges a chain as the peer sent it, leaf first; see drive.Conn.Judge.
func (t *Context) verifyChain(chain [][]byte, now time.Time) (err *trust.Error, done bool) {
	o := t.policy
	o.Now = now
	_, err, done = t.Judge(chain, o)
	return err, done
}

// verifyPeer answers the engine's WaitVerify once it is done.
func (t *Context) verifyPeer() (verdict *protocol.Error, done bool) {
	info := t.Engine.Info()
	t.setPeer(info.PeerChain)
	if !t.config.noVerifyCert {
		err, done := t.verifyChain(info.PeerChain, drive.Now())
		if !done {
			return nil, false
		}
		if err != nil {
			return t.refuse(err.Alert, failure("certificate verification failed: %s", err.Reason)), true
		}
	}
	if t.role == roleClient {
		switch err, done := t.checkStaple(info.Staple); {
		case !done:
			return nil, false
		case err != nil:
			return t.refuse(protocol.AlertBadCertificateStatusResponse, err), true
		}
	}
	return nil, true
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
// still be acceptable. Unless it is done, it has to be asked once more.
func (t *Context) mayOffer(s *libtls.Session, e *protocol.Config, now time.Time) (ok, done bool) {
	if s.Version < e.MinVersion || s.Version > e.MaxVersion || !slices.Contains(e.Suites, s.Suite) {
		return false, true
	}
	if len(s.Binding) > 0 && !bytes.Equal(s.Binding, t.identity()) {
		return false, true
	}
	t.setPeer(s.PeerChain)
	defer t.setPeer(nil)
	if t.checkName(t.peer.leaf) != nil {
		return false, true
	}
	if !t.config.noVerifyCert {
		if failed, done := t.judgeOffer(s.PeerChain, now); failed || !done {
			return false, done
		}
	}
	err, done := t.checkStaple(s.Staple)
	return err == nil, done
}

// judgeOffer judges the chain of a session. As the sessions of a file are gone through
// again after each break, it remembers.
func (t *Context) judgeOffer(chain [][]byte, now time.Time) (failed, done bool) {
	key := sha256.Sum256(slices.Concat(chain...))
	v := t.offers[key]
	if v == nil {
		o := t.policy
		o.Now = now
		v = trust.Verify(chain, o, t.Lookups(o.Anchors))
		t.offers[key] = v
	}
	if !v.Run() {
		return false, false
	}
	_, err := v.Result()
	return err != nil, true
}
