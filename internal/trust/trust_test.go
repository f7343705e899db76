package trust

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"net"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestVerify(t *testing.T) {
	root := issue(t, nil, "root", ca)
	other := issue(t, nil, "other root", ca)
	impostor := issue(t, nil, "root", ca)
	inter := issue(t, root, "inter", ca)
	inter2 := issue(t, inter, "inter2", ca)
	leaf := issue(t, inter, "leaf.test", dns("leaf.test"))
	direct := issue(t, root, "leaf.test", dns("leaf.test"))
	deep := issue(t, inter2, "leaf.test", dns("leaf.test"))
	notCA := issue(t, root, "not an authority", func(c *x509.Certificate) { c.BasicConstraintsValid = true })
	noCertSign := issue(t, root, "no certSign", ca, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCRLSign })
	short := issue(t, root, "short", ca, func(c *x509.Certificate) { c.MaxPathLen, c.MaxPathLenZero = 0, true })
	belowShort := issue(t, short, "below short", ca)
	oldSelf := issue(t, nil, "old.test", expired)
	oldRoot := issue(t, nil, "old root", ca, expired)
	oldInter := issue(t, root, "old inter", ca, expired)
	oldInter1 := version1(t, issue(t, root, "version 1"), root)
	constrained := issue(t, root, "constrained", ca, func(c *x509.Certificate) {
		c.PermittedDNSDomains, c.ExcludedDNSDomains = []string{"ok.test"}, []string{"bad.ok.test"}
		c.ExcludedIPRanges = []*net.IPNet{{IP: net.IP{10, 0, 0, 0}, Mask: net.CIDRMask(8, 32)}}
	})
	constrainedRoot := issue(t, nil, "constrained root", ca, func(c *x509.Certificate) {
		c.PermittedDNSDomains = []string{"ok.test"}
	})
	clientInter := issue(t, root, "client inter", ca, eku(x509.ExtKeyUsageClientAuth))
	anyInter := issue(t, root, "any inter", ca, eku(x509.ExtKeyUsageAny))
	selfLeaf := issue(t, nil, "self.test", dns("self.test"))
	selfNotCA := issue(t, nil, "self.test", func(c *x509.Certificate) { c.BasicConstraintsValid = true })
	policyInter := issue(t, root, "policy inter", ca, requireExplicit(t))

	// The same authority's key, certified by two roots, once too long ago.
	crossOld := issueTo(t, inter.key, other, "inter", ca, expired)

	plain := Options{Depth: 6}
	client := Options{Depth: 6, Usage: ClientAuth}
	noTime := Options{Depth: 6, NoTime: true}
	child := func(issuer *party, edit ...func(*x509.Certificate)) *party {
		return issue(t, issuer, "leaf.test", edit...)
	}
	type list = []*party

	// sized makes a certificate for an RSA key that nobody has.
	sized := func(edit func(*x509.Certificate), issuer *party, bits int) *party {
		n := new(big.Int).Lsh(big.NewInt(1), uint(bits-1))
		key := &publicOnly{issuer.key, &rsa.PublicKey{N: n.SetBit(n, 0, 1), E: 65537}}
		return issueTo(t, key, issuer, "sized", edit)
	}
	// below names an authority whose key we don't have as the issuer.
	below := func(p *party) *party {
		forger := *p.Certificate
		forger.PublicKey = nil
		return child(&party{&forger, newKey(t)})
	}
	weakInter, hugeInter := sized(ca, root, 1023), sized(ca, root, 8193)

	for _, test := range []struct {
		name  string
		chain list
		trust list
		o     Options
		want  *Error
	}{
		{"directly below the anchor", list{direct}, list{root}, plain, nil},
		{"one intermediate", list{leaf, inter}, list{root}, plain, nil},
		{"any order", list{deep, inter, inter2}, list{root}, plain, nil},
		{"others in between", list{deep, selfLeaf, inter, other, inter2}, list{other, root}, plain, nil},
		{"root sent", list{leaf, inter, root}, list{root}, plain, nil},
		{"several anchors of a name", list{direct}, list{impostor, root}, plain, nil},
		{"repeated", list{leaf, leaf, inter, inter, inter}, list{root}, plain, nil},
		{"junk sent", list{leaf, {Certificate: &x509.Certificate{Raw: []byte("junk")}}, inter}, list{root}, plain, nil},
		{"intermediate from the store", list{leaf}, list{inter, root}, plain, nil},
		{"two intermediates from the store", list{deep}, list{inter, root, inter2}, plain, nil},
		{"cross-signed, one way expired", list{leaf, crossOld, inter}, list{other, root}, plain, nil},
		{"CA:TRUE leaf", list{child(root, ca, func(c *x509.Certificate) { c.KeyUsage = 0 })}, list{root}, plain, nil},

		{"issuer unknown", list{leaf}, list{root}, plain, errNoIssuer},
		{"issuer's issuer unknown", list{leaf, inter}, list{other}, plain, errNoIssuer},
		{"nobody trusted", list{leaf, inter}, nil, plain, errNoIssuer},
		{"an intermediate is no anchor", list{leaf}, list{inter}, plain, errNoIssuer},
		{"nor if sent", list{leaf, inter}, list{inter}, plain, errNoIssuer},
		{"a leaf is no anchor", list{leaf}, list{leaf}, plain, errNoIssuer},
		{"anchor of the same name, other key", list{leaf, inter}, list{impostor}, plain, errNoIssuer},

		{"self-signed", list{selfLeaf}, list{root}, plain, errSelfSignedLeaf},
		{"self-signed, name of an anchor", list{impostor}, list{root}, plain, errSelfSignedLeaf},
		{"pinned", list{selfLeaf}, list{selfLeaf}, plain, nil},
		{"pinned among others", list{selfLeaf, root}, list{root, selfLeaf}, plain, nil},
		{"pinned, CA:FALSE", list{selfNotCA}, list{selfNotCA}, plain, nil},
		{"pinned, another of that name", list{selfNotCA}, list{selfLeaf}, plain, errSelfSignedLeaf},
		{"pinned, expired", list{oldSelf}, list{oldSelf}, plain, errExpired},
		{"pinned, expired, nobody cares", list{oldSelf}, list{oldSelf}, noTime, nil},
		{"pinned leaf isn't an authority", list{child(selfNotCA), selfNotCA}, list{selfNotCA}, plain, errInvalidCA},
		{"untrusted root sent", list{leaf, inter, root}, list{other}, plain, errSelfSignedInChain},

		{"leaf expired", list{child(root, expired)}, list{root}, plain, errExpired},
		{"leaf's last second", list{child(root, func(c *x509.Certificate) { c.NotAfter = now })}, list{root}, plain, nil},
		{"leaf's first second", list{child(root, func(c *x509.Certificate) { c.NotBefore = now })}, list{root}, plain, nil},
		{"leaf from the future", list{child(root, future)}, list{root}, plain, errNotYetValid},
		{"intermediate expired", list{child(oldInter), oldInter}, list{root}, plain, errExpired},
		{"anchor expired", list{child(oldRoot)}, list{oldRoot}, plain, errExpired},
		{"leaf expired, nobody cares", list{child(root, expired)}, list{root}, noTime, nil},
		{"leaf from the future, nobody cares", list{child(root, future)}, list{root}, noTime, nil},
		{"intermediate expired, nobody cares", list{child(oldInter, future), oldInter}, list{root}, noTime, nil},
		{"anchor expired, nobody cares", list{child(oldRoot)}, list{oldRoot}, noTime, nil},

		{"serverAuth", list{child(root, eku(x509.ExtKeyUsageServerAuth))}, list{root}, plain, nil},
		{"serverAuth and more", list{child(root, eku(x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth))}, list{root}, plain, nil},
		{"clientAuth as server", list{child(root, eku(x509.ExtKeyUsageClientAuth))}, list{root}, plain, errPurpose},
		{"any isn't enough", list{child(root, eku(x509.ExtKeyUsageAny))}, list{root}, plain, errPurpose},
		{"any isn't enough for a client", list{child(root, eku(x509.ExtKeyUsageAny))}, list{root}, client, errPurpose},
		{"any and serverAuth", list{child(root, eku(x509.ExtKeyUsageAny, x509.ExtKeyUsageServerAuth))}, list{root}, plain, nil},
		{"unknown usage", list{child(root, func(c *x509.Certificate) {
			c.UnknownExtKeyUsage = []asn1.ObjectIdentifier{{1, 2, 3}}
		})}, list{root}, plain, errPurpose},
		{"clientAuth", list{child(root, eku(x509.ExtKeyUsageClientAuth))}, list{root}, client, nil},
		{"serverAuth as client", list{child(root, eku(x509.ExtKeyUsageServerAuth))}, list{root}, client, errPurpose},
		{"no usage as client", list{direct}, list{root}, client, nil},
		{"intermediate for clients only", list{child(clientInter), clientInter}, list{root}, plain, errPurpose},
		{"intermediate for clients", list{child(clientInter), clientInter}, list{root}, client, nil},
		{"intermediate for anything", list{child(anyInter), anyInter}, list{root}, plain, errPurpose},
		{"key usage without use", list{child(root, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCertSign })}, list{root}, plain, errPurpose},
		{"key encipherment as server", list{child(root, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment })}, list{root}, plain, nil},
		{"key encipherment as client", list{child(root, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment })}, list{root}, client, errPurpose},
		{"wrong purpose of somebody unknown", list{child(root, eku(x509.ExtKeyUsageClientAuth))}, list{other}, plain, errNoIssuer},

		{"depth 0, none needed", list{direct}, list{root}, Options{Depth: 0}, nil},
		{"depth 0, one needed", list{leaf, inter}, list{root}, Options{Depth: 0}, errTooLong},
		{"depth 1, one needed", list{leaf, inter, root}, list{root}, Options{Depth: 1}, nil},
		{"depth 1, two needed", list{deep, inter2, inter}, list{root}, Options{Depth: 1}, errTooLong},
		{"depth 1, two needed from the store", list{deep}, list{root, inter2, inter}, Options{Depth: 1}, errTooLong},
		{"depth 0, pinned", list{selfLeaf}, list{selfLeaf}, Options{Depth: 0}, nil},
		{"no limit", list{deep, inter2, inter}, list{root}, Options{Depth: -1}, nil},

		{"issuer not a CA", list{child(notCA), notCA}, list{root}, plain, errInvalidCA},
		{"issuer without basic constraints", list{issue(t, direct, "below a leaf"), direct}, list{root}, plain, errInvalidCA},
		{"issuer without keyCertSign", list{child(noCertSign), noCertSign}, list{root}, plain, errInvalidCA},
		{"issuer of version 1", list{issue(t, oldInter1, "leaf.test"), oldInter1}, list{root}, plain, errInvalidCA},
		{"bad signature on leaf", list{tampered(t, direct)}, list{root}, plain, errSignature},
		{"bad signature on intermediate", list{leaf, tampered(t, inter)}, list{root}, plain, errSignature},
		{"bad signature on anchor", list{direct}, list{tampered(t, root)}, plain, nil},
		{"path length", list{child(belowShort), belowShort, short}, list{root}, plain, errPathLength},
		{"path length kept", list{child(short), short}, list{root}, plain, nil},

		{"permitted", list{child(constrained, dns("a.ok.test"))}, list{root, constrained}, plain, nil},
		{"not permitted", list{child(constrained, dns("a.test")), constrained}, list{root}, plain, errNotPermitted},
		{"not permitted by an anchor", list{child(constrainedRoot, dns("a.test"))}, list{constrainedRoot}, plain, errNotPermitted},
		{"no name to compare", list{child(constrained, dns("x.ok.test.")), constrained}, list{root}, plain, errNameSyntax},
		{"excluded", list{child(constrained, dns("x.bad.ok.test")), constrained}, list{root}, plain, errExcluded},
		{"common name permitted", list{issue(t, constrained, "b.ok.test"), constrained}, list{root}, plain, nil},
		{"common name not permitted", list{issue(t, constrained, "evil.example"), constrained}, list{root}, plain, errNotPermitted},
		{"common name wildcard not permitted", list{issue(t, constrained, "*.example"), constrained}, list{root}, plain, errNotPermitted},
		{"common name address excluded", list{issue(t, constrained, "10.1.2.3"), constrained}, list{root}, plain, errExcluded},
		{"common name beside e-mail", list{issue(t, constrained, "evil.example", func(c *x509.Certificate) {
			c.EmailAddresses = []string{"me@ok.test"}
		}), constrained}, list{root}, plain, errNotPermitted},
		{"common name that is no host's", list{issue(t, constrained, "Some Body"), constrained}, list{root}, plain, nil},
		{"common name of a client", list{issue(t, constrained, "alice"), constrained}, list{root}, client, nil},

		{"critical extension", list{child(root, criticalExtension)}, list{root}, plain, errCritical},
		{"critical extension of an intermediate", list{leaf, issueTo(t, inter.key, root, "inter", ca, criticalExtension)}, list{root}, plain, errCritical},
		{"critical TLS feature", list{child(root, func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: oidTLSFeature, Critical: true, Value: []byte{0x30, 3, 2, 1, 5}}}
		})}, list{root}, plain, nil},
		{"policy demanded, none there", list{child(policyInter), policyInter}, list{root}, plain, errPolicy},

		{"dNSName with a space", list{child(root, dns("ok.test", "a b"))}, list{root}, plain, errNameSyntax},
		{"dNSName with NUL", list{child(root, dns("a\x00b"))}, list{root}, plain, errNameSyntax},
		{"dNSName starts with a dot", list{child(root, dns(".a.test"))}, list{root}, plain, errNameSyntax},
		{"dNSName with a long label", list{child(root, dns(strings.Repeat("a", 64)+".test"))}, list{root}, plain, errNameSyntax},
		{"long dNSName", list{child(root, dns(strings.Repeat("a.", 128)))}, list{root}, plain, errNameSyntax},
		{"empty dNSName", list{child(root, dns(""))}, list{root}, plain, errNameSyntax},
		{"wildcards", list{child(root, dns("*.w.test", "f*.p.test", "*", "dot.test.", "under_score.test"))}, list{root}, plain, nil},

		{"weak leaf", list{sized(dns("leaf.test"), root, 1023)}, list{root}, plain, errWeakLeafKey},
		{"leaf just strong enough", list{sized(dns("leaf.test"), root, 1024)}, list{root}, plain, nil},
		{"weak intermediate", list{below(weakInter), weakInter}, list{root}, plain, errWeakCAKey},
		{"huge leaf", list{sized(dns("leaf.test"), root, 8193)}, list{root}, plain, errOversizedKey},
		{"huge intermediate", list{below(hugeInter), hugeInter}, list{root}, plain, errOversizedKey},
		{"SHA-1", list{child(root, func(c *x509.Certificate) { c.SignatureAlgorithm = x509.ECDSAWithSHA1 })}, list{root}, plain, errWeakDigest},

		{"no certificate", nil, list{root}, plain, errMalformed},
		{"not a certificate", list{{Certificate: &x509.Certificate{Raw: []byte("junk")}}}, list{root}, plain, errMalformed},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := test.o
			o.Now = now
			if test.trust != nil {
				o.Anchors = anchors(t, test.trust...)
			}
			path, err := verdict(ders(test.chain...), &o)
			if !same(err, test.want) {
				t.Fatalf("got %v, want %v", err, test.want)
			}
			if err != nil {
				return
			}
			if len(path) == 0 {
				t.Fatal("neither path nor error")
			}
			if !path[0].Equal(test.chain[0].Certificate) {
				t.Error("path doesn't start at the leaf")
			}
			last := path[len(path)-1]
			if !slices.ContainsFunc(test.trust, func(p *party) bool { return p.Equal(last) }) || !newNode(last).selfSigned() {
				t.Error("path doesn't end at an anchor")
			}
		})
	}
}

// publicOnly claims a public key for somebody else's private one.
type publicOnly struct {
	crypto.Signer
	public crypto.PublicKey
}

func (k *publicOnly) Public() crypto.PublicKey { return k.public }

// TestManyPaths sends authorities that all certify each other, and lead nowhere: as many paths as
// there are permutations.
func TestManyPaths(t *testing.T) {
	var names []*party
	for i := range 6 {
		names = append(names, issue(t, nil, fmt.Sprint("cross ", i), ca))
	}
	var chain []*party
	for _, issuer := range names {
		for _, subject := range names {
			if issuer != subject {
				chain = append(chain, issueTo(t, subject.key, issuer, subject.Subject.CommonName, ca))
			}
		}
	}
	root := issue(t, nil, "root", ca)
	leaf := issue(t, names[0], "leaf.test")
	chain = append([]*party{leaf}, chain...)
	o := &Options{Anchors: anchors(t, root), Now: now, Depth: 6}
	if _, err := verdict(ders(chain...), o); !same(err, errTooMuchWork) {
		t.Error(err)
	}

	// The way to the root is there, but behind more certificates than are looked at.
	way := issueTo(t, names[0].key, root, "cross 0", ca)
	if _, err := verdict(ders(leaf, way), o); err != nil {
		t.Error(err)
	}
	for len(chain) < maxChain {
		chain = append(chain, chain[1])
	}
	if _, err := verdict(ders(append(chain, way)...), o); !same(err, errTooMuchWork) {
		t.Error(err)
	}
}

// TestReasons holds the texts and alerts that programs and peers see.
func TestReasons(t *testing.T) {
	for _, test := range []struct {
		err   *Error
		text  string
		alert uint8
	}{
		{errNoIssuer, "unable to get local issuer certificate", 48},
		{errSelfSignedLeaf, "self signed certificate", 48},
		{errSelfSignedInChain, "self signed certificate in certificate chain", 48},
		{errExpired, "certificate has expired", 45},
		{errNotYetValid, "certificate is not yet valid", 42},
		{errPurpose, "unsupported certificate purpose", 43},
		{errTooLong, "certificate chain too long", 48},
		{errInvalidCA, "invalid CA certificate", 48},
		{errSignature, "certificate signature failure", 51},
		{errNotPermitted, "permitted subtree violation", 46},
		{errExcluded, "excluded subtree violation", 46},
		{errCritical, "unhandled critical extension", 46},
		{errNameSyntax, "unsupported or invalid name syntax", 46},
		{errRevoked, "certificate revoked", 44},
		{errNoCRL, "unable to get certificate CRL", 48},
		{errCRLExpired, "CRL has expired", 45},
		{errCRLNotYetValid, "CRL is not yet valid", 42},
		{errPathLength, "path length constraint exceeded", 48},
	} {
		if test.err.Error() != test.text || test.err.Alert != test.alert {
			t.Errorf("got %q, alert %d; want %q, alert %d", test.err, test.err.Alert, test.text, test.alert)
		}
	}
}

// TestPresent leaves the time to the clock.
func TestPresent(t *testing.T) {
	yesterday := func(c *x509.Certificate) { c.NotBefore, c.NotAfter = time.Unix(1, 0), time.Now().Add(-time.Hour) }
	fresh, stale := issue(t, nil, "fresh", today), issue(t, nil, "stale", yesterday)
	o := &Options{Anchors: anchors(t, fresh, stale)}
	if _, err := verdict(ders(fresh), o); err != nil {
		t.Error(err)
	}
	if _, err := verdict(ders(stale), o); err != errExpired {
		t.Error(err)
	}
}

// TestVersion1 pins a certificate as the first X.509 knew it.
func TestVersion1(t *testing.T) {
	self := issue(t, nil, "v1.test")
	v1 := version1(t, self, self)
	o := &Options{Anchors: anchors(t, v1), Now: now}
	if _, err := verdict(ders(v1), o); err != nil {
		t.Error("pinned:", err)
	}
	o.Anchors = anchors(t, self)
	if _, err := verdict(ders(v1), o); err != errSelfSignedLeaf {
		t.Error("not pinned:", err)
	}
}

// version1 has the party's certificate signed anew, without version and extensions.
func version1(t *testing.T, p, issuer *party) *party {
	t.Helper()
	var parts []asn1.RawValue // version, serial number, algorithm, issuer, validity, subject, key, extensions
	if _, err := asn1.Unmarshal(p.RawTBSCertificate, &parts); err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(sign(t, issuer, parts[1:7], parts[2]))
	if err != nil {
		t.Fatal(err)
	}
	if c.Version != 1 {
		t.Fatal("version", c.Version)
	}
	return &party{c, p.key}
}

func p521Key(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// requireExplicit makes a template demand certificate policies.
func requireExplicit(t testing.TB) func(*x509.Certificate) {
	value, err := asn1.Marshal(struct {
		RequireExplicit int `asn1:"tag:0"`
	}{0})
	if err != nil {
		t.Fatal(err)
	}
	return func(c *x509.Certificate) {
		c.ExtraExtensions = []pkix.Extension{{Id: oidPolicyConstraints, Critical: true, Value: value}}
	}
}

// However long a verdict takes, a caller that has other things to do gets in between.
func TestRunStops(t *testing.T) {
	root := issueTo(t, p521Key(t), nil, "root", ca)
	outer := issueTo(t, p521Key(t), root, "outer", ca)
	inner := issueTo(t, p521Key(t), outer, "inner", ca)
	leaf := issue(t, inner, "leaf")
	v := Verify(ders(leaf, inner, outer), Options{Anchors: anchors(t, root), Now: now, Depth: 6}, NewLookups(anchors(t, root)))
	stops := 0
	for ; !v.Run(); stops++ {
		if checked := len(v.search.signed); checked != stops+1 {
			t.Fatalf("stop %d came after %d signatures", stops+1, checked)
		}
	}
	path, err := v.Result()
	if err != nil || len(path) != 4 || stops != 2 {
		t.Errorf("path of %d, %v, after %d stops", len(path), err, stops)
	}
}

// TestCostly has the costliest keys: a chain that somebody may have isn't refused for them, and a peer
// that chooses them doesn't get far.
func TestCostly(t *testing.T) {
	policy, err := x509.OIDFromInts([]uint64{1, 3, 6, 1, 4, 1, 99999, 2})
	if err != nil {
		t.Fatal(err)
	}
	withPolicy := func(c *x509.Certificate) { c.Policies = []x509.OID{policy} }
	var chain []*party // below an outer one that demands policies
	top := issueTo(t, p521Key(t), nil, "root", ca)
	outer := issueTo(t, p521Key(t), top, "outer", ca, withPolicy, requireExplicit(t))
	inner := issueTo(t, p521Key(t), outer, "inner", ca, withPolicy)
	chain = append(chain, issue(t, inner, "leaf", withPolicy), inner, outer)
	o := &Options{Anchors: anchors(t, top), Now: now, Depth: 6}
	if _, err := verdict(ders(chain...), o); err != nil {
		t.Error("two intermediates:", err)
	}
	chain[0] = issue(t, inner, "leaf")
	if _, err := verdict(ders(chain...), o); !same(err, errPolicy) {
		t.Error("two intermediates, no policy:", err)
	}

	// The outer one's key has had certificates before, which lead nowhere.
	chain = []*party{chain[0], inner}
	many := func(c *x509.Certificate) {
		for i := range uint64(1500) {
			policy, err := x509.OIDFromInts([]uint64{2, 5, i})
			if err != nil {
				t.Fatal(err)
			}
			c.Policies = append(c.Policies, policy)
		}
	}
	small := issue(t, nil, "root", ca)
	lavish := issue(t, small, "lavish", ca, many, requireExplicit(t))
	o = &Options{Anchors: anchors(t, small), Now: now, Depth: 6}
	for _, test := range []struct {
		edit func(*x509.Certificate)
		want *Error
	}{{withPolicy, errPolicy}, {many, errTooMuchWork}} {
		if _, err := verdict(ders(issue(t, lavish, "leaf", test.edit), lavish), o); !same(err, test.want) {
			t.Error("many policies:", err)
		}
	}

	for range 5 {
		chain = append(chain, issueTo(t, outer.key, small, "outer", ca, expired))
	}
	chain = append(chain, issueTo(t, outer.key, small, "outer", ca))
	if _, err := verdict(ders(chain...), o); err != nil {
		t.Error("one key, several certificates:", err)
	}

	third := issueTo(t, p521Key(t), small, "third", ca)
	outer = issueTo(t, p521Key(t), third, "outer", ca)
	inner = issueTo(t, p521Key(t), outer, "inner", ca)
	chain = []*party{issue(t, inner, "leaf"), inner, outer, third}
	if _, err := verdict(ders(chain...), o); !same(err, errTooMuchWork) {
		t.Error("three intermediates:", err)
	}
}
