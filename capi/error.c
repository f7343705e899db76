/* Error slots. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "front.h"

static void
put(struct error *err, int code, char *text)
{
	atomic_store(&err->code, code);
	free(atomic_exchange(&err->text, text));
}

void
error_clear(struct error *err)
{
	put(err, TLS_ERROR_UNKNOWN, NULL);
}

/* Moves what Go told into the slot, if it told anything. */
void
error_take(struct error *err, struct failure *fail)
{
	if (fail->text == NULL)
		return;
	if (fail->num == 0) {
		put(err, fail->code, fail->text);
	} else {
		error_errno(err, fail->num, "%s", fail->text);
		free(fail->text);
	}
	fail->text = NULL;
}

static char *
format(const char *fmt, va_list ap)
{
	char *text;

	return vasprintf(&text, fmt, ap) == -1 ? NULL : text;
}

int
error_set(struct error *err, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put(err, code, format(fmt, ap));
	va_end(ap);
	return -1;
}

/* The text is followed by that of an errno. */
int
error_errno(struct error *err, int num, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = format(fmt, ap);
	va_end(ap);
	if (text != NULL)
		error_set(err, TLS_ERROR_UNKNOWN, "%s: %s", text,
		    strerror(num));
	free(text);
	return -1;
}
