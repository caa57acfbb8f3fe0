/*
 * policies: what a decision costs. Prints the nanoseconds of one, for a policy
 * of each size.
 */
#include <stdio.h>
#include <string.h>
#include <uv.h>

#include <postern/credential.h>
#include <postern/policy.h>

#define DECISIONS 2000000
#define ATTRIBUTE(name, value) \
	{ (const uint8_t *)(name), (const uint8_t *)(value), sizeof(name) - 1, sizeof(value) - 1 }

int
main(void)
{
	static const struct pst_attribute attributes[] = {
		ATTRIBUTE("component", "analysis"), ATTRIBUTE("level", "5"),
		ATTRIBUTE("ockam-relay", "postgres"), ATTRIBUTE("region", "eu-west"),
		ATTRIBUTE("role", "member"),
	};
	static const struct pst_policy_case asked = { "postgres", "handle_message",
		"Idca3c193ee199ad5b20a64a95e0631ed4ca3eba55709cfa339ac72a96b3c6358",
		PST_CREDENTIAL_HELD, attributes, 5 };
	static const struct {
		const char *name, *text;
	} table[] = {
		{ "default", "(= subject.has_credential true)" },
		{ "one", "component=analysis" },
		{ "four", "component=analysis and not role=admin and (region=eu-west or region=eu-east)" },
		{ "member", "(member? subject.region [\"us\" \"asia\" \"eu-north\" \"eu-west\"])" },
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct pst_policy *policy;
		uint64_t began, allowed = 0;

		if (pst_policy_compile(&policy, table[i].text, NULL))
			return 1;
		began = uv_hrtime();
		for (size_t n = 0; n < DECISIONS; n++)
			allowed += pst_policy_allows(policy, &asked, NULL);
		printf("policies.%s_ns %.0f\n", table[i].name, (double)(uv_hrtime() - began) / DECISIONS);
		pst_policy_free(&policy);
		if (allowed != DECISIONS)
			return 1;
	}
	return 0;
}
