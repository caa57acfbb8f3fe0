/* Members: who belongs to the project, and no longer. */
#include "own.h"

#include <errno.h>
#include <stdio.h>

/* An authority keeps 64 of 8 KiB together. */
#define ATTRIBUTES_TEXT (9 * 1024)

/* A text as the authority writes it: an array of its bytes (trust.md 5.4). */
static void
octets_read(struct pst_reader *r, char *out, size_t size, size_t *used)
{
	struct pst_cbor_list list = pst_cbor_array(r);

	while (pst_cbor_more(r, &list)) {
		uint64_t c = pst_cbor_uint(r);

		if (*used + 1 < size)
			out[(*used)++] = c < 0x20 || c == 0x7f || c > 0xff ? '?' : (char)c;
	}
}

/* "name=value name=value" */
static void
attributes_read(struct pst_reader *r, char *out, size_t size)
{
	struct pst_cbor_list map = pst_cbor_map(r);
	size_t used = 0;

	while (pst_cbor_more(r, &map)) {
		if (used && used + 1 < size)
			out[used++] = ' ';
		octets_read(r, out, size, &used);
		if (used + 1 < size)
			out[used++] = '=';
		octets_read(r, out, size, &used);
	}
	out[used] = '\0';
}

/* AttributesEntry: {1: attributes, 2: added_at, 3: expires_at, 4: attested_by}. */
static void
member_read(struct pst_reader *r, struct pst_status *answer)
{
	struct pst_identifier id = { { 0 } }, by = { { 0 } };
	char who[PST_IDENTIFIER_TEXT], by_text[PST_IDENTIFIER_TEXT], attributes[ATTRIBUTES_TEXT] = "";
	struct pst_cbor_list map;
	uint64_t added_at = 0;
	bool has_by = false;

	pst_cbor_fixed(r, id.bytes, sizeof id.bytes);
	map = pst_cbor_map(r);
	while (pst_cbor_more(r, &map))
		switch (pst_cbor_uint(r)) {
		case 1:
			attributes_read(r, attributes, sizeof attributes);
			break;
		case 2:
			added_at = pst_cbor_uint(r);
			break;
		case 4:
			has_by = !pst_cbor_null(r);
			if (has_by)
				pst_cbor_fixed(r, by.bytes, sizeof by.bytes);
			break;
		default:
			pst_cbor_skip(r);
		}
	if (r->status)
		return;
	pst_identifier_format(who, &id);
	pst_identifier_format(by_text, &by);
	pst_status_item(answer, "members", PST_FIELDS(PST_STR("identifier", who),
	    PST_STR("attributes", attributes), PST_U64("added_at", added_at),
	    PST_STR("added_by", has_by ? by_text : NULL)));
}

static void
members_came(struct pst_api_ask *api, int rc, const struct pst_api_response *response)
{
	struct question *q = pst_container_of(api, struct question, api);
	struct pst_cbor_list map;
	struct pst_reader r;

	if (!own_answered(q, rc, response))
		return;
	r = response->body;
	map = pst_cbor_map(&r);
	while (pst_cbor_more(&r, &map))
		member_read(&r, pst_ask_answer(q->ask));
	own_question_done(q, r.status ? PST_E_PROTOCOL : PST_OK, r.status ? "the authority's list is none" : NULL);
}

void
own_members(struct own *own, struct pst_ask *ask)
{
	own_question(own, ask, "direct_authenticator", PST_METHOD_GET, "/members", NULL, members_came);
}

static void
revoked(struct pst_api_ask *api, int rc, const struct pst_api_response *response)
{
	struct question *q = pst_container_of(api, struct question, api);

	if (own_answered(q, rc, response))
		own_question_done(q, PST_OK, NULL);
}

void
own_revoke(struct own *own, struct pst_ask *ask)
{
	const char *text = pst_ask_value(ask, "member");
	char path[16 + PST_IDENTIFIER_TEXT], id[PST_IDENTIFIER_TEXT];
	struct pst_identifier member;

	if (!text || pst_identifier_parse(&member, text)) {
		pst_ask_done(&ask, PST_E_CONF, "want a member's identifier, I and 64 hex digits");
		return;
	}
	pst_identifier_format(id, &member);
	snprintf(path, sizeof path, "/members/%s", id);
	own_question(own, ask, "direct_authenticator", PST_METHOD_DELETE, path, NULL, revoked);
}
