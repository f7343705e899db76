package libtls

import (
	"crypto/sha256"
	"encoding/binary"
	"sync/atomic"
	"unsafe"

	"libtls/internal/plain"
)

// Processes that were forked from one configuration have their automatic
// ticket keys in memory that they share. Any of them may be killed at any
// moment, so there is no lock: a writer fills a place of its own, and then
// makes it the latest in one step.
type sharedRing struct {
	latest  atomic.Uint64 // number of a writing; 0 before the first
	writers atomic.Uint64 // numbers given out
	places  [ringPlaces]ringPlace
}

// ringPlaces is how many processes can write at a time. One more, or one that
// was stopped for long in the middle of it, does damage that the sum shows;
// then the keys are lost and made anew.
const ringPlaces = 64

// ringPlace is where writings go whose number has the same remainder.
type ringPlace struct {
	number uint64
	ring   [ringSize]byte
	sum    [sha256.Size]byte // of number and ring
}

// ringTries is how often a process tries to be faster than those others that
// change the keys, once in hours each if they are honest.
const ringTries = 64

// ringSize is the size of an encoded ring.
const ringSize = maxTicketKeys*(ticketNameSize+ticketAESSize+sha256.Size+3*8) + 2*8

// SharedSize is how much memory Share needs, in bytes.
const SharedSize = int(unsafe.Sizeof(shared{}))

// shared is what processes share that were forked from one configuration.
type shared struct {
	ring     sharedRing
	sessions sessionTable
}

// Share has the automatic ticket keys, and the sessions that are resumed by
// ids, live in memory that lasts as long as they do, isn't Go's, and
// was all zero at first. A program's own keys are its process's.
func (t *TicketKeys) Share(memory []byte) {
	_ = memory[SharedSize-1]
	all := (*shared)(unsafe.Pointer(unsafe.SliceData(memory)))
	t.mu.Lock()
	defer t.mu.Unlock()
	t.shared = &all.ring
	t.sessions.share(&all.sessions)
}

func (r *ticketRing) fields(p *plain.Coder) {
	for i := range r.keys {
		r.keys[i].fields(p)
	}
	used := uint8(r.used)
	plain.Number(p, &used)
	p.Flag(&r.manual)
	if used > maxTicketKeys {
		p.Fail()
		used = 0
	}
	r.used = int32(used)
}

func (k *ticketKey) fields(p *plain.Coder) {
	p.Array(k.name[:])
	p.Array(k.aes[:])
	p.Array(k.mac[:])
	plain.Number(p, &k.added)
	p.Flag(&k.automatic)
	p.Flag(&k.aes128)
}

func (p *ringPlace) check() [sha256.Size]byte {
	var b [8 + ringSize]byte
	defer clear(b[:])
	binary.BigEndian.PutUint64(b[:], p.number)
	copy(b[8:], p.ring[:])
	return sha256.Sum256(b[:])
}

// read sets r to the latest keys and returns the number of their writing. Of
// damaged ones, or if others write without end, it makes an empty ring.
func (s *sharedRing) read(r *ticketRing) (n uint64) {
	for range ringTries {
		n = s.latest.Load()
		*r = ticketRing{}
		if n == 0 {
			return 0
		}
		place := s.places[n%ringPlaces]
		ok := place.number == n && place.sum == place.check() && plain.Decode(place.ring[:], r.fields) == nil
		clear(place.ring[:])
		if s.latest.Load() != n {
			continue // it was overwritten meanwhile
		}
		if !ok {
			*r = ticketRing{}
		}
		return n
	}
	*r = ticketRing{}
	return n
}

// write makes r the latest keys in the place of those that read returned with
// number old, and wipes these; false if another process was faster.
func (s *sharedRing) write(old uint64, r *ticketRing) bool {
	n := s.writers.Add(1)
	if n%ringPlaces == old%ringPlaces {
		n = s.writers.Add(1)
	}
	data := plain.Encode(r.fields)
	defer clear(data)
	place := &s.places[n%ringPlaces]
	place.number = n
	copy(place.ring[:], data)
	place.sum = place.check()
	if !s.latest.CompareAndSwap(old, n) {
		*place = ringPlace{}
		return false
	}
	s.places[old%ringPlaces] = ringPlace{}
	return true
}

// update brings the ring up to date with other processes', and shares what
// change makes of it.
func (t *TicketKeys) update(change func() error) error {
	for range ringTries {
		var number uint64
		shared := t.shared != nil && !t.ring.manual
		if shared {
			number = t.shared.read(t.ring)
		}
		before := *t.ring
		err := change()
		same := *t.ring == before
		before = ticketRing{}
		if err != nil || !shared || same || t.shared.write(number, t.ring) {
			return err
		}
	}
	*t.ring = ticketRing{}
	return errNoTicketKey
}
