/*
 * Text from elsewhere in a line of the log: whatever it is, the line is one
 * line, without commands for a terminal, and as JSON it is an object.
 *
 * First byte: the format and the level. Then texts with zeros between them:
 * the sentence, and the values of fields.
 * Covers: core/base/line.c core/base/utf8.c
 */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <postern/utf8.h>

#include "base/line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
check(bool right)
{
	if (!right)
		abort();
}

/* Another library's opinion on the first n bytes. */
static bool
is_utf8(const uint8_t *p, size_t n)
{
	json_t *string = json_stringn((const char *)p, n);
	bool is = string != NULL;

	json_decref(string);
	return is;
}

static void
check_characters(const uint8_t *p, size_t n)
{
	size_t whole = n, step;
	bool plain = true;

	for (size_t at = 0, len; at < n; at += len ? len : 1) {
		len = pst_utf8_len(p + at, n - at);
		check(len <= n - at && len <= 4);
		for (size_t k = 1; k <= 4 && k <= n - at; k++)
			check(k < len || !len ? !is_utf8(p + at, k) : k > len || is_utf8(p + at, k));
		check(pst_utf8_next(p + at, n - at, &step) == (len && !pst_utf8_control(p + at)));
		check(step == (len ? len : 1));
		whole = !len && at < whole ? at : whole;
		plain &= len && !pst_utf8_control(p + at);
	}
	check(pst_utf8_whole(p, n) == whole);
	check(pst_utf8_plain(p, n) == plain);
}

static void
check_line(const struct pst_line *line)
{
	const uint8_t *text = (const uint8_t *)line->text;
	json_t *object;

	check(line->len <= sizeof line->text && text[line->len - 1] == '\n');
	check(pst_utf8_plain(text, line->len - 1));
	if (line->format != PST_LOG_JSON)
		return;
	object = json_loadb(line->text, line->len, 0, NULL);
	check(json_is_object(object) && json_is_string(json_object_get(object, "msg")));
	json_decref(object);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char *const keys[] = { "peer", "reason", "a_key_that_is_longer_than_most_keys_are" };
	struct pst_logbook book = { .out = stderr }; /* whose lock it takes; nothing is written */
	struct pst_line line;
	size_t n = 0;
	char *texts;

	if (!len)
		return 0;
	check_characters(data + 1, len - 1);
	texts = malloc(len); /* with a zero at its end */
	memcpy(texts, data + 1, len - 1);
	texts[len - 1] = '\0';
	book.format = data[0] & 1 ? PST_LOG_JSON : PST_LOG_TEXT;
	book.journal = data[0] & 2;
	pst_line_begin(&line, &book, data[0] >> 2 & 3, texts);
	for (char *p = texts + strlen(texts) + 1; p < texts + len; p += strlen(p) + 1) {
		pst_line_field(&line, &(struct pst_field)PST_STR(keys[n++ % 3], p));
		pst_line_field(&line, &(struct pst_field)PST_U64("bytes", strlen(p) << (n % 60)));
		pst_line_field(&line, &(struct pst_field)PST_I64("rc", -(int64_t)n));
		pst_line_field(&line, &(struct pst_field)PST_RC(-(int)n));
	}
	pst_line_field(&line, &(struct pst_field)PST_STR("none", NULL));
	pst_line_end(&line);
	check_line(&line);
	free(texts);
	return 0;
}
