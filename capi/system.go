package main

// #include "bridge.h"
import "C"

import (
	"syscall"

	"libtls/internal/trust"
	"libtls/tls"
)

// system returns the system's trust store as C has read it, which lasts as long as
// the call; nil if it hasn't.
func system(s *C.struct_system) *trust.System {
	if s.path == nil {
		return nil
	}
	store := bundle(&s.bundle)
	store.Path, store.Dirs = str(s.path), str(s.dirs)
	store.HasDirs, store.Errno = bool(s.has_dirs), syscall.Errno(s.num)
	return store
}

// bundle is what a child has of it.
func bundle(b *C.struct_bundle) *trust.System {
	data := bytesOf(b.bytes)
	return &trust.System{Bundle: data[:min(len(data), int(b.len))], Serial: uint64(b.serial), Dirs: C.HASHED_DIRS, HasDirs: true}
}

// systemNeeded tells what makes use of the system's trust store by c.
func systemNeeded(c *tls.Config) (needed C.uint) {
	if c.NeedsSystem(false) {
		needed |= C.CONNECTING
	}
	if c.NeedsSystem(true) {
		needed |= C.LISTENING
	}
	return needed
}
