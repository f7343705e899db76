//go:build !race

package libtls

import (
	"crypto/rand"
	"sync"
	"testing"
	"time"
)

// A reader may see a ring half written, and reads it again then. Between
// processes there is no other way, and the race detector doesn't know this one.

// Who reads while another writes has the keys from before or after, and opens
// what either could.
func TestSharedTicketKeysReadWhileWritten(t *testing.T) {
	list, ring := sharing(t, 2)
	now := time.Unix(1_800_000_000, 0)
	ticket, err := list[0].Seal(fullSession(), now, 1000*time.Second, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var keys ticketRing
	ring.read(&keys)
	for i := range 10000 {
		var once sync.WaitGroup
		once.Go(func() {
			n, same := ring.latest.Load(), keys
			if !ring.write(n, &same) {
				t.Error("nobody else writes")
			}
		})
		if _, _, ok := list[1].Open(ticket, now, 1000*time.Second); !ok {
			t.Fatalf("reading %d found no keys", i)
		}
		once.Wait()
	}
}
