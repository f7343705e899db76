// Package pem reads and writes the textual encoding of what programs keep in files (RFC 7468).
package pem

import (
	"bytes"
	"encoding/base64"
	"encoding/pem"
	"iter"
	"strings"
)

// Block is what stands between a BEGIN line and its END line.
type Block struct {
	Number  int               // in the text, from 1
	Label   string            // such as "CERTIFICATE"
	Headers map[string]string // RFC 1421's, of which encrypted keys have some
	Bytes   []byte            // nil if the block is damaged
}

// Damaged tells whether the block has no END line of its own or isn't base64.
func (b *Block) Damaged() bool { return b.Bytes == nil }

// IsCertificate goes by the labels that OpenSSL takes (RFC 7468, 5.1) but for its own TRUSTED
// CERTIFICATE, whose restrictions we would have to honour.
func (b *Block) IsCertificate() bool {
	return b.Label == "CERTIFICATE" || b.Label == "X509 CERTIFICATE"
}

var (
	begin         = []byte("-----BEGIN ")
	byteOrderMark = []byte("\xef\xbb\xbf")
)

// Blocks goes through a text's blocks. Each BEGIN at the start of a line makes one, damaged or not.
// A byte order mark before the first line, and all other text around blocks, are passed over. The
// work is linear.
func Blocks(text []byte) iter.Seq[*Block] {
	return func(yield func(*Block) bool) {
		text := bytes.TrimPrefix(text, byteOrderMark)
		text = text[nextBegin(text, 0):]
		for number := 1; len(text) > 0; number++ {
			size := nextBegin(text, len(begin))
			if !yield(parse(text[:size], number)) {
				return
			}
			text = text[size:]
		}
	}
}

// nextBegin returns where the first line with a BEGIN starts, from there on; the text's length if
// there is none.
func nextBegin(text []byte, from int) int {
	for {
		i := bytes.Index(text[from:], begin)
		if i < 0 {
			return len(text)
		}
		from += i
		if from == 0 || text[from-1] == '\n' || text[from-1] == '\r' {
			return from
		}
		from += len(begin)
	}
}

// parse reads the block that text, without any further BEGIN, begins with.
func parse(text []byte, number int) *Block {
	if b, _ := pem.Decode(text); b != nil {
		if b.Bytes == nil {
			b.Bytes = []byte{}
		}
		return &Block{number, b.Type, b.Headers, b.Bytes}
	}
	line, _, _ := bytes.Cut(text[len(begin):], []byte("\n"))
	return &Block{Number: number, Label: strings.TrimRight(string(line), "- \t\r")}
}

// Append appends a block to out. It is here because encoding/pem's encoder leaves what it wrote in
// buffers that can't be wiped.
func Append(out []byte, label string, body []byte) []byte {
	const perLine = 48 // bytes that make 64 characters
	out = append(out, "-----BEGIN "+label+"-----\n"...)
	for len(body) > 0 {
		n := min(len(body), perLine)
		out = append(base64.StdEncoding.AppendEncode(out, body[:n]), '\n')
		body = body[n:]
	}
	return append(out, "-----END "+label+"-----\n"...)
}
