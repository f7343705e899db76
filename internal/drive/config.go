package drive

import (
	"crypto/rand"
	"slices"

	"libtls/internal/protocol"
	"libtls/internal/suite"
)

// NewConfig returns what both roles and all APIs tell the engine: suites and
// groups in order of preference, and the first and the last version that is
// allowed and has a suite. If there is none the last version is 0.
func NewConfig(suites []suite.ID, groups []suite.Group, allowed func(version uint16) bool) *protocol.Config {
	cfg := &protocol.Config{
		Rand:    rand.Reader,
		Suites:  suites,
		Groups:  groups,
		Schemes: suite.DefaultSchemes(),
	}
	for _, v := range []uint16{suite.TLS13, suite.TLS12} {
		has := func(id suite.ID) bool { return suite.ByID(id).Version == v }
		if allowed(v) && slices.ContainsFunc(suites, has) {
			cfg.MinVersion, cfg.MaxVersion = v, max(cfg.MaxVersion, v)
		}
	}
	return cfg
}
