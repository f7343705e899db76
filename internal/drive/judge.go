package drive

import (
	"crypto/x509"

	"libtls/internal/trust"
)

// judgement is a verdict on the peer that is under way.
type judgement struct {
	verification *trust.Verification
	lookups      *trust.Lookups
}

// Lookups returns those of the judgement in a trust store, which is a's if
// there is none yet.
func (c *Conn) Lookups(a *trust.Anchors) *trust.Lookups {
	if c.lookups == nil {
		c.lookups = trust.NewLookups(a)
	}
	return c.lookups
}

// Wanted names the file without which the judgement can't go on, empty if there
// is none.
func (c *Conn) Wanted() string { return c.lookups.File() }

// Put takes what came of reading that file. A child's judgement begins anew, and
// may not want it.
func (c *Conn) Put(f trust.File) { c.lookups.Put(f) }

// Judge verifies a chain, as trust.Verify does. Unless it is done the API is to
// return Again, and to ask the same at the next Step.
func (c *Conn) Judge(chain [][]byte, o trust.Options) (path []*x509.Certificate, failure *trust.Error, done bool) {
	if c.verification == nil {
		c.verification = trust.Verify(chain, o, c.Lookups(o.Anchors))
	}
	if !c.verification.Run() {
		return nil, nil, false
	}
	path, failure = c.verification.Result()
	return path, failure, true
}

// Judged forgets a judgement whose result has been used.
func (c *Conn) Judged() { c.judgement = judgement{} }
