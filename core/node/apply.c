/* Another configuration comes into force: what it leaves as it is goes on, the rest is closed and opened. */
#include <errno.h>
#include <string.h>

#include "node/rooms.h"
#include "node/section.h"

/* ---- what stays ---- */

static bool
refs_kept(const struct pst_config *config, const struct pst_item *item)
{
	for (const struct pst_opt *opt = item->row->options; opt->name; opt++) {
		const char *name;

		for (size_t n = 0; (name = pst_item_ref(item, opt, n)); n++) {
			const struct pst_item *to = pst_config_item(config, opt->of, name);

			if (to && !to->section)
				return false;
		}
	}
	return true;
}

/* The same of what it uses besides; those have a lower rank, and are decided. */
static bool
uses_kept(struct pst_node *node, const struct pst_config *config, struct pst_section_env *s)
{
	for (size_t i = 0; s->hooks.uses && i < node->count; i++) {
		const struct pst_conf_section *other = node->sections[i]->item->source;
		const struct pst_item *to;

		if (node->sections[i] == s || !s->hooks.uses(s->self, other->kind, other->name))
			continue;
		to = pst_config_item(config, other->kind, other->name);
		if (!to || !to->section)
			return false;
	}
	return true;
}

static bool
changes(const struct pst_section_env *s, const struct pst_item *item)
{
	return s->hooks.change && (!s->hooks.changes || s->hooks.changes(s->self, pst_values_conf(item->values)));
}

/* The open section that goes on as this item, as it is or changed; NULL: it must be opened. */
static struct pst_section_env *
section_kept(struct pst_node *node, const struct pst_config *config, struct pst_item *item)
{
	struct pst_section_env *s =
	    pst_node_section_env(node, item->source->kind, item->source->name);

	if (!s || !section_open_now(s) || s->item->module != item->module || !refs_kept(config, item) ||
	    !uses_kept(node, config, s))
		return NULL;
	item->changed = !pst_values_equal(s->item->values, item->values);
	return !item->changed || changes(s, item) ? s : NULL;
}

/* ---- what stays, and changes ---- */

/* Those before `end` go back to what they were. */
static void
sections_unchange(const struct pst_config *config, const struct pst_item *end)
{
	for (const struct pst_item *item = config->items; item < end; item++) {
		struct pst_section_env *s = item->section;
		struct pst_err err = PST_ERR_INIT;

		if (s && item->changed && s->hooks.change(s->self, pst_values_conf(s->item->values), &err))
			pst_error(&s->log, "a change could not be taken back", PST_STR("why", err.text));
	}
}

static int
sections_change(struct pst_config *config, struct pst_err *err)
{
	for (size_t i = 0; i < config->count; i++) {
		struct pst_item *item = &config->items[i];
		struct pst_section_env *s = item->section;
		struct pst_err why = PST_ERR_INIT;
		int rc = PST_OK;

		if (s && item->changed)
			rc = s->hooks.change(s->self, pst_values_conf(item->values), &why);
		if (!rc)
			continue;
		pst_item_fail(item, err, why.text[0] ? why.text : pst_strerror(rc));
		sections_unchange(config, item);
		return rc;
	}
	return PST_OK;
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
		if (item->section)
			++*(item->changed ? &count->changed : &count->kept);
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
		old = pst_config_item(node->config, item->source->kind, item->source->name);
		if (!item->changed) { /* the module holds a pointer into the values it was opened with */
			item->values = old->values;
			old->values = values;
		}
		item->section->item = item;
		item->section->leaving = false;
		count->closed--;
	}
}

/* Nothing that was added is opened: there was not the memory for all of it, or one cannot change. */
static void
sections_unadd(struct pst_node *node)
{
	for (size_t i = 0; i < node->count; i++) {
		if (!node->sections[i]->fresh)
			continue;
		node->sections[i]->leaving = true;
		section_set(node->sections[i], SECTION_CLOSED);
	}
	sections_forget(node, false);
}

int
node_apply(struct pst_node *node, struct pst_config **config, struct pst_change_count *count,
    struct pst_err *err)
{
	struct pst_config *before = node->config;
	int rc;

	for (size_t i = 0; i < node->count; i++)
		node->sections[i]->fresh = false;
	rc = sections_add(node, *config, count);
	if (!rc)
		rc = sections_change(*config, err);
	if (rc) {
		sections_unadd(node);
		return rc;
	}
	sections_part(node, *config, count);
	node->counted = false;
	node->config = *config;
	*config = before;
	node_options_apply(node, node->config->node);
	node->neighbours_changed = true;
	node_settle(node);
	return PST_OK;
}

void
node_announce(struct pst_node *node)
{
	node->neighbours_changed = false;
	for (size_t i = 0; i < node->count; i++) {
		struct pst_section_env *s = node->sections[i];

		if (!s->fresh && s->self && s->hooks.neighbours)
			s->hooks.neighbours(s->self);
	}
}
