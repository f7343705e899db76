package ssl

import (
	"container/list"
	"sync"
	"sync/atomic"
	"time"
)

// maxSessions bounds a store whose size the program leaves open (0), or sets
// beyond reason.
const maxSessions = 1 << 20

// store keeps sessions by their ids, no more than limit; the oldest fall out.
// It is for use by several threads at a time.
type store struct {
	mu     sync.Mutex
	memory Memory
	byID   map[string]*list.Element
	order  list.List     // of stored, newest first
	limit  uint64        // 0 stands for maxSessions
	full   *atomic.Int64 // how often a session fell out
}

// stored is a session in a store, which has a reference to it.
type stored struct {
	*Session
	place Place
}

// add takes a reference of s and stores it in place of a session with the same
// id. It returns the sessions that had to leave, with their references. False
// means that s itself was there already, or has no id.
func (t *store) add(s *Session) (out []*Session, added bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	id := string(s.Data().ID)
	if id == "" {
		return nil, false
	}
	if e := t.byID[id]; e != nil {
		if e.Value.(stored).Session == s {
			return nil, false
		}
		out = append(out, t.drop(e))
	}
	s.Retain()
	t.insert(id, t.order.PushFront(stored{s, t.memory.Store(s)}))
	limit := t.limit
	if limit == 0 || limit > maxSessions {
		limit = maxSessions
	}
	for uint64(t.order.Len()) > limit {
		out = append(out, t.drop(t.order.Back()))
		t.full.Add(1)
	}
	return out, true
}

func (t *store) insert(id string, e *list.Element) {
	if t.byID == nil {
		t.byID = make(map[string]*list.Element)
	}
	t.byID[id] = e
}

func (t *store) drop(e *list.Element) *Session {
	s := t.order.Remove(e).(stored)
	delete(t.byID, string(s.Data().ID))
	t.memory.Unstore(s.place)
	return s.Session
}

// get returns the session with that id and a reference, or nil.
func (t *store) get(id []byte) *Session {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e := t.byID[string(id)]; e != nil {
		s := e.Value.(stored)
		s.Retain()
		return s.Session
	}
	return nil
}

// remove takes out the session with that id, and returns it, or nil.
func (t *store) remove(id []byte) *Session {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e := t.byID[string(id)]; e != nil {
		return t.drop(e)
	}
	return nil
}

// flush takes out the sessions that are expired at that time; all of them at
// the zero time.
func (t *store) flush(now time.Time) (out []*Session) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for e := t.order.Back(); e != nil; {
		next := e.Prev()
		if now.IsZero() || e.Value.(stored).expired(now) {
			out = append(out, t.drop(e))
		}
		e = next
	}
	return out
}

func (t *store) len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.order.Len()
}

func (t *store) setLimit(n uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.limit = n
}
