package main

import (
	"bytes"
	"crypto/x509"
	"os"

	"libtls/internal/credential"
	"libtls/internal/protocol"
	"libtls/internal/suite"
)

// candidate is one that the flags describe.
type candidate struct {
	credential.Credential
	schemes         []suite.Scheme // to sign with; nil for all
	staple          []byte
	mustMatchIssuer bool // use it only if the peer names one of the chain's issuers
}

// Engine returns the credential as the engine wants it.
func (c *candidate) Engine(staple []byte) *protocol.Credential {
	own := c.Credential.Engine(staple)
	own.Schemes = c.schemes
	return own
}

// readChain reads the certificates of a PEM file.
func (c *candidate) readChain(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	c.Chain, c.Leaf, err = credential.ParseChain(text)
	return err
}

// readKey reads the private key of a PEM file.
func (c *candidate) readKey(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	c.Key, err = credential.ParseKey(text)
	return err
}

// matchesIssuer tells whether the peer trusts an issuer of the chain.
func (c *candidate) matchesIssuer(cas [][]byte) bool {
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

// choose picks a credential for the peer; nil if there is none.
func (l *link) choose() (*candidate, *protocol.Error) {
	var list []*candidate
	var why *protocol.Error
	for _, c := range l.opts.credentials {
		if c.mustMatchIssuer && !c.matchesIssuer(l.hello.CAs) {
			why = errNoMatchingIssuer
			continue
		}
		list = append(list, c)
	}
	chosen := credential.Choose(list, l.tls)
	if chosen != nil {
		why = nil
	}
	return chosen, why
}

// sign makes the signature that the engine asks for.
func (c *candidate) sign(req *protocol.SignRequest) ([]byte, error) {
	return suite.SchemeByID(req.Scheme).Sign(c.Key, req.Message)
}
