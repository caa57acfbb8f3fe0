#include "base/line.h"

#include <string.h>
#include <time.h>

#include <postern/utf8.h>

/* Kept free for what ends a line: "} and the newline. */
#define LINE_END 3
/* The longest number, with its sign. */
#define NUMBER_MAX 20

static bool
room(const struct pst_line *line, size_t n)
{
	return line->len + n + LINE_END <= sizeof line->text;
}

/* All of it, or nothing. */
static bool
put(struct pst_line *line, const char *text, size_t n)
{
	if (!room(line, n))
		return false;
	memcpy(line->text + line->len, text, n);
	line->len += n;
	return true;
}

static bool
put_word(struct pst_line *line, const char *word)
{
	return put(line, word, strlen(word));
}

/* ---- values in text ---- */

/* One line, no control characters: a terminal may take 80 to 9f for commands, too. */
static char
printable(char c)
{
	return (unsigned char)c < 0x20 || (unsigned char)c >= 0x7f ? '?' : c;
}

/* A sentence is constant, but for what a module may have made of an error. */
static void
text_sentence(struct pst_line *line, const char *sentence)
{
	for (; *sentence && room(line, 1); sentence++)
		line->text[line->len++] = printable(*sentence);
}

static void
text_value(struct pst_line *line, const char *value)
{
	const char *quote = !*value || strpbrk(value, " \"=") ? "\"" : "";

	put_word(line, quote);
	for (; *value && room(line, 2); value++) {
		if (*value == '"' || *value == '\\')
			line->text[line->len++] = '\\';
		line->text[line->len++] = printable(*value);
	}
	put_word(line, quote);
}

/* ---- values in JSON ---- */

/* The character at p as it stands in a string: itself, an escape, or U+FFFD for a byte that is none. */
static bool
json_char(struct pst_line *line, const unsigned char *p, size_t len)
{
	char escape[8];

	if (!len)
		return put_word(line, "\xef\xbf\xbd");
	if (*p == '"' || *p == '\\')
		return put(line, (char[]){ '\\', (char)*p }, 2);
	if (pst_utf8_control(p)) {
		snprintf(escape, sizeof escape, "\\u%04x", len == 2 ? p[1] : p[0]);
		return put(line, escape, 6);
	}
	return put(line, (const char *)p, len);
}

static void
json_value(struct pst_line *line, const char *value)
{
	const unsigned char *p = (const unsigned char *)value, *end = p + strlen(value);

	put(line, "\"", 1);
	while (p < end) {
		size_t len = pst_utf8_len(p, (size_t)(end - p));

		if (!json_char(line, p, len))
			break;
		p += len ? len : 1;
	}
	line->text[line->len++] = '"'; /* of what is kept free */
}

/* ---- fields ---- */

static void
put_value(struct pst_line *line, const char *value)
{
	if (line->format == PST_LOG_JSON)
		json_value(line, value);
	else
		text_value(line, value);
}

static bool
put_key(struct pst_line *line, const char *key)
{
	bool json = line->format == PST_LOG_JSON;

	/* a key whose value does not even begin says nothing, and is no JSON */
	if (!room(line, strlen(key) + sizeof ",\"\":" + NUMBER_MAX))
		return false;
	put_word(line, json ? ",\"" : " ");
	put_word(line, key);
	put_word(line, json ? "\":" : "=");
	return true;
}

/* Three in each session's line: printf() would take half of its time. */
static void
put_number(struct pst_line *line, uint64_t value)
{
	char digits[NUMBER_MAX], *p = digits + sizeof digits;

	do
		*--p = (char)('0' + value % 10);
	while (value /= 10);
	put(line, p, (size_t)(digits + sizeof digits - p));
}

void
pst_line_field(struct pst_line *line, const struct pst_field *field)
{
	if ((field->type == PST_FIELD_STR && !field->str) || !put_key(line, field->key))
		return;
	switch (field->type) {
	case PST_FIELD_STR:
		put_value(line, field->str);
		break;
	case PST_FIELD_RC:
		put_value(line, pst_strerror((int)field->i64));
		break;
	case PST_FIELD_U64:
		put_number(line, field->u64);
		break;
	default:
		put_word(line, field->i64 < 0 ? "-" : "");
		put_number(line, field->i64 < 0 ? 0 - (uint64_t)field->i64 : (uint64_t)field->i64);
	}
}

/* ---- the beginning and the end ---- */

/* The date is made anew once a second. Functions log on threads of their own: the lock is that of who writes next. */
static void
put_time(struct pst_line *line, struct pst_logbook *book)
{
	struct timespec ts;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &ts);
	flockfile(book->out);
	if (ts.tv_sec != book->second) {
		book->second = ts.tv_sec;
		strftime(book->date, sizeof book->date, "%Y-%m-%dT%H:%M:%S.", gmtime_r(&ts.tv_sec, &tm));
	}
	put_word(line, book->date);
	funlockfile(book->out);
	for (long unit = 100000000; unit >= 1000000; unit /= 10)
		put(line, &(char){ (char)('0' + ts.tv_nsec / unit % 10) }, 1);
	put(line, "Z", 1);
}

void
pst_line_begin(struct pst_line *line, struct pst_logbook *book, enum pst_log_level level,
    const char *sentence)
{
	static const char *const priority[] = { "<3>", "<4>", "<6>", "<7>" }; /* sd-daemon(3) */

	line->len = 0;
	line->format = book->format;
	if (line->format == PST_LOG_JSON) {
		put_word(line, "{\"time\":\"");
		put_time(line, book);
		put_word(line, "\",\"level\":\"");
		put_word(line, pst_log_level_names[level]);
		put_word(line, "\",\"msg\":");
		json_value(line, sentence);
		return;
	}
	if (book->journal) {
		put_word(line, priority[level]);
	} else {
		put_time(line, book);
		put_word(line, " ");
	}
	put_word(line, pst_log_level_names[level]);
	put_word(line, ": ");
	text_sentence(line, sentence);
}

void
pst_line_end(struct pst_line *line)
{
	if (line->format == PST_LOG_JSON)
		line->text[line->len++] = '}';
	line->text[line->len++] = '\n';
}
