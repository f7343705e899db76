package trust

import (
	"crypto/x509"
	"testing"
)

// What was remembered says nothing of other bytes, nor of other issuers with the same key.
func TestCheckSignatureFrom(t *testing.T) {
	root := issue(t, nil, "root", ca)
	leaf := issue(t, root, "leaf", dns("leaf.test"))
	for name, c := range map[string]struct {
		child, issuer *x509.Certificate
		good          bool
	}{
		"good":         {leaf.Certificate, root.Certificate, true},
		"tampered":     {tampered(t, leaf).Certificate, root.Certificate, false},
		"no authority": {leaf.Certificate, issueTo(t, root.key, nil, "root").Certificate, false},
	} {
		for range 2 {
			if err := checkSignatureFrom(c.child, c.issuer); (err == nil) != c.good {
				t.Errorf("%s: %v", name, err)
			}
		}
		// Whether it looks at the key shows with one that it can't use.
		issuer := *c.issuer
		issuer.PublicKey = nil
		if err := checkSignatureFrom(c.child, &issuer); (err == nil) != c.good {
			t.Errorf("%s, again: %v", name, err)
		}
	}
}
