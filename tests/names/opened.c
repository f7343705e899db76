/*
 * opened LIBTLS [OTHERS]: opens libraries for all to see. OTHERS has a function
 * that tells how many of OpenSSL's names are not OpenSSL's; without it, those
 * of LIBTLS have to work.
 */
#include <dlfcn.h>
#include <stdio.h>

int
main(int argc, char **argv)
{
	void *lib = dlopen(argv[1], RTLD_NOW | RTLD_GLOBAL), *ctx;
	void *other = NULL;
	const void *(*method)(void);
	void *(*new_ctx)(const void *);
	int (*init)(void), (*others)(void), (*set)(void *, size_t);

	if (lib != NULL && argc > 2)
		other = dlopen(argv[2], RTLD_NOW | RTLD_GLOBAL);
	if (lib == NULL || (argc > 2 && other == NULL)) {
		fprintf(stderr, "%s\n", dlerror());
		return 1;
	}
	init = (int (*)(void))dlsym(lib, "tls_init");
	if (init == NULL || init() != 0)
		return 1;
	if (argc > 2) {
		others = (int (*)(void))dlsym(other, "others");
		return others == NULL || others() != 0;
	}
	method = (const void *(*)(void))dlsym(lib, "TLS_method");
	new_ctx = (void *(*)(const void *))dlsym(lib, "SSL_CTX_new");
	set = (int (*)(void *, size_t))dlsym(lib, "SSL_CTX_set_num_tickets");
	if (method == NULL || new_ctx == NULL || set == NULL)
		return 1;
	ctx = new_ctx(method());
	return ctx == NULL || set(ctx, 7) != 1;
}
