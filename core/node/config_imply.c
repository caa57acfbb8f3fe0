/* The sections that others stand for (<postern/imply.h>). */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <postern/imply.h>

#include "node/config_parts.h"

struct pst_implied {
	struct pst_config *config;
	const struct pst_conf_section *by;
	char *dir;
	FILE *text; /* of the sections so far */
	char *bytes;
	size_t len;
	bool open; /* a section is being written */
	size_t problems;
	char first[256]; /* of the problems, where they are not shown */
	int rc;
	struct pst_err err;
};

static void
section_end(struct pst_implied *implied)
{
	if (implied->open)
		fputs("}\n", implied->text);
	implied->open = false;
}

void
pst_imply(struct pst_implied *implied, const char *kind, const char *name, const char *use)
{
	const struct pst_conf_section *there = pst_conf_find(implied->config->conf, kind, name);

	section_end(implied);
	if (there && config_is_implied(there) && !implied->rc)
		implied->rc = pst_conf_fail(implied->by, NULL, &implied->err,
		    "it stands for a %s %s, and so does %s", kind, name, there->file);
	if (!pst_conf_is_name(name) && !implied->rc)
		implied->rc = pst_conf_fail(implied->by, NULL, &implied->err,
		    "a %s cannot have the name \"%.64s\"", kind, name);
	if (there || implied->rc)
		return;
	fprintf(implied->text, "%s %s {\n", kind, name);
	if (use)
		fprintf(implied->text, "use = %s\n", use);
	implied->open = true;
}

void
pst_imply_value(struct pst_implied *implied, const char *key, const char *value)
{
	if (!implied->open)
		return;
	fprintf(implied->text, "%s = ", key);
	pst_conf_quote(implied->text, value);
	putc('\n', implied->text);
}

void
pst_imply_list(struct pst_implied *implied, const char *key, const char *const *values,
    size_t count)
{
	if (!implied->open)
		return;
	fprintf(implied->text, "%s = {", key);
	for (size_t i = 0; i < count; i++) {
		if (i)
			fputs(", ", implied->text);
		pst_conf_quote(implied->text, values[i]);
	}
	fputs("}\n", implied->text);
}

bool
pst_implied_has(const struct pst_implied *implied, const char *kind, const char *use)
{
	return pst_loader_has(implied->config->loader, kind, use);
}

void
pst_imply_problem(struct pst_implied *implied, const char *fmt, ...)
{
	FILE *out = implied->config->source.problems;
	char text[1024];
	va_list args;

	implied->problems++;
	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	if (out)
		fprintf(out, "%s %s: %s\n", implied->by->kind, implied->by->name, text);
	else if (implied->problems == 1)
		snprintf(implied->first, sizeof implied->first, "%.250s", text);
}

const char *
pst_implied_name(const struct pst_implied *implied)
{
	return implied->by->name;
}

const char *
pst_implied_dir(const struct pst_implied *implied)
{
	return implied->dir;
}

bool
pst_implied_runs(const struct pst_implied *implied)
{
	return !implied->config->source.looks;
}

bool
config_is_implied(const struct pst_conf_section *section)
{
	size_t len = strlen(section->file);

	return *section->file == '[' && section->file[len - 1] == ']';
}

/* What messages call the place of such a section. */
static int
implied_load(struct pst_implied *implied, struct pst_err *err)
{
	const struct pst_conf_section *by = implied->by;
	char file[2 * PST_CONF_WORD_MAX + 8];

	section_end(implied);
	if (fclose(implied->text))
		return -ENOMEM;
	implied->text = NULL;
	snprintf(file, sizeof file, "[%s %s]", by->kind, by->name);
	return pst_conf_load_text(implied->config->conf, file, by->dir, implied->bytes, implied->len,
	    err);
}

static int
item_imply(struct pst_config *config, struct pst_item *item, struct pst_err *err)
{
	struct pst_implied implied = { .config = config, .by = item->source };
	struct pst_err why = PST_ERR_INIT;
	int rc = -ENOMEM;

	if (asprintf(&implied.dir, "%s/implied/%s-%s", config->state_dir, item->source->kind,
		item->source->name) < 0)
		implied.dir = NULL;
	implied.text = implied.dir ? open_memstream(&implied.bytes, &implied.len) : NULL;
	if (!implied.text)
		goto out;
	rc = item->module->module.imply(item->source->kind, pst_values_conf(item->values), &implied, &why);
	if (rc)
		pst_item_fail(item, err, why.text);
	else if ((rc = implied.rc))
		pst_fail(err, rc, "%s", implied.err.text);
	else if (implied.problems)
		rc = pst_conf_fail(item->source, NULL, err, "found %zu problems%s%s", implied.problems,
		    implied.first[0] ? ", the first: " : "", implied.first);
	rc = rc ? config_wrong(config, item, rc, err) : implied_load(&implied, err);
out:
	if (implied.text)
		fclose(implied.text);
	free(implied.bytes);
	free(implied.dir);
	return rc;
}

int
config_imply(struct pst_config *config, struct pst_item *item, struct pst_err *err)
{
	bool does = item->module && item->module->module.imply && !config_is_implied(item->source);

	return does ? item_imply(config, item, err) : PST_OK;
}
