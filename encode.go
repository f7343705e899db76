package libtls

import (
	"encoding/binary"
	"errors"

	"libtls/internal/suite"
)

// coder takes plain data through its fields, one after the other: first to
// measure, then to write them, or to read them back. What is written and what
// is read can't differ, as one walk does both.
type coder struct {
	mode coderMode
	size int    // measured
	buf  []byte // written, or left to be read
	bad  bool   // buf doesn't hold what was to be read
}

type coderMode uint8

const (
	measuring coderMode = iota
	writing
	reading
)

// raw goes through n bytes: it returns where they are to be written, or lie.
func (c *coder) raw(n int) []byte {
	switch c.mode {
	case measuring:
		c.size += n
		return nil
	case writing:
		c.buf = c.buf[:len(c.buf)+n]
		return c.buf[len(c.buf)-n:]
	}
	if c.bad = c.bad || n < 0 || n > len(c.buf); c.bad {
		return nil
	}
	b := c.buf[:n]
	c.buf = c.buf[n:]
	return b
}

// codeNumber takes any kind of number as eight bytes.
func codeNumber[T ~int | ~int64 | ~uint8 | ~uint16 | ~uint32](c *coder, v *T) {
	b := c.raw(8)
	switch {
	case b == nil:
	case c.mode == writing:
		binary.BigEndian.PutUint64(b, uint64(*v))
	default:
		n := int64(binary.BigEndian.Uint64(b))
		*v = T(n)
		c.bad = c.bad || int64(*v) != n
	}
}

func (c *coder) flag(v *bool) {
	var n uint8
	if *v {
		n = 1
	}
	codeNumber(c, &n)
	if c.mode == reading {
		*v = n == 1
		c.bad = c.bad || n > 1
	}
}

// count goes through the length of something with elements of at least min
// bytes each. There is one more than that: 0 stands for nil.
func (c *coder) count(length int, isNil bool, min int) (n int, there bool) {
	if !isNil {
		length++
	}
	codeNumber(c, &length)
	if c.mode == reading && (length < 0 || length > len(c.buf)/min+1) {
		c.bad = true
	}
	return length - 1, length > 0 && !c.bad
}

func (c *coder) bytes(v *[]byte) {
	n, there := c.count(len(*v), *v == nil, 1)
	if !there {
		return
	}
	b := c.raw(n)
	switch c.mode {
	case writing:
		copy(b, *v)
	case reading:
		*v = append(make([]byte, 0, n), b...)
	}
}

// array goes through bytes whose number is fixed.
func (c *coder) array(v []byte) {
	switch b := c.raw(len(v)); c.mode {
	case writing:
		copy(b, v)
	case reading:
		copy(v, b)
	}
}

func (c *coder) text(v *string) {
	b := []byte(*v)
	c.bytes(&b)
	if c.mode == reading {
		*v = string(b)
	}
}

// codeList goes through a list with elements that take at least min bytes.
func codeList[T any](c *coder, v *[]T, min int, element func(*T)) {
	n, there := c.count(len(*v), *v == nil, min)
	if !there {
		return
	}
	if c.mode == reading {
		*v = make([]T, n)
	}
	for i := range *v {
		element(&(*v)[i])
	}
}

var errDecodeConfig = errors.New("not a configuration")

// Marshal encodes the configuration. The ticket keys are not part of it: they
// live in memory of their own. The result holds private keys, which are the
// caller's to wipe.
func (c *Config) Marshal() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	w := &coder{mode: measuring}
	c.fields(w)
	// One allocation, because a growing one leaves copies of the keys behind.
	w = &coder{mode: writing, buf: make([]byte, 0, w.size)}
	c.fields(w)
	return w.buf
}

// UnmarshalConfig makes a Config, held once, of what Marshal returned. It
// keeps no part of data.
func UnmarshalConfig(data []byte) (*Config, error) {
	c := &Config{tickets: NewTicketKeys()}
	c.refs.Store(1)
	r := &coder{mode: reading, buf: data}
	c.fields(r)
	if r.bad || len(r.buf) > 0 {
		c.Release()
		return nil, errDecodeConfig
	}
	return c, nil
}

// fields goes through all that a configuration is made of.
func (c *Config) fields(r *coder) {
	codeNumber(r, &c.protocols)
	r.text(&c.ciphers)
	codeList(r, &c.groups, 8, func(g *suite.Group) { codeNumber(r, g) })
	codeList(r, &c.alpn, 8, r.text)
	r.flag(&c.preferClient)
	r.bytes(&c.ca)
	r.text(&c.caPath)
	r.bytes(&c.crl)
	c.keypair.fields(r)
	codeList(r, &c.added, 24, func(k *keypair) { k.fields(r) })
	r.flag(&c.skipKeyCheck)
	codeNumber(r, &c.verifyDepth)
	r.flag(&c.noVerifyCert)
	r.flag(&c.noVerifyName)
	r.flag(&c.noVerifyTime)
	codeNumber(r, &c.clientAuth)
	r.flag(&c.requireStaple)
	codeNumber(r, &c.sessionFD)
	r.array(c.sessionID[:])
	codeNumber(r, &c.lifetime)
}

func (k *keypair) fields(r *coder) {
	r.bytes(&k.cert)
	r.bytes(&k.key)
	r.bytes(&k.staple)
}
