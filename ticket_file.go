package libtls

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	"libtls/internal/plain"
)

// Servers on many machines have their ticket keys from a file that is brought to
// all of them, in a form that HAProxy or nginx reads too.
const (
	longKeySize  = OpenSSLKeySize
	shortKeySize = ticketNameSize + 2*16
	// maxFileKeys is how many keys of a file are used.
	maxFileKeys = 16
	// MaxTicketKeyFile is the largest file of ticket keys, in bytes.
	MaxTicketKeyFile = 64 << 10
)

// fileKeys are the keys of a file, newest first.
type fileKeys struct {
	keys []ticketKey
	// seals is the index of the key that seals. One before it is known to
	// servers before any of them seals with it.
	seals int
}

// SetFile makes the keys in data, the content of a file, the only ones. A text
// has a key on each line, in base64, of which the last but one seals; in other
// data one key follows the other, and the first seals. The error tells what is
// wrong with the data; the keys stay as they were then.
func (t *TicketKeys) SetFile(data []byte) error {
	f, err := parseFileKeys(data)
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	*t.ring = ticketRing{}
	t.dropFile()
	t.file = f
	return nil
}

// DropFile forgets the keys of a file. Keys are made automatically from then on.
func (t *TicketKeys) DropFile() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.dropFile()
}

func (t *TicketKeys) dropFile() {
	if t.file != nil {
		clear(t.file.keys)
		t.file = nil
	}
}

// parseFileKeys reads the content of a file. Keys that are there twice count
// once.
func parseFileKeys(data []byte) (*fileKeys, error) {
	switch {
	case len(data) == 0:
		return nil, errors.New("ticket key file is empty")
	case len(data) > MaxTicketKeyFile:
		return nil, errors.New("ticket key file is too large")
	}
	raw, text, err := splitFileKeys(data)
	defer func() {
		for _, k := range raw {
			clear(k)
		}
	}()
	if err != nil {
		return nil, err
	}
	f := &fileKeys{keys: make([]ticketKey, 0, len(raw))}
	for i, b := range raw {
		if err := f.add(newFileKey(b, text)); err != nil {
			clear(f.keys)
			return nil, err
		}
		if text && i == 1 {
			f.seals = findTicketKey(f.keys, b[:ticketNameSize])
		}
	}
	return f, nil
}

// splitFileKeys returns copies of the keys in a file, newest first, and whether
// it is a text.
func splitFileKeys(data []byte) (keys [][]byte, text bool, err error) {
	printable := func(b byte) bool { return b >= ' ' && b <= '~' || b == '\n' || b == '\r' || b == '\t' }
	if !slices.ContainsFunc(data, func(b byte) bool { return !printable(b) }) {
		keys, err = splitTextKeys(data)
		return keys, true, err
	}
	size := longKeySize
	if len(data) == shortKeySize {
		size = shortKeySize
	}
	if len(data)%size != 0 {
		return nil, false, fmt.Errorf("ticket key file is no text, and has %d bytes instead of %d or a multiple of %d",
			len(data), shortKeySize, longKeySize)
	}
	for key := range slices.Chunk(data, size) {
		if len(keys) < maxFileKeys {
			keys = append(keys, bytes.Clone(key))
		}
	}
	return keys, false, nil
}

func splitTextKeys(data []byte) (keys [][]byte, err error) {
	number := 0
	for line := range bytes.Lines(data) {
		number++
		if line[len(line)-1] != '\n' {
			return keys, fmt.Errorf("line %d of ticket key file has no end", number)
		}
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		key := make([]byte, base64.StdEncoding.DecodedLen(len(line)))
		n, err := base64.StdEncoding.Strict().Decode(key, line)
		key = key[:n]
		keys = append(keys, key)
		switch {
		case err != nil:
			return keys, fmt.Errorf("line %d of ticket key file is not base64", number)
		case n != longKeySize && n != shortKeySize:
			return keys, fmt.Errorf("line %d of ticket key file has a key of %d bytes instead of %d or %d", number, n,
				longKeySize, shortKeySize)
		case n != len(keys[0]):
			return keys, fmt.Errorf("line %d of ticket key file has a key of another size than those before", number)
		}
		if len(keys) > maxFileKeys {
			clear(keys[0])
			keys = keys[1:]
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("ticket key file has no keys")
	}
	slices.Reverse(keys)
	return keys, nil
}

// newFileKey takes a key apart: a name, then as much for AES as for HMAC-SHA256,
// in this order but for long ones of nginx, which are OpenSSL's.
func newFileKey(b []byte, text bool) (k ticketKey) {
	b = b[copy(k.name[:], b):]
	aes, mac := b[:len(b)/2], b[len(b)/2:]
	if !text && len(aes) == ticketAESSize {
		aes, mac = mac, aes
	}
	k.aes128 = len(aes) < ticketAESSize
	copy(k.aes[:], aes)
	copy(k.mac[:], mac)
	return k
}

// add puts a key behind the others. Zeros are what a crash of the system may
// have left of a file.
func (f *fileKeys) add(k ticketKey) error {
	defer func() { k = ticketKey{} }()
	at := findTicketKey(f.keys, k.name[:])
	switch {
	case k.aes == [ticketAESSize]byte{} || k.mac == [len(k.mac)]byte{}:
		return errors.New("ticket key file has a key of zeros")
	case at < 0:
		f.keys = append(f.keys, k)
	case !f.keys[at].equal(&k):
		return errors.New("ticket key file has different keys of the same name")
	}
	return nil
}

func (f *fileKeys) fields(p *plain.Coder) {
	plain.List(p, &f.keys, ticketNameSize, func(k *ticketKey) { k.fields(p) })
	plain.Number(p, &f.seals)
	if f.seals < 0 || f.seals >= len(f.keys) {
		p.Fail()
	}
}
