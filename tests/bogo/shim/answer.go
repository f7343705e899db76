package main

import (
	"libtls/internal/protocol"
)

// Errors of the reference stack's hooks; the engine has no such hooks.
var (
	errLegacyServer = &protocol.Error{Code: "UNSAFE_LEGACY_RENEGOTIATION_DISABLED", Alert: protocol.AlertHandshakeFailure}
	errRejected     = &protocol.Error{Code: "CONNECTION_REJECTED", Alert: protocol.AlertInternalError}
	errEarly        = &protocol.Error{Code: "CONNECTION_REJECTED", Alert: protocol.AlertHandshakeFailure}
	errCertHook     = &protocol.Error{Code: "CERT_CB_ERROR", Alert: protocol.AlertInternalError}
	errOCSPHook     = &protocol.Error{Code: "OCSP_CB_ERROR", Alert: protocol.AlertInternalError}
	errOCSPCheck    = &protocol.Error{Code: "OCSP_CB_ERROR", Alert: protocol.AlertBadCertificateStatusResponse}
	errEmptyALPN    = &protocol.Error{Code: "INVALID_ALPN_PROTOCOL", Alert: protocol.AlertInternalError}
)

// X509_V_* numbers that the shim's verdicts use.
const (
	verifyOK       = 0
	verifyRejected = 50
)

// answer gives the engine what it waits for.
func (l *link) answer(wait protocol.Wait) error {
	switch wait {
	case protocol.WaitSelect:
		l.tls.Select(l.selection())
	case protocol.WaitTicket:
		l.tls.Ticket(l.offered(), l.opts.renewTicket)
	case protocol.WaitSign:
		req := l.tls.SignRequest()
		if req.Credential != &l.chosen.Credential {
			return brokenf("the engine signs with another credential than the one selected")
		}
		l.tls.Signed(l.chosen.sign(req))
	case protocol.WaitVerify:
		if l.verified {
			return brokenf("the engine asks twice for a verdict")
		}
		l.verified = true
		l.tls.Verified(l.verify())
	case protocol.WaitSeal:
		return l.seal()
	default:
		return brokenf("the engine waits for %d", wait)
	}
	return nil
}

// selection answers a hello or a CertificateRequest.
func (l *link) selection() protocol.Choice {
	o := l.opts
	l.hello = l.tls.Hello()
	var choice protocol.Choice
	if o.server {
		choice.Fail = l.serverHooks()
		choice.ALPN = l.selectALPN(&choice)
	}
	if o.failCertCallback {
		choice.Fail = errCertHook
	}
	if choice.Fail != nil {
		return choice
	}
	l.chosen, choice.Fail = l.choose(l.hello)
	if l.chosen == nil {
		return choice
	}
	if o.ocspCallback && (!o.setOCSPInCallback || o.declineOCSP) && o.server {
		l.chosen.Staple = nil
	}
	choice.Credential = &l.chosen.Credential
	return choice
}

// serverHooks are what the reference stack calls on a ClientHello.
func (l *link) serverHooks() *protocol.Error {
	switch o := l.opts; {
	case o.failEarlyCallback:
		return errEarly
	case o.failDDoSCallback:
		return errRejected
	case o.ocspCallback && o.failOCSP && l.hello.OCSP:
		return errOCSPHook
	}
	return nil
}

// selectALPN returns the protocol that the server selects, or makes it fail.
func (l *link) selectALPN(choice *protocol.Choice) string {
	o := l.opts
	if len(l.hello.ALPN) == 0 {
		return ""
	}
	switch {
	case o.rejectALPN:
		choice.Fail = protocol.ErrNoALPN
	case o.selectEmptyALPN:
		choice.Fail = errEmptyALPN
	case o.selectALPN != nil && !o.declineALPN:
		return *o.selectALPN
	}
	return ""
}

// offered returns the session that the client wants to resume, if it is ours.
func (l *link) offered() *protocol.Session {
	ticket, isID := l.tls.OfferedTicket()
	if isID {
		return l.mem.byID[string(ticket)]
	}
	s := l.mem.open(ticket)
	// The reference stack resumes under the session's own suite only, which is
	// more than RFC 8446, 4.2.11 asks for.
	if agreed := l.tls.Info().Suite; s != nil && agreed != nil && s.Suite != agreed.ID {
		return nil
	}
	return s
}

// verify gives the verdict on the peer's certificate.
func (l *link) verify() *protocol.Error {
	o := l.opts
	l.verdict = verifyOK
	if o.verifyFail {
		l.verdict = verifyRejected
	}
	switch {
	case o.verifyFail && o.verifyPeer && o.customVerify:
		return protocol.VerifyError(protocol.AlertCertificateUnknown, "the callback says no")
	case o.verifyFail && o.verifyPeer:
		return protocol.VerifyError(protocol.AlertHandshakeFailure, "the callback says no")
	case o.ocspCallback && o.failOCSP && !o.server:
		return errOCSPCheck
	}
	return nil
}

// seal makes the ticket of a TLS 1.2 connection.
func (l *link) seal() error {
	s := l.tls.TicketToSeal()
	if l.opts.skipTicket {
		l.tls.Sealed(nil)
		return nil
	}
	s.VerifyResult = l.verdict
	s.Lifetime = ticketLifetime
	ticket, err := l.mem.seal(s)
	if err != nil {
		return err
	}
	l.tls.Sealed(ticket)
	return nil
}
