package libtls

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"crypto/sha512"
	"errors"
	"fmt"
	"io"
	"maps"
	mathrand "math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"libtls/internal/suite"
)

// children are the other programs that the tests of this file need. The test
// binary runs one of them if the environment says so.
var children = map[string]func(args []string){
	"connect":   childConnect,
	"hold lock": childHoldLock,
	"small":     childSmallFile,
}

const childVariable = "LIBTLS_TEST_CHILD"

func TestMain(m *testing.M) {
	if run := children[os.Getenv(childVariable)]; run != nil {
		run(os.Args[1:])
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func child(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), childVariable+"="+name)
	cmd.Stderr = os.Stderr
	return cmd
}

// openSessionFile opens a session file for a test or a child.
func openSessionFile(path string, flags int) (*SessionFile, *os.File, error) {
	file, err := os.OpenFile(path, flags|os.O_CREATE, 0o600)
	if err != nil {
		return nil, nil, err
	}
	f, err := NewSessionFile(int(file.Fd()))
	return f, file, err
}

func newSessionFile(t testing.TB, content []byte) (*SessionFile, *os.File) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "session")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	f, file, err := openSessionFile(path, os.O_RDWR)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return f, file
}

// sessionsIn returns the session file behind a descriptor, also of a memfd.
func sessionsIn(t testing.TB, fd int) *SessionFile {
	t.Helper()
	if err := unix.Fchmod(fd, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := NewSessionFile(fd)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

var fileTime = time.Unix(1795313304, 0)

// secretOf is the secret of a test session, by which a mixture of two shows.
func secretOf(ticket []byte) []byte {
	sum := sha512.Sum384(ticket)
	return sum[:]
}

func whole(s *Session) bool { return bytes.Equal(s.Secret, secretOf(s.Ticket)) }

// fileSession is a TLS 1.3 session as the engine makes it when a ticket comes.
func fileSession(ticket string) *Session {
	return &Session{
		Version:       suite.TLS13,
		Suite:         suite.AES256GCMSHA384,
		ID:            bytes.Repeat([]byte{5}, 32),
		Secret:        secretOf([]byte(ticket)),
		Created:       fileTime,
		FullHandshake: fileTime,
		Timeout:       2 * time.Hour,
		Lifetime:      300,
		Ticket:        []byte(ticket),
		PeerChain:     [][]byte{append([]byte{0x30, 0x82, 0x01, 0x00}, make([]byte, 256)...), {0x30, 0}},
		ServerName:    "example.test",
	}
}

// fileSession12 is a TLS 1.2 session with a ticket.
func fileSession12(ticket string) *Session {
	s := fileSession(ticket)
	s.Version, s.Suite = suite.TLS12, 0xc02c
	return s
}

func marshalSessions(t testing.TB, sessions ...*Session) []byte {
	t.Helper()
	data, err := MarshalSessionsPEM(sessions...)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func anySession(*Session) bool { return true }

// tickets are those that the file holds, in their order.
func tickets(t testing.TB, f *SessionFile) []string {
	t.Helper()
	sessions, err := f.load()
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, s := range sessions {
		names = append(names, string(s.Ticket))
	}
	return names
}

// failedWith tells whether err has that text, and wraps errno unless it is nil.
func failedWith(err error, text string, errno error) bool {
	if errno != nil {
		text += ": " + errno.Error()
	}
	return err != nil && err.Error() == text && (errno == nil || errors.Is(err, errno))
}

func TestSessionFileCheck(t *testing.T) {
	f, file := newSessionFile(t, nil)
	is := func(err error, text string, errno error) {
		t.Helper()
		if !failedWith(err, text, errno) {
			t.Errorf("got %+v, want %q, %v", err, text, errno)
		}
	}
	// A descriptor is refused when it is set, and when it has changed since.
	refused := func(fd int, text string, errno error) {
		t.Helper()
		_, err := NewSessionFile(fd)
		is(err, text, errno)
		set := SessionFile{fd, f.id, f.owner}
		_, err = set.check()
		is(err, text, errno)
		is(set.Put("example.test", fileTime, fileSession("new")), text, errno)
	}
	if _, err := f.check(); err != nil {
		t.Errorf("0600: %v", err)
	}
	for mode, text := range map[os.FileMode]string{
		0o644: "session file has incorrect permissions (644 != 600)",
		0o400: "session file has incorrect permissions (400 != 600)",
		0o000: "session file has incorrect permissions (0 != 600)",
		0o700: "session file has incorrect permissions (700 != 600)",
	} {
		if err := file.Chmod(mode); err != nil {
			t.Fatal(err)
		}
		refused(f.fd, text, nil)
	}
	if err := file.Chmod(os.ModeSticky | 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := f.check(); err != nil {
		t.Errorf("sticky: %v", err)
	}
	dir, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	refused(int(dir.Fd()), "session file is not a regular file", nil)
	refused(-2, "failed to stat session file", unix.EBADF)
	if os.Getuid() == 0 {
		if err := file.Chown(65534, -1); err != nil {
			t.Fatal(err)
		}
		refused(f.fd, "session file has incorrect owner (uid 65534 != 0)", nil)
		f.owner = 65534 // who the process was when it set the file
		if _, err := f.check(); err != nil {
			t.Errorf("after a change of the user: %v", err)
		}
	}
}

// Who owns the file is asked of the real user, as a program with another's
// rights reads files that its user named.
func TestSessionFileOwnerOfSetUID(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can have two users")
	}
	f, file := newSessionFile(t, nil)
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // for good: the thread ends with this function
		if _, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, 65534, 0, 0); errno != 0 {
			t.Errorf("setresuid: %v", errno)
			return
		}
		for owner, want := range map[int]string{0: "session file has incorrect owner (uid 0 != 65534)", 65534: ""} {
			if err := file.Chown(owner, -1); err != nil {
				t.Error(err)
			}
			if _, err := NewSessionFile(f.fd); want != "" && !failedWith(err, want, nil) || want == "" && err != nil {
				t.Errorf("owner %d: %v", owner, err)
			}
		}
	}()
	<-done
}

// The number of a descriptor that was closed may come to be another file's.
func TestSessionFileDescriptorReused(t *testing.T) {
	f, file := newSessionFile(t, marshalSessions(t, fileSession("ticket"), fileSession12("1.2")))
	content := marshalSessions(t, fileSession("other"), fileSession12("other 1.2"))
	_, other := newSessionFile(t, content)
	if err := unix.Dup3(int(other.Fd()), f.fd, unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	const text = "session file descriptor refers to another file now"
	s, err := f.Take("example.test", "", fileTime, anySession)
	if s != nil || !failedWith(err, text, nil) {
		t.Errorf("took %+v, %v", s, err)
	}
	if err := f.Put("example.test", fileTime, fileSession("new")); !failedWith(err, text, nil) {
		t.Errorf("put: %v", err)
	}
	f.Forget("example.test")
	if got, err := os.ReadFile(other.Name()); err != nil || !bytes.Equal(got, content) {
		t.Errorf("the other file has %q, %v", got, err)
	}
	// The file itself by another descriptor will do.
	again, err := os.OpenFile(file.Name(), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if err := unix.Dup3(int(again.Fd()), f.fd, unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	if s, err := f.Take("example.test", "", fileTime, anySession); err != nil || s == nil || string(s.Ticket) != "ticket" {
		t.Errorf("took %+v, %v", s, err)
	}
}

func TestSessionFileTake(t *testing.T) {
	f, file := newSessionFile(t, nil)
	if _, err := file.Seek(7, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	first, second := fileSession("first"), fileSession("second")
	if err := f.Put("example.test", fileTime, first, second); err != nil {
		t.Fatal(err)
	}
	later := fileSession("later")
	later.Created = fileTime.Add(time.Second)
	now := fileTime.Add(2 * time.Second)
	if err := f.Put("example.test", now, later); err != nil {
		t.Fatal(err)
	}
	if got := tickets(t, f); !slices.Equal(got, []string{"later", "second", "first"}) {
		t.Fatalf("file has %v", got)
	}
	if s, err := f.Take("other.test", "", now, anySession); s != nil || err != nil {
		t.Errorf("other server: %+v, %v", s, err)
	}
	if s, err := f.Take("example.test", "", now, func(*Session) bool { return false }); s != nil || err != nil {
		t.Errorf("none usable: %+v, %v", s, err)
	}
	for _, want := range []*Session{later, second, first} {
		s, err := f.Take("EXAMPLE.test", "", now, anySession)
		if err != nil || !reflect.DeepEqual(s, want) {
			t.Errorf("took %+v, %v; want %+v", s, err, want)
		}
		if slices.Contains(tickets(t, f), string(want.Ticket)) {
			t.Errorf("%s is still in the file", want.Ticket)
		}
	}
	if s, err := f.Take("example.test", "", now, anySession); s != nil || err != nil {
		t.Errorf("from an empty file: %+v, %v", s, err)
	}
	if st, err := file.Stat(); err != nil || st.Size() != 0 {
		t.Errorf("%d bytes left, %v", st.Size(), err)
	}
	if offset, err := file.Seek(0, io.SeekCurrent); offset != 7 || err != nil {
		t.Errorf("offset %d, %v", offset, err)
	}
}

func TestSessionFileTakeChooses(t *testing.T) {
	f, _ := newSessionFile(t, nil)
	for _, name := range []string{"a.test", "b.test"} {
		if err := f.Put(name, fileTime, fileSession(name+"1"), fileSession(name+"2")); err != nil {
			t.Fatal(err)
		}
	}
	s, err := f.Take("a.test", "", fileTime, func(s *Session) bool { return string(s.Ticket) != "a.test2" })
	if err != nil || s == nil || string(s.Ticket) != "a.test1" {
		t.Errorf("took %+v, %v", s, err)
	}
	if got := tickets(t, f); !slices.Equal(got, []string{"b.test2", "b.test1", "a.test2"}) {
		t.Errorf("file has %v", got)
	}
}

// A TLS 1.2 session serves any number of connections, and one is kept.
func TestSessionFileTLS12(t *testing.T) {
	f, _ := newSessionFile(t, nil)
	byID := fileSession12("")
	byID.Secret, byID.Lifetime, byID.Timeout = secretOf(nil), 0, 0
	for _, s := range []*Session{fileSession12("old"), byID, fileSession12("new")} {
		if err := f.Put("example.test", fileTime, s); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			got, err := f.Take("example.test", "", fileTime, anySession)
			if err != nil || got == nil || !bytes.Equal(got.Ticket, s.Ticket) || !bytes.Equal(got.ID, s.ID) {
				t.Errorf("took %+v, %v; want %+v", got, err, s)
			}
		}
		if got := tickets(t, f); !slices.Equal(got, []string{string(s.Ticket)}) {
			t.Errorf("file has %q", got)
		}
	}
}

// A service takes what is its own, then what is nobody's, then of other ports all
// but their last ticket.
func TestSessionFileServices(t *testing.T) {
	imap, smtp, ftp := PortService(143), PortService(25), NamedService("ftp")
	of := func(service, ticket string) *Session {
		s := fileSession(ticket)
		s.Service = service
		return s
	}
	of12 := func(service, ticket string) *Session {
		s := of(service, ticket)
		s.Version, s.Suite = suite.TLS12, 0xc02c
		return s
	}
	tests := map[string]struct {
		file    []*Session
		service string
		want    []string // that are taken one by one
	}{
		"own": {[]*Session{of(imap, "i"), of(smtp, "s")}, imap, []string{"i"}},
		"nobody's before others'": {
			[]*Session{of("", "old"), of(smtp, "s1"), of(smtp, "s2")}, imap, []string{"old", "s2"},
		},
		"own before nobody's":        {[]*Session{of(imap, "i"), of("", "old")}, imap, []string{"i", "old"}},
		"no port":                    {[]*Session{of("", "old"), of(imap, "i1"), of(imap, "i2")}, PortService(0), []string{"old", "i2"}},
		"of the same name":           {[]*Session{of(ftp, "f1"), of(ftp, "f2"), of(imap, "i")}, ftp, []string{"f2", "f1"}},
		"a name takes no port's":     {[]*Session{of(imap, "i1"), of(imap, "i2"), of("", "old")}, ftp, []string{"old"}},
		"a port takes no name's":     {[]*Session{of(ftp, "f1"), of(ftp, "f2")}, imap, nil},
		"a name isn't a port":        {[]*Session{of(imap, "i1"), of(imap, "i2")}, NamedService("143"), nil},
		"other versions don't count": {[]*Session{of(smtp, "s"), of12(smtp, "s12")}, imap, []string{"s12", "s12", "s12"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f, _ := newSessionFile(t, nil)
			if err := f.Put("example.test", fileTime, tt.file...); err != nil {
				t.Fatal(err)
			}
			var got []string
			for range 3 {
				s, err := f.Take("example.test", tt.service, fileTime, anySession)
				if err != nil {
					t.Fatal(err)
				}
				if s != nil {
					got = append(got, string(s.Ticket))
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("took %q, want %q", got, tt.want)
			}
		})
	}
}

// The limits are each service's own, and so is what is forgotten.
func TestSessionFileServiceLimits(t *testing.T) {
	f, _ := newSessionFile(t, nil)
	for i := range maxServiceSessions + 2 {
		for _, port := range []uint16{25, 143} {
			tls13, tls12 := fileSession(fmt.Sprint(port, "-", i)), fileSession12(fmt.Sprint(port, "-1.2-", i))
			tls13.Service, tls12.Service = PortService(port), PortService(port)
			if err := f.Put("example.test", fileTime, tls13, tls12); err != nil {
				t.Fatal(err)
			}
		}
	}
	count := func() (n map[string]int) {
		n = map[string]int{}
		for _, ticket := range tickets(t, f) {
			n[ticket[:strings.LastIndex(ticket, "-")]]++
		}
		return n
	}
	want := map[string]int{"25": maxServiceSessions, "143": maxServiceSessions, "25-1.2": 1, "143-1.2": 1}
	if got := count(); !maps.Equal(got, want) {
		t.Errorf("file has %v, want %v", got, want)
	}
	f.Forget("example.test", PortService(25))
	delete(want, "25-1.2")
	if got := count(); !maps.Equal(got, want) {
		t.Errorf("file has %v, want %v", got, want)
	}
}

func TestSessionFileForget(t *testing.T) {
	f, _ := newSessionFile(t, nil)
	for name, s := range map[string]*Session{
		"a.test": fileSession12("a"), "b.test": fileSession12("b"), "": fileSession12("any"), "A.test": fileSession("a13"),
	} {
		if err := f.Put(name, fileTime, s); err != nil {
			t.Fatal(err)
		}
	}
	f.Forget("a.Test")
	got := tickets(t, f)
	slices.Sort(got)
	if !slices.Equal(got, []string{"a13", "b"}) {
		t.Errorf("file has %v", got)
	}
}

func TestSessionFileForeign(t *testing.T) {
	for _, v := range loadVectors[sessionVector](t, "ssl-sessions.json") {
		t.Run(v.Name, func(t *testing.T) {
			content, err := os.ReadFile(filepath.Join("testdata/sessions", v.PEMFile))
			if err != nil {
				t.Fatal(err)
			}
			f, _ := newSessionFile(t, content)
			want := v.Fields.session()
			s, err := f.Take("example.test", "", want.Created.Add(time.Second), anySession)
			if len(want.Secret) == 0 {
				want = nil
			}
			if err != nil || !reflect.DeepEqual(s, want) {
				t.Errorf("took %+v, %v; want %+v", s, err, want)
			}
		})
	}
}

func TestSessionFileGarbage(t *testing.T) {
	good := marshalSessions(t, fileSession("good"))
	tests := map[string][]byte{
		"text":            []byte("not a session\n"),
		"other PEM":       []byte("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"),
		"not base64":      []byte("-----BEGIN SSL SESSION PARAMETERS-----\n!!!!\n-----END SSL SESSION PARAMETERS-----\n"),
		"not DER":         []byte("-----BEGIN SSL SESSION PARAMETERS-----\nAAAA\n-----END SSL SESSION PARAMETERS-----\n"),
		"zeros":           make([]byte, 5000),
		"truncated":       good[:len(good)/2],
		"hole":            append(append(bytes.Clone(good[:100]), make([]byte, 100)...), good[200:]...),
		"too large":       append(bytes.Clone(good), make([]byte, maxSessionFile)...),
		"certificate 1st": append([]byte("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"), good[:100]...),
	}
	for name, content := range tests {
		t.Run(name, func(t *testing.T) {
			f, file := newSessionFile(t, content)
			if s, err := f.Take("example.test", "", fileTime, anySession); s != nil || err != nil {
				t.Errorf("took %+v, %v", s, err)
			}
			if got, err := os.ReadFile(file.Name()); err != nil || !bytes.Equal(got, content) {
				t.Errorf("content changed, %v", err)
			}
			if err := f.Put("example.test", fileTime, fileSession("new")); err != nil {
				t.Fatal(err)
			}
			if s, err := f.Take("example.test", "", fileTime, anySession); err != nil || s == nil || string(s.Ticket) != "new" {
				t.Errorf("took %+v, %v", s, err)
			}
		})
	}
	t.Run("past INT_MAX", func(t *testing.T) {
		f, file := newSessionFile(t, nil)
		if err := file.Truncate(1 << 31); err != nil {
			t.Fatal(err)
		}
		if s, err := f.Take("example.test", "", fileTime, anySession); s != nil || err == nil || err.Error() != "invalid session file size" {
			t.Errorf("took %+v, %v", s, err)
		}
	})
}

func TestOfferable(t *testing.T) {
	const day = 24 * time.Hour
	old := func(age time.Duration) func(*Session) {
		return func(s *Session) { s.Created = fileTime.Add(-age) }
	}
	tls12 := func(change func(*Session)) func(*Session) {
		return func(s *Session) { *s = *fileSession12("ticket"); change(s) }
	}
	tests := map[string]struct {
		change func(*Session)
		want   bool
	}{
		"fresh":                   {old(0), true},
		"last second":             {old(299 * time.Second), true},
		"expired":                 {old(300 * time.Second), false},
		"from the future":         {old(-time.Second), false},
		"no lifetime":             {func(s *Session) { s.Lifetime = 0 }, false},
		"long lifetime":           {func(s *Session) { s.Lifetime = 1 << 30; old(7*day - time.Second)(s) }, true},
		"week over":               {func(s *Session) { s.Lifetime = 1 << 30; old(7 * day)(s) }, false},
		"timeout over":            {func(s *Session) { s.Timeout = 0; old(10 * time.Second)(s) }, true},
		"no time":                 {func(s *Session) { s.Created = time.Time{} }, false},
		"no ticket":               {func(s *Session) { s.Ticket = nil }, false},
		"no secret":               {func(s *Session) { s.Secret = nil }, false},
		"secret of another hash":  {func(s *Session) { s.Secret = s.Secret[:32] }, false},
		"unknown suite":           {func(s *Session) { s.Suite = 0x13ff }, false},
		"TLS 1.1":                 {func(s *Session) { s.Version = 0x0302 }, false},
		"1.2":                     {tls12(func(*Session) {}), true},
		"1.2, expired":            {tls12(old(300 * time.Second)), false},
		"1.2, no id":              {tls12(func(s *Session) { s.ID = nil }), true},
		"1.2, no ticket":          {tls12(func(s *Session) { s.Ticket = nil }), true},
		"1.2, neither":            {tls12(func(s *Session) { s.ID, s.Ticket = nil, nil }), false},
		"1.2, short secret":       {tls12(func(s *Session) { s.Secret = s.Secret[:47] }), false},
		"1.2, no lifetime":        {tls12(func(s *Session) { s.Lifetime = 0; old(2*time.Hour - time.Second)(s) }), true},
		"1.2, timeout over":       {tls12(func(s *Session) { s.Lifetime = 0; old(2 * time.Hour)(s) }), false},
		"1.2, week over":          {tls12(func(s *Session) { s.Lifetime = 1 << 30; old(7 * day)(s) }), false},
		"1.2, timeout unexpected": {tls12(func(s *Session) { s.Lifetime, s.Timeout = 0, 1<<62; old(8 * day)(s) }), false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := fileSession("ticket")
			test.change(s)
			if got := offerable(s, fileTime); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestSessionFilePut(t *testing.T) {
	f, file := newSessionFile(t, nil)
	for _, name := range []string{"a.test", "b.test"} {
		if err := f.Put(name, fileTime, fileSession(name)); err != nil {
			t.Fatal(err)
		}
	}
	before, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	// A handshake that brought nothing changes nothing.
	if err := f.Put("a.test", fileTime.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if after, err := os.ReadFile(file.Name()); err != nil || !bytes.Equal(before, after) {
		t.Errorf("content changed, %v", err)
	}
	// What has expired goes when something comes.
	later := fileSession("later")
	later.Created = fileTime.Add(time.Hour)
	if err := f.Put("b.test", later.Created, later); err != nil {
		t.Fatal(err)
	}
	if got := tickets(t, f); !slices.Equal(got, []string{"later"}) {
		t.Errorf("file has %v", got)
	}
	if later.ServerName != "example.test" || !whole(later) {
		t.Errorf("the caller's session changed: %+v", later)
	}
}

func TestSaves(t *testing.T) {
	var s Saves
	now := fileTime
	for i := range maxServiceSessions {
		if !s.Due(now) {
			t.Fatalf("save %d isn't due", i)
		}
	}
	for range 5 {
		for _, early := range []time.Duration{0, saveInterval - 1, -(saveInterval - 1)} {
			if s.Due(now.Add(early)) {
				t.Fatalf("due after %v", early)
			}
		}
		now = now.Add(saveInterval)
		if !s.Due(now) {
			t.Fatal("not due after the interval")
		}
	}
	if !s.Due(now.Add(-saveInterval)) {
		t.Error("not due after the clock was set back")
	}
}

// TestLargeSaves has each save write a quarter of what a file may hold.
func TestLargeSaves(t *testing.T) {
	var s Saves
	f, _ := newSessionFile(t, make([]byte, maxSessionFile/4))
	for i := range 4 {
		if !s.Due(fileTime) {
			t.Fatalf("save %d isn't due", i)
		}
		s.Done(f)
	}
	if s.Due(fileTime) || !s.Due(fileTime.Add(saveInterval)) {
		t.Error("more is written than a file holds, or never again")
	}
}

func TestSessionFileBounds(t *testing.T) {
	f, file := newSessionFile(t, nil)
	for i := range 2 * maxServiceSessions {
		if err := f.Put("a.test", fileTime, fileSession(strconv.Itoa(i))); err != nil {
			t.Fatal(err)
		}
	}
	if got := tickets(t, f); len(got) != maxServiceSessions || got[0] != strconv.Itoa(2*maxServiceSessions-1) {
		t.Errorf("file has %v", got)
	}
	for i := range 2 * maxFileSessions {
		if err := f.Put(fmt.Sprintf("%d.test", i), fileTime, fileSession(strconv.Itoa(i))); err != nil {
			t.Fatal(err)
		}
	}
	if got := tickets(t, f); len(got) != maxFileSessions || got[0] != strconv.Itoa(2*maxFileSessions-1) {
		t.Errorf("file has %v", got)
	}
	// Large chains: fewer sessions, but not fewer than fit.
	for i := range 8 {
		s := fileSession(strconv.Itoa(i))
		s.Staple = make([]byte, maxSessionFile/5)
		if err := f.Put("a.test", fileTime, s); err != nil {
			t.Fatal(err)
		}
	}
	if got := tickets(t, f); len(got) < 3 || !slices.Equal(got[:3], []string{"7", "6", "5"}) {
		t.Errorf("file has %v", got)
	}
	if st, err := file.Stat(); err != nil || st.Size() > maxSessionFile {
		t.Errorf("%d bytes, %v", st.Size(), err)
	}
}

func TestSessionFileDescriptors(t *testing.T) {
	content := marshalSessions(t, fileSession("1.3"), fileSession12("1.2"))
	open := func(t *testing.T, flags int) *SessionFile {
		t.Helper()
		_, file := newSessionFile(t, content)
		f, again, err := openSessionFile(file.Name(), flags)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { again.Close() })
		return f
	}
	failed := func(t *testing.T, err error, text string, errno error) {
		t.Helper()
		if !failedWith(err, text, errno) {
			t.Errorf("got %+v, want %q, %v", err, text, errno)
		}
	}
	t.Run("read only", func(t *testing.T) {
		f := open(t, os.O_RDONLY)
		for range 2 {
			if s, err := f.Take("example.test", "", fileTime, anySession); err != nil || s == nil || s.Version != suite.TLS12 {
				t.Errorf("took %+v, %v", s, err)
			}
		}
		if err := f.Put("example.test", fileTime, fileSession("new")); err != nil {
			t.Error(err)
		}
		if got := tickets(t, f); !slices.Equal(got, []string{"1.3", "1.2"}) {
			t.Errorf("file has %v", got)
		}
	})
	t.Run("write only", func(t *testing.T) {
		f := open(t, os.O_WRONLY)
		_, err := f.Take("example.test", "", fileTime, anySession)
		failed(t, err, "failed to read session file", unix.EBADF)
		if err := f.Put("example.test", fileTime, fileSession("new")); err != nil {
			t.Error(err)
		}
	})
	t.Run("append", func(t *testing.T) {
		f := open(t, os.O_RDWR|os.O_APPEND)
		if s, err := f.Take("example.test", "", fileTime, anySession); err != nil || s == nil || string(s.Ticket) != "1.3" {
			t.Errorf("took %+v, %v", s, err)
		}
		if err := f.Put("example.test", fileTime, fileSession("new")); err != nil {
			t.Error(err)
		}
		if got := tickets(t, f); !slices.Equal(got, []string{"new", "1.2"}) {
			t.Errorf("file has %v", got)
		}
	})
	t.Run("closed", func(t *testing.T) {
		f, file := newSessionFile(t, content)
		file.Close()
		_, err := f.Take("example.test", "", fileTime, anySession)
		failed(t, err, "failed to stat session file", unix.EBADF)
		failed(t, f.Put("example.test", fileTime, fileSession("new")), "failed to stat session file", unix.EBADF)
	})
}

// A file that may not grow: what can't be written whole isn't there at all.
func TestSessionFileWriteFails(t *testing.T) {
	fd, err := unix.MemfdCreate("session", unix.MFD_ALLOW_SEALING|unix.MFD_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	file := os.NewFile(uintptr(fd), "session")
	defer file.Close()
	f := sessionsIn(t, fd)
	if err := f.Put("example.test", fileTime, fileSession("first"), fileSession("second")); err != nil {
		t.Fatal(err)
	}
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_GROW); err != nil {
		t.Fatal(err)
	}
	err = f.Put("example.test", fileTime, fileSession("third"))
	if !failedWith(err, "failed to write session file", unix.EPERM) {
		t.Errorf("put: %+v", err)
	}
	if st, err := file.Stat(); err != nil || st.Size() != 0 {
		t.Errorf("%d bytes left, %v", st.Size(), err)
	}
}

// A ticket that can't be taken out isn't offered.
func TestSessionFileTakeFails(t *testing.T) {
	fd, err := unix.MemfdCreate("session", unix.MFD_ALLOW_SEALING|unix.MFD_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	f := sessionsIn(t, fd)
	if err := f.Put("example.test", fileTime, fileSession("ticket")); err != nil {
		t.Fatal(err)
	}
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_SHRINK); err != nil {
		t.Fatal(err)
	}
	if s, err := f.Take("example.test", "", fileTime, anySession); s != nil || err != nil {
		t.Errorf("took %+v, %v", s, err)
	}
}

// childSmallFile fills a file up to a limit that cuts what it writes, as a
// full disk does.
func childSmallFile(args []string) {
	signal.Ignore(unix.SIGXFSZ)
	limit, err := strconv.ParseUint(args[1], 10, 64)
	if err == nil {
		err = unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: limit, Max: limit})
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	f, _, err := openSessionFile(args[0], os.O_RDWR)
	if err == nil {
		err = f.Put("example.test", fileTime, fileSession("first"), fileSession("second"))
	}
	fmt.Println(err)
}

func TestSessionFileDiskFull(t *testing.T) {
	size := len(marshalSessions(t, fileSession("second"), fileSession("first")))
	for _, limit := range []int{0, 1, size / 2, size - 1} {
		_, file := newSessionFile(t, marshalSessions(t, fileSession("old")))
		out, err := child(t, "small", file.Name(), strconv.Itoa(limit)).Output()
		if want := fmt.Sprintf("failed to write session file: %v\n", unix.EFBIG); err != nil || string(out) != want {
			t.Errorf("%d of %d bytes: got %q, %v; want %q", limit, size, out, err, want)
		}
		if st, err := file.Stat(); err != nil || st.Size() != 0 {
			t.Errorf("%d of %d bytes: %d bytes left, %v", limit, size, st.Size(), err)
		}
	}
}

// Whatever part of a new content stands in the file, alone or, if two wrote at
// once, before the rest of another, a session in it is one that was written.
func TestSessionFileTorn(t *testing.T) {
	written := map[string]*Session{}
	list := func(names ...string) []byte {
		f, file := newSessionFile(t, nil)
		for _, name := range names {
			written[name] = fileSession(name)
			if err := f.Put("example.test", fileTime, written[name]); err != nil {
				t.Fatal(err)
			}
		}
		content, err := os.ReadFile(file.Name())
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
	before, after := list("one", "two", "tri"), list("fou", "six")
	f, file := newSessionFile(t, nil)
	verify := func(content []byte, count int) {
		t.Helper()
		if err := file.Truncate(0); err != nil {
			t.Fatal(err)
		}
		if _, err := file.WriteAt(content, 0); err != nil {
			t.Fatal(err)
		}
		sessions, err := f.load()
		if err != nil || len(sessions) != count {
			t.Errorf("%d sessions, want %d, %v", len(sessions), count, err)
		}
		for _, s := range sessions {
			want := written[string(s.Ticket)]
			if want == nil || !bytes.Equal(s.Secret, want.Secret) || !bytes.Equal(s.PeerChain[0], want.PeerChain[0]) {
				t.Errorf("a session that nobody wrote: %+v", s)
			}
		}
	}
	begin, end := []byte("-----BEGIN "+pemChecksum), []byte("-----END "+pemSession+"-----")
	for n := range after {
		count := bytes.Count(after[:n], end)
		if bytes.Contains(after[:n], begin) && n < len(after)-1 {
			count = 0 // a part of a checksum is a wrong one
		}
		verify(after[:n], count)
	}
	for n := range before {
		count := 0
		if !bytes.Contains(before[n:], begin) {
			count = 2 // that of the new content is the last
		}
		verify(append(bytes.Clone(after), before[n:]...), count)
	}
}

// One wrong byte anywhere costs the sessions, and no handshake. Where it makes
// no difference, as at the end of a line, they are as they were.
func TestSessionFileDamaged(t *testing.T) {
	f, file := newSessionFile(t, nil)
	if err := f.Put("example.test", fileTime, fileSession("one"), fileSession12("two")); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	for i := range content {
		for _, bit := range []byte{1, 0x20} {
			damaged := bytes.Clone(content)
			damaged[i] ^= bit
			if _, err := file.WriteAt(damaged, 0); err != nil {
				t.Fatal(err)
			}
			sessions, err := f.load()
			if err != nil || len(sessions) != 0 && i < bytes.Index(content, []byte("-----BEGIN "+pemChecksum)) {
				t.Errorf("byte %d: %d sessions, %v", i, len(sessions), err)
			}
			for _, s := range sessions {
				if !whole(s) {
					t.Errorf("byte %d: %+v", i, s)
				}
			}
		}
	}
}

// childHoldLock holds the record lock of a file until its input ends.
func childHoldLock(args []string) {
	_, file, err := openSessionFile(args[0], os.O_RDWR)
	if err == nil {
		err = unix.FcntlFlock(file.Fd(), unix.F_SETLK, &unix.Flock_t{Type: unix.F_WRLCK})
	}
	fmt.Println(err)
	io.Copy(io.Discard, os.Stdin)
}

func TestSessionFileLocked(t *testing.T) {
	f, file := newSessionFile(t, marshalSessions(t, fileSession("one"), fileSession12("two")))
	before, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	blocked := func(by string) {
		t.Helper()
		if s, err := f.Take("example.test", "", fileTime, anySession); s != nil || err != nil {
			t.Errorf("locked by %s: took %+v, %v", by, s, err)
		}
		if err := f.Put("example.test", fileTime, fileSession("new")); err != nil {
			t.Errorf("locked by %s: put: %v", by, err)
		}
		if after, err := os.ReadFile(file.Name()); err != nil || !bytes.Equal(before, after) {
			t.Errorf("locked by %s: content changed, %v", by, err)
		}
	}

	cmd := child(t, "hold lock", file.Name())
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "<nil>\n" {
		t.Fatalf("child says %q, %v", line, err)
	}
	blocked("a process")
	in.Close()
	cmd.Wait()

	leave, err := awaitTurn(f.id, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	blocked("a thread")
	leave()

	if s, err := f.Take("example.test", "", fileTime, anySession); err != nil || s == nil {
		t.Errorf("unlocked: took %+v, %v", s, err)
	}
	if len(fileTurns.of) != 0 {
		t.Errorf("turns left behind: %v", fileTurns.of)
	}
}

// connect is one connection as the session file sees it: the ticket offered, if
// any, is told to log, and new ones come as libtls servers issue them.
func connect(f *SessionFile, log io.Writer) error {
	now := time.Now()
	s, err := f.Take("example.test", "", now, whole)
	if err != nil {
		return err
	}
	n, line := 2, "full\n"
	if s != nil {
		n, line = 1, string(s.Ticket)+"\n"
	}
	// One write: what a killed process logged is a whole line or nothing.
	if _, err := io.WriteString(log, line); err != nil {
		return err
	}
	for range n {
		s := fileSession(rand.Text())
		s.Created = now.Truncate(time.Second)
		if err := f.Put("example.test", now, s); err != nil {
			return err
		}
	}
	return nil
}

// childConnect makes some connections with a session file, and logs them. It
// starts when its input ends.
func childConnect(args []string) {
	io.Copy(io.Discard, os.Stdin)
	f, file, err := openSessionFile(args[0], os.O_RDWR)
	if err == nil {
		defer file.Close()
		var log *os.File
		log, err = os.OpenFile(args[1], os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
		n, _ := strconv.Atoi(args[2])
		for i := 0; i < n && err == nil; i++ {
			err = connect(f, log)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// checkLog reads the log of connections: none may have used a ticket that
// another one used.
func checkLog(t *testing.T, path string) (connections, resumed int) {
	t.Helper()
	log, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for line := range strings.Lines(string(log)) {
		connections++
		if line = strings.TrimSpace(line); line == "full" {
			continue
		}
		resumed++
		if seen[line] {
			t.Errorf("ticket %s used twice", line)
		}
		seen[line] = true
	}
	return connections, resumed
}

// Two processes share a session file.
func TestSessionFileProcesses(t *testing.T) {
	f, file := newSessionFile(t, nil)
	log := filepath.Join(t.TempDir(), "log")
	wait, start, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer wait.Close()
	var commands []*exec.Cmd
	for range 2 {
		cmd := child(t, "connect", file.Name(), log, "500")
		cmd.Stdin = wait
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		commands = append(commands, cmd)
	}
	start.Close()
	for _, cmd := range commands {
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	}
	connections, resumed := checkLog(t, log)
	t.Logf("%d of %d resumed", resumed, connections)
	if connections != 1000 || resumed < 990 {
		t.Errorf("%d of %d resumed", resumed, connections)
	}
	if sessions, err := f.load(); err != nil || !slices.ContainsFunc(sessions, whole) {
		t.Errorf("file has %+v, %v", sessions, err)
	}
}

// Processes are killed while they use the file. The file stays good, nobody
// is blocked, and no ticket is used twice.
func TestSessionFileKilled(t *testing.T) {
	const kills = 20
	f, file := newSessionFile(t, nil)
	log := filepath.Join(t.TempDir(), "log")
	own, err := os.OpenFile(log, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	for range kills {
		before, err := own.Stat()
		if err != nil {
			t.Fatal(err)
		}
		cmd := child(t, "connect", file.Name(), log, "1000000")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// Once it is at work it has some of our connections' time left.
		for at := before; at.Size() == before.Size(); {
			if at, err = own.Stat(); err != nil {
				t.Fatal(err)
			}
		}
		for range mathrand.IntN(50) {
			if err := connect(f, own); err != nil {
				t.Fatal(err)
			}
		}
		cmd.Process.Kill()
		cmd.Wait()
		sessions, err := f.load()
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range sessions {
			if !whole(s) {
				t.Errorf("a session that nobody wrote: %+v", s)
			}
		}
	}
	connections, resumed := checkLog(t, log)
	t.Logf("%d of %d resumed", resumed, connections)
	// A kill can cost the sessions of both: the next two handshakes.
	if resumed < connections-2*kills-connections/100 {
		t.Errorf("%d of %d resumed", resumed, connections)
	}
}

// Threads share a session file, each through a descriptor of its own.
func TestSessionFileThreads(t *testing.T) {
	_, file := newSessionFile(t, nil)
	path := filepath.Join(t.TempDir(), "log")
	log, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	var all sync.WaitGroup
	for range 4 {
		// Closing one would drop the record lock of the others.
		f, own, err := openSessionFile(file.Name(), os.O_RDWR)
		if err != nil {
			t.Fatal(err)
		}
		defer own.Close()
		all.Go(func() {
			for range 100 {
				if err := connect(f, log); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	if connections, resumed := checkLog(t, path); connections != 400 || resumed < 380 {
		t.Errorf("%d of %d resumed", resumed, connections)
	}
}

// FuzzSessionFile reads and rewrites files of any content.
func FuzzSessionFile(f *testing.F) {
	for _, v := range loadVectors[sessionVector](f, "ssl-sessions.json") {
		content, err := os.ReadFile(filepath.Join("testdata/sessions", v.PEMFile))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
	}
	f.Add(marshalSessions(f, fileSession("one"), fileSession12("two"), fileSession("three")))
	fd, err := unix.MemfdCreate("session", unix.MFD_CLOEXEC)
	if err != nil {
		f.Fatal(err)
	}
	defer unix.Close(fd)
	file := sessionsIn(f, fd)
	f.Fuzz(func(t *testing.T, content []byte) {
		if err := unix.Ftruncate(fd, 0); err != nil {
			t.Fatal(err)
		}
		if _, err := unix.Pwrite(fd, content, 0); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if _, err := file.Take("example.test", "", fileTime, anySession); err != nil {
				t.Fatal(err)
			}
		}
		if err := file.Put("example.test", fileTime, fileSession("new")); err != nil {
			t.Fatal(err)
		}
		sessions, err := file.load()
		if err != nil || !slices.ContainsFunc(sessions, func(s *Session) bool { return string(s.Ticket) == "new" && whole(s) }) {
			t.Errorf("file has %+v, %v", sessions, err)
		}
	})
}
