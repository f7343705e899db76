package libtls

import (
	"bytes"
	"cmp"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strings"

	"libtls/internal/protocol"
	"libtls/internal/suite"
)

// keypair is a certificate chain, its private key and an OCSP response for
// it, as the program gave them; parts that it didn't give are nil.
type keypair struct {
	cert, key []byte // PEM
	staple    []byte // DER
}

func (k *keypair) setCertFile(path string) error {
	k.cert = nil
	data, err := readFile("certificate", path)
	if err != nil {
		return err
	}
	return k.setCert(data)
}

// setCert keeps the certificate even if it can't be used (contract, 5.4).
func (k *keypair) setCert(data []byte) error {
	k.cert = data
	if data == nil {
		return nil
	}
	if _, _, err := parseChain(data); err != nil {
		return failure("failed to load certificate: %v", err)
	}
	return nil
}

func (k *keypair) setKeyFile(path string) error {
	k.setKey(nil)
	data, err := readFile("key", path)
	k.key = data
	return err
}

func (k *keypair) setKey(data []byte) {
	clear(k.key)
	k.key = data
}

// SetCertFile is tls_config_set_cert_file.
func (c *Config) SetCertFile(path string) error { return c.keypair.setCertFile(path) }

// SetCertMem is tls_config_set_cert_mem; nil clears.
func (c *Config) SetCertMem(pem []byte) error {
	if err := checkLength("certificate", pem); err != nil {
		return err
	}
	return c.keypair.setCert(bytes.Clone(pem))
}

// SetKeyFile is tls_config_set_key_file.
func (c *Config) SetKeyFile(path string) error { return c.keypair.setKeyFile(path) }

// SetKeyMem is tls_config_set_key_mem; nil clears.
func (c *Config) SetKeyMem(pem []byte) error {
	if err := checkLength("key", pem); err != nil {
		return err
	}
	c.keypair.setKey(bytes.Clone(pem))
	return nil
}

// SetOCSPStapleFile is tls_config_set_ocsp_staple_file.
func (c *Config) SetOCSPStapleFile(path string) error {
	c.setStaple(nil)
	data, err := readFile("ocsp", path)
	c.setStaple(data)
	return err
}

// SetOCSPStapleMem is tls_config_set_ocsp_staple_mem; nil clears.
func (c *Config) SetOCSPStapleMem(der []byte) error {
	if err := checkLength("ocsp staple", der); err != nil {
		return err
	}
	c.setStaple(bytes.Clone(der))
	return nil
}

func (c *Config) setStaple(der []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keypair.staple = der
}

// SetKeypairFile is tls_config_set_keypair_file.
func (c *Config) SetKeypairFile(cert, key string) error {
	return c.SetKeypairOCSPFile(cert, key, nil)
}

// SetKeypairMem is tls_config_set_keypair_mem.
func (c *Config) SetKeypairMem(cert, key []byte) error {
	return c.SetKeypairOCSPMem(cert, key, nil)
}

// SetKeypairOCSPFile is tls_config_set_keypair_ocsp_file. It stops at the
// first part that fails; a nil staple leaves the present one.
func (c *Config) SetKeypairOCSPFile(cert, key string, staple *string) error {
	if err := c.SetCertFile(cert); err != nil {
		return err
	}
	if err := c.SetKeyFile(key); err != nil || staple == nil {
		return err
	}
	return c.SetOCSPStapleFile(*staple)
}

// SetKeypairOCSPMem is tls_config_set_keypair_ocsp_mem. A nil certificate or
// key clears; a nil staple leaves the present one.
func (c *Config) SetKeypairOCSPMem(cert, key, staple []byte) error {
	if err := checkLengths(cert, key, staple); err != nil {
		return err
	}
	if err := c.SetCertMem(cert); err != nil {
		return err
	}
	if err := c.SetKeyMem(key); err != nil || staple == nil {
		return err
	}
	return c.SetOCSPStapleMem(staple)
}

// AddKeypairFile is tls_config_add_keypair_file.
func (c *Config) AddKeypairFile(cert string, key *string) error {
	return c.AddKeypairOCSPFile(cert, key, nil)
}

// AddKeypairMem is tls_config_add_keypair_mem.
func (c *Config) AddKeypairMem(cert, key []byte) error {
	return c.AddKeypairOCSPMem(cert, key, nil)
}

// AddKeypairOCSPFile is tls_config_add_keypair_ocsp_file; key and staple may be nil.
func (c *Config) AddKeypairOCSPFile(cert string, key, staple *string) (err error) {
	var k keypair
	if err := k.setCertFile(cert); err != nil {
		return err
	}
	if staple != nil {
		if k.staple, err = readFile("ocsp", *staple); err != nil {
			return err
		}
	}
	if key != nil {
		if err := k.setKeyFile(*key); err != nil {
			return err
		}
	}
	c.addKeypair(k)
	return nil
}

// AddKeypairOCSPMem is tls_config_add_keypair_ocsp_mem; key and staple may be nil.
func (c *Config) AddKeypairOCSPMem(cert, key, staple []byte) error {
	if cert == nil {
		return failure("keypair has no certificate")
	}
	if err := checkLengths(cert, key, staple); err != nil {
		return err
	}
	var k keypair
	if err := k.setCert(bytes.Clone(cert)); err != nil {
		return err
	}
	k.key, k.staple = bytes.Clone(key), bytes.Clone(staple)
	c.addKeypair(k)
	return nil
}

// checkLengths is checkLength for a key pair.
func checkLengths(cert, key, staple []byte) error {
	return cmp.Or(checkLength("certificate", cert), checkLength("key", key), checkLength("ocsp staple", staple))
}

func (c *Config) addKeypair(k keypair) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.added = append(c.added, k)
}

// ClearKeys is tls_config_clear_keys: it wipes all private keys.
func (c *Config) ClearKeys() {
	c.keypair.setKey(nil)
	for i := range c.added {
		c.added[i].setKey(nil)
	}
}

var (
	errNoStartLine = errors.New("no start line")
	errKeyType     = errors.New("unsupported algorithm")
	errWeakKey     = errors.New("ee key too small")
	errKey         = errors.New("no usable private key")
)

// parseChain returns the certificates in a PEM text as DER, and the first one
// parsed.
func parseChain(text []byte) ([][]byte, *x509.Certificate, error) {
	var chain [][]byte
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" || block.Type == "X509 CERTIFICATE" {
			chain = append(chain, block.Bytes)
		}
	}
	if len(chain) == 0 {
		return nil, nil, errNoStartLine
	}
	leaf, err := x509.ParseCertificate(chain[0])
	if err != nil {
		return nil, nil, err
	}
	return chain, leaf, usableKey(leaf.PublicKey)
}

// usableKey tells what keeps a public key from being used, if anything does.
func usableKey(pub crypto.PublicKey) error {
	if suite.KeyTypeOf(pub) == 0 {
		return errKeyType
	}
	if key, ok := pub.(*rsa.PublicKey); ok && key.N.BitLen() < 1024 {
		return errWeakKey
	}
	return nil
}

// parseKey returns the first private key in a PEM text.
func parseKey(text []byte) (crypto.Signer, error) {
	block := privateKeyBlock(text)
	if block == nil {
		return nil, errNoStartLine
	}
	defer clear(block.Bytes)
	if isLegacyEncrypted(block) {
		return nil, errKey
	}
	return parseKeyBlock(block)
}

// parseKeyBlock parses a private key that isn't encrypted.
func parseKeyBlock(block *pem.Block) (crypto.Signer, error) {
	var key any
	var err error
	switch block.Type {
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	}
	if err != nil {
		return nil, err
	}
	signer, ok := key.(crypto.Signer)
	if !ok || suite.KeyTypeOf(signer.Public()) == 0 {
		return nil, errKey
	}
	return signer, nil
}

func privateKeyBlock(text []byte) *pem.Block {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if strings.HasSuffix(block.Type, "PRIVATE KEY") {
			return block
		}
	}
	return nil
}

// primary is the index of the primary keypair; that of an added one counts
// from 0.
const primary = -1

// credential is a keypair ready for use.
type credential struct {
	index int // of the keypair
	chain [][]byte
	leaf  *x509.Certificate
	key   crypto.Signer // nil if the program has kept it
	// remote tells that a callback signs in the place of key.
	remote bool
}

// credential parses a keypair. The order of the checks is the contract's (3).
// A nil credential without error means that there is none, as a client may do.
func (c *Config) credential(index int, server bool) (*credential, *Error) {
	k := &c.keypair
	if index != primary {
		k = &c.added[index]
	}
	if !server && k.cert == nil && k.key == nil {
		return nil, nil
	}

	cred := &credential{index: index}
	var err error
	if k.cert != nil {
		if cred.chain, cred.leaf, err = parseChain(k.cert); err != nil {
			return nil, failure("failed to load certificate")
		}
	}
	if k.key != nil {
		if cred.leaf == nil && c.skipKeyCheck {
			return nil, failure("public key hash not set")
		}
		if cred.key, err = parseKey(k.key); err != nil {
			return nil, failure("failed to read private key")
		}
	}
	if cred.leaf != nil && cred.key != nil && !samePublicKey(cred.key.Public(), cred.leaf.PublicKey) {
		if suite.KeyTypeOf(cred.key.Public()) == suite.KeyTypeOf(cred.leaf.PublicKey) {
			return nil, failure("failed to load private key")
		}
		if !c.skipKeyCheck {
			return nil, failure("private/public key mismatch")
		}
		cred.key = nil
	}
	if !c.skipKeyCheck && (cred.leaf == nil || cred.key == nil) {
		return nil, failure("private/public key mismatch")
	}
	if cred.remote = c.signCallback != 0; cred.remote {
		cred.key = nil
	}
	return cred, nil
}

func samePublicKey(a, b crypto.PublicKey) bool {
	key, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && key.Equal(b)
}

// staple returns the OCSP response that a keypair has now.
func (c *Config) staple(index int) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	if index == primary {
		return c.keypair.staple
	}
	return c.added[index].staple
}

// canSign tells whether handshakes can be signed with the credential. Its
// certificate must allow that (RFC 8446, section 4.4.2.2).
func (c *credential) canSign() bool {
	return c.leaf != nil && (c.key != nil || c.remote) &&
		(c.leaf.KeyUsage == 0 || c.leaf.KeyUsage&x509.KeyUsageDigitalSignature != 0)
}

// engine returns the credential as the engine wants it.
func (c *credential) engine(staple []byte) *protocol.Credential {
	return &protocol.Credential{Chain: c.chain, Public: c.leaf.PublicKey, Staple: staple}
}
