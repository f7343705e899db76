package protocol

import "libtls/internal/wire"

// state is the place of a connection in its handshake, which decides what it
// expects next from the peer or from the caller. The lists below, read in order,
// are the handshakes.
type state uint8

const (
	clientStart state = iota

	// A TLS 1.3 client (client13.go).
	clientExpectsServerHello         // or a HelloRetryRequest
	clientExpectsSecondServerHello   // after a HelloRetryRequest
	clientExpectsEncryptedExtensions //
	clientExpectsCertificateRequest  // or Certificate
	clientExpectsCertificate         //
	clientExpectsCertificateVerify   //
	clientAwaitsVerdict              // on the server's certificate
	clientExpectsFinished            //
	clientAwaitsCredential           // if the server asked for a certificate
	clientAwaitsSignature            //

	// A TLS 1.2 client (client12.go); it begins like one of TLS 1.3.
	client12ExpectsCertificate       //
	client12ExpectsCertificateStatus // or ServerKeyExchange
	client12ExpectsServerKeyExchange //
	client12ExpectsServerHelloDone   // or CertificateRequest
	client12AwaitsVerdict            // on the server's certificate
	client12AwaitsCredential         // if the server asked for a certificate
	client12AwaitsSignature          //
	client12ExpectsTicket            // if the server promised one
	client12ExpectsChangeCipherSpec  //
	client12ExpectsFinished          //

	// A TLS 1.3 server (server13.go).
	serverExpectsClientHello
	serverAwaitsChoice             // of credential and ALPN
	serverExpectsSecondClientHello // if it sent a HelloRetryRequest
	serverAwaitsTicket             // once for each ticket offered, until one is good
	serverAwaitsSignature          //
	serverExpectsCertificate       // if it asked for one
	serverExpectsCertificateVerify // if the client has one
	serverAwaitsVerdict            // on the client's certificate
	serverExpectsFinished          //

	// A TLS 1.2 server (server12.go); it begins like one of TLS 1.3.
	server12AwaitsTicket             // whether ticket or session id can be resumed
	server12AwaitsSignature          // of ServerKeyExchange
	server12ExpectsCertificate       // if it asked for one
	server12ExpectsClientKeyExchange //
	server12ExpectsCertificateVerify // if the client has a certificate
	server12AwaitsVerdict            // on the client's certificate
	server12ExpectsChangeCipherSpec  //
	server12ExpectsFinished          //
	server12AwaitsSeal               // of the ticket for the client

	open // the handshake is complete (post.go)

	// Post-handshake authentication (post_auth.go); data flows on.
	openAwaitsCredential         // client: for the server's request
	openAwaitsSignature          //
	openExpectsCertificateVerify // server: the client's Certificate came
	openAwaitsVerdict            //
	openExpectsFinished          //
	lastState                    = openExpectsFinished
)

// waitsFor tells what a connection in that state needs to go on.
func (s state) waitsFor() Wait {
	switch s {
	case clientAwaitsVerdict, serverAwaitsVerdict, client12AwaitsVerdict, server12AwaitsVerdict, openAwaitsVerdict:
		return WaitVerify
	case clientAwaitsCredential, serverAwaitsChoice, client12AwaitsCredential, openAwaitsCredential:
		return WaitSelect
	case clientAwaitsSignature, serverAwaitsSignature, client12AwaitsSignature, server12AwaitsSignature, openAwaitsSignature:
		return WaitSign
	case serverAwaitsTicket, server12AwaitsTicket:
		return WaitTicket
	case server12AwaitsSeal:
		return WaitSeal
	}
	return WaitInput
}

// expectsCCS tells whether no handshake message may come, but TLS 1.2's
// ChangeCipherSpec.
func (s state) expectsCCS() bool {
	return s == client12ExpectsChangeCipherSpec || s == server12ExpectsChangeCipherSpec
}

// handler returns what handles a message of that type, nil if the state takes none.
func (s state) handler(t wire.Type) func(*Conn, message) *Error {
	type key struct {
		state state
		typ   wire.Type
	}
	switch (key{s, t}) {
	case key{clientExpectsServerHello, wire.TypeServerHello}:
		return (*Conn).serverHello
	case key{clientExpectsSecondServerHello, wire.TypeServerHello}:
		return (*Conn).serverHello
	case key{clientExpectsEncryptedExtensions, wire.TypeEncryptedExtensions}:
		return (*Conn).encryptedExtensions
	case key{clientExpectsCertificateRequest, wire.TypeCertificateRequest}:
		return (*Conn).certificateRequest
	case key{clientExpectsCertificateRequest, wire.TypeCertificate}:
		return (*Conn).serverCertificate
	case key{clientExpectsCertificate, wire.TypeCertificate}:
		return (*Conn).serverCertificate
	case key{clientExpectsCertificateVerify, wire.TypeCertificateVerify}:
		return (*Conn).serverCertificateVerify
	case key{clientExpectsFinished, wire.TypeFinished}:
		return (*Conn).serverFinished

	case key{client12ExpectsCertificate, wire.TypeCertificate}:
		return (*Conn).serverCertificate12
	case key{client12ExpectsCertificateStatus, wire.TypeCertificateStatus}:
		return (*Conn).certificateStatus
	case key{client12ExpectsCertificateStatus, wire.TypeServerKeyExchange}:
		return (*Conn).serverKeyExchange
	case key{client12ExpectsServerKeyExchange, wire.TypeServerKeyExchange}:
		return (*Conn).serverKeyExchange
	case key{client12ExpectsServerHelloDone, wire.TypeCertificateRequest}:
		return (*Conn).certificateRequest12
	case key{client12ExpectsServerHelloDone, wire.TypeServerHelloDone}:
		return (*Conn).serverHelloDone
	case key{client12ExpectsTicket, wire.TypeNewSessionTicket}:
		return (*Conn).newSessionTicket12
	case key{client12ExpectsFinished, wire.TypeFinished}:
		return (*Conn).serverFinished12

	case key{serverExpectsClientHello, wire.TypeClientHello}:
		return (*Conn).clientHello
	case key{serverExpectsSecondClientHello, wire.TypeClientHello}:
		return (*Conn).secondClientHello
	case key{serverExpectsCertificate, wire.TypeCertificate}:
		return (*Conn).clientCertificate
	case key{serverExpectsCertificateVerify, wire.TypeCertificateVerify}:
		return (*Conn).clientCertificateVerify
	case key{serverExpectsFinished, wire.TypeFinished}:
		return (*Conn).clientFinished

	case key{server12ExpectsCertificate, wire.TypeCertificate}:
		return (*Conn).clientCertificate12
	case key{server12ExpectsClientKeyExchange, wire.TypeClientKeyExchange}:
		return (*Conn).clientKeyExchange
	case key{server12ExpectsCertificateVerify, wire.TypeCertificateVerify}:
		return (*Conn).clientCertificateVerify12
	case key{server12ExpectsFinished, wire.TypeFinished}:
		return (*Conn).clientFinished12

	case key{open, wire.TypeNewSessionTicket}:
		return (*Conn).newSessionTicket
	case key{open, wire.TypeKeyUpdate}:
		return (*Conn).keyUpdate
	case key{open, wire.TypeCertificateRequest}:
		return (*Conn).authRequest
	case key{open, wire.TypeCertificate}:
		return (*Conn).authCertificate
	case key{openExpectsCertificateVerify, wire.TypeCertificateVerify}:
		return (*Conn).authCertificateVerify
	case key{openExpectsFinished, wire.TypeFinished}:
		return (*Conn).authFinished
	case key{open, wire.TypeClientHello}:
		return (*Conn).refuseRenegotiation
	}
	return nil
}
