/* Error slots. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "front.h"

/* A text that is kept, and how many there may be: programs make few mistakes. */
struct kept {
	struct kept	*next;
	char		*text;
};
enum { KEPT = 64 };

/* The text among those that are kept, of which it becomes one if need be. */
static char *
keep(struct error *err, char *text)
{
	static char many[] = "too many different errors";
	struct kept *k;

	for (k = atomic_load(&err->kept); k != NULL; k = k->next) {
		if (strcmp(k->text, text) == 0) {
			free(text);
			return k->text;
		}
	}
	if (atomic_fetch_add(&err->n_kept, 1) >= KEPT ||
	    (k = malloc(sizeof(*k))) == NULL) {
		atomic_fetch_sub(&err->n_kept, 1);
		free(text);
		return many;
	}
	k->text = text;
	k->next = atomic_load(&err->kept);
	while (!atomic_compare_exchange_weak(&err->kept, &k->next, k))
		continue;
	return text;
}

static void
put(struct error *err, int code, char *text)
{
	atomic_store(&err->code, code);
	if (err->shared)
		atomic_store(&err->text, text == NULL ? NULL : keep(err, text));
	else
		free(atomic_exchange(&err->text, text));
}

void
error_clear(struct error *err)
{
	put(err, TLS_ERROR_UNKNOWN, NULL);
}

/* The same with an object that nobody uses any more. */
void
error_drop(struct error *err)
{
	struct kept *k;

	error_clear(err);
	while ((k = atomic_load(&err->kept)) != NULL) {
		atomic_store(&err->kept, k->next);
		free(k->text);
		free(k);
	}
	atomic_store(&err->n_kept, 0);
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
