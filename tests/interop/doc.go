// Package interop tests the library against other implementations of TLS: OpenSSL's and GnuTLS's
// command-line tools, Go's crypto/tls and LibreTLS. The program in peer.c stands for the library;
// tests/run.sh compiles it and starts the tests.
package interop
