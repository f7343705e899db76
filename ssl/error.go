package ssl

import (
	"errors"

	"libtls/internal/protocol"
)

// The libraries that errors name, as OpenSSL numbers them.
const (
	LibSystem = 2
	LibPEM    = 9
	LibX509   = 11
	libASN1   = 13
	LibSSL    = 20
	libBIO    = 32
)

// Reasons that all libraries share.
const (
	common          = 0x80000                // ERR_RFLAG_COMMON
	Internal        = 259 | 0x40000 | common // ERR_R_INTERNAL_ERROR, which is fatal
	invalidArgument = 262 | common           // ERR_R_PASSED_INVALID_ARGUMENT
)

// Error is one entry of OpenSSL's error queue.
type Error struct {
	Lib    int    // Lib*
	Number int    // the reason's, an errno for LibSystem; 0 if Reason tells it
	Reason string // in the words of ERR_reason_error_string
	Data   string // what else there is to say
}

func (e *Error) Error() string {
	if e.Reason != "" {
		return e.Reason
	}
	return e.Data
}

func (e *Error) with(data string) *Error {
	return &Error{Lib: e.Lib, Number: e.Number, Reason: e.Reason, Data: data}
}

func reason(number int) *Error { return &Error{Lib: LibSSL, Number: number} }

// The reasons that this package itself gives.
var (
	errKeyUpdateType        = reason(120)
	errStillInInit          = reason(121)
	errNoCertificate        = reason(177)
	errNoCipherMatch        = reason(185)
	errNoPrivateKey         = reason(190)
	errNoProtocols          = reason(191)
	errShutdown             = reason(207)
	errWrongVersion         = reason(266)
	errSessionIDContext     = reason(273)
	errNoSessionIDContext   = reason(277)
	errExtensionNotReceived = reason(279)
	errInvalidConfig        = reason(283)
	errNotServer            = reason(284)
	errRequestSent          = reason(286)
	errTicketKeysLength     = reason(325)
	errInvalidServerName    = reason(319)
	// The certificate of a handshake was replaced before it was used, then the
	// process was forked.
	errCredentialGone = reason(179)

	errNoSuchFile      = &Error{Lib: libBIO, Number: 128}
	errNoStartLine     = &Error{Lib: LibPEM, Number: 108}
	errNoCAs           = &Error{Lib: LibX509, Number: 136}
	errKeyMismatch     = &Error{Lib: LibX509, Number: 116}
	errBadEncoding     = &Error{Lib: libASN1, Number: 168}
	errInternal        = reason(Internal)
	errBadFileType     = reason(124)
	errInvalidArgument = reason(invalidArgument)
)

// alertReason is what OpenSSL adds to a received alert's number.
const alertReason = 1000

// synonyms holds what OpenSSL calls the reasons that it knows by other names
// than the engine.
var synonyms = map[string]string{
	"UNEXPECTED_EOF":                   "unexpected eof while reading",
	"DECODE_ERROR":                     "length mismatch",
	"CLIENTHELLO_PARSE_FAILED":         "length mismatch",
	"EXCESS_HANDSHAKE_DATA":            "not on record boundary",
	"UNEXPECTED_EXTENSION":             "unsolicited extension",
	"NO_SHARED_GROUP":                  "no suitable key share",
	"NO_COMMON_SIGNATURE_ALGORITHMS":   "no suitable signature algorithm",
	"NO_SUPPORTED_VERSIONS_ENABLED":    "no protocols available",
	"MISSING_KEY_SHARE":                "no suitable key share",
	"DUPLICATE_KEY_SHARE":              "bad key share",
	"OLD_SESSION_VERSION_NOT_RETURNED": "ssl session version mismatch",
}

// engineError tells an error of the engine in OpenSSL's words.
func engineError(err error) *Error {
	var e *protocol.Error
	if !errors.As(err, &e) {
		return errInternal
	}
	if e.Received {
		return reason(alertReason + int(e.Alert))
	}
	if s, ok := synonyms[e.Code]; ok {
		return &Error{Lib: LibSSL, Reason: s}
	}
	named := protocol.Error{Code: e.Code}
	return &Error{Lib: LibSSL, Reason: named.Error()}
}
