package tls

import (
	"crypto"
	"crypto/x509"

	"libtls/internal/suite"
)

// MaxExportLabel is the longest label of ConnExport, in bytes (RFC 8446, 7.1).
const MaxExportLabel = 249

// ConnExport is tls_conn_export: n bytes of keying material that both ends of
// the connection have in common, and nobody else. A nil context is none, which
// TLS 1.2 tells from an empty one.
func (t *Context) ConnExport(label string, context []byte, n int) ([]byte, error) {
	if err := t.mayExport(); err != nil {
		return nil, t.record(err)
	}
	info := t.Engine.Info()
	switch {
	case label == "" || len(label) > MaxExportLabel:
		return nil, t.record(invalidArgument("label too long or empty"))
	case info.Version == suite.TLS12 && reserved(label):
		return nil, t.record(invalidArgument("label is reserved for TLS"))
	case len(context) > 0xffff:
		return nil, t.record(invalidArgument("context too long"))
	case n <= 0:
		return nil, t.record(invalidArgument("outlen too short"))
	case n > 255*info.Suite.Hash.Size():
		return nil, t.record(invalidArgument("outlen too long"))
	}
	out, err := t.Engine.Export(label, context, context != nil, n)
	if err != nil {
		return nil, t.record(failure("export failed: %v", err))
	}
	return out, nil
}

// reserved tells whether TLS 1.2 derives its own secrets with a label (RFC
// 5705, section 4).
func reserved(label string) bool {
	switch label {
	case "client finished", "server finished", "master secret", "extended master secret", "key expansion":
		return true
	}
	return false
}

// mayExport tells why nothing can be derived of the connection, if so.
func (t *Context) mayExport() *Error {
	switch {
	case t.Dead:
		return t.cause
	case !t.Complete:
		return errNotComplete
	// Else a man in the middle could have brought two connections to the same
	// master secret (RFC 7627, section 1).
	case t.Engine.Info().Version == suite.TLS12 && !t.Engine.Info().ExtendedMasterSecret:
		return failure("peer has no extended master secret")
	}
	return nil
}

var errNotComplete = failure("handshake not completed")

// ConnChannelBinding is tls_conn_channel_binding: "tls-exporter" (RFC 9266) or
// "tls-server-end-point" (RFC 5929, section 4), at most 64 bytes.
func (t *Context) ConnChannelBinding(kind string) ([]byte, error) {
	switch kind {
	case "tls-exporter":
		return t.ConnExport("EXPORTER-Channel-Binding", []byte{}, 32)
	case "tls-server-end-point":
		binding, err := t.serverEndPoint()
		if err != nil {
			return nil, t.record(err)
		}
		return binding, nil
	}
	return nil, t.record(invalidArgument("unknown channel binding type"))
}

// serverEndPoint hashes the server's certificate. After a resumption a server
// takes the one that it would have shown now.
func (t *Context) serverEndPoint() ([]byte, *Error) {
	if !t.Complete {
		return nil, errNotComplete
	}
	leaf := t.peer.leaf
	if t.role != roleClient {
		leaf = nil
		if t.cred != nil {
			leaf = t.cred.Leaf
		}
	}
	if leaf == nil {
		return nil, failure("no server certificate")
	}
	hash := endPointHash(leaf.SignatureAlgorithm)
	if hash == 0 {
		return nil, failure("no channel binding for a certificate signed with %v", leaf.SignatureAlgorithm)
	}
	h := hash.New()
	h.Write(leaf.Raw)
	return h.Sum(nil), nil
}

// endPointHash is the hash of a certificate's signature, but SHA-256 in the
// place of what is weaker; 0 where RFC 5929, section 4.1 defines none.
func endPointHash(alg x509.SignatureAlgorithm) crypto.Hash {
	switch alg {
	case x509.MD5WithRSA, x509.SHA1WithRSA, x509.ECDSAWithSHA1,
		x509.SHA256WithRSA, x509.SHA256WithRSAPSS, x509.ECDSAWithSHA256:
		return crypto.SHA256
	case x509.SHA384WithRSA, x509.SHA384WithRSAPSS, x509.ECDSAWithSHA384:
		return crypto.SHA384
	case x509.SHA512WithRSA, x509.SHA512WithRSAPSS, x509.ECDSAWithSHA512:
		return crypto.SHA512
	}
	return 0
}
