package libtls

import (
	"bytes"
	"crypto/rand"
	"testing"
)

func TestSessionTable(t *testing.T) {
	list, _ := sharing(t, 2)
	one, other := &list[0].sessions, &list[1].sessions
	id, ticket := make([]byte, sessionIDSize), make([]byte, maxTableTicket)
	rand.Read(id)
	rand.Read(ticket)

	one.keep(id, ticket)
	if !bytes.Equal(other.ticket(id), ticket) {
		t.Error("another process has not the session")
	}
	for _, wrong := range [][]byte{nil, id[:31], append(bytes.Clone(id), 0), append(bytes.Clone(id[:31]), ^id[31])} {
		one.forget(wrong)
		if one.ticket(wrong) != nil {
			t.Errorf("a session with the id %x", wrong)
		}
	}
	if one.ticket(id) == nil {
		t.Error("forgotten for another id")
	}

	// What was written in part is no session.
	p := &one.table[one.place(id)]
	for _, damage := range []func(){
		func() { p.ticket[maxTableTicket-1] ^= 1 },
		func() { p.size-- },
		func() { p.size = 1 << 63 },
	} {
		before := *p
		damage()
		if one.ticket(id) != nil {
			t.Error("damaged, and there")
		}
		*p = before
	}

	later := bytes.Clone(id) // in the same place
	later[31] ^= 1
	one.keep(later, append(ticket, 0))
	if one.ticket(later) != nil || one.ticket(id) == nil {
		t.Error("a ticket that is too long was kept")
	}
	one.keep(later, ticket[:5])
	if one.ticket(id) != nil || !bytes.Equal(one.ticket(later), ticket[:5]) {
		t.Error("the later session is not there")
	}
	other.forget(later)
	if one.ticket(later) != nil {
		t.Error("not forgotten")
	}
}
