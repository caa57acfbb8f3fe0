#include "trust/policy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <postern/utf8.h>

const char *const policy_op_names[POLICY_OPS] = {
	[POLICY_AND] = "and",
	[POLICY_OR] = "or",
	[POLICY_NOT] = "not",
	[POLICY_IF] = "if",
	[POLICY_LESS] = "<",
	[POLICY_GREATER] = ">",
	[POLICY_EQUAL] = "=",
	[POLICY_UNEQUAL] = "!=",
	[POLICY_MEMBER] = "member?",
	[POLICY_EXISTS] = "exists?",
};

enum policy_op
policy_op_of(struct policy_text name)
{
	for (int op = 0; op < POLICY_OPS; op++)
		if (policy_is(name, policy_op_names[op]))
			return (enum policy_op)op;
	return POLICY_NO_OP;
}

/* ---- what failed ---- */

uint32_t
policy_want(struct policy_reader *r, size_t at, const char *fmt, ...)
{
	va_list args;

	if (r->over || (r->failed && at <= r->failed_at))
		return 0;
	r->failed = true;
	r->failed_at = at;
	va_start(args, fmt);
	vsnprintf(r->wanted, sizeof r->wanted, fmt, args);
	va_end(args);
	return 0;
}

static uint32_t
over(struct policy_reader *r, const char *fmt, int limit)
{
	if (!r->over) {
		r->failed = false;
		policy_want(r, r->pos, fmt, limit);
	}
	r->over = true;
	return 0;
}

/* In characters, as a person counts them. */
static int
fail_at(const struct policy_reader *r, const char *text, int rc, struct pst_err *err)
{
	unsigned line = 1, column = 1;

	for (size_t i = 0; i < r->failed_at && text[i]; i++) {
		if (text[i] == '\n') {
			line++;
			column = 1;
		} else if (((uint8_t)text[i] & 0xc0) != 0x80) {
			column++;
		}
	}
	if (line > 1)
		return pst_fail(err, rc, "line %u, character %u: %s", line, column, r->wanted);
	return pst_fail(err, rc, "character %u: %s", column, r->wanted);
}

/* ---- parts ---- */

uint32_t
policy_add(struct policy_reader *r, struct policy_part part)
{
	if (r->policy->count == PST_POLICY_PARTS_MAX)
		return over(r, "the policy has more than %d parts", PST_POLICY_PARTS_MAX);
	r->policy->part[r->policy->count] = part;
	return r->policy->count++;
}

bool
policy_enter(struct policy_reader *r, unsigned most)
{
	if (r->depth == most)
		return over(r, "more than %d brackets in brackets", (int)most);
	r->depth++;
	return true;
}

static uint32_t
add_binding(struct policy_reader *r, enum policy_binding binding, struct policy_text text)
{
	return policy_add(r, (struct policy_part){
		.kind = POLICY_NAME, .binding = binding, .text = text,
	});
}

uint32_t
policy_add_subject(struct policy_reader *r, struct policy_text name)
{
	if (policy_is(name, "identifier"))
		return add_binding(r, POLICY_IDENTIFIER, name);
	if (policy_is(name, "has_credential"))
		return add_binding(r, POLICY_CREDENTIAL, name);
	return add_binding(r, POLICY_ATTRIBUTE, name);
}

uint32_t
policy_add_name(struct policy_reader *r, struct policy_text name)
{
	static const char subject[] = "subject.";
	const uint32_t len = sizeof subject - 1;

	if (name.len >= len && !memcmp(name.bytes, subject, len))
		return policy_add_subject(r, (struct policy_text){ name.bytes + len, name.len - len });
	if (policy_is(name, "resource.id"))
		return add_binding(r, POLICY_RESOURCE, name);
	if (policy_is(name, "action.id"))
		return add_binding(r, POLICY_ACTION, name);
	return add_binding(r, POLICY_NOTHING, name);
}

/* ---- a text as a whole ---- */

/* Direction marks let an expression look like another one: U+202A to 202E but
 * 202C, U+2066 to 2069 and U+206C, as Ockam's reader has it. */
static bool
turns_direction(const uint8_t *p, size_t len)
{
	if (len != 3 || p[0] != 0xe2)
		return false;
	if (p[1] == 0x80)
		return p[2] >= 0xaa && p[2] <= 0xae && p[2] != 0xac;
	return p[1] == 0x81 && ((p[2] >= 0xa6 && p[2] <= 0xa9) || p[2] == 0xac);
}

static bool
text_check(struct policy_reader *r)
{
	size_t len;

	for (size_t i = 0; i < r->len; i += len) {
		len = pst_utf8_len(r->bytes + i, r->len - i);
		if (!len)
			return policy_want(r, i, "not UTF-8");
		if (turns_direction(r->bytes + i, len))
			return policy_want(r, i, "a character that turns the direction of text");
	}
	return true;
}

static uint32_t
text_read(struct policy_reader *r)
{
	uint32_t root = 0;

	if (!text_check(r))
		return 0;
	root = policy_read_short(r);
	if (root || r->over)
		return root;
	r->pos = 0;
	r->depth = 0;
	r->policy->count = 1;
	return policy_read(r);
}

int
pst_policy_compile(struct pst_policy **out, const char *text, struct pst_err *err)
{
	const size_t most = sizeof **out + PST_POLICY_PARTS_MAX * sizeof (*out)->part[0];
	struct policy_reader r = { .len = strlen(text) };
	struct pst_policy *fits;

	*out = NULL;
	if (r.len > PST_POLICY_TEXT_MAX)
		return pst_fail(err, PST_E_LIMIT, "longer than %d bytes", PST_POLICY_TEXT_MAX);
	r.policy = calloc(1, most);
	r.bytes = (uint8_t *)strdup(text);
	if (!r.policy || !r.bytes) {
		free(r.policy);
		free(r.bytes);
		return pst_fail(err, -ENOMEM, "out of memory");
	}
	r.policy->bytes = r.bytes;
	r.policy->count = 1;
	r.policy->root = text_read(&r);
	if (!r.policy->root) {
		pst_policy_free(&r.policy);
		return fail_at(&r, text, r.over ? PST_E_LIMIT : PST_E_CONF, err);
	}
	fits = realloc(r.policy, sizeof *fits + r.policy->count * sizeof fits->part[0]);
	*out = fits ? fits : r.policy;
	return PST_OK;
}

/* As deep as brackets may stand in brackets. */
static bool
has_name(const struct pst_policy *policy, uint32_t at)
{
	const struct policy_part *part = &policy->part[at];
	bool has = part->kind == POLICY_NAME;

	if (part->kind != POLICY_CALL && part->kind != POLICY_SEQUENCE)
		return has;
	for (uint32_t i = part->first; !has && i; i = policy->part[i].next)
		has = has_name(policy, i);
	return has;
}

bool
policy_admits_all(const struct pst_policy *policy)
{
	const struct pst_policy_case nobody = { 0 };

	return !has_name(policy, policy->root) && pst_policy_allows(policy, &nobody, NULL);
}

void
pst_policy_free(struct pst_policy **policy)
{
	if (*policy)
		free((*policy)->bytes);
	free(*policy);
	*policy = NULL;
}
