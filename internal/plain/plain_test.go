package plain

import (
	"bytes"
	"reflect"
	"testing"
	"time"
)

type small uint8

type all struct {
	signed  int64
	small   small
	flag    bool
	bytes   []byte
	empty   []byte
	none    []byte
	array   [3]byte
	text    string
	at      time.Time
	zero    time.Time
	numbers []uint16
	list    [][]byte
	sub     *all
	nested  []byte // an encoding
}

func (a *all) fields(c *Coder) {
	Number(c, &a.signed)
	Number(c, &a.small)
	c.Flag(&a.flag)
	for _, b := range []*[]byte{&a.bytes, &a.empty, &a.none} {
		c.Bytes(b)
	}
	c.Array(a.array[:])
	c.Text(&a.text)
	c.Time(&a.at)
	c.Time(&a.zero)
	Numbers(c, &a.numbers)
	List(c, &a.list, 8, c.Bytes)
	Struct(c, &a.sub, func(s *all) { s.fields(c) })
	if data := c.Nested(a.nested != nil, func(c *Coder) { c.Array(a.nested) }); c.Reading() {
		a.nested = bytes.Clone(data)
	}
}

func sample() *all {
	return &all{
		signed: -1 << 63, small: 255, flag: true, bytes: []byte("bytes"), empty: []byte{}, array: [3]byte{1, 2, 3}, text: "text",
		at: time.Unix(-5, 999999999), numbers: []uint16{0, 65535}, list: [][]byte{nil, {}, {1}},
		sub: &all{text: "sub", nested: []byte("nested")},
	}
}

func TestRoundTrip(t *testing.T) {
	for _, want := range []*all{new(all), sample()} {
		data := Encode(want.fields)
		got := new(all)
		if err := Decode(data, got.fields); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%v: %+v became %+v", err, want, got)
		}
		if again := EncodeInto(got.fields, func(n int) []byte { return make([]byte, n+10)[:n] }); !bytes.Equal(again, data) {
			t.Error("another encoding")
		}
		rest, err := DecodeStart(append(data, "more"...), new(all).fields)
		if err != nil || string(rest) != "more" {
			t.Errorf("%q is left, %v", rest, err)
		}
		if Decode(append(data, 0), new(all).fields) == nil {
			t.Error("a byte too many is accepted")
		}
	}
}

// A decoder meets bytes that a bug or another version made: it fails, and
// takes no more memory than they can fill.
func FuzzDecode(f *testing.F) {
	data := Encode(sample().fields)
	f.Add(data)
	for i := range data {
		f.Add(data[:i])
		f.Add(append(append(bytes.Clone(data[:i]), 255), data[i+1:]...))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, again := new(all), new(all)
		if Decode(data, got.fields) != nil {
			return
		}
		data = Encode(got.fields)
		if err := Decode(data, again.fields); err != nil || !bytes.Equal(Encode(again.fields), data) {
			t.Errorf("what was read is written otherwise, %v", err)
		}
	})
}
