package libtls

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"sync"
)

// TLS 1.2 clients that take no tickets, as curl, resume by a session id. What
// their server needs for that is a ticket all the same, which it keeps itself.

const (
	// tableSessions is how many sessions are kept. A newer one takes the place
	// of an older.
	tableSessions = 256
	sessionIDSize = 32 // of an id that a server makes, in bytes
	// maxTableTicket is the longest ticket that is kept, in bytes. It has room
	// for a client's certificate of the usual kinds.
	maxTableTicket = 3072
)

// sessionTable lies in memory that processes share. Any of them may be killed
// at any moment, so there is no lock between them. An entry that two processes
// wrote at the same time, or that one didn't finish, has a wrong sum and is no
// session.
type sessionTable [tableSessions]struct {
	sum    [sha256.Size]byte // of id, size and ticket
	id     [sessionIDSize]byte
	size   uint64
	ticket [maxTableTicket]byte
}

// heldSessions is a process's view of a table.
type heldSessions struct {
	mu    sync.Mutex
	table *sessionTable // nil if none are kept
}

// share has the sessions live in table.
func (h *heldSessions) share(table *sessionTable) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.table = table
}

// place returns where a session with that id is, or would be.
func (h *heldSessions) place(id []byte) int {
	return int(binary.BigEndian.Uint32(id) % tableSessions)
}

func tableSum(id, ticket []byte) [sha256.Size]byte {
	return sha256.Sum256(append(append(make([]byte, 0, len(id)+len(ticket)), id...), ticket...))
}

// KeepByID keeps the ticket of the session with that id, for as long as there
// is room.
func (t *TicketKeys) KeepByID(id, ticket []byte) { t.sessions.keep(id, ticket) }

// TicketByID returns what KeepByID kept; nil if there is nothing.
func (t *TicketKeys) TicketByID(id []byte) []byte { return t.sessions.ticket(id) }

// ForgetID drops the session with that id.
func (t *TicketKeys) ForgetID(id []byte) { t.sessions.forget(id) }

// keep keeps the ticket of the session with that id, unless it is too long.
func (h *heldSessions) keep(id, ticket []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.table == nil || len(id) != sessionIDSize || len(ticket) > maxTableTicket {
		return
	}
	p := &h.table[h.place(id)]
	p.sum = [sha256.Size]byte{}
	copy(p.id[:], id)
	copy(p.ticket[:], ticket)
	p.size = uint64(len(ticket))
	p.sum = tableSum(id, ticket)
}

// ticket returns the ticket of the session with that id; nil if there is none.
func (h *heldSessions) ticket(id []byte) []byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.table == nil || len(id) != sessionIDSize {
		return nil
	}
	p := &h.table[h.place(id)]
	size, sum := p.size, p.sum
	if size > maxTableTicket || !bytes.Equal(p.id[:], id) {
		return nil
	}
	ticket := bytes.Clone(p.ticket[:size]) // first, as others may write
	if tableSum(id, ticket) != sum {
		return nil
	}
	return ticket
}

// forget drops the session with that id.
func (h *heldSessions) forget(id []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.table == nil || len(id) != sessionIDSize {
		return
	}
	if p := &h.table[h.place(id)]; bytes.Equal(p.id[:], id) {
		p.sum = [sha256.Size]byte{}
	}
}
