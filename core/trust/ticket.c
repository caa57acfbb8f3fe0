/*
 * Reading tickets. Each form gives fields of text; one function makes a ticket
 * of them. All copies are guarded and wiped, but for those that the JSON
 * library makes while it parses, of which only the last is in reach.
 */
#include "trust/ticket.h"

#include <errno.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include <postern/multiaddr.h>
#include <postern/utf8.h>

#include "trust/history.h"

/* Of a ticket, before it is one: NUL-terminated and borrowed. */
struct fields {
	const char *field[PST_TICKET_FIELDS]; /* NULL: not said, which only the identifier may be */
	const char *project_id;               /* NULL: from the route */
	size_t project_further, authority_further;
	const char *project_route[PST_TICKET_ROUTES_MAX];
	const char *authority_route[PST_TICKET_ROUTES_MAX];
};

/* ---- what may stand in a ticket ---- */

int
pst_ticket_check_name(const char *name, struct pst_err *err)
{
	size_t len = strlen(name);

	if (!len || len > PST_TICKET_NAME_MAX || strchr(name, ',') ||
	    !pst_utf8_plain((const uint8_t *)name, len))
		return pst_fail(err, -EINVAL, "the project's name: want 1 to %d bytes of text without commas",
		    PST_TICKET_NAME_MAX);
	return PST_OK;
}

int
pst_ticket_check_route(const char *route, struct pst_err *err)
{
	struct pst_multiaddr ma;

	if (strchr(route, ',') || !pst_utf8_plain((const uint8_t *)route, strlen(route)))
		return pst_fail(err, -EINVAL, "a route with a comma or a control character");
	return pst_multiaddr_parse(&ma, route, err);
}

void
pst_ticket_project_id(char *out, size_t size, const char *route, const char *name)
{
	struct pst_multiaddr ma;
	const char *id = name;

	if (!pst_multiaddr_parse(&ma, route, NULL))
		for (size_t i = ma.count; i-- > 0;)
			if (ma.hop[i].protocol == PST_SERVICE)
				id = ma.hop[i].value;
	snprintf(out, size, "%s", id);
}

/* ---- from fields to a ticket ---- */

/* Where the ticket's strings and histories lie, behind it. */
struct room {
	uint8_t *p, *end;
};

static uint8_t *
room_take(struct room *room, size_t n)
{
	uint8_t *p = room->p;

	if (n > (size_t)(room->end - p))
		return NULL;
	room->p += n;
	return p;
}

static const char *
room_copy(struct room *room, const char *text)
{
	size_t n = strlen(text) + 1;
	uint8_t *p = room_take(room, n);

	return p ? memcpy(p, text, n) : NULL;
}

static int
code_take(struct pst_ticket *t, const char *hex, struct pst_err *err)
{
	size_t len;

	if (strlen(hex) != 2 * PST_CODE_LEN ||
	    sodium_hex2bin(t->code, sizeof t->code, hex, strlen(hex), NULL, &len, NULL) ||
	    len != sizeof t->code)
		return pst_fail(err, -EBADMSG, "the code: want %d hex digits", 2 * PST_CODE_LEN);
	return PST_OK;
}

static int
identity_take(struct pst_ticket_identity *out, struct room *room, const char *hex, const char *whose,
    struct pst_err *err)
{
	size_t len = strlen(hex), n;
	uint8_t *bytes = room_take(room, len / 2);
	struct pst_history *history;
	struct pst_reader r;
	int rc;

	if (!bytes || len % 2 || sodium_hex2bin(bytes, len / 2, hex, len, NULL, &n, NULL) || n != len / 2)
		return pst_fail(err, -EBADMSG, "the %s's history: want hex digits", whose);
	r = pst_reader(bytes, n);
	rc = pst_history_read(&history, &r, err);
	if (rc)
		return pst_fail_in(err, rc, "the %s's history", whose);
	out->identifier = *pst_history_identifier(history);
	out->history = bytes;
	out->history_len = (size_t)(r.p - bytes);
	pst_history_unref(&history);
	return PST_OK;
}

static int
routes_take(const char **out, size_t *count, struct room *room, const char *first,
    const char *const *further, size_t n, struct pst_err *err)
{
	for (size_t i = 0; i < n + 1; i++) {
		const char *route = i ? further[i - 1] : first;

		if (i == PST_TICKET_ROUTES_MAX)
			return pst_fail(err, PST_E_LIMIT, "more than %d routes of a kind", PST_TICKET_ROUTES_MAX);
		/* what stands there may be the code, out of place: not for a sentence */
		if (pst_ticket_check_route(route, NULL))
			return pst_fail(err, -EBADMSG, "the ticket: one of its routes is none");
		out[i] = room_copy(room, route);
		if (!out[i])
			return -ENOMEM;
		(*count)++;
	}
	return PST_OK;
}

static int
names_take(struct pst_ticket *t, struct room *room, const struct fields *f, struct pst_err *err)
{
	char id[PST_MULTIADDR_VALUE];
	struct pst_identifier said;

	if (pst_ticket_check_name(f->field[PST_TICKET_PROJECT_NAME], err))
		return pst_fail(err, -EBADMSG, "the ticket: the project's name is none");
	pst_ticket_project_id(id, sizeof id, f->field[PST_TICKET_PROJECT_ROUTE],
	    f->field[PST_TICKET_PROJECT_NAME]);
	t->project_name = room_copy(room, f->field[PST_TICKET_PROJECT_NAME]);
	t->project_id = room_copy(room, f->project_id ? f->project_id : id);
	if (!t->project_name || !t->project_id)
		return -ENOMEM;
	if (!f->field[PST_TICKET_PROJECT_IDENTIFIER])
		return PST_OK;
	if (pst_identifier_parse(&said, f->field[PST_TICKET_PROJECT_IDENTIFIER]))
		return pst_fail(err, -EBADMSG, "the project's identifier is none");
	if (!pst_identifier_equal(&said, &t->project.identifier))
		return pst_fail(err, PST_E_AUTH, "the project's identifier is not that of its history");
	return PST_OK;
}

static int
ticket_fill(struct pst_ticket *t, struct room *room, const struct fields *f, struct pst_err *err)
{
	int rc = code_take(t, f->field[PST_TICKET_CODE], err);

	if (!rc)
		rc = routes_take(t->project_route, &t->project_routes, room, f->field[PST_TICKET_PROJECT_ROUTE],
		    f->project_route, f->project_further, err);
	if (!rc)
		rc = routes_take(t->authority_route, &t->authority_routes, room,
		    f->field[PST_TICKET_AUTHORITY_ROUTE], f->authority_route, f->authority_further, err);
	if (!rc)
		rc = identity_take(&t->project, room, f->field[PST_TICKET_PROJECT_HISTORY], "project", err);
	if (!rc)
		rc = identity_take(&t->authority, room, f->field[PST_TICKET_AUTHORITY_HISTORY], "authority", err);
	return rc ? rc : names_take(t, room, f, err);
}

/* All the ticket holds is shorter than the text it stood in, but for the id. */
static int
ticket_make(struct pst_ticket **out, const struct fields *f, size_t text_len, struct pst_err *err)
{
	size_t size = sizeof **out + text_len + PST_TICKET_FIELDS + 2 * PST_TICKET_ROUTES_MAX +
	    PST_MULTIADDR_VALUE + PST_TICKET_NAME_MAX;
	struct pst_ticket *t;
	struct room room;
	int rc;

	size = (size + 15) & ~(size_t)15; /* guarded memory ends at a page, and is to begin aligned */
	t = sodium_malloc(size);
	if (!t)
		return -ENOMEM;
	memset(t, 0, sizeof *t);
	room = (struct room){ (uint8_t *)(t + 1), (uint8_t *)t + size };
	rc = ticket_fill(t, &room, f, err);
	if (rc)
		pst_ticket_free(&t);
	*out = t;
	return rc;
}

void
pst_ticket_free(struct pst_ticket **ticket)
{
	sodium_free(*ticket);
	*ticket = NULL;
}

/* ---- the plain form ---- */

static bool
field_further(const char *field, const char *prefix, const char **routes, size_t *count)
{
	size_t n = strlen(prefix);

	if (strncmp(field, prefix, n))
		return false;
	if (*count < PST_TICKET_ROUTES_MAX)
		routes[(*count)++] = field + n;
	return true;
}

/* text is cut to pieces. */
static int
plain_read(struct pst_ticket **out, char *text, size_t len, struct pst_err *err)
{
	struct fields f = { .project_further = 0 };
	size_t count = 0;
	char *next = text;

	if (strlen(text) != len)
		return pst_fail(err, -EBADMSG, "the ticket holds a NUL");
	for (char *p = strsep(&next, ","); p; p = strsep(&next, ","), count++) {
		if (count < PST_TICKET_FIELDS)
			f.field[count] = p;
		else if (!field_further(p, PST_TICKET_FURTHER_PROJECT, f.project_route, &f.project_further))
			field_further(p, PST_TICKET_FURTHER_AUTHORITY, f.authority_route, &f.authority_further);
	}
	if (count < PST_TICKET_FIELDS)
		return pst_fail(err, -EBADMSG, "this is no ticket: %zu fields with commas between, want %d",
		    count, PST_TICKET_FIELDS);
	return ticket_make(out, &f, len, err);
}

/* ---- JSON ---- */

static const char *
member(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static int
further_read(const json_t *list, const char **out, size_t *count, struct pst_err *err)
{
	size_t i;
	json_t *route;

	json_array_foreach(list, i, route) {
		if (i == PST_TICKET_ROUTES_MAX || !json_is_string(route))
			return pst_fail(err, -EBADMSG, "the ticket's routes: want up to %d texts",
			    PST_TICKET_ROUTES_MAX);
		out[(*count)++] = json_string_value(route);
	}
	return PST_OK;
}

static int
json_fields(struct fields *f, const json_t *json, struct pst_err *err)
{
	const json_t *project = json_object_get(json, "project");
	const json_t *route = json_object_get(json, "project_route");
	const json_t *routes = json_object_get(json, "routes");
	int rc;

	*f = (struct fields){ .field[PST_TICKET_CODE] = member(json, "one_time_code") };
	if (project) { /* the older form */
		f->project_id = member(project, "id");
		f->field[PST_TICKET_PROJECT_ROUTE] = member(project, "access_route");
		f->field[PST_TICKET_PROJECT_IDENTIFIER] = member(project, "identity");
		f->field[PST_TICKET_PROJECT_NAME] = member(project, "name");
		f->field[PST_TICKET_PROJECT_HISTORY] = member(project, "project_change_history");
		f->field[PST_TICKET_AUTHORITY_HISTORY] = member(project, "authority_identity");
		f->field[PST_TICKET_AUTHORITY_ROUTE] = member(project, "authority_access_route");
		return PST_OK;
	}
	f->project_id = member(route, "id");
	f->field[PST_TICKET_PROJECT_ROUTE] = member(route, "route");
	f->field[PST_TICKET_PROJECT_IDENTIFIER] = member(json, "project_identifier");
	f->field[PST_TICKET_PROJECT_NAME] = member(json, "project_name");
	f->field[PST_TICKET_PROJECT_HISTORY] = member(json, "project_change_history");
	f->field[PST_TICKET_AUTHORITY_HISTORY] = member(json, "authority_change_history");
	f->field[PST_TICKET_AUTHORITY_ROUTE] = member(json, "authority_route");
	rc = further_read(json_object_get(routes, "project"), f->project_route, &f->project_further, err);
	if (!rc)
		rc = further_read(json_object_get(routes, "authority"), f->authority_route,
		    &f->authority_further, err);
	return rc;
}

static int
json_read(struct pst_ticket **out, const char *text, size_t len, struct pst_err *err)
{
	json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	struct fields f;
	int rc = json_is_object(json) ? json_fields(&f, json, err)
	                              : pst_fail(err, -EBADMSG, "the ticket is no JSON object");

	for (int i = 0; !rc && i < PST_TICKET_FIELDS; i++)
		if (!f.field[i] && i != PST_TICKET_PROJECT_IDENTIFIER)
			rc = pst_fail(err, -EBADMSG, "the ticket lacks a field, or it is no text");
	if (!rc && f.project_id && (strlen(f.project_id) >= PST_MULTIADDR_VALUE ||
	    !pst_utf8_plain((const uint8_t *)f.project_id, strlen(f.project_id))))
		rc = pst_fail(err, -EBADMSG, "the project's id is no text of %d bytes", PST_MULTIADDR_VALUE - 1);
	if (!rc)
		rc = ticket_make(out, &f, len, err);
	if (member(json, "one_time_code"))
		sodium_memzero((char *)member(json, "one_time_code"), strlen(member(json, "one_time_code")));
	json_decref(json);
	return rc;
}

/* ---- any form ---- */

static bool
blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

int
pst_ticket_read(struct pst_ticket **out, const char *text, size_t len, struct pst_err *err)
{
	size_t n;
	char *copy;
	int rc;

	*out = NULL;
	for (; len && blank(*text); len--)
		text++;
	while (len && blank(text[len - 1]))
		len--;
	if (len > PST_TICKET_MAX)
		return pst_fail(err, PST_E_LIMIT, "a ticket of more than %d bytes", PST_TICKET_MAX);
	copy = sodium_malloc(len + 1);
	if (!copy)
		return -ENOMEM;
	if (len && !sodium_hex2bin((uint8_t *)copy, len, text, len, NULL, &n, NULL) && n * 2 == len) {
		len = n;
	} else {
		memcpy(copy, text, len);
	}
	copy[len] = '\0';
	if (*copy == '{')
		rc = json_read(out, copy, len, err);
	else
		rc = plain_read(out, copy, len, err);
	sodium_free(copy);
	return rc;
}
