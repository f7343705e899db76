package ssl

import (
	"go/constant"
	"go/token"
	"go/types"
	"os"
	"regexp"
	"strings"
	"testing"
)

var (
	definition = regexp.MustCompile(`(?m)^#define\s+(\w+)\s+(.*)$`)
	identifier = regexp.MustCompile(`\b[A-Z]\w*`)
)

// definitions returns what the headers say of numbers, by their names.
func definitions(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, name := range []string{"err.h", "ssl.h", "x509.h"} {
		text, err := os.ReadFile("../compat/openssl/" + name)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range definition.FindAllStringSubmatch(string(text), -1) {
			all[d[1]] = d[2]
		}
	}
	return all
}

// What this package calls by names of its own has the numbers of the headers that programs include.
func TestNumbersAreTheHeaders(t *testing.T) {
	t.Parallel()
	defined := definitions(t)
	value := func(name string) int64 {
		text := strings.ReplaceAll(defined[name], "SSL_OP_BIT(", "1<<(")
		text = identifier.ReplaceAllStringFunc(text, func(other string) string { return defined[other] })
		tv, err := types.Eval(token.NewFileSet(), nil, token.NoPos, text)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		n, _ := constant.Int64Val(tv.Value)
		return n
	}
	for name, ours := range map[string]int64{
		"SSL_OP_IGNORE_UNEXPECTED_EOF":    optionIgnoreUnexpectedEOF,
		"SSL_OP_NO_TICKET":                optionNoTicket,
		"SSL_OP_CIPHER_SERVER_PREFERENCE": optionCipherServerPreference,
		"SSL_OP_NO_TLSv1_2":               optionNoTLS12,
		"SSL_OP_NO_TLSv1_3":               optionNoTLS13,

		"SSL_SESS_CACHE_CLIENT":              cacheClient,
		"SSL_SESS_CACHE_SERVER":              cacheServer,
		"SSL_SESS_CACHE_NO_INTERNAL_LOOKUP":  cacheNoInternalLookup,
		"SSL_SESS_CACHE_NO_INTERNAL_STORE":   cacheNoInternalStore,
		"SSL_SESSION_CACHE_MAX_SIZE_DEFAULT": defaultCacheSize,

		"SSL_VERIFY_PEER":                 verifyPeer,
		"SSL_VERIFY_FAIL_IF_NO_PEER_CERT": verifyFailIfNoCert,
		"SSL_VERIFY_POST_HANDSHAKE":       verifyPostHandshake,

		"SSL_FILETYPE_PEM":  filePEM,
		"SSL_FILETYPE_ASN1": fileDER,

		"SSL_TLSEXT_ERR_OK":          callbackOK,
		"SSL_TLSEXT_ERR_ALERT_FATAL": callbackFatal,
		"SSL_TLSEXT_ERR_NOACK":       callbackNoAck,

		"ERR_LIB_SYS":  LibSystem,
		"ERR_LIB_PEM":  LibPEM,
		"ERR_LIB_X509": LibX509,
		"ERR_LIB_ASN1": libASN1,
		"ERR_LIB_SSL":  LibSSL,
		"ERR_LIB_BIO":  libBIO,

		"ERR_R_PEM_LIB":                 int64(within(LibSSL, &Error{Lib: LibPEM}).Number),
		"ERR_R_INTERNAL_ERROR":          Internal,
		"ERR_R_PASSED_INVALID_ARGUMENT": invalidArgument,

		"SSL_R_INVALID_KEY_UPDATE_TYPE":          int64(errKeyUpdateType.Number),
		"SSL_R_STILL_IN_INIT":                    int64(errStillInInit.Number),
		"SSL_R_NO_CERTIFICATE_ASSIGNED":          int64(errNoCertificate.Number),
		"SSL_R_NO_CERTIFICATE_SET":               int64(errCredentialGone.Number),
		"SSL_R_NO_CIPHER_MATCH":                  int64(errNoCipherMatch.Number),
		"SSL_R_NO_PRIVATE_KEY_ASSIGNED":          int64(errNoPrivateKey.Number),
		"SSL_R_NO_PROTOCOLS_AVAILABLE":           int64(errNoProtocols.Number),
		"SSL_R_PROTOCOL_IS_SHUTDOWN":             int64(errShutdown.Number),
		"SSL_R_WRONG_SSL_VERSION":                int64(errWrongVersion.Number),
		"SSL_R_SSL_SESSION_ID_CONTEXT_TOO_LONG":  int64(errSessionIDContext.Number),
		"SSL_R_SESSION_ID_CONTEXT_UNINITIALIZED": int64(errNoSessionIDContext.Number),
		"SSL_R_EXTENSION_NOT_RECEIVED":           int64(errExtensionNotReceived.Number),
		"SSL_R_INVALID_CONFIG":                   int64(errInvalidConfig.Number),
		"SSL_R_NOT_SERVER":                       int64(errNotServer.Number),
		"SSL_R_REQUEST_SENT":                     int64(errRequestSent.Number),
		"SSL_R_INVALID_TICKET_KEYS_LENGTH":       int64(errTicketKeysLength.Number),
		"SSL_R_SSL3_EXT_INVALID_SERVERNAME":      int64(errInvalidServerName.Number),
		"SSL_R_BAD_SSL_FILETYPE":                 int64(errBadFileType.Number),
		"SSL_R_SSLV3_ALERT_UNEXPECTED_MESSAGE":   alertReason + 10,
		"X509_R_KEY_VALUES_MISMATCH":             int64(errKeyMismatch.Number),
		"X509_R_NO_CERTIFICATE_OR_CRL_FOUND":     int64(errNoCAs.Number),

		"X509_V_OK":                                    verifyOK,
		"X509_V_ERR_UNSPECIFIED":                       verifyUnspecified,
		"X509_V_ERR_UNABLE_TO_GET_CRL":                 verifyNoCRL,
		"X509_V_ERR_CERT_SIGNATURE_FAILURE":            verifySignature,
		"X509_V_ERR_CERT_NOT_YET_VALID":                verifyNotYetValid,
		"X509_V_ERR_CERT_HAS_EXPIRED":                  verifyExpired,
		"X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT":       verifySelfSigned,
		"X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN":         verifySelfInChain,
		"X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY": verifyNoIssuer,
		"X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE":   verifyLeaf,
		"X509_V_ERR_CERT_CHAIN_TOO_LONG":               verifyTooLong,
		"X509_V_ERR_CERT_REVOKED":                      verifyRevoked,
		"X509_V_ERR_PATH_LENGTH_EXCEEDED":              verifyPathLength,
		"X509_V_ERR_INVALID_PURPOSE":                   verifyPurpose,
		"X509_V_ERR_HOSTNAME_MISMATCH":                 verifyHostname,
		"X509_V_ERR_IP_ADDRESS_MISMATCH":               verifyIP,
		"X509_V_ERR_EE_KEY_TOO_SMALL":                  verifyWeakLeafKey,
		"X509_V_ERR_CA_KEY_TOO_SMALL":                  verifyWeakCAKey,
		"X509_V_ERR_CA_MD_TOO_WEAK":                    verifyWeakCASignature,
		"X509_V_ERR_INVALID_CA":                        verifyInvalidCA,
	} {
		if want := value(name); ours != want {
			t.Errorf("%s is %#x; here it is %#x", name, want, ours)
		}
	}
}
