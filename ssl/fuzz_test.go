package ssl

import (
	"bytes"
	"slices"
	"testing"

	"libtls/internal/drive"
	"libtls/internal/suite"
)

// FuzzRestore hands a child what its parent can't have written, of each kind of
// object. What it takes, it takes again as it encodes it itself.
func FuzzRestore(f *testing.F) {
	client, server := contexts(f)
	p := newPair(client, server)
	if !p.handshake() {
		f.Fatal("no handshake")
	}
	fresh := newPair(client, server)
	fresh.step(fresh.client, drive.Handshake, nil)
	f.Add(uint8(0), keep(p.sessions[0]).data, []byte(nil))
	for _, ctx := range []*Context{client, server} {
		f.Add(uint8(1), marshalContext(ctx), []byte(nil))
	}
	for _, c := range []*Conn{p.client, p.server, fresh.client, fresh.server} {
		data, _ := marshalConn(c)
		f.Add(uint8(2), data.Changing, data.Settled)
	}
	f.Fuzz(func(t *testing.T, kind uint8, data, settled []byte) {
		switch kind % 3 {
		case 0:
			s, err := RestoreSession(&kept{data: bytes.Clone(data)}, nil)
			if err != nil {
				return
			}
			s.encoded = nil
			first := keep(s)
			again, err := RestoreSession(&kept{data: bytes.Clone(first.data)}, nil)
			if err != nil {
				t.Fatalf("a session that was taken isn't taken again: %v", err)
			}
			again.encoded = nil
			if second := keep(again); !bytes.Equal(first.data, second.data) {
				t.Errorf("a session is %x, and then %x", first.data, second.data)
			}
			again.Release()
			s.Release()
		case 1:
			_, credErr := RestoreCredentials(data)
			c, err := RestoreContext(newMemory(), data, nil)
			if (err == nil) != (credErr == nil) {
				t.Errorf("a context: %v, and for its credentials: %v", err, credErr)
			}
			if err != nil {
				return
			}
			again, err := RestoreContext(newMemory(), marshalContext(c), nil)
			if err != nil || !bytes.Equal(marshalContext(again), marshalContext(c)) {
				t.Errorf("a context that was taken isn't taken again: %v", err)
			}
			c.Free()
		case 2:
			creds := &Credentials{}
			sessions := []*Session{p.sessions[0], p.sessions[1]}
			for _, s := range sessions {
				s.Retain()
			}
			c, err := RestoreConn(client, client, creds, drive.Encoding{Changing: data, Settled: settled}, sessions, 1, 2)
			if err != nil {
				return
			}
			marshalConn(c)
		}
	})
}

// FuzzSettings hands a program's lists to what parses them.
func FuzzSettings(f *testing.F) {
	for _, list := range []string{
		"", "\x02h2\x08http/1.1", "\x00", "\x05h2", "P-256:X25519", "P-256::", "prime256v1", "TLS_AES_128_GCM_SHA256: TLS_NONE",
		"ECDHE+AESGCM:!RSA:@STRENGTH", "DEFAULT:-ALL", "ALL:@SECLEVEL=9",
	} {
		f.Add([]byte(list))
	}
	f.Fuzz(func(t *testing.T, list []byte) {
		var s Settings
		if s.SetALPN(list) == nil {
			var again []byte
			for _, name := range s.alpn {
				again = append(append(again, byte(len(name))), name...)
			}
			if !bytes.Equal(again, list) {
				t.Errorf("ALPN %q became %q", list, again)
			}
		}
		if s.SetGroups(string(list)) == nil {
			if len(s.groups) != bytes.Count(list, []byte(":"))+1 ||
				slices.ContainsFunc(s.groups, func(g suite.Group) bool { return suite.GroupByID(g) == nil }) {
				t.Errorf("groups %q became %v", list, s.groups)
			}
		}
		for what, set := range map[uint16]func(string) *Error{suite.TLS12: s.SetCipherList, suite.TLS13: s.SetCiphersuites} {
			if set(string(list)) != nil {
				continue
			}
			ids := map[uint16][]suite.ID{suite.TLS12: s.suites12, suite.TLS13: s.suites13}[what]
			if slices.ContainsFunc(ids, func(id suite.ID) bool { return suite.ByID(id).Version != what }) ||
				len(ids) == 0 && (len(list) > 0 || what == suite.TLS12) {
				t.Errorf("%x: %q became %x", what, list, ids)
			}
			slices.Sort(ids)
			if len(slices.Compact(ids)) != len(ids) {
				t.Errorf("%q has a suite twice: %x", list, ids)
			}
		}
	})
}

// FuzzFiles hands over certificates and keys as files have them.
func FuzzFiles(f *testing.F) {
	cert, key := files(f)
	for _, encoding := range []int{filePEM, fileDER} {
		f.Add(encoding, cert.Data)
		f.Add(encoding, key.Data)
	}
	f.Fuzz(func(t *testing.T, encoding int, data []byte) {
		c := newContext(newMemory())
		if data == nil {
			data = []byte{}
		}
		certErr := c.UseCertificateFile(File{Data: data}, encoding, true)
		if leaf := c.creds.Current(); certErr == nil && (leaf == nil || leaf.Leaf == nil || !bytes.Equal(leaf.Leaf.Raw, leaf.Chain[0])) {
			t.Error("a certificate was taken that isn't there")
		}
		keyErr := c.UsePrivateKeyFile(File{Data: data}, encoding)
		if own := c.creds.Current(); keyErr == nil && (own == nil || own.Key == nil) {
			t.Error("a key was taken that isn't there")
		}
		if (certErr == nil && keyErr == nil) != (c.CheckPrivateKey() == nil) {
			t.Errorf("certificate: %v, key: %v, together: %v", certErr, keyErr, c.CheckPrivateKey())
		}
		c.LoadVerifyLocations(File{Data: data}, "")
	})
}
