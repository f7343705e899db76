package trust

import (
	"sync"
	"syscall"
)

// System is the system's trust store as somebody has read it: its bundle, and its hashed directories for
// what the bundle doesn't have.
type System struct {
	Path    string        // of the bundle
	Bundle  []byte        // PEM, empty if it can't be read
	Errno   syscall.Errno // why
	Serial  uint64        // another one if the bundle's bytes are others
	Dirs    string        // hashed directories, separated by colons
	HasDirs bool          // one of them is there
}

// systemStore is the system's bundle as it was last parsed.
var systemStore struct {
	mu     sync.Mutex
	serial uint64
	a      *Anchors
}

// Anchors returns what s has. A bundle that can't be used is an error only if no directory is there
// either: s.Errno, or another one for a bundle without a certificate.
func (s *System) Anchors() (*Anchors, error) {
	bundle, err := s.parse()
	switch dirs := splitDirs(s.Dirs); {
	case err == nil:
		return &Anchors{bySubject: bundle.bySubject, damaged: bundle.damaged, dirs: dirs}, nil
	case s.HasDirs:
		return &Anchors{dirs: dirs}, nil
	}
	return nil, err
}

// parse returns what it returned before if these are the same bytes.
func (s *System) parse() (*Anchors, error) {
	if s.Errno != 0 {
		return nil, s.Errno
	}
	last := &systemStore
	last.mu.Lock()
	defer last.mu.Unlock()
	if last.a != nil && last.serial == s.Serial {
		return last.a, nil
	}
	a, err := ParseAnchors(s.Bundle)
	if err != nil {
		return nil, err
	}
	last.serial, last.a = s.Serial, a
	return a, nil
}
