package ssl

import (
	"crypto/x509"
	"strings"

	"libtls/internal/drive"
	"libtls/internal/protocol"
	"libtls/internal/trust"
)

// Bits of a verify mode.
const (
	verifyPeer          = 0x1
	verifyFailIfNoCert  = 0x2
	verifyPostHandshake = 0x8
)

// X509_V_* numbers.
const (
	verifyOK              = 0
	verifyUnspecified     = 1
	verifyNoCRL           = 3
	verifySignature       = 7
	verifyCRLSignature    = 8
	verifyNotYetValid     = 9
	verifyExpired         = 10
	verifyCRLExpired      = 12
	verifySelfSigned      = 18
	verifySelfInChain     = 19
	verifyNoIssuer        = 20
	verifyLeaf            = 21
	verifyTooLong         = 22
	verifyRevoked         = 23
	verifyTrustCA         = 24 // package trust's "invalid CA"
	verifyPathLength      = 25
	verifyPurpose         = 26
	verifyHostname        = 62
	verifyIP              = 64
	verifyWeakLeafKey     = 66
	verifyWeakCAKey       = 67
	verifyWeakCASignature = 68
	verifyInvalidCA       = 79
)

// stores are the places in which issuers are looked for, the bundle first.
type stores struct {
	bundle []byte // PEM texts of SSL_CTX_load_verify_locations
	lists  []*trust.Anchors
	dirs   string // hashed directories, separated by colons
	system *trust.Anchors
}

// LoadVerifyLocations is SSL_CTX_load_verify_locations; what isn't given is
// empty.
func (c *Context) LoadVerifyLocations(file File, dir string) []*Error {
	if file.Errno != 0 {
		return file.unreadable(LibX509)
	}
	if file.Data == nil && dir == "" {
		return []*Error{new(Error)} // OpenSSL says nothing
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	next := c.stores
	if file.Data != nil {
		next.bundle = append(append([]byte(nil), next.bundle...), file.Data...)
		anchors, parseErr := trust.ParseAnchors(next.bundle)
		if _, fileErr := trust.ParseAnchors(file.Data); fileErr != nil || parseErr != nil {
			return []*Error{errNoCAs}
		}
		next.lists = []*trust.Anchors{anchors}
	}
	if dir != "" {
		next.dirs = strings.TrimPrefix(next.dirs+":"+dir, ":")
	}
	c.stores = next
	return nil
}

// SetDefaultVerifyPaths is SSL_CTX_set_default_verify_paths.
func (c *Context) SetDefaultVerifyPaths(store *trust.System) {
	system, err := store.Anchors()
	if err != nil {
		return // like OpenSSL: there may be nothing to be found
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stores.system = system
}

// anchors returns what to look into, one after the other.
func (s *stores) anchors() []*trust.Anchors {
	all := s.lists
	if s.dirs != "" {
		all = append(all[:len(all):len(all)], trust.AnchorsFromDir(s.dirs))
	}
	if s.system != nil {
		all = append(all[:len(all):len(all)], s.system)
	}
	return all
}

// host is what a peer's certificate has to be for.
type host struct {
	name string
	ip   bool
}

// SetHost is SSL_set1_host and, with ip, X509_VERIFY_PARAM_set1_ip_asc; an
// empty name clears.
func (s *Settings) SetHost(name string, ip bool) *Error {
	if ip && trust.IPLiteral(name) == nil {
		return new(Error)
	}
	s.host = host{name: name, ip: ip}
	return nil
}

// check returns the X509_V_* number for a leaf.
func (h host) check(leaf *x509.Certificate) int {
	if h.name == "" {
		return verifyOK
	}
	failed := verifyHostname
	if h.ip {
		failed = verifyIP
	}
	if leaf == nil {
		return failed
	}
	if ok, err := trust.MatchName(leaf, h.name); err != nil || !ok {
		return failed
	}
	return verifyOK
}

// verdict is one thing that verification has found; a program's callback can
// overrule it.
type verdict struct {
	ok     bool
	result int // X509_V_* if not ok
}

// judge judges a chain. The verdicts come in the order in which OpenSSL tells them
// to a callback, which sees each certificate of the path once more. There are none
// until Judge is done.
func (c *Conn) judge(chain [][]byte, usage trust.Usage) []verdict {
	path, err, done := c.Judge(chain, trust.Options{
		Anchors: trust.Join(c.ctx.verifyStores()...), Depth: int(c.numbers[VerifyDepth]), Now: drive.Now(), Usage: usage,
	})
	if !done {
		return nil
	}
	leaf, _ := trust.Read(chain[0])
	failed := verifyOK
	if err != nil {
		failed = err.VerifyResult
	}
	if failed == verifyTrustCA {
		failed = verifyInvalidCA
	}
	var all []verdict
	wrongHost := c.host.check(leaf)
	late := failed == verifyNotYetValid || failed == verifyExpired // validity is looked at last
	if failed != verifyOK && !late {
		all = append(all, verdict{result: failed})
	}
	if wrongHost != verifyOK {
		all = append(all, verdict{result: wrongHost})
	}
	if failed == verifyNoIssuer && len(chain) == 1 {
		all = append(all, verdict{result: verifyLeaf})
	}
	certs := len(path)
	if certs == 0 {
		certs = len(chain)
	}
	for i := range certs {
		if late && i == certs-1 {
			all = append(all, verdict{result: failed})
		}
		all = append(all, verdict{ok: true})
	}
	return all
}

// alertFor returns the alert that tells a peer of an X509_V_* number.
func alertFor(result int) uint8 {
	switch result {
	case verifyNotYetValid, verifyUnspecified, verifyWeakLeafKey, verifyWeakCASignature, verifyHostname, verifyIP:
		return protocol.AlertBadCertificate
	case verifyExpired, verifyCRLExpired:
		return protocol.AlertCertificateExpired
	case verifySelfSigned, verifySelfInChain, verifyNoIssuer, verifyLeaf, verifyTooLong, verifyPathLength,
		verifyInvalidCA, verifyNoCRL, verifyWeakCAKey:
		return protocol.AlertUnknownCA
	case verifySignature, verifyCRLSignature:
		return protocol.AlertDecryptError
	case verifyRevoked:
		return protocol.AlertCertificateRevoked
	case verifyPurpose:
		return protocol.AlertUnsupportedCertificate
	}
	return protocol.AlertCertificateUnknown
}
