package main

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"

	"libtls/internal/protocol"
	"libtls/internal/suite"
)

// credential is one that the flags describe.
type credential struct {
	protocol.Credential
	key             crypto.Signer
	mustMatchIssuer bool // use it only if the peer names one of the chain's issuers
}

// readChain reads the certificates of a PEM file.
func readChain(file string) ([][]byte, error) {
	rest, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var chain [][]byte
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return chain, nil
		}
		if block.Type == "CERTIFICATE" {
			chain = append(chain, block.Bytes)
		}
	}
}

// readKey reads the private key of a PEM file.
func readKey(file string) (crypto.Signer, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, fmt.Errorf("%s: no PEM", file)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("%s: a %T can't sign", file, key)
	}
	return signer, nil
}

// matchesIssuer tells whether the peer trusts an issuer of the chain.
func (c *credential) matchesIssuer(cas [][]byte) bool {
	for _, der := range c.Chain {
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			continue
		}
		for _, ca := range cas {
			if bytes.Equal(ca, cert.RawIssuer) {
				return true
			}
		}
	}
	return false
}

var errNoMatchingIssuer = &protocol.Error{Code: "NO_MATCHING_ISSUER", Alert: protocol.AlertHandshakeFailure}

// choose picks the first credential that suits the peer. Without a credential
// it picks none, and if none suits it returns why the last one didn't.
func (l *link) choose(hello *protocol.Hello) (chosen *credential, why *protocol.Error) {
	for _, c := range l.opts.credentials {
		if c.key == nil {
			continue
		}
		if c.mustMatchIssuer && !c.matchesIssuer(hello.CAs) {
			why = errNoMatchingIssuer
			continue
		}
		if why = l.tls.CanUse(&c.Credential); why == nil {
			return c, nil
		}
	}
	return nil, why
}

// sign makes the signature that the engine asks for.
func (c *credential) sign(req *protocol.SignRequest) ([]byte, error) {
	return suite.SchemeByID(req.Scheme).Sign(c.key, req.Message)
}
