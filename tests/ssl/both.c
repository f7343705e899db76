/*
 * A program that uses our SSL_* functions, and a library (other.c) that uses
 * libssl: each has to reach its own. With an argument it has neither at link
 * time and opens both files with dlopen.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include <openssl/ssl.h>

#ifdef OPENED

typedef const char *version_function(int);
typedef SSL_CTX *new_function(const SSL_METHOD *);
typedef const SSL_METHOD *method_function(void);
typedef int set_function(SSL_CTX *, size_t);
typedef size_t get_function(const SSL_CTX *);

/* Uses a library through dlsym alone. */
static int
use(void *lib)
{
	new_function *new_ctx = (new_function *)dlsym(lib, "SSL_CTX_new");
	method_function *method = (method_function *)dlsym(lib, "TLS_method");
	set_function *set = (set_function *)dlsym(lib, "SSL_CTX_set_num_tickets");
	get_function *get = (get_function *)dlsym(lib, "SSL_CTX_get_num_tickets");
	Dl_info info;
	SSL_CTX *ctx;

	if (new_ctx == NULL || method == NULL || set == NULL || get == NULL ||
	    dladdr((void *)new_ctx, &info) == 0)
		return 0;
	ctx = new_ctx(method());
	if (ctx == NULL || set(ctx, 7) != 1 || get(ctx) != 7)
		return 0;
	printf("%s\n", strrchr(info.dli_fname, '/') + 1);
	return 1;
}

int
main(int argc, char **argv)
{
	void *a, *b;

	if (argc != 3)
		return 2;
	a = dlopen(argv[1], RTLD_NOW | RTLD_GLOBAL);
	b = dlopen(argv[2], RTLD_NOW | RTLD_GLOBAL);
	if (a == NULL || b == NULL) {
		fprintf(stderr, "%s\n", dlerror());
		return 1;
	}
	return !(use(a) && use(b));
}

#else

const char *other_version(void);
size_t other_tickets(void);

int
main(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_method());

	if (ctx == NULL || SSL_CTX_set_num_tickets(ctx, 5) != 1 ||
	    other_tickets() != 3 || SSL_CTX_get_num_tickets(ctx) != 5)
		return 1;
	printf("%s\n%s\n", OpenSSL_version(0), other_version());
	SSL_CTX_free(ctx);
	return strcmp(OpenSSL_version(0), OPENSSL_VERSION_TEXT) != 0 ||
	    strncmp(other_version(), "OpenSSL ", 8) != 0;
}

#endif
