// Package schedule derives secrets: the TLS 1.3 key schedule of RFC 8446, 7.
package schedule

import (
	"crypto"

	"libtls/internal/suite"
)

// Labels of DeriveSecret (RFC 8446, 7.1).
const (
	ResumptionBinder = "res binder"
	ClientHandshake  = "c hs traffic"
	ServerHandshake  = "s hs traffic"
	ClientTraffic    = "c ap traffic"
	ServerTraffic    = "s ap traffic"
	Exporter         = "exp master"
	Resumption       = "res master"
)

// ExpandLabel is HKDF-Expand-Label (RFC 8446, 7.1). Labels and contexts are of
// our own making and short.
func ExpandLabel(h crypto.Hash, secret []byte, label string, context []byte, n int) []byte {
	const prefix = "tls13 "
	if n > 255*h.Size() {
		panic("schedule: more than HKDF can give")
	}
	a := take(h)
	defer a.release(h)
	info := append(a.info[:0], byte(n>>8), byte(n), byte(len(prefix)+len(label)))
	info = append(append(info, prefix...), label...)
	info = append(append(info, byte(len(context))), context...)
	// HKDF-Expand (RFC 5869, section 2.3). One round nearly always suffices.
	out := make([]byte, 0, n+h.Size()) // growing would leave copies of secrets behind
	for last := out; len(out) < n; {
		at := len(out)
		out = a.mac(out, secret, last, info, []byte{byte(at/h.Size() + 1)})
		last = out[at:]
	}
	clear(out[n:])
	return out[:n:n]
}

// DeriveSecret is Derive-Secret with the transcript's hash already made.
func DeriveSecret(h crypto.Hash, secret []byte, label string, transcript []byte) []byte {
	return ExpandLabel(h, secret, label, transcript, h.Size())
}

// Schedule stands at one of the stages of the key schedule's column.
type Schedule struct {
	Hash   crypto.Hash
	Secret []byte // Early, Handshake or Master Secret
}

// New returns the schedule at the Early Secret; psk is nil without one.
func New(h crypto.Hash, psk []byte) *Schedule {
	if psk == nil {
		psk = make([]byte, h.Size())
	}
	return &Schedule{h, extract(h, psk, nil)}
}

// extract is HKDF-Extract (RFC 5869, section 2.2).
func extract(h crypto.Hash, ikm, salt []byte) []byte {
	return mac(h, salt, ikm)
}

// Advance goes one stage down with that input, nil for the Master Secret.
func (s *Schedule) Advance(ikm []byte) {
	if ikm == nil {
		ikm = make([]byte, s.Hash.Size())
	}
	salt := DeriveSecret(s.Hash, s.Secret, "derived", s.Hash.New().Sum(nil))
	next := extract(s.Hash, ikm, salt)
	clear(salt)
	clear(s.Secret)
	s.Secret = next
}

// Derive derives a secret of the present stage.
func (s *Schedule) Derive(label string, transcript []byte) []byte {
	return DeriveSecret(s.Hash, s.Secret, label, transcript)
}

// Wipe clears the stage's secret.
func (s *Schedule) Wipe() { clear(s.Secret) }

// TrafficKeys returns the key and IV that a traffic secret gives (RFC 8446, 7.3).
func TrafficKeys(s *suite.Suite, secret []byte) (key, iv []byte) {
	return ExpandLabel(s.Hash, secret, "key", nil, s.KeyLen), ExpandLabel(s.Hash, secret, "iv", nil, 12)
}

// NextTraffic returns the traffic secret after a key update (RFC 8446, 7.2).
func NextTraffic(h crypto.Hash, secret []byte) []byte {
	return ExpandLabel(h, secret, "traffic upd", nil, h.Size())
}

// Finished returns the verify_data under a base key (RFC 8446, 4.4.4).
func Finished(h crypto.Hash, baseKey, transcript []byte) []byte {
	key := ExpandLabel(h, baseKey, "finished", nil, h.Size())
	defer clear(key)
	return mac(h, key, transcript)
}

// TicketPSK returns the PSK of the ticket with that nonce (RFC 8446, 4.6.1).
func TicketPSK(h crypto.Hash, resumption, nonce []byte) []byte {
	return ExpandLabel(h, resumption, "resumption", nonce, h.Size())
}

// Export returns n bytes of keying material (RFC 8446, 7.5).
func Export(h crypto.Hash, exporter []byte, label string, context []byte, n int) []byte {
	empty := h.New().Sum(nil)
	secret := DeriveSecret(h, exporter, label, empty)
	defer clear(secret)
	digest := h.New()
	digest.Write(context)
	return ExpandLabel(h, secret, "exporter", digest.Sum(nil), n)
}

func mac(h crypto.Hash, key []byte, parts ...[]byte) []byte {
	a := take(h)
	defer a.release(h)
	return a.mac(make([]byte, 0, h.Size()), key, parts...)
}
