package ssl

import (
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"libtls"
	"libtls/internal/drive"
	"libtls/internal/protocol"
)

// Session is an SSL_SESSION, whether or not a connection can be resumed with it.
// Several threads may use it at the same time.
type Session struct {
	refs    atomic.Int32
	mu      sync.Mutex
	data    protocol.Session
	peer    *Peer   // of data; nil for none
	spent   bool    // not to be resumed any more
	encoded Encoded // nil until Encode
}

// Peer is what a session keeps of the peer. It may be large, and the sessions
// that come of one handshake share it.
type Peer struct {
	chain  [][]byte
	staple []byte
}

// newSession returns a Session, held once.
func newSession(data protocol.Session) *Session {
	s := &Session{data: data}
	if len(data.PeerChain) > 0 {
		s.peer = &Peer{data.PeerChain, data.Staple}
	}
	s.refs.Store(1)
	return s
}

// next returns a Session that follows s, which may be nil, on a connection.
func (s *Session) next(data protocol.Session) *Session {
	n := newSession(data)
	if s != nil && s.peer.same(n.peer) {
		n.peer = s.peer
	}
	return n
}

// same tells whether both were made of the same memory.
func (p *Peer) same(q *Peer) bool {
	return p != nil && q != nil && len(p.chain) == len(q.chain) && &p.chain[0] == &q.chain[0] &&
		unsafe.SliceData(p.staple) == unsafe.SliceData(q.staple)
}

// Retain counts one more holder. It is for those who got s from a holder.
func (s *Session) Retain() { s.refs.Add(1) }

// TryRetain is Retain for those who didn't: false means that there is no
// holder left.
func (s *Session) TryRetain() bool {
	for {
		n := s.refs.Load()
		if n == 0 || s.refs.CompareAndSwap(n, n+1) {
			return n != 0
		}
	}
}

// Release counts one holder less. The last one wipes the secret.
func (s *Session) Release() {
	if s.refs.Add(-1) > 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.data.Secret)
	s.spent = true
	if s.encoded != nil {
		s.encoded.Drop()
	}
}

// ParseSession makes a Session of an SSL_SESSION in DER.
func ParseSession(der []byte) (*Session, *Error) {
	data, err := libtls.ParseSession(der)
	if err != nil {
		return nil, errBadEncoding
	}
	if data.Created.IsZero() {
		data.Created = drive.Now()
	}
	return newSession(*data), nil
}

// ParseSessionPEM makes a Session of the first SSL_SESSION in a PEM text.
func ParseSessionPEM(text []byte) (*Session, *Error) {
	all := libtls.ParseSessionsPEM(text)
	if len(all) == 0 {
		return nil, errNoStartLine
	}
	for _, s := range all[1:] {
		clear(s.Secret)
	}
	if all[0].Created.IsZero() {
		all[0].Created = drive.Now()
	}
	return newSession(*all[0]), nil
}

// Marshal encodes the session in DER, which is the caller's to wipe.
func (s *Session) Marshal() ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return libtls.MarshalSession(&s.data)
}

// MarshalPEM encodes the session in PEM, which is the caller's to wipe.
func (s *Session) MarshalPEM() ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	data := s.data
	data.PeerChain, data.Staple = data.PeerChain[:min(len(data.PeerChain), 1)], nil
	return libtls.MarshalSessionsPEM(&data)
}

// Dup returns a copy, which is spent if s is.
func (s *Session) Dup() *Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	data := s.data
	data.Secret = append([]byte(nil), data.Secret...)
	dup := s.next(data)
	dup.spent = s.spent
	return dup
}

// Spend makes the session one that isn't resumed any more.
func (s *Session) Spend() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spent = true
	s.keepUp()
}

// Resumable is SSL_SESSION_is_resumable.
func (s *Session) Resumable() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.spent && len(s.data.ID)+len(s.data.Ticket) > 0
}

// SetTime is SSL_SESSION_set_time, in seconds since 1970.
func (s *Session) SetTime(t int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.data.Created = time.Unix(t, 0)
	s.keepUp()
}

// SetTimeout is SSL_SESSION_set_timeout, in seconds.
func (s *Session) SetTimeout(seconds int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.data.Timeout = duration(seconds)
	s.keepUp()
}

// Data returns a copy of the session's fields. Their bytes are shared, and
// nobody's to change.
func (s *Session) Data() protocol.Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.data
}

// offer returns what the engine can resume with, or nil.
func (s *Session) offer() *protocol.Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.spent || len(s.data.Secret) == 0 {
		return nil
	}
	data := s.data
	data.Secret = append([]byte(nil), data.Secret...)
	return &data
}

// expired tells whether the session's own timeout is over.
func (s *Session) expired(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return now.After(s.data.Created.Add(s.data.Timeout))
}

// maxSeconds is the longest time in whole seconds that a Duration has room for.
const maxSeconds = int64(libtls.Forever / time.Second)

func duration(seconds int64) time.Duration {
	return time.Duration(max(0, min(seconds, maxSeconds))) * time.Second
}
