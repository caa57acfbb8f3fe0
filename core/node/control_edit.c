/* The control service's verbs that change the node: reload, create, delete. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "node/change.h"
#include "node/control.h"
#include "node/control_wish.h"
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

/* As it is now, with what was found in it. */
static json_t *
made_json(const struct edit *edit)
{
	json_t *section = node_section_show(control_node(edit->request), edit->kind, edit->name, false);
	char *line, *rest = edit->change.warnings;
	json_t *warnings = json_array();

	while (rest && (line = strsep(&rest, "\n")) && *line)
		json_array_append_new(warnings, node_text(line));
	if (json_array_size(warnings) && section)
		json_object_set(section, "warnings", warnings);
	json_decref(warnings);
	return section;
}

static void
changed(struct pst_change *change, int rc, const char *sentence)
{
	struct edit *edit = pst_container_of(change, struct edit, change);
	struct control_request *request = edit->request;

	if (!request)
		; /* the node has stopped meanwhile */
	else if (rc && !change->partly)
		control_fail(request, rc, sentence);
	else if (edit->text)
		control_answer(request, made_json(edit));
	else
		control_answer(request, json_pack("{s:I, s:I, s:I, s:I, s:s*}", "opened",
		    (json_int_t)change->count.opened, "closed", (json_int_t)change->count.closed, "changed",
		    (json_int_t)change->count.changed, "kept", (json_int_t)change->count.kept, "failed",
		    sentence));
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

static int
section_write(FILE *out, struct pst_node *node, const json_t *ask, struct control_wish *wish,
    struct pst_err *err)
{
	const struct pst_section *row;
	int rc = control_wish_read(wish, ask, err);

	if (!rc)
		rc = pst_config_row(&row, node->config->loader, wish->kind, wish->name, wish->use, err);
	return rc ? rc : control_wish_write(out, wish, row->options, err);
}

void
control_create(struct control_request *request)
{
	struct pst_err err = PST_ERR_INIT;
	struct control_wish wish;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	int rc = -ENOMEM;

	if (out)
		rc = section_write(out, control_node(request), control_ask(request), &wish, &err);
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

	if (json_unpack((json_t *)control_ask(request), "{s:s, s:s}", "kind", &kind, "name", &name))
		control_fail(request, -EINVAL, "want a kind and a name");
	else
		edit_start(request, strdup(kind), strdup(name), NULL);
}
