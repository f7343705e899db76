package trust

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// MatchName tells whether the certificate speaks for name: a host name, or an IP address if it is
// written like one. Its subject alternative names decide; only a certificate that has neither DNS
// names nor addresses among them is known by its common name. The error is for certificates that
// look forged or are malformed; its text is complete.
func MatchName(cert *x509.Certificate, name string) (bool, error) {
	names, err := altNames(cert)
	if err != nil {
		return false, err
	}
	ip := IPLiteral(name)
	present := false
	for _, alt := range names {
		switch {
		case alt.tag == tagDNSName || alt.tag == tagIPAddress:
			present = true
		default:
			continue
		}
		if ip != nil {
			if alt.tag == tagIPAddress && bytes.Equal(alt.value, ip) {
				return true, nil
			}
			continue
		}
		if alt.tag != tagDNSName {
			continue
		}
		pattern := string(alt.value)
		switch {
		case strings.IndexByte(pattern, 0) >= 0:
			return false, fmt.Errorf("error verifying name '%s': NUL byte in subjectAltName, probably a malicious certificate", name)
		case pattern == " ":
			return false, fmt.Errorf("error verifying name '%s': a dNSName of \" \" must not be used", name)
		case matchDNS(pattern, name):
			return true, nil
		}
	}
	if present {
		return false, nil
	}
	common, err := CommonName(cert)
	switch {
	case err != nil:
		return false, fmt.Errorf("%s error getting common name: %w", name, err)
	case common == "":
		return false, nil
	case ip != nil:
		return common == name, nil
	}
	return matchDNS(common, name), nil
}

// IPLiteral returns the 4 or 16 bytes of an address in inet_pton's syntax, nil for anything else.
func IPLiteral(name string) []byte {
	addr, err := netip.ParseAddr(name)
	if err != nil || addr.Zone() != "" {
		return nil
	}
	return addr.AsSlice()
}

// The GeneralName choices (RFC 5280, 4.2.1.6) that are looked at.
const (
	tagOtherName     = 0 | cbasn1.Tag(0xa0)
	tagEmail         = 1 | cbasn1.Tag(0x80)
	tagDNSName       = 2 | cbasn1.Tag(0x80)
	tagDirectoryName = 4 | cbasn1.Tag(0xa0)
	tagURI           = 6 | cbasn1.Tag(0x80)
	tagIPAddress     = 7 | cbasn1.Tag(0x80)
	lastGeneralName  = 8
)

// generalName is one name of a GeneralNames.
type generalName struct {
	tag   cbasn1.Tag
	value cryptobyte.String
}

// altNames decodes the certificate's subject alternative names.
func altNames(cert *x509.Certificate) ([]generalName, error) {
	value, ok := extension(cert, oidSubjectAltName)
	if !ok {
		return nil, nil
	}
	in := cryptobyte.String(value)
	var list cryptobyte.String
	if in.ReadASN1(&list, cbasn1.SEQUENCE) && in.Empty() {
		if names, ok := generalNames(list); ok {
			return names, nil
		}
	}
	return nil, errors.New("error decoding subjectAltName")
}

// generalNames decodes the contents of a GeneralNames.
func generalNames(list cryptobyte.String) (names []generalName, ok bool) {
	for !list.Empty() {
		var n generalName
		if !list.ReadAnyASN1(&n.value, &n.tag) || n.tag&0xc0 != 0x80 || n.tag&0x1f > lastGeneralName {
			return nil, false
		}
		names = append(names, n)
	}
	return names, true
}

// matchDNS compares a name with a pattern, which may have a wildcard for its whole first label.
// A wildcard stands for exactly one label, and not directly below a top-level domain.
func matchDNS(pattern, name string) bool {
	if equalFold(pattern, name) {
		return true
	}
	domain, ok := strings.CutPrefix(pattern, "*")
	if !ok || !strings.HasPrefix(domain, ".") {
		return false
	}
	first, parent, ok := strings.Cut(domain[1:], ".")
	if !ok || first == "" || parent == "" || parent[0] == '.' {
		return false
	}
	dot := strings.IndexByte(name, '.')
	return dot > 0 && dot < len(name)-1 && equalFold(domain, name[dot:])
}

// equalFold compares without regard to the case of ASCII letters, and of those only.
func equalFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}
