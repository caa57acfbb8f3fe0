/*
 * The inside of a policy: a tree in an array.
 *
 *   policy.c        compiling as a whole, limits, what failed where
 *   policy_lex.c    tokens of S-expressions; policy_number.c: those that are numbers
 *   policy_read.c   S-expressions
 *   policy_short.c  the boolean shorthand
 *   policy_eval.c   deciding
 *   policy_print.c  a policy, or a part of one, as text
 */
#ifndef PST_TRUST_POLICY_H
#define PST_TRUST_POLICY_H

#include <postern/policy.h>

/* What a part is, and so what a value is; a name and a call have values of
 * other kinds. */
enum policy_kind {
	POLICY_TEXT,
	POLICY_INT,
	POLICY_FLOAT,
	POLICY_BOOL,
	POLICY_NAME,
	POLICY_SEQUENCE,
	POLICY_CALL, /* as a value: (), the empty list */
};

enum policy_op {
	POLICY_AND,
	POLICY_OR,
	POLICY_NOT,
	POLICY_IF,
	POLICY_LESS,
	POLICY_GREATER,
	POLICY_EQUAL,
	POLICY_UNEQUAL,
	POLICY_MEMBER,
	POLICY_EXISTS,
	POLICY_OPS,   /* how many there are */
	POLICY_UNIT,  /* (): a value */
	POLICY_NO_OP, /* something else stands first, and is the first operand */
};

/* What a name is bound to. */
enum policy_binding {
	POLICY_NOTHING,
	POLICY_RESOURCE,
	POLICY_ACTION,
	POLICY_IDENTIFIER,
	POLICY_CREDENTIAL,
	POLICY_ATTRIBUTE, /* the part's text is the attribute's name */
};

struct policy_text {
	const uint8_t *bytes;
	uint32_t len;
};

struct policy_part {
	enum policy_kind kind;
	union {
		enum policy_op op;           /* CALL */
		enum policy_binding binding; /* NAME */
	};
	uint32_t next;         /* the operand behind it; 0: none */
	uint32_t first, count; /* CALL, SEQUENCE: operands */
	union {
		struct policy_text text; /* TEXT, NAME */
		int64_t i;
		double f;
		bool b;
	};
};

struct pst_policy {
	uint8_t *bytes; /* what texts are slices of */
	uint32_t root, count;
	struct policy_part part[]; /* [0] is nothing */
};

/* Is it true of everybody, because it looks at nothing of who asks? */
bool policy_admits_all(const struct pst_policy *policy);

/* ---- reading ---- */

/* A text being compiled; bytes and pos go forward, and back in the shorthand. */
struct policy_reader {
	struct pst_policy *policy;
	uint8_t *bytes;
	size_t len, pos;
	unsigned depth;
	/* the furthest that anything failed, and what was wanted there */
	bool failed, over; /* over: a limit; nothing else is tried */
	size_t failed_at;
	char wanted[160];
};

/* Say what is wanted at a byte of the text; what failed further on counts.
 * Always false, or no part. */
uint32_t policy_want(struct policy_reader *r, size_t at, const char *fmt, ...) PST_PRINTF(3, 4);
/* Append a part; 0 when there are too many. */
uint32_t policy_add(struct policy_reader *r, struct policy_part part);
/* One bracket deeper; false when there are more than most. Each is left by depth--. */
bool policy_enter(struct policy_reader *r, unsigned most);
/* A name as it stands in an S-expression, and one behind "subject.". */
uint32_t policy_add_name(struct policy_reader *r, struct policy_text name);
uint32_t policy_add_subject(struct policy_reader *r, struct policy_text name);

/* The root of either language; 0 when it is none, after policy_want(). */
uint32_t policy_read_short(struct policy_reader *r);
uint32_t policy_read(struct policy_reader *r);

enum policy_token_kind {
	POLICY_TOKEN_END,
	POLICY_TOKEN_VALUE, /* a text, a number, a bool, a name: part is it */
	POLICY_TOKEN_PUNCT, /* one of ( ) [ ] */
};

struct policy_token {
	enum policy_token_kind kind;
	size_t at;
	char punct;
	struct policy_part part; /* a NAME has its whole text, no binding yet */
};

/* Is a token, behind which no more of it stands, a number, and which? False after policy_want(). */
bool policy_number(struct policy_reader *r, struct policy_text token, bool *is,
    struct policy_part *out);
/* Negative when it is none. */
int policy_hex_digit(uint8_t c);
/* False after policy_want(). */
bool policy_lex(struct policy_reader *r, struct policy_token *token);
/* Would this text, or this one behind "subject.", be read as this name? */
bool policy_name_plain(struct policy_text name, bool subject);

/* The operator of this name; POLICY_NO_OP. */
enum policy_op policy_op_of(struct policy_text name);
extern const char *const policy_op_names[POLICY_OPS];

static inline bool
policy_is(struct policy_text text, const char *word)
{
	size_t len = __builtin_strlen(word);

	return text.len == len && !__builtin_memcmp(text.bytes, word, len);
}

#endif
