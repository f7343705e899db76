package trust

import (
	"fmt"
	"strings"
)

// Error says why a peer's certificate was refused.
type Error struct {
	Reason       string // the words libtls programs know, without a prefix
	Alert        uint8  // the TLS alert description to send (RFC 8446, 6.2)
	VerifyResult int    // OpenSSL's X509_V_ERR_* number, as session files store it; 0 if there is none
}

func (e *Error) Error() string { return e.Reason }

// because returns the same verdict with the details that a program's author needs.
func (e *Error) because(format string, args ...any) *Error {
	return &Error{e.Reason + ": " + fmt.Sprintf(format, args...), e.Alert, e.VerifyResult}
}

// reason leaves out of an error of crypto/x509's who says it.
func reason(err error) string { return strings.TrimPrefix(err.Error(), "x509: ") }

// Alert descriptions (RFC 8446, 6).
const (
	alertBadCertificate         = 42
	alertUnsupportedCertificate = 43
	alertCertificateRevoked     = 44
	alertCertificateExpired     = 45
	alertCertificateUnknown     = 46
	alertUnknownCA              = 48
	alertDecryptError           = 51
)

var (
	errNoCRL             = &Error{"unable to get certificate CRL", alertUnknownCA, 3}
	errSignature         = &Error{"certificate signature failure", alertDecryptError, 7}
	errCRLSignature      = &Error{"CRL signature failure", alertDecryptError, 8}
	errWeakCRLDigest     = &Error{"CRL signature digest algorithm too weak", alertDecryptError, 8}
	errNotYetValid       = &Error{"certificate is not yet valid", alertBadCertificate, 9}
	errExpired           = &Error{"certificate has expired", alertCertificateExpired, 10}
	errCRLNotYetValid    = &Error{"CRL is not yet valid", alertBadCertificate, 11}
	errCRLExpired        = &Error{"CRL has expired", alertCertificateExpired, 12}
	errSelfSignedLeaf    = &Error{"self signed certificate", alertUnknownCA, 18}
	errSelfSignedInChain = &Error{"self signed certificate in certificate chain", alertUnknownCA, 19}
	errNoIssuer          = &Error{"unable to get local issuer certificate", alertUnknownCA, 20}
	errTooLong           = &Error{"certificate chain too long", alertUnknownCA, 22}
	errRevoked           = &Error{"certificate revoked", alertCertificateRevoked, 23}
	errInvalidCA         = &Error{"invalid CA certificate", alertUnknownCA, 24}
	errPathLength        = &Error{"path length constraint exceeded", alertUnknownCA, 25}
	errPurpose           = &Error{"unsupported certificate purpose", alertUnsupportedCertificate, 26}
	errCritical          = &Error{"unhandled critical extension", alertCertificateUnknown, 34}
	errCriticalCRL       = &Error{"unhandled critical CRL extension", alertCertificateUnknown, 36}
	errPolicy            = &Error{"invalid or inconsistent certificate policy extension", alertCertificateUnknown, 42}
	errCRLScope          = &Error{"Different CRL scope", alertCertificateUnknown, 44}
	errNotPermitted      = &Error{"permitted subtree violation", alertCertificateUnknown, 47}
	errExcluded          = &Error{"excluded subtree violation", alertCertificateUnknown, 48}
	errNameSyntax        = &Error{"unsupported or invalid name syntax", alertCertificateUnknown, 53}
	errWeakLeafKey       = &Error{"EE certificate key too weak", alertBadCertificate, 66}
	errWeakCAKey         = &Error{"CA certificate key too weak", alertBadCertificate, 67}
	errWeakDigest        = &Error{"CA signature digest algorithm too weak", alertBadCertificate, 68}
	errMalformed         = &Error{"malformed certificate", alertBadCertificate, 1}
	errOversizedKey      = &Error{"certificate key too large", alertBadCertificate, 1}
	errTooMuchWork       = &Error{"certificate chain takes too much work to verify", alertUnknownCA, 22}
	errAlgorithm         = &Error{"unsupported signature algorithm", alertUnsupportedCertificate, 78}
	errSubtreeBounds     = &Error{"name constraints minimum and maximum not supported", alertCertificateUnknown, 49}
	errConstraintType    = &Error{"unsupported name constraint type", alertCertificateUnknown, 51}
	errConstraintSyntax  = &Error{"unsupported or invalid name constraint syntax", alertCertificateUnknown, 52}
)
