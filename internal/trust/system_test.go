package trust

import (
	"bytes"
	"errors"
	"io/fs"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestSystemAnchors(t *testing.T) {
	hashed, missing := t.TempDir(), filepath.Join(t.TempDir(), "missing")
	inBundle := issue(t, nil, "in the bundle", ca)
	inDir := issue(t, nil, "in the directory", ca)
	put(t, hashed, 0, inDir)
	text := pemOf(inBundle)
	for i, test := range []struct {
		name           string
		system         System
		bundle, hashed bool  // which of the two anchors are found
		err            error // if the store can't be had
	}{
		{"file and directory", System{Bundle: text, Dirs: missing + ":" + hashed, HasDirs: true}, true, true, nil},
		{"file", System{Bundle: text, Dirs: missing}, true, false, nil},
		{"directory", System{Errno: unix.ENOENT, Dirs: hashed, HasDirs: true}, false, true, nil},
		{"nothing", System{Errno: unix.ENOENT, Dirs: missing}, false, false, fs.ErrNotExist},
		{"no file", System{Errno: unix.EINVAL, Dirs: missing}, false, false, unix.EINVAL},
		{"no certificates", System{Dirs: missing}, false, false, errNoCertificate},
		{"no certificates but in the directory", System{Dirs: hashed, HasDirs: true}, false, true, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.system.Serial = uint64(i + 1)
			a, err := test.system.Anchors()
			if !errors.Is(err, test.err) || (a == nil) != (err != nil) {
				t.Fatalf("%v, want %v", err, test.err)
			}
			if err != nil {
				return
			}
			if got := len(found(a, inBundle)) == 1; got != test.bundle {
				t.Errorf("found in the bundle: %v", got)
			}
			if got := len(found(a, inDir)) == 1; got != test.hashed {
				t.Errorf("found in the directory: %v", got)
			}
		})
	}
}

func TestSystemAnchorsChange(t *testing.T) {
	old, young := issue(t, nil, "old", ca), issue(t, nil, "young", ca)
	read := func(s System) *Anchors {
		t.Helper()
		a, err := s.Anchors()
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	a := read(System{Bundle: pemOf(old), Serial: 1000})
	again := read(System{Serial: 1000})
	if found(a, old)[0] != found(again, old)[0] {
		t.Error("parsed again")
	}
	b := read(System{Bundle: pemOf(young), Serial: 1001})
	if len(found(b, young)) != 1 || len(found(b, old)) != 0 {
		t.Error("change not seen")
	}
	if len(found(a, old)) != 1 {
		t.Error("store in use has changed")
	}
}

func TestParseAnchors(t *testing.T) {
	root := issue(t, nil, "root", ca)
	for name, in := range map[string][]byte{
		"nothing":  nil,
		"junk":     []byte("junk"),
		"CRL only": revoke(t, root, nil),
		"bad DER":  []byte("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"),
		"trusted":  []byte("-----BEGIN TRUSTED CERTIFICATE-----\nMAA=\n-----END TRUSTED CERTIFICATE-----\n"),
	} {
		if a, err := ParseAnchors(in); a != nil || err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	mixed := append([]byte("# a comment\n"), revoke(t, root, nil)...)
	mixed = append(append(mixed, "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"...), pemOf(root)...)
	a, err := ParseAnchors(mixed)
	if err != nil {
		t.Fatal(err)
	}
	if found := found(a, root); len(found) != 1 || !found[0].Equal(root.Certificate) {
		t.Error("not found")
	}
}

func TestCache(t *testing.T) {
	data := pemOf(issue(t, nil, "root", ca))
	a, err := ParseAnchors(data)
	if err != nil {
		t.Fatal(err)
	}
	b, err := ParseAnchors(append([]byte(nil), data...))
	if err != nil {
		t.Fatal(err)
	}
	if a != b {
		t.Error("the same bytes were parsed twice")
	}
	entries := func() int {
		anchorCache.mu.Lock()
		defer anchorCache.mu.Unlock()
		return len(anchorCache.entries)
	}
	before := entries()
	runtime.KeepAlive(a)
	runtime.KeepAlive(b)
	for deadline := time.Now().Add(10 * time.Second); entries() >= before; runtime.Gosched() {
		runtime.GC()
		if time.Now().After(deadline) {
			t.Fatal("a store that nobody uses is kept")
		}
	}
	if _, err := ParseAnchors(data); err != nil {
		t.Error(err)
	}
}

// A peer's certificate is parsed once, and is nobody's to change.
func TestReadOnce(t *testing.T) {
	leaf := issue(t, nil, "leaf", ca)
	der := bytes.Clone(leaf.Raw)
	a, err := Read(der)
	if err != nil {
		t.Fatal(err)
	}
	clear(der)
	b, err := Read(leaf.Raw)
	if err != nil || a != b || !bytes.Equal(b.Raw, leaf.Raw) {
		t.Errorf("%v, the same certificate: %v", err, a == b)
	}
}

// found looks up a certificate's subject in a trust store.
func found(a *Anchors, p *party) []*node {
	stored := NewLookups(a)
	for stored.find(nameKey(p.RawSubject)) == nil {
		readFor(stored)
	}
	return stored.find(nameKey(p.RawSubject)).found
}
