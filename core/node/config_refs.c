/* What sections refer to, and which of those not written that makes needed. */
#include "node/config_parts.h"

#include <stdio.h>
#include <string.h>

/* A channel that is kept to another node's listener, and is none. */
static bool
leads_away(const struct pst_item *item)
{
	return !strcmp(item->kind->name, "channel") && pst_values_list(item->values, "to")->count;
}

/*
 * Left out: the only section of its kind that the file has, else the default
 * one. What a command has made does not count: `identity create second` must
 * not make the node's channels another identity's. But where a kind has no
 * default one (projects), it is the only one there is, or none.
 */
void
config_defaults(struct pst_config *config)
{
	size_t count[PST_SECTION_KINDS_MAX] = { 0 };

	for (size_t k = 0; pst_section_kinds[k].name; k++)
		config->defaults[k] = pst_section_kinds[k].default_name;
	for (size_t i = 0; i < config->count; i++) {
		const struct pst_item *item = &config->items[i];
		size_t k = (size_t)(item->kind - pst_section_kinds);

		if (item->implicit || (item->kind->default_name && item->made) || leads_away(item))
			continue;
		config->defaults[k] = ++count[k] == 1 ? item->source->name : item->kind->default_name;
	}
}

static int
ref_missing(const struct pst_config *config, const struct pst_item *item, const struct pst_opt *opt,
    const char *name, struct pst_err *err)
{
	struct pst_nearest near = { .word = name };

	for (size_t i = 0; i < config->count; i++)
		if (!strcmp(config->items[i].source->kind, opt->of))
			pst_nearest_offer(&near, config->items[i].source->name);
	if (near.best)
		return pst_conf_fail(item->source, opt->name, err,
		    "there is no section \"%s %s\", did you mean \"%s\"?", opt->of, name, near.best);
	return pst_conf_fail(item->source, opt->name, err, "there is no section \"%s %s\"", opt->of, name);
}

/* One that is left out. An empty one (a fallback may be that) refers to nothing. */
static int
ref_fill_in(const struct pst_config *config, struct pst_item *item, const struct pst_opt *opt,
    struct pst_err *err)
{
	const char *conf = pst_values_conf(item->values), *name;
	const struct pst_section_kind *kind = pst_section_kind_find(opt->of);

	if (*(const char *const *)(conf + opt->offset))
		return PST_OK;
	name = kind ? config->defaults[kind - pst_section_kinds] : NULL;
	if (name)
		return pst_values_set(item->values, opt->name, name);
	return kind && !kind->default_name ? PST_OK : ref_missing(config, item, opt, "", err);
}

int
config_refs(struct pst_config *config, struct pst_item *item, struct pst_err *err)
{
	for (const struct pst_opt *opt = item->row->options; opt->name; opt++) {
		const char *name;
		int rc = opt->type == PST_OPT_TYPE_REF ? ref_fill_in(config, item, opt, err) : PST_OK;

		if (rc)
			return rc;
		for (size_t n = 0; (name = pst_item_ref(item, opt, n)); n++)
			if (!pst_config_item(config, opt->of, name))
				return ref_missing(config, item, opt, name, err);
	}
	return PST_OK;
}

/* "acme, beta", all sections of a kind; how many, and the first of them. */
static size_t
names_of(const struct pst_config *config, const char *kind, char *out, size_t size, const char **first)
{
	size_t count = 0, used = 0;

	for (size_t i = 0; i < config->count; i++) {
		const char *name = config->items[i].source->name;

		if (strcmp(config->items[i].source->kind, kind))
			continue;
		if (count++ == 0)
			*first = name;
		if (used < size)
			used += (size_t)snprintf(out + used, size - used, "%s%s", count > 1 ? ", " : "", name);
	}
	return count;
}

/* Nobody but the section's own check knows whether it needs one: so it is asked again, with one of them. */
bool
config_ref_wanted(struct pst_config *config, struct pst_item *item, struct pst_err *err)
{
	char names[160];
	const char *first = "";

	for (const struct pst_opt *opt = item->row->options; opt->name; opt++) {
		if (opt->type != PST_OPT_TYPE_REF || pst_item_ref(item, opt, 0) ||
		    pst_values_written(item->values, opt->name) ||
		    names_of(config, opt->of, names, sizeof names, &first) < 2 ||
		    pst_values_set(item->values, opt->name, first) ||
		    item->row->check(pst_values_conf(item->values), &(struct pst_err)PST_ERR_INIT))
			continue;
		pst_conf_fail(item->source, NULL, err, "there are several: %s %s; say which, as in %s = %s",
		    opt->of, names, opt->name, first);
		return true;
	}
	return false;
}

const char *
pst_item_ref(const struct pst_item *item, const struct pst_opt *opt, size_t n)
{
	const void *member = (const char *)pst_values_conf(item->values) + opt->offset;
	const struct pst_list *list = member;
	const char *name;

	if (opt->type == PST_OPT_TYPE_REFS)
		return n < list->count ? list->item[n] : NULL;
	if (opt->type != PST_OPT_TYPE_REF || n > 0)
		return NULL;
	name = *(const char *const *)member;
	return name && *name ? name : NULL;
}

/* What is not written is opened only when something refers to it. */
void
config_use(struct pst_config *config, struct pst_item *item)
{
	if (item->used)
		return;
	item->used = true;
	for (const struct pst_opt *opt = item->row->options; opt->name; opt++) {
		const char *name;

		for (size_t n = 0; (name = pst_item_ref(item, opt, n)); n++) {
			struct pst_item *to = pst_config_item(config, opt->of, name);

			if (to)
				config_use(config, to);
		}
	}
}
