package trust

import (
	"fmt"
	"testing"
)

// bundle makes a file of as many roots as systems have, the given one among them.
func bundle(b *testing.B, root *party) []byte {
	parties := []*party{root}
	for i := range 140 {
		parties = append(parties, issue(b, nil, fmt.Sprint("root ", i), ca))
	}
	return pemOf(parties...)
}

// BenchmarkParseAnchors is what a bundle costs the first time ...
func BenchmarkParseAnchors(b *testing.B) {
	data := bundle(b, issue(b, nil, "root", ca))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := parseAnchors(data); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkParseAnchorsAgain ... and every later time, if the caller has only the bytes.
func BenchmarkParseAnchorsAgain(b *testing.B) {
	data := bundle(b, issue(b, nil, "root", ca))
	a, err := ParseAnchors(data)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if again, err := ParseAnchors(data); err != nil || again != a {
			b.Fatal(err)
		}
	}
}

// BenchmarkSystemAnchors is the same for the system's bundle.
func BenchmarkSystemAnchors(b *testing.B) {
	if _, err := SystemAnchors("", ""); err != nil {
		b.Skip(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := SystemAnchors("", ""); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkVerify checks a leaf below one intermediate: two P-256 signatures.
func BenchmarkVerify(b *testing.B) {
	root := issue(b, nil, "root", ca)
	inter := issue(b, root, "inter", ca)
	chain := ders(issue(b, inter, "leaf.test", dns("leaf.test")), inter)
	a, err := ParseAnchors(bundle(b, root))
	if err != nil {
		b.Fatal(err)
	}
	o := &Options{Anchors: a, Now: now, Depth: 6}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Verify(chain, o); err != nil {
			b.Fatal(err)
		}
	}
}
