package main

import (
	"bytes"
	"reflect"
	"slices"

	"libtls/internal/protocol"
	"libtls/internal/suite"
)

// check compares the connection with what the flags expect of it.
func (l *link) check(later bool) error {
	info := l.tls.Info()
	for _, check := range []func(*protocol.Info) error{
		l.checkParameters, l.checkNames, l.checkPeer, l.checkRequest,
	} {
		if err := check(info); err != nil {
			return err
		}
	}
	if want := later && !l.opts.expectSessionMiss; info.Resumed != want {
		return brokenf("resumed: %t, wanted: %t", info.Resumed, want)
	}
	return nil
}

// differ makes the error for something that isn't as expected.
func differ(what string, got, want any) error {
	if reflect.DeepEqual(got, want) {
		return nil
	}
	return brokenf("%s is %v, wanted: %v", what, got, want)
}

func (l *link) checkParameters(info *protocol.Info) error {
	o := l.opts
	wantSuite := o.expectSuiteNoAES
	if hasAES {
		wantSuite = o.expectSuiteAES
	}
	stored := l.newSession != nil || info.Resumed && l.sessionID != nil
	switch {
	case wantSuite != 0 && info.Suite.ID != suite.ID(wantSuite):
		return differ("suite", info.Suite.ID, suite.ID(wantSuite))
	// The reference stack's sessions remember group and scheme; ours don't.
	case o.expectGroup != 0 && info.Group != 0 && info.Group != suite.Group(o.expectGroup):
		return differ("group", info.Group, suite.Group(o.expectGroup))
	case o.expectHRR && !info.HelloRetry, o.expectNoHRR && info.HelloRetry:
		return differ("HelloRetryRequest", info.HelloRetry, o.expectHRR)
	case o.expectTicketAgeSkew != nil && info.Resumed:
		return differ("ticket age's skew", info.TicketAgeSkew, *o.expectTicketAgeSkew)
	// What both stand for is always there in TLS 1.3 (RFC 7627, 5.4; RFC 8446, 4.1.2).
	case o.expectSessionID && !stored, o.expectNoSessionID && stored:
		return differ("session stored by id", stored, o.expectSessionID)
	case o.expectExtendedMasterSecret && info.Version < suite.TLS13 && !info.ExtendedMasterSecret:
		return brokenf("no extended master secret")
	case o.expectSecureRenegotiation && info.Version < suite.TLS13 && !info.SecureRenegotiation:
		return brokenf("no secure renegotiation")
	}
	return nil
}

func (l *link) checkNames(info *protocol.Info) error {
	o := l.opts
	wantALPN := o.expectALPN
	if o.selectALPN != nil && !o.declineALPN && !o.rejectALPN {
		wantALPN = *o.selectALPN
	}
	if err := differ("ALPN protocol", info.ALPN, wantALPN); err != nil {
		return err
	}
	if o.expectAdvertisedALPN != "" {
		if err := differ("ALPN offer", joinALPN(l.hello.ALPN), o.expectAdvertisedALPN); err != nil {
			return err
		}
	}
	if o.expectServerName != "" {
		return differ("server name", info.ServerName, o.expectServerName)
	}
	return nil
}

func (l *link) checkPeer(info *protocol.Info) error {
	o := l.opts
	if !o.server && len(info.PeerChain) == 0 {
		return brokenf("the server has no certificate")
	}
	if o.expectPeerScheme != 0 && !info.Resumed && info.PeerScheme != suite.Scheme(o.expectPeerScheme) {
		return differ("peer's scheme", info.PeerScheme, suite.Scheme(o.expectPeerScheme))
	}
	if o.expectPeerChain != "" {
		var want candidate
		if err := want.readChain(o.expectPeerChain); err != nil {
			return err
		}
		if !slices.EqualFunc(info.PeerChain, want.Chain, bytes.Equal) {
			return brokenf("the peer's chain isn't the expected one")
		}
	}
	if o.expectStaple != nil && !bytes.Equal(info.Staple, o.expectStaple) {
		return differ("OCSP response", info.Staple, o.expectStaple)
	}
	if o.expectVerifyResult {
		want := verifyOK
		if o.verifyFail {
			want = verifyRejected
		}
		return differ("verdict", l.verdict, want)
	}
	return nil
}

// checkRequest checks what the peer asked for, and what it got.
func (l *link) checkRequest(*protocol.Info) error {
	o := l.opts
	if o.expectPeerSchemes != nil {
		if err := differ("peer's list of schemes", l.hello.Schemes, o.expectPeerSchemes); err != nil {
			return err
		}
	}
	if o.expectCertTypes != nil {
		if err := differ("list of certificate types", l.hello.CertTypes, o.expectCertTypes); err != nil {
			return err
		}
	}
	if o.expectClientCAs != nil {
		if err := differ("list of CAs", l.hello.CAs, o.expectClientCAs); err != nil {
			return err
		}
	}
	if o.expectCredential != nil {
		got := slices.Index(o.credentials, l.chosen)
		if got == len(o.credentials)-1 {
			got = -1 // the default one
		}
		return differ("credential", got, *o.expectCredential)
	}
	return nil
}
