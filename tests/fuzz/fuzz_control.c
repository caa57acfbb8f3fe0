/*
 * What a command asks of a running node: a question that is taken reads the
 * same when written anew; the sentence for another one fits into an answer.
 * A section that it asks for, as text, reads back to what was asked for.
 * Covers: core/node/control.c:control_parse() core/node/control_wish.c core/node/status.c:node_text()
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"
#include "node/control.h"
#include "node/control_wish.h"
#include "node/status.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
check(bool right)
{
	if (!right)
		abort();
}

static void
check_taken(const json_t *ask)
{
	struct pst_err err = PST_ERR_INIT;
	char *text = json_dumps(ask, JSON_COMPACT);
	json_t *again;

	check(json_is_object(ask) && json_is_string(json_object_get(ask, "do")) && text);
	again = control_parse((const uint8_t *)text, strlen(text), &err);
	check(again && json_equal(ask, again));
	json_decref(again);
	free(text);
}

/* ---- a section ---- */

struct section {
	const char *text, *path, *also;
	struct pst_list list;
	int64_t number;
	bool flag;
};

static const struct pst_opt options[] = {
	PST_OPT(STR, struct section, text, NULL, ""),
	PST_OPT(PATH, struct section, path, NULL, ""),
	PST_OPT(REF, struct section, also, NULL, "", .of = "outlet"),
	PST_OPT(LIST, struct section, list, NULL, ""),
	PST_OPT(INT, struct section, number, NULL, ""),
	PST_OPT(BOOL, struct section, flag, NULL, ""),
	PST_OPT_END,
};

static const char *
asked_for(const struct control_wish *wish, const char *key, size_t i)
{
	return json_string_value(json_array_get(json_object_get(wish->options, key), i));
}

static void
check_values(const struct control_wish *wish, const struct section *section)
{
	const char *text = asked_for(wish, "text", 0), *path = asked_for(wish, "path", 0);
	char full[2 * PATH_MAX];

	if (text)
		check(!strcmp(section->text, text));
	if (path) {
		snprintf(full, sizeof full, "%s/%s", *path == '/' ? "" : wish->cwd, path);
		check(!strcmp(section->path, *path == '/' ? path : full));
	}
	for (size_t i = 0; i < section->list.count; i++)
		check(!strcmp(section->list.item[i], asked_for(wish, "list", i)));
	check(section->list.count == json_array_size(json_object_get(wish->options, "list")));
}

/* What is written is one section, whatever the values: only their types may be wrong, or their size. */
static void
check_text(const struct control_wish *wish, const char *text, size_t len)
{
	const struct pst_conf_section *section;
	struct pst_values *values = NULL;
	struct pst_err err = PST_ERR_INIT;
	struct pst_conf *conf;

	check(!pst_conf_new(&conf));
	if (!pst_conf_load_text(conf, "made.conf", "/elsewhere", text, len, &err)) {
		check(pst_conf_count(conf) == 1);
		section = pst_conf_at(conf, 0);
		check(!strcmp(section->kind, wish->kind) && !strcmp(section->name, wish->name));
		check(wish->use ? section->use && !strcmp(section->use, wish->use) : !section->use);
		if (!pst_values_new(&values, section, options, sizeof(struct section), &err))
			check_values(wish, pst_values_conf(values));
	} else {
		check(len > PST_CONF_VALUE_MAX);
	}
	pst_values_free(&values);
	pst_conf_free(&conf);
}

static void
check_wish(const json_t *ask)
{
	struct pst_err err = PST_ERR_INIT;
	struct control_wish wish;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	int rc = control_wish_read(&wish, ask, &err);

	if (!rc)
		rc = control_wish_write(out, &wish, options, &err);
	fclose(out);
	if (rc)
		check(err.rc == rc && err.text[0]);
	else
		check_text(&wish, text, len);
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pst_err err = PST_ERR_INIT;
	json_t *ask = control_parse(data, len, &err);
	json_t *sentence;

	check(!control_parse(data, NODE_CONTROL_MAX + 1, NULL)); /* and nothing is read */
	if (ask) {
		check_taken(ask);
		check_wish(ask);
	} else {
		sentence = node_text(err.text);
		check(err.rc && err.text[0] && sentence);
		json_decref(sentence);
	}
	json_decref(ask);
	return 0;
}
