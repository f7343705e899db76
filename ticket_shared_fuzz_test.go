package libtls

import (
	"testing"
	"time"
)

// FuzzShared has other processes write anything into the memory that is
// shared: keys are made anew or used, and no session comes of it.
func FuzzShared(f *testing.F) {
	f.Add(uint64(1), []byte(nil), []byte(nil))
	f.Add(uint64(63), make([]byte, ringSize), make([]byte, 200))
	f.Add(^uint64(0), []byte{1, 2, 3}, []byte{4})
	f.Fuzz(func(t *testing.T, number uint64, ring, session []byte) {
		keys := NewTicketKeys()
		memory := make([]byte, SharedSize)
		keys.Share(memory)
		place := &keys.shared.places[number%ringPlaces]
		place.number = number
		copy(place.ring[:], ring)
		place.sum = place.check()
		keys.shared.latest.Store(number)
		now := time.Unix(1_800_000_000, 0)
		ticket, err := keys.Seal(fullSession(), now, time.Hour, zeros{})
		if err == nil {
			if _, _, ok := keys.Open(ticket, now, time.Hour); !ok {
				t.Error("a ticket of our own doesn't open")
			}
		}
		id := make([]byte, sessionIDSize)
		p := &keys.sessions.table[keys.sessions.place(id)]
		copy(p.ticket[:], session)
		p.size = uint64(len(session))
		if keys.sessions.ticket(id) != nil {
			t.Error("a session without its sum")
		}
	})
}

// zeros is a source of no randomness.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}
