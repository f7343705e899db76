package trust

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// attribute is one AttributeTypeAndValue of a name (RFC 5280, 4.1.2.4).
type attribute struct {
	oid   cryptobyte.String // the contents of the OBJECT IDENTIFIER
	tag   cbasn1.Tag
	value cryptobyte.String
}

// parseName splits a DER name into its relative distinguished names, in encoding order.
func parseName(raw []byte) (rdns [][]attribute, ok bool) {
	in := cryptobyte.String(raw)
	var name cryptobyte.String
	if !in.ReadASN1(&name, cbasn1.SEQUENCE) || !in.Empty() {
		return nil, false
	}
	for !name.Empty() {
		var set cryptobyte.String
		var rdn []attribute
		if !name.ReadASN1(&set, cbasn1.SET) {
			return nil, false
		}
		for !set.Empty() {
			var pair cryptobyte.String
			var a attribute
			if !set.ReadASN1(&pair, cbasn1.SEQUENCE) ||
				!pair.ReadASN1(&a.oid, cbasn1.OBJECT_IDENTIFIER) ||
				!pair.ReadAnyASN1(&a.value, &a.tag) || !pair.Empty() {
				return nil, false
			}
			rdn = append(rdn, a)
		}
		rdns = append(rdns, rdn)
	}
	return rdns, true
}

// nameKey returns the canonical form of a name. Bytes that are no name equal only themselves.
func nameKey(raw []byte) string {
	if canonical, ok := canonicalName(raw); ok {
		return string(canonical)
	}
	return "malformed" + string(raw) // a canonical name begins with the tag of SET
}

// canonicalName writes a name in the form in which names are compared (RFC 5280, 7.1), which is the
// one that OpenSSL hashes: the relative distinguished names without the SEQUENCE around them, strings as UTF-8 in lower case (ASCII
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

// Oneline writes a DER name on one line, as OpenSSL does: "/TYPE=value" for each attribute in
// encoding order, values as they are but for bytes outside printable ASCII, which become \xHH.
// An empty or undecodable name gives "".
func Oneline(rawName []byte) string {
	rdns, ok := parseName(rawName)
	if !ok {
		return ""
	}
	var out strings.Builder
	for _, rdn := range rdns {
		for _, a := range rdn {
			out.WriteByte('/')
			out.WriteString(attributeType(a.oid))
			out.WriteByte('=')
			value := a.value
			if a.tag == cbasn1.BIT_STRING {
				value.Skip(1) // how many bits of the last byte aren't used
			}
			for _, b := range value {
				if b < 0x20 || b > 0x7e {
					fmt.Fprintf(&out, `\x%02X`, b)
				} else {
					out.WriteByte(b)
				}
			}
		}
	}
	return out.String()
}

// shortNames holds OpenSSL's short names of attribute types.
var shortNames = map[string]string{
	"2.5.4.3":                    "CN",
	"2.5.4.4":                    "SN",
	"2.5.4.5":                    "serialNumber",
	"2.5.4.6":                    "C",
	"2.5.4.7":                    "L",
	"2.5.4.8":                    "ST",
	"2.5.4.9":                    "street",
	"2.5.4.10":                   "O",
	"2.5.4.11":                   "OU",
	"2.5.4.12":                   "title",
	"2.5.4.13":                   "description",
	"2.5.4.14":                   "searchGuide",
	"2.5.4.15":                   "businessCategory",
	"2.5.4.16":                   "postalAddress",
	"2.5.4.17":                   "postalCode",
	"2.5.4.18":                   "postOfficeBox",
	"2.5.4.19":                   "physicalDeliveryOfficeName",
	"2.5.4.20":                   "telephoneNumber",
	"2.5.4.41":                   "name",
	"2.5.4.42":                   "GN",
	"2.5.4.43":                   "initials",
	"2.5.4.44":                   "generationQualifier",
	"2.5.4.45":                   "x500UniqueIdentifier",
	"2.5.4.46":                   "dnQualifier",
	"2.5.4.51":                   "houseIdentifier",
	"2.5.4.65":                   "pseudonym",
	"2.5.4.72":                   "role",
	"2.5.4.97":                   "organizationIdentifier",
	"0.9.2342.19200300.100.1.1":  "UID",
	"0.9.2342.19200300.100.1.3":  "mail",
	"0.9.2342.19200300.100.1.25": "DC",
	"1.2.840.113549.1.9.1":       "emailAddress",
	"1.2.840.113549.1.9.2":       "unstructuredName",
	"1.2.840.113549.1.9.8":       "unstructuredAddress",
	"1.3.6.1.4.1.311.60.2.1.1":   "jurisdictionL",
	"1.3.6.1.4.1.311.60.2.1.2":   "jurisdictionST",
	"1.3.6.1.4.1.311.60.2.1.3":   "jurisdictionC",
}

// maxOID bounds the bytes of an attribute type that are made decimal, which isn't linear work.
const maxOID = 128

// attributeType returns the short name of an attribute type, or else its number in dots.
func attributeType(contents []byte) string {
	var oid x509.OID
	if len(contents) > maxOID || oid.UnmarshalBinary(contents) != nil {
		return "UNDEF"
	}
	dotted := oid.String()
	if short := shortNames[dotted]; short != "" {
		return short
	}
	return dotted
}

// oidCommonName is the contents of id-at-commonName, 2.5.4.3.
var oidCommonName = []byte{0x55, 0x04, 0x03}

// commonNameError is what is wrong with a common name, in the words that libtls programs know.
type commonNameError string

func (e commonNameError) Error() string { return string(e) }

const (
	errManyCommonNames = commonNameError("Certificate subject contains multiple Common Name fields, probably a malicious or malformed certificate")
	errCommonNameText  = commonNameError("Common Name field cannot be encoded as a UTF-8 string, probably a malicious certificate")
	errCommonNameSize  = commonNameError("Common Name field has invalid length, probably a malicious certificate")
	errCommonNameNUL   = commonNameError("NUL byte in Common Name field, probably a malicious certificate")
)

// CommonName returns the certificate subject's common name as UTF-8, "" if it has none. It refuses
// a subject with several, and one whose common name isn't text of 1 to 64 bytes without NUL.
func CommonName(c *x509.Certificate) (string, error) {
	rdns, _ := parseName(c.RawSubject)
	var found *attribute
	for _, rdn := range rdns {
		for i := range rdn {
			if !bytes.Equal(rdn[i].oid, oidCommonName) {
				continue
			}
			if found != nil {
				return "", errManyCommonNames
			}
			found = &rdn[i]
		}
	}
	if found == nil {
		return "", nil
	}
	name, ok := found.text()
	switch {
	case !ok:
		return "", errCommonNameText
	case len(name) < 1 || len(name) > 64:
		return "", errCommonNameSize
	case bytes.IndexByte(name, 0) >= 0:
		return "", errCommonNameNUL
	}
	return string(name), nil
}

// The tags of string types (X.680, 8.4) that cryptobyte has no name for.
const (
	tagNumericString   = cbasn1.Tag(asn1.TagNumericString)
	tagVisibleString   = cbasn1.Tag(26)
	tagUniversalString = cbasn1.Tag(28)
	tagBMPString       = cbasn1.Tag(asn1.TagBMPString)
)

// text returns the attribute's value as UTF-8, if it is a string.
func (a *attribute) text() ([]byte, bool) {
	switch a.tag {
	case cbasn1.UTF8String:
		return a.value, utf8.Valid(a.value)
	case cbasn1.PrintableString, cbasn1.IA5String, cbasn1.T61String, tagVisibleString, tagNumericString:
		return decodeFixed(a.value, 1)
	case tagBMPString:
		return decodeFixed(a.value, 2)
	case tagUniversalString:
		return decodeFixed(a.value, 4)
	}
	return nil, false
}

// decodeFixed makes UTF-8 of code points that take width bytes each.
func decodeFixed(value []byte, width int) ([]byte, bool) {
	if len(value)%width != 0 {
		return nil, false
	}
	out := make([]byte, 0, len(value))
	for ; len(value) > 0; value = value[width:] {
		var point uint32
		for _, b := range value[:width] {
			point = point<<8 | uint32(b)
		}
		if point > utf8.MaxRune || !utf8.ValidRune(rune(point)) {
			return nil, false
		}
		out = utf8.AppendRune(out, rune(point))
	}
	return out, true
}
