/* What a value is in JSON, by its type: as the originals' driver and encoder make it together. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "postgresql.h"

/* Types that the server has built in: their numbers do not change (pg_type.dat). */
enum {
	T_BOOL = 16,
	T_BYTEA = 17,
	T_INT8 = 20,
	T_INT2 = 21,
	T_INT4 = 23,
	T_OID = 26,
	T_JSON = 114,
	T_FLOAT4 = 700,
	T_FLOAT8 = 701,
	T_DATE = 1082,
	T_TIMESTAMP = 1114,
	T_TIMESTAMPTZ = 1184,
	T_JSONB = 3802,
};

/* "\x6162" becomes "ab", where it stands. */
static size_t
unhex(char *text, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	size_t out = 0;

	for (size_t at = 2; at + 1 < len; at += 2)
		text[out++] = (char)((strchr(digits, text[at]) - digits) << 4 | (strchr(digits, text[at + 1]) - digits));
	return out;
}

/* "+02", "-03:30", "+00:19:32": seconds. */
static long
offset_read(const char *text)
{
	int hours = 0, minutes = 0, seconds = 0;
	long size;

	sscanf(text + 1, "%2d:%2d:%2d", &hours, &minutes, &seconds);
	size = hours * 3600L + minutes * 60 + seconds;
	return *text == '-' ? -size : size;
}

/*
 * "2026-11-21", "2026-11-21 10:00:00.5", "2026-11-21 10:00:00.5+02" as RFC 3339 in UTC. What is none of these
 * ("infinity", and years before Christ or after 9999) stays as it is.
 */
static void
time_write(struct value *out)
{
	struct tm tm = { 0 };
	char fraction[8] = "", zone[12] = "";
	int date = 0, end = 0;
	time_t at;

	if (out->len >= 40 || sscanf(out->bytes, "%4d-%2d-%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &date) != 3 || date != 10)
		return;
	end = date;
	if (out->bytes[date] == ' ') {
		if (sscanf(out->bytes + date, " %2d:%2d:%2d%n", &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &end) != 3)
			return;
		end += date;
		if (out->bytes[end] == '.')
			sscanf(out->bytes + end, "%7[.0-9]", fraction);
		end += (int)strlen(fraction);
		sscanf(out->bytes + end, "%9[-+:0-9]", zone);
		end += (int)strlen(zone);
	}
	if ((size_t)end != out->len)
		return;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	at = timegm(&tm) - (*zone ? offset_read(zone) : 0);
	gmtime_r(&at, &tm);
	out->len = (size_t)snprintf(out->own, sizeof out->own, "%04d-%02d-%02dT%02d:%02d:%02d%sZ", tm.tm_year + 1900,
	    tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, fraction);
	out->bytes = out->own;
}

/* NaN and infinities are no numbers in JSON. */
static enum value_kind
kind_of_number(const char *text)
{
	return strpbrk(text, "NI") ? VALUE_TEXT : VALUE_PLAIN;
}

void
value_read(struct value *out, PGresult *result, int row, int column)
{
	char *text = PQgetvalue(result, row, column);

	out->bytes = text;
	out->len = (size_t)PQgetlength(result, row, column);
	out->kind = PQgetisnull(result, row, column) ? VALUE_NULL : VALUE_TEXT;
	if (out->kind == VALUE_NULL)
		return;
	switch (PQftype(result, column)) {
	case T_BOOL:
		*out = (struct value){ .kind = VALUE_PLAIN, .bytes = *text == 't' ? "true" : "false", .len = *text == 't' ? 4 : 5 };
		break;
	case T_INT2:
	case T_INT4:
	case T_INT8:
	case T_OID:
	case T_FLOAT4:
	case T_FLOAT8:
		out->kind = kind_of_number(text);
		break;
	case T_BYTEA:
		out->kind = VALUE_BYTES;
		out->len = unhex(text, out->len);
		break;
	case T_JSON:
	case T_JSONB:
		out->kind = VALUE_BYTES;
		break;
	case T_DATE:
	case T_TIMESTAMP:
	case T_TIMESTAMPTZ:
		time_write(out);
	}
}
