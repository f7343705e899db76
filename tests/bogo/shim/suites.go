package main

import (
	"strings"

	"golang.org/x/sys/cpu"

	"libtls/internal/protocol"
	"libtls/internal/suite"
)

// hasAES tells whether AES-GCM is faster here than ChaCha20-Poly1305.
var hasAES = cpu.X86.HasAES && cpu.X86.HasPCLMULQDQ || cpu.ARM64.HasAES && cpu.ARM64.HasPMULL

var errNoSuites = &protocol.Error{Code: "NO_CIPHER_MATCH"}

// suites returns the suites that may be used. The runner counts on AES-128 coming
// first where there are instructions for AES. Brackets, which make groups of
// equal preference, are passed over.
func (o *options) suites() ([]suite.ID, error) {
	list := "ALL"
	if hasAES {
		list = "TLSv1.3+AES128:TLSv1.3:ALL"
	}
	if o.cipher != "" {
		list = strings.NewReplacer("|", ":", "[", ":", "]", ":").Replace(o.cipher)
	}
	ids := suite.ParseCiphers(list)
	if len(ids) == 0 {
		return nil, errNoSuites
	}
	return ids, nil
}
