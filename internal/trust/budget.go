package trust

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"math/bits"
)

// Bounds of one verdict's work, whatever the peer sends.
const (
	// maxChain is how many of a peer's certificates are looked at. The rest can't help a chain
	// that anybody would issue, but every one costs work.
	maxChain = 32
	// maxSignatures and maxArithmetic bound the signatures that are checked, and what that costs,
	// in microseconds of a processor of 2020.
	maxSignatures = maxChain
	maxArithmetic = 7500
	// reserve is how much of that is kept for keys that are trusted already: a peer chooses all others.
	reserve = 2400
	// share is how much of that is spent without a break, but for the last check and the judgement of a
	// complete path.
	share = 1000
	// policyCost is what crypto/x509 spends on each policy, and on each mapping of one, likewise.
	policyCost = 3
	// maxExtensions is how many extensions a certificate may have: some are looked for again on each path.
	maxExtensions = 100
	// maxSteps bounds how many certificates are appended to paths.
	maxSteps = 256
	// maxLookups bounds how many issuer names are looked up in the trust store, which may be a
	// directory on disk.
	maxLookups = 64
	// maxComparisons bounds how often a name is held against a name constraint.
	maxComparisons = 1 << 16

	// maxRSABits bounds what checking one signature costs, and maxExponent what it costs with a key
	// of more than half as many bits.
	maxRSABits  = 8192
	maxExponent = 1<<16 + 1
	// minRSABits is OpenSSL's security level 1.
	minRSABits = 1024
)

// budget is what is left of a verdict's work.
type budget struct {
	signatures, arithmetic, steps, lookups, comparisons int
}

func newBudget() budget {
	return budget{maxSignatures, maxArithmetic, maxSteps, maxLookups, maxComparisons}
}

// take takes n of what is left, if that is enough.
func take(left *int, n int) bool {
	if *left < n {
		*left = 0
		return false
	}
	*left -= n
	return true
}

// signature takes the check of a signature of signer's, whose key may be trusted already, over so many bytes.
func (b *budget) signature(signer *x509.Certificate, size int, trusted bool) bool {
	kept := 0
	if !trusted {
		kept = min(reserve, b.arithmetic)
	}
	left := b.arithmetic - kept
	ok := take(&b.signatures, 1) && take(&left, signatureCost(signer)+size/256)
	b.arithmetic = kept + left
	return ok
}

// signatureCost estimates what a signature check costs, in microseconds.
func signatureCost(signer *x509.Certificate) int {
	switch key := signer.PublicKey.(type) {
	case *rsa.PublicKey:
		kilobits := (key.N.BitLen() + 1023) / 1024
		e := uint(key.E)
		return kilobits * kilobits * (bits.Len(e) + bits.OnesCount(e)) * 4 / 3
	case *ecdsa.PublicKey:
		switch size := key.Params().BitSize; {
		case size > 384:
			return 2400
		case size > 256:
			return 1000
		}
	}
	return 60
}

// weakKey tells whether breaking c's key is within reach.
func weakKey(c *x509.Certificate) bool {
	key, ok := c.PublicKey.(*rsa.PublicKey)
	return ok && key.N.BitLen() < minRSABits
}

// OversizedKey tells whether checking a signature of c's key costs more than a peer may ask of us.
func OversizedKey(c *x509.Certificate) bool {
	key, ok := c.PublicKey.(*rsa.PublicKey)
	return ok && (key.N.BitLen() > maxRSABits || key.N.BitLen() > maxRSABits/2 && key.E > maxExponent)
}
