package libtls

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"libtls/internal/suite"
)

type ticketVector struct {
	Name      string       `json:"name"`
	Session   string       `json:"session"`
	KeyName   hexBytes     `json:"key_name"`
	AES       hexBytes     `json:"aes_key"`
	HMAC      hexBytes     `json:"hmac_key"`
	Ticket    hexBytes     `json:"ticket"`
	Plaintext hexBytes     `json:"plaintext_der"`
	Fields    vectorFields `json:"fields"`
}

// counting is the test key of the vectors: byte i is i.
func counting(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i)
	}
	return b
}

// keysOf returns a ring that holds v's key alone.
func keysOf(v *ticketVector, now time.Time) *TicketKeys {
	k := ticketKey{added: now.Unix()}
	copy(k.name[:], v.KeyName)
	copy(k.aes[:], v.AES)
	copy(k.mac[:], v.HMAC)
	keys := NewTicketKeys()
	keys.ring.push(k)
	keys.ring.manual = true
	return keys
}

func TestTicketVectors(t *testing.T) {
	sessions := map[string]*Session{}
	for _, v := range loadVectors[sessionVector](t, "ssl-sessions.json") {
		sessions[v.Name] = v.Fields.session()
	}
	for _, v := range loadVectors[ticketVector](t, "ssl-tickets.json") {
		t.Run(v.Name, func(t *testing.T) {
			want := v.Fields.session()
			now := want.Created
			got, renew, ok := keysOf(&v, now).Open(v.Ticket, now, time.Hour)
			if !ok || renew || !reflect.DeepEqual(got, want) {
				t.Fatalf("Open = %+v, %v, %v; want %+v", got, renew, ok, want)
			}
			client := sessions[v.Session]
			if !bytes.Equal(got.Secret, client.Secret) || !bytes.Equal(client.Ticket, v.Ticket) {
				t.Error("not the client's session")
			}
			if !AcceptTicket(got, now, want.Context, time.Hour) {
				t.Error("not accepted")
			}
		})
	}
}

// The program's keys open what LibreTLS and LibreSSL sealed with the same.
func TestTicketVectorsByAddedKey(t *testing.T) {
	context := append([]byte("sidctx"), make([]byte, 26)...)
	opened := 0
	for _, v := range loadVectors[ticketVector](t, "ssl-tickets.json") {
		if !strings.HasPrefix(v.Name, "libretls-") {
			continue
		}
		opened++
		now := v.Fields.session().Created
		keys := NewTicketKeys()
		if err := keys.Add(0x01020304, counting(48), now); err != nil {
			t.Fatal(err)
		}
		s, renew, ok := keys.Open(v.Ticket, now, 5*time.Minute)
		if !ok || renew || !AcceptTicket(s, now, context, 5*time.Minute) {
			t.Errorf("%s: Open = %+v, %v, %v", v.Name, s, renew, ok)
		}
	}
	if opened != 4 {
		t.Errorf("%d tickets of LibreTLS's", opened)
	}

	// Captured from LibreSSL's libtls: key revision 7.
	ticket, _ := hex.DecodeString("" +
		"00000007000000000000000000000000e033c9a556729c721a2ac8061282f63f" +
		"49ba1dce0d76c757e09f2b5cceba4c4c4c88bb75a4d7979e5ce84f11ec64e5d5" +
		"0140ce4e473725ae74113d1c2326222c9a7591538f19f4853c5a46a335934286" +
		"9c93f90e44e861299f239566a460ccc4c4dd6e47960ac0452ef4de236d0b7159" +
		"27dbe0ccaba9d0e6baa730a47c085fef073e73cb1608aeb68274122c47b3ef9a" +
		"9bb7b2062f044250caa10f5683bb8b5b824f6e7ab8823e037399aaff264856c9")
	secret, _ := hex.DecodeString("5a2985c60946b38f158bf64047b1c5d70610f900285bd8f71dd37089eef96dd5abda0b048f79ae82a00a0901d0021a7e")
	context, _ = hex.DecodeString("babd5d673a109f2a039cc936669860bbc126123dbc86d3dd215e6ba103f8d0a0")
	created := time.Unix(0x6b024674, 0)
	want := &Session{
		Version: suite.TLS12, Suite: 0xc030, Secret: secret,
		Created: created, FullHandshake: created, Timeout: 100 * time.Second,
		Context: context, ServerName: "srv.test",
	}
	keys := NewTicketKeys()
	if err := keys.Add(7, counting(48), created); err != nil {
		t.Fatal(err)
	}
	if got, renew, ok := keys.Open(ticket, created, 100*time.Second); !ok || renew || !reflect.DeepEqual(got, want) {
		t.Errorf("Open = %+v, %v, %v; want %+v", got, renew, ok, want)
	}
}

func TestTicketOpenRefuses(t *testing.T) {
	now := time.Unix(1795313304, 0)
	keys := NewTicketKeys()
	ticket, err := keys.Seal(fullSession(), now, time.Hour, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, ok := keys.Open(ticket, now, time.Hour); !ok {
		t.Fatal("the good one isn't ok")
	}
	for i := range ticket {
		bad := bytes.Clone(ticket)
		bad[i] ^= 1
		if s, _, ok := keys.Open(bad, now, time.Hour); ok {
			t.Errorf("byte %d changed: %+v", i, s)
		}
	}
	for n := range ticket {
		if s, _, ok := keys.Open(ticket[:n], now, time.Hour); ok {
			t.Errorf("%d bytes of it: %+v", n, s)
		}
	}
	if s, _, ok := keys.Open(append(bytes.Clone(ticket), 0), now, time.Hour); ok {
		t.Errorf("a byte too many: %+v", s)
	}
	if s, _, ok := NewTicketKeys().Open(ticket, now, time.Hour); ok {
		t.Errorf("without the key: %+v", s)
	}
}

// The MAC is right, so this is for other libraries' mistakes only.
func TestTicketPadding(t *testing.T) {
	now := time.Unix(1795313304, 0)
	keys := NewTicketKeys()
	if err := keys.Add(1, counting(48), now); err != nil {
		t.Fatal(err)
	}
	k := &keys.ring.keys[0]
	// 32 bytes, so that there may be any padding.
	der := sessionDER(t, leadingFields+timeField+"a708"+"0406"+"000000000000")
	if len(der) != 2*aes.BlockSize {
		t.Fatalf("%d bytes", len(der))
	}
	for padding, want := range map[string]bool{
		strings.Repeat("\x10", 16):                              true,
		strings.Repeat("\x00", 15) + "\x10":                     false,
		strings.Repeat("\x11", 16):                              false,
		strings.Repeat("\x20", 32):                              false,
		strings.Repeat("\x10", 15) + "\x00":                     false,
		strings.Repeat("\x10", 16) + strings.Repeat("\x10", 16): false,
		"": false,
	} {
		body := append(bytes.Clone(der), padding...)
		cipher.NewCBCEncrypter(k.cipher(), make([]byte, aes.BlockSize)).CryptBlocks(body, body)
		ticket := slices.Concat(k.name[:], make([]byte, aes.BlockSize), body)
		if _, _, ok := keys.Open(k.appendTag(ticket), now, time.Hour); ok != want {
			t.Errorf("padding %x: ok = %v", padding, ok)
		}
	}
}

// Opening must not change the ticket, which the caller may hash afterwards.
func TestTicketOpenLeavesTicket(t *testing.T) {
	now := time.Unix(1795313304, 0)
	keys := NewTicketKeys()
	ticket, err := keys.Seal(fullSession(), now, time.Hour, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	// The MAC needs room behind, which mustn't be found in the caller's buffer.
	buffer := append(bytes.Clone(ticket), bytes.Repeat([]byte{0xee}, 64)...)
	want := bytes.Clone(buffer)
	if _, _, ok := keys.Open(buffer[:len(ticket)], now, time.Hour); !ok || !bytes.Equal(buffer, want) {
		t.Errorf("ok = %v, buffer changed to %x", ok, buffer)
	}
}

func TestTicketSealKeeps(t *testing.T) {
	now := time.Unix(1795313304, 0)
	want := fullSession()
	keys := NewTicketKeys()
	ticket, err := keys.Seal(want, now, time.Hour, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	got, renew, ok := keys.Open(ticket, now, time.Hour)
	want.PeerChain = want.PeerChain[:1]
	want.ID, want.Ticket, want.Lifetime, want.Staple = nil, nil, 0, nil
	if !ok || renew || !reflect.DeepEqual(got, want) {
		t.Errorf("Open = %+v, %v, %v; want %+v", got, renew, ok, want)
	}
	again, err := keys.Seal(want, now, time.Hour, rand.Reader)
	if err != nil || bytes.Equal(again[16:32], ticket[16:32]) {
		t.Errorf("IV %x twice, %v", again[16:32], err)
	}
}

func TestTicketSealFails(t *testing.T) {
	now := time.Unix(1795313304, 0)
	large := fullSession()
	large.PeerChain = [][]byte{append([]byte{0x30, 0x82, 0xff, 0x00}, make([]byte, 0xff00)...)}
	if _, err := NewTicketKeys().Seal(large, now, time.Hour, rand.Reader); !errors.Is(err, errTicketTooLarge) {
		t.Errorf("large certificate: %v", err)
	}
	if _, err := NewTicketKeys().Seal(&Session{}, now, time.Hour, rand.Reader); !errors.Is(err, errMarshalSession) {
		t.Errorf("empty session: %v", err)
	}
	broken := errors.New("no randomness")
	for n := range int64(4 + 32 + 16 + 16) {
		keys := NewTicketKeys()
		source := &limitedSource{left: n, err: broken}
		if _, err := keys.Seal(fullSession(), now, time.Hour, source); !errors.Is(err, broken) {
			t.Errorf("after %d random bytes: %v", n, err)
		}
	}
	// A key that couldn't be made is none, though there is randomness again for the rest.
	if ticket, err := NewTicketKeys().Seal(fullSession(), now, time.Hour, &recovering{err: broken}); !errors.Is(err, broken) || ticket != nil {
		t.Errorf("randomness that fails once: %v", err)
	}
	if _, err := NewTicketKeys().Seal(fullSession(), now, time.Hour, iotest.OneByteReader(rand.Reader)); err != nil {
		t.Errorf("a slow source: %v", err)
	}
}

// limitedSource gives some bytes, and then an error.
type limitedSource struct {
	left int64
	err  error
}

func (s *limitedSource) Read(b []byte) (int, error) {
	n := min(int64(len(b)), s.left)
	s.left -= n
	if n == 0 {
		return 0, s.err
	}
	return int(n), nil
}

// What a name without a key stands for is no key, and not one that everybody
// can guess.
func TestTicketOfNoKey(t *testing.T) {
	now := time.Unix(1795313304, 0)
	plain, err := MarshalSession(fullSession())
	if err != nil {
		t.Fatal(err)
	}
	none := ticketKey{name: [ticketNameSize]byte{1}}
	keys := NewTicketKeys()
	for range 2 {
		if _, _, ok := keys.Open(none.seal(plain, make([]byte, ticketIVSize)), now, time.Hour); ok {
			t.Error("a ticket under zeros is opened")
		}
		if _, err := keys.Seal(fullSession(), now, time.Hour, rand.Reader); err != nil {
			t.Fatal(err)
		}
	}
}

// Keys last as long as they are told to, and what OpenSSL's functions set they
// return.
func TestTicketKeysForever(t *testing.T) {
	now := time.Unix(1795313304, 0)
	own, set := NewTicketKeys(), NewTicketKeys()
	key := counting(OpenSSLKeySize)
	if err := set.SetOpenSSL(key); err != nil || !bytes.Equal(set.OpenSSL(nil), key) {
		t.Errorf("another key: %v", err)
	}
	for _, keys := range []*TicketKeys{own, set} {
		ticket, err := keys.Seal(fullSession(), now, Forever, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, ok := keys.Open(ticket, now.Add(50*365*24*time.Hour), Forever); !ok {
			t.Error("not opened")
		}
	}
}

// recovering fails once.
type recovering struct{ err error }

func (r *recovering) Read(b []byte) (int, error) {
	if err := r.err; err != nil {
		r.err = nil
		return 0, err
	}
	return rand.Read(b)
}

// What tls_config_add_ticket_key(3) has, but for revision 0, which works here.
func TestTicketKeyTable(t *testing.T) {
	k1, k2 := counting(48), bytes.Repeat([]byte{0xaa}, 48)
	const wrong, present = "wrong amount of ticket key data", "ticket key already present"
	type step struct {
		revision uint32
		key      []byte
		want     string
	}
	tests := map[string][]step{
		"one config": {
			{1, k1[:47], wrong}, {1, counting(49), wrong}, {1, nil, wrong},
			{1, k1, ""}, {1, k1, ""}, {1, k2, present},
			{2, k1, ""}, {1, k1, present}, {2, k1, ""},
			{3, k1, ""}, {4, k1, ""}, {0, k1, ""}, {1, k1, ""},
		},
		"pushed out": {{4, k1, ""}, {5, k1, ""}, {6, k1, ""}, {7, k1, ""}, {8, k1, ""}, {4, k1, ""}},
		"four kept":  {{4, k1, ""}, {5, k1, ""}, {6, k1, ""}, {7, k1, ""}, {4, k1, present}},
		"revision 0": {{0, k1, ""}, {0, k1, ""}, {0, k2, present}, {1, k1, ""}, {0, k1, present}},
		"zero key":   {{0, make([]byte, 48), ""}, {0, make([]byte, 48), ""}, {0, k1, present}},
	}
	for name, steps := range tests {
		t.Run(name, func(t *testing.T) {
			keys := NewTicketKeys()
			for i, step := range steps {
				got := ""
				if err := keys.Add(step.revision, step.key, time.Unix(1000, 0)); err != nil {
					got = err.Error()
				}
				if got != step.want {
					t.Errorf("step %d: %q, want %q", i, got, step.want)
				}
			}
		})
	}
}

// Revision 0 is a key like any other, also before the first one is added.
func TestTicketKeyRevisionZero(t *testing.T) {
	now := time.Unix(1000, 0)
	keys := NewTicketKeys()
	if err := keys.Add(0, counting(48), now); err != nil {
		t.Fatal(err)
	}
	ticket, err := keys.Seal(fullSession(), now, time.Hour, rand.Reader)
	if err != nil || !bytes.Equal(ticket[:16], make([]byte, 16)) {
		t.Fatalf("name %x, %v", ticket[:16], err)
	}
	if _, _, ok := keys.Open(ticket, now, time.Hour); !ok {
		t.Error("not opened")
	}
	if _, _, ok := NewTicketKeys().Open(ticket, now, time.Hour); ok {
		t.Error("opened by an empty ring")
	}
}

// The program's keys seal and open for the lifetime after they were added.
func TestTicketProgramKeys(t *testing.T) {
	const L = 100 * time.Second
	at := func(s int64) time.Time { return time.Unix(1000+s, 0) }
	keys := NewTicketKeys()
	if err := keys.Add(1, counting(48), at(0)); err != nil {
		t.Fatal(err)
	}
	first, err := keys.Seal(fullSession(), at(100), L, rand.Reader)
	if err != nil {
		t.Fatalf("at the end of its life: %v", err)
	}
	if _, err := keys.Seal(fullSession(), at(101), L, rand.Reader); !errors.Is(err, errNoTicketKey) {
		t.Errorf("past its life: %v", err)
	}
	// Adding it again doesn't make it younger.
	if err := keys.Add(1, counting(48), at(50)); err != nil {
		t.Fatal(err)
	}
	if _, _, ok := keys.Open(first, at(101), L); ok {
		t.Error("opened past its life")
	}
	if err := keys.Add(2, counting(48), at(60)); err != nil {
		t.Fatal(err)
	}
	second, err := keys.Seal(fullSession(), at(60), L, rand.Reader)
	if err != nil || second[3] != 2 {
		t.Fatalf("sealed under %x, %v", second[:16], err)
	}
	if _, renew, ok := keys.Open(first, at(100), L); !ok || !renew {
		t.Errorf("older key: renew %v, ok %v", renew, ok)
	}
	if _, renew, ok := keys.Open(second, at(160), L); !ok || renew {
		t.Errorf("newest key: renew %v, ok %v", renew, ok)
	}
}

// Adding a key ends the automatic ones, which still open what they sealed.
func TestTicketProgramKeyEndsRotation(t *testing.T) {
	const L = 100 * time.Second
	at := func(s int64) time.Time { return time.Unix(1000+s, 0) }
	keys := NewTicketKeys()
	old, err := keys.Seal(fullSession(), at(75), L, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if err := keys.Add(1, counting(48), at(80)); err != nil {
		t.Fatal(err)
	}
	if _, renew, ok := keys.Open(old, at(175), L); !ok || !renew {
		t.Errorf("renew %v, ok %v", renew, ok)
	}
	if _, err := keys.Seal(fullSession(), at(181), L, rand.Reader); !errors.Is(err, errNoTicketKey) {
		t.Errorf("a key was made: %v", err)
	}
}

// Second by second: an automatic key seals for three quarters of the lifetime,
// a ticket opens for a whole one, and expired keys leave nothing in the ring.
func TestTicketRotation(t *testing.T) {
	for _, l := range []int64{4, 5, 7, 8, 100, 86400} {
		L := time.Duration(l) * time.Second
		step := max(1, l/100)
		keys := NewTicketKeys()
		type issued struct {
			ticket []byte
			at     int64
		}
		var tickets []issued
		var lastName []byte
		var since int64
		for now := int64(1e9); now < 1e9+6*l; now += step {
			clock := time.Unix(now, 0)
			ticket, err := keys.Seal(fullSession(), clock, L, rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			if name := ticket[:16]; !bytes.Equal(name, lastName) {
				if lastName != nil && (now-since <= 3*(l/4) || now-since > 3*(l/4)+step) {
					t.Errorf("L = %d: key replaced after %d s", l, now-since)
				}
				if lastName != nil && name[3] != lastName[3]+1 || !bytes.Equal(name[4:], make([]byte, 12)) {
					t.Errorf("L = %d: name %x after %x", l, name, lastName)
				}
				lastName, since = name, now
			}
			tickets = append(tickets, issued{ticket, now})
			kept := tickets[:0]
			for _, old := range tickets {
				_, renew, ok := keys.Open(old.ticket, clock, L)
				if !ok {
					t.Errorf("L = %d: a ticket of %d s doesn't open", l, now-old.at)
				}
				if want := !bytes.Equal(old.ticket[:16], lastName); renew != want {
					t.Errorf("L = %d: a ticket of %d s: renew %v, want %v", l, now-old.at, renew, want)
				}
				if now+step-old.at <= l {
					kept = append(kept, old)
				}
			}
			tickets = kept
		}
		// Nobody came for a long time; the next one finds no old key.
		late := time.Unix(1e9+10*l, 0)
		if _, _, ok := keys.Open(tickets[0].ticket, late, L); ok {
			t.Errorf("L = %d: opened with an expired key", l)
		}
		if *keys.ring != (ticketRing{}) {
			t.Errorf("L = %d: expired keys in the ring: %+v", l, keys.ring)
		}
	}
}

// Before the next key is made, tickets of an old one are already due.
func TestTicketRenewWithoutNewerKey(t *testing.T) {
	keys := NewTicketKeys()
	ticket, err := keys.Seal(fullSession(), time.Unix(1000, 0), 100*time.Second, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[int64]bool{1075: false, 1076: true, 1100: true} {
		if _, renew, ok := keys.Open(ticket, time.Unix(at, 0), 100*time.Second); !ok || renew != want {
			t.Errorf("at %d: renew %v, ok %v", at, renew, ok)
		}
	}
}

// A clock that was set back doesn't lengthen the life of an automatic key.
func TestTicketClockSetBack(t *testing.T) {
	const L = 100 * time.Second
	keys := NewTicketKeys()
	first, err := keys.Seal(fullSession(), time.Unix(9000, 0), L, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := keys.Seal(fullSession(), time.Unix(1000, 0), L, rand.Reader); err != nil {
		t.Fatal(err)
	}
	second, err := keys.Seal(fullSession(), time.Unix(1076, 0), L, rand.Reader)
	if err != nil || bytes.Equal(second[:16], first[:16]) {
		t.Errorf("still sealing under %x, %v", second[:16], err)
	}
	if _, _, ok := keys.Open(first, time.Unix(1176, 0), L); ok {
		t.Error("still opening")
	}
}

func TestTicketKeysConcurrent(t *testing.T) {
	keys := NewTicketKeys()
	var all sync.WaitGroup
	var clock atomic.Int64
	for range 8 {
		all.Go(func() {
			for range 200 {
				n := clock.Add(1)
				// One rotation, no expiry: a goroutine may fall far behind.
				now := time.Unix(1000+n/16, 0)
				ticket, err := keys.Seal(fullSession(), now, 100*time.Second, rand.Reader)
				if err != nil {
					t.Error(err)
					return
				}
				if n == 1500 {
					if err := keys.Add(1, counting(48), now); err != nil {
						t.Error(err)
					}
				}
				if _, _, ok := keys.Open(ticket, now, 100*time.Second); !ok {
					t.Errorf("ticket of %d lost", n)
				}
			}
		})
	}
	all.Wait()
}

func TestTicketCount(t *testing.T) {
	for _, test := range []struct {
		n       int
		resumed bool
		want    int
	}{
		{0, false, 0}, {0, true, 0}, {1, false, 1}, {1, true, 1},
		{DefaultTickets, false, 2}, {DefaultTickets, true, 1}, {100, false, 100}, {100, true, 1},
	} {
		if got := TicketCount(test.n, test.resumed); got != test.want {
			t.Errorf("TicketCount(%d, %v) = %d, want %d", test.n, test.resumed, got, test.want)
		}
	}
}

func TestTicketLifetime(t *testing.T) {
	const day = 24 * time.Hour
	for _, test := range []struct {
		version       uint16
		created, full time.Duration // ago
		lifetime      time.Duration
		want          time.Duration
	}{
		{suite.TLS13, 0, 0, time.Hour, time.Hour},
		{suite.TLS13, 0, 6 * day, time.Hour, time.Hour},
		{suite.TLS13, 0, 7*day - time.Hour, day, time.Hour},
		{suite.TLS13, 0, 7*day - 1500*time.Millisecond, day, time.Second},
		{suite.TLS13, 0, 7 * day, day, 0},
		{suite.TLS13, 0, 8 * day, day, 0},
		{suite.TLS12, 0, 0, time.Hour, time.Hour},
		{suite.TLS12, 40 * time.Minute, 40 * time.Minute, time.Hour, 20 * time.Minute},
		{suite.TLS12, 2 * time.Hour, 2 * time.Hour, time.Hour, 0},
		{suite.TLS12, -time.Minute, -time.Minute, time.Hour, time.Hour},
		{suite.TLS13, 0, 0, 0, 0},
	} {
		now := time.Unix(1795313304, 0)
		s := &Session{Version: test.version, Created: now.Add(-test.created), FullHandshake: now.Add(-test.full)}
		if got := ticketLifetime(s, now, test.lifetime); got != test.want {
			t.Errorf("%+v: %v", test, got)
		}
	}
}

// A ticket that replaces another in TLS 1.2 ends when the session does, however
// late it is issued.
func TestLimitTicket(t *testing.T) {
	full := time.Unix(1795313304, 0)
	context := make([]byte, 32)
	for _, test := range []struct {
		version  uint16
		age      time.Duration // of the session, in TLS 1.2 since its full handshake
		lifetime uint32
		timeout  time.Duration // from its making
	}{
		{suite.TLS13, 0, 3600, time.Hour},
		{suite.TLS12, 0, 3600, time.Hour},
		{suite.TLS12, 40 * time.Minute, 1200, time.Hour},
		{suite.TLS12, 300 * time.Millisecond, 3600, time.Hour},
		{suite.TLS12, 40*time.Minute + 300*time.Millisecond, 1200, time.Hour},
		{suite.TLS12, time.Hour - time.Second, 1, time.Hour},
		{suite.TLS12, time.Hour, 0, time.Hour},
	} {
		now := full.Add(test.age)
		s := &Session{Version: test.version, Created: full, FullHandshake: full, Context: context}
		if test.age < time.Second {
			s.Created = now // not yet whole seconds
		}
		if ok := LimitTicket(s, now, time.Hour); ok != (test.lifetime > 0) ||
			s.Lifetime != test.lifetime || s.Timeout != test.timeout {
			t.Errorf("%+v: %v, lifetime %d, timeout %v", test, ok, s.Lifetime, s.Timeout)
		}
		end := full.Add(test.timeout)
		if !AcceptTicket(s, end, context, time.Hour) || AcceptTicket(s, end.Add(time.Second), context, time.Hour) {
			t.Errorf("%+v: not accepted until %v", test, test.timeout)
		}
	}
}

func TestAcceptTicket(t *testing.T) {
	now := time.Unix(1795313304, 0)
	context := bytes.Repeat([]byte{7}, 32)
	tests := map[string]struct {
		change func(*Session)
		want   bool
	}{
		"fresh":             {func(s *Session) {}, true},
		"TLS 1.2":           {func(s *Session) { s.Version = suite.TLS12 }, true},
		"TLS 1.1":           {func(s *Session) { s.Version = 0x0302 }, false},
		"no context":        {func(s *Session) { s.Context = nil }, false},
		"shorter context":   {func(s *Session) { s.Context = s.Context[:31] }, false},
		"other context":     {func(s *Session) { s.Context = bytes.Repeat([]byte{8}, 32) }, false},
		"last second":       {func(s *Session) { s.Created = now.Add(-s.Timeout) }, true},
		"expired":           {func(s *Session) { s.Created = now.Add(-s.Timeout - time.Second) }, false},
		"longer timeout":    {func(s *Session) { s.Timeout, s.Created = 3*time.Hour, now.Add(-2*time.Hour-time.Second) }, false},
		"no time":           {func(s *Session) { s.Created, s.FullHandshake = time.Time{}, time.Time{} }, false},
		"clocks not quite":  {func(s *Session) { s.Created = now.Add(time.Minute) }, true},
		"from the future":   {func(s *Session) { s.Created = now.Add(time.Minute + time.Second) }, false},
		"seventh day":       {func(s *Session) { s.FullHandshake = now.Add(-7 * 24 * time.Hour) }, true},
		"after seven days":  {func(s *Session) { s.FullHandshake = now.Add(-7*24*time.Hour - time.Second) }, false},
		"timeout not known": {func(s *Session) { s.Timeout, s.Created = 0, now.Add(-time.Second) }, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := fullSession()
			s.Created, s.FullHandshake, s.Timeout, s.Context = now, now, time.Hour, bytes.Clone(context)
			test.change(s)
			if got := AcceptTicket(s, now, context, 2*time.Hour); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
	s := fullSession()
	s.Created = now
	if AcceptTicket(s, now.Add(time.Second), context, 0) {
		t.Error("accepted with sessions off")
	}
}

// FuzzTicketOpen opens what the fuzzer makes up, and the same as the plaintext
// of a ticket whose MAC is right.
func FuzzTicketOpen(f *testing.F) {
	for _, v := range loadVectors[ticketVector](f, "ssl-tickets.json") {
		f.Add([]byte(v.Ticket))
		f.Add([]byte(v.Plaintext))
	}
	now := time.Unix(1795313304, 0)
	keys := NewTicketKeys()
	if err := keys.Add(0x01020304, counting(48), now); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		keys.Open(data, now, time.Hour)
		if len(data) > 60000 {
			return
		}
		k, _, ok := keys.opening(keys.ring.keys[0].name[:], now.Unix(), 3600)
		if !ok {
			t.Fatal("no key")
		}
		want, wantErr := ParseSession(data)
		got, _, ok := keys.Open(k.seal(data, make([]byte, 16)), now, time.Hour)
		if ok != (wantErr == nil) || ok && !reflect.DeepEqual(got, want) {
			t.Errorf("Open = %+v, %v; want %+v, %v", got, ok, want, wantErr)
		}
	})
}
