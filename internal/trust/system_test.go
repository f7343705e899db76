package trust

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// place has the system's trust store somewhere else during a test.
func place(t *testing.T, files, dirs []string) {
	t.Helper()
	oldFiles, oldDirs := bundles, hashedDirs
	t.Cleanup(func() { bundles, hashedDirs = oldFiles, oldDirs })
	bundles, hashedDirs = files, dirs
}

func TestSystemAnchors(t *testing.T) {
	dir := t.TempDir()
	first, second := filepath.Join(dir, "first.pem"), filepath.Join(dir, "second.pem")
	hashed, missing := filepath.Join(dir, "hashed"), filepath.Join(dir, "missing")
	empty, fifo := filepath.Join(dir, "empty.pem"), filepath.Join(dir, "fifo")
	inBundle := issue(t, nil, "in the bundle", ca)
	inDir := issue(t, nil, "in the directory", ca)
	for path, data := range map[string][]byte{second: pemOf(inBundle), empty: nil} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.Mkdir(hashed, 0o700), unix.Mkfifo(fifo, 0o600)); err != nil {
		t.Fatal(err)
	}
	put(t, hashed, 0, inDir)

	for _, test := range []struct {
		name             string
		files, dirs      []string
		certFile, certDr string
		bundle, hashed   bool  // which of the two anchors are found
		err              error // if the store can't be had
	}{
		{"file and directory", []string{first, second}, []string{missing, hashed}, "", "", true, true, nil},
		{"file", []string{first, second}, []string{missing}, "", "", true, false, nil},
		{"directory", []string{first}, []string{hashed}, "", "", false, true, nil},
		{"nothing", []string{missing, first}, []string{missing}, "", "", false, false, fs.ErrNotExist},
		{"other file", []string{first}, []string{missing}, second, "", true, false, nil},
		{"other file isn't there", []string{second}, []string{hashed}, missing, "", false, true, nil},
		{"nothing but a missing file", []string{second}, nil, missing, "", false, false, fs.ErrNotExist},
		{"other directory", []string{first}, nil, "", missing + ":" + hashed, false, true, nil},
		{"other directory isn't there", []string{second}, []string{hashed}, "", missing, true, false, nil},
		{"both", nil, nil, second, hashed, true, true, nil},
		{"both missing", []string{second}, []string{hashed}, missing, missing, false, false, fs.ErrNotExist},
		{"a FIFO", []string{second}, nil, fifo, missing, false, false, unix.EINVAL},
		{"a directory as file", []string{second}, nil, hashed, missing, false, false, unix.EINVAL},
		{"no certificates", []string{second}, nil, empty, missing, false, false, errNoCertificate},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.files == nil {
				test.files = []string{missing}
			}
			place(t, test.files, test.dirs)
			a, err := SystemAnchors(test.certFile, test.certDr)
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
	path := filepath.Join(t.TempDir(), "bundle.pem")
	place(t, []string{path}, nil)
	old, young := issue(t, nil, "old", ca), issue(t, nil, "young", ca)
	write := func(p *party) *Anchors {
		t.Helper()
		next := path + ".new" // as update-ca-certificates does
		if err := errors.Join(os.WriteFile(next, pemOf(p), 0o600), os.Rename(next, path)); err != nil {
			t.Fatal(err)
		}
		a, err := SystemAnchors("", "")
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	a := write(old)
	again, err := SystemAnchors("", "")
	if err != nil {
		t.Fatal(err)
	}
	if found(a, old)[0] != found(again, old)[0] {
		t.Error("parsed again")
	}
	b := write(young)
	if len(found(b, young)) != 1 || len(found(b, old)) != 0 {
		t.Error("change not seen")
	}
	if len(found(a, old)) != 1 {
		t.Error("store in use has changed")
	}
}

func TestDefaultFile(t *testing.T) {
	there := filepath.Join(t.TempDir(), "bundle.pem")
	if err := os.WriteFile(there, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	place(t, []string{there + ".1", there, there + ".2"}, nil)
	if got := DefaultFile(); got != there {
		t.Error(got)
	}
	place(t, []string{there + ".1", there + ".2"}, nil)
	if got := DefaultFile(); got != there+".2" {
		t.Error(got)
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

// found looks up a certificate's subject in a trust store.
func found(a *Anchors, p *party) []*node {
	stored := NewLookups(a)
	for stored.find(nameKey(p.RawSubject)) == nil {
		readFor(stored)
	}
	return stored.find(nameKey(p.RawSubject)).found
}
