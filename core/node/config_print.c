/* A configuration and the options of modules, for people. */
#include <string.h>

#include "node/config_parts.h"

void
pst_config_print(const struct pst_config *config, FILE *out)
{
	for (size_t i = 0; i < config->count; i++) {
		const struct pst_item *item = &config->items[i];
		const char *use = item->module ? strchr(item->module->module.name, '_') + 1 : NULL;

		if (!item->used)
			continue;
		if (item->implicit)
			fputs("# not written\n", out);
		else if (config_is_implied(item->source))
			fprintf(out, "# of %s\n", item->source->file);
		pst_options_print(out, item->source->kind, item->source->name, use, item->row->options,
		    pst_values_conf(item->values));
	}
}

void
pst_module_help(FILE *out, const struct pst_loaded *loaded)
{
	const struct pst_module *m = &loaded->module;

	fprintf(out, "%s/%s %s: %s\n", m->kind, strchr(m->name, '_') + 1, m->version,
	    m->summary ? m->summary : "");
	for (const struct pst_section *s = m->sections; s && s->kind; s++) {
		fprintf(out, "\n%s NAME { … }\n", s->kind);
		pst_options_help(out, s->options);
	}
}

bool
pst_core_help(FILE *out, const char *kind)
{
	const struct pst_section *row = config_core_row(kind);

	if (!row)
		return false;
	fprintf(out, "core/%s: served by the core\n\n%s NAME { … }\n", kind, kind);
	pst_options_help(out, row->options);
	return true;
}
