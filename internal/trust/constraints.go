package trust

import (
	"bytes"
	"crypto/x509"
	"net/url"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// name is what a certificate or a name constraint says, ready to be compared.
type name struct {
	form cbasn1.Tag // of a GeneralName (RFC 5280, 4.2.1.6)
	kind string     // the type of an otherName, each of which is a form of its own
	// value is the canonical name of a directory, the host of a URI, and a mailbox, a DNS name or an
	// address as it is.
	value string
	bad   bool // a name that can't be compared
}

// constraints is a NameConstraints extension.
type constraints struct {
	permitted, excluded []name
	bad                 *Error // why nothing can satisfy it
}

// constraints checks the names in a path by its authorities' constraints, the anchor's too.
func (s *search) constraints(p path) *Error {
	for i, authority := range p {
		value, ok := extension(authority.Certificate, oidNameConstraints)
		if !ok || i == 0 {
			continue
		}
		limits := s.limits[authority]
		if limits == nil {
			limits = parseConstraints(value)
			s.limits[authority] = limits
		}
		if limits.bad != nil {
			return limits.bad
		}
		for j, c := range p[:i] {
			if j > 0 && c.selfIssued() { // RFC 5280, 6.1.3 (b)
				continue
			}
			names, known := s.names[c]
			if !known {
				if names, ok = constrainedNames(c.Certificate, j == 0, s.o.Usage); !ok {
					return errNameSyntax
				}
				s.names[c] = names
			}
			for _, n := range names {
				if err := limits.check(n, &s.budget); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// parseConstraints decodes the extension's value.
func parseConstraints(value cryptobyte.String) *constraints {
	context := func(n cbasn1.Tag) cbasn1.Tag { return n.ContextSpecific() }
	var seq, permitted, excluded cryptobyte.String
	var some, others bool
	if !value.ReadASN1(&seq, cbasn1.SEQUENCE) || !value.Empty() ||
		!seq.ReadOptionalASN1(&permitted, &some, context(0).Constructed()) ||
		!seq.ReadOptionalASN1(&excluded, &others, context(1).Constructed()) ||
		!seq.Empty() || !some && !others {
		return &constraints{bad: errConstraintSyntax}
	}
	limits := new(constraints)
	for _, half := range []struct {
		in  cryptobyte.String
		out *[]name
	}{{permitted, &limits.permitted}, {excluded, &limits.excluded}} {
		for !half.in.Empty() {
			var subtree cryptobyte.String
			var base generalName
			if !half.in.ReadASN1(&subtree, cbasn1.SEQUENCE) || !subtree.ReadAnyASN1(&base.value, &base.tag) {
				return &constraints{bad: errConstraintSyntax}
			}
			var minimum cryptobyte.String
			if subtree.PeekASN1Tag(context(0)) && (!subtree.ReadASN1(&minimum, context(0)) || string(minimum) != "\x00") ||
				!subtree.Empty() {
				return &constraints{bad: errSubtreeBounds}
			}
			n, ok := constraintBase(base)
			if !ok {
				return &constraints{bad: errConstraintSyntax}
			}
			*half.out = append(*half.out, n)
		}
	}
	return limits
}

// constraintBase prepares the base of a subtree.
func constraintBase(base generalName) (name, bool) {
	n := name{form: base.tag, value: string(base.value)}
	switch base.tag {
	case tagEmail:
		at := strings.LastIndexByte(n.value, '@')
		n.value = n.value[:at+1] + lowered(n.value[at+1:])
	case tagDNSName, tagURI:
		n.value = lowered(n.value)
	case tagIPAddress:
		return n, len(n.value) == 8 || len(n.value) == 32
	case tagDirectoryName:
		canonical, ok := canonicalName(base.value)
		n.value = string(canonical)
		return n, ok
	case tagOtherName:
		n.kind = otherNameType(base.value)
	}
	return n, true
}

// constrainedNames returns all names of c's to which constraints apply (RFC 5280, 4.2.1.10).
func constrainedNames(c *x509.Certificate, leaf bool, usage Usage) (names []name, ok bool) {
	rdns, ok := parseName(c.RawSubject)
	if !ok {
		return nil, false
	}
	if len(rdns) > 0 {
		names = append(names, name{form: tagDirectoryName, value: nameKey(c.RawSubject)})
	}
	for _, rdn := range rdns {
		for _, a := range rdn {
			if bytes.Equal(a.oid, oidEmailAddress) {
				text, ok := a.text()
				names = append(names, email(string(text), ok))
			}
		}
	}
	alt, err := altNames(c)
	if err != nil {
		return nil, false
	}
	present := false // by which MatchName goes
	for _, g := range alt {
		n := name{form: g.tag, value: string(g.value)}
		switch g.tag {
		case tagEmail:
			n = email(n.value, true)
		case tagDNSName:
			present = true
			n = dnsName(n.value)
		case tagIPAddress:
			present = true
		case tagURI:
			n.value, n.bad = uriHost(n.value)
		case tagDirectoryName:
			n.value = nameKey(g.value)
		case tagOtherName:
			if n.kind = otherNameType(g.value); n.kind == string(oidSmtpUTF8Mailbox) {
				n = name{form: tagEmail, bad: true} // RFC 9598; its local part needs rules of its own
			}
		}
		names = append(names, n)
	}
	if leaf && !present {
		names = append(names, commonName(c, usage)...)
	}
	return names, true
}

// commonName returns the name by which MatchName knows a certificate that has no alternative names.
func commonName(c *x509.Certificate, usage Usage) []name {
	common, err := CommonName(c)
	if err != nil {
		return nil
	}
	if ip := IPLiteral(common); ip != nil {
		return []name{{form: tagIPAddress, value: string(ip)}}
	}
	host := strings.TrimSuffix(common, ".")
	// A client's common name is as often a person's.
	if !plausibleDNSName(host) || usage == ClientAuth && !strings.Contains(host, ".") {
		return nil
	}
	return []name{dnsName(host)}
}

func dnsName(value string) name {
	return name{form: tagDNSName, value: lowered(value), bad: !plausibleDNSName(value) || strings.HasSuffix(value, ".")}
}

func email(address string, isText bool) name {
	at := strings.LastIndexByte(address, '@')
	return name{form: tagEmail, value: address[:at+1] + lowered(address[at+1:]), bad: !isText || at < 0}
}

// uriHost returns the host of a URI. One without a host, or with an address in its place, can't be
// compared (RFC 5280, 4.2.1.10).
func uriHost(uri string) (host string, bad bool) {
	u, err := url.Parse(uri)
	if err != nil {
		return "", true
	}
	host = lowered(u.Hostname())
	return host, host == "" || IPLiteral(host) != nil || strings.HasSuffix(host, ".")
}

// otherNameType returns the type-id of an OtherName's contents.
func otherNameType(value cryptobyte.String) string {
	var id cryptobyte.String
	value.ReadASN1(&id, cbasn1.OBJECT_IDENTIFIER)
	return string(id)
}

// check says how a name breaks the constraints.
func (l *constraints) check(n name, b *budget) *Error {
	constrained, permitted := false, false
	for _, base := range l.permitted {
		if base.form != n.form || base.kind != n.kind {
			continue
		}
		constrained = true
		inside, err := within(base, n, false, b)
		if err != nil {
			return err
		}
		permitted = permitted || inside
	}
	if constrained && !permitted {
		return errNotPermitted
	}
	for _, base := range l.excluded {
		if base.form != n.form || base.kind != n.kind {
			continue
		}
		inside, err := within(base, n, true, b)
		if err != nil {
			return err
		}
		if inside {
			return errExcluded
		}
	}
	return nil
}

// within tells whether a name lies in the subtree of a base of its form. In doubt it does if the
// subtree is excluded.
func within(base, n name, excluded bool, b *budget) (bool, *Error) {
	if !take(&b.comparisons, 1) {
		return false, errTooMuchWork
	}
	if n.bad {
		return false, errNameSyntax
	}
	switch n.form {
	case tagEmail:
		local, host, _ := cutLast(n.value, '@')
		mailbox, domain, hasMailbox := cutLast(base.value, '@')
		if mailbox != "" && mailbox != local {
			return false, nil
		}
		if !hasMailbox && domain == "" {
			return excluded, nil
		}
		return inDomain(domain, host, !hasMailbox), nil
	case tagURI:
		return inDomain(base.value, n.value, true), nil
	case tagDNSName:
		return base.value == "" || belowDNS(base.value, n.value) || excluded && wildcardMeets(base.value, n.value), nil
	case tagIPAddress:
		return inNetwork(base.value, n.value), nil
	case tagDirectoryName:
		return strings.HasPrefix(n.value, base.value), nil
	}
	return false, errConstraintType
}

// inDomain tells whether a host is the given one or, if that begins with a dot, below it.
func inDomain(domain, host string, below bool) bool {
	if below && strings.HasPrefix(domain, ".") {
		return len(host) > len(domain) && strings.HasSuffix(host, domain)
	}
	return host == domain
}

// belowDNS tells whether a DNS name is base or has labels added on its left; it must have if base
// begins with a dot.
func belowDNS(base, host string) bool {
	rest, ok := strings.CutSuffix(host, base)
	return ok && (base[0] == '.' && rest != "" || base[0] != '.' && (rest == "" || strings.HasSuffix(rest, ".")))
}

// wildcardMeets tells whether a wildcard stands for base too.
func wildcardMeets(base, host string) bool {
	domain, wild := strings.CutPrefix(host, "*.")
	_, parent, ok := strings.Cut(base, ".")
	return wild && ok && parent == domain
}

// inNetwork tells whether an address is in a network: an address and a mask.
func inNetwork(network, address string) bool {
	if len(network) != 2*len(address) {
		return false
	}
	for i := range len(address) {
		if (address[i]^network[i])&network[len(address)+i] != 0 {
			return false
		}
	}
	return true
}

// cutLast cuts s around the last c. Without one all of s is behind it.
func cutLast(s string, c byte) (before, after string, found bool) {
	i := strings.LastIndexByte(s, c)
	return s[:max(i, 0)], s[i+1:], i >= 0
}

// lowered returns s with its ASCII letters, and those only, in lower case.
func lowered(s string) string {
	b := []byte(s)
	for i := range b {
		b[i] = lower(b[i])
	}
	return string(b)
}

var (
	// oidEmailAddress and oidSmtpUTF8Mailbox are the contents of object identifiers.
	oidEmailAddress    = []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x01} // PKCS#9
	oidSmtpUTF8Mailbox = []byte{0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x08, 0x09}
)
