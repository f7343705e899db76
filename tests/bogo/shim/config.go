package main

import (
	"crypto/rand"
	"fmt"

	"libtls/internal/protocol"
	"libtls/internal/suite"
)

// The runner's tests count on these defaults.
const (
	defaultReadSize = 512
)

var (
	defaultGroups  = []suite.Group{suite.X25519MLKEM768, suite.X25519, suite.P256, suite.P384}
	defaultSchemes = []suite.Scheme{
		suite.ECDSAP256SHA256, suite.PSSWithSHA256, suite.PKCS1WithSHA256,
		suite.ECDSAP384SHA384, suite.PSSWithSHA384, suite.PKCS1WithSHA384,
		suite.PSSWithSHA512, suite.PKCS1WithSHA512,
	}
)

var errNoVersions = &protocol.Error{Code: "NO_SUPPORTED_VERSIONS_ENABLED"}

// versions returns the range of versions that the flags leave of 1.2 and 1.3.
func (o *options) versions() (lowest, highest uint16, err error) {
	for _, v := range []struct {
		version uint16
		off     bool
	}{{suite.TLS12, o.noTLS12}, {suite.TLS13, o.noTLS13}} {
		if v.off || v.version < o.minVersion || v.version > o.maxVersion {
			continue
		}
		if lowest == 0 {
			lowest = v.version
		}
		highest = v.version
	}
	if lowest == 0 {
		return 0, 0, errNoVersions
	}
	return lowest, highest, nil
}

// config makes the engine's configuration of the flags.
func (o *options) config(mem *memory) (*protocol.Config, error) {
	lowest, highest, err := o.versions()
	if err != nil {
		return nil, err
	}
	suites, err := o.suites()
	if err != nil {
		return nil, err
	}
	cfg := &protocol.Config{
		Rand:             rand.Reader,
		MinVersion:       lowest,
		MaxVersion:       highest,
		Suites:           suites,
		PreferPeerSuites: !o.serverPreference && o.cipher == "",
		Groups:           defaultGroups,
		PreferPeerGroups: !o.serverPreference,
		KeyShares:        o.keyShares,
		Schemes:          defaultSchemes,
		Tickets:          !o.noTicket,
		MaxCertificates:  o.maxCertificates,
	}
	if o.groups != nil {
		cfg.Groups = o.groups
	}
	switch {
	case o.noKeyShares:
		cfg.KeyShares = []suite.Group{}
	case cfg.KeyShares == nil:
		cfg.KeyShares = firstShares(cfg.Groups)
	}
	if o.verifyPrefs != nil {
		cfg.Schemes = o.verifyPrefs
	}
	if err := built(cfg); err != nil {
		return nil, err
	}
	if o.server {
		o.serverConfig(cfg)
		return cfg, nil
	}
	cfg.ServerName = o.hostName
	cfg.ALPN = splitALPN(o.advertiseALPN)
	cfg.RequestOCSP = o.ocspStapling
	cfg.Session = mem.kept()
	return cfg, nil
}

// firstShares returns the groups that the reference stack sends shares for: the
// first classical one and the first post-quantum one.
func firstShares(groups []suite.Group) []suite.Group {
	var shares []suite.Group
	var classical, hybrid bool
	for _, g := range groups {
		seen := &classical
		if g == suite.X25519MLKEM768 {
			seen = &hybrid
		}
		if !*seen {
			*seen = true
			shares = append(shares, g)
		}
	}
	return shares
}

func (o *options) serverConfig(cfg *protocol.Config) {
	cfg.NoServerNameAck = o.noServerNameAck
	cfg.SessionIDs = true
	if o.clientCAs != nil {
		cfg.ClientCAs = *o.clientCAs
	}
	switch {
	case o.verifyPeer: // also if both flags are given
		cfg.ClientAuth = protocol.RequestClientCert
	case o.requireAnyClientCertificate:
		cfg.ClientAuth = protocol.RequireClientCert
	}
}

// built refuses tests whose flags name a group that isn't built.
func built(cfg *protocol.Config) error {
	for _, g := range append(cfg.Groups, cfg.KeyShares...) {
		if suite.GroupByID(g) == nil {
			return fmt.Errorf("group %d: %w", g, errUnimplemented)
		}
	}
	return nil
}

// splitALPN reads protocol names, each after a byte with its length.
func splitALPN(s string) []string {
	var names []string
	for len(s) > 0 {
		n := 1 + int(s[0])
		names = append(names, s[1:n])
		s = s[n:]
	}
	return names
}

// joinALPN is the reverse of splitALPN.
func joinALPN(names []string) string {
	var s []byte
	for _, n := range names {
		s = append(s, byte(len(n)))
		s = append(s, n...)
	}
	return string(s)
}
