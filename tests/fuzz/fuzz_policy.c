/*
 * Policies, of both languages. What is taken is printed, taken the same, and
 * decides the same; what is refused comes with a sentence.
 * Covers: core/trust/policy.c core/trust/policy_lex.c core/trust/policy_number.c
 * Covers: core/trust/policy_read.c core/trust/policy_short.c core/trust/policy_eval.c
 * Covers: core/trust/policy_print.c
 */
#include <stdlib.h>
#include <string.h>

#include <postern/credential.h>
#include <postern/policy.h>

#include "trust/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
check(bool right)
{
	if (!right)
		abort();
}

/* By two subjects, of which one has nothing. */
static void
check_same(const struct pst_policy *a, const struct pst_policy *b)
{
	static const struct pst_attribute attributes[] = {
		{ (const uint8_t *)"a", (const uint8_t *)"true", 1, 4 },
		{ (const uint8_t *)"app", (const uint8_t *)"web", 3, 3 },
		{ (const uint8_t *)"bin", (const uint8_t *)"\xff", 3, 1 },
		{ (const uint8_t *)"n", (const uint8_t *)"5", 1, 1 },
	};
	static const struct pst_policy_case cases[] = {
		{ "outlet", "handle_message", "I0", PST_CREDENTIAL_HELD, attributes, 4 },
		{ "outlet", "handle_message", "I0", PST_CREDENTIAL_UNBOUND, NULL, 0 },
	};
	struct pst_policy_verdict first, second;
	char why[2][512];

	for (size_t i = 0; i < 2; i++) {
		check(pst_policy_allows(a, &cases[i], &first) == pst_policy_allows(b, &cases[i], &second));
		check(first.why == second.why);
		pst_policy_explain(a, &first, why[0], sizeof why[0]);
		pst_policy_explain(b, &second, why[1], sizeof why[1]);
		check(*why[0] && !strcmp(why[0], why[1]));
	}
}

/* What is said to be true of everybody is so of whom nothing is known. */
static void
check_all(const struct pst_policy *policy)
{
	static const struct pst_policy_case nobody = { "outlet", "handle_message", "I0", PST_CREDENTIAL_UNBOUND, NULL, 0 };

	check(!policy_admits_all(policy) || pst_policy_allows(policy, &nobody, NULL));
}

static void
check_again(const struct pst_policy *policy)
{
	static char comment[PST_POLICY_TEXT_MAX + 1] = "(;;)", more[PST_POLICY_TEXT_MAX + 1];
	char *text = comment + 4; /* with the comment it is no shorthand, as (and) else is */
	size_t len = pst_policy_print(policy, text, sizeof comment - 4);
	struct pst_policy *again;
	int rc;

	check(len > 0);
	if (len + 4 > PST_POLICY_TEXT_MAX)
		return;
	check(strlen(text) == len);
	rc = pst_policy_compile(&again, comment, NULL);
	if (rc == PST_E_LIMIT) /* the shorthand is shorter */
		return;
	check(!rc);
	check(pst_policy_print(again, more, sizeof more) == len && !strcmp(text, more));
	check_same(policy, again);
	pst_policy_free(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = strndup((const char *)data, len);
	struct pst_err err = PST_ERR_INIT;
	struct pst_policy *policy;
	int rc = pst_policy_compile(&policy, text, &err);

	if (rc) {
		check((rc == PST_E_CONF || rc == PST_E_LIMIT) && !policy && err.text[0]);
	} else {
		check_all(policy);
		check_again(policy);
		pst_policy_free(&policy);
	}
	free(text);
	return 0;
}
