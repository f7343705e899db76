package ssl

import (
	"crypto"
	"crypto/x509"
	"syscall"

	"libtls/internal/credential"
	"libtls/internal/suite"
)

// Encodings of files.
const (
	filePEM = 1
	fileDER = 2
)

// within is the entry that OpenSSL puts on its queue behind e when e's library
// has failed inside of lib.
func within(lib int, e *Error) *Error {
	const nested = 0x80000 // ERR_RFLAG_COMMON
	return &Error{Lib: lib, Number: nested | e.Lib}
}

// unreadable tells of a file that lib couldn't read for the system error e.
func unreadable(e *Error, lib int) []*Error {
	file := within(libBIO, e)
	if lib == LibX509 && e.Number == int(syscall.ENOENT) {
		file = errNoSuchFile
	}
	return []*Error{e, file, within(lib, e)}
}

// UseCertificateFile is SSL_CTX_use_certificate_file, and if chain is set
// SSL_CTX_use_certificate_chain_file.
func (c *Context) UseCertificateFile(path string, encoding int, chain bool) []*Error {
	data, err := readFile(path)
	if err != nil {
		return unreadable(err, LibSSL)
	}
	var certs [][]byte
	var leaf *x509.Certificate
	var parseErr error
	switch encoding {
	case filePEM:
		certs, leaf, parseErr = credential.ParseChain(data)
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
		return []*Error{err, within(LibSSL, err)}
	}
	if !chain {
		certs = certs[:1]
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.creds.SetChain(certs, leaf)
	return nil
}

// UsePrivateKeyFile is SSL_CTX_use_PrivateKey_file.
func (c *Context) UsePrivateKeyFile(path string, encoding int) []*Error {
	data, err := readFile(path)
	if err != nil {
		return unreadable(err, LibSSL)
	}
	defer clear(data)
	var key crypto.Signer
	var parseErr error
	switch encoding {
	case filePEM:
		key, parseErr = credential.ParseKey(data)
		err = errNoStartLine
	case fileDER:
		key, parseErr = credential.ParseKeyDER(data)
		err = errBadEncoding
	default:
		return []*Error{errBadFileType}
	}
	if parseErr != nil {
		return []*Error{err, within(LibSSL, err)}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.creds.SetKey(key) != nil {
		return []*Error{errKeyMismatch}
	}
	return nil
}

// CheckPrivateKey is SSL_CTX_check_private_key.
func (c *Context) CheckPrivateKey() *Error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch cred := c.creds.Current(); {
	case cred == nil || cred.Leaf == nil:
		return errNoCertificate
	case cred.Key == nil:
		return errNoPrivateKey
	}
	return nil
}

func readFile(path string) ([]byte, *Error) {
	data, err := credential.ReadFile("PEM", path)
	if err != nil {
		return nil, systemError(err)
	}
	return data, nil
}
