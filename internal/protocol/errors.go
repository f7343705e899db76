package protocol

import "strings"

// Error is why a connection died. It is sticky: the connection returns the
// same one ever after.
type Error struct {
	Code     string // a name in the style of OpenSSL's reasons, "UNEXPECTED_MESSAGE"
	Alert    uint8  // sent to the peer, or received from it
	Received bool   // the peer sent the alert
	Text     string // in words; made of Code if empty
}

func (e *Error) Error() string {
	if e.Text != "" {
		return e.Text
	}
	return strings.ToLower(strings.ReplaceAll(e.Code, "_", " "))
}

// VerifyError is the verdict of a caller that refuses the peer's certificate.
func VerifyError(alert uint8, text string) *Error {
	return &Error{Code: "CERTIFICATE_VERIFY_FAILED", Alert: alert, Text: text}
}

// with returns the same error under another alert.
func (e *Error) with(alert uint8) *Error {
	other := *e
	other.Alert = alert
	return &other
}

// because returns the same error with a text that tells more.
func (e *Error) because(text string) *Error {
	other := *e
	other.Text = text
	return &other
}

// Alerts (RFC 8446, 6).
const (
	AlertCloseNotify                  uint8 = 0
	AlertUnexpectedMessage            uint8 = 10
	AlertBadRecordMAC                 uint8 = 20
	AlertRecordOverflow               uint8 = 22
	AlertHandshakeFailure             uint8 = 40
	AlertBadCertificate               uint8 = 42
	AlertUnsupportedCertificate       uint8 = 43
	AlertCertificateRevoked           uint8 = 44
	AlertCertificateExpired           uint8 = 45
	AlertCertificateUnknown           uint8 = 46
	AlertIllegalParameter             uint8 = 47
	AlertUnknownCA                    uint8 = 48
	AlertDecodeError                  uint8 = 50
	AlertDecryptError                 uint8 = 51
	AlertProtocolVersion              uint8 = 70
	AlertInternalError                uint8 = 80
	AlertInappropriateFallback        uint8 = 86
	AlertNoRenegotiation              uint8 = 100
	AlertUserCanceled                 uint8 = 90
	AlertMissingExtension             uint8 = 109
	AlertUnsupportedExtension         uint8 = 110
	AlertUnrecognizedName             uint8 = 112
	AlertBadCertificateStatusResponse uint8 = 113
	AlertUnknownPSKIdentity           uint8 = 115
	AlertCertificateRequired          uint8 = 116
	AlertNoApplicationProtocol        uint8 = 120
)

// alertTexts holds the words that libtls programs know for a received alert.
var alertTexts = map[uint8]string{
	10: "sslv3 alert unexpected message", 20: "sslv3 alert bad record mac",
	21: "tlsv1 alert decryption failed", 22: "tlsv1 alert record overflow",
	30: "sslv3 alert decompression failure", 40: "sslv3 alert handshake failure",
	41: "sslv3 alert no certificate", 42: "sslv3 alert bad certificate",
	43: "sslv3 alert unsupported certificate", 44: "sslv3 alert certificate revoked",
	45: "sslv3 alert certificate expired", 46: "sslv3 alert certificate unknown",
	47: "sslv3 alert illegal parameter", 48: "tlsv1 alert unknown ca",
	49: "tlsv1 alert access denied", 50: "tlsv1 alert decode error",
	51: "tlsv1 alert decrypt error", 60: "tlsv1 alert export restriction",
	70: "tlsv1 alert protocol version", 71: "tlsv1 alert insufficient security",
	80: "tlsv1 alert internal error", 86: "tlsv1 alert inappropriate fallback",
	90: "tlsv1 alert user cancelled", 100: "tlsv1 alert no renegotiation",
	109: "tlsv13 alert missing extension", 110: "tlsv1 unsupported extension",
	112: "tlsv1 unrecognized name", 113: "tlsv1 bad certificate status response",
	115: "tlsv1 alert unknown psk_identity", 116: "tlsv13 alert certificate required",
	120: "tlsv1 alert no application protocol",
}

// receivedAlert is the error that a peer's fatal alert makes.
func receivedAlert(alert uint8) *Error {
	text, ok := alertTexts[alert]
	if !ok {
		text = "unknown alert"
	}
	return &Error{
		Code:     strings.ToUpper(strings.ReplaceAll(text, " ", "_")),
		Alert:    alert,
		Received: true,
		Text:     text,
	}
}

// The engine's errors, each with the alert that an RFC names for it.
var (
	// The transport ended too early; nothing is sent any more.
	ErrUnexpectedEOF = &Error{Code: "UNEXPECTED_EOF", Text: "unexpected EOF"}
	ErrTruncated     = &Error{Code: "UNEXPECTED_EOF_WHILE_READING", Text: "EOF without close notify"}

	// ErrNoALPN is for a Choice: none of the client's protocols is served.
	ErrNoALPN = &Error{Code: "NO_APPLICATION_PROTOCOL", Alert: AlertNoApplicationProtocol}

	// RequestCertificate returns these, and the connection lives on.
	ErrNoPostHandshakeAuth = &Error{Code: "EXTENSION_NOT_RECEIVED"}
	ErrRequestPending      = &Error{Code: "REQUEST_PENDING"}

	errInternal = &Error{Code: "INTERNAL_ERROR", Alert: AlertInternalError}
	errShutdown = &Error{Code: "PROTOCOL_IS_SHUTDOWN"}

	// Records.
	errWrongVersionNumber    = &Error{Code: "WRONG_VERSION_NUMBER", Alert: AlertProtocolVersion}
	errHTTPRequest           = &Error{Code: "HTTP_REQUEST", Alert: AlertProtocolVersion}
	errHTTPSProxyRequest     = &Error{Code: "HTTPS_PROXY_REQUEST", Alert: AlertProtocolVersion}
	errEncryptedLength       = &Error{Code: "ENCRYPTED_LENGTH_TOO_LONG", Alert: AlertRecordOverflow}
	errDataLength            = &Error{Code: "DATA_LENGTH_TOO_LONG", Alert: AlertRecordOverflow}
	errBadRecordMAC          = &Error{Code: "DECRYPTION_FAILED_OR_BAD_RECORD_MAC", Alert: AlertBadRecordMAC}
	errInvalidOuterType      = &Error{Code: "INVALID_OUTER_RECORD_TYPE", Alert: AlertUnexpectedMessage}
	errUnexpectedRecord      = &Error{Code: "UNEXPECTED_RECORD", Alert: AlertUnexpectedMessage}
	errTooManyEmptyFragments = &Error{Code: "TOO_MANY_EMPTY_FRAGMENTS", Alert: AlertUnexpectedMessage}
	errTooManyWarnings       = &Error{Code: "TOO_MANY_WARNING_ALERTS", Alert: AlertUnexpectedMessage}
	errTooManyKeyUpdates     = &Error{Code: "TOO_MANY_KEY_UPDATES", Alert: AlertUnexpectedMessage}
	errTooManyAuthRequests   = &Error{Code: "TOO_MANY_CERTIFICATE_REQUESTS", Alert: AlertUnexpectedMessage}
	errTooMuchEarlyData      = &Error{Code: "TOO_MUCH_SKIPPED_EARLY_DATA", Alert: AlertUnexpectedMessage}
	errBadCCS                = &Error{Code: "BAD_CHANGE_CIPHER_SPEC", Alert: AlertUnexpectedMessage}
	errBadAlert              = &Error{Code: "BAD_ALERT", Alert: AlertDecodeError}
	errUnknownAlertType      = &Error{Code: "UNKNOWN_ALERT_TYPE", Alert: AlertIllegalParameter}

	// Messages.
	errUnexpectedMessage = &Error{Code: "UNEXPECTED_MESSAGE", Alert: AlertUnexpectedMessage}
	errExcessData        = &Error{Code: "EXCESS_HANDSHAKE_DATA", Alert: AlertUnexpectedMessage}
	errExcessiveMessage  = &Error{Code: "EXCESSIVE_MESSAGE_SIZE", Alert: AlertIllegalParameter}
	errDecode            = &Error{Code: "DECODE_ERROR", Alert: AlertDecodeError}
	errDecodeClientHello = &Error{Code: "CLIENTHELLO_PARSE_FAILED", Alert: AlertDecodeError}

	// Extensions.
	errParsingExtension    = &Error{Code: "ERROR_PARSING_EXTENSION", Alert: AlertDecodeError, Text: "parse tlsext"}
	errParsingALPN         = &Error{Code: "PARSE_TLSEXT", Alert: AlertDecodeError}
	errMisplacedExtension  = &Error{Code: "ERROR_PARSING_EXTENSION", Alert: AlertIllegalParameter, Text: "parse tlsext"}
	errUnexpectedExtension = &Error{Code: "UNEXPECTED_EXTENSION", Alert: AlertUnsupportedExtension}
	errDuplicateExtension  = &Error{Code: "DUPLICATE_EXTENSION", Alert: AlertDecodeError}
	errServerName          = &Error{Code: "ERROR_PARSING_EXTENSION", Alert: AlertIllegalParameter, Text: "server name is not a host name"}
	errMissingExtension    = &Error{Code: "MISSING_EXTENSION", Alert: AlertMissingExtension}
	errMissingKeyShare     = &Error{Code: "MISSING_KEY_SHARE", Alert: AlertMissingExtension}
	errPSKNotLast          = &Error{Code: "PRE_SHARED_KEY_MUST_BE_LAST", Alert: AlertIllegalParameter}

	// Negotiation.
	errHelloTooLong        = &Error{Code: "CLIENT_HELLO_TOO_LONG", Alert: AlertInternalError}
	errNoVersions          = &Error{Code: "NO_SUPPORTED_VERSIONS_ENABLED", Alert: AlertInternalError, Text: "no protocols available"}
	errUnsupportedProtocol = &Error{Code: "UNSUPPORTED_PROTOCOL", Alert: AlertProtocolVersion}
	errNoSharedCipher      = &Error{Code: "NO_SHARED_CIPHER", Alert: AlertHandshakeFailure}
	errNoSharedGroup       = &Error{Code: "NO_SHARED_GROUP", Alert: AlertHandshakeFailure}
	errNoCommonSchemes     = &Error{Code: "NO_COMMON_SIGNATURE_ALGORITHMS", Alert: AlertHandshakeFailure}
	errNoCertificate       = &Error{Code: "NO_CERTIFICATE_SET", Alert: AlertHandshakeFailure}
	errWrongCipher         = &Error{Code: "WRONG_CIPHER_RETURNED", Alert: AlertIllegalParameter}
	errCompression         = &Error{Code: "UNSUPPORTED_COMPRESSION_ALGORITHM", Alert: AlertIllegalParameter}
	errCompressionList     = &Error{Code: "INVALID_COMPRESSION_LIST", Alert: AlertIllegalParameter}
	errSessionIDEcho       = &Error{Code: "SERVER_ECHOED_INVALID_SESSION_ID", Alert: AlertIllegalParameter}
	errInvalidALPN         = &Error{Code: "INVALID_ALPN_PROTOCOL", Alert: AlertIllegalParameter}

	errWrongCurve        = &Error{Code: "WRONG_CURVE", Alert: AlertIllegalParameter}
	errBadPoint          = &Error{Code: "BAD_ECPOINT", Alert: AlertIllegalParameter}
	errDuplicateShare    = &Error{Code: "DUPLICATE_KEY_SHARE", Alert: AlertIllegalParameter}
	errEmptyHelloRetry   = &Error{Code: "EMPTY_HELLO_RETRY_REQUEST", Alert: AlertIllegalParameter}
	errInconsistentHello = &Error{Code: "INCONSISTENT_CLIENT_HELLO", Alert: AlertIllegalParameter}

	errDowngrade             = &Error{Code: "TLS13_DOWNGRADE", Alert: AlertIllegalParameter, Text: "inappropriate fallback"}
	errInappropriateFallback = &Error{Code: "INAPPROPRIATE_FALLBACK", Alert: AlertInappropriateFallback}
	errSecondVersion         = &Error{Code: "SECOND_SERVERHELLO_VERSION_MISMATCH", Alert: AlertIllegalParameter}
	errRenegotiationMismatch = &Error{Code: "RENEGOTIATION_MISMATCH", Alert: AlertHandshakeFailure}
	errNoRenegotiation       = &Error{Code: "NO_RENEGOTIATION", Alert: AlertNoRenegotiation}

	// Resumption.
	errOldVersion        = &Error{Code: "OLD_SESSION_VERSION_NOT_RETURNED", Alert: AlertIllegalParameter}
	errOldCipher         = &Error{Code: "OLD_SESSION_CIPHER_NOT_RETURNED", Alert: AlertIllegalParameter}
	errResumedWithoutEMS = &Error{Code: "RESUMED_EMS_SESSION_WITHOUT_EMS_EXTENSION", Alert: AlertHandshakeFailure}
	errResumedWithEMS    = &Error{Code: "RESUMED_NON_EMS_SESSION_WITH_EMS_EXTENSION", Alert: AlertHandshakeFailure}
	errBinderCount       = &Error{Code: "PSK_IDENTITY_BINDER_COUNT_MISMATCH", Alert: AlertIllegalParameter}
	errPSKIdentity       = &Error{Code: "PSK_IDENTITY_NOT_FOUND", Alert: AlertIllegalParameter}
	errPRFMismatch       = &Error{Code: "OLD_SESSION_PRF_HASH_MISMATCH", Alert: AlertIllegalParameter}
	errDigestCheck       = &Error{Code: "DIGEST_CHECK_FAILED", Alert: AlertDecryptError}

	// Certificates.
	errNoPeerCertificate    = &Error{Code: "PEER_DID_NOT_RETURN_A_CERTIFICATE", Alert: AlertCertificateRequired}
	errParseLeaf            = &Error{Code: "CANNOT_PARSE_LEAF_CERT", Alert: AlertDecodeError}
	errKeyType              = &Error{Code: "UNSUPPORTED_ALGORITHM", Alert: AlertUnsupportedCertificate}
	errCertificateTypes     = &Error{Code: "UNKNOWN_CERTIFICATE_TYPE", Alert: AlertHandshakeFailure}
	errKeyTooLarge          = &Error{Code: "MODULUS_TOO_LARGE", Alert: AlertBadCertificate}
	errWrongCertificateType = &Error{Code: "WRONG_CERTIFICATE_TYPE", Alert: AlertIllegalParameter}
	errBadECCCertificate    = &Error{Code: "BAD_ECC_CERT", Alert: AlertIllegalParameter}
	errKeyUsage             = &Error{Code: "KEY_USAGE_BIT_INCORRECT", Alert: AlertIllegalParameter}
	errWrongSignature       = &Error{Code: "WRONG_SIGNATURE_TYPE", Alert: AlertIllegalParameter}
	errBadSignature         = &Error{Code: "BAD_SIGNATURE", Alert: AlertDecryptError}
	errSignFailed           = &Error{Code: "PRIVATE_KEY_OPERATION_FAILED", Alert: AlertInternalError}
)
