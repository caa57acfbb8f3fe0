/* Policies: what is refused and where, limits, and that a decision stays small. */
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <postern/credential.h>
#include <postern/policy.h>

static void
refused(const char *text, int rc, const char *sentence)
{
	struct pst_err err = PST_ERR_INIT;
	struct pst_policy *policy;

	assert_int_equal(pst_policy_compile(&policy, text, &err), rc);
	assert_null(policy);
	if (!strstr(err.text, sentence))
		fail_msg("%s: \"%s\", want \"%s\"", text, err.text, sentence);
}

static void
what_is_wrong_is_named_with_its_character(void **state)
{
	static const struct {
		const char *text, *sentence;
	} table[] = {
		{ "", "character 1: want a name" },
		{ "app = web", "character 4: want \"and\", \"or\" or the end" },
		{ "app=", "character 5: want a value" },
		{ "app=\"web", "character 9: want a \" behind the value" },
		{ "(a or b", "character 8: want \"and\", \"or\" or \")\"" },
		{ "a and 1", "character 7: want a name" },
		{ "(= subject.app 'web')", "character 16: want an operator, a name or a value" },
		{ "(= \"\u00e9\" 'web')", "character 8: want" },
		{ "(and true false", "character 16: want )" },
		{ "(and true\n  (= 1 2]", "line 2, character 9: want ), not ]" },
		{ "= 1 1)", "character 6: ) without its opening bracket" },
		{ "(= \"a\" \"b)", "character 11: want a \" that ends the string" },
		{ "(= \"\\q\" 1)", "character 6: want one of" },
		{ "(= \"\\u{d800}\" 1)", "character 7: no character" },
		{ "(= \"\\ff\" 1)", "character 5: the bytes of this string are not UTF-8" },
		{ "(= \"a\x01\" 1)", "character 6: a control character" },
		{ "(= [1 \"a\"] 1)", "character 4: want items of one kind" },
		{ "(= 9223372036854775808 1)", "character 4: a number beyond 64 bits" },
		{ "(= 0x1.8 1.5)", "character 4: want a decimal number" },
		{ "(= \"a\"b 1)", "character 4: want a blank before and behind a string" },
		{ "(; (= 1 1)", "character 11: want ;)" },
		{ "a=\"\u202e\"", "character 4: a character that turns the direction" },
		{ "a=\"\xff\"", "character 4: not UTF-8" },
		{ "subject.app \"web\"", "character 12: want \"and\", \"or\" or the end" },
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		refused(table[i].text, PST_E_CONF, table[i].sentence);
}

/* text, repeated */
static char *
times(const char *before, const char *text, size_t n, const char *middle, const char *behind)
{
	char *out, *end;

	out = malloc(strlen(before) + n * (strlen(text) + strlen(behind)) + strlen(middle) + 1);
	assert_non_null(out);
	end = stpcpy(out, before);
	for (size_t i = 0; i < n; i++)
		end = stpcpy(end, text);
	end = stpcpy(end, middle);
	for (size_t i = 0; i < n; i++)
		end = stpcpy(end, behind);
	return out;
}

static void
accepted(const char *text)
{
	struct pst_err err = PST_ERR_INIT;
	struct pst_policy *policy;

	if (pst_policy_compile(&policy, text, &err))
		fail_msg("%.60s: %s", text, err.text);
	pst_policy_free(&policy);
	assert_null(policy);
}

static void
a_policy_has_limits(void **state)
{
	static const struct {
		const char *before, *text, *middle, *behind, *sentence;
		size_t most;
	} table[] = {
		{ "", "(", "a", ")", "more than 64 brackets in brackets", 64 },
		{ "", "not ", "a", "", "more than 64 brackets in brackets", 64 },
		{ "", "(not ", "(= 1 1)", ")", "brackets in brackets", 31 },
		{ "= 1 ", "[", "", "]", "more than 32 brackets in brackets", 32 },
		{ "a", " or a", "", "", "more than 1024 parts", 339 },
		{ "= 1", " 1", "", "", "more than 1024 parts", 1020 },
		{ "", " ", "(and true)", "", "longer than 16384 bytes", PST_POLICY_TEXT_MAX - 10 },
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		char *most = times(table[i].before, table[i].text, table[i].most, table[i].middle,
		    table[i].behind);
		char *more = times(table[i].before, table[i].text, table[i].most + 1,
		    table[i].middle, table[i].behind);

		accepted(most);
		refused(more, PST_E_LIMIT, table[i].sentence);
		free(most);
		free(more);
	}
}

static void
a_verdict_says_why_and_where(void **state)
{
	static const struct {
		const char *text, *why;
	} table[] = {
		{ "(= 1 1)", "(= 1 1) is true" },
		{ "app=web and not flag", "(and (= subject.app \"web\") (not (= subject.flag \"true\"))) is false" },
		{ "nope or app", "subject.nope is not bound" },
		{ "(and true (= 1 \"1\"))", "(= 1 \"1\") compares values of different kinds" },
		{ "(and true (not 1))", "(not 1) has an operand of a wrong kind" },
		{ "(or false (if true 1))", "(if true 1) has too few or too many operands" },
		{ "(or false (foo 1.50 [\"a\\n\" \"\\u{202e}\"]))",
		    "(foo 1.5 [\"a\\0a\" \"\\u{202e}\"]) does not begin with an operator" },
		{ "(if true $\"x y\" 1)", "$\"x y\" is not bound" },
		{ "(if true 1 2)", "(if true 1 2) is neither true nor false" },
	};
	const struct pst_attribute app = { (const uint8_t *)"app", (const uint8_t *)"db", 3, 2 };
	const struct pst_policy_case asked = { "outlet", "handle_message", "I0",
		PST_CREDENTIAL_HELD, &app, 1 };

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct pst_policy_verdict verdict;
		struct pst_policy *policy;
		char why[256], cut[8];

		assert_int_equal(pst_policy_compile(&policy, table[i].text, NULL), PST_OK);
		assert_int_equal(pst_policy_allows(policy, &asked, &verdict), i == 0);
		pst_policy_explain(policy, &verdict, why, sizeof why);
		assert_string_equal(why, table[i].why);
		pst_policy_explain(policy, &verdict, cut, sizeof cut);
		assert_int_equal(strlen(cut), sizeof cut - 1);
		pst_policy_free(&policy);
	}
}

/* As large as a policy may be: it ends, and takes nothing from the heap. */
static void
a_decision_allocates_nothing(void **state)
{
	char *text = times("member? \"x\" [", "\"y\" ", 1000, "]", "");
	const struct pst_policy_case asked = { "outlet", "handle_message", "I0",
		PST_CREDENTIAL_UNBOUND, NULL, 0 };
	struct pst_policy_verdict verdict;
	struct pst_policy *policy;
	struct mallinfo2 before, after;

	assert_int_equal(pst_policy_compile(&policy, text, NULL), PST_OK);
	before = mallinfo2();
	assert_false(pst_policy_allows(policy, &asked, &verdict));
	after = mallinfo2();
	assert_int_equal(verdict.why, PST_POLICY_FALSE);
	assert_int_equal(after.uordblks, before.uordblks);
	pst_policy_free(&policy);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_wrong_is_named_with_its_character),
		cmocka_unit_test(a_policy_has_limits),
		cmocka_unit_test(a_verdict_says_why_and_where),
		cmocka_unit_test(a_decision_allocates_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
