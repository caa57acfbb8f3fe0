/* Answers of a node, for people. */
#include <stdio.h>
#include <string.h>

#include <postern/utf8.h>

#include "cli/ask.h"

void
print_json(const json_t *answer)
{
	json_dumpf(answer, stdout, JSON_INDENT(2));
	putchar('\n');
}

/* Names and sentences may be others' choice: a terminal is to take nothing of them for a command. */
void
print_text(FILE *out, const char *text, size_t len)
{
	const uint8_t *p = (const uint8_t *)text, *end = p + len;

	for (size_t n; p < end; p += n)
		if (pst_utf8_next(p, (size_t)(end - p), &n))
			fwrite(p, 1, n, out);
		else
			putc('?', out);
}

static const char *
text(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value ? value : "";
}

static void
put(const json_t *object, const char *key)
{
	print_text(stdout, text(object, key), strlen(text(object, key)));
}

/* One of several on a line: in quotes where it would not be one word, as in the log. */
static void
print_word(const json_t *value)
{
	const char *s = json_string_value(value), *quote = *s && !strpbrk(s, " \"=,") ? "" : "\"";
	size_t n;

	fputs(quote, stdout);
	for (; *quote && (n = strcspn(s, "\"\\")) < strlen(s); s += n + 1) {
		print_text(stdout, s, n);
		printf("\\%c", s[n]);
	}
	print_text(stdout, s, strlen(s));
	fputs(quote, stdout);
}

static void print_value(const json_t *value);

static void
print_item(const json_t *value)
{
	if (json_is_string(value))
		print_word(value);
	else
		print_value(value);
}

/* One value on one line; an object's in key=value form. */
static void
print_value(const json_t *value)
{
	const json_t *item;
	const char *key;
	size_t i;

	if (json_is_string(value)) {
		print_text(stdout, json_string_value(value), json_string_length(value));
	} else if (json_is_integer(value)) {
		printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
	} else if (json_is_boolean(value)) {
		fputs(json_is_true(value) ? "yes" : "no", stdout);
	} else if (json_is_array(value)) {
		json_array_foreach(value, i, item) {
			fputs(i ? ", " : "", stdout);
			print_item(item);
		}
	} else if (json_is_object(value)) {
		i = 0;
		json_object_foreach((json_t *)value, key, item) {
			printf("%s%s=", i++ ? " " : "", key);
			print_item(item);
		}
	} else {
		putchar('-');
	}
}

/* Lists have as many lines as items; in a table only their length fits. */
static void
print_brief(const json_t *status)
{
	const json_t *value;
	const char *key;

	json_object_foreach((json_t *)status, key, value) {
		printf(" %s=", key);
		if (json_is_array(value))
			printf("%zu", json_array_size(value));
		else
			print_item(value);
	}
}

static int
width_of(const json_t *sections, const char *key)
{
	const json_t *section;
	size_t i, width = strlen(key);

	json_array_foreach(sections, i, section) {
		size_t n = strlen(text(section, key));

		width = n > width ? n : width;
	}
	return (int)width;
}

void
print_sections(const json_t *sections)
{
	static const char *const columns[] = { "kind", "name", "state" };
	int width[3];
	const json_t *section;
	size_t i;

	for (int c = 0; c < 3; c++)
		width[c] = width_of(sections, columns[c]);
	if (json_array_size(sections))
		printf("%-*s  %-*s  %-*s  details\n", width[0], columns[0], width[1], columns[1], width[2],
		    columns[2]);
	json_array_foreach(sections, i, section) {
		printf("%-*s  %-*s  %-*s ", width[0], text(section, columns[0]), width[1],
		    text(section, columns[1]), width[2], text(section, columns[2]));
		if (*text(section, "why")) {
			putchar(' ');
			put(section, "why");
		}
		print_brief(json_object_get(section, "status"));
		putchar('\n');
	}
}

static void
print_lines(const json_t *object, const char *indent)
{
	const json_t *value, *item;
	const char *key;
	size_t i;

	json_object_foreach((json_t *)object, key, value) {
		if (json_is_array(value) && json_is_object(json_array_get(value, 0))) {
			json_array_foreach(value, i, item) {
				printf("%s%s: ", indent, key);
				print_value(item);
				putchar('\n');
			}
			continue;
		}
		printf("%s%s: ", indent, key);
		print_value(value);
		putchar('\n');
	}
}

void
print_section(const json_t *section)
{
	printf("%s %s: %s\n", text(section, "kind"), text(section, "name"), text(section, "state"));
	if (*text(section, "why")) {
		fputs("why: ", stdout);
		put(section, "why");
		putchar('\n');
	}
	fputs("place: ", stdout);
	put(section, "place");
	putchar('\n');
	print_lines(json_object_get(section, "status"), "");
	puts("options:");
	print_lines(json_object_get(section, "options"), "    ");
}

void
print_status(const json_t *status)
{
	static const char *const keys[] = { "node", "state", "version", "pid", "directory", "file", "since",
		"memory", "memory_limit", "workers" };

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		printf("%-13s ", keys[i]);
		print_value(json_object_get(status, keys[i]));
		putchar('\n');
	}
	putchar('\n');
	print_sections(json_object_get(status, "sections"));
}

static void
print_took(const json_t *us)
{
	if (json_is_integer(us))
		printf("  %.2f ms", (double)json_integer_value(us) / 1000);
	else if (json_is_null(us))
		fputs("  lost", stdout);
}

void
print_trace(const json_t *trace)
{
	static const char *const more[] = { "peer", "way" };
	const json_t *hop, *us, *route = json_object_get(trace, "route");
	size_t i;

	if (route) {
		fputs("route ", stdout);
		print_value(json_object_get(route, "number"));
		fputs(" of ", stdout);
		print_value(json_object_get(route, "of"));
		fputs(" (", stdout);
		print_value(json_object_get(route, "state"));
		fputs("): ", stdout);
		put(route, "to");
		putchar('\n');
	}
	json_array_foreach(json_object_get(trace, "hops"), i, hop) {
		printf("%2zu  %-7s  ", i + 1, text(hop, "what"));
		if (*text(hop, "transport")) {
			put(hop, "transport");
			putchar(' ');
		}
		put(hop, "address");
		for (size_t k = 0; k < 2; k++) {
			if (!*text(hop, more[k]))
				continue;
			fputs("  ", stdout);
			put(hop, more[k]);
		}
		print_took(json_object_get(hop, "took_us"));
		putchar('\n');
	}
	json_array_foreach(json_object_get(trace, "echo_us"), i, us) {
		printf("echo %zu:", i + 1);
		print_took(us);
		putchar('\n');
	}
}
