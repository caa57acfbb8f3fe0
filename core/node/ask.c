/* The control service's verb "ask": a command's question to one section. */
#include <errno.h>
#include <stdlib.h>

#include "node/control.h"
#include "node/section.h"
#include "node/status.h"

/* A list that the section was given; the texts are the question's. */
struct values {
	struct values *next;
	const char *item[];
};

struct pst_ask {
	struct control_request *request; /* NULL: the node has stopped meanwhile */
	json_t *question;
	struct values *lists;
	struct pst_status answer;
};

static void
ask_free(struct pst_ask *ask)
{
	while (ask->lists) {
		struct values *list = ask->lists;

		ask->lists = list->next;
		free(list);
	}
	json_decref(ask->answer.object);
	json_decref(ask->question);
	free(ask);
}

static void
dropped(void *arg)
{
	struct pst_ask *ask = arg;

	ask->request = NULL;
}

/* ---- what sections call ---- */

static json_t *
values_of(const struct pst_ask *ask, const char *name)
{
	return json_object_get(json_object_get(ask->question, "options"), name);
}

const char *
pst_ask_word(const struct pst_ask *ask)
{
	return json_string_value(json_object_get(ask->question, "word"));
}

const char *
pst_ask_value(const struct pst_ask *ask, const char *name)
{
	return json_string_value(json_array_get(values_of(ask, name), 0));
}

struct pst_list
pst_ask_values(struct pst_ask *ask, const char *name)
{
	static const char *const nothing[] = { NULL };
	json_t *array = values_of(ask, name);
	size_t count = json_array_size(array);
	struct values *list = calloc(1, sizeof *list + (count + 1) * sizeof list->item[0]);

	if (!list)
		return (struct pst_list){ 0, nothing };
	list->next = ask->lists;
	ask->lists = list;
	for (size_t i = 0; i < count; i++)
		list->item[i] = json_string_value(json_array_get(array, i));
	return (struct pst_list){ count, list->item };
}

struct pst_status *
pst_ask_answer(struct pst_ask *ask)
{
	return &ask->answer;
}

void
pst_ask_done(struct pst_ask **askp, int rc, const char *sentence)
{
	struct pst_ask *ask = *askp;

	*askp = NULL;
	if (ask->request && rc)
		control_fail(ask->request, rc, sentence);
	else if (ask->request)
		control_answer(ask->request, json_incref(ask->answer.object));
	ask_free(ask);
}

/* ---- the verb ---- */

/* Every option is a list of texts. */
static bool
options_right(json_t *options)
{
	const char *name;
	json_t *values;
	size_t i;

	json_object_foreach(options, name, values) {
		if (!json_is_array(values))
			return false;
		for (i = 0; i < json_array_size(values); i++)
			if (!json_is_string(json_array_get(values, i)))
				return false;
	}
	return true;
}

/* The only one of its kind, or else the one called `default`. */
static struct pst_section_env *
section_meant(struct pst_node *node, const char *kind, struct pst_err *err)
{
	struct pst_section_env *first = NULL, *other = NULL;

	for (size_t i = 0; i < node->count; i++) {
		struct pst_section_env *s = node->sections[i];

		if (s->leaving || strcmp(s->item->source->kind, kind))
			continue;
		if (!strcmp(s->name, "default"))
			return s;
		other = first ? s : NULL;
		first = first ? first : s;
	}
	if (!first)
		pst_fail(err, PST_E_NOTHING, "there is no %.64s", kind);
	if (!other)
		return first;
	pst_fail(err, PST_E_CONF, "there are several, such as %.64s %.64s and %.64s %.64s: say which", kind, first->name,
	    kind, other->name);
	return NULL;
}

struct pst_section_env *
control_section_find(struct pst_node *node, const char *kind, const char *name, struct pst_err *err)
{
	struct pst_section_env *s;

	if (!name)
		return section_meant(node, kind, err);
	s = pst_node_section_env(node, kind, name);
	if (!s)
		pst_fail(err, PST_E_NOTHING, "there is no %.64s %.64s", kind, name);
	return s;
}

static struct pst_section_env *
section_of(const json_t *question, struct pst_node *node, struct pst_err *err)
{
	const char *kind, *name = NULL, *word;
	struct pst_section_env *section;
	json_t *options = NULL;

	if (json_unpack((json_t *)question, "{s:s, s?s, s:s, s?o}", "kind", &kind, "name", &name, "word",
	    &word, "options", &options) || !options_right(options)) {
		pst_fail(err, -EINVAL, "want a kind, a name, a word, and options");
		return NULL;
	}
	section = control_section_find(node, kind, name, err);
	name = section ? section->name : "";
	if (!section)
		return NULL;
	if (!section_open_now(section))
		pst_fail(err, PST_E_CLOSED, "%.64s %.64s is not open: %s", kind, name,
		    *section->why.text ? section->why.text : "not yet");
	else if (!section->hooks.ask)
		pst_fail(err, PST_E_NOTHING, "%.64s %.64s knows no %.32s", kind, name, word);
	else
		return section;
	return NULL;
}

void
control_section_ask(struct control_request *request)
{
	struct pst_err err = PST_ERR_INIT;
	struct pst_section_env *section =
	    section_of(control_ask(request), control_node(request), &err);
	struct pst_ask *ask;

	if (!section) {
		control_fail(request, err.rc, err.text);
		return;
	}
	ask = calloc(1, sizeof *ask);
	if (!ask) {
		control_fail(request, -ENOMEM, NULL);
		return;
	}
	ask->request = request;
	ask->question = json_incref((json_t *)control_ask(request));
	ask->answer.object = json_object();
	control_on_drop(request, dropped, ask);
	section->hooks.ask(section->self, ask);
}
