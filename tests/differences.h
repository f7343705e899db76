/*
 * Where LibreTLS cannot do, or is known not to do, what our library does. A test or a check that
 * names one of these is left out when it is compiled against LibreTLS; nothing else is.
 */
#ifndef DIFFERENCES_H
#define DIFFERENCES_H

#define DIFFERENCES(X) \
	X(TLS13_SESSION_FILE, "the session file is written before TLS 1.3 tickets arrive and never again") \
	X(TICKETS_OFF, "its servers send TLS 1.3 tickets even when sessions are off") \
	X(DEFERRED_TICKETS, "its servers send TLS 1.3 tickets at the end of the handshake, not with the first data") \
	X(READS_ON_AFTER_TICKET, "tls_read returns after each record without data, though more input waits") \
	X(JUNK_SESSION_FILE, "a session file with foreign content makes tls_connect fail") \
	X(TRUNCATION_AT_CLOSE, "an end without close_notify is an error of tls_read, not of tls_close") \
	X(CLOSE_IN_HANDSHAKE, "tls_close during a handshake is an error, and close_notify in one a success") \
	X(STICKY_FAILURE, "after a failed handshake a further call may do anything") \
	X(CLEAN_SUCCESS, "a successful handshake leaves an error text behind") \
	X(ALPN_MISMATCH, "a handshake goes on when no protocol is common") \
	X(TLS13_CIPHERS, "cipher suites of TLS 1.3 cannot be chosen") \
	X(HYBRID_GROUP, "X25519MLKEM768 is unknown to it") \
	X(COMMON_NAME_RULES, "common names are not checked for length, number and encoding") \
	X(COMMON_NAME_FUNCTION, "there is no tls_peer_cert_common_name") \
	X(SERVER_TICKETS, "tickets of its servers never resume") \
	X(CANCELLED_WITHIN, "a thread is cancelled inside of a call") \
	X(LEAST_RESOURCES, "it needs next to no memory, no threads and no descriptors") \
	X(FORK_WITH_THREADS, "a child forked while other threads are inside of it may hang") \
	X(FORK_IN_USE, "a connection that another thread was inside of at a fork is not told apart") \
	X(FQDN_WILDCARD, "*.tld. stands for x.tld.") \
	X(KEYREV_ZERO, "ticket key revision 0 is refused while there are fewer than four keys") \
	X(ERROR_ON_CONNECTION, "errors about a client's certificate are told on the listener") \
	X(LISTENER_FREED, "freeing a listener while its connections are in the handshake is use after free") \
	X(RESET_CONFIG, "a context cannot be used after tls_reset without a new tls_configure") \
	X(NULL_ARGUMENTS, "NULL crashes it here") \
	X(NULL_CALLBACKS_TEXT, "the error text about missing callbacks is lost on the server") \
	X(EMPTY_WRITE, "reading or writing nothing marks the stream as truncated") \
	X(READ_LIMIT_RESULT, "a read that is too long returns 0 if it completed the handshake") \
	X(SHORT_RETRY, "a retry with fewer bytes kills the connection") \
	X(PENDING_CLOSE, "tls_close cannot flush a write that is still pending") \
	X(SOCKET_OF_FREED, "tls_free leaves the socket of tls_connect open") \
	X(SECOND_CONNECT, "connecting a connected context breaks it") \
	X(TRANSPORT_TEXT, "transport errors are told in the words of OpenSSL") \
	X(VERIFY_DEPTH_TEXT, "it names the missing issuer when a chain is too long") \
	X(NO_PROTOCOL, "bits of TLS 1.0 and 1.1 count as protocols") \
	X(DEFAULT_CA_FILE, "the file named by tls_default_ca_cert_file does not exist on Debian") \
	X(OCSP_SIGNER_LOOKUP, "an OCSP response without its signer's certificate is believed only if the peer sent that") \
	X(OCSP_SIGNER_AUTHORITY, "whatever certificate the peer sent may sign OCSP responses, its own too") \
	X(OCSP_ISSUER_TEXT, "an OCSP response about a certificate of another issuer is one whose signer is not authorised") \
	X(OCSP_URL_WITHOUT_STAPLE, "a handshake that fails for want of a staple does not tell the OCSP URL") \
	X(OCSP_STATE_LOST, "an OCSP response after one that cannot be parsed crashes it") \
	X(OCSP_NO_STATE, "an OCSP response crashes it on a server, or if the peer's certificate names no responder") \
	X(MUST_STAPLE, "it does not know certificates that ask for a staple") \
	X(ONE_RECORD_WRITES, "tls_write takes one record at most")

enum difference {
#define X(name, reason) name,
	DIFFERENCES(X)
#undef X
	DIFFERENCES_END
};

#endif
