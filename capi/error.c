/* Error slots. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "front.h"

/* A text that stays valid, and how many there may be: programs make few mistakes. */
struct old_text {
	struct old_text	*next;
	char		*text;
};
enum { OLD_TEXTS = 64 };

/* Returns the old text that is equal, or makes this one an old text. */
static char *
old_text(struct error *err, char *text)
{
	static char many[] = "too many different errors";
	struct old_text *k;

	for (k = atomic_load(&err->old_texts); k != NULL; k = k->next) {
		if (strcmp(k->text, text) == 0) {
			free(text);
			return k->text;
		}
	}
	if (atomic_fetch_add(&err->n_old_texts, 1) >= OLD_TEXTS ||
	    (k = malloc(sizeof(*k))) == NULL) {
		atomic_fetch_sub(&err->n_old_texts, 1);
		free(text);
		return many;
	}
	k->text = text;
	k->next = atomic_load(&err->old_texts);
	while (!atomic_compare_exchange_weak(&err->old_texts, &k->next, k))
		continue;
	return text;
}

static void
put(struct error *err, int code, char *text)
{
	atomic_store(&err->code, code);
	if (err->shared)
		atomic_store(&err->text, text == NULL ? NULL : old_text(err, text));
	else
		free(atomic_exchange(&err->text, text));
}

void
error_clear(struct error *err)
{
	put(err, TLS_ERROR_UNKNOWN, NULL);
}

/* Frees the old texts too, when nobody uses the object any more. */
void
error_drop(struct error *err)
{
	struct old_text *k;

	error_clear(err);
	while ((k = atomic_load(&err->old_texts)) != NULL) {
		atomic_store(&err->old_texts, k->next);
		free(k->text);
		free(k);
	}
	atomic_store(&err->n_old_texts, 0);
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

/* The text is followed by the name of the file that it is about. */
int
error_in_file(struct error *err, const char *path)
{
	char *text = atomic_load(&err->text);

	return text == NULL ? -1 : error_set(err, atomic_load(&err->code),
	    "%s (file '%s')", text, path);
}
