package record

import (
	"bytes"
	"crypto/rand"
	"testing"

	"libtls/internal/suite"
)

// FuzzOpen hands records to both ends of each kind of protection of TLS 1.2:
// none opens but the one that was sealed.
func FuzzOpen(f *testing.F) {
	suites := []suite.ID{suite.ECDHEECDSAAES128SHA, suite.ECDHEECDSAAES128SHA256, suite.ECDHEECDSAAES128GCM}
	keyed := func(kind uint8) *Half {
		s := suite.ByID(suites[int(kind)%len(suites)])
		mac := 0
		if s.MAC != 0 {
			mac = s.MAC.Size()
		}
		h := new(Half)
		if err := h.SetKeys12(s, make([]byte, mac), make([]byte, s.KeyLen), make([]byte, s.IVLen), rand.Reader); err != nil {
			f.Fatal(err)
		}
		return h
	}
	for kind := range suites {
		for _, n := range []int{0, 1, 15, 16, 300} {
			f.Add(uint8(kind), make([]byte, n))
			rec, err := keyed(uint8(kind)).Seal(nil, ApplicationData, make([]byte, n))
			if err != nil {
				f.Fatal(err)
			}
			f.Add(uint8(kind), rec[HeaderSize:])
		}
	}
	f.Fuzz(func(t *testing.T, kind uint8, body []byte) {
		if len(body) > MaxBody {
			return
		}
		rec := append([]byte{byte(ApplicationData), 3, 3, byte(len(body) >> 8), byte(len(body))}, body...)
		typ, payload, err := keyed(kind).Open(bytes.Clone(rec), nil)
		if err != nil {
			return
		}
		// Only who has the keys can have made it, and then for this type.
		if typ != ApplicationData || len(payload) > len(body) {
			t.Fatalf("opened as %d with %d of %d bytes", typ, len(payload), len(body))
		}
		rec[0] = byte(Handshake)
		if _, _, err := keyed(kind).Open(rec, nil); err == nil {
			t.Fatal("opened as another type")
		}
	})
}
