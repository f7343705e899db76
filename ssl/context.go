// Package ssl says what the subset of OpenSSL's SSL_* functions means that the
// library offers besides libtls: contexts, connections and sessions, with the
// number of tickets, the stateful sessions and the post-handshake
// authentication that libtls has no functions for. It does no I/O and calls
// nothing of the program; the C front does, and tells what came of it.
package ssl

import (
	"crypto/rand"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"libtls"
	"libtls/internal/credential"
	"libtls/internal/drive"
	"libtls/internal/protocol"
	"libtls/internal/suite"
	"libtls/internal/trust"
)

// Setting is a number that a program sets on a context or a connection.
type Setting int

// The settings that a connection takes over from its context when it is made.
const (
	NumTickets        Setting = iota // TLS 1.3 tickets after a full handshake
	Options                          // option* bits
	VerifyMode                       // verify* bits
	VerifyDepth                      // intermediates; negative is OpenSSL's default
	PostHandshakeAuth                // of a client: whether to offer it
	MinVersion                       // 0 is the lowest
	MaxVersion                       // 0 is the highest
	connSettings
)

// The settings of a context alone.
const (
	CacheMode Setting = connSettings + iota // cache* bits
	CacheSize                               // sessions; 0 is no limit of the program's
	Timeout                                 // of sessions, in seconds
	allSettings
)

// Bits of Options that mean something here.
const (
	optionIgnoreUnexpectedEOF    = 0x80
	optionNoTicket               = 0x4000
	optionCipherServerPreference = 0x400000
	optionNoTLS12                = 0x8000000
	optionNoTLS13                = 0x20000000
	defaultOptions               = 0x120000
)

// Bits of CacheMode.
const (
	cacheClient           = 0x1
	cacheServer           = 0x2
	cacheNoInternalLookup = 0x100
	cacheNoInternalStore  = 0x200
)

// Defaults of OpenSSL's.
const (
	defaultTimeout   = 7200 // seconds
	defaultCacheSize = 20480
)

// Settings are those that a connection takes over from its context. Pointers are
// replaced; the values behind them never change.
type Settings struct {
	numbers    [connSettings]int64
	context    []byte // session id context, at most 32 bytes
	alpn       []string
	suites12   []suite.ID
	suites13   []suite.ID
	groups     []suite.Group
	host       host
	serverName string // SNI to send
}

// Context is an SSL_CTX. Like OpenSSL's it is for use by several threads at a
// time, as far as the settings that connections take over are concerned.
type Context struct {
	mu sync.Mutex
	Settings
	creds  credential.Set
	stores stores
	own    [allSettings - connSettings]atomic.Int64

	store   store
	tickets *libtls.TicketKeys
	stats   *Stats

	reportRemoved bool
	gone          []*Session
}

// stat is a number that a context counts.
type stat int

const (
	connects stat = iota
	connectsGood
	accepts
	acceptsGood
	hits
	misses
	timeouts
	overflows
	statCount
)

// Stats counts for a context what SSL_CTX_sess_hits and the like tell.
type Stats [statCount]atomic.Int64

// statCommands are the SSL_CTRL_SESS_* commands that ask for a stat.
var statCommands = map[int]stat{
	21: connects,
	22: connectsGood,
	24: accepts,
	25: acceptsGood,
	27: hits,
	29: misses,
	30: timeouts,
	31: overflows,
}

// countSessions is SSL_CTRL_SESS_NUMBER.
const countSessions = 20

func newContext(m Memory) *Context {
	c := &Context{tickets: libtls.NewTicketKeys(), stats: m.Stats()}
	c.store.memory, c.store.full = m, &c.stats[overflows]
	return c
}

// NewContext is SSL_CTX_new. Methods differ only by the role of their
// connections, which is the C front's business.
func NewContext(m Memory) (*Context, error) {
	c := newContext(m)
	c.numbers = [connSettings]int64{NumTickets: libtls.DefaultTickets, Options: defaultOptions, VerifyDepth: -1}
	c.suites13 = allOf(suite.TLS13)
	c.suites12 = keepVersion(suite.ParseCiphers("compat"), suite.TLS12)
	c.groups = suite.DefaultGroups
	c.setOwn(CacheMode, cacheServer)
	c.Set(CacheSize, defaultCacheSize)
	c.setOwn(Timeout, defaultTimeout)
	var key [libtls.OpenSSLKeySize]byte
	defer clear(key[:])
	rand.Read(key[:])
	if err := c.tickets.SetOpenSSL(key[:]); err != nil {
		return nil, err
	}
	return c, nil
}

// Free forgets the keys and the stored sessions.
func (c *Context) Free() {
	c.tickets.Wipe()
	c.removed(c.store.flush(time.Time{})...)
}

func (c *Context) setOwn(s Setting, v int64) { c.own[s-connSettings].Store(v) }
func (c *Context) getOwn(s Setting) int64    { return c.own[s-connSettings].Load() }

// Get returns a setting.
func (c *Context) Get(s Setting) int64 {
	if s >= connSettings {
		return c.getOwn(s)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.numbers[s]
}

// Set changes a setting, of the connections to come if these take it over.
func (c *Context) Set(s Setting, v int64) {
	if s >= connSettings {
		c.setOwn(s, v)
		if s == CacheSize {
			c.store.setLimit(uint64(max(v, 0)))
		}
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.numbers[s] = v
}

// Change calls change with the settings of connections to come.
func (c *Context) Change(change func(*Settings) *Error) *Error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return change(&c.Settings)
}

// Statistic returns what an SSL_CTRL_SESS_* command asks for; 0 for others.
func (c *Context) Statistic(command int) int64 {
	if command == countSessions {
		return int64(c.store.len())
	}
	if s, ok := statCommands[command]; ok {
		return c.stats[s].Load()
	}
	return 0
}

func (c *Context) count(s stat) { c.stats[s].Add(1) }

func (c *Context) cacheMode() int64 { return c.getOwn(CacheMode) }

func (c *Context) verifyStores() []*trust.Anchors {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stores.anchors()
}

// SetTicketKeys is SSL_CTX_set_tlsext_ticket_keys.
func (c *Context) SetTicketKeys(keys []byte) *Error {
	if c.tickets.SetOpenSSL(keys) != nil {
		return errTicketKeysLength
	}
	return nil
}

// TicketKeys is SSL_CTX_get_tlsext_ticket_keys.
func (c *Context) TicketKeys(dst []byte) *Error {
	if len(dst) != libtls.OpenSSLKeySize {
		return errTicketKeysLength
	}
	c.tickets.OpenSSL(dst[:0])
	return nil
}

// AddSession is SSL_CTX_add_session: it tells whether s wasn't stored already.
func (c *Context) AddSession(s *Session) bool {
	out, added := c.store.add(s)
	c.removed(out...)
	return added
}

// RemoveSession is SSL_CTX_remove_session: s can't be resumed any more. It tells
// whether s was stored.
func (c *Context) RemoveSession(s *Session) bool {
	s.Spend()
	stored := c.store.remove(s.Data().ID)
	if stored != nil {
		stored.Spend()
		c.removed(stored)
	}
	return stored != nil
}

// removed takes note of sessions that were in the store, which also were
// references to them.
func (c *Context) removed(sessions ...*Session) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reportRemoved {
		c.gone = append(c.gone, sessions...)
		return
	}
	for _, s := range sessions {
		s.Release()
	}
}

// ReportRemoved says whether Removed is to tell what leaves the store.
func (c *Context) ReportRemoved(report bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reportRemoved = report
}

// Removed returns a session that has left the store, with a reference, or nil
// if there are no more.
func (c *Context) Removed() (s *Session) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.gone) > 0 {
		s, c.gone = c.gone[0], c.gone[1:]
	}
	return s
}

// FlushSessions is SSL_CTX_flush_sessions: it takes out what is expired at a
// time in seconds since 1970, or everything at 0.
func (c *Context) FlushSessions(at int64) {
	var when time.Time
	if at != 0 {
		when = time.Unix(at, 0)
	}
	c.removed(c.store.flush(when)...)
}

// SetSessionIDContext is SSL_set_session_id_context.
func (s *Settings) SetSessionIDContext(id []byte) *Error {
	if len(id) > libtls.MaxSessionID {
		return errSessionIDContext
	}
	s.context = append([]byte(nil), id...)
	return nil
}

// SetALPN is SSL_set_alpn_protos: names, each behind its length.
func (s *Settings) SetALPN(list []byte) *Error {
	var names []string
	for len(list) > 0 {
		n := int(list[0])
		if n == 0 || n >= len(list) {
			return new(Error) // OpenSSL says nothing
		}
		names = append(names, string(list[1:1+n]))
		list = list[1+n:]
	}
	s.alpn = names
	return nil
}

func allOf(version uint16) (ids []suite.ID) {
	for _, s := range suite.All {
		if s.Version == version {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

func keepVersion(ids []suite.ID, version uint16) (kept []suite.ID) {
	for _, id := range ids {
		if suite.ByID(id).Version == version {
			kept = append(kept, id)
		}
	}
	return kept
}

// SetCipherList is SSL_CTX_set_cipher_list, which is for TLS 1.2 alone.
func (s *Settings) SetCipherList(list string) *Error {
	// The colon keeps libtls's keywords out.
	suites := keepVersion(suite.ParseCiphers(list+":"), suite.TLS12)
	if len(suites) == 0 {
		return errNoCipherMatch
	}
	s.suites12 = suites
	return nil
}

// SetCiphersuites is SSL_CTX_set_ciphersuites: names of TLS 1.3 suites,
// separated by colons. Unknown names are skipped. An empty list has no suites.
func (s *Settings) SetCiphersuites(list string) *Error {
	var ids []suite.ID
	for name := range strings.SplitSeq(list, ":") {
		for _, id := range allOf(suite.TLS13) {
			if suite.ByID(id).Name == strings.TrimSpace(name) && !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	if list != "" && ids == nil {
		return errNoCipherMatch
	}
	s.suites13 = ids
	return nil
}

// SetGroups is SSL_set1_groups_list.
func (s *Settings) SetGroups(list string) *Error {
	var groups []suite.Group
	for name := range strings.SplitSeq(list, ":") {
		g := suite.GroupByName(name)
		if g == nil {
			return errInvalidArgument.with("group '" + name + "' cannot be set")
		}
		groups = append(groups, g.Group)
	}
	s.groups = groups
	return nil
}

// SetServerName is SSL_set_tlsext_host_name; nil clears.
func (s *Settings) SetServerName(name *string) *Error {
	if name == nil {
		s.serverName = ""
		return nil
	}
	if *name == "" || len(*name) > 255 {
		return errInvalidServerName
	}
	s.serverName = *name
	return nil
}

// allows tells whether the settings leave a version enabled.
func (s *Settings) allows(version uint16) bool {
	off := map[uint16]int64{suite.TLS12: optionNoTLS12, suite.TLS13: optionNoTLS13}
	low, high := s.numbers[MinVersion], s.numbers[MaxVersion]
	return !s.has(off[version]) && int64(version) >= low && (high == 0 || int64(version) <= high)
}

// engineConfig returns what both roles tell the engine.
func (s *Settings) engineConfig() *protocol.Config {
	e := drive.NewConfig(append(s.suites13[:len(s.suites13):len(s.suites13)], s.suites12...), s.groups, s.allows)
	e.Tickets = true
	e.NoTickets12 = s.has(optionNoTicket)
	return e
}

func (s *Settings) has(option int64) bool { return s.numbers[Options]&option != 0 }

// A Suite is an SSL_CIPHER.
type Suite struct {
	ID                          suite.ID
	Bits                        int
	Name, StandardName, Version string
}

// Suites returns all there are.
func Suites() (all []Suite) {
	for _, s := range suite.All {
		version := "TLSv1.2"
		if s.Version == suite.TLS13 {
			version = "TLSv1.3"
		}
		all = append(all, Suite{ID: s.ID, Bits: s.Strength, Name: s.OpenSSLName, StandardName: s.Name, Version: version})
	}
	return all
}
