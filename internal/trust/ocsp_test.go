package trust

import (
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
	"golang.org/x/crypto/ocsp"
)

// respond makes an OCSP response about subject. The responder's certificate comes with it unless
// it is the issuer's.
func respond(t testing.TB, issuer, responder, subject *party, edit ...func(*ocsp.Response)) []byte {
	t.Helper()
	template := ocsp.Response{
		Status:       ocsp.Good,
		SerialNumber: subject.SerialNumber,
		ThisUpdate:   now.Add(-time.Hour),
		NextUpdate:   now.Add(time.Hour),
	}
	if responder != issuer {
		template.Certificate = responder.Certificate
	}
	for _, e := range edit {
		e(&template)
	}
	der, err := ocsp.CreateResponse(issuer.Certificate, responder.Certificate, template, responder.key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestCheckOCSP(t *testing.T) {
	root := issue(t, nil, "root", ca)
	inter := issue(t, root, "inter", ca)
	leaf := issue(t, inter, "leaf.test")
	sibling := issue(t, inter, "sibling.test")
	foreign := issue(t, nil, "inter", ca)
	self := issue(t, nil, "self.test")
	signing := eku(x509.ExtKeyUsageOCSPSigning)
	delegate := issue(t, inter, "delegate", signing)
	forClients := issue(t, inter, "not for OCSP", eku(x509.ExtKeyUsageClientAuth))
	noUsage := issue(t, inter, "no usage")
	oldDelegate := issue(t, inter, "old delegate", signing, expired)
	youngDelegate := issue(t, inter, "young delegate", signing, future)
	delegateBefore := issue(t, inter, "delegate", signing)
	forgery := tampered(t, delegateBefore)
	rootsDelegate := issue(t, root, "the root's delegate", signing)
	strange := issue(t, inter, "strange delegate", signing, criticalExtension)
	// The issuer's key and name, certified once more.
	interTwin := issueTo(t, inter.key, root, "inter", ca)
	renamed := issueTo(t, inter.key, root, " INTER ", ca)
	sha1 := func(r *ocsp.Response) { r.SignatureAlgorithm = x509.ECDSAWithSHA1 }

	revoked := func(reason int) func(*ocsp.Response) {
		return func(r *ocsp.Response) {
			r.Status, r.RevokedAt, r.RevocationReason = ocsp.Revoked, now.Add(-2*time.Hour), reason
		}
	}
	withCert := func(p *party) func(*ocsp.Response) {
		return func(r *ocsp.Response) { r.Certificate = p.Certificate }
	}
	during := func(from, to time.Duration) func(*ocsp.Response) {
		return func(r *ocsp.Response) { r.ThisUpdate, r.NextUpdate = now.Add(from), now.Add(to) }
	}
	openEnd := func(from time.Duration) func(*ocsp.Response) {
		return func(r *ocsp.Response) { r.ThisUpdate, r.NextUpdate = now.Add(from), time.Time{} }
	}
	const day = 24 * time.Hour
	good := respond(t, inter, inter, leaf)
	chain := []*party{leaf, inter}
	trust := []*party{root}

	for _, test := range []struct {
		name   string
		in     []byte
		chain  []*party
		trust  []*party
		result string
		err    string
	}{
		{"good", good, chain, trust, "good", ""},
		{"issuer from the store", good, chain[:1], []*party{root, inter}, "good", ""},
		{"issuer sent by the responder too", respond(t, inter, inter, leaf, withCert(inter)), chain, trust, "good", ""},
		{"another certificate of the issuer's", respond(t, inter, inter, leaf, withCert(interTwin)), chain, trust, "good", ""},
		{"delegate", respond(t, inter, delegate, leaf), chain, trust, "good", ""},
		{"hashed with SHA-256", respond(t, inter, inter, leaf, func(r *ocsp.Response) { r.IssuerHash = crypto.SHA256 }), chain, trust, "good", ""},
		{"unknown", respond(t, inter, inter, leaf, func(r *ocsp.Response) { r.Status = ocsp.Unknown }), chain, trust, "unknown", ""},
		{"pinned", respond(t, self, self, self), []*party{self}, []*party{self}, "good", ""},

		{"needless certificates", withCerts(t, good, sibling, rootsDelegate, leaf), chain, trust, "good", ""},
		{"delegate last", withCerts(t, respond(t, inter, delegate, leaf), sibling, inter, delegate), chain, trust, "good", ""},
		{"a former certificate of the delegate's first", withCerts(t, respond(t, inter, delegate, leaf), delegateBefore, delegate), chain, trust, "good", ""},
		{"too many forgeries of it first", withCerts(t, respond(t, inter, delegate, leaf), forgery, forgery, forgery, delegate), chain, trust, "", "ocsp verify failed"},
		{"an entry of another issuer's first", beside(t, inter, respond(t, foreign, foreign, leaf, revoked(0)), good), chain, trust, "good", ""},
		{"an entry of another issuer's alone", beside(t, inter, respond(t, foreign, foreign, leaf), respond(t, inter, inter, sibling)), chain, trust, "", "ocsp verify failed: no result for cert"},
		{"revoked behind another issuer's entry", beside(t, inter, respond(t, foreign, foreign, leaf), respond(t, inter, inter, leaf, revoked(ocsp.KeyCompromise))), chain, trust, "keyCompromise", "ocsp verify failed: revoked cert - keyCompromise"},
		{"SHA-1", respond(t, inter, inter, leaf, sha1), chain, trust, "", "ocsp verify failed: signature digest algorithm too weak"},
		{"SHA-1 of a delegate", respond(t, inter, delegate, leaf, sha1), chain, trust, "", "ocsp verify failed: signature digest algorithm too weak"},
		{"issuer's name in other words", good, []*party{leaf, renamed}, trust, "good", ""},

		{"revoked", respond(t, inter, inter, leaf, revoked(ocsp.KeyCompromise)), chain, trust, "keyCompromise", "ocsp verify failed: revoked cert - keyCompromise"},
		{"revoked without a reason", respond(t, inter, delegate, leaf, revoked(ocsp.Unspecified)), chain, trust, "(UNKNOWN)", "ocsp verify failed: revoked cert - (UNKNOWN)"},
		{"revoked, nameless reason", respond(t, inter, inter, leaf, revoked(ocsp.AACompromise)), chain, trust, "(UNKNOWN)", "ocsp verify failed: revoked cert - (UNKNOWN)"},
		{"revoked, hold", respond(t, inter, inter, leaf, revoked(ocsp.CertificateHold)), chain, trust, "certificateHold", "ocsp verify failed: revoked cert - certificateHold"},

		{"junk", []byte("junk"), chain, trust, "", "unable to parse OCSP response"},
		{"nothing", nil, chain, trust, "", "unable to parse OCSP response"},
		{"trailing byte", append(slices.Clone(good), 0), chain, trust, "", "unable to parse OCSP response"},
		{"truncated", good[:len(good)-1], chain, trust, "", "unable to parse OCSP response"},
		{"try later", ocsp.TryLaterErrorResponse, chain, trust, "", "cannot load ocsp reply"},
		{"unauthorized", ocsp.UnauthorizedErrorResponse, chain, trust, "", "cannot load ocsp reply"},
		{"successful and empty", []byte{0x30, 3, 0x0a, 1, 0}, chain, trust, "", "cannot load ocsp reply"},

		{"no issuer", good, chain[:1], trust, "", "ocsp verify failed: no issuer cert"},
		{"issuer of that name only", good, []*party{leaf, foreign}, trust, "", "ocsp verify failed: no issuer cert"},
		{"sibling's response", respond(t, inter, inter, sibling), chain, trust, "", "ocsp verify failed: no result for cert"},
		{"another issuer's serial number", respond(t, foreign, inter, leaf, func(r *ocsp.Response) { r.Certificate = nil }), chain, trust, "", "ocsp verify failed: no result for cert"},

		{"tampered with", flipLast(good), chain, trust, "", "ocsp verify failed"},
		{"signed by the leaf", respond(t, inter, leaf, leaf), chain, trust, "", "ocsp verify failed"},
		{"signed by the leaf, quietly", respond(t, inter, leaf, leaf, func(r *ocsp.Response) { r.Certificate = nil }), chain, trust, "", "ocsp verify failed"},
		{"signed by a stranger of that name", respond(t, inter, foreign, leaf), chain, trust, "", "ocsp verify failed"},
		{"signed by the root", respond(t, inter, root, leaf), append(chain, root), trust, "", "ocsp verify failed"},
		{"signed by a sibling", respond(t, inter, sibling, leaf), append(chain, sibling), trust, "", "ocsp verify failed"},
		{"delegate of another use", respond(t, inter, forClients, leaf), chain, trust, "", "ocsp verify failed"},
		{"delegate of no use", respond(t, inter, noUsage, leaf), chain, trust, "", "ocsp verify failed"},
		{"delegate of somebody else", respond(t, inter, rootsDelegate, leaf), chain, trust, "", "ocsp verify failed"},
		{"delegate expired", respond(t, inter, oldDelegate, leaf), chain, trust, "", "ocsp verify failed"},
		{"delegate from the future", respond(t, inter, youngDelegate, leaf), chain, trust, "", "ocsp verify failed"},
		{"delegate not understood", respond(t, inter, strange, leaf), chain, trust, "", "ocsp verify failed"},
		{"forged delegate", respond(t, inter, tampered(t, delegate), leaf), chain, trust, "", "ocsp verify failed"},

		{"a minute early", respond(t, inter, inter, leaf, during(time.Minute, time.Hour)), chain, trust, "good", ""},
		{"too early", respond(t, inter, inter, leaf, during(61*time.Second, time.Hour)), chain, trust, "", "ocsp verify failed: ocsp response not current"},
		{"a minute late", respond(t, inter, inter, leaf, during(-day, -time.Minute)), chain, trust, "good", ""},
		{"too late", respond(t, inter, inter, leaf, during(-day, -61*time.Second)), chain, trust, "", "ocsp verify failed: ocsp response not current"},
		{"two weeks old", respond(t, inter, inter, leaf, during(-14*day, time.Hour)), chain, trust, "good", ""},
		{"older", respond(t, inter, inter, leaf, during(-14*day-time.Second, time.Hour)), chain, trust, "", "ocsp verify failed: ocsp response not current"},
		{"no end", respond(t, inter, inter, leaf, openEnd(-time.Hour)), chain, trust, "good", ""},
		{"no end, older", respond(t, inter, inter, leaf, openEnd(-15*day)), chain, trust, "", "ocsp verify failed: ocsp response not current"},
		{"revoked, but old", respond(t, inter, inter, leaf, revoked(ocsp.Superseded), during(-20*day, time.Hour)), chain, trust, "", "ocsp verify failed: ocsp response not current"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var certs []*x509.Certificate
			for _, p := range test.chain {
				certs = append(certs, p.Certificate)
			}
			r, _, err := CheckOCSP(test.in, certs, NewLookups(anchors(t, test.trust...)), now)
			text := ""
			if err != nil {
				text = err.Error()
			}
			if text != test.err {
				t.Fatalf("got %q, want %q", text, test.err)
			}
			if (r != nil) != (test.result != "") {
				t.Fatalf("result: %v", r)
			}
			if r != nil && (r.String() != test.result || r.ResponseStatus != 0) {
				t.Errorf("got %v, want %s", r, test.result)
			}
		})
	}
}

// basicParts is a BasicOCSPResponse (RFC 6960, 4.2.1).
type basicParts struct {
	Data      []asn1.RawValue // the responses last
	Algorithm asn1.RawValue
	Signature asn1.BitString
	Certs     []asn1.RawValue `asn1:"optional,explicit,tag:0"`
}

// takeApart hands a response's parts to edit and returns what that makes of them.
func takeApart(t testing.TB, der []byte, edit func(*basicParts) []byte) []byte {
	t.Helper()
	var response struct {
		Status asn1.Enumerated
		Bytes  struct {
			Type  asn1.ObjectIdentifier
			Basic []byte
		} `asn1:"explicit,tag:0"`
	}
	var parts basicParts
	if _, err := asn1.Unmarshal(der, &response); err != nil {
		t.Fatal(err)
	}
	if _, err := asn1.Unmarshal(response.Bytes.Basic, &parts); err != nil {
		t.Fatal(err)
	}
	response.Bytes.Basic = edit(&parts)
	out, err := asn1.Marshal(response)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// withCerts has a response come with these certificates.
func withCerts(t testing.TB, der []byte, certs ...*party) []byte {
	t.Helper()
	return takeApart(t, der, func(parts *basicParts) []byte {
		parts.Certs = nil
		for _, c := range certs {
			parts.Certs = append(parts.Certs, asn1.RawValue{FullBytes: c.Raw})
		}
		out, err := asn1.Marshal(*parts)
		if err != nil {
			t.Fatal(err)
		}
		return out
	})
}

// beside makes one response of signer's out of another's answers and, behind them, its own.
func beside(t testing.TB, signer *party, first, second []byte) []byte {
	t.Helper()
	var before []byte
	takeApart(t, first, func(parts *basicParts) []byte {
		before = parts.Data[len(parts.Data)-1].Bytes
		return nil
	})
	return takeApart(t, second, func(parts *basicParts) []byte {
		answers := &parts.Data[len(parts.Data)-1]
		answers.FullBytes, answers.Bytes = nil, slices.Concat(before, answers.Bytes)
		return sign(t, signer, parts.Data, parts.Algorithm)
	})
}

// flipLast breaks the last byte: part of the signature if no certificate follows it.
func flipLast(der []byte) []byte {
	der = slices.Clone(der)
	der[len(der)-1] ^= 1
	return der
}

// TestCostlyOCSP has issuers with the costliest keys: all checks for a response count together.
func TestCostlyOCSP(t *testing.T) {
	root := issue(t, nil, "root", ca)
	inter := issueTo(t, p521Key(t), root, "inter", ca)
	other := issueTo(t, p521Key(t), root, "inter", ca)
	leaf := issue(t, inter, "leaf.test")
	delegate := issueTo(t, p521Key(t), inter, "delegate", eku(x509.ExtKeyUsageOCSPSigning))
	in := respond(t, inter, delegate, leaf)
	for _, test := range []struct {
		name   string
		issuer []*party
		want   error
	}{
		{"delegate", []*party{inter}, nil},
		{"another issuer first", []*party{other, inter}, errOCSPVerify},
	} {
		var chain []*x509.Certificate
		for _, p := range append([]*party{leaf}, test.issuer...) {
			chain = append(chain, p.Certificate)
		}
		if _, _, err := CheckOCSP(in, chain, NewLookups(anchors(t, root)), now); err != test.want {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

func TestOCSPResult(t *testing.T) {
	root := issue(t, nil, "root", ca)
	leaf := issue(t, root, "leaf.test")
	check := func(edit ...func(*ocsp.Response)) *OCSPResult {
		t.Helper()
		r, _, _ := CheckOCSP(respond(t, root, root, leaf, edit...), []*x509.Certificate{leaf.Certificate}, NewLookups(anchors(t, root)), now)
		if r == nil {
			t.Fatal("no result")
		}
		return r
	}
	good := check()
	want := OCSPResult{ThisUpdate: now.Add(-time.Hour), NextUpdate: now.Add(time.Hour)}
	if *good != want {
		t.Errorf("good: %+v", good)
	}
	noEnd := check(func(r *ocsp.Response) { r.NextUpdate = time.Time{} })
	if !noEnd.NextUpdate.IsZero() {
		t.Errorf("no next update: %+v", noEnd)
	}
	revoked := check(func(r *ocsp.Response) {
		r.Status, r.RevokedAt, r.RevocationReason = ocsp.Revoked, now.Add(-2*time.Hour), ocsp.CACompromise
	})
	want.CertStatus, want.CRLReason, want.RevocationTime = 1, 2, now.Add(-2*time.Hour)
	if *revoked != want {
		t.Errorf("revoked: %+v", revoked)
	}
}

// TestOCSPMalformed has responses that are wrong somewhere inside.
func TestOCSPMalformed(t *testing.T) {
	root := issue(t, nil, "root", ca)
	leaf := issue(t, root, "leaf.test")
	outer := func(basic string) string {
		return sequence("\x0a\x01\x00", element(0xa0, sequence("\x06\x01\x2a", element(4, basic))))
	}
	const date = "\x18\x0f20260601000000Z"
	about := func(serial *big.Int) string {
		id := sequence("\x30\x02\x06\x00", "\x04\x01n", "\x04\x01k", integer(t, serial))
		return sequence("\xa2\x03\x04\x01h", date, sequence(sequence(id, "\x80\x00", date)))
	}
	data := about(leaf.SerialNumber)
	const signature = "\x30\x00" + "\x03\x01\x00"
	certs := func(list ...string) string { return element(0xa0, sequence(list...)) }
	for _, test := range []struct {
		name, in string
		want     error
	}{
		{"nothing signed", outer(sequence(data, signature)), errOCSPVerify},
		{"no certificates after all", outer(sequence(data, signature, certs())), errOCSPVerify},
		{"about another certificate", outer(sequence(about(root.SerialNumber), signature)), errOCSPNoResult},
		{"not a certificate", outer(sequence(data, signature, certs("\x30\x00"))), errOCSPVerify},
		{"not certificates", outer(sequence(data, signature, certs("\x05\x00"))), errOCSPLoad},
		{"not a list of certificates", outer(sequence(data, signature, "\xa0\x02\x05\x00")), errOCSPLoad},
		{"not a basic response", outer("\x05\x00"), errOCSPLoad},
		{"not a response", sequence("\x0a\x01\x00", "\xa0\x02\x05\x00"), ErrOCSPParse},
		{"not responses", outer(sequence(sequence("\xa2\x03\x04\x01h", date, "\x30\x02\x05\x00"), signature)), errOCSPLoad},
		{"try later, with a response", sequence("\x0a\x01\x03", element(0xa0, sequence("\x06\x01\x2a", "\x04\x00"))), errOCSPLoad},
	} {
		r, _, err := CheckOCSP([]byte(test.in), []*x509.Certificate{leaf.Certificate, root.Certificate}, NewLookups(nil), now)
		if r != nil || err != test.want {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
	}
	if r, _, err := CheckOCSP(respond(t, root, root, leaf), nil, NewLookups(nil), now); r != nil || err != errOCSPNoResult {
		t.Error("for nobody:", err)
	}
}

// element encodes a DER element.
func element(tag byte, parts ...string) string {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.Tag(tag), func(b *cryptobyte.Builder) { b.AddBytes([]byte(strings.Join(parts, ""))) })
	return string(b.BytesOrPanic())
}

func sequence(parts ...string) string { return element(0x30, parts...) }

func integer(t *testing.T, n *big.Int) string {
	t.Helper()
	der, err := asn1.Marshal(n)
	if err != nil {
		t.Fatal(err)
	}
	return string(der)
}

// TestOCSPReason tells a revocation without a reason from one for an unspecified reason.
func TestOCSPReason(t *testing.T) {
	const date = "\x18\x0f20260601000000Z"
	id := sequence("\x30\x02\x06\x00", "\x04\x01n", "\x04\x01k", "\x02\x01\x07")
	for _, test := range []struct {
		status string
		want   bool
	}{
		{element(0xa1, date, "\xa0\x03\x0a\x01\x00"), true},
		{element(0xa1, date), false},
		{element(0x80), false},
	} {
		entry := sequence(id, test.status, date)
		data := sequence("\xa2\x03\x04\x01h", date, sequence(entry))
		basic := sequence(data, "\x30\x00", "\x03\x01\x00")
		parsed, ok := parseBasic([]byte(basic))
		if !ok || len(parsed.certs) != 0 || len(parsed.singles) != 1 {
			t.Fatalf("%x: not parsed", test.status)
		}
		if got := parsed.singles[0]; got.hasReason != test.want || got.serial.Cmp(big.NewInt(7)) != 0 {
			t.Errorf("%x: %+v", test.status, got)
		}
	}
}
