package ssl

import (
	"bytes"
	"math"
	"testing"
	"time"

	"libtls"
	"libtls/internal/protocol"
	"libtls/internal/suite"
)

// A session without a time is as old as its parsing.
func TestParseSessionWithoutTime(t *testing.T) {
	t.Parallel()
	if s, err := ParseSession([]byte("junk")); err != errBadEncoding || s != nil {
		t.Errorf("junk: %v", err)
	}
	for _, created := range []int64{0, 1_700_000_000} {
		timed := protocol.Session{Version: suite.TLS13, Suite: 0x1301, Created: time.Unix(created, 0)}
		der, err := libtls.MarshalSession(&timed)
		if err != nil {
			t.Fatal(err)
		}
		s, failed := ParseSession(der)
		if failed != nil || s.Data().Created.Unix() != created {
			t.Errorf("%d: %v", created, failed)
		}
	}
	bare := []byte{0x30, 0x0e, 2, 1, 1, 2, 2, 3, 4, 4, 2, 0x13, 1, 4, 0, 4, 0}
	bare[1] = byte(len(bare) - 2)
	if s, err := ParseSession(bare); err != nil || time.Since(s.Data().Created).Abs() > time.Hour {
		t.Errorf("without a time: %v", err)
	}
}

func TestDuration(t *testing.T) {
	t.Parallel()
	const most = math.MaxInt64 / int64(time.Second)
	for seconds, want := range map[int64]time.Duration{
		-1: 0, 0: 0, 1: time.Second, most: time.Duration(most) * time.Second, math.MaxInt64: time.Duration(most) * time.Second,
	} {
		if got := duration(seconds); got != want {
			t.Errorf("%d seconds: %v", seconds, got)
		}
	}
}

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
