package libtls

import (
	"testing"

	"libtls/internal/plain"
	"libtls/internal/plain/plaintest"
)

func TestFields(t *testing.T) {
	plaintest.Struct[TicketKeys]{
		New: func() *TicketKeys {
			keys := NewTicketKeys()
			keys.ring.manual = true
			keys.file = &fileKeys{keys: make([]ticketKey, 2)}
			return keys
		},
		Into: NewTicketKeys,
		Walk: func(k *TicketKeys, p *plain.Coder) { k.Fields(p) },
		Change: map[string]func(*TicketKeys){
			"ring.manual": func(k *TicketKeys) { k.ring.manual = false },
		},
		Omit: map[string]string{
			"mu":       "nobody holds it in a child",
			"shared":   "Share tells where they are",
			"sessions": "Share tells where they are",
		},
	}.Check(t)
	plaintest.Struct[SessionFile]{
		New:  func() *SessionFile { return new(SessionFile) },
		Into: func() *SessionFile { return new(SessionFile) },
		Walk: func(f *SessionFile, p *plain.Coder) { f.Fields(p) },
	}.Check(t)
}
