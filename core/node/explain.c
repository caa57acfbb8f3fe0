/* The control service's verb "explain": what the rules of a resource say of somebody. */
#include <stdlib.h>

#include "node/control.h"
#include "node/section.h"
#include "node/status.h"
#include "trust/admission.h"
#include "trust/identity.h"

/* More would not fit into a handshake either. */
#define ATTRIBUTES_MAX 256

struct asked {
	const char *what;
	const char *kind; /* NULL: any */
	size_t kind_len;
	struct pst_identifier id;
	bool who, imagined; /* an identifier is given; attributes are */
	struct pst_attribute attributes[ATTRIBUTES_MAX];
	size_t count;
};

/* ---- the question ---- */

static int
by_name(const void *a, const void *b)
{
	return strcmp((const char *)((const struct pst_attribute *)a)->name,
	    (const char *)((const struct pst_attribute *)b)->name);
}

/* NAME=VALUE each. The text is cut in place: it is the question's own copy. */
static int
attributes_read(struct asked *asked, const json_t *list, struct pst_err *err)
{
	const json_t *item;
	size_t i;

	if (json_array_size(list) > ATTRIBUTES_MAX)
		return pst_fail(err, PST_E_LIMIT, "more than %d attributes", ATTRIBUTES_MAX);
	json_array_foreach(list, i, item) {
		char *name = (char *)json_string_value(item), *value = name ? strchr(name, '=') : NULL;

		if (!value || value == name)
			return pst_fail(err, -EINVAL, "an attribute is NAME=VALUE");
		*value++ = '\0';
		asked->attributes[asked->count++] = (struct pst_attribute){
			(const uint8_t *)name, (const uint8_t *)value,
			(uint32_t)strlen(name), (uint32_t)strlen(value),
		};
	}
	qsort(asked->attributes, asked->count, sizeof asked->attributes[0], by_name);
	asked->imagined = asked->count > 0;
	return PST_OK;
}

static int
question_read(struct asked *asked, const json_t *question, struct pst_err *err)
{
	const char *who = NULL, *colon;
	json_t *attributes = NULL;

	if (json_unpack((json_t *)question, "{s:s, s?:s, s?:o}", "what", &asked->what, "who", &who,
	    "attributes", &attributes))
		return pst_fail(err, -EINVAL, "say of what: the name of a resource");
	asked->who = who != NULL;
	if (who && pst_identifier_parse(&asked->id, who))
		return pst_fail(err, PST_E_CONF, "\"%.80s\" is no identifier (I and 64 hex digits)", who);
	colon = strchr(asked->what, ':');
	if (colon) {
		asked->kind = asked->what;
		asked->kind_len = (size_t)(colon - asked->what);
		asked->what = colon + 1;
	}
	return attributes_read(asked, attributes, err);
}

/* ---- the answer ---- */

/* By what is imagined, or by what the peer has shown, to the first of our identities of
 * which that counts. */
static void
judge(const struct asked *asked, const struct pst_node *node, const struct pst_admission *admission,
    struct pst_subject *subject, struct pst_ruling *ruling)
{
	if (asked->imagined || !asked->who) {
		*subject = (struct pst_subject){
			.id = asked->who ? &asked->id : NULL,
			.has_credential = pst_admission_credential(admission, asked->imagined),
			.attributes = asked->attributes,
			.count = asked->count,
		};
		pst_admission_rule(admission, subject, ruling);
		return;
	}
	pst_admission_judge(admission, &asked->id, NULL, subject, ruling);
	for (size_t i = 0; i < node->count && subject->has_credential != PST_CREDENTIAL_HELD; i++) {
		const struct pst_section_env *s = node->sections[i];

		if (!strcmp(s->item->kind->name, "identity") && section_open_now(s))
			pst_admission_judge(admission, &asked->id, pst_identity_standing(s->self, &asked->id),
			    subject, ruling);
	}
}

static json_t *
text_of(const uint8_t *bytes, uint32_t len)
{
	json_t *text = json_stringn((const char *)bytes, len);

	return text ? text : json_string("(not UTF-8)");
}

static json_t *
subject_json(const struct pst_subject *subject)
{
	json_t *object = json_object();

	for (size_t i = 0; i < subject->count; i++) {
		const struct pst_attribute *a = &subject->attributes[i];
		json_t *name = text_of(a->name, a->name_len);

		json_object_set_new(object, json_string_value(name), text_of(a->value, a->value_len));
		json_decref(name);
	}
	return object;
}

/* Of the policy that decided, or of the resource itself. */
static const struct pst_item *
item_of(const struct pst_admission *admission, const struct pst_ruling *ruling)
{
	static const char policy[] = "policy ";
	struct pst_section_env *section = NULL;

	if (!strncmp(ruling->rule, policy, sizeof policy - 1))
		section = pst_node_section_env(admission->senv->node, "policy",
		    ruling->rule + sizeof policy - 1);
	return section ? section->item : admission->senv->item;
}

static json_t *
ruling_json(const struct asked *asked, const struct pst_node *node,
    const struct pst_admission *admission)
{
	static const char *const has[] = { "not bound", "false", "true" };
	const struct pst_conf_section *source = admission->senv->item->source;
	char policy[1024] = "", why[256] = "";
	struct pst_subject subject;
	struct pst_ruling ruling;

	judge(asked, node, admission, &subject, &ruling);
	if (ruling.policy) {
		pst_policy_print(ruling.policy, policy, sizeof policy);
		pst_policy_explain(ruling.policy, &ruling.verdict, why, sizeof why);
	} else {
		snprintf(why, sizeof why, "the list %s", ruling.allowed ? "names it" : "does not name it");
	}
	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:s, s:o, s:o, s:b}", "kind", source->kind,
	    "name", source->name, "may", admission->may, "rule", ruling.rule, "place",
	    node_place(item_of(admission, &ruling)), "policy", *policy ? node_text(policy) : json_null(),
	    "has_credential", has[subject.has_credential], "attributes", subject_json(&subject), "why",
	    node_text(why), "allowed", ruling.allowed);
}

static bool
is_meant(const struct asked *asked, const struct pst_admission *admission)
{
	const struct pst_item *item = admission->senv->item;

	if (!item || strcmp(item->source->name, asked->what))
		return false;
	return !asked->kind || (strlen(item->source->kind) == asked->kind_len &&
	    !strncmp(item->source->kind, asked->kind, asked->kind_len));
}

/* A kind alone means all of that kind. */
static bool
is_meant_by_kind(const struct asked *asked, const struct pst_admission *admission)
{
	const struct pst_item *item = admission->senv->item;

	return item && !asked->kind && !strcmp(item->source->kind, asked->what);
}

static json_t *
rulings_json(const struct asked *asked, struct pst_node *node,
    bool (*meant)(const struct asked *asked, const struct pst_admission *admission))
{
	json_t *rulings = json_array();

	for (const struct pst_admission *a = node->env.admissions; a; a = a->next)
		if (meant(asked, a))
			json_array_append_new(rulings, ruling_json(asked, node, a));
	return rulings;
}

void
control_explain(struct control_request *request)
{
	struct pst_node *node = control_node(request);
	json_t *question = json_deep_copy(control_ask(request)), *rulings = NULL;
	struct pst_err err = PST_ERR_INIT;
	struct asked asked = { 0 };
	int rc = question_read(&asked, question, &err);

	if (!rc)
		rulings = rulings_json(&asked, node, is_meant);
	if (!rc && !json_array_size(rulings)) {
		json_decref(rulings);
		rulings = rulings_json(&asked, node, is_meant_by_kind);
	}
	if (!rc && !json_array_size(rulings))
		rc = pst_fail(&err, PST_E_NOTHING, "nothing that is called %.64s is open and has a rule of "
		    "who may", asked.what);
	if (rc)
		control_fail(request, rc, err.text);
	else
		control_answer(request, json_incref(rulings));
	json_decref(rulings);
	json_decref(question);
}
