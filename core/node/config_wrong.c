/*
 * What commands have made, and is wrong by now: the file that it refers to has
 * changed, a module is not installed any more. Nobody looks there with an
 * editor, so it fails by itself, and the rest of the node goes on.
 */
#include <errno.h>
#include <string.h>

#include "node/config_parts.h"
#include "node/section.h"

static int
wrong_open(void **self, struct pst_section_env *senv, const void *conf, struct pst_err *err)
{
	(void)self;
	(void)conf;
	return pst_fail(err, PST_E_CONF, "%s", senv->item->wrong);
}

static const struct pst_opt no_options[] = {
	PST_OPT_END,
};

/* In the place of the row that would have served it. */
static const struct pst_section wrong_row = {
	.kind = "wrong",
	.conf_size = 1,
	.options = no_options,
	.open = wrong_open,
};

/* Who is kept out by a policy would be let in without it. */
static bool
may_be_wrong(const struct pst_config *config, const struct pst_item *item)
{
	const struct pst_config *before = config->source.before;
	const struct pst_item *was;

	if (!config->source.goes_on || !item->made || item->kind->rank == 0 || !strcmp(item->kind->name, "policy"))
		return false;
	was = before ? pst_config_item(before, item->source->kind, item->source->name) : NULL;
	return !before || (was && was->wrong);
}

int
config_wrong(struct pst_config *config, struct pst_item *item, int rc, struct pst_err *err)
{
	struct pst_conf_section empty = *item->source;

	if (rc == -ENOMEM || !may_be_wrong(config, item))
		return rc;
	empty.body = "";
	empty.body_len = 0;
	pst_values_free(&item->values);
	item->wrong = strdup(err->text);
	item->module = NULL;
	item->row = &wrong_row;
	*err = (struct pst_err)PST_ERR_INIT;
	return item->wrong ? pst_values_new(&item->values, &empty, no_options, wrong_row.conf_size, err) : -ENOMEM;
}
