#include <postern/log.h>

#include <string.h>
#include <uv.h>

#include "base/line.h"
#include "base/logger.h"

/* Lines in a burst, of what goes wrong, and of lives: many that are known may begin theirs at once, when a hub
 * has come back. In the long run it is two a second for both. */
#define RATE_BURST_MILLI 10000
#define LIFE_BURST_MILLI 100000
#define RATE_PER_MS_MILLI 2

bool
pst_log_enabled(const struct pst_log *log, enum pst_log_level level)
{
	return log && log->logger && level <= log->logger->level;
}

static bool
rate_pass(struct pst_rate *rate, uint32_t burst_milli, uint32_t *suppressed)
{
	uint64_t now = uv_hrtime() / 1000000;
	uint64_t gained = (now - rate->last_ms) * RATE_PER_MS_MILLI;

	if (!rate->last_ms || gained + rate->tokens_milli > burst_milli)
		rate->tokens_milli = burst_milli;
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

bool
pst_rate_pass(struct pst_rate *rate, uint32_t *suppressed)
{
	return rate_pass(rate, RATE_BURST_MILLI, suppressed);
}

bool
pst_log_begins(const struct pst_log *log, enum pst_log_level level, struct pst_rate *rate,
    const char *sentence, const struct pst_field *fields)
{
	uint32_t suppressed = 0;

	if (!pst_log_enabled(log, level) || (rate && !rate_pass(rate, LIFE_BURST_MILLI, &suppressed)))
		return false;

	const struct pst_log counted = {
		.logger = log->logger,
		.parent = log,
		.fields = PST_FIELDS(PST_U64(suppressed ? "suppressed" : NULL, suppressed)),
	};

	pst_log_write(&counted, level, sentence, fields);
	return true;
}

/* Did the line itself, or an object nearer to it, say this key already? */
static bool
said(const char *key, const struct pst_field *fields, const struct pst_log *log,
    const struct pst_log *end)
{
	for (; fields && fields->key; fields++)
		if (!strcmp(fields->key, key))
			return true;
	return log != end && said(key, log->fields, log->parent, end);
}

void
pst_log_write(const struct pst_log *log, enum pst_log_level level, const char *sentence,
    const struct pst_field *fields)
{
	struct pst_logbook *book;
	struct pst_line line;

	if (!pst_log_enabled(log, level))
		return;
	book = log->logger->book;
	pst_line_begin(&line, book, level, sentence);
	for (const struct pst_field *f = fields; f && f->key; f++)
		pst_line_field(&line, f);
	for (const struct pst_log *l = log; l; l = l->parent)
		for (const struct pst_field *f = l->fields; f && f->key; f++)
			if (!said(f->key, fields, log, l))
				pst_line_field(&line, f);
	pst_line_end(&line);
	fwrite(line.text, 1, line.len, book->out);
	fflush(book->out);
}
