package tls

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"errors"

	"libtls/internal/drive"
	"libtls/internal/plain"
	"libtls/internal/suite"
)

// How the input of a sign callback is still to be padded: TLS_PADDING_*.
const (
	PaddingNone  = 0
	PaddingPKCS1 = 1 // of RSA, PKCS#1 v1.5
)

// SignRequest asks a program's callback for one signature.
type SignRequest struct {
	// Callback and Arg are what SetSignCallback was given.
	Callback, Arg uint64
	Hash          string // of the public key; see PublicKeyHash
	Input         []byte // as suite.SchemeInfo.Encode makes it
	Padding       int    // one of the Padding constants
}

func (r *SignRequest) fields(p *plain.Coder) {
	plain.Number(p, &r.Callback)
	plain.Number(p, &r.Arg)
	p.Text(&r.Hash)
	p.Bytes(&r.Input)
	plain.Number(p, &r.Padding)
}

// SetSignCallback is tls_config_set_sign_cb: addresses of a function in the
// program and of what it wants to be passed. A function at 0 is none.
func (c *Config) SetSignCallback(callback, arg uint64) {
	c.UseFakePrivateKey()
	c.signCallback, c.signArg = callback, arg
}

// PublicKeyHash names a certificate's key: "SHA256:" and the hash of what the
// certificate has as its public key, in hexadecimal.
func PublicKeyHash(cert *x509.Certificate) string {
	var info struct {
		Algorithm asn1.RawValue
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(cert.RawSubjectPublicKeyInfo, &info); err != nil {
		return "" // crypto/x509 wouldn't have parsed the certificate
	}
	sum := sha256.Sum256(info.Key.Bytes)
	return "SHA256:" + hex.EncodeToString(sum[:])
}

// SignRequest returns what a Step asks for with NeedSignature; the same until
// it has been answered.
func (t *Context) SignRequest() *SignRequest { return t.signing }

// Sign signs a handshake, or has the program asked if the key is elsewhere.
func (t *Context) Sign() drive.Step {
	if t.signing != nil {
		return NeedSignature
	}
	r := t.Engine.SignRequest()
	scheme := suite.SchemeByID(r.Scheme)
	if t.cred.Key != nil {
		t.Engine.Signed(scheme.Sign(t.cred.Key, r.Message))
		return drive.Done
	}
	input, err := scheme.Encode(r.Credential.Public, r.Message)
	if err != nil {
		t.Engine.Signed(nil, err)
		return drive.Done
	}
	t.signing = &SignRequest{
		Callback: t.config.signCallback, Arg: t.config.signArg,
		Hash: PublicKeyHash(t.cred.Leaf), Input: input,
	}
	if scheme.Key == suite.KeyRSA && !scheme.PSS {
		t.signing.Padding = PaddingPKCS1
	}
	return NeedSignature
}

var errNoSignature = errors.New("the program's callback has failed")

// Answer takes the program's answer to NeedSignature; nil if there is none. A
// signature that is wrong doesn't leave this process: it might tell something
// of the key.
func (t *Context) Answer(signature []byte) {
	t.signing = nil
	r := t.Engine.SignRequest()
	err := errNoSignature
	if len(signature) > 0 {
		err = suite.SchemeByID(r.Scheme).Verify(r.Credential.Public, r.Message, signature)
	}
	t.Engine.Signed(signature, err)
}
