package ssl

import (
	"bytes"
	"slices"
	"testing"

	"libtls"

	"libtls/internal/suite"
)

func TestSetALPN(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		list string
		want []string // nil is malformed
	}{
		{"\x02h2\x08http/1.1", []string{"h2", "http/1.1"}},
		{"", []string{}},
		{"\x00", nil},
		{"\x03h2", nil},
		{"\x02h2\x00", nil},
	} {
		s := Settings{alpn: []string{"before"}}
		err := s.SetALPN([]byte(test.list))
		if (err == nil) != (test.want != nil) {
			t.Errorf("%q: error %v", test.list, err)
		}
		if err == nil && !slices.Equal(s.alpn, test.want) {
			t.Errorf("%q: %q, want %q", test.list, s.alpn, test.want)
		}
	}
}

// What SSL_CTX_get_options(3) and SSL_CTX_get_session_cache_mode(3) return of a
// new context.
func TestDefaults(t *testing.T) {
	t.Parallel()
	c, err := NewContext(newMemory())
	if err != nil {
		t.Fatal(err)
	}
	for setting, want := range map[Setting]int64{Options: 0x20000 | 0x100000, CacheMode: 2, NumTickets: 2, Timeout: 7200} {
		if got := c.Get(setting); got != want {
			t.Errorf("setting %d: %#x, want %#x", setting, got, want)
		}
	}
}

func TestSuitesTellTheirVersion(t *testing.T) {
	t.Parallel()
	for _, s := range Suites() {
		if want := suite.ByID(s.ID).Version == suite.TLS13; (s.Version == "TLSv1.3") != want || !want && s.Version != "TLSv1.2" {
			t.Errorf("%s: %s", s.Name, s.Version)
		}
	}
}

func TestSetHost(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		ip   bool
		ok   bool
	}{
		{"server.test", false, true}, {"", false, true}, {"192.0.2.1", true, true}, {"2001:db8::1", true, true},
		{"server.test", true, false}, {"fe80::1%eth0", true, false},
	} {
		s := Settings{host: host{name: "before"}}
		err := s.SetHost(test.name, test.ip)
		want := host{test.name, test.ip}
		if !test.ok {
			want = host{name: "before"}
		}
		if (err == nil) != test.ok || s.host != want {
			t.Errorf("%q: %v, %+v", test.name, err, s.host)
		}
	}
}

func TestVersions(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		options, low, high int64
		first, last        uint16
	}{
		{0, 0, 0, suite.TLS12, suite.TLS13},
		{optionNoTLS13, 0, 0, suite.TLS12, suite.TLS12},
		{optionNoTLS12, 0, 0, suite.TLS13, suite.TLS13},
		{optionNoTLS12 | optionNoTLS13, 0, 0, 0, 0},
		{0, 0x304, 0, suite.TLS13, suite.TLS13},
		{0, 0, 0x303, suite.TLS12, suite.TLS12},
		{0, 0x301, 0x302, 0, 0},
		{0, 0x304, 0x303, 0, 0},
	} {
		c, err := NewContext(newMemory())
		if err != nil {
			t.Fatal(err)
		}
		c.Set(Options, test.options)
		c.Set(MinVersion, test.low)
		c.Set(MaxVersion, test.high)
		if e := c.engineConfig(); e.MinVersion != test.first || e.MaxVersion != test.last {
			t.Errorf("options %#x, %#x to %#x: %#x to %#x, want %#x to %#x",
				test.options, test.low, test.high, e.MinVersion, e.MaxVersion, test.first, test.last)
		}
	}
}

func TestCiphers(t *testing.T) {
	t.Parallel()
	c, err := NewContext(newMemory())
	if err != nil {
		t.Fatal(err)
	}
	for _, list := range []string{"DEFAULT", "HIGH:!aNULL", "ECDHE-RSA-AES128-GCM-SHA256"} {
		if err := c.SetCipherList(list); err != nil {
			t.Errorf("%s: %v", list, err)
		}
		if len(c.suites12) == 0 || len(keepVersion(c.suites12, suite.TLS13)) > 0 {
			t.Errorf("%s: %v", list, c.suites12)
		}
	}
	before := slices.Clone(c.suites12)
	for _, list := range []string{"", "nothing", "TLS_AES_128_GCM_SHA256"} {
		if err := c.SetCipherList(list); err != errNoCipherMatch {
			t.Errorf("%q: %v", list, err)
		}
	}
	if !slices.Equal(c.suites12, before) {
		t.Error("a list that is refused changes the suites")
	}
	if err := c.SetCiphersuites("TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384"); err != nil {
		t.Error(err)
	}
	if !slices.Equal(c.suites13, []suite.ID{suite.AES128GCMSHA256, suite.AES256GCMSHA384}) {
		t.Errorf("suites of TLS 1.3: %v", c.suites13)
	}
	for _, list := range []string{"nothing", ":", "tls_aes_128_gcm_sha256"} {
		if err := c.SetCiphersuites(list); err != errNoCipherMatch || len(c.suites13) != 2 {
			t.Errorf("%q: %v, %d suites", list, err, len(c.suites13))
		}
	}
	if err := c.SetCiphersuites("nothing: TLS_AES_128_GCM_SHA256 :TLS_AES_128_GCM_SHA256"); err != nil ||
		!slices.Equal(c.suites13, []suite.ID{suite.AES128GCMSHA256}) {
		t.Errorf("among an unknown suite: %v, %v", err, c.suites13)
	}
}

func TestConnectionsTakeOverSettings(t *testing.T) {
	t.Parallel()
	c, err := NewContext(newMemory())
	if err != nil {
		t.Fatal(err)
	}
	if got := NewConn(c).Get(NumTickets); got != libtls.DefaultTickets {
		t.Errorf("%d tickets by default, want %d", got, libtls.DefaultTickets)
	}
	c.Set(NumTickets, 7)
	conn := NewConn(c)
	c.Set(NumTickets, 8)
	if got := conn.Get(NumTickets); got != 7 {
		t.Errorf("%d tickets, want the 7 of the context when the connection was made", got)
	}
	conn.Set(NumTickets, 9)
	if got := c.Get(NumTickets); got != 8 {
		t.Errorf("a connection's setting changed its context's to %d", got)
	}
}

// Ticket keys are read back as they were set, and those of another length refused.
func TestTicketKeys(t *testing.T) {
	t.Parallel()
	c, err := NewContext(newMemory())
	if err != nil {
		t.Fatal(err)
	}
	var before, after [libtls.OpenSSLKeySize]byte
	keys := make([]byte, len(before))
	for i := range keys {
		keys[i] = byte(i)
	}
	c.TicketKeys(before[:])
	if e := c.SetTicketKeys(keys); e != nil || bytes.Equal(before[:], keys) {
		t.Errorf("%v, and the keys before were % x", e, before)
	}
	if e := c.TicketKeys(after[:]); e != nil || !bytes.Equal(after[:], keys) {
		t.Errorf("%v, and the keys are % x", e, after)
	}
	if c.SetTicketKeys(keys[1:]) != errTicketKeysLength || c.TicketKeys(after[1:]) != errTicketKeysLength {
		t.Error("keys that are too short")
	}
}
