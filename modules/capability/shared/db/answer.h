/*
 * What a query answers, as JSON for the guest (spec functions.md 3.5): the rows of a select as they come,
 * each an object with its columns in the order of their names; else a word about what was done. It is
 * bounded, and nothing of it is kept but the text.
 */
#ifndef DB_ANSWER_H
#define DB_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum value_kind {
	VALUE_NULL,
	VALUE_PLAIN, /* JSON as it stands: a number, true, false */
	VALUE_TEXT,
	VALUE_BYTES, /* in base64 */
};

struct value {
	enum value_kind kind;
	const char *bytes; /* borrowed */
	size_t len;
	char own[48]; /* room for what had to be written anew */
};

struct answer {
	char *text;
	size_t len, room, max;
	const char *trouble; /* NULL: none */
	/* of a select */
	char **names;
	size_t *order; /* of the columns that count, by their names */
	size_t columns, ordered;
	struct value *values; /* of the next row, to be filled in */
	size_t rows;
};

/* An empty one, of at most max bytes. */
void answer_init(struct answer *answer, uint64_t max);
void answer_fini(struct answer *answer);
/* So many columns; name(arg, i) is one's name, borrowed. Of two with one name the latter counts. */
void answer_columns(struct answer *answer, size_t columns, const char *(*name)(void *arg, size_t i), void *arg);
/* A row is answer->values. */
void answer_row(struct answer *answer);
/* After the last row, if any came. The text is the caller's to free(); NULL: answer->trouble. */
char *answer_rows_end(struct answer *answer, size_t *len);
char *answer_done(struct answer *answer, uint64_t last_id, uint64_t affected, size_t *len);

#endif
