/*
 * Any bytes as a configuration; what is accepted prints and reads back the same.
 * Covers: core/conf/scan.c core/conf/decode.c core/conf/entry.c core/conf/section.c core/conf/type.c
 * Covers: core/conf/values.c core/conf/nearest.c core/conf/place.c
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct all {
	const char *str;
	bool flag;
	int64_t number;
	uint64_t size;
	uint64_t time;
	int word;
	struct pst_list list;
	const char *ref;
	const char *path;
};

static const struct pst_opt options[] = {
	PST_OPT(STR, struct all, str, NULL, "a string"),
	PST_OPT(BOOL, struct all, flag, "true", "yes or no"),
	PST_OPT(INT, struct all, number, "-7", "a number"),
	PST_OPT(SIZE, struct all, size, "16M", "a size"),
	PST_OPT(TIME, struct all, time, "30s", "a time"),
	PST_OPT(ENUM, struct all, word, "two", "a word", .of = "one two three"),
	PST_OPT(LIST, struct all, list, "api echo", "a list"),
	PST_OPT(REF, struct all, ref, NULL, "a reference", .of = "vault"),
	PST_OPT(PATH, struct all, path, "db", "a path"),
	PST_OPT_END,
};

/* The table of a section with `use = strict`. */
static const struct pst_opt strict_options[] = {
	PST_OPT(STR, struct all, str, NULL, "a string", .of = "required"),
	PST_OPT_END,
};

/* A text that is set is there, and makes a difference. */
static void
check_set(struct pst_values *changed, const struct pst_values *values)
{
	const struct all *conf = pst_values_conf(changed);

	if (!pst_values_written(changed, "number") || pst_values_set(changed, "number", "1") != -EINVAL ||
	    pst_values_text(changed, "number") || pst_values_list(changed, "number")->count ||
	    pst_values_list(changed, "list")->count != conf->list.count ||
	    pst_values_set(changed, "ref", "other ref") ||
	    strcmp(pst_values_text(changed, "ref"), "other ref") || pst_values_equal(values, changed))
		abort();
}

static void
read_back(const struct pst_conf_section *section, const struct pst_values *values)
{
	struct pst_values *again = NULL;
	struct pst_err err = PST_ERR_INIT;
	struct pst_conf *conf;
	char *text;
	size_t len;
	FILE *file = open_memstream(&text, &len);

	pst_options_print(file, section->kind, section->name, section->use, options,
	    pst_values_conf(values));
	fclose(file);
	if (pst_conf_new(&conf))
		abort();
	/* quoting makes the text longer, perhaps longer than a file may be */
	if (len <= PST_CONF_FILE_MAX && (pst_conf_load_text(conf, "again", "/", text, len, &err) ||
	    pst_values_new(&again, pst_conf_at(conf, 0), options, sizeof(struct all), &err) ||
	    !pst_values_equal(values, again))) {
		fprintf(stderr, "%s\n%s\n", err.text, text);
		abort();
	}
	if (again)
		check_set(again, values);
	pst_values_free(&again);
	pst_conf_free(&conf);
	free(text);
}

/* The scanner refuses; libconfuse, which says less and in any language, never. */
static void
check_refusal(const struct pst_conf_section *section, const struct pst_err *err)
{
	char theirs[256];
	const char *sentence = strchr(err->text, ' ');

	snprintf(theirs, sizeof theirs, " %s %s: libconfuse", section->kind, section->name);
	if (!sentence || strncmp(sentence, theirs, strlen(theirs)) == 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pst_err err = PST_ERR_INIT;
	struct pst_values *values;
	struct pst_conf *conf;

	if (pst_conf_new(&conf))
		return 0;
	if (pst_conf_load_text(conf, "fuzz", "/dir", (const char *)data, size, &err) == PST_OK)
		for (size_t i = 0; i < pst_conf_count(conf); i++) {
			const struct pst_conf_section *section = pst_conf_at(conf, i);
			bool strict = section->use && !strcmp(section->use, "strict");

			if (strict && !pst_values_new(&values, section, strict_options, sizeof(struct all), &err))
				pst_values_free(&values);
			if (pst_values_new(&values, section, options, sizeof(struct all), &err)) {
				check_refusal(section, &err);
				continue;
			}
			read_back(section, values);
			pst_values_free(&values);
		}
	pst_conf_free(&conf);
	return 0;
}
