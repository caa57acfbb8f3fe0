/*
 * Policies: expressions over attributes that say who may (spec trust.md 6).
 *
 *     component=analysis and not probation
 *     (and (= subject.component "analysis") (< subject.level "5"))
 *
 * A text is compiled once; deciding by it then parses and allocates nothing,
 * and ends: no longer than the policy is. Two languages share the option
 * `allow`. The shorthand is tried first: names, NAME=VALUE, identifiers, and,
 * or, not, parentheses. What is none of it is an S-expression.
 *
 * Meaning is Ockam's, bit by bit, its oddities too: `and`, `or` and `not` of
 * the shorthand need no blanks around them (`notary` is `not ary`), and a name
 * that nothing binds is an error, which denies, not a false. Three things are
 * stricter. A closing bracket that nothing opened is refused, as are characters
 * that turn the direction of text; and what a credential calls `identifier` or
 * `has_credential` does not replace the two names that we bind ourselves.
 *
 * What an expression may refer to:
 *
 *     resource.id             the resource's name
 *     action.id               what is to be done, handle_message
 *     subject.identifier      who is judged, "I…"
 *     subject.has_credential  has it a credential of an authority that counts?
 *                             Not bound where no authority does.
 *     subject.NAME            an attribute, always a string
 */
#ifndef POSTERN_POLICY_H
#define POSTERN_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <postern/err.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pst_attribute;
struct pst_policy;

/* Limits of a text: bytes, parts (operators, names and values), and brackets in
 * brackets; twice as many in the shorthand, where each `not` counts, too. */
#define PST_POLICY_TEXT_MAX 16384
#define PST_POLICY_PARTS_MAX 1024
#define PST_POLICY_DEPTH_MAX 32

/*
 * Compile. PST_E_CONF with a sentence that says at which character what was
 * wanted, PST_E_LIMIT for a policy over the limits, -ENOMEM.
 */
PST_API PST_MUST_CHECK int pst_policy_compile(struct pst_policy **out, const char *text,
    struct pst_err *err);
PST_API void pst_policy_free(struct pst_policy **policy);

/* Whether subject.has_credential is bound, and to what. */
enum pst_has_credential {
	PST_CREDENTIAL_UNBOUND,
	PST_CREDENTIAL_NONE,
	PST_CREDENTIAL_HELD,
};

/* What is decided upon; all is borrowed for the call. */
struct pst_policy_case {
	const char *resource, *action;
	const char *identifier;
	enum pst_has_credential has_credential;
	/* ascending by name, bytewise; what is not UTF-8 is passed over */
	const struct pst_attribute *attributes;
	size_t count;
};

/* Why a policy decided as it did. */
enum pst_policy_why {
	PST_POLICY_TRUE,     /* the only one that allows */
	PST_POLICY_FALSE,
	PST_POLICY_NO_BOOL,  /* the outcome is neither true nor false */
	PST_POLICY_UNBOUND,  /* a name that nothing binds */
	PST_POLICY_KINDS,    /* values of different kinds were compared */
	PST_POLICY_OPERAND,  /* an operand of a kind that its operator does not take */
	PST_POLICY_OPERANDS, /* too few or too many operands */
	PST_POLICY_OPERATOR, /* a list that does not begin with an operator */
};

struct pst_policy_verdict {
	enum pst_policy_why why;
	uint32_t part; /* where; for pst_policy_explain() */
};

/* May it? *verdict (may be NULL) says why. */
PST_API bool pst_policy_allows(const struct pst_policy *policy,
    const struct pst_policy_case *asked, struct pst_policy_verdict *verdict);

/* A sentence for a verdict, cut to fit: "subject.app is not bound". */
PST_API void pst_policy_explain(const struct pst_policy *policy,
    const struct pst_policy_verdict *verdict, char *out, size_t size);
/* The policy as an S-expression, cut to fit; returns its length uncut. Behind
 * "(;;)", a comment, it compiles to the same: without, (and) is shorthand. */
PST_API size_t pst_policy_print(const struct pst_policy *policy, char *out, size_t size);

#ifdef __cplusplus
}
#endif
#endif
