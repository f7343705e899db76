package protocol

import "libtls/internal/wire"

// state is where a connection stands: what it awaits, from the peer or from
// the caller. The lists below, read in order, are the handshakes.
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

	established // post.go
)

// waitsFor tells what a connection in that state needs to go on.
func (s state) waitsFor() Wait {
	switch s {
	case clientAwaitsVerdict, serverAwaitsVerdict:
		return WaitVerify
	case clientAwaitsCredential, serverAwaitsChoice:
		return WaitSelect
	case clientAwaitsSignature, serverAwaitsSignature:
		return WaitSign
	case serverAwaitsTicket:
		return WaitTicket
	}
	return WaitInput
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

	case key{established, wire.TypeNewSessionTicket}:
		return (*Conn).newSessionTicket
	case key{established, wire.TypeKeyUpdate}:
		return (*Conn).keyUpdate
	}
	return nil
}
