package trust

import (
	"crypto/x509"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// scope says which of its issuer's certificates a CRL speaks of (RFC 5280, 5.2.5). The zero scope
// is all of them.
type scope struct {
	points    []string // URIs, one of which the certificate has to name; nil for any certificate
	onlyUsers bool
	onlyCAs   bool
	partial   bool // only some reasons, others' certificates, or attribute certificates
}

// parseScope decodes an issuingDistributionPoint.
func parseScope(value []byte) (s scope, ok bool) {
	context := func(n cbasn1.Tag) cbasn1.Tag { return n.ContextSpecific() }
	in := cryptobyte.String(value)
	var seq, point, full, reasons cryptobyte.String
	var hasPoint, hasReasons, indirect, attributes bool
	if !in.ReadASN1(&seq, cbasn1.SEQUENCE) || !in.Empty() ||
		!seq.ReadOptionalASN1(&point, &hasPoint, context(0).Constructed()) ||
		!readFlag(&seq, &s.onlyUsers, context(1)) ||
		!readFlag(&seq, &s.onlyCAs, context(2)) ||
		!seq.ReadOptionalASN1(&reasons, &hasReasons, context(3)) ||
		!readFlag(&seq, &indirect, context(4)) ||
		!readFlag(&seq, &attributes, context(5)) || !seq.Empty() {
		return scope{}, false
	}
	s.partial = hasReasons || indirect || attributes
	if !hasPoint {
		return s, true
	}
	// A name relative to the issuer's isn't understood.
	if !point.ReadASN1(&full, context(0).Constructed()) || !point.Empty() {
		return scope{}, false
	}
	names, ok := generalNames(full)
	if !ok {
		return scope{}, false
	}
	s.points = []string{}
	for _, n := range names {
		if n.tag == tagURI {
			s.points = append(s.points, string(n.value))
		}
	}
	return s, true
}

// readFlag reads an implicitly tagged BOOLEAN DEFAULT FALSE.
func readFlag(in *cryptobyte.String, flag *bool, tag cbasn1.Tag) bool {
	var contents cryptobyte.String
	var present bool
	if !in.ReadOptionalASN1(&contents, &present, tag) {
		return false
	}
	*flag = present && len(contents) == 1 && contents[0] == 0xff
	return !present || len(contents) == 1 && (contents[0] == 0 || contents[0] == 0xff)
}

// covers tells whether a CRL of this scope says everything about c.
func (s *scope) covers(c *x509.Certificate) bool {
	ca := c.BasicConstraintsValid && c.IsCA
	if s.partial || s.onlyUsers && ca || s.onlyCAs && !ca {
		return false
	}
	return s.points == nil || slices.ContainsFunc(c.CRLDistributionPoints, func(uri string) bool {
		return slices.Contains(s.points, uri)
	})
}
