/*
 * The boolean shorthand (spec trust.md 6.3), by descent. Each function gives a
 * part, or 0 and leaves the text where it was.
 *
 *   chain = operand (WORD operand)*       WORD: or, within it and
 *   unary = "not" unary | "(" chain ")" | name
 *   name  = NAME | NAME=VALUE | NAME="VALUE" | I…
 *
 * Ockam makes pairs of a chain, ((a or b) or c); as all operands are booleans
 * or errors, one operator over all of them decides the same.
 */
#include "trust/policy.h"

#include <string.h>

#include <postern/identity.h>

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool
begins_name(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
}

static bool
goes_on(uint8_t c)
{
	return begins_name(c) || (c >= '0' && c <= '9') || c == '.';
}

/* The text ends with a NUL, which is none of these. */
static void
blanks(struct policy_reader *r)
{
	while (is_blank(r->bytes[r->pos]))
		r->pos++;
}

/* A word with what is blank around it. */
static bool
word(struct policy_reader *r, const char *word)
{
	size_t pos = r->pos, len = strlen(word);

	blanks(r);
	if (strncmp((const char *)r->bytes + r->pos, word, len)) {
		r->pos = pos;
		return false;
	}
	r->pos += len;
	blanks(r);
	return true;
}

static struct policy_text
span(struct policy_reader *r, bool (*in)(uint8_t c))
{
	size_t pos = r->pos;

	while (in(r->bytes[r->pos]))
		r->pos++;
	return (struct policy_text){ r->bytes + pos, (uint32_t)(r->pos - pos) };
}

static uint32_t
call(struct policy_reader *r, enum policy_op op, uint32_t first, uint32_t count)
{
	return policy_add(r, (struct policy_part){
		.kind = POLICY_CALL, .op = op, .first = first, .count = count,
	});
}

/* (= name "value") */
static uint32_t
equals(struct policy_reader *r, uint32_t name, struct policy_text value)
{
	uint32_t text = policy_add(r, (struct policy_part){ .kind = POLICY_TEXT, .text = value });

	if (!name || !text)
		return 0;
	r->policy->part[name].next = text;
	return call(r, POLICY_EQUAL, name, 2);
}

static bool
is_identifier(struct policy_text name)
{
	char text[PST_IDENTIFIER_TEXT];
	struct pst_identifier id;

	if (name.len != sizeof text - 1)
		return false;
	memcpy(text, name.bytes, name.len);
	text[name.len] = '\0';
	return !pst_identifier_parse(&id, text);
}

static bool
not_quote(uint8_t c)
{
	return c && c != '"';
}

/* Behind "=". */
static bool
value(struct policy_reader *r, struct policy_text *out)
{
	bool quoted = r->bytes[r->pos] == '"';

	r->pos += quoted;
	*out = span(r, quoted ? not_quote : goes_on);
	if (!out->len)
		return policy_want(r, r->pos, "want a value: letters, digits, . _ -, or \"any text\"");
	if (quoted && r->bytes[r->pos] != '"')
		return policy_want(r, r->pos, "want a \" behind the value");
	r->pos += quoted;
	return true;
}

static uint32_t
name(struct policy_reader *r)
{
	static const struct policy_text yes = { (const uint8_t *)"true", 4 };
	static const struct policy_text identifier = { (const uint8_t *)"identifier", 10 };
	struct policy_text name, wanted = yes;
	size_t pos = r->pos;

	if (!begins_name(r->bytes[pos]))
		return policy_want(r, pos, "want a name: a letter, _ or -, then letters, digits, . _ -");
	name = span(r, goes_on);
	if (is_identifier(name))
		return equals(r, policy_add_subject(r, identifier), name);
	if (r->bytes[r->pos] == '=') {
		r->pos++;
		if (!value(r, &wanted)) {
			r->pos = pos;
			return 0;
		}
	}
	return equals(r, policy_add_subject(r, name), wanted);
}

static uint32_t any_of(struct policy_reader *r);

static uint32_t
in_brackets(struct policy_reader *r)
{
	uint32_t inner = any_of(r);

	if (inner && !word(r, ")"))
		inner = policy_want(r, r->pos, "want \"and\", \"or\" or \")\"");
	return inner;
}

static uint32_t
unary(struct policy_reader *r)
{
	size_t pos = r->pos;
	uint32_t inner = 0, count = r->policy->count;
	bool not = word(r, "not");

	if (!not && !word(r, "("))
		return name(r);
	/* what is an S-expression after all, (not (not …)), has two for each list */
	if (!policy_enter(r, 2 * PST_POLICY_DEPTH_MAX))
		return 0;
	inner = not ? unary(r) : in_brackets(r);
	r->depth--;
	if (inner)
		return not ? call(r, POLICY_NOT, inner, 1) : inner;
	r->pos = pos;
	r->policy->count = count;
	return r->over ? 0 : name(r); /* "note" is no "not e" where e is wrong */
}

static uint32_t
chain(struct policy_reader *r, enum policy_op op, uint32_t (*operand)(struct policy_reader *r))
{
	uint32_t first = operand(r), last = first, n = 1;

	while (last) {
		size_t pos = r->pos;
		uint32_t count = r->policy->count;
		uint32_t more = word(r, policy_op_names[op]) ? operand(r) : 0;

		if (!more) { /* it may be something else yet, behind the operand before */
			r->pos = pos;
			r->policy->count = count;
			break;
		}
		r->policy->part[last].next = more;
		last = more;
		n++;
	}
	if (r->over)
		return 0;
	return n > 1 ? call(r, op, first, n) : first;
}

static uint32_t
all_of(struct policy_reader *r)
{
	return chain(r, POLICY_AND, unary);
}

static uint32_t
any_of(struct policy_reader *r)
{
	return chain(r, POLICY_OR, all_of);
}

uint32_t
policy_read_short(struct policy_reader *r)
{
	uint32_t root = any_of(r);

	if (root && r->pos < r->len)
		root = policy_want(r, r->pos, "want \"and\", \"or\" or the end");
	return root;
}
