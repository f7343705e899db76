package trust

import (
	"crypto/sha1"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"libtls/internal/pem"
)

// maxHashedSize is the largest file of a hashed directory that is read.
const maxHashedSize = 1 << 20

// AnchorsFromDir makes a trust store of hashed directories, separated by colons: their files are
// named by OpenSSL's hash of the subject, a dot, and a number counting from 0. Nothing is read
// before a verification looks for a name; a directory that isn't there has no certificates.
func AnchorsFromDir(paths string) *Anchors {
	return &Anchors{dirs: splitDirs(paths)}
}

func splitDirs(paths string) []string {
	return slices.DeleteFunc(strings.Split(paths, ":"), func(dir string) bool { return dir == "" })
}

// lookupHashed returns the certificates in a hashed directory that have a canonical subject, and what
// keeps one from being used, if anything does. Other certificates with that hash have other numbers,
// which end where there is no such name. What isn't a file that can be read is passed over.
func lookupHashed(dir, subject string) (found []*node, missing *Error) {
	for i := 0; ; i++ {
		path := fmt.Sprintf("%s/%08x.%d", dir, nameHash(subject), i)
		data, _, err := readFile(path, maxHashedSize)
		switch {
		case err == nil:
		case exists(path):
			continue
		default:
			return found, missing
		}
		for block := range pem.Blocks(data) {
			if !block.IsCertificate() {
				continue
			}
			c, err := parse(block.Bytes)
			if err != nil {
				missing = errNoIssuer.because("certificate in %s: %v", path, reason(err))
			} else if n := newNode(c); n.subject == subject {
				n.anchor = n.selfSigned()
				found = append(found, n)
			}
		}
	}
}

// nameHash returns the hash by which OpenSSL names the files of certificate directories: the first
// four bytes, least significant first, of SHA-1 over the canonical form of a name.
func nameHash(canonical string) uint32 {
	sum := sha1.Sum([]byte(canonical))
	return binary.LittleEndian.Uint32(sum[:4])
}
