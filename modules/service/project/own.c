/*
 * One of the project's own nodes: it says in tickets where the project is, and
 * asks the authority beside it, as this machine's operator, for what commands want.
 *
 * An Ockam client reaches a project by /service/ID/service/api, ID being the project's
 * identifier, which in its world chooses among many. So there is a worker ID, which
 * lets messages pass to the next address and is no way around any rule: the
 * message still comes from where it came from.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <postern/api.h>
#include <postern/dial.h>

#include "project.h"

/* The authority is in this node. */
#define ANSWER_MS 10000
#define EXPIRES_DEFAULT_S 600
#define ATTRIBUTES_MAX 64

struct own {
	struct project *project;
	struct pst_worker passage; /* the worker ID */
	char id[64];
	struct question *questions;
	char route[2 * PST_MULTIADDR_VALUE];
};

/* A command's, while the authority is asked. */
struct question {
	struct own *own;
	struct question *next, **link;
	struct pst_ask *ask;
	struct pst_api_ask api;
};

/* ---- questions to the authority ---- */

static void
question_done(struct question *q, int rc, const char *sentence)
{
	pst_api_cancel(&q->api);
	*q->link = q->next;
	if (q->next)
		q->next->link = q->link;
	pst_ask_done(&q->ask, rc, sentence);
	free(q);
}

/* False after the question was ended, because the authority does not do it. */
static bool
went_well(struct question *q, int rc, const struct pst_api_response *response)
{
	char text[PST_API_TEXT_MAX];

	if (!rc && response->status == PST_STATUS_OK)
		return true;
	if (rc == PST_E_NO_ROUTE)
		question_done(q, rc, "this node has no `service authority`");
	else if (rc)
		question_done(q, rc, "the authority does not answer");
	else
		question_done(q, response->status == PST_STATUS_FORBIDDEN ? PST_E_REFUSED : PST_E_PROTOCOL,
		    pst_api_error_text(response, text, sizeof text));
	return false;
}

static void
question_ask(struct own *own, struct pst_ask *ask, const char *service, enum pst_method method,
    const char *path, const struct pst_writer *body,
    void (*fn)(struct pst_api_ask *api, int rc, const struct pst_api_response *response))
{
	struct question *q = calloc(1, sizeof *q);
	struct pst_route_buf to;
	struct pst_route route;
	int rc;

	if (!q) {
		pst_ask_done(&ask, -ENOMEM, NULL);
		return;
	}
	*q = (struct question){ .own = own, .ask = ask, .next = own->questions, .link = &own->questions };
	if (q->next)
		q->next->link = &q->next;
	own->questions = q;
	pst_route_buf_init(&to);
	(void)!pst_route_add(&to, PST_ADDRESS_LOCAL, service, strlen(service)); /* one short address fits */
	route = pst_route_buf_view(&to);
	rc = pst_api_send(own->project->env, &q->api, &route, method, path, body ? body->start : NULL,
	    body ? pst_writer_len(body) : 0, ANSWER_MS, fn);
	if (rc)
		went_well(q, rc, NULL);
}

/* ---- tickets ---- */

int
own_address(char *out, size_t size, const char *at, struct pst_err *err)
{
	char host[PST_HOST_TEXT];
	struct sockaddr_storage sa;
	const char *protocol = "dnsaddr";
	uint16_t port;

	if (pst_host_port(at, host, &port) || !port)
		return pst_fail(err, PST_E_CONF, "at: \"%s\" is no host:port", at);
	if (!pst_sockaddr_parse(at, &sa))
		protocol = sa.ss_family == AF_INET6 ? "ip6" : "ip4";
	snprintf(out, size, "/%s/%s/tcp/%u", protocol, host, port);
	return PST_OK;
}

static int
ticket_routes(const struct own *own, struct pst_ticket *ticket, char text[][2][2 * PST_MULTIADDR_VALUE])
{
	const struct project_conf *conf = own->project->conf;
	size_t count = conf->at.count < PST_TICKET_ROUTES_MAX ? conf->at.count : PST_TICKET_ROUTES_MAX;

	for (size_t i = 0; i < count; i++) {
		char address[PST_MULTIADDR_VALUE + 32];
		int rc = own_address(address, sizeof address, conf->at.item[i], NULL);

		if (rc)
			return rc;
		snprintf(text[i][0], sizeof text[i][0], "%s/service/%s/service/%s", address, own->id, conf->channel);
		snprintf(text[i][1], sizeof text[i][1], "%s/service/%s", address, conf->channel);
		ticket->project_route[i] = text[i][0];
		ticket->authority_route[i] = text[i][1];
	}
	ticket->project_routes = ticket->authority_routes = count;
	return PST_OK;
}

static enum pst_ticket_form
form_wanted(const struct pst_ask *ask)
{
	const char *form = pst_ask_value(ask, "form");

	if (form && !strcmp(form, "json"))
		return PST_TICKET_JSON;
	return form && !strcmp(form, "hex") ? PST_TICKET_HEX : PST_TICKET_PLAIN;
}

static void
ticket_answer(struct question *q, const uint8_t code[PST_CODE_LEN])
{
	struct own *own = q->own;
	char routes[PST_TICKET_ROUTES_MAX][2][2 * PST_MULTIADDR_VALUE];
	struct pst_err err = PST_ERR_INIT;
	struct pst_ticket ticket = {
		.project_name = pst_section_name(own->project->senv),
		.project_id = own->id,
	};
	char *text = NULL;
	int rc = ticket_routes(own, &ticket, routes);

	memcpy(ticket.code, code, sizeof ticket.code);
	ticket.project.identifier = *pst_identity_identifier(own->project->identity);
	ticket.project.history = pst_identity_history(own->project->identity, &ticket.project.history_len);
	ticket.authority = ticket.project;
	if (!rc)
		rc = pst_ticket_write(&text, &ticket, form_wanted(q->ask), &err);
	if (!rc)
		pst_status_put(pst_ask_answer(q->ask), PST_FIELDS(PST_STR("ticket", text)));
	pst_ticket_text_free(&text);
	question_done(q, rc, err.text);
}

/* OneTimeCode (trust.md 5.5): {1: bytes(32)}. */
static void
code_came(struct pst_api_ask *api, int rc, const struct pst_api_response *response)
{
	struct question *q = pst_container_of(api, struct question, api);
	uint8_t code[PST_CODE_LEN] = { 0 };
	struct pst_cbor_list map;
	struct pst_reader r;

	if (!went_well(q, rc, response))
		return;
	r = response->body;
	map = pst_cbor_map(&r);
	while (pst_cbor_more(&r, &map))
		if (pst_cbor_uint(&r) == 1)
			pst_cbor_fixed(&r, code, sizeof code);
		else
			pst_cbor_skip(&r);
	if (r.status)
		question_done(q, PST_E_PROTOCOL, "the authority's code is none");
	else
		ticket_answer(q, code);
}

/* What members are to be: "name=value"; a relay's name, and the right to hand out tickets, are attributes too. */
static int
attributes_write(struct pst_writer *w, struct pst_ask *ask, struct pst_err *err)
{
	struct pst_list given = pst_ask_values(ask, "attribute");
	const char *relay = pst_ask_value(ask, "relay");
	bool enroller = pst_ask_value(ask, "enroller") != NULL;

	if (given.count > ATTRIBUTES_MAX)
		return pst_fail(err, PST_E_LIMIT, "attribute: at most %d", ATTRIBUTES_MAX);
	pst_cbor_write_map(w, given.count + (relay ? 1 : 0) + enroller);
	for (size_t i = 0; i < given.count; i++) {
		const char *name = given.item[i], *equals = strchr(name, '=');

		if (!equals || equals == name)
			return pst_fail(err, PST_E_CONF, "attribute: \"%.80s\": want NAME=VALUE", name);
		pst_cbor_write_text(w, name, (size_t)(equals - name));
		pst_cbor_write_text(w, equals + 1, strlen(equals + 1));
	}
	if (relay) {
		pst_cbor_write_text(w, "ockam-relay", 11);
		pst_cbor_write_text(w, relay, strlen(relay));
	}
	if (enroller) {
		pst_cbor_write_text(w, "ockam-role", 10);
		pst_cbor_write_text(w, "enroller", 8);
	}
	return w->status ? pst_fail(err, PST_E_LIMIT, "attribute: too long") : PST_OK;
}

static int
number_of(struct pst_ask *ask, const char *name, uint64_t fallback, uint64_t *out, struct pst_err *err)
{
	const char *text = pst_ask_value(ask, name);
	char *end;

	*out = fallback;
	if (!text)
		return PST_OK;
	*out = strtoull(text, &end, 10);
	if (*end || end == text || !*out || *text == '-' || *out > UINT32_MAX)
		return pst_fail(err, PST_E_CONF, "%s: \"%.40s\": want a number from 1 on", name, text);
	return PST_OK;
}

/* CreateToken (trust.md 5.5): {1: attributes, 2: seconds, 3: uses}. */
static void
ticket_ask(struct own *own, struct pst_ask *ask)
{
	uint8_t body[8192];
	struct pst_writer w = pst_writer(body, sizeof body);
	struct pst_err err = PST_ERR_INIT;
	uint64_t expires_s, uses;
	int rc = number_of(ask, "expires_s", EXPIRES_DEFAULT_S, &expires_s, &err);

	if (!own->project->conf->at.count)
		rc = pst_fail(&err, PST_E_CONF,
		    "project %s does not say `at` which host:port members reach it", pst_section_name(own->project->senv));
	if (!rc)
		rc = number_of(ask, "uses", 1, &uses, &err);
	if (!rc) {
		pst_cbor_write_map(&w, 3);
		pst_cbor_write_uint(&w, 1);
		rc = attributes_write(&w, ask, &err);
	}
	if (rc) {
		pst_ask_done(&ask, rc, err.text);
		return;
	}
	pst_cbor_write_uint(&w, 2);
	pst_cbor_write_uint(&w, expires_s);
	pst_cbor_write_uint(&w, 3);
	pst_cbor_write_uint(&w, uses);
	question_ask(own, ask, "enrollment_token_issuer", PST_METHOD_POST, "/tokens", &w, code_came);
}

/* ---- members ---- */

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
	char who[PST_IDENTIFIER_TEXT], by_text[PST_IDENTIFIER_TEXT], attributes[1024] = "";
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

	if (!went_well(q, rc, response))
		return;
	r = response->body;
	map = pst_cbor_map(&r);
	while (pst_cbor_more(&r, &map))
		member_read(&r, pst_ask_answer(q->ask));
	question_done(q, r.status ? PST_E_PROTOCOL : PST_OK, r.status ? "the authority's list is none" : NULL);
}

static void
revoked(struct pst_api_ask *api, int rc, const struct pst_api_response *response)
{
	struct question *q = pst_container_of(api, struct question, api);

	if (went_well(q, rc, response))
		question_done(q, PST_OK, NULL);
}

static void
revoke_ask(struct own *own, struct pst_ask *ask)
{
	const char *text = pst_ask_value(ask, "member");
	char path[16 + PST_IDENTIFIER_TEXT], id[PST_IDENTIFIER_TEXT];
	struct pst_identifier member;

	if (!text || pst_identifier_parse(&member, text)) {
		pst_ask_done(&ask, -EINVAL, "want a member's identifier, I and 64 hex digits");
		return;
	}
	pst_identifier_format(id, &member);
	snprintf(path, sizeof path, "/members/%s", id);
	question_ask(own, ask, "direct_authenticator", PST_METHOD_DELETE, path, NULL, revoked);
}

void
own_ask(struct project *project, struct pst_ask *ask)
{
	const char *word = pst_ask_word(ask);

	if (!strcmp(word, "ticket"))
		ticket_ask(project->own, ask);
	else if (!strcmp(word, "members"))
		question_ask(project->own, ask, "direct_authenticator", PST_METHOD_GET, "/members", NULL, members_came);
	else if (!strcmp(word, "revoke"))
		revoke_ask(project->own, ask);
	else if (!strcmp(word, "join"))
		pst_ask_done(&ask, -EEXIST, "this node is the project's own");
	else
		pst_ask_done(&ask, PST_E_NOTHING, NULL);
}

/* ---- the section ---- */

static void
passes(struct pst_worker *worker, struct pst_message *m)
{
	struct own *own = pst_container_of(worker, struct own, passage);
	struct pst_message on = {
		.onward = pst_route_rest(&m->onward),
		.back = m->back,
		.payload = pst_buf_take(&m->payload),
		.from = m->from,
	};

	pst_router_send(pst_env_router(own->project->env), &on);
}

static void
id_make(struct own *own)
{
	const uint8_t *b = pst_identity_identifier(own->project->identity)->bytes;

	if (own->project->conf->id)
		snprintf(own->id, sizeof own->id, "%s", own->project->conf->id);
	else /* in the shape that identifiers of projects have elsewhere */
		snprintf(own->id, sizeof own->id, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		    b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

int
own_open(struct project *project, struct pst_err *err)
{
	struct own *own = calloc(1, sizeof *own);
	const uint8_t *history;
	size_t len;
	int rc;

	if (!own)
		return -ENOMEM;
	own->project = project;
	project->own = own;
	id_make(own);
	history = pst_identity_history(project->identity, &len);
	rc = pst_identity_accept(project->identity, NULL, history, len, err);
	if (rc) {
		free(own);
		return rc;
	}
	rc = pst_worker_start_named(pst_env_router(project->env), &own->passage, own->id, PST_REACH_ANY, passes);
	if (rc) {
		pst_fail(err, rc, "id: there is a worker %s already", own->id);
		pst_identity_unaccept(project->identity, pst_identity_identifier(project->identity));
		free(own);
		return rc;
	}
	pst_section_up(project->senv);
	return PST_OK;
}

void
own_close(struct project *project)
{
	struct own *own = project->own;
	struct pst_section_env *senv = project->senv;

	while (own->questions)
		question_done(own->questions, PST_E_CLOSED, NULL);
	pst_worker_stop(pst_env_router(project->env), &own->passage);
	pst_identity_unaccept(project->identity, pst_identity_identifier(project->identity));
	free(own);
	free(project);
	pst_section_closed(senv);
}

void
own_status(const struct project *project, struct pst_status *status)
{
	char id[PST_IDENTIFIER_TEXT];

	pst_identifier_format(id, pst_identity_identifier(project->identity));
	pst_status_put(status, PST_FIELDS(PST_STR("membership", "authority"), PST_STR("project_id", project->own->id),
	    PST_STR("authority", id)));
}

const char *
own_route(struct project *project, size_t i)
{
	struct own *own = project->own;
	char address[PST_MULTIADDR_VALUE + 32];

	if (i >= project->conf->at.count || own_address(address, sizeof address, project->conf->at.item[i], NULL))
		return NULL;
	snprintf(own->route, sizeof own->route, "%s/secure/%s", address, project->conf->channel);
	return own->route;
}
