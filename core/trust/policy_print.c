#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trust/policy.h"

/* A text that is cut to fit, and as long as it would be. */
struct out {
	char *text;
	size_t size, len;
};

static void
put(struct out *out, const void *text, size_t len)
{
	for (size_t i = 0; i < len; i++, out->len++)
		if (out->len + 1 < out->size)
			out->text[out->len] = ((const char *)text)[i];
}

static void
put_text(struct out *out, const char *text)
{
	put(out, text, strlen(text));
}

/* ---- values ---- */

/* A direction mark begins with E2 80 or E2 81; none of that range is printed as it is. */
static bool
is_mark(struct policy_text text, uint32_t i)
{
	return i + 2 < text.len && text.bytes[i] == 0xe2 && (text.bytes[i + 1] & 0xfe) == 0x80;
}

static void
put_escaped(struct out *out, struct policy_text text)
{
	char escape[16];

	for (uint32_t i = 0; i < text.len; i++) {
		const uint8_t *p = &text.bytes[i];

		escape[0] = '\0';
		if (*p == '"' || *p == '\\')
			snprintf(escape, sizeof escape, "\\%c", *p);
		else if (*p < 0x20 || *p == 0x7f)
			snprintf(escape, sizeof escape, "\\%02x", *p);
		else if (is_mark(text, i))
			snprintf(escape, sizeof escape, "\\u{%x}",
			    0x2000u | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu));
		if (!*escape)
			put(out, p, 1);
		else
			put_text(out, escape);
		if (is_mark(text, i))
			i += 2;
	}
}

static void
put_float(struct out *out, double f)
{
	char text[32];

	if (isnan(f) || isinf(f)) {
		put_text(out, isnan(f) ? "nan" : f < 0 ? "-inf" : "inf");
		return;
	}
	for (int digits = 1; digits <= 17; digits++) { /* as short as it is the same */
		snprintf(text, sizeof text, "%.*g", digits, f);
		if (strtod(text, NULL) == f)
			break;
	}
	put_text(out, text);
	if (!strpbrk(text, ".e"))
		put_text(out, ".0");
}

/* Behind $ and in quotes a name may be anything. */
static void
put_name(struct out *out, const struct policy_part *name)
{
	bool subject = name->binding >= POLICY_IDENTIFIER;
	bool plain = policy_name_plain(name->text, subject);

	if (!plain)
		put_text(out, "$\"");
	if (subject)
		put_text(out, "subject.");
	if (plain)
		put(out, name->text.bytes, name->text.len);
	else
		put_escaped(out, name->text);
	if (!plain)
		put_text(out, "\"");
}

/* ---- parts ---- */

static void put_part(struct out *out, const struct pst_policy *policy, uint32_t at);

/* An operator, or nothing, and the operands. */
static void
put_list(struct out *out, const struct pst_policy *policy, const struct policy_part *list)
{
	bool call = list->kind == POLICY_CALL;

	put_text(out, call ? "(" : "[");
	if (call && list->op < POLICY_OPS)
		put_text(out, policy_op_names[list->op]);
	for (uint32_t i = list->first; i; i = policy->part[i].next) {
		if (i != list->first || (call && list->op < POLICY_OPS))
			put_text(out, " ");
		put_part(out, policy, i);
	}
	put_text(out, call ? ")" : "]");
}

static void
put_part(struct out *out, const struct pst_policy *policy, uint32_t at)
{
	const struct policy_part *part = &policy->part[at];
	char number[24];

	switch (part->kind) {
	case POLICY_TEXT:
		put_text(out, "\"");
		put_escaped(out, part->text);
		put_text(out, "\"");
		break;
	case POLICY_INT:
		snprintf(number, sizeof number, "%lld", (long long)part->i);
		put_text(out, number);
		break;
	case POLICY_FLOAT:
		put_float(out, part->f);
		break;
	case POLICY_BOOL:
		put_text(out, part->b ? "true" : "false");
		break;
	case POLICY_NAME:
		put_name(out, part);
		break;
	case POLICY_SEQUENCE:
	case POLICY_CALL:
		put_list(out, policy, part);
		break;
	}
}

static size_t
print(const struct pst_policy *policy, uint32_t at, char *text, size_t size)
{
	struct out out = { text, size, 0 };

	put_part(&out, policy, at);
	if (size)
		text[out.len < size ? out.len : size - 1] = '\0';
	return out.len;
}

size_t
pst_policy_print(const struct pst_policy *policy, char *out, size_t size)
{
	return print(policy, policy->root, out, size);
}

void
pst_policy_explain(const struct pst_policy *policy, const struct pst_policy_verdict *verdict,
    char *out, size_t size)
{
	static const char *const sentences[] = {
		[PST_POLICY_TRUE] = "%s is true",
		[PST_POLICY_FALSE] = "%s is false",
		[PST_POLICY_NO_BOOL] = "%s is neither true nor false",
		[PST_POLICY_UNBOUND] = "%s is not bound",
		[PST_POLICY_KINDS] = "%s compares values of different kinds",
		[PST_POLICY_OPERAND] = "%s has an operand of a wrong kind",
		[PST_POLICY_OPERANDS] = "%s has too few or too many operands",
		[PST_POLICY_OPERATOR] = "%s does not begin with an operator",
	};
	char part[256];

	if (print(policy, verdict->part, part, sizeof part) >= sizeof part)
		memcpy(part + sizeof part - 4, "…", 4);
	snprintf(out, size, sentences[verdict->why], part);
}
