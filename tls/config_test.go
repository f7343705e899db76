package tls

import (
	"bytes"
	"crypto/x509"
	"math"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"libtls"
	"libtls/internal/credential"
	"libtls/internal/drive"
	"libtls/internal/plain"
	"libtls/internal/suite"
)

// text is what a setter's error says, "" if there is none.
func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestDefaults(t *testing.T) {
	c, other := NewConfig(), NewConfig()
	if c.protocols != ProtocolsDefault || c.verifyDepth != 6 || c.sessions != nil || c.lifetime != 0 ||
		c.clientAuth != clientCertNone || c.noVerifyCert || c.noVerifyName || c.noVerifyTime || c.requireStaple ||
		c.preferClient || c.alpnList() != nil || c.ca != nil || c.crl != nil || c.caPath != "" ||
		c.keypair.cert != nil || c.keypair.key != nil || c.added != nil || c.groups != nil {
		t.Errorf("%+v", c)
	}
	if c.sessionID == other.sessionID || c.sessionID == [libtls.MaxSessionID]byte{} {
		t.Error("the session id context is not random")
	}
	e := c.engine()
	if !equal(e.Suites, suite.ParseCiphers("default")) || len(e.Suites) != 9 || !equal(e.Groups, suite.DefaultGroups) || e.PreferPeerSuites ||
		e.MinVersion != suite.TLS12 || e.MaxVersion != suite.TLS13 {
		t.Errorf("%+v", e)
	}
}

func TestVersions(t *testing.T) {
	for _, tc := range []struct {
		bits        uint32
		ciphers     string
		first, last uint16
	}{
		{ProtocolsDefault, "secure", suite.TLS12, suite.TLS13},
		{ProtocolTLS12, "secure", suite.TLS12, suite.TLS12},
		{ProtocolTLS13, "secure", suite.TLS13, suite.TLS13},
		{ProtocolsDefault, "TLSv1.3", suite.TLS13, suite.TLS13},
		{ProtocolsDefault, "HIGH:!TLSv1.3", suite.TLS12, suite.TLS12},
		{ProtocolTLS12, "TLSv1.3", 0, 0},
		{ProtocolTLS10 | ProtocolTLS11, "secure", 0, 0},
		{0, "secure", 0, 0},
	} {
		c := NewConfig()
		c.SetProtocols(tc.bits)
		if err := c.SetCiphers(&tc.ciphers); err != nil {
			t.Fatal(err)
		}
		if e := c.engine(); e.MinVersion != tc.first || e.MaxVersion != tc.last {
			t.Errorf("%#x, %s: %#x to %#x", tc.bits, tc.ciphers, e.MinVersion, e.MaxVersion)
		}
	}
}

func equal[T comparable](a, b []T) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// protocolVectors are those of tls_config_parse_protocols(3); -1 is a failure.
var protocolVectors = map[string]int64{
	"": -1, "all": 0x18, "ALL": 0x18, "default": 0x18, "secure": 0x18, "legacy": 0x18, "tlsv1": 0x18,
	"TLSv1.2": 0x8, " tlsv1.2": 0x8, "\ttlsv1.3": 0x10, "tlsv1.2 ": -1, "tlsv1.2 ,tlsv1.3": -1,
	"tlsv1.2,, tlsv1.3": -1, "tlsv1.2,": -1, "!tlsv1.2": 0x10, "! tlsv1.2": -1, "all:!tlsv1.3": 0x8,
	"!all": 0, "!all,tlsv1.2": 0x8, "!tlsv1.2,!tlsv1.3,!tlsv1.0,!tlsv1.1,!tlsv1.0": 0x18,
	"tlsv1.2,!tlsv1.2": 0, "tlsv1.2,!tlsv1.2,!tlsv1.3": 0x8, "tlsv1.0": 2, "tlsv1.1": 4, "sslv3": -1,
	"!!tlsv1.2": -1, "tlsv1.2;tlsv1.3": -1, "tlsv1.2 tlsv1.3": -1, "!sslv3": -1, "all,!tlsv1.0": 0x18,
	"tlsv1.2: \t tlsv1.3": 0x18,
}

func TestParseProtocols(t *testing.T) {
	if bits, ok := ParseProtocols(nil); !ok || bits != 0x18 {
		t.Errorf("NULL: %#x", bits)
	}
	for list, want := range protocolVectors {
		bits, ok := ParseProtocols(&list)
		if ok != (want >= 0) || ok && bits != uint32(want) {
			t.Errorf("%q: %#x, %v; want %#x", list, bits, ok, want)
		}
	}
}

func FuzzParseProtocols(f *testing.F) {
	for list := range protocolVectors {
		f.Add(list)
	}
	f.Fuzz(func(t *testing.T, list string) {
		if bits, ok := ParseProtocols(&list); bits&^0x1e != 0 || !ok && bits != 0 {
			t.Errorf("%#x, %v", bits, ok)
		}
	})
}

func TestSetALPN(t *testing.T) {
	long := strings.Repeat("x", 255)
	for _, tc := range []struct {
		list, want string
		protocols  []string
	}{
		{"h2", "", []string{"h2"}},
		{"h2,http/1.1", "", []string{"h2", "http/1.1"}},
		{" h2 ,x", "", []string{" h2 ", "x"}},
		{long, "", []string{long}},
		{"", "alpn protocol with zero length", nil},
		{",h2", "alpn protocol with zero length", nil},
		{"h2,", "alpn protocol with zero length", nil},
		{"h2,,x", "alpn protocol with zero length", nil},
		{long + "x", "alpn protocol too long", nil},
		{strings.Repeat("abc,", 16383) + "ab", "", append(strings.Split(strings.Repeat("abc,", 16383), ",")[:16383], "ab")},
		{strings.Repeat("abc,", 16383) + "abc", "alpn too large", nil},
	} {
		c := NewConfig()
		c.SetALPN("old")
		if got := text(c.SetALPN(tc.list)); got != tc.want || !equal(c.alpnList(), tc.protocols) {
			t.Errorf("%.20q: %q", tc.list, got)
		}
	}
}

func FuzzSetALPN(f *testing.F) {
	f.Add("h2,http/1.1")
	f.Add(",")
	f.Fuzz(func(t *testing.T, list string) {
		c := NewConfig()
		if err := c.SetALPN(list); err != nil {
			if c.alpnList() != nil {
				t.Error("ALPN left on")
			}
			return
		}
		if strings.Join(c.alpnList(), ",") != list {
			t.Errorf("%q", c.alpnList())
		}
	})
}

func TestSetECDHECurves(t *testing.T) {
	for _, tc := range []struct {
		list, want string
		groups     []suite.Group
	}{
		{"default", "", nil},
		{"DEFAULT", "", nil},
		{"X25519", "", []suite.Group{suite.X25519}},
		{"P-256:prime256v1, \tsecp384r1", "", []suite.Group{suite.P256, suite.P384}},
		{"secp521r1,X25519MLKEM768", "", []suite.Group{suite.P521, suite.X25519MLKEM768}},
		{"secp256r1", "invalid ecdhe curve 'secp256r1'", nil},
		{"p-256", "invalid ecdhe curve 'p-256'", nil},
		{"x25519", "invalid ecdhe curve 'x25519'", nil},
		{"auto", "invalid ecdhe curve 'auto'", nil},
		{"none", "invalid ecdhe curve 'none'", nil},
		{"", "invalid ecdhe curve ''", nil},
		{"X25519,", "invalid ecdhe curve ''", nil},
		{"X25519 ,P-256", "invalid ecdhe curve 'X25519 '", nil},
		{"P-256,default", "invalid ecdhe curve 'default'", nil},
	} {
		c := NewConfig()
		c.SetECDHECurves(new("P-521"))
		if got := text(c.SetECDHECurves(&tc.list)); got != tc.want || !equal(c.groups, tc.groups) {
			t.Errorf("%q: %q, %v", tc.list, got, c.groups)
		}
	}
	for _, tc := range []struct {
		curve, want string
		groups      []suite.Group
	}{
		{"none", "", nil},
		{"Auto", "", nil},
		{"default", "", nil},
		{"P-384", "", []suite.Group{suite.P384}},
		{"P-384,P-256", "invalid ecdhe curve 'P-384,P-256'", []suite.Group{suite.P521}},
		{"P-384:", "invalid ecdhe curve 'P-384:'", []suite.Group{suite.P521}},
		{"bogus", "invalid ecdhe curve 'bogus'", nil},
	} {
		c := NewConfig()
		c.SetECDHECurves(new("P-521"))
		if got := text(c.SetECDHECurve(&tc.curve)); got != tc.want || !equal(c.groups, tc.groups) {
			t.Errorf("%q alone: %q, %v", tc.curve, got, c.groups)
		}
	}
	c := NewConfig()
	if c.SetECDHECurves(nil) != nil || c.SetECDHECurve(nil) != nil || c.groups != nil {
		t.Error("NULL isn't the default")
	}
}

func FuzzSetECDHECurves(f *testing.F) {
	f.Add("P-256:X25519")
	f.Add(" ,")
	f.Fuzz(func(t *testing.T, list string) {
		c := NewConfig()
		if err := c.SetECDHECurves(&list); len(c.groups) > len(suite.Groups) || err != nil && c.groups != nil {
			t.Errorf("%v, %v", c.groups, err)
		}
	})
}

func TestSetCiphers(t *testing.T) {
	c := NewConfig()
	if got := text(c.SetCiphers(new("bogus"))); got != "no ciphers for 'bogus'" || c.suites != nil {
		t.Errorf("%q, %v", got, c.suites)
	}
	if err := c.SetCiphers(new("TLS_CHACHA20_POLY1305_SHA256")); err != nil {
		t.Fatal(err)
	}
	c.SetCiphers(new("!!"))
	if e := c.engine(); !equal(e.Suites, []suite.ID{suite.ChaCha20Poly1305SHA256}) {
		t.Errorf("%v", e.Suites)
	}
	if c.SetCiphers(nil); len(c.engine().Suites) != 9 {
		t.Error("NULL isn't the default")
	}
	for _, keyword := range []string{"default", "secure", "compat", "legacy", "all", "insecure"} {
		if err := c.SetCiphers(&keyword); err != nil {
			t.Error(err)
		}
	}
}

func TestSetDHEParams(t *testing.T) {
	c := NewConfig()
	for params, want := range map[string]string{
		"none": "", "Auto": "", "LEGACY": "", "": "invalid dhe param ''", "1024": "invalid dhe param '1024'",
	} {
		if got := text(c.SetDHEParams(&params)); got != want {
			t.Errorf("%q: %q", params, got)
		}
	}
	if c.SetDHEParams(nil) != nil {
		t.Error("NULL was refused")
	}
}

func TestSetSessionLifetime(t *testing.T) {
	c := NewConfig()
	for _, tc := range []struct {
		seconds int
		want    string
		kept    time.Duration
	}{
		{math.MinInt32, "session lifetime too small", 0},
		{-1, "session lifetime too small", 0},
		{1, "session lifetime too small", 0},
		{3, "session lifetime too small", 0},
		{4, "", 4 * time.Second},
		{86400, "", 24 * time.Hour},
		{86401, "session lifetime too large", 24 * time.Hour},
		{0, "", 0},
	} {
		if got := text(c.SetSessionLifetime(tc.seconds)); got != tc.want || c.sessionLifetime() != tc.kept {
			t.Errorf("%d: %q, %v", tc.seconds, got, c.sessionLifetime())
		}
	}
}

func TestSetSessionID(t *testing.T) {
	c := NewConfig()
	if err := c.SetSessionID([]byte("context")); err != nil || c.sessionID != [32]byte{'c', 'o', 'n', 't', 'e', 'x', 't'} {
		t.Errorf("%v, %x", err, c.sessionID)
	}
	if got := text(c.SetSessionID(make([]byte, 33))); got != "session ID too large" || c.sessionID[0] != 'c' {
		t.Errorf("%q", got)
	}
	if err := c.SetSessionID(nil); err != nil || c.sessionID != [32]byte{} {
		t.Errorf("%v, %x", err, c.sessionID)
	}
}

// As tls_config_add_ticket_key(3) has it, but for revision 0, which works here.
func TestAddTicketKey(t *testing.T) {
	k1, k2 := bytes.Repeat([]byte{1}, 48), bytes.Repeat([]byte{2}, 48)
	const present, amount = "ticket key already present", "wrong amount of ticket key data"
	c := NewConfig()
	for i, tc := range []struct {
		revision uint32
		key      []byte
		want     string
	}{
		{1, k1[:47], amount}, {1, append(k1, 0), amount}, {1, k1, ""}, {1, k1, ""}, {1, k2, present}, {2, k1, ""},
		{1, k1, present}, {2, k1, ""}, {3, k1, ""}, {4, k1, ""}, {0, k1, ""}, {1, k1, ""},
	} {
		if got := text(c.AddTicketKey(tc.revision, tc.key)); got != tc.want {
			t.Errorf("step %d: %q; want %q", i, got, tc.want)
		}
	}
}

func TestErrorCodes(t *testing.T) {
	c := NewConfig()
	word := "nonsense"
	for _, test := range []struct {
		err  error
		code int
	}{
		{c.SetALPN(""), ErrorInvalidArgument},
		{c.SetALPN(strings.Repeat("x", 256)), ErrorInvalidArgument},
		{c.SetALPN(strings.Repeat("x", 65535)), ErrorInvalidArgument},
		{c.SetSessionLifetime(1), ErrorInvalidArgument},
		{c.SetSessionLifetime(86401), ErrorInvalidArgument},
		{c.SetSessionID(make([]byte, 33)), ErrorInvalidArgument},
		{NewConfig().AddTicketKey(1, nil), ErrorUnknown},
		{c.SetDHEParams(&word), ErrorUnknown},
		{c.SetECDHECurve(&word), ErrorUnknown},
		{c.SetECDHECurves(&word), ErrorUnknown},
		{c.SetCiphers(&word), ErrorUnknown},
		{c.SetCertMem([]byte(word)), ErrorUnknown},
		{NewServer().Connect("x", true, ""), ErrorInvalidContext},
		{NewServer().Configure(nil), ErrorUnknown},
		{NewClient().Connect("", false, ""), ErrorUnknown},
	} {
		if err, ok := test.err.(*Error); !ok || err.Code != test.code {
			t.Errorf("%v: %#v", test.err, err)
		}
	}
}

func TestEmpty(t *testing.T) {
	c := NewConfig()
	if err := c.SetCAMem([]byte{}); err != nil || c.ca == nil {
		t.Errorf("empty CAs: %v", err)
	}
	if got := text(c.SetCertMem([]byte{})); got != "failed to load certificate: no start line" {
		t.Error(got)
	}
}

// What is longer than a C program's int can say is refused, before it is looked into.
func TestTooLong(t *testing.T) {
	size := math.MaxInt32
	long, err := syscall.Mmap(-1, 0, size+1, syscall.PROT_READ, syscall.MAP_PRIVATE|syscall.MAP_ANON|syscall.MAP_NORESERVE)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Munmap(long)
	c := NewConfig()
	cert := newAuthority(t, "root").pem()
	for _, test := range []struct {
		err  error
		what string
	}{
		{c.SetCertMem(long), "certificate"},
		{c.SetKeyMem(long), "key"},
		{c.SetOCSPStapleMem(long), "ocsp staple"},
		{c.SetKeypairOCSPMem(long, nil, nil), "certificate"},
		{c.SetKeypairOCSPMem(cert, long, nil), "key"},
		{c.SetKeypairOCSPMem(cert, nil, long), "ocsp staple"},
		{c.AddKeypairOCSPMem(long, nil, nil), "certificate"},
		{c.AddKeypairOCSPMem(cert, long, nil), "key"},
		{c.AddKeypairOCSPMem(cert, nil, long), "ocsp staple"},
		{c.SetCAMem(long), "ca"},
		{c.SetCRLMem(long), "crl"},
	} {
		if got := text(test.err); got != test.what+" too long" {
			t.Errorf("%s: %q", test.what, got)
		}
	}
	if c.keypair.cert != nil || len(c.added) != 0 {
		t.Error("something of it was taken")
	}
}

func TestDecryptKey(t *testing.T) {
	want, err := os.ReadFile("../internal/credential/testdata/keys/p8.pem")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("../internal/credential/testdata/keys/*.pem")
	if err != nil || len(files) != 9 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		encrypted := bytes.Contains(raw, []byte("ENCRYPTED"))
		if _, err := credential.ParseKey(raw); (err != nil) != encrypted {
			t.Errorf("%s as it is: %v", file, err)
		}
		for password, good := range map[string]bool{
			"secret": true, "wrong": !encrypted, "": !encrypted, strings.Repeat("x", 1024): false,
		} {
			key, err := DecryptKey(raw, password)
			if good != (err == nil) || good && !bytes.Equal(key, want) {
				t.Errorf("%s with %.10q: %v", file, password, err)
			}
		}
	}
}

func TestKeypairs(t *testing.T) {
	ca := newAuthority(t, "root")
	p, same, rsa := ca.issue(t, "", "a.test"), ca.issue(t, "", "b.test"), ca.issue(t, "rsa", "c.test")
	garbage := []byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
	encrypted, err := os.ReadFile("../internal/credential/testdata/keys/legacy-aes.pem")
	if err != nil {
		t.Fatal(err)
	}
	combined := append(bytes.Clone(p.key), p.cert...)
	crlf := bytes.ReplaceAll(p.cert, []byte("\n"), []byte("\r\n"))
	const mismatch = "private/public key mismatch"
	for _, tc := range []struct {
		name           string
		cert, key      []byte
		skip           bool
		server, client string
	}{
		{"good", p.cert, p.key, false, "", ""},
		{"one file for both", combined, combined, false, "", ""},
		{"CRLF", crlf, p.key, false, "", ""},
		{"nothing", nil, nil, false, mismatch, ""},
		{"no key", p.cert, nil, false, mismatch, mismatch},
		{"no certificate", nil, p.key, false, mismatch, mismatch},
		{"other key", p.cert, same.key, false, "failed to load private key", "failed to load private key"},
		{"other algorithm", p.cert, rsa.key, false, mismatch, mismatch},
		{"garbage key", p.cert, garbage, false, "failed to read private key: block 1: damaged private key", "failed to read private key: block 1: damaged private key"},
		{"encrypted key", p.cert, encrypted, false, "failed to read private key", "failed to read private key"},
		{"empty key", p.cert, []byte{}, false, "failed to read private key", "failed to read private key"},
		{"garbage key, no certificate", nil, garbage, false, "failed to read private key: block 1: damaged private key", "failed to read private key: block 1: damaged private key"},
		{"no key, no check", p.cert, nil, true, "", ""},
		{"other key, no check", p.cert, same.key, true, "failed to load private key", "failed to load private key"},
		{"no certificate, no check", nil, p.key, true, "public key hash not set", "public key hash not set"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := NewConfig()
			c.SetCAMem(ca.pem())
			if tc.skip {
				c.SkipPrivateKeyCheck()
			}
			if err := c.SetKeypairMem(tc.cert, tc.key); err != nil {
				t.Fatal(err)
			}
			if got := text(NewServer().Configure(c)); got != tc.server {
				t.Errorf("server: %q", got)
			}
			client := NewClient()
			if err := client.Configure(c); err != nil {
				t.Errorf("client: %v", err)
			}
			if got := text(client.Connect("a.test", true, "")); got != tc.client {
				t.Errorf("client: %q", got)
			}
		})
	}

	c := NewConfig()
	if err := c.AddKeypairMem(p.cert, p.key); err != nil {
		t.Fatal(err)
	}
	if got := text(NewServer().Configure(c)); got != mismatch {
		t.Errorf("without a primary pair: %q", got)
	}
	if got := text(c.AddKeypairMem([]byte("junk"), p.key)); !strings.HasPrefix(got, "failed to load certificate: ") || len(c.added) != 1 {
		t.Errorf("%q, %d pairs", got, len(c.added))
	}
	if text(c.SetCertMem([]byte("junk"))) == "" || string(c.keypair.cert) != "junk" {
		t.Error("the bad bytes are gone")
	}
	if text(c.SetCertMem(encodePEM("TRUSTED CERTIFICATE", p.leaf.Raw))) == "" {
		t.Error("TRUSTED CERTIFICATE was taken")
	}
	c.SetKeypairMem(p.cert, p.key)
	if err := NewServer().Configure(c); err != nil {
		t.Fatal(err)
	}
	held := c.keypair.key
	c.ClearKeys()
	if c.keypair.key != nil || c.added[0].key != nil || !bytes.Equal(held, make([]byte, len(held))) {
		t.Error("the keys are still there")
	}
	client := NewClient()
	client.Configure(c)
	if got := text(client.Connect("a.test", true, "")); got != mismatch {
		t.Errorf("client after ClearKeys: %q", got)
	}
	weak := ca.issue(t, "", "a.test", func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCRLSign })
	c = NewConfig()
	c.SetKeypairMem(weak.cert, weak.key)
	if got := text(NewServer().Configure(c)); got != "certificate can't be used: its key usage forbids signing" {
		t.Errorf("certificate that may not sign: %q", got)
	}
	c = NewConfig()
	c.SetKeypairMem(p.cert, p.key)
	c.SetProtocols(ProtocolTLS12)
	onlyRSA := "ECDHE-RSA-AES128-GCM-SHA256"
	c.SetCiphers(&onlyRSA)
	if got := text(NewServer().Configure(c)); got != "no cipher suite can be used with the certificates' keys" {
		t.Errorf("suites for other keys: %q", got)
	}
	c.AddKeypairMem(rsa.cert, rsa.key)
	if got := text(NewServer().Configure(c)); got != "" {
		t.Errorf("a suite for one key: %q", got)
	}
}

// A client that can't verify one kind of signature gets the certificate of the
// same name that it can.
func TestChoiceByKey(t *testing.T) {
	ca := newAuthority(t, "root")
	ec, rsa, other := ca.issue(t, "", "a.test"), ca.issue(t, "rsa", "a.test"), ca.issue(t, "", "b.test")
	for name, test := range map[string]struct {
		primary pair
		added   []pair
		suites  string
		server  string
		want    pair
	}{
		"both added, RSA":        {other, []pair{ec, rsa}, "ECDHE-RSA-AES128-GCM-SHA256", "a.test", rsa},
		"both added, ECDSA":      {other, []pair{rsa, ec}, "ECDHE-ECDSA-AES128-GCM-SHA256", "a.test", ec},
		"both added, either":     {other, []pair{rsa, ec}, "secure", "a.test", rsa},
		"one is primary, RSA":    {rsa, []pair{ec}, "ECDHE-RSA-AES128-GCM-SHA256", "a.test", rsa},
		"one is primary, ECDSA":  {rsa, []pair{ec}, "ECDHE-ECDSA-AES128-GCM-SHA256", "a.test", ec},
		"without a name, ECDSA":  {rsa, []pair{ec}, "ECDHE-ECDSA-AES128-GCM-SHA256", "192.0.2.1", ec},
		"a name of the primary":  {other, []pair{rsa, ec}, "secure", "b.test", other},
		"a name nobody has, RSA": {other, []pair{rsa}, "ECDHE-RSA-AES128-GCM-SHA256", "c.test", rsa},
	} {
		t.Run(name, func(t *testing.T) {
			c := NewConfig()
			c.SetKeypairMem(test.primary.cert, test.primary.key)
			for _, p := range test.added {
				c.AddKeypairMem(p.cert, p.key)
			}
			cc := NewConfig()
			cc.SetCAMem(ca.pem())
			cc.SetProtocols(ProtocolTLS12)
			cc.InsecureNoVerifyName()
			if err := cc.SetCiphers(&test.suites); err != nil {
				t.Fatal(err)
			}
			client, server := connectPair(dial(t, cc, test.server), accept(t, c))
			if ce, se := handshake(client, server); ce != "" || se != "" {
				t.Fatal(ce, se)
			}
			if !bytes.Equal(client.Context.peer.leaf.Raw, test.want.leaf.Raw) {
				t.Errorf("got %v", client.Context.peer.leaf.PublicKeyAlgorithm)
			}
		})
	}
}

func TestConnect(t *testing.T) {
	ca := newAuthority(t, "root")
	for _, tc := range []struct {
		name    string
		hasName bool
		edit    func(*Config)
		want    string
	}{
		{"server.test", true, nil, ""},
		{"server.test.", true, nil, ""},
		{"192.0.2.1", true, nil, ""},
		{"2001:db8::1", true, nil, ""},
		{"", false, nil, "server name not specified"},
		{"", false, (*Config).InsecureNoVerifyName, ""},
		{"", true, nil, "server name indication failure"},
		{"server.test..", true, nil, "server name indication failure"},
		{"a_b.example", true, nil, "server name indication failure"},
		{"[::1]", true, nil, "server name indication failure"},
		{"b\u00fccher.example", true, nil, "server name indication failure"},
		{"x..y", true, nil, "server name indication failure"},
		{"-x.y", true, nil, "server name indication failure"},
		{"x-.y", true, nil, "server name indication failure"},
		{strings.Repeat("x", 63) + ".y", true, nil, ""},
		{strings.Repeat("x", 64) + ".y", true, nil, "server name indication failure"},
		{strings.Repeat("x.", 127) + "y", true, nil, ""},
		{strings.Repeat("x.", 127) + "yz", true, nil, "server name indication failure"},
		{"server.test", true, func(c *Config) { c.SetCAMem([]byte("junk")) }, "ssl verify memory setup failure"},
		{"server.test", true, func(c *Config) { c.SetCAMem([]byte{}) }, "ssl verify memory setup failure"},
		{"server.test", true, func(c *Config) { c.SetCAMem([]byte("junk")); c.InsecureNoVerifyCert() }, ""},
		{"server.test", true, func(c *Config) { c.SetProtocols(ProtocolTLS12) }, ""},
		{"server.test", true, func(c *Config) { c.SetProtocols(0) }, ""},
	} {
		c := NewConfig()
		c.SetCAMem(ca.pem())
		if tc.edit != nil {
			tc.edit(c)
		}
		client := NewClient()
		client.Configure(c)
		if got := text(client.Connect(tc.name, tc.hasName, "")); got != tc.want {
			t.Errorf("%q: %q; want %q", tc.name, got, tc.want)
		} else if got != "" && text(client.Err()) != got {
			t.Errorf("%q: the context says %v", tc.name, client.Err())
		}
		if tc.want != "" {
			if step := client.Step(drive.Handshake, new(drive.IO)); step != drive.Failed || client.Err().Text != "context not connected" {
				t.Errorf("%q: %v", tc.name, client.Err())
			}
		}
	}
}

func FuzzValidServerName(f *testing.F) {
	f.Add("server.test")
	f.Add("-..x")
	f.Fuzz(func(t *testing.T, name string) {
		if validServerName(name) && (strings.ContainsAny(name, "\x00 _\u00ff") || strings.Contains(name, "..") || name == "") {
			t.Errorf("%q", name)
		}
	})
}

func TestContexts(t *testing.T) {
	server := NewServer()
	if got := text(server.Connect("x", true, "")); got != "not a client context" {
		t.Error(got)
	}
	if got := text(server.Configure(nil)); got != "private/public key mismatch" {
		t.Error(got)
	}

	cc, sc := configs(t, "")
	if err := server.Configure(sc); err != nil {
		t.Fatal(err)
	}
	conn := server.Listener().Accept()
	if got := text(conn.Connect("x", true, "")); got != "not a client context" {
		t.Error(got)
	}
	// A connection outlives its listener, however that ends.
	sc.Release()
	server.Free()
	c, s := connectPair(dial(t, cc, "server.test"), conn)
	mustHandshake(t, c, s)
	c.Free()
	if c.ConnVersion() != "" || c.PeerCertProvided() || c.Err() != nil || c.config != nil {
		t.Error("something is left")
	}
	s.Free()

	// A server that can't use its configuration can't accept by the old one.
	server = NewServer()
	server.Configure(mustServerConfig(t))
	server.Configure(NewConfig())
	if server.Listener() != nil {
		t.Error("the old configuration is still there")
	}
}

func mustServerConfig(t *testing.T) *Config {
	_, sc := configs(t, "")
	return sc
}

// Whatever ends a connection clears its secrets.
func TestEndOfConnection(t *testing.T) {
	for name, end := range map[string]func(*Context){
		"tls_free, tls_reset": (*Context).Free,
		"tls_connect":         func(c *Context) { c.Connect("server.test", true, "") },
	} {
		client, server := configs(t, "")
		c, s := connectPair(dial(t, client, "server.test"), accept(t, server))
		mustHandshake(t, c, s)
		secret := []byte("secret")
		c.offered = &libtls.Session{Secret: secret}
		if end(c.Context); !bytes.Equal(secret, make([]byte, len(secret))) {
			t.Errorf("%s: %q", name, secret)
		}
	}
}

func TestRelease(t *testing.T) {
	c := NewConfig()
	c.SetKeyMem([]byte("secret"))
	c.AddTicketKey(1, bytes.Repeat([]byte{1}, 48))
	key := c.keypair.key
	none := plain.Encode(libtls.NewTicketKeys().Fields)
	client := NewClient()
	client.Configure(c)
	c.Release()
	if string(key) != "secret" || bytes.Equal(plain.Encode(c.tickets.Fields), none) {
		t.Error("wiped while in use")
	}
	client.Free()
	if string(key) == "secret" || !bytes.Equal(plain.Encode(c.tickets.Fields), none) {
		t.Error("not wiped")
	}
}
