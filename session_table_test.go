package libtls

import (
	"bytes"
	"crypto/rand"
	"os"
	"testing"

	"libtls/internal/protocol"
)

func TestSessionTable(t *testing.T) {
	list, _ := sharing(t, 2)
	one, other := &list[0].tickets.sessions, &list[1].tickets.sessions
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

// A client that takes no tickets resumes by an id, also at a process that was
// forked from the same one.
func TestSessionIDs(t *testing.T) {
	client, server := configs(t, "")
	client.SetProtocols(ProtocolTLS12)
	fd, path := sessionFD(t)
	client.SetSessionFD(fd)
	server.SetSessionLifetime(1000)
	memory := make([]byte, SharedSize)
	server.Share(memory)
	child, err := UnmarshalConfig(server.Marshal())
	if err != nil {
		t.Fatal(err)
	}
	child.Share(memory)

	connect := func(at *Config, want bool) *end {
		t.Helper()
		ctx := dial(t, client, "server.test")
		e := ctx.clientEngine(client)
		e.NoTickets12 = true
		ctx.conn = protocol.Client(e)
		c, s := connectPair(ctx, accept(t, at))
		mustHandshake(t, c, s)
		if c.ConnSessionResumed() != want || s.ConnSessionResumed() != want {
			t.Fatalf("resumed: %v, %v", c.ConnSessionResumed(), s.ConnSessionResumed())
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if kept := ParseSessionsPEM(data); len(kept) != 1 || len(kept[0].ID) != sessionIDSize || len(kept[0].Ticket) > 0 {
			t.Fatal("not a session with an id")
		}
		return s
	}
	connect(server, false)
	for _, at := range []*Config{server, child, child, server} {
		connect(at, true)
	}
	// RFC 5246, 7.2.2: a failure ends the session.
	failing := connect(child, true)
	failing.in = append(failing.in, 23, 3, 3, 0, 1, 0)
	if _, step, _ := failing.do(OpRead, make([]byte, 10)); step != Failed {
		t.Fatalf("step %d", step)
	}
	connect(server, false)
	connect(child, true)
	server.SetSessionLifetime(0)
	ctx := dial(t, client, "server.test")
	c, s := connectPair(ctx, accept(t, server))
	mustHandshake(t, c, s)
	if c.ConnSessionResumed() {
		t.Error("resumed by a server without sessions")
	}
}
