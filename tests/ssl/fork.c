/* What a child may do with what it inherits: nothing but free it. */
#include <sys/wait.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#define MUST(e) do { if (!(e)) { printf("failed: %s\n", #e); exit(1); } } while (0)

int
main(void)
{
	SSL_CTX *old, *ctx;
	SSL *inherited, *ssl;
	pid_t pid;
	int status;

	setvbuf(stdout, NULL, _IONBF, 0);
	MUST((old = SSL_CTX_new(TLS_method())) != NULL);
	MUST((inherited = SSL_new(old)) != NULL);
	MUST((pid = fork()) != -1);
	if (pid == 0) {
		/* One of the child's own must not be taken for an old one. */
		MUST((ctx = SSL_CTX_new(TLS_method())) != NULL);
		MUST((ssl = SSL_new(ctx)) != NULL);
		MUST(SSL_set_num_tickets(inherited, 9) == 0);
		MUST(SSL_new(old) == NULL && ERR_peek_error() != 0);
		MUST(SSL_set_num_tickets(ssl, 5) == 1);
		MUST(SSL_get_num_tickets(ssl) == 5);
		SSL_free(inherited);
		SSL_CTX_free(old);
		MUST(SSL_get_num_tickets(ssl) == 5);
		SSL_free(ssl);
		SSL_CTX_free(ctx);
		exit(0);
	}
	MUST(waitpid(pid, &status, 0) == pid && status == 0);
	MUST(SSL_set_num_tickets(inherited, 4) == 1);
	MUST(SSL_get_num_tickets(inherited) == 4);
	SSL_free(inherited);
	SSL_CTX_free(old);
	return 0;
}
