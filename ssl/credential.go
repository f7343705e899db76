package ssl

import (
	"bytes"
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

// parse returns what is in a file, or what is wrong with that.
func parse[T any](f File, encoding int, pem, der func([]byte) (T, error)) (v T, errs []*Error) {
	var err error
	var e *Error
	switch {
	case f.Errno != 0:
		return v, f.unreadable(LibSSL)
	case encoding == filePEM:
		v, err = pem(f.Data)
		e = errNoStartLine
	case encoding == fileDER:
		v, err = der(f.Data)
		e = errBadEncoding
	default:
		return v, []*Error{errBadFileType}
	}
	if err != nil {
		errs = []*Error{e, within(LibSSL, e)}
	}
	return v, errs
}

// UseCertificateFile is SSL_CTX_use_certificate_file, and if chain is set
// SSL_CTX_use_certificate_chain_file.
func (c *Context) UseCertificateFile(file File, encoding int, chain bool) []*Error {
	cred, errs := parse(file, encoding, func(pem []byte) (cred credential.Credential, err error) {
		cred.Chain, cred.Leaf, err = credential.ParseChain(pem)
		return cred, err
	}, func(der []byte) (cred credential.Credential, err error) {
		cred.Chain = [][]byte{bytes.Clone(der)}
		cred.Leaf, err = credential.ParseLeaf(cred.Chain[0])
		return cred, err
	})
	if errs != nil {
		return errs
	}
	if !chain {
		cred.Chain = cred.Chain[:1]
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.creds.SetChain(cred.Chain, cred.Leaf)
	return nil
}

// UsePrivateKeyFile is SSL_CTX_use_PrivateKey_file.
func (c *Context) UsePrivateKeyFile(file File, encoding int) []*Error {
	key, errs := parse(file, encoding, credential.ParseKey, credential.ParseKeyDER)
	if errs != nil {
		return errs
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
