package libtls

import (
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"libtls/internal/protocol"
)

// sequence returns a SEQUENCE of about n bytes, as a certificate is one.
func sequence(n int) []byte {
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddBytes(make([]byte, n)) })
	return b.BytesOrPanic()
}

// Whatever a server issues it takes, and a client keeps: the longest ticket is
// what a ClientHello has room for (internal/protocol's limits). One byte more,
// and none is issued, kept or offered.
func TestLimits(t *testing.T) {
	now := time.Unix(1795313304, 0)
	keys := NewTicketKeys()
	longest := 0
	for n := protocol.MaxTicket - 1000; n < protocol.MaxTicket; n += 7 {
		s := fullSession()
		s.PeerChain = [][]byte{sequence(n)}
		ticket, err := keys.Seal(s, now, time.Hour, rand.Reader)
		if err != nil {
			if !errors.Is(err, errTicketTooLarge) {
				t.Fatal(err)
			}
			continue
		}
		longest = max(longest, len(ticket))
		if opened, _, ok := keys.Open(ticket, now, time.Hour); !ok || len(opened.PeerChain[0]) != len(s.PeerChain[0]) {
			t.Fatalf("a ticket of %d bytes wasn't taken", len(ticket))
		}
	}
	if longest <= protocol.MaxTicket-100 || longest > protocol.MaxTicket {
		t.Errorf("the longest ticket has %d bytes", longest)
	}

	// With the longest chain and staple of a handshake.
	for _, size := range []int{protocol.MaxTicket, protocol.MaxTicket + 1} {
		f, _ := newSessionFile(t, nil)
		s := fileSession("")
		s.Ticket = make([]byte, size)
		s.PeerChain = [][]byte{sequence(protocol.DefaultMaxCertificates / 2), sequence(protocol.DefaultMaxCertificates / 2)}
		s.Staple = make([]byte, 1<<16)
		if err := f.Put("example.test", fileTime, s); err != nil {
			t.Fatal(err)
		}
		taken, err := f.Take("example.test", "", fileTime, func(*Session) bool { return true })
		if err != nil || (taken != nil) != (size <= protocol.MaxTicket) {
			t.Errorf("session with a ticket of %d bytes: %v, %v", size, taken != nil, err)
		}
	}
}
