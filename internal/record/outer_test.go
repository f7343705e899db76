package record

import (
	"testing"

	"libtls/internal/suite"
)

// TestOuterType protects a record well, but under another outer type.
func TestOuterType(t *testing.T) {
	seal, open := halves(t, suite.ByID(suite.AES128GCMSHA256))
	if err := seal.next(); err != nil {
		t.Fatal(err)
	}
	payload := []byte{1, 2, 3, byte(ApplicationData)}
	header := []byte{byte(Handshake), 3, 3, 0, byte(len(payload) + seal.aead.Overhead())}
	rec := seal.aead.Seal(append([]byte(nil), header...), seal.nonce[:], payload, header)
	if _, _, err := open.Open(rec, nil); err != ErrOuterType {
		t.Errorf("got %v", err)
	}
}
