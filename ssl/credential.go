package ssl

import (
	"crypto"
	"crypto/x509"

	"libtls"
	"libtls/internal/protocol"
	"libtls/internal/suite"
)

// Encodings of files.
const (
	filePEM = 1
	fileDER = 2
)

// credential is a certificate chain and its key, as far as they were given.
type credential struct {
	chain [][]byte
	leaf  *x509.Certificate
	key   crypto.Signer
}

// usable tells whether handshakes can be signed with it. Its certificate must
// allow that (RFC 8446, 4.4.2.2).
func (c *credential) usable() bool {
	return c != nil && c.leaf != nil && c.key != nil &&
		(c.leaf.KeyUsage == 0 || c.leaf.KeyUsage&x509.KeyUsageDigitalSignature != 0)
}

func (c *credential) engine() *protocol.Credential {
	return &protocol.Credential{Chain: c.chain, Public: c.leaf.PublicKey}
}

// credentials holds one credential for each type of key, like OpenSSL. A
// change makes new ones, because connections share them.
type credentials struct {
	slots   [suite.KeyEd25519 + 1]*credential
	current suite.KeyType // that was changed last
}

// preference is the order in which the slots are tried.
var preference = []suite.KeyType{suite.KeyECDSA, suite.KeyEd25519, suite.KeyRSA}

// choose returns the first credential that the peer can make use of, else the
// first one at all, or nil.
func (c *credentials) choose(conn *protocol.Conn) *credential {
	var first *credential
	for _, t := range preference {
		cred := c.slots[t]
		if !cred.usable() {
			continue
		}
		if conn.CanUse(cred.engine()) == nil {
			return cred
		}
		if first == nil {
			first = cred
		}
	}
	return first
}

// setChain is for the functions that load certificates. A key that doesn't
// belong to the new leaf is dropped.
func (c *credentials) setChain(chain [][]byte, leaf *x509.Certificate) {
	t := suite.KeyTypeOf(leaf.PublicKey)
	cred := &credential{chain: chain, leaf: leaf}
	if old := c.slots[t]; old != nil && old.key != nil && libtls.SamePublicKey(old.key.Public(), leaf.PublicKey) {
		cred.key = old.key
	}
	c.slots[t], c.current = cred, t
}

func (c *credentials) setKey(key crypto.Signer) *Error {
	t := suite.KeyTypeOf(key.Public())
	cred := &credential{key: key}
	if old := c.slots[t]; old != nil && old.leaf != nil {
		if !libtls.SamePublicKey(key.Public(), old.leaf.PublicKey) {
			return errKeyMismatch
		}
		cred.chain, cred.leaf = old.chain, old.leaf
	}
	c.slots[t], c.current = cred, t
	return nil
}

// check is SSL_CTX_check_private_key.
func (c *credentials) check() *Error {
	cred := c.slots[c.current]
	switch {
	case cred == nil || cred.leaf == nil:
		return errNoCertificate
	case cred.key == nil:
		return errNoPrivateKey
	}
	return nil
}

// inSSL is the second entry that OpenSSL puts on its queue when another
// library has failed.
func inSSL(e *Error) *Error {
	const nested = 0x80000 // ERR_RFLAG_COMMON
	return &Error{Lib: LibSSL, Number: nested | e.Lib}
}

// UseCertificateFile is SSL_CTX_use_certificate_file, and if chain is set
// SSL_CTX_use_certificate_chain_file.
func (c *Context) UseCertificateFile(path string, encoding int, chain bool) []*Error {
	data, err := readFile(path)
	if err != nil {
		return []*Error{err, inSSL(err)}
	}
	var certs [][]byte
	var leaf *x509.Certificate
	var parseErr error
	switch encoding {
	case filePEM:
		certs, leaf, parseErr = libtls.ParseChain(data)
		err = errNoStartLine
	case fileDER:
		certs = [][]byte{data}
		leaf, parseErr = x509.ParseCertificate(data)
		if parseErr == nil && suite.KeyTypeOf(leaf.PublicKey) == 0 {
			parseErr = errInternal
		}
		err = errBadEncoding
	default:
		return []*Error{errBadFileType}
	}
	if parseErr != nil {
		return []*Error{err, inSSL(err)}
	}
	if !chain {
		certs = certs[:1]
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.creds.setChain(certs, leaf)
	return nil
}

// UsePrivateKeyFile is SSL_CTX_use_PrivateKey_file.
func (c *Context) UsePrivateKeyFile(path string, encoding int) []*Error {
	data, err := readFile(path)
	if err != nil {
		return []*Error{err, inSSL(err)}
	}
	defer clear(data)
	var key crypto.Signer
	var parseErr error
	switch encoding {
	case filePEM:
		key, parseErr = libtls.ParseKey(data)
		err = errNoStartLine
	case fileDER:
		key, parseErr = libtls.ParseKeyDER(data)
		err = errBadEncoding
	default:
		return []*Error{errBadFileType}
	}
	if parseErr != nil {
		return []*Error{err, inSSL(err)}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.creds.setKey(key); err != nil {
		return []*Error{err}
	}
	return nil
}

// CheckPrivateKey is SSL_CTX_check_private_key.
func (c *Context) CheckPrivateKey() *Error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.creds.check()
}

func readFile(path string) ([]byte, *Error) {
	data, err := libtls.LoadFile(path, nil)
	if err != nil {
		return nil, systemError(err)
	}
	return data, nil
}
