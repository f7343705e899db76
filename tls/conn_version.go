package tls

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"

	"libtls/internal/pem"
	"libtls/internal/suite"
	"libtls/internal/trust"
)

// peer is what the peer's certificate tells.
type peer struct {
	chain [][]byte          // DER as sent, leaf first; the leaf alone in a resumed session
	leaf  *x509.Certificate // nil without a certificate
}

func newPeer(chain [][]byte) peer {
	p := peer{chain: chain}
	if len(chain) > 0 {
		p.leaf, _ = trust.Read(chain[0])
	}
	return p
}

// setPeer takes a chain for the peer's. Nothing is known of its revocation yet.
func (t *Context) setPeer(chain [][]byte) {
	t.peer, t.ocsp = newPeer(chain), ocspState{}
	if t.peer.leaf != nil && len(t.peer.leaf.OCSPServer) > 0 {
		t.ocsp.url = t.peer.leaf.OCSPServer[0]
	}
}

// HandshakeDone tells whether the handshake is complete and everything that
// was to be checked is.
func (t *Context) HandshakeDone() bool { return t.Complete }

// PeerClosed tells whether the peer sent close_notify.
func (t *Context) PeerClosed() bool { return t.Engine != nil && t.Engine.PeerClosed() }

// ConnVersion is tls_conn_version; empty before the handshake.
func (t *Context) ConnVersion() string {
	if !t.Complete {
		return ""
	}
	if t.Engine.Info().Version == suite.TLS12 {
		return "TLSv1.2"
	}
	return "TLSv1.3"
}

// ConnCipher is tls_conn_cipher; empty before the handshake.
func (t *Context) ConnCipher() string {
	if !t.Complete {
		return ""
	}
	return t.Engine.Info().Suite.OpenSSLName
}

// ConnCipherStrength is tls_conn_cipher_strength, in bits; 0 before the handshake.
func (t *Context) ConnCipherStrength() int {
	if !t.Complete {
		return 0
	}
	return t.Engine.Info().Suite.Strength
}

// ConnGroup names the key-exchange group; empty before the handshake.
func (t *Context) ConnGroup() string {
	if !t.Complete {
		return ""
	}
	if g := suite.GroupByID(t.Engine.Info().Group); g != nil {
		return g.Name
	}
	return ""
}

// ConnALPNSelected is tls_conn_alpn_selected.
func (t *Context) ConnALPNSelected() (string, bool) {
	if !t.Complete {
		return "", false
	}
	name := t.Engine.Info().ALPN
	return name, name != ""
}

// ConnServername is tls_conn_servername: on a server the name the client sent,
// unless that is an IP address; on a client the name given to connect.
func (t *Context) ConnServername() (string, bool) {
	if !t.Complete {
		return "", false
	}
	if t.role == roleClient {
		return t.name, t.hasName
	}
	name := t.Engine.Info().ServerName
	return name, name != "" && trust.IPLiteral(name) == nil
}

// ConnSessionResumed is tls_conn_session_resumed.
func (t *Context) ConnSessionResumed() bool { return t.Complete && t.Engine.Info().Resumed }

// leaf returns the peer's certificate, nil before the handshake or if there is
// none.
func (t *Context) leaf() *x509.Certificate {
	if !t.Complete {
		return nil
	}
	return t.peer.leaf
}

// PeerCertProvided is tls_peer_cert_provided.
func (t *Context) PeerCertProvided() bool { return t.leaf() != nil }

// PeerCertContainsName is tls_peer_cert_contains_name. A certificate that is
// malformed in this respect contains none; Err then tells why.
func (t *Context) PeerCertContainsName(name string) bool {
	t.err = nil
	leaf := t.leaf()
	if leaf == nil {
		return false
	}
	ok, err := trust.MatchName(leaf, name)
	if err != nil {
		t.err = failure("%v", err)
	}
	return ok && err == nil
}

// PeerCertHash is tls_peer_cert_hash; empty without a certificate.
func (t *Context) PeerCertHash() string {
	leaf := t.leaf()
	if leaf == nil {
		return ""
	}
	sum := sha256.Sum256(leaf.Raw)
	return "SHA256:" + hex.EncodeToString(sum[:])
}

// PeerCertIssuer is tls_peer_cert_issuer.
func (t *Context) PeerCertIssuer() string {
	if leaf := t.leaf(); leaf != nil {
		return trust.Oneline(leaf.RawIssuer)
	}
	return ""
}

// PeerCertSubject is tls_peer_cert_subject.
func (t *Context) PeerCertSubject() string {
	if leaf := t.leaf(); leaf != nil {
		return trust.Oneline(leaf.RawSubject)
	}
	return ""
}

// PeerCertCommonName is tls_peer_cert_common_name: empty if the subject has
// none, and false if it can't be told.
func (t *Context) PeerCertCommonName() (string, bool) {
	leaf := t.leaf()
	if leaf == nil {
		return "", false
	}
	name, err := trust.CommonName(leaf)
	return name, err == nil
}

// PeerCertNotBefore is tls_peer_cert_notbefore, in seconds since 1970; -1
// without a certificate.
func (t *Context) PeerCertNotBefore() int64 {
	if leaf := t.leaf(); leaf != nil {
		return leaf.NotBefore.Unix()
	}
	return -1
}

// PeerCertNotAfter is tls_peer_cert_notafter, in seconds since 1970; -1
// without a certificate.
func (t *Context) PeerCertNotAfter() int64 {
	if leaf := t.leaf(); leaf != nil {
		return leaf.NotAfter.Unix()
	}
	return -1
}

// PeerCertChainPEM is tls_peer_cert_chain_pem; nil without a certificate.
func (t *Context) PeerCertChainPEM() []byte {
	if t.leaf() == nil {
		return nil
	}
	var text []byte
	for _, der := range t.peer.chain {
		text = pem.Append(text, "CERTIFICATE", der)
	}
	return text
}
