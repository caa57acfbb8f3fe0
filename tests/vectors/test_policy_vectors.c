/*
 * Policies: the vectors abac and abac-override of trust.json, and what Ockam's
 * evaluator says of the expressions in policies.json.
 */
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

/* ---- policies.json ---- */

#define ATTRIBUTES_MAX 16

/* By enum pst_policy_why. */
static const char letters[] = "tfvukiao";

struct subject {
	struct pst_policy_case asked;
	struct pst_attribute attributes[ATTRIBUTES_MAX];
};

static int
by_name(const void *a, const void *b)
{
	return strcmp((const char *)((const struct pst_attribute *)a)->name,
	    (const char *)((const struct pst_attribute *)b)->name);
}

static void
subject_read(struct subject *out, const json_t *set)
{
	const json_t *has = json_object_get(set, "has_credential");
	const char *name;
	json_t *value;

	*out = (struct subject){ .asked = {
		.resource = json_string_value(json_object_get(set, "resource")),
		.action = "handle_message",
		.identifier = json_string_value(json_object_get(set, "identifier")),
		.has_credential = json_is_true(has) ? PST_CREDENTIAL_HELD
		    : json_is_false(has) ? PST_CREDENTIAL_NONE : PST_CREDENTIAL_UNBOUND,
	} };
	out->asked.attributes = out->attributes;
	json_object_foreach(json_object_get(set, "attributes"), name, value) {
		assert_true(out->asked.count < ATTRIBUTES_MAX);
		out->attributes[out->asked.count++] = attribute(name, json_string_value(value));
	}
	qsort(out->attributes, out->asked.count, sizeof out->attributes[0], by_name);
}

/* What the policy says of each set, in letters. */
static void
results_of(char *out, const char *expr, const struct subject *subjects, size_t count)
{
	struct pst_policy_verdict verdict;
	struct pst_policy *policy;

	if (pst_policy_compile(&policy, expr, NULL)) {
		strcpy(out, "parse");
		return;
	}
	for (size_t i = 0; i < count; i++) {
		bool allowed = pst_policy_allows(policy, &subjects[i].asked, &verdict);

		assert_int_equal(allowed, verdict.why == PST_POLICY_TRUE);
		*out++ = letters[verdict.why];
	}
	*out = '\0';
	pst_policy_free(&policy);
}

static void
five_hundred_policies_decide_as_the_peer_decides(void **state)
{
	struct subject subjects[16];
	json_t *file = vectors_open("policies.json"), *sets = json_object_get(file, "sets"), *c;
	char results[32];
	size_t i, wrong = 0;

	assert_in_range(json_array_size(sets), 8, 16);
	json_array_foreach(sets, i, c)
		subject_read(&subjects[i], c);
	assert_true(json_array_size(json_object_get(file, "cases")) > 500);
	json_array_foreach(json_object_get(file, "cases"), i, c) {
		const char *expr = json_string_value(json_array_get(c, 0));
		const char *want = json_string_value(json_array_get(c, 1));

		results_of(results, expr, subjects, json_array_size(sets));
		if (strcmp(results, want)) {
			print_error("%s: %s, want %s\n", expr, results, want);
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
	json_decref(file);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(policies_decide_as_the_peer_decides),
		cmocka_unit_test(a_credential_does_not_replace_what_we_bind),
		cmocka_unit_test(five_hundred_policies_decide_as_the_peer_decides),
	};

	if (vectors_load("trust.json"))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
