/*
 * One line of the log, as it is put together: text for people, or JSON for
 * programs. A line has an upper length. What does not fit is cut or left
 * out, but a line of JSON is a whole object of valid UTF-8 whatever the
 * values are.
 */
#ifndef PST_BASE_LINE_H
#define PST_BASE_LINE_H

#include <postern/log.h>

#include "base/logger.h"

#define PST_LINE_MAX 2048

struct pst_line {
	char text[PST_LINE_MAX];
	size_t len;
	enum pst_log_format format;
};

/* Time, level and sentence, as the book wants them. */
PST_API void pst_line_begin(struct pst_line *line, struct pst_logbook *book,
    enum pst_log_level level, const char *sentence);
PST_API void pst_line_field(struct pst_line *line, const struct pst_field *field);
/* The end, with its newline. */
PST_API void pst_line_end(struct pst_line *line);

#endif
