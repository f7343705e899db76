package trust

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// general encodes a GeneralName: the kind, a colon and the text.
func general(t testing.TB, text string) string {
	t.Helper()
	kind, value, _ := strings.Cut(text, ":")
	switch kind {
	case "email":
		return element(0x81, value)
	case "dns":
		return element(0x82, value)
	case "uri":
		return element(0x86, value)
	case "ip": // in hexadecimal
		var raw []byte
		if _, err := fmt.Sscanf(value, "%x", &raw); err != nil {
			t.Fatal(err)
		}
		return element(0x87, string(raw))
	case "dir":
		return element(0xa4, string(directory(t, value)))
	case "upn":
		return element(0xa0, "\x06\x0a\x2b\x06\x01\x04\x01\x82\x37\x14\x02\x03", element(0xa0, element(12, value)))
	case "srv":
		return element(0xa0, "\x06\x08\x2b\x06\x01\x05\x05\x07\x08\x07", element(0xa0, element(22, value)))
	case "utf8email":
		return element(0xa0, "\x06\x08\x2b\x06\x01\x05\x05\x07\x08\x09", element(0xa0, element(12, value)))
	case "rid":
		return element(0x88, "\x2a\x03")
	}
	t.Fatal(text)
	return ""
}

// directory makes a name of "O=x,CN=y"; a small letter before the equals sign makes a PrintableString.
func directory(t testing.TB, text string) []byte {
	t.Helper()
	var rdns []rdn
	for _, part := range strings.Split(text, ",") {
		kind, value, ok := strings.Cut(part, "=")
		switch {
		case !ok:
		case kind == "O":
			rdns = append(rdns, rdn{attr(o, 12, value)})
		case kind == "o":
			rdns = append(rdns, rdn{attr(o, 19, value)})
		case kind == "CN":
			rdns = append(rdns, rdn{attr(cn, 12, value)})
		case kind == "E":
			rdns = append(rdns, rdn{attr([]int{1, 2, 840, 113549, 1, 9, 1}, 22, value)})
		default:
			t.Fatal(text)
		}
	}
	return rawName(t, rdns...)
}

// subtrees encodes a NameConstraints extension. A base may be followed by " min" or " max" and a number.
func subtrees(t testing.TB, permitted, excluded []string) pkix.Extension {
	t.Helper()
	half := func(tag byte, list []string) string {
		var out string
		for _, text := range list {
			base, bound, _ := strings.Cut(text, " ")
			if kind, n, ok := strings.Cut(bound, "="); ok {
				bound = map[string]string{"min": "\x80", "max": "\x81"}[kind] + "\x01" + string(n[0]-'0')
			} else {
				base, bound = text, ""
			}
			out += sequence(general(t, base) + bound)
		}
		if out == "" {
			return ""
		}
		return element(tag, out)
	}
	return pkix.Extension{
		Id: oidNameConstraints, Critical: true,
		Value: []byte(sequence(half(0xa0, permitted) + half(0xa1, excluded))),
	}
}

type names = []string

// constraintRows are name constraints and what they say to a leaf's names. OpenSSL is asked too; differs
// says why one of its releases answers otherwise, in a word of COMPATIBILITY.md's.
var constraintRows = []struct {
	permitted, excluded names
	subject             string
	alt                 names
	want                *Error
	differs             string
}{
	// DNS names.
	{names{"dns:a.test"}, nil, "", names{"dns:a.test"}, nil, ""},
	{names{"dns:a.test"}, nil, "", names{"dns:x.a.test"}, nil, ""},
	{names{"dns:a.test"}, nil, "", names{"dns:y.x.A.TEST"}, nil, ""},
	{names{"dns:A.Test"}, nil, "", names{"dns:x.a.test"}, nil, ""},
	{names{"dns:a.test"}, nil, "", names{"dns:xa.test"}, errNotPermitted, ""},
	{names{"dns:a.test"}, nil, "", names{"dns:test"}, errNotPermitted, ""},
	{names{"dns:a.test"}, nil, "", names{"dns:a.test", "dns:b.test"}, errNotPermitted, ""},
	{names{"dns:a.test", "dns:b.test"}, nil, "", names{"dns:a.test", "dns:b.test"}, nil, ""},
	{names{"dns:.a.test"}, nil, "", names{"dns:x.a.test"}, nil, ""},
	{names{"dns:.a.test"}, nil, "", names{"dns:a.test"}, errNotPermitted, ""},
	{names{"dns:"}, nil, "", names{"dns:whatever.test"}, nil, ""},
	{names{"dns:a.test"}, nil, "", names{"dns:*.a.test"}, nil, ""},
	{names{"dns:x.a.test"}, nil, "", names{"dns:*.a.test"}, errNotPermitted, ""},
	{nil, names{"dns:a.test"}, "", names{"dns:b.test"}, nil, ""},
	{nil, names{"dns:a.test"}, "", names{"dns:a.test"}, errExcluded, ""},
	{nil, names{"dns:a.test"}, "", names{"dns:x.A.test"}, errExcluded, ""},
	{nil, names{"dns:.a.test"}, "", names{"dns:a.test"}, nil, ""},
	{nil, names{"dns:"}, "", names{"dns:a.test"}, errExcluded, ""},
	{nil, names{"dns:x.a.test"}, "", names{"dns:*.a.test"}, errExcluded, "wildcard"},
	{nil, names{"dns:x.a.test"}, "", names{"dns:*.b.test"}, nil, ""},
	{names{"dns:a.test"}, names{"dns:x.a.test"}, "", names{"dns:y.a.test"}, nil, ""},
	{names{"dns:a.test"}, names{"dns:x.a.test"}, "", names{"dns:z.x.a.test"}, errExcluded, ""},
	{nil, names{"dns:a.test"}, "", names{"dns:a.test."}, errNameSyntax, "trailing dot"},
	{names{"dns:a.test"}, nil, "", names{"ip:0a000001"}, nil, ""},
	{names{"dns:a.test"}, nil, "CN=leaf.b.test", nil, errNotPermitted, ""},
	{names{"dns:a.test"}, nil, "CN=leaf.a.test", nil, nil, ""},
	{names{"dns:a.test"}, nil, "CN=Some Body", nil, nil, ""},
	{names{"dns:a.test"}, nil, "CN=localhost", nil, errNotPermitted, "common name"},
	{names{"ip:0a000000ff000000"}, nil, "CN=11.0.0.1", nil, errNotPermitted, "common name"},
	{names{"dns:a.test"}, nil, "CN=b.test", names{"dns:a.test"}, nil, ""},

	// Addresses.
	{names{"ip:0a000000ff000000"}, nil, "", names{"ip:0a010203"}, nil, ""},
	{names{"ip:0a000000ff000000"}, nil, "", names{"ip:0b010203"}, errNotPermitted, ""},
	{names{"ip:0a000000ff000000"}, nil, "", names{"ip:20010db8000000000000000000000001"}, errNotPermitted, ""},
	{nil, names{"ip:0a000000ff000000"}, "", names{"ip:0a010203"}, errExcluded, ""},
	{nil, names{"ip:0a000000ff000000"}, "", names{"ip:20010db8000000000000000000000001"}, nil, ""},
	{nil, names{"ip:0000000000000000"}, "", names{"ip:0b010203"}, errExcluded, ""},
	{names{"ip:20010db8000000000000000000000000ffffffff000000000000000000000000"}, nil, "", names{"ip:20010db8000000000000000000000001"}, nil, ""},
	{names{"ip:20010db8000000000000000000000000ffffffff000000000000000000000000"}, nil, "", names{"ip:20010db9000000000000000000000001"}, errNotPermitted, ""},

	// Mailboxes.
	{names{"email:a.test"}, nil, "", names{"email:u@a.test"}, nil, ""},
	{names{"email:a.test"}, nil, "", names{"email:u@A.TEST"}, nil, ""},
	{names{"email:a.test"}, nil, "", names{"email:u@sub.a.test"}, errNotPermitted, ""},
	{names{"email:.a.test"}, nil, "", names{"email:u@sub.a.test"}, nil, ""},
	{names{"email:.a.test"}, nil, "", names{"email:u@a.test"}, errNotPermitted, ""},
	{names{"email:u@a.test"}, nil, "", names{"email:u@a.test"}, nil, ""},
	{names{"email:u@a.test"}, nil, "", names{"email:u@A.test"}, nil, ""},
	{names{"email:u@a.test"}, nil, "", names{"email:U@a.test"}, errNotPermitted, ""},
	{names{"email:u@a.test"}, nil, "", names{"email:v@a.test"}, errNotPermitted, ""},
	{names{"email:u@a.test", "email:b.test"}, nil, "", names{"email:x@b.test", "email:u@a.test"}, nil, ""},
	{nil, names{"email:a.test"}, "", names{"email:u@a.test"}, errExcluded, ""},
	{nil, names{"email:a.test"}, "", names{"email:u@sub.a.test"}, nil, ""},
	{nil, names{"email:.a.test"}, "", names{"email:u@sub.a.test"}, errExcluded, ""},
	{nil, names{"email:u@a.test"}, "", names{"email:v@a.test"}, nil, ""},
	{nil, names{"email:u@a.test"}, "", names{"email:u@a.test"}, errExcluded, ""},
	{names{"email:a.test"}, nil, "E=u@b.test", names{"dns:h.test"}, errNotPermitted, ""},
	{names{"email:a.test"}, nil, "E=u@a.test", names{"dns:h.test"}, nil, ""},
	{nil, names{"email:a.test"}, "E=u@a.test", nil, errExcluded, ""},
	{names{"email:a.test"}, nil, "E=nobody", nil, errNameSyntax, ""},
	{names{"email:a.test"}, nil, "", names{"utf8email:u@b.test"}, errNameSyntax, ""},
	{names{"email:a.test"}, nil, "", names{"dns:b.test"}, nil, ""},

	// URIs.
	{names{"uri:a.test"}, nil, "", names{"uri:https://a.test/x"}, nil, ""},
	{names{"uri:a.test"}, nil, "", names{"uri:https://A.test:8443/x"}, nil, ""},
	{names{"uri:a.test"}, nil, "", names{"uri:https://x.a.test/"}, errNotPermitted, ""},
	{names{"uri:.a.test"}, nil, "", names{"uri:https://x.a.test/"}, nil, ""},
	{names{"uri:.a.test"}, nil, "", names{"uri:https://a.test/"}, errNotPermitted, ""},
	{nil, names{"uri:a.test"}, "", names{"uri:https://a.test"}, errExcluded, ""},
	{nil, names{"uri:.a.test"}, "", names{"uri:https://x.a.test/"}, errExcluded, ""},
	{nil, names{"uri:a.test"}, "", names{"uri:https://u@a.test/"}, errExcluded, "user"},
	{names{"uri:a.test"}, nil, "", names{"uri:urn:uuid:1"}, errNameSyntax, ""},
	{nil, names{"uri:a.test"}, "", names{"uri:https://10.0.0.1/"}, errNameSyntax, "address in a URI"},

	// Directory names.
	{names{"dir:O=Example"}, nil, "O=Example,CN=x", names{"dns:a.test"}, nil, ""},
	{names{"dir:O=Example"}, nil, "o=example,CN=x", names{"dns:a.test"}, nil, ""},
	{names{"dir:O=  exAMPLE  "}, nil, "O=Example,CN=x", names{"dns:a.test"}, nil, ""},
	{names{"dir:O=Example"}, nil, "O=Examples,CN=x", names{"dns:a.test"}, errNotPermitted, ""},
	{names{"dir:O=Example"}, nil, "CN=x,O=Example", names{"dns:a.test"}, errNotPermitted, ""},
	{names{"dir:O=Example,CN=x"}, nil, "O=Example", names{"dns:a.test"}, errNotPermitted, ""},
	{names{"dir:"}, nil, "O=Example,CN=x", names{"dns:a.test"}, nil, ""},
	{names{"dir:O=Example"}, nil, "", names{"dns:a.test"}, nil, ""},
	{nil, names{"dir:O=Example"}, "O=Example,CN=x", names{"dns:a.test"}, errExcluded, ""},
	{nil, names{"dir:O=Example"}, "O=Other,CN=x", names{"dns:a.test"}, nil, ""},
	{names{"dir:O=Example"}, nil, "O=Example,CN=x", names{"dir:O=Other,CN=x"}, errNotPermitted, ""},
	{names{"dir:O=Example"}, nil, "O=Example,CN=x", names{"dir:O=example,CN=y"}, nil, ""},

	// Other forms, and bounds.
	{names{"upn:u"}, nil, "", names{"upn:u"}, errConstraintType, ""},
	{names{"upn:u"}, nil, "", names{"srv:_x.a.test"}, nil, ""},
	{names{"upn:u"}, nil, "", names{"dns:a.test"}, nil, ""},
	{nil, names{"rid:"}, "", names{"rid:"}, errConstraintType, ""},
	{nil, names{"rid:"}, "", names{"dns:a.test"}, nil, ""},
	{names{"dns:a.test max=0"}, nil, "", names{"dns:a.test"}, errSubtreeBounds, ""},
	{names{"dns:a.test min=1"}, nil, "", names{"dns:a.test"}, errSubtreeBounds, ""},
	{nil, names{"dns:b.test max=3"}, "", names{"dns:a.test"}, errSubtreeBounds, ""},
	{nil, names{"email:b.test min=2"}, "", names{"dns:a.test"}, errSubtreeBounds, "bounds"},
	{names{"dns:a.test min=0"}, nil, "", names{"dns:a.test"}, nil, ""},
}

func TestNameConstraints(t *testing.T) {
	root := issue(t, nil, "root", ca)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "root"), pemOf(root), 0o600); err != nil {
		t.Fatal(err)
	}
	o := &Options{Anchors: anchors(t, root), Now: now, Depth: 6}
	for i, row := range constraintRows {
		text := fmt.Sprintf("permitted %q, excluded %q: %s %q", row.permitted, row.excluded, row.subject, row.alt)
		inter := issue(t, root, "inter", ca, func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{subtrees(t, row.permitted, row.excluded)}
		})
		leaf := issue(t, inter, "", func(c *x509.Certificate) {
			c.RawSubject = directory(t, row.subject)
			var alt string
			for _, n := range row.alt {
				alt += general(t, n)
			}
			if alt != "" {
				c.ExtraExtensions = []pkix.Extension{{Id: oidSubjectAltName, Value: []byte(sequence(alt))}}
			}
		})
		if _, err := verdict(ders(leaf, inter), o); !same(err, row.want) {
			t.Errorf("%s: %v, want %v", text, err, row.want)
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprint("inter", i)), pemOf(inter), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprint("leaf", i)), pemOf(leaf), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// OpenSSL looks for issuers among those in one call, so that each row has one of its own.
	for i, row := range constraintRows {
		good := opensslVerify(t, dir, fmt.Sprint("inter", i), fmt.Sprint("leaf", i))[0]
		if good != (row.want == nil) && row.differs == "" {
			t.Errorf("permitted %q, excluded %q: %s %q: openssl accepts: %v",
				row.permitted, row.excluded, row.subject, row.alt, good)
		}
	}
	if len(constraintRows) < 60 {
		t.Error("too few")
	}
}

// opensslVerify tells which of the files below dir, of a leaf each, the openssl command accepts with
// the anchor "root" and the intermediates in a file.
func opensslVerify(t testing.TB, dir, inter string, leaves ...string) []bool {
	t.Helper()
	path, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("needs the openssl command")
	}
	cmd := exec.Command(path, append([]string{"verify", "-attime", fmt.Sprint(now.Unix()), "-purpose", "sslserver",
		"-no-CApath", "-no-CAstore", "-CAfile", "root", "-untrusted", inter}, leaves...)...)
	cmd.Dir = dir
	out, _ := cmd.CombinedOutput() // it fails if one of them does
	accepted := make([]bool, len(leaves))
	for i, leaf := range leaves {
		accepted[i] = bytes.Contains(out, []byte(leaf+": OK\n"))
		if !accepted[i] && !regexp.MustCompile(`(error|Could not|Unable)`).Match(out) {
			t.Fatalf("openssl: %s", out)
		}
	}
	return accepted
}

// Self-issued authorities are exempt, and constraints of each authority count.
func TestNameConstraintsPath(t *testing.T) {
	limited := func(permitted string) func(*x509.Certificate) {
		return func(c *x509.Certificate) {
			c.ExtraExtensions = append(c.ExtraExtensions, subtrees(t, names{permitted}, nil))
		}
	}
	root := issue(t, nil, "root", ca)
	top := issue(t, root, "Top", ca, limited("dir:CN=leaf"))
	rollover := issue(t, top, "tOP", ca)
	inter := issue(t, top, "inter", ca)
	narrow := issue(t, root, "narrow", ca, limited("dns:a.test"))
	narrower := issue(t, narrow, "narrower", ca, limited("dns:x.a.test"))
	for name, test := range map[string]struct {
		chain []*party
		want  *Error
	}{
		"self-issued authority":     {[]*party{issue(t, rollover, "leaf"), rollover, top}, nil},
		"another authority":         {[]*party{issue(t, inter, "leaf"), inter, top}, errNotPermitted},
		"leaf":                      {[]*party{issue(t, rollover, "other"), rollover, top}, errNotPermitted},
		"lower constraint":          {[]*party{issue(t, narrower, "l", dns("y.a.test")), narrower, narrow}, errNotPermitted},
		"both constraints":          {[]*party{issue(t, narrower, "l", dns("y.x.a.test")), narrower, narrow}, nil},
		"a constraint of an anchor": {[]*party{issue(t, narrow, "l", dns("b.test")), narrow}, errNotPermitted},
	} {
		t.Run(name, func(t *testing.T) {
			o := &Options{Anchors: anchors(t, root), Now: now, Depth: 6}
			for _, o.Usage = range []Usage{ServerAuth, ClientAuth} {
				if _, err := verdict(ders(test.chain...), o); !same(err, test.want) {
					t.Errorf("got %v, want %v", err, test.want)
				}
			}
		})
	}
}

func FuzzParseConstraints(f *testing.F) {
	for _, row := range constraintRows {
		var alt string
		for _, n := range row.alt {
			alt += general(f, n)
		}
		f.Add(subtrees(f, row.permitted, row.excluded).Value, alt)
	}
	f.Fuzz(func(t *testing.T, value []byte, alt string) {
		limits := parseConstraints(value)
		c := &x509.Certificate{
			RawSubject: []byte("\x30\x00"),
			Extensions: []pkix.Extension{{Id: oidSubjectAltName, Value: []byte(sequence(alt))}},
		}
		list, ok := constrainedNames(c, true, ServerAuth)
		if limits.bad != nil || !ok {
			return
		}
		b := newBudget()
		for _, n := range list {
			err := limits.check(n, &b)
			// What is excluded isn't permitted because more is.
			limits := constraints{append(limits.permitted, n), limits.excluded, nil}
			if again := limits.check(n, &b); err == errExcluded && again == nil {
				t.Errorf("%+v: %v, %v", n, err, again)
			}
		}
	})
}
