package suite

import (
	"cmp"
	"crypto"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/cpu"
)

// cipherKeywords are the words that stand for a whole cipher string when they
// are alone in it.
var cipherKeywords = map[string]string{
	"default":  "TLSv1.3:TLSv1.2+AEAD+ECDHE:TLSv1.2+AEAD+DHE",
	"secure":   "TLSv1.3:TLSv1.2+AEAD+ECDHE:TLSv1.2+AEAD+DHE",
	"compat":   "HIGH:!aNULL",
	"legacy":   "HIGH:MEDIUM:!aNULL",
	"all":      "ALL:!aNULL:!eNULL",
	"insecure": "ALL:!aNULL:!eNULL",
}

// ParseCiphers returns the suites that a cipher string selects (the keywords
// of tls_config_set_ciphers(3), else the syntax of openssl-ciphers(1)), those of
// TLS 1.3 first. It returns none if the string selects nothing or is malformed.
func ParseCiphers(list string) []ID { return parseCiphers(list, All) }

// parseCiphers returns the suites among known that a cipher string selects,
// those of TLS 1.3 first. It returns none if the string selects nothing at all
// or is malformed. Suites of TLS 1.3 all stay enabled unless the string has a
// term for them.
func parseCiphers(list string, known []*Suite) []ID {
	if keyword, ok := cipherKeywords[strings.ToLower(list)]; ok {
		list = keyword
	}
	known = preferred(known)
	terms, ok := cipherTerms(list)
	selected := selectSuites(nil, terms, known)
	if !ok || len(selected) == 0 {
		return nil
	}

	is13 := func(s *Suite) bool { return s.Version == TLS13 }
	modern := keep(known, is13, true)
	if terms = terms13(terms, modern); len(terms) > 0 {
		start := modern
		if terms[0].op == 0 {
			start = nil
		}
		modern = selectSuites(start, terms, modern)
	}

	var ids []ID
	for _, s := range append(modern, keep(selected, is13, false)...) {
		ids = append(ids, s.ID)
	}
	return ids
}

// keep returns a new list of the suites for which is says want.
func keep(list []*Suite, is func(*Suite) bool, want bool) []*Suite {
	return slices.DeleteFunc(slices.Clone(list), func(s *Suite) bool { return is(s) != want })
}

// preferred returns suites with ChaCha20 first on machines without AES
// instructions.
func preferred(suites []*Suite) []*Suite {
	if hasAES {
		return suites
	}
	isChaCha := func(s *Suite) bool { return matchesWord(s, "CHACHA20") }
	return append(keep(suites, isChaCha, true), keep(suites, isChaCha, false)...)
}

var hasAES = cpu.X86.HasAES && cpu.X86.HasPCLMULQDQ || cpu.ARM64.HasAES && cpu.ARM64.HasPMULL ||
	cpu.S390X.HasAES && cpu.S390X.HasAESGCM

// cipherTerm is one element of a cipher string: an operator (0, '!', '-', '+'
// or '@') and the words that a suite must all match.
type cipherTerm struct {
	op    byte
	words []string
}

// cipherTerms splits a cipher string; false if its syntax is wrong.
func cipherTerms(list string) ([]cipherTerm, bool) {
	var terms []cipherTerm
	list = strings.ReplaceAll(list, "@", ":@") // which needs no separator
	for i, element := range strings.FieldsFunc(list, func(r rune) bool { return strings.ContainsRune(": ;,", r) }) {
		if i == 0 && element == "DEFAULT" {
			element = "ALL"
		}
		var t cipherTerm
		if strings.IndexByte("!-+@", element[0]) >= 0 {
			t.op, element = element[0], element[1:]
		}
		if t.op == '@' {
			t.words = []string{element}
			if level, ok := securityLevel(element); element != "STRENGTH" && (!ok || level >= len(levelBits)) {
				return nil, false
			}
		} else {
			t.words = strings.Split(element, "+")
			if slices.ContainsFunc(t.words, notWord) {
				return nil, false
			}
		}
		terms = append(terms, t)
	}
	return terms, true
}

// notWord tells whether s is empty or has bytes that no word has.
func notWord(s string) bool {
	return s == "" || strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-._=", r)
	})
}

// levelBits holds the symmetric strength that @SECLEVEL=n asks for.
var levelBits = []int{0, 80, 112, 128, 192, 256}

func securityLevel(word string) (int, bool) {
	digits, ok := strings.CutPrefix(word, "SECLEVEL=")
	level, err := strconv.ParseUint(digits, 10, 8)
	return int(level), ok && err == nil
}

// terms13 returns the terms that speak of TLS 1.3 or one of its suites by name.
func terms13(terms []cipherTerm, modern []*Suite) []cipherTerm {
	special := func(word string) bool {
		return word == "TLSv1.3" || slices.ContainsFunc(modern, func(s *Suite) bool { return s.Name == word })
	}
	return slices.DeleteFunc(slices.Clone(terms), func(t cipherTerm) bool {
		return t.op == '@' || !slices.ContainsFunc(t.words, special)
	})
}

// selectSuites applies terms to a list that starts as active.
func selectSuites(active []*Suite, terms []cipherTerm, known []*Suite) []*Suite {
	for _, t := range terms {
		if t.op == '@' {
			active = applyCommand(t.words[0], active)
			continue
		}
		matches := func(s *Suite) bool {
			return !slices.ContainsFunc(t.words, func(w string) bool { return !matchesWord(s, w) })
		}
		switch t.op {
		case '!':
			known = keep(known, matches, false)
			active = keep(active, matches, false)
		case '-':
			active = keep(active, matches, false)
		case '+':
			active = append(keep(active, matches, false), keep(active, matches, true)...)
		default:
			for _, s := range keep(known, matches, true) {
				if !slices.Contains(active, s) {
					active = append(slices.Clip(active), s)
				}
			}
		}
	}
	return active
}

func applyCommand(command string, active []*Suite) []*Suite {
	if level, ok := securityLevel(command); ok {
		return keep(active, func(s *Suite) bool { return s.Strength >= levelBits[level] }, true)
	}
	active = slices.Clone(active)
	slices.SortStableFunc(active, func(a, b *Suite) int { return cmp.Compare(b.Strength, a.Strength) })
	return active
}

// matchesWord tells whether a word of a cipher string stands for s. No suite
// matches an unknown word, nor one for what isn't built.
func matchesWord(s *Suite, word string) bool {
	switch word {
	case "ALL":
		return true
	case "HIGH":
		return s.Strength >= 128
	case "TLSv1.3":
		return s.Version == TLS13
	case "TLSv1.2":
		return s.Version == TLS12 && s.MAC != crypto.SHA1
	case "TLSv1.0", "TLSv1", "SSLv3", "SHA1", "SHA":
		return s.MAC == crypto.SHA1
	case "SHA256":
		return s.MAC == crypto.SHA256
	case "SHA384":
		return s.MAC == crypto.SHA384
	case "AEAD":
		return s.MAC == 0
	case "ECDHE", "EECDH", "kECDHE", "kEECDH", "ECDH":
		return s.Version == TLS12
	case "aRSA":
		return s.Auth == KeyRSA
	case "aECDSA", "ECDSA":
		return s.Auth == KeyECDSA
	case "AES", "AES128", "AES256", "AESGCM", "CHACHA20":
		return strings.Contains(s.Name, cipherInName[word])
	}
	return word == s.Name || word == s.OpenSSLName
}

// cipherInName holds what IANA's names call a cipher.
var cipherInName = map[string]string{
	"AES": "_AES_", "AES128": "_AES_128_", "AES256": "_AES_256_", "AESGCM": "_GCM_", "CHACHA20": "_CHACHA20_",
}
