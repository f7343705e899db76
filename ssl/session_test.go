package ssl

import (
	"bytes"
	"testing"

	"libtls/internal/protocol"
)

// The last holder's Release wipes a session and drops what is kept of it; a
// copy is another session.
func TestSessionRelease(t *testing.T) {
	t.Parallel()
	s := newSession(protocol.Session{Secret: []byte("secret")})
	k := keep(s)
	s.encoded = k
	dup := s.Dup()
	s.Retain()
	s.Release()
	if k.dropped || !bytes.Equal(s.data.Secret, []byte("secret")) {
		t.Error("released while there is a holder")
	}
	s.Release()
	if !k.dropped || bytes.Contains(s.data.Secret, []byte("secret")) {
		t.Error("not released")
	}
	if !bytes.Equal(dup.data.Secret, []byte("secret")) || dup.Data().Version != s.data.Version {
		t.Error("the copy is wiped along")
	}
	if s.TryRetain() {
		t.Error("retained after its end")
	}
	dup.Release()
}
