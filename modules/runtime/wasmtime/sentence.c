#define _GNU_SOURCE 1 /* memmem() memrchr() */
#include <ctype.h>
#include <string.h>

#include "engine.h"

/* wasmtime's texts say what it was about, where, and behind this the causes, one a line: the last of them
 * is what a person wants. */
#define CAUSE "Caused by:"

/* The beginning of the last cause: the last line with a number and a colon, else what is behind the heading. A
 * cause may have several lines; NULL: none is named. */
static const char *
cause_last(const char *at, const char *end)
{
	const char *heading = memmem(at, (size_t)(end - at), CAUSE, sizeof CAUSE - 1), *last, *line;

	if (!heading)
		return NULL;
	last = heading + sizeof CAUSE - 1;
	for (line = last; line && line < end; line = memchr(line, '\n', (size_t)(end - line))) {
		while (line < end && isspace((unsigned char)*line))
			line++;
		if (end - line > 2 && isdigit((unsigned char)line[0]) && line[1] == ':')
			last = line;
	}
	return last;
}

/* In one line: what it says may have lists in it, an item a line. */
static void
join(char out[static PST_ERR_TEXT], const char *at, const char *end)
{
	size_t n = 0;

	while (at < end && n + 1 < PST_ERR_TEXT) {
		bool space = isspace((unsigned char)*at);

		out[n++] = space ? ' ' : *at;
		while (++at < end && space && isspace((unsigned char)*at))
			;
	}
	out[n] = '\0';
}

static int
say(struct pst_err *err, int rc, wasm_byte_vec_t *text)
{
	const char *at = text->data, *end = at + text->size, *line;
	char sentence[PST_ERR_TEXT];

	while (end > at && (!end[-1] || isspace((unsigned char)end[-1])))
		end--;
	line = cause_last(at, end);
	if (!line) { /* what follows is where it was */
		line = memchr(at, '\n', (size_t)(end - at));
		end = line ? line : end;
	} else {
		at = line;
		while (at < end && isspace((unsigned char)*at))
			at++;
		if (end - at > 3 && isdigit((unsigned char)*at) && at[1] == ':') /* one of several */
			at += 3;
	}
	join(sentence, at, end);
	pst_fail(err, rc, "%s", sentence);
	wasm_byte_vec_delete(text);
	return rc;
}

int
sentence_of_error(struct pst_err *err, int rc, wasmtime_error_t *error)
{
	wasm_byte_vec_t text;

	wasmtime_error_message(error, &text);
	wasmtime_error_delete(error);
	return say(err, rc, &text);
}

int
sentence_of_trap(struct pst_err *err, int rc, wasm_trap_t *trap)
{
	wasm_byte_vec_t text;

	wasm_trap_message(trap, &text);
	wasm_trap_delete(trap);
	return say(err, rc, &text);
}
