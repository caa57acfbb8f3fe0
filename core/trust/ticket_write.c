/* Writing tickets. */
#include "trust/ticket.h"

#include <errno.h>
#include <jansson.h>
#include <sodium.h>
#include <stdlib.h>

#include <postern/multiaddr.h>

#include "trust/history.h"

/* What a ticket's fields are made of; the secret one is wiped. */
struct texts {
	char code[2 * PST_CODE_LEN + 1];
	char identifier[PST_IDENTIFIER_TEXT];
	char id[PST_MULTIADDR_VALUE];
	char *project_history, *authority_history;
};

static void
texts_fini(struct texts *x)
{
	free(x->project_history);
	free(x->authority_history);
	sodium_memzero(x, sizeof *x);
}

static char *
hex_of(const void *bytes, size_t len)
{
	char *hex = malloc(2 * len + 1);

	return hex ? sodium_bin2hex(hex, 2 * len + 1, bytes, len) : NULL;
}

static int
history_text(char **out, struct pst_identifier *identifier, const struct pst_ticket_identity *whose,
    struct pst_err *err)
{
	struct pst_reader r = pst_reader(whose->history, whose->history_len);
	struct pst_history *history;
	int rc = pst_history_read(&history, &r, err);

	if (rc)
		return pst_fail_in(err, rc, "a history for the ticket");
	*identifier = *pst_history_identifier(history);
	pst_history_unref(&history);
	*out = hex_of(whose->history, (size_t)(r.p - whose->history));
	return *out ? PST_OK : -ENOMEM;
}

static int
texts_make(struct texts *x, const struct pst_ticket *t, struct pst_err *err)
{
	struct pst_identifier project, authority;
	int rc = history_text(&x->project_history, &project, &t->project, err);

	if (!rc)
		rc = history_text(&x->authority_history, &authority, &t->authority, err);
	if (rc)
		return rc;
	sodium_bin2hex(x->code, sizeof x->code, t->code, sizeof t->code);
	pst_identifier_format(x->identifier, &project);
	pst_ticket_project_id(x->id, sizeof x->id, t->project_route[0], t->project_name);
	return PST_OK;
}

static int
routes_check(const char *const *routes, size_t count, struct pst_err *err)
{
	int rc = PST_OK;

	if (!count || count > PST_TICKET_ROUTES_MAX)
		return pst_fail(err, -EINVAL, "want 1 to %d routes of a kind", PST_TICKET_ROUTES_MAX);
	for (size_t i = 0; !rc && i < count; i++)
		rc = pst_ticket_check_route(routes[i], err);
	return rc;
}

/* ---- plain ---- */

static void
add(struct pst_writer *w, const char *prefix, const char *text)
{
	if (pst_writer_len(w))
		pst_write_u8(w, ',');
	pst_write_bytes(w, prefix, strlen(prefix));
	pst_write_bytes(w, text, strlen(text));
}

static void
plain_put(struct pst_writer *w, const struct pst_ticket *t, const struct texts *x)
{
	add(w, "", t->project_route[0]);
	add(w, "", x->identifier);
	add(w, "", t->project_name);
	add(w, "", x->code);
	add(w, "", x->project_history);
	add(w, "", x->authority_history);
	add(w, "", t->authority_route[0]);
	for (size_t i = 1; i < t->project_routes; i++)
		add(w, PST_TICKET_FURTHER_PROJECT, t->project_route[i]);
	for (size_t i = 1; i < t->authority_routes; i++)
		add(w, PST_TICKET_FURTHER_AUTHORITY, t->authority_route[i]);
	pst_write_u8(w, 0);
}

static size_t
plain_room(const struct pst_ticket *t, const struct texts *x)
{
	size_t n = strlen(x->project_history) + strlen(x->authority_history) + sizeof *x +
	    strlen(t->project_name) + PST_TICKET_FIELDS + 1;

	for (size_t i = 0; i < t->project_routes; i++)
		n += strlen(t->project_route[i]) + sizeof PST_TICKET_FURTHER_PROJECT;
	for (size_t i = 0; i < t->authority_routes; i++)
		n += strlen(t->authority_route[i]) + sizeof PST_TICKET_FURTHER_AUTHORITY;
	return n;
}

static char *
plain_write(const struct pst_ticket *t, const struct texts *x)
{
	size_t room = plain_room(t, x);
	char *text = malloc(room);
	struct pst_writer w = pst_writer(text, text ? room : 0);

	if (text)
		plain_put(&w, t, x);
	if (text && w.status)
		pst_ticket_text_free(&text);
	return text;
}

static char *
hex_write(const struct pst_ticket *t, const struct texts *x)
{
	char *plain = plain_write(t, x);
	char *hex = plain ? hex_of(plain, strlen(plain)) : NULL;

	pst_ticket_text_free(&plain);
	return hex;
}

/* ---- JSON ---- */

static json_t *
list_of(const char *const *further, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		if (json_array_append_new(list, json_string(further[i]))) {
			json_decref(list);
			return NULL;
		}
	return list;
}

static char *
json_write(const struct pst_ticket *t, const struct texts *x)
{
	json_t *json = json_pack("{s:s, s:{s:s, s:s}, s:s, s:s, s:s, s:s, s:s}",
	    "one_time_code", x->code,
	    "project_route", "id", x->id, "route", t->project_route[0],
	    "project_identifier", x->identifier,
	    "project_name", t->project_name,
	    "project_change_history", x->project_history,
	    "authority_change_history", x->authority_history,
	    "authority_route", t->authority_route[0]);
	bool further = t->project_routes > 1 || t->authority_routes > 1;
	const char *code;
	char *text = NULL;

	if (!json)
		return NULL;
	if (!further || !json_object_set_new(json, "routes", json_pack("{s:o, s:o}",
	    "project", list_of(t->project_route + 1, t->project_routes - 1),
	    "authority", list_of(t->authority_route + 1, t->authority_routes - 1))))
		text = json_dumps(json, JSON_COMPACT);
	code = json_string_value(json_object_get(json, "one_time_code"));
	sodium_memzero((char *)code, strlen(code));
	json_decref(json);
	return text;
}

/* ---- any form ---- */

int
pst_ticket_write(char **out, const struct pst_ticket *t, enum pst_ticket_form form,
    struct pst_err *err)
{
	static char *(*const forms[])(const struct pst_ticket *t, const struct texts *x) = {
		[PST_TICKET_PLAIN] = plain_write,
		[PST_TICKET_JSON] = json_write,
		[PST_TICKET_HEX] = hex_write,
	};
	struct texts x = { .code = "" };
	int rc = pst_ticket_check_name(t->project_name, err);

	*out = NULL;
	if (!rc)
		rc = routes_check(t->project_route, t->project_routes, err);
	if (!rc)
		rc = routes_check(t->authority_route, t->authority_routes, err);
	if (!rc)
		rc = texts_make(&x, t, err);
	if (!rc) {
		*out = forms[form](t, &x);
		rc = *out ? PST_OK : -ENOMEM;
	}
	texts_fini(&x);
	return rc;
}

void
pst_ticket_text_free(char **text)
{
	if (*text)
		sodium_memzero(*text, strlen(*text));
	free(*text);
	*text = NULL;
}
