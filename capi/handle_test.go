package main

import (
	"sync"
	"testing"
)

func TestTable(t *testing.T) {
	var tab table[int]
	if tab.get(0) != nil || tab.remove(0) != nil {
		t.Error("0 is a handle")
	}
	const n = 1000
	handles := make([]uint64, n)
	for i := range handles {
		handles[i] = tab.add(&i)
	}
	for i, h := range handles {
		if got := tab.get(h); got == nil || *got != i {
			t.Fatalf("handle %#x: got %v, want %d", h, got, i)
		}
	}
	for i, h := range handles {
		if got := tab.remove(h); got == nil || *got != i {
			t.Fatalf("remove %#x: got %v, want %d", h, got, i)
		}
		if tab.get(h) != nil || tab.remove(h) != nil {
			t.Fatalf("handle %#x outlives its object", h)
		}
	}
	again := 7
	h := tab.add(&again)
	if tab.used != n {
		t.Errorf("%d slots used for %d objects", tab.used, n)
	}
	for _, old := range handles {
		if old == h || tab.get(old) != nil {
			t.Fatalf("old handle %#x finds a new object", old)
		}
	}
	for _, wrong := range []uint64{h + 1<<32, h ^ 1<<20, ^uint64(0), 1 << 32} {
		if tab.get(wrong) != nil {
			t.Errorf("%#x is a handle", wrong)
		}
	}
}

func TestTablePlaces(t *testing.T) {
	row, i := place(0)
	for n := range uint32(1 << 16) {
		r, k := place(n)
		if r == row+1 && k == 0 && i == firstRow<<row {
			row, i = r, k
		}
		if r != row || k != i {
			t.Fatalf("slot %d: got row %d, %d, want row %d, %d", n, r, k, row, i)
		}
		i++
	}
}

func TestTableThreads(t *testing.T) {
	var tab table[int]
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for range 1000 {
				h := tab.add(&g)
				if got := tab.get(h); got != &g {
					t.Errorf("got %v", got)
				}
				if tab.remove(h) != &g {
					t.Error("object lost")
				}
			}
		})
	}
	wg.Wait()
}
