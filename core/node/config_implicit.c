#include "node/config_parts.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

/* What every node has unless it is written (design: configuration). */
static const char *const implicit[] = {
	"node default { }",
	"store default { }",
	"vault default { }",
	"identity default { }",
	"channel api { }",
	"service echo { }",
};
/* Links out: one is needed, whatever its name. */
static const char implicit_transport[] = "transport tcp { }";

bool
config_is_implicit(const struct pst_conf_section *section)
{
	return !strcmp(section->file, "(built in)");
}

static int
implicit_add(struct pst_conf *conf, const char *text, struct pst_err *err)
{
	char cwd[PATH_MAX];

	return pst_conf_load_text(conf, "(built in)", getcwd(cwd, sizeof cwd) ? cwd : "/", text,
	    strlen(text), err);
}

static bool
kind_written(const struct pst_conf *conf, const char *kind)
{
	for (size_t i = 0; i < pst_conf_count(conf); i++)
		if (!strcmp(pst_conf_at(conf, i)->kind, kind))
			return true;
	return false;
}

/* A module that was not built is no error until a section refers to it. */
static bool
can_be(struct pst_loader *loader, const char *kind_name, const char *name)
{
	const struct pst_section_kind *kind = pst_section_kind_find(kind_name);

	return !kind->module_kind ||
	    pst_loader_has(loader, kind->module_kind, kind->module ? kind->module : name);
}

int
config_implicit(struct pst_conf *conf, struct pst_loader *loader, struct pst_err *err)
{
	bool has_node = kind_written(conf, "node"), has_transport = kind_written(conf, "transport");
	int rc = PST_OK;

	for (size_t i = 0; !rc && i < sizeof implicit / sizeof *implicit; i++) {
		char kind[32], name[32];

		sscanf(implicit[i], "%31s %31s", kind, name);
		if (strcmp(kind, "node") ? !pst_conf_find(conf, kind, name) && can_be(loader, kind, name)
		                         : !has_node)
			rc = implicit_add(conf, implicit[i], err);
	}
	if (!rc && !has_transport && can_be(loader, "transport", "tcp"))
		rc = implicit_add(conf, implicit_transport, err);
	return rc;
}
