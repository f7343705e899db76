// Package schedule derives secrets: the TLS 1.3 key schedule of RFC 8446, 7.
package schedule

import (
	"crypto"
	"crypto/hkdf"
	"crypto/hmac"
	"hash"

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
	info := make([]byte, 0, 128)
	info = append(info, byte(n>>8), byte(n), byte(len(prefix)+len(label)))
	info = append(append(info, prefix...), label...)
	info = append(append(info, byte(len(context))), context...)
	out, err := hkdf.Expand(h.New, secret, string(info), n)
	if err != nil {
		panic("schedule: " + err.Error()) // more than 255 hashes were asked for
	}
	return out
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

func extract(h crypto.Hash, ikm, salt []byte) []byte {
	out, err := hkdf.Extract(h.New, ikm, salt)
	if err != nil {
		panic("schedule: " + err.Error()) // the hash isn't allowed, in FIPS mode only
	}
	return out
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
	return mac(h.New, key, transcript)
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

func mac(h func() hash.Hash, key, msg []byte) []byte {
	m := hmac.New(h, key)
	m.Write(msg)
	return m.Sum(nil)
}
