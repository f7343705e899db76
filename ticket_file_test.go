package libtls

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"
	"testing"
	"time"

	"libtls/internal/plain"
)

// fileKey is a key for a file, with a name that begins with name.
func fileKey(name byte, size int) []byte {
	key := counting(size)
	key[0] = name
	return key
}

// keyText is a text with these keys.
func keyText(keys ...[]byte) []byte {
	var b []byte
	for _, k := range keys {
		b = append(base64.StdEncoding.AppendEncode(b, k), '\n')
	}
	return b
}

func TestTicketKeyFile(t *testing.T) {
	long := func(names string) (keys [][]byte) {
		for i := range len(names) {
			keys = append(keys, fileKey(names[i], 80))
		}
		return keys
	}
	short := fileKey('s', 48)
	other := fileKey('a', 80)
	other[79] ^= 1
	const letters = "abcdefghijklmnopqrstuvwxyz"
	for _, test := range []struct {
		name string
		data []byte
		seal byte   // the name of the key that seals
		keys string // the names of all, newest first
		err  string
	}{
		{"one line", keyText(long("a")...), 'a', "a", ""},
		{"two lines", keyText(long("ab")...), 'a', "ba", ""},
		{"three lines", keyText(long("abc")...), 'b', "cba", ""},
		{"short keys", keyText(short, fileKey('t', 48)), 's', "ts", ""},
		{"blank lines and blanks", append([]byte("\n \t"), append(keyText(long("abc")...), "\r\n\n"...)...), 'b', "cba", ""},
		{"lines of DOS", bytes.ReplaceAll(keyText(long("abc")...), []byte("\n"), []byte("\r\n")), 'b', "cba", ""},
		{"more than are used", keyText(long(letters)...), 'y', "zyxwvutsrqponmlk", ""},
		{"a key twice", keyText(long("aba")...), 'b', "ab", ""},
		{"the last key twice", keyText(long("abb")...), 'b', "ba", ""},
		{"one of nginx", long("a")[0], 'a', "a", ""},
		{"a short one of nginx", short, 's', "s", ""},
		{"two of nginx", slices.Concat(long("ab")...), 'a', "ab", ""},
		{"many of nginx", slices.Concat(long(letters)...), 'a', letters[:16], ""},

		{"nothing", []byte{}, 0, "", "ticket key file is empty"},
		{"only blanks", []byte(" \n\n"), 0, "", "ticket key file has no keys"},
		{"too much", bytes.Repeat([]byte("\n"), MaxTicketKeyFile+1), 0, "", "ticket key file is too large"},
		{"no end", bytes.TrimSpace(keyText(long("ab")...)), 0, "", "line 2 of ticket key file has no end"},
		{"no base64", append(keyText(long("ab")...), "key: secret\n"...), 0, "", "line 3 of ticket key file is not base64"},
		{"padding lost", bytes.ReplaceAll(keyText(long("a")...), []byte("="), nil), 0, "", "line 1 of ticket key file is not base64"},
		{"wrong size", keyText(make([]byte, 64)), 0, "", "line 1 of ticket key file has a key of 64 bytes instead of 80 or 48"},
		{"sizes mixed", keyText(other, short), 0, "", "line 2 of ticket key file has a key of another size than those before"},
		{"wrapped lines", []byte(base64.StdEncoding.EncodeToString(other)[:64] + "\n" + base64.StdEncoding.EncodeToString(other)[64:] + "\n"),
			0, "", "line 2 of ticket key file has a key of 32 bytes instead of 80 or 48"},
		{"a name twice", keyText(long("ab")[0], other), 0, "", "ticket key file has different keys of the same name"},
		{"zeros", make([]byte, 80), 0, "", "ticket key file has a key of zeros"},
		{"a line of zeros", keyText(make([]byte, 48)), 0, "", "ticket key file has a key of zeros"},
		{"a part of nginx's", long("a")[0][:79], 0, "",
			"ticket key file is no text, and has 79 bytes instead of 48 or a multiple of 80"},
		{"short ones of nginx", slices.Concat(short, short), 0, "",
			"ticket key file is no text, and has 96 bytes instead of 48 or a multiple of 80"},
	} {
		t.Run(test.name, func(t *testing.T) {
			keys := NewTicketKeys()
			if err := keys.SetFile(keyText(fileKey('0', 80))); err != nil {
				t.Fatal(err)
			}
			data := bytes.Clone(test.data)
			err := keys.SetFile(data)
			if !bytes.Equal(data, test.data) {
				t.Error("the data was changed")
			}
			if test.err != "" {
				if err == nil || err.Error() != test.err {
					t.Errorf("%v instead of %s", err, test.err)
				}
				test.seal, test.keys = '0', "0" // as before
			} else if err != nil {
				t.Fatal(err)
			}
			var names []byte
			for _, k := range keys.file.keys {
				names = append(names, k.name[0])
			}
			if string(names) != test.keys {
				t.Errorf("keys %s instead of %s", names, test.keys)
			}
			ticket, err := keys.Seal(fullSession(), time.Now(), time.Hour, rand.Reader)
			if err != nil || ticket[0] != test.seal {
				t.Errorf("%v: sealed by %c instead of %c", err, ticket[0], test.seal)
			}
		})
	}
}

// A file that is cut off anywhere is refused, unless it ends with a line or a key.
func TestTicketKeyFileCutOff(t *testing.T) {
	for name, data := range map[string][]byte{
		"text":       keyText(fileKey('a', 80), fileKey('b', 80)),
		"short text": keyText(fileKey('a', 48), fileKey('b', 48)),
		"nginx":      slices.Concat(fileKey(0, 80), fileKey(1, 80)),
	} {
		for n := range data {
			whole := n > 0 && data[n-1] == '\n'
			if name == "nginx" {
				whole = n == 80 || n == 48
			}
			if err := NewTicketKeys().SetFile(data[:n]); (err == nil) != whole {
				t.Errorf("%d of %d bytes of %s: %v", n, len(data), name, err)
			}
		}
	}
}

// All keys open; a ticket under one that is older than the one that seals is due
// for renewal. Time is no matter of theirs.
func TestTicketKeyFileRotation(t *testing.T) {
	text := func(names ...byte) []byte {
		var keys [][]byte
		for _, n := range names {
			keys = append(keys, fileKey(n, 80))
		}
		return keyText(keys...)
	}
	const lifetime = 100 * time.Second
	now := time.Unix(1_800_000_000, 0)
	ahead, behind := NewTicketKeys(), NewTicketKeys()
	set := func(k *TicketKeys, data []byte) {
		t.Helper()
		if err := k.SetFile(data); err != nil {
			t.Fatal(err)
		}
	}
	set(behind, text(1, 2, 3)) // seals with 2
	set(ahead, text(2, 3, 4))  // seals with 3
	seal := func(k *TicketKeys) []byte {
		ticket, err := k.Seal(fullSession(), now, lifetime, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return ticket
	}
	check := func(k *TicketKeys, ticket []byte, renew, ok bool) {
		t.Helper()
		if s, r, o := k.Open(ticket, now, lifetime); r != renew || o != ok || o && s == nil {
			t.Errorf("renew %v, opened %v", r, o)
		}
	}
	old, young := seal(behind), seal(ahead)
	check(behind, old, false, true)
	check(behind, young, false, true) // that its own key is older is no reason
	check(ahead, old, true, true)
	check(ahead, young, false, true)
	now = now.Add(1000 * lifetime)
	check(ahead, seal(ahead), false, true)
	set(ahead, text(3, 4, 5))
	check(ahead, old, false, false)
	check(ahead, young, true, true)

	ahead.DropFile()
	check(ahead, young, false, false)
	if ticket := seal(ahead); ticket[0] == 4 || !ahead.ring.keys[0].automatic {
		t.Error("no key was made")
	}
}

// A file's keys are the only ones.
func TestTicketKeyFileAndOthers(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	keys := NewTicketKeys()
	if err := keys.Add(1, counting(48), now); err != nil {
		t.Fatal(err)
	}
	ticket, err := keys.Seal(fullSession(), now, time.Hour, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if err := keys.SetFile(fileKey('a', 80)); err != nil {
		t.Fatal(err)
	}
	if _, _, ok := keys.Open(ticket, now, time.Hour); ok {
		t.Error("an added key opens")
	}
	if err := keys.Add(2, counting(48), now); err == nil || !strings.Contains(err.Error(), "come from a file") {
		t.Error(err)
	}
	keys.Wipe()
	if keys.file != nil {
		t.Error("the file's keys are still there")
	}
}

// Old keys don't stay in memory.
func TestTicketKeyFileWiped(t *testing.T) {
	keys := NewTicketKeys()
	for _, forget := range []func(){
		func() { keys.SetFile(fileKey('b', 80)) }, keys.DropFile, keys.Wipe,
	} {
		if err := keys.SetFile(fileKey('a', 80)); err != nil {
			t.Fatal(err)
		}
		old := keys.file.keys
		forget()
		if old[0] != (ticketKey{}) {
			t.Error("a key is still there")
		}
	}
}

// The layout of all kinds of keys, without the code under test.
func TestTicketKeyFileLayout(t *testing.T) {
	type part struct{ from, to int }
	for _, test := range []struct {
		size     int
		text     bool
		aes, mac part
	}{
		{80, false, part{48, 80}, part{16, 48}}, // nginx
		{48, false, part{16, 32}, part{32, 48}},
		{80, true, part{16, 48}, part{48, 80}}, // HAProxy
		{48, true, part{16, 32}, part{32, 48}},
	} {
		key := fileKey(0, test.size)
		data := key
		if test.text {
			data = keyText(key)
		}
		keys := NewTicketKeys()
		if err := keys.SetFile(data); err != nil {
			t.Fatal(err)
		}
		ticket, err := keys.Seal(fullSession(), time.Now(), time.Hour, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		body, tag := ticket[:len(ticket)-32], ticket[len(ticket)-32:]
		mac := hmac.New(sha256.New, key[test.mac.from:test.mac.to])
		mac.Write(body)
		if !bytes.Equal(mac.Sum(nil), tag) || !bytes.Equal(body[:16], key[:16]) {
			t.Errorf("%+v: name or MAC", test)
		}
		block, _ := aes.NewCipher(key[test.aes.from:test.aes.to])
		cipher.NewCBCDecrypter(block, body[16:32]).CryptBlocks(body[32:], body[32:])
		if body[32] != 0x30 {
			t.Errorf("%+v: not decrypted to a SEQUENCE", test)
		}
	}
}

func FuzzTicketKeyFile(f *testing.F) {
	f.Add([]byte{})
	f.Add(keyText(fileKey('a', 80), fileKey('b', 80), fileKey('c', 80)))
	f.Add(keyText(fileKey('a', 48), fileKey('a', 48)))
	f.Add(keyText(fileKey('a', 80))[:64])
	f.Add(slices.Concat(fileKey(0, 80), fileKey(1, 80)))
	f.Add(fileKey(0, 48))
	f.Add([]byte("\r\n\n \tQUFB\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		keys := NewTicketKeys()
		if err := keys.SetFile(data); err != nil {
			if keys.file != nil {
				t.Error("keys of a file that was refused")
			}
			return
		}
		file := keys.file
		if n := len(file.keys); n == 0 || n > maxFileKeys || file.seals > 1 || file.seals >= n {
			t.Errorf("%d keys, %d seals", n, file.seals)
		}
		ticket, err := keys.Seal(fullSession(), time.Unix(1e9, 0), time.Hour, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		again := NewTicketKeys()
		if err := plain.Decode(plain.Encode(keys.Fields), again.Fields); err != nil {
			t.Fatal(err)
		}
		if _, renew, ok := again.Open(ticket, time.Unix(1e9, 0), time.Hour); !ok || renew {
			t.Errorf("opened %v, renew %v", ok, renew)
		}
	})
}
