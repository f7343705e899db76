// Package plain turns structs of plain data into bytes and back, so that they
// can lie in memory that isn't Go's. A Coder is taken through a struct's
// fields, one after the other: first to measure, then to write them, or to
// read them back. Writing and reading can't differ, as one walk does both.
package plain

import (
	"encoding/binary"
	"errors"
	"time"
)

// Coder is on its walk through the fields of one value.
type Coder struct {
	mode mode
	size int    // measured
	buf  []byte // written, or left to be read
	bad  bool   // buf doesn't hold what was to be read
}

type mode uint8

const (
	measuring mode = iota
	writing
	reading
)

// ErrDecode reports bytes that no Encode made.
var ErrDecode = errors.New("not the encoding of this kind of value")

// Encode returns the encoding of what walk goes through.
func Encode(walk func(*Coder)) []byte {
	return EncodeInto(walk, func(n int) []byte { return make([]byte, n) })
}

// EncodeInto is Encode into the n bytes that place returns. There are no other
// copies of the secrets that there may be.
func EncodeInto(walk func(*Coder), place func(n int) []byte) []byte {
	c := &Coder{mode: measuring}
	walk(c)
	c.mode, c.buf = writing, place(c.size)[:0]
	walk(c)
	return c.buf
}

// Decode sets what walk goes through to what data says. No part of data is
// kept. The error is ErrDecode.
func Decode(data []byte, walk func(*Coder)) error {
	rest, err := DecodeStart(data, walk)
	if len(rest) > 0 {
		return ErrDecode
	}
	return err
}

// DecodeStart is Decode for what stands at the start of data; it returns what
// follows that.
func DecodeStart(data []byte, walk func(*Coder)) (rest []byte, err error) {
	r := &Coder{mode: reading, buf: data}
	walk(r)
	if r.bad {
		return nil, ErrDecode
	}
	return r.buf, nil
}

// Reading tells whether the walk sets the fields.
func (c *Coder) Reading() bool { return c.mode == reading }

// Fail tells that what was read can't be.
func (c *Coder) Fail() { c.bad = true }

// raw goes through n bytes: it returns where they are to be written, or lie.
func (c *Coder) raw(n int) []byte {
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

// Number takes any kind of number as eight bytes.
func Number[T ~int | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64](c *Coder, v *T) {
	b := c.raw(8)
	switch {
	case b == nil:
	case c.mode == writing:
		binary.BigEndian.PutUint64(b, uint64(*v))
	default:
		n := binary.BigEndian.Uint64(b)
		*v = T(n)
		c.bad = c.bad || uint64(*v) != n
	}
}

// Flag takes a bool.
func (c *Coder) Flag(v *bool) {
	var n uint8
	if *v {
		n = 1
	}
	Number(c, &n)
	if c.mode == reading {
		*v = n == 1
		c.bad = c.bad || n > 1
	}
}

// count goes through the length of something with elements of at least min
// bytes each. There is one more than that: 0 stands for nil.
func (c *Coder) count(length int, isNil bool, min int) (n int, there bool) {
	if !isNil {
		length++
	}
	Number(c, &length)
	if c.mode == reading && (length < 0 || length > len(c.buf)/min+1) {
		c.bad = true
	}
	return length - 1, length > 0 && !c.bad
}

// Bytes takes a byte string; nil and empty differ.
func (c *Coder) Bytes(v *[]byte) {
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

// Nested takes the encoding of what walk goes through, if it is there. Reading
// doesn't walk: it returns that encoding, a part of what is being read, or nil.
func (c *Coder) Nested(there bool, walk func(*Coder)) (encoding []byte) {
	c.Flag(&there)
	if !there || c.bad {
		return nil
	}
	var n int
	at := len(c.buf)
	Number(c, &n)
	if c.mode == reading {
		return c.raw(n)
	}
	walk(c)
	if c.mode == writing {
		binary.BigEndian.PutUint64(c.buf[at:], uint64(len(c.buf)-at-8))
	}
	return nil
}

// Array takes bytes whose number is fixed.
func (c *Coder) Array(v []byte) {
	switch b := c.raw(len(v)); c.mode {
	case writing:
		copy(b, v)
	case reading:
		copy(v, b)
	}
}

// Text takes a string.
func (c *Coder) Text(v *string) {
	b := []byte(*v)
	c.Bytes(&b)
	if c.mode == reading {
		*v = string(b)
	}
}

// Time takes a time to the nanosecond; of the zero time it keeps that it is one.
func (c *Coder) Time(v *time.Time) {
	there := !v.IsZero()
	c.Flag(&there)
	if !there {
		return
	}
	sec, nsec := v.Unix(), v.Nanosecond()
	Number(c, &sec)
	Number(c, &nsec)
	if c.mode == reading {
		*v = time.Unix(sec, int64(nsec))
	}
}

// List takes a list with elements that take at least min bytes; nil and empty
// differ.
func List[T any](c *Coder, v *[]T, min int, element func(*T)) {
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

// Numbers takes a list of numbers.
func Numbers[T ~int | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64](c *Coder, v *[]T) {
	n, there := c.count(len(*v), *v == nil, 8)
	if !there {
		return
	}
	b := c.raw(8 * n)
	switch {
	case c.mode == writing:
		for i, x := range *v {
			binary.BigEndian.PutUint64(b[8*i:], uint64(x))
		}
	case c.mode == reading && !c.bad:
		*v = make([]T, n)
		for i := range *v {
			x := binary.BigEndian.Uint64(b[8*i:])
			(*v)[i] = T(x)
			c.bad = c.bad || uint64((*v)[i]) != x
		}
	}
}

// Struct takes what a pointer points to, if it isn't nil.
func Struct[T any](c *Coder, v **T, fields func(*T)) {
	there := *v != nil
	c.Flag(&there)
	if !there || c.bad {
		return
	}
	if c.mode == reading {
		*v = new(T)
	}
	fields(*v)
}
