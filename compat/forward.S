/* forward NAME: OpenSSL's name of a function goes on to the one in libtls.so. */
	.macro	forward name
	.globl	\name
	.type	\name, %function
\name:
#if defined(__x86_64__) && defined(__LP64__)
	jmp	libtls_\name\()@PLT
#elif defined(__aarch64__) || defined(__arm__)
	b	libtls_\name
#elif defined(__i386__)
	call	0f
0:	popl	%ecx
	addl	$_GLOBAL_OFFSET_TABLE_ + (. - 0b), %ecx
	jmp	*libtls_\name\()@GOT(%ecx)
#elif defined(__riscv)
	tail	libtls_\name\()@plt
#elif defined(__s390x__)
	jg	libtls_\name\()@PLT
#elif defined(__powerpc64__) && _CALL_ELF == 2
	addis	%r2, %r12, .TOC. - \name@ha
	addi	%r2, %r2, .TOC. - \name@l
	addis	%r12, %r2, libtls_\name@got@ha
	ld	%r12, libtls_\name@got@l(%r12)
	mtctr	%r12
	bctr
#else
#error "say how to jump on this machine, or make SSL_SUBSET=no"
#endif
	.size	\name, . - \name
	.endm

	.section .note.GNU-stack, "", %progbits
	.text
