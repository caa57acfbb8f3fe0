#include "node/change.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/rooms.h"
#include "node/section.h"
#include "node/state.h"

/* ---- what stays ---- */

static bool
refs_kept(const struct pst_config *config, const struct pst_item *item)
{
	const char *conf = pst_values_conf(item->values);

	for (const struct pst_opt *opt = item->row->options; opt->name; opt++) {
		const struct pst_item *to;
		const char *name;

		if (opt->type != PST_OPT_TYPE_REF)
			continue;
		name = *(const char *const *)(conf + opt->offset);
		to = name && *name ? pst_config_item(config, opt->of, name) : NULL;
		if (to && !to->section)
			return false;
	}
	return true;
}

/* The open section that goes on as this item; NULL: it must be opened. */
static struct pst_section_env *
section_kept(struct pst_node *node, const struct pst_config *config, const struct pst_item *item)
{
	struct pst_section_env *s =
	    pst_node_section_env(node, item->source->kind, item->source->name);

	if (!s || !section_open_now(s) || s->item->module != item->module ||
	    !pst_values_equal(s->item->values, item->values) || !refs_kept(config, item))
		return NULL;
	return s;
}

/* ---- carrying it out ---- */

static void
node_options_apply(struct pst_node *node, const struct pst_node_conf *conf)
{
	node->env.extensions = conf->extensions;
	pst_pool_limit(node->env.pool, conf->memory);
	pst_rooms_set(node->env.log.logger->book, conf);
}

/* Add what is new; sections of the present configuration are not touched yet. */
static int
sections_add(struct pst_node *node, struct pst_config *config, struct pst_change_count *count)
{
	int rc = PST_OK;

	for (size_t i = 0; !rc && i < config->count; i++) {
		struct pst_item *item = &config->items[i];

		if (!item->used || item->kind->rank == 0)
			continue;
		item->section = section_kept(node, config, item);
		count->kept += item->section != NULL;
	}
	for (size_t i = 0; !rc && i < config->count; i++) {
		struct pst_item *item = &config->items[i];

		if (!item->used || item->kind->rank == 0 || item->section)
			continue;
		rc = section_add(node, item);
		count->opened += !rc;
	}
	return rc;
}

/* Those of the old configuration that are not kept leave; the kept ones move over. */
static void
sections_part(struct pst_node *node, struct pst_config *config, struct pst_change_count *count)
{
	for (size_t i = 0; i < node->count; i++) {
		struct pst_section_env *s = node->sections[i];

		if (s->leaving || s->fresh)
			continue;
		s->leaving = true;
		count->closed += s->self != NULL;
		if (!s->self)
			section_set(s, SECTION_CLOSED);
	}
	for (size_t i = 0; i < config->count; i++) {
		struct pst_item *item = &config->items[i];
		struct pst_values *values = item->values;
		struct pst_item *old;

		if (!item->section)
			continue;
		/* the module holds a pointer into the values it was opened with */
		old = pst_config_item(node->config, item->source->kind, item->source->name);
		item->values = old->values;
		old->values = values;
		item->section->item = item;
		item->section->leaving = false;
		count->closed--;
	}
}

static void
apply(struct pst_change *change)
{
	struct pst_node *node = change->node;
	int rc;

	for (size_t i = 0; i < node->count; i++)
		node->sections[i]->fresh = false;
	rc = sections_add(node, change->config, &change->count);
	if (rc) {
		for (size_t i = 0; i < node->count; i++)
			if (node->sections[i]->fresh) {
				node->sections[i]->leaving = true;
				section_set(node->sections[i], SECTION_CLOSED);
			}
		sections_forget(node, false);
		pst_config_free(&change->config);
		change->err.rc = rc;
	} else {
		sections_part(node, change->config, &change->count);
		node->leaving_config = node->config;
		node->config = change->config;
		change->config = NULL;
		node_options_apply(node, node->config->node);
		node->neighbours_changed = true;
	}
	node_settle(node);
}

/* ---- the disk ---- */

static int
disk_work(void *arg)
{
	struct pst_change *change = arg;
	const char *dir = change->node->state_dir;
	char name[2 * PST_CONF_WORD_MAX + 32];

	snprintf(name, sizeof name, "conf.d/%s-%s.conf", change->edit.kind, change->edit.name);
	if (change->edit.text && !change->undoing)
		return pst_state_write(dir, name, change->edit.text, &change->err);
	return pst_state_remove(dir, name, &change->err);
}

static void
disk_done(void *arg, int rc)
{
	struct pst_change *change = arg;

	change->working = false;
	if (rc && !change->err.rc)
		change->err.rc = rc;
	if (change->node->closing || (rc && !change->undoing)) {
		pst_config_free(&change->config);
		node_settle(change->node);
		return;
	}
	apply(change);
}

static int
disk_start(struct pst_change *change)
{
	int rc = pst_work(&change->node->env, disk_work, disk_done, change);

	change->working = !rc;
	return rc;
}

/* ---- from beginning to end ---- */

static void
finish(struct pst_node *node)
{
	struct pst_change *change = node->changes;
	const char *sentence = change->err.text[0] ? change->err.text : pst_strerror(change->err.rc);

	if (!change->err.rc)
		pst_info(&node->env.log, !change->edit.kind ? "reloaded" :
		    change->edit.text ? "section made" : "section deleted",
		    PST_STR("kind", change->edit.kind), PST_STR("name", change->edit.name),
		    PST_U64("opened", change->count.opened), PST_U64("closed", change->count.closed),
		    PST_U64("kept", change->count.kept));
	node->changes = change->next;
	if (!node->changes)
		node->changes_end = &node->changes;
	node->changing = false;
	change->done(change, change->err.rc, change->err.rc ? sentence : NULL);
}

static int
config_read(struct pst_change *change)
{
	struct pst_node *node = change->node;
	struct pst_config_source source = node->config->source;
	int rc;

	source.edit = change->edit;
	if (change->undoing) /* it is on disk still */
		source.edit.text = NULL;
	rc = pst_config_new(&change->config, node->config->loader, &source, &change->err);
	if (!rc && strcmp(change->config->state_dir, node->state_dir))
		rc = pst_fail(&change->err, PST_E_CONF,
		    "node: state: cannot change while the node runs (%s, wanted %s)", node->state_dir,
		    change->config->state_dir);
	return rc;
}

static void
change_begin(struct pst_node *node)
{
	struct pst_change *change = node->changes;
	int rc;

	node->changing = true;
	rc = node->stopping ? pst_fail(&change->err, PST_E_CLOSED, "the node is stopping")
			    : config_read(change);
	if (!rc && change->edit.kind)
		rc = disk_start(change);
	else if (!rc)
		apply(change);
	if (rc) {
		change->err.rc = rc;
		pst_config_free(&change->config);
		node_settle(node);
	}
}

/* What was to be opened and is not: after a reload all that, after an edit what was not so before. */
static const struct pst_section_env *
failure_of(const struct pst_change *change, size_t *count)
{
	const struct pst_node *node = change->node;
	const struct pst_section_env *first = NULL;

	*count = 0;
	for (size_t i = 0; i < node->count; i++) {
		const struct pst_section_env *s = node->sections[i];

		if (!s->fresh || s->state != SECTION_FAILED || (change->edit.kind && s->again))
			continue;
		first = first ? first : s;
		++*count;
	}
	return first;
}

/* What was made on order, and leaves something closed, is not kept: neither here nor on disk. */
static bool
undo(struct pst_change *change, const struct pst_section_env *failed)
{
	struct pst_err why;
	int rc;

	if (!failed || !change->edit.text || change->undoing)
		return false;
	why = failed->why;
	change->undoing = true;
	rc = config_read(change);
	if (!rc)
		rc = disk_start(change);
	if (rc)
		pst_config_free(&change->config);
	change->err = why;
	return !rc;
}

/* The first of them is the change's error, unless that is known; the others are counted. */
static void
failure_take(struct pst_change *change, const struct pst_section_env *failed, size_t count)
{
	struct pst_err *err = &change->err;
	size_t n;

	if (!failed || err->rc)
		return;
	*err = failed->why;
	n = strlen(err->text);
	if (count > 1)
		snprintf(err->text + n, sizeof err->text - n, " (and %zu more)", count - 1);
}

void
change_announce(struct pst_node *node)
{
	node->neighbours_changed = false;
	for (size_t i = 0; i < node->count; i++) {
		struct pst_section_env *s = node->sections[i];

		if (!s->fresh && s->self && s->hooks && s->hooks->neighbours)
			s->hooks->neighbours(s->self);
	}
}

void
change_settled(struct pst_node *node)
{
	struct pst_change *change = node->changes;
	const struct pst_section_env *failed;
	size_t count;

	if (node->changing && change->working)
		return; /* settled, but not for its sake */
	pst_config_free(&node->leaving_config);
	if (node->changing) {
		failed = failure_of(change, &count);
		if (undo(change, failed))
			return;
		failure_take(change, failed, count);
		finish(node);
	}
	if (node->changes && !node->changing)
		change_begin(node);
}

bool
changes_drop(struct pst_node *node)
{
	if (node->changes && node->changes->working)
		return false;
	while (node->changes) {
		node->changes->err.rc = PST_E_CLOSED;
		finish(node);
	}
	pst_config_free(&node->leaving_config);
	return true;
}

void
pst_node_change(struct pst_node *node, struct pst_change *change)
{
	change->node = node;
	change->next = NULL;
	*node->changes_end = change;
	node->changes_end = &change->next;
	node_settle(node);
}
