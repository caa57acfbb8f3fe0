#include "node/kinds.h"

#include <string.h>

const struct pst_section_kind pst_section_kinds[] = {
	{ .name = "node", .rank = 0 },
	{ .name = "store", .module_kind = "store", .module = "sqlite", .default_name = "default", .on_demand = true, .rank = 1 },
	{ .name = "vault", .module_kind = "vault", .module = "file", .default_name = "default", .on_demand = true, .rank = 1 },
	{ .name = "identity", .default_name = "default", .on_demand = true, .rank = 2 },
	/* before whatever goes by it */
	{ .name = "policy", .rank = 2 },
	{ .name = "channel", .module_kind = "channel", .module = "noise", .default_name = "api", .rank = 3 },
	/* whose credentials count, for all that follows */
	{ .name = "project", .module_kind = "service", .module = "project", .fixed = true, .rank = 4 },
	/* what functions are made of, before the functions */
	{ .name = "runtime", .module_kind = "runtime", .module = "wasmtime", .instead = "wabt", .default_name = "default", .on_demand = true, .rank = 4 },
	{ .name = "capability", .module_kind = "capability", .named_like = true, .on_demand = true, .rank = 4 },
	{ .name = "function", .module_kind = "service", .module = "functions", .fixed = true, .rank = 5 },
	{ .name = "service", .module_kind = "service", .named_like = true, .rank = 5 },
	{ .name = "outlet", .module_kind = "portal", .module = "tcp", .rank = 6 },
	/* when a listener opens, everything it exposes is there */
	{ .name = "transport", .module_kind = "transport", .module = "tcp", .named_like = true, .rank = 7 },
	{ .name = "inlet", .module_kind = "portal", .module = "tcp", .rank = 8 },
	{ .name = "relay", .module_kind = "service", .module = "relay", .fixed = true, .rank = 8 },
	{ .name = "constellation", .module_kind = "service", .module = "gateway", .fixed = true, .rank = 8 },
	{ .name = NULL },
};

_Static_assert(sizeof pst_section_kinds / sizeof *pst_section_kinds <= PST_SECTION_KINDS_MAX, "kinds");

const struct pst_section_kind *
pst_section_kind_find(const char *name)
{
	for (const struct pst_section_kind *kind = pst_section_kinds; kind->name; kind++)
		if (!strcmp(kind->name, name))
			return kind;
	return NULL;
}
