#include "answer.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <postern/utf8.h>

static const char no_memory[] = "out of memory";

void
answer_init(struct answer *answer, uint64_t max)
{
	*answer = (struct answer){ .max = max < SIZE_MAX / 4 ? (size_t)max : SIZE_MAX / 4 };
}

void
answer_fini(struct answer *answer)
{
	for (size_t i = 0; answer->names && i < answer->columns; i++)
		free(answer->names[i]);
	free(answer->names);
	free(answer->order);
	free(answer->values);
	free(answer->text);
	*answer = (struct answer){ .max = answer->max };
}

/* ---- writing ---- */

/* Room for len more bytes, which are then part of it; NULL: there is trouble. */
static char *
room(struct answer *answer, size_t len)
{
	size_t want = answer->room ? answer->room : 256;
	char *text;

	if (answer->trouble)
		return NULL;
	if (len > answer->max - answer->len) {
		answer->trouble = "the result is larger than it may be";
		return NULL;
	}
	while (want < answer->len + len + 1)
		want *= 2;
	if (want != answer->room) {
		text = realloc(answer->text, want);
		if (!text) {
			answer->trouble = no_memory;
			return NULL;
		}
		answer->text = text;
		answer->room = want;
	}
	answer->len += len;
	return answer->text + answer->len - len;
}

static void
put(struct answer *answer, const char *bytes, size_t len)
{
	char *at = room(answer, len);

	if (at)
		memcpy(at, bytes, len);
}

static void
put_word(struct answer *answer, const char *word)
{
	put(answer, word, strlen(word));
}

/* The n bytes of a character, or one that begins none, as the originals write them. */
static void
put_character(struct answer *answer, const char *at, size_t n)
{
	static const char names[] = "\"\\\n\r\t", letters[] = "\"\\nrt";
	const char *name = n == 1 && *at ? strchr(names, *at) : NULL;
	char text[8];

	if (!n)
		put_word(answer, "\\ufffd");
	else if (name) {
		snprintf(text, sizeof text, "\\%c", letters[name - names]);
		put_word(answer, text);
	} else if (n == 1 && ((unsigned char)*at < ' ' || strchr("<>&", *at))) {
		snprintf(text, sizeof text, "\\u%04x", (unsigned char)*at);
		put_word(answer, text);
	} else
		put(answer, at, n);
}

static void
put_text(struct answer *answer, const char *bytes, size_t len)
{
	put_word(answer, "\"");
	for (size_t at = 0, n; at < len && !answer->trouble; at += n ? n : 1) {
		n = pst_utf8_len((const uint8_t *)bytes + at, len - at);
		put_character(answer, bytes + at, n);
	}
	put_word(answer, "\"");
}

static void
put_base64(struct answer *answer, const char *bytes, size_t len)
{
	size_t with_nul = sodium_base64_ENCODED_LEN(len, sodium_base64_VARIANT_ORIGINAL);
	char *at;

	put_word(answer, "\"");
	at = room(answer, with_nul);
	if (at) {
		sodium_bin2base64(at, with_nul, (const uint8_t *)bytes, len, sodium_base64_VARIANT_ORIGINAL);
		answer->len--;
	}
	put_word(answer, "\"");
}

static void
put_value(struct answer *answer, const struct value *value)
{
	switch (value->kind) {
	case VALUE_NULL:
		put_word(answer, "null");
		break;
	case VALUE_PLAIN:
		put(answer, value->bytes, value->len);
		break;
	case VALUE_TEXT:
		put_text(answer, value->bytes, value->len);
		break;
	case VALUE_BYTES:
		put_base64(answer, value->bytes, value->len);
		break;
	}
}

/* ---- rows ---- */

static int
by_name(const void *a, const void *b, void *arg)
{
	const struct answer *answer = arg;
	size_t i = *(const size_t *)a, j = *(const size_t *)b;
	int order = strcmp(answer->names[i], answer->names[j]);

	return order ? order : i < j ? -1 : 1;
}

static void
order_columns(struct answer *answer)
{
	size_t kept = 0;

	for (size_t i = 0; i < answer->columns; i++)
		answer->order[i] = i;
	qsort_r(answer->order, answer->columns, sizeof *answer->order, by_name, answer);
	for (size_t i = 0; i < answer->columns; i++) {
		bool again = kept && !strcmp(answer->names[answer->order[kept - 1]], answer->names[answer->order[i]]);

		answer->order[again ? kept - 1 : kept++] = answer->order[i];
	}
	answer->ordered = kept;
}

void
answer_columns(struct answer *answer, size_t columns, const char *(*name)(void *arg, size_t i), void *arg)
{
	answer->columns = columns;
	answer->names = calloc(columns + 1, sizeof *answer->names);
	answer->order = calloc(columns + 1, sizeof *answer->order);
	answer->values = calloc(columns + 1, sizeof *answer->values);
	if (!answer->names || !answer->order || !answer->values)
		answer->trouble = no_memory;
	for (size_t i = 0; !answer->trouble && i < columns; i++)
		if (!(answer->names[i] = strdup(name(arg, i))))
			answer->trouble = no_memory;
	if (!answer->trouble)
		order_columns(answer);
}

void
answer_row(struct answer *answer)
{
	put_word(answer, answer->rows++ ? ",{" : "[{");
	for (size_t i = 0; i < answer->ordered && !answer->trouble; i++) {
		const char *name = answer->names[answer->order[i]];

		if (i)
			put_word(answer, ",");
		put_text(answer, name, strlen(name));
		put_word(answer, ":");
		put_value(answer, &answer->values[answer->order[i]]);
	}
	put_word(answer, "}");
}

/* ---- the end ---- */

static char *
take(struct answer *answer, size_t *len)
{
	char *text = answer->trouble ? NULL : answer->text;

	*len = answer->len;
	if (text)
		answer->text = NULL;
	return text;
}

char *
answer_rows_end(struct answer *answer, size_t *len)
{
	put_word(answer, answer->rows ? "]" : "[]");
	return take(answer, len);
}

char *
answer_done(struct answer *answer, uint64_t last_id, uint64_t affected, size_t *len)
{
	char text[96];

	snprintf(text, sizeof text, "{\"lastInsertID\":%" PRIu64 ",\"rowsAffected\":%" PRIu64 "}", last_id, affected);
	put_word(answer, text);
	return take(answer, len);
}
