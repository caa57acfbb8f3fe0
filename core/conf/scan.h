/*
 * The scanner: tokens of a configuration file, and `key = value`.
 *
 * It never changes the text, and refuses here, with a sentence of ours,
 * everything that libconfuse would take for something else. Errors stick to
 * nothing: after a failure the scan is not used again.
 */
#ifndef POSTERN_CONF_SCAN_H
#define POSTERN_CONF_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include <postern/err.h>

/* Where an error is: what stands in front of its sentence. */
struct pst_place {
	const char *file;
	const char *kind; /* NULL outside sections */
	const char *name;
};

/* "FILE:LINE: KIND NAME: sentence"; returns PST_E_CONF. */
int pst_place_fail(const struct pst_place *place, unsigned line, struct pst_err *err,
    const char *fmt, ...) PST_PRINTF(4, 5);

enum pst_token_type {
	PST_TOKEN_END,
	PST_TOKEN_WORD,   /* bare */
	PST_TOKEN_QUOTED, /* "..." or '...', with its quotes */
	PST_TOKEN_EXPAND, /* a bare ${X} */
	PST_TOKEN_OPEN,
	PST_TOKEN_CLOSE,
	PST_TOKEN_EQUALS,
	PST_TOKEN_COMMA,
};

/* A piece of the text, borrowed. */
struct pst_token {
	enum pst_token_type type;
	const char *text;
	size_t len;
	unsigned line; /* where it begins */
};

struct pst_scan {
	const char *pos;
	const char *end;
	unsigned line;
	struct pst_place place;
	struct pst_err *err;
};

PST_MUST_CHECK int pst_scan_next(struct pst_scan *scan, struct pst_token *token);

/* A token as a person may see it: cut, and without what moves a terminal. */
struct pst_shown {
	char text[48];
};
struct pst_shown pst_token_show(const struct pst_token *token);
struct pst_shown pst_text_show(const char *text, size_t len);

/* True for a word or string: what can be a value. */
bool pst_token_is_value(const struct pst_token *token);
bool pst_token_is(const struct pst_token *token, const char *word);
/* Letters, digits and _ -, beginning with a letter; at most PST_CONF_WORD_MAX. */
bool pst_token_is_key(const struct pst_token *token);

/*
 * One `key = value`. At the end of the body its type is that of the token
 * found there: PST_TOKEN_CLOSE or PST_TOKEN_END.
 */
struct pst_entry {
	struct pst_token key;
	bool list;
	size_t count;           /* of strings: 1 unless it is a list */
	struct pst_scan values; /* the value alone, to scan again */
};
PST_MUST_CHECK int pst_scan_entry(struct pst_scan *scan, struct pst_entry *entry);

#endif
