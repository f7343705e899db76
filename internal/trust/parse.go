package trust

import (
	"bytes"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Read parses a peer's certificate. If crypto/x509 refuses it, Read returns what can be read in spite
// of that, and why it is refused; such a certificate is for showing and for its public key, which is
// nil if it can't be read or isn't supported, and is never trusted. The certificate is nil if it isn't
// one at all.
func Read(der []byte) (*x509.Certificate, error) {
	c, err := parse(der)
	if err != nil {
		return readLoosely(der), err
	}
	if c.PublicKey == nil {
		err = unsupportedKey(c)
	}
	return c, err
}

var certificateCache cache[x509.Certificate]

// parse parses a certificate that may be trusted. The same bytes are parsed once and shared as long as the
// certificate is in use, by the steps of a handshake and by connections to the same peer; nobody changes it.
func parse(der []byte) (*x509.Certificate, error) {
	return certificateCache.get(der, parseNew)
}

// parseNew keeps no part of der.
func parseNew(der []byte, _ [sha256.Size]byte) (*x509.Certificate, error) {
	c, err := x509.ParseCertificate(bytes.Clone(der))
	switch {
	case err != nil:
	case !endsWell(c):
		err = errTrailingFields
	case !isName(c.RawIssuer) || !isName(c.RawSubject):
		err = errMalformedName
	case len(c.Extensions) > maxExtensions:
		err = errManyExtensions
	default:
		return c, nil
	}
	if loose := readLoosely(der); loose != nil && loose.PublicKey == nil && Unsupported(loose.RawSubjectPublicKeyInfo) != "" {
		err = unsupportedKey(loose)
	}
	return nil, err
}

var (
	errTrailingFields = errors.New("fields that its version doesn't have at the end of the certificate")
	errMalformedName  = errors.New("malformed issuer or subject")
	errManyExtensions = fmt.Errorf("more than %d extensions", maxExtensions)
)

// isName tells whether a name is whole. In its innermost parts crypto/x509 passes over what follows.
func isName(raw []byte) bool {
	_, ok := parseName(raw)
	return ok
}

// endsWell tells whether nothing but unique identifiers, from version 2 on, and extensions, from version
// 3 on, follows the public key (RFC 5280, 4.1), as crypto/x509 passes over what else does: its owner
// would be free of the extensions among it.
func endsWell(c *x509.Certificate) bool {
	in := cryptobyte.String(c.RawTBSCertificate)
	var tbs cryptobyte.String
	return in.ReadASN1(&tbs, cbasn1.SEQUENCE) &&
		tbs.SkipOptionalASN1(context(0)) &&
		tbs.SkipASN1(cbasn1.INTEGER) &&
		tbs.SkipASN1(cbasn1.SEQUENCE) && // signature
		tbs.SkipASN1(cbasn1.SEQUENCE) && // issuer
		tbs.SkipASN1(cbasn1.SEQUENCE) && // validity
		tbs.SkipASN1(cbasn1.SEQUENCE) && // subject
		tbs.SkipASN1(cbasn1.SEQUENCE) && // subjectPublicKeyInfo
		(c.Version < 2 || tbs.SkipOptionalASN1(cbasn1.Tag(1).ContextSpecific()) &&
			tbs.SkipOptionalASN1(cbasn1.Tag(2).ContextSpecific())) &&
		(c.Version < 3 || tbs.SkipOptionalASN1(context(3))) && tbs.Empty()
}

func unsupportedKey(c *x509.Certificate) error {
	return fmt.Errorf("unsupported public key algorithm %s", algorithmName(keyAlgorithm(c.RawSubjectPublicKeyInfo)))
}

// readLoosely fills in what the fields of a certificate tell if they are looked at one by one
// (RFC 5280, 4.1).
func readLoosely(der []byte) *x509.Certificate {
	in := cryptobyte.String(der)
	c := &x509.Certificate{Raw: der, SerialNumber: new(big.Int)}
	var cert, tbs, validity, explicit, list, signed, subject, issuer, key cryptobyte.String
	var present bool
	if !in.ReadASN1(&cert, cbasn1.SEQUENCE) || !in.Empty() ||
		!cert.ReadASN1Element(&signed, cbasn1.SEQUENCE) {
		return nil
	}
	c.RawTBSCertificate = signed
	if !signed.ReadASN1(&tbs, cbasn1.SEQUENCE) ||
		!tbs.SkipOptionalASN1(context(0)) || // version
		!tbs.ReadASN1Integer(c.SerialNumber) ||
		!tbs.SkipASN1(cbasn1.SEQUENCE) || // signature
		!tbs.ReadASN1Element(&issuer, cbasn1.SEQUENCE) ||
		!tbs.ReadASN1(&validity, cbasn1.SEQUENCE) ||
		!tbs.ReadASN1Element(&subject, cbasn1.SEQUENCE) ||
		!tbs.ReadASN1Element(&key, cbasn1.SEQUENCE) {
		return nil
	}
	c.RawIssuer, c.RawSubject, c.RawSubjectPublicKeyInfo = issuer, subject, key
	c.NotBefore, c.NotAfter = readTime(&validity), readTime(&validity)
	c.PublicKey = readKey(key)
	if !tbs.SkipOptionalASN1(cbasn1.Tag(1).ContextSpecific()) || // issuerUniqueID
		!tbs.SkipOptionalASN1(cbasn1.Tag(2).ContextSpecific()) || // subjectUniqueID
		!tbs.ReadOptionalASN1(&explicit, &present, context(3)) ||
		!explicit.ReadASN1(&list, cbasn1.SEQUENCE) {
		return c
	}
	for !list.Empty() {
		var ext, value cryptobyte.String
		var e pkix.Extension
		if !list.ReadASN1(&ext, cbasn1.SEQUENCE) || !ext.ReadASN1ObjectIdentifier(&e.Id) ||
			ext.PeekASN1Tag(cbasn1.BOOLEAN) && !ext.ReadASN1Boolean(&e.Critical) ||
			!ext.ReadASN1(&value, cbasn1.OCTET_STRING) {
			return c
		}
		e.Value = value
		c.Extensions = append(c.Extensions, e)
		switch {
		case e.Id.Equal(oidKeyUsage):
			var bits asn1.BitString
			if value.ReadASN1BitString(&bits) {
				for i := range 9 {
					c.KeyUsage |= x509.KeyUsage(bits.At(i)) << i
				}
			}
		case e.Id.Equal(oidAuthorityInfo):
			c.OCSPServer = readResponders(value)
		}
	}
	return c
}

// readTime reads a Time. One that isn't well-formed is the zero time.
func readTime(in *cryptobyte.String) (t time.Time) {
	if in.PeekASN1Tag(cbasn1.UTCTime) {
		in.ReadASN1UTCTime(&t)
	} else {
		in.ReadASN1GeneralizedTime(&t)
	}
	return t
}

// readResponders returns the addresses of OCSP responders in an AuthorityInfoAccess (RFC 5280, 4.2.2.1).
func readResponders(value cryptobyte.String) (uris []string) {
	var list cryptobyte.String
	value.ReadASN1(&list, cbasn1.SEQUENCE)
	for !list.Empty() {
		var access, uri cryptobyte.String
		var method asn1.ObjectIdentifier
		if !list.ReadASN1(&access, cbasn1.SEQUENCE) || !access.ReadASN1ObjectIdentifier(&method) {
			break
		}
		if method.Equal(oidOCSP) && access.ReadASN1(&uri, tagURI) {
			uris = append(uris, string(uri))
		}
	}
	return uris
}

// readKey returns the key of a SubjectPublicKeyInfo, or nil. An RSA key's algorithm may lack the NULL
// that RFC 3279, 2.3.1 demands.
func readKey(spki cryptobyte.String) any {
	if key, err := x509.ParsePKIXPublicKey(spki); err == nil {
		return key
	}
	var info, algorithm, numbers cryptobyte.String
	var id asn1.ObjectIdentifier
	var bits []byte
	if !spki.ReadASN1(&info, cbasn1.SEQUENCE) || !info.ReadASN1(&algorithm, cbasn1.SEQUENCE) ||
		!algorithm.ReadASN1ObjectIdentifier(&id) || !id.Equal(oidRSA) || !algorithm.Empty() ||
		!info.ReadASN1BitStringAsBytes(&bits) || !info.Empty() {
		return nil
	}
	body := cryptobyte.String(bits)
	key := &rsa.PublicKey{N: new(big.Int)}
	if !body.ReadASN1(&numbers, cbasn1.SEQUENCE) || !body.Empty() || !numbers.ReadASN1Integer(key.N) ||
		!numbers.ReadASN1Integer(&key.E) || !numbers.Empty() ||
		key.N.Sign() <= 0 || key.E < 2 || key.E > math.MaxInt32 {
		return nil
	}
	return key
}

var (
	oidAuthorityInfo = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 1}
	oidOCSP          = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1}
	oidRSA           = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
)

// algorithmNames are algorithms that people use and that aren't supported.
var algorithmNames = map[string]string{
	"1.3.101.113":           "Ed448",
	"1.2.840.113549.1.1.14": "RSA with SHA-224",
	"1.2.840.113549.1.1.10": "RSASSA-PSS",
	"1.2.840.10045.4.3.1":   "ECDSA with SHA-224",
	"1.2.840.10040.4.1":     "DSA",
	"1.2.840.10045.2.1":     "ECDSA with explicit parameters",
	"1.3.132.0.10":          "ECDSA on secp256k1",
	"1.3.36.3.3.2.8.1.1.7":  "ECDSA on brainpoolP256r1",
	"1.3.36.3.3.2.8.1.1.11": "ECDSA on brainpoolP384r1",
	"1.3.36.3.3.2.8.1.1.13": "ECDSA on brainpoolP512r1",
}

func algorithmName(id asn1.ObjectIdentifier) string {
	if name := algorithmNames[id.String()]; name != "" {
		return name
	}
	return id.String()
}

// Unsupported names the algorithm of a key that isn't supported: a SubjectPublicKeyInfo (RFC 5280,
// 4.1) or a PrivateKeyInfo (RFC 5208, 5). It returns "" if that is none that people use.
func Unsupported(key []byte) string { return algorithmNames[keyAlgorithm(key).String()] }

// keyAlgorithm returns the algorithm of a key, or its curve if that is named.
func keyAlgorithm(key cryptobyte.String) asn1.ObjectIdentifier {
	var info, algorithm cryptobyte.String
	var id, curve asn1.ObjectIdentifier
	if !key.ReadASN1(&info, cbasn1.SEQUENCE) ||
		!info.SkipOptionalASN1(cbasn1.INTEGER) || // the version of a private one
		!info.ReadASN1(&algorithm, cbasn1.SEQUENCE) ||
		!algorithm.ReadASN1ObjectIdentifier(&id) || !algorithm.ReadASN1ObjectIdentifier(&curve) {
		return id
	}
	return curve
}

// signedWith names the algorithm of c's signature.
func signedWith(c *x509.Certificate) string {
	in := cryptobyte.String(c.Raw)
	var cert, algorithm cryptobyte.String
	var id asn1.ObjectIdentifier
	if in.ReadASN1(&cert, cbasn1.SEQUENCE) && cert.SkipASN1(cbasn1.SEQUENCE) &&
		cert.ReadASN1(&algorithm, cbasn1.SEQUENCE) {
		algorithm.ReadASN1ObjectIdentifier(&id)
	}
	return algorithmName(id)
}
