/*
 * Functions of the C front that take bytes apart, one file each, for clang's
 * libFuzzer. A file includes the one of capi that it is about, so that it has
 * the static ones too; of what that refers to, nothing but what it calls is
 * there.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(x)							\
	do {								\
		if (!(x)) {						\
			fprintf(stderr, "%s:%d: %s\n", __FILE__,	\
			    __LINE__, #x);				\
			abort();					\
		}							\
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#endif
