#include "node/status.h"

#include <limits.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "conf/type.h"
#include "node/section.h"

json_t *
node_text(const char *text)
{
	json_t *value = text ? json_string(text) : json_null();
	char *copy;

	if (value)
		return value;
	copy = strdup(text);
	if (!copy)
		return NULL;
	for (char *p = copy; *p; p++)
		if ((unsigned char)*p >= 0x80)
			*p = '?';
	value = json_string(copy);
	free(copy);
	return value;
}

/* ---- what modules say ---- */

static json_t *
value_of(const struct pst_field *field)
{
	switch (field->type) {
	case PST_FIELD_STR:
		return field->str ? node_text(field->str) : NULL;
	case PST_FIELD_U64:
		return json_integer((json_int_t)field->u64);
	case PST_FIELD_I64:
		return json_integer(field->i64);
	default:
		return json_string(pst_strerror((int)field->i64));
	}
}

static void
put(json_t *object, const struct pst_field *fields)
{
	for (; fields->key; fields++)
		json_object_set_new(object, fields->key, value_of(fields));
}

void
pst_status_put(struct pst_status *status, const struct pst_field *fields)
{
	put(status->object, fields);
}

void
pst_status_item(struct pst_status *status, const char *list, const struct pst_field *fields)
{
	json_t *array = json_object_get(status->object, list);
	json_t *item = json_object();

	if (!array) {
		json_object_set_new(status->object, list, json_array());
		array = json_object_get(status->object, list);
	}
	put(item, fields);
	json_array_append_new(array, item);
}

/* ---- sections ---- */

static const char *
state_text(const struct pst_section_env *s)
{
	static const char *const texts[] = {
		[SECTION_NEW] = "new",
		[SECTION_OPENING] = "opening",
		[SECTION_UP] = "up",
		[SECTION_DOWN] = "down",
		[SECTION_CLOSING] = "closing",
		[SECTION_CLOSED] = "closed",
		[SECTION_FAILED] = "failed",
	};

	return texts[s->state];
}

/* Where it is written, as a person would look it up. */
json_t *
node_place(const struct pst_item *item)
{
	char place[PATH_MAX + 16];

	if (item->implicit)
		return json_string("built in");
	snprintf(place, sizeof place, "%s:%u", item->source->file, item->source->line);
	return node_text(place);
}

static json_t *
section_status(const struct pst_section_env *s)
{
	const struct pst_conf_section *source = s->item->source;
	struct pst_status status = { json_object() };
	json_t *object = json_pack("{s:s, s:s, s:s, s:I, s:o}", "kind", source->kind, "name",
	    source->name, "state", state_text(s), "since_ms",
	    (json_int_t)(uv_now(s->node->env.loop) - s->since_ms), "place", node_place(s->item));

	if (s->item->module)
		json_object_set_new(object, "module", json_string(s->item->module->module.name));
	if (s->state == SECTION_DOWN || s->state == SECTION_FAILED)
		json_object_set_new(object, "why", node_text(s->why.text));
	if (section_open_now(s) && s->hooks.status)
		s->hooks.status(s->self, &status);
	json_object_set_new(object, "status", status.object);
	return object;
}

json_t *
node_sections(struct pst_node *node, const char *kind, const char *name)
{
	json_t *array = json_array();

	for (size_t i = 0; i < node->count; i++) {
		const struct pst_section_env *s = node->sections[i];

		if (!s->leaving && (!kind || !strcmp(kind, s->item->source->kind)) &&
		    (!name || !strcmp(name, s->item->source->name)))
			json_array_append_new(array, section_status(s));
	}
	return array;
}

/* ---- options ---- */

static json_t *
enum_value(const struct pst_opt *opt, int index)
{
	const char *pos = opt->of, *word = "";
	size_t len = 0;

	for (int i = 0; i <= index && pst_word_next(&pos, &word, &len); i++)
		;
	return json_stringn(word, len);
}

/* A time as a file has it. */
static json_t *
time_written(const struct pst_opt *opt, const void *member)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	json_t *value = NULL;

	if (out) {
		pst_type_of(opt)->print(out, opt, member);
		if (!fclose(out))
			value = json_stringn(text, len);
	}
	free(text);
	return value;
}

static json_t *
option_value(const struct pst_opt *opt, const char *conf, bool written)
{
	const void *member = conf + opt->offset;
	const struct pst_list *list = member;
	json_t *array;

	switch (opt->type) {
	case PST_OPT_TYPE_BOOL:
		return json_boolean(*(const bool *)member);
	case PST_OPT_TYPE_INT:
		return json_integer(*(const int64_t *)member);
	case PST_OPT_TYPE_SIZE:
	case PST_OPT_TYPE_TIME:
		if (*(const uint64_t *)member == PST_OPT_WORD)
			return node_text(opt->of);
		if (written && opt->type == PST_OPT_TYPE_TIME)
			return time_written(opt, member);
		return json_integer((json_int_t) * (const uint64_t *)member);
	case PST_OPT_TYPE_ENUM:
		return enum_value(opt, *(const int *)member);
	case PST_OPT_TYPE_LIST:
	case PST_OPT_TYPE_REFS:
		array = json_array();
		for (size_t i = 0; i < list->count; i++)
			json_array_append_new(array, node_text(list->item[i]));
		return array;
	default:
		return node_text(*(const char *const *)member);
	}
}

json_t *
node_section_show(struct pst_node *node, const char *kind, const char *name, bool written)
{
	const struct pst_section_env *s = pst_node_section_env(node, kind, name);
	json_t *object, *options;

	if (!s)
		return NULL;
	object = section_status(s);
	options = json_object();
	for (const struct pst_opt *opt = s->item->row->options; opt->name; opt++)
		json_object_set_new(options, opt->name,
		    option_value(opt, pst_values_conf(s->item->values), written));
	json_object_set_new(object, "options", options);
	return object;
}

/* ---- the node ---- */

static json_t *
time_of(uint64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	char text[32];
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return json_string(text);
}

static const char *
phase_of(const struct pst_node *node)
{
	if (node->closing || node->stopping)
		return "stopping";
	if (!node->announced)
		return "starting";
	return node->changes ? "changing" : "up";
}

json_t *
node_status(struct pst_node *node)
{
	struct pst_pool_stats stats;

	pst_pool_stats(node->env.pool, &stats);
	return json_pack("{s:s, s:s, s:s, s:i, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:o}",
	    "node", node->config->node_name, "state", phase_of(node), "version", PST_VERSION, "pid",
	    (int)getpid(), "directory", node_text(node->state_dir), "file", node_text(node->config->path), "since",
	    time_of(node->since_ms), "memory", (json_int_t)stats.bytes_charged, "memory_limit",
	    (json_int_t)pst_pool_limited(node->env.pool), "bytes_carried",
	    (json_int_t)stats.bytes_read, "bytes_copied", (json_int_t)stats.bytes_copied, "workers",
	    (json_int_t)pst_router_workers(node->env.router), "sections",
	    node_sections(node, NULL, NULL));
}
