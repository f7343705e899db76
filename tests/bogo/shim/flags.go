package main

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"libtls/internal/suite"
)

// options is what the flags say about one connection. Strings and lists are
// empty where their flag wasn't given.
type options struct {
	// The runner, and how to meet it.
	port        int
	shimID      uint64
	ipv6        bool
	resumeCount int

	// What to be.
	server, async                           bool
	minVersion, maxVersion                  uint16
	noTLS1, noTLS11, noTLS12, noTLS13       bool
	groups, keyShares                       []suite.Group
	noKeyShares                             bool
	verifyPrefs                             []suite.Scheme
	cipher                                  string // TLS 1.2 suites; implies serverPreference
	serverPreference                        bool
	hostName                                string
	advertiseALPN                           string
	noTicket                                bool
	ticketKey                               []byte // the runner's; nil if it doesn't look into tickets
	maxCertificates                         int
	credentials                             []*candidate // the default one comes last
	ocspStapling                            bool
	requireAnyClientCertificate, verifyPeer bool
	clientCAs                               *[][]byte

	// How to answer the engine.
	verifyFail, customVerify, reverifyOnResume             bool
	selectALPN                                             *string
	declineALPN, rejectALPN, selectEmptyALPN               bool
	noServerNameAck                                        bool
	failCertCallback, failEarlyCallback, failDDoSCallback  bool
	ocspCallback, setOCSPInCallback, declineOCSP, failOCSP bool
	skipTicket, renewTicket                                bool
	noLegacyServerConnect                                  bool

	// What to do once connected.
	implicitHandshake, extraHandshake        bool
	shimWritesFirst, readWithUnfinishedWrite bool
	shimShutsDown, checkCloseNotify          bool
	sendAlert, keyUpdate, peekThenRead       bool
	readSize                                 int
	exportBytes                              int
	exportLabel, exportContext               string
	useExportContext                         bool
	resumptionDelay                          int // seconds between connections

	// What to expect.
	expectSessionMiss, expectNoSession, expectTicketRenewal bool
	expectSessionID, expectNoSessionID                      bool
	expectHRR, expectNoHRR                                  bool
	expectVerifyResult                                      bool
	expectExtendedMasterSecret, expectSecureRenegotiation   bool
	expectGroup                                             uint16
	expectPeerScheme                                        uint16
	expectPeerSchemes                                       []suite.Scheme
	expectSuiteAES, expectSuiteNoAES                        uint16
	expectALPN, expectAdvertisedALPN, expectServerName      string
	expectStaple                                            []byte
	expectCertTypes                                         []byte
	expectPeerChain                                         string // file
	expectClientCAs                                         [][]byte
	expectCredential                                        *int
	expectTicketAgeSkew                                     *time.Duration
}

// define names each flag the shim knows. Those bound to a throwaway variable
// say nothing that matters to this engine.
func (o *options) define(fs *flag.FlagSet) {
	var ignored bool
	for name, p := range map[string]*bool{
		"ipv6": &o.ipv6, "server": &o.server, "async": &o.async,
		"no-tls1": &o.noTLS1, "no-tls11": &o.noTLS11, "no-tls12": &o.noTLS12, "no-tls13": &o.noTLS13,
		"no-key-shares":                  &o.noKeyShares,
		"server-preference":              &o.serverPreference,
		"no-ticket":                      &o.noTicket,
		"enable-ocsp-stapling":           &o.ocspStapling,
		"require-any-client-certificate": &o.requireAnyClientCertificate,
		"verify-peer":                    &o.verifyPeer,
		"verify-fail":                    &o.verifyFail,
		"use-custom-verify-callback":     &o.customVerify,
		"reverify-on-resume":             &o.reverifyOnResume,
		"decline-alpn":                   &o.declineALPN,
		"reject-alpn":                    &o.rejectALPN,
		"select-empty-alpn":              &o.selectEmptyALPN,
		"no-server-name-ack":             &o.noServerNameAck,
		"fail-cert-callback":             &o.failCertCallback,
		"use-old-client-cert-callback":   &ignored, // there is but one way to be asked
		"use-early-callback":             &ignored, // every server looks at Hello
		"fail-early-callback":            &o.failEarlyCallback,
		"install-ddos-callback":          &ignored, // likewise
		"fail-ddos-callback":             &o.failDDoSCallback,
		"use-ocsp-callback":              &o.ocspCallback,
		"set-ocsp-in-callback":           &o.setOCSPInCallback,
		"decline-ocsp-callback":          &o.declineOCSP,
		"fail-ocsp-callback":             &o.failOCSP,
		"use-ticket-callback":            &ignored, // a server always seals its tickets itself
		"use-ticket-aead-callback":       &ignored,
		"skip-ticket":                    &o.skipTicket,
		"renew-ticket":                   &o.renewTicket,
		"no-legacy-server-connect":       &o.noLegacyServerConnect,
		"implicit-handshake":             &o.implicitHandshake,
		"no-op-extra-handshake":          &o.extraHandshake,
		"shim-writes-first":              &o.shimWritesFirst,
		"read-with-unfinished-write":     &o.readWithUnfinishedWrite,
		"shim-shuts-down":                &o.shimShutsDown,
		"check-close-notify":             &o.checkCloseNotify,
		"send-alert":                     &o.sendAlert,
		"key-update":                     &o.keyUpdate,
		"peek-then-read":                 &o.peekThenRead,
		"use-export-context":             &o.useExportContext,
		"expect-session-miss":            &o.expectSessionMiss,
		"expect-no-session":              &o.expectNoSession,
		"expect-ticket-renewal":          &o.expectTicketRenewal,
		"expect-session-id":              &o.expectSessionID,
		"expect-no-session-id":           &o.expectNoSessionID,
		"expect-hrr":                     &o.expectHRR,
		"expect-no-hrr":                  &o.expectNoHRR,
		"expect-verify-result":           &o.expectVerifyResult,
		"expect-extended-master-secret":  &o.expectExtendedMasterSecret,
		"expect-secure-renegotiation":    &o.expectSecureRenegotiation,
	} {
		fs.BoolVar(p, name, false, "")
	}
	for name, p := range map[string]*int{
		"port": &o.port, "resume-count": &o.resumeCount, "resumption-delay": &o.resumptionDelay,
		"max-cert-list": &o.maxCertificates, "read-size": &o.readSize, "export-keying-material": &o.exportBytes,
	} {
		fs.IntVar(p, name, *p, "")
	}
	fs.Uint64Var(&o.shimID, "shim-id", 0, "")
	for name, p := range map[string]*uint16{
		"min-version": &o.minVersion, "max-version": &o.maxVersion,
		"expect-curve-id": &o.expectGroup, "expect-peer-signature-algorithm": &o.expectPeerScheme,
		"expect-cipher-aes": &o.expectSuiteAES, "expect-cipher-no-aes": &o.expectSuiteNoAES,
	} {
		fs.Func(name, "", func(s string) error {
			v, err := strconv.ParseUint(s, 10, 16)
			*p = uint16(v)
			return err
		})
	}
	codes(fs, "curves", &o.groups)
	codes(fs, "key-shares", &o.keyShares)
	fs.Func("verify-prefs", "", func(s string) error {
		if s == md5WithSHA1 {
			return nil
		}
		return appendCode(&o.verifyPrefs, s)
	})
	codes(fs, "expect-peer-verify-pref", &o.expectPeerSchemes)
	var ignoredText string
	for name, p := range map[string]*string{
		"trust-cert":          &ignoredText, // the verdict on a chain comes from -verify-fail
		"expect-msg-callback": &ignoredText, // nobody listens to messages
		"host-name":           &o.hostName, "advertise-alpn": &o.advertiseALPN,
		"export-label": &o.exportLabel, "export-context": &o.exportContext,
		"expect-alpn": &o.expectALPN, "expect-advertised-alpn": &o.expectAdvertisedALPN,
		"cipher": &o.cipher, "expect-server-name": &o.expectServerName, "expect-peer-cert-file": &o.expectPeerChain,
	} {
		fs.StringVar(p, name, "", "")
	}
	fs.Func("select-alpn", "", func(s string) error {
		o.selectALPN = &s
		return nil
	})
	fs.Func("expect-early-data-reason", "", func(s string) error {
		if s != "disabled" {
			return errors.New("there is no early data")
		}
		return nil
	})
	fs.Func("ticket-key", "", func(s string) (err error) {
		o.ticketKey, err = base64.StdEncoding.DecodeString(s)
		return err
	})
	fs.Func("expect-ocsp-response", "", func(s string) (err error) {
		o.expectStaple, err = base64.StdEncoding.DecodeString(s)
		return err
	})
	fs.Func("expect-certificate-types", "", func(s string) (err error) {
		o.expectCertTypes, err = base64.StdEncoding.DecodeString(s)
		return err
	})
	fs.Func("use-client-ca-list", "", func(s string) error {
		names, err := caNames(s)
		o.clientCAs = &names
		return err
	})
	fs.Func("expect-client-ca-list", "", func(s string) (err error) {
		o.expectClientCAs, err = caNames(s)
		return err
	})
	fs.Func("expect-ticket-age-skew", "", func(s string) error {
		n, err := strconv.Atoi(s)
		skew := time.Duration(n) * time.Second
		o.expectTicketAgeSkew = &skew
		return err
	})
	fs.Func("expect-selected-credential", "", func(s string) error {
		n, err := strconv.Atoi(s)
		o.expectCredential = &n
		return err
	})
	o.defineCredentials(fs)
}

// md5WithSHA1 is the reference stack's own code point for the signatures of
// TLS 1.0; no message ever carries it.
const md5WithSHA1 = "65281"

// defineCredentials names the flags that describe credentials: those before
// the first -new-x509-credential the default one, the others the one last begun.
func (o *options) defineCredentials(fs *flag.FlagSet) {
	fallback := new(candidate)
	current := fallback
	o.credentials = []*candidate{fallback}
	fs.BoolFunc("new-x509-credential", "", func(string) error {
		current = new(candidate)
		last := len(o.credentials) - 1
		o.credentials = append(o.credentials[:last], current, fallback)
		return nil
	})
	fs.BoolFunc("must-match-issuer", "", func(string) error {
		current.mustMatchIssuer = true
		return nil
	})
	fs.Func("cert-file", "", func(s string) error { return current.readChain(s) })
	fs.Func("key-file", "", func(s string) error { return current.readKey(s) })
	fs.Func("ocsp-response", "", func(s string) (err error) {
		current.staple, err = base64.StdEncoding.DecodeString(s)
		return err
	})
	fs.Func("signing-prefs", "", func(s string) error { return appendCode(&current.schemes, s) })
}

// codes defines a flag that adds a code point to a list each time it is given.
func codes[T ~uint16](fs *flag.FlagSet, name string, list *[]T) {
	fs.Func(name, "", func(s string) error { return appendCode(list, s) })
}

func appendCode[T ~uint16](list *[]T, s string) error {
	v, err := strconv.ParseUint(s, 10, 16)
	*list = append(*list, T(v))
	return err
}

// caNames reads a list of DER names.
func caNames(s string) ([][]byte, error) {
	if s == "<NULL>" || s == "<EMPTY>" {
		return nil, nil
	}
	var names [][]byte
	for field := range strings.SplitSeq(s, ",") {
		name, err := hex.DecodeString(field)
		if err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, nil
}

// prefixes put a flag on the first connection or on the later ones only. There
// is no early data, so nothing is ever retried.
var prefixes = []struct {
	text           string
	initial, later bool
}{
	{"on-initial-", true, false},
	{"on-resume-", false, true},
	{"on-retry-", false, false},
}

// parseFlags returns what the flags say about the first connection, or about
// the later ones. A flag nobody knows makes the test unimplemented.
func parseFlags(args []string, later bool) (*options, error) {
	o := &options{minVersion: suite.TLS12, maxVersion: suite.TLS13, readSize: defaultReadSize}
	fs := flag.NewFlagSet("shim", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	o.define(fs)
	var own []string
	for len(args) > 0 {
		name, applies := strings.TrimPrefix(args[0], "-"), true
		for _, p := range prefixes {
			if rest, ok := strings.CutPrefix(name, p.text); ok {
				name, applies = rest, p.initial && !later || p.later && later
			}
		}
		f := fs.Lookup(name)
		if f == nil {
			return nil, fmt.Errorf("flag %s: %w", args[0], errUnimplemented)
		}
		n := 2
		if b, ok := f.Value.(interface{ IsBoolFlag() bool }); ok && b.IsBoolFlag() {
			n = 1
		}
		if len(args) < n {
			return nil, brokenf("flag %s wants a value", args[0])
		}
		if applies {
			own = append(own, "-"+name)
			own = append(own, args[1:n]...)
		}
		args = args[n:]
	}
	if err := fs.Parse(own); err != nil {
		return nil, brokenf("%v", err)
	}
	return o, nil
}
