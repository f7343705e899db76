package ssl

import (
	"testing"
	"time"

	"libtls/internal/protocol"
	"libtls/internal/suite"
)

func session(id string, created time.Time, timeout time.Duration) *Session {
	return newSession(protocol.Session{
		Version: suite.TLS13, ID: []byte(id), Secret: []byte("secret of " + id), Created: created, Timeout: timeout,
	})
}

func TestStoreIsBounded(t *testing.T) {
	t.Parallel()
	now := time.Unix(1000, 0)
	s := newStore()
	s.limit = 3
	var out []*Session
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		fell, added := s.add(session(id, now, time.Hour))
		if !added {
			t.Errorf("%s is not added", id)
		}
		out = append(out, fell...)
	}
	if len(out) != 2 || string(out[0].Data().ID) != "a" || string(out[1].Data().ID) != "b" {
		t.Errorf("%d sessions fell out, not the two oldest", len(out))
	}
	if s.len() != 3 || s.full.Load() != 2 {
		t.Errorf("%d are stored after %d overflows, want 3 and 2", s.len(), s.full.Load())
	}
	if s.get([]byte("a")) != nil || s.get([]byte("e")) == nil {
		t.Error("the wrong sessions are found")
	}
	s.setLimit(0)
	for range 10 {
		s.add(session(time.Now().String(), now, time.Hour))
	}
	if s.len() != 13 {
		t.Errorf("%d are stored without a limit, want 13", s.len())
	}
}

func TestStoreReplaces(t *testing.T) {
	t.Parallel()
	now := time.Unix(1000, 0)
	s := newStore()
	first, second := session("id", now, time.Hour), session("id", now, time.Hour)
	if _, added := s.add(first); !added {
		t.Error("the first is not added")
	}
	if _, added := s.add(first); added {
		t.Error("the same session is added twice")
	}
	out, added := s.add(second)
	if !added || len(out) != 1 || out[0] != first {
		t.Error("the second doesn't take the place of the first")
	}
	if got := s.get([]byte("id")); got != second {
		t.Error("the second isn't found")
	}
	if _, added := s.add(session("", now, time.Hour)); added {
		t.Error("a session without an id is added")
	}
}

func TestStoreFlushes(t *testing.T) {
	t.Parallel()
	now := time.Unix(1000, 0)
	s := newStore()
	s.add(session("short", now, time.Second))
	s.add(session("long", now, time.Hour))
	if out := s.flush(now.Add(2 * time.Second)); len(out) != 1 || string(out[0].Data().ID) != "short" {
		t.Errorf("%d sessions are flushed, want the short one", len(out))
	}
	if out := s.flush(time.Time{}); len(out) != 1 || s.len() != 0 {
		t.Error("not everything is flushed")
	}
}

func TestSessionsAreWipedWhenNobodyHasThem(t *testing.T) {
	t.Parallel()
	s := newStore()
	kept := session("id", time.Unix(1000, 0), time.Hour)
	s.add(kept)
	kept.Release()
	if kept.Data().Secret[0] == 0 || !kept.Resumable() {
		t.Error("a stored session is wiped")
	}
	for _, out := range s.flush(time.Time{}) {
		out.Release()
	}
	if kept.Data().Secret[0] != 0 || kept.Resumable() {
		t.Error("a session that nobody has keeps its secret")
	}
}

func TestRemovedSessionsAreReported(t *testing.T) {
	t.Parallel()
	c, err := NewContext(newMemory())
	if err != nil {
		t.Fatal(err)
	}
	c.ReportRemoved(true)
	s := session("id", time.Unix(1000, 0), time.Hour)
	if !c.AddSession(s) || !c.RemoveSession(s) || c.RemoveSession(s) {
		t.Error("a session isn't stored and removed just once")
	}
	if c.Removed() != s || c.Removed() != nil {
		t.Error("the removed session isn't reported just once")
	}
	if s.Resumable() {
		t.Error("a removed session can be resumed")
	}
	c.ReportRemoved(false)
	s = session("other", time.Unix(1000, 0), time.Hour)
	if !c.AddSession(s) || !c.RemoveSession(s) || c.Removed() != nil {
		t.Error("a session is reported to nobody")
	}
}
