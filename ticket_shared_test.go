package libtls

import (
	"bytes"
	"crypto/rand"
	"libtls/internal/plain"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"
)

// sharing returns n sets of keys as processes have them that were forked from
// one, and the memory that they share.
func sharing(t *testing.T, n int) ([]*TicketKeys, *sharedRing) {
	t.Helper()
	all := new(shared)
	memory := unsafe.Slice((*byte)(unsafe.Pointer(all)), SharedSize)
	var list []*TicketKeys
	for range n {
		k := NewTicketKeys()
		k.Share(memory)
		list = append(list, k)
	}
	return list, &all.ring
}

func mustOpen(t *testing.T, from, by *TicketKeys, now time.Time, want bool) {
	t.Helper()
	ticket, err := from.Seal(fullSession(), now, 1000*time.Second, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, ok := by.Open(ticket, now, 1000*time.Second); ok != want {
		t.Errorf("opened: %v", ok)
	}
}

func TestSharedTicketKeys(t *testing.T) {
	list, ring := sharing(t, 3)
	now := time.Unix(1_800_000_000, 0)
	var names [][]byte
	for i := range 300 { // rotations, each by another process
		now = now.Add(751 * time.Second)
		mustOpen(t, list[i%3], list[(i+1)%3], now, true)
		mustOpen(t, list[(i+1)%3], list[(i+2)%3], now, true)
		names = append(names, bytes.Clone(list[i%3].ring.keys[0].name[:]))
		if i > 0 && bytes.Equal(names[i], names[i-1]) {
			t.Fatal("no new key")
		}
	}
	// Only the latest writing is left.
	kept := 0
	for i := range ring.places {
		if ring.places[i] != (ringPlace{}) {
			kept++
		}
	}
	if kept != 1 {
		t.Errorf("%d writings are left", kept)
	}
}

// A writer that dies leaves the keys as they were, or as it meant them.
func TestSharedTicketKeysKilled(t *testing.T) {
	list, ring := sharing(t, 2)
	now := time.Unix(1_800_000_000, 0)
	mustOpen(t, list[0], list[1], now, true)
	for range 3 * ringPlaces {
		n := ring.writers.Add(1) // and it is gone, having written something
		if n%ringPlaces != ring.latest.Load()%ringPlaces {
			rand.Read(ring.places[n%ringPlaces].ring[:100])
		}
		mustOpen(t, list[0], list[1], now, true)
	}
	now = now.Add(800 * time.Second)
	mustOpen(t, list[1], list[0], now, true)
}

// Damage costs the keys and nothing else.
func TestSharedTicketKeysDamaged(t *testing.T) {
	list, ring := sharing(t, 2)
	now := time.Unix(1_800_000_000, 0)
	mustOpen(t, list[0], list[1], now, true)
	rand.Read(ring.places[ring.latest.Load()%ringPlaces].ring[:])
	old := list[0].ring.keys[0]
	mustOpen(t, list[1], list[0], now, true)
	if list[0].ring.keys[0] == old {
		t.Error("damaged keys are used")
	}
}

func TestTicketRingOfTooMany(t *testing.T) {
	ring := ticketRing{used: maxTicketKeys}
	if err := plain.Decode(plain.Encode(ring.fields), new(ticketRing).fields); err != nil {
		t.Error(err)
	}
	data := bytes.Replace(plain.Encode(ring.fields), []byte{maxTicketKeys}, []byte{maxTicketKeys + 1}, 1)
	if err := plain.Decode(data, ring.fields); err == nil || ring.used > maxTicketKeys {
		t.Errorf("%d keys: %v", ring.used, err)
	}
}

// A writer that comes a whole round too late has its keys where the latest
// are. They never were the latest.
func TestSharedTicketKeysRound(t *testing.T) {
	list, ring := sharing(t, 2)
	now := time.Unix(1_800_000_000, 0)
	mustOpen(t, list[0], list[1], now, true)
	n := ring.latest.Load()
	var late ticketRing
	if ring.read(&late) != n || late.used != 1 {
		t.Fatal("no keys")
	}
	late.keys[0].aes[0]++
	place := &ring.places[n%ringPlaces]
	place.number = n + ringPlaces
	copy(place.ring[:], plain.Encode(late.fields))
	place.sum = place.check()
	if ring.read(new(ticketRing)) != n {
		t.Fatal("another writing")
	}
	mustOpen(t, list[0], list[1], now, true)
	if list[1].ring.keys[0].aes == late.keys[0].aes {
		t.Error("keys that never were the latest are used")
	}
}

// One that writes without end costs the others their tickets, and no more.
func TestSharedTicketKeysFlood(t *testing.T) {
	list, ring := sharing(t, 2)
	now := time.Unix(1_800_000_000, 0)
	mustOpen(t, list[0], list[1], now, true)
	var stop atomic.Bool
	var flood sync.WaitGroup
	flood.Go(func() {
		for !stop.Load() {
			ring.latest.Add(1)
		}
	})
	for range 100 {
		list[0].Open(make([]byte, 128), now, 1000*time.Second)
		list[0].Seal(fullSession(), now, 1000*time.Second, rand.Reader)
	}
	stop.Store(true)
	flood.Wait()
	mustOpen(t, list[0], list[1], now, true)
}

// A program's keys are its process's own, and encoded.
func TestOwnTicketKeysNotShared(t *testing.T) {
	list, _ := sharing(t, 2)
	now := time.Unix(1_800_000_000, 0)
	mustOpen(t, list[0], list[1], now, true)
	key := bytes.Repeat([]byte{1}, ticketKeySize)
	if err := list[0].Add(7, key, now); err != nil {
		t.Fatal(err)
	}
	mustOpen(t, list[1], list[0], now, true)
	moved := NewTicketKeys()
	if err := plain.Decode(plain.Encode(list[0].Fields), moved.Fields); err != nil {
		t.Fatal(err)
	}
	if *moved.ring != *list[0].ring {
		t.Error("lost the keys")
	}
	if _, err := list[1].Seal(fullSession(), now, 1000*time.Second, rand.Reader); err != nil {
		t.Fatal(err)
	}
	if list[1].ring.manual {
		t.Error("another process has the key")
	}
}
