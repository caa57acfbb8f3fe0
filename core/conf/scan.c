#include "conf/scan.h"

#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"

bool
pst_token_is_value(const struct pst_token *token)
{
	return token->type == PST_TOKEN_WORD || token->type == PST_TOKEN_QUOTED ||
	    token->type == PST_TOKEN_EXPAND;
}

bool
pst_token_is(const struct pst_token *token, const char *word)
{
	return token->type == PST_TOKEN_WORD && token->len == strlen(word) &&
	    memcmp(token->text, word, token->len) == 0;
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool
pst_token_is_key(const struct pst_token *token)
{
	if (token->type != PST_TOKEN_WORD || token->len > PST_CONF_WORD_MAX ||
	    !is_letter(token->text[0]))
		return false;
	for (size_t i = 1; i < token->len; i++) {
		char c = token->text[i];

		if (!is_letter(c) && !is_digit(c) && c != '_' && c != '-')
			return false;
	}
	return true;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* strchr() without its NUL: a NUL never reaches the scanner, but might. */
static bool
is_one_of(char c, const char *set)
{
	return c && strchr(set, c);
}

static bool
ahead(const struct pst_scan *scan, const char *word)
{
	size_t len = strlen(word);

	return (size_t)(scan->end - scan->pos) >= len && memcmp(scan->pos, word, len) == 0;
}

static int
skip_comment(struct pst_scan *scan)
{
	unsigned line = scan->line;

	for (scan->pos += 2; scan->pos < scan->end; scan->pos++) {
		if (ahead(scan, "*/")) {
			scan->pos += 2;
			return PST_OK;
		}
		scan->line += *scan->pos == '\n';
	}
	return pst_place_fail(&scan->place, line, scan->err,
	    "the comment that begins here is not closed");
}

static void
skip_line(struct pst_scan *scan)
{
	while (scan->pos < scan->end && *scan->pos != '\n')
		scan->pos++;
}

/* Blanks and comments; only where a token could begin, so "a//b" is a word. */
static int
skip(struct pst_scan *scan)
{
	int rc = PST_OK;

	while (!rc && scan->pos < scan->end) {
		if (is_blank(*scan->pos))
			scan->line += *scan->pos++ == '\n';
		else if (*scan->pos == '#' || ahead(scan, "//"))
			skip_line(scan);
		else if (ahead(scan, "/*"))
			rc = skip_comment(scan);
		else
			break;
	}
	return rc;
}

/* Behind the $ of ${NAME} or ${NAME:-default}; leaves pos behind the }. */
static int
scan_expansion(struct pst_scan *scan)
{
	char name[256];
	size_t len = 0;
	const char *word = ++scan->pos;

	while (word + len < scan->end && len < sizeof name - 1 &&
	    (is_letter(word[len]) || word[len] == '_' || (len > 0 && is_digit(word[len])))) {
		name[len] = word[len];
		len++;
	}
	name[len] = '\0';
	scan->pos += len;
	if (len > 0 && ahead(scan, "}")) {
		scan->pos++;
		if (getenv(name))
			return PST_OK;
		return pst_place_fail(&scan->place, scan->line, scan->err,
		    "${%.64s} is not set in the environment and has no default, as in ${%.64s:-…}",
		    name, name);
	}
	if (len == 0 || !ahead(scan, ":-"))
		return pst_place_fail(&scan->place, scan->line, scan->err,
		    "an expansion is ${NAME} or ${NAME:-default}; for a plain $ write '…'");
	scan->pos += 2;
	while (scan->pos < scan->end && !is_one_of(*scan->pos, "}\"\\{$\n"))
		scan->pos++;
	if (!ahead(scan, "}"))
		return pst_place_fail(&scan->place, scan->line, scan->err,
		    "the default of ${%.64s:-…} has no \" \\ { $ or new line, and ends with }", name);
	scan->pos++;
	return PST_OK;
}

/*
 * Behind a backslash in "…": C's escapes, but never a NUL (the value would
 * end there) and no letters that mean nothing (libconfuse drops the
 * backslash, so that "C:\dir" would lose it).
 */
static int
scan_escape(struct pst_scan *scan)
{
	const char *pos = scan->pos;
	bool hex = pos < scan->end && *pos == 'x';
	char digits[4] = "";
	size_t len = 0, max = hex ? 2 : 3;
	const char *set = hex ? "0123456789abcdefABCDEF" : "01234567";

	if (hex)
		pos++;
	while (len < max && pos < scan->end && is_one_of(*pos, set))
		digits[len++] = *pos++;
	if (len > 0) {
		unsigned long value = strtoul(digits, NULL, hex ? 16 : 8);
		bool more = !hex && pos < scan->end && is_digit(*pos);

		scan->pos = pos;
		if (value > 0 && value <= 0xff && !more)
			return PST_OK;
	} else if (!hex && pos < scan->end && (is_one_of(*pos, "nrbfaetv") ||
	    !(is_letter(*pos) || is_digit(*pos)))) {
		scan->line += *scan->pos++ == '\n';
		return PST_OK;
	}
	return pst_place_fail(&scan->place, scan->line, scan->err,
	    "no such escape in \"…\" (known: \\n \\r \\t \\\\ \\\" \\$ \\x41 \\101 and C's others, "
	    "none of them NUL); '…' knows none");
}

static int
scan_double(struct pst_scan *scan)
{
	unsigned line = scan->line;
	int rc = PST_OK;

	scan->pos++;
	while (!rc && scan->pos < scan->end) {
		char c = *scan->pos;

		if (c == '$' && ahead(scan, "${")) {
			scan->pos++;
			rc = scan_expansion(scan);
			continue;
		}
		scan->pos++;
		if (c == '"')
			return PST_OK;
		scan->line += c == '\n';
		if (c == '\\' && scan->pos < scan->end)
			rc = scan_escape(scan);
	}
	if (rc)
		return rc;
	return pst_place_fail(&scan->place, line, scan->err, "the \" that stands here is not closed");
}

static int
scan_single(struct pst_scan *scan)
{
	unsigned line = scan->line;

	for (scan->pos++; scan->pos < scan->end; scan->pos++) {
		if (*scan->pos == '\'') {
			scan->pos++;
			return PST_OK;
		}
		if (*scan->pos == '\\' && scan->end - scan->pos > 1)
			scan->pos++;
		scan->line += *scan->pos == '\n';
	}
	return pst_place_fail(&scan->place, line, scan->err, "the ' that stands here is not closed");
}

/* What a bare word may not hold: libconfuse would drop or split it silently. */
static const struct refusal {
	const char *found;
	const char *why;
} refusals[] = {
	{ ";", "nothing stands between entries" },
	{ "+=", "a list is written in one place, as = {…}" },
	{ "/*", "put a blank in front of a comment, and a word with /* into quotes" },
	{ "#", "put a blank in front of a comment, and a word with # into quotes" },
	{ "${", "a bare ${X} is a whole word; otherwise write \"…${X}…\"" },
	{ "(", "a word with ( goes into quotes" },
	{ ")", "a word with ) goes into quotes" },
	{ "+", "a word with + goes into quotes" },
	{ "\"", "quotes go around a whole word" },
	{ "'", "quotes go around a whole word" },
};

static const struct refusal *
refusal_ahead(const struct pst_scan *scan)
{
	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
		if (ahead(scan, refusals[i].found))
			return &refusals[i];
	return NULL;
}

static int
scan_word(struct pst_scan *scan)
{
	while (scan->pos < scan->end && !is_blank(*scan->pos) && !is_one_of(*scan->pos, "{}=,")) {
		const struct refusal *refusal = refusal_ahead(scan);

		if (refusal)
			return pst_place_fail(&scan->place, scan->line, scan->err,
			    "unexpected %s: %s", refusal->found, refusal->why);
		scan->pos++;
	}
	return PST_OK;
}

/* Two strings, or a string and a comment, that touch: one of them is a slip. */
static int
check_apart(struct pst_scan *scan, const struct pst_token *token)
{
	if (scan->pos == scan->end || is_blank(*scan->pos) || is_one_of(*scan->pos, "{}=,"))
		return PST_OK;
	if (token->type == PST_TOKEN_EXPAND)
		return pst_place_fail(&scan->place, scan->line, scan->err,
		    "%s is not the whole word: write \"…${X}…\"", pst_token_show(token).text);
	return pst_place_fail(&scan->place, scan->line, scan->err,
	    "a blank is missing behind %s", pst_token_show(token).text);
}

int
pst_scan_next(struct pst_scan *scan, struct pst_token *token)
{
	static const struct {
		char c;
		enum pst_token_type type;
	} marks[] = {
		{ '{', PST_TOKEN_OPEN },
		{ '}', PST_TOKEN_CLOSE },
		{ '=', PST_TOKEN_EQUALS },
		{ ',', PST_TOKEN_COMMA },
	};
	int rc = skip(scan);

	*token = (struct pst_token){ .text = scan->pos, .line = scan->line };
	if (rc || scan->pos == scan->end)
		return rc;
	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
		if (*scan->pos != marks[i].c)
			continue;
		token->type = marks[i].type;
		token->len = 1;
		scan->pos++;
		return PST_OK;
	}
	if (*scan->pos == '"' || *scan->pos == '\'') {
		token->type = PST_TOKEN_QUOTED;
		rc = *scan->pos == '"' ? scan_double(scan) : scan_single(scan);
	} else if (ahead(scan, "${")) {
		token->type = PST_TOKEN_EXPAND;
		scan->pos++;
		rc = scan_expansion(scan);
	} else {
		token->type = PST_TOKEN_WORD;
		rc = scan_word(scan);
	}
	token->len = (size_t)(scan->pos - token->text);
	if (!rc)
		rc = check_apart(scan, token);
	return rc;
}
