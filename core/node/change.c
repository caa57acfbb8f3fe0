#include "node/change.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/section.h"
#include "node/state.h"

/*
 * The way of a change. `other` is the configuration that is not in force: the
 * one to come, then the one before, to which the node goes back when anything
 * that was to be opened does not open, or the disk does not keep it.
 *
 *     waiting ─► opening ─► writing (edits) ─► done
 *                   └───────────┴─► undoing ─► done
 */

/* ---- the disk: last, so that what does not work never stands there ---- */

static int
disk_work(void *arg)
{
	struct pst_change *change = arg;
	const char *dir = change->node->state_dir;
	char name[PST_CONFIG_EDIT_FILE];

	pst_config_edit_file(&change->edit, name);
	if (change->edit.text)
		return pst_state_write(dir, name, change->edit.text, &change->err);
	return pst_state_remove(dir, name, &change->err);
}

static void undo(struct pst_change *change);

static void
disk_done(void *arg, int rc)
{
	struct pst_change *change = arg;

	change->working = false;
	if (rc && !change->err.rc)
		change->err.rc = rc;
	change->step = CHANGE_DONE;
	if (rc && !change->node->closing)
		undo(change);
	else
		node_settle(change->node);
}

static void
disk_start(struct pst_change *change)
{
	int rc = pst_work(&change->node->env, disk_work, disk_done, change);

	if (rc) {
		disk_done(change, rc);
	} else {
		change->step = CHANGE_WRITING;
		change->working = true;
	}
}

/* ---- going back ---- */

/* What was to be opened and is not: after a reload all that, after an edit what was not so before. */
static const struct pst_section_env *
failure_of(const struct pst_change *change, size_t *count, bool *fresh)
{
	const struct pst_node *node = change->node;
	const struct pst_section_env *first = NULL;

	*count = 0;
	*fresh = false;
	for (size_t i = 0; i < node->count; i++) {
		const struct pst_section_env *s = node->sections[i];

		if (!s->fresh || s->state != SECTION_FAILED || (change->edit.kind && s->again))
			continue;
		first = first ? first : s;
		*fresh |= !s->again;
		++*count;
	}
	return first;
}

static void
failure_take(struct pst_change *change, const struct pst_section_env *failed, size_t count)
{
	struct pst_err *err = &change->err;
	size_t n;

	*err = failed->why;
	n = strlen(err->text);
	if (count > 1)
		snprintf(err->text + n, sizeof err->text - n, " (and %zu more)", count - 1);
}

/* As it was before. What cannot be opened any more is left as failed. */
static void
undo(struct pst_change *change)
{
	struct pst_change_count count = { 0 };
	struct pst_err err = PST_ERR_INIT;

	change->step = CHANGE_UNDOING;
	if (node_apply(change->node, &change->other, &count, &err))
		pst_error(&change->node->env.log, "a change could not be taken back", PST_STR("why", err.text));
	node_settle(change->node);
}

/* ---- from beginning to end ---- */

static int
config_read(struct pst_change *change)
{
	struct pst_node *node = change->node;
	struct pst_config_source source = node->config->source;
	size_t len;
	int rc;

	/* not that its conf.d were empty */
	if (pst_state_lost(node->lock, node->state_dir))
		return pst_fail(&change->err, -ENOENT, "%s: the state directory was taken away", node->state_dir);
	source.edit = change->edit;
	source.goes_on = true;
	source.before = node->config;
	source.warnings = change->edit.text ? open_memstream(&change->warnings, &len) : NULL;
	rc = pst_config_new(&change->other, node->config->loader, &source, &change->err);
	if (source.warnings)
		fclose(source.warnings);
	if (!rc && strcmp(change->other->state_dir, node->state_dir))
		rc = pst_fail(&change->err, PST_E_CONF,
		    "node: state: cannot change while the node runs (%s, wanted %s)", node->state_dir,
		    change->other->state_dir);
	return rc;
}

static void
change_begin(struct pst_change *change)
{
	struct pst_node *node = change->node;
	int rc = node->stopping ? pst_fail(&change->err, PST_E_CLOSED, "the node is stopping")
				: config_read(change);

	change->step = CHANGE_OPENING;
	if (!rc)
		rc = node_apply(node, &change->other, &change->count, &change->err);
	if (!rc)
		return;
	change->err.rc = rc;
	change->step = CHANGE_DONE;
}

/* All that it opened is open, or is not. */
static void
change_opened(struct pst_change *change)
{
	size_t count;
	bool fresh;
	const struct pst_section_env *failed = failure_of(change, &count, &fresh);

	if (failed)
		failure_take(change, failed, count);
	change->partly = failed && !fresh && !change->node->stopping;
	change->count.opened -= change->partly ? count : 0;
	if (change->node->stopping)
		pst_fail(&change->err, PST_E_CLOSED, "the node is stopping");
	if (fresh && !change->node->stopping)
		undo(change);
	else if (change->edit.kind && !change->err.rc)
		disk_start(change);
	else
		change->step = CHANGE_DONE;
}

/* "STATE/conf.d/KIND-NAME.conf:3: …": the file of what a command wants is not there when that is wrong. */
static void
place_drop(const struct pst_change *change, struct pst_err *err)
{
	char name[PST_CONFIG_EDIT_FILE];
	const char *at, *rest;

	pst_config_edit_file(&change->edit, name);
	at = strstr(err->text, name);
	if (!at || at[strlen(name)] != ':')
		return;
	rest = at + strlen(name) + 1;
	rest += strspn(rest, "0123456789");
	if (!strncmp(rest, ": ", 2))
		memmove(err->text, rest + 2, strlen(rest + 2) + 1);
}

static void
change_finish(struct pst_change *change)
{
	struct pst_node *node = change->node;
	struct pst_err *err = &change->err;
	char *warnings = change->warnings;

	pst_config_free(&change->other);
	if (err->rc && change->edit.text)
		place_drop(change, err);
	if (!err->rc || change->partly)
		pst_info(&node->env.log, !change->edit.kind ? "reloaded" :
		    change->edit.text ? "section made" : "section deleted",
		    PST_STR("kind", change->edit.kind), PST_STR("name", change->edit.name),
		    PST_U64("opened", change->count.opened), PST_U64("closed", change->count.closed),
		    PST_U64("changed", change->count.changed), PST_U64("kept", change->count.kept));
	node->changes = change->next;
	if (!node->changes)
		node->changes_end = &node->changes;
	change->done(change, err->rc,
	    !err->rc ? NULL : err->text[0] ? err->text : pst_strerror(err->rc));
	free(warnings);
}

void
changes_go_on(struct pst_node *node)
{
	while (node->changes && !node->changes->working) {
		struct pst_change *change = node->changes;

		if (change->step == CHANGE_WAITING)
			change_begin(change);
		else if (change->step == CHANGE_OPENING)
			change_opened(change);
		else
			change->step = CHANGE_DONE; /* undone */
		if (change->step == CHANGE_DONE)
			change_finish(change);
		else
			return; /* until the node has settled */
	}
}

bool
changes_drop(struct pst_node *node)
{
	while (node->changes && !node->changes->working) {
		struct pst_change *change = node->changes;

		if (change->step != CHANGE_DONE && !change->err.rc)
			change->err.rc = PST_E_CLOSED;
		change_finish(change);
	}
	return !node->changes;
}

void
pst_node_change(struct pst_node *node, struct pst_change *change)
{
	change->node = node;
	change->next = NULL;
	if (node->stopping || node->closing) {
		change->done(change, PST_E_CLOSED, "the node is stopping");
		return;
	}
	*node->changes_end = change;
	node->changes_end = &change->next;
	node_settle(node);
}
