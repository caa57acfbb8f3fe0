/* Foreign files as trees of values: YAML and JSON look the same from here on. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "app.h"

struct walk {
	yaml_document_t *document;
	size_t nodes; /* so far, aliases as what they stand for */
	struct pst_err *err;
};

static json_t *node_value(struct walk *walk, int index, unsigned depth);

/* What YAML 1.2's core schema makes of a scalar without quotes. */
static json_t *
plain_value(const char *text)
{
	char *end;
	long long number;

	if (!*text || !strcmp(text, "~") || !strcmp(text, "null") || !strcmp(text, "Null"))
		return json_null();
	if (!strcmp(text, "true") || !strcmp(text, "True"))
		return json_true();
	if (!strcmp(text, "false") || !strcmp(text, "False"))
		return json_false();
	errno = 0;
	number = strtoll(text, &end, 10);
	if (!errno && !*end && !strchr(" \t", *text))
		return json_integer(number);
	return json_string(text);
}

static json_t *
scalar_value(struct walk *walk, const yaml_node_t *node)
{
	const char *text = (const char *)node->data.scalar.value;
	bool plain = node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	json_t *value;

	if (strlen(text) != node->data.scalar.length) {
		pst_fail(walk->err, PST_E_CONF, "line %zu: a text with a NUL in it",
		    node->start_mark.line + 1);
		return NULL;
	}
	value = plain ? plain_value(text) : json_string(text);
	if (!value)
		pst_fail(walk->err, PST_E_CONF, "line %zu: a text that is not UTF-8",
		    node->start_mark.line + 1);
	return value;
}

static json_t *
sequence_value(struct walk *walk, const yaml_node_t *node, unsigned depth)
{
	json_t *array = json_array();

	for (yaml_node_item_t *i = node->data.sequence.items.start;
	    array && i < node->data.sequence.items.top; i++)
		if (json_array_append_new(array, node_value(walk, *i, depth))) {
			json_decref(array);
			return NULL;
		}
	return array;
}

static json_t *
mapping_value(struct walk *walk, const yaml_node_t *node, unsigned depth)
{
	json_t *object = json_object();

	for (yaml_node_pair_t *i = node->data.mapping.pairs.start;
	    object && i < node->data.mapping.pairs.top; i++) {
		const yaml_node_t *key = yaml_document_get_node(walk->document, i->key);
		const char *name = key->type == YAML_SCALAR_NODE ? (const char *)key->data.scalar.value : NULL;

		if (!name || json_object_get(object, name)) {
			pst_fail(walk->err, PST_E_CONF, name ? "line %zu: \"%.64s\" stands twice"
							     : "line %zu: a key that is no text",
			    key->start_mark.line + 1, name);
		} else if (!json_object_set_new(object, name, node_value(walk, i->value, depth))) {
			continue;
		}
		json_decref(object);
		return NULL;
	}
	return object;
}

static json_t *
node_value(struct walk *walk, int index, unsigned depth)
{
	const yaml_node_t *node = yaml_document_get_node(walk->document, index);

	/* aliases of aliases double with each line: count what they come to */
	if (++walk->nodes > APP_NODES_MAX || depth > APP_DEPTH_MAX) {
		pst_fail(walk->err, PST_E_LIMIT, depth > APP_DEPTH_MAX ? "nested deeper than %d"
								       : "more than %d values",
		    depth > APP_DEPTH_MAX ? APP_DEPTH_MAX : APP_NODES_MAX);
		return NULL;
	}
	switch (node->type) {
	case YAML_SCALAR_NODE:
		return scalar_value(walk, node);
	case YAML_SEQUENCE_NODE:
		return sequence_value(walk, node, depth + 1);
	case YAML_MAPPING_NODE:
		return mapping_value(walk, node, depth + 1);
	default:
		return json_null();
	}
}

static json_t *
document_value(yaml_document_t *document, struct pst_err *err)
{
	struct walk walk = { .document = document, .err = err };
	json_t *tree;

	if (!yaml_document_get_root_node(document)) {
		pst_fail(err, PST_E_CONF, "it is empty");
		return NULL;
	}
	tree = node_value(&walk, 1, 0);
	if (tree && !json_is_object(tree)) {
		pst_fail(err, PST_E_CONF, "it is not a mapping of keys to values");
		json_decref(tree);
		return NULL;
	}
	return tree;
}

static bool
has_anchor(const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return event->data.scalar.anchor;
	case YAML_SEQUENCE_START_EVENT:
		return event->data.sequence_start.anchor;
	case YAML_MAPPING_START_EVENT:
		return event->data.mapping_start.anchor;
	default:
		return false;
	}
}

/* The library's time grows with the square of the depth, and of the number of anchors: so they are counted
 * before it builds anything. What cannot be parsed is not said here. */
static bool
is_bounded(const uint8_t *bytes, size_t len, struct pst_err *err)
{
	yaml_parser_t parser;
	yaml_event_t event;
	size_t depth = 0, anchors = 0;
	bool more = true;

	if (!yaml_parser_initialize(&parser)) {
		pst_fail(err, -ENOMEM, "%s", pst_strerror(-ENOMEM));
		return false;
	}
	yaml_parser_set_input_string(&parser, bytes, len);
	while (more && depth <= APP_DEPTH_MAX && anchors <= APP_ANCHORS_MAX && yaml_parser_parse(&parser, &event)) {
		anchors += has_anchor(&event);
		depth += event.type == YAML_SEQUENCE_START_EVENT || event.type == YAML_MAPPING_START_EVENT;
		depth -= event.type == YAML_SEQUENCE_END_EVENT || event.type == YAML_MAPPING_END_EVENT;
		more = event.type != YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	if (depth > APP_DEPTH_MAX)
		pst_fail(err, PST_E_LIMIT, "nested deeper than %d", APP_DEPTH_MAX);
	else if (anchors > APP_ANCHORS_MAX)
		pst_fail(err, PST_E_LIMIT, "more than %d anchors", APP_ANCHORS_MAX);
	return depth <= APP_DEPTH_MAX && anchors <= APP_ANCHORS_MAX;
}

json_t *
tree_of_yaml(const uint8_t *bytes, size_t len, struct pst_err *err)
{
	yaml_parser_t parser;
	yaml_document_t document;
	json_t *tree = NULL;

	if (!is_bounded(bytes, len, err))
		return NULL;
	if (!yaml_parser_initialize(&parser)) {
		pst_fail(err, -ENOMEM, "%s", pst_strerror(-ENOMEM));
		return NULL;
	}
	yaml_parser_set_input_string(&parser, bytes, len);
	if (yaml_parser_load(&parser, &document)) {
		tree = document_value(&document, err);
		yaml_document_delete(&document);
	} else {
		pst_fail(err, PST_E_CONF, "line %zu: %s", parser.problem_mark.line + 1,
		    parser.problem ? parser.problem : "not YAML");
	}
	yaml_parser_delete(&parser);
	return tree;
}

json_t *
tree_of_json(const uint8_t *bytes, size_t len, struct pst_err *err)
{
	json_error_t error;
	json_t *tree = json_loadb((const char *)bytes, len, JSON_REJECT_DUPLICATES, &error);

	if (!tree) {
		pst_fail(err, PST_E_CONF, "line %d: %s", error.line, error.text);
	} else if (!json_is_object(tree)) {
		pst_fail(err, PST_E_CONF, "it is not an object");
		json_decref(tree);
		tree = NULL;
	}
	return tree;
}

const char *
tree_text(const json_t *tree, const char *key)
{
	const char *text = json_string_value(json_object_get(tree, key));

	return text && *text ? text : NULL;
}

bool
tree_is(struct app *app, const json_t *tree, const char *where, const char *key, json_type type)
{
	static const char *const names[] = { [JSON_OBJECT] = "a mapping", [JSON_ARRAY] = "a list",
		[JSON_STRING] = "a text", [JSON_INTEGER] = "a number", [JSON_TRUE] = "true or false" };
	const json_t *value = json_object_get(tree, key);

	if (!value || json_is_null(value) || json_typeof(value) == type ||
	    (type == JSON_TRUE && json_is_false(value)))
		return true;
	app_problem(app, "%s: %s must be %s", where, key, names[type]);
	return false;
}
