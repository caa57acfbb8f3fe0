/* The vectors of trust.json that concern policies: abac and abac-override. */
#include <postern/credential.h>
#include <postern/policy.h>

#include "vector.h"

#define ALICE "Idca3c193ee199ad5b20a64a95e0631ed4ca3eba55709cfa339ac72a96b3c6358"

static struct pst_attribute
attribute(const char *name, const char *value)
{
	return (struct pst_attribute){ (const uint8_t *)name, (const uint8_t *)value,
		(uint32_t)strlen(name), (uint32_t)strlen(value) };
}

/* The vectors bind subject.n to the number 5, as no credential can: it stands
 * in the text then. */
static const char *
with_n(const char *expr)
{
	static char text[512];
	const char *n = strstr(expr, "subject.n ");

	if (!n)
		return expr;
	snprintf(text, sizeof text, "%.*s5%s", (int)(n - expr), expr, n + strlen("subject.n"));
	return text;
}

static void
check_text(const char *expr, const json_t *expanded)
{
	struct pst_policy *policy;
	char text[512];

	assert_int_equal(pst_policy_compile(&policy, expr, NULL), PST_OK);
	assert_true(pst_policy_print(policy, text, sizeof text) < sizeof text);
	assert_string_equal(text, json_string_value(expanded));
	pst_policy_free(&policy);
}

static void
check_case(const json_t *c)
{
	const struct pst_attribute attributes[] = { attribute("app", "web"), attribute("flag", "true") };
	const struct pst_policy_case asked = { "outlet", "handle_message", ALICE,
		PST_CREDENTIAL_HELD, attributes, 2 };
	const char *expr = json_string_value(json_object_get(c, "expr"));
	const char *result = json_string_value(json_object_get(c, "result"));
	struct pst_policy_verdict verdict;
	struct pst_err err = PST_ERR_INIT;
	struct pst_policy *policy;
	char why[256];

	if (json_object_get(c, "parse_error")) {
		assert_int_equal(pst_policy_compile(&policy, expr, &err), PST_E_CONF);
		assert_true(!strncmp(err.text, "character ", 10) || !strncmp(err.text, "line ", 5));
		return;
	}
	check_text(expr, json_object_get(c, "expanded"));
	assert_int_equal(pst_policy_compile(&policy, with_n(expr), NULL), PST_OK);
	assert_int_equal(pst_policy_allows(policy, &asked, &verdict),
	    result && !strcmp(result, "true"));
	pst_policy_explain(policy, &verdict, why, sizeof why);
	if (!result)
		assert_true(verdict.why > PST_POLICY_NO_BOOL);
	else
		assert_int_equal(verdict.why, !strcmp(result, "true") ? PST_POLICY_TRUE
		    : !strcmp(result, "false") ? PST_POLICY_FALSE : PST_POLICY_NO_BOOL);
	if (!result && strstr(json_string_value(json_object_get(c, "eval_error")), "unbound"))
		assert_non_null(strstr(why, "is not bound"));
	pst_policy_free(&policy);
}

static void
policies_decide_as_the_peer_decides(void **state)
{
	const json_t *cases = decoded("abac", "cases");
	size_t i;
	json_t *c;

	assert_true(json_array_size(cases) > 50);
	json_array_foreach(cases, i, c)
		check_case(c);
}

static bool
allows(const char *expr, enum pst_has_credential has, const struct pst_attribute *attributes,
    size_t count)
{
	const struct pst_policy_case asked = { "outlet", "handle_message", ALICE, has, attributes, count };
	struct pst_policy *policy;
	bool allowed;

	assert_int_equal(pst_policy_compile(&policy, expr, NULL), PST_OK);
	allowed = pst_policy_allows(policy, &asked, NULL);
	pst_policy_free(&policy);
	return allowed;
}

/* The peer lets a credential replace the two; we do not, and say so (trust.md 6.5). */
static void
a_credential_does_not_replace_what_we_bind(void **state)
{
	const struct pst_attribute forged[] = { attribute("bin", "\xff"),
		attribute("has_credential", "zzz"), attribute("identifier", "FAKE") };
	const char *credential = "(= subject.has_credential true)";

	assert_true(json_is_true(decoded("abac-override", "identifier=FAKE")));
	assert_false(allows("(= subject.identifier \"FAKE\")", PST_CREDENTIAL_HELD, forged, 3));
	assert_true(allows(ALICE, PST_CREDENTIAL_HELD, forged, 3));
	assert_true(allows(credential, PST_CREDENTIAL_HELD, forged, 3));
	assert_false(allows("(= subject.has_credential \"zzz\")", PST_CREDENTIAL_HELD, forged, 3));
	/* and the rest of the vector, as the peer */
	assert_true(json_is_false(decoded("abac-override", "exists bin")));
	assert_false(allows("(exists? subject.bin)", PST_CREDENTIAL_HELD, forged, 3));
	assert_true(json_is_false(decoded("abac-override", "no authority: has_credential")));
	assert_false(allows(credential, PST_CREDENTIAL_UNBOUND, NULL, 0));
	assert_true(json_is_true(decoded("abac-override", "no authority: identifier=real")));
	assert_true(allows(ALICE, PST_CREDENTIAL_UNBOUND, NULL, 0));
	assert_true(json_is_false(decoded("abac-override", "other authority: has_credential")));
	assert_false(allows(credential, PST_CREDENTIAL_NONE, NULL, 0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(policies_decide_as_the_peer_decides),
		cmocka_unit_test(a_credential_does_not_replace_what_we_bind),
	};

	if (vectors_load("trust.json"))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
