#include "node/config_parts.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

/* What every node has unless it is written (design: configuration). */
static const struct implicit {
	const char *kind, *name;
	const char *module; /* that serves it; NULL: the core */
	const char *use;    /* where the kind's default is another */
	const char *with;   /* only beside a section of this kind; NULL: always */
} implicits[] = {
	{ "node", "default", NULL, NULL },
	{ "store", "default", "sqlite", NULL },
	{ "vault", "default", "file", NULL },
	{ "identity", "default", NULL, NULL },
	{ "channel", "api", "noise", NULL },
	/* what a function has that names no capabilities */
	{ "capability", "log", "log", NULL },
	{ "capability", "request", "request", NULL },
	{ "runtime", "default", NULL, NULL, "function" },
	{ "service", "echo", "echo", NULL },
	{ "transport", "control", "unix", "unix" },
	/* links out */
	{ "transport", "tcp", "tcp", NULL },
	{ "transport", "udp", "udp", NULL },
};

bool
config_is_implicit(const struct pst_conf_section *section)
{
	return !strcmp(section->file, "(built in)");
}

bool
config_is_built_in(const char *kind, const char *name)
{
	for (size_t i = 0; i < sizeof implicits / sizeof *implicits; i++)
		if (!strcmp(implicits[i].kind, kind) && !strcmp(implicits[i].name, name))
			return true;
	return false;
}

static bool
has_any(const struct pst_conf *conf, const char *kind)
{
	for (size_t i = 0; i < pst_conf_count(conf); i++)
		if (!strcmp(pst_conf_at(conf, i)->kind, kind))
			return true;
	return false;
}

/* One node is enough; all else is told by its name, so that adding a section takes none away. */
static bool
is_written(const struct pst_conf *conf, const struct implicit *one)
{
	if (!strcmp(one->kind, "node"))
		return has_any(conf, one->kind);
	return pst_conf_find(conf, one->kind, one->name) != NULL;
}

static int
implicit_add(struct pst_conf *conf, const struct implicit *one, struct pst_err *err)
{
	char cwd[PATH_MAX], text[128];
	int len = snprintf(text, sizeof text, "%s %s { %s%s }", one->kind, one->name,
	    one->use ? "use = " : "", one->use ? one->use : "");

	return pst_conf_load_text(conf, "(built in)", getcwd(cwd, sizeof cwd) ? cwd : "/", text,
	    (size_t)len, err);
}

int
config_implicit(struct pst_conf *conf, struct pst_loader *loader, struct pst_err *err)
{
	int rc = PST_OK;

	for (size_t i = 0; !rc && i < sizeof implicits / sizeof *implicits; i++) {
		const struct implicit *one = &implicits[i];

		/* a module that was not built is no error until a section refers to it */
		if (is_written(conf, one) || (one->with && !has_any(conf, one->with)) ||
		    (one->module && !pst_loader_has(loader, one->kind, one->module)))
			continue;
		rc = implicit_add(conf, one, err);
	}
	return rc;
}
