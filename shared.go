package libtls

import (
	"time"

	"libtls/internal/suite"
)

// What package ssl needs of this one, besides sessions and ticket keys.

// ParseCiphers returns the suites that a cipher string selects, those of
// TLS 1.3 first; none if it selects nothing or is malformed.
func ParseCiphers(list string) []suite.ID { return parseCiphers(list, suite.All) }

// Now returns the wall clock's time.
func Now() time.Time { return now() }
