package pem

import (
	"bytes"
	stdpem "encoding/pem"
	"slices"
	"strings"
	"testing"
)

func TestBlocks(t *testing.T) {
	a, b := string(Append(nil, "A", []byte("one"))), string(Append(nil, "B", bytes.Repeat([]byte("two "), 40)))
	for name, test := range map[string]struct {
		text string
		want string // labels, with ! if damaged
	}{
		"nothing":               {"", ""},
		"two":                   {a + b, "A B"},
		"text around":           {"x\n" + a + "some text\n" + b + "y", "A B"},
		"byte order mark":       {"\xef\xbb\xbf" + a + b, "A B"},
		"mark, text":            {"\xef\xbb\xbftext\n" + a, "A"},
		"CRLF":                  {strings.ReplaceAll(a+b, "\n", "\r\n"), "A B"},
		"blanks at line ends":   {strings.ReplaceAll(a+b, "\n", " \t\n"), "A B"},
		"no newline at the end": {strings.TrimSpace(b), "B"},
		"not at a line's start": {"x" + a + b, "B"},
		"broken base64":         {strings.Replace(b, "dHdv", "dH*v", 1) + a, "B! A"},
		"no end":                {a[:len(a)-10] + "\n" + b, "A! B"},
		"other end":             {strings.Replace(a, "END A", "END C", 1) + b, "A! B"},
		"four dashes":           {strings.Replace(a, "A-----", "A----", 1) + b, "A! B"},
		"cut off":               {a + b[:60], "A B!"},
		"empty":                 {"-----BEGIN A-----\n-----END A-----\n" + b, "A B"},
		"headers":               {"-----BEGIN A-----\nProc-Type: 4,ENCRYPTED\n\nb25l\n-----END A-----\n", "A"},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for block := range Blocks([]byte(test.text)) {
				label := block.Label
				if block.Damaged() {
					label += "!"
				}
				if got = append(got, label); block.Number != len(got) {
					t.Errorf("block %d has number %d", len(got), block.Number)
				}
			}
			if strings.Join(got, " ") != test.want {
				t.Errorf("%q, not %q", got, test.want)
			}
		})
	}
}

// Whatever encoding/pem finds in a text that doesn't begin in the middle of a line, Blocks finds too.
func FuzzBlocks(f *testing.F) {
	one := Append(nil, "CERTIFICATE", []byte("certificate"))
	f.Add(one)
	f.Add(append([]byte("\xef\xbb\xbf"), one...))
	f.Add(append(one[:len(one)-3:len(one)-3], one...))
	f.Add([]byte("-----BEGIN A-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: x\n\nb25l\n-----END A-----\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		var blocks []*Block
		for b := range Blocks(text) {
			if blocks = append(blocks, b); b.Number != len(blocks) {
				t.Fatalf("block %d has number %d", len(blocks), b.Number)
			}
		}
		if n := bytes.Count(text, begin); len(blocks) > n {
			t.Errorf("%d blocks of %d", len(blocks), n)
		}
		for rest := text; ; {
			var want *stdpem.Block
			if want, rest = stdpem.Decode(rest); want == nil {
				break
			}
			if !slices.ContainsFunc(blocks, func(b *Block) bool {
				return b.Label == want.Type && bytes.Equal(b.Bytes, want.Bytes)
			}) {
				t.Errorf("no %q with %x", want.Type, want.Bytes)
			}
		}
	})
}

func TestAppend(t *testing.T) {
	for _, size := range []int{0, 1, 47, 48, 49, 1000} {
		body := bytes.Repeat([]byte{7}, size)
		want := stdpem.EncodeToMemory(&stdpem.Block{Type: "X", Bytes: body})
		if got := Append([]byte("before"), "X", body); string(got) != "before"+string(want) {
			t.Errorf("%d bytes: %s", size, got)
		}
	}
}
