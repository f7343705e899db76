/* tls_set_session_name(3) */
#include <stdlib.h>
#include <string.h>

#include "front.h"

/* The longest name, in bytes; there is room for it in a session file. */
enum { LONGEST = 255 };

int
tls_set_session_name(struct tls *ctx, const char *name)
{
	char *copy = NULL;

	if (!context_is_client(ctx))
		return -1;
	if (name != NULL) {
		if (name[0] == '\0')
			return error_set(&ctx->err, TLS_ERROR_INVALID_ARGUMENT,
			    "session name is empty");
		if (strlen(name) > LONGEST)
			return error_set(&ctx->err, TLS_ERROR_INVALID_ARGUMENT,
			    "session name too long");
		if ((copy = strdup(name)) == NULL)
			return error_set(&ctx->err, TLS_ERROR_OUT_OF_MEMORY,
			    "out of memory");
	}
	context_name_session(ctx, copy);
	return 0;
}
