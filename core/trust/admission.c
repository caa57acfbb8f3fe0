/*
 * Who may. The list is a set of identifiers by open addressing: identifiers are
 * hashes already and the set is the operator's, so eight of their bytes are the
 * place to look; at most half full, so a stranger's look-up ends soon.
 */
#include "trust/admission.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <postern/linked.h>
#include <postern/project.h>

#include "trust/clock.h"
#include "trust/known.h"
#include "trust/policy.h"

/* ---- the list ---- */

/* The slot of id, or the free one where it belongs. */
static size_t
slot_find(const struct pst_admission *admission, const struct pst_identifier *id)
{
	uint64_t at;

	memcpy(&at, id->bytes, sizeof at);
	for (;; at++) {
		const struct slot *slot = &admission->slot[at & (admission->slots - 1)];

		if (!slot->used || pst_identifier_equal(&slot->id, id))
			return (size_t)(slot - admission->slot);
	}
}

static int
admission_add(struct pst_admission *admission, const char *text, struct pst_err *err)
{
	struct pst_identifier id;
	struct slot *slot;

	if (!strcmp(text, "*")) {
		admission->anybody = true;
		return PST_OK;
	}
	if (pst_identifier_parse(&id, text))
		return pst_fail(err, PST_E_CONF,
		    "\"%.80s\" is neither an identifier (I and 64 hex digits) nor \"*\"",
		    text);
	slot = &admission->slot[slot_find(admission, &id)];
	slot->used = true;
	slot->id = id;
	return PST_OK;
}

int
pst_admission_new(struct pst_admission **out, const struct pst_list *authorized,
    struct pst_err *err)
{
	struct pst_admission *admission;
	size_t slots = 2;

	*out = NULL;
	while (slots < authorized->count * 2)
		slots *= 2;
	admission = calloc(1, sizeof *admission + slots * sizeof admission->slot[0]);
	if (!admission)
		return pst_fail(err, -ENOMEM, "out of memory");
	admission->slots = slots;
	admission->listed = authorized->count > 0;
	for (size_t i = 0; i < authorized->count; i++) {
		int rc = admission_add(admission, authorized->item[i], err);

		if (rc) {
			pst_admission_free(&admission);
			return rc;
		}
	}
	*out = admission;
	return PST_OK;
}

void
pst_admission_free(struct pst_admission **out)
{
	struct pst_admission *admission = *out;

	*out = NULL;
	if (!admission)
		return;
	while (admission->inside)
		pst_admission_leave(admission->inside);
	pst_linked_leave(admission);
	pst_policy_free(&admission->allow);
	pst_policy_free(&admission->members);
	free(admission->resource);
	free(admission->project);
	free(admission);
}

int
pst_admission_check(const struct pst_list *authorized, const char *key, struct pst_err *err)
{
	struct pst_admission *admission;
	int rc = pst_admission_new(&admission, authorized, err);

	if (rc)
		pst_fail_in(err, rc, "%s", key);
	else
		pst_admission_free(&admission);
	return rc;
}

/* ---- of a section ---- */

static const char *
key_of(const char *key, const char *usual)
{
	return key ? key : usual;
}

/* The list and the policies, of a section that is checked or opened. */
static int
admission_read(struct pst_admission **out, const struct pst_admission_conf *conf,
    struct pst_err *err)
{
	const char *allow = key_of(conf->allow_key, "allow");
	const char *authorized = key_of(conf->authorized_key, "authorized");
	int rc;

	*out = NULL;
	if (!conf->authorized->count && !conf->allow && !conf->project)
		return pst_fail(err, PST_E_CONF, "%s: say who may %s: identifiers, or \"*\" for everybody; "
		    "or %s, a policy; or a project", authorized, conf->may, allow);
	rc = pst_admission_new(out, conf->authorized, err);
	if (rc)
		return pst_fail_in(err, rc, "%s", authorized);
	if (conf->allow)
		rc = pst_policy_compile(&(*out)->allow, conf->allow, err);
	if (rc)
		pst_fail_in(err, rc, "%s", allow);
	else if (conf->project && !conf->authorized->count)
		rc = pst_policy_compile(&(*out)->members, "(= subject.has_credential true)", err);
	if (rc)
		pst_admission_free(out);
	return rc;
}

int
pst_admission_look(const struct pst_admission_conf *conf, struct pst_err *err)
{
	struct pst_admission *admission;
	int rc = admission_read(&admission, conf, err);

	pst_admission_free(&admission);
	/* a section's check fails in one way */
	return rc == PST_E_LIMIT ? PST_E_CONF : rc;
}

int
pst_admission_open(struct pst_admission **out, struct pst_section_env *senv,
    const struct pst_admission_conf *conf, struct pst_err *err)
{
	struct pst_env *env = pst_section_env(senv);
	struct pst_admission *admission;
	int rc = admission_read(out, conf, err);

	if (rc)
		return rc;
	admission = *out;
	admission->resource = strdup(conf->resource ? conf->resource : pst_section_name(senv));
	admission->project = conf->project ? strdup(conf->project) : NULL;
	if (!admission->resource || (conf->project && !admission->project)) {
		pst_admission_free(out);
		return pst_fail(err, -ENOMEM, "out of memory");
	}
	admission->senv = senv;
	admission->type = conf->type;
	admission->may = conf->may;
	admission->any_authority = conf->any_authority;
	pst_linked_enter(&env->admissions, admission);
	if (admission->allow && (!admission->listed || admission->anybody) && policy_admits_all(admission->allow))
		pst_warn(pst_section_log(senv), "this policy admits everybody, whatever they are",
		    PST_STR("policy", conf->allow));
	return PST_OK;
}

/* ---- the rule ---- */

const struct pst_identifier *
pst_admission_authority(const struct pst_admission *admission)
{
	const void *ops = NULL;
	void *project = NULL;

	if (admission->project)
		project = pst_section_ref(admission->senv, "project", admission->project, &ops);
	return project && ops ? ((const struct pst_project_ops *)ops)->authority(project) : NULL;
}

enum pst_has_credential
pst_admission_credential(const struct pst_admission *admission, bool held)
{
	if (!admission->project && !admission->any_authority)
		return PST_CREDENTIAL_UNBOUND;
	return held ? PST_CREDENTIAL_HELD : PST_CREDENTIAL_NONE;
}

const struct pst_attribute *
pst_admission_attribute(const struct pst_admission *admission, const struct pst_peer *peer,
    const char *name)
{
	const struct pst_identifier *authority = pst_admission_authority(admission);
	const struct pst_attributes *attributes =
	    authority ? pst_peer_attributes(peer, authority) : NULL;

	return attributes ? pst_attributes_find(attributes, name, strlen(name)) : NULL;
}

/* The policy that holds, and what it is called; NULL: none does. */
static const struct pst_policy *
policy_of(const struct pst_admission *admission, char rule[static 160])
{
	const struct pst_rule *said;

	snprintf(rule, 160, "%s", admission->allow ? "allow" : "authorized");
	if (admission->allow || !admission->senv)
		return admission->allow;
	said = pst_rule_find(pst_section_env(admission->senv), admission->type, admission->resource);
	if (said) {
		snprintf(rule, 160, "policy %s", pst_rule_name(said));
		return pst_rule_policy(said);
	}
	if (admission->members)
		snprintf(rule, 160, "project %s", admission->project);
	return admission->members;
}

static bool
is_named(const struct pst_admission *admission, const struct pst_identifier *id)
{
	return id && admission->slot[slot_find(admission, id)].used;
}

void
pst_admission_rule(const struct pst_admission *admission, const struct pst_subject *subject,
    struct pst_ruling *out)
{
	char text[PST_IDENTIFIER_TEXT];
	struct pst_policy_case asked = {
		.action = "handle_message",
		.identifier = subject->id ? text : NULL,
		.has_credential = subject->has_credential,
		.attributes = subject->attributes,
		.count = subject->count,
	};

	*out = (struct pst_ruling){ .allowed = false };
	out->policy = policy_of(admission, out->rule);
	out->allowed = admission->listed
	    ? admission->anybody || is_named(admission, subject->id) : out->policy != NULL;
	if (!out->allowed) {
		snprintf(out->rule, sizeof out->rule, "authorized");
		out->policy = NULL;
	}
	if (!out->policy)
		return;
	if (subject->id)
		pst_identifier_format(text, subject->id);
	asked.resource = admission->resource;
	out->allowed = pst_policy_allows(out->policy, &asked, &out->verdict);
}

/* From here on, the first that counts, valid now. */
static const struct pst_attributes *
next_that_counts(const struct pst_admission *admission, const struct pst_identifier *authority,
    const struct pst_statement **at)
{
	uint64_t now = pst_clock_now();

	while (*at) {
		const struct pst_attributes *said = (*at)->attributes;

		*at = (*at)->next;
		if (said->expires_at > now && (admission->any_authority ||
		    (authority && pst_identifier_equal(&said->issuer, authority))))
			return said;
	}
	return NULL;
}

void
pst_admission_judge(const struct pst_admission *admission, const struct pst_identifier *id,
    const struct pst_standing *standing, struct pst_subject *subject, struct pst_ruling *out)
{
	const struct pst_identifier *authority = pst_admission_authority(admission);
	const struct pst_statement *at = standing ? standing->statements : NULL;
	const struct pst_attributes *said = next_that_counts(admission, authority, &at);

	do {
		*subject = (struct pst_subject){
			.id = id,
			.has_credential = pst_admission_credential(admission, said),
			.attributes = said ? said->item : NULL,
			.count = said ? said->count : 0,
		};
		pst_admission_rule(admission, subject, out);
		said = next_that_counts(admission, authority, &at);
	} while (!out->allowed && said);
}

bool
pst_admission_anybody(const struct pst_admission *admission)
{
	char rule[160];

	return admission->anybody && !policy_of(admission, rule);
}

static bool
allows(const struct pst_admission *admission, const struct pst_peer *peer,
    struct pst_ruling *ruling)
{
	struct pst_subject subject;

	pst_admission_judge(admission, pst_peer_identifier(peer), &peer->known->standing, &subject, ruling);
	/* who is named is known for good (design.md 8) */
	if (ruling->allowed && is_named(admission, subject.id))
		pst_peer_keep(peer);
	return ruling->allowed;
}

bool
pst_admission_names(const struct pst_admission *admission, const struct pst_peer *peer)
{
	struct pst_ruling ruling;

	return !pst_admission_anybody(admission) && allows(admission, peer, &ruling);
}

bool
pst_admission_allows(struct pst_admission *admission, const struct pst_peer *peer)
{
	struct pst_ruling ruling;
	char reason[64], why[256] = "is not named";

	if (allows(admission, peer, &ruling))
		return true;
	if (!admission->senv)
		return false;
	snprintf(reason, sizeof reason, "may not %s", admission->may);
	if (ruling.policy)
		pst_policy_explain(ruling.policy, &ruling.verdict, why, sizeof why);
	pst_log_rated(pst_section_log(admission->senv), PST_LOG_WARN, &admission->refusals, "refused",
	    PST_STR("reason", reason), PST_STR("peer", pst_peer_text(peer)),
	    PST_STR("resource", admission->resource), PST_STR("rule", ruling.rule),
	    PST_STR("why", why));
	return false;
}
