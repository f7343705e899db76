package record

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"testing"

	"libtls/internal/suite"
)

// halves returns the two halves of one direction under a fixed key.
func halves(t testing.TB, s *suite.Suite) (seal, open *Half) {
	t.Helper()
	seal, open = new(Half), new(Half)
	key := bytes.Repeat([]byte{1}, s.KeyLen)
	iv := bytes.Repeat([]byte{2}, s.IVLen)
	for _, h := range []*Half{seal, open} {
		var err error
		switch {
		case s.Version == suite.TLS13:
			err = h.SetKeys(s, key, iv)
		case s.MAC != 0:
			err = h.SetKeys12(s, bytes.Repeat([]byte{3}, s.MAC.Size()), key, nil, rand.Reader)
		default:
			err = h.SetKeys12(s, nil, key, iv, nil)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return seal, open
}

func TestRecords(t *testing.T) {
	for _, s := range suite.All {
		t.Run(s.Name, func(t *testing.T) {
			seal, open := halves(t, s)
			for _, n := range []int{0, 1, 15, 16, 17, 255, 256, 257, 1000, MaxPlaintext} {
				msg := bytes.Repeat([]byte{byte(n)}, n)
				rec, err := seal.Seal(nil, ApplicationData, msg)
				if err != nil {
					t.Fatal(err)
				}
				if len(rec) > n+Overhead {
					t.Errorf("%d bytes became %d", n, len(rec))
				}
				for i := range 3 { // a spoilt record is refused, and the next one isn't
					spoilt := bytes.Clone(rec)
					spoilt[HeaderSize+i*(len(rec)-HeaderSize-1)/2] ^= 1
					before := *open
					if _, _, err := open.Open(spoilt, nil); err != ErrBadMAC {
						t.Errorf("%d bytes, spoilt: %v", n, err)
					}
					open.seq = before.seq
				}
				for _, dst := range [][]byte{nil, make([]byte, n+1)} {
					seq := open.seq
					typ, plain, err := open.Open(bytes.Clone(rec), dst)
					if err != nil || typ != ApplicationData || !bytes.Equal(plain, msg) {
						t.Fatalf("%d bytes: type %d, %d bytes, %v", n, typ, len(plain), err)
					}
					if dst == nil {
						open.seq = seq
					}
				}
			}
			if seal.Seq() != 10 || open.Seq() != 10 {
				t.Errorf("%d records sealed, %d opened", seal.Seq(), open.Seq())
			}
			for n := range 80 { // short bodies don't panic
				open.Open(append([]byte{23, 3, 3, 0, byte(n)}, make([]byte, n)...), nil)
			}
		})
	}
}

// TestPadding13 strips what RFC 8446, 5.4 allows.
func TestPadding13(t *testing.T) {
	s := suite.ByID(suite.AES128GCMSHA256)
	for _, test := range []struct {
		inner []byte
		want  string
		err   error
	}{
		{[]byte("data\x17"), "data", nil},
		{[]byte("data\x17\x00\x00\x00"), "data", nil},
		{[]byte("\x17"), "", nil},
		{[]byte("\x00\x00"), "", ErrNoType},
		{[]byte(""), "", ErrNoType},
		{append(bytes.Repeat([]byte("a"), MaxPlaintext), 23), string(bytes.Repeat([]byte("a"), MaxPlaintext)), nil},
		{append(bytes.Repeat([]byte("a"), MaxPlaintext), 23, 0), "", ErrTooLong},
	} {
		seal, open := halves(t, s)
		seal.next()
		n := len(test.inner) + 16
		rec := []byte{23, 3, 3, byte(n >> 8), byte(n)}
		rec = seal.aead.Seal(rec, seal.nonce[:], test.inner, rec)
		_, plain, err := open.Open(rec, nil)
		if err != test.err || string(plain) != test.want {
			t.Errorf("%.20q: %d bytes, %v", test.inner, len(plain), err)
		}
	}
}

// TestPaddingCBC judges every padding length, right and wrong.
func TestPaddingCBC(t *testing.T) {
	for _, id := range []suite.ID{suite.ECDHERSAAES128SHA, suite.ECDHERSAAES128SHA256, suite.ECDHERSAAES256SHA384} {
		s := suite.ByID(id)
		macKey := bytes.Repeat([]byte{3}, s.MAC.Size())
		block, err := aes.NewCipher(bytes.Repeat([]byte{1}, s.KeyLen))
		if err != nil {
			t.Fatal(err)
		}
		// forge makes a record with the padding it is told to.
		forge := func(payload, padding []byte, spoil int) []byte {
			header := binary.BigEndian.AppendUint64(nil, 0)
			header = append(header, 23, 3, 3, byte(len(payload)>>8), byte(len(payload)))
			m := hmac.New(s.MAC.New, macKey)
			m.Write(header)
			m.Write(payload)
			text := m.Sum(bytes.Clone(payload))
			if spoil >= 0 {
				text[len(payload)+spoil] ^= 0x80
			}
			text = append(text, padding...)
			iv := make([]byte, aes.BlockSize)
			cipher.NewCBCEncrypter(block, iv).CryptBlocks(text, text)
			n := len(iv) + len(text)
			return append([]byte{23, 3, 3, byte(n >> 8), byte(n)}, append(iv, text...)...)
		}
		open := func(rec []byte) ([]byte, error) {
			_, h := halves(t, s)
			_, plain, err := h.Open(rec, nil)
			return plain, err
		}
		for _, n := range []int{0, 1, 20, 300} {
			payload := bytes.Repeat([]byte{7}, n)
			for pad := range 256 {
				if (n+s.MAC.Size()+pad+1)%aes.BlockSize != 0 {
					continue
				}
				what := fmt.Sprintf("%s, %d bytes, padding %d", s.Name, n, pad)
				padding := bytes.Repeat([]byte{byte(pad)}, pad+1)
				if plain, err := open(forge(payload, padding, -1)); err != nil || !bytes.Equal(plain, payload) {
					t.Errorf("%s: %v", what, err)
				}
				for _, at := range []int{0, s.MAC.Size() - 1} {
					if _, err := open(forge(payload, padding, at)); err != ErrBadMAC {
						t.Errorf("%s, MAC byte %d wrong: %v", what, at, err)
					}
				}
				for _, at := range []int{0, pad / 2} {
					if at == pad {
						continue // that is the length itself
					}
					wrong := bytes.Clone(padding)
					wrong[at] ^= 1
					if _, err := open(forge(payload, wrong, -1)); err != ErrBadMAC {
						t.Errorf("%s, padding byte %d wrong: %v", what, at, err)
					}
				}
				longer := bytes.Clone(padding)
				longer[pad] = byte(n + s.MAC.Size() + pad + 1) // reaches before the record
				if n+s.MAC.Size()+pad+1 < 256 {
					if _, err := open(forge(payload, longer, -1)); err != ErrBadMAC {
						t.Errorf("%s, reaching too far: %v", what, err)
					}
				}
			}
		}
	}
}

func BenchmarkRecord(b *testing.B) {
	for _, s := range suite.All {
		b.Run(s.Name, func(b *testing.B) {
			seal, open := halves(b, s)
			data, out, dst := make([]byte, MaxPlaintext), make([]byte, 0, MaxPlaintext+Overhead), make([]byte, MaxPlaintext+1)
			b.SetBytes(MaxPlaintext)
			b.ReportAllocs()
			for b.Loop() {
				rec, err := seal.Seal(out, ApplicationData, data)
				if err == nil {
					_, _, err = open.Open(rec, dst)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestOpenLeavesTheRest holds Open to what it promises about dst.
func TestOpenLeavesTheRest(t *testing.T) {
	for _, s := range suite.All {
		for _, typ := range []Type{ApplicationData, Handshake} {
			for _, n := range []int{0, 10, direct - 1, direct, MaxPlaintext - 20} {
				seal, open := halves(t, s)
				rec, err := seal.Seal(nil, typ, bytes.Repeat([]byte{'x'}, n))
				if err != nil {
					t.Fatal(err)
				}
				dst := bytes.Repeat([]byte{'-'}, n+20)
				_, plain, err := open.Open(rec, dst)
				if err != nil || len(plain) != n {
					t.Fatalf("%s, %d bytes: %d, %v", s.Name, n, len(plain), err)
				}
				if typ == Handshake && bytes.IndexByte(dst, 'x') >= 0 {
					t.Errorf("%s, %d bytes: a message in dst", s.Name, n)
				}
				if typ == ApplicationData && bytes.Count(dst[n:], []byte{'-'}) != 20 {
					t.Errorf("%s, %d bytes: %q behind them", s.Name, n, dst[n:])
				}
			}
		}
	}
}
