/*
 * The inside of an admission, and the policies that sections say for it.
 *
 *   admission.c  the list of who is named; the rule as a whole; refusals
 *   admitted.c   who is inside, and looked at again
 *   rule.c       sections `policy`
 *
 * A node's admissions and rules hang off its env.
 */
#ifndef PST_TRUST_ADMISSION_H
#define PST_TRUST_ADMISSION_H

#include <postern/admission.h>
#include <postern/policy.h>

#include "base/env.h"
#include "trust/standing.h"

struct pst_admission {
	struct pst_section_env *senv; /* NULL: a list, and nothing else */
	struct pst_admission *next, **link; /* of the env */
	const char *type, *may;
	char *resource;
	char *project;               /* NULL: none */
	struct pst_policy *allow;    /* NULL: not written */
	struct pst_policy *members;  /* "has a credential"; NULL: not the rule here */
	struct pst_admitted *inside;
	struct pst_rate refusals;
	bool listed;  /* `authorized` is written */
	bool anybody; /* and has a "*" */
	bool any_authority; /* counts; else the project's, if one is named */
	size_t slots; /* a power of two, more than are used */
	struct slot {
		bool used;
		struct pst_identifier id;
	} slot[];
};

/* Who is judged, be it a peer or what a person imagines. */
struct pst_subject {
	const struct pst_identifier *id; /* NULL: nobody in particular */
	enum pst_has_credential has_credential;
	const struct pst_attribute *attributes; /* ascending by name */
	size_t count;
};

/* What a rule says of somebody. */
struct pst_ruling {
	bool allowed;
	char rule[160];                 /* "allow", "policy NAME", "project NAME", "authorized" */
	const struct pst_policy *policy; /* that decided; NULL: the list did */
	struct pst_policy_verdict verdict;
};

void pst_admission_rule(const struct pst_admission *admission, const struct pst_subject *subject,
    struct pst_ruling *out);
/*
 * What it says of id, by what is known of it (standing; NULL: nothing). Of several who
 * count each is heard by itself, until one convinces. *subject: by what it was decided.
 */
void pst_admission_judge(const struct pst_admission *admission, const struct pst_identifier *id,
    const struct pst_standing *standing, struct pst_subject *subject, struct pst_ruling *out);
/* What has_credential is here, of who holds one that counts or does not. */
enum pst_has_credential pst_admission_credential(const struct pst_admission *admission, bool held);
/* Whose credentials count; NULL where that is not known, or no project is named. */
const struct pst_identifier *pst_admission_authority(const struct pst_admission *admission);

/* admitted.c: look at all who are inside again. */
void pst_admission_review(struct pst_admission *admission);

/* rule.c */
struct pst_rule;
/* The one for a resource of this type (or NULL) and name; NULL: there is none. */
const struct pst_rule *pst_rule_find(const struct pst_env *env, const char *type,
    const char *resource);
const struct pst_policy *pst_rule_policy(const struct pst_rule *rule);
const char *pst_rule_name(const struct pst_rule *rule);
/*
 * The node has settled: rules whose sections have left are forgotten, which until
 * now stayed in force so that none is missing between a section and the one in
 * its place; and if any came or went, all who are inside are looked at again.
 */
void pst_rules_settle(struct pst_env *env);

/* The section. */
struct pst_rule_conf {
	int type;
	const char *resource;
	const char *allow;
};
extern const struct pst_opt pst_rule_options[];
int pst_rule_check(const void *conf, struct pst_err *err);
int pst_rule_open(void **self, struct pst_section_env *env, const void *conf, struct pst_err *err);
void pst_rule_close(void *self);

#endif
