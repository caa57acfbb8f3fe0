#include "encode.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The least digits that read back as the same; then as Go writes them: 1e-07 becomes 1e-7. */
static void
number_write(FILE *out, double value)
{
	char text[400], *e;
	double size = fabs(value);
	int digits = 1;

	while (snprintf(text, sizeof text, "%.*e", digits - 1, value), digits < 17 && strtod(text, NULL) != value)
		digits++;
	e = strchr(text, 'e');
	if (value == 0) {
		fputs(signbit(value) ? "-0" : "0", out);
	} else if (size < 1e-6 || size >= 1e21) {
		int exponent = atoi(e + 1);

		/* Go's exponents of one digit have one below zero; above it none is so small */
		fprintf(out, "%.*s%s%d", (int)(e - text) + 1, text, exponent < 0 ? "" : "+", exponent);
	} else {
		int places = digits - 1 - atoi(e + 1);

		fprintf(out, "%.*f", places > 0 ? places : 0, value);
	}
}

static void
text_write(FILE *out, const char *text, size_t len)
{
	fputc('"', out);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		static const char names[] = "\"\\\n\r\t", letters[] = "\"\\nrt";
		const char *name = c ? strchr(names, c) : NULL;

		if (name)
			fprintf(out, "\\%c", letters[name - names]);
		else if (c < ' ' || c == '<' || c == '>' || c == '&')
			fprintf(out, "\\u%04x", c);
		else if (!strncmp(text + i, "\u2028", 3))
			fputs("\\u2028", out), i += 2;
		else if (!strncmp(text + i, "\u2029", 3))
			fputs("\\u2029", out), i += 2;
		else
			fputc(c, out);
	}
	fputc('"', out);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int value_write(FILE *out, const json_t *value);

static int
object_write(FILE *out, const json_t *object)
{
	size_t count = 0;
	const char **names = malloc((json_object_size(object) + 1) * sizeof *names), *name;
	int rc = names ? 0 : -ENOMEM;
	json_t *value;

	if (rc)
		return rc;
	json_object_foreach((json_t *)object, name, value)
		names[count++] = name;
	qsort(names, count, sizeof *names, by_name);
	fputc('{', out);
	for (size_t i = 0; i < count && !rc; i++) {
		if (i)
			fputc(',', out);
		text_write(out, names[i], strlen(names[i]));
		fputc(':', out);
		rc = value_write(out, json_object_get(object, names[i]));
	}
	fputc('}', out);
	free(names);
	return rc;
}

static int
array_write(FILE *out, const json_t *array)
{
	int rc = 0;

	fputc('[', out);
	for (size_t i = 0; i < json_array_size(array) && !rc; i++) {
		if (i)
			fputc(',', out);
		rc = value_write(out, json_array_get(array, i));
	}
	fputc(']', out);
	return rc;
}

/* As deep as jansson reads; what is not there is null. */
static int
value_write(FILE *out, const json_t *value)
{
	if (json_is_object(value))
		return object_write(out, value);
	if (json_is_array(value))
		return array_write(out, value);
	if (json_is_string(value))
		text_write(out, json_string_value(value), json_string_length(value));
	else if (json_is_number(value))
		number_write(out, json_number_value(value));
	else
		fputs(json_is_true(value) ? "true" : json_is_false(value) ? "false" : "null", out);
	return 0;
}

int
encode_data(char **out, size_t *len, const json_t *data)
{
	FILE *memory = open_memstream(out, len);
	int rc = 0;

	if (!memory)
		return -ENOMEM;
	fputc('{', memory);
	fputs("\"data\":", memory);
	rc = value_write(memory, data);
	fputc('}', memory);
	if (ferror(memory))
		rc = -ENOMEM;
	if (fclose(memory))
		rc = -ENOMEM;
	if (rc) {
		free(*out);
		*out = NULL;
	}
	return rc;
}
