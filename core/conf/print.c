/* Sections and tables for people: `check --print` and `help`. */
#include <string.h>

#include "conf/conf.h"
#include "conf/type.h"

static bool
has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	return false;
}

void
pst_conf_quote(FILE *out, const char *text)
{
	/* '…' is easier on the eye where "…" would need a backslash */
	bool single = strpbrk(text, "\"\\$") && !has_control(text);
	const char *escaped = single ? "'\\" : "\"\\$";

	putc(single ? '\'' : '"', out);
	for (; *text; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f) {
			fprintf(out, "\\x%02x", (unsigned char)*text);
			continue;
		}
		if (strchr(escaped, *text))
			putc('\\', out);
		putc(*text, out);
	}
	putc(single ? '\'' : '"', out);
}

void
pst_options_print(FILE *out, const char *kind, const char *name, const char *use,
    const struct pst_opt *options, const void *conf)
{
	fprintf(out, "%s %s {\n", kind, name);
	if (use)
		fprintf(out, "    use = %s\n", use);
	for (const struct pst_opt *opt = options; opt->name; opt++) {
		const void *member = (const char *)conf + opt->offset;
		const struct pst_type *type = pst_type_of(opt);

		if (type->text && !*(const char *const *)member) {
			fprintf(out, "    # %s is not set\n", opt->name);
			continue;
		}
		fprintf(out, "    %s = ", opt->name);
		type->print(out, opt, member);
		putc('\n', out);
	}
	fputs("}\n", out);
}

static const char *
default_of(const struct pst_opt *opt)
{
	if (opt->fallback)
		return opt->fallback[0] ? opt->fallback : "\"\"";
	return pst_opt_required(opt) ? "required" : "-";
}

/* The widths of the first three columns. */
struct widths {
	int name;
	int type;
	int fallback;
};

static void
widen(int *width, const char *text)
{
	int len = (int)strlen(text);

	/* one long default does not push the help of all others off the screen */
	if (len > *width && len <= 24)
		*width = len;
}

void
pst_options_help(FILE *out, const struct pst_opt *options)
{
	struct widths widths = { 4, 4, 7 };

	for (const struct pst_opt *opt = options; opt->name; opt++) {
		widen(&widths.name, opt->name);
		widen(&widths.type, pst_type_of(opt)->name);
		widen(&widths.fallback, default_of(opt));
	}
	fprintf(out, "%-*s  %-*s  %-*s  %s\n", widths.name, "key", widths.type, "type",
	    widths.fallback, "default", "");
	for (const struct pst_opt *opt = options; opt->name; opt++) {
		fprintf(out, "%-*s  %-*s  %-*s  %s", widths.name, opt->name, widths.type,
		    pst_type_of(opt)->name, widths.fallback, default_of(opt), opt->help);
		if (opt->type == PST_OPT_TYPE_ENUM)
			fprintf(out, " (%s)", opt->of);
		if (pst_opt_refers(opt))
			fprintf(out, " (section %s)", opt->of);
		putc('\n', out);
	}
}
