package main

import (
	"math/bits"
	"sync"
	"sync/atomic"
)

// table finds Go objects for C by handles: the number of a slot, and in the
// upper half how often that has been used, so that an old handle finds nothing.
// 0 is no handle. Looking up takes no lock.
type table[T any] struct {
	mu   sync.Mutex
	free []uint32
	used uint32 // slots that were ever in use
	rows [25]atomic.Pointer[[]slot[T]]
}

type slot[T any] struct {
	uses   atomic.Uint32
	object atomic.Pointer[T]
}

// firstRow is the number of slots in the first row; each row has twice as many
// as the one before.
const firstRow = 64

// at returns a slot, nil if its row isn't there yet.
func (t *table[T]) at(n uint32) *slot[T] {
	row, i := place(n)
	if row >= len(t.rows) {
		return nil
	}
	slots := t.rows[row].Load()
	if slots == nil {
		return nil
	}
	return &(*slots)[i]
}

func place(n uint32) (row int, i uint64) {
	at := uint64(n) + firstRow
	row = bits.Len64(at) - bits.Len64(firstRow)
	return row, at - firstRow<<row
}

// add returns a handle for object, 0 if there are too many.
func (t *table[T]) add(object *T) uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	inject()
	n := t.used
	if last := len(t.free) - 1; last >= 0 {
		n = t.free[last]
		t.free = t.free[:last]
	} else {
		row, _ := place(n)
		if row >= len(t.rows) {
			return 0
		}
		if t.rows[row].Load() == nil {
			slots := make([]slot[T], firstRow<<row)
			t.rows[row].Store(&slots)
		}
		t.used++
	}
	s := t.at(n)
	s.object.Store(object)
	return uint64(s.uses.Add(1))<<32 | uint64(n)
}

// get returns the object of a handle, nil if it is none.
func (t *table[T]) get(handle uint64) *T {
	s := t.at(uint32(handle))
	if s == nil || s.uses.Load() != uint32(handle>>32) {
		return nil
	}
	return s.object.Load()
}

// remove forgets a handle and returns its object, nil if it is none.
func (t *table[T]) remove(handle uint64) *T {
	t.mu.Lock()
	defer t.mu.Unlock()
	object := t.get(handle)
	if object == nil {
		return nil
	}
	n := uint32(handle)
	t.at(n).object.Store(nil)
	t.free = append(t.free, n)
	return object
}

// must insists on an object. A nil one would make the first use of it a fault,
// which no barrier catches: the process's disposition of SIGSEGV isn't ours.
func must[T any](object *T) *T {
	inject()
	if object == nil {
		panic("stale handle")
	}
	return object
}
