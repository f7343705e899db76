package ssl

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"syscall"

	"libtls/internal/credential"
)

// Encodings of files.
const (
	filePEM = 1
	fileDER = 2
)

// within is the entry that OpenSSL puts on its queue behind e when e's library
// has failed inside of lib.
func within(lib int, e *Error) *Error {
	return &Error{Lib: lib, Number: common | e.Lib}
}

// File is what could be read of a file. Data is the caller's, and without an
// error isn't nil.
type File struct {
	Data  []byte
	Errno syscall.Errno // why it couldn't be read, or 0
}

// unreadable tells of a file that lib couldn't read.
func (f File) unreadable(lib int) []*Error {
	e := &Error{Lib: LibSystem, Number: int(f.Errno)}
	file := within(libBIO, e)
	if lib == LibX509 && f.Errno == syscall.ENOENT {
		file = errNoSuchFile
	}
	return []*Error{e, file, within(lib, e)}
}

// UseCertificateFile is SSL_CTX_use_certificate_file, and if chain is set
// SSL_CTX_use_certificate_chain_file.
func (c *Context) UseCertificateFile(file File, encoding int, chain bool) []*Error {
	if file.Errno != 0 {
		return file.unreadable(LibSSL)
	}
	var err *Error
	var certs [][]byte
	var leaf *x509.Certificate
	var parseErr error
	switch encoding {
	case filePEM:
		certs, leaf, parseErr = credential.ParseChain(file.Data)
		err = errNoStartLine
	case fileDER:
		certs = [][]byte{bytes.Clone(file.Data)}
		leaf, parseErr = credential.ParseLeaf(certs[0])
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
func (c *Context) UsePrivateKeyFile(file File, encoding int) []*Error {
	if file.Errno != 0 {
		return file.unreadable(LibSSL)
	}
	var err *Error
	var key crypto.Signer
	var parseErr error
	switch encoding {
	case filePEM:
		key, parseErr = credential.ParseKey(file.Data)
		err = errNoStartLine
	case fileDER:
		key, parseErr = credential.ParseKeyDER(file.Data)
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
