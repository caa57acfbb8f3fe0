/*
 * Deciding (spec trust.md 6.2). Operands' values lie in a row on a stack of as
 * many values as a policy may have parts: each part is evaluated once at most.
 * How deep it recurses is bounded by how deep brackets may stand in brackets.
 */
#include <string.h>

#include <postern/credential.h>
#include <postern/utf8.h>

#include "trust/policy.h"

struct value {
	enum policy_kind kind; /* no NAME; CALL is () */
	union {
		struct policy_text text;
		int64_t i;
		double f;
		bool b;
		struct {
			const struct value *item;
			uint32_t count;
		} sequence;
	};
};

struct run {
	const struct pst_policy *policy;
	const struct pst_policy_case *asked;
	struct pst_policy_verdict verdict; /* of what failed */
	uint32_t top;
	struct value stack[PST_POLICY_PARTS_MAX];
};

static bool part_eval(struct run *run, uint32_t part, struct value *out);

static bool
fail(struct run *run, uint32_t part, enum pst_policy_why why)
{
	run->verdict = (struct pst_policy_verdict){ why, part };
	return false;
}

static const struct policy_part *
part_of(const struct run *run, uint32_t part)
{
	return &run->policy->part[part];
}

static struct value
bool_value(bool b)
{
	return (struct value){ .kind = POLICY_BOOL, .b = b };
}

/* ---- names ---- */

/* One that is no text is not bound. */
static bool
attribute_value(const struct pst_policy_case *asked, struct policy_text name, struct value *out)
{
	const struct pst_attribute *a = pst_attribute_find(asked->attributes, asked->count, name.bytes, name.len);

	if (!a || pst_utf8_whole(a->value, a->value_len) < a->value_len)
		return false;
	*out = (struct value){ .kind = POLICY_TEXT, .text = { a->value, a->value_len } };
	return true;
}

static bool
text_value(const char *text, struct value *out)
{
	if (!text)
		return false;
	*out = (struct value){
		.kind = POLICY_TEXT, .text = { (const uint8_t *)text, (uint32_t)strlen(text) },
	};
	return true;
}

/* False when nothing is bound to it. */
static bool
name_value(const struct pst_policy_case *asked, const struct policy_part *name, struct value *out)
{
	switch (name->binding) {
	case POLICY_NOTHING:
		break;
	case POLICY_RESOURCE:
		return text_value(asked->resource, out);
	case POLICY_ACTION:
		return text_value(asked->action, out);
	case POLICY_IDENTIFIER:
		return text_value(asked->identifier, out);
	case POLICY_CREDENTIAL:
		*out = bool_value(asked->has_credential == PST_CREDENTIAL_HELD);
		return asked->has_credential != PST_CREDENTIAL_UNBOUND;
	case POLICY_ATTRIBUTE:
		return attribute_value(asked, name->text, out);
	}
	return false;
}

/* ---- comparing ---- */

enum order { LESS = -1, EQUAL, GREATER, UNORDERED, OTHER_KIND };

static enum order
order_of(double a, double b)
{
	return a < b ? LESS : a > b ? GREATER : a == b ? EQUAL : UNORDERED;
}

/* Sequences by length, then by what differs first. */
static enum order
compare(const struct value *a, const struct value *b)
{
	int order = 0;

	if (a->kind != b->kind)
		return OTHER_KIND;
	switch (a->kind) {
	case POLICY_TEXT:
		order = pst_utf8_compare(a->text.bytes, a->text.len, b->text.bytes, b->text.len);
		break;
	case POLICY_INT:
		order = (a->i > b->i) - (a->i < b->i);
		break;
	case POLICY_FLOAT:
		return order_of(a->f, b->f);
	case POLICY_BOOL:
		order = a->b - b->b;
		break;
	case POLICY_SEQUENCE:
		order = (a->sequence.count > b->sequence.count) - (a->sequence.count < b->sequence.count);
		for (uint32_t i = 0; !order && i < a->sequence.count; i++) {
			enum order items = compare(&a->sequence.item[i], &b->sequence.item[i]);

			if (items != EQUAL)
				return items;
		}
		break;
	default: /* () and () */
		break;
	}
	return order < 0 ? LESS : order > 0 ? GREATER : EQUAL;
}

/* ---- operators ---- */

/* All operands, one behind the other. */
static struct value *
operands_eval(struct run *run, const struct policy_part *of)
{
	struct value *base = &run->stack[run->top], *value = base;

	run->top += of->count;
	for (uint32_t i = of->first; i; i = part_of(run, i)->next)
		if (!part_eval(run, i, value++))
			return NULL;
	return base;
}

/* and, or: the last operand is the outcome, whatever it is. */
static bool
eval_logic(struct run *run, uint32_t at, struct value *out)
{
	const struct policy_part *call = part_of(run, at);
	bool goes_on = call->op == POLICY_AND;

	*out = bool_value(goes_on);
	for (uint32_t i = call->first; i; i = part_of(run, i)->next) {
		if (!part_eval(run, i, out))
			return false;
		if (!part_of(run, i)->next)
			break;
		if (out->kind != POLICY_BOOL)
			return fail(run, at, PST_POLICY_OPERAND);
		if (out->b != goes_on)
			break;
	}
	return true;
}

static bool
eval_not(struct run *run, uint32_t at, struct value *out)
{
	const struct policy_part *call = part_of(run, at);

	if (call->count != 1)
		return fail(run, at, PST_POLICY_OPERANDS);
	if (!part_eval(run, call->first, out))
		return false;
	if (out->kind != POLICY_BOOL)
		return fail(run, at, PST_POLICY_OPERAND);
	out->b = !out->b;
	return true;
}

static bool
eval_if(struct run *run, uint32_t at, struct value *out)
{
	const struct policy_part *call = part_of(run, at);
	uint32_t yes;

	if (call->count != 3)
		return fail(run, at, PST_POLICY_OPERANDS);
	if (!part_eval(run, call->first, out))
		return false;
	if (out->kind != POLICY_BOOL)
		return fail(run, at, PST_POLICY_OPERAND);
	yes = part_of(run, call->first)->next;
	return part_eval(run, out->b ? yes : part_of(run, yes)->next, out);
}

/* < > = !=: neighbours, until one pair does not hold. */
static bool
eval_order(struct run *run, uint32_t at, struct value *out)
{
	const struct policy_part *call = part_of(run, at);
	const enum order wanted = call->op == POLICY_LESS ? LESS
	    : call->op == POLICY_GREATER ? GREATER : EQUAL;
	const uint32_t top = run->top;
	const struct value *value;

	if (call->count < 2 && call->op != POLICY_UNEQUAL)
		return fail(run, at, PST_POLICY_OPERANDS);
	value = operands_eval(run, call);
	if (!value)
		return false;
	*out = bool_value(true);
	for (uint32_t i = 1; out->b && i < call->count; i++) {
		enum order order = compare(&value[i - 1], &value[i]);

		if (order == OTHER_KIND)
			return fail(run, at, PST_POLICY_KINDS);
		out->b = order == wanted;
	}
	if (call->op == POLICY_UNEQUAL)
		out->b = !out->b;
	run->top = top;
	return true;
}

static bool
eval_member(struct run *run, uint32_t at, struct value *out)
{
	const struct policy_part *call = part_of(run, at);
	const uint32_t top = run->top;
	const struct value *value;

	if (call->count != 2)
		return fail(run, at, PST_POLICY_OPERANDS);
	value = operands_eval(run, call);
	if (!value)
		return false;
	if (value[1].kind != POLICY_SEQUENCE)
		return fail(run, at, PST_POLICY_OPERAND);
	*out = bool_value(false);
	for (uint32_t i = 0; !out->b && i < value[1].sequence.count; i++) {
		enum order order = compare(&value[0], &value[1].sequence.item[i]);

		if (order == OTHER_KIND)
			return fail(run, at, PST_POLICY_KINDS);
		out->b = order == EQUAL;
	}
	run->top = top;
	return true;
}

/* Names, which are not evaluated; those behind the first unbound one are not looked at. */
static bool
eval_exists(struct run *run, uint32_t at, struct value *out)
{
	const struct policy_part *call = part_of(run, at);
	struct value ignored;

	*out = bool_value(true);
	for (uint32_t i = call->first; out->b && i; i = part_of(run, i)->next) {
		if (part_of(run, i)->kind != POLICY_NAME)
			return fail(run, at, PST_POLICY_OPERAND);
		out->b = name_value(run->asked, part_of(run, i), &ignored);
	}
	return true;
}

static bool
call_eval(struct run *run, uint32_t at, struct value *out)
{
	static bool (*const evals[POLICY_OPS])(struct run *run, uint32_t at, struct value *out) = {
		[POLICY_AND] = eval_logic,
		[POLICY_OR] = eval_logic,
		[POLICY_NOT] = eval_not,
		[POLICY_IF] = eval_if,
		[POLICY_LESS] = eval_order,
		[POLICY_GREATER] = eval_order,
		[POLICY_EQUAL] = eval_order,
		[POLICY_UNEQUAL] = eval_order,
		[POLICY_MEMBER] = eval_member,
		[POLICY_EXISTS] = eval_exists,
	};
	enum policy_op op = part_of(run, at)->op;

	if (op < POLICY_OPS)
		return evals[op](run, at, out);
	*out = (struct value){ .kind = POLICY_CALL };
	return op == POLICY_UNIT || fail(run, at, PST_POLICY_OPERATOR);
}

static bool
part_eval(struct run *run, uint32_t at, struct value *out)
{
	const struct policy_part *part = part_of(run, at);

	out->kind = part->kind;
	switch (part->kind) {
	case POLICY_TEXT:
		out->text = part->text;
		break;
	case POLICY_INT:
		out->i = part->i;
		break;
	case POLICY_FLOAT:
		out->f = part->f;
		break;
	case POLICY_BOOL:
		out->b = part->b;
		break;
	case POLICY_NAME:
		return name_value(run->asked, part, out) || fail(run, at, PST_POLICY_UNBOUND);
	case POLICY_SEQUENCE:
		out->sequence.count = part->count;
		out->sequence.item = operands_eval(run, part);
		return out->sequence.item != NULL;
	case POLICY_CALL:
		return call_eval(run, at, out);
	}
	return true;
}

bool
pst_policy_allows(const struct pst_policy *policy, const struct pst_policy_case *asked,
    struct pst_policy_verdict *verdict)
{
	struct value outcome;
	struct run run; /* a stack of 24 KiB, written only as far as it is used */

	run.policy = policy;
	run.asked = asked;
	run.top = 0;
	if (part_eval(&run, policy->root, &outcome))
		run.verdict = (struct pst_policy_verdict){
			.why = outcome.kind != POLICY_BOOL ? PST_POLICY_NO_BOOL
			    : outcome.b ? PST_POLICY_TRUE : PST_POLICY_FALSE,
			.part = policy->root,
		};
	if (verdict)
		*verdict = run.verdict;
	return run.verdict.why == PST_POLICY_TRUE;
}
