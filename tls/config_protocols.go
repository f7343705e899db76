package tls

import (
	"slices"
	"strings"
	"sync"

	"libtls/internal/suite"
)

// The protocol bits of tls.h.
const (
	ProtocolTLS10    uint32 = 0x02
	ProtocolTLS11    uint32 = 0x04
	ProtocolTLS12    uint32 = 0x08
	ProtocolTLS13    uint32 = 0x10
	ProtocolsAll            = ProtocolTLS12 | ProtocolTLS13
	ProtocolsDefault        = ProtocolTLS12 | ProtocolTLS13
)

// protocolBits has the bit of each version that is built.
var protocolBits = map[uint16]uint32{suite.TLS12: ProtocolTLS12, suite.TLS13: ProtocolTLS13}

var protocolWords = map[string]uint32{
	"all":     ProtocolsAll,
	"legacy":  ProtocolsAll,
	"default": ProtocolsDefault,
	"secure":  ProtocolsDefault,
	"tlsv1":   ProtocolsAll,
	"tlsv1.0": ProtocolTLS10,
	"tlsv1.1": ProtocolTLS11,
	"tlsv1.2": ProtocolTLS12,
	"tlsv1.3": ProtocolTLS13,
}

// elements splits a list at commas and colons and drops the blanks before
// each element; blanks after it belong to it.
func elements(list string) []string {
	parts := strings.Split(strings.ReplaceAll(list, ":", ","), ",")
	for i := range parts {
		parts[i] = strings.TrimLeft(parts[i], " \t")
	}
	return parts
}

// ParseProtocols is tls_config_parse_protocols: the bits that list names, nil
// standing for the default; false if it can't be parsed.
func ParseProtocols(list *string) (uint32, bool) {
	if list == nil {
		return ProtocolsDefault, true
	}
	var bits uint32
	for _, word := range elements(*list) {
		word, negated := strings.CutPrefix(word, "!")
		bit, known := protocolWords[strings.ToLower(word)]
		switch {
		case !known:
			return 0, false
		case !negated:
			bits |= bit
		case bits == 0:
			bits = ProtocolsAll &^ bit
		default:
			bits &^= bit
		}
	}
	return bits, true
}

// SetProtocols is tls_config_set_protocols.
func (c *Config) SetProtocols(bits uint32) { c.protocols = bits }

// SetALPN is tls_config_set_alpn. A list that is refused switches ALPN off.
func (c *Config) SetALPN(list string) error {
	c.setALPN(nil)
	// RFC 7301, section 3.1: the extension holds at most 65535 bytes, one
	// length byte with each name.
	if len(list)+1 > 65535 {
		return invalidArgument("alpn too large")
	}
	names := strings.Split(list, ",")
	for _, name := range names {
		switch {
		case name == "":
			return invalidArgument("alpn protocol with zero length")
		case len(name) > 255:
			return invalidArgument("alpn protocol too long")
		}
	}
	c.setALPN(names)
	return nil
}

// setALPN takes the lock because servers read the list at each handshake.
func (c *Config) setALPN(names []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.alpn = names
}

// alpnList returns the protocols configured now; nil if there are none.
func (c *Config) alpnList() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.alpn
}

// defaultSuites are those of the cipher string "default".
var defaultSuites = sync.OnceValue(func() []suite.ID { return suite.ParseCiphers("default") })

// SetCiphers is tls_config_set_ciphers; nil stands for the default. A string
// that is refused changes nothing.
func (c *Config) SetCiphers(list *string) error {
	if list == nil {
		c.suites = nil
		return nil
	}
	suites := suite.ParseCiphers(*list)
	if len(suites) == 0 {
		return failure("no ciphers for '%s'", *list)
	}
	c.suites = suites
	return nil
}

// SetDHEParams is tls_config_set_dheparams. Finite-field Diffie-Hellman isn't
// built, so that the words are only checked.
func (c *Config) SetDHEParams(params *string) error {
	if params == nil {
		return nil
	}
	switch strings.ToLower(*params) {
	case "none", "auto", "legacy":
		return nil
	}
	return failure("invalid dhe param '%s'", *params)
}

// SetECDHECurve is tls_config_set_ecdhecurve.
func (c *Config) SetECDHECurve(curve *string) error {
	if curve == nil || strings.EqualFold(*curve, "none") || strings.EqualFold(*curve, "auto") {
		return c.SetECDHECurves(nil)
	}
	if strings.ContainsAny(*curve, ",:") {
		return failure("invalid ecdhe curve '%s'", *curve)
	}
	return c.SetECDHECurves(curve)
}

// SetECDHECurves is tls_config_set_ecdhecurves. After a list that is refused
// the default applies.
func (c *Config) SetECDHECurves(curves *string) error {
	c.groups = nil
	if curves == nil || strings.EqualFold(*curves, "default") {
		return nil
	}
	var groups []suite.Group
	for _, name := range elements(*curves) {
		g := suite.GroupByName(name)
		if g == nil {
			return failure("invalid ecdhe curve '%s'", name)
		}
		// Repetition is legal here, but not in supported_groups.
		if !slices.Contains(groups, g.Group) {
			groups = append(groups, g.Group)
		}
	}
	c.groups = groups
	return nil
}

// PreferCiphersClient is tls_config_prefer_ciphers_client.
func (c *Config) PreferCiphersClient() { c.preferClient = true }

// PreferCiphersServer is tls_config_prefer_ciphers_server.
func (c *Config) PreferCiphersServer() { c.preferClient = false }
