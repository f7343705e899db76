module libtls

go 1.26.0

toolchain go1.26.8

require (
	filippo.io/bigmod v0.1.0
	golang.org/x/crypto v0.58.0
	golang.org/x/sys v0.49.0
)

godebug (
	x509negativeserial=1
	x509rsacrt=0
)
