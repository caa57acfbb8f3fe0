/* Which module serves a section, and by which of its rows. */
#include <string.h>

#include "node/config_parts.h"
#include "trust/trust.h"

static const struct pst_section *
row_find(const struct pst_section *rows, const char *kind)
{
	for (; rows && rows->kind; rows++)
		if (!strcmp(rows->kind, kind))
			return rows;
	return NULL;
}

int
config_item_kind(struct pst_item *item, struct pst_err *err)
{
	struct pst_nearest near = { .word = item->source->kind };

	item->kind = pst_section_kind_find(item->source->kind);
	if (item->kind)
		return PST_OK;
	for (const struct pst_section_kind *kind = pst_section_kinds; kind->name; kind++)
		pst_nearest_offer(&near, kind->name);
	if (near.best)
		return pst_fail(err, PST_E_CONF, "%s:%u: unknown section \"%s\", did you mean \"%s\"?",
		    item->source->file, item->source->line, item->source->kind, near.best);
	return pst_fail(err, PST_E_CONF, "%s:%u: unknown section \"%s\"", item->source->file,
	    item->source->line, item->source->kind);
}

/* Not built, or it does not load: a library that it needs may be missing. */
static bool
is_lacking(struct pst_loader *loader, const struct pst_section_kind *kind)
{
	const struct pst_loaded *loaded;
	struct pst_err why = PST_ERR_INIT;

	return pst_loader_get(loader, &loaded, kind->module_kind, kind->module, &why) != PST_OK;
}

static const char *
module_name(struct pst_loader *loader, const struct pst_item *item)
{
	const struct pst_section_kind *kind = item->kind;

	if (item->source->use && !kind->fixed)
		return item->source->use;
	if (kind->named_like &&
	    (!kind->module || pst_loader_has(loader, kind->module_kind, item->source->name)))
		return item->source->name;
	if (kind->instead && pst_loader_has(loader, kind->module_kind, kind->instead) && is_lacking(loader, kind))
		return kind->instead;
	return kind->module;
}

const char *
config_module_name(const struct pst_item *item)
{
	return item->module->module.name + strlen(item->kind->module_kind) + 1;
}

/* Protocols, and modules of theirs: for these words one writes `use`, and may think that a name does it. */
static const struct {
	const char *word, *module;
} speakers[] = {
	{ "quic", "udp" },
	{ "tcp", "tcp" },
	{ "udp", "udp" },
	{ "unix", "unix" },
	{ "websocket", "websocket" },
	{ "ws", "websocket" },
	{ "wss", "websocket" },
};

const char *
config_speaker(const char *word)
{
	for (size_t i = 0; i < sizeof speakers / sizeof *speakers; i++)
		if (!strcmp(speakers[i].word, word))
			return speakers[i].module;
	return NULL;
}

const char *
config_namesake(const struct pst_item *item)
{
	const char *module = config_speaker(item->source->name);

	if (!module || item->source->use || !item->module || strcmp(item->source->kind, "transport") ||
	    !strcmp(module, config_module_name(item)))
		return NULL;
	return module;
}

const struct pst_section *
config_core_row(const char *kind)
{
	return strcmp(kind, "node") ? row_find(pst_trust_sections, kind) : &config_node_section;
}

/* The row that serves the item's section, and its module unless that is the core; NULL and PST_OK: it serves no such one. */
static int
item_row(struct pst_item *item, struct pst_loader *loader, struct pst_err *err)
{
	const char *kind = item->source->kind;
	int rc;

	if (!item->kind->module_kind) {
		item->row = config_core_row(kind);
		return PST_OK;
	}
	rc = pst_loader_get(loader, &item->module, item->kind->module_kind, module_name(loader, item),
	    err);
	if (!rc)
		item->row = row_find(item->module->module.sections, kind);
	return rc;
}

static const char *
server_of(const struct pst_item *item)
{
	return item->module ? item->module->module.name : "core";
}

int
pst_config_row(const struct pst_section **out, struct pst_loader *loader, const char *kind,
    const char *name, const char *use, struct pst_err *err)
{
	struct pst_conf_section source = { .kind = kind, .name = name, .use = use };
	struct pst_item item = { .source = &source, .kind = pst_section_kind_find(kind) };
	int rc;

	*out = NULL;
	if (!item.kind || item.kind->rank == 0)
		return pst_fail(err, PST_E_NOTHING, "there is no kind of section \"%.64s\"", kind);
	rc = item_row(&item, loader, err);
	*out = item.row;
	if (!rc && !item.row)
		rc = pst_fail(err, PST_E_CONF, "module %s serves no section \"%s\"", server_of(&item), kind);
	return rc;
}

int
config_item_module(struct pst_config *config, struct pst_item *item, struct pst_err *err)
{
	const struct pst_conf_section *source = item->source;
	struct pst_err why = PST_ERR_INIT;

	if (source->use && item->kind->fixed && strcmp(source->use, item->kind->module))
		return pst_conf_fail(source, "use", err, "a %s is always of module %s/%s", source->kind,
		    item->kind->module_kind, item->kind->module);
	if (item_row(item, config->loader, &why))
		return pst_conf_fail(source, source->use ? "use" : NULL, err, "%s", why.text);
	if (!item->row)
		return pst_conf_fail(source, NULL, err, "module %s serves no section \"%s\"", server_of(item),
		    source->kind);
	return PST_OK;
}
