package libtls

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"libtls/internal/descriptor"
	"libtls/internal/pem"
	"libtls/internal/plain"
	"libtls/internal/protocol"
	"libtls/internal/suite"
)

// Limits of the session file.
const (
	// maxSessionFile is the largest file, in bytes, that is read or written.
	maxSessionFile = 1 << 20
	// maxFileSessions is how many sessions are kept, and maxServiceSessions how
	// many of them for one service under one server name.
	maxFileSessions    = 64
	maxServiceSessions = 16
	// pemChecksum is the label of the last block, a SHA-256 over what stands
	// before it, and checksumSize the size of that block.
	pemChecksum      = "LIBTLS CHECKSUM"
	checksumSize     = 107
	masterSecretSize = 48 // of TLS 1.2
	// saveInterval is how often a connection writes to the file in the long run.
	saveInterval = time.Second
	// idTimeout is what a TLS 1.2 session lives if neither side said.
	idTimeout = 2 * time.Hour
)

// Saves bounds how much one connection writes to a session file. A server can
// send tickets without end, and each costs a rewrite of the file: those after
// the first few, or after as many bytes as a file may have, are taken at intervals
// only. Sessions of a server with a long chain come to that soon.
type Saves struct {
	count int
	bytes int64
	last  time.Time
}

// Due tells whether the sessions that have come may be put into the file now.
func (s *Saves) Due(now time.Time) bool {
	if (s.count >= maxServiceSessions || s.bytes >= maxSessionFile) && now.Sub(s.last).Abs() < saveInterval {
		return false
	}
	s.count, s.last = s.count+1, now
	return true
}

// Done notes what the save that was due has written.
func (s *Saves) Done(f *SessionFile) {
	if size, err := f.check(); err == nil {
		s.bytes += size
	}
}

// SessionFile is a file that holds a client's sessions in PEM, newest first. The
// descriptor is the program's; nothing here moves its offset or closes it.
//
// The file is emptied before it is written, from front to back, so that at any
// moment it holds the start of one list of sessions. A writer that dies, or
// runs out of space, leaves whole sessions and perhaps a block without an end,
// which no reader takes for a session.
type SessionFile struct {
	fd int
	id descriptor.ID
	// owner is who the process was when it named the descriptor, which may stay
	// with a former user of a process that has changed its own.
	owner uint32
}

// NewSessionFile returns the file behind a descriptor that may hold sessions.
func NewSessionFile(fd int) (*SessionFile, error) {
	f := &SessionFile{fd: fd, owner: uint32(syscall.Getuid())}
	var err error
	if f.id, _, err = f.stat(); err != nil {
		return nil, err
	}
	return f, nil
}

func (f *SessionFile) stat() (descriptor.ID, int64, error) {
	return descriptor.Private(f.fd, "session file", f.owner)
}

// check tells, before each use, the file's size in bytes, if it is still that
// file and may hold sessions.
func (f *SessionFile) check() (size int64, err error) {
	id, size, err := f.stat()
	if err == nil && f.id != id {
		err = errors.New("session file descriptor refers to another file now")
	}
	return size, err
}

// A service is one of several servers under one name. Those that a program names
// have their sessions for themselves. That of a port may be tried on another one,
// because a connection may belong to an earlier one on another port, as those for
// FTP's data do; no name and no port is a service as well.
const (
	portService  = "port "
	namedService = "name "
)

// PortService returns the service at a port, which is 0 if it isn't known.
func PortService(port uint16) string {
	if port == 0 {
		return ""
	}
	return portService + strconv.Itoa(int(port))
}

// NamedService returns the service that a program calls by that name.
func NamedService(name string) string { return namedService + name }

// family is what a limit on the number of sessions is for.
type family struct {
	name, service string
	version       uint16
}

func familyOf(s *Session) family {
	return family{strings.ToLower(s.ServerName), s.Service, s.Version}
}

// preference tells how early a service may have each of the sessions of one name:
// 0 for its own, then those of nobody in particular, which are foreign or older
// than services, then others'. The last TLS 1.3 ticket of another one is left
// alone, since where it is of no use it is lost. A negative one is for never.
func preference(service string, sessions []*Session) func(*Session) int {
	count := map[family]int{}
	for _, s := range sessions {
		count[familyOf(s)]++
	}
	return func(s *Session) int {
		switch {
		case s.Service == service:
			return 0
		case s.Service == "":
			return 1
		case strings.HasPrefix(service, namedService) || strings.HasPrefix(s.Service, namedService),
			s.Version == suite.TLS13 && count[familyOf(s)] == 1:
			return -1
		}
		return 2
	}
}

// Take returns the newest session that a client may offer to the server of
// that name, or nil. Sessions of the service go first. A TLS 1.3 session is
// removed from the file first: its ticket is for one connection (RFC 8446, C.4).
// A session that names no server counts for all, so usable, which has the last
// word, must look at the peer's certificate; the file is locked meanwhile. A file
// with other content, or one that others have locked for too long, holds no
// session. An error is one of check's or of the system's.
func (f *SessionFile) Take(name, service string, now time.Time, usable func(*Session) bool) (*Session, error) {
	size, err := f.check()
	switch {
	case err != nil:
		return nil, err
	case size > math.MaxInt32:
		return nil, errors.New("invalid session file size")
	case size == 0:
		return nil, nil
	}
	flags, err := descriptor.Flags(f.fd)
	if err != nil {
		return nil, fmt.Errorf("failed to read session file: %w", err)
	}
	readOnly := flags&syscall.O_ACCMODE == syscall.O_RDONLY
	kind := int16(syscall.F_WRLCK)
	if readOnly {
		kind = syscall.F_RDLCK
	}
	unlock, err := f.lock(kind)
	if err != nil {
		return nil, nil
	}
	defer unlock()
	all, err := f.load()
	if err != nil {
		return nil, fmt.Errorf("failed to read session file: %w", err)
	}
	var taken *Session
	defer func() {
		for _, s := range all {
			if s != taken {
				clear(s.Secret)
			}
		}
	}()
	sessions := current(all, now)
	prefers, at := preference(service, sessions), -1
	for rank := 0; rank <= 2 && at < 0; rank++ {
		at = slices.IndexFunc(sessions, func(s *Session) bool {
			return (s.ServerName == "" || strings.EqualFold(s.ServerName, name)) &&
				(s.Version != suite.TLS13 || !readOnly) && prefers(s) == rank && usable(s)
		})
	}
	if at < 0 {
		return nil, nil
	}
	s := sessions[at]
	if s.Version == suite.TLS13 && f.store(slices.Delete(sessions, at, at+1)) != nil {
		return nil, nil
	}
	taken = s
	return s, nil
}

// Put adds sessions that came from the server of that name, in the order they
// came, and drops those that have expired. Each tells its service. They stay the
// caller's. If others have locked the file for too long, or it isn't open for
// writing, they are lost, which is no error.
func (f *SessionFile) Put(name string, now time.Time, sessions ...*Session) error {
	if len(sessions) == 0 {
		return nil
	}
	if _, err := f.check(); err != nil {
		return err
	}
	unlock, err := f.lock(syscall.F_WRLCK)
	if err != nil {
		return nil
	}
	defer unlock()
	// A session that can't be read is replaced.
	old, _ := f.load()
	defer func() {
		for _, s := range old {
			clear(s.Secret)
		}
	}()
	all := make([]*Session, 0, len(sessions)+len(old))
	for _, s := range slices.Backward(sessions) {
		named := *s
		named.ServerName = name
		if named.Timeout == 0 {
			named.Timeout = idTimeout
		}
		all = append(all, &named)
	}
	return f.store(current(append(all, old...), now))
}

// Forget drops those sessions of services under a server's name that serve more
// than one connection, with those that name no server or no service: one of them
// failed, and is not to be tried again (RFC 5246, section 7.2.2).
func (f *SessionFile) Forget(name string, services ...string) {
	if _, err := f.check(); err != nil {
		return
	}
	unlock, err := f.lock(syscall.F_WRLCK)
	if err != nil {
		return
	}
	defer unlock()
	all, err := f.load()
	defer func() {
		for _, s := range all {
			clear(s.Secret)
		}
	}()
	left := slices.DeleteFunc(slices.Clone(all), func(s *Session) bool {
		return s.Version != suite.TLS13 && (s.ServerName == "" || strings.EqualFold(s.ServerName, name)) &&
			(s.Service == "" || slices.Contains(services, s.Service))
	})
	if err == nil && len(left) < len(all) {
		f.store(left)
	}
}

// current returns those sessions that can still be offered, newest first and
// no more than are kept. Of sessions of the same time the first comes first.
func current(all []*Session, now time.Time) []*Session {
	sorted := slices.Clone(all)
	slices.SortStableFunc(sorted, func(a, b *Session) int { return b.Created.Compare(a.Created) })
	kept := map[family]int{}
	sessions := sorted[:0]
	for _, s := range sorted {
		g, limit := familyOf(s), maxServiceSessions
		if s.Version != suite.TLS13 {
			limit = 1 // which serves any number of connections
		}
		if offerable(s, now) && kept[g] < limit && len(sessions) < maxFileSessions {
			kept[g]++
			sessions = append(sessions, s)
		}
	}
	return sessions
}

// offerable tells whether s is complete and its age what it should be.
func offerable(s *Session, now time.Time) bool {
	if !encodable(s) || len(s.Ticket) > protocol.MaxTicket {
		return false
	}
	life := time.Duration(s.Lifetime) * time.Second
	switch s.Version {
	case suite.TLS13:
		cipher := suite.ByID(s.Suite)
		if cipher == nil || cipher.Version != suite.TLS13 ||
			len(s.Secret) != cipher.Hash.Size() || len(s.Ticket) == 0 {
			return false
		}
	default:
		if len(s.Secret) != masterSecretSize || len(s.ID) == 0 && len(s.Ticket) == 0 {
			return false
		}
		if life == 0 {
			life = s.Timeout
		}
	}
	// RFC 8446, 4.6.1: not past the lifetime, and never longer than 7 days.
	age := now.Sub(s.Created)
	return age >= 0 && age < min(life, maxResumption)
}

// load returns the sessions in the file. The caller has locked it and wipes
// their secrets.
func (f *SessionFile) load() ([]*Session, error) {
	data, err := f.read()
	defer clear(data)
	if err != nil || !checked(data) {
		return nil, err
	}
	return ParseSessionsPEM(data), nil
}

// checked tells whether data is as it was written. The lock keeps out neither
// other libraries nor, if the program closed another descriptor of the file,
// ourselves, and disks fail; a session with a wrong byte in its secret is fatal
// at the server. Other libraries' files have no checksum, nor have our own when
// they were cut off.
func checked(data []byte) bool {
	at := bytes.LastIndex(data, []byte("-----BEGIN "+pemChecksum))
	if at < 0 {
		return true
	}
	sum := sha256.Sum256(data[:at])
	for block := range pem.Blocks(data[at:]) {
		return bytes.Equal(block.Bytes, sum[:])
	}
	return false // it isn't on a line of its own
}

// read returns the content of the file, or nothing if it is larger than a
// session file gets.
func (f *SessionFile) read() ([]byte, error) {
	var st syscall.Stat_t
	if err := syscall.Fstat(f.fd, &st); err != nil || st.Size > maxSessionFile {
		return nil, err
	}
	data := make([]byte, st.Size)
	for done := 0; done < len(data); {
		var n int
		err := descriptor.Retry(func() (err error) { n, err = syscall.Pread(f.fd, data[done:], int64(done)); return err })
		if err != nil {
			clear(data)
			return nil, err
		}
		if n == 0 {
			return data[:done], nil
		}
		done += n
	}
	return data, nil
}

// store replaces the content of the file, which the caller has locked. If it
// can't be written whole, it is left empty.
func (f *SessionFile) store(sessions []*Session) error {
	var blocks [][]byte
	sum := sha256.New()
	size := checksumSize
	for _, s := range sessions {
		block, err := MarshalSessionsPEM(s)
		defer clear(block)
		if err == nil && size+len(block) <= maxSessionFile {
			blocks = append(blocks, block)
			sum.Write(block)
			size += len(block)
		}
	}
	if len(blocks) > 0 {
		blocks = append(blocks, pem.Append(nil, pemChecksum, sum.Sum(nil)))
	}
	data := slices.Concat(blocks...)
	defer clear(data)
	if err := syscall.Ftruncate(f.fd, 0); err != nil {
		return fmt.Errorf("failed to truncate session file: %w", err)
	}
	for done := 0; done < len(data); {
		var n int
		err := descriptor.Retry(func() (err error) { n, err = syscall.Pwrite(f.fd, data[done:], int64(done)); return err })
		if err == nil && n == 0 {
			err = syscall.EIO
		}
		if err != nil {
			syscall.Ftruncate(f.fd, 0)
			return fmt.Errorf("failed to write session file: %w", err)
		}
		done += n
	}
	return nil
}

// Fields goes through all of the file but its content.
func (f *SessionFile) Fields(p *plain.Coder) {
	plain.Number(p, &f.fd)
	f.id.Fields(p)
	plain.Number(p, &f.owner)
}
