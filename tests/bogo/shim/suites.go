package main

import (
	"slices"
	"strings"

	"golang.org/x/sys/cpu"

	"libtls/internal/protocol"
	"libtls/internal/suite"
)

// hasAES tells whether AES-GCM is faster here than ChaCha20-Poly1305.
var hasAES = cpu.X86.HasAES && cpu.X86.HasPCLMULQDQ || cpu.ARM64.HasAES && cpu.ARM64.HasPMULL

var errNoSuites = &protocol.Error{Code: "NO_CIPHER_MATCH"}

// suites returns the suites that may be used: all those of TLS 1.3, and those
// of TLS 1.2 that the flags name.
func (o *options) suites() ([]suite.ID, error) {
	ids := []suite.ID{suite.AES128GCMSHA256, suite.AES256GCMSHA384, suite.ChaCha20Poly1305SHA256}
	if !hasAES {
		ids = []suite.ID{suite.ChaCha20Poly1305SHA256, suite.AES128GCMSHA256, suite.AES256GCMSHA384}
	}
	older, err := ciphers(o.cipher)
	return append(ids, older...), err
}

// ciphers reads as much of OpenSSL's cipher strings as the tests use: DEFAULT,
// names, and an algorithm to leave out. Names of what isn't built are passed
// over, and so are the brackets that make groups of equal preference.
func ciphers(s string) ([]suite.ID, error) {
	if s == "" {
		s = "DEFAULT"
	}
	var ids []suite.ID
	for word := range strings.FieldsFuncSeq(s, func(r rune) bool { return strings.ContainsRune(":|[]", r) }) {
		without, leaveOut := strings.CutPrefix(word, "!")
		if leaveOut {
			ids = slices.DeleteFunc(ids, func(id suite.ID) bool { return strings.Contains(suite.ByID(id).Name, without) })
			continue
		}
		for _, s := range suite.All {
			if s.Version == suite.TLS12 && (word == "DEFAULT" || word == s.Name) {
				ids = append(ids, s.ID)
			}
		}
	}
	if len(ids) == 0 {
		return nil, errNoSuites
	}
	return ids, nil
}
