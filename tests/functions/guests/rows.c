/*
 * Rows of a PostgreSQL behind an outlet, whose user needs no password. The input is three lines: the outlet,
 * the user, a query; the answer a line a row, with tabs between values. As little of the protocol as that takes
 * (PostgreSQL, "Frontend/Backend Protocol").
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OWN_MEMORY
#include "runnable.h"

#define MESSAGE_MAX (1 << 20)

static struct {
	int stream, ident;
	FILE *out;
	char *answer;
	size_t len;
	char error[256];
	byte came[65536];
	size first, last; /* of what came and was not taken */
} db;

/* ---- bytes ---- */

static unsigned
number(const byte *p, int bytes)
{
	unsigned n = 0;

	while (bytes--)
		n = n << 8 | *p++;
	return n;
}

static int
fetch(void *to, size len)
{
	byte *p = to;

	while (len) {
		size n = db.last - db.first;

		if (!n) {
			int rc = outlet_read(db.stream, db.came, sizeof db.came, db.ident);

			if (rc <= 0)
				return -1;
			db.first = 0;
			db.last = n = (size)rc;
		}
		n = n < len ? n : len;
		memcpy(p, db.came + db.first, n);
		db.first += n;
		p += n;
		len -= n;
	}
	return 0;
}

/* A message: its kind (0: none), its length with that of itself, what it says. */
static int
say(char kind, const void *body, size len)
{
	byte head[5] = { (byte)kind, (byte)((len + 4) >> 24), (byte)((len + 4) >> 16), (byte)((len + 4) >> 8), (byte)(len + 4) };
	size from = kind ? 0 : 1;

	return outlet_write(db.stream, head + from, 5 - from, db.ident) < 0 ||
	    outlet_write(db.stream, body, len, db.ident) < 0 ? -1 : 0;
}

/* ---- what comes ---- */

static int
row(const byte *p, size len)
{
	const byte *end = p + len;
	unsigned count = len < 2 ? 0 : number(p, 2);

	p += 2;
	for (unsigned i = 0; i < count; i++) {
		unsigned n = end - p < 4 ? 0xffffffffu : number(p, 4);

		p += 4;
		if (i)
			putc('\t', db.out);
		if (n == 0xffffffffu) /* NULL */
			continue;
		if (n > (size)(end - p))
			return -1;
		fwrite(p, 1, n, db.out);
		p += n;
	}
	putc('\n', db.out);
	return 0;
}

/* Fields of a letter and a text; M is the sentence. */
static int
failure(const byte *p, size len)
{
	for (const char *s = (const char *)p, *end = s + len; s < end && *s; s += strlen(s) + 1)
		if (*s == 'M')
			snprintf(db.error, sizeof db.error, "%s", s + 1);
	return -1;
}

/* 1: it is ready for a query. */
static int
message(void)
{
	byte head[5], *body;
	size len;
	int rc = 0;

	if (fetch(head, 5))
		return -1;
	len = number(head + 1, 4) - 4;
	body = len <= MESSAGE_MAX ? malloc(len + 1) : NULL;
	if (!body || fetch(body, len))
		return -1;
	body[len] = '\0';
	if (*head == 'Z')
		rc = 1;
	else if (*head == 'D')
		rc = row(body, len);
	else if (*head == 'E')
		rc = failure(body, len);
	else if (*head == 'R' && (len < 4 || number(body, 4)))
		rc = failure((const byte *)"Mit wants a password", 21);
	free(body);
	return rc;
}

static int
until_ready(void)
{
	int rc;

	do
		rc = message();
	while (!rc);
	return rc < 0 ? -1 : 0;
}

/* ---- the function ---- */

static int
ask(const char *outlet, const char *user, const char *query)
{
	char start[256] = { 0, 3, 0, 0 }; /* the protocol's version */
	int len = 4 + snprintf(start + 4, sizeof start - 4, "user%c%.64s%cdatabase%cpostgres%c", 0, user, 0, 0, 0);

	db.stream = outlet_open(outlet, strlen(outlet), db.ident);
	return db.stream < 0 || say(0, start, (size)len + 1) || until_ready() ||
	    say('Q', query, strlen(query) + 1) || until_ready() ? -1 : 0;
}

void
run(const byte *input, size len, int ident)
{
	char *text = calloc(1, len + 1);
	const char *outlet = strtok(memcpy(text, input, len), "\n"), *user = strtok(NULL, "\n"), *query = strtok(NULL, "\n");

	db.ident = ident;
	db.out = open_memstream(&db.answer, &db.len);
	if (!query || ask(outlet, user, query)) {
		const char *why = *db.error ? db.error : "the database cannot be reached";

		return_error(502, why, strlen(why), ident);
		return;
	}
	say('X', "", 0);
	outlet_close(db.stream, ident);
	fclose(db.out);
	return_result(db.answer, db.len, ident);
}
