/* What a value is in JSON, by its type: as the originals' driver and encoder make it together. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mariadb.h"

static bool
is_integer(enum enum_field_types type)
{
	return type == MYSQL_TYPE_TINY || type == MYSQL_TYPE_SHORT || type == MYSQL_TYPE_INT24 || type == MYSQL_TYPE_LONG ||
	    type == MYSQL_TYPE_LONGLONG || type == MYSQL_TYPE_YEAR;
}

static bool
is_real(enum enum_field_types type)
{
	return type == MYSQL_TYPE_FLOAT || type == MYSQL_TYPE_DOUBLE;
}

static bool
is_time(enum enum_field_types type)
{
	return type == MYSQL_TYPE_DATE || type == MYSQL_TYPE_DATETIME || type == MYSQL_TYPE_TIMESTAMP;
}

bool
cells_begin(struct client *client)
{
	const MYSQL_FIELD *fields = mysql_fetch_fields(client->meta);

	client->columns = mysql_num_fields(client->meta);
	client->cells = calloc(client->columns + 1, sizeof *client->cells);
	client->binds = calloc(client->columns + 1, sizeof *client->binds);
	for (unsigned i = 0; client->cells && client->binds && i < client->columns; i++) {
		MYSQL_BIND *bind = &client->binds[i];
		struct cell *cell = &client->cells[i];

		bind->buffer_type = is_integer(fields[i].type) ? MYSQL_TYPE_LONGLONG
		    : is_real(fields[i].type)              ? MYSQL_TYPE_DOUBLE
							   : MYSQL_TYPE_STRING;
		bind->is_unsigned = (fields[i].flags & UNSIGNED_FLAG) != 0;
		if (bind->buffer_type != MYSQL_TYPE_STRING) {
			bind->buffer = &cell->number;
			bind->buffer_length = sizeof cell->number;
		}
		bind->length = &cell->len;
		bind->is_null = &cell->null;
	}
	return client->cells && client->binds;
}

void
cells_end(struct client *client)
{
	for (unsigned i = 0; client->cells && i < client->columns; i++)
		free(client->cells[i].bytes);
	free(client->cells);
	free(client->binds);
	mysql_free_result(client->meta);
	client->cells = NULL;
	client->binds = NULL;
	client->meta = NULL;
	client->columns = 0;
}

static void
write_own(struct value *out, int len)
{
	out->bytes = out->own;
	out->len = (size_t)len;
}

/* The least digits that read back as the same. */
static void
real_write(struct value *out, double value, bool is_float)
{
	int digits = 1, len;

	do
		len = snprintf(out->own, sizeof out->own, "%.*g", digits, value);
	while (digits++ < 17 && (is_float ? strtof(out->own, NULL) != (float)value : strtod(out->own, NULL) != value));
	write_own(out, len);
}

/* "2026-11-21 10:00:00.250" as RFC 3339; what the driver says of no day is the first of all. */
static void
time_write(struct value *out)
{
	char text[32];
	size_t len = out->len < sizeof text ? out->len : sizeof text - 1;

	memcpy(text, out->bytes, len);
	text[len] = '\0';
	if (!strncmp(text, "0000-00-00", 10))
		snprintf(text, sizeof text, "0001-01-01");
	if (strchr(text, '.'))
		while (len && strchr("0.", text[len - 1])) {
			bool point = text[--len] == '.';

			text[len] = '\0';
			if (point)
				break;
		}
	if (text[10] == ' ')
		text[10] = 'T';
	out->kind = VALUE_TEXT;
	write_own(out, snprintf(out->own, sizeof out->own, "%s%sZ", text, text[10] == 'T' ? "" : "T00:00:00"));
}

static bool
bytes_fetch(struct client *client, unsigned column, struct value *out, uint64_t max)
{
	struct cell *cell = &client->cells[column];
	MYSQL_BIND bind = client->binds[column];

	if (cell->len > max)
		return false;
	if (cell->len >= cell->room) {
		char *more = realloc(cell->bytes, cell->len + 1);

		if (!more)
			return false;
		cell->bytes = more;
		cell->room = cell->len + 1;
	}
	bind.buffer = cell->bytes;
	bind.buffer_length = cell->room;
	out->kind = VALUE_BYTES;
	out->bytes = cell->bytes;
	out->len = cell->len;
	return !mysql_stmt_fetch_column(client->statement, &bind, column, 0);
}

bool
cell_read(struct client *client, unsigned column, struct value *out, uint64_t max)
{
	const MYSQL_FIELD *field = mysql_fetch_field_direct(client->meta, column);
	const struct cell *cell = &client->cells[column];

	*out = (struct value){ .kind = cell->null ? VALUE_NULL : VALUE_PLAIN };
	if (cell->null)
		return true;
	if (is_integer(field->type)) {
		bool positive = field->flags & UNSIGNED_FLAG;

		write_own(out, positive ? snprintf(out->own, sizeof out->own, "%" PRIu64, (uint64_t)cell->number.integer)
					: snprintf(out->own, sizeof out->own, "%" PRId64, cell->number.integer));
		return true;
	}
	if (is_real(field->type)) {
		real_write(out, cell->number.real, field->type == MYSQL_TYPE_FLOAT);
		return true;
	}
	if (!bytes_fetch(client, column, out, max))
		return false;
	if (client->parse_time && is_time(field->type))
		time_write(out);
	return true;
}
