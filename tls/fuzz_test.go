package tls

import (
	"bytes"
	"testing"

	"libtls/internal/drive"
)

// FuzzUnmarshalSigner hands a child a signer that its parent can't have written.
func FuzzUnmarshalSigner(f *testing.F) {
	s := NewSigner()
	f.Add(s.Marshal())
	for _, p := range signerPairs(f) {
		one := NewSigner()
		if err := one.AddKeypairMem(p.cert, p.key); err != nil {
			f.Fatal(err)
		}
		f.Add(one.Marshal())
		if err := s.AddKeypairMem(p.cert, p.key); err != nil {
			f.Fatal(err)
		}
	}
	f.Add(s.Marshal())
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := UnmarshalSigner(data)
		if err != nil {
			return
		}
		defer s.Free()
		for hash := range s.keys {
			s.Sign(hash, data[:min(len(data), 300)], PaddingNone)
			s.Sign(hash, make([]byte, 32), PaddingPKCS1)
		}
		again, err := UnmarshalSigner(s.Marshal())
		if err != nil || len(again.keys) != len(s.keys) || !bytes.Equal(again.Marshal(), s.Marshal()) {
			t.Errorf("another signer, or none: %v", err)
		}
	})
}

// FuzzRestore hands a child listeners and connections that its parent can't
// have written.
func FuzzRestore(f *testing.F) {
	client, server := configs(f, "p256")
	server.SetSessionLifetime(1000)
	c, s := connectPair(dial(f, client, "server.test"), accept(f, server))
	connecting := c.Marshal()
	mustHandshake(f, c, s)
	snapshot := (&Context{config: server, listener: s.listener}).Snapshot()
	f.Add(uint8(0xff), snapshot.Settings, []byte(nil))
	for _, end := range []*end{c, s} {
		data := end.Marshal()
		f.Add(uint8(min(end.role, 1)), data.Changing, data.Settled)
	}
	f.Add(uint8(roleClient), connecting.Changing, connecting.Settled)
	asOf := client.Marshal()
	l, err := RestoreListener(server, snapshot)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, kind uint8, data, settled []byte) {
		live := NewConfig()
		defer live.Release()
		if kind == 0xff {
			if own, err := RestoreListener(live, Encoding{Settings: data}); err == nil {
				RestoreServer(live, own).Free()
				own.Accept().Free()
			}
			return
		}
		var got *Context
		var err error
		e := drive.Encoding{Changing: data, Settled: settled}
		if kind%2 == 0 {
			got, err = RestoreClient(live, asOf, e, nil, 1, 2)
		} else {
			got, err = RestoreConn(live, l, e, 1, 2)
		}
		if err != nil {
			return
		}
		if got.Engine != nil {
			got.Marshal()
		}
		got.Free()
	})
}
