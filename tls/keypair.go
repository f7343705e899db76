package tls

import (
	"bytes"
	"cmp"
	"errors"

	"libtls/internal/credential"
	"libtls/internal/suite"
	"libtls/internal/trust"
)

// keypair is a certificate chain, its private key and an OCSP response for
// it, as the program gave them; parts that it didn't give are nil.
type keypair struct {
	cert, key []byte // PEM
	staple    []byte // DER
	files     [KeypairParts]string
}

// The parts of a keypair that may come from a file.
const (
	Cert = iota
	Key
	Staple
	KeypairParts
)

// setCert keeps the certificate even if it can't be used.
func (k *keypair) setCert(data []byte) error {
	k.cert = data
	if data == nil {
		return nil
	}
	if _, _, err := credential.ParseChain(data); err != nil {
		return failure("failed to load certificate: %v", err)
	}
	return nil
}

func (k *keypair) setKey(data []byte) {
	clear(k.key)
	k.key = data
}

// SetCertMem is tls_config_set_cert_mem; nil clears.
func (c *Config) SetCertMem(pem []byte) error {
	if err := checkLength("certificate", pem); err != nil {
		return err
	}
	c.keypair.files[Cert] = ""
	return c.keypair.setCert(bytes.Clone(pem))
}

// SetKeyMem is tls_config_set_key_mem; nil clears.
func (c *Config) SetKeyMem(pem []byte) error {
	if err := checkLength("key", pem); err != nil {
		return err
	}
	c.keypair.files[Key] = ""
	c.keypair.setKey(bytes.Clone(pem))
	return nil
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
	c.keypair.staple, c.keypair.files[Staple] = der, ""
}

// SetKeypairMem is tls_config_set_keypair_mem.
func (c *Config) SetKeypairMem(cert, key []byte) error {
	return c.SetKeypairOCSPMem(cert, key, nil)
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

// NameFile tells the file, if any, that a part of the primary keypair came from.
func (c *Config) NameFile(part int, path string) { c.keypair.files[part] = path }

// NameAdded tells the files that the latest added keypair came from.
func (c *Config) NameAdded(files [KeypairParts]string) { c.added[len(c.added)-1].files = files }

// ClearKeys is tls_config_clear_keys: it wipes all private keys.
func (c *Config) ClearKeys() {
	c.keypair.setKey(nil)
	for i := range c.added {
		c.added[i].setKey(nil)
	}
}

// primary is the index of the primary keypair; that of an added one counts
// from 0.
const primary = -1

// indexed is a keypair ready for use.
type indexed struct {
	*credential.Credential
	index  int    // of the keypair
	staple []byte // that it had then
}

func (c *Config) pair(index int) *keypair {
	if index == primary {
		return &c.keypair
	}
	return &c.added[index]
}

// credential parses a keypair. The order of the checks is that of libtls, which decides the error.
// A nil credential without error means that there is none, as a client may do.
func (c *Config) credential(index int, server bool) (*indexed, *Error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.pair(index)
	if !server && k.cert == nil && k.key == nil {
		return nil, nil
	}

	cred := new(credential.Credential)
	var err error
	if k.cert != nil {
		if cred.Chain, cred.Leaf, err = credential.ParseChain(k.cert); err != nil {
			return nil, failure("failed to load certificate")
		}
	}
	if k.key != nil {
		if cred.Leaf == nil && c.skipKeyCheck {
			return nil, failure("public key hash not set")
		}
		switch cred.Key, err = credential.ParseKey(k.key); {
		case errors.Is(err, credential.ErrDamaged), errors.Is(err, credential.ErrKeyType):
			return nil, failure("failed to read private key: %v", err)
		case err != nil:
			return nil, failure("failed to read private key")
		}
	}
	if cred.Leaf != nil && cred.Key != nil && !credential.SamePublicKey(cred.Key.Public(), cred.Leaf.PublicKey) {
		if suite.KeyTypeOf(cred.Key.Public()) == suite.KeyTypeOf(cred.Leaf.PublicKey) {
			return nil, failure("failed to load private key")
		}
		if !c.skipKeyCheck {
			return nil, failure("private/public key mismatch")
		}
		cred.Key = nil
	}
	if !c.skipKeyCheck && (cred.Leaf == nil || cred.Key == nil) {
		return nil, failure("private/public key mismatch")
	}
	if cred.Leaf != nil && !trust.MaySign(cred.Leaf) {
		return nil, failure("certificate can't be used: its key usage forbids signing")
	}
	if cred.Remote = c.signCallback != 0; cred.Remote {
		cred.Key = nil
	}
	return &indexed{cred, index, k.staple}, nil
}

// staple returns the OCSP response that a listener's keypair has now, or had
// before it was renewed.
func (l *listener) staple(cred *indexed) []byte {
	c := l.config
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.renewals != l.renewals:
		return cred.staple
	case cred.index == primary:
		return c.keypair.staple
	}
	return c.added[cred.index].staple
}
