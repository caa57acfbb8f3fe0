/* Sections among the others (<postern/look.h>). */
#include <stdarg.h>
#include <string.h>

#include <postern/transport.h>

#include "node/config_parts.h"

struct pst_look {
	const struct pst_config *config;
	const struct pst_item *item;
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

/* A node that runs says so itself, in its log. What others stand for may be made, with its files, only then. */
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
	if (!source->looks || !source->problems || config_is_implied(look->item->source))
		return;
	pst_item_fail(look->item, &place, text);
	fprintf(source->problems, "%s\n", place.text);
}

int
config_look(struct pst_config *config, struct pst_item *item, struct pst_err *err)
{
	const struct pst_module *module = item->module ? &item->module->module : NULL;
	const char *meant = config_namesake(item);
	struct pst_look look = { config, item };
	struct pst_err why = PST_ERR_INIT;
	int rc;

	if (meant)
		pst_look_warn(&look, "this is module %s, as there is no \"use\"; for %s write use = %s",
		    config_module_name(item), item->source->name, meant);
	if (!module || !module->look)
		return PST_OK;
	rc = module->look(item->source->kind, pst_values_conf(item->values), &look, &why);
	if (!rc)
		return PST_OK;
	pst_item_fail(item, err, why.text[0] ? why.text : pst_strerror(rc));
	return config_wrong(config, item, PST_E_CONF, err);
}
