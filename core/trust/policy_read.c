/*
 * S-expressions (spec trust.md 6.1): a list is an operator and its operands; a
 * sequence has values of one kind. What stands at the top without parentheses
 * is one list. An operator that is not known, or has too few operands, is an
 * error where it is evaluated, which need not come to pass: as with Ockam.
 */
#include "trust/policy.h"

struct list {
	uint32_t first, last, count;
};

static bool read_list(struct policy_reader *r, struct list *list, char end);

static void
list_add(struct policy_reader *r, struct list *list, uint32_t part)
{
	if (list->last)
		r->policy->part[list->last].next = part;
	else
		list->first = part;
	list->last = part;
	list->count++;
}

static uint32_t
call_make(struct policy_reader *r, const struct list *list)
{
	const struct policy_part *head = &r->policy->part[list->first];
	struct policy_part call = {
		.kind = POLICY_CALL, .op = POLICY_NO_OP, .first = list->first, .count = list->count,
	};
	enum policy_op op = POLICY_NO_OP;

	if (!list->count)
		call.op = POLICY_UNIT;
	else if (head->kind == POLICY_NAME && head->binding == POLICY_NOTHING)
		op = policy_op_of(head->text);
	if (op < POLICY_OPS) {
		call.op = op;
		call.first = head->next;
		call.count--;
	}
	return policy_add(r, call);
}

/* ---- sequences ---- */

enum same { SAME, DIFFERENT, OTHER_KIND };

static enum same parts_same(const struct pst_policy *policy, uint32_t a, uint32_t b);

static enum same
texts_same(struct policy_text a, struct policy_text b)
{
	return a.len == b.len && !__builtin_memcmp(a.bytes, b.bytes, a.len) ? SAME : DIFFERENT;
}

static enum same
lists_same(const struct pst_policy *policy, const struct policy_part *a,
    const struct policy_part *b)
{
	enum same same = SAME;

	for (uint32_t i = a->first, j = b->first; same == SAME && i; i = policy->part[i].next) {
		same = parts_same(policy, i, j);
		j = policy->part[j].next;
	}
	return same;
}

/* Of a list, the operator is the first item, and a name. */
static enum same
calls_same(const struct pst_policy *policy, const struct policy_part *a,
    const struct policy_part *b)
{
	bool a_op = a->op < POLICY_OPS, b_op = b->op < POLICY_OPS;

	if (a->count + a_op != b->count + b_op)
		return DIFFERENT;
	if (a_op != b_op)
		return policy->part[(a_op ? b : a)->first].kind == POLICY_NAME ? DIFFERENT : OTHER_KIND;
	return a->op == b->op ? lists_same(policy, a, b) : DIFFERENT;
}

/* As written, not as evaluated: two names are of one kind, whatever they mean. */
static enum same
parts_same(const struct pst_policy *policy, uint32_t ai, uint32_t bi)
{
	const struct policy_part *a = &policy->part[ai], *b = &policy->part[bi];
	bool same = false;

	if (a->kind != b->kind)
		return OTHER_KIND;
	switch (a->kind) {
	case POLICY_TEXT:
		return texts_same(a->text, b->text);
	case POLICY_NAME:
		same = a->binding == b->binding && texts_same(a->text, b->text) == SAME;
		break;
	case POLICY_INT:
		same = a->i == b->i;
		break;
	case POLICY_FLOAT:
		same = a->f == b->f;
		break;
	case POLICY_BOOL:
		same = a->b == b->b;
		break;
	case POLICY_SEQUENCE:
		return a->count == b->count ? lists_same(policy, a, b) : DIFFERENT;
	case POLICY_CALL:
		return calls_same(policy, a, b);
	}
	return same ? SAME : DIFFERENT;
}

static uint32_t
sequence_make(struct policy_reader *r, const struct list *list, size_t at)
{
	const struct policy_part *part = r->policy->part;

	for (uint32_t i = list->first; i && part[i].next; i = part[i].next)
		if (parts_same(r->policy, i, part[i].next) == OTHER_KIND)
			return policy_want(r, at, "want items of one kind in a sequence");
	return policy_add(r, (struct policy_part){
		.kind = POLICY_SEQUENCE, .first = list->first, .count = list->count,
	});
}

/* ---- lists ---- */

/* Behind the bracket at `at`. */
static uint32_t
in_brackets(struct policy_reader *r, char bracket, size_t at)
{
	struct list inner = { 0 };
	uint32_t part = 0;

	if (!policy_enter(r, PST_POLICY_DEPTH_MAX))
		return 0;
	if (read_list(r, &inner, bracket == '(' ? ')' : ']'))
		part = bracket == '(' ? call_make(r, &inner) : sequence_make(r, &inner, at);
	r->depth--;
	return part;
}

static uint32_t
value_add(struct policy_reader *r, const struct policy_part *part)
{
	return part->kind == POLICY_NAME ? policy_add_name(r, part->text) : policy_add(r, *part);
}

/* As far as the bracket `end`, or the end of the text ('\0'). */
static bool
read_list(struct policy_reader *r, struct list *list, char end)
{
	struct policy_token token;
	uint32_t part;

	while (policy_lex(r, &token)) {
		if (token.punct == end && (end || token.kind == POLICY_TOKEN_END))
			return true;
		if (token.kind == POLICY_TOKEN_END)
			return policy_want(r, token.at, "want %c", end);
		if (token.punct == ')' || token.punct == ']')
			return end ? policy_want(r, token.at, "want %c, not %c", end, token.punct)
				   : policy_want(r, token.at, "%c without its opening bracket", token.punct);
		part = token.punct ? in_brackets(r, token.punct, token.at) : value_add(r, &token.part);
		if (!part)
			return false;
		list_add(r, list, part);
	}
	return false;
}

/* Does it, or its first item, or that one's first item, … begin with an operator? */
static bool
is_operation(const struct pst_policy *policy, uint32_t i)
{
	const struct policy_part *part = &policy->part[i];

	while (part->kind == POLICY_CALL && part->op == POLICY_NO_OP)
		part = &policy->part[part->first];
	if (part->kind == POLICY_NAME)
		return part->binding == POLICY_NOTHING && policy_op_of(part->text) < POLICY_OPS;
	return part->kind == POLICY_CALL && part->op < POLICY_OPS;
}

uint32_t
policy_read(struct policy_reader *r)
{
	struct list top = { 0 };
	uint32_t root;

	if (!read_list(r, &top, '\0'))
		return 0;
	root = top.count == 1 ? top.first : call_make(r, &top);
	if (root && !is_operation(r->policy, root))
		root = policy_want(r, 0, "want an operator first: and or not if < > = != member? exists?");
	return root;
}
