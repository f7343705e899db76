/*
 * Where LibreTLS cannot do, or is known not to do, what our library does, and on which protocols. A
 * test or a check that names one of these is left out when it is compiled against LibreTLS; nothing
 * else is.
 */
#ifndef DIFFERENCES_H
#define DIFFERENCES_H

#define DIFFERENCES(X) \
	X(TLS13_SESSION_FILE, TLS13, "the session file is written before TLS 1.3 tickets arrive and never again") \
	X(TICKETS_OFF, TLS13, "its servers send TLS 1.3 tickets even when sessions are off") \
	X(DEFERRED_TICKETS, TLS13, "its servers send TLS 1.3 tickets at the end of the handshake, not with the first data") \
	X(READS_ON_AFTER_TICKET, BOTH, "tls_read returns after each record without data, though more input waits") \
	X(SHARED_SESSION_FILE, BOTH, "a session file is not locked while it is read or changed") \
	X(JUNK_SESSION_FILE, BOTH, "a session file with foreign content makes tls_connect fail") \
	X(READ_ONLY_SESSION_FILE, BOTH, "a session file that is not open for writing fails the handshake") \
	X(CONNECTION_BEHIND_SESSION_FILE, BOTH, "after a session file could not be written nothing is told about the connection") \
	X(SESSION_DESCRIPTOR_REUSED, BOTH, "a session is written to whatever file its descriptor is of by then") \
	X(TRUNCATION_AT_CLOSE, BOTH, "an end without close_notify is an error of tls_read, not of tls_close") \
	X(CLOSE_IN_HANDSHAKE, BOTH, "tls_close during a handshake is an error, and close_notify in one a success") \
	X(STICKY_FAILURE, BOTH, "after a failed handshake a further call may do anything") \
	X(CLEAN_SUCCESS, BOTH, "a successful handshake leaves an error text behind") \
	X(ALPN_MISMATCH, BOTH, "a handshake goes on when no protocol is common") \
	X(TLS13_CIPHERS, TLS13, "cipher suites of TLS 1.3 cannot be chosen") \
	X(TLS13_NAMES, TLS12, "names of TLS 1.3's suites and groups are unknown to it") \
	X(CIPHER_KEYWORDS, BOTH, "all words for cipher suites mean the same") \
	X(HYBRID_GROUP, BOTH, "X25519MLKEM768 is unknown to it") \
	X(COMMON_NAME_RULES, BOTH, "common names are not checked for length, number and encoding") \
	X(COMMON_NAME_FUNCTION, BOTH, "there is no tls_peer_cert_common_name") \
	X(SERVER_TICKETS, BOTH, "tickets of its servers never resume") \
	X(CANCELLED_WITHIN, BOTH, "a thread is cancelled inside of a call") \
	X(LEAST_RESOURCES, BOTH, "it needs next to no memory, no threads and no descriptors") \
	X(SHARED_BUNDLES, BOTH, "each configuration and each client has the trusted certificates for itself") \
	X(SECRETS_LEFT, BOTH, "it leaves numbers of private keys and secrets of sessions in memory") \
	X(FORK_WITH_THREADS, BOTH, "a child forked while other threads are inside of it may hang") \
	X(FORK_IN_USE, BOTH, "a connection that another thread was inside of at a fork is not told apart") \
	X(FQDN_WILDCARD, BOTH, "*.tld. stands for x.tld.") \
	X(KEYREV_ZERO, BOTH, "ticket key revision 0 is refused while there are fewer than four keys") \
	X(ERROR_ON_CONNECTION, BOTH, "errors about a client's certificate are told on the listener") \
	X(LISTENER_FREED, BOTH, "freeing a listener while its connections are in the handshake is use after free") \
	X(RESET_CONFIG, BOTH, "a context cannot be used after tls_reset without a new tls_configure") \
	X(NULL_ARGUMENTS, BOTH, "NULL crashes it here") \
	X(LENGTHS, BOTH, "memory of any length is copied") \
	X(CALLS_WITHIN_CALLBACKS, BOTH, "a call from within a callback of the same connection breaks it") \
	X(LISTENER_ERRORS, BOTH, "the error text of a listener is freed when there is another") \
	X(FIFO_FILES, BOTH, "a FIFO makes it wait for a writer, and counts as empty") \
	X(ERRORS_NAME_FILES, BOTH, "errors about a certificate do not name its file") \
	X(NULL_CALLBACKS_TEXT, BOTH, "the error text about missing callbacks is lost on the server") \
	X(EMPTY_WRITE, BOTH, "reading or writing nothing marks the stream as truncated") \
	X(READ_LIMIT_RESULT, BOTH, "a read that is too long returns 0 if it completed the handshake") \
	X(SHORT_RETRY, BOTH, "a retry with fewer bytes kills the connection") \
	X(CLOSE_AFTER_FAILURE, BOTH, "a connection whose reading failed cannot be closed") \
	X(PENDING_CLOSE, BOTH, "tls_close cannot flush a write that is still pending") \
	X(SOCKET_OF_FREED, BOTH, "tls_free leaves the socket of tls_connect open") \
	X(SECOND_CONNECT, BOTH, "connecting a connected context breaks it") \
	X(TRANSPORT_TEXT, BOTH, "transport errors are told in the words of OpenSSL") \
	X(RECORD_MAC_TEXT, TLS12, "a record that was changed is told of as a cipher's failure") \
	X(VERIFY_DEPTH_TEXT, BOTH, "it names the missing issuer when a chain is too long") \
	X(NO_PROTOCOL, BOTH, "bits of TLS 1.0 and 1.1 count as protocols, or are those of TLS 1.2") \
	X(DEFAULT_CA_FILE, BOTH, "the file named by tls_default_ca_cert_file does not exist on Debian") \
	X(OCSP_SIGNER_LOOKUP, BOTH, "an OCSP response without its signer's certificate is believed only if the peer sent that") \
	X(OCSP_SIGNER_AUTHORITY, BOTH, "whatever certificate the peer sent may sign OCSP responses, its own too") \
	X(OCSP_ISSUER_TEXT, BOTH, "an OCSP response about a certificate of another issuer is one whose signer is not authorised") \
	X(OCSP_URL_WITHOUT_STAPLE, BOTH, "a handshake that fails for want of a staple does not tell the OCSP URL") \
	X(OCSP_STATE_LOST, BOTH, "an OCSP response after one that cannot be parsed crashes it") \
	X(OCSP_NO_STATE, BOTH, "an OCSP response crashes it on a server, or if the peer's certificate names no responder") \
	X(MUST_STAPLE, BOTH, "it does not know certificates that ask for a staple") \
	X(MALFORMED_CERTIFICATES, BOTH, "certificates that break a rule of X.509's are believed") \
	X(DAMAGED_BLOCKS, BOTH, "damaged blocks of PEM are passed over, or have no number") \
	X(DAMAGED_ROOTS, BOTH, "a damaged block in a file of trusted certificates ends it") \
	X(DANGLING_LINKS, BOTH, "what is no file in a hashed directory ends the search") \
	X(SYSTEM_STORE, BOTH, "trusted certificates are not where SSL_CERT_FILE says, and a signal while they are read changes the verdict") \
	X(UNUSABLE_CERTIFICATES, BOTH, "a certificate that cannot be used is found out by each handshake") \
	X(SEC1_AS_PKCS8, BOTH, "EC keys in SEC1's form under the label of PKCS#8 are not read") \
	X(DECRYPTION_ERRORS, BOTH, "why a key was not decrypted is not told") \
	X(ONE_RECORD_WRITES, BOTH, "tls_write takes one record at most")

enum difference {
#define X(name, protocols, reason) name,
	DIFFERENCES(X)
#undef X
	DIFFERENCES_END
};

#endif
