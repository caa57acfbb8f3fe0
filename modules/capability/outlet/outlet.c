/*
 * capability/outlet: a function's only network is a named outlet. outlet.md is the page.
 */
#include "outlet.h"

#include <errno.h>
#include <stdlib.h>

static const struct pst_opt outlet_options[] = {
	ENTRY_OPTIONS("256"),
	PST_OPT_END,
};

static int
outlet_check(const void *conf, struct pst_err *err)
{
	return entry_check(conf, err);
}

static void
outlet_status(void *self, struct pst_status *status)
{
	const struct outlet *outlet = self;

	entry_status(&outlet->entry, status);
}

static const struct pst_section_hooks outlet_hooks = {
	.size = sizeof outlet_hooks,
	.status = outlet_status,
};

void
outlet_rests(struct outlet *outlet)
{
	struct pst_section_env *senv = outlet->entry.portal.senv;

	if (!outlet->closing || outlet->conns || !entry_rests(&outlet->entry))
		return;
	free(outlet);
	pst_section_closed(senv);
}

static void
entry_gone(struct portal *portal)
{
	outlet_rests(pst_container_of(portal, struct outlet, entry.portal));
}

static int
outlet_start(void **self, struct pst_section_env *senv, const void *conf, struct pst_err *err)
{
	struct outlet *outlet = calloc(1, sizeof *outlet);
	int rc;

	if (!outlet)
		return -ENOMEM;
	rc = entry_open(&outlet->entry, senv, conf, entry_gone, err);
	if (rc) {
		free(outlet);
		return rc;
	}
	outlet->entry.portal.over = conn_over;
	pst_section_hook(senv, &outlet_hooks);
	*self = outlet;
	pst_section_up(senv);
	return PST_OK;
}

/* Functions that name it are closed before, and their streams with them. */
static void
outlet_stop(void *self)
{
	struct outlet *outlet = self;

	outlet->closing = true;
	entry_close(&outlet->entry);
}

static const struct pst_host_function outlet_serves[] = {
	{ .name = "outlet_open", .later = outlet_open },
	{ .name = "outlet_write", .later = outlet_write },
	{ .name = "outlet_read", .later = outlet_read },
	{ .name = "outlet_close", .later = outlet_close },
	{ .name = NULL },
};
static const struct pst_capability_ops outlet_ops = { .size = sizeof outlet_ops, .serves = outlet_serves };

static const struct pst_section outlet_sections[] = {
	PST_SECTION("capability", struct entry_conf, outlet_options, outlet_check, outlet_start, outlet_stop),
	PST_SECTION_END,
};

PST_MODULE(capability_outlet, .kind = PST_KIND_CAPABILITY, .version = "0.1.0",
    .summary = "functions reach a named outlet, and nothing else", .sections = outlet_sections, .ops = &outlet_ops,
    .look = way_look);
