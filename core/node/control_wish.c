#include "node/control_wish.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "conf/conf.h"
#include "node/kinds.h"

int
control_wish_read(struct control_wish *wish, const json_t *ask, struct pst_err *err)
{
	*wish = (struct control_wish){ 0 };
	if (json_unpack((json_t *)ask, "{s:s, s:s, s?:s, s:s, s:o}", "kind", &wish->kind, "name",
	    &wish->name, "use", &wish->use, "cwd", &wish->cwd, "options", &wish->options) ||
	    !json_is_object(wish->options) || *wish->cwd != '/')
		return pst_fail(err, -EINVAL, "want kind, name, cwd and options");
	if (!pst_section_kind_find(wish->kind))
		return pst_fail(err, PST_E_NOTHING, "there is no kind of section \"%.64s\"", wish->kind);
	if (!pst_conf_is_name(wish->name))
		return pst_fail(err, PST_E_CONF, "\"%.64s\" is not a name for a section", wish->name);
	if (wish->use && !pst_conf_is_name(wish->use))
		return pst_fail(err, PST_E_CONF, "\"%.64s\" is not a module", wish->use);
	return PST_OK;
}

/* ---- options ---- */

static const struct pst_opt *
option_find(const struct pst_opt *options, const char *key)
{
	for (; options->name; options++)
		if (!strcmp(options->name, key))
			return options;
	return NULL;
}

static int
option_missing(const struct control_wish *wish, const struct pst_opt *options, const char *key,
    struct pst_err *err)
{
	struct pst_nearest near = { .word = key };

	for (; options->name; options++)
		pst_nearest_offer(&near, options->name);
	if (near.best)
		return pst_fail(err, PST_E_CONF, "%s: no option --%.64s, did you mean --%s?", wish->kind,
		    key, near.best);
	return pst_fail(err, PST_E_CONF, "%s: no option --%.64s", wish->kind, key);
}

static int
value_write(FILE *out, const struct control_wish *wish, const struct pst_opt *opt,
    const json_t *item, struct pst_err *err)
{
	const char *value = json_string_value(item);
	char path[PATH_MAX];

	if (!value)
		return pst_fail(err, -EINVAL, "%s: --%s: not a string", wish->kind, opt->name);
	if (opt->type == PST_OPT_TYPE_PATH && *value && *value != '/' && *value != '~') {
		if (snprintf(path, sizeof path, "%s/%s", wish->cwd, value) >= (int)sizeof path)
			return pst_fail(err, -ENAMETOOLONG, "%s: --%s: path too long", wish->kind, opt->name);
		value = path;
	}
	pst_conf_quote(out, value);
	return PST_OK;
}

static int
option_write(FILE *out, const struct control_wish *wish, const struct pst_opt *opt,
    const json_t *values, struct pst_err *err)
{
	bool list = pst_opt_is_list(opt);
	const json_t *value;
	int rc = PST_OK;
	size_t i;

	if (!json_array_size(values) || (!list && json_array_size(values) > 1))
		return pst_fail(err, PST_E_CONF, "%s: --%s takes one value", wish->kind, opt->name);
	fprintf(out, "    %s = %s", opt->name, list ? "{ " : "");
	json_array_foreach(values, i, value) {
		fputs(i ? ", " : "", out);
		rc = value_write(out, wish, opt, value, err);
		if (rc)
			return rc;
	}
	fputs(list ? " }\n" : "\n", out);
	return PST_OK;
}

/* ---- the section ---- */

int
control_wish_write(FILE *out, const struct control_wish *wish, const struct pst_opt *options,
    struct pst_err *err)
{
	const char *key;
	json_t *values;

	fprintf(out, "# made by `postern %s create`\n%s %s {\n", wish->kind, wish->kind, wish->name);
	if (wish->use)
		fprintf(out, "    use = %s\n", wish->use);
	json_object_foreach(wish->options, key, values) {
		const struct pst_opt *opt = option_find(options, key);
		int rc = opt ? option_write(out, wish, opt, values, err)
			     : option_missing(wish, options, key, err);

		if (rc)
			return rc;
	}
	fputs("}\n", out);
	return PST_OK;
}
