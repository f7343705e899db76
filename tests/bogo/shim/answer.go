package main

import (
	"bytes"

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
		s, renew := l.offered()
		l.tls.Ticket(s, renew || l.opts.renewTicket)
	case protocol.WaitSign:
		req := l.tls.SignRequest()
		if req.Credential != l.credential {
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
	l.chosen, choice.Fail = l.choose()
	if l.chosen == nil {
		return choice
	}
	staple := l.chosen.staple
	if o.ocspCallback && (!o.setOCSPInCallback || o.declineOCSP) && o.server {
		staple = nil
	}
	l.credential = l.chosen.Engine(staple)
	choice.Credential = l.credential
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

// offered returns the session that the client wants to resume, if it is ours,
// and whether to replace its ticket.
func (l *link) offered() (s *protocol.Session, renew bool) {
	ticket, isID := l.tls.OfferedTicket()
	if isID {
		l.sessionID = bytes.Clone(ticket)
		ticket = l.mem.keys.TicketByID(ticket)
	}
	return l.mem.open(ticket, l.tls.Time())
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
	ticket, err := l.mem.seal(s, l.tls.Time())
	if err != nil {
		return err
	}
	l.tls.Sealed(ticket)
	return nil
}
