package trust

import (
	"crypto/x509"
	"encoding/asn1"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

var (
	oidKeyUsage          = asn1.ObjectIdentifier{2, 5, 29, 15}
	oidSubjectAltName    = asn1.ObjectIdentifier{2, 5, 29, 17}
	oidIssuingPoint      = asn1.ObjectIdentifier{2, 5, 29, 28}
	oidNameConstraints   = asn1.ObjectIdentifier{2, 5, 29, 30}
	oidPolicyConstraints = asn1.ObjectIdentifier{2, 5, 29, 36}
	oidExtKeyUsage       = asn1.ObjectIdentifier{2, 5, 29, 37}
	oidTLSFeature        = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 24}
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

// has tells whether c has an extension.
func has(c *x509.Certificate, oid asn1.ObjectIdentifier) bool {
	_, ok := extension(c, oid)
	return ok
}

// mayUseKey tells whether c's key usage, if it has one, allows any of the given uses. One without any
// bit allows nothing (RFC 5280, 4.2.1.3).
func mayUseKey(c *x509.Certificate, uses x509.KeyUsage) bool {
	return c.KeyUsage&uses != 0 || c.KeyUsage == 0 && !has(c, oidKeyUsage)
}

// MaySign tells whether c's key usage allows signing handshakes (RFC 8446, 4.4.2.2).
func MaySign(c *x509.Certificate) bool { return mayUseKey(c, x509.KeyUsageDigitalSignature) }

// checkSignature checks a signature over a CRL or an OCSP response. In these crypto/x509 accepts SHA-1.
func checkSignature(signer *x509.Certificate, algorithm x509.SignatureAlgorithm, signed, sig []byte) error {
	if algorithm == x509.SHA1WithRSA || algorithm == x509.ECDSAWithSHA1 {
		return x509.InsecureAlgorithmError(algorithm)
	}
	return signer.CheckSignature(algorithm, signed, sig)
}

// mayServe tells whether c's extended key usage, if it has one, names usage. It applies to the
// authorities in a path as it does to the leaf. anyExtendedKeyUsage isn't enough.
func mayServe(c *x509.Certificate, usage Usage) bool {
	if !has(c, oidExtKeyUsage) {
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
	if !mayUseKey(c, need) || !mayServe(c, usage) {
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
