package schedule

import (
	"bytes"
	"crypto"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"reflect"
	"testing"

	"libtls/internal/suite"
)

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestRFC8448 walks down the schedule of RFC 8448, 3.
func TestRFC8448(t *testing.T) {
	is := func(what string, got []byte, want string) {
		t.Helper()
		if !bytes.Equal(got, unhex(t, want)) {
			t.Errorf("%s is %x", what, got)
		}
	}
	s := New(crypto.SHA256, nil)
	is("early secret", s.Secret, "33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a")
	s.Advance(unhex(t, "8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d"))
	is("handshake secret", s.Secret, "1dc826e93606aa6fdc0aadc12f741b01046aa6b99f691ed221a9f0ca043fbeac")
	hello := unhex(t, "860c06edc07858ee8e78f0e7428c58edd6b43f2ca3e6e95f02ed063cf0e1cad8")
	is("client's traffic secret", s.Derive(ClientHandshake, hello), "b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21")
	server := s.Derive(ServerHandshake, hello)
	is("server's traffic secret", server, "b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38")
	key, iv := TrafficKeys(suite.ByID(suite.AES128GCMSHA256), server)
	is("server's key", key, "3fce516009c21727d0f2e4e86ee403bc")
	is("server's IV", iv, "5d313eb2671276ee13000b30")
	s.Advance(nil)
	is("master secret", s.Secret, "18df06843d13a08bf2a449844c5f8a478001bc4d4c627984d5a41da8d0402919")
}

// TestPRF12 has the test vector that circulates for P_SHA256.
func TestPRF12(t *testing.T) {
	secret := unhex(t, "9bbe436ba940f017b17652849a71db35")
	seed := unhex(t, "a0ba9f936cda311827a6f796ffd5198c")
	want := unhex(t, "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a"+
		"6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def17abfd3797c0564bab"+
		"4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff70187347b66")
	if got := PRF12(crypto.SHA256, secret, "test label", seed, len(want)); !bytes.Equal(got, want) {
		t.Errorf("%x", got)
	}
	for n := range 70 {
		if got := PRF12(crypto.SHA256, secret, "test label", seed, n); !bytes.Equal(got, want[:n]) {
			t.Errorf("%d bytes: %x", n, got)
		}
	}
}

// A key up to the hash's block, and one beyond; a message in parts.
func TestMAC(t *testing.T) {
	for _, h := range []crypto.Hash{crypto.SHA1, crypto.SHA256, crypto.SHA384, crypto.SHA512} {
		for n := range 200 {
			key, msg := bytes.Repeat([]byte{7}, n), bytes.Repeat([]byte{9}, n)
			m := hmac.New(h.New, key)
			m.Write(msg)
			if got := mac(h, key, msg[:n/3], msg[n/3:]); !bytes.Equal(got, m.Sum(nil)) {
				t.Errorf("%v, %d bytes: %x", h, n, got)
			}
		}
	}
}

func TestExpandLabel(t *testing.T) {
	secret := unhex(t, "9bbe436ba940f017b17652849a71db35")
	for n := 0; n <= 255*32; n += 37 {
		info := string([]byte{byte(n >> 8), byte(n), 9}) + "tls13 abc" + "\x01x"
		want, err := hkdf.Expand(sha256.New, secret, info, n)
		if err != nil {
			t.Fatal(err)
		}
		if got := ExpandLabel(crypto.SHA256, secret, "abc", []byte("x"), n); !bytes.Equal(got, want) {
			t.Fatalf("%d bytes: %x", n, got)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("more than 255 hashes came")
		}
	}()
	ExpandLabel(crypto.SHA256, secret, "abc", nil, 255*32+1)
}

// Nothing of a secret stays in what is used again.
func TestAuthenticatorIsWiped(t *testing.T) {
	a := take(crypto.SHA256)
	part := bytes.Repeat([]byte{9}, 40)
	a.mac(nil, []byte("a key"), part, part)
	a.release(crypto.SHA256)
	if fresh := (authenticator{hash: sha256.New()}); !reflect.DeepEqual(*a, fresh) {
		t.Errorf("%+v", a.hash)
	}
}

func TestKeyBlock(t *testing.T) {
	k := KeyBlock(crypto.SHA256, make([]byte, 48), make([]byte, 64), 20, 16, 4)
	all := PRF12(crypto.SHA256, make([]byte, 48), "key expansion", make([]byte, 64), 80)
	for _, part := range []struct {
		key []byte
		n   int
	}{{k.ClientMAC, 20}, {k.ServerMAC, 20}, {k.ClientKey, 16}, {k.ServerKey, 16}, {k.ClientIV, 4}, {k.ServerIV, 4}} {
		if !bytes.Equal(part.key, all[:part.n]) {
			t.Errorf("%x, want %x", part.key, all[:part.n])
		}
		all = all[part.n:]
	}
	if mac, key, _ := k.Of(false); !bytes.Equal(mac, k.ServerMAC) || !bytes.Equal(key, k.ServerKey) {
		t.Error("the server's keys are not its own")
	}
}

// The suites' names are those of crypto/tls, where that has them.
func TestNames(t *testing.T) {
	for _, s := range suite.All {
		if name := tls.CipherSuiteName(uint16(s.ID)); name[:2] != "0x" && name != s.Name {
			t.Errorf("%s is %s", s.Name, name)
		}
	}
}
