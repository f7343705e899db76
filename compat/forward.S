/* forward NAME: OpenSSL's name of a function goes on to the one in libtls.so. */
	.macro	forward name
	.globl	\name
	.type	\name, %function
\name:
#if defined(__x86_64__) && defined(__LP64__)
	jmp	libtls_\name\()@PLT
#elif defined(__aarch64__)
	b	libtls_\name
#else
#error "say how to jump on this machine, or make SSL_SUBSET=no"
#endif
	.size	\name, . - \name
	.endm

	.section .note.GNU-stack, "", %progbits
	.text
