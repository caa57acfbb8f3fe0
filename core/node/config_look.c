/* Sections among the others (<postern/look.h>). */
#include <stdarg.h>
#include <string.h>

#include <postern/transport.h>

#include "node/config_parts.h"
#include "node/control.h"

struct pst_look {
	const struct pst_config *config;
	struct pst_item *item;
	struct config_taken *taken;
};

bool
pst_look_has(const struct pst_look *look, const char *kind, const char *name)
{
	return pst_config_item(look->config, kind, name) != NULL;
}

const void *
pst_look_ops(const struct pst_look *look, const char *kind, const char *name)
{
	const struct pst_item *item = pst_config_item(look->config, kind, name);

	return item && item->module ? item->module->module.ops : NULL;
}

const char *
pst_look_first(const struct pst_look *look)
{
	const struct pst_item *item = look->config->items;

	while (item->kind != look->item->kind || item->module != look->item->module)
		item++;
	return item == look->item ? NULL : item->source->name;
}

const char *
pst_look_name(const struct pst_look *look)
{
	return look->item->source->name;
}

bool
pst_look_alone(const struct pst_look *look)
{
	size_t count = 0;

	for (size_t i = 0; i < look->config->count; i++)
		count += look->config->items[i].kind == look->item->kind;
	return count == 1;
}

void
pst_look_worker(struct pst_look *look, const char *address)
{
	config_take_worker(look->taken, look->item, address);
}

void
pst_look_listens(struct pst_look *look, const char *protocol, const char *where)
{
	config_take_place(look->taken, look->item, protocol, where);
}

const struct pst_transport_ops *
config_look_transport(const struct pst_look *look, const char *protocol)
{
	for (size_t i = 0; i < look->config->count; i++) {
		const struct pst_item *item = &look->config->items[i];
		bool is = item->module && !strcmp(item->kind->name, "transport");

		for (const struct pst_transport_ops *ops = is ? item->module->module.ops : NULL; ops; ops = ops->also)
			if (!strcmp(ops->protocol, protocol))
				return ops;
	}
	return NULL;
}

/* What others stand for may be made, with its files, only when the node runs. */
static bool
is_wanted(const struct pst_item *item, const struct pst_config_edit *edit)
{
	return edit->kind ? !strcmp(item->source->kind, edit->kind) && !strcmp(item->source->name, edit->name)
			  : !config_is_implied(item->source);
}

/* A node that runs says so itself, in its log; whoever makes a section has named it, and there is no file yet. */
void
pst_look_warn(struct pst_look *look, const char *fmt, ...)
{
	const struct pst_config_source *source = &look->config->source;
	struct pst_err place = PST_ERR_INIT;
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	if (!source->warnings || !is_wanted(look->item, &source->edit))
		return;
	if (!source->edit.kind)
		pst_item_fail(look->item, &place, text);
	fprintf(source->warnings, "%s\n", source->edit.kind ? text : place.text);
}

int
config_look(struct pst_config *config, struct pst_item *item, struct config_taken *taken, struct pst_err *err)
{
	const struct pst_module *module = item->module ? &item->module->module : NULL;
	const char *meant = config_namesake(item);
	struct pst_look look = { config, item, taken };
	struct pst_err why = PST_ERR_INIT;
	int rc;

	if (meant)
		pst_look_warn(&look, "this is module %s, as there is no \"use\"; for %s write use = %s",
		    config_module_name(item), item->source->name, meant);
	if (!strcmp(item->kind->name, "node"))
		pst_look_worker(&look, NODE_CONTROL);
	if (!module || !module->look)
		return PST_OK;
	rc = module->look(item->source->kind, pst_values_conf(item->values), &look, &why);
	if (!rc)
		return PST_OK;
	pst_item_fail(item, err, why.text[0] ? why.text : pst_strerror(rc));
	return config_wrong(config, item, PST_E_CONF, err);
}
