package tls

import (
	"crypto/sha256"
	"strings"

	"libtls"
	"libtls/internal/drive"
	"libtls/internal/protocol"
	"libtls/internal/trust"
)

// Connect is what all forms of tls_connect have in common: it prepares a
// connection to the server of that name, without any I/O. hasName is false for
// a NULL name. Service is what the session file knows it by. A connection that
// the context had is forgotten. If Connecting, GoOn has to follow.
func (t *Context) Connect(name string, hasName bool, service string) error {
	if t.role != roleClient {
		return t.record(invalidContext("not a client context"))
	}
	t.disconnect()
	if err := t.connect(name, hasName, service); err != nil {
		t.disconnect()
		return t.record(err)
	}
	return nil
}

// connect checks in libtls's order, which decides the error.
func (t *Context) connect(name string, hasName bool, service string) (failed *Error) {
	c := t.config
	t.service = service
	t.name, t.hasName = strings.TrimSuffix(name, "."), hasName

	if t.cred, failed = c.credential(primary, false); failed != nil {
		return failed
	}
	if !c.noVerifyName && !hasName {
		return failure("server name not specified")
	}
	t.policy, failed = t.newPolicy(trust.ServerAuth)
	t.system = nil
	if failed != nil {
		return failed
	}
	if hasName && trust.IPLiteral(t.name) == nil && !validServerName(t.name) {
		return failure("server name indication failure")
	}
	t.file = c.sessions
	if t.file != nil {
		t.offers = make(map[[sha256.Size]byte]*trust.Verification)
		return t.offer()
	}
	t.Engine = protocol.Client(t.clientEngine(c))
	return nil
}

// offer takes a session from the file, unless it is Connecting then.
func (t *Context) offer() (failed *Error) {
	e := t.clientEngine(t.config)
	now := drive.Now()
	waiting := false
	s, err := t.file.Take(t.name, t.service, now, func(s *libtls.Session) bool {
		if waiting {
			return false
		}
		ok, done := t.mayOffer(s, e, now)
		waiting = !done
		return ok
	})
	switch {
	case err != nil:
		return asError(err)
	case waiting:
		return nil
	}
	t.offered, e.Session = s, s
	t.offers = nil
	t.Judged()
	t.Engine = protocol.Client(e)
	return nil
}

// Connecting tells whether Connect isn't done: the caller puts the file that is
// Wanted, and calls GoOn.
func (t *Context) Connecting() bool { return t.offers != nil }

// GoOn goes on with Connect.
func (t *Context) GoOn() error {
	if !t.Connecting() {
		return t.record(errNotConnected)
	}
	if err := t.offer(); err != nil {
		t.disconnect()
		return t.record(err)
	}
	return nil
}

// clientEngine returns what the engine has to know, under the configuration
// that is or was the context's at its connect.
func (t *Context) clientEngine(c *Config) *protocol.Config {
	e := c.engine()
	e.ALPN = c.alpnList()
	e.RequestOCSP = true
	if t.hasName && trust.IPLiteral(t.name) == nil {
		e.ServerName = t.name
	}
	e.Tickets = t.file != nil
	e.Session = t.offered
	return e
}

// validServerName tells whether name can be sent as SNI: labels of 1 to 63
// letters, digits and inner hyphens (RFC 6066, section 3; RFC 1123, section 2.1).
func validServerName(name string) bool {
	if len(name) > 255 {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			c := label[i]
			if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' {
				return false
			}
		}
	}
	return true
}
