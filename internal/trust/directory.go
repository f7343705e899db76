package trust

import (
	"bytes"
	"crypto/sha1"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"libtls/internal/pem"
)

const (
	// maxHashed is how many files of the same hash are read.
	maxHashed = 16
	// maxHashedSize is the largest file of a hashed directory that is read.
	maxHashedSize = 1 << 20
)

// AnchorsFromDir makes a trust store of hashed directories, separated by colons: their files are
// named by OpenSSL's hash of the subject, a dot, and a number counting from 0. Nothing is read
// before a verification looks for a name; a directory that isn't there has no certificates.
func AnchorsFromDir(paths string) *Anchors {
	return &Anchors{dirs: splitDirs(paths)}
}

func splitDirs(paths string) []string {
	return slices.DeleteFunc(strings.Split(paths, ":"), func(dir string) bool { return dir == "" })
}

// lookupHashed returns the certificates in a hashed directory whose subject is the given raw name.
func lookupHashed(dir string, subject []byte) []*x509.Certificate {
	hash, ok := nameHash(subject)
	if !ok {
		return nil
	}
	var found []*x509.Certificate
	for i := range maxHashed {
		data, _, err := readFile(fmt.Sprintf("%s/%08x.%d", dir, hash, i), maxHashedSize)
		if err != nil {
			break
		}
		for block := range pem.Blocks(data) {
			if !block.IsCertificate() {
				continue
			}
			if c, err := x509.ParseCertificate(block.Bytes); err == nil && bytes.Equal(c.RawSubject, subject) {
				found = append(found, c)
			}
		}
	}
	return found
}

// nameHash returns the hash by which OpenSSL names the files of certificate directories: the first
// four bytes, least significant first, of SHA-1 over the canonical form of a name.
func nameHash(name []byte) (uint32, bool) {
	canonical, ok := canonicalName(name)
	if !ok {
		return 0, false
	}
	sum := sha1.Sum(canonical)
	return binary.LittleEndian.Uint32(sum[:4]), true
}

// canonicalName writes a name in the form that OpenSSL compares and hashes: the relative
// distinguished names without the SEQUENCE around them, strings as UTF-8 in lower case (ASCII
// only), without leading and trailing space, and runs of space made one.
func canonicalName(name []byte) ([]byte, bool) {
	rdns, ok := parseName(name)
	if !ok {
		return nil, false
	}
	var out []byte
	for _, rdn := range rdns {
		pairs := make([][]byte, 0, len(rdn))
		for _, a := range rdn {
			tag, value := a.tag, []byte(a.value)
			if a.tag != tagNumericString {
				if text, ok := a.text(); ok {
					tag, value = cbasn1.UTF8String, foldSpace(text)
				}
			}
			var b cryptobyte.Builder
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1(cbasn1.OBJECT_IDENTIFIER, func(b *cryptobyte.Builder) { b.AddBytes(a.oid) })
				b.AddASN1(tag, func(b *cryptobyte.Builder) { b.AddBytes(value) })
			})
			pair, err := b.Bytes()
			if err != nil {
				return nil, false
			}
			pairs = append(pairs, pair)
		}
		slices.SortFunc(pairs, bytes.Compare) // DER's order of a SET OF
		var b cryptobyte.Builder
		b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) {
			for _, pair := range pairs {
				b.AddBytes(pair)
			}
		})
		set, err := b.Bytes()
		if err != nil {
			return nil, false
		}
		out = append(out, set...)
	}
	return out, true
}

// foldSpace returns text in lower case with its spaces normalised.
func foldSpace(text []byte) []byte {
	out := make([]byte, 0, len(text))
	space := false
	for _, c := range text {
		if c == ' ' || '\t' <= c && c <= '\r' {
			space = len(out) > 0
			continue
		}
		if space {
			out = append(out, ' ')
			space = false
		}
		out = append(out, lower(c))
	}
	return out
}
