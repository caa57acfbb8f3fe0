/*
 * json: what scripts want to know of a JSON value, which is read from standard input.
 *
 *   json get STEP…     the value that the steps lead to: a member's KEY, an INDEX of an array, or
 *                      KEY=TEXT, the first object of an array with such a member. A string is
 *                      printed as it is, anything else as JSON. Exit code 1: there is no such thing
 *   json shape KEY…    the types of all there is, members in order of their names, of an array each
 *                      shape once; an object that is a member called KEY is "object", whatever is in it
 *
 * Exit code 2: it is no JSON, or usage.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

/* ---- get ---- */

static const json_t *
step_by_member(const json_t *array, const char *step)
{
	const char *text = strchr(step, '=') + 1;
	const json_t *item;
	size_t i;

	json_array_foreach(array, i, item) {
		const char *key;
		const json_t *value;

		json_object_foreach((json_t *)item, key, value)
			if (!strncmp(key, step, (size_t)(text - 1 - step)) && !key[text - 1 - step] &&
			    json_is_string(value) && !strcmp(json_string_value(value), text))
				return item;
	}
	return NULL;
}

static const json_t *
step_take(const json_t *value, const char *step)
{
	if (json_is_array(value) && isdigit((unsigned char)*step))
		return json_array_get(value, strtoul(step, NULL, 10));
	if (json_is_array(value) && strchr(step, '='))
		return step_by_member(value, step);
	return json_object_get(value, step);
}

static int
get(const json_t *value, char **steps)
{
	for (; value && *steps; steps++)
		value = step_take(value, *steps);
	if (!value)
		return 1;
	if (json_is_string(value))
		printf("%s\n", json_string_value(value));
	else if (!json_dumpf(value, stdout, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY))
		putchar('\n');
	return 0;
}

/* ---- shape ---- */

static char *shape_of(const json_t *value, char **opaque);

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* "a,b" of the given texts, which are freed, sorted, each once. */
static char *
joined(char **parts, size_t count, const char *open, const char *close)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	qsort(parts, count, sizeof *parts, by_text);
	fputs(open, out);
	for (size_t i = 0; i < count; i++)
		if (!i || strcmp(parts[i], parts[i - 1]))
			fprintf(out, "%s%s", i ? "," : "", parts[i]);
	fputs(close, out);
	fclose(out);
	while (count > 0)
		free(parts[--count]);
	free(parts);
	return text;
}

static bool
listed(char **words, const char *word)
{
	for (; *words; words++)
		if (!strcmp(*words, word))
			return true;
	return false;
}

static char *
shape_of_object(const json_t *object, char **opaque)
{
	char **parts = calloc(json_object_size(object) + 1, sizeof *parts);
	size_t count = 0;
	const char *key;
	const json_t *value;

	json_object_foreach((json_t *)object, key, value) {
		bool hidden = json_is_object(value) && listed(opaque, key);
		char *shape = hidden ? strdup("object") : shape_of(value, opaque);

		if (asprintf(&parts[count], "%s:%s", key, shape) >= 0)
			count++;
		free(shape);
	}
	return joined(parts, count, "{", "}");
}

static char *
shape_of(const json_t *value, char **opaque)
{
	static const char *const names[] = {
		[JSON_STRING] = "string",
		[JSON_INTEGER] = "int",
		[JSON_REAL] = "real",
		[JSON_TRUE] = "bool",
		[JSON_FALSE] = "bool",
		[JSON_NULL] = "null",
	};
	char **parts;
	size_t i;

	if (json_is_object(value))
		return shape_of_object(value, opaque);
	if (!json_is_array(value))
		return strdup(names[json_typeof(value)]);
	parts = calloc(json_array_size(value) + 1, sizeof *parts);
	for (i = 0; i < json_array_size(value); i++)
		parts[i] = shape_of(json_array_get(value, i), opaque);
	return joined(parts, i, "[", "]");
}

int
main(int argc, char **argv)
{
	json_error_t why;
	json_t *value = json_loadf(stdin, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &why);
	char *shape;
	int rc = 2;

	if (!value) {
		fprintf(stderr, "json: %d: %s\n", why.line, why.text);
	} else if (argc > 1 && !strcmp(argv[1], "get")) {
		rc = get(value, argv + 2);
	} else if (argc > 1 && !strcmp(argv[1], "shape")) {
		shape = shape_of(value, argv + 2);
		rc = puts(shape) < 0;
		free(shape);
	}
	json_decref(value);
	return rc;
}
