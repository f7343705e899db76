package trust

import (
	"crypto/sha256"
	"crypto/x509"
	"slices"
	"sync/atomic"
)

// checked remembers certificates that were found to be signed by another one, as hashes of both. That can't
// change, so a client need not find out anew with each connection to a server, and each session that it
// offers. One takes the place of another, so there are no more, whatever peers send.
var checked [256]atomic.Pointer[[sha256.Size]byte]

// checkSignatureFrom is c.CheckSignatureFrom, which depends on nothing but the bytes of both.
func checkSignatureFrom(c, issuer *x509.Certificate) error {
	sum := sha256.Sum256(slices.Concat(c.Raw, issuer.Raw))
	place := &checked[sum[0]]
	if known := place.Load(); known != nil && *known == sum {
		return nil
	}
	err := c.CheckSignatureFrom(issuer)
	if err == nil {
		place.Store(new(sum))
	}
	return err
}
