package libtls

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"libtls/internal/suite"
)

// hexBytes is a string of hexadecimal digits in the vectors.
type hexBytes []byte

func (h *hexBytes) UnmarshalText(text []byte) error {
	b, err := hex.DecodeString(strings.TrimPrefix(string(text), "0x"))
	*h = b
	return err
}

// vectorFields is a decoded SSL_SESSION as the vectors give it.
type vectorFields struct {
	Version  hexBytes `json:"ssl_version"`
	Cipher   hexBytes `json:"cipher"`
	ID       hexBytes `json:"session_id"`
	Secret   hexBytes `json:"master_key"`
	Time     int64    `json:"1_time"`
	Timeout  int64    `json:"2_timeout"`
	Peer     hexBytes `json:"3_peer_der"`
	Context  hexBytes `json:"4_sid_ctx"`
	Verify   int      `json:"5_verify_result"`
	HostName string   `json:"6_hostname"`
	Lifetime uint32   `json:"9_ticket_lifetime_hint"`
	Ticket   hexBytes `json:"10_ticket"`
	Flags    int      `json:"13_flags"`
	AgeAdd   uint32   `json:"14_ticket_age_add"`
	ALPN     string   `json:"16_alpn_selected"`
}

// session is what ParseSession should make of f.
func (f *vectorFields) session() *Session {
	s := &Session{
		Version:              binary.BigEndian.Uint16(f.Version),
		Suite:                suite.ID(binary.BigEndian.Uint16(f.Cipher)),
		ID:                   clone(f.ID),
		Secret:               clone(f.Secret),
		Created:              time.Unix(f.Time, 0),
		FullHandshake:        time.Unix(f.Time, 0),
		Timeout:              time.Duration(f.Timeout) * time.Second,
		Lifetime:             f.Lifetime,
		AgeAdd:               f.AgeAdd,
		Ticket:               clone(f.Ticket),
		VerifyResult:         f.Verify,
		Context:              clone(f.Context),
		ServerName:           f.HostName,
		ALPN:                 f.ALPN,
		ExtendedMasterSecret: f.Flags&1 != 0,
	}
	if len(f.Peer) > 0 {
		s.PeerChain = [][]byte{f.Peer}
	}
	return s
}

type sessionVector struct {
	Name    string       `json:"name"`
	PEMFile string       `json:"pem_file"`
	DER     hexBytes     `json:"der"`
	Fields  vectorFields `json:"fields"`
}

func loadVectors[V any](t testing.TB, name string) []V {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata/sessions", name))
	if err != nil {
		t.Fatal(err)
	}
	var v []V
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// withoutUnknown returns the SSL_SESSION der without the fields that
// MarshalSession never writes.
func withoutUnknown(t *testing.T, der []byte) []byte {
	t.Helper()
	in := cryptobyte.String(der)
	var fields, all cryptobyte.String
	if !in.ReadASN1(&fields, asn1.SEQUENCE) {
		t.Fatal("not a SEQUENCE")
	}
	for !fields.Empty() {
		var field cryptobyte.String
		var tag asn1.Tag
		if !fields.ReadAnyASN1Element(&field, &tag) {
			t.Fatal("not a field")
		}
		if tag != fieldTag(15) && tag != fieldTag(19) {
			all = append(all, field...)
		}
	}
	b := cryptobyte.NewBuilder(nil)
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddBytes(all) })
	return b.BytesOrPanic()
}

func TestSessionVectors(t *testing.T) {
	for _, v := range loadVectors[sessionVector](t, "ssl-sessions.json") {
		t.Run(v.Name, func(t *testing.T) {
			want := v.Fields.session()
			got, err := ParseSession(v.DER)
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Fatalf("ParseSession = %+v, %v; want %+v", got, err, want)
			}
			file, err := os.ReadFile(filepath.Join("testdata/sessions", v.PEMFile))
			if err != nil {
				t.Fatal(err)
			}
			if got := ParseSessionsPEM(file); len(got) != 1 || !reflect.DeepEqual(got[0], want) {
				t.Errorf("ParseSessionsPEM = %+v", got)
			}
			// Their writers don't know about the full handshake.
			got.FullHandshake = time.Time{}
			if der, err := MarshalSession(got); err != nil || !bytes.Equal(der, withoutUnknown(t, v.DER)) {
				t.Errorf("MarshalSession = %x, %v", der, err)
			}
		})
	}
}

// fullSession has something in every field.
func fullSession() *Session {
	return &Session{
		Version:       suite.TLS13,
		Suite:         suite.AES256GCMSHA384,
		ID:            bytes.Repeat([]byte{1}, 32),
		Secret:        bytes.Repeat([]byte{2}, 48),
		Created:       time.Unix(1795313304, 0),
		FullHandshake: time.Unix(1795313000, 0),
		Timeout:       2 * time.Hour,
		Lifetime:      300,
		AgeAdd:        0xdf547be8,
		Ticket:        bytes.Repeat([]byte{3}, 200),
		PeerChain:     [][]byte{{0x30, 1, 4}, {0x30, 1, 5}, {0x30, 1, 6}},
		VerifyResult:  18,
		Context:       bytes.Repeat([]byte{7}, 32),
		Binding:       bytes.Repeat([]byte{8}, 32),
		ServerName:    "example.test",
		ALPN:          "h2",
		Staple:        []byte{0x30, 1, 8},
	}
}

func TestSessionRoundTrip(t *testing.T) {
	tests := map[string]func(*Session){
		"full":    func(*Session) {},
		"TLS 1.2": func(s *Session) { s.Version, s.ExtendedMasterSecret, s.FullHandshake = suite.TLS12, true, s.Created },
		"bare": func(s *Session) {
			*s = Session{Version: suite.TLS13, Created: time.Unix(0, 0), FullHandshake: time.Unix(0, 0)}
		},
		"no chain":   func(s *Session) { s.PeerChain = nil },
		"no binding": func(s *Session) { s.Binding = nil },
		"largest": func(s *Session) {
			s.Ticket = bytes.Repeat([]byte{9}, 65535)
			s.ServerName, s.ALPN = strings.Repeat("n", 255), strings.Repeat("a", 255)
			s.Created, s.FullHandshake = time.Unix(1<<40, 0), time.Unix(1<<40, 0)
			s.Timeout = time.Duration(maxSessionTimeout) * time.Second
			s.Lifetime, s.AgeAdd, s.VerifyResult = 1<<32-1, 1<<32-1, 1<<31-1
		},
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			want := fullSession()
			change(want)
			data, err := MarshalSessionsPEM(want)
			if err != nil {
				t.Fatal(err)
			}
			if got := ParseSessionsPEM(data); len(got) != 1 || !reflect.DeepEqual(got[0], want) {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

// A list of sessions keeps its order, and each its own certificates.
func TestSessionListRoundTrip(t *testing.T) {
	a, b, c := fullSession(), fullSession(), fullSession()
	a.Service, c.Service = "port 443", "name c"
	b.PeerChain, b.Staple = b.PeerChain[:1], nil
	c.PeerChain[2], c.Staple = []byte{0x30, 1, 9}, []byte{0x30, 1, 10}
	data, err := MarshalSessionsPEM(a, b, c)
	if err != nil {
		t.Fatal(err)
	}
	if got := ParseSessionsPEM(data); !reflect.DeepEqual(got, []*Session{a, b, c}) {
		t.Errorf("got %+v", got)
	}
}

func TestMarshalSessionFillsID(t *testing.T) {
	s := fullSession()
	s.ID = nil
	der, err := MarshalSession(s)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseSession(der)
	if sum := sha256.Sum256(s.Ticket); err != nil || !bytes.Equal(got.ID, sum[:]) {
		t.Errorf("ID = %x, %v; want %x", got.ID, err, sum)
	}
}

func TestMarshalSessionRefuses(t *testing.T) {
	tests := map[string]func(*Session){
		"version":         func(s *Session) { s.Version = 0x0302 },
		"id":              func(s *Session) { s.ID = make([]byte, 33) },
		"secret":          func(s *Session) { s.Secret = make([]byte, 513) },
		"ticket":          func(s *Session) { s.Ticket = make([]byte, 65536) },
		"binding":         func(s *Session) { s.Binding = make([]byte, 33) },
		"context":         func(s *Session) { s.Context = make([]byte, 33) },
		"ALPN":            func(s *Session) { s.ALPN = strings.Repeat("a", 256) },
		"service":         func(s *Session) { s.Service = strings.Repeat("a", 513) },
		"long name":       func(s *Session) { s.ServerName = strings.Repeat("a", 256) },
		"name with NUL":   func(s *Session) { s.ServerName = "a\x00b" },
		"no time":         func(s *Session) { s.Created = time.Time{} },
		"time too large":  func(s *Session) { s.Created = time.Unix(1<<40+1, 0) },
		"time before 0":   func(s *Session) { s.FullHandshake = time.Unix(-1, 0) },
		"timeout":         func(s *Session) { s.Timeout = -1 },
		"verify result":   func(s *Session) { s.VerifyResult = -1 },
		"no certificate":  func(s *Session) { s.PeerChain[0] = []byte{4, 0} },
		"trailing byte":   func(s *Session) { s.PeerChain[0] = []byte{0x30, 0, 0} },
		"no bytes at all": func(s *Session) { s.PeerChain[0] = nil },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			s := fullSession()
			change(s)
			if der, err := MarshalSession(s); err == nil {
				t.Errorf("encoded as %x", der)
			}
		})
	}
}

// The leading fields of a TLS 1.3 session, and [1].
const (
	leadingFields = "020101" + "02020304" + "04021302" + "0400" + "0400"
	timeField     = "a103" + "020105"
)

func sessionDER(t testing.TB, fields string) []byte {
	t.Helper()
	body, err := hex.DecodeString(fields)
	if err != nil {
		t.Fatal(err)
	}
	b := cryptobyte.NewBuilder(nil)
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddBytes(body) })
	return b.BytesOrPanic()
}

func TestParseSessionRefuses(t *testing.T) {
	tests := map[string]string{
		"nothing":               "",
		"structure version 2":   "020102" + leadingFields[6:],
		"TLS 1.1":               "020101" + "02020302" + leadingFields[14:],
		"negative version":      "0201ff" + leadingFields[6:],
		"non-minimal version":   "02020001" + leadingFields[6:],
		"cipher of 3 bytes":     "020101" + "02020304" + "0403001302" + "0400" + "0400",
		"id of 33 bytes":        "020101" + "02020304" + "04021302" + "0421" + strings.Repeat("00", 33) + "0400",
		"secret of 513 bytes":   "020101" + "02020304" + "04021302" + "0400" + "04820201" + strings.Repeat("00", 513),
		"secret missing":        "020101" + "02020304" + "04021302" + "0400",
		"fields swapped":        leadingFields + "a203020105" + timeField,
		"field twice":           leadingFields + timeField + timeField,
		"time not an integer":   leadingFields + "a103" + "040105",
		"time negative":         leadingFields + "a103" + "0201ff",
		"time not minimal":      leadingFields + "a104" + "02020005",
		"time out of range":     leadingFields + "a108" + "0206" + "010000000001",
		"bytes after the time":  leadingFields + "a105" + "0201050500",
		"time primitive":        leadingFields + "8103" + "020105",
		"universal tag":         leadingFields + "020105",
		"private tag":           leadingFields + "e103" + "020105",
		"peer not a sequence":   leadingFields + "a303" + "040105",
		"two certificates":      leadingFields + "a304" + "30003000",
		"context of 33 bytes":   leadingFields + "a423" + "0421" + strings.Repeat("00", 33),
		"verify result of 2^31": leadingFields + "a507" + "0205" + "0080000000",
		"name of 256 bytes":     leadingFields + "a6820104" + "04820100" + strings.Repeat("61", 256),
		"name with NUL":         leadingFields + "a605" + "0403610062",
		"lifetime of 2^32":      leadingFields + "a907" + "0205" + "0100000000",
		"age_add of 2^32":       leadingFields + "ae07" + "0205" + "0100000000",
		"ALPN of 256 bytes":     leadingFields + "b0820104" + "04820100" + strings.Repeat("61", 256),
		"long form of length":   leadingFields + "a18103" + "020105",
		"indefinite length":     leadingFields + "a180" + "020105" + "0000",
		"length past the end":   leadingFields + "a104" + "020105",
		"tag number of 31":      leadingFields + "bf1f03" + "020105",
	}
	if _, err := ParseSession(sessionDER(t, leadingFields+timeField)); err != nil {
		t.Fatalf("the good one: %v", err)
	}
	for name, fields := range tests {
		t.Run(name, func(t *testing.T) {
			if s, err := ParseSession(sessionDER(t, fields)); err == nil {
				t.Errorf("parsed as %+v", s)
			}
		})
	}
	t.Run("trailing byte", func(t *testing.T) {
		if s, err := ParseSession(append(sessionDER(t, leadingFields+timeField), 0)); err == nil {
			t.Errorf("parsed as %+v", s)
		}
	})
}

func TestParseSessionTolerates(t *testing.T) {
	leading := leadingFields + "8000" + "a103020105" // [0] of SSLv2
	tests := map[string]struct {
		fields string
		change func(*Session)
	}{
		"nothing more":       {leading, func(*Session) {}},
		"PSK identities":     {leading + "a703040161" + "a803040162", func(*Session) {}},
		"compression":        {leading + "ab03040100", func(*Session) {}},
		"unknown tags":       {leading + "b403020101" + "be03040161", func(*Session) {}},
		"flags in TLS 1.3":   {leading + "ad03020101", func(*Session) {}},
		"others' appdata":    {leading + "b2020400", func(*Session) {}},
		"unlike ours":        {leading + "b220041e" + hex.EncodeToString([]byte(appDataFullHandshake)) + "ffffffffffffffff", func(*Session) {}},
		"later than created": {leading + "b220041e" + hex.EncodeToString([]byte(appDataFullHandshake)) + "0000000000000006", func(*Session) {}},
		"binding too long":   {leading + "b241043f" + hex.EncodeToString([]byte(appDataFullHandshake)) + strings.Repeat("00", 41), func(*Session) {}},
		"earlier than created": {leading + "b220041e" + hex.EncodeToString([]byte(appDataFullHandshake)) + "0000000000000004",
			func(s *Session) { s.FullHandshake = time.Unix(4, 0) }},
		"very long timeout": {leading + "a20a02087fffffffffffffff",
			func(s *Session) { s.Timeout = time.Duration(maxSessionTimeout) * time.Second }},
		"no time": {leadingFields, func(s *Session) { s.Created, s.FullHandshake = time.Time{}, time.Time{} }},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			want := &Session{
				Version: suite.TLS13, Suite: suite.AES256GCMSHA384, Timeout: 3 * time.Second,
				Created: time.Unix(5, 0), FullHandshake: time.Unix(5, 0),
			}
			test.change(want)
			got, err := ParseSession(sessionDER(t, test.fields))
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, %v; want %+v", got, err, want)
			}
		})
	}
}

// OpenSSL's own tool reads what is written here, with all that follows the
// first session.
func TestOpenSSLReadsSession(t *testing.T) {
	first, second := fullSession(), fullSession()
	der, err := os.ReadFile("testdata/sessions/session-openssl-tls13-sha384.pem")
	if err != nil {
		t.Fatal(err)
	}
	leaf := ParseSessionsPEM(der)[0].PeerChain[0]
	first.PeerChain, second.PeerChain = [][]byte{leaf, leaf}, [][]byte{leaf}
	first.Service = "port 443"
	second.Secret = bytes.Repeat([]byte{0xaa}, 48)
	data, err := MarshalSessionsPEM(first, second)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "session.pem")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("openssl", "sess_id", "-in", file, "-text", "-noout").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, line := range []string{
		"Protocol  : TLSv1.3",
		"Cipher    : TLS_AES_256_GCM_SHA384",
		"Session-ID: " + strings.Repeat("01", 32),
		"Session-ID-ctx: " + strings.Repeat("07", 32),
		"Resumption PSK: " + strings.Repeat("02", 48),
		"TLS session ticket lifetime hint: 300 (seconds)",
		"Start Time: 1795313304",
		"Timeout   : 7200 (sec)",
		"Verify return code: 18 (self-signed certificate)",
		"Extended master secret: no",
	} {
		if !slices.ContainsFunc(strings.Split(string(out), "\n"), func(l string) bool { return strings.TrimSpace(l) == line }) {
			t.Errorf("no line %q in:\n%s", line, out)
		}
	}
}

func FuzzParseSession(f *testing.F) {
	for _, v := range loadVectors[sessionVector](f, "ssl-sessions.json") {
		f.Add([]byte(v.DER))
	}
	f.Add(sessionDER(f, leadingFields))
	f.Fuzz(func(t *testing.T, der []byte) {
		s, err := ParseSession(der)
		if err != nil || s.Created.IsZero() || len(s.ID) == 0 {
			return
		}
		again, err := MarshalSession(s)
		if err != nil {
			t.Fatalf("%+v: %v", s, err)
		}
		if got, err := ParseSession(again); err != nil || !reflect.DeepEqual(got, s) {
			t.Errorf("got %+v, %v; want %+v", got, err, s)
		}
	})
}
