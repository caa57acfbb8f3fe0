#include <postern/log.h>

#include <string.h>
#include <time.h>
#include <uv.h>

#include "base/logger.h"

/* Ten lines in a burst, two a second in the long run. */
#define RATE_BURST_MILLI 10000
#define RATE_PER_MS_MILLI 2

#define LINE_MAX_BYTES 2048

static const char *const level_names[] = { "error", "warn", "info", "debug" };

int
pst_log_level_parse(const char *name)
{
	for (int i = 0; i < 4; i++)
		if (!strcmp(name, level_names[i]))
			return i;
	return -1;
}

bool
pst_log_enabled(const struct pst_log *log, enum pst_log_level level)
{
	return log && log->logger && level <= log->logger->level;
}

bool
pst_rate_pass(struct pst_rate *rate, uint32_t *suppressed)
{
	uint64_t now = uv_hrtime() / 1000000;
	uint64_t gained = (now - rate->last_ms) * RATE_PER_MS_MILLI;

	if (!rate->last_ms || gained + rate->tokens_milli > RATE_BURST_MILLI)
		rate->tokens_milli = RATE_BURST_MILLI;
	else
		rate->tokens_milli += (uint32_t)gained;
	rate->last_ms = now;
	if (rate->tokens_milli < 1000) {
		rate->suppressed++;
		return false;
	}
	rate->tokens_milli -= 1000;
	*suppressed = rate->suppressed;
	rate->suppressed = 0;
	return true;
}

struct line {
	char text[LINE_MAX_BYTES];
	size_t len;
};

static void
line_put(struct line *line, const char *text, size_t n)
{
	if (n > sizeof line->text - 1 - line->len)
		n = sizeof line->text - 1 - line->len;
	memcpy(line->text + line->len, text, n);
	line->len += n;
}

/* A value that a peer may have chosen: one line, no control characters. */
static void
line_put_value(struct line *line, const char *value)
{
	bool quote = !*value || strpbrk(value, " \"=") != NULL;

	if (quote)
		line_put(line, "\"", 1);
	for (; *value; value++) {
		unsigned char c = (unsigned char)*value;

		if (c < 0x20 || c >= 0x7f) /* a terminal takes 80 to 9f for commands, too */
			line_put(line, "?", 1);
		else if (c == '"' || c == '\\')
			line_put(line, (char[]){ '\\', (char)c }, 2);
		else
			line_put(line, value, 1);
	}
	if (quote)
		line_put(line, "\"", 1);
}

static void
line_put_field(struct line *line, const struct pst_field *field)
{
	char number[32];

	if (field->type == PST_FIELD_STR && !field->str)
		return;
	line_put(line, " ", 1);
	line_put(line, field->key, strlen(field->key));
	line_put(line, "=", 1);
	if (field->type == PST_FIELD_STR) {
		line_put_value(line, field->str);
	} else if (field->type == PST_FIELD_RC) {
		line_put_value(line, pst_strerror((int)field->i64));
	} else {
		int n = field->type == PST_FIELD_U64
		    ? snprintf(number, sizeof number, "%llu", (unsigned long long)field->u64)
		    : snprintf(number, sizeof number, "%lld", (long long)field->i64);

		line_put(line, number, (size_t)n);
	}
}

static void
line_put_fields(struct line *line, const struct pst_field *fields)
{
	for (; fields && fields->key; fields++)
		line_put_field(line, fields);
}

static void
line_put_time(struct line *line)
{
	struct timespec ts;
	struct tm tm;
	char text[48];

	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	int n = snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ ", tm.tm_year + 1900,
	    tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, ts.tv_nsec / 1000000);
	line_put(line, text, (size_t)n);
}

void
pst_log_write(const struct pst_log *log, enum pst_log_level level, const char *sentence,
    const struct pst_field *fields)
{
	struct line line = { .len = 0 };

	if (!pst_log_enabled(log, level))
		return;
	line_put_time(&line);
	line_put(&line, level_names[level], strlen(level_names[level]));
	line_put(&line, ": ", 2);
	line_put(&line, sentence, strlen(sentence));
	line_put_fields(&line, fields);
	for (const struct pst_log *l = log; l; l = l->parent)
		line_put_fields(&line, l->fields);
	line.text[line.len++] = '\n';
	fwrite(line.text, 1, line.len, log->logger->out);
	fflush(log->logger->out);
}
