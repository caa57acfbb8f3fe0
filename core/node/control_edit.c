/* The control service's verbs that change the node: reload, create, delete. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "node/change.h"
#include "node/control.h"
#include "node/section.h"
#include "node/status.h"

struct edit {
	struct pst_change change;
	struct control_request *request;
	char *kind, *name, *text;
};

static void
edit_free(struct edit *edit)
{
	free(edit->kind);
	free(edit->name);
	free(edit->text);
	free(edit);
}

static void
changed(struct pst_change *change, int rc, const char *sentence)
{
	struct edit *edit = pst_container_of(change, struct edit, change);
	struct control_request *request = edit->request;

	if (!request)
		; /* the node has stopped meanwhile */
	else if (rc)
		control_fail(request, rc, sentence);
	else if (edit->text)
		control_answer(request, node_section_show(control_node(request), edit->kind, edit->name));
	else
		control_answer(request, json_pack("{s:I, s:I, s:I}", "opened",
		    (json_int_t)change->count.opened, "closed", (json_int_t)change->count.closed, "kept",
		    (json_int_t)change->count.kept));
	edit_free(edit);
}

static void
dropped(void *arg)
{
	struct edit *edit = arg;

	edit->request = NULL;
}

/* kind, name and text are taken; kind NULL: a reload. */
static void
edit_start(struct control_request *request, char *kind, char *name, char *text)
{
	struct edit *edit = calloc(1, sizeof *edit);

	if (!edit || (kind && !name)) {
		free(kind);
		free(name);
		free(text);
		free(edit);
		control_fail(request, -ENOMEM, NULL);
		return;
	}
	*edit = (struct edit){
		.change = { .edit = { kind, name, text }, .done = changed },
		.request = request,
		.kind = kind,
		.name = name,
		.text = text,
	};
	control_on_drop(request, dropped, edit);
	pst_node_change(control_node(request), &edit->change);
}

void
control_reload(struct control_request *request)
{
	edit_start(request, NULL, NULL, NULL);
}

/* ---- a section as text ---- */

struct wish {
	const char *kind, *name, *use, *cwd;
	json_t *options; /* key: [strings], as on the command line */
};

static const struct pst_opt *
option_find(const struct pst_opt *options, const char *key)
{
	for (; options->name; options++)
		if (!strcmp(options->name, key))
			return options;
	return NULL;
}

static void
value_write(FILE *out, const struct wish *wish, const struct pst_opt *opt, const char *value)
{
	char path[2 * PATH_MAX];

	if (opt->type == PST_OPT_TYPE_PATH && *value && *value != '/') {
		snprintf(path, sizeof path, "%s/%s", wish->cwd, value);
		value = path;
	}
	pst_conf_quote(out, value);
}

static int
option_write(FILE *out, const struct wish *wish, const struct pst_opt *options, const char *key,
    const json_t *values, struct pst_err *err)
{
	const struct pst_opt *opt = option_find(options, key);
	struct pst_nearest near = { .word = key };
	bool list = opt && opt->type == PST_OPT_TYPE_LIST;
	const json_t *value;
	size_t i;

	for (; !opt && options->name; options++)
		pst_nearest_offer(&near, options->name);
	if (!opt && near.best)
		return pst_fail(err, PST_E_CONF, "%s: no option --%s, did you mean --%s?", wish->kind, key,
		    near.best);
	if (!opt)
		return pst_fail(err, PST_E_CONF, "%s: no option --%s", wish->kind, key);
	if (!json_array_size(values) || (!list && json_array_size(values) > 1))
		return pst_fail(err, PST_E_CONF, "%s: --%s takes one value", wish->kind, key);
	fprintf(out, "    %s = %s", key, list ? "{ " : "");
	json_array_foreach(values, i, value) {
		if (!json_is_string(value))
			return pst_fail(err, -EINVAL, "%s: --%s: not a string", wish->kind, key);
		fputs(i ? ", " : "", out);
		value_write(out, wish, opt, json_string_value(value));
	}
	fputs(list ? " }\n" : "\n", out);
	return PST_OK;
}

static int
section_write(FILE *out, struct pst_node *node, const struct wish *wish, struct pst_err *err)
{
	const struct pst_section *row;
	const char *key;
	json_t *values;
	int rc;

	if (!pst_conf_is_name(wish->name))
		return pst_fail(err, PST_E_CONF, "\"%.64s\" is not a name for a section", wish->name);
	if (wish->use && !pst_conf_is_name(wish->use))
		return pst_fail(err, PST_E_CONF, "\"%.64s\" is not a module", wish->use);
	rc = pst_config_row(&row, node->config->loader, wish->kind, wish->name, wish->use, err);
	if (rc)
		return rc;
	fprintf(out, "# made by `postern %s create`\n%s %s {\n", wish->kind, wish->kind, wish->name);
	if (wish->use)
		fprintf(out, "    use = %s\n", wish->use);
	json_object_foreach(wish->options, key, values) {
		rc = option_write(out, wish, row->options, key, values, err);
		if (rc)
			return rc;
	}
	fputs("}\n", out);
	return PST_OK;
}

void
control_create(struct control_request *request)
{
	struct pst_err err = PST_ERR_INIT;
	struct wish wish = { 0 };
	char *text = NULL;
	size_t len;
	FILE *out;
	int rc;

	if (json_unpack((json_t *)control_ask(request), "{s:s, s:s, s?:s, s:s, s:o}", "kind",
	    &wish.kind, "name", &wish.name, "use", &wish.use, "cwd", &wish.cwd, "options",
	    &wish.options)) {
		control_fail(request, -EINVAL, "want kind, name, cwd and options");
		return;
	}
	out = open_memstream(&text, &len);
	rc = out ? section_write(out, control_node(request), &wish, &err) : -ENOMEM;
	if (out && fclose(out) && !rc)
		rc = -ENOMEM;
	if (rc) {
		free(text);
		control_fail(request, rc, err.text);
		return;
	}
	edit_start(request, strdup(wish.kind), strdup(wish.name), text);
}

void
control_delete(struct control_request *request)
{
	const char *kind, *name;

	const struct pst_item *item;
	char sentence[PST_ERR_TEXT];

	if (json_unpack((json_t *)control_ask(request), "{s:s, s:s}", "kind", &kind, "name", &name)) {
		control_fail(request, -EINVAL, "want a kind and a name");
		return;
	}
	item = pst_config_item(control_node(request)->config, kind, name);
	if (item && item->implicit) {
		snprintf(sentence, sizeof sentence, "%s %s is built in: every node has it", kind, name);
		control_fail(request, PST_E_CONF, sentence);
		return;
	}
	edit_start(request, strdup(kind), strdup(name), NULL);
}
