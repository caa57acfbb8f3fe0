/*
 * Tokens of S-expressions: those of the text format of WebAssembly, as Ockam's
 * reader takes them (spec trust.md 6.1). A run of letters, digits, signs and
 * "strings" without a blank in between is one token, whatever it means.
 * Strings are unescaped where they stand: what they mean is never longer.
 */
#include "trust/policy.h"

#include <string.h>

#include <postern/utf8.h>

/* One token's run, before it is known what it is. */
struct run {
	size_t at;
	size_t others, strings; /* characters outside of strings; strings */
	struct policy_text text; /* as written */
	struct policy_text string; /* the last string, unescaped */
};

static bool
one_of(uint8_t c, const char *set)
{
	return c && strchr(set, c);
}

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool
is_alnum(uint8_t c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* ---- blanks and comments ---- */

static bool
block_comment(struct policy_reader *r)
{
	const char *p = (const char *)r->bytes + r->pos;
	size_t level = 0;

	do {
		bool opens = !strncmp(p, "(;", 2), closes = !strncmp(p, ";)", 2);

		if (!*p)
			return policy_want(r, r->len, "want ;) that ends a comment");
		level = level + opens - closes;
		p += opens || closes ? 2 : 1;
	} while (level);
	r->pos = (size_t)(p - (const char *)r->bytes);
	return true;
}

static bool
blanks(struct policy_reader *r)
{
	for (;;) {
		const char *p = (const char *)r->bytes + r->pos;

		if (one_of((uint8_t)*p, " \t\r\n"))
			r->pos++;
		else if (!strncmp(p, ";;", 2))
			r->pos += strcspn(p, "\r\n");
		else if (strncmp(p, "(;", 2))
			return true;
		else if (!block_comment(r))
			return false;
	}
}

/* ---- strings ---- */

static size_t
utf8_write(uint8_t *out, uint32_t c)
{
	if (c < 0x80) {
		out[0] = (uint8_t)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (uint8_t)(0xc0 | c >> 6);
		out[1] = (uint8_t)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (uint8_t)(0xe0 | c >> 12);
		out[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
		out[2] = (uint8_t)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (uint8_t)(0xf0 | c >> 18);
	out[1] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
	out[2] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
	out[3] = (uint8_t)(0x80 | (c & 0x3f));
	return 4;
}

/* {HEX}, with _ between digits. */
static bool
unicode_escape(struct policy_reader *r, uint8_t *out, size_t *len)
{
	const uint8_t *p = r->bytes + r->pos;
	uint32_t c = 0;

	if (*p++ != '{' || policy_hex_digit(*p) < 0)
		return policy_want(r, r->pos, "want {HEX DIGITS} behind \\u");
	for (; policy_hex_digit(*p) >= 0 || *p == '_'; p++) {
		if (*p != '_')
			c = c << 4 | (uint32_t)policy_hex_digit(*p);
		if (c > 0x10ffff)
			return policy_want(r, r->pos, "no character has this number");
	}
	if (*p != '}' || p[-1] == '_')
		return policy_want(r, (size_t)(p - r->bytes), "want } behind hex digits");
	if (c >= 0xd800 && c <= 0xdfff)
		return policy_want(r, r->pos, "no character has this number");
	r->pos = (size_t)(p + 1 - r->bytes);
	*len += utf8_write(out + *len, c);
	return true;
}

/* Behind a backslash. */
static bool
escape(struct policy_reader *r, uint8_t *out, size_t *len)
{
	static const char letters[] = "tnr\"'\\", meant[] = "\t\n\r\"'\\";
	const uint8_t *p = r->bytes + r->pos;

	if (one_of(*p, letters)) {
		out[(*len)++] = (uint8_t)meant[strchr(letters, *p) - letters];
		r->pos++;
	} else if (*p == 'u') {
		r->pos++;
		return unicode_escape(r, out, len);
	} else if (policy_hex_digit(p[0]) >= 0 && policy_hex_digit(p[1]) >= 0) {
		out[(*len)++] = (uint8_t)(policy_hex_digit(p[0]) << 4 | policy_hex_digit(p[1]));
		r->pos += 2;
	} else {
		return policy_want(r, r->pos, "want one of t n r \" ' \\ u{…} or two hex digits behind \\");
	}
	return true;
}

/* Behind the quote. */
static bool
string(struct policy_reader *r, struct policy_text *out)
{
	size_t begin = r->pos, len = 0;
	uint8_t *bytes = r->bytes + begin;

	while (r->bytes[r->pos] != '"') {
		uint8_t c = r->bytes[r->pos];

		if (r->pos == r->len)
			return policy_want(r, r->pos, "want a \" that ends the string");
		if (c < 0x20 || c == 0x7f)
			return policy_want(r, r->pos, "a control character in a string: write \\%02x", c);
		r->pos++;
		if (c != '\\')
			bytes[len++] = c;
		else if (!escape(r, bytes, &len))
			return false;
	}
	r->pos++;
	if (pst_utf8_whole(bytes, len) < len)
		return policy_want(r, begin, "the bytes of this string are not UTF-8");
	*out = (struct policy_text){ bytes, (uint32_t)len };
	return true;
}

/* ---- tokens ---- */

static bool
goes_on(struct policy_text name, uint32_t from)
{
	for (uint32_t i = from; i < name.len; i++)
		if (!is_alnum(name.bytes[i]) && !one_of(name.bytes[i], "!$%&*/<=>?~_^.+-:@"))
			return false;
	return true;
}

/* What a name may be; in quotes behind $ it may be anything. */
static bool
is_name(struct policy_text name)
{
	return name.len && !is_digit(*name.bytes) &&
	    (is_alnum(*name.bytes) || one_of(*name.bytes, "!$%&*/<=>?~_^")) && goes_on(name, 1);
}

bool
policy_name_plain(struct policy_text name, bool subject)
{
	if (subject)
		return goes_on(name, 0);
	return is_name(name) && *name.bytes != '$' && !policy_is(name, "true") &&
	    !policy_is(name, "false") && !policy_is(name, "inf") &&
	    (name.len < 3 || memcmp(name.bytes, "nan", 3));
}

static bool
name_token(struct policy_reader *r, const struct run *run, struct policy_part *out)
{
	struct policy_text name = run->text;
	bool quoted = run->others == 1 && run->strings == 1;
	uint8_t first = *name.bytes;

	/* $name and $"name" may be any text, @name and @"name" are as name */
	if ((first == '$' || first == '@') && (quoted || !run->strings))
		name = quoted ? run->string : (struct policy_text){ name.bytes + 1, name.len - 1 };
	else if (run->strings)
		return policy_want(r, run->at, "want a blank before and behind a string");
	if (!name.len || (first != '$' && !is_name(name)))
		return policy_want(r, run->at, "want an operator, a name or a value: no name is like this");
	*out = (struct policy_part){ .kind = POLICY_NAME, .text = name };
	return true;
}

static bool
run_read(struct policy_reader *r, struct run *run)
{
	*run = (struct run){ .at = r->pos, .text.bytes = r->bytes + r->pos };
	for (;;) {
		uint8_t c = r->bytes[r->pos];

		if (c == '"') {
			r->pos++;
			run->strings++;
			if (!string(r, &run->string))
				return false;
		} else if (is_alnum(c) || one_of(c, "!#$%&'*+-./:<=>?@\\^_`|~")) {
			r->pos++;
			run->others++;
		} else {
			break;
		}
	}
	run->text.len = (uint32_t)(r->pos - run->at);
	return true;
}

static bool
run_classify(struct policy_reader *r, const struct run *run, struct policy_part *out)
{
	bool number = false;

	if (!run->strings && !policy_number(r, run->text, &number, out))
		return false;
	if (number)
		return true;
	if (!run->others && run->strings == 1)
		*out = (struct policy_part){ .kind = POLICY_TEXT, .text = run->string };
	else if (policy_is(run->text, "true") || policy_is(run->text, "false"))
		*out = (struct policy_part){ .kind = POLICY_BOOL, .b = run->text.len == 4 };
	else
		return name_token(r, run, out);
	return true;
}

bool
policy_lex(struct policy_reader *r, struct policy_token *token)
{
	struct run run;

	if (!blanks(r))
		return false;
	*token = (struct policy_token){ .at = r->pos };
	if (r->pos == r->len)
		return true;
	if (one_of(r->bytes[r->pos], "()[]")) {
		token->kind = POLICY_TOKEN_PUNCT;
		token->punct = (char)r->bytes[r->pos++];
		return true;
	}
	if (!run_read(r, &run))
		return false;
	if (r->pos == run.at)
		return policy_want(r, r->pos, "want an operator, a name or a value");
	token->kind = POLICY_TOKEN_VALUE;
	return run_classify(r, &run, &token->part);
}
