/* `policy NAME { type = …  resource = …  allow = '…' }`: who may, of resources elsewhere. */
#include <errno.h>
#include <stdlib.h>

#include <postern/linked.h>

#include "trust/admission.h"
#include "trust/policy.h"

/* In the order of the option's words. */
static const char *const types[] = { NULL, "tcp-inlet", "tcp-outlet", "relay", "channel", "echoer" };

const struct pst_opt pst_rule_options[] = {
	PST_OPT(ENUM, struct pst_rule_conf, type, "any", "what kind of resources it is for",
	    .of = "any tcp-inlet tcp-outlet relay channel echoer"),
	PST_OPT(STR, struct pst_rule_conf, resource, NULL, "name of the resource; left out: all of the type"),
	PST_OPT(STR, struct pst_rule_conf, allow, NULL, "the policy: who may", .of = "required"),
	PST_OPT_END,
};

struct pst_rule {
	struct pst_rule *next, **link;
	struct pst_section_env *senv; /* NULL: it has left, and stays in force until the node settles */
	const char *type;             /* NULL: any */
	char *resource;               /* NULL: any */
	char *name;
	struct pst_policy *policy;
};

int
pst_rule_check(const void *conf, struct pst_err *err)
{
	const struct pst_rule_conf *c = conf;
	struct pst_policy *policy;

	if (!c->type && !c->resource)
		return pst_fail(err, PST_E_CONF, "say what it is for: a type other than any; or the name of a resource");
	if (pst_policy_compile(&policy, c->allow, err)) {
		pst_fail_in(err, PST_E_CONF, "allow");
		return PST_E_CONF;
	}
	pst_policy_free(&policy);
	return PST_OK;
}

/* ---- looking ---- */

/* How well it fits: a name says more than a type; 0: not at all. */
static unsigned
fits(const struct pst_rule *rule, const char *type, const char *resource)
{
	if (rule->type && (!type || strcmp(rule->type, type)))
		return 0;
	if (rule->resource && (!resource || strcmp(rule->resource, resource)))
		return 0;
	return (rule->resource ? 4 : 0) + (rule->type ? 2 : 0) + (rule->senv ? 1 : 0);
}

const struct pst_rule *
pst_rule_find(const struct pst_env *env, const char *type, const char *resource)
{
	const struct pst_rule *best = NULL;
	unsigned best_fits = 0;

	for (const struct pst_rule *rule = env->rules; rule; rule = rule->next) {
		unsigned how = fits(rule, type, resource);

		if (how > best_fits) {
			best = rule;
			best_fits = how;
		}
	}
	return best;
}

const struct pst_policy *
pst_rule_policy(const struct pst_rule *rule)
{
	return rule->policy;
}

const char *
pst_rule_name(const struct pst_rule *rule)
{
	return rule->name;
}

/* ---- coming and going ---- */

static void
rule_free(struct pst_rule *rule)
{
	pst_linked_leave(rule);
	pst_policy_free(&rule->policy);
	free(rule->resource);
	free(rule->name);
	free(rule);
}

void
pst_rules_settle(struct pst_env *env)
{
	if (!env->rules_changed)
		return;
	env->rules_changed = false;
	for (struct pst_rule *rule = env->rules, *next; rule; rule = next) {
		next = rule->next;
		if (!rule->senv)
			rule_free(rule);
	}
	for (struct pst_admission *admission = env->admissions; admission; admission = admission->next)
		pst_admission_review(admission);
}

static bool
same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static const struct pst_rule *
twin_of(const struct pst_rule *rule, const struct pst_env *env)
{
	for (const struct pst_rule *other = env->rules; other; other = other->next)
		if (other->senv && same(other->type, rule->type) && same(other->resource, rule->resource))
			return other;
	return NULL;
}

static int
rule_fill(struct pst_rule *rule, const struct pst_rule_conf *conf, struct pst_err *err)
{
	const struct pst_rule *twin;

	rule->type = types[conf->type];
	rule->name = strdup(pst_section_name(rule->senv));
	rule->resource = conf->resource ? strdup(conf->resource) : NULL;
	if (!rule->name || (conf->resource && !rule->resource))
		return pst_fail(err, -ENOMEM, "out of memory");
	twin = twin_of(rule, pst_section_env(rule->senv));
	if (twin)
		return pst_fail(err, PST_E_CONF, "policy %s is for the same", twin->name);
	return pst_policy_compile(&rule->policy, conf->allow, err);
}

int
pst_rule_open(void **self, struct pst_section_env *senv, const void *conf, struct pst_err *err)
{
	struct pst_env *env = pst_section_env(senv);
	struct pst_rule *rule = calloc(1, sizeof *rule);
	int rc;

	if (!rule)
		return pst_fail(err, -ENOMEM, "out of memory");
	rule->senv = senv;
	rc = rule_fill(rule, conf, err);
	if (rc) {
		rule_free(rule);
		return rc;
	}
	pst_linked_enter(&env->rules, rule);
	env->rules_changed = true;
	if (policy_admits_all(rule->policy))
		pst_warn(pst_section_log(senv), "this policy admits everybody, whatever they are");
	*self = rule;
	pst_section_up(senv);
	return PST_OK;
}

void
pst_rule_close(void *self)
{
	struct pst_rule *rule = self;
	struct pst_section_env *senv = rule->senv;

	rule->senv = NULL;
	pst_section_env(senv)->rules_changed = true;
	pst_section_closed(senv);
}
