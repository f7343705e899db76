package trust

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

var (
	oidSubjectAltName = asn1.ObjectIdentifier{2, 5, 29, 17}
	oidIssuingPoint   = asn1.ObjectIdentifier{2, 5, 29, 28}
	oidExtKeyUsage    = asn1.ObjectIdentifier{2, 5, 29, 37}
	oidTLSFeature     = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 24}
)

// extension returns the contents of one of c's extensions.
func extension(c *x509.Certificate, oid asn1.ObjectIdentifier) (value []byte, ok bool) {
	for _, e := range c.Extensions {
		if e.Id.Equal(oid) {
			return e.Value, true
		}
	}
	return nil, false
}

// MustStaple tells whether the certificate demands that an OCSP response comes with it: its TLS
// feature extension names status_request (RFC 7633, 4).
func MustStaple(c *x509.Certificate) bool {
	const statusRequest = 5
	value, _ := extension(c, oidTLSFeature)
	in := cryptobyte.String(value)
	var features cryptobyte.String
	if !in.ReadASN1(&features, cbasn1.SEQUENCE) {
		return false
	}
	for !features.Empty() {
		var feature int64
		if !features.ReadASN1Integer(&feature) {
			return false
		}
		if feature == statusRequest {
			return true
		}
	}
	return false
}

// selfSigned tells whether c names itself as its issuer. The signature isn't looked at: nothing
// follows from it for a certificate that is trusted, or not, as a whole.
func selfSigned(c *x509.Certificate) bool {
	return bytes.Equal(c.RawSubject, c.RawIssuer) && keyIDFits(c, c)
}

// keyIDFits tells whether c's authority key identifier, if it has one, allows issuer.
func keyIDFits(c, issuer *x509.Certificate) bool {
	return len(c.AuthorityKeyId) == 0 || len(issuer.SubjectKeyId) == 0 ||
		bytes.Equal(c.AuthorityKeyId, issuer.SubjectKeyId)
}

// mayServe tells whether c's extended key usage, if it has one, names usage. It applies to the
// authorities in a path as it does to the leaf. anyExtendedKeyUsage isn't enough.
func mayServe(c *x509.Certificate, usage Usage) bool {
	if _, ok := extension(c, oidExtKeyUsage); !ok {
		return true
	}
	want := x509.ExtKeyUsageServerAuth
	if usage == ClientAuth {
		want = x509.ExtKeyUsageClientAuth
	}
	return slices.Contains(c.ExtKeyUsage, want)
}

// checkLeaf checks what doesn't depend on the path.
func checkLeaf(c *x509.Certificate, usage Usage) *Error {
	need := x509.KeyUsageDigitalSignature | x509.KeyUsageKeyAgreement
	if usage == ServerAuth {
		need |= x509.KeyUsageKeyEncipherment
	}
	// RFC 5280, 4.2.1.12: key usage and extended key usage both have to allow what c is used for.
	if c.KeyUsage != 0 && c.KeyUsage&need == 0 || !mayServe(c, usage) {
		return errPurpose
	}
	if weakKey(c) {
		return errWeakLeafKey
	}
	for _, name := range c.DNSNames {
		if !plausibleDNSName(name) {
			return errNameSyntax
		}
	}
	return nil
}

// plausibleDNSName tells whether a dNSName is made like one. Wildcards may stand anywhere: where
// they don't belong, they match nothing.
func plausibleDNSName(name string) bool {
	if name == "" || len(name) > 254 {
		return false
	}
	label := 0
	for i := range len(name) {
		switch c := name[i]; {
		case c == '.':
			if label == 0 {
				return false
			}
			label = 0
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9',
			c == '-', c == '_', c == '*':
			if label++; label > 63 {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// weakKey tells whether breaking c's key is within reach.
func weakKey(c *x509.Certificate) bool {
	key, ok := c.PublicKey.(*rsa.PublicKey)
	return ok && key.N.BitLen() < minRSABits
}

// oversizedKey tells whether checking a signature of c's key costs more than a peer may ask of us.
func oversizedKey(c *x509.Certificate) bool {
	key, ok := c.PublicKey.(*rsa.PublicKey)
	return ok && key.N.BitLen() > maxRSABits
}
