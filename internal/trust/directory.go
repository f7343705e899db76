package trust

import (
	"crypto/sha1"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"libtls/internal/pem"
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

// File is what came of reading a file of a hashed directory.
type File struct {
	Data    []byte // nil if it can't be read
	Missing bool   // no directory entry has the name, whatever it may be or lead to
}

// Lookups are those that one operation makes in a trust store. They read no files: somebody else does,
// one after the other, and the operation is tried again with each.
type Lookups struct {
	anchors *Anchors
	known   map[string]*lookup // those that are finished, by subject
	open    *lookup            // the one that waits for a file, or nil
}

// lookup looks for the certificates of a subject.
type lookup struct {
	subject string // canonical
	found   []*node
	missing *Error   // why one may not be among them, or nil
	dirs    []string // hashed directories that are yet to be read
	number  int      // of the next file in the first of these
}

// NewLookups returns the lookups of one operation in a trust store, which may be nil.
func NewLookups(a *Anchors) *Lookups {
	return &Lookups{anchors: a, known: make(map[string]*lookup)}
}

// File returns the name of the file without which the operation can't go on, empty if there is none.
func (s *Lookups) File() string {
	if s == nil || s.open == nil {
		return ""
	}
	return s.open.file()
}

// Put takes what came of reading that file.
func (s *Lookups) Put(f File) {
	if s.File() != "" {
		s.open.put(f)
	}
}

// find returns a subject's lookup once it is finished, else nil: a file has to be read first.
func (s *Lookups) find(subject string) *lookup {
	if l := s.known[subject]; l != nil {
		return l
	}
	if s.open == nil || s.open.subject != subject {
		s.open = &lookup{subject: subject}
		if s.anchors != nil {
			s.anchors.find(s.open)
		}
	}
	if s.open.file() != "" {
		return nil
	}
	s.known[subject], s.open = s.open, nil
	return s.known[subject]
}

// file returns the name of the file that is to be read next, empty if there is none.
func (l *lookup) file() string {
	if len(l.dirs) == 0 {
		return ""
	}
	return fmt.Sprintf("%s/%08x.%d", l.dirs[0], nameHash(l.subject), l.number)
}

// put takes that file. Other certificates with the hash have other numbers, which end where there is no
// such name. What isn't a file that can be read is passed over.
func (l *lookup) put(f File) {
	path := l.file()
	if f.Missing {
		l.dirs, l.number = l.dirs[1:], 0
		return
	}
	l.number++
	for block := range pem.Blocks(f.Data) {
		if !block.IsCertificate() {
			continue
		}
		c, err := parse(block.Bytes)
		if err != nil {
			l.missing = errNoIssuer.because("certificate in %s: %v", path, reason(err))
		} else if n := newNode(c); n.subject == l.subject {
			n.anchor = n.selfSigned()
			l.found = append(l.found, n)
		}
	}
}

// nameHash returns the hash by which OpenSSL names the files of certificate directories: the first
// four bytes, least significant first, of SHA-1 over the canonical form of a name.
func nameHash(canonical string) uint32 {
	sum := sha1.Sum([]byte(canonical))
	return binary.LittleEndian.Uint32(sum[:4])
}
