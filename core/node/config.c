#include "node/config_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "node/rooms.h"

/* One link of an admitted peer may keep as much. */
#define MEMORY_MIN (4 * 1024 * 1024)
#define DRAIN_MAX_MS (24 * 3600 * 1000)

static const struct pst_opt node_options[] = {
	PST_OPT(PATH, struct pst_node_conf, state, NULL, "where the node keeps what must last"),
	PST_OPT(ENUM, struct pst_node_conf, log, "info", "lines of this level and more urgent ones",
	    .of = "error warn info debug"),
	PST_OPT(LIST, struct pst_node_conf, log_rooms, NULL,
	    "KIND=LEVEL: another level for sections, or modules, of that kind; node: for all else"),
	PST_OPT(ENUM, struct pst_node_conf, log_format, "text", "lines for people, or an object a line",
	    .of = "text json"),
	PST_OPT(SIZE, struct pst_node_conf, memory, "256M",
	    "bytes of messages under way above which no links or streams are let in"),
	PST_OPT(TIME, struct pst_node_conf, drain, "10s",
	    "a node that stops lets portal sessions go on for so long; 0 ends them at once"),
	PST_OPT(BOOL, struct pst_node_conf, extensions, "yes",
	    "offer windows, half-close and reasons to Postern peers"),
	PST_OPT_END,
};

static int
node_check(const void *conf, struct pst_err *err)
{
	const struct pst_node_conf *c = conf;

	if (c->memory < MEMORY_MIN)
		return pst_fail(err, PST_E_CONF, "memory: at least 4M");
	if (c->drain > DRAIN_MAX_MS)
		return pst_fail(err, PST_E_CONF, "drain: at most 1d");
	return pst_rooms_check(&c->log_rooms, err);
}

const struct pst_section config_node_section = {
	.kind = "node",
	.conf_size = sizeof(struct pst_node_conf),
	.options = node_options,
	.check = node_check,
};

struct pst_item *
pst_config_item(const struct pst_config *config, const char *kind, const char *name)
{
	return pst_index_find(&config->index, kind, name, NULL);
}

/* Whenever the items have moved. */
static int
items_index(struct pst_config *config)
{
	int rc = PST_OK;

	pst_index_clear(&config->index);
	for (size_t i = 0; !rc && i < config->count; i++) {
		struct pst_item *item = &config->items[i];

		rc = pst_index_add(&config->index, item->source->kind, item->source->name, item);
	}
	return rc;
}

static bool
wanted(const struct pst_item *item)
{
	return !item->implicit || !item->kind->on_demand;
}

/* ---- all of it ---- */

static int
by_rank(const void *a, const void *b)
{
	const struct pst_item *x = a, *y = b;

	if (x->kind->rank != y->kind->rank)
		return x->kind->rank - y->kind->rank;
	return x->at < y->at ? -1 : x->at > y->at;
}

static int
item_fill(struct pst_config *config, struct pst_item *item, struct pst_err *err)
{
	struct pst_conf_section source = *item->source;
	int rc = config_item_module(config, item, err);

	if (!rc && item->module && !item->kind->fixed && !source.use)
		source.server = config_module_name(item);
	if (!rc)
		rc = pst_values_new(&item->values, &source, item->row->options, item->row->conf_size, err);
	return rc ? config_wrong(config, item, rc, err) : PST_OK;
}

/* Items for the sections that have none yet, with their modules and values. */
static int
items_add(struct pst_config *config, struct pst_err *err)
{
	size_t first = config->count, count = pst_conf_count(config->conf);
	struct pst_item *items = realloc(config->items, (count + 1) * sizeof *items);
	int rc = PST_OK;

	if (!items)
		return -ENOMEM;
	memset(items + first, 0, (count + 1 - first) * sizeof *items);
	config->items = items;
	config->count = count;
	for (size_t i = first; !rc && i < count; i++) {
		items[i].at = i;
		items[i].source = pst_conf_at(config->conf, i);
		items[i].implicit = config_is_implicit(items[i].source);
		items[i].made = config_is_dropped_in(config, items[i].source);
		rc = config_item_kind(&items[i], err);
	}
	for (size_t i = first; !rc && i < count; i++)
		rc = item_fill(config, &items[i], err);
	return rc;
}

/* All sections there will be: those written, those that they stand for, and what every node has. */
static int
items_all(struct pst_config *config, struct pst_err *err)
{
	size_t written;
	int rc = items_add(config, err);

	written = config->count;
	for (size_t i = 0; !rc && i < written; i++)
		rc = config_imply(config, &config->items[i], err);
	if (!rc)
		rc = config_implicit(config->conf, config->loader, err);
	if (!rc)
		rc = items_add(config, err);
	return rc;
}

/* What they refer to, in the order of opening. */
static int
items_order(struct pst_config *config, struct pst_err *err)
{
	int rc = items_index(config);

	config_defaults(config);
	for (size_t i = 0; !rc && i < config->count; i++)
		if ((rc = config_refs(config, &config->items[i], err)) != PST_OK)
			rc = config_wrong(config, &config->items[i], rc, err);
	if (rc)
		return rc;
	qsort(config->items, config->count, sizeof *config->items, by_rank);
	rc = items_index(config);
	if (rc)
		return rc;
	for (size_t i = 0; i < config->count; i++)
		if (wanted(&config->items[i]))
			config_use(config, &config->items[i]);
	return PST_OK;
}

int
pst_item_fail(const struct pst_item *item, struct pst_err *err, const char *sentence)
{
	size_t n = strcspn(sentence, ":");

	if (item->wrong)
		return pst_fail(err, PST_E_CONF, "%s", item->wrong);
	if (item->implicit)
		return pst_fail(err, PST_E_CONF, "%s %s: %s", item->source->kind, item->source->name,
		    sentence);
	for (const struct pst_opt *opt = item->row->options; opt->name; opt++)
		if (strlen(opt->name) == n && !memcmp(opt->name, sentence, n) &&
		    !strncmp(sentence + n, ": ", 2))
			return pst_conf_fail(item->source, opt->name, err, "%s", sentence + n + 2);
	return pst_conf_fail(item->source, NULL, err, "%s", sentence);
}

static int
items_check(struct pst_config *config, struct pst_err *err)
{
	for (size_t i = 0; i < config->count; i++) {
		struct pst_item *item = &config->items[i];
		struct pst_err why = PST_ERR_INIT;
		int rc;

		if (!item->row->check)
			continue;
		if (!item->row->check(pst_values_conf(item->values), &why))
			continue;
		rc = config_ref_wanted(config, item, err) ? PST_E_CONF : pst_item_fail(item, err, why.text);
		rc = config_wrong(config, item, rc, err);
		if (rc)
			return rc;
	}
	return PST_OK;
}

static int
items_look(struct pst_config *config, struct pst_err *err)
{
	struct config_taken taken = { .end = &taken.first };
	int rc = PST_OK;

	for (size_t i = 0; !rc && i < config->count; i++)
		rc = config_look(config, &config->items[i], &taken, err);
	if (!rc)
		rc = config_taken_check(&taken, config, err);
	config_taken_fini(&taken);
	return rc;
}

static int
node_find(struct pst_config *config, struct pst_err *err)
{
	const struct pst_item *node = NULL;

	for (size_t i = 0; i < config->count; i++) {
		const struct pst_item *item = &config->items[i];

		if (strcmp(item->source->kind, "node"))
			continue;
		if (node)
			return pst_conf_fail(item->source, NULL, err, "a second node; the first is at %s:%u",
			    node->source->file, node->source->line);
		node = item;
	}
	config->node = pst_values_conf(node->values);
	config->node_name = node->source->name;
	return PST_OK;
}

static int
config_empty(struct pst_config **out, struct pst_loader *loader)
{
	*out = calloc(1, sizeof **out);
	if (!*out)
		return -ENOMEM;
	(*out)->loader = loader;
	return pst_conf_new(&(*out)->conf);
}

/* From sections to checked items. */
static int
config_make(struct pst_config *config, struct pst_err *err)
{
	int rc = items_order(config, err);

	if (!rc)
		rc = node_find(config, err);
	if (!rc)
		rc = items_check(config, err);
	return rc ? rc : items_look(config, err);
}

/* Of a symbolic link its own path: where it leads may be another file by the next reload. */
static char *
path_absolute(const char *path)
{
	char cwd[PATH_MAX], *out;

	if (*path == '/')
		return strdup(path);
	return getcwd(cwd, sizeof cwd) && asprintf(&out, "%s/%s", cwd, path) >= 0 ? out : NULL;
}

static int
source_copy(struct pst_config *config, const struct pst_config_source *source)
{
	config->path = source->path ? path_absolute(source->path) : NULL;
	config->state = source->state ? strdup(source->state) : NULL;
	return (source->path && !config->path) || (source->state && !config->state) ? -ENOMEM : PST_OK;
}

int
pst_config_new(struct pst_config **out, struct pst_loader *loader,
    const struct pst_config_source *source, struct pst_err *err)
{
	struct pst_config *config;
	int rc = config_empty(&config, loader);

	if (!rc)
		rc = source_copy(config, source);
	if (!rc) {
		config->source = *source;
		rc = config_files(config, err);
	}
	if (!rc)
		rc = items_all(config, err);
	if (!rc)
		rc = config_make(config, err);
	if (rc) {
		pst_config_free(&config);
	} else {
		config->source = (struct pst_config_source){ .path = config->path, .state = config->state };
	}
	*out = config;
	return rc;
}

int
pst_config_new_client(struct pst_config **out, struct pst_loader *loader, struct pst_err *err)
{
	static const char text[] = "node command { }  transport command { use = unix }";
	struct pst_config *config;
	int rc = config_empty(&config, loader);

	if (!rc)
		rc = pst_conf_load_text(config->conf, "(the command)", "/", text, strlen(text), err);
	if (!rc)
		rc = items_add(config, err);
	if (!rc)
		rc = config_make(config, err);
	if (!rc && !(config->state_dir = strdup("/nonexistent")))
		rc = -ENOMEM;
	if (rc)
		pst_config_free(&config);
	*out = config;
	return rc;
}

void
pst_config_free(struct pst_config **config)
{
	struct pst_config *c = *config;

	*config = NULL;
	if (!c)
		return;
	for (size_t i = 0; i < c->count && c->items; i++) {
		pst_values_free(&c->items[i].values);
		free(c->items[i].wrong);
	}
	free(c->items);
	pst_index_fini(&c->index);
	pst_conf_free(&c->conf);
	free(c->state_dir);
	free(c->path);
	free(c->state);
	free(c);
}
